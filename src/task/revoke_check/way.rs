use super::Place;
use crate::explain::{Spot, word};
use crate::judge::{Outcome, Why, is_nothing};
use crate::keyring::Placeholder;
use crate::reading::Unsearched;
use crate::verdict::Evidence;

impl Place<'_> {
    /// What to do about one of its readings.
    #[must_use]
    pub fn way_out(&self, reading: &Outcome) -> String {
        if self.was_held(reading) {
            return format!(
                "make sure that it is gone there, and not only out of sight from here; then write the current key to \
                 it, or say `expect: absent` ({}), or answer for it: --accept {} --reason TEXT",
                self.spot.site(),
                word(&self.spot.deployment.title())
            );
        }
        if self.is_around {
            return around(&self.spot, reading);
        }
        if self.is_nameless(reading) {
            return format!(
                "put the key that belongs to {} there, or take this one away, before it is revoked",
                self.spot.location()
            );
        }
        way_out(&self.spot, reading)
    }

    /// What one of its readings shows.
    #[must_use]
    pub fn message(&self, reading: &Outcome) -> String {
        let told = self.spot.reading_message(reading);
        match self.is_nameless(reading) {
            true => format!("holds the key in question; {told}"),
            false if self.was_held(reading) => format!(
                "{told}; when something was last seen there, it was a key in question or nobody knew what it was"
            ),
            false => told,
        }
    }

    fn was_held(&self, reading: &Outcome) -> bool {
        self.was_held && is_nothing(reading.verdict)
    }

    /// Whether it holds a key in question that is known by nothing but the fingerprint that was asked for.
    fn is_nameless(&self, reading: &Outcome) -> bool {
        self.is_holder && !matches!(reading.why, Why::Holds { .. } | Why::Timed { .. })
    }
}

/// What to do about a key beside the part that the hop takes.
fn around(spot: &Spot<'_>, reading: &Outcome) -> String {
    let title = word(&spot.deployment.title());
    let seen = reading.elsewhere.as_ref();
    if seen.is_some_and(|seen| !seen.keys.is_empty() || !seen.asked.is_empty()) {
        return format!(
            "remove it there, or write the current key in its place; or make sure that nothing takes it from there, and \
             answer for it: --accept {title} --reason TEXT"
        );
    }
    if seen.and_then(|seen| seen.open) == Some(Unsearched::Untold) {
        return format!(
            "let a straggler of this version write that reading, or have it say `beside`; or search all that is there \
             for the key by hand, and answer for it: --accept {title} --reason TEXT"
        );
    }
    if seen.and_then(|seen| seen.open) == Some(Unsearched::ByRule) {
        return format!(
            "search all that is there for the key by hand, as its reading never names a key like this one, and answer \
             for it: --accept {title} --reason TEXT"
        );
    }
    format!(
        "search all of {} for the key by hand, and answer for it: --accept {title} --reason TEXT",
        spot.location()
    )
}

/// What to do about a reading that holds a key in question, or that nobody can tell it of.
#[must_use]
pub fn way_out(spot: &Spot<'_>, reading: &Outcome) -> String {
    let answer = format!(
        "answer for it: --accept {} --reason TEXT",
        word(&spot.deployment.title())
    );
    match &reading.why {
        Why::Placeholder(Placeholder::Encrypted(_), _) => {
            format!("read it decrypted, by a `command` hop in its place, or {answer}")
        }
        Why::Placeholder(Placeholder::Resolvable(_), _) => format!(
            "add the place that it leads to as a hop, or read the key where it is used; or {answer}"
        ),
        Why::NotThere | Why::Placeholder(_, _) => format!(
            "the program may read its key itself: add the file it reads as a hop (`loads: itself` says so), \
             or read the key where it is used, and {answer}"
        ),
        Why::Unexplained { .. } => format!(
            "find out what it is: look at it with `straggler inspect`, or say with `extract` or `field` where \
             the key stands in it; or {answer}"
        ),
        Why::Holds { .. } if reading.evidence == Evidence::Reference => format!(
            "add the hops that come after the reference, for it says nothing of what runs; or {answer}"
        ),
        _ => spot.way_out(reading),
    }
}
