//! A stream, seen through a buffer that it passes through.

use std::ops::Range;

use zeroize::Zeroizing;

/// How many bytes pass through at once, at least.
const PIECE: usize = 256 << 10;

/// Shows every place of a stream together with what stands beside it, and keeps no more than that.
pub(super) struct Window {
    bytes: Zeroizing<Vec<u8>>,
    filled: usize,
    /// The first place that was not shown yet.
    next: usize,
    /// How much was there before the buffer's first byte.
    gone: u64,
    before: usize,
    behind: usize,
}

/// Some places of a stream, and what stands beside them.
pub(super) struct View<'b> {
    pub bytes: &'b [u8],
    /// The places that are shown now, and never again.
    pub places: Range<usize>,
    /// How much of the stream was there before `bytes`.
    pub gone: u64,
}

impl Window {
    /// Every place is shown with this many bytes before and behind it, or all that there are.
    pub fn new(before: usize, behind: usize) -> Self {
        Self {
            bytes: Zeroizing::new(vec![0; before + PIECE + behind]),
            filled: 0,
            next: 0,
            gone: 0,
            before,
            behind,
        }
    }

    /// Starts with another stream.
    pub fn restart(&mut self) {
        (self.filled, self.next, self.gone) = (0, 0, 0);
    }

    /// Where the next bytes go. Never empty after [`Window::show`].
    pub fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.filled..]
    }

    /// Counts bytes that were written into [`Window::room`]; whether it is full now.
    pub fn advance(&mut self, count: usize) -> bool {
        self.filled = (self.filled + count).min(self.bytes.len());
        self.filled == self.bytes.len()
    }

    /// Shows what can be shown, which is all of it when the stream is at its `end`, and makes room.
    pub fn show(&mut self, end: bool, look: &mut impl FnMut(&View<'_>)) {
        let until = match end {
            true => self.filled,
            false => self.filled.saturating_sub(self.behind).max(self.next),
        };
        look(&View {
            bytes: &self.bytes[..self.filled],
            places: self.next..until,
            gone: self.gone,
        });
        let kept = until.saturating_sub(self.before);
        self.bytes.copy_within(kept..self.filled, 0);
        self.filled -= kept;
        self.next = until - kept;
        self.gone += kept as u64;
    }

    /// Appends, and shows what there is no room for.
    pub fn push(&mut self, mut bytes: &[u8], look: &mut impl FnMut(&View<'_>)) {
        while !bytes.is_empty() {
            let room = self.room();
            let (now, later) = bytes.split_at(room.len().min(bytes.len()));
            room[..now.len()].copy_from_slice(now);
            if self.advance(now.len()) {
                self.show(false, look);
            }
            bytes = later;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_shown_once_with_what_is_beside_it() {
        let stream: Vec<u8> = (0..PIECE * 3 + 77).map(|at| (at % 251) as u8).collect();
        for chunk in [1000, PIECE / 2 + 3, PIECE * 2] {
            let mut window = Window::new(10, 20);
            let mut shown = 0;
            let mut look = |view: &View<'_>| {
                let at = |place: usize| view.gone as usize + place;
                assert_eq!(at(view.places.start), shown);
                shown = at(view.places.end);
                let beside = at(view.places.start).saturating_sub(10)
                    ..(at(view.places.end) + 20).min(stream.len());
                assert!(at(0) <= beside.start && beside.end <= at(view.bytes.len()));
                assert_eq!(*view.bytes, stream[at(0)..at(view.bytes.len())]);
            };
            for part in stream.chunks(chunk) {
                window.push(part, &mut look);
            }
            window.show(true, &mut look);
            assert_eq!(shown, stream.len());
            assert_eq!(window.bytes.len(), PIECE + 30);
        }
    }
}
