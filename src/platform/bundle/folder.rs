use std::fs;
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use jiff::Timestamp;

use super::search::{MOST_TOKENS, Token};
use super::spelled::Made;
use super::unpack::Unpacking;
use crate::keyring::Format;
use crate::platform::Ask;
use crate::platform::blocking::blocking;
use crate::platform::files::{Files, refused};
use crate::reading::{ErrorKind, Identity, ReadError};
use crate::text::escape;

/// Asks for the tokens in the files of a folder, or in one file.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SearchFolder {
    /// The folder.
    pub path: Arc<Path>,
    /// What is looked for.
    pub format: Arc<Format>,
    /// The most files, and the most bytes in all of them together.
    pub most: (u64, u64),
}

/// Paths within the folder, and why each could not be looked into.
pub type Unseen = Vec<(PathBuf, ReadError)>;

/// What a folder holds.
#[derive(Default)]
pub struct Folder {
    /// The files that hold tokens, sorted by their paths.
    pub files: Vec<InFolder>,
    /// What could not be looked into.
    pub unseen: Unseen,
    /// How many files were searched, and how many bytes in them.
    pub searched: (u64, u64),
}

/// A file that holds tokens.
pub struct InFolder {
    /// Its path within the folder.
    pub path: PathBuf,
    /// Where it really is; of what is packed in a file, where that is.
    pub identity: Identity,
    /// When it was last written.
    pub modified: Option<Timestamp>,
    /// What it holds.
    pub tokens: Vec<Token>,
}

impl Ask for SearchFolder {
    type Platform = Files;
    type Answer = Folder;

    fn describe(&self) -> String {
        format!("search {}", shown(&self.path))
    }

    async fn send(_: &Files, asks: Vec<Self>) -> Vec<Result<Folder, ReadError>> {
        // Nobody waits any more once this is dropped, so the work ends.
        let over = Over(Arc::default());
        let flag = Arc::clone(&over.0);
        blocking(move || asks.iter().map(|ask| ask.search(&flag)).collect()).await
    }
}

struct Over(Arc<AtomicBool>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl SearchFolder {
    fn search(&self, over: &AtomicBool) -> Result<Folder, ReadError> {
        let root = fs::canonicalize(&self.path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ReadError::new(
                ErrorKind::NotFound,
                format!("there is no {}", shown(&self.path)),
                "correct the path, or build there",
            ),
            _ => refused(&self.path, &error),
        })?;
        let (files, mut unseen) = self.walk(&root)?;
        let mut folder = self.search_files(&root, &files, over);
        folder.unseen.append(&mut unseen);
        folder.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        folder.unseen.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(folder)
    }

    /// The files that are to be searched, and what cannot be.
    fn walk(&self, root: &Path) -> Result<(Vec<PathBuf>, Unseen), ReadError> {
        let mut walk = Walk {
            root,
            files: Vec::new(),
            unseen: Vec::new(),
            bytes: 0,
        };
        let metadata = fs::metadata(root).map_err(|error| refused(&self.path, &error))?;
        if !metadata.is_dir() {
            return Ok((vec![PathBuf::new()], Vec::new()));
        }
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            walk.enter(&folder, &mut folders);
            let (files, bytes) = self.most;
            let limit = if walk.files.len() as u64 > files {
                format!("{files} files")
            } else if walk.bytes > bytes {
                format!("{} MiB", bytes >> 20)
            } else {
                continue;
            };
            return Err(ReadError::new(
                ErrorKind::TooLarge,
                format!("{} has over {limit}", shown(&self.path)),
                "name the folder that is served, or raise `most_files` and `most_mebibytes`",
            ));
        }
        Ok((walk.files, walk.unseen))
    }

    fn search_files(&self, root: &Path, files: &[PathBuf], over: &AtomicBool) -> Folder {
        let next = AtomicUsize::new(0);
        let all = Mutex::new(Folder::default());
        let work = || {
            let mut unpacking = Unpacking::new(&self.format, self.most, over);
            while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let whole = match path.as_os_str().is_empty() {
                    true => root.to_owned(),
                    false => root.join(path),
                };
                unpacking.file(&whole, path);
            }
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            all.join(unpacking.folder);
        };
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        thread::scope(|scope| {
            for _ in 1..cores.min(files.len()) {
                scope.spawn(work);
            }
            work();
        });
        all.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Folder {
    fn join(&mut self, mut other: Self) {
        self.files.append(&mut other.files);
        self.unseen.append(&mut other.unseen);
        self.searched.0 += other.searched.0;
        self.searched.1 += other.searched.1;
    }
}

/// So many that they are no keys.
pub(super) fn too_many(place: &str) -> ReadError {
    ReadError::new(
        ErrorKind::TooLarge,
        format!("{place} holds over {MOST_TOKENS} different tokens, and not all were compared"),
        "write a `pattern` that only keys fit",
    )
}

/// A text that is only there once the script runs.
pub(super) fn computed(place: &str, (made, at): (Made, u64)) -> ReadError {
    let how = match made {
        Made::OfCodes => {
            format!("makes a text of character codes at byte {at}, as long as a key,")
        }
        Made::OfParts => format!(
            "puts a text together at byte {at} that begins like a key, and of which not all parts stand there,"
        ),
    };
    ReadError::new(
        ErrorKind::BadData,
        format!("{place} {how} which could not be followed"),
        "look at it by hand; if it is none of the keys, name a folder without that script in `path`",
    )
}

struct Walk<'r> {
    root: &'r Path,
    files: Vec<PathBuf>,
    unseen: Unseen,
    bytes: u64,
}

impl Walk<'_> {
    /// Looks into one folder; those in it are added to `folders`.
    fn enter(&mut self, folder: &Path, folders: &mut Vec<PathBuf>) {
        let whole = self.root.join(folder);
        let entries = match fs::read_dir(&whole) {
            Ok(entries) => entries,
            Err(error) => {
                self.unseen
                    .push((folder.to_owned(), refused(&whole, &error)));
                return;
            }
        };
        for entry in entries {
            let look = entry.and_then(|entry| {
                let kind = entry.file_type()?;
                let path = folder.join(entry.file_name());
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_symlink() {
                    self.link(path);
                } else if kind.is_file() {
                    self.bytes += entry.metadata()?.len();
                    self.files.push(path);
                }
                Ok(())
            });
            if let Err(error) = look {
                self.unseen
                    .push((folder.to_owned(), refused(&whole, &error)));
            }
        }
    }

    /// What a link within the folder leads to is met anyway. What is elsewhere may be served as well.
    fn link(&mut self, path: PathBuf) {
        let target = fs::canonicalize(self.root.join(&path));
        if target.is_ok_and(|target| !target.starts_with(self.root)) {
            let error = ReadError::new(
                ErrorKind::BadData,
                format!(
                    "{} leads out of the folder, and was not followed",
                    shown(&path)
                ),
                "name the folder it leads to in a hop of its own",
            );
            self.unseen.push((path, error));
        }
    }
}

/// A path for a message.
pub(super) fn shown(path: &Path) -> String {
    match path.as_os_str().is_empty() {
        true => "the file".to_owned(),
        false => escape(&path.to_string_lossy()).into_owned(),
    }
}
