use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::text::shown_path;

/// A report file, opened before the work starts so that a slip in its path costs nothing.
///
/// An ordinary file appears at once and whole: it is written beside its place, as often as need be, and moved
/// there by [`Output::place`]; dropped before, it leaves nothing behind. A pipe or a device is written to as it is.
pub(super) struct Output {
    path: PathBuf,
    file: File,
    /// What is to be moved to its place.
    draft: Option<Draft>,
}

struct Draft {
    path: PathBuf,
    place: PathBuf,
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Moved already, as a rule.
        let _ = fs::remove_file(&self.path);
    }
}

impl Output {
    /// Opens a report file. A new one is readable by its owner alone; one that is there keeps its
    /// permissions.
    ///
    /// # Errors
    ///
    /// A lowercase fragment that names the path.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        Self::try_open(path).map_err(|error| format!("cannot write {}: {error}", shown(path)))
    }

    fn try_open(path: &Path) -> io::Result<Self> {
        // Through symbolic links, so that a link stays one.
        let (place, mode) = match fs::metadata(path) {
            Ok(found) if found.is_file() => {
                // The new file takes its place, but nobody may write who could not write before.
                drop(OpenOptions::new().write(true).open(path)?);
                (fs::canonicalize(path)?, found.permissions().mode() & 0o777)
            }
            Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(_) => {
                let file = OpenOptions::new().write(true).open(path)?;
                return Ok(Self {
                    path: path.to_owned(),
                    file,
                    draft: None,
                });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => (path.to_owned(), 0o600),
            Err(error) => return Err(error),
        };
        let name = place.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.part", std::process::id()));
        let draft = place.with_file_name(hidden);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)?;
        let draft = Draft { path: draft, place };
        file.set_permissions(Permissions::from_mode(mode))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            draft: Some(draft),
        })
    }

    /// Where the report goes, as it was written on the command line.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it can be written again, until it is in its place.
    pub(super) fn is_draft(&self) -> bool {
        self.draft.is_some()
    }

    /// Writes the report. A reader of a pipe that went away is no error.
    ///
    /// # Errors
    ///
    /// A lowercase fragment that names the path.
    pub(super) fn fill(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), String> {
        match self.try_fill(write) {
            Err(error) if !self.is_draft() && error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            filled => filled.map_err(|error| self.not_written(&error)),
        }
    }

    fn try_fill(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        if self.is_draft() {
            (&self.file).rewind()?;
            self.file.set_len(0)?;
        }
        let mut out = BufWriter::new(&self.file);
        let written = write(&mut out).and_then(|()| out.flush());
        // What is left in the buffer after an error would be tried again when it is dropped.
        let _ = out.into_parts();
        written?;
        // What is moved into place must be there after a power cut as well.
        match self.is_draft() {
            true => self.file.sync_all(),
            false => Ok(()),
        }
    }

    /// Puts the report in its place.
    ///
    /// # Errors
    ///
    /// A lowercase fragment that names the path.
    pub(super) fn place(self) -> Result<(), String> {
        let Some(draft) = &self.draft else {
            return Ok(());
        };
        fs::rename(&draft.path, &draft.place).map_err(|error| self.not_written(&error))
    }

    fn not_written(&self, error: &io::Error) -> String {
        format!("{} was not written: {error}", shown(&self.path))
    }
}

/// A path as it may be shown.
pub(super) fn shown(path: &Path) -> String {
    shown_path(path)
}

/// Splits `FORMAT=PATH`.
pub(super) fn split(text: &OsStr) -> Option<(&str, PathBuf)> {
    use std::os::unix::ffi::OsStrExt;

    let bytes = text.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=')?;
    let format = std::str::from_utf8(&bytes[..at]).ok()?;
    let path = Path::new(OsStr::from_bytes(&bytes[at + 1..]));
    (!path.as_os_str().is_empty()).then(|| (format, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) -> Result<(), String> {
        let output = Output::open(path)?;
        output.fill(|out| out.write_all(text.as_bytes()))?;
        output.place()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_report_is_its_owners_alone_and_leaves_no_draft() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        write(&path, "one").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(names(folder.path()), ["report.json"]);
    }

    #[test]
    fn an_old_report_stays_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();

        drop(Output::open(&path).unwrap());
        let failed = Output::open(&path).unwrap().fill(|out| {
            out.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(failed.unwrap_err().contains("report.json was not written"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["report.json"]);

        write(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(mode(&path), 0o644);
    }

    #[test]
    fn the_last_words_are_those_that_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let output = Output::open(&path).unwrap();
        for text in ["the longer one", "short"] {
            output.fill(|out| out.write_all(text.as_bytes())).unwrap();
        }
        assert!(!path.exists());
        output.place().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "short");
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        write(&link, "new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    }

    #[test]
    fn a_slip_in_the_path_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["missing/report.json", ""] {
            assert!(Output::open(&folder.path().join(path)).is_err());
        }
        let error = Output::open(&folder.path().join("a\x1b[31m/b"))
            .err()
            .unwrap();
        assert!(!error.contains('\x1b'), "{error:?}");
    }

    #[test]
    fn a_device_is_written_to_as_it_is() {
        write(Path::new("/dev/null"), "text").unwrap();
        let full = write(Path::new("/dev/full"), "text").unwrap_err();
        assert!(full.starts_with("/dev/full was not written"), "{full}");
    }

    #[test]
    fn a_format_and_a_path_are_split_at_the_first_equals_sign() {
        let parts =
            |text: &str| split(OsStr::new(text)).map(|(format, path)| (format.to_owned(), path));
        assert_eq!(
            parts("json=/tmp/a=b"),
            Some(("json".to_owned(), PathBuf::from("/tmp/a=b")))
        );
        assert_eq!(parts("json="), None);
        assert_eq!(parts("report.json"), None);
    }
}
