use super::{HopOutcome, Outcome};
use crate::verdict::{Evidence, Verdict};

/// Makes a hop of its judged readings: the worst decides, and of several equally bad ones the one
/// that has been running longest.
#[must_use]
pub fn combine(mut readings: Vec<Outcome>) -> HopOutcome {
    readings.sort_by(|a, b| a.replica.cmp(&b.replica));
    let lead = readings
        .iter()
        .enumerate()
        .min_by_key(|(_, reading)| {
            let age = (reading.started_at.is_none(), reading.started_at);
            // A proven fault says the most; but a hop is only as proven as its weakest good replica.
            let weight = reading.evidence.proves() != reading.verdict.is_drift();
            (reading.verdict, weight, age)
        })
        .map_or(0, |(index, _)| index);
    let (verdict, evidence) = readings
        .get(lead)
        .map_or((Verdict::NotSelected, Evidence::None), |reading| {
            (reading.verdict, reading.evidence)
        });
    HopOutcome {
        verdict,
        evidence,
        fault: None,
        lead: u32::try_from(lead).unwrap_or(0),
        readings: readings.into_boxed_slice(),
    }
}
