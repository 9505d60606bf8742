use std::fs::{self, DirEntry, FileType};
use std::io::{self, ErrorKind as Io};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glob::{MatchOptions, Pattern};

use super::Files;
use super::read::refused;
use crate::platform::blocking::blocking;
use crate::platform::{Ask, Here};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// Asks which files a glob matches.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Glob {
    /// `*`, `?` and `[…]` within a name, `**` for directories of any depth. As in a shell, they do
    /// not match a leading dot.
    pub pattern: Arc<Path>,
}

/// What a glob matches.
pub struct Globbed {
    /// The files, sorted.
    pub files: Vec<Arc<Path>>,
    /// Directories that could not be looked into: what they hold is not known.
    pub unseen: Vec<(Arc<Path>, ReadError)>,
}

/// How many names are looked at before a glob is called too wide.
const MOST_NAMES: usize = 1_000_000;

/// As a shell has it.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

impl Ask for Glob {
    type Platform = Files;
    type Answer = Globbed;

    fn describe(&self) -> String {
        format!("list {}", escape(&self.pattern.to_string_lossy()))
    }

    fn reads(&self, file: &Here<'_>) -> bool {
        let place = |path: &Path| {
            let whole = std::path::absolute(path).ok()?;
            Some(fs::canonicalize(&whole).unwrap_or(whole))
        };
        let is_fit = || {
            let whole = std::path::absolute(&self.pattern).ok()?;
            let pattern = Pattern::new(&whole.to_string_lossy()).ok()?;
            let spelled = std::path::absolute(file.path).ok()?;
            let fits = |path: &Path| pattern.matches_path_with(path, OPTIONS);
            Some(fits(&spelled) || place(file.path).is_some_and(|path| fits(&path)))
        };
        is_fit().unwrap_or(false)
    }

    async fn send(_: &Files, asks: Vec<Self>) -> Vec<Result<Globbed, ReadError>> {
        blocking(move || asks.iter().map(|ask| expand(&ask.pattern)).collect()).await
    }
}

/// Whether a path is a glob.
#[must_use]
pub fn is_glob(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

/// Whether a glob can be meant so.
///
/// # Errors
///
/// What was expected, a lowercase fragment.
pub fn check(pattern: &Path) -> Result<(), String> {
    parts(pattern).map(drop)
}

/// One name of a glob's path.
enum Part {
    /// It stands for itself.
    Plain(String),
    /// Some names of one directory.
    Some(Pattern),
    /// Directories of any depth.
    Any,
}

fn parts(pattern: &Path) -> Result<Vec<Part>, String> {
    let mut parts: Vec<Part> = Vec::new();
    for name in pattern {
        let name = name.to_string_lossy();
        if name == "**" {
            if !matches!(parts.last(), Some(Part::Any)) {
                parts.push(Part::Any);
            }
        } else if is_glob(Path::new(&*name)) {
            let pattern = Pattern::new(&name)
                .map_err(|error| format!("expected a glob: {} in one of its names", error.msg))?;
            parts.push(Part::Some(pattern));
        } else {
            parts.push(Part::Plain(name.into_owned()));
        }
    }
    if matches!(parts.last(), Some(Part::Any)) {
        parts.push(Part::Some(
            Pattern::new("*").map_err(|error| error.to_string())?,
        ));
    }
    Ok(parts)
}

/// The files that a glob matches, or one that is named without any.
///
/// # Errors
///
/// Why not all of them can be known, a lowercase fragment that repeats no name.
pub fn matching(pattern: &Path) -> Result<Vec<Arc<Path>>, String> {
    check(pattern)?;
    let globbed = expand(pattern).map_err(|error| format!("cannot be searched: {}", error.next))?;
    match globbed.unseen.first() {
        Some((_, error)) => Err(format!("cannot be searched: {}", error.kind.name())),
        None => Ok(globbed.files),
    }
}

fn expand(pattern: &Path) -> Result<Globbed, ReadError> {
    let parts = parts(pattern)
        .map_err(|why| ReadError::new(ErrorKind::BadData, why, "correct the path"))?;
    let mut walk = Walk {
        files: Vec::new(),
        unseen: Vec::new(),
        names: 0,
    };
    walk.enter(Path::new(""), &parts);
    if walk.names > MOST_NAMES {
        return Err(ReadError::new(
            ErrorKind::TooLarge,
            format!(
                "{} looks at over {MOST_NAMES} names",
                escape(&pattern.to_string_lossy())
            ),
            "write a narrower glob",
        ));
    }
    walk.files.sort_unstable();
    walk.files.dedup();
    if is_glob(pattern)
        && fs::symlink_metadata(pattern).is_ok()
        && !walk.files.iter().any(|file| file == pattern)
    {
        return Err(ReadError::new(
            ErrorKind::BadData,
            format!(
                "{} is there as it is written, and is not what it means as a glob",
                escape(&pattern.to_string_lossy())
            ),
            "write [[] for each [, or [*] and [?] for the others",
        ));
    }
    Ok(Globbed {
        files: walk.files.into_iter().map(Arc::from).collect(),
        unseen: walk.unseen,
    })
}

/// The `glob` crate passes over what it may not look into; this tells it.
struct Walk {
    files: Vec<PathBuf>,
    unseen: Vec<(Arc<Path>, ReadError)>,
    names: usize,
}

impl Walk {
    fn enter(&mut self, directory: &Path, parts: &[Part]) {
        let Some((part, rest)) = parts.split_first() else {
            return;
        };
        match part {
            Part::Plain(name) => {
                let path = directory.join(name);
                if !rest.is_empty() {
                    return self.enter(&path, rest);
                }
                match fs::symlink_metadata(&path) {
                    Ok(_) => self.files.push(path),
                    Err(error) => self.not_seen(path, &error),
                }
            }
            Part::Some(pattern) => {
                for (entry, kind) in self.names(directory) {
                    if !pattern.matches_with(&entry.file_name().to_string_lossy(), OPTIONS) {
                        continue;
                    }
                    let path = directory.join(entry.file_name());
                    let is_directory = kind.is_dir() || (kind.is_symlink() && path.is_dir());
                    match (rest.is_empty(), is_directory) {
                        (true, false) => self.files.push(path),
                        (false, true) => self.enter(&path, rest),
                        _ => {}
                    }
                }
            }
            Part::Any => {
                self.enter(directory, rest);
                for (entry, kind) in self.names(directory) {
                    // Links are not followed here: they can lead in circles.
                    if kind.is_dir() && !entry.file_name().as_encoded_bytes().starts_with(b".") {
                        self.enter(&directory.join(entry.file_name()), parts);
                    }
                }
            }
        }
    }

    fn names(&mut self, directory: &Path) -> Vec<(DirEntry, FileType)> {
        if self.names > MOST_NAMES {
            return Vec::new();
        }
        let here = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        let entries = fs::read_dir(here).and_then(|entries| {
            entries
                .map(|entry| entry.and_then(|entry| Ok((entry.file_type()?, entry))))
                .map(|entry| entry.map(|(kind, entry)| (entry, kind)))
                .collect::<io::Result<Vec<_>>>()
        });
        match entries {
            Ok(entries) => {
                self.names += entries.len();
                entries
            }
            Err(error) => {
                self.not_seen(directory.to_owned(), &error);
                Vec::new()
            }
        }
    }

    fn not_seen(&mut self, path: PathBuf, error: &io::Error) {
        if !matches!(error.kind(), Io::NotFound | Io::NotADirectory) {
            let why = refused(&path, error);
            self.unseen.push((path.into(), why));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A directory with these files in it, and what a glob matches there.
    fn globbed(files: &[&str], pattern: &str) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        for file in files {
            let path = directory.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        matched(directory.path(), pattern)
    }

    fn matched(directory: &Path, pattern: &str) -> Vec<String> {
        let globbed = expand(&directory.join(pattern)).ok().unwrap();
        assert!(globbed.unseen.is_empty());
        let relative =
            |path: &Arc<Path>| path.strip_prefix(directory).unwrap().display().to_string();
        globbed.files.iter().map(relative).collect()
    }

    const FILES: [&str; 7] = [
        "b/.env",
        "a/.env",
        "a/key",
        "a/.hidden/key",
        "a/deep/er/key",
        "key",
        "a.d/key",
    ];

    #[test]
    fn matches_as_a_shell_does_and_sorted() {
        assert_eq!(globbed(&FILES, "*/.env"), ["a/.env", "b/.env"]);
        assert_eq!(globbed(&FILES, "a/*"), ["a/key"]);
        assert_eq!(globbed(&FILES, "[ab]/.e?v"), ["a/.env", "b/.env"]);
        assert_eq!(globbed(&FILES, "*/nothing"), [""; 0]);
        assert_eq!(globbed(&FILES, "key"), ["key"]);
    }

    #[test]
    fn two_stars_go_to_any_depth_but_not_into_hidden_directories() {
        let all = ["a/deep/er/key", "a/key", "a.d/key", "key"];
        assert_eq!(globbed(&FILES, "**/key"), all);
        assert_eq!(globbed(&FILES, "**/**/key"), all);
        assert_eq!(globbed(&FILES, "**"), all);
    }

    #[test]
    fn links_are_followed_where_they_are_named_and_never_in_circles() {
        let directory = tempfile::tempdir().unwrap();
        let here = directory.path();
        fs::create_dir(here.join("real")).unwrap();
        fs::write(here.join("real/key"), "").unwrap();
        symlink(here, here.join("real/up")).unwrap();
        symlink("real", here.join("link")).unwrap();
        symlink("nowhere", here.join("dangling")).unwrap();
        assert_eq!(matched(here, "*/key"), ["link/key", "real/key"]);
        assert_eq!(matched(here, "**/key"), ["real/key"]);
        assert_eq!(matched(here, "*"), ["dangling"]);
    }

    #[test]
    fn a_name_that_is_there_as_it_is_written_is_not_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let here = directory.path();
        for folder in ["[tenant]", "t", "a*"] {
            fs::create_dir(here.join(folder)).unwrap();
            fs::write(here.join(folder).join(".env"), "").unwrap();
        }
        let refused = expand(&here.join("[tenant]/.env")).err().unwrap();
        assert!(refused.message.contains("is there as it is written"));
        assert_eq!(matched(here, "[[]tenant]/.env"), ["[tenant]/.env"]);
        assert_eq!(matched(here, "a*/.env"), ["a*/.env"]);
    }

    #[test]
    fn what_cannot_be_looked_into_is_told() {
        let mut walk = Walk {
            files: Vec::new(),
            unseen: Vec::new(),
            names: 0,
        };
        walk.not_seen("/srv/a".into(), &Io::PermissionDenied.into());
        walk.not_seen("/srv/b".into(), &Io::NotFound.into());
        let [(path, error)] = &walk.unseen[..] else {
            panic!("one directory was closed");
        };
        assert_eq!(path.to_str(), Some("/srv/a"));
        assert_eq!(error.kind, ErrorKind::Denied);
    }

    #[test]
    fn a_glob_is_checked() {
        assert!(check(Path::new("/a/[b/c")).is_err());
        assert!(check(Path::new("/a/b**/c")).is_err());
        assert!(check(Path::new("/a/**/*.env")).is_ok());
        assert!(is_glob(Path::new("a?")) && !is_glob(Path::new("/srv/.env")));
    }
}
