use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::Site;
use super::files::why;
use super::load::Surroundings;
use super::log::Log;
use super::parse::LARGEST_FILE;
use super::reader::Reader;
use super::template::{Outside, Scope};
use super::tree::{Id, Kind, Tree};

/// More included files than anybody writes by hand.
const MOST_FILES: usize = 1000;

/// A file of the inventory.
pub(super) struct Unit {
    pub tree: Rc<Tree>,
    /// The file that includes it: an index into the units.
    pub parent: Option<usize>,
}

/// The main file and all that it includes, each before what it includes.
pub(super) struct Gathering<'a> {
    surroundings: &'a Surroundings<'a>,
    scope: Scope<'a>,
    log: &'a Log,
    pub units: Vec<Unit>,
    /// Whether every file could be read.
    pub whole: bool,
    /// Every file that was come across.
    seen: Vec<PathBuf>,
    /// Those that include the present one.
    path: Vec<PathBuf>,
}

impl<'a> Gathering<'a> {
    pub fn of(
        main: &Path,
        surroundings: &'a Surroundings<'a>,
        outside: &'a Outside<'a>,
        log: &'a Log,
    ) -> Self {
        let mut gathering = Self {
            surroundings,
            scope: Scope::new(outside),
            log,
            units: Vec::new(),
            whole: true,
            seen: Vec::new(),
            path: Vec::new(),
        };
        gathering.add(main, None);
        gathering
    }

    fn add(&mut self, path: &Path, parent: Option<usize>) {
        let identity = self.surroundings.files.identity(path);
        self.seen.push(identity.clone());
        let file = self.log.file(&path.to_string_lossy());
        let whole_file = Site {
            file,
            line: 0,
            column: 0,
        };
        let files = self.surroundings.files;
        let read = match parent {
            None => files.read(path, LARGEST_FILE + 1),
            Some(_) => files.read_included(path, LARGEST_FILE + 1),
        };
        let tree = match read {
            Ok(bytes) if bytes.len() > LARGEST_FILE => {
                let message = format!(
                    "is larger than {} MiB; write a matrix, or split it with `include`",
                    LARGEST_FILE >> 20
                );
                self.log.report(whole_file, message);
                None
            }
            Ok(bytes) => match Tree::parse(file, bytes) {
                Ok(tree) => Some(tree),
                Err(broken) => {
                    self.log.report(broken.site, broken.message);
                    None
                }
            },
            Err(error) => {
                let help = (parent.is_none()).then(|| "name another with --config".to_owned());
                let message = format!("cannot be read: {}", why(&error));
                self.log.report_with(whole_file, message, || help);
                None
            }
        };
        let Some(tree) = tree else {
            self.whole = false;
            return;
        };
        let tree = Rc::new(tree);
        let unit = self.units.len();
        self.units.push(Unit {
            tree: Rc::clone(&tree),
            parent,
        });
        if let Some(include) = tree.get(tree.root(), "include") {
            self.path.push(identity);
            self.include(&tree, include, path, unit);
            self.path.pop();
        }
    }

    fn include(&mut self, tree: &Tree, include: Id, path: &Path, unit: usize) {
        // What is no list of strings is reported when the whole file is looked at.
        let Kind::Sequence(patterns) = tree.kind(include) else {
            return;
        };
        let directory = path.parent().unwrap_or(Path::new(""));
        for pattern in patterns {
            if !matches!(tree.kind(*pattern), Kind::Scalar(scalar) if !scalar.is_null()) {
                continue;
            }
            let site = tree.site(*pattern);
            let reader = Reader::new(tree, self.log, Some(&self.scope));
            let Some(text) = reader.text(*pattern) else {
                self.whole = false;
                continue;
            };
            let paths = match self.surroundings.files.matching(directory, &text) {
                Ok(paths) if paths.is_empty() => {
                    self.log
                        .report(site, "matches no file, from where this file is");
                    Vec::new()
                }
                Ok(paths) => paths,
                Err(message) => {
                    self.log.report(site, message);
                    Vec::new()
                }
            };
            self.whole &= !paths.is_empty();
            for path in paths {
                self.add_included(&path, site, unit);
            }
        }
    }

    fn add_included(&mut self, path: &Path, site: Site, unit: usize) {
        let identity = self.surroundings.files.identity(path);
        if self.path.contains(&identity) {
            self.log.report(
                site,
                "includes a file that is including this one, or itself",
            );
        } else if self.seen.contains(&identity) {
            // Once is enough, by whichever pattern.
        } else if self.seen.len() >= MOST_FILES {
            self.whole = false;
            let message = format!("includes more files than are read: {MOST_FILES}");
            self.log.report(site, message);
        } else {
            self.add(path, Some(unit));
        }
    }
}
