/// So many answers since a host last refused one show that it takes as many calls at once as it gets.
const STEADY: u32 = 8;

/// No more are wanted than this before as many are tried again as were too many.
const MOST_STEADY: u32 = 512;

/// How many calls at once a host takes, once it refused some: half as many after each refusal, and slowly
/// more again while it answers.
pub(super) struct Ease {
    /// `None` while nothing was refused.
    allowed: Option<usize>,
    /// How many answers came since that changed.
    served: u32,
    /// How many answers came since it last shrank.
    steady: u32,
    /// How many at once were too many when that was last seen.
    ceiling: usize,
    /// How many answers are wanted before as many are tried again.
    wanted: u32,
    /// How often it shrank.
    shrunk: u64,
    /// How often it shrank since there was an answer.
    in_a_row: u32,
}

/// What it says of a host that one call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It gets fewer; how often in a row it refused everything.
    Fewer(u32),
    /// Nothing new: others that went out with it were refused before.
    Known,
    /// Nothing: it refuses this call again and answers others.
    OfOne,
}

impl Default for Ease {
    fn default() -> Self {
        Self {
            allowed: None,
            served: 0,
            steady: 0,
            ceiling: usize::MAX,
            wanted: STEADY,
            shrunk: 0,
            in_a_row: 0,
        }
    }
}

impl Ease {
    /// How many calls may be under way where no more than `most` ever may.
    pub fn room(&self, most: usize) -> usize {
        self.allowed.map_or(most, |allowed| allowed.min(most))
    }

    /// What a call is marked with that goes out now: whether it is refused counts only while nothing shrank
    /// since.
    pub fn stamp(&self) -> u64 {
        self.shrunk
    }

    /// Notes that one of `at_once` calls was refused, perhaps not for the first time.
    pub fn refused(&mut self, stamp: u64, at_once: usize, again: bool) -> Refusal {
        if stamp != self.shrunk {
            return Refusal::Known;
        }
        if again && self.steady >= STEADY {
            return Refusal::OfOne;
        }
        let level = self.room(at_once.max(1));
        self.wanted = match level == self.ceiling {
            true => (self.wanted * 2).min(MOST_STEADY),
            false => STEADY,
        };
        self.ceiling = level;
        self.allowed = Some((level / 2).max(1));
        self.served = 0;
        self.steady = 0;
        self.shrunk += 1;
        self.in_a_row += 1;
        Refusal::Fewer(self.in_a_row)
    }

    /// Notes an answer of a host that no more than `most` calls ever go to.
    pub fn served(&mut self, most: usize) {
        self.in_a_row = 0;
        let Some(allowed) = self.allowed else {
            return;
        };
        self.served += 1;
        self.steady = self.steady.saturating_add(1);
        let next = allowed + 1;
        let wanted = match next == self.ceiling {
            true => self.wanted,
            false => u32::try_from(allowed).unwrap_or(u32::MAX),
        };
        if self.served < wanted {
            return;
        }
        self.served = 0;
        if next > self.ceiling {
            // What was too many is no longer.
            self.ceiling = usize::MAX;
        }
        self.allowed = Some(next).filter(|&next| next < most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks a host that takes so many at once for so much; how many calls it refused.
    fn ask(ease: &mut Ease, takes: usize, calls: usize) -> usize {
        let mut refused = 0;
        for _ in 0..calls {
            let at_once = ease.room(10);
            if at_once > takes {
                refused += 1;
                ease.refused(ease.stamp(), at_once, false);
            } else {
                ease.served(10);
            }
        }
        refused
    }

    #[test]
    fn it_halves_with_each_refusal_and_not_with_each_call() {
        let mut ease = Ease::default();
        let stamp = ease.stamp();
        assert_eq!(ease.room(10), 10);
        assert_eq!(ease.refused(stamp, 10, false), Refusal::Fewer(1));
        assert_eq!(ease.refused(stamp, 9, false), Refusal::Known);
        assert_eq!(ease.room(10), 5);
        for (at_once, in_a_row) in [(5, 2), (2, 3), (1, 4)] {
            let refusal = ease.refused(ease.stamp(), at_once, true);
            assert_eq!(refusal, Refusal::Fewer(in_a_row));
        }
        assert_eq!(ease.room(10), 1, "one is always asked");
        ease.served(10);
        let refusal = ease.refused(ease.stamp(), 1, true);
        assert_eq!(refusal, Refusal::Fewer(1), "an answer came between");
    }

    #[test]
    fn one_call_that_is_always_refused_says_nothing_of_the_others() {
        let mut ease = Ease::default();
        ease.refused(ease.stamp(), 10, false);
        for _ in 0..20 {
            ease.served(10);
        }
        let room = ease.room(10);
        assert_eq!(ease.refused(ease.stamp(), 5, true), Refusal::OfOne);
        assert_eq!(ease.room(10), room);
        assert_eq!(ease.refused(ease.stamp(), 5, false), Refusal::Fewer(1));
    }

    #[test]
    fn one_more_is_tried_ever_less_often_where_it_is_too_many() {
        for takes in [1, 2, 3, 7] {
            let mut ease = Ease::default();
            let first = ask(&mut ease, takes, 500);
            assert!(first < 15, "{takes}: {first}");
            assert!(ask(&mut ease, takes, 500) <= 2, "{takes}");
        }
    }

    #[test]
    fn it_grows_back_when_the_host_takes_more() {
        let mut ease = Ease::default();
        ask(&mut ease, 2, 1000);
        assert!(ease.room(10) <= 2);
        ask(&mut ease, 10, 1000);
        assert_eq!(ease.room(10), 10);
        assert_eq!(ease.allowed, None, "as if nothing had been");
    }
}
