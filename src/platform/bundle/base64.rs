//! Long runs of base64, of either alphabet, as in `data:` addresses, source maps and `atob("…")`.

use zeroize::Zeroizing;

use super::window::View;

/// What is to be done with a run.
pub(super) enum Step<'d> {
    /// More of what it decodes to.
    Bytes(&'d [u8]),
    /// It ends here: where it stands in this view, if it stands there as a whole.
    End(Option<std::ops::Range<usize>>),
}

/// Finds runs without looking at every byte.
pub(super) struct Runs {
    /// The fewest characters that can hold a key.
    fewest: usize,
    open: Option<Open>,
    /// Where the next one may start, from the start of the stream.
    start: u64,
}

#[derive(Default)]
struct Open {
    bits: u32,
    count: u32,
    /// Where it starts, from the start of the stream.
    start: u64,
}

impl Runs {
    /// For keys of at least so many bytes.
    pub fn new(shortest: usize) -> Self {
        Self {
            fewest: (shortest * 4).div_ceil(3).max(16),
            open: None,
            start: 0,
        }
    }

    /// How many bytes before a place have to be seen.
    pub fn before(&self) -> usize {
        self.fewest * 2
    }

    pub fn restart(&mut self) {
        (self.open, self.start) = (None, 0);
    }

    pub fn look(&mut self, view: &View<'_>, mut take: impl FnMut(Step<'_>)) {
        let (bytes, places) = (view.bytes, view.places.clone());
        let mut at = 0;
        if self.open.is_some() {
            at = self.go_on(view, places.start, &mut take);
            if self.open.is_some() {
                return;
            }
        }
        // Where a run may start; a byte before the end of the shortest one that is none of its digits rules
        // out all places before it.
        let start = self.start.saturating_sub(view.gone);
        let mut start = usize::try_from(start).unwrap_or(usize::MAX).max(at);
        while start < places.end
            && let Some(whole) = bytes.get(start..start + self.fewest)
        {
            if let Some(other) = whole.iter().rposition(|byte| !is_digit(*byte)) {
                start += other + 1;
                continue;
            }
            // The letter of an escape, such as the `n` of `\n`, is none of its characters.
            if start > 0 && bytes[start - 1] == b'\\' {
                start += 1;
            }
            self.open = Some(Open {
                start: view.gone + start as u64,
                ..Open::default()
            });
            start = self.go_on(view, start, &mut take);
            if self.open.is_some() {
                return;
            }
        }
        self.start = view.gone + start as u64;
    }

    /// Takes in what an open run has in these places; where it ends.
    fn go_on(&mut self, view: &View<'_>, at: usize, take: &mut impl FnMut(Step<'_>)) -> usize {
        let Some(open) = &mut self.open else {
            return at;
        };
        let end = at + digits(&view.bytes[at..view.places.end]);
        take(Step::Bytes(&open.decoded(&view.bytes[at..end])));
        self.start = view.gone + end as u64;
        if end < view.places.end || end == view.bytes.len() {
            let start = open.start.checked_sub(view.gone);
            let start = start.and_then(|start| usize::try_from(start).ok());
            take(Step::End(start.map(|start| start..end)));
            self.open = None;
        }
        end.max(at + 1)
    }
}

impl Open {
    fn decoded(&mut self, digits: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut decoded = Zeroizing::new(Vec::with_capacity(digits.len()));
        for &digit in digits {
            self.bits = self.bits << 6 | value(digit);
            self.count += 6;
            if self.count >= 8 {
                self.count -= 8;
                decoded.push((self.bits >> self.count) as u8);
            }
        }
        decoded
    }
}

const NONE: u8 = 64;

/// What every byte stands for.
static VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [NONE; 256];
    let mut at = 0;
    while at < 64 {
        values[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values
}

/// What a digit stands for.
pub(super) fn value(digit: u8) -> u32 {
    u32::from(VALUES[usize::from(digit)])
}

pub(super) fn is_digit(byte: u8) -> bool {
    VALUES[usize::from(byte)] != NONE
}

/// How many digits a text starts with.
pub(super) fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| is_digit(**byte)).count()
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, BASE64URL_NOPAD};

    use super::*;
    use crate::platform::bundle::window::Window;

    /// What is decoded when the text comes in parts of this size.
    fn decoded(text: &str, size: usize) -> Vec<String> {
        let mut runs = Runs::new(20);
        let (mut all, mut now) = (Vec::new(), Vec::new());
        let mut look = |view: &View<'_>| {
            runs.look(view, |step| match step {
                Step::Bytes(bytes) => now.extend_from_slice(bytes),
                Step::End(_) => {
                    all.push(String::from_utf8_lossy(&now).into_owned());
                    now.clear();
                }
            });
        };
        let mut window = Window::new(100, 100);
        for part in text.as_bytes().chunks(size) {
            window.push(part, &mut look);
            window.show(false, &mut look);
        }
        window.show(true, &mut look);
        all
    }

    #[test]
    fn runs_are_decoded_wherever_they_stand() {
        let long = "0123456789 ".repeat(40_000);
        for plain in ["a text of some length, at least", &long] {
            let (padded, bare) = (
                BASE64.encode(plain.as_bytes()),
                BASE64URL_NOPAD.encode(plain.as_bytes()),
            );
            for text in [
                format!("atob(\"{padded}\")"),
                format!("x{}data:a/b;base64,{padded}\n", ";".repeat(333)),
                format!("short,words;\\n{bare}.{bare}"),
                padded.clone(),
            ] {
                for size in [7, 100, 1000, 1 << 20] {
                    let found = decoded(&text, size);
                    assert!(found.iter().any(|found| found == plain), "{size}");
                }
            }
        }
        assert!(decoded("var name=other_name;return/x/.test(name)", 9).is_empty());
    }
}
