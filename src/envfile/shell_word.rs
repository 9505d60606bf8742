//! A word of the shell: quotes, escapes and references to variables.

use super::shell::{Refused, Shell};
use super::variables::{Expansion, Known, Variables};

/// Where an unquoted word stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// After the `=` of an assignment.
    Value,
    /// An argument, which is split and matched against files where it is not quoted.
    Argument,
    /// In `${NAME-word}`.
    Braces,
}

/// Whether what a word does is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Live {
    Yes,
    /// It depends on a variable from outside.
    Perhaps,
    No,
}

/// References within references deeper than this are refused: the recursion must end before the stack
/// does.
const DEPTH: u32 = 64;

impl Shell<'_, '_, '_> {
    /// Reads a word and adds what it expands to.
    pub(super) fn word(
        &mut self,
        place: Place,
        live: Live,
        to: &mut Expansion,
    ) -> Result<(), Refused> {
        const FILES: Refused = "an unquoted argument of `export` may become several words";
        // Where a tilde stands for a home directory.
        let mut home = true;
        while let Some(byte) = self.peek() {
            let was_home = std::mem::replace(&mut home, false);
            match byte {
                b'}' if place == Place::Braces => return Ok(()),
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>'
                    if place != Place::Braces =>
                {
                    return Ok(());
                }
                b'(' | b')' | b'<' | b'>' => return Err(Self::DIFFERENT),
                b'\'' => self.single_quoted(to)?,
                b'"' => {
                    self.at += 1;
                    self.double_quoted(live, to)?;
                }
                b'\\' => {
                    self.at += 1;
                    // At the end of the file dash keeps it and bash does not.
                    to.bytes.push(self.raw().ok_or(Self::DIFFERENT)?);
                    self.at += 1;
                }
                b'$' | b'*' | b'?' | b'[' | b'~' if place == Place::Argument => return Err(FILES),
                b'$' => self.dollar(false, live, to)?,
                b'`' => return Err(Self::SUBSTITUTION),
                b'~' if was_home => {
                    to.unknown = true;
                    self.at += 1;
                }
                _ => {
                    home = matches!(byte, b':' | b'=');
                    to.bytes.push(byte);
                    self.at += 1;
                }
            }
        }
        if place == Place::Braces {
            return Err(Self::OPEN_BRACE);
        }
        Ok(())
    }

    const SUBSTITUTION: Refused = "a value is made by a command, and nothing is run to read a file";
    const OPEN_BRACE: Refused = "the shell refuses a `${` that is not closed";
    const OPEN_QUOTE: Refused = "the shell refuses a quote that is not closed";
    const DIFFERENT: Refused = "shells read this differently";

    fn single_quoted(&mut self, to: &mut Expansion) -> Result<(), Refused> {
        let start = self.at + 1;
        let rest = self.file.get(start..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|&b| b == b'\'')
            .ok_or(Self::OPEN_QUOTE)?;
        to.bytes.extend(&rest[..length]);
        self.at = start + length + 1;
        Ok(())
    }

    fn double_quoted(&mut self, live: Live, to: &mut Expansion) -> Result<(), Refused> {
        loop {
            let byte = self.peek().ok_or(Self::OPEN_QUOTE)?;
            self.at += 1;
            match byte {
                b'"' => return Ok(()),
                b'\\' => match self.raw() {
                    Some(escaped @ (b'$' | b'`' | b'"' | b'\\')) => {
                        to.bytes.push(escaped);
                        self.at += 1;
                    }
                    _ => to.bytes.push(b'\\'),
                },
                b'$' => {
                    self.at -= 1;
                    self.dollar(true, live, to)?;
                }
                b'`' => return Err(Self::SUBSTITUTION),
                _ => to.bytes.push(byte),
            }
        }
    }

    fn dollar(&mut self, quoted: bool, live: Live, to: &mut Expansion) -> Result<(), Refused> {
        self.at += 1;
        match self.peek() {
            Some(b'(') => Err(Self::SUBSTITUTION),
            Some(b'{') => {
                self.at += 1;
                self.braced(quoted, live, to)
            }
            // The number of the process, an argument, and the like.
            Some(special @ (b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-' | b'0'..=b'9')) => {
                self.at += 1;
                to.unknown = true;
                // For bash the second dollar sign may start something else.
                match self.peek() {
                    Some(b'{' | b'(' | b'[') if special == b'$' => Err(Self::DIFFERENT),
                    _ => Ok(()),
                }
            }
            Some(b'[') => Err(Self::DIFFERENT),
            Some(b'\'' | b'"') if !quoted => Err(Self::DIFFERENT),
            _ => {
                let name = self.name();
                if name.is_empty() {
                    to.bytes.push(b'$');
                    return Ok(());
                }
                self.refer(&name, live, to)
            }
        }
    }

    /// What follows `${`.
    fn braced(&mut self, quoted: bool, live: Live, to: &mut Expansion) -> Result<(), Refused> {
        const UNKNOWN: Refused = "a `${` stands here that only a shell can follow";
        let name = self.name();
        if name.is_empty() {
            return Err(UNKNOWN);
        }
        let colon = self.peek() == Some(b':');
        if colon {
            self.at += 1;
        }
        let operator = self.peek().ok_or(Self::OPEN_BRACE)?;
        self.at += 1;
        if operator == b'}' && !colon {
            return self.refer(&name, live, to);
        }
        if !matches!(operator, b'-' | b'=' | b'?' | b'+') {
            return Err(UNKNOWN);
        }
        let set = match self.variables.lookup(&name) {
            Known::Value(value) => Some(!(colon && value.is_empty())),
            Known::Unset => Some(false),
            Known::Unknown => None,
        };
        let used = match set {
            None if live == Live::No => Live::No,
            None => Live::Perhaps,
            Some(set) if set == (operator == b'+') => live,
            Some(_) => Live::No,
        };
        if operator == b'?' && used != Live::No {
            return Err("a variable is required that the file does not set");
        }
        let mut word = Expansion::default();
        self.braced_word(quoted, used, &mut word)?;
        if live == Live::No {
            return Ok(());
        }
        if set.is_none() {
            to.unknown = true;
        } else if used != Live::No {
            to.bytes.extend(&word.bytes);
            to.unknown |= word.unknown;
        } else if operator != b'+' {
            self.refer(&name, live, to)?;
        }
        if operator == b'=' && used != Live::No {
            word.unknown |= used == Live::Perhaps;
            let line = self.line();
            self.set(&name, word.into_entry(line));
        }
        Ok(())
    }

    fn braced_word(&mut self, quoted: bool, live: Live, to: &mut Expansion) -> Result<(), Refused> {
        if self.depth == DEPTH {
            return Err("references stand too deep in each other");
        }
        self.depth += 1;
        if quoted {
            self.quoted_braced_word(live, to)?;
        } else {
            self.word(Place::Braces, live, to)?;
        }
        self.depth -= 1;
        self.at += 1;
        Ok(())
    }

    /// In `"${NAME-word}"`, up to its brace.
    fn quoted_braced_word(&mut self, live: Live, to: &mut Expansion) -> Result<(), Refused> {
        loop {
            match self.peek().ok_or(Self::OPEN_BRACE)? {
                b'}' => return Ok(()),
                b'"' | b'\'' => return Err(Self::DIFFERENT),
                b'\\' => {
                    self.at += 1;
                    match self.raw() {
                        Some(escaped @ (b'$' | b'`' | b'"' | b'\\' | b'}')) => {
                            to.bytes.push(escaped);
                            self.at += 1;
                        }
                        _ => to.bytes.push(b'\\'),
                    }
                }
                b'$' => self.dollar(true, live, to)?,
                b'`' => return Err(Self::SUBSTITUTION),
                byte => {
                    to.bytes.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    fn refer(&mut self, name: &[u8], live: Live, to: &mut Expansion) -> Result<(), Refused> {
        if live == Live::No || self.variables.refer(name, to) {
            Ok(())
        } else {
            Err(Variables::OVER_BUDGET)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Dialect::Shell;
    use super::super::tests::{FromOutside, Is, check, check_alone, rejects};

    #[test]
    fn quotes_join_into_one_word() {
        check(Shell, b"K=va\"lu\"'e'", Is("value"));
        check(Shell, b"K='a\"\\b\n'\"c'd\n\"", Is("a\"\\b\nc'd\n"));
        check(Shell, b"K=\"\"''", Is(""));
    }

    #[test]
    fn a_backslash_takes_any_character_but_in_double_quotes_only_four() {
        check(Shell, b"K=\\a\\\\\\ \\$\\\"\\'\\#\\;", Is("a\\ $\"'#;"));
        check(Shell, b"K=\"\\a\\\\\\$\\\"\\`\\'\"", Is("\\a\\$\"`\\'"));
        rejects(Shell, b"K=a\\", 1);
    }

    #[test]
    fn references_are_to_earlier_assignments() {
        check(Shell, b"A='a b'\nK=$A\"$A\"'$A'\\$A", Is("a ba b$A$A"));
        check(Shell, b"A=1 A1=2\nK=${A}1$A1", Is("112"));
        check(Shell, b"K=$ \nL=1", Is("$"));
        check(Shell, b"K=\"$\"a$.$/", Is("$a$.$/"));
        check(Shell, b"K=$A\nA=1", FromOutside(1));
        check_alone(Shell, b"K=a$A", Is("a"));
    }

    #[test]
    fn operators_take_an_empty_value_for_none_with_a_colon_only() {
        for (reference, set, empty, unset) in [
            ("${A-w}", "v", "", "w"),
            ("${A:-w x}", "v", "w x", "w x"),
            ("\"${A:-w x}\"", "v", "w x", "w x"),
            ("${A=w}", "v", "", "w"),
            ("${A:=w}$A", "vv", "ww", "ww"),
            ("${A+w}", "w", "w", ""),
            ("${A:+w}", "w", "", ""),
        ] {
            check(Shell, format!("A=v\nK={reference}").as_bytes(), Is(set));
            check(Shell, format!("A=\nK={reference}").as_bytes(), Is(empty));
            check_alone(Shell, format!("K={reference}").as_bytes(), Is(unset));
            check(Shell, format!("K={reference}").as_bytes(), FromOutside(1));
        }
        check(Shell, b"A=v\nK=${A?w}${A:?w}", Is("vv"));
        rejects(Shell, b"A=\nB=${A:?w}\nK=v", 2);
        rejects(Shell, b"B=${A?w}\nK=v", 1);
    }

    #[test]
    fn words_in_braces_have_quotes_and_references_of_their_own() {
        check_alone(Shell, b"B=b\nK=${A:-'}'$B\\}\"}\"}", Is("}b}}"));
        check_alone(Shell, b"B=b\nK=\"${A:-a\\}$B\\a}\"", Is("a}b\\a"));
        check_alone(Shell, b"K=${A:-${B:-${C:-x}}}y", Is("xy"));
        check_alone(Shell, b"K=${A:-a;b|c\n#d}", Is("a;b|c\n#d"));
    }

    #[test]
    fn a_word_that_is_not_used_does_nothing() {
        check(Shell, b"A=1 B=2\nC=${A:-${B:?x}${B:=3}}\nK=$C$B", Is("12"));
        check(Shell, b"A=1\nC=${A:-${B:=3}}\nK=$C${B+w}", FromOutside(3));
        check_alone(Shell, b"A=1\nC=${A:-${B:=3}}\nK=$C$B", Is("1"));
        check(Shell, b"B=\nC=${A:-${B:=3}}\nK=$B", FromOutside(3));
        check(Shell, b"B=2\nC=${A:-${B:=3}}\nK=$B", Is("2"));
    }

    #[test]
    fn a_tilde_is_a_home_directory_only_where_a_word_starts() {
        check(Shell, b"K=~", FromOutside(1));
        check(Shell, b"K=a:~/b", FromOutside(1));
        check(Shell, b"A=\nK=${A:-~}", FromOutside(2));
        check(Shell, b"K=a~'~'\"~\"\\~", Is("a~~~~"));
    }

    #[test]
    fn what_shells_read_differently_is_refused() {
        for value in [
            "$'a'",
            "$\"a\"",
            "$[1]",
            "\"$[1]\"",
            "\"$${\"",
            "${A%b}",
            "${#A}",
            "${A:0:1}",
            "${!A}",
            "${}",
            "${1}",
            "${A",
            "${A:-b",
            "'a",
            "\"a",
            "\"a\\",
            "\"${A:-'b'}\"",
            "${A:-b<c}",
        ] {
            rejects(Shell, format!("A=1\nK={value}").as_bytes(), 2);
        }
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = format!("K={}{}", "${A:-".repeat(1000), "}".repeat(1000));
        rejects(Shell, deep.as_bytes(), 1);
        let mut file = b"A=xxxxxxxxxxxxxxxx\n".to_vec();
        for _ in 0..40 {
            file.extend_from_slice(b"A=$A$A\n");
        }
        rejects(Shell, &file, 17);
    }
}
