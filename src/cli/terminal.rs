use std::env;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;
use rustix::fs::FileType;

use super::exit::Failure;
use crate::report::Look;

/// What a file is written for: nobody knows where it will be looked at.
pub(super) const PLAIN: Look = Look {
    width: 80,
    colour: false,
};

/// How wide standard output is: as its terminal says, else as COLUMNS does, else 80 columns.
pub(super) fn width() -> usize {
    let terminal = terminal_size::terminal_size_of(io::stdout());
    let declared = || env::var("COLUMNS").ok()?.parse().ok();
    terminal
        .map(|(width, _)| usize::from(width.0))
        .or_else(declared)
        .filter(|width| *width > 0)
        .unwrap_or(PLAIN.width)
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set; always with CLICOLOR_FORCE.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether standard output is to be coloured.
    pub(super) fn on_stdout(self) -> bool {
        self.decide(
            |name| env::var(name).unwrap_or_default(),
            io::stdout().is_terminal(),
        )
    }

    fn decide(self, variable: impl Fn(&str) -> String, terminal: bool) -> bool {
        let set = |name| !matches!(&*variable(name), "" | "0");
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if !variable("NO_COLOR").is_empty() => false,
            Self::Auto if set("CLICOLOR_FORCE") => true,
            Self::Auto => terminal && variable("TERM") != "dumb" && &*variable("CLICOLOR") != "0",
        }
    }
}

/// Whether standard output is a pipe or a socket, which fails in no other way than that its reader goes.
pub(super) fn prints_to_pipe() -> bool {
    rustix::fs::fstat(io::stdout()).is_ok_and(|found| {
        let kind = FileType::from_raw_mode(found.st_mode);
        kind == FileType::Fifo || kind == FileType::Socket
    })
}

/// Writes to standard output. A reader that went away, as `head` does, is no error.
pub(super) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    deliver(write).map(drop)
}

/// Whether standard output is `/dev/null`, where nobody reads. A standard output that was closed becomes it.
fn prints_to_nobody() -> bool {
    rustix::fs::fstat(io::stdout()).is_ok_and(|found| is_null(found.st_mode, found.st_rdev))
}

fn is_null(mode: rustix::fs::RawMode, device: rustix::fs::Dev) -> bool {
    FileType::from_raw_mode(mode) == FileType::CharacterDevice
        && (rustix::fs::major(device), rustix::fs::minor(device)) == (1, 3)
}

/// Whether this path leads to where standard output goes.
pub(super) fn is_stdout(path: &Path) -> bool {
    match path.to_str() {
        Some("/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1") => return true,
        // Whoever names it means it, also where both go to one terminal.
        Some("/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2") => return false,
        _ => {}
    }
    let (Ok(out), Ok(found)) = (rustix::fs::fstat(io::stdout()), rustix::fs::stat(path)) else {
        return false;
    };
    (out.st_dev, out.st_ino) == (found.st_dev, found.st_ino) && !is_null(out.st_mode, out.st_rdev)
}

/// As [`print`]; gives back whether all of it was taken by somebody.
pub(super) fn deliver(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<bool, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = write(&mut out).and_then(|()| out.flush());
    // What is left in the buffer after an error would be tried again when it is dropped.
    let _ = out.into_parts();
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::unfinished(
            format!("standard output cannot be written to: {error}"),
        )),
        written => Ok(written.is_ok() && !prints_to_nobody()),
    }
}

/// Says on standard error what is wrong. There is nobody left to tell when that fails.
pub(super) fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "error: {message}");
}

/// Says something on standard error, unless the last words are said.
pub(super) fn say(message: &str) {
    if !IS_OVER.load(Ordering::SeqCst) {
        let _ = writeln!(io::stderr(), "{message}");
    }
}

/// Whether straggler ends now, without ending its work: what fails of that is nobody's news.
static IS_OVER: AtomicBool = AtomicBool::new(false);

/// Says why straggler ends at once, and nothing else from then on.
pub(super) fn last_words(message: &str) {
    IS_OVER.store(true, Ordering::SeqCst);
    let _ = writeln!(io::stderr(), "{message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(color: Color, set: &[(&str, &str)], terminal: bool) -> bool {
        let variable = |name: &str| {
            set.iter()
                .find(|(candidate, _)| *candidate == name)
                .map_or_else(String::new, |(_, value)| (*value).to_owned())
        };
        color.decide(variable, terminal)
    }

    #[test]
    fn the_option_then_no_color_then_force_then_the_terminal() {
        let no = ("NO_COLOR", "1");
        let force = ("CLICOLOR_FORCE", "1");
        assert!(decide(Color::Always, &[no], false));
        assert!(!decide(Color::Never, &[force], true));
        assert!(!decide(Color::Auto, &[no, force], true));
        assert!(decide(Color::Auto, &[force], false));
        assert!(!decide(Color::Auto, &[("CLICOLOR_FORCE", "0")], false));
        assert!(!decide(Color::Auto, &[("NO_COLOR", "0")], true));
        assert!(decide(Color::Auto, &[("NO_COLOR", "")], true));
        assert!(decide(Color::Auto, &[], true) && !decide(Color::Auto, &[], false));
        assert!(!decide(Color::Auto, &[("TERM", "dumb")], true));
        assert!(!decide(Color::Auto, &[("CLICOLOR", "0")], true));
    }
}
