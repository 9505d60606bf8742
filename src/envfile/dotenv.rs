//! npm dotenv 17 and 18: one regular expression over the whole file, and some mending after it.
//!
//! The expression backtracks, and its blanks match line ends, so that a value may start on a later
//! line and a quoted value whose line goes on after the closing quote is read again as a plain one.
//! What follows says for each of its parts which of its attempts succeeds, so that nothing is read
//! more than a few times.

use super::Entry;
use super::buffer::Buffer;
use super::text::{
    CarriageReturn, char_at, find_or_end, is_javascript_space, prepared, skip, trim_end,
};
use super::variables::Variables;

/// What ends a line for JavaScript, once carriage returns are gone.
const LINE_ENDS: [&[u8]; 3] = [b"\n", "\u{2028}".as_bytes(), "\u{2029}".as_bytes()];

pub(super) fn parse(file: &[u8], variables: &mut Variables<'_>) {
    let text = prepared(file, CarriageReturn::Newline);
    let mut at = 0;
    while let Some(statement) = next_statement(&text, at) {
        at = statement.end;
        // Assigning a text to this one member of a JavaScript object does nothing.
        if statement.name != b"__proto__" && variables.wants(statement.name) {
            let value = mended(statement.value).into_secret();
            variables.set(statement.name, Entry::Value(value));
        }
    }
}

struct Statement<'t> {
    name: &'t [u8],
    value: &'t [u8],
    end: usize,
}

fn next_statement(text: &[u8], from: usize) -> Option<Statement<'_>> {
    let mut line = if starts_line(text, from) {
        from
    } else {
        next_line(text, from)?
    };
    loop {
        // From each line start within these blanks the same attempt would follow.
        let token = skip_space(text, line);
        if let Some(statement) = statement(text, token) {
            return Some(statement);
        }
        line = next_line(text, token)?;
    }
}

/// `(?:export\s+)?` and an assignment, or an assignment to a variable called `export`.
fn statement(text: &[u8], token: usize) -> Option<Statement<'_>> {
    let exported = text[token..]
        .starts_with(b"export")
        .then(|| skip_space(text, token + 6))
        .filter(|&name| name > token + 6);
    exported
        .and_then(|name| assignment(text, name))
        .or_else(|| assignment(text, token))
}

fn assignment(text: &[u8], start: usize) -> Option<Statement<'_>> {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    let name_end = find_or_end(text, start, |b| !is_name(b));
    if name_end == start {
        return None;
    }
    let equals = skip_space(text, name_end);
    let from = if text.get(equals) == Some(&b'=') {
        equals + 1
    } else if text.get(name_end) == Some(&b':') {
        let (space, length) = char_at(text, name_end + 1)?;
        if !is_javascript_space(space) {
            return None;
        }
        name_end + 1 + length
    } else {
        return None;
    };
    let (value, end) = value(text, from);
    Some(Statement {
        name: &text[start..name_end],
        value: &text[from..value],
        end,
    })
}

/// Where the value ends, and where the match does.
fn value(text: &[u8], from: usize) -> (usize, usize) {
    if let Some(quoted) = quoted(text, from) {
        return quoted;
    }
    let end = find_or_end(text, from, |b| matches!(b, b'#' | b'\n'));
    (end, match_end(text, end).unwrap_or(end))
}

/// A quoted value of which nothing but a comment follows on its line. Its closing quote is the first
/// that no backslash precedes, else the last that one does.
fn quoted(text: &[u8], from: usize) -> Option<(usize, usize)> {
    let open = skip_space(text, from);
    let quote = *text.get(open).filter(|&&b| is_quote(b))?;
    let closes = |at: usize| match_end(text, at + 1).map(|end| (at + 1, end));
    let mut close = open + 1;
    loop {
        close = find_or_end(text, close, |b| b == quote);
        if close >= text.len() || text[close - 1] != b'\\' {
            break;
        }
        close += 1;
    }
    if close < text.len()
        && let Some(found) = closes(close)
    {
        return Some(found);
    }
    (open + 1..close.min(text.len()))
        .rev()
        .filter(|&at| text[at] == quote)
        .find_map(closes)
}

/// `\s*(?:#.*)?$`: where it ends when started here.
fn match_end(text: &[u8], from: usize) -> Option<usize> {
    let after = skip_space(text, from);
    match text.get(after) {
        None => Some(after),
        Some(b'#') => Some(line_end(text, after)),
        Some(_) => (from..after).rev().find(|&at| line_end_at(text, at) > 0),
    }
}

/// What dotenv does to the text it matched: trimmed, without the quotes around it, and when it began
/// with a double quote with `\n` and `\r` as line ends.
fn mended(value: &[u8]) -> Buffer {
    let value = trim_end(value, is_javascript_space);
    let value = &value[skip_space(value, 0)..];
    let escapes = value.first() == Some(&b'"');
    let mut mended = Buffer::with_capacity(value.len());
    let mut copied = 0;
    let mut line = 0;
    // Quotes are taken off between the start of any line and the last line that ends in the same quote.
    while let Some(&quote) = value.get(line) {
        if is_quote(quote)
            && let Some(close) = last_closing(value, quote)
            && close > line
        {
            append(&mut mended, &value[copied..line], escapes);
            append(&mut mended, &value[line + 1..close], escapes);
            copied = close + 1;
            line = copied;
        }
        match next_line(value, line) {
            Some(next) => line = next,
            None => break,
        }
    }
    append(&mut mended, &value[copied..], escapes);
    mended
}

fn append(to: &mut Buffer, text: &[u8], escapes: bool) {
    let mut rest = text;
    while escapes && let Some(at) = rest.iter().position(|&b| b == b'\\') {
        let (plain, from) = rest.split_at(at);
        to.extend(plain);
        let (byte, length) = match from.get(1) {
            Some(b'n') => (b'\n', 2),
            Some(b'r') => (b'\r', 2),
            _ => (b'\\', 1),
        };
        to.push(byte);
        rest = &from[length..];
    }
    to.extend(rest);
}

fn last_closing(value: &[u8], quote: u8) -> Option<usize> {
    (0..value.len())
        .rev()
        .find(|&at| value[at] == quote && (at + 1 == value.len() || line_end_at(value, at + 1) > 0))
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

fn skip_space(text: &[u8], from: usize) -> usize {
    skip(text, from, is_javascript_space)
}

/// The length of the line end here, 0 if there is none.
fn line_end_at(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let end = LINE_ENDS.iter().find(|end| rest.starts_with(end));
    end.map_or(0, |end| end.len())
}

fn starts_line(text: &[u8], at: usize) -> bool {
    at == 0 || LINE_ENDS.iter().any(|end| text[..at].ends_with(end))
}

/// Where the line ends, before its line end.
fn line_end(text: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        at = find_or_end(text, at, |b| matches!(b, b'\n' | 0xe2));
        if at >= text.len() || line_end_at(text, at) > 0 {
            return at;
        }
        at += 1;
    }
}

fn next_line(text: &[u8], from: usize) -> Option<usize> {
    let end = line_end(text, from);
    let length = line_end_at(text, end);
    (length > 0).then_some(end + length)
}

#[cfg(test)]
mod tests {
    use super::super::Dialect::Dotenv;
    use super::super::tests::{Absent, Is, check};

    #[test]
    fn one_pair_of_any_quotes_is_taken_off() {
        check(Dotenv, b"K=\"v\"", Is("v"));
        check(Dotenv, b"K=' v '", Is(" v "));
        check(Dotenv, b"K=`v`", Is("v"));
        check(Dotenv, b"K=\"'v'\"", Is("'v'"));
        check(Dotenv, b"K='", Is("'"));
        check(Dotenv, b"K='v\"", Is("'v\""));
    }

    #[test]
    fn only_double_quotes_make_line_ends_of_escapes() {
        check(Dotenv, b"K=\"a\\nb\\rc\\td\"", Is("a\nb\rc\\td"));
        check(Dotenv, b"K='a\\nb'", Is("a\\nb"));
        check(Dotenv, b"K=\"a\\nb", Is("\"a\nb"));
        check(Dotenv, b"K=\"a\\\\n\"", Is("a\\\n"));
    }

    #[test]
    fn a_hash_ends_an_unquoted_value_anywhere() {
        check(Dotenv, b"K=a#b", Is("a"));
        check(Dotenv, b"K=a # b", Is("a"));
        check(Dotenv, b"K=#a", Is(""));
        check(Dotenv, b"K='a#b' # c", Is("a#b"));
    }

    #[test]
    fn text_after_the_closing_quote_makes_it_an_unquoted_value() {
        check(Dotenv, b"K='a' b\nL=c", Is("'a' b"));
        check(Dotenv, b"K='a' 'b'", Is("a' 'b"));
        check(Dotenv, b"K='a'b#c'\n", Is("'a'b"));
        check(Dotenv, b"K='a\nb'c\nL='d'", Is("'a"));
    }

    #[test]
    fn an_escaped_quote_closes_only_if_nothing_else_does() {
        check(Dotenv, b"K='a\\'b'", Is("a\\'b"));
        check(Dotenv, b"K='a\\'\nL=b", Is("a\\"));
        check(Dotenv, b"K='a\\'\nb\\' # c\nL=d", Is("a\\'\nb\\"));
        check(Dotenv, b"K='a\\' b\nL=c", Is("'a\\' b"));
    }

    #[test]
    fn a_quoted_value_spans_lines_and_a_carriage_return_is_a_line_end() {
        check(Dotenv, b"K=\"a\r\nb\rc\"", Is("a\nb\nc"));
        check(Dotenv, b"K=v\rL=w", Is("v"));
        check(Dotenv, b"K=v\r\n", Is("v"));
    }

    #[test]
    fn blanks_around_the_equals_sign_include_line_ends() {
        check(Dotenv, b"K \n = \n 'v'", Is("v"));
        check(Dotenv, b"K=\n\nL=w", Is(""));
        check(Dotenv, b"K=\nL='w'", Is(""));
        check(
            Dotenv,
            "\u{feff}\u{a0}K\u{2003}=\u{a0}v\u{feff}".as_bytes(),
            Is("v"),
        );
    }

    #[test]
    fn a_colon_and_a_blank_separate_too() {
        check(Dotenv, b"K: v", Is("v"));
        check(Dotenv, b"K:\n'v'", Is("v"));
        check(Dotenv, b"K:v", Absent);
        check(Dotenv, b"K : v", Absent);
    }

    #[test]
    fn export_is_dropped_unless_it_is_the_name() {
        check(Dotenv, b"export K=v", Is("v"));
        check(Dotenv, b"  export\n\nK=v", Is("v"));
        check(Dotenv, b"exportK=v", Absent);
        assert_eq!(
            super::super::tests::names(Dotenv, b"export = v"),
            ["export"]
        );
    }

    #[test]
    fn other_lines_are_passed_over() {
        check(Dotenv, b"what is\nthis\n# K=a\nK=v", Is("v"));
        check(Dotenv, b"x K=a", Absent);
        check(Dotenv, b"K=a\nK=b", Is("b"));
        check(Dotenv, b"__proto__=v", Absent);
        assert!(super::super::tests::names(Dotenv, b"__proto__=v").is_empty());
    }

    #[test]
    fn unicode_line_ends_end_lines_but_not_values() {
        check(Dotenv, "K=a\u{2028}b".as_bytes(), Is("a\u{2028}b"));
        check(Dotenv, "K='a'\u{2028}'b'".as_bytes(), Is("a"));
        check(
            Dotenv,
            "K=x\u{2028}'b'\u{2029}`c`".as_bytes(),
            Is("x\u{2028}b\u{2029}c"),
        );
        check(Dotenv, "what\u{2029}K=v".as_bytes(), Is("v"));
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_replaced() {
        check(Dotenv, b"K=a\xffb\xe2\x82c", Is("a\u{fffd}b\u{fffd}c"));
    }
}
