use crate::explain::{Spot, word};
use crate::judge::{Outcome, Why};
use crate::keyring::Placeholder;
use crate::verdict::Evidence;

/// What to do about a reading that holds a key in question, or that nobody can tell it of.
#[must_use]
pub fn way_out(spot: &Spot<'_>, reading: &Outcome) -> String {
    let answer = format!(
        "answer for it: --accept {} --reason TEXT",
        word(&spot.deployment.title())
    );
    match &reading.why {
        Why::Placeholder(Placeholder::Encrypted(_)) => {
            format!("read it decrypted, by a `command` hop in its place, or {answer}")
        }
        Why::Placeholder(Placeholder::Resolvable(_)) => format!(
            "add the place that it leads to as a hop, or read the key where it is used; or {answer}"
        ),
        Why::NotThere | Why::Placeholder(_) => format!(
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
