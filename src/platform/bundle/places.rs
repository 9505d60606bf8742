//! The places in a script where something else may be loaded.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

/// The most bytes of one, but for what is handed over in brackets.
pub(super) const LONGEST: usize = 2 << 10;

/// A place, and what of it matters.
pub(super) struct Place {
    pub kind: Kind,
    pub range: Range<usize>,
    pub text: Range<usize>,
}

/// What stands at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A function begins that makes names of chunks: `r.u = e => …`, and what webpack 4 has for it.
    Chunks,
    /// `r.p = "/"`.
    PublicPath,
    /// `r.p = …`, made from the address of the script.
    PublicFolder,
    /// `r.e(7)`: a chunk is loaded.
    Id,
    /// `"./a.js":[7,[8]]`: what `` import(`./${name}.js`) `` was turned into.
    Context,
    /// `from "./a.js"`.
    From,
    Import,
    ImportScripts,
    Worker,
    /// `r.l("https://…")`, as for modules of another build.
    Remote,
    /// `+ ".js"`.
    Sum,
    /// `${…}.js` in a template.
    Template,
    /// `s = document.createElement("script"); s.src = …`.
    Source,
    /// `document.write(…)`.
    Write,
    /// `eval(…)`.
    Eval,
    /// `.then(eval)`.
    ThenEval,
    /// `require.config({…})`.
    Settings,
    /// `require(["a"])`.
    Required,
    /// `System.register(["./a"], …)`.
    Registered,
    /// `fetch(…)` and others that ask for data.
    Asked,
    /// `+ ".json"`.
    DataSum,
    /// `${…}.json` in a template.
    DataTemplate,
    /// It only looks like one.
    Ignored,
}

/// Groups by their names: the kind of a place, and what of it matters, if that is not all.
const GROUPS: &[(&str, Kind)] = &[
    ("arrow", Kind::Chunks),
    ("function", Kind::Chunks),
    ("path", Kind::PublicPath),
    ("folder", Kind::PublicFolder),
    ("id", Kind::Id),
    ("number", Kind::Id),
    ("context", Kind::Context),
    ("from", Kind::From),
    ("import", Kind::Import),
    ("scripts", Kind::ImportScripts),
    ("worker", Kind::Worker),
    ("remote", Kind::Remote),
    ("sum", Kind::Sum),
    ("template", Kind::Template),
    ("settings", Kind::Settings),
    ("required", Kind::Required),
    ("registered", Kind::Registered),
    ("asked", Kind::Asked),
    ("first", Kind::Asked),
    ("option", Kind::Asked),
    ("datasum", Kind::DataSum),
    ("datatemplate", Kind::DataTemplate),
    ("source", Kind::Source),
    ("write", Kind::Write),
    ("eval", Kind::Eval),
    ("then", Kind::ThenEval),
];

static PLACES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let parts = [
        r"\.u\s*=\s*(?<arrow>function\b|\(?\s*[\w$]+\s*\)?\s*=>)",
        r"(?<function>\bfunction\s*[\w$]*\(\s*[\w$]+\s*\)\s*\{\s*return\s+[\w$]+\.p\s*\+)",
        r#"\.p\s*=\s*["'](?<path>|[^"'\\\s]{0,500}/)["']"#,
        r#"\.p\s*=\s*(?<folder>[\w$(])"#,
        r#"\.[eu]\(\s*(?:/\*[^*]{0,300}\*/\s*)?(?:\\*["'](?<id>[^"'\\]{1,200})\\*["']|(?<number>[0-9]+))\s*\)"#,
        r#"\\*"\.{1,2}/[^"\\]{1,300}\\*"\s*:\s*(?<context>\[[\s\[\],\w"'\\/.$@-]{1,1000}\])"#,
        r"(?<import>\b(?:System\s*\.\s*)?import\s*\()",
        r"(?<scripts>\bimportScripts\s*\()",
        r"(?<worker>\bnew\s+(?:Shared)?Worker\s*\(|\bserviceWorker\s*\??\.\s*register\s*\(|\.addModule\s*\()",
        r#"\b(?:from|import)\s*["'](?<from>[^"'\\\s]{1,1000})["']"#,
        r#"(?<remote>\.l\()\s*["']https?://"#,
        r#"\+\s*["'](?<sum>[^"'`\\\s]{0,200}\.[mc]?js(?:\?[^"'`\\\s]{0,100})?)["']"#,
        r"(?<template>\$\{[^{}`]{1,300}\}[^`'\s{}]{0,200}\.[mc]?js(?:\?[^`\s]{0,100})?`)",
        r#"createElement\(\s*["'`]script["'`]\s*\)(?s:.{0,300}?)(?:\.src\s*=[^=]|\.setAttribute\(\s*["']src["']\s*,)(?<source>)"#,
        r"(?<write>\bdocument\s*\.\s*write(?:ln)?\s*\()",
        r"(?<eval>\beval\s*\()",
        r"(?<then>\.then\(\s*eval\s*\))",
        r#"(?<option>(?:\.ajax|\baxios|\$http|\.request)\s*\(\s*\{[^;]{0,300}?\burl["']?\s*:)"#,
        r#"(?<asked>(?:\bfetch|\[\s*["'`]fetch["'`]\s*\])\s*\(|(?:\.open|\[\s*["'`]open["'`]\s*\])\s*\(\s*["'`][A-Za-z]{3,7}["'`]\s*,|\baxios\s*\(|\.getJSON\s*\(|\bnew\s+Request\s*\()"#,
        r#"(?<first>\.(?:get|ajax|load)\s*\(\s*)["'`]"#,
        r#"\+\s*["'](?<datasum>[^"'`\\\s]{0,200}\.json(?:\?[^"'`\\\s]{0,100})?)["']"#,
        r"(?<datatemplate>\$\{[^{}`]{1,300}\}[^`'\s{}]{0,200}\.json(?:\?[^`\s]{0,100})?`)",
        r#"(?<settings>\b(?:require(?:js)?|System(?:JS)?)\.config\s*\(\s*\{|\brequirejs\s*\(\s*\{|\b(?:var\s+|window\.)require\s*=\s*\{\s*["']?(?:baseUrl|paths|deps)\b)"#,
        r"(?<required>\brequire(?:js)?\s*\(\s*\[)",
        r#"\bSystem\.register\s*\(\s*(?:["'][^"'\s]{1,200}["']\s*,\s*)?\[(?<registered>[^\]]{1,1500})\]"#,
    ];
    Regex::new(&format!("(?-u){}", parts.join("|"))).ok()
});

static SCALARS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?-u)[0-9]+|[A-Za-z_][\w./$@-]*").ok());

/// The first place that starts at `from` or later.
pub(super) fn next(text: &[u8], from: usize) -> Option<Place> {
    let found = PLACES.as_ref()?.captures_at(text, from)?;
    let whole = found.get(0)?.range();
    let (kind, inner) = GROUPS
        .iter()
        .find_map(|(name, kind)| Some((*kind, found.name(name)?.range())))?;
    let kind = match kind {
        // It is a whole address, so it begins another text.
        Kind::Sum if text[inner.clone()].starts_with(b"http") => Kind::Ignored,
        Kind::Import | Kind::ImportScripts if !is_call(&text[..whole.start]) => Kind::Ignored,
        kind => kind,
    };
    Some(Place {
        range: match kind {
            // The address in it is handed over.
            Kind::Remote | Kind::Asked => whole.start..inner.end,
            _ => whole,
        },
        kind,
        text: inner,
    })
}

/// The numbers and names in a list.
pub(super) fn scalars(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let scalars = SCALARS.iter().flat_map(|scalars| scalars.find_iter(text));
    scalars.map(|scalar| scalar.as_bytes())
}

/// Whether a function's name that stands behind this text is called there, rather than written about or
/// the name of a member.
fn is_call(before: &[u8]) -> bool {
    const WORDS: [&[u8]; 13] = [
        b"return", b"await", b"yield", b"void", b"default", b"else", b"do", b"case", b"in", b"of",
        b"typeof", b"delete", b"new",
    ];
    let joined = !before.ends_with(b" ") && !before.ends_with(b"\n");
    if joined && matches!(before.last(), Some(b'.' | b'$' | b'#')) {
        return false;
    }
    let before = before[before.len().saturating_sub(200)..].trim_ascii_end();
    let in_word = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    let length = before.iter().rev().take_while(in_word).count();
    length == 0 || WORDS.contains(&&before[before.len() - length..])
}
