//! The tokens of a stream.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::base64::{Runs, Step};
use super::escape::ends_in_escape;
use super::escaped::{self, Unescaped, sight, step};
use super::joint;
use super::literal::{AROUND, around};
use super::spelled::{self, Made, Spelled, Spelling};
use super::wide::Wide;
use super::window::{View, Window};
use super::wrapped::{Chains, Link};
use crate::key::{Fingerprint, Secret};
use crate::keyring::Format;

/// How many different tokens of one file are told: more are no keys.
pub const MOST_TOKENS: usize = 100;

/// A token of a file, or the literal around it.
pub enum Token {
    /// It stands there as it is, or in a text.
    Plain {
        /// The whole SHA-256 of it.
        fingerprint: Fingerprint,
        /// How many bytes it has.
        length: usize,
    },
    /// A literal holds nothing but it and what it is wrapped in by mistake.
    Wrapped(Secret),
}

/// How deep texts may be encoded in each other.
const DEEPEST: u32 = 3;

/// The fewest bytes of a key that is looked for in base64: less is met there by chance.
const SHORTEST: usize = 12;

/// Searches one stream after the other: for tokens as they are, with escapes in them or in parts, of two
/// bytes a character, and in base64.
pub(super) struct Search {
    format: Arc<Format>,
    seen: HashSet<Fingerprint>,
    tokens: Vec<Token>,
    /// Where the next token may start, from the start of the stream.
    next: u64,
    /// Where the next escape is looked for.
    next_escape: u64,
    too_many: bool,
    spelled: Option<Spelled>,
    unfollowed: Option<(Made, u64)>,
    depth: u32,
    wide: Wide,
    wide_inner: Option<Box<Inner>>,
    /// `None` where keys are too short for it.
    runs: Option<Runs>,
    runs_inner: Option<Box<Inner>>,
    /// The same in several parts.
    chains: Option<Chains>,
    chains_inner: [Option<Box<Inner>>; 4],
}

/// A text within another.
struct Inner {
    window: Window,
    search: Search,
    used: bool,
}

/// What a stream holds.
pub(super) struct Tokens {
    /// Each once, as they come.
    pub tokens: Vec<Token>,
    /// Whether there are others.
    pub too_many: bool,
    /// Where a text is made that may be a key, and of what.
    pub unfollowed: Option<(Made, u64)>,
}

impl Inner {
    fn push(&mut self, bytes: &[u8]) {
        self.used = true;
        let search = &mut self.search;
        self.window.push(bytes, &mut |view| search.look(view));
    }

    fn finish(&mut self) -> Option<Tokens> {
        if !std::mem::take(&mut self.used) {
            return None;
        }
        let search = &mut self.search;
        self.window.show(true, &mut |view| search.look(view));
        self.window.restart();
        Some(search.finish())
    }
}

impl Search {
    pub fn new(format: Arc<Format>) -> Self {
        Self::at_depth(format, 0)
    }

    fn at_depth(format: Arc<Format>, depth: u32) -> Self {
        let longest = format.longest();
        let shortest = Some(format.shortest());
        let shortest = shortest.filter(|shortest| *shortest >= SHORTEST && depth < DEEPEST);
        Self {
            spelled: Spelled::new(&format),
            unfollowed: None,
            format,
            seen: HashSet::new(),
            tokens: Vec::new(),
            next: 0,
            next_escape: 0,
            too_many: false,
            depth,
            wide: Wide::default(),
            wide_inner: None,
            runs: shortest.map(Runs::new),
            runs_inner: None,
            chains: shortest.map(|shortest| Chains::new(shortest, longest)),
            chains_inner: [const { None }; 4],
        }
    }

    /// A window that shows as much beside every place as is needed, and at least so much behind it.
    pub fn window(&self, behind: usize) -> Window {
        let longest = self.format.longest();
        let before = self.runs.as_ref().map_or(0, Runs::before);
        let before = before.max(self.chains.as_ref().map_or(0, Chains::before));
        let before = before.max(longest + AROUND + joint::MOST);
        let before = before.max(Spelled::before(longest));
        Window::new(before, behind.max(sight(longest) + AROUND))
    }

    pub fn look(&mut self, view: &View<'_>) {
        self.look_plain(view);
        self.look_escaped(view);
        self.look_spelled(view);
        self.look_wide(view);
        self.look_in_base64(view);
        self.look_in_parts(view);
    }

    fn look_plain(&mut self, view: &View<'_>) {
        let resumed = usize::try_from(self.next.saturating_sub(view.gone)).unwrap_or(usize::MAX);
        let mut from = view.places.start.max(resumed);
        while from < view.places.end
            && let Some(found) = self.format.find_from(view.bytes, from, ends_in_escape)
            && found.start < view.places.end
        {
            from = found.end;
            self.take_from(view.bytes, found);
        }
        self.next = view.gone + from as u64;
    }

    fn look_escaped(&mut self, view: &View<'_>) {
        let longest = self.format.longest();
        let resumed = self.next_escape.saturating_sub(view.gone);
        let resumed = usize::try_from(resumed).unwrap_or(usize::MAX);
        let mut from = view.places.start.max(resumed);
        while from < view.places.end
            && let Some(sign) = escaped::find(view.bytes, from..view.places.end)
        {
            let at = sign.start;
            let start = at.saturating_sub(longest + AROUND);
            let end = view.bytes.len().min(at + sight(longest) + AROUND);
            let until = at + step(longest) - start;
            let unescaped = Unescaped::of(&view.bytes[start..end], until, longest + AROUND);
            let text = &unescaped.text;
            let mut next = 0;
            while let Some(found) = self.format.find_from(text, next, ends_in_escape) {
                next = found.end;
                if unescaped.is_changed(&found) {
                    self.take_from(text, found);
                }
            }
            if let Some(cut) = spelled::cut_in(view.bytes, start, &unescaped, &self.format) {
                let at = view.gone + cut as u64;
                self.unfollowed.get_or_insert((Made::OfParts, at));
            }
            from = sign.next.max(at + step(longest));
        }
        self.next_escape = view.gone + from as u64;
    }

    fn look_spelled(&mut self, view: &View<'_>) {
        let Some(mut spelled) = self.spelled.take() else {
            return;
        };
        let format = Arc::clone(&self.format);
        spelled.look(view, &format, |found| match found {
            Spelling::Glued(word) => {
                let value = Secret::copied(word);
                self.add(value.fingerprint(), Token::Wrapped(value));
            }
            Spelling::Token(text, found) => self.take_from(text, found),
            Spelling::Unfollowed(made, at) => {
                self.unfollowed.get_or_insert((made, view.gone + at as u64));
            }
        });
        self.spelled = Some(spelled);
    }

    fn look_wide(&mut self, view: &View<'_>) {
        if self.depth == DEEPEST {
            return;
        }
        if let Some(narrow) = self.wide.narrow(&view.bytes[view.places.clone()]) {
            let inner = inner(&mut self.wide_inner, &self.format, self.depth);
            inner.push(&narrow);
        }
    }

    fn look_in_base64(&mut self, view: &View<'_>) {
        let Some(mut runs) = self.runs.take() else {
            return;
        };
        runs.look(view, |step| match step {
            Step::Bytes(bytes) => inner(&mut self.runs_inner, &self.format, self.depth).push(bytes),
            Step::End(range) => {
                let found = self.runs_inner.as_mut().and_then(|inner| inner.finish());
                let value = range.and_then(|range| bare_base64(view.bytes, range));
                match (found, value) {
                    // A value that nobody decodes, for all that can be seen.
                    (Some(found), Some(value)) if found.tokens.len() == 1 => {
                        let digits = value.expose();
                        let whole =
                            decoded(digits).is_some_and(|key| self.format.fits(key.trim_ascii()));
                        match whole {
                            true => self.add(value.fingerprint(), Token::Wrapped(value)),
                            false => self.merge(found),
                        }
                    }
                    (found, _) => found.into_iter().for_each(|found| self.merge(found)),
                }
            }
        });
        self.runs = Some(runs);
    }

    fn look_in_parts(&mut self, view: &View<'_>) {
        let Some(mut chains) = self.chains.take() else {
            return;
        };
        chains.look(view, |link| match link {
            Link::Bytes(phase, bytes) => {
                let inner = inner(&mut self.chains_inner[phase], &self.format, self.depth);
                inner.push(bytes);
            }
            Link::End => self.finish_parts(),
        });
        self.chains = Some(chains);
    }

    fn finish_parts(&mut self) {
        for phase in 0..self.chains_inner.len() {
            let found = self.chains_inner[phase].as_mut();
            if let Some(found) = found.and_then(|inner| inner.finish()) {
                self.merge(found);
            }
        }
    }

    /// What was found, and ready for another stream.
    pub fn finish(&mut self) -> Tokens {
        let wide = self.wide_inner.as_mut().and_then(|inner| inner.finish());
        let cut = self.runs_inner.as_mut().and_then(|inner| inner.finish());
        for found in [wide, cut].into_iter().flatten() {
            self.merge(found);
        }
        self.finish_parts();
        self.wide = Wide::default();
        self.chains.iter_mut().for_each(Chains::restart);
        self.runs.iter_mut().for_each(Runs::restart);
        self.seen.clear();
        self.spelled.iter_mut().for_each(Spelled::restart);
        (self.next, self.next_escape) = (0, 0);
        Tokens {
            unfollowed: self.unfollowed.take(),
            tokens: std::mem::take(&mut self.tokens),
            too_many: std::mem::take(&mut self.too_many),
        }
    }

    fn merge(&mut self, found: Tokens) {
        self.too_many |= found.too_many;
        self.unfollowed = self.unfollowed.or(found.unfollowed);
        for token in found.tokens {
            let fingerprint = match &token {
                Token::Plain { fingerprint, .. } => *fingerprint,
                Token::Wrapped(value) => value.fingerprint(),
            };
            self.add(fingerprint, token);
        }
    }

    /// Takes what stands in a text, with what is beside it.
    fn take_from(&mut self, text: &[u8], found: Range<usize>) {
        let before = &text[found.start.saturating_sub(AROUND)..found.start];
        let after = &text[found.end..text.len().min(found.end + AROUND)];
        self.take(before, &text[found], after);
    }

    fn take(&mut self, before: &[u8], token: &[u8], after: &[u8]) {
        let literal = around(before, token, after);
        let fingerprint = match &literal {
            Some(literal) => literal.fingerprint(),
            None => Fingerprint::of(token),
        };
        let token = match literal {
            Some(literal) => Token::Wrapped(literal),
            None => Token::Plain {
                fingerprint,
                length: token.len(),
            },
        };
        self.add(fingerprint, token);
    }

    fn add(&mut self, fingerprint: Fingerprint, token: Token) {
        if self.seen.contains(&fingerprint) {
            return;
        }
        if self.tokens.len() == MOST_TOKENS {
            self.too_many = true;
            return;
        }
        self.seen.insert(fingerprint);
        self.tokens.push(token);
    }
}

fn inner<'i>(inner: &'i mut Option<Box<Inner>>, format: &Arc<Format>, depth: u32) -> &'i mut Inner {
    inner.get_or_insert_with(|| {
        let search = Search::at_depth(Arc::clone(format), depth + 1);
        Box::new(Inner {
            window: search.window(0),
            search,
            used: false,
        })
    })
}

/// A literal that is nothing but base64, and is not handed to a function, which may decode it.
fn bare_base64(bytes: &[u8], run: Range<usize>) -> Option<Secret> {
    let padding = bytes[run.end..].iter().take(2);
    let end = run.end + padding.take_while(|byte| **byte == b'=').count();
    let quote = *bytes.get(run.start.checked_sub(1)?)?;
    let is_literal = matches!(quote, b'"' | b'\'' | b'`') && bytes.get(end) == Some(&quote);
    let before = bytes[..run.start - 1].trim_ascii_end();
    (is_literal && !before.ends_with(b"(")).then(|| Secret::copied(&bytes[run.start..end]))
}

fn decoded(digits: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let is_whole = digits.len().is_multiple_of(4);
    let is_for_urls = digits.iter().any(|digit| b"-_".contains(digit));
    let encoding = match (is_whole, is_for_urls) {
        (true, false) => data_encoding::BASE64,
        (true, true) => data_encoding::BASE64URL,
        (false, false) => data_encoding::BASE64_NOPAD,
        (false, true) => data_encoding::BASE64URL_NOPAD,
    };
    encoding.decode(digits).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests;
