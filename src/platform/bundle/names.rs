//! The scripts that a text names: as quoted strings, whatever they are for, and in the comment that
//! leads to its source map.

use super::window::View;

/// The most bytes of a name.
pub(super) const LONGEST: usize = 1024;

/// What leads to a source map.
const SOURCE_MAP: &[u8] = b"sourceMappingURL=";

/// Gives the strings in these places that could be an address: where each starts, and what it says.
pub(super) fn strings(view: &View<'_>, mut take: impl FnMut(usize, &str)) {
    let mut from = view.places.start;
    while let Some(quote) = next_quote(&view.bytes[from..view.places.end]) {
        let start = from + quote + 1;
        from = start;
        if let Some(text) = string(&view.bytes[start..]) {
            take(start, &text);
        }
    }
}

/// Gives the addresses of source maps that are named in these places.
pub(super) fn source_maps(view: &View<'_>, mut take: impl FnMut(&str)) {
    let mut from = view.places.start;
    while let Some(at) = view.bytes[from..view.places.end]
        .iter()
        .position(|byte| *byte == SOURCE_MAP[0])
    {
        from += at + 1;
        let Some(rest) = view.bytes[from - 1..].strip_prefix(SOURCE_MAP) else {
            continue;
        };
        let length = rest.iter().take_while(|byte| in_name(**byte)).count();
        if let Ok(text) = std::str::from_utf8(&rest[..length])
            && (1..LONGEST).contains(&length)
            && !text.starts_with("data:")
        {
            take(text);
        }
    }
}

/// Whether an address is one of a script.
#[must_use]
pub fn is_script(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    [".js", ".mjs", ".cjs"].iter().any(|ending| {
        path.strip_suffix(ending)
            .is_some_and(|name| !name.is_empty())
    })
}

/// Whether an address is one of data that a page asks for while it runs, such as its configuration.
pub(super) fn is_data(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let name = path.strip_suffix(".json").unwrap_or_default();
    !name.is_empty() && !name.ends_with('/')
}

fn next_quote(bytes: &[u8]) -> Option<usize> {
    bytes
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\'' | b'`'))
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-./~:%+$@()[]?=&!#".contains(&byte)
}

/// A string without the variable that it begins with, which is the page's base as a rule.
fn behind_base(bytes: &[u8]) -> &[u8] {
    const LONGEST_NAME: usize = 64;
    let Some(name) = bytes.strip_prefix(b"${") else {
        return bytes;
    };
    let end = name
        .iter()
        .take(LONGEST_NAME)
        .position(|byte| *byte == b'}');
    end.map_or(bytes, |end| &name[end + 1..])
}

/// A string up to its closing quote, its slashes unescaped, if it could be an address.
fn string(bytes: &[u8]) -> Option<String> {
    let mut text = String::new();
    let mut rest = behind_base(bytes);
    while let Some(&byte) = rest.first() {
        if let Some(behind) = rest
            .strip_prefix(b"\\/")
            .or_else(|| rest.strip_prefix(b"\\u002F"))
            .or_else(|| rest.strip_prefix(b"\\u002f"))
        {
            text.push('/');
            rest = behind;
        } else if in_name(byte) {
            text.push(char::from(byte));
            rest = &rest[1..];
        } else {
            break;
        }
        if text.len() > LONGEST {
            return None;
        }
    }
    // What is asked for is known where only its query is put together: `/config.json?at=${now}`.
    if rest.starts_with(b"{") && text.ends_with('$') && text.contains('?') {
        text.pop();
        return Some(text);
    }
    let escapes = rest.iter().take_while(|byte| **byte == b'\\').count();
    let closed = matches!(rest.get(escapes), Some(b'"' | b'\'' | b'`'));
    (closed && !text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(text: &str) -> View<'_> {
        View {
            bytes: text.as_bytes(),
            places: 0..text.len(),
            gone: 0,
        }
    }

    fn scripts(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        strings(&view(text), |_, name| {
            if is_script(name) {
                found.push(name.to_owned());
            }
        });
        found
    }

    #[test]
    fn every_way_to_name_a_script_is_seen() {
        for (text, names) in [
            (r#"import("./Lazy-abc.js")"#, &["./Lazy-abc.js"][..]),
            ("import('./a.mjs')", &["./a.mjs"]),
            ("import(`./a.js`)", &["./a.js"]),
            (
                r#"import{a as b}from"./b.js";export*from'./c.js'"#,
                &["./b.js", "./c.js"],
            ),
            (
                r#"m.f||(m.f=["assets/a.js","assets/a.css","assets/b.js"])"#,
                &["assets/a.js", "assets/b.js"],
            ),
            (
                r#"new URL("./worker.js",import.meta.url)"#,
                &["./worker.js"],
            ),
            (
                r#"self.__next_f.push([1,"5:I[12,[\"7\",\"static/chunks/7-ab.js\"],\"\"]"])"#,
                &["static/chunks/7-ab.js"],
            ),
            (
                r#"self.__BUILD_MANIFEST={"/a/[id]":["static/chunks/pages/a/%5Bid%5D-1.js"]}"#,
                &["static/chunks/pages/a/%5Bid%5D-1.js"],
            ),
            (
                r#"{"a":"https:\/\/cdn.test\/a.js?v=1"}"#,
                &["https://cdn.test/a.js?v=1"],
            ),
            (r#"["\u002F_nuxt\u002Fa.js"]"#, &["/_nuxt/a.js"]),
            (r#"".js",".json","a b.js","a.jsx","x.js.map""#, &[]),
            (r#""./open.js"#, &[]),
        ] {
            assert_eq!(scripts(text), names, "{text}");
        }
        assert!(scripts(&format!("\"{}.js\"", "x".repeat(LONGEST))).is_empty());
    }

    #[test]
    fn source_maps_are_named_in_comments() {
        let mut found = Vec::new();
        let text = "x\n//# sourceMappingURL=a.js.map\n/*# sourceMappingURL=b.css.map*/\n//# sourceMappingURL=data:application/json;base64,e30=";
        source_maps(&view(text), |name| found.push(name.to_owned()));
        assert_eq!(found, ["a.js.map", "b.css.map"]);
    }
}
