//! python-dotenv 1.2.4, reading a file by its path: `parser.py` and `variables.py`; and 1.2.2, which most
//! programs still carry, where that reads something else.
//!
//! A statement that cannot be parsed is dropped, and parsing goes on from where it got to, not from
//! the statement's start. `${NAME}` and `${NAME:-default}` are expanded in every value, single quotes
//! included. The value of a reference is the file's here; `load_dotenv()` without `override` prefers
//! the environment's, as it does for the variable itself.

use super::buffer::Buffer;
use super::text::{
    CarriageReturn, Lines, find, find_or_end, is_python_space, prepared, skip, trim_end,
};
use super::variables::{Expansion, Known, Variables};
use super::{Entry, Rejected};

/// Which of its versions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// 1.2.4.
    Latest,
    /// Up to 1.2.2: a byte order mark belongs to the first name, a `#` behind `= ` to the value, and a
    /// backslash before a quote always escapes it, unless nothing else closes the value.
    Earlier,
}

pub(super) fn parse(
    file: &[u8],
    version: Version,
    variables: &mut Variables<'_>,
) -> Result<(), Rejected> {
    if let Err(error) = std::str::from_utf8(file) {
        return Err(Rejected {
            line: Lines::new(file).of(error.valid_up_to()),
            reason: "python-dotenv refuses bytes that are not UTF-8",
        });
    }
    // Python opens text files with universal newlines.
    let text = prepared(file, CarriageReturn::Newline);
    let mut lines = Lines::new(&text);
    let mut reader = Reader {
        text: &text,
        at: 0,
        version,
    };
    if version == Version::Latest && text.starts_with("\u{feff}".as_bytes()) {
        reader.at = 3;
    }
    while reader.at < text.len() {
        reader.at = skip(&text, reader.at, is_python_space);
        let start = reader.at;
        match reader.statement() {
            Some(Statement::Nothing) => {}
            Some(Statement::Bare(name)) => variables.set(name, Entry::Absent),
            Some(Statement::Set(name, value)) => {
                let value = expanded(&value, variables).ok_or_else(|| Rejected {
                    line: lines.of(start),
                    reason: Variables::OVER_BUDGET,
                })?;
                let line = if value.unknown { lines.of(start) } else { 0 };
                variables.set(name, value.into_entry(line));
            }
            None => {
                reader.skip_line();
            }
        }
    }
    Ok(())
}

enum Statement<'t> {
    Nothing,
    /// A name without `=`: known, without a value.
    Bare(&'t [u8]),
    Set(&'t [u8], Buffer),
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    version: Version,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_blanks(&mut self) -> bool {
        let from = self.at;
        self.at = skip(self.text, from, is_blank);
        self.at > from
    }

    /// Passes over the rest of the line and its end.
    fn skip_line(&mut self) {
        self.at = (find_or_end(self.text, self.at, |b| b == b'\n') + 1).min(self.text.len());
    }

    /// One statement with the end of its line. `None` leaves the reader where the parser gave up.
    fn statement(&mut self) -> Option<Statement<'t>> {
        if self.at >= self.text.len() {
            return Some(Statement::Nothing);
        }
        let exported = skip(self.text, self.at + 6, is_blank);
        if self.text[self.at..].starts_with(b"export") && exported > self.at + 6 {
            self.at = exported;
        }
        let name = match self.peek() {
            Some(b'#') => None,
            Some(b'\'') => Some(self.quoted_name()?),
            _ => Some(self.name()?),
        };
        self.skip_blanks();
        let value = if self.peek() == Some(b'=') {
            self.at += 1;
            Some(self.value()?)
        } else {
            None
        };
        self.line_end()?;
        Some(match (name, value) {
            (Some(name), Some(value)) => Statement::Set(name, value),
            (Some(name), None) => Statement::Bare(name),
            (None, _) => Statement::Nothing,
        })
    }

    fn quoted_name(&mut self) -> Option<&'t [u8]> {
        let start = self.at + 1;
        let end = find(self.text, start, b'\'').filter(|&end| end > start)?;
        self.at = end + 1;
        Some(&self.text[start..end])
    }

    fn name(&mut self) -> Option<&'t [u8]> {
        let start = self.at;
        let is_name = |c| !matches!(c, '=' | '#') && !is_python_space(c);
        self.at = skip(self.text, start, is_name);
        (self.at > start).then(|| &self.text[start..self.at])
    }

    fn value(&mut self) -> Option<Buffer> {
        let blanks = self.skip_blanks();
        match self.peek() {
            None | Some(b'\n') => Some(Buffer::default()),
            Some(b'#') if blanks && self.version == Version::Latest => Some(Buffer::default()),
            Some(b'\'') => self.quoted(b'\''),
            Some(b'"') => self.quoted(b'"'),
            Some(_) => Some(self.unquoted()),
        }
    }

    fn quoted(&mut self, quote: u8) -> Option<Buffer> {
        let start = self.at + 1;
        let end = match self.version {
            Version::Latest => self.closing(start, quote),
            Version::Earlier => self.closing_earlier(start, quote),
        }?;
        self.at = end + 1;
        Some(unescaped(&self.text[start..end], quote))
    }

    fn closing(&self, start: usize, quote: u8) -> Option<usize> {
        let mut end = start;
        loop {
            end = find_or_end(self.text, end, |b| b == quote || b == b'\\');
            match self.text.get(end)? {
                // It escapes one character, of which the first byte is enough here.
                b'\\' => end += 2,
                _ => return Some(end),
            }
        }
    }

    fn closing_earlier(&self, start: usize, quote: u8) -> Option<usize> {
        let mut escaped = None;
        let mut from = start;
        while let Some(end) = find(self.text, from, quote) {
            if end == start || self.text[end - 1] != b'\\' {
                return Some(end);
            }
            escaped = Some(end);
            from = end + 1;
        }
        escaped
    }

    fn unquoted(&mut self) -> Buffer {
        let start = self.at;
        self.at = find_or_end(self.text, start, |b| b == b'\n');
        let mut value = &self.text[start..self.at];
        let mut hash = 0;
        while let Some(at) = find(value, hash, b'#') {
            let before = trim_end(&value[..at], is_python_space);
            if before.len() < at {
                value = before;
                break;
            }
            hash = at + 1;
        }
        let mut buffer = Buffer::default();
        buffer.extend(trim_end(value, is_python_space));
        buffer
    }

    fn line_end(&mut self) -> Option<()> {
        let comment = skip(self.text, self.at, is_blank);
        if self.text.get(comment) == Some(&b'#') {
            self.at = find_or_end(self.text, comment, |b| b == b'\n');
        }
        let end = skip(self.text, self.at, is_blank);
        match self.text.get(end) {
            None => self.at = end,
            Some(b'\n') => self.at = end + 1,
            Some(_) => return None,
        }
        Some(())
    }
}

fn is_blank(c: char) -> bool {
    c != '\n' && is_python_space(c)
}

fn unescaped(value: &[u8], quote: u8) -> Buffer {
    let mut unescaped = Buffer::with_capacity(value.len());
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        let escape = match (byte, after.first()) {
            (b'\\', Some(b'\\')) => Some(b'\\'),
            (b'\\', Some(b'\'')) => Some(b'\''),
            (b'\\', Some(&escape)) if quote == b'"' => match escape {
                b'"' => Some(b'"'),
                b'a' => Some(0x07),
                b'b' => Some(0x08),
                b'f' => Some(0x0c),
                b'n' => Some(b'\n'),
                b'r' => Some(b'\r'),
                b't' => Some(b'\t'),
                b'v' => Some(0x0b),
                _ => None,
            },
            _ => None,
        };
        unescaped.push(escape.unwrap_or(byte));
        rest = &after[usize::from(escape.is_some())..];
    }
    unescaped
}

/// `\$\{(?P<name>[^\}:]*)(?::-(?P<default>[^\}]*))?\}`. `None` when the budget is spent.
fn expanded(value: &[u8], variables: &mut Variables<'_>) -> Option<Expansion> {
    let mut result = Expansion::default();
    let mut copied = 0;
    let mut from = 0;
    // Where the next brace or colon stands, for all the `${` before it.
    let mut stop = 0;
    while let Some(dollar) = find(value, from, b'$') {
        from = dollar + 1;
        if value.get(from) != Some(&b'{') {
            continue;
        }
        let start = dollar + 2;
        if stop < start {
            stop = find_or_end(value, start, |b| matches!(b, b'}' | b':'));
        }
        let (default, end) = match value.get(stop) {
            None => break,
            Some(b'}') => (&[][..], stop),
            Some(_) if value.get(stop + 1) == Some(&b'-') => match find(value, stop, b'}') {
                Some(end) => (&value[stop + 2..end], end),
                None => break,
            },
            Some(_) => continue,
        };
        result.bytes.extend(&value[copied..dollar]);
        let name = &value[start..stop];
        match variables.lookup(name) {
            // Without a value is not the same as unset: the default does not count.
            Known::Unset if !variables.has(name) => result.bytes.extend(default),
            _ => {
                if !variables.refer(name, &mut result) {
                    return None;
                }
            }
        }
        copied = end + 1;
        from = copied;
    }
    result.bytes.extend(&value[copied..]);
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::super::Dialect::{Node, PythonDotenv};
    use super::super::tests::{Absent, FromOutside, Is, check, check_alone, names, rejects};
    use super::super::{Outside, earlier_entries};

    #[test]
    fn quotes_and_their_escapes() {
        check(PythonDotenv, b"K='a\\'b\\\\c\\n'", Is("a'b\\c\\n"));
        check(
            PythonDotenv,
            b"K=\"a\\\"b\\n\\t\\'\\x\"",
            Is("a\"b\n\t'\\x"),
        );
        check(PythonDotenv, b"K='a\nb' # c", Is("a\nb"));
        check(PythonDotenv, b"K=`v`", Is("`v`"));
        check(PythonDotenv, b"K='\\'", Absent);
    }

    #[test]
    fn a_comment_needs_a_blank_before_it() {
        check(PythonDotenv, b"K=a#b", Is("a#b"));
        check(PythonDotenv, b"K=a \t # b # c", Is("a"));
        check(PythonDotenv, b"K=#a", Is("#a"));
        check(PythonDotenv, b"K= #a", Is(""));
        check(PythonDotenv, b"K='a'#b", Is("a"));
    }

    #[test]
    fn what_cannot_be_parsed_is_dropped_up_to_the_end_of_the_line_it_got_to() {
        check(PythonDotenv, b"K='val'ue\nL=w", Absent);
        assert_eq!(names(PythonDotenv, b"K='val'ue\nL=w"), ["L"]);
        assert_eq!(names(PythonDotenv, b"K='a\nb'c\nL=w"), ["L"]);
        assert_eq!(names(PythonDotenv, b"K=\"a\nL=w"), ["L"]);
        assert_eq!(names(PythonDotenv, b"K v\nL=w"), ["L"]);
        assert_eq!(names(PythonDotenv, b"=v\n''=v\nL=w"), ["L"]);
    }

    #[test]
    fn names_are_nearly_anything() {
        assert_eq!(names(PythonDotenv, b"a.b-c\xc3\xa4=1"), ["a.b-cä"]);
        assert_eq!(names(PythonDotenv, b"'a b'=1"), ["a b"]);
        assert_eq!(names(PythonDotenv, b"export\t K=1"), ["K"]);
        assert_eq!(names(PythonDotenv, b"export=1"), ["export"]);
        assert_eq!(names(PythonDotenv, b"export\nK=1"), ["K"]);
    }

    #[test]
    fn a_name_alone_unsets() {
        check(PythonDotenv, b"K=v\nK", Absent);
        check(PythonDotenv, b"A=1\nA\nK=${A:-x}", Is(""));
    }

    #[test]
    fn braced_references_are_expanded_in_any_value() {
        check(PythonDotenv, b"A=1\nK='${A}$A'", Is("1$A"));
        check(PythonDotenv, b"A=\nK=${A:-x}", Is(""));
        check(PythonDotenv, b"A=1\nK=${A", Is("${A"));
        check(PythonDotenv, b"A=1\nK=${A:x}${A}", Is("${A:x}1"));
        check(PythonDotenv, b"A=1\nA=${A}2\nK=${A}", Is("12"));
    }

    #[test]
    fn references_out_of_the_file_are_told_apart() {
        check(PythonDotenv, b"K=a${A:-x}", FromOutside(1));
        check(PythonDotenv, b"\nA=${B}\nK=${A}", FromOutside(3));
        check_alone(PythonDotenv, b"K=a${A:-x}b${B}", Is("axb"));
    }

    #[test]
    fn carriage_returns_are_line_ends_and_a_byte_order_mark_is_dropped() {
        check(PythonDotenv, b"K=v\rL=w", Is("v"));
        check(PythonDotenv, b"K='a\r\nb'", Is("a\nb"));
        check(PythonDotenv, "\u{feff}K=v".as_bytes(), Is("v"));
        rejects(PythonDotenv, b"K=v\n\xff", 2);
    }

    #[test]
    fn earlier_versions_read_marks_comments_and_backslashes_otherwise() {
        let earlier = |file: &[u8]| {
            let entries = earlier_entries(PythonDotenv, file, Outside::Unknown);
            let entries = entries.unwrap().unwrap();
            let told = entries.iter().map(|(name, entry)| {
                let value = entry.value().map_or(&b"?"[..], |value| value.expose());
                format!("{name}={}", String::from_utf8_lossy(value))
            });
            told.collect::<Vec<_>>()
        };
        assert_eq!(
            earlier("\u{feff}K=v\nL=w".as_bytes()),
            ["\u{feff}K=v", "L=w"]
        );
        assert_eq!(earlier(b"K= # c"), ["K=# c"]);
        // It goes on to the quote of the next line.
        assert!(earlier(b"K='a\\\\'\nL='w'").is_empty());
        assert_eq!(earlier(b"K='a\\\\'"), ["K=a\\"]);
        assert_eq!(earlier(b"K='\\'"), ["K=\\"]);
        assert_eq!(earlier(b"K='v' # c\nL=\"\""), ["K=v", "L="]);
        assert!(earlier_entries(Node, b"K=v", Outside::Unknown).is_none());
    }

    #[test]
    fn doubling_values_run_out_of_budget() {
        let mut file = b"A0=xxxxxxxxxxxxxxxx\n".to_vec();
        for i in 0..40 {
            file.extend_from_slice(format!("A{}=${{A{i}}}${{A{i}}}\n", i + 1).as_bytes());
        }
        rejects(PythonDotenv, &file, 17);
    }
}
