use std::fs::{Metadata, OpenOptions};
use std::io::{self, ErrorKind as Io, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use rustix::fs::OFlags;

use crate::key::Secret;
use crate::platform::blocking::blocking;
use crate::platform::buffer::{Buffer, MAX_BYTES, Overflow};
use crate::platform::reason::reason;
use crate::platform::{Ask, Here, Platform, user};
use crate::reading::{ErrorKind, Identity, ReadError};
use crate::text::escape;

/// The file system of this host.
pub struct Files;

impl Platform for Files {
    const ID: &'static str = "files";
}

/// Asks for a file's exact bytes; `None` where there is no such file in a directory that is there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReadFile {
    /// Relative ones start where straggler does.
    pub path: Arc<Path>,
}

/// A file that was read.
pub struct File {
    /// Everything in it, at most [`MAX_BYTES`].
    pub bytes: Arc<Secret>,
    /// When it was last written.
    pub modified: Option<Timestamp>,
    /// Which file it is, whatever led to it.
    pub identity: Identity,
}

impl Ask for ReadFile {
    type Platform = Files;
    type Answer = Option<File>;

    // Small files are read faster than threads change hands.
    const BATCH: usize = 128;

    fn describe(&self) -> String {
        format!("read {}", shown(&self.path))
    }

    fn reads(&self, file: &Here<'_>) -> bool {
        file.is_at(&self.path)
    }

    async fn send(_: &Files, asks: Vec<Self>) -> Vec<Result<Option<File>, ReadError>> {
        blocking(move || asks.iter().map(|ask| read(&ask.path)).collect()).await
    }
}

/// Reads a file at once. It never waits for what is no file: a pipe is opened without blocking and
/// then refused.
pub(in crate::platform) fn read(path: &Path) -> Result<Option<File>, ReadError> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
        .open(path);
    let read = file.and_then(|file| {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(Err(no_file(path, metadata.is_dir())));
        }
        let modified = metadata.modified().ok();
        // Files of /proc and /sys tell a wrong size, so it is only a hint.
        let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        if size > MAX_BYTES {
            return Ok(Err(too_large(path)));
        }
        Ok(match contents(file, size)? {
            Ok(bytes) => Ok(File {
                bytes: Arc::new(bytes),
                identity: identity(&metadata),
                modified: modified.and_then(|time| Timestamp::try_from(time).ok()),
            }),
            Err(Overflow) => Err(too_large(path)),
        })
    });
    match read {
        Ok(file) => file.map(Some),
        Err(error) => failed(path, &error),
    }
}

/// Which file it is, whatever led to it.
pub(in crate::platform) fn identity(metadata: &Metadata) -> Identity {
    Identity::of(format!("file {} {}", metadata.dev(), metadata.ino()))
}

/// Everything a reader gives, which may be of this size.
fn contents(mut reader: impl Read, size: usize) -> io::Result<Result<Secret, Overflow>> {
    let mut buffer = Buffer::new(size, MAX_BYTES);
    loop {
        let room = match buffer.room() {
            Ok(room) => room,
            Err(overflow) => return Ok(Err(overflow)),
        };
        match reader.read(room) {
            Ok(0) => break,
            Ok(count) => buffer.advance(count),
            Err(error) if error.kind() == Io::Interrupted => {}
            Err(error) => return Err(error),
        }
        if size > 0 && buffer.len() == size {
            // There was room for one more byte and none came.
            break;
        }
    }
    Ok(Ok(buffer.into_secret()))
}

/// What a failure to open or read says of the file.
fn failed(path: &Path, error: &io::Error) -> Result<Option<File>, ReadError> {
    match error.kind() {
        Io::NotFound if is_link(path) => Err(ReadError::new(
            ErrorKind::NotFound,
            format!("{} is a symbolic link that leads nowhere", shown(path)),
            "mount what should be there, or remove the link",
        )),
        Io::NotFound if is_dir(parent(path)) => Ok(None),
        Io::NotFound | Io::NotADirectory => {
            let gap = path
                .ancestors()
                .skip(1)
                .take_while(|ancestor| !ancestor.as_os_str().is_empty())
                .filter(|ancestor| !is_dir(ancestor))
                .last()
                .unwrap_or(path);
            Err(ReadError::new(
                ErrorKind::NotFound,
                format!(
                    "{} cannot be there: {} is no directory",
                    shown(path),
                    shown(gap)
                ),
                "correct the path, or mount what should be there",
            ))
        }
        _ => Err(refused(path, error)),
    }
}

/// What a link leads to may be out of sight for a while, as a volume that is not mounted.
fn is_link(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

/// Why a path that is there could not be read.
pub(in crate::platform) fn refused(path: &Path, error: &io::Error) -> ReadError {
    if error.kind() == Io::PermissionDenied {
        return denied(path, &user::current());
    }
    ReadError::new(
        ErrorKind::Protocol,
        format!("{} could not be read: {}", shown(path), reason(error)),
        format!("look at it with `ls -l {}`", shown(path)),
    )
}

fn denied(path: &Path, user: &str) -> ReadError {
    // The first directory from the root that does not let this user through, if one is at fault.
    let closed = path.ancestors().filter(|step| {
        std::fs::symlink_metadata(step).is_err_and(|error| error.kind() == Io::PermissionDenied)
    });
    match closed.last().map(parent) {
        Some(directory) => ReadError::new(
            ErrorKind::Denied,
            format!(
                "the directory {} is closed to user {user}",
                shown(directory)
            ),
            format!("grant search (x) on {} to user {user}", shown(directory)),
        ),
        None => ReadError::new(
            ErrorKind::Denied,
            format!("{} may not be read by user {user}", shown(path)),
            format!("grant read on {} to user {user}", shown(path)),
        ),
    }
}

fn no_file(path: &Path, is_directory: bool) -> ReadError {
    let what = if is_directory {
        "is a directory"
    } else {
        "is no regular file"
    };
    ReadError::new(
        ErrorKind::BadData,
        format!("{} {what}", shown(path)),
        "name a file, or a glob that matches files",
    )
}

fn too_large(path: &Path) -> ReadError {
    ReadError::new(
        ErrorKind::TooLarge,
        format!("{} has over 1 MiB", shown(path)),
        "name the file that holds the key, and no larger one",
    )
}

fn is_dir(path: &Path) -> bool {
    path.is_dir()
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}

/// A path for a message.
pub(super) fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn directory() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn error(path: &Path) -> ReadError {
        read(path).err().unwrap()
    }

    #[test]
    fn reads_exactly_what_is_there() {
        let directory = directory();
        let path = directory.path().join("key");
        for bytes in [&b"key\n"[..], b"", b"\xff\0\xfe", &vec![b'x'; MAX_BYTES]] {
            fs::write(&path, bytes).unwrap();
            let file = read(&path).ok().unwrap().unwrap();
            assert!(file.bytes.expose() == bytes);
            assert!(file.modified.is_some());
        }
    }

    #[test]
    fn a_file_that_tells_no_size_is_read_to_its_end() {
        let file = read(Path::new("/proc/self/status")).ok().unwrap().unwrap();
        assert!(file.bytes.expose().starts_with(b"Name:"));
        assert!(file.bytes.len() > 500);
    }

    #[test]
    fn more_than_the_cap_is_refused_told_or_not() {
        let directory = directory();
        let path = directory.path().join("large");
        fs::write(&path, vec![b'x'; MAX_BYTES + 1]).unwrap();
        assert_eq!(error(&path).kind, ErrorKind::TooLarge);
        assert!(matches!(contents(io::repeat(b'x'), 0), Ok(Err(Overflow))));
        assert!(matches!(contents(io::repeat(b'x'), 10), Ok(Err(Overflow))));
    }

    #[test]
    fn a_missing_file_in_a_directory_is_an_answer_and_a_missing_directory_is_none() {
        let directory = directory();
        let here = directory.path();
        assert!(read(&here.join("key")).ok().unwrap().is_none());
        assert!(read(Path::new("no-such-file")).ok().unwrap().is_none());

        let gone = error(&here.join("volume/app/key"));
        assert_eq!(gone.kind, ErrorKind::NotFound);
        let volume = shown(&here.join("volume"));
        assert!(
            gone.message.ends_with(&format!("{volume} is no directory")),
            "{gone}"
        );

        fs::write(here.join("file"), "x").unwrap();
        assert_eq!(error(&here.join("file/key")).kind, ErrorKind::NotFound);
    }

    #[test]
    fn what_is_no_file_is_refused_without_waiting() {
        let directory = directory();
        assert_eq!(
            error(directory.path()).message,
            format!("{} is a directory", shown(directory.path()))
        );

        let pipe = directory.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        assert_eq!(error(&pipe).kind, ErrorKind::BadData);
        assert_eq!(error(Path::new("/dev/zero")).kind, ErrorKind::BadData);

        let circle = directory.path().join("circle");
        symlink(&circle, &circle).unwrap();
        assert_eq!(error(&circle).kind, ErrorKind::Protocol);
    }

    #[test]
    fn denied_says_who_needs_what() {
        let denied = refused(Path::new("/srv/\u{1b}x"), &Io::PermissionDenied.into());
        assert_eq!(denied.kind, ErrorKind::Denied);
        let user = user::current();
        assert_eq!(
            denied.message,
            format!("/srv/\\u{{1b}}x may not be read by user {user}")
        );
        assert_eq!(
            denied.next,
            format!("grant read on /srv/\\u{{1b}}x to user {user}")
        );
    }
}
