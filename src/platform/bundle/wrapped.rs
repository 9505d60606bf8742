//! Base64 that goes on in another line, literal or element of a list.

use std::ops::Range;

use zeroize::Zeroizing;

use super::base64::{digits, is_digit, value};
use super::joint::{is_quote, joint, trivia};
use super::window::View;

/// The most blanks in one place between two parts.
const MOST_BLANKS: usize = 256;

/// The most steps from one part to the next: the end of a line, of a literal.
const MOST_STEPS: usize = 6;

/// What is to be done with a chain of parts.
pub(super) enum Link<'d> {
    /// More of what it decodes to, when it is read from one of four places on.
    Bytes(usize, &'d [u8]),
    End,
}

/// Finds chains without looking at every byte twice.
pub(super) struct Chains {
    /// The fewest digits that can hold a key.
    fewest: usize,
    /// How many digits before its first joint are looked at.
    tail: usize,
    open: Option<Chain>,
    /// Where it goes on, from the start of the stream.
    next: u64,
}

struct Chain {
    /// Where its first part starts, from the start of the stream.
    start: u64,
    /// How many digits it has so far.
    count: usize,
    /// One for each way in which its parts can be grouped; none before the first joint. Words may stand before what
    /// is really encoded.
    phases: Vec<Phase>,
}

#[derive(Default)]
struct Phase {
    bits: u32,
    count: u32,
    /// What was decoded before it was clear that there is enough for a key.
    held: Zeroizing<Vec<u8>>,
}

impl Chains {
    /// For keys of so many bytes.
    pub fn new(shortest: usize, longest: usize) -> Self {
        Self {
            fewest: (shortest * 4).div_ceil(3).max(16),
            tail: longest * 2,
            open: None,
            next: 0,
        }
    }

    /// How many bytes before a place have to be seen.
    pub fn before(&self) -> usize {
        self.tail + 4
    }

    pub fn restart(&mut self) {
        (self.open, self.next) = (None, 0);
    }

    pub fn look(&mut self, view: &View<'_>, mut take: impl FnMut(Link<'_>)) {
        let bytes = view.bytes;
        let resumed = usize::try_from(self.next.saturating_sub(view.gone)).unwrap_or(usize::MAX);
        let mut at = view.places.start.max(resumed);
        // All before this place may stand in a chain.
        let mut fitting = at;
        while at < view.places.end {
            if self.open.is_some() {
                at = self.go_on(view, at, &mut take);
                continue;
            }
            let Some(new) = bytes.get(fitting.max(at)..at + self.fewest) else {
                break;
            };
            if let Some(other) = new.iter().rposition(|byte| !fits(*byte)) {
                let behind = fitting.max(at) + other + 1;
                match begins(bytes, at..behind) {
                    Some(start) if start < view.places.end => {
                        self.open = Some(Chain::at(view.gone + start as u64));
                        at = start;
                    }
                    start => at = start.unwrap_or(behind),
                }
                fitting = at;
                continue;
            }
            fitting = at + self.fewest;
            at += bytes[at..fitting]
                .iter()
                .take_while(|byte| !is_digit(**byte))
                .count();
            // The letter of an escape is none of its characters.
            at += usize::from(at > 0 && bytes[at - 1] == b'\\');
            if at < view.places.end && is_digit(bytes[at]) {
                self.open = Some(Chain::at(view.gone + at as u64));
            }
        }
        self.next = view.gone + at as u64;
    }

    /// Takes in what the open chain has in these places; where it ends.
    fn go_on(&mut self, view: &View<'_>, mut at: usize, take: &mut impl FnMut(Link<'_>)) -> usize {
        let Some(mut chain) = self.open.take() else {
            return at;
        };
        loop {
            let end = at + digits(&view.bytes[at..view.places.end.max(at)]);
            chain.count += end - at;
            chain.decode(&view.bytes[at..end]);
            if chain.count >= self.fewest {
                chain.hand_over(take);
            }
            if view.bytes.get(end).is_some_and(|byte| is_digit(*byte)) {
                // It goes on behind these places.
                self.open = Some(chain);
                return end;
            }
            let Some(gap) = gap(&view.bytes[end..]) else {
                if chain.count >= self.fewest && !chain.phases.is_empty() {
                    take(Link::End);
                }
                return end.max(at + 1);
            };
            if chain.phases.is_empty() {
                chain.begin(view, end, self.tail);
            }
            chain.join(gap.is_padded);
            at = end + gap.length;
            if at >= view.places.end {
                self.open = Some(chain);
                return at;
            }
        }
    }
}

impl Chain {
    fn at(start: u64) -> Self {
        Self {
            start,
            count: 0,
            phases: Vec::new(),
        }
    }

    /// Decodes the end of the first part, which the next one goes on with.
    fn begin(&mut self, view: &View<'_>, end: usize, tail: usize) {
        self.phases.push(Phase::default());
        let start = view.gone + end.saturating_sub(tail) as u64;
        // Groups of four start with the part.
        let start = self.start + start.saturating_sub(self.start).next_multiple_of(4);
        let start = usize::try_from(start - view.gone.min(start)).unwrap_or(end);
        self.decode(&view.bytes[start.min(end)..end]);
    }

    /// Goes on with another part.
    fn join(&mut self, is_padded: bool) {
        if is_padded {
            for phase in &mut self.phases {
                (phase.bits, phase.count) = (0, 0);
            }
        }
        if self.phases.len() < 4 && self.phases.iter().all(|phase| phase.count > 0) {
            self.phases.push(Phase::default());
        }
    }

    fn decode(&mut self, digits: &[u8]) {
        for phase in &mut self.phases {
            for &digit in digits {
                phase.bits = phase.bits << 6 | value(digit);
                phase.count += 6;
                if phase.count >= 8 {
                    phase.count -= 8;
                    phase.held.push((phase.bits >> phase.count) as u8);
                }
            }
        }
    }

    fn hand_over(&mut self, take: &mut impl FnMut(Link<'_>)) {
        for (index, phase) in self.phases.iter_mut().enumerate() {
            if !phase.held.is_empty() {
                take(Link::Bytes(index, &phase.held));
                phase.held = Zeroizing::default();
            }
        }
    }
}

/// Whether a byte may stand in a chain.
fn fits(byte: u8) -> bool {
    is_digit(byte)
        || matches!(
            byte,
            b'"' | b'\'' | b'`' | b',' | b'\\' | b'=' | b' ' | b'\n' | b'\r' | b'\t'
        )
}

/// What stands between two parts.
struct Gap {
    length: usize,
    /// Whether the part before it was encoded by itself.
    is_padded: bool,
}

fn gap(text: &[u8]) -> Option<Gap> {
    let padding = text.iter().take(2).take_while(|byte| **byte == b'=');
    let padding = padding.count();
    let mut at = padding;
    for _ in 0..MOST_STEPS {
        let step = line_end(&text[at..]).or_else(|| between_literals(&text[at..]));
        at += step?;
        if text.get(at).is_some_and(|byte| is_digit(*byte)) {
            return Some(Gap {
                length: at,
                is_padded: padding > 0,
            });
        }
    }
    None
}

/// The end of a line, as it is, escaped, or before its end in a literal, and the blanks around it.
fn line_end(text: &[u8]) -> Option<usize> {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
    let blanks = |text: &[u8]| text.iter().take(MOST_BLANKS).take_while(blank).count();
    let mut at = blanks(text);
    let slashes = text[at..].iter().take_while(|byte| **byte == b'\\').count();
    at += slashes;
    at += match &text[at..] {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        [b'n' | b'r', ..] if slashes > 0 => 1,
        _ => return None,
    };
    Some(at + blanks(&text[at..]))
}

/// From the end of a literal into the next one.
fn between_literals(text: &[u8]) -> Option<usize> {
    let slashes = |text: &[u8]| text.iter().take_while(|byte| **byte == b'\\').count();
    let mut at = slashes(text);
    if !is_quote(*text.get(at)?) {
        return None;
    }
    if at == 0
        && let Some(length) = joint(text)
    {
        return Some(length);
    }
    at += 1;
    at += trivia(&text[at..]);
    if !matches!(text.get(at)?, b',' | b'+') {
        return None;
    }
    at += 1;
    at += trivia(&text[at..]);
    at += slashes(&text[at..]);
    is_quote(*text.get(at)?).then_some(at + 1)
}

/// Where the first part begins in this range that goes on behind a comment, a bracket or a call, which have signs
/// that stand in no other chain.
fn begins(text: &[u8], range: Range<usize>) -> Option<usize> {
    let start = range.start;
    let mut quotes = memchr::memchr3_iter(b'"', b'\'', b'`', &text[range]);
    quotes.find_map(|quote| {
        let before = &text[start..start + quote];
        let padding = before
            .iter()
            .rev()
            .take(2)
            .take_while(|byte| **byte == b'=');
        let part = &before[..before.len() - padding.count()];
        let digits = part
            .iter()
            .rev()
            .take_while(|byte| is_digit(**byte))
            .count();
        let gap = gap(&text[start + part.len()..]).filter(|_| digits > 0)?;
        let gap = &text[start + part.len()..][..gap.length];
        let is_odd = gap.iter().any(|byte| !fits(*byte));
        is_odd.then_some(start + part.len() - digits)
    })
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;
    use crate::platform::bundle::window::Window;

    /// What is decoded when the text comes in parts of this size.
    fn decoded(text: &str, size: usize) -> Vec<String> {
        let mut chains = Chains::new(20, 40);
        let (mut all, mut now) = (Vec::new(), vec![Vec::new(); 4]);
        let mut look = |view: &View<'_>| {
            chains.look(view, |link| match link {
                Link::Bytes(phase, bytes) => now[phase].extend_from_slice(bytes),
                Link::End => {
                    all.extend(
                        now.iter()
                            .map(|text| String::from_utf8_lossy(text).into_owned()),
                    );
                    now.iter_mut().for_each(Vec::clear);
                }
            });
        };
        let mut window = Window::new(100, 600);
        for part in text.as_bytes().chunks(size) {
            window.push(part, &mut look);
            window.show(false, &mut look);
        }
        window.show(true, &mut look);
        all
    }

    #[test]
    fn parts_are_decoded_as_one_however_they_are_written() {
        let plain = "a text of some length, at least of two lines, so that there is a joint";
        let parts = |length: usize, between: &str| {
            let base64 = BASE64.encode(plain.as_bytes());
            let parts = base64
                .as_bytes()
                .chunks(length)
                .map(String::from_utf8_lossy);
            parts.collect::<Vec<_>>().join(between)
        };
        let alone: Vec<_> = plain
            .as_bytes()
            .chunks(10)
            .map(|part| format!("\"{}\"", BASE64.encode(part)))
            .collect();
        for text in [
            format!("-----BEGIN X-----\n{}\n-----END X-----", parts(64, "\n")),
            format!("-----BEGIN DATA-----\r\n{}", parts(64, "\r\n")),
            format!("k=\"{}\"", parts(10, "\\\n")),
            format!("k=\"{}\"", parts(10, "\\n")),
            format!("k={{\\\"a\\\":\\\"{}\\\"}}", parts(10, "\\\\n")),
            format!("k=[\"{}\"]", parts(7, "\",\"")),
            format!("k=[\n  '{}'\n]", parts(12, "',\n  '")),
            format!("k=\"{}\"", parts(10, "\" + \"")),
            format!("k=\"{}\"", parts(10, "\\n\" +\n  \"")),
            format!("k: |\n  {}\n", parts(20, "\n  ")),
            format!("k=[{}]", alone.join(", ")),
            format!("atob(\"{}\")", parts(10, "\"/*c*/+\"")),
            format!("atob(\"{}\")", parts(10, "\" + // it's (x)\n\"")),
            format!("[\"{}\"].join(\"\")", parts(10, "\", // (x).\n\"")),
            format!("[\"{}\"].join(\"\")", parts(50, "\" /* (x). */, \"")),
            format!("\"\".concat(\"{}\")", parts(10, "\").concat(\"")),
            format!("k=[{}]", alone.join(" /* (x) */, ")),
            format!("k=[\"abc\",\"de\",\"{}\"]", parts(7, "\",\"")),
            format!("\"{}\",\"{}\"", "A".repeat(5000), parts(30, "\\\n")),
        ] {
            let text = format!("{}{text};{}", "x=(1);".repeat(300), "y=(2);".repeat(200));
            for size in [7, 100, 1000, 1 << 20] {
                let found = decoded(&text, size);
                assert!(
                    found.iter().any(|found| found.contains(plain)),
                    "{size}: {text}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_chain_is_not_decoded() {
        for text in [
            "some words of a text that is long enough, and without an end, to be looked at",
            "var name=other_name;return/x/.test(name)",
            "[\"div\",\"span\"],[\"a\",\"b\"]",
            "a\nb\nc\nd\n\n\ne",
        ] {
            assert_eq!(decoded(text, 9), [""; 0], "{text}");
        }
        let one = BASE64.encode(&[7; 3000]);
        assert_eq!(decoded(&one, 100), [""; 0]);
    }
}
