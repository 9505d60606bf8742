//! phpdotenv 5.8 (`vlucas/phpdotenv`), which Laravel loads: `Lines.php`, `EntryParser.php`, `Lexer.php` and `Resolver.php`.
//!
//! What it cannot parse refuses the whole file. `${NAME}` is expanded but in single quotes, from the right to the left,
//! so that references nest; one to what is not set stays as it stands. The value of a reference is the file's here; a
//! repository that is not to be changed, as Laravel's, prefers the environment's for a variable that is set there.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::buffer::Buffer;
use super::text::find_or_end;
use super::variables::{Expansion, Known, Variables};
use super::{Entry, Rejected};

pub(super) fn parse(file: &[u8], variables: &mut Variables<'_>) -> Result<(), Rejected> {
    let text = as_utf_8(file);
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
    let mut open: Option<(u32, Buffer)> = None;
    for (number, line) in (1..).zip(lines(text)) {
        let (start, entry) = match open.take() {
            Some((start, mut entry)) => {
                entry.push(b'\n');
                entry.extend(line);
                if quotes(line) == 0 {
                    open = Some((start, entry));
                    continue;
                }
                (start, entry)
            }
            None => {
                let mut entry = Buffer::with_capacity(line.len());
                entry.extend(line);
                if goes_on(line) {
                    open = Some((number, entry));
                    continue;
                }
                (number, entry)
            }
        };
        set(&entry, start, variables)?;
    }
    match open {
        Some((start, entry)) => set(&entry, start, variables),
        None => Ok(()),
    }
}

fn set(entry: &[u8], line: u32, variables: &mut Variables<'_>) -> Result<(), Rejected> {
    let rejected = |reason| Rejected { line, reason };
    if matches!(trimmed(entry).first(), None | Some(b'#')) {
        return Ok(());
    }
    let mut parts = entry.splitn(2, |&b| b == b'=');
    let (name, value) = match (parts.next(), parts.next()) {
        (Some(name), Some(value)) => (trimmed(name), Some(trimmed(value))),
        _ => (entry, None),
    };
    let name = named(name).ok_or(rejected("phpdotenv refuses what is no name"))?;
    let entry = match value {
        None => Entry::Absent,
        Some(value) => {
            let (value, references) = lexed(value).map_err(rejected)?;
            let value = resolved(&value, &references, variables);
            let value = value.ok_or(rejected(Variables::OVER_BUDGET))?;
            value.into_entry(line)
        }
    };
    variables.set(name, entry);
    Ok(())
}

/// What is not UTF-8 becomes question marks.
fn as_utf_8(file: &[u8]) -> Buffer {
    let mut text = Buffer::with_capacity(file.len());
    for chunk in file.utf8_chunks() {
        text.extend(chunk.valid().as_bytes());
        if !chunk.invalid().is_empty() {
            text.push(b'?');
        }
    }
    text
}

/// Lines end with `\r\n`, `\n` or `\r`.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = find_or_end(text, 0, |b| matches!(b, b'\n' | b'\r'));
        let length = if text[end..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
        rest = text.get(end + length..);
        Some(&text[..end])
    })
}

/// Whether what begins on this line looks as if it ended on a later one.
fn goes_on(line: &[u8]) -> bool {
    let Some(at) = line.windows(2).position(|pair| pair == b"=\"") else {
        return false;
    };
    !line[..at].contains(&b'#') && quotes(line) < 2
}

/// How many double quotes no backslash precedes, once pairs of backslashes are taken out.
fn quotes(line: &[u8]) -> usize {
    let mut count = 0;
    let mut is_escaped = false;
    let mut rest = line;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'\\' && rest.first() == Some(&b'\\') {
            rest = &rest[1..];
            continue;
        }
        count += usize::from(byte == b'"' && !is_escaped);
        is_escaped = byte == b'\\';
    }
    count
}

/// `trim` as it is called there: without form feeds.
fn trimmed(text: &[u8]) -> &[u8] {
    let is_blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0);
    let start = text.iter().take_while(|b| is_blank(b)).count();
    let end = text.iter().rposition(|b| !is_blank(b));
    end.map_or(&[], |end| &text[start..=end])
}

fn named(mut name: &[u8]) -> Option<&[u8]> {
    static NAME: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\A[\p{Ll}\p{Lu}\p{M}\p{N}_.]+\z").ok());
    if let Some(exported) = name.strip_prefix(b"export")
        && exported.first().is_some_and(|&b| is_space(b))
    {
        name = &exported[find_or_end(exported, 0, |b| !is_space(b))..];
    }
    if let [first @ (b'"' | b'\''), inner @ .., last] = name
        && first == last
        && !inner.is_empty()
    {
        name = inner;
    }
    NAME.as_ref()?.is_match(name).then_some(name)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Initial,
    Unquoted,
    Single,
    Double,
    Escape,
    Blank,
}

/// The value without its quotes and escapes, and where dollar signs stand in it that may begin a reference.
fn lexed(value: &[u8]) -> Result<(Buffer, Vec<usize>), &'static str> {
    let mut plain = Buffer::with_capacity(value.len());
    let mut references = Vec::new();
    let mut state = State::Initial;
    for &byte in value {
        state = match (state, byte) {
            (State::Initial, b'\'') => State::Single,
            (State::Initial, b'"') => State::Double,
            (State::Initial | State::Unquoted | State::Blank, b'#') => break,
            (State::Single, b'\'') | (State::Double, b'"') => State::Blank,
            (State::Double, b'\\') => State::Escape,
            (State::Unquoted, byte) if is_space(byte) => State::Blank,
            (State::Blank, byte) if is_space(byte) => State::Blank,
            (State::Blank, _) => {
                return Err("phpdotenv refuses text after a value: put the value in quotes");
            }
            (State::Escape, byte) => {
                plain.push(match byte {
                    b'"' | b'\\' | b'$' => byte,
                    b'f' => 0x0c,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 0x0b,
                    _ => return Err("phpdotenv refuses this escape in double quotes"),
                });
                State::Double
            }
            (state, byte) => {
                if byte == b'$' && state != State::Single {
                    references.push(plain.len());
                }
                plain.push(byte);
                match state {
                    State::Initial => State::Unquoted,
                    state => state,
                }
            }
        };
    }
    match state {
        State::Single | State::Double | State::Escape => Err("a quote is not closed"),
        _ => Ok((plain, references)),
    }
}

/// With `${NAME}` put in, the last one first. `None` when the budget is spent.
fn resolved(
    value: &[u8],
    references: &[usize],
    variables: &mut Variables<'_>,
) -> Option<Expansion> {
    // From the end to the start, so that it grows where it is added to.
    let mut backwards = Buffer::with_capacity(value.len());
    let mut result = Expansion::default();
    let mut cut = value.len();
    for &dollar in references.iter().rev() {
        for byte in value[dollar..cut].iter().rev() {
            backwards.push(*byte);
        }
        cut = dollar;
        let Some(name) = reference(&backwards) else {
            continue;
        };
        let rest = backwards.len() - name.len() - 3;
        if matches!(variables.lookup(&name), Known::Unset) {
            continue;
        }
        let mut inner = Expansion::default();
        if !variables.refer(&name, &mut inner) {
            return None;
        }
        result.unknown |= inner.unknown;
        backwards.truncate(rest);
        for byte in inner.bytes.iter().rev() {
            backwards.push(*byte);
        }
    }
    result.bytes.extend(&value[..cut]);
    for byte in backwards.iter().rev() {
        result.bytes.push(*byte);
    }
    Some(result)
}

/// The name of the `${NAME}` at the end of a text that is written backwards.
fn reference(backwards: &[u8]) -> Option<Vec<u8>> {
    let mut text = backwards.iter().rev();
    if text.next() != Some(&b'$') || text.next() != Some(&b'{') {
        return None;
    }
    let mut name = Vec::new();
    for &byte in text {
        match byte {
            b'}' if !name.is_empty() => return Some(name),
            b'.' | b'_' => name.push(byte),
            byte if byte.is_ascii_alphanumeric() => name.push(byte),
            _ => return None,
        }
    }
    None
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::super::Dialect::Phpdotenv;
    use super::super::tests::{Absent, FromOutside, Is, check, check_alone, names, rejects};

    #[test]
    fn quotes_and_their_escapes() {
        check(Phpdotenv, b"K=\"a\\\"b\\\\c\\n\\t\\$\"", Is("a\"b\\c\n\t$"));
        check(Phpdotenv, b"K='a\\n$B'", Is("a\\n$B"));
        check(Phpdotenv, b"K=`v`", Is("`v`"));
        check(Phpdotenv, b"K=a\\b", Is("a\\b"));
        check(Phpdotenv, b"K=va\"lu\"e", Is("va\"lu\"e"));
        rejects(Phpdotenv, b"A=1\nK=\"\\x\"", 2);
        rejects(Phpdotenv, b"\nK='v", 2);
        rejects(Phpdotenv, b"K=\"val\"ue", 1);
    }

    #[test]
    fn double_quotes_alone_go_over_several_lines() {
        check(Phpdotenv, b"K=\"a\r\nb\"", Is("a\nb"));
        rejects(Phpdotenv, b"K='a\nb'", 1);
        rejects(Phpdotenv, b"K=\"a\nL=w", 1);
        check(Phpdotenv, b"# K=\"\nK=v", Is("v"));
    }

    #[test]
    fn a_blank_ends_a_plain_value_and_only_a_comment_may_follow() {
        check(Phpdotenv, b"K=v # c", Is("v"));
        check(Phpdotenv, b"K=a#b", Is("a"));
        check(Phpdotenv, b"K = v \nL=w", Is("v"));
        rejects(Phpdotenv, b"A=1\nK=a b", 2);
    }

    #[test]
    fn references_in_braces_are_expanded_and_nest() {
        check(Phpdotenv, b"A=1\nK=x${A}$A", Is("x1$A"));
        check(Phpdotenv, b"A=1\nK='${A}'", Is("${A}"));
        check(Phpdotenv, b"A=B\nB=2\nK=\"${${A}}\"", Is("2"));
        check(Phpdotenv, b"K=${A:-x}", Is("${A:-x}"));
        check(Phpdotenv, b"\nK=${A}", FromOutside(2));
        check_alone(Phpdotenv, b"K=${A}", Is("${A}"));
        check(Phpdotenv, b"K=pa$$word", Is("pa$$word"));
        check(Phpdotenv, b"K=$(x)", Is("$(x)"));
    }

    #[test]
    fn names_are_words_and_what_is_none_refuses_the_file() {
        assert_eq!(
            names(
                Phpdotenv,
                "'A'=1\nexport \"B\"=2\nexport=3\nä.1=4".as_bytes()
            ),
            ["A", "B", "export", "ä.1"]
        );
        for file in ["A-B=1", "=v", "what is this", "set K=v", " K", "K: v"] {
            rejects(Phpdotenv, file.as_bytes(), 1);
        }
        check(Phpdotenv, b"K=v\nK", Absent);
    }

    #[test]
    fn a_byte_order_mark_is_dropped_and_other_bytes_are_replaced() {
        check(Phpdotenv, "\u{feff}K=v".as_bytes(), Is("v"));
        check(Phpdotenv, b"K=a\xffb", Is("a?b"));
    }

    #[test]
    fn doubling_values_run_out_of_budget() {
        let mut file = b"A0=xxxxxxxxxxxxxxxx\n".to_vec();
        for i in 0..40 {
            file.extend_from_slice(format!("A{}=${{A{i}}}${{A{i}}}\n", i + 1).as_bytes());
        }
        rejects(Phpdotenv, &file, 17);
    }
}
