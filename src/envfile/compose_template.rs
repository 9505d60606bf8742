//! The `$` of Compose: compose-go `template/template.go`.
//!
//! `$NAME`, `${NAME}`, `$$` for a dollar sign, and `${NAME-word}` with the operators `-`, `?` and `+`,
//! each also with a colon that takes an empty value for none. Any other `${` refuses the file.

use super::text::{find, find_or_end};
use super::variables::{Expansion, Known, Variables};

/// Words within words deeper than this are refused: the recursion must end before the stack does.
const DEPTH: usize = 64;

/// Adds the template to a value, its references replaced.
pub(super) fn substitute(
    template: &[u8],
    variables: &mut Variables<'_>,
    to: &mut Expansion,
) -> Result<(), &'static str> {
    Template {
        text: template,
        depth: DEPTH,
        last_brace: None,
        line_end: 0,
    }
    .substitute(variables, to)
}

struct Template<'t> {
    text: &'t [u8],
    depth: usize,
    /// The last closing brace of the line that ends at `line_end`.
    last_brace: Option<usize>,
    line_end: usize,
}

impl<'t> Template<'t> {
    fn substitute(
        &mut self,
        variables: &mut Variables<'_>,
        to: &mut Expansion,
    ) -> Result<(), &'static str> {
        let mut at = 0;
        while let Some(dollar) = find(self.text, at, b'$') {
            to.bytes.extend(&self.text[at..dollar]);
            let next = dollar + 1;
            at = match self.text.get(next) {
                Some(b'$') => {
                    to.bytes.push(b'$');
                    next + 1
                }
                Some(b'{') => self.braced(next + 1, variables, to)?,
                _ => {
                    let end = name_end(self.text, next);
                    if end == next {
                        to.bytes.push(b'$');
                    } else {
                        refer(&self.text[next..end], variables, to)?;
                    }
                    end
                }
            };
        }
        to.bytes.extend(&self.text[at..]);
        Ok(())
    }

    /// What starts after `${`; returns where the template goes on.
    fn braced(
        &mut self,
        start: usize,
        variables: &mut Variables<'_>,
        to: &mut Expansion,
    ) -> Result<usize, &'static str> {
        const INVALID: &str =
            "compose refuses `${` that is no reference; write `$$` for a dollar sign";
        let end = name_end(self.text, start);
        let name = &self.text[start..end];
        if name.is_empty() {
            return Err(INVALID);
        }
        let colon = self.text.get(end) == Some(&b':');
        let operator = end + usize::from(colon);
        match self.text.get(operator) {
            Some(b'}') if !colon => {
                refer(name, variables, to)?;
                Ok(end + 1)
            }
            Some(&kind @ (b'-' | b'?' | b'+')) => {
                let last = self.last_brace(operator).ok_or(INVALID)?;
                // The word ends where the braces balance, and if they never do with the line's last.
                let word_end = balance(self.text, start - 1, last).unwrap_or(last);
                let word = Template {
                    text: &self.text[operator + 1..word_end],
                    depth: self
                        .depth
                        .checked_sub(1)
                        .ok_or("references stand too deep in each other")?,
                    last_brace: None,
                    line_end: 0,
                };
                word.apply(name, kind, colon, variables, to)?;
                Ok(word_end + 1)
            }
            _ => Err(INVALID),
        }
    }

    /// The reference of which this is the word.
    fn apply(
        mut self,
        name: &[u8],
        kind: u8,
        colon: bool,
        variables: &mut Variables<'_>,
        to: &mut Expansion,
    ) -> Result<(), &'static str> {
        let set = match variables.lookup(name) {
            Known::Value(value) => Some(!(colon && value.is_empty())),
            Known::Unset => Some(false),
            Known::Unknown => None,
        };
        match (kind, set) {
            (b'-', Some(false)) | (b'+', Some(true)) => self.substitute(variables, to),
            (b'-', None) | (b'+', None) => {
                to.unknown = true;
                // It may still hold what refuses the file.
                self.substitute(variables, &mut Expansion::default())
            }
            (b'+', Some(false)) => Ok(()),
            (_, Some(true)) => refer(name, variables, to),
            _ => Err("a variable is required that the file does not set"),
        }
    }

    fn last_brace(&mut self, from: usize) -> Option<usize> {
        if from >= self.line_end {
            self.line_end = find_or_end(self.text, from, |b| b == b'\n');
            let line = &self.text[from..self.line_end];
            self.last_brace = line.iter().rposition(|&b| b == b'}').map(|at| from + at);
        }
        self.last_brace.filter(|&at| at > from)
    }
}

fn refer(
    name: &[u8],
    variables: &mut Variables<'_>,
    to: &mut Expansion,
) -> Result<(), &'static str> {
    if variables.refer(name, to) {
        Ok(())
    } else {
        Err(Variables::OVER_BUDGET)
    }
}

/// Where the brace that opens here is closed, not after `last`. The character after an opening brace
/// never counts.
fn balance(text: &[u8], open: usize, last: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = open;
    while at <= last {
        match text[at] {
            b'{' => {
                depth += 1;
                at += 1;
            }
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// `[_a-z][_a-z0-9]*` without regard to case, which in Unicode takes in two more letters.
fn name_end(text: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(&byte) = text.get(at) {
        at += match byte {
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => 1,
            b'0'..=b'9' if at > start => 1,
            _ if text[at..].starts_with("\u{17f}".as_bytes()) => 2,
            _ if text[at..].starts_with("\u{212a}".as_bytes()) => 3,
            _ => break,
        };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::super::Dialect::Compose;
    use super::super::tests::{FromOutside, Is, check, check_alone, rejects};

    #[test]
    fn operators_take_an_empty_value_for_none_with_a_colon_only() {
        for (reference, set, empty, unset) in [
            ("${A-w}", "v", "", "w"),
            ("${A:-w}", "v", "w", "w"),
            ("${A+w}", "w", "w", ""),
            ("${A:+w}", "w", "", ""),
            ("${A}", "v", "", ""),
            ("$A", "v", "", ""),
        ] {
            check(Compose, format!("A=v\nK={reference}").as_bytes(), Is(set));
            check(Compose, format!("A=\nK={reference}").as_bytes(), Is(empty));
            check_alone(Compose, format!("K={reference}").as_bytes(), Is(unset));
            check(Compose, format!("K={reference}").as_bytes(), FromOutside(1));
        }
        check(Compose, b"A=v\nK=${A?w}${A:?w}", Is("vv"));
        check(Compose, b"A=\nK=${A?w}", Is(""));
        rejects(Compose, b"A=\nK=${A:?w}", 2);
        rejects(Compose, b"B=\nK=${A?w}", 2);
    }

    #[test]
    fn words_nest_and_end_with_their_own_brace() {
        check_alone(Compose, b"B=b\nK=${A:-${B}c}d}${B}", Is("bcd}b"));
        check_alone(Compose, b"K=${A:-${B:-${C:-x}}}y", Is("xy"));
        check_alone(Compose, b"K=${A:-{}", Is("{"));
        check_alone(Compose, b"K=${A:-}", Is(""));
    }

    #[test]
    fn dollar_signs_that_start_no_reference_stay() {
        check(Compose, b"K=a$ $1 $", Is("a$ $1 $"));
        check(Compose, b"A=1\nK=$$A$$$A", Is("$A$1"));
        check(Compose, "A=1\nK=$A\u{212a}".as_bytes(), FromOutside(2));
    }

    #[test]
    fn braces_that_are_no_reference_refuse_the_file() {
        for value in [
            "${",
            "${}",
            "${1}",
            "${A",
            "${A b}",
            "${A:}",
            "${A:-b",
            "${A:-${}}",
        ] {
            rejects(Compose, format!("\nK={value}").as_bytes(), 2);
        }
        check(Compose, b"A=1\nK=${A:-${}}", Is("1"));
        rejects(Compose, b"K=\"${A:-\n}\"", 1);
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = format!("K={}{}", "${A:-".repeat(100), "}".repeat(100));
        rejects(Compose, deep.as_bytes(), 1);
        let open = format!("K={}", "${A:-".repeat(100_000));
        rejects(Compose, open.as_bytes(), 1);
    }
}
