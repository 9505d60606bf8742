//! A terminal that the program believes in.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{ExitStatus, Stdio};
use std::thread;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::Straggler;

/// Runs the program in a terminal of so many columns; everything it showed there.
pub fn run(mut straggler: Straggler, columns: u16) -> (ExitStatus, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY;
    let slave: OwnedFd = rustix::fs::open(name, flags, Mode::empty()).unwrap();
    let size = Winsize {
        ws_row: 50,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&slave, size).unwrap();
    straggler
        .command
        .env("TERM", "xterm")
        .stdout(Stdio::from(slave.try_clone().unwrap()))
        .stderr(Stdio::from(slave));
    let mut child = straggler.command.spawn().unwrap();
    // The command keeps our side of the terminal open, which would then never end.
    drop(straggler);
    let reader = thread::spawn(move || {
        let mut shown = Vec::new();
        // Linux ends a terminal whose program is gone with an error.
        let _ = File::from(master).read_to_end(&mut shown);
        shown
    });
    let status = child.wait().unwrap();
    let shown = reader.join().unwrap();
    (status, String::from_utf8(shown).unwrap())
}
