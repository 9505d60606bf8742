//! What a script hands to a function that loads another one.

use std::sync::LazyLock;

use regex::Regex;

/// The most bytes of an argument.
pub(super) const LONGEST: usize = 4 << 10;

/// The first argument of a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Argument {
    /// There is none, or this is no call.
    Nothing,
    /// A text, written out or in constant parts.
    Literal(String),
    /// `new URL("…", import.meta.url)`, relative to the script itself.
    FromScript(String),
    /// The runtime's name for a chunk; whether it is relative to the script itself.
    Chunk(bool),
    /// What the page holds itself: a blob, or an attribute that is read anyway.
    Held,
    /// Nobody can tell without running it.
    Computed,
}

/// Reads the first argument from behind the bracket that opens; how many bytes it takes.
pub(super) fn argument(text: &[u8]) -> (Argument, usize) {
    let text = &text[..text.len().min(LONGEST)];
    let Some(length) = length(text) else {
        return (Argument::Computed, 0);
    };
    let behind = &text[length..];
    if behind.starts_with(b")") && behind[1..].trim_ascii_start().starts_with(b"{") {
        // A method of that name.
        return (Argument::Nothing, length);
    }
    (read(&plain(&text[..length])), length)
}

/// The first argument as it is written, and how many bytes it takes; `None` where no end of it is seen.
pub(super) fn argument_text(text: &[u8]) -> Option<(String, usize)> {
    let length = length(text)?;
    Some((plain(&text[..length]), length))
}

/// Constant parts of a text: `"a" + 'b'`.
pub(super) fn constant(text: &str) -> Option<String> {
    let mut whole = String::new();
    let mut rest = text.trim();
    loop {
        let quote = rest.chars().next()?;
        if !matches!(quote, '"' | '\'' | '`') {
            return None;
        }
        let (part, behind) = rest[1..].split_once(quote)?;
        if quote == '`' && part.contains("${") {
            return None;
        }
        whole += part;
        rest = behind.trim_start();
        if rest.is_empty() {
            return Some(whole);
        }
        rest = rest.strip_prefix('+')?.trim_start();
    }
}

fn read(text: &str) -> Argument {
    static NEW_URL: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"^(?:""\s*\+\s*)?new\s+URL\s*\("#).ok());
    if text.is_empty() {
        return Argument::Nothing;
    }
    if text.contains(".u(") {
        return Argument::Chunk(text.starts_with(['"', '\'']) && !text.contains("URL"));
    }
    if let Some(url) = NEW_URL.iter().find_map(|pattern| pattern.find(text)) {
        let inside = &text[url.end()..];
        let first = length(inside.as_bytes()).unwrap_or(0);
        return match constant(&inside[..first]) {
            Some(name) if inside[first..].contains("import.meta.url") => Argument::FromScript(name),
            Some(name) => Argument::Literal(name),
            None => Argument::Computed,
        };
    }
    if text.contains("createObjectURL(") || text.contains("getAttribute('data-src')") {
        return Argument::Held;
    }
    constant(text).map_or(Argument::Computed, Argument::Literal)
}

/// How many bytes there are before the comma or the bracket that ends an argument.
fn length(text: &[u8]) -> Option<usize> {
    let mut depth = 0;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' | b'\'' | b'`' => {
                let rest = &text[at + 1..];
                let mut end = rest.iter().position(|other| *other == byte)?;
                while end > 0 && rest[end - 1] == b'\\' && byte != b'`' {
                    // The quotes of a text within a text, or one within its own text.
                    let own = at > 0 && text[at - 1] == b'\\';
                    if own {
                        break;
                    }
                    end += 1 + rest[end + 1..].iter().position(|other| *other == byte)?;
                }
                at += end + 1;
            }
            b'/' if text[at..].starts_with(b"/*") => {
                let rest = &text[at + 2..];
                at += 3 + rest.windows(2).position(|pair| pair == b"*/")?;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => return Some(at),
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Without comments and the backslashes before quotes.
fn plain(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut plain = String::new();
    let mut rest = &*text;
    while let Some((before, comment)) = rest.split_once("/*") {
        plain += before;
        rest = comment.split_once("*/").map_or("", |(_, behind)| behind);
    }
    plain += rest;
    let plain = plain.replace("\\\"", "\"").replace("\\'", "'");
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_over_is_told_apart() {
        let literal = |text: &str| Argument::Literal(text.to_owned());
        for (text, expected) in [
            (")", Argument::Nothing),
            ("e){return 1}", Argument::Nothing),
            ("\"./a.js\")", literal("./a.js")),
            ("'./a.js', { with: {} })", literal("./a.js")),
            ("/* webpackIgnore: true */ `./a.js`)", literal("./a.js")),
            ("\"./a\"+'-b' + \".js\").then(", literal("./a-b.js")),
            ("\\\"./a.js\\\")", literal("./a.js")),
            ("`./a-${n}.js`)", Argument::Computed),
            ("\"./a-\"+n+\".js\")", Argument::Computed),
            ("e)", Argument::Computed),
            ("r.p+r.u(e))", Argument::Chunk(false)),
            ("\"./\"+r.u(e)).then(", Argument::Chunk(true)),
            ("new URL(r.p+r.u(331),r.b))", Argument::Chunk(false)),
            (
                "new URL(\"w-1.js\", import.meta.url),{type:1})",
                Argument::FromScript("w-1.js".to_owned()),
            ),
            (
                "\"\"+new URL('w.js',import.meta.url).href,{})",
                Argument::FromScript("w.js".to_owned()),
            ),
            ("new URL(\"/w.js\",location.href))", literal("/w.js")),
            ("new URL(x,import.meta.url))", Argument::Computed),
            ("URL.createObjectURL(new Blob([a,b])))", Argument::Held),
            (
                "document.getElementById('a').getAttribute('data-src'))",
                Argument::Held,
            ),
        ] {
            assert_eq!(argument(text.as_bytes()).0, expected, "{text}");
        }
        assert_eq!(argument(b"\"./a.js").0, Argument::Computed);
        assert_eq!(argument(&[b'('; 10_000]).0, Argument::Computed);
    }
}
