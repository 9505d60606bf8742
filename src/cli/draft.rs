//! Reports that are not in their places yet.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::OFlags;

/// How often a name for a draft is made up.
const TRIES: usize = 100;

/// A report that is being written beside its place. Dropped before it is put there, it leaves nothing behind.
pub(super) struct Draft {
    path: PathBuf,
    place: PathBuf,
}

/// The drafts that are not in their places, for those who end the program without ending its work.
static DRAFTS: Mutex<Drafts> = Mutex::new(Drafts {
    paths: BTreeSet::new(),
    is_over: false,
});

struct Drafts {
    paths: BTreeSet<PathBuf>,
    /// Whether none is made any more.
    is_over: bool,
}

fn drafts<T>(work: impl FnOnce(&mut Drafts) -> T) -> T {
    let mut drafts = DRAFTS.lock().unwrap_or_else(PoisonError::into_inner);
    work(&mut drafts)
}

/// Removes all drafts, and lets no other be made, for the program ends now.
pub(super) fn forget_drafts() {
    drafts(|drafts| {
        drafts.is_over = true;
        for path in &std::mem::take(&mut drafts.paths) {
            let _ = fs::remove_file(path);
        }
    });
}

impl Drop for Draft {
    fn drop(&mut self) {
        drafts(|drafts| {
            if drafts.paths.remove(&self.path) {
                // Moved already, as a rule.
                let _ = fs::remove_file(&self.path);
            }
        });
    }
}

impl Draft {
    /// A new file beside the place of a report, that nobody else has a name for. It is locked as long as its
    /// writer lives, so that others know whether it is left of a dead one.
    pub(super) fn beside(place: &Path) -> io::Result<(Self, File)> {
        for _ in 0..TRIES {
            let random = RandomState::new().build_hasher().finish();
            let name = draft_name(place, &format!("{random:016x}"))?;
            let path = place.with_file_name(name);
            let opened: io::Result<File> = drafts(|drafts| {
                if drafts.is_over {
                    return Err(io::ErrorKind::Interrupted.into());
                }
                let file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&path)?;
                drafts.paths.insert(path.clone());
                Ok(file)
            });
            let file = match opened {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            let draft = Self {
                path,
                place: place.to_owned(),
            };
            // Another one may take it for a dead writer's before it is locked. Where nothing can be locked,
            // nothing is swept away either.
            let taken = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
            if !taken && file.metadata()?.nlink() > 0 {
                return Ok((draft, file));
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Moves it to its place.
    pub(super) fn place(self) -> io::Result<()> {
        fs::rename(&self.path, &self.place)?;
        drafts(|drafts| drafts.paths.remove(&self.path));
        Ok(())
    }
}

/// `.NAME.WHICH.part`
fn draft_name(place: &Path, which: &str) -> io::Result<OsString> {
    let name = place.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{which}.part"));
    Ok(hidden)
}

/// Removes the drafts of this report that writers left behind which are no more: nobody holds their lock.
pub(super) fn sweep(place: &Path) {
    use std::os::unix::ffi::OsStrExt;

    let Some(name) = place.file_name() else {
        return;
    };
    let folder = match place.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let is_draft = |found: &OsStr| {
        let which = found.as_bytes().strip_prefix(b".");
        let which = which.and_then(|rest| rest.strip_prefix(name.as_bytes()));
        let which = which.and_then(|rest| rest.strip_prefix(b".")?.strip_suffix(b".part"));
        // Earlier versions wrote the number of their process there.
        which.is_some_and(|which| !which.is_empty() && which.iter().all(u8::is_ascii_hexdigit))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| is_draft(&entry.file_name())) {
        let path = entry.path();
        let opened = OpenOptions::new()
            .write(true)
            .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
            .open(&path);
        let Ok(file) = opened else {
            continue;
        };
        let is_own = file.metadata().is_ok_and(|found| {
            found.is_file() && found.uid() == rustix::process::geteuid().as_raw()
        });
        if is_own && file.try_lock().is_ok() {
            let _ = fs::remove_file(&path);
        }
    }
}
