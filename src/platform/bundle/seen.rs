//! What is seen of a file of a page while it passes by.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::fmt::rfc2822;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LAST_MODIFIED, LINK};

use super::code::{Code, Coded};
use super::folder::{computed, too_many};
use super::html::{Tag, Tags, linked};
use super::names::{self, source_maps, strings};
use super::page::Page;
use super::reference::{Place, Reference, Strength, is_rooted, join, place};
use super::search::Search;
use super::texture::Texture;
use super::window::View;
use crate::keyring::Format;
use crate::platform::http::{Arriving, location};
use crate::reading::{ErrorKind, ReadError};

/// The most files that one file may name.
const MOST_REFERENCES: usize = 20_000;
/// The most data that one file may name.
const MOST_DATA: usize = 1_000;

/// What was seen of a file so far.
pub(super) struct Seen {
    url: Url,
    base: Url,
    is_html: bool,
    /// What its texts are worth.
    strength: Strength,
    pub search: Search,
    texture: Texture,
    tags: Tags,
    /// Whether an import map is open, so that every text in it is an address.
    in_map: bool,
    /// What its prefixes stand for, as it is written.
    prefixes: Vec<(Box<str>, Box<str>)>,
    /// Whether this is a script, and no source map or data.
    is_script: bool,
    /// Whether this is data that may name more of it.
    is_json: bool,
    /// Whether a script of the page is open.
    in_script: bool,
    /// Whether it is written with two bytes a character, so that no names are seen in it.
    is_wide: bool,
    code: Coded,
    imported: Vec<Url>,
    /// What may lie beside the data that names it.
    beside: Vec<Url>,
    /// What data names on other hosts.
    entries: Vec<Box<str>>,
    names: HashMap<Box<str>, Strength>,
    maps: Vec<Box<str>>,
    data: BTreeMap<Box<str>, Strength>,
    too_many: bool,
}

impl Seen {
    pub fn new(arriving: &Arriving, format: Arc<Format>) -> Self {
        let url = arriving.url().clone();
        let kind = arriving.headers.get(CONTENT_TYPE);
        let is_html = kind.is_some_and(|kind| {
            let kind = kind.as_bytes().to_ascii_lowercase();
            kind.starts_with(b"text/html") || kind.starts_with(b"application/xhtml")
        });
        let is_xml = kind.is_some_and(|kind| {
            let kind = kind.as_bytes().to_ascii_lowercase();
            kind.starts_with(b"application/xhtml")
        });
        let manifest = ["/_buildManifest.js", "/asset-manifest.json"]
            .iter()
            .any(|name| url.path().ends_with(name));
        let header = ["sourcemap", "x-sourcemap"]
            .iter()
            .filter_map(|name| arriving.headers.get(*name)?.to_str().ok());
        let is_data = [".map", ".json", ".css"]
            .iter()
            .any(|ending| url.path().ends_with(ending));
        let mut seen = Self {
            base: url.clone(),
            is_html,
            strength: if manifest {
                Strength::Firm
            } else {
                Strength::Named
            },
            search: Search::new(format),
            texture: Texture::default(),
            tags: Tags::new(is_xml),
            in_map: false,
            prefixes: Vec::new(),
            is_script: !is_html && !is_data,
            is_json: !is_html && url.path().ends_with(".json"),
            in_script: false,
            is_wide: false,
            code: Coded::default(),
            imported: Vec::new(),
            beside: Vec::new(),
            entries: Vec::new(),
            names: HashMap::new(),
            maps: header.map(Into::into).collect(),
            data: BTreeMap::new(),
            too_many: false,
            url,
        };
        let links = arriving.headers.get_all(LINK).into_iter();
        for link in links.filter_map(|link| link.to_str().ok()) {
            linked(link).for_each(|address| seen.name(address, Strength::Firm));
        }
        seen
    }

    pub fn look(&mut self, view: &View<'_>) {
        self.search.look(view);
        self.texture.look(&view.bytes[view.places.clone()]);
        if view.gone == 0 && view.places.start == 0 {
            let start = &view.bytes[..view.bytes.len().min(64)];
            let nuls = start.iter().filter(|byte| **byte == 0).count();
            self.is_wide = (self.is_script || self.is_html) && nuls * 3 > start.len();
        }
        // Where import maps and scripts begin and end in this view.
        let (mut turns, mut scripts) = (Vec::new(), vec![(0, self.in_script)]);
        if self.is_html {
            let mut tags = std::mem::take(&mut self.tags);
            tags.look(view, |tag| match tag {
                Tag::Base(address) => {
                    self.base = join(&self.url, &address).unwrap_or(self.url.clone())
                }
                Tag::Script(address) => self.name(&address, Strength::Firm),
                Tag::Data(address) => self.data(&address, Strength::Named),
                Tag::ImportMap(at) => turns.push((at, true)),
                Tag::Code(at) => scripts.push((at, true)),
                Tag::End(at) => {
                    turns.push((at, false));
                    scripts.push((at, false));
                }
                Tag::TooLong(at) => {
                    let at = view.gone + at as u64;
                    self.code.unfollowed("a tag of more than 8 KiB", at);
                }
            });
            self.tags = tags;
        }
        self.in_script = scripts.last().is_some_and(|(_, open)| *open);
        if self.is_script || self.is_html {
            self.code.look(view, |place| {
                let turn = scripts.iter().rev().find(|(at, _)| *at <= place);
                self.is_script || turn.is_some_and(|(_, open)| *open)
            });
        }
        let mut turns = turns.into_iter().peekable();
        let is_manifest = self.url.path().ends_with("/.vite/manifest.json");
        strings(view, |start, text| {
            while let Some((_, open)) = turns.next_if(|(at, _)| *at <= start) {
                self.in_map = open;
            }
            let before = view.bytes[..start - 1].trim_ascii_end();
            if self.in_map {
                let word = before.strip_suffix(b":").filter(|_| is_rooted(text));
                match word.map(|word| (text.ends_with('/'), word.trim_ascii_end())) {
                    // A prefix stands for files that others name.
                    Some((true, word)) => self
                        .prefixes
                        .extend(last_text(word).map(|word| (word.into(), Box::from(text)))),
                    Some((false, _)) => self.name(text, Strength::Firm),
                    None => {}
                }
            } else if is_manifest {
                if before.ends_with(b"\"file\":") {
                    self.name(text, Strength::Firm);
                }
            } else if names::is_script(text) {
                // Where a variable stands before it, that may be the name of another host.
                if !view.bytes[start..].starts_with(b"${") {
                    self.name(text, self.strength);
                }
                if self.is_json {
                    self.entry(before, text);
                }
            } else if self.is_json && names::is_data(text) && before.ends_with(b":") {
                // What code makes of it is relative to the page as a rule, and may be to the data.
                match is_rooted(text) {
                    true => self.data(text, Strength::Named),
                    false => self.data(text, Strength::Guess),
                }
                self.beside.extend(join(&self.url, text));
            } else if (self.is_script || self.is_html) && names::is_data(text) {
                // What is not asked for right here may be a name of something else.
                let is_asked = [&b"fetch("[..], b".get(", b"getJSON("]
                    .iter()
                    .any(|call| before.ends_with(call));
                let strength = if is_asked {
                    Strength::Named
                } else {
                    Strength::Guess
                };
                self.data(text, strength);
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

    /// A script that data names, which may lie beside it or on another host.
    fn entry(&mut self, before: &[u8], text: &str) {
        let url = join(&self.url, text);
        let is_entry = before
            .strip_suffix(b":")
            .and_then(|word| last_text(word.trim_ascii_end()))
            .is_some_and(|word| ["remoteEntry", "entry", "remote"].contains(&word));
        match url {
            Some(url) if url.origin() == self.url.origin() => self.beside.push(url),
            Some(_) if is_entry => self.entries.push(text.into()),
            _ => {}
        }
    }

    fn data(&mut self, address: &str, strength: Strength) {
        if let Some(known) = self.data.get_mut(address) {
            *known = strength.max(*known);
        } else if self.data.len() < MOST_DATA {
            self.data.insert(address.into(), strength);
        } else {
            self.too_many = true;
        }
    }

    /// Where what is imported lies. What only others can tell, or is on another host, is left.
    fn locate(&mut self) -> Code {
        let mut code = self.code.finish();
        let own = self.url.origin();
        for (address, strength) in std::mem::take(&mut code.data) {
            self.data(&address, strength);
        }
        code.imports.retain(|import| {
            if !is_rooted(import) {
                return true;
            }
            let Some(url) = join(&self.base, import) else {
                return false;
            };
            let elsewhere = url.origin() != own;
            self.imported.push(url);
            elsewhere
        });
        code.imports.append(&mut self.entries);
        code
    }

    pub fn finish(mut self, bytes: u64, headers: &HeaderMap) -> Page {
        let code = self.locate();
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
        for url in self.imported {
            add(url, Strength::Named);
        }
        self.beside.truncate(MOST_DATA);
        for url in self.beside {
            add(url, Strength::Guess);
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
            _ if found.unfollowed.is_some() => found.unfollowed.map(|at| computed(&shown, at)),
            _ if self.texture.binary().is_some() => Some(ReadError::new(
                ErrorKind::BadData,
                format!("{shown} is no text, and was not decoded"),
                "let the server say how it is encoded, or name the built folder in `path`",
            )),
            _ if self.is_wide => Some(ReadError::new(
                ErrorKind::BadData,
                format!(
                    "{shown} is written in UTF-16, in which the names of other files are not looked for"
                ),
                "serve it as UTF-8, or name the built folder in `path`",
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
            code,
            data: self.data.into_iter().collect(),
            prefixes: self
                .prefixes
                .into_iter()
                .filter_map(|(name, text)| Some((name, join(&self.base, &text)?.as_str().into())))
                .collect(),
            base: self.base.as_str().into(),
            cut,
        }
    }
}

/// The text in quotes that stands at an end.
fn last_text(text: &[u8]) -> Option<&str> {
    let inside = text.strip_suffix(b"\"")?;
    let start = inside.iter().rposition(|byte| *byte == b'"')?;
    std::str::from_utf8(&inside[start + 1..]).ok()
}
