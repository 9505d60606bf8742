//! A text as a program has it that puts pieces of it together: lines that go on, pieces in quotes of their own,
//! and variables that other lines set. No program does all of it, and none does more.

use std::collections::HashMap;
use std::ops::Range;

use zeroize::Zeroizing;

/// How deeply what stands instead of a variable holds variables.
const DEPTH: usize = 8;
/// How long a value is that is put in for its variable.
const LONGEST: usize = 64 * 1024;

/// The lines that are others when they are put together, and whether there would be more of them.
pub(super) struct Joined {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) cut: bool,
}

/// Puts a text together; `None` where nothing of it changes.
pub(super) fn joined(text: &[u8]) -> Option<Joined> {
    let has_signs = refers(text) || text.iter().any(|byte| b"\"'`".contains(byte));
    let goes_on = text
        .windows(2)
        .any(|pair| pair == b"\\\n" || pair == b"\\\r");
    let appends = text.windows(2).any(|pair| pair == b"+=");
    if !has_signs && !goes_on && !appends {
        return None;
    }
    let whole;
    let text = match goes_on {
        true => {
            whole = without_ends(text);
            &whole[..]
        }
        false => text,
    };
    let mut joiner = Joiner {
        room: 4 * text.len() + LONGEST,
        cut: false,
    };
    let lines = || text.split(|byte| b"\n\0".contains(byte));
    let last = match appends || refers(text) {
        true => joiner.last_values(lines()),
        false => Values::default(),
    };
    let mut bytes = Zeroizing::new(Vec::new());
    let mut now = Values::default();
    for line in lines() {
        let here = joiner.put(line, &[&now, &last]);
        if here[..] != *line || goes_on {
            append_line(&mut bytes, &here);
        }
        if refers(line) {
            let then = joiner.put(line, &[&last]);
            if then != here {
                append_line(&mut bytes, &then);
            }
        }
        let sets = match last.is_empty() {
            true => Vec::new(),
            false => sets(line),
        };
        // What refers to another one of the same line, or goes behind it, is not in the line as it was put together.
        let is_one_of_many = sets.len() > 1;
        for set in sets {
            let mut value = joiner.put(set.value, &[&now, &last]);
            if let Some(before) = now.get(set.name).filter(|_| set.appends) {
                value = Zeroizing::new([&before[..], &value].concat());
            }
            if set.appends || is_one_of_many && refers(set.value) {
                append_line(&mut bytes, &value);
                joiner.room = joiner.room.saturating_sub(value.len());
            }
            now.insert(set.name, value);
        }
        joiner.cut |= joiner.room == 0;
        if joiner.cut {
            break;
        }
    }
    (!bytes.is_empty() || joiner.cut).then_some(Joined {
        bytes,
        cut: joiner.cut,
    })
}

/// Adds a line. There are few, if any, so the room for them is made as they come.
fn append_line(to: &mut Zeroizing<Vec<u8>>, line: &[u8]) {
    let length = to.len() + line.len() + 1;
    if length > to.capacity() {
        // Growing in place would leave a copy behind.
        let mut wider = Zeroizing::new(Vec::with_capacity(2 * length.max(64)));
        wider.extend_from_slice(to);
        *to = wider;
    }
    to.extend_from_slice(line);
    to.push(b'\n');
}

type Values<'t> = HashMap<&'t [u8], Zeroizing<Vec<u8>>>;

/// A variable or a member that a line sets.
struct Set<'t> {
    name: &'t [u8],
    /// To what, as far as the next blank that no quotes are around.
    value: &'t [u8],
    /// The same as far as the line or a comment goes.
    all: &'t [u8],
    /// Whether that comes behind what it was.
    appends: bool,
}

/// All that a line sets.
fn sets(line: &[u8]) -> Vec<Set<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < line.len() {
        at += line[at..].iter().take_while(|byte| parts(**byte)).count();
        let rest = &line[at..];
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        let (name, rest) = rest.split_at(rest.iter().take_while(|byte| in_name(**byte)).count());
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        let rest = rest.trim_ascii_start();
        let appends = rest.starts_with(b"+=");
        match rest.strip_prefix(b"+").unwrap_or(rest) {
            [b'=' | b':', value @ ..] if !name.is_empty() => {
                let value = value.trim_ascii_start();
                at = line.len() - value.len();
                let end = at + word(value);
                let all = match value.first() {
                    Some(b'"' | b'\'' | b'`') => &line[at..end],
                    _ => value
                        .split(|byte| b"#;".contains(byte))
                        .next()
                        .unwrap_or_default(),
                };
                found.push(Set {
                    name,
                    value: &line[at..end],
                    all: all.trim_ascii_end(),
                    appends,
                });
                at = end.max(at + 1);
            }
            _ => at += word(&line[at..]).max(1),
        }
    }
    found
}

/// What stands between what a line sets.
fn parts(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b";,{[(&".contains(&byte)
}

/// How far a word reaches whose blanks stand between quotes.
fn word(text: &[u8]) -> usize {
    let mut open = None;
    for (at, &byte) in text.iter().enumerate() {
        let next = text.get(at + 1);
        match open {
            Some(quote) if quote == byte => open = None,
            Some(_) => {}
            None if b"\"'`".contains(&byte) => open = Some(byte),
            None if byte.is_ascii_whitespace() || byte == b';' => return at,
            None if byte == b',' && next.is_none_or(|next| b" \"'".contains(next)) => return at,
            None => {}
        }
    }
    text.len()
}

struct Joiner {
    room: usize,
    cut: bool,
}

impl Joiner {
    /// What each variable is in the end.
    fn last_values<'t>(&mut self, lines: impl Iterator<Item = &'t [u8]> + Clone) -> Values<'t> {
        let mut before = Values::default();
        let room = self.room;
        // What refers to a line below is known the second time.
        for _ in 0..2 {
            let mut values = Values::default();
            for set in lines.clone().flat_map(sets) {
                let value = self.put(set.all, &[&values, &before]);
                values.insert(set.name, value);
            }
            before = values;
            self.room = room;
        }
        before
    }

    fn put(&mut self, text: &[u8], values: &[&Values<'_>]) -> Zeroizing<Vec<u8>> {
        let mut to = Zeroizing::new(Vec::with_capacity(self.longest(text, values)));
        self.put_into(text, values, 0, &mut to);
        self.room = self.room.saturating_sub(to.len());
        to
    }

    /// No fewer bytes than come of a text, so that the buffer never moves.
    fn longest(&self, text: &[u8], values: &[&Values<'_>]) -> usize {
        let references = text.iter().filter(|byte| b"$%".contains(byte)).count();
        let all = values.iter().flat_map(|values| values.values());
        let longest = match references {
            0 => 0,
            _ => all.map(|value| value.len()).max().unwrap_or(0),
        };
        self.room
            .min(LONGEST + text.len())
            .min(text.len() + references * longest)
    }

    fn put_into(&mut self, text: &[u8], values: &[&Values<'_>], depth: usize, to: &mut Vec<u8>) {
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            if b"\"'`".contains(&byte) {
                at += 1 + joint(&text[at + 1..]);
                continue;
            }
            if let (b'\\', Some(quote @ (b'"' | b'\''))) = (byte, text.get(at + 1)) {
                self.add(&[*quote], to);
                at += 2;
                continue;
            }
            let reference = match byte {
                b'$' if depth < DEPTH => Reference::at(&text[at..]),
                b'%' if depth < DEPTH => Reference::of_python(&text[at..]),
                _ => None,
            };
            let value = reference.as_ref().and_then(|reference| {
                let name = &text[at..][reference.name.clone()];
                let known = values.iter().find_map(|values| values.get(name));
                let instead = &text[at..][reference.instead.clone()];
                match (known, reference.sign) {
                    (Some(_), b'+') => Some(Err(instead)),
                    (Some(value), _) => Some(Ok(value)),
                    (None, b'-' | b'=') => Some(Err(instead)),
                    _ => None,
                }
            });
            match (reference, value) {
                (Some(reference), Some(value)) => {
                    match value {
                        Ok(value) => self.add(value, to),
                        Err(instead) => self.put_into(instead, values, depth + 1, to),
                    }
                    at += reference.length;
                }
                _ => {
                    self.add(&[byte], to);
                    at += 1;
                }
            }
        }
    }

    fn add(&mut self, bytes: &[u8], to: &mut Vec<u8>) {
        match to.len() + bytes.len() > to.capacity() {
            true => self.cut = true,
            false => to.extend_from_slice(bytes),
        }
    }
}

/// Whether a text may hold references to variables.
fn refers(text: &[u8]) -> bool {
    text.contains(&b'$') || text.windows(2).any(|pair| pair == b"%(")
}

/// How much stands between a quote and the next piece in quotes, that quote included; 0 where there is none.
fn joint(after: &[u8]) -> usize {
    let blanks = |at: usize| after[at..].iter().take_while(|byte| b" \t".contains(byte));
    let mut at = blanks(0).count();
    at += match after[at..] {
        [b'|', b'|', ..] | [b'.', b'.', ..] | [b'+', b'+', ..] | [b'<', b'>', ..] => 2,
        [b'+' | b'.' | b',' | b'&' | b'~', ..] => 1,
        _ => 0,
    };
    at += blanks(at).count();
    match after.get(at) {
        Some(b'"' | b'\'' | b'`') => at + 1,
        _ => 0,
    }
}

/// `$NAME`, `${NAME}`, `${NAME:-…}`, `$(NAME)`, `%(NAME)s`.
struct Reference {
    name: Range<usize>,
    /// What says when something stands instead of it: `-`, `=`, `+`; 0 where nothing does.
    sign: u8,
    instead: Range<usize>,
    length: usize,
}

impl Reference {
    /// As Python's configparser has it.
    fn of_python(text: &[u8]) -> Option<Self> {
        let name = text.strip_prefix(b"%(")?.iter();
        let end = 2 + name.take_while(|byte| in_name(**byte)).count();
        let is_one = end > 2 && text[end..].starts_with(b")s");
        is_one.then_some(Self {
            name: 2..end,
            sign: 0,
            instead: end..end,
            length: end + 2,
        })
    }

    fn at(text: &[u8]) -> Option<Self> {
        let open = text.get(1).filter(|byte| b"{(".contains(byte));
        let start = 1 + usize::from(open.is_some());
        let name = text[start..].iter();
        let name = name.take_while(|byte| in_name(**byte) && !b"-.".contains(byte));
        let name = start..start + name.count();
        if name.is_empty() {
            return None;
        }
        let Some(open) = open else {
            return Some(Self {
                length: name.end,
                sign: 0,
                instead: 0..0,
                name,
            });
        };
        let close = if *open == b'{' { b'}' } else { b')' };
        let mut depth = 0;
        let end = text.iter().position(|byte| {
            depth += i32::from(byte == open);
            depth -= i32::from(*byte == close);
            *byte == close && depth == 0
        })?;
        let rest = &text[name.end..end];
        let sign = rest.iter().take(2).find(|byte| b"-=+".contains(byte));
        let skipped = rest.iter().take(2).position(|byte| b"-=+".contains(byte));
        let is_plain = rest.is_empty() || rest.starts_with(b"?") || rest.starts_with(b":?");
        if sign.is_none() && !is_plain {
            return None;
        }
        Some(Self {
            instead: name.end + skipped.map_or(rest.len(), |at| at + 1)..end,
            name,
            sign: sign.copied().unwrap_or(0),
            length: end + 1,
        })
    }
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)
}

/// Without the line ends that a backslash takes away, and the blanks behind them.
fn without_ends(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let after = match rest {
            [b'\\', b'\n', after @ ..] | [b'\\', b'\r', b'\n', after @ ..] => Some(after),
            _ => None,
        };
        rest = match after {
            Some(after) => {
                let blanks = after.iter().take_while(|byte| b" \t".contains(byte));
                &after[blanks.count()..]
            }
            None => {
                bytes.push(*first);
                tail
            }
        };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let joined = joined(text.as_bytes());
        joined.map_or_else(String::new, |joined| {
            assert!(!joined.cut);
            String::from_utf8(joined.bytes.to_vec()).unwrap()
        })
    }

    #[test]
    fn pieces_lines_and_variables_are_put_together() {
        for (text, expected) in [
            ("A=b\nC=d", ""),
            ("A=\"b\"'c'd", "A=bcd\n"),
            ("A=\"b\" + \"c\"", "A=bc\n"),
            ("A='b' || 'c'", "A=bc\n"),
            ("A=\"b\" .. \"c\"", "A=bc\n"),
            ("A='b' | 'c'", "A=b | c\n"),
            ("A=b\\\n  c", "A=bc\n"),
            ("[s]\np = b\na = %(p)s-c", "a = b-c\n"),
            ("p=b\na=%(q)s%(p)d%(p", ""),
            ("P=b\nA=${P}c", "A=bc\n"),
            ("A=$P-c\nP=b", "A=b-c\n"),
            ("P=b\nA=${P}c\nP=d", "A=bc\nA=dc\n"),
            ("export P=b\nA=${P:-x}${Q:-c}${Q-\"d\"}${P:+e}", "A=bcde\n"),
            ("A=${Q}$(Q)$1", ""),
            ("P=b # c\nA=${P}d", "A=bd\n"),
            ("P=b#c\nA=${P}d", "A=b#cd\nA=bd\n"),
            ("P='b' # c\nA=${P}d", "P=b # c\nA=bd\n"),
            ("P=b; A=${P}d", "P=b; A=bd\nbd\n"),
            ("P=b Q=c\nA=$P${Q}d", "A=bcd\nA=b Q=ccd\n"),
            ("A=b\nA+=c", "bc\n"),
            ("A='b'\\''c'", "A=b'c\n"),
            ("A=$A\nB=${B}", ""),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn what_grows_without_end_is_cut() {
        let mut text = "A0=0123456789\n".to_owned();
        for number in 1..60 {
            text += &format!("A{number}=${{A{0}}}${{A{0}}}\n", number - 1);
        }
        let joined = joined(text.as_bytes()).unwrap();
        assert!(joined.cut);
        assert!(joined.bytes.len() <= 5 * text.len() + LONGEST);
    }
}
