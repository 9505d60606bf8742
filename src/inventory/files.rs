use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::platform::files;

/// Where files are read from: the disk, or a test's memory.
pub trait Files {
    /// A file's bytes, of which no more than `limit` are read.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>>;

    /// The same of a file that another one includes. It has to be a regular one: nobody would know what is
    /// waited for.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn read_included(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        self.read(path, limit)
    }

    /// The files that a glob matches, in the order of their names.
    ///
    /// # Errors
    ///
    /// What is wrong with the glob, a fragment that does not repeat it.
    fn matching(&self, directory: &Path, pattern: &str) -> Result<Vec<PathBuf>, String>;

    /// The same for all paths of one file.
    fn identity(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

/// The files on disk.
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        if is_named_pipe(path) {
            return Err(no_regular_file());
        }
        read(File::open(path)?, limit)
    }

    fn read_included(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
            .open(path)?;
        let found = file.metadata()?;
        match (found.is_file(), found.is_dir()) {
            (true, _) => read(file, limit),
            (_, true) => Err(io::ErrorKind::IsADirectory.into()),
            _ => Err(no_regular_file()),
        }
    }

    fn matching(&self, directory: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
        let directory = directory
            .to_str()
            .ok_or("includes need a directory whose name is UTF-8")?;
        let pattern = if Path::new(pattern).is_absolute() || directory.is_empty() {
            pattern.to_owned()
        } else {
            format!("{}/{pattern}", glob::Pattern::escape(directory))
        };
        let paths = files::matching(Path::new(&pattern))?;
        Ok(paths.iter().map(|path| path.to_path_buf()).collect())
    }

    fn identity(&self, path: &Path) -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }
}

/// Whether somebody would have to come and write into it. What a shell makes of `<(…)`, and standard input, are
/// pipes without a name, in which somebody writes already.
fn is_named_pipe(path: &Path) -> bool {
    let found = path.canonicalize().and_then(std::fs::metadata);
    found.is_ok_and(|found| found.file_type().is_fifo())
}

fn no_regular_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "no regular file")
}

fn read(file: File, limit: usize) -> io::Result<Vec<u8>> {
    let size = file.metadata()?.len();
    let size = usize::try_from(size).unwrap_or(usize::MAX).min(limit);
    // One allocation, so that nothing of a key is left behind by a growing buffer.
    let mut bytes = Vec::with_capacity(size + 1);
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Why a file cannot be read, without its name.
pub(super) fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::InvalidInput => "it is no regular file".to_owned(),
        kind => kind.to_string(),
    }
}
