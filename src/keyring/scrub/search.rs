use std::collections::HashSet;
use std::ops::Range;

use super::decoded::{Decoded, decoded, meanings, parts, texts};
use super::formats::Formats;
use super::plain::Plain;
use super::secrets::{SHORTEST, Secrets};
use super::spelled::{Groups, groups, numbers};
use crate::key::Fingerprint;

/// How many escapes or encodings may lie on top of each other.
const DEPTH: usize = 3;

/// How many bytes may be looked at for each byte of a text, and how many for any text: some are made so
/// that they can be read in ever more ways.
const WAYS: usize = 100;
const ROOM: usize = 1 << 20;

/// Looks for secrets in everything that one text may be read as.
pub(super) struct Search<'s> {
    formats: &'s Formats,
    known: &'s [&'s Secrets],
    text: &'s [u8],
    found: Vec<Range<usize>>,
    /// What was read, and where: many ways lead to the same.
    read: HashSet<(Fingerprint, Range<usize>)>,
    /// How many bytes may still be looked at.
    left: usize,
}

impl<'s> Search<'s> {
    pub(super) fn new(formats: &'s Formats, known: &'s [&'s Secrets], text: &'s [u8]) -> Self {
        Self {
            formats,
            known,
            text,
            found: Vec::new(),
            read: HashSet::new(),
            left: text.len() * WAYS + ROOM,
        }
    }

    /// Where they stand, in any order.
    pub(super) fn all(mut self) -> Vec<Range<usize>> {
        // A format may be about blanks, which no other reading keeps.
        self.found = self.formats.find(self.text);
        self.read(&Plain::new(self.text), DEPTH);
        self.found
    }

    /// Reads a text in every way, so many deep.
    fn read(&mut self, plain: &Plain, depth: usize) {
        let length = plain.bytes().len();
        if length < SHORTEST || !self.may_read(length) {
            return;
        }
        let is_first = depth == DEPTH;
        let place = plain.origin(&(0..length));
        if !is_first && !self.read.insert((Fingerprint::of(plain.bytes()), place)) {
            return;
        }
        self.look(plain);
        if depth == 0 {
            return;
        }
        let unescaped = [plain.unescaped(), plain.unquoted()];
        for unescaped in unescaped.into_iter().flatten() {
            self.read(&unescaped, depth - 1);
        }
        for groups in groups(plain) {
            self.look_at_groups(&groups);
        }
        for list in numbers(plain) {
            self.look_at_whole(list.bytes(), || list.origin(&(0..list.bytes().len())));
            self.decode(list.bytes(), &|part| list.origin(part), depth);
        }
        for (digits, all) in decoded(plain) {
            for decoded in all {
                let Decoded { bytes, .. } = &decoded;
                let origin = |part: &Range<usize>| digits.origin(&decoded.digits(part));
                self.decode(bytes, &origin, depth);
            }
        }
        if self.has_fingerprints() {
            self.decode_wholes(plain, depth);
        }
    }

    /// Looks for secrets in a text as it is, and in its letters alone.
    fn look(&mut self, plain: &Plain) {
        let letters = plain.letters();
        let mut found = self.formats.find(plain.bytes());
        for known in self.known {
            found.extend(known.find(plain.bytes()));
            let in_letters = known.find_in_letters(letters.bytes()).into_iter();
            self.found
                .extend(in_letters.map(|part| letters.origin(&part)));
        }
        self.found
            .extend(found.iter().map(|part| plain.origin(part)));
    }

    /// Looks for what only groups that are joined can show: what fits a format, or has a fingerprint.
    fn look_at_groups(&mut self, groups: &Groups) {
        let joined = &groups.joined;
        let found = self.formats.find_whole(joined.bytes());
        self.found
            .extend(found.iter().map(|part| joined.origin(part)));
        if !self.has_fingerprints() {
            return;
        }
        for whole in groups.wholes() {
            let bytes = &joined.bytes()[whole.clone()];
            self.look_at_whole(bytes, || joined.origin(&whole));
            for meant in meanings(bytes) {
                self.look_at_whole(&meant, || joined.origin(&whole));
            }
        }
    }

    fn has_fingerprints(&self) -> bool {
        self.known.iter().any(|known| known.has_fingerprints())
    }

    /// Looks for secrets in what something is an encoding of, and in the texts that this holds.
    fn decode(
        &mut self,
        bytes: &[u8],
        origin: &dyn Fn(&Range<usize>) -> Range<usize>,
        depth: usize,
    ) {
        if !self.may_read(bytes.len()) {
            return;
        }
        for known in self.known {
            let found = known.find_in_bytes(bytes);
            self.found.extend(found.iter().map(origin));
        }
        for run in texts(bytes) {
            let mut text = Plain::with_room(run.len());
            for at in run {
                text.push(bytes[at], origin(&(at..at + 1)));
            }
            self.read(&text, depth - 1);
        }
    }

    /// Decodes the words of a text one by one: what is known by its fingerprint is found as a whole alone.
    fn decode_wholes(&mut self, plain: &Plain, depth: usize) {
        for part in parts(plain.bytes()) {
            let origin = plain.origin(&part);
            for meant in meanings(&plain.bytes()[part]) {
                self.look_at_whole(&meant, || origin.clone());
                self.decode(&meant, &|_| origin.clone(), depth);
            }
        }
    }

    fn look_at_whole(&mut self, whole: &[u8], origin: impl FnOnce() -> Range<usize>) {
        if self.known.iter().any(|known| known.knows(whole)) {
            self.found.push(origin());
        }
    }

    /// Whether so many more bytes may be looked at. What cannot be looked at is not shown.
    fn may_read(&mut self, bytes: usize) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => {
                self.left = 0;
                self.found.push(0..self.text.len());
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::scrub::merged;

    #[test]
    fn what_can_be_read_in_too_many_ways_is_not_shown() {
        let formats = Formats::default();
        let mut search = Search::new(&formats, &[], b"some text");
        search.left = 4;
        assert_eq!(merged(search.all()), std::slice::from_ref(&(0..9)));
        let search = Search::new(&formats, &[], b"some text");
        assert!(search.all().is_empty());
    }
}
