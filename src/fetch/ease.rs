/// So many answers in a row let one more call go out.
const STEADY: u32 = 8;

/// No more are wanted than this, however often one more was too many.
const MOST_STEADY: u32 = 512;

/// How many calls at once a host takes, once it refused some: half as many after each refusal, and slowly
/// more again while it answers.
pub(super) struct Ease {
    /// `None` while nothing was refused.
    allowed: Option<usize>,
    /// How many answers came since that changed.
    served: u32,
    /// How many at once were too many when that was last seen.
    ceiling: usize,
    /// How many answers are wanted before as many are tried again.
    wanted: u32,
    /// How often it shrank.
    shrunk: u64,
    /// How often it shrank since there was an answer.
    in_a_row: u32,
}

impl Default for Ease {
    fn default() -> Self {
        Self {
            allowed: None,
            served: 0,
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

    /// Notes that one of `at_once` calls was refused; how often that happened in a row, or `None` where others
    /// that went out with it were refused before.
    pub fn refused(&mut self, stamp: u64, at_once: usize) -> Option<u32> {
        if stamp != self.shrunk {
            return None;
        }
        let level = self.room(at_once.max(1));
        self.wanted = match level == self.ceiling {
            true => (self.wanted * 2).min(MOST_STEADY),
            false => STEADY,
        };
        self.ceiling = level;
        self.allowed = Some((level / 2).max(1));
        self.served = 0;
        self.shrunk += 1;
        self.in_a_row += 1;
        Some(self.in_a_row)
    }

    /// Notes an answer of a host that no more than `most` calls ever go to.
    pub fn served(&mut self, most: usize) {
        self.in_a_row = 0;
        let Some(allowed) = self.allowed else {
            return;
        };
        self.served += 1;
        let next = allowed + 1;
        let wanted = if next == self.ceiling {
            self.wanted
        } else {
            STEADY
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
                ease.refused(ease.stamp(), at_once);
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
        assert_eq!(ease.refused(stamp, 10), Some(1));
        assert_eq!(ease.refused(stamp, 9), None);
        assert_eq!(ease.room(10), 5);
        assert_eq!(ease.refused(ease.stamp(), 5), Some(2));
        assert_eq!(ease.refused(ease.stamp(), 2), Some(3));
        assert_eq!(ease.refused(ease.stamp(), 1), Some(4));
        assert_eq!(ease.room(10), 1, "one is always asked");
        ease.served(10);
        assert_eq!(
            ease.refused(ease.stamp(), 1),
            Some(1),
            "an answer came between"
        );
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
