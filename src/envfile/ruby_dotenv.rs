//! The dotenv gem 3.2, which Rails programs load, and 2.8 where that reads something else: one regular expression over the whole file, and then escapes,
//! commands and references in each value: `parser.rb`, `substitutions/command.rb` and `substitutions/variable.rb`.
//!
//! What follows says which of the expression's attempts succeeds, so that nothing is read more than a few times.
//! The value of a reference is the file's here; the gem prefers the environment's for a variable that is set there.

use super::buffer::Buffer;
use super::commands::without_commands;
use super::text::{CarriageReturn, Lines, find, find_or_end, prepared};
use super::variables::{Expansion, Known, Variables};
use super::{Entry, Outside, Rejected};

const NOT_SET: &str = "ruby dotenv refuses to export what was not set before";

/// Which of its versions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// 3.2.
    Latest,
    /// 2.8: a name alone is nothing, `\n` in double quotes is a line feed, and references are put in before commands
    /// are run.
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
            reason: "ruby dotenv refuses bytes that are not UTF-8",
        });
    }
    let file = file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file);
    let text = prepared(file, CarriageReturn::Newline);
    let mut lines = Lines::new(&text);
    let reader = Reader {
        text: &text,
        version,
        quotes: [Quotes::of(&text, b'\''), Quotes::of(&text, b'"')],
    };
    let mut exports = Vec::new();
    let mut line = Some(0);
    while let Some(start) = line {
        let token = skip_space(&text, start);
        let Some(statement) = reader.statement(token) else {
            exports.push(token);
            line = reader.next_line(token);
            continue;
        };
        statement
            .apply(version, &mut lines, token, variables)
            .map_err(|reason| Rejected {
                line: lines.of(token),
                reason,
            })?;
        line = match statement.end {
            end if text[..end].ends_with(b"\n") => Some(end),
            end => reader.next_line(end),
        };
    }
    if version == Version::Earlier {
        for at in exports {
            let end = find_or_end(&text, at, |b| b == b'\n');
            let words = text[at..end].split(|&b| is_space(b));
            let mut others = words.filter(|word| !word.is_empty());
            if others.next() == Some(b"export") && !others.all(|name| variables.has(name)) {
                return Err(Rejected {
                    line: lines.of(at),
                    reason: NOT_SET,
                });
            }
        }
    }
    match find(&text, 0, 0) {
        Some(at) if variables.any(|value| value.contains(&0)) => Err(Rejected {
            line: lines.of(at),
            reason: "the environment takes no NUL byte, so that ruby dotenv fails",
        }),
        _ => Ok(()),
    }
}

struct Statement<'t> {
    name: &'t [u8],
    /// `None` where there is none on the line, or no `=`.
    value: Option<&'t [u8]>,
    exported: bool,
    end: usize,
}

impl Statement<'_> {
    fn apply(
        &self,
        version: Version,
        lines: &mut Lines<'_>,
        at: usize,
        variables: &mut Variables<'_>,
    ) -> Result<(), &'static str> {
        let entry = match self.value {
            None if self.exported && version == Version::Latest => {
                if variables.has(self.name) {
                    return Ok(());
                }
                if variables.outside() == Outside::Empty {
                    return Err(NOT_SET);
                }
                let line = lines.of(at);
                Entry::Inherited { line }
            }
            None => Expansion::default().into_entry(0),
            Some(value) => {
                let value = mended(value, version, variables).ok_or(Variables::OVER_BUDGET)?;
                let line = if value.is_whole() { 0 } else { lines.of(at) };
                value.into_entry(line)
            }
        };
        variables.set(self.name, entry);
        Ok(())
    }
}

struct Reader<'t> {
    text: &'t [u8],
    version: Version,
    /// Single ones, double ones.
    quotes: [Quotes; 2],
}

impl<'t> Reader<'t> {
    fn next_line(&self, from: usize) -> Option<usize> {
        find(self.text, from, b'\n').map(|end| end + 1)
    }

    /// An assignment behind `export`, else an assignment to a variable of that name.
    fn statement(&self, token: usize) -> Option<Statement<'t>> {
        let exported = self.text[token..]
            .starts_with(b"export")
            .then(|| skip_space(self.text, token + 6))
            .filter(|&name| name > token + 6);
        exported
            .and_then(|name| self.assignment(name, true))
            .or_else(|| self.assignment(token, false))
    }

    fn assignment(&self, start: usize, exported: bool) -> Option<Statement<'t>> {
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.');
        let name_end = find_or_end(self.text, start, |b| !is_name(b));
        if name_end == start {
            return None;
        }
        let equals = skip_space(self.text, name_end);
        let (value, end) = if self.text.get(equals) == Some(&b'=') {
            self.value(equals + 1)
        } else if self.text.get(name_end) == Some(&b':')
            && self.text.get(name_end + 1).is_some_and(|&b| is_space(b))
        {
            self.value(name_end + 2)
        } else if self.version == Version::Latest {
            (None, match_end(self.text, name_end)?)
        } else {
            return None;
        };
        Some(Statement {
            name: &self.text[start..name_end],
            value,
            exported,
            end,
        })
    }

    /// The value, and where the match ends.
    fn value(&self, from: usize) -> (Option<&'t [u8]>, usize) {
        let open = skip_space(self.text, from);
        let quotes = match self.text.get(open) {
            Some(b'\'') => Some(&self.quotes[0]),
            Some(b'"') => Some(&self.quotes[1]),
            _ => None,
        };
        if let Some((close, end)) = quotes.and_then(|quotes| quotes.closing(self.text, open)) {
            return (Some(&self.text[from..=close]), end);
        }
        let end = find_or_end(self.text, from, |b| matches!(b, b'#' | b'\n'));
        let value = (end > from).then(|| &self.text[from..end]);
        (value, match_end(self.text, end).unwrap_or(end))
    }
}

/// Where the quotes of one kind stand.
struct Quotes {
    /// Those that no backslash precedes.
    plain: Vec<usize>,
    /// Of the others, those of which nothing but a comment follows on their line.
    escaped: Vec<usize>,
}

impl Quotes {
    fn of(text: &[u8], quote: u8) -> Self {
        let mut quotes = Self {
            plain: Vec::new(),
            escaped: Vec::new(),
        };
        let mut from = 0;
        while let Some(at) = find(text, from, quote) {
            from = at + 1;
            if !text[..at].ends_with(b"\\") {
                quotes.plain.push(at);
            } else if match_end(text, from).is_some() {
                quotes.escaped.push(at);
            }
        }
        quotes
    }

    /// The quote that closes this one, and where the match ends: the first that no backslash precedes, else the last
    /// that one does.
    fn closing(&self, text: &[u8], open: usize) -> Option<(usize, usize)> {
        let plain = self.plain.partition_point(|&at| at <= open);
        let plain = self.plain.get(plain).copied();
        let found = plain.and_then(|at| Some((at, match_end(text, at + 1)?)));
        found.or_else(|| {
            let before = plain.unwrap_or(text.len());
            let count = self.escaped.partition_point(|&at| at < before);
            let last = *self.escaped[..count].last().filter(|&&at| at > open)?;
            Some((last, match_end(text, last + 1)?))
        })
    }
}

/// `\s*(?:#.*)?$`: where it ends when started here.
fn match_end(text: &[u8], from: usize) -> Option<usize> {
    let after = skip_space(text, from);
    match text.get(after) {
        None => Some(after),
        Some(b'#') => Some(find_or_end(text, after, |b| b == b'\n')),
        Some(_) => (from..after).rev().find(|&at| text[at] == b'\n'),
    }
}

/// What the gem makes of the text that it matched. `None` when the budget is spent.
fn mended(value: &[u8], version: Version, variables: &mut Variables<'_>) -> Option<Expansion> {
    let is_blank = |b: &u8| *b == 0 || is_space(*b);
    let start = value.iter().position(|b| !is_blank(b));
    let end = value.iter().rposition(|b| !is_blank(b));
    let (Some(start), Some(end)) = (start, end) else {
        return Some(Expansion::default());
    };
    let mut value = &value[start..=end];
    let mut quote = None;
    if let [first @ (b'\'' | b'"'), inner @ .., last] = value
        && first == last
    {
        value = inner;
        quote = Some(*first);
    }
    if quote == Some(b'\'') {
        let mut whole = Expansion::default();
        whole.bytes.extend(value);
        return Some(whole);
    }
    let plain = if quote == Some(b'"') {
        let mode = variables.lookup(b"DOTENV_LINEBREAK_MODE");
        let is_legacy = version == Version::Earlier || matches!(mode, Known::Value(b"legacy"));
        unescaped(&with_line_ends(value, is_legacy))
    } else {
        unescaped(value)
    };
    if version == Version::Earlier {
        let mut whole = referred(&plain, variables)?;
        let (bytes, runs) = without_commands(&whole.bytes);
        whole.bytes = bytes;
        whole.runs = runs;
        return Some(whole);
    }
    match without_commands(&plain) {
        (_, true) => Some(Expansion::of_a_command()),
        (plain, false) => referred(&plain, variables),
    }
}

/// `\n` and `\r` become line ends, or, since 3.0, are kept from losing their backslash.
fn with_line_ends(value: &[u8], is_legacy: bool) -> Buffer {
    let replaced = |text: &[u8], letter: u8, end: u8| {
        let mut buffer = Buffer::with_capacity(text.len() + text.len() / 2);
        let mut rest = text;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            if byte != b'\\' || rest.first() != Some(&letter) {
                buffer.push(byte);
                continue;
            }
            rest = &rest[1..];
            match is_legacy {
                true => buffer.push(end),
                false => buffer.extend(&[b'\\', b'\\', letter]),
            }
        }
        buffer
    };
    replaced(&replaced(value, b'n', b'\n'), b'r', b'\r')
}

/// Without each backslash that stands before anything but `$`.
fn unescaped(value: &[u8]) -> Buffer {
    let mut unescaped = Buffer::with_capacity(value.len());
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        match after.split_first() {
            Some((&next, after)) if byte == b'\\' && next != b'$' => {
                unescaped.push(next);
                rest = after;
            }
            _ => {
                unescaped.push(byte);
                rest = after;
            }
        }
    }
    unescaped
}

/// With `$NAME` and `${NAME}` put in; either brace may be missing.
fn referred(value: &[u8], variables: &mut Variables<'_>) -> Option<Expansion> {
    let mut result = Expansion::default();
    let mut copied = 0;
    let mut from = 0;
    while let Some(dollar) = find(value, from, b'$') {
        from = dollar + 1;
        if value.get(from) == Some(&b'(') {
            continue;
        }
        let start = from + usize::from(value.get(from) == Some(&b'{'));
        let end = name_end(value, start);
        from = end + usize::from(value.get(end) == Some(&b'}'));
        let before = &value[copied..dollar];
        if let Some(before) = before.strip_suffix(b"\\") {
            result.bytes.extend(before);
            result.bytes.extend(&value[dollar..from]);
        } else if end > start {
            result.bytes.extend(before);
            if !variables.refer(&value[start..end], &mut result) {
                return None;
            }
        } else {
            result.bytes.extend(&value[copied..from]);
        }
        copied = from;
    }
    result.bytes.extend(&value[copied..]);
    Some(result)
}

/// `[A-Z0-9_]*` without regard to case, which in Unicode takes in two more letters.
fn name_end(text: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        at += match rest.first() {
            Some(b) if b.is_ascii_alphanumeric() || *b == b'_' => 1,
            _ if rest.starts_with("\u{17f}".as_bytes()) => 2,
            _ if rest.starts_with("\u{212a}".as_bytes()) => 3,
            _ => return at,
        };
    }
}

/// `\s` of Ruby.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn skip_space(text: &[u8], from: usize) -> usize {
    find_or_end(text, from, |b| !is_space(b))
}

#[cfg(test)]
mod tests {
    use super::super::Dialect::RubyDotenv;
    use super::super::tests::{Absent, FromOutside, Is, check, check_alone, names, rejects};
    use super::super::{Entry, Outside, earlier_entries, read};

    #[test]
    fn quotes_close_where_nothing_but_a_comment_follows() {
        check(RubyDotenv, b"K='a\\'b' # c", Is("a\\'b"));
        check(RubyDotenv, b"K=\"a\\\"b\"", Is("a\"b"));
        check(RubyDotenv, b"K='a\nb'", Is("a\nb"));
        check(RubyDotenv, b"K='a'b", Is("'a'b"));
        check(RubyDotenv, b"K='a' 'b'", Is("a' 'b"));
        check(RubyDotenv, b"K='a\\'\nL=w", Is("a\\"));
        check(RubyDotenv, b"K=`v`", Is("`v`"));
        check(RubyDotenv, b"K=\"v\nL=w", Is("\"v"));
    }

    #[test]
    fn backslashes_go_unless_they_keep_a_dollar_sign_or_a_line_end() {
        check(RubyDotenv, b"K=a\\b\\\\c", Is("ab\\c"));
        check(RubyDotenv, b"K=\"a\\nb\\rc\\td\"", Is("a\\nb\\rctd"));
        check(RubyDotenv, b"K=a\\nb", Is("anb"));
        check(RubyDotenv, b"K='a\\nb'", Is("a\\nb"));
        check(RubyDotenv, b"K=a\\$B", Is("a$B"));
        let legacy = b"DOTENV_LINEBREAK_MODE=legacy\nK=\"a\\nb\"";
        check(RubyDotenv, legacy, Is("a\nb"));
    }

    #[test]
    fn references_are_expanded_but_in_single_quotes() {
        check(RubyDotenv, b"A=1\nK=x$A.${A}.$A}.${A.$", Is("x1.1.1.1.$"));
        check(RubyDotenv, b"A=1\nK=\"$A\"", Is("1"));
        check(RubyDotenv, b"A=1\nK='$A'", Is("$A"));
        check(RubyDotenv, b"A=1\nK=${A:-x}", Is("1:-x}"));
        check(RubyDotenv, b"\nK=$A", FromOutside(2));
        check_alone(RubyDotenv, b"K=x$A", Is("x"));
        check(RubyDotenv, b"K=pa$$word", FromOutside(1));
    }

    #[test]
    fn a_command_is_told_and_never_run() {
        let is_command = |file: &[u8], line| {
            matches!(
                read(RubyDotenv, file, "K", Outside::Empty),
                Ok(Entry::Command { line: at }) if at == line
            )
        };
        assert!(is_command(b"\nK=$(touch /nonexistent)", 2));
        assert!(is_command(b"K=\"a$(b $(c))\"", 1));
        check(RubyDotenv, b"K='$(x)'", Is("$(x)"));
        check(RubyDotenv, b"K=\\$(x)", Is("$(x)"));
        check(RubyDotenv, b"K=$(", Is("$("));
        check(RubyDotenv, b"K=$()", Is("$()"));
        check(RubyDotenv, b"K=$(a()", Is("$(a()"));
        check(RubyDotenv, b"A=$(x)\nK=$A", FromOutside(2));
    }

    #[test]
    fn what_follows_a_value_decides_what_it_is() {
        check(RubyDotenv, b"K=a#b", Is("a"));
        check(RubyDotenv, b"K=\nL=w", Is(""));
        check(RubyDotenv, b"K=\n'v'", Is("v"));
        check(RubyDotenv, b"K: v", Is("v"));
        check(RubyDotenv, b"K:v", Absent);
        check(RubyDotenv, b"K=a\nK=b", Is("b"));
        check(RubyDotenv, b"K\n", Is(""));
        assert_eq!(names(RubyDotenv, b"what is\nK=v\nA-B=w"), ["K"]);
    }

    #[test]
    fn what_is_exported_alone_was_set_before() {
        check(RubyDotenv, b"K=v\nexport K", Is("v"));
        assert!(read(RubyDotenv, b"\nexport A", "K", Outside::Empty).is_err());
        assert!(matches!(
            read(RubyDotenv, b"\nexport K", "K", Outside::Unknown),
            Ok(Entry::Inherited { line: 2 })
        ));
        assert_eq!(names(RubyDotenv, b"export = v"), ["export"]);
    }

    #[test]
    fn a_byte_order_mark_is_dropped_and_other_bytes_are_refused() {
        check(RubyDotenv, "\u{feff}K=v".as_bytes(), Is("v"));
        rejects(RubyDotenv, b"A=1\nK=\xff", 2);
    }

    #[test]
    fn earlier_versions_read_line_ends_and_names_alone_otherwise() {
        let earlier = |file: &[u8]| {
            let entries = earlier_entries(RubyDotenv, file, Outside::Unknown);
            let entries = entries.unwrap().unwrap();
            let told = entries.iter().map(|(name, entry)| {
                let value = entry.value().map_or(&b"?"[..], |value| value.expose());
                format!("{name}={}", String::from_utf8_lossy(value))
            });
            told.collect::<Vec<_>>()
        };
        assert_eq!(earlier(b"K=\"a\\nb\\r\""), ["K=a\nb\r"]);
        assert_eq!(earlier(b"L\nK='a\\nb'\nexport K"), ["K=a\\nb"]);
        assert_eq!(earlier(b"K=a\\b$(x)"), ["K=?"]);
    }

    #[test]
    fn doubling_values_run_out_of_budget() {
        let mut file = b"A0=xxxxxxxxxxxxxxxx\n".to_vec();
        for i in 0..40 {
            file.extend_from_slice(format!("A{}=$A{i}$A{i}\n", i + 1).as_bytes());
        }
        rejects(RubyDotenv, &file, 17);
    }
}
