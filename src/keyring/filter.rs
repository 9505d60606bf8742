use super::known::prefix;
use crate::key::Fingerprint;

/// The fingerprints still searched for, behind a bitmap of their first digits: nearly every form
/// is told apart from all of them by looking at one bit.
pub(super) struct Filter {
    bits: Vec<u64>,
    /// How far a prefix is shifted to give its bit.
    shift: u32,
    /// In order; each with what the caller knows it by.
    wanted: Vec<(Fingerprint, usize)>,
}

impl Filter {
    /// Takes fingerprints in their order.
    pub(super) fn new(wanted: Vec<(Fingerprint, usize)>) -> Self {
        // 256 bits for each, so that one form in 256 passes; at least what fits any cache, at most
        // what a large one still holds.
        let bits = (wanted.len().max(1).ilog2() + 9).clamp(15, 24);
        let mut filter = Self {
            bits: vec![0; 1 << (bits - u64::BITS.ilog2())],
            shift: u32::BITS - bits,
            wanted,
        };
        for (fingerprint, _) in &filter.wanted {
            let (word, bit) = filter.place(prefix(fingerprint));
            if let Some(word) = filter.bits.get_mut(word) {
                *word |= bit;
            }
        }
        filter
    }

    pub(super) fn len(&self) -> usize {
        self.wanted.len()
    }

    /// `false` for nearly everything that is not wanted, and never for what is.
    #[inline]
    pub(super) fn may_hold(&self, prefix: u32) -> bool {
        let (word, bit) = self.place(prefix);
        self.bits.get(word).is_some_and(|word| word & bit != 0)
    }

    /// What agrees with these bytes, whose hash starts like this.
    pub(super) fn agreeing(&self, prefix: u32, bytes: &[u8]) -> impl Iterator<Item = usize> {
        let start = self
            .wanted
            .partition_point(|(wanted, _)| self::prefix(wanted) < prefix);
        let same = self.wanted.get(start..).unwrap_or_default();
        let len = same.partition_point(|(wanted, _)| self::prefix(wanted) == prefix);
        let same = same.get(..len).unwrap_or_default();
        let whole = (!same.is_empty()).then(|| Fingerprint::of(bytes));
        same.iter()
            .filter(move |(wanted, _)| whole.is_some_and(|whole| whole.agrees(wanted)))
            .map(|&(_, name)| name)
    }

    #[inline]
    fn place(&self, prefix: u32) -> (usize, u64) {
        let index = (prefix >> self.shift) as usize;
        (index / 64, 1 << (index % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Digits;

    #[test]
    fn holds_what_is_wanted_at_its_own_digits_and_nothing_else() {
        let texts: Vec<String> = (0..5000).map(|index| format!("key {index}")).collect();
        let mut wanted: Vec<_> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| {
                let digits = Digits::new(12 + (index % 3) as u8).unwrap();
                (Fingerprint::of(text.as_bytes()).cut(digits), index)
            })
            .collect();
        wanted.sort_unstable();
        let filter = Filter::new(wanted);
        let find = |text: &str| {
            let prefix = prefix(&Fingerprint::of(text.as_bytes()));
            let found: Vec<_> = filter.agreeing(prefix, text.as_bytes()).collect();
            (filter.may_hold(prefix), found)
        };
        for (index, text) in texts.iter().enumerate() {
            assert_eq!(find(text), (true, vec![index]));
        }
        let others = (0..50_000).map(|index| find(&format!("other {index}")));
        let passed = others
            .inspect(|(_, found)| assert!(found.is_empty()))
            .filter(|(may, _)| *may)
            .count();
        assert!(passed < 50_000 / 100, "{passed} of 50000 pass the bitmap");
    }

    #[test]
    fn two_lengths_of_one_fingerprint_are_both_found() {
        let whole = Fingerprint::of(b"key");
        let filter = Filter::new(vec![(whole.cut(Digits::DEFAULT), 1), (whole, 0)]);
        let mut found: Vec<_> = filter.agreeing(prefix(&whole), b"key").collect();
        found.sort_unstable();
        assert_eq!(found, [0, 1]);
    }
}
