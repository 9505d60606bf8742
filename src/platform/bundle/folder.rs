use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::num::NonZero;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use jiff::Timestamp;
use rustix::fs::OFlags;

use super::search::{MOST_TOKENS, Search, Token};
use super::window::Window;
use crate::keyring::Format;
use crate::platform::Ask;
use crate::platform::blocking::blocking;
use crate::platform::files::{Files, refused};
use crate::reading::{ErrorKind, ReadError};
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
    /// When it was last written.
    pub modified: Option<Timestamp>,
    /// What it holds.
    pub tokens: Vec<Token>,
}

/// Pictures, fonts, sounds and films: no build writes a variable into them.
const NO_TEXT: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "webp", "avif", "ico", "bmp", "woff", "woff2", "ttf", "otf",
    "eot", "mp3", "mp4", "m4a", "ogg", "wav", "webm", "mov", "pdf",
];

/// Copies of other files, made smaller.
const COMPRESSED: &[&str] = &["gz", "br", "zst"];

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
            compressed: Vec::new(),
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
        walk.look_at_compressed();
        Ok((walk.files, walk.unseen))
    }

    fn search_files(&self, root: &Path, files: &[PathBuf], over: &AtomicBool) -> Folder {
        let next = AtomicUsize::new(0);
        let all = Mutex::new(Folder::default());
        let work = || {
            let mut search = Search::new(Arc::clone(&self.format));
            let mut window = Window::new(Search::before(), search.behind());
            let mut own = Folder::default();
            while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let whole = match path.as_os_str().is_empty() {
                    true => root.to_owned(),
                    false => root.join(path),
                };
                let read = in_file(&whole, &mut window, &mut search, over);
                own.take(path, read, &mut search);
            }
            all.lock().unwrap_or_else(PoisonError::into_inner).join(own);
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
    fn take(
        &mut self,
        path: &Path,
        read: Result<(Option<Timestamp>, u64), ReadError>,
        search: &mut Search,
    ) {
        let found = search.finish();
        match read {
            Ok((modified, bytes)) => {
                self.searched.0 += 1;
                self.searched.1 += bytes;
                if found.too_many {
                    self.unseen.push((path.to_owned(), too_many(&shown(path))));
                }
                if !found.tokens.is_empty() {
                    self.files.push(InFolder {
                        path: path.to_owned(),
                        modified,
                        tokens: found.tokens,
                    });
                }
            }
            Err(error) => self.unseen.push((path.to_owned(), error)),
        }
    }

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

/// Searches one file; when it was written, and how many bytes it had.
fn in_file(
    path: &Path,
    window: &mut Window,
    search: &mut Search,
    over: &AtomicBool,
) -> Result<(Option<Timestamp>, u64), ReadError> {
    window.restart();
    let read = open(path).and_then(|mut file| {
        let modified = file.metadata()?.modified().ok();
        let mut bytes = 0;
        while !over.load(Ordering::Relaxed) {
            match file.read(window.room()) {
                Ok(0) => break,
                Ok(count) => {
                    bytes += count as u64;
                    if window.advance(count) {
                        window.show(false, &mut |view| search.look(view));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        window.show(true, &mut |view| search.look(view));
        Ok((
            modified.and_then(|time| Timestamp::try_from(time).ok()),
            bytes,
        ))
    });
    read.map_err(|error| refused(path, &error))
}

/// Opens a file, and neither follows a link nor waits for what is no file any more.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

struct Walk<'r> {
    root: &'r Path,
    files: Vec<PathBuf>,
    compressed: Vec<PathBuf>,
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
                    self.file(path);
                }
                Ok(())
            });
            if let Err(error) = look {
                self.unseen
                    .push((folder.to_owned(), refused(&whole, &error)));
            }
        }
    }

    fn file(&mut self, path: PathBuf) {
        let is_in = |list: &[&str]| {
            let ending = path.extension().and_then(|ending| ending.to_str());
            ending.is_some_and(|ending| list.iter().any(|one| ending.eq_ignore_ascii_case(one)))
        };
        if is_in(COMPRESSED) {
            self.compressed.push(path);
        } else if !is_in(NO_TEXT) {
            self.files.push(path);
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

    /// A compressed copy is made together with its file. One without a file hides what is in it.
    fn look_at_compressed(&mut self) {
        for path in std::mem::take(&mut self.compressed) {
            if !self.root.join(path.with_extension("")).exists() {
                let error = ReadError::new(
                    ErrorKind::BadData,
                    format!("{} is compressed, and was not looked into", shown(&path)),
                    "keep the plain file beside it, or name the page's address in `url`",
                );
                self.unseen.push((path, error));
            }
        }
    }
}

/// A path for a message.
fn shown(path: &Path) -> String {
    match path.as_os_str().is_empty() {
        true => "the file".to_owned(),
        false => escape(&path.to_string_lossy()).into_owned(),
    }
}
