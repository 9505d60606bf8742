use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::reading::{ErrorKind, ReadError, Retry};

/// The longest wait before the first retry; it doubles with each.
const FIRST: Duration = Duration::from_millis(250);

/// No wait that straggler chooses itself is longer.
const LONGEST: Duration = Duration::from_secs(8);

/// No wait that a server asks for is honoured beyond this: the audit goes on without it.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// What becomes of a request that failed.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    /// It is told as it is.
    Fail,
    /// It is sent again after this long; the whole host is left alone meanwhile when it asked for that.
    Again { wait: Duration, pause: bool },
    /// The host wants to be left alone for longer than anybody waits.
    Close(Duration),
}

/// Decides what becomes of a failed request that was sent `tried` times, by the schedule that AWS calls
/// full jitter: any wait up to a bound that doubles. `left` is how much time there is.
pub(super) fn next(error: &ReadError, tried: u32, retries: u32, left: Option<Duration>) -> Next {
    let longest = left.unwrap_or(Duration::MAX);
    let over = tried > retries;
    match error.retry {
        Retry::Never => Next::Fail,
        // Maintenance of one page behind a gateway is no reason to leave the others alone.
        Retry::After(wait) if wait > PATIENCE.min(longest) => match error.kind {
            ErrorKind::Throttled => Next::Close(wait),
            _ => Next::Fail,
        },
        Retry::Later | Retry::After(_) if over => Next::Fail,
        Retry::After(wait) => {
            // Not all at the very same moment.
            let wait = wait + jitter(FIRST);
            Next::Again { wait, pause: true }
        }
        Retry::Later => {
            let bound = FIRST.saturating_mul(1 << (tried - 1).min(10)).min(LONGEST);
            let wait = jitter(bound);
            if wait >= longest {
                return Next::Fail;
            }
            let pause = error.kind == ErrorKind::Throttled;
            Next::Again { wait, pause }
        }
    }
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
            Next::Again { wait, .. } => *wait,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again_and_not_for_ever() {
        assert_eq!(next(&error(ErrorKind::Denied), 1, 3, None), Next::Fail);
        assert_eq!(next(&error(ErrorKind::Protocol), 1, 3, None), Next::Fail);
        let trouble = error(ErrorKind::Protocol).transient();
        for tried in 1..=3 {
            let bound = FIRST * (1 << (tried - 1));
            assert!(wait(&next(&trouble, tried, 3, None)) <= bound);
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
        assert!(matches!(again, Next::Again { pause: true, .. }));
        assert!(wait(&again) >= seconds(7) && wait(&again) < seconds(8));
        assert_eq!(next(&busy(61), 1, 3, None), Next::Close(seconds(61)));
        assert_eq!(
            next(&busy(7), 1, 3, Some(seconds(5))),
            Next::Close(seconds(7))
        );
        assert_eq!(next(&busy(7), 4, 3, None), Next::Fail);
        let away = error(ErrorKind::Protocol).after(seconds(3600));
        assert_eq!(next(&away, 1, 3, None), Next::Fail);
    }
}
