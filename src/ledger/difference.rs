//! What is worth telling somebody who was told before. Pure.

use super::ChangeKind;
use crate::key::Fingerprint;
use crate::verdict::Verdict;

/// What somebody was told of a deployment, or would be now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// [`Verdict::Current`] for all that is fine, accepted findings among them.
    pub verdict: Verdict,
    /// What the broken hop holds.
    pub fingerprint: Option<Fingerprint>,
    /// Which hop is broken.
    pub broken_at: Option<u16>,
}

/// How long news has to hold before it is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// For how many audits in a row the deployment has this verdict, this one included.
    pub times: i64,
    /// Whether nobody was told of anything yet, so that all that is not fine has to be told.
    pub first: bool,
}

/// What to do about a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Difference {
    /// It is not settled yet: what was told stands.
    Wait,
    /// There is nothing to tell, but this is how it stands now.
    Settle,
    /// This is to be told.
    Tell(ChangeKind),
}

/// How many audits in a row something has to be out of reach.
const UNREACHABLE: i64 = 3;

/// How many audits in a row good news has to hold, so that what flaps is told once.
const BETTER: i64 = 2;

/// Compares what was told with how it stands now.
pub(super) fn difference(told: Option<&Standing>, now: &Standing, held: Held) -> Difference {
    if now.verdict == Verdict::Unreachable && held.times < UNREACHABLE && !held.first {
        return Difference::Wait;
    }
    let Some(told) = told else {
        return if now.verdict.is_finding() {
            Difference::Tell(ChangeKind::New)
        } else {
            Difference::Settle
        };
    };
    if now.verdict < told.verdict {
        return Difference::Tell(ChangeKind::Worse);
    }
    let unseen = [Verdict::Unreachable, Verdict::Unverified].contains(&now.verdict);
    if unseen && told.verdict.is_drift() {
        // Nobody saw that it is better.
        return Difference::Tell(ChangeKind::New);
    }
    if now.verdict > told.verdict {
        return if held.times < BETTER {
            Difference::Wait
        } else {
            Difference::Tell(ChangeKind::Better)
        };
    }
    let other_key = matches!((&told.fingerprint, &now.fingerprint), (Some(told), Some(now)) if !told.agrees(now));
    if now.verdict.is_finding() && (other_key || told.broken_at != now.broken_at) {
        return Difference::Tell(ChangeKind::New);
    }
    Difference::Settle
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `stale@1:a` is a stale deployment whose hop 1 holds the key `a`.
    fn standing(text: &str) -> Option<Standing> {
        if text == "-" {
            return None;
        }
        let (text, key) = text.split_once(':').unwrap_or((text, ""));
        let (name, hop) = text.split_once('@').unwrap_or((text, ""));
        Some(Standing {
            verdict: Verdict::ALL
                .into_iter()
                .find(|verdict| verdict.name() == name)
                .unwrap(),
            fingerprint: (!key.is_empty()).then(|| Fingerprint::of(key.as_bytes())),
            broken_at: hop.parse().ok(),
        })
    }

    const NEW: Difference = Difference::Tell(ChangeKind::New);
    const WORSE: Difference = Difference::Tell(ChangeKind::Worse);
    const BETTER: Difference = Difference::Tell(ChangeKind::Better);

    #[rustfmt::skip]
    const CASES: &[(&str, &str, &str, i64, Difference)] = &[
        // What it shows              what was told    how it stands    times  what to do
        ("new, and bad",              "-",             "stale@0:a",     1,     NEW),
        ("fine from the start",       "-",             "current",       1,     Difference::Settle),
        ("nothing proven",            "-",             "unverified",    1,     NEW),
        ("still fine",                "current",       "current",       9,     Difference::Settle),
        ("still bad",                 "stale@0:a",     "stale@0:a",     9,     Difference::Settle),
        ("it went bad",               "current",       "stale@0:a",     1,     WORSE),
        ("it got worse",              "unknown@0:x",   "revoked@0:a",   1,     WORSE),
        ("mended just now",           "stale@0:a",     "current",       1,     Difference::Wait),
        ("mended for good",           "stale@0:a",     "current",       2,     BETTER),
        ("better, not good",          "stale@0:a",     "missing@0",     1,     Difference::Wait),
        ("better for good",           "stale@0:a",     "missing@0",     2,     BETTER),
        ("another old key",           "stale@0:a",     "stale@0:b",     5,     NEW),
        ("another hop",               "stale@0:a",     "stale@1:a",     5,     NEW),
        ("the key came into sight",   "stale@0",       "stale@0:a",     5,     Difference::Settle),
        ("out of reach",              "current",       "unreachable@0", 1,     Difference::Wait),
        ("out of reach twice",        "current",       "unreachable@0", 2,     Difference::Wait),
        ("out of reach for long",     "current",       "unreachable@0", 3,     WORSE),
        ("never reached",             "-",             "unreachable@0", 2,     Difference::Wait),
        ("never reached for long",    "-",             "unreachable@0", 3,     NEW),
        ("back in reach",             "unreachable@0", "current",       1,     Difference::Wait),
        ("back in reach for good",    "unreachable@0", "current",       2,     BETTER),
        ("bad when last seen",        "stale@0:a",     "unreachable@0", 2,     Difference::Wait),
        ("bad, then out of reach",    "stale@0:a",     "unreachable@0", 3,     NEW),
        ("bad, then nothing proven",  "stale@0:a",     "unverified",    1,     NEW),
        ("bad, and back as it was",   "stale@0:a",     "stale@0:a",     1,     Difference::Settle),
        ("nothing proven anymore",    "current",       "unverified",    1,     WORSE),
    ];

    #[test]
    fn every_rule_holds() {
        for (name, told, now, times, expected) in CASES {
            let (told, now) = (standing(told), standing(now).unwrap());
            let held = Held {
                times: *times,
                first: false,
            };
            assert_eq!(difference(told.as_ref(), &now, held), *expected, "{name}");
        }
    }

    #[test]
    fn whoever_was_told_of_nothing_is_told_of_all_that_is_not_fine() {
        let held = Held {
            times: 1,
            first: true,
        };
        for now in ["stale@0:a", "unreachable@0", "unverified"] {
            let now = standing(now).unwrap();
            assert_eq!(difference(None, &now, held), NEW);
        }
        let fine = standing("current").unwrap();
        assert_eq!(difference(None, &fine, held), Difference::Settle);
    }
}
