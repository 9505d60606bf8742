//! Chunks whose names the runtime of a bundler makes.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::platform::bundle::{ChunkNames, Code, Page, Unfollowed, located};
use crate::reading::{ErrorKind, Found, ReadError};

/// The chunks of a page, as far as its runtimes name them.
#[derive(Default)]
pub(super) struct Chunks<'a> {
    runtimes: Vec<Runtime<'a>>,
    /// Ids that are loaded, and names and numbers of which only some are ids.
    ids: BTreeSet<&'a str>,
    loose_ids: BTreeSet<&'a str>,
    /// Addresses that were not handed out yet.
    new: Vec<Arc<str>>,
}

struct Runtime<'a> {
    script: Arc<str>,
    names: &'a ChunkNames,
    /// Where its chunks may lie.
    places: Vec<Arc<str>>,
    /// Whether only ids that others load tell what its chunks are.
    takes_any: bool,
    /// Which of them were asked for.
    used: BTreeSet<&'a str>,
    /// For each chunk that has to be there, where it may be.
    chunks: Vec<Vec<Arc<str>>>,
}

impl<'a> Chunks<'a> {
    /// Takes in a script of a page.
    pub fn add(&mut self, script: &Arc<str>, page: &'a Page, document: &str) {
        let code = &page.code;
        self.ids.extend(code.ids.iter().map(|id| &**id));
        self.loose_ids.extend(code.loose_ids.iter().map(|id| &**id));
        for names in &code.chunks {
            let mut runtime = Runtime {
                script: Arc::clone(script),
                names,
                places: places(script, code, document),
                takes_any: names.takes_any(),
                used: BTreeSet::new(),
                chunks: Vec::new(),
            };
            for name in names.known().values() {
                let addresses = runtime.addresses(name);
                self.new.extend(addresses.iter().cloned());
                runtime.chunks.push(addresses);
            }
            self.runtimes.push(runtime);
        }
    }

    /// Makes names of the ids that were met.
    pub fn use_ids(&mut self) {
        // Which of several runtimes an id belongs to is not known.
        let only = self.runtimes.len() == 1;
        for runtime in self.runtimes.iter_mut().filter(|one| one.takes_any) {
            for (ids, are_sure) in [(&self.ids, only), (&self.loose_ids, false)] {
                for id in ids {
                    if !runtime.used.insert(id) {
                        continue;
                    }
                    let Some(name) = runtime.names.name(id) else {
                        continue;
                    };
                    let addresses = runtime.addresses(&name);
                    self.new.extend(addresses.iter().cloned());
                    if are_sure {
                        runtime.chunks.push(addresses);
                    }
                }
            }
        }
    }

    /// The addresses that came to be known.
    pub fn take(&mut self) -> Vec<Arc<str>> {
        std::mem::take(&mut self.new)
    }

    /// What is said of runtimes whose chunks were not found, and of which script.
    pub fn missing(
        &self,
        is_there: impl Fn(&Arc<str>) -> bool,
        is_waiting: impl Fn(&Arc<str>) -> bool,
    ) -> impl Iterator<Item = (&str, Found)> {
        self.runtimes.iter().filter_map(move |runtime| {
            if runtime.takes_any && runtime.used.is_empty() && runtime.chunks.is_empty() {
                let why = "its runtime names chunks by code, and nothing that was seen says which there are: read the \
                           built folder with `path` in place of this hop, or beside it, and then answer for this page with \
                           `revoke-check --accept NAME --reason TEXT`";
                return Some((&*runtime.script, Found::hidden(None, why)));
            }
            let is_missing = |addresses: &&Vec<Arc<str>>| {
                !addresses.iter().any(|url| is_there(url) || is_waiting(url))
            };
            let missing = runtime.chunks.iter().filter(is_missing).count();
            let error = || {
                let of = runtime.chunks.len();
                ReadError::new(
                    ErrorKind::NotFound,
                    format!("{missing} of the {of} chunks that its runtime names could not be read where it says"),
                    "deploy what the page names, or add a `bundle` hop with the built folder in `path`",
                )
            };
            (missing > 0).then(|| (&*runtime.script, Found::Failed(error())))
        })
    }
}

impl Runtime<'_> {
    fn addresses(&self, name: &str) -> Vec<Arc<str>> {
        let places = self.places.iter();
        places.filter_map(|place| located(name, place)).collect()
    }
}

/// Where the chunks of a runtime may lie: at its public path, or beside its script.
fn places(script: &str, code: &Code, document: &str) -> Vec<Arc<str>> {
    let mut places: Vec<Arc<str>> = match code.public_paths.as_slice() {
        paths if !paths.is_empty() && !code.from_script => {
            let places = paths.iter();
            places.filter_map(|path| located(path, document)).collect()
        }
        _ => {
            let upwards = format!("./{}", code.upwards);
            located(&upwards, script).into_iter().collect()
        }
    };
    places.sort_unstable();
    places.dedup();
    places
}

/// What is said of a script that loads others by names which could not be followed; whether any script of the page
/// `loads` what it does not name.
pub(super) fn unfollowed(code: &Code, loads: bool) -> Option<Found> {
    let counts = |one: &&Unfollowed| loads || !one.needs_loader;
    let first = code.unfollowed.iter().find(counts)?;
    let more = match code.unfollowed.iter().filter(counts).count() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(Found::hidden(
        None,
        format!(
            "it loads further scripts or data by names that its code puts together, which could not be followed: {} at byte {}{more}; read \
             the built folder with `path` in place of this hop, or beside it, and then answer for this page with `revoke-check \
             --accept NAME --reason TEXT`",
            first.how, first.at
        ),
    ))
}
