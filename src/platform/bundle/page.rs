use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, LAST_MODIFIED};
use reqwest::{StatusCode, Url};

use super::folder::too_many;
use super::html::{self, Tag, Tags};
use super::names::{self, source_maps, strings};
use super::reference::{Place, Reference, Strength, is_rooted, join, place};
use super::search::{Search, Token};
use super::window::{View, Window};
use crate::keyring::{Format, scrubbed};
use crate::platform::Ask;
use crate::platform::http::{Arriving, Call, Headers, Http, fill, host, location, parse_url};
use crate::reading::{ErrorKind, ReadError};

/// Asks for the tokens in a file that a server gives, and for what else it names.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SearchPage {
    /// Where it is.
    pub url: Arc<str>,
    /// Credentials that go along, to this origin only.
    pub headers: Arc<Headers>,
    /// What is looked for.
    pub format: Arc<Format>,
    /// The most bytes, after decompression.
    pub most: u64,
}

/// A file that a server gave.
pub struct Page {
    /// Its tokens, each once.
    pub tokens: Vec<Token>,
    /// How many bytes it has.
    pub bytes: u64,
    /// When it was last changed, if the server says so.
    pub modified: Option<Timestamp>,
    /// Whether it is a page for people.
    pub is_html: bool,
    /// The files it names.
    pub references: Vec<Reference>,
    /// Files it names by addresses that only others complete; see [`super::beside`].
    pub loose: Vec<(Box<str>, Strength)>,
    /// Why not all of it was seen.
    pub cut: Option<ReadError>,
}

/// How many characters of an address are shown.
const SHOWN: usize = 400;

/// The most files that one file may name.
const MOST_REFERENCES: usize = 20_000;

impl Ask for SearchPage {
    type Platform = Http;
    type Answer = Page;

    // Which files are asked for comes out only when others are there.
    const KEEP: bool = true;

    // Another page wrote it, which may have written a key into it.
    fn describe(&self) -> String {
        let shown = location(&self.url);
        format!("GET {}", scrubbed(shown.as_bytes(), [&*self.format], SHOWN))
    }

    fn host(&self, _: &Http) -> Option<Arc<str>> {
        self.url().ok().map(|url| host(&url))
    }

    async fn send(http: &Http, asks: Vec<Self>) -> Vec<Result<Page, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.search(http).await);
        }
        answers
    }
}

impl SearchPage {
    fn url(&self) -> Result<Url, ReadError> {
        parse_url(&self.url).map_err(|why| ReadError::new(ErrorKind::BadData, why, "correct `url`"))
    }

    async fn search(&self, http: &Http) -> Result<Page, ReadError> {
        let (headers, sent) = fill(&self.headers, &http.credentials).await?;
        let call = Call::get(self.url()?).with_all(headers, sent);
        let mut arriving = call.open(&http.clients).await?;
        if arriving.status.is_success() && arriving.status != StatusCode::OK {
            let (shown, status) = (location(&self.url), arriving.status);
            return Err(ReadError::new(
                ErrorKind::Protocol,
                format!("{shown} answered {status}, which is not all of it"),
                "ask it by hand with `curl -v`",
            )
            .answered());
        }
        if arriving.status != StatusCode::OK {
            // What stands in the refusal is not repeated: it may be a whole page.
            let next = "let the credential in `headers` read this address";
            return Err(arriving.whole(0).await?.refused(Some(""), next));
        }
        // What the client can take apart, it says no more.
        let encoding = arriving.headers.get(CONTENT_ENCODING);
        if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(ReadError::new(
                ErrorKind::BadData,
                format!(
                    "{} is compressed in a way that nobody asked for",
                    location(&self.url)
                ),
                "let the server send it plain or with gzip, or name the built folder in `path`",
            ));
        }
        let mut seen = Seen::new(&arriving, Arc::clone(&self.format));
        let behind = seen
            .search
            .behind()
            .max(html::LONGEST)
            .max(names::LONGEST + 16);
        let mut window = Window::new(Search::before(), behind);
        let (mut bytes, mut whole) = (0, true);
        while let Some(chunk) = arriving.chunk().await? {
            if bytes + chunk.len() as u64 > self.most {
                whole = false;
                break;
            }
            bytes += chunk.len() as u64;
            window.push(&chunk, &mut |view| seen.look(view));
        }
        window.show(true, &mut |view| seen.look(view));
        let mut page = seen.finish(bytes, &arriving.headers);
        if !whole {
            page.cut = Some(self.too_large());
        }
        Ok(page)
    }

    fn too_large(&self) -> ReadError {
        ReadError::new(
            ErrorKind::TooLarge,
            format!(
                "{} has more than the {} MiB that were left to look at",
                location(&self.url),
                self.most >> 20
            ),
            "raise `most_mebibytes`",
        )
    }
}

/// What was seen of a file so far.
struct Seen {
    url: Url,
    base: Url,
    is_html: bool,
    /// What its texts are worth.
    strength: Strength,
    search: Search,
    tags: Tags,
    /// Whether an import map is open, so that every text in it is an address.
    in_map: bool,
    names: HashMap<Box<str>, Strength>,
    maps: Vec<Box<str>>,
    too_many: bool,
}

impl Seen {
    fn new(arriving: &Arriving, format: Arc<Format>) -> Self {
        let url = arriving.url().clone();
        let kind = arriving.headers.get(CONTENT_TYPE);
        let is_html = kind.is_some_and(|kind| {
            let kind = kind.as_bytes().to_ascii_lowercase();
            kind.starts_with(b"text/html") || kind.starts_with(b"application/xhtml")
        });
        let manifest = ["/_buildManifest.js", "/asset-manifest.json"]
            .iter()
            .any(|name| url.path().ends_with(name));
        let header = ["sourcemap", "x-sourcemap"]
            .iter()
            .filter_map(|name| arriving.headers.get(*name)?.to_str().ok());
        Self {
            base: url.clone(),
            is_html,
            strength: if manifest {
                Strength::Firm
            } else {
                Strength::Named
            },
            search: Search::new(format),
            tags: Tags::default(),
            in_map: false,
            names: HashMap::new(),
            maps: header.map(Into::into).collect(),
            too_many: false,
            url,
        }
    }

    fn look(&mut self, view: &View<'_>) {
        self.search.look(view);
        // Where import maps begin and end in this view.
        let mut turns = Vec::new();
        if self.is_html {
            let mut tags = std::mem::take(&mut self.tags);
            tags.look(view, |tag| match tag {
                Tag::Base(address) => {
                    self.base = join(&self.url, &address).unwrap_or(self.url.clone())
                }
                Tag::Script(address) => self.name(&address, Strength::Firm),
                Tag::ImportMap(at) => turns.push((at, true)),
                Tag::End(at) => turns.push((at, false)),
            });
            self.tags = tags;
        }
        let mut turns = turns.into_iter().peekable();
        let is_manifest = self.url.path().ends_with("/manifest.json");
        strings(view, |start, text| {
            while let Some((_, open)) = turns.next_if(|(at, _)| *at <= start) {
                self.in_map = open;
            }
            let before = view.bytes[..start - 1].trim_ascii_end();
            if self.in_map {
                // A prefix stands for files that others name, and what stands before the colon for a word.
                if before.ends_with(b":") && is_rooted(text) && !text.ends_with('/') {
                    self.name(text, Strength::Firm);
                }
            } else if is_manifest {
                if before.ends_with(b"\"file\":") {
                    self.name(text, Strength::Firm);
                }
            } else if names::is_script(text) {
                self.name(text, self.strength);
            }
        });
        for (_, open) in turns {
            self.in_map = open;
        }
        if !self.is_html {
            source_maps(view, |name| {
                if self.maps.len() < 10 {
                    self.maps.push(name.into());
                }
            });
        }
    }

    fn name(&mut self, text: &str, strength: Strength) {
        if let Some(known) = self.names.get_mut(text) {
            *known = strength.max(*known);
        } else if self.names.len() < MOST_REFERENCES {
            self.names.insert(text.into(), strength);
        } else {
            self.too_many = true;
        }
    }

    fn finish(mut self, bytes: u64, headers: &HeaderMap) -> Page {
        let mut references: HashMap<Arc<str>, Strength> = HashMap::new();
        let mut loose = Vec::new();
        let mut add = |url: Url, strength: Strength| {
            let known = references.entry(url.as_str().into()).or_insert(strength);
            *known = strength.max(*known);
        };
        for (text, strength) in &self.names {
            // What tags and import maps name need not look like a script.
            if *strength == Strength::Firm && self.is_html {
                join(&self.base, text)
                    .into_iter()
                    .for_each(|url| add(url, *strength));
                continue;
            }
            match place(text, &self.base) {
                Place::At(url) => add(url, *strength),
                Place::Loose => loose.push((text.clone(), *strength)),
                Place::Nothing => {}
            }
        }
        for map in &self.maps {
            join(&self.url, map)
                .into_iter()
                .for_each(|url| add(url, Strength::Guess));
        }
        let mut references: Vec<Reference> = references
            .into_iter()
            .map(|(url, strength)| Reference { url, strength })
            .collect();
        references.sort_unstable_by(|a, b| (b.strength, &a.url).cmp(&(a.strength, &b.url)));
        loose.sort_unstable();
        let found = self.search.finish();
        let shown = location(self.url.as_str());
        let cut = match (found.too_many, self.too_many) {
            (true, _) => Some(too_many(&shown)),
            (_, true) => Some(ReadError::new(
                ErrorKind::TooLarge,
                format!("{shown} names over {MOST_REFERENCES} files, and not all were looked at"),
                "name a page that loads less, or the built folder in `path`",
            )),
            _ => None,
        };
        let modified = headers
            .get(LAST_MODIFIED)
            .and_then(|text| text.to_str().ok());
        let modified =
            modified.and_then(|text| rfc2822::DateTimeParser::new().parse_timestamp(text).ok());
        Page {
            tokens: found.tokens,
            bytes,
            modified,
            is_html: self.is_html,
            references,
            loose,
            cut,
        }
    }
}
