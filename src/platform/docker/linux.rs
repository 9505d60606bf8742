use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;

use jiff::Timestamp;
use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat, openat2};
use rustix::io::Errno;

use super::{Look, Seen};
use crate::key::Secret;
use crate::platform::MAX_BYTES;
use crate::platform::buffer::{Buffer, Overflow};
use crate::platform::reason::reason;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

const ELSEWHERE: &str = "its processes are not those of the machine straggler runs on";
const DENIED: &str =
    "straggler may not look into its processes: run it as root, or grant it CAP_SYS_PTRACE";

/// Reads a file through a container's first process, with every mount and link as that sees them.
pub(super) fn look(ask: &Look) -> Result<Seen, ReadError> {
    let process = match open(
        format!("/proc/{}", ask.pid),
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    ) {
        Ok(process) => process,
        Err(_) => return Ok(Seen::Unseen(ELSEWHERE)),
    };
    // From here on everything goes through this one process, even if its number goes to another.
    match is_of(&process, &ask.id) {
        Ok(true) => {}
        Ok(false) => return Ok(Seen::Unseen(ELSEWHERE)),
        Err(_) => return Ok(Seen::Unseen(DENIED)),
    }
    let root = match openat(
        &process,
        "root",
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    ) {
        Ok(root) => root,
        Err(Errno::ACCESS | Errno::PERM) => return Ok(Seen::Unseen(DENIED)),
        Err(_) => return Ok(Seen::Unseen(ELSEWHERE)),
    };
    // A link in the container must not lead to a file of the host's.
    let file = openat2(
        &root,
        &*ask.path,
        OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS,
    );
    match file {
        Ok(file) => read(file.into(), &ask.path),
        Err(Errno::NOENT | Errno::NOTDIR) => match is_of(&process, &ask.id) {
            Ok(true) => Ok(Seen::Nothing),
            // Of a process that ended meanwhile nothing is left to be seen.
            _ => Ok(Seen::Unseen(ELSEWHERE)),
        },
        Err(Errno::ACCESS | Errno::PERM) => Ok(Seen::Unseen(DENIED)),
        Err(Errno::NOSYS | Errno::SRCH) => Ok(Seen::Unseen(ELSEWHERE)),
        Err(error) => Err(bad(
            &ask.path,
            &format!("could not be read: {}", reason(&io::Error::from(error))),
        )),
    }
}

/// Whether the process belongs to the container: its control group has the container's id.
fn is_of(process: &OwnedFd, id: &str) -> io::Result<bool> {
    let group = openat(
        process,
        "cgroup",
        OFlags::RDONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let mut text = String::new();
    File::from(group).take(64 << 10).read_to_string(&mut text)?;
    Ok(id.len() == 64 && text.contains(id))
}

fn read(mut file: File, path: &str) -> Result<Seen, ReadError> {
    let failed = |error: io::Error| bad(path, &format!("could not be read: {}", reason(&error)));
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(bad(path, "is no regular file"));
    }
    let modified = metadata.modified().ok();
    let bytes = contents(&mut file).map_err(failed)?;
    let bytes = bytes.map_err(|Overflow| {
        ReadError::new(
            ErrorKind::TooLarge,
            format!("{} has over 1 MiB", escape(path)),
            "name the file that holds the key, and no larger one",
        )
    })?;
    Ok(Seen::File {
        bytes,
        modified: modified.and_then(|time| Timestamp::try_from(time).ok()),
    })
}

fn contents(file: &mut File) -> io::Result<Result<Secret, Overflow>> {
    let mut buffer = Buffer::new(4095, MAX_BYTES);
    loop {
        let Ok(room) = buffer.room() else {
            return Ok(Err(Overflow));
        };
        match file.read(room) {
            Ok(0) => return Ok(Ok(buffer.into_secret())),
            Ok(count) => buffer.advance(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn bad(path: &str, what: &str) -> ReadError {
    ReadError::new(
        ErrorKind::BadData,
        format!("{} {what}", escape(path)),
        "name the file that holds the key",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_is_not_the_containers_shows_nothing() {
        for pid in [std::process::id(), u32::MAX] {
            let ask = Look {
                id: "a".repeat(64).into(),
                pid,
                path: "/etc/passwd".into(),
            };
            assert!(matches!(look(&ask), Ok(Seen::Unseen(ELSEWHERE))));
        }
    }

    #[test]
    fn a_short_id_proves_nothing() {
        // Every control group has a slash.
        let ask = Look {
            id: "/".into(),
            pid: std::process::id(),
            path: "/etc/passwd".into(),
        };
        assert!(matches!(look(&ask), Ok(Seen::Unseen(_))));
    }
}
