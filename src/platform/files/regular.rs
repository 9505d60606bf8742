use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// Reads a file that settings or a library's habits name, and nobody would wait for: a pipe is refused.
///
/// # Errors
///
/// Those of the system, and [`io::ErrorKind::InvalidInput`] for what is no file.
pub(in crate::platform) fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
        .open(path)?;
    let found = file.metadata()?;
    if found.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !found.is_file() {
        return Err(irregular());
    }
    // Room for all of it at once, so that a growing buffer leaves no part of a key behind.
    let size = usize::try_from(found.len()).unwrap_or(0);
    let mut bytes = Vec::with_capacity(size + 1);
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a library may open this by itself without waiting for somebody to write it: a file, what is not
/// there, or what straggler was handed open, as a shell does for `<(…)`.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidInput`] when not.
pub(in crate::platform) fn is_readable(path: &Path) -> io::Result<()> {
    let handed = path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd");
    match fs::metadata(path) {
        Ok(found) if !found.is_file() && !found.is_dir() && !handed => Err(irregular()),
        _ => Ok(()),
    }
}

fn irregular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let (file, pipe) = (folder.path().join("file"), folder.path().join("pipe"));
        fs::write(&file, "text").unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        assert_eq!(read_regular(&file).unwrap(), b"text");
        assert!(is_readable(&file).is_ok() && is_readable(&folder.path().join("none")).is_ok());
        let refused = [read_regular(&pipe).map(drop), is_readable(&pipe)];
        for error in refused.map(Result::unwrap_err) {
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
        let folder = read_regular(folder.path()).unwrap_err();
        assert_eq!(folder.kind(), io::ErrorKind::IsADirectory);
    }
}
