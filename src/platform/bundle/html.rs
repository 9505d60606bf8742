//! What the tags of a page name.

use super::names::is_script;
use super::window::View;

/// The most bytes of a tag.
pub(super) const LONGEST: usize = 8 << 10;

/// What a page says by its tags.
pub(super) enum Tag {
    /// The address that relative ones start from.
    Base(String),
    /// A script to load, now or soon.
    Script(String),
    /// Data that a script will ask for.
    Data(String),
    /// What follows this place, up to the end of the script, says where modules are.
    ImportMap(usize),
    /// What follows this place, up to the end of the script, is run.
    Code(usize),
    /// A script ends at this place.
    End(usize),
    /// At this place stands a tag that is too long to be read as a whole.
    TooLong(usize),
}

/// Elements whose text holds no tags but the one that ends them. Scripts have rules of their own.
const RAW: [&str; 9] = [
    "noscript",
    "iframe",
    "noembed",
    "noframes",
    "xmp",
    "textarea",
    "title",
    "style",
    "plaintext",
];

/// Elements in which what begins a comment or such a text is told in another way.
const ODD: [&str; 3] = ["svg", "math", "select"];

/// Reads the tags of a page, one view after the other, as browsers tell them from texts and comments.
#[derive(Default)]
pub(super) struct Tags {
    inside: Inside,
    /// How many bytes were looked at already.
    skip: usize,
    /// The tag that is open, for what comes behind it.
    tag: Option<Open>,
    /// How many odd elements are open. In there, tags are also taken from what looks like a comment or a text.
    odd: usize,
    /// Whether that goes on to the end of the page.
    stays_odd: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Inside {
    #[default]
    Page,
    Tag(Attribute),
    /// The text of one of [`RAW`].
    Raw(&'static str),
    Script(Escaped),
    Comment,
    /// What is no tag and no comment, up to the next `>`.
    Declaration,
    Cdata,
}

/// Where in a tag something stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attribute {
    /// In the name of the element.
    Element,
    Before,
    Name,
    Behind,
    Value,
    Quoted(u8),
    Unquoted,
}

/// What a script has of comments, which may hold another script.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escaped {
    No,
    Comment,
    Script,
}

#[derive(Clone, Copy)]
struct Open {
    ends: bool,
    element: Option<&'static str>,
    /// Whether `/` was the last sign.
    slash: bool,
}

impl Tags {
    /// XML has other rules for texts, comments and what ends itself.
    pub fn new(is_xml: bool) -> Self {
        Self {
            stays_odd: is_xml,
            ..Self::default()
        }
    }

    pub fn look(&mut self, view: &View<'_>, mut take: impl FnMut(Tag)) {
        for at in view.places.clone() {
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            let rest = &view.bytes[at..];
            let is_hidden = !matches!(self.inside, Inside::Page | Inside::Tag(_));
            if is_hidden && rest[0] == b'<' && self.is_doubtful() {
                let base = |tag: &Tag| matches!(tag, Tag::Base(_));
                let take = &mut |tag| {
                    Some(tag)
                        .filter(|tag| !base(tag))
                        .into_iter()
                        .for_each(&mut take)
                };
                if element(rest, "</", "script") {
                    take(Tag::End(at));
                }
                self.open(rest, at, take);
            }
            self.step(rest, at, &mut take);
        }
    }

    /// Whether what is hidden may be a tag all the same.
    fn is_doubtful(&self) -> bool {
        self.odd > 0 || self.stays_odd || self.inside == Inside::Raw("noscript")
    }

    fn step(&mut self, rest: &[u8], at: usize, take: &mut impl FnMut(Tag)) {
        match (self.inside, rest[0]) {
            (Inside::Page, b'<') => self.page(rest, at, take),
            (Inside::Tag(place), byte) => self.tag(place, byte),
            (Inside::Raw(name), b'<') if name != "plaintext" && element(rest, "</", name) => {
                self.begin(true, Some(name), 2 + name.len());
            }
            (Inside::Script(escaped), b'<' | b'-') => self.script(escaped, rest, at, take),
            (Inside::Comment, b'-') if rest.starts_with(b"-->") => self.leave(3),
            (Inside::Comment, b'-') if rest.starts_with(b"--!>") => self.leave(4),
            (Inside::Declaration, b'>') => self.leave(1),
            (Inside::Cdata, b']') if rest.starts_with(b"]]>") => self.leave(3),
            _ => {}
        }
    }

    fn leave(&mut self, length: usize) {
        self.inside = Inside::Page;
        self.skip = length - 1;
    }

    /// A tag of this element begins.
    fn begin(&mut self, ends: bool, element: Option<&'static str>, length: usize) {
        self.inside = Inside::Tag(Attribute::Before);
        self.skip = length - 1;
        self.tag = Some(Open {
            ends,
            element,
            slash: false,
        });
    }

    fn page(&mut self, rest: &[u8], at: usize, take: &mut impl FnMut(Tag)) {
        match rest {
            [b'<', b'!', b'-', b'-', b'>', ..] => self.leave(5),
            [b'<', b'!', b'-', b'-', b'-', b'>', ..] => self.leave(6),
            [b'<', b'!', b'-', b'-', ..] => {
                self.inside = Inside::Comment;
                self.skip = 3;
            }
            _ if rest.starts_with(b"<![CDATA[") && self.is_doubtful() => {
                self.inside = Inside::Cdata;
                self.skip = 8;
            }
            [b'<', b'/', b'>', ..] => self.leave(3),
            [b'<', b'/', first, ..] | [b'<', first, ..] if first.is_ascii_alphabetic() => {
                let ends = rest[1] == b'/';
                let start = if ends { "</" } else { "<" };
                let mut known = RAW.iter().chain(&ODD).chain(&["script"]).copied();
                let found = known.find(|name| element(rest, start, name));
                if !ends {
                    self.stays_odd |= element(rest, "<", "foreignobject");
                    self.open(rest, at, take);
                }
                self.begin(ends, found, start.len());
                self.inside = Inside::Tag(Attribute::Element);
            }
            [b'<', b'!' | b'?' | b'/', ..] => {
                self.inside = Inside::Declaration;
                self.skip = 1;
            }
            _ => {}
        }
    }

    fn tag(&mut self, place: Attribute, byte: u8) {
        let blank = byte.is_ascii_whitespace();
        let place = match (place, byte) {
            (Attribute::Quoted(quote), _) if byte == quote => Attribute::Before,
            (Attribute::Quoted(_), _) => place,
            (_, b'>') => return self.end_of_tag(),
            (Attribute::Value, b'"' | b'\'') => Attribute::Quoted(byte),
            (Attribute::Value, _) if blank => Attribute::Value,
            (Attribute::Value, _) => Attribute::Unquoted,
            (Attribute::Unquoted, _) if !blank => Attribute::Unquoted,
            (Attribute::Unquoted, _) | (_, b'/') => Attribute::Before,
            (Attribute::Element, _) if blank => Attribute::Before,
            (Attribute::Element, _) => place,
            (Attribute::Name | Attribute::Behind, b'=') => Attribute::Value,
            (Attribute::Name, _) if blank => Attribute::Behind,
            (Attribute::Before | Attribute::Behind, _) if blank => place,
            _ => Attribute::Name,
        };
        if let Some(tag) = &mut self.tag {
            tag.slash = byte == b'/' && place == Attribute::Before;
        }
        self.inside = Inside::Tag(place);
    }

    fn end_of_tag(&mut self) {
        self.inside = Inside::Page;
        let Some(Open {
            ends,
            element: Some(name),
            slash,
        }) = self.tag.take()
        else {
            return;
        };
        match (ends, name) {
            (true, _) if ODD.contains(&name) => self.odd = self.odd.saturating_sub(1),
            (false, _) if ODD.contains(&name) => {
                self.odd += usize::from(!slash || name == "select")
            }
            (false, "script") => self.inside = Inside::Script(Escaped::No),
            (false, _) => self.inside = Inside::Raw(name),
            (true, _) => {}
        }
    }

    fn script(&mut self, escaped: Escaped, rest: &[u8], at: usize, take: &mut impl FnMut(Tag)) {
        let next = match escaped {
            Escaped::Comment | Escaped::Script if rest.starts_with(b"-->") => Escaped::No,
            Escaped::No if rest.starts_with(b"<!-->") || rest.starts_with(b"<!--->") => return,
            Escaped::No if rest.starts_with(b"<!--") => {
                self.skip = 3;
                Escaped::Comment
            }
            Escaped::Comment if element(rest, "<", "script") => Escaped::Script,
            Escaped::Script if element(rest, "</", "script") => Escaped::Comment,
            _ if element(rest, "</", "script") => {
                take(Tag::End(at));
                return self.begin(true, Some("script"), 8);
            }
            _ => return,
        };
        self.inside = Inside::Script(next);
    }

    /// Tells of a tag that begins here.
    fn open(&self, text: &[u8], at: usize, take: &mut impl FnMut(Tag)) {
        let name = ["<script", "<link", "<base"]
            .into_iter()
            .find(|name| element(text, "<", &name[1..]));
        let Some(name) = name else { return };
        let rest = &text[name.len()..text.len().min(LONGEST)];
        let (attributes, length) = attributes(rest);
        let value = |name: &str| {
            let found = attributes.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.trim().to_owned())
        };
        let word = |name: &str| value(name).unwrap_or_default().to_ascii_lowercase();
        match name {
            _ if length == rest.len() && text.len() >= LONGEST => take(Tag::TooLong(at)),
            "<script" => {
                let main = value("data-main").map(|main| match main.ends_with(".js") {
                    true => main,
                    false => main + ".js",
                });
                // Scripts in drawings have it in `href`.
                let href = || value("href").or_else(|| value("xlink:href"));
                let href = (self.odd > 0 || self.stays_odd).then(href).flatten();
                let sources = [value("src"), value("data-src"), main, href];
                sources
                    .into_iter()
                    .flatten()
                    .map(Tag::Script)
                    .for_each(&mut *take);
                if ["importmap", "systemjs-importmap"].contains(&&*word("type")) {
                    take(Tag::ImportMap(at + name.len() + length));
                } else if value("src").is_none() && is_run(&word("type")) {
                    take(Tag::Code(at + name.len() + length));
                }
            }
            "<link" => {
                let rel = word("rel");
                let mut rels = rel.split_ascii_whitespace();
                let href = value("href").unwrap_or_default();
                if rels.clone().any(|rel| is_loaded(rel, &word("as"), &href)) {
                    take(Tag::Script(href));
                } else if rels.any(|rel| matches!(rel, "preload" | "prefetch"))
                    && word("as") == "fetch"
                {
                    take(Tag::Data(href));
                }
            }
            _ => value("href").map(Tag::Base).into_iter().for_each(take),
        }
    }
}

/// Whether what a link leads to is a script.
fn is_loaded(rel: &str, what: &str, address: &str) -> bool {
    match rel {
        "modulepreload" => true,
        "preload" | "prefetch" if what.is_empty() => is_script(address),
        "preload" | "prefetch" => {
            ["script", "worker", "sharedworker", "serviceworker"].contains(&what)
        }
        _ => false,
    }
}

/// Whether a script of this type is run.
fn is_run(kind: &str) -> bool {
    kind.is_empty() || kind == "module" || kind.contains("javascript")
}

/// The scripts that a `Link` header names.
pub(super) fn linked(header: &str) -> impl Iterator<Item = &str> {
    header.split('<').filter_map(|link| {
        let (address, rest) = link.split_once('>')?;
        let (mut rel, mut what) = ("", "");
        for part in rest.split([';', ',']) {
            match part.trim().split_once('=') {
                Some((name, value)) if name.eq_ignore_ascii_case("rel") => {
                    rel = value.trim_matches('"');
                }
                Some((name, value)) if name.eq_ignore_ascii_case("as") => {
                    what = value.trim_matches('"');
                }
                _ => {}
            }
        }
        is_loaded(rel, what, address).then_some(address)
    })
}

fn starts_with(text: &[u8], word: &str) -> bool {
    text.get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether a tag of this element begins here.
fn element(text: &[u8], start: &str, name: &str) -> bool {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
    let rest = text.strip_prefix(start.as_bytes()).unwrap_or_default();
    starts_with(rest, name) && rest.get(name.len()).is_some_and(ends)
}

/// The attributes up to the end of a tag, and how many bytes they take.
fn attributes(text: &[u8]) -> (Vec<(String, String)>, usize) {
    let mut attributes = Vec::new();
    let mut at = 0;
    let is_blank = |byte: &u8| byte.is_ascii_whitespace();
    let until = |at: usize, ends: &dyn Fn(&u8) -> bool| {
        let rest = text.get(at..).unwrap_or_default();
        at + rest.iter().position(ends).unwrap_or(rest.len())
    };
    loop {
        at = until(at, &|byte| !is_blank(byte) && *byte != b'/');
        match text.get(at) {
            None => return (attributes, text.len()),
            Some(b'>') => return (attributes, at + 1),
            Some(_) => {}
        }
        let end = until(at + 1, &|byte| {
            is_blank(byte) || matches!(byte, b'=' | b'>' | b'/')
        });
        let name = decoded(&text[at..end]).to_ascii_lowercase();
        at = until(end, &|byte| !is_blank(byte));
        let mut value = String::new();
        if text.get(at) == Some(&b'=') {
            at = until(at + 1, &|byte| !is_blank(byte));
            let (start, end) = match text.get(at) {
                Some(&quote @ (b'"' | b'\'')) => (at + 1, until(at + 1, &|byte| *byte == quote)),
                _ => (at, until(at, &|byte| is_blank(byte) || *byte == b'>')),
            };
            value = decoded(&text[start..end]);
            at = end + usize::from(start > at);
        }
        attributes.push((name, value));
    }
}

/// The text of an attribute, as far as addresses need it.
fn decoded(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    if !text.contains('&') {
        return text.into_owned();
    }
    ["&#x2F;", "&#x2f;", "&#47;"]
        .iter()
        .fold(text.replace("&amp;", "&"), |text, slash| {
            text.replace(slash, "/")
        })
}

#[cfg(test)]
mod tests;
