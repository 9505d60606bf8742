//! What stands between two parts of a text that code puts together: signs, blanks and comments.

use memchr::memmem;

/// The most bytes of blanks and comments in one place.
pub(super) const MOST: usize = 1 << 10;

/// How many brackets may stand around one part.
const MOST_BRACKETS: usize = 4;

/// How many steps back lead over blanks and comments.
const MOST_STEPS: usize = 16;

pub(super) fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// How many bytes of blanks and comments a text starts with.
pub(super) fn trivia(text: &[u8]) -> usize {
    let text = &text[..text.len().min(MOST)];
    let mut at = 0;
    loop {
        at += text[at..]
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        let rest = &text[at..];
        let length = match rest {
            [b'/', b'*', comment @ ..] => memmem::find(comment, b"*/").map(|end| end + 4),
            [b'/', b'/', comment @ ..] => memchr::memchr(b'\n', comment).map(|end| end + 3),
            _ => None,
        };
        match length {
            Some(length) => at += length,
            None => return at,
        }
    }
}

/// The sign behind a literal that puts it together with something.
pub(super) struct Sign {
    /// What is put together with it starts here.
    pub end: usize,
    /// Whether brackets around the literal end before the sign.
    pub in_brackets: bool,
    /// Whether it is `+` rather than `.concat(`.
    pub is_plus: bool,
}

/// The sign in a text that starts with the quote at the end of a literal.
pub(super) fn sign(text: &[u8]) -> Option<Sign> {
    // Most quotes end something else.
    if !matches!(
        text.get(1)?,
        b'+' | b'.' | b')' | b'/' | b'?' | b' ' | b'\n' | b'\r' | b'\t'
    ) {
        return None;
    }
    let mut at = 1 + trivia(&text[1..]);
    let mut brackets = 0;
    while text.get(at) == Some(&b')') && brackets < MOST_BRACKETS {
        brackets += 1;
        at += 1 + trivia(&text[at + 1..]);
    }
    let rest = &text[at..];
    let is_plus = rest.starts_with(b"+");
    if is_plus {
        at += 1;
    } else {
        let call = rest.strip_prefix(b"?").unwrap_or(rest);
        let call = call.strip_prefix(b".concat")?;
        let call = call[trivia(call)..].strip_prefix(b"(")?;
        at = text.len() - call.len();
    }
    Some(Sign {
        end: at + trivia(&text[at..]),
        in_brackets: brackets > 0,
        is_plus,
    })
}

/// How many bytes lead from the quote at the end of a literal into the literal that it is put together with.
pub(super) fn joint(text: &[u8]) -> Option<usize> {
    let mut at = sign(text)?.end;
    at += opening(&text[at..]);
    is_quote(*text.get(at)?).then_some(at + 1)
}

/// Brackets that open, with blanks and comments.
pub(super) fn opening(text: &[u8]) -> usize {
    let mut at = trivia(text);
    for _ in 0..MOST_BRACKETS {
        match text.get(at) {
            Some(b'(') => at += 1 + trivia(&text[at + 1..]),
            _ => break,
        }
    }
    at
}

/// The place of the quote before a sign, over what may stand between them.
pub(super) fn quote_before(text: &[u8], sign: usize) -> Option<usize> {
    let start = sign.saturating_sub(MOST);
    let mut before = &text[start..sign];
    for _ in 0..MOST_STEPS {
        before = before.trim_ascii_end();
        if is_quote(*before.last()?) {
            return Some(start + before.len() - 1);
        }
        before = if let Some(bracket) = before.strip_suffix(b")") {
            bracket
        } else if let Some(comment) = before.strip_suffix(b"*/") {
            &comment[..memmem::rfind(comment, b"/*")?]
        } else {
            let line = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
            let mut comments = memmem::find_iter(&before[line..], b"//").take(4);
            let comment = comments.find(|at| {
                let code = before[line..line + at].trim_ascii_end();
                code.last()
                    .is_none_or(|last| is_quote(*last) || *last == b')')
            })?;
            &before[..line + comment]
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_put_together_over_blanks_comments_and_brackets() {
        for text in [
            "\"+\"b",
            "' + 'b",
            "\" /* a \" */ + /* b */ \"b",
            "\" // a\n  // c\n + // it's\n `b",
            "\").concat(\"b",
            "\")+(\"b",
            "\" . concat(\"b",
            "\"\n  .concat( \"b",
            "\"?.concat(\"b",
        ] {
            let is_odd = text.contains(" . ");
            let found = joint(text.as_bytes());
            assert_eq!(found, (!is_odd).then_some(text.len() - 1), "{text}");
        }
        for text in [
            "\"+b",
            "\",\"b",
            "\";\"b",
            "\" /* a + \"b",
            "\".join(\"b",
            "\"",
        ] {
            assert_eq!(joint(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_quote_before_a_sign_is_found_over_all_of_that() {
        for text in [
            "x=\"a\"",
            "x=\"a\" ",
            "x=(\"a\" ) ",
            "x=\"a\" /* b */ /* c */\n",
            "x=\"http://a\" // b\n // c\n\n  ",
        ] {
            let found = quote_before(text.as_bytes(), text.len());
            let quote = text.find("a\"").map(|at| at + 1);
            assert_eq!(found, quote, "{text}");
        }
        for text in ["x", "", "x=\"a\";", "a // b\n", "*/"] {
            assert_eq!(quote_before(text.as_bytes(), text.len()), None, "{text}");
        }
    }
}
