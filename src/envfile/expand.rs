//! What dotenv-expand makes of a value that npm dotenv leaves as it stands. Vite, Next and Create React App
//! carry it, and a file does not say who reads it.

use std::collections::HashMap;

use super::buffer::Buffer;
use super::{Dialect, Entry, Outside, entries};
use crate::key::Secret;
use crate::keyring::{Placeholder, placeholder};

/// A value with the variables that it refers to put in, as far as that can be told.
pub enum Expanded {
    /// It refers to none, or to nothing but itself; or what looks so is rather a part of the key.
    Plain(Secret),
    /// It refers to others, which only some readers put in.
    Referring {
        /// What those readers have; `None` where that comes from outside of the file.
        value: Option<Secret>,
    },
}

/// How deeply variables refer to others, and how many bytes they may bring in.
const DEPTH: usize = 16;
const BUDGET: usize = 1 << 16;

/// Looks at a value that npm dotenv reads of this variable in this file.
#[must_use]
pub fn expanded(file: &[u8], variable: &str, value: Secret) -> Expanded {
    if next_reference(value.expose(), 0).is_none() {
        return Expanded::Plain(value);
    }
    let all = entries(Dialect::Dotenv, file, Outside::Unknown).unwrap_or_default();
    let all: HashMap<String, Entry> = all.into_iter().collect();
    let mut expansion = Expansion {
        variable,
        all: &all,
        within: vec![variable],
        known: true,
        others: false,
        budget: BUDGET,
    };
    let mut text = Buffer::default();
    expansion.put(value.expose(), &mut text);
    let Expansion { known, others, .. } = expansion;
    if known && others {
        return Expanded::Referring {
            value: Some(text.into_secret()),
        };
    }
    // A key may hold a `$` of its own, so only what is nothing but a reference surely is one.
    if !others || placeholder(value.expose(), variable) != Some(Placeholder::Reference) {
        return Expanded::Plain(value);
    }
    let text = text.into_secret();
    let is_key = placeholder(text.expose(), variable).is_none();
    Expanded::Referring {
        value: is_key.then_some(text),
    }
}

/// A variable that a text refers to.
struct Reference<'t> {
    start: usize,
    end: usize,
    name: &'t [u8],
    /// What is put in for it where it has no value, and whether that is so only where it has one.
    instead: Option<(bool, &'t [u8])>,
}

struct Expansion<'a> {
    variable: &'a str,
    all: &'a HashMap<String, Entry>,
    within: Vec<&'a str>,
    /// Whether all that is referred to stands in the file.
    known: bool,
    /// Whether anything but the variable itself is referred to.
    others: bool,
    budget: usize,
}

impl<'a> Expansion<'a> {
    fn put(&mut self, text: &[u8], to: &mut Buffer) {
        let mut at = 0;
        while let Some(reference) = next_reference(text, at) {
            self.plain(&text[at..reference.start], to);
            at = reference.end;
            self.refer(&reference, to);
        }
        self.plain(&text[at..], to);
    }

    fn refer(&mut self, reference: &Reference<'_>, to: &mut Buffer) {
        let name = std::str::from_utf8(reference.name).unwrap_or_default();
        self.others |= name != self.variable;
        if self.budget == 0 {
            self.known = false;
            return;
        }
        let set = self.all.get_key_value(name);
        let set = set.and_then(|(name, entry)| Some((name.as_str(), entry.value()?)));
        let set = set.filter(|(_, value)| !value.expose().is_empty());
        match (set, reference.instead) {
            (_, Some((true, other))) => {
                self.known &= set.is_some();
                if set.is_some() {
                    self.put(other, to);
                }
            }
            (Some((name, value)), _)
                if !self.within.contains(&name) && self.within.len() <= DEPTH =>
            {
                self.within.push(name);
                self.put(value.expose(), to);
                self.within.pop();
            }
            (_, instead) => {
                self.known = false;
                if let Some((_, other)) = instead {
                    self.put(other, to);
                }
            }
        }
    }

    fn plain(&mut self, text: &[u8], to: &mut Buffer) {
        match self.budget.checked_sub(text.len()) {
            Some(left) => {
                self.budget = left;
                // What was kept from being a reference loses what kept it.
                for (at, byte) in text.iter().enumerate() {
                    if *byte != b'\\' || text.get(at + 1) != Some(&b'$') {
                        to.push(*byte);
                    }
                }
            }
            None => {
                self.budget = 0;
                self.known = false;
            }
        }
    }
}

/// The next `${NAME}`, `${NAME:-…}` or `$NAME` that no backslash precedes.
fn next_reference(text: &[u8], from: usize) -> Option<Reference<'_>> {
    let is_first = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    for start in from..text.len() {
        let is_escaped = start > 0 && text[start - 1] == b'\\';
        if text[start] != b'$' || is_escaped {
            continue;
        }
        let rest = &text[start + 1..];
        if rest.first().is_some_and(is_first) {
            let length = rest.iter().take_while(|byte| is_name(byte)).count();
            return Some(Reference {
                start,
                end: start + 1 + length,
                name: &rest[..length],
                instead: None,
            });
        }
        let Some(inner) = rest.strip_prefix(b"{") else {
            continue;
        };
        let length = inner
            .iter()
            .take_while(|byte| !b"{}".contains(byte))
            .count();
        if length == 0 || inner.get(length) != Some(&b'}') {
            continue;
        }
        let inner = &inner[..length];
        let (name, instead) = split(inner);
        return Some(Reference {
            start,
            end: start + 3 + length,
            name,
            instead,
        });
    }
    None
}

/// The name, and what stands behind the first `:-`, `-`, `:+` or `+`.
fn split(inner: &[u8]) -> (&[u8], Option<(bool, &[u8])>) {
    for at in 0..inner.len() {
        let rest = &inner[at..];
        for (operator, only_if_set) in [
            (&b":+"[..], true),
            (b"+", true),
            (b":-", false),
            (b"-", false),
        ] {
            if let Some(other) = rest.strip_prefix(operator) {
                return (&inner[..at], Some((only_if_set, other)));
            }
        }
    }
    (inner, None)
}

#[cfg(test)]
mod tests {
    use super::super::{Dialect, Entry, Outside, read};
    use super::*;

    /// `as it is`, `elsewhere`, or what is put in.
    fn told(file: &str) -> String {
        let Ok(Entry::Value(value)) = read(Dialect::Dotenv, file.as_bytes(), "K", Outside::Unknown)
        else {
            panic!("{file} does not set it")
        };
        match expanded(file.as_bytes(), "K", value) {
            Expanded::Plain(_) => "as it is".to_owned(),
            Expanded::Referring { value: None } => "elsewhere".to_owned(),
            Expanded::Referring { value: Some(value) } => {
                String::from_utf8_lossy(value.expose()).into_owned()
            }
        }
    }

    /// As dotenv-expand 12.0.3 gives them, where nothing is set outside of the file.
    #[test]
    fn what_stands_in_the_file_is_put_in() {
        for (file, expected) in [
            ("O=old\nK=${O}", "old"),
            ("O=old\nK=$O", "old"),
            ("K=${O}\nO=old", "old"),
            ("O=old\nK='${O}'", "old"),
            ("O=old\nK=\"pre-$O-post\"", "pre-old-post"),
            ("O=old\nP=$O\nK=${P}", "old"),
            ("O=old\nK=${O:-new}", "old"),
            ("O=old\nK=${O:+new}", "new"),
            ("O=old\nK=${O}\\$O", "old$O"),
            ("A=o\nB=ld\nK=$A$B", "old"),
        ] {
            assert_eq!(told(file), expected, "{file}");
        }
    }

    #[test]
    fn what_comes_from_elsewhere_is_not_told_but_for_what_stands_in_for_it() {
        for (file, expected) in [
            ("K=${O}", "elsewhere"),
            ("K=${O_P}", "elsewhere"),
            ("K=$O_P", "elsewhere"),
            ("K=${O:-changeme}", "elsewhere"),
            ("K=${O:-ask_live_1}", "ask_live_1"),
            ("K=${O-ask_live_1}", "ask_live_1"),
            ("P=$O\nK=${P}", "elsewhere"),
            ("O=$P\nP=$O\nK=${O}", "elsewhere"),
        ] {
            assert_eq!(told(file), expected, "{file}");
        }
    }

    #[test]
    fn what_refers_to_nothing_else_stays_as_it_is() {
        for file in [
            "K=plain",
            "K=${K}",
            "K=$K",
            "O=old\nK=\\$O",
            "K=pa$$word",
            "K=a$B",
            "K=a$1",
            "K=${}",
            "K=${",
            "K=$",
        ] {
            assert_eq!(told(file), "as it is", "{file}");
        }
    }

    #[test]
    fn a_file_that_doubles_itself_ends() {
        let mut file = "A0=0123456789abcdef\n".to_owned();
        for level in 1..=30 {
            let before = level - 1;
            file += &format!("A{level}=${{A{before}}}${{A{before}}}\n");
        }
        for level in [10, 14, 30] {
            let file = format!("{file}K=${{A{level}}}\n");
            told(&file);
        }
    }
}
