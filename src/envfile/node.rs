//! `node --env-file` and `util.parseEnv` of Node 20.20: `src/node_dotenv.cc`.
//!
//! Like dotenv from afar, and unlike it near by: only spaces are trimmed, every carriage return is
//! dropped, a name is whatever stands before the next `=`, be it on a later line, and a closing quote
//! is the next one, escaped or not. Node 22 and 24 read some malformed lines differently.

use super::Entry;
use super::buffer::Buffer;
use super::text::{CarriageReturn, find, find_or_end, prepared};
use super::variables::Variables;

pub(super) fn parse(file: &[u8], variables: &mut Variables<'_>) {
    let text = prepared(file, CarriageReturn::Dropped);
    let mut rest = trimmed(&text);
    while let Some(&first) = rest.first() {
        if matches!(first, b'\n' | b'#')
            && let Some(newline) = find(rest, 0, b'\n')
        {
            rest = &rest[newline + 1..];
            continue;
        }
        // A comment on the last line is not skipped: with a `=` in it, it sets something.
        let Some(equals) = find(rest, 0, b'=') else {
            break;
        };
        let name = match trimmed(&rest[..equals]) {
            // Node trims a name of spaces alone back to the line end in front of it.
            [] if equals > 0 => b"\n",
            [] => break,
            name => name.strip_prefix(b"export ").unwrap_or(name),
        };
        rest = trimmed(&rest[equals + 1..]);
        let (value, escapes, next) = value(rest);
        if let Some(value) = value
            && name != b"__proto__"
            && variables.wants(name)
        {
            let value = unescaped(value, escapes).into_secret();
            variables.set(name, Entry::Value(value));
        }
        rest = &rest[next..];
    }
}

/// The value, whether it has escapes, and from where parsing goes on.
fn value(text: &[u8]) -> (Option<&[u8]>, bool, usize) {
    let newline = |from| find_or_end(text, from, |b| b == b'\n');
    match text.first() {
        Some(&quote @ (b'"' | b'\'' | b'`')) => {
            if let Some(close) = find(text, 1, quote) {
                return (Some(&text[1..close]), quote == b'"', newline(close + 1));
            }
            // Left open on the last line it is not stored, and its text is read as a name.
            match find(text, 0, b'\n') {
                Some(end) => (Some(&text[..end]), false, end),
                None => (None, false, 0),
            }
        }
        _ => {
            let end = newline(0);
            let comment = find_or_end(&text[..end], 0, |b| b == b'#');
            (Some(trimmed(&text[..comment])), false, end)
        }
    }
}

fn unescaped(value: &[u8], escapes: bool) -> Buffer {
    let mut unescaped = Buffer::with_capacity(value.len());
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if escapes && byte == b'\\' && rest.first() == Some(&b'n') {
            unescaped.push(b'\n');
            rest = &rest[1..];
        } else {
            unescaped.push(byte);
        }
    }
    unescaped
}

fn trimmed(text: &[u8]) -> &[u8] {
    let start = find_or_end(text, 0, |b| b != b' ');
    let end = text
        .iter()
        .rposition(|&b| b != b' ')
        .map_or(start, |at| at + 1);
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use super::super::Dialect::Node;
    use super::super::tests::{Absent, Is, check, names};

    #[test]
    fn quotes_close_at_the_next_one_and_the_rest_of_the_line_is_dropped() {
        check(Node, b"K=\"v\" x\n", Is("v"));
        check(Node, b"K='v'x'\n", Is("v"));
        check(Node, b"K=`a\nb`", Is("a\nb"));
        check(Node, b"K=\"a\\\"b\"\n", Is("a\\"));
    }

    #[test]
    fn only_backslash_n_in_double_quotes_is_an_escape() {
        check(Node, b"K=\"a\\nb\\r\\\\n\"", Is("a\nb\\r\\\n"));
        check(Node, b"K='a\\nb'", Is("a\\nb"));
    }

    #[test]
    fn an_open_quote_is_kept_up_to_the_line_end_and_lost_without_one() {
        check(Node, b"K=\"v\nL=w", Is("\"v"));
        check(Node, b"K=\"v", Absent);
        assert_eq!(names(Node, b"K=\"v=w"), ["\"v"]);
    }

    #[test]
    fn only_spaces_are_trimmed_and_carriage_returns_vanish() {
        check(Node, b"  K =  v  \r\n", Is("v"));
        check(Node, b"K=\tv\t", Is("\tv\t"));
        check(Node, b"\tK=v", Absent);
        check(Node, b"K=a\rb", Is("ab"));
        check(Node, "\u{feff}K=v".as_bytes(), Absent);
    }

    #[test]
    fn a_name_is_everything_up_to_the_equals_sign() {
        assert_eq!(names(Node, b"what\nK=v"), ["what\nK"]);
        assert_eq!(names(Node, b"A=1\n # x\nK=v"), ["A", "# x\nK"]);
        assert_eq!(names(Node, b"A=1\n   =v\nK=w"), ["A", "\n", "K"]);
        assert_eq!(names(Node, b"=v\nK=w"), [""; 0]);
        assert_eq!(names(Node, b"# K=v"), ["# K"]);
        assert_eq!(names(Node, b"export  K=v"), [" K"]);
    }

    #[test]
    fn a_hash_ends_an_unquoted_value() {
        check(Node, b"K=a#b", Is("a"));
        check(Node, b"K= #b\n", Is(""));
        check(Node, b"K=a\nK=", Is(""));
        check(Node, b"__proto__=1\nK=v", Is("v"));
        assert_eq!(names(Node, b"__proto__=1\nK=v"), ["K"]);
    }
}
