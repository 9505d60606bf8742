use std::sync::Arc;

use reqwest::Url;

use super::names::is_script;

/// Another file that a file names.
#[derive(Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its address.
    pub url: Arc<str>,
    /// How sure it is that there is such a file.
    pub strength: Strength,
}

/// How sure it is that a named file is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// It is usual, and often left out.
    Guess,
    /// Some text in a script looks like it.
    Named,
    /// A tag, an import map or a manifest names it, so that browsers load it.
    Firm,
}

/// What a text in a file names.
pub(super) enum Place {
    At(Url),
    /// It is relative to what only other files tell: `static/chunks/1.js`.
    Loose,
    Nothing,
}

/// Where a text leads to that stands in a file, if it could be a script's address.
pub(super) fn place(text: &str, base: &Url) -> Place {
    match (is_rooted(text), is_script(text)) {
        (_, false) => Place::Nothing,
        (true, true) => join(base, text).map_or(Place::Nothing, Place::At),
        (false, true) if text.contains('/') && !text.contains(':') => {
            match beside(text, base.as_str()) {
                Some(found) => join(base, &found).map_or(Place::Nothing, Place::At),
                None => Place::Loose,
            }
        }
        (false, true) if is_hashed(text) => join(base, text).map_or(Place::Nothing, Place::At),
        (false, true) if !text.contains(':') => Place::Loose,
        (false, true) => Place::Nothing,
    }
}

/// Whether a bare name has a hash in it, as bundlers write them: `lazy.4fe28a1b.js`.
fn is_hashed(name: &str) -> bool {
    let mut parts = name.split(['.', '-', '?']).skip(1);
    let is_name = |sign: char| sign.is_ascii_alphanumeric() || "._-?=&".contains(sign);
    name.chars().all(is_name)
        && parts.any(|part| part.len() >= 6 && part.bytes().any(|byte| byte.is_ascii_digit()))
}

/// Whether a text leads somewhere wherever it stands.
pub(super) fn is_rooted(text: &str) -> bool {
    ["./", "../", "/", "https://", "http://"]
        .iter()
        .any(|start| text.starts_with(start))
}

/// An address that can be asked, relative to another.
pub(super) fn join(base: &Url, text: &str) -> Option<Url> {
    let mut url = base.join(text).ok()?;
    url.set_fragment(None);
    let plain = url.username().is_empty() && url.password().is_none();
    (plain && matches!(url.scheme(), "http" | "https")).then_some(url)
}

/// The address of a text that stands in a file with this one.
#[must_use]
pub fn located(text: &str, base: &str) -> Option<Arc<str>> {
    join(&Url::parse(base).ok()?, text).map(|url| url.as_str().into())
}

/// A loose address like `static/chunks/1.js`, when a script lies in a folder of that name:
/// `https://host/_next/static/chunks/2.js`.
#[must_use]
pub fn beside(loose: &str, script: &str) -> Option<Arc<str>> {
    let script = Url::parse(script).ok()?;
    let (first, _) = loose.split_once('/')?;
    let folder = format!("/{first}/");
    let at = script.path().find(&folder)?;
    let path = format!("{}/{loose}", &script.path()[..at]);
    join(&script, &path).map(|url| url.as_str().into())
}

/// What is often there beside a page and its scripts, though nothing names it: the manifests of Vite
/// and Create React App, and SvelteKit's public variables.
#[must_use]
pub fn usual<'s>(page: &str, scripts: impl IntoIterator<Item = &'s str>) -> Vec<Arc<str>> {
    let Ok(page) = Url::parse(page) else {
        return Vec::new();
    };
    let manifests = [".vite/manifest.json", "asset-manifest.json"];
    let mut usual: Vec<Url> = manifests
        .iter()
        .filter_map(|name| join(&page, name))
        .collect();
    let variables = scripts.into_iter().filter_map(|script| {
        let script = Url::parse(script).ok()?;
        let at = script.path().find("/_app/immutable/")?;
        join(&script, &format!("{}/_app/env.js", &script.path()[..at]))
    });
    usual.extend(variables.take(1));
    usual.into_iter().map(|url| url.as_str().into()).collect()
}

/// Scheme, host and port; `None` of what is no address.
#[must_use]
pub fn origin(url: &str) -> Option<String> {
    Some(Url::parse(url).ok()?.origin().ascii_serialization())
}

/// What an address is called among those of a page: its path, and its host where that is another one.
#[must_use]
pub fn name_of(url: &str, page: &str) -> String {
    match Url::parse(url) {
        Ok(parsed) if origin(url) == origin(page) => parsed.path().to_owned(),
        Ok(mut parsed) => {
            parsed.set_query(None);
            parsed.into()
        }
        Err(_) => "no URL".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(text: &str, base: &str) -> String {
        match place(text, &Url::parse(base).unwrap()) {
            Place::At(url) => url.to_string(),
            Place::Loose => "loose".to_owned(),
            Place::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn texts_lead_where_browsers_would_go() {
        const BASE: &str = "https://host/app/assets/index.js?v=1";
        for (text, expected) in [
            ("./a.js", "https://host/app/assets/a.js"),
            ("../a.js?v=2#x", "https://host/app/a.js?v=2"),
            ("/a.js", "https://host/a.js"),
            ("//cdn/a.js", "https://cdn/a.js"),
            ("http://cdn/a.js", "http://cdn/a.js"),
            ("assets/a.js", "https://host/app/assets/a.js"),
            ("static/chunks/a.js", "loose"),
            ("vue.js", "loose"),
            (
                "lazy.4fe28a1b.js",
                "https://host/app/assets/lazy.4fe28a1b.js",
            ),
            ("lazy-settings.js", "loose"),
            ("./a.css", "nothing"),
            ("https://user:pass@host/a.js", "nothing"),
            ("data:text/a.js", "nothing"),
        ] {
            assert_eq!(placed(text, BASE), expected, "{text}");
        }
    }

    #[test]
    fn a_loose_address_is_found_beside_another_script() {
        let script = "https://cdn/_next/static/chunks/main.js";
        let found = beside("static/chunks/1.js", script);
        assert_eq!(
            found.as_deref(),
            Some("https://cdn/_next/static/chunks/1.js")
        );
        assert!(beside("assets/1.js", script).is_none());
        let usual = usual(
            "https://host/app/page?x",
            ["https://cdn/x/_app/immutable/a.js"],
        );
        assert_eq!(
            usual.iter().map(|url| &**url).collect::<Vec<_>>(),
            [
                "https://host/app/.vite/manifest.json",
                "https://host/app/asset-manifest.json",
                "https://cdn/x/_app/env.js",
            ]
        );
        assert_eq!(
            name_of("https://host/a.js?token=1", "https://host/"),
            "/a.js"
        );
        assert_eq!(
            name_of("https://cdn/a.js?token=1", "https://host/"),
            "https://cdn/a.js"
        );
        assert!(Strength::Firm > Strength::Named && Strength::Named > Strength::Guess);
    }
}
