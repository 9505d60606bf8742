use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::Site;
use super::log::Log;
use super::tree::{Tree, position};
use crate::key::Fingerprint;
use crate::keyring::Format;

/// More keys in one file are a mistake of the format, or a mistake that one finds by the first ones.
const TOLD: usize = 20;

/// What is known of keys before anything of the files is shown.
pub(super) struct Guard {
    /// Each format once, with the project that is named for it.
    formats: Vec<(Arc<Format>, Box<str>)>,
    by_text: HashMap<Box<str>, Result<Arc<Format>, String>>,
    /// The keys that stand in the files, which is a mistake.
    found: Vec<Zeroizing<String>>,
}

impl Guard {
    /// Compiles every project's format and searches the files for keys.
    pub fn new<'t>(trees: impl IntoIterator<Item = &'t Tree> + Clone, log: &Log) -> Self {
        let mut guard = Self {
            formats: Vec::new(),
            by_text: HashMap::new(),
            found: Vec::new(),
        };
        for tree in trees.clone() {
            guard.compile(tree);
        }
        let mut places = Vec::new();
        for tree in trees {
            guard.search(tree, &mut places);
        }
        for (site, format) in places {
            let (_, project) = &guard.formats[format];
            let project = if guard.hides(project) {
                "a project".to_owned()
            } else {
                format!("project {}", log.name(project))
            };
            log.report_with(
                site,
                format!("a key stands here: it fits the `format` of {project}"),
                || {
                    Some(
                        "keys are never written into this file: say where it is read from; if \
                         this is no key, make the format tell keys from other words"
                            .to_owned(),
                    )
                },
            );
        }
        guard
    }

    /// Whether a text must not be shown: a key, around a key, or a part of one that was found.
    pub fn hides(&self, text: &str) -> bool {
        self.fits(text).is_some()
            || text.len() >= 4 && self.found.iter().any(|key| key.contains(text))
    }

    /// The project whose format something in the text fits.
    pub fn fits(&self, text: &str) -> Option<&str> {
        self.formats
            .iter()
            .find(|(format, _)| format.find_in(text.as_bytes()).next().is_some())
            .map(|(_, project)| &**project)
    }

    /// The compiled format, or what is wrong with it.
    pub fn format(&self, text: &str) -> Option<&Result<Arc<Format>, String>> {
        self.by_text.get(text)
    }

    fn compile(&mut self, tree: &Tree) {
        let Some(projects) = tree.get(tree.root(), "projects") else {
            return;
        };
        for [name, project] in tree.entries(projects) {
            let overrides = tree.get(*project, "environments");
            let overrides = overrides.map_or(&[][..], |id| tree.entries(id));
            let owners = overrides.iter().map(|[_, body]| *body);
            for owner in std::iter::once(*project).chain(owners) {
                let Some(text) = tree.get(owner, "format").map(|id| tree.text(id)) else {
                    continue;
                };
                if text.is_empty() || self.by_text.contains_key(text) {
                    continue;
                }
                let format = Format::new(text)
                    .map(Arc::new)
                    .map_err(|error| error.to_string());
                if let Ok(format) = &format {
                    self.formats
                        .push((Arc::clone(format), tree.text(*name).into()));
                }
                self.by_text.insert(text.into(), format);
            }
        }
    }

    /// Looks through everything: keys and values, comments, and scalars that are written in another
    /// way than they read.
    fn search(&mut self, tree: &Tree, places: &mut Vec<(Site, usize)>) {
        let mut told = 0;
        for (index, (format, _)) in self.formats.iter().enumerate() {
            for range in format.find_in(tree.text.as_bytes()) {
                if told >= TOLD {
                    return;
                }
                if is_fingerprint(&tree.text, range.clone()) {
                    continue;
                }
                let (line, column) = position(&tree.text, range.start);
                let file = tree.file;
                places.push((Site { file, line, column }, index));
                self.found.push(part(&tree.text, range));
                told += 1;
            }
            for (id, text) in tree.rewritten() {
                for range in format.find_in(text.as_bytes()) {
                    if told >= TOLD {
                        return;
                    }
                    if is_fingerprint(text, range.clone()) {
                        continue;
                    }
                    places.push((tree.site(id), index));
                    self.found.push(part(text, range));
                    told += 1;
                }
            }
        }
    }
}

/// A part of a text, which a format may find in the middle of a character.
fn part(text: &str, range: Range<usize>) -> Zeroizing<String> {
    let bytes = text.as_bytes().get(range).unwrap_or_default();
    Zeroizing::new(String::from_utf8_lossy(bytes).into_owned())
}

/// A whole fingerprint looks like a key of hex digits, and may stand here.
fn is_fingerprint(text: &str, range: Range<usize>) -> bool {
    let (before, rest) = text.as_bytes().split_at(range.start);
    let digits = &rest[..range.len()];
    digits.len() <= 64
        && digits.iter().all(u8::is_ascii_hexdigit)
        && before.ends_with(Fingerprint::PREFIX.as_bytes())
}
