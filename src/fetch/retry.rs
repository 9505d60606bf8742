use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::reading::{ErrorKind, ReadError, Retry};

/// The longest wait before the first retry; it doubles with each.
const FIRST: Duration = Duration::from_millis(250);

/// No wait that straggler chooses itself is longer.
const LONGEST: Duration = Duration::from_secs(8);

/// No wait that a server asks for is honoured beyond this: the audit goes on without it.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A server that has enough for now gets so many times as many tries as one that is not well.
const PATIENT: u32 = 3;

/// How often a call came back without an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tries {
    /// Because something failed.
    failed: u32,
    /// Because the server has enough for now.
    refused: u32,
    /// How long it was put aside for that.
    waited: Duration,
}

impl Tries {
    /// With one more that ended so.
    pub fn and(self, error: &ReadError) -> Self {
        match is_busy(error) {
            true => Self {
                refused: self.refused + 1,
                ..self
            },
            false => Self {
                failed: self.failed + 1,
                ..self
            },
        }
    }

    /// After one more wait.
    pub fn after(self, wait: Duration) -> Self {
        Self {
            waited: self.waited + wait,
            ..self
        }
    }

    /// Whether the server had enough before.
    pub fn were_refused(self) -> bool {
        self.refused > 0
    }

    /// Whether it had so more than once.
    pub fn were_refused_again(self) -> bool {
        self.refused > 1
    }

    fn are_over(self, busy: bool, retries: u32) -> bool {
        match busy {
            true => {
                self.refused > retries.saturating_mul(PATIENT)
                    || self.refused > retries && self.waited >= PATIENCE
            }
            false => self.failed > retries,
        }
    }
}

/// What becomes of a request that failed.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    /// It is told as it is.
    Fail,
    /// It is sent again after this long.
    Again(Duration),
    /// The host wants to be left alone for longer than anybody waits.
    Close(Duration),
}

/// Whether a server says that it has enough for now.
pub(super) fn is_busy(error: &ReadError) -> bool {
    error.kind == ErrorKind::Throttled || matches!(error.retry, Retry::After(_))
}

/// For how long a host may refuse everything before it is asked nothing more.
const ENOUGH: Duration = Duration::from_secs(30);

/// Whether a host that refused everything so often in a row, for so long, is asked nothing more.
pub(super) fn is_enough(in_a_row: u32, lasts: Duration, retries: u32) -> bool {
    in_a_row > retries && lasts >= ENOUGH
}

/// Decides what becomes of a failed request after so many tries, by the schedule that AWS calls full jitter:
/// any wait up to a bound that doubles. `left` is how much time there is.
pub(super) fn next(error: &ReadError, tries: Tries, retries: u32, left: Option<Duration>) -> Next {
    let longest = left.unwrap_or(Duration::MAX);
    let busy = is_busy(error);
    match error.retry {
        Retry::Never => Next::Fail,
        // Maintenance of one page behind a gateway is no reason to leave the others alone.
        Retry::After(wait) if wait > PATIENCE.min(longest) => match error.kind {
            ErrorKind::Throttled => Next::Close(wait),
            _ => Next::Fail,
        },
        _ if tries.are_over(busy, retries) => Next::Fail,
        // Not all at the very same moment.
        Retry::After(wait) => Next::Again(wait + jitter(FIRST)),
        Retry::Later => {
            let tried = if busy { tries.refused } else { tries.failed };
            let wait = jitter(bound(tried));
            if wait >= longest {
                return Next::Fail;
            }
            Next::Again(wait)
        }
    }
}

/// How long a host is left alone that refused everything so often in a row, and does not say how long.
pub(super) fn backoff(in_a_row: u32) -> Duration {
    let half = bound(in_a_row) / 2;
    half + jitter(half)
}

fn bound(tried: u32) -> Duration {
    let doubled = tried.saturating_sub(1).min(10);
    FIRST.saturating_mul(1 << doubled).min(LONGEST)
}

/// Any time up to the bound.
fn jitter(bound: Duration) -> Duration {
    // Its keys are random, which is all the randomness that this needs.
    let random = RandomState::new().hash_one(()) >> 11;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let share = random as f64 / (1_u64 << 53) as f64;
    bound.mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind) -> ReadError {
        ReadError::new(kind, "no", "ask nicely")
    }

    fn wait(next: &Next) -> Duration {
        match next {
            Next::Again(wait) => *wait,
            other => panic!("{other:?}"),
        }
    }

    /// After so many tries that ended so.
    fn tried(error: &ReadError, times: u32) -> Tries {
        (0..times).fold(Tries::default(), |tries, _| tries.and(error))
    }

    fn next(error: &ReadError, times: u32, retries: u32, left: Option<Duration>) -> Next {
        super::next(error, tried(error, times), retries, left)
    }

    #[test]
    fn only_what_may_pass_is_tried_again_and_not_for_ever() {
        assert_eq!(next(&error(ErrorKind::Denied), 1, 3, None), Next::Fail);
        assert_eq!(next(&error(ErrorKind::Protocol), 1, 3, None), Next::Fail);
        let trouble = error(ErrorKind::Protocol).transient();
        for times in 1..=3 {
            let bound = FIRST * (1 << (times - 1));
            assert!(wait(&next(&trouble, times, 3, None)) <= bound);
        }
        assert_eq!(next(&trouble, 4, 3, None), Next::Fail);
        assert_eq!(next(&trouble, 1, 0, None), Next::Fail);
    }

    #[test]
    fn waits_are_spread() {
        let trouble = error(ErrorKind::Timeout);
        let waits: Vec<_> = (0..50).map(|_| wait(&next(&trouble, 6, 9, None))).collect();
        let longest = waits.iter().max().unwrap();
        let shortest = waits.iter().min().unwrap();
        assert!(*longest <= LONGEST && *longest > LONGEST / 2 && *shortest < LONGEST / 2);
    }

    #[test]
    fn a_server_is_left_alone_for_as_long_as_it_says_within_reason() {
        let seconds = Duration::from_secs;
        let busy = |wait| error(ErrorKind::Throttled).after(seconds(wait));
        let again = next(&busy(7), 1, 3, None);
        assert!(wait(&again) >= seconds(7) && wait(&again) < seconds(8));
        assert_eq!(next(&busy(61), 1, 3, None), Next::Close(seconds(61)));
        assert_eq!(
            next(&busy(7), 1, 3, Some(seconds(5))),
            Next::Close(seconds(7))
        );
        let away = error(ErrorKind::Protocol).after(seconds(3600));
        assert_eq!(next(&away, 1, 3, None), Next::Fail);
    }

    #[test]
    fn a_busy_server_uses_up_no_tries_of_one_that_fails_and_is_not_asked_for_ever() {
        let busy = error(ErrorKind::Throttled);
        assert!(matches!(next(&busy, 9, 3, None), Next::Again(_)));
        assert_eq!(next(&busy, 10, 3, None), Next::Fail);
        assert_eq!(next(&busy, 1, 0, None), Next::Fail);
        let trouble = error(ErrorKind::Timeout);
        let both = tried(&busy, 9).and(&trouble);
        assert!(matches!(
            super::next(&trouble, both, 3, None),
            Next::Again(_)
        ));
        // One that names its waits is waited for a minute in all, if not once for each try.
        let told = busy.after(Duration::from_secs(30));
        for (times, again) in [(3, true), (4, false)] {
            let tries = tried(&told, times).after(Duration::from_secs(90));
            let next = super::next(&told, tries, 3, None);
            assert_eq!(matches!(next, Next::Again(_)), again, "{times}");
        }
    }

    #[test]
    fn a_host_that_refuses_everything_is_left_alone_for_ever_longer() {
        for in_a_row in 1..20 {
            let wait = backoff(in_a_row);
            assert!(wait >= bound(in_a_row) / 2 && wait <= bound(in_a_row));
        }
        assert!(backoff(40) <= LONGEST);
    }
}
