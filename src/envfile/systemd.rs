//! `EnvironmentFile=` of systemd: `src/basic/env-file.c`, and the check of names after it.
//!
//! Close to a shell without expansions: quotes count only where a value starts or right after a
//! closing quote, a backslash takes the next character as it is, and there is no comment after a
//! value. Either line end character ends a line. Names a shell would not take are passed over.

use super::buffer::Buffer;
use super::text::Lines;
use super::variables::Variables;
use super::{Entry, Rejected};

/// What becomes of a line after a comment that ends in a backslash.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comments {
    /// It belongs to the comment: systemd up to 253.
    Continue,
    /// It is a line like any other: systemd from 254 on.
    End,
}

pub(super) fn parse(file: &[u8], variables: &mut Variables<'_>) -> Result<(), Rejected> {
    if let Some(at) = file.iter().position(|&b| b == 0) {
        return Err(Rejected {
            line: Lines::new(file).of(at),
            reason: "systemd refuses a NUL byte",
        });
    }
    let Some(line) = scan(file, Comments::Continue, variables)? else {
        return Ok(());
    };
    let mut newer = variables.fresh();
    let agreed = scan(file, Comments::End, &mut newer).is_ok_and(|_| variables.agrees(&newer));
    if agreed {
        return Ok(());
    }
    Err(Rejected {
        line,
        reason: "a comment ends in a backslash, which systemd joins with the next line before version \
                 254 and not after it; end the comment otherwise",
    })
}

enum State {
    BeforeName,
    Name,
    BeforeValue,
    Value,
    ValueEscape,
    SingleQuotes,
    DoubleQuotes,
    DoubleQuotesEscape,
    Comment,
    CommentEscape,
}

/// The first line on which a comment ends in a backslash, if any.
fn scan(
    file: &[u8],
    comments: Comments,
    variables: &mut Variables<'_>,
) -> Result<Option<u32>, Rejected> {
    // Taking ASCII out of sound text leaves it sound, so that mostly no value needs to be looked at.
    let sound = is_sound(file);
    let mut lines = Lines::new(file);
    let mut joined = None;
    let mut state = State::BeforeName;
    let mut name: &[u8] = &[];
    let mut start = 0;
    let mut wanted = false;
    let mut value = Buffer::default();
    // Where the blanks at the end of an unquoted value start.
    let mut blanks = None;
    for (at, &byte) in file.iter().enumerate() {
        let newline = matches!(byte, b'\n' | b'\r');
        let blank = newline || matches!(byte, b' ' | b'\t');
        match state {
            State::BeforeName if matches!(byte, b'#' | b';') => state = State::Comment,
            State::BeforeName if blank => {}
            State::BeforeName => {
                start = at;
                state = State::Name;
            }
            State::Name if newline => state = State::BeforeName,
            State::Name if byte == b'=' => {
                name = trimmed(&file[start..at]);
                wanted = is_name(name) && variables.wants(name);
                blanks = None;
                state = State::BeforeValue;
            }
            State::Name => {}
            State::BeforeValue | State::Value if newline => {
                if let (State::Value, Some(end)) = (&state, blanks) {
                    value.truncate(end);
                }
                let done = std::mem::take(&mut value);
                push(name, done, sound, wanted, variables)
                    .map_err(|reason| rejected(&mut lines, start, reason))?;
                state = State::BeforeName;
            }
            State::BeforeValue if byte == b'\'' => state = State::SingleQuotes,
            State::BeforeValue if byte == b'"' => state = State::DoubleQuotes,
            State::BeforeValue | State::Value if byte == b'\\' => {
                blanks = None;
                state = State::ValueEscape;
            }
            State::BeforeValue if blank => {}
            State::BeforeValue | State::Value => {
                if !blank {
                    blanks = None;
                } else if blanks.is_none() {
                    blanks = Some(value.len());
                }
                keep(&mut value, &[byte], wanted || !sound);
                state = State::Value;
            }
            State::ValueEscape => {
                if !newline {
                    keep(&mut value, &[byte], wanted || !sound);
                }
                state = State::Value;
            }
            State::SingleQuotes if byte == b'\'' => state = State::BeforeValue,
            State::DoubleQuotes if byte == b'"' => state = State::BeforeValue,
            State::DoubleQuotes if byte == b'\\' => state = State::DoubleQuotesEscape,
            State::SingleQuotes | State::DoubleQuotes => {
                keep(&mut value, &[byte], wanted || !sound);
            }
            State::DoubleQuotesEscape => {
                match byte {
                    b'"' | b'\\' | b'`' | b'$' => keep(&mut value, &[byte], wanted || !sound),
                    b'\n' => {}
                    _ => keep(&mut value, &[b'\\', byte], wanted || !sound),
                }
                state = State::DoubleQuotes;
            }
            State::Comment if byte == b'\\' => state = State::CommentEscape,
            State::Comment if newline => state = State::BeforeName,
            State::Comment => {}
            State::CommentEscape if newline => {
                joined = joined.or_else(|| Some(lines.of(at)));
                state = match comments {
                    Comments::Continue => State::Comment,
                    Comments::End => State::BeforeName,
                };
            }
            State::CommentEscape => state = State::Comment,
        }
    }
    match state {
        State::BeforeName | State::Name | State::Comment | State::CommentEscape => {}
        _ => {
            if let (State::Value, Some(end)) = (&state, blanks) {
                value.truncate(end);
            }
            push(name, value, sound, wanted, variables)
                .map_err(|reason| rejected(&mut lines, start, reason))?;
        }
    }
    Ok(joined)
}

fn keep(value: &mut Buffer, bytes: &[u8], kept: bool) {
    if kept {
        value.extend(bytes);
    }
}

fn push(
    name: &[u8],
    value: Buffer,
    sound: bool,
    wanted: bool,
    variables: &mut Variables<'_>,
) -> Result<(), &'static str> {
    let refused = !sound && (!is_sound(name) || !is_sound(&value));
    if refused {
        return Err("systemd refuses bytes that are not UTF-8, and noncharacters");
    }
    if wanted {
        variables.set(name, Entry::Value(value.into_secret()));
    }
    Ok(())
}

fn rejected(lines: &mut Lines<'_>, at: usize, reason: &'static str) -> Rejected {
    Rejected {
        line: lines.of(at),
        reason,
    }
}

fn trimmed(name: &[u8]) -> &[u8] {
    let end = name.iter().rposition(|b| !matches!(b, b' ' | b'\t'));
    &name[..end.map_or(0, |end| end + 1)]
}

fn is_name(name: &[u8]) -> bool {
    name.first().is_some_and(|b| !b.is_ascii_digit())
        && name.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'_')
}

/// UTF-8 as systemd has it, without the code points that never become characters.
fn is_sound(text: &[u8]) -> bool {
    let never = |c: char| matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    std::str::from_utf8(text).is_ok_and(|text| text.is_ascii() || !text.chars().any(never))
}

#[cfg(test)]
mod tests {
    use super::super::Dialect::Systemd;
    use super::super::tests::{Absent, Is, check, names, rejects};

    #[test]
    fn quotes_count_only_where_a_value_starts() {
        check(Systemd, b"K=\"v\"", Is("v"));
        check(Systemd, b"K=va\"lu\"e", Is("va\"lu\"e"));
        check(Systemd, b"K=\"a\"'b'c", Is("abc"));
        check(Systemd, b"K=\"a\"  'b'  c  ", Is("abc"));
        check(Systemd, b"K=`v`", Is("`v`"));
    }

    #[test]
    fn there_is_no_comment_after_a_value() {
        check(Systemd, b"K=v # c", Is("v # c"));
        check(Systemd, b"K=\"v\" # c", Is("v# c"));
        check(Systemd, b"# K=a\n; K=b\n  #K=c\nK=v", Is("v"));
    }

    #[test]
    fn a_backslash_takes_the_next_character() {
        check(Systemd, b"K=a\\b\\\\c\\ ", Is("ab\\c "));
        check(Systemd, b"K=a\\\nb", Is("ab"));
        check(Systemd, b"K=\"a\\b\\\"\\$\\\nc\"", Is("a\\b\"$c"));
        check(Systemd, b"K='a\\'", Is("a\\"));
        check(Systemd, b"K=v \\", Is("v "));
    }

    #[test]
    fn either_character_ends_a_line_and_an_open_quote_takes_it() {
        check(Systemd, b"K=v\r\n", Is("v"));
        check(Systemd, b"K=v\rL=w", Is("v"));
        check(Systemd, b"K=\"v\n", Is("v\n"));
        check(Systemd, b"K=\"v\r\nL=w", Is("v\r\nL=w"));
    }

    #[test]
    fn names_that_are_none_are_passed_over() {
        check(Systemd, b"export K=v", Absent);
        check(Systemd, "\u{feff}K=v".as_bytes(), Absent);
        check(Systemd, b"  K \t = v", Is("v"));
        assert_eq!(names(Systemd, b"1=a\n=b\nA-B=c\nK\nL=d"), ["L"]);
    }

    #[test]
    fn one_value_that_is_not_text_refuses_the_file() {
        rejects(Systemd, b"K=v\nA-B=\xff\n", 2);
        rejects(Systemd, b"K=v\n\xffA=b\n", 2);
        rejects(Systemd, "K=v\nA=\u{ffff}".as_bytes(), 2);
        rejects(Systemd, b"K=v\n\0", 2);
        check(Systemd, b"# \xff\n\xff\nK=v", Is("v"));
        // Unescaping joins the halves of a character.
        check(Systemd, b"K=\xc3\\\xa4", Is("ä"));
    }

    #[test]
    fn a_comment_that_ends_in_a_backslash_matters_only_if_versions_differ_by_it() {
        rejects(Systemd, b"A=1\n# c\\\nK=v", 2);
        check(Systemd, b"# c\\\nA=v\nK=v", Is("v"));
        check(Systemd, b"# c\\\n\nK=v", Is("v"));
        check(Systemd, b"# c\\d\nK=v", Is("v"));
    }
}
