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
}

/// Reads the tags of a page, one view after the other.
#[derive(Default)]
pub(super) struct Tags {
    inside: Inside,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Inside {
    #[default]
    Page,
    /// Nothing is a tag in there.
    Script,
    Comment,
}

impl Tags {
    pub fn look(&mut self, view: &View<'_>, mut take: impl FnMut(Tag)) {
        for at in view.places.clone() {
            let rest = &view.bytes[at..];
            match (self.inside, rest[0]) {
                (Inside::Page, b'<') => self.open(rest, at, &mut take),
                (Inside::Script, b'<') if starts_with(rest, "</script") => {
                    self.inside = Inside::Page;
                    take(Tag::End(at));
                }
                (Inside::Comment, b'-') if rest.starts_with(b"-->") => self.inside = Inside::Page,
                _ => {}
            }
        }
    }

    fn open(&mut self, text: &[u8], at: usize, take: &mut impl FnMut(Tag)) {
        if text.starts_with(b"<!--") {
            self.inside = Inside::Comment;
            return;
        }
        let name = ["<script", "<link", "<base"]
            .into_iter()
            .find(|name| starts_with(text, name));
        let Some(name) = name else { return };
        let rest = &text[name.len()..text.len().min(LONGEST)];
        let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
        if !rest.first().is_some_and(ends) {
            return;
        }
        let (attributes, length) = attributes(rest);
        let value = |name: &str| {
            let found = attributes.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.trim().to_owned())
        };
        let word = |name: &str| value(name).unwrap_or_default().to_ascii_lowercase();
        match name {
            "<script" => {
                self.inside = Inside::Script;
                let main = value("data-main").map(|main| match main.ends_with(".js") {
                    true => main,
                    false => main + ".js",
                });
                let sources = [value("src"), value("data-src"), main];
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
                } else if rels.any(|rel| rel == "preload") && word("as") == "fetch" {
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
mod tests {
    use super::*;

    fn told(html: &str) -> Vec<String> {
        let mut told = Vec::new();
        let mut tags = Tags::default();
        let view = View {
            bytes: html.as_bytes(),
            places: 0..html.len(),
            gone: 0,
        };
        tags.look(&view, |tag| {
            told.push(match tag {
                Tag::Base(address) => format!("base {address}"),
                Tag::Data(address) => format!("data {address}"),
                Tag::Script(address) => address,
                Tag::ImportMap(at) => format!("map {}", &html[at..at + 2]),
                Tag::Code(at) => format!("code {}", &html[at..at + 2]),
                Tag::End(at) => format!("end {at}"),
            });
        });
        told.retain(|tag| !tag.starts_with("end"));
        told
    }

    #[test]
    fn every_tag_that_loads_a_script_is_seen() {
        for (html, names) in [
            ("<script src=/a.js></script>", &["/a.js"][..]),
            ("<SCRIPT\nTYPE=module SRC = '/a.js' />", &["/a.js"]),
            (
                r#"<script defer data-x="a > b" src="a.js?v=1&amp;w=2">"#,
                &["a.js?v=1&w=2"],
            ),
            (
                r#"<link rel="modulepreload" crossorigin href="/m.js">"#,
                &["/m.js"],
            ),
            (
                r#"<link rel="preload" as="script" href="/p.js"/>"#,
                &["/p.js"],
            ),
            (r#"<link rel="preload" as="font" href="/f.woff2">"#, &[]),
            (r#"<link rel="stylesheet" href="/a.css">"#, &[]),
            (r#"<base href="/app/">"#, &["base /app/"]),
            (
                r#"<script type="importmap">{"imports":{}}</script>"#,
                &["map {\""],
            ),
            (
                r#"<script type="application/json" data-src="/_payload.json">"#,
                &["/_payload.json"],
            ),
            (
                r#"<!-- <script src="/old.js"></script> --><script src="/new.js">"#,
                &["/new.js"],
            ),
            (
                r#"<script>document.write('<script src="/x.js">')</script><script src="/y.js">"#,
                &["code do", "/y.js"],
            ),
            (
                "<script type=text/x-template>ab</script><script type=module>cd</script>",
                &["code cd"],
            ),
            (
                "<script data-main=js/app src=/require.js></script>",
                &["/require.js", "js/app.js"],
            ),
            ("<link rel=preload as=worker href=/w.js>", &["/w.js"]),
            ("<link href=/js/a.1.js rel=prefetch>", &["/js/a.1.js"]),
            ("<link href=/next-page rel=prefetch>", &[]),
            ("<scripts src=/a.js><linker href=/b>", &[]),
            ("<script src=", &[""]),
            ("<script", &[]),
        ] {
            assert_eq!(told(html), names, "{html}");
        }
    }

    #[test]
    fn a_header_may_name_scripts_too() {
        let header = "</a.js>; rel=modulepreload, </b.css>; rel=preload; as=style, \
            </c.js>; as=\"script\"; rel=\"preload\", <https://cdn.test>; rel=preconnect";
        assert_eq!(linked(header).collect::<Vec<_>>(), ["/a.js", "/c.js"]);
    }
}
