use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A path of this host, and which file is there.
///
/// Whether many hops read it is asked one hop after the other, so it is looked at once.
pub struct Here<'a> {
    /// Where it is.
    pub path: &'a Path,
    file: Option<(u64, u64)>,
}

impl<'a> Here<'a> {
    /// The file that this path leads to.
    #[must_use]
    pub fn of(path: &'a Path) -> Self {
        let file = fs::metadata(path).ok().as_ref().map(number);
        Self { path, file }
    }

    /// A file that no hop can read a key from, whatever links lead to it; its path may still be in their way.
    #[must_use]
    pub fn path_alone(path: &'a Path) -> Self {
        Self { path, file: None }
    }

    /// Whether another path leads to the same file.
    #[must_use]
    pub fn is_at(&self, other: &Path) -> bool {
        let same = |found: Metadata| Some(number(&found)) == self.file;
        self.file.is_some() && fs::metadata(other).is_ok_and(same)
    }
}

/// What tells a file from all others of this host.
fn number(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}
