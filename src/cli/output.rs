use std::ffi::OsStr;
use std::fs::{self, File, FileType, OpenOptions, Permissions};
use std::io::{self, BufWriter, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;

use super::draft::{Draft, sweep};
use super::exit::Failure;
use crate::text::shown_path;

/// How long a pipe waits for its reader, which the same line of a script may start just now.
const READER: Duration = Duration::from_secs(2);

/// A report file, opened before the work starts so that a slip in its path costs nothing.
///
/// An ordinary file appears at once and whole: it is written beside its place, as often as need be, and moved
/// there by [`Output::place`]; dropped before, it leaves nothing behind. A pipe or a device is written to as it is.
pub(super) struct Output {
    path: PathBuf,
    file: File,
    kind: Kind,
    /// What is to be moved to its place.
    draft: Option<Draft>,
}

/// What becomes of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is moved to its place when it is whole.
    File,
    /// It is written as it is, and may fail in the middle.
    Device,
    /// It is written as it is, and whoever reads it may go away.
    Pipe,
}

/// Why a report cannot go there.
enum Refused {
    /// It cannot be meant so; a fragment that goes on after the path.
    Meant(String),
    Failed(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl Output {
    /// Opens a report file. A new one is readable by its owner alone; one that is there keeps its
    /// permissions.
    ///
    /// # Errors
    ///
    /// Where no report can be meant to go, and where none can be written.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        Self::try_open(path).map_err(|refused| match refused {
            Refused::Meant(why) => {
                Failure::usage(format!("no report can go to {}: {why}", shown(path)))
            }
            // The contract has one code for a report that failed, early or late.
            Refused::Failed(error) => {
                Failure::unfinished(format!("cannot write {}: {error}", shown(path)))
            }
        })
    }

    fn try_open(path: &Path) -> Result<Self, Refused> {
        if let Some(opened) = standard(path) {
            let file = File::from(opened.map_err(io::Error::from)?);
            let kind = match file.metadata()?.file_type() {
                kind if kind.is_fifo() || kind.is_socket() => Kind::Pipe,
                _ => Kind::Device,
            };
            return Ok(Self::direct(path, file, kind));
        }
        let found = match fs::metadata(path) {
            Ok(found) => Some(found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let kind = found.as_ref().map(fs::Metadata::file_type);
        if kind.is_some_and(|kind| kind.is_dir()) {
            return Err(Refused::Meant("it is a directory".to_owned()));
        }
        if let Some(kind) = kind.filter(|kind| !kind.is_file()) {
            let file = open_direct(path, kind)?;
            let kind = match kind.is_fifo() {
                true => Kind::Pipe,
                false => Kind::Device,
            };
            return Ok(Self::direct(path, file, kind));
        }
        // Through a link it would be another file that is written, and whoever may set links in that folder
        // would choose which.
        if fs::symlink_metadata(path).is_ok_and(|link| link.is_symlink()) {
            let why = "it is a symbolic link: name the file that it leads to";
            return Err(Refused::Meant(why.to_owned()));
        }
        if found.is_some() {
            // The new file takes its place, but nobody may write who could not write before.
            drop(OpenOptions::new().write(true).open(path)?);
        }
        let mode = found.map_or(0o600, |found| found.permissions().mode() & 0o777);
        sweep(path);
        let (draft, file) = Draft::beside(path).map_err(|error| match error.kind() {
            kind @ (io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
                let why = format!("no file can be made in its folder: {error}");
                io::Error::new(kind, why)
            }
            _ => error,
        })?;
        file.set_permissions(Permissions::from_mode(mode))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            kind: Kind::File,
            draft: Some(draft),
        })
    }

    fn direct(path: &Path, file: File, kind: Kind) -> Self {
        Self {
            path: path.to_owned(),
            file,
            kind,
            draft: None,
        }
    }

    /// What becomes of the report.
    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it can be written again, until it is in its place.
    fn is_draft(&self) -> bool {
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

    /// Puts the report in its place. What was there is back to be written again, as a draft of the same
    /// report, with [`Output::again`].
    ///
    /// # Errors
    ///
    /// A lowercase fragment that names the path.
    pub(super) fn place(&mut self) -> Result<(), String> {
        let Some(draft) = self.draft.take() else {
            return Ok(());
        };
        draft.place().map_err(|error| self.not_written(&error))
    }

    /// A new draft of a report that is in its place already.
    ///
    /// # Errors
    ///
    /// A lowercase fragment that names the path.
    pub(super) fn again(&self) -> Result<Self, String> {
        let opened = Self::open(&self.path);
        opened.map_err(|failure| failure.message.trim_start_matches("error: ").to_owned())
    }

    fn not_written(&self, error: &io::Error) -> String {
        format!("{} was not written: {error}", shown(&self.path))
    }
}

/// Opens what is no file, without waiting for anybody for long.
fn open_direct(path: &Path, kind: FileType) -> Result<File, Refused> {
    let patience = Instant::now() + READER;
    loop {
        let opened = OpenOptions::new()
            .write(true)
            .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
            .open(path);
        let no_reader =
            |error: &io::Error| error.raw_os_error() == Some(Errno::NXIO.raw_os_error());
        match opened {
            Ok(file) => {
                // From now on it waits for its reader.
                let flags = fcntl_getfl(&file).map_err(io::Error::from)?;
                fcntl_setfl(&file, flags - OFlags::NONBLOCK).map_err(io::Error::from)?;
                return Ok(file);
            }
            Err(error) if kind.is_fifo() && no_reader(&error) => {
                if Instant::now() >= patience {
                    return Err(Refused::Meant("it is a pipe that nobody reads".to_owned()));
                }
                sleep(Duration::from_millis(20));
            }
            Err(error) if no_reader(&error) => {
                return Err(Refused::Meant(
                    "nobody takes what is written to it".to_owned(),
                ));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Standard output and standard error as they are: opened anew, a file would be written from its start, over
/// what was printed.
fn standard(path: &Path) -> Option<rustix::io::Result<OwnedFd>> {
    match path.to_str()? {
        "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => Some(rustix::io::dup(io::stdout())),
        "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => Some(rustix::io::dup(io::stderr())),
        _ => None,
    }
}

/// Where a path leads to, with its last name as it is, so that two spellings of one place are equal.
pub(super) fn spelled_out(path: &Path) -> PathBuf {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match (fs::canonicalize(folder), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
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
    use crate::gate::ExitCode;

    fn write(path: &Path, text: &str) -> Result<(), String> {
        let mut output = Output::open(path).map_err(|failure| failure.message)?;
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
        let mut output = Output::open(&path).unwrap();
        for text in ["the longer one", "short"] {
            output.fill(|out| out.write_all(text.as_bytes())).unwrap();
        }
        assert!(!path.exists());
        output.place().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "short");
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        let failure = Output::open(&link).err().unwrap();
        assert_eq!(failure.code, ExitCode::Usage);
        assert!(failure.message.contains("symbolic link"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
    }

    #[test]
    fn what_a_dead_writer_left_neither_stops_a_report_nor_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let own = std::process::id();
        for name in [
            ".report.json.1.part",
            ".report.json.0123456789abcdef.part",
            &format!(".report.json.{own}.part"),
        ] {
            fs::write(folder.path().join(name), "half").unwrap();
        }
        // Others' files, and that of a living writer.
        let others = [
            ".other.json.1.part",
            ".report.json.x.part",
            "report.json.1.part",
        ];
        for name in others {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let living = Output::open(&path).unwrap();
        living.fill(|out| out.write_all(b"first")).unwrap();
        write(&path, "second").unwrap();
        assert_eq!(names(folder.path()).len(), others.len() + 2);
        drop(living);
        let mut left: Vec<_> = others.map(str::to_owned).into();
        left.push("report.json".to_owned());
        left.sort();
        assert_eq!(names(folder.path()), left);
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
    }

    #[test]
    fn a_report_in_its_place_can_be_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let mut output = Output::open(&path).unwrap();
        output.fill(|out| out.write_all(b"first")).unwrap();
        output.place().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        let mut again = output.again().unwrap();
        again.fill(|out| out.write_all(b"second")).unwrap();
        again.place().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        assert_eq!(names(folder.path()), ["report.json"]);
    }

    #[test]
    fn a_pipe_without_a_reader_is_refused_and_one_with_a_reader_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        let failure = Output::open(&pipe).err().unwrap();
        assert_eq!(failure.code, ExitCode::Usage);
        assert!(failure.message.contains("nobody reads"));
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).unwrap()
        });
        write(&pipe, "text").unwrap();
        assert_eq!(reader.join().unwrap(), "text");
    }

    #[test]
    fn two_spellings_of_one_place_are_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        std::os::unix::fs::symlink("in", folder.path().join("link")).unwrap();
        let spelled = ["in/report", "link/report", "in/../in/./report"]
            .map(|path| spelled_out(&folder.path().join(path)));
        assert!(spelled[0] == spelled[1] && spelled[1] == spelled[2]);
    }

    #[test]
    fn a_slip_in_the_path_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let folder_itself = Output::open(folder.path()).err().unwrap();
        assert_eq!(folder_itself.code, ExitCode::Usage);
        for path in ["missing/report.json", ""] {
            assert!(Output::open(&folder.path().join(path)).is_err());
        }
        let error = Output::open(&folder.path().join("a\x1b[31m/b"))
            .err()
            .unwrap()
            .message;
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
