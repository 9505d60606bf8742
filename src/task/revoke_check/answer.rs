use std::sync::Arc;

use super::accepted::Covered;
use super::live::Alive;
use super::past::{Gone, Last, Past};
use super::unsought::Unsought;
use crate::explain::Spot;
use crate::gate::ExitCode;
use crate::judge::Outcome;
use crate::key::Fingerprint;
use crate::keyring::{Format, KeyId};
use crate::ledger::LastSeen;
use crate::verdict::Verdict;

/// What is known of the keys in question.
pub struct Answer<'a> {
    /// The keys that were looked for, as far as they are some project's.
    pub keys: Vec<KeyId>,
    /// Earlier keys that were looked for and are not answered for: they stood in a reference, and were replaced
    /// before anything settled that they belong there, so they may be anybody's.
    pub unsettled: Vec<KeyId>,
    /// The one that was named, where no project has it.
    pub unknown: Option<Fingerprint>,
    /// Whether all of them are dead already.
    pub dead: bool,
    /// The live keys that are one of them: revoking it breaks what holds these.
    pub alive: Vec<Alive>,
    /// The hops that hold one of them, the worst first.
    pub holders: Vec<Place<'a>>,
    /// The hops that may hold one of them, for all that is known.
    pub blind: Vec<Place<'a>>,
    /// Keys of which only the fingerprint is known, and what they were taken to look like where hops are
    /// looked through for that.
    pub assumed: Vec<(Fingerprint, Arc<Format>)>,
    /// Blind spots that somebody answers for, each with the reason.
    pub accepted: Vec<(Place<'a>, String)>,
    /// What was accepted by words that are said now.
    pub covered: Covered,
    /// Deployments and places that only past audits knew and somebody answers for: what each is called, where it
    /// was read and the reason.
    pub accepted_past: Vec<(String, Option<&'a str>, String)>,
    /// The deployments that past audits knew and this one did not read, with what was seen of them last.
    pub forgotten: Vec<(&'a Gone, Last)>,
    /// The places that were taken off a route and may hold one of the keys.
    pub left: Vec<&'a LastSeen>,
    /// Why the question itself cannot be answered, and what to do about it.
    pub doubts: Vec<[String; 2]>,
    /// Whether there was a ledger to know of deployments that targets.yaml does not name.
    pub past_is_known: bool,
    /// The keys in question that no past audit knew: where they were before the first one, nobody remembers.
    pub unseen: Vec<Fingerprint>,
    /// How many keys are in question.
    pub asked: usize,
    /// What past audits know.
    pub past: &'a Past,
    pub(super) interrupted: bool,
    pub(super) unfinished: bool,
}

/// Some readings of one hop.
pub struct Place<'a> {
    /// Where it stands.
    pub spot: Spot<'a>,
    /// Which of its readings; never empty.
    pub readings: Vec<&'a Outcome>,
    /// How bad the worst of them is.
    pub verdict: Verdict,
    /// The keys in question that were not looked for there.
    pub unsought: Option<Unsought>,
    /// Whether the hop itself was seen, and a key in question stands beside the part of the place that it
    /// takes, or may.
    pub is_around: bool,
    /// Whether a key in question stands beside that part, or may, in any of its readings.
    pub has_around: bool,
    /// Whether it holds a key in question.
    pub is_holder: bool,
    /// Whether nothing is there now, and a key in question was, or may have been, when anything was last seen there.
    pub was_held: bool,
}

impl<'a> Place<'a> {
    /// `None` without any reading.
    pub(super) fn of(spot: Spot<'a>, readings: Vec<&'a Outcome>) -> Option<Self> {
        let verdict = readings.iter().map(|reading| reading.verdict).min()?;
        Some(Self {
            spot,
            readings,
            verdict,
            unsought: None,
            is_around: false,
            has_around: false,
            is_holder: false,
            was_held: false,
        })
    }
}

impl Answer<'_> {
    /// What it ends with: 1 for holders, 4 where straggler could not do its own job, 3 where somebody
    /// could not look, else 0.
    #[must_use]
    pub fn code(&self) -> ExitCode {
        let is_live = self.alive.iter().any(|alive| alive.is_sure);
        let held = !self.holders.is_empty() || is_live;
        let unseen = !self.blind.is_empty()
            || !self.forgotten.is_empty()
            || !self.left.is_empty()
            || !self.alive.is_empty()
            || !self.doubts.is_empty();
        let told = [
            (self.interrupted, ExitCode::Interrupted),
            (held, ExitCode::Drift),
            (self.unfinished, ExitCode::Unfinished),
            (unseen, ExitCode::Incomplete),
        ];
        told.into_iter()
            .filter_map(|(applies, code)| applies.then_some(code))
            .fold(ExitCode::Success, ExitCode::and)
    }
}
