//! What a script makes the page load: by a tag that it puts there, or as a text that it runs.

use std::sync::LazyLock;

use regex::Regex;

use super::argument::{Argument, LONGEST, argument, constant};

/// What `src` of a script is set to. One that is only handed on, as in the runtimes of bundlers, says
/// nothing, and neither does one on another host.
pub(super) fn source(text: &[u8]) -> Argument {
    let statement = statement(text);
    match constant(statement.trim()) {
        Some(address) => Argument::Literal(address),
        None if names_own_place(&statement) => Argument::Computed,
        None => Argument::Nothing,
    }
}

/// What `document.write(…)` loads.
pub(super) fn written(text: &[u8]) -> Argument {
    static SOURCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?i)<scr[^>]{0,500}?\ssrc\s*=\s*(?:\\*["']([^"'\\]+)\\*["']|([^"'\s>\\]+))"#)
            .ok()
    });
    let (handed, length) = argument(text);
    let raw = String::from_utf8_lossy(&text[..length.min(text.len())]);
    let is_tag = |text: &str| text.to_ascii_lowercase().contains("scr") && text.contains("src");
    match handed {
        Argument::Literal(tags) => {
            let found = SOURCE.iter().find_map(|source| source.captures(&tags));
            let address = found.and_then(|found| found.get(1).or(found.get(2)));
            match address {
                Some(address) => Argument::Literal(address.as_str().to_owned()),
                None if is_tag(&tags) => Argument::Computed,
                None => Argument::Nothing,
            }
        }
        Argument::Computed if is_tag(&raw) => Argument::Computed,
        _ => Argument::Nothing,
    }
}

/// What `eval(…)` runs, if it was fetched.
pub(super) fn evaluated(text: &[u8]) -> Argument {
    let (handed, length) = argument(text);
    match handed {
        Argument::Computed => fetched(&text[..length]),
        _ => Argument::Nothing,
    }
}

/// The last address that a text fetches.
pub(super) fn fetched(text: &[u8]) -> Argument {
    let call = memchr::memmem::rfind(text, b"fetch(");
    let other = [&b".text("[..], b"responseText"]
        .iter()
        .any(|sign| memchr::memmem::find(text, sign).is_some());
    match call.map(|call| argument(&text[call + 6..]).0) {
        Some(Argument::Literal(address)) => Argument::Literal(address),
        None if !other => Argument::Nothing,
        _ => Argument::Computed,
    }
}

/// An expression up to where its statement ends.
fn statement(text: &[u8]) -> String {
    let text = &text[..text.len().min(LONGEST)];
    let (mut depth, mut quote) = (0, None);
    let end = text.iter().enumerate().position(|(at, &byte)| {
        match (quote, byte) {
            (Some(open), _) if open == byte && !text[..at].ends_with(b"\\") => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'' | b'`') => quote = Some(byte),
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') => depth -= 1,
            _ => {}
        }
        depth < 0 || quote.is_none() && depth == 0 && matches!(byte, b';' | b',' | b'\n')
    });
    String::from_utf8_lossy(&text[..end.unwrap_or(text.len())]).into_owned()
}

/// Whether an expression holds a text that begins like an address on the page's own host, and more.
fn names_own_place(statement: &str) -> bool {
    let starts = statement.split(['"', '\'', '`']).skip(1).step_by(2);
    let is_own = |text: &str| {
        (text.starts_with('/') && !text.starts_with("//")
            || text.starts_with("./")
            || text.starts_with("../"))
            && text.len() > 2
    };
    starts.into_iter().any(is_own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Argument {
        Argument::Literal(text.to_owned())
    }

    #[test]
    fn the_source_of_a_tag_is_followed_or_said() {
        for (text, expected) in [
            ("\"/loader\";document.head.append(s)", literal("/loader")),
            ("'/a'+\".js?v=1\",s.async=!0", literal("/a.js?v=1")),
            ("\"/loader/\"+e;x", Argument::Computed),
            ("`/loader/${e}`;x", Argument::Computed),
            ("base+\"/loader\"}", Argument::Computed),
            ("e;x", Argument::Nothing),
            ("r.p+r.u(e)", Argument::Nothing),
            (
                "\"https://tags.test/gtm?id=\"+e;x=\"/a/\"",
                Argument::Nothing,
            ),
            ("e?e:\"/\";", Argument::Nothing),
        ] {
            assert_eq!(source(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_written_into_the_page_is_followed_or_said() {
        for (text, expected) in [
            ("'<script src=\"/a\"></scr'+'ipt>')", literal("/a")),
            ("\"<script async src=/a.js></script>\")", literal("/a.js")),
            ("\"<scr\"+\"ipt src='/a'></script>\")", literal("/a")),
            ("\"<script src='\"+u+\"'></script>\")", Argument::Computed),
            (
                "unescape(\"%3Cscript src='\"+h+\"'%3E\"))",
                Argument::Computed,
            ),
            ("\"<p>text</p>\")", Argument::Nothing),
            ("e)", Argument::Nothing),
        ] {
            assert_eq!(written(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_fetched_to_be_run_is_followed_or_said() {
        for (text, expected) in [
            ("await(await fetch(\"/a.txt\")).text())", literal("/a.txt")),
            ("await(await fetch(u)).text())", Argument::Computed),
            ("e.responseText)", Argument::Computed),
            ("\"a+b\")", Argument::Nothing),
            ("e)", Argument::Nothing),
            ("\"quire\".replace(/^/,\"re\"))", Argument::Nothing),
        ] {
            assert_eq!(evaluated(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(
            fetched(b"fetch('/a.txt').then(e=>e.text())"),
            literal("/a.txt")
        );
        assert_eq!(fetched(b"x.then(e=>e.text())"), Argument::Computed);
    }
}
