//! The Dotenv component of Symfony, as the latest releases of 6.4 and 7.4 read one file: `Dotenv.php`.
//!
//! What it cannot parse refuses the whole file. Since 2026 references are resolved when the whole file was read, those
//! of all variables in turn and up to five times; earlier ones resolved each on its line. What follows does the same
//! passes. The value of a reference is the file's here; Symfony prefers the environment's for a variable that is set
//! there.

use std::collections::HashMap;

use super::buffer::Buffer;
use super::commands::without_commands;
use super::symfony_lines::Reader;
use super::text::{Lines, find, with_line_feeds};
use super::variables::{Expansion, Variables};
use super::{Outside, Rejected};

/// Why a file is refused.
pub(super) type Refused = &'static str;

/// Stands for a dollar sign that begins no reference, since a file with this byte is refused.
pub(super) const DOLLAR: u8 = 0;

const PASSES: usize = 5;

pub(super) fn parse(file: &[u8], variables: &mut Variables<'_>) -> Result<(), Rejected> {
    let text = with_line_feeds(file);
    let mut lines = Lines::new(&text);
    let mut rejected = |at, reason| Rejected {
        line: lines.of(at),
        reason,
    };
    if text.starts_with("\u{feff}".as_bytes()) {
        return Err(rejected(0, "symfony refuses a byte order mark"));
    }
    if let Some(at) = find(&text, 0, 0) {
        return Err(rejected(at, "symfony refuses a NUL byte"));
    }
    let mut loaded = Loaded::new(variables.outside());
    let mut reader = Reader::new(&text);
    while reader.next_statement() {
        let start = reader.at;
        let read = reader.statement();
        let (name, value) = read.map_err(|reason| rejected(reader.at, reason))?;
        loaded.set(name, value, start);
    }
    loaded
        .resolve()
        .map_err(|(at, reason)| rejected(at, reason))?;
    for variable in loaded.variables {
        let line = lines.of(variable.at);
        variables.set(variable.name, variable.into_value().into_entry(line));
    }
    Ok(())
}

/// A variable, and how far its value is resolved.
struct Variable<'t> {
    name: &'t [u8],
    /// Where it is set.
    at: usize,
    value: Expansion,
    refers_to_itself: bool,
}

impl Variable<'_> {
    /// With the dollar signs that were kept, and single backslashes.
    fn into_value(self) -> Expansion {
        let mut bytes = Buffer::with_capacity(self.value.bytes.len());
        let mut rest = &*self.value.bytes;
        while let Some((&byte, after)) = rest.split_first() {
            rest = match byte {
                b'\\' => after.strip_prefix(b"\\").unwrap_or(after),
                _ => after,
            };
            bytes.push(if byte == DOLLAR { b'$' } else { byte });
        }
        Expansion {
            bytes,
            unknown: self.value.unknown,
            runs: self.value.runs,
        }
    }
}

struct Loaded<'t> {
    outside: Outside,
    /// In order of first appearance.
    variables: Vec<Variable<'t>>,
    places: HashMap<&'t [u8], usize>,
    /// What `${NAME:=…}` has set for the references after it.
    defaults: HashMap<Vec<u8>, Buffer>,
    budget: usize,
}

impl<'t> Loaded<'t> {
    fn new(outside: Outside) -> Self {
        Self {
            outside,
            variables: Vec::new(),
            places: HashMap::new(),
            defaults: HashMap::new(),
            budget: Variables::BUDGET,
        }
    }

    fn set(&mut self, name: &'t [u8], bytes: Buffer, at: usize) {
        let variable = Variable {
            name,
            at,
            refers_to_itself: refers_to(&bytes, name),
            value: Expansion {
                bytes,
                ..Expansion::default()
            },
        };
        match self.places.get(name) {
            Some(&place) => self.variables[place] = variable,
            None => {
                self.places.insert(name, self.variables.len());
                self.variables.push(variable);
            }
        }
    }

    /// In each pass a reference gives what its variable was at the end of the one before.
    fn resolve(&mut self) -> Result<(), (usize, Refused)> {
        for _ in 0..PASSES {
            let mut resolved = Vec::new();
            for place in 0..self.variables.len() {
                let variable = &self.variables[place];
                if !variable.value.bytes.contains(&b'$') {
                    continue;
                }
                let at = variable.at;
                let value = self.resolved(place).map_err(|reason| (at, reason))?;
                if *value.bytes != *self.variables[place].value.bytes {
                    resolved.push((place, value));
                }
            }
            if resolved.is_empty() {
                return Ok(());
            }
            for (place, value) in resolved {
                self.variables[place].value = value;
            }
        }
        Err((
            self.variables.first().map_or(0, |first| first.at),
            "variables refer to each other in a circle, or too deeply, at which symfony fails",
        ))
    }

    fn resolved(&mut self, place: usize) -> Result<Expansion, Refused> {
        let variable = &self.variables[place];
        let hidden = variable.refers_to_itself.then_some(place);
        let (text, runs) = without_commands(&variable.value.bytes);
        let mut result = Expansion {
            unknown: variable.value.unknown,
            runs: variable.value.runs || runs,
            ..Expansion::default()
        };
        let mut at = 0;
        while let Some(reference) = next_reference(&text, at) {
            result.bytes.extend(&text[at..reference.start]);
            at = reference.end;
            let backslashes = &text[reference.start..reference.dollar];
            if backslashes.len() % 2 == 1 {
                result.bytes.extend(&text[reference.start + 1..at]);
                continue;
            }
            result.bytes.extend(backslashes);
            let Some(name) = reference.name else {
                result.bytes.extend(&text[reference.dollar..at]);
                continue;
            };
            if reference.opens && !reference.closes {
                return Err("symfony refuses a `${` that is not closed");
            }
            self.refer(name, reference.default, hidden, &mut result)?;
            if reference.closes && !reference.opens {
                result.bytes.push(b'}');
            }
        }
        result.bytes.extend(&text[at..]);
        Ok(result)
    }

    fn refer(
        &mut self,
        name: &[u8],
        default: Option<&[u8]>,
        hidden: Option<usize>,
        result: &mut Expansion,
    ) -> Result<(), Refused> {
        let place = self.places.get(name).copied();
        let set = place.filter(|place| Some(*place) != hidden);
        let value = match (self.defaults.get(name), set) {
            (Some(default), _) => &**default,
            (None, Some(place)) => {
                let value = &self.variables[place].value;
                result.unknown |= value.unknown || value.runs;
                &*value.bytes
            }
            (None, None) => {
                result.unknown |= self.outside == Outside::Unknown;
                &[]
            }
        };
        let value = match default {
            Some(default) if value.is_empty() => {
                if default.iter().any(|b| b"'\"{$".contains(b)) {
                    return Err("symfony refuses quotes, `{` and `$` in a default");
                }
                let (sign, value) = default.split_at(2);
                if sign == b":=" {
                    let mut kept = Buffer::with_capacity(value.len());
                    kept.extend(value);
                    self.defaults.insert(name.to_vec(), kept);
                }
                value
            }
            _ => value,
        };
        let left = self.budget.checked_sub(value.len());
        self.budget = left.ok_or(Variables::OVER_BUDGET)?;
        result.bytes.extend(value);
        Ok(())
    }
}

/// Whether `$NAME` or `${NAME` stands in a value.
fn refers_to(value: &[u8], name: &[u8]) -> bool {
    let mut from = 0;
    while let Some(dollar) = find(value, from, b'$') {
        from = dollar + 1;
        let rest = &value[from..];
        let rest = rest.strip_prefix(b"{").unwrap_or(rest);
        if let Some(after) = rest.strip_prefix(name)
            && !after.first().is_some_and(|&b| is_name(b))
        {
            return true;
        }
    }
    false
}

/// What looks like a reference, with the backslashes before it.
struct Reference<'t> {
    start: usize,
    dollar: usize,
    opens: bool,
    /// `None` where nothing follows that belongs to one; empty where something does.
    name: Option<&'t [u8]>,
    /// With the `:-` or `:=` before it.
    default: Option<&'t [u8]>,
    closes: bool,
    end: usize,
}

fn next_reference(text: &[u8], from: usize) -> Option<Reference<'_>> {
    let mut dollar = find(text, from, b'$')?;
    while text.get(dollar + 1) == Some(&b'(') {
        dollar = find(text, dollar + 1, b'$')?;
    }
    let backslashes = text[from..dollar].iter().rev();
    let backslashes = backslashes.take_while(|&&b| b == b'\\').count();
    let opens = text.get(dollar + 1) == Some(&b'{');
    let start = dollar + 1 + usize::from(opens);
    let name_end = name_end(text, start);
    let mut end = name_end;
    let mut default = None;
    if matches!(text.get(end..end + 2), Some(b":-" | b":=")) {
        end = find(text, end, b'}').unwrap_or(text.len());
        default = Some(&text[name_end..end]);
    }
    let closes = text.get(end) == Some(&b'}');
    let is_one = name_end > start || default.is_some() || closes;
    Some(Reference {
        start: dollar - backslashes,
        dollar,
        opens,
        name: is_one.then(|| &text[start..name_end]),
        default,
        closes,
        end: end + usize::from(closes),
    })
}

/// `_*[A-Z][A-Z0-9_]*` without regard to case: where it ends, which is here where there is none.
pub(super) fn name_end(text: &[u8], start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let first = rest.iter().take_while(|&&b| b == b'_').count();
    if !rest.get(first).is_some_and(u8::is_ascii_alphabetic) {
        return start;
    }
    start + rest.iter().take_while(|&&b| is_name(b)).count()
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::super::Dialect::Symfony;
    use super::super::tests::{FromOutside, Is, check, check_alone, rejects};
    use super::super::{Entry, Outside, read};

    #[test]
    fn references_are_resolved_when_the_whole_file_was_read() {
        check(Symfony, b"A=1\nK=x$A${A}", Is("x11"));
        check(Symfony, b"K=$A\nA=1", Is("1"));
        check(Symfony, b"A=1\nK=$A\nA=2", Is("2"));
        check(Symfony, b"K=\"a $A b\"\nA=$B\nB=1", Is("a 1 b"));
        check(Symfony, b"A=1\nK='$A'", Is("$A"));
        check(Symfony, b"K=a\\$A", Is("a$A"));
        check(Symfony, b"K=\"a\\$A\"", Is("a$A"));
        check(Symfony, b"\nK=$A", FromOutside(2));
        check_alone(Symfony, b"K=x$A", Is("x"));
        check(Symfony, b"K=pa$$word", FromOutside(1));
        check_alone(Symfony, b"K=pa$$word", Is("pa$"));
        check(Symfony, b"K=a$1", Is("a$1"));
    }

    #[test]
    fn defaults_count_where_a_value_is_empty() {
        check(Symfony, b"A=\nK=${A:-x}", Is("x"));
        check(Symfony, b"A=1\nK=${A:-x}", Is("1"));
        check_alone(Symfony, b"K=${A:-x y}", Is("x y"));
        check_alone(Symfony, b"K=${A:=x}${A}", Is("xx"));
        check_alone(Symfony, b"K=${K:-x}", Is("x"));
        check(Symfony, b"K=${K:-x}", FromOutside(1));
        rejects(Symfony, b"\nK=${A:-$B}", 2);
        rejects(Symfony, b"\nK=${A", 2);
    }

    #[test]
    fn a_circle_and_what_grows_without_end_are_refused() {
        rejects(Symfony, b"A=$B\nB=$K\nK=$A", 1);
        let mut file = b"A0=xxxxxxxxxxxxxxxx\n".to_vec();
        for i in 0..40 {
            file.extend_from_slice(format!("A{}=$A{i}$A{i}\n", i + 1).as_bytes());
        }
        assert!(read(Symfony, &file, "K", Outside::Empty).is_err());
    }

    #[test]
    fn a_command_is_told_and_never_run() {
        assert!(matches!(
            read(Symfony, b"\nK=a$(touch /nonexistent)", "K", Outside::Empty),
            Ok(Entry::Command { line: 2 })
        ));
        check(Symfony, b"K='$(x)'", Is("$(x)"));
        check(Symfony, b"K=\\$(x)", Is("$(x)"));
        rejects(Symfony, b"\nK=$(", 2);
    }
}
