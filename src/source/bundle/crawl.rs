use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::runtime::{Chunks, unfollowed};
use super::{Bundle, reading, readings_or_none};
use crate::keyring::Format;
use crate::platform::bundle::{
    Page, SearchPage, Strength, beside, is_script, located, name_of, origin, usual,
};
use crate::platform::http::{Headers, place};
use crate::platform::{Asking, Attempt, Stop};
use crate::reading::{ErrorKind, Found, Identity, ReadError, Reading, Retry};

/// How many files are asked for side by side; only then it is looked whether there is room for more.
const AT_ONCE: usize = 64;

/// What is known of the files of a page so far.
struct Crawl<'a> {
    page: &'a str,
    /// What relative addresses in the page start from.
    base: &'a str,
    /// What its import map has for names that begin so.
    prefixes: &'a [(Box<str>, Arc<str>)],
    /// The origins that may be asked.
    origins: HashSet<String>,
    /// Every address, and how sure it is.
    known: HashMap<Arc<str>, Strength>,
    /// Those that were not asked for yet.
    waiting: VecDeque<Arc<str>>,
    /// Names that nothing completes so far.
    loose: BTreeMap<Box<str>, Strength>,
    chunks: Chunks<'a>,
    /// What is loaded from hosts that may not be asked.
    elsewhere: BTreeSet<Arc<str>>,
    /// The files that were there.
    there: Vec<(Arc<str>, &'a Page)>,
    failed: Vec<(Arc<str>, &'a ReadError)>,
    files: u64,
    bytes: u64,
}

impl Bundle {
    pub(super) fn crawl(
        &self,
        url: &Arc<str>,
        format: &Arc<Format>,
        asking: &Asking<'_>,
    ) -> Result<Vec<Reading>, Stop> {
        let (most_files, most_bytes) = self.most(2000, 256);
        let own = origin(url);
        let bare = Arc::<Headers>::default();
        let ask = |url: &Arc<str>, most: u64| SearchPage {
            url: Arc::clone(url),
            headers: match origin(url) == own {
                true => Arc::clone(&self.headers),
                false => Arc::clone(&bare),
            },
            format: Arc::clone(format),
            most,
        };
        let page = asking.of(&ask(url, most_bytes))?;
        let mut crawl = Crawl::of(url, page);
        while crawl.files < most_files && crawl.bytes < most_bytes {
            let room = usize::try_from(most_files - crawl.files).unwrap_or(usize::MAX);
            let round = crawl.take(AT_ONCE.min(room));
            if round.is_empty() {
                break;
            }
            let left = most_bytes - crawl.bytes;
            let asks: Vec<_> = round.iter().map(|url| ask(url, left)).collect();
            let answers = asking.all(&asks)?;
            for (url, answer) in round.into_iter().zip(answers) {
                crawl.answered(url, answer);
            }
        }
        Ok(crawl.readings((most_files, most_bytes)))
    }
}

impl<'a> Crawl<'a> {
    fn of(url: &'a Arc<str>, page: &'a Page) -> Self {
        let mut crawl = Self {
            page: url,
            base: &page.base,
            prefixes: &page.prefixes,
            origins: origin(url).into_iter().collect(),
            known: HashMap::from([(Arc::clone(url), Strength::Firm)]),
            waiting: VecDeque::new(),
            loose: BTreeMap::new(),
            chunks: Chunks::default(),
            elsewhere: BTreeSet::new(),
            there: Vec::new(),
            failed: Vec::new(),
            files: 0,
            bytes: 0,
        };
        let firm = page.references.iter();
        let firm = firm.filter(|reference| reference.strength == Strength::Firm);
        let firm: Vec<&str> = firm.map(|reference| &*reference.url).collect();
        crawl
            .origins
            .extend(firm.iter().filter_map(|url| origin(url)));
        crawl.answered(Arc::clone(url), Ok(page));
        for guess in usual(url, firm) {
            crawl.name(guess, Strength::Guess);
        }
        crawl
    }

    /// Some of the files that were not asked for yet.
    fn take(&mut self, most: usize) -> Vec<Arc<str>> {
        if self.waiting.is_empty() {
            self.complete();
        }
        let count = self.waiting.len().min(most);
        self.waiting.drain(..count).collect()
    }

    fn answered(&mut self, url: Arc<str>, answer: Attempt<'a, SearchPage>) {
        self.files += 1;
        match answer {
            Ok(page) => {
                self.bytes += page.bytes;
                self.there.push((Arc::clone(&url), page));
                // A server that has a page for every address has it for scripts that are not there too.
                if page.is_html && self.files > 1 {
                    return;
                }
                for reference in &page.references {
                    self.name(Arc::clone(&reference.url), reference.strength);
                }
                for (text, strength) in &page.loose {
                    let known = self.loose.entry(text.clone()).or_insert(*strength);
                    *known = (*known).max(*strength);
                }
                for worker in &page.code.workers {
                    let worker = located(worker, self.base);
                    worker
                        .into_iter()
                        .for_each(|url| self.name(url, Strength::Named));
                }
                for (data, strength) in &page.data {
                    let data = located(data, self.base);
                    data.into_iter().for_each(|url| self.name(url, *strength));
                }
                for import in &page.code.imports {
                    if let Some(elsewhere) = located(import, &url).filter(|_| import.contains("//"))
                    {
                        self.elsewhere.insert(elsewhere);
                    } else {
                        let known = self.loose.entry(import.clone());
                        known.or_insert(Strength::Named);
                    }
                }
                self.chunks.add(&url, page, self.base);
                self.ask_for_chunks();
            }
            Err(error) => self.failed.push((url, error)),
        }
    }

    fn name(&mut self, url: Arc<str>, strength: Strength) {
        if let Some(known) = self.known.get_mut(&url) {
            *known = strength.max(*known);
            return;
        }
        if origin(&url).is_some_and(|origin| self.origins.contains(&origin)) {
            self.known.insert(Arc::clone(&url), strength);
            self.waiting.push_back(url);
        }
    }

    /// The page's own runtime says where its chunks are, so that host may be asked.
    fn ask_for_chunks(&mut self) {
        for url in self.chunks.take() {
            self.origins.extend(origin(&url));
            self.name(url, Strength::Named);
        }
    }

    /// Where the import map has a name.
    fn mapped(&self, name: &str) -> Option<Arc<str>> {
        let fitting = self.prefixes.iter().filter_map(|(prefix, place)| {
            let rest = name.strip_prefix(&**prefix)?;
            Some((prefix.len(), located(rest, place)?))
        });
        fitting
            .max_by_key(|(length, _)| *length)
            .map(|(_, url)| url)
    }

    /// Names that stand for a file beside one that is there.
    fn complete(&mut self) {
        self.chunks.use_ids();
        self.ask_for_chunks();
        let mut folders: Vec<&Arc<str>> = self.there.iter().map(|(url, _)| url).collect();
        folders.sort_unstable();
        let found: Vec<(Arc<str>, Strength)> = self
            .loose
            .iter()
            .filter_map(|(text, strength)| {
                if let Some(mapped) = self.mapped(text) {
                    return Some((mapped, *strength));
                }
                let mut beside = folders.iter().filter_map(|url| beside(text, url));
                let beside = beside.next().map(|url| (url, *strength));
                // A page that puts it into a tag means it from where the page is.
                let from_page = || {
                    let url = located(text, self.base).filter(|_| is_script(text))?;
                    Some((url, Strength::Guess))
                };
                beside.or_else(from_page)
            })
            .collect();
        for (url, strength) in found {
            self.name(url, strength);
        }
    }

    fn readings(mut self, most: (u64, u64)) -> Vec<Reading> {
        let page = self.page;
        let mut readings: Vec<Reading> = Vec::new();
        let mut searched = (0, 0);
        self.there.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let loads = self.there.iter().any(|(_, found)| found.code.loads);
        for (url, found) in &self.there {
            let name = name_of(url, page);
            let of = |reading: Reading| {
                let mut reading = reading.of_replica(&*name).started_at(found.modified);
                reading.identity = place(url).map(Identity::of);
                reading
            };
            let failed = |error: ReadError| of(Reading::new(Found::Failed(error)));
            if found.is_html && **url != *page {
                if self.known.get(url) == Some(&Strength::Firm) {
                    readings.push(failed(no_script(&name)));
                }
                continue;
            }
            searched.0 += 1;
            searched.1 += found.bytes;
            readings.extend(found.tokens.iter().map(reading).map(of));
            readings.extend(found.cut.clone().map(failed));
            readings.extend(unfollowed(&found.code, loads).map(|found| of(Reading::new(found))));
        }
        self.failed.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (url, error) in &self.failed {
            let strength = self.known.get(url).copied();
            if !strength.is_some_and(|strength| may_be_missing(strength, error)) {
                let failed = Reading::new(Found::Failed((*error).clone()));
                readings.push(failed.of_replica(name_of(url, page)));
            }
        }
        self.complete();
        let is_there = |url: &Arc<str>| {
            let found = self.there.binary_search_by(|(other, _)| other.cmp(url));
            found.is_ok_and(|at| !self.there[at].1.is_html)
        };
        let waiting: HashSet<&Arc<str>> = self.waiting.iter().collect();
        let is_waiting = |url: &Arc<str>| waiting.contains(url);
        let missing = self.chunks.missing(is_there, is_waiting);
        readings.extend(
            missing.map(|(script, found)| Reading::new(found).of_replica(name_of(script, page))),
        );
        for url in &self.elsewhere {
            if origin(url).is_none_or(|origin| !self.origins.contains(&origin)) {
                readings.push(not_asked().of_replica(name_of(url, page)));
            }
        }
        if !self.waiting.is_empty() {
            readings.push(
                Reading::new(Found::Failed(more(self.waiting.len(), most)))
                    .of_replica("further files"),
            );
        }
        readings_or_none(readings, searched)
    }
}

/// Whether an answer only shows that there never was such a file.
fn may_be_missing(strength: Strength, error: &ReadError) -> bool {
    match strength {
        Strength::Firm => false,
        Strength::Named => error.kind == ErrorKind::NotFound && error.answered,
        // Where nobody may list a folder, what is not there is denied, or leads to a login elsewhere.
        Strength::Guess => {
            let kinds = [ErrorKind::NotFound, ErrorKind::Denied, ErrorKind::Protocol];
            kinds.contains(&error.kind) && error.retry == Retry::Never
        }
    }
}

fn not_asked() -> Reading {
    Reading::new(Found::hidden(
        None,
        "a script loads it from a host that the page does not name, which was not asked: give it a `bundle` hop of its own, \
         with its address in `url`",
    ))
}

fn no_script(name: &str) -> ReadError {
    ReadError::new(
        ErrorKind::BadData,
        format!("{name} should be a script, and is a page"),
        "deploy what the page names, or correct the page: browsers do not run it",
    )
}

fn more(waiting: usize, (files, bytes): (u64, u64)) -> ReadError {
    ReadError::new(
        ErrorKind::TooLarge,
        format!(
            "{waiting} more files are named than could be looked at: the limits are {files} files and {} MiB",
            bytes >> 20
        ),
        "raise `most_files` and `most_mebibytes`, or name the built folder in `path`",
    )
}
