//! What a program really gets from a literal that a key stands in.

use zeroize::Zeroizing;

use super::escape::{Kind, Sign, first, last};
use crate::key::Secret;

/// How many bytes beside a key are looked at.
pub(super) const AROUND: usize = 512;

/// The value of the literal around a token, when it holds nothing else but what a key is wrapped in by
/// mistake: blanks, line breaks, quotes, a `;` or `,` behind it, a `NAME=` before it. `None` when the
/// token is all of it, or stands in some other text.
///
/// `"Bearer KEY"` is such a text: minifiers make it from a template and a sound key.
pub(super) fn around(before: &[u8], token: &[u8], after: &[u8]) -> Option<Secret> {
    let (left, right) = (signs_before(before), signs_after(after));
    let (mut open, mut close) = innermost(&left, &right)?;
    // The quotes beside a key may be baked into it, and stand within those of the literal.
    while let Some((outer_open, outer_close)) = next(&left, &right, open, close) {
        (open, close) = (outer_open, outer_close);
    }
    if (open, close) == (0, 0) {
        return None;
    }
    let (left, right) = (&left[..open], &right[..close]);
    let room = |parts: &[Part<'_>]| parts.iter().map(Part::len).sum::<usize>();
    let mut value = Zeroizing::new(Vec::with_capacity(room(left) + token.len() + room(right)));
    left.iter().rev().for_each(|part| part.push_to(&mut value));
    value.extend_from_slice(token);
    right.iter().for_each(|part| part.push_to(&mut value));
    Some(Secret::new(std::mem::take(&mut *value)))
}

enum Part<'t> {
    Sign(Sign<'t>),
    /// `NAME=`, as it is written.
    Name(&'t [u8]),
}

impl<'t> Part<'t> {
    fn len(&self) -> usize {
        match self {
            Self::Sign(sign) => sign.character.len_utf8(),
            Self::Name(name) => name.len(),
        }
    }

    fn push_to(&self, value: &mut Vec<u8>) {
        match self {
            Self::Sign(sign) => {
                value.extend_from_slice(sign.character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Self::Name(name) => value.extend_from_slice(name),
        }
    }

    /// How it is written, if it can begin and end a literal.
    fn quote(&self) -> Option<&'t [u8]> {
        match self {
            Self::Sign(sign) if sign.kind == Kind::Quote && sign.character.is_ascii() => {
                Some(sign.raw)
            }
            _ => None,
        }
    }

    /// Whether it can stand between the quotes of a key and those of the literal.
    fn is_between(&self) -> bool {
        match self {
            Self::Sign(sign) => sign.kind == Kind::Blank,
            Self::Name(_) => true,
        }
    }
}

/// What stands before a key, from the key outwards.
fn signs_before(mut text: &[u8]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    loop {
        if let Some(name) = name_at_end(text) {
            parts.push(Part::Name(name));
            text = &text[..text.len() - name.len()];
        }
        match last(text) {
            Some(sign) if sign.kind != Kind::Punctuation => {
                parts.push(Part::Sign(sign));
                text = &text[..text.len() - sign.raw.len()];
            }
            _ => return parts,
        }
    }
}

/// What stands behind it.
fn signs_after(mut text: &[u8]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    while let Some(sign) = first(text) {
        parts.push(Part::Sign(sign));
        text = &text[sign.raw.len()..];
    }
    parts
}

/// A `NAME=` or `export NAME=` that a text ends in, written as variables are, right behind a quote.
fn name_at_end(text: &[u8]) -> Option<&[u8]> {
    let bare = text.strip_suffix(b"=")?;
    let letter = |byte: &&u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'_';
    let length = bare.iter().rev().take_while(letter).count();
    let mut start = bare.len() - length;
    if length < 2 {
        return None;
    }
    if let Some(exported) = text[..start].strip_suffix(b"export ") {
        start = exported.len();
    }
    let quoted = last(&text[..start]).is_some_and(|sign| sign.kind == Kind::Quote);
    quoted.then(|| &text[start..])
}

/// The pair of quotes that has the least between it.
fn innermost(left: &[Part<'_>], right: &[Part<'_>]) -> Option<(usize, usize)> {
    let quotes = |parts: &[Part<'_>]| -> Vec<usize> {
        let quotes = parts.iter().enumerate();
        quotes
            .filter(|(_, part)| part.quote().is_some())
            .map(|(at, _)| at)
            .collect()
    };
    let (opening, closing) = (quotes(left), quotes(right));
    opening
        .into_iter()
        .flat_map(|open| closing.iter().map(move |&close| (open, close)))
        .filter(|&(open, close)| left[open].quote() == right[close].quote())
        .min_by_key(|(open, close)| open + close)
}

/// The pair around this one, with nothing but blanks between, if there is one: quotes of the same kind
/// would not have let these stand in them.
fn next(
    left: &[Part<'_>],
    right: &[Part<'_>],
    open: usize,
    close: usize,
) -> Option<(usize, usize)> {
    let inner = left[open].quote()?;
    let outwards = |parts: &[Part<'_>], from: usize| {
        let skipped = parts[from + 1..]
            .iter()
            .take_while(|part| part.is_between());
        let at = from + 1 + skipped.count();
        parts.get(at)?.quote().map(|_| at)
    };
    let (open, close) = (outwards(left, open)?, outwards(right, close)?);
    let outer = left[open].quote()?;
    let fits = Some(outer) == right[close].quote() && outer != inner && outer.len() <= inner.len();
    fits.then_some((open, close))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ask_live_4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua";

    /// What is read where `@` stands in a text for the key: the literal's value, or the token.
    fn value(text: &str) -> String {
        let (before, after) = text.split_once('@').unwrap();
        let value = around(before.as_bytes(), KEY.as_bytes(), after.as_bytes());
        let value = value.map(|value| String::from_utf8(value.expose().to_vec()).unwrap());
        value.map_or_else(|| "@".to_owned(), |value| value.replace(KEY, "@"))
    }

    #[test]
    fn a_literal_that_is_the_key_is_the_key() {
        for text in [
            r#"const a="@";"#,
            "const a='@',b='x'",
            "a(`@`)",
            r#"["a","@","b"]"#,
            r#"["a", "@", "b"]"#,
            "['a',\"@\",'b']",
            r#"{"key":"@"}"#,
            r#"JSON.parse("{\"key\":\"@\"}")"#,
            r#"JSON.parse('{"key":"@"}')"#,
            r#"JSON.parse('["@"]')"#,
            r#"["const k = \"@\";\n"]"#,
            r#"["const k = [\"a\", \"@\", \"b\"];\n"]"#,
            r#"<div data-key="@" class='x'>"#,
            "<div class='x' data-key=\"@\" id='y'>",
            r#"<div data-props="{&quot;key&quot;:&quot;@&quot;}">"#,
            r#"{\x22key\x22:\x22@\x22}"#,
            "@",
            "a=@\n",
            "x?'a':\"@\"",
        ] {
            assert_eq!(value(text), "@", "{text}");
        }
    }

    #[test]
    fn a_key_within_a_text_is_the_key() {
        for text in [
            r#""https://host/?key=@&x=1""#,
            r#""Bearer @""#,
            r#"`X-AllStak-Key: ${a}@`"#,
            r#""two words: @\n""#,
            r#""A=1\nALLSTAK_API_KEY=@\nB=2""#,
            "<p> @ </p>",
            "A=1\nALLSTAK_API_KEY=\"@\"\n",
            r#"const ALLSTAK_API_KEY="@",b=''"#,
            r#""@ and more""#,
        ] {
            assert_eq!(value(text), "@", "{text}");
        }
    }

    #[test]
    fn a_wrapped_key_is_read_with_what_it_is_wrapped_in() {
        for (text, expected) in [
            (r#"a="@\n""#, "@\n"),
            (r#"a="@\r\n";b="""#, "@\r\n"),
            ("a=`@\n`", "@\n"),
            (r#"a=" @""#, " @"),
            (r#"a="\t@""#, "\t@"),
            (r#"a="@\u00a0""#, "@\u{a0}"),
            ("a=\"@\u{a0}\"", "@\u{a0}"),
            (r#"a="\ufeff@""#, "\u{feff}@"),
            (r#"a="\"@\"""#, "\"@\""),
            (r#"a='"@"'"#, "\"@\""),
            (r#"a=`"@"`"#, "\"@\""),
            (r#"a="'@'""#, "'@'"),
            (r#"a="\x22@\x22""#, "\"@\""),
            (r#"a='"@"\n'"#, "\"@\"\n"),
            (r#"a="@\"""#, "@\""),
            (r#"a='"@'"#, "\"@"),
            (r#"['"@',"b"]"#, "\"@"),
            (r#"a="@;""#, "@;"),
            (r#"a="@,""#, "@,"),
            (r#"a="@\\""#, "@\\"),
            (r#"a="ALLSTAK_API_KEY=@""#, "ALLSTAK_API_KEY=@"),
            (r#"a="export API_KEY=@\n""#, "export API_KEY=@\n"),
            (r#"a='API_KEY="@"'"#, "API_KEY=\"@\""),
            (r#"{"key":"@\n"}"#, "@\n"),
            (r#"JSON.parse("{\"key\":\"@\\n\"}")"#, "@\n"),
            (r#"JSON.parse("{\"key\":\"\\\"@\\\"\"}")"#, "\"@\""),
            (r#"["const k = \"@\\n\";\n"]"#, "@\n"),
            (r#"<div data-key="@&#10;">"#, "@\n"),
            (r#"<div data-key="&quot;@&quot;">"#, "\"@\""),
            (r#"<div data-key='@&nbsp;'>"#, "@\u{a0}"),
            ("a=\"\u{201c}@\u{201d}\"", "\u{201c}@\u{201d}"),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn text_without_end_is_looked_at_no_further_than_it_is_given() {
        let blanks = " ".repeat(AROUND);
        assert_eq!(value(&format!("{blanks}@{blanks}")), "@");
    }
}
