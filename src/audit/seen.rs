use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;

use super::references::{References, Refused};
use super::wholes::Wholes;
use crate::inventory::{Deployment, Inventory, Origin, Place};
use crate::judge::{
    self, Bench, Circumstances, DeploymentOutcome, HopOutcome, Member, Outcome, Scope, TimeProof,
    Why,
};
use crate::key::Fingerprint;
use crate::keyring::{Explanation, Fragment, KeyId, Keyring, Known, ProjectId, SearchOutcome};
use crate::verdict::{Evidence, Verdict};

/// What the hops gave, judged as far as could be done with each alone.
pub struct Seen {
    /// Index of the deployment, and of the hop on its route.
    pub jobs: Vec<(u32, u16)>,
    /// The judged readings of each job.
    pub judged: Vec<Vec<Outcome>>,
    /// What nothing explained so far.
    pub unexplained: Vec<Unexplained>,
    /// What was read around the parts that hops take.
    pub wholes: Wholes,
}

/// A fingerprint that nothing explained, and where it was found.
pub struct Unexplained {
    pub job: usize,
    pub reading: usize,
    pub fingerprint: Fingerprint,
    pub evidence: Evidence,
    /// Parts of a value that may be keys.
    pub fragments: Box<[Fragment]>,
}

/// What a hop is judged by.
pub fn circumstances(inventory: &Inventory, (deployment, at): (u32, u16)) -> Circumstances {
    let deployment = &inventory.deployments[deployment as usize];
    let hops = &deployment.hops[..=usize::from(at)];
    let reference = match &inventory.project(deployment.project).current {
        Origin::Place(place) => Some(place),
        _ => None,
    };
    let is_reference = |place: &Place| reference.is_some_and(|reference| place.same(reference));
    let is_next = |place: &Place| match &inventory.project(deployment.project).next {
        Some(Origin::Place(next)) => place.same(next),
        _ => false,
    };
    let (before, hop) = hops.split_at(hops.len() - 1);
    Circumstances {
        expect: hop[0].expect,
        is_reference: is_reference(&hop[0].place) || is_next(&hop[0].place),
        after_store: before.iter().any(|hop| is_reference(&hop.place)),
        member: Member::of(&hop[0].place),
        stage: hop[0].place.source.stage(),
        may_mask: hop[0].place.source.may_mask(),
    }
}

impl Seen {
    /// Nothing yet, of these jobs.
    pub fn of(jobs: Vec<(u32, u16)>) -> Self {
        let mut judged = Vec::new();
        judged.resize_with(jobs.len(), Vec::new);
        Self {
            jobs,
            judged,
            unexplained: Vec::new(),
            wholes: Wholes::default(),
        }
    }

    /// Whether to take the time that finds keys in every form around the parts that hops take.
    pub fn thorough(mut self, thorough: bool) -> Self {
        self.wholes = Wholes::default().thorough(thorough);
        self
    }

    /// The fingerprints of what nothing explained.
    pub fn unknown(&self) -> Vec<Fingerprint> {
        let all = self.unexplained.iter();
        all.map(|one| one.fingerprint).collect()
    }

    fn deployment<'a>(&self, inventory: &'a Inventory, job: usize) -> &'a Deployment {
        &inventory.deployments[self.jobs[job].0 as usize]
    }

    /// The projects whose hops hold what nothing explains.
    pub fn unexplained_of(&self, inventory: &Inventory) -> BTreeSet<ProjectId> {
        let jobs = self.unexplained.iter().map(|one| one.job);
        jobs.map(|job| self.deployment(inventory, job).project)
            .collect()
    }

    /// The projects of which a hop would be proven by its time, were that of the rotation known.
    pub fn timed_of(&self, inventory: &Inventory) -> BTreeSet<ProjectId> {
        let timed = |outcome: &Outcome| {
            let proof = match (&outcome.why, &outcome.timed) {
                (Why::Timed { proof, .. }, _) => Some(*proof),
                (_, timed) => timed.as_ref().map(|timed| timed.proof),
            };
            proof == Some(TimeProof::RotationUnknown)
        };
        let jobs = (0..self.jobs.len()).filter(|&job| {
            self.judged[job].iter().any(timed)
                && circumstances(inventory, self.jobs[job]).after_store
        });
        jobs.map(|job| self.deployment(inventory, job).project)
            .collect()
    }

    /// Explains what is a known key as it stands, or holds some.
    pub fn explain_exactly(
        &mut self,
        inventory: &Inventory,
        references: &References,
        now: Timestamp,
    ) {
        for one in std::mem::take(&mut self.unexplained) {
            let project = self.deployment(inventory, one.job).project;
            match references.keyring.exact(project, &one.fingerprint) {
                Some(explanation) => self.explain(&one, explanation, inventory, references, now),
                None => {
                    let keyring = &references.keyring;
                    if let Some(found) = keyring.explain_fragments(project, &one.fragments)
                        && let Some(found) = self.told_more(&one, found, keyring)
                    {
                        self.explain(&one, found, inventory, references, now);
                    }
                    // Its other parts may be keys that are learned later.
                    let is_known =
                        |part: &Fragment| keyring.exact(project, &part.fingerprint).is_some();
                    if one.fragments.is_empty() || !one.fragments.iter().all(is_known) {
                        self.unexplained.push(one);
                    }
                }
            }
        }
    }

    /// What the parts of a value tell beyond what is known of it: a key that is not named yet. Whatever could
    /// not be looked for is left open as it was.
    fn told_more(
        &self,
        one: &Unexplained,
        mut found: Explanation,
        keyring: &Keyring,
    ) -> Option<Explanation> {
        let Why::Holds {
            key, also, inside, ..
        } = &self.judged[one.job][one.reading].why
        else {
            return Some(found);
        };
        // The same bytes may be known as several keys, of which not all are named.
        let print = |key: &KeyId| keyring.get(*key).map(Known::fingerprint);
        let named: Vec<_> = std::iter::once(key).chain(also).filter_map(print).collect();
        let is_named = |new: Fingerprint| named.iter().any(|print| print.agrees(&new));
        if found.keys.iter().filter_map(print).all(is_named) {
            return None;
        }
        let was_open = inside.as_ref().is_some_and(|inside| inside.open);
        if let Some(inside) = &mut found.inside {
            inside.open |= was_open;
        }
        Some(found)
    }

    /// Looks for what is unexplained among the damaged forms of all known keys. Of values that was
    /// done when they were at hand, so those need it only when there are new keys.
    pub fn search(
        &mut self,
        values_too: bool,
        inventory: &Inventory,
        references: &References,
        now: Timestamp,
    ) {
        let (wanted, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.unexplained)
            .into_iter()
            .partition(|one| values_too || one.evidence != Evidence::Value);
        self.unexplained = others;
        let fingerprints: Vec<(ProjectId, Fingerprint)> = wanted
            .iter()
            .map(|one| (self.deployment(inventory, one.job).project, one.fingerprint))
            .collect();
        let found = references.keyring.search(&fingerprints);
        for (one, found) in wanted.into_iter().zip(found.outcomes) {
            match found {
                SearchOutcome::Explained(explanation) => {
                    self.explain(&one, explanation, inventory, references, now);
                    continue;
                }
                SearchOutcome::Unexplained => {}
                SearchOutcome::Lengthen(digits) => {
                    let why = &mut self.judged[one.job][one.reading].why;
                    if let Why::Unexplained { lengthen_to, .. } = why {
                        *lengthen_to = Some(digits);
                    }
                }
            }
            self.unexplained.push(one);
        }
    }

    fn explain(
        &mut self,
        one: &Unexplained,
        explanation: Explanation,
        inventory: &Inventory,
        references: &References,
        now: Timestamp,
    ) {
        let bench = Bench {
            keyring: &references.keyring,
            digits: inventory.digits,
            now,
        };
        let scope = references.scope(inventory, self.deployment(inventory, one.job).project);
        let expect = circumstances(inventory, self.jobs[one.job]).expect;
        let outcome = &mut self.judged[one.job][one.reading];
        judge::explain(outcome, (explanation, one.evidence), &bench, &scope, expect);
    }

    /// Judges again what was judged by keys that are none, as is known by now. The values are gone, but those
    /// of these keys are not.
    pub fn take_back(
        &mut self,
        refused: &[Refused],
        inventory: &Inventory,
        references: &References,
        now: Timestamp,
    ) {
        if refused.is_empty() {
            return;
        }
        let bench = Bench {
            keyring: &references.keyring,
            digits: inventory.digits,
            now,
        };
        for job in 0..self.jobs.len() {
            let scope = references.scope(inventory, self.deployment(inventory, job).project);
            let is_own = |refused: &Refused| refused.id == KeyId::current(scope.id);
            let lost_reference = refused.iter().any(is_own);
            let expect = circumstances(inventory, self.jobs[job]).expect;
            for outcome in &mut self.judged[job] {
                let explanation = match &outcome.why {
                    Why::Holds { .. } => without(refused, outcome, &scope, &bench),
                    _ => None,
                };
                if let Some(explanation) = explanation {
                    let evidence = match outcome.evidence {
                        Evidence::Reference => Evidence::Value,
                        evidence => evidence,
                    };
                    judge::explain(outcome, (explanation, evidence), &bench, &scope, expect);
                } else if lost_reference {
                    judge::without_reference(outcome, expect);
                }
            }
        }
    }

    /// Judges by time again what is judged by time.
    pub fn time_again(&mut self, inventory: &Inventory, references: &References) {
        for job in 0..self.jobs.len() {
            let scope = references.scope(inventory, self.deployment(inventory, job).project);
            for outcome in &mut self.judged[job] {
                if matches!(outcome.why, Why::Timed { .. }) || outcome.timed.is_some() {
                    let circumstances = circumstances(inventory, self.jobs[job]);
                    judge::time_again(outcome, &scope, circumstances);
                }
            }
        }
        // What its time proves stale needs no other explanation.
        let judged = &self.judged;
        self.unexplained.retain(|one| {
            let why = &judged[one.job][one.reading].why;
            !matches!(why, Why::Timed { .. })
        });
    }

    /// Looks for known keys beside the parts that hops take, once all of them are known.
    pub fn look_around(
        &mut self,
        asked: &[Fingerprint],
        inventory: &Inventory,
        references: &References,
    ) {
        let wholes = std::mem::take(&mut self.wholes);
        let jobs = &self.jobs;
        let project = |job: usize| inventory.deployments[jobs[job].0 as usize].project;
        wholes.around(&mut self.judged, project, asked, inventory, references);
    }

    /// Puts the routes together.
    pub fn assemble(self, inventory: &Inventory, selected: &[u32]) -> Vec<DeploymentOutcome> {
        let mut judged = self.jobs.iter().zip(self.judged).peekable();
        selected
            .iter()
            .map(|&deployment| {
                let route = &inventory.deployments[deployment as usize].hops;
                let hops = (0..)
                    .zip(route)
                    .map(|(hop, _)| {
                        let own =
                            |(job, _): &(&(u32, u16), Vec<Outcome>)| **job == (deployment, hop);
                        match judged.next_if(own) {
                            Some((_, readings)) => judge::combine(readings),
                            None => not_selected(),
                        }
                    })
                    .collect();
                judge::trace(deployment, hops)
            })
            .collect()
    }
}

/// What a reading holds instead of keys that are none; `None` where it holds none of those.
fn without(
    refused: &[Refused],
    outcome: &Outcome,
    scope: &Scope<'_>,
    bench: &Bench<'_>,
) -> Option<Explanation> {
    let Why::Holds {
        key,
        also,
        damage,
        inside,
        wire,
    } = &outcome.why
    else {
        return None;
    };
    let mut keys: Vec<KeyId> = Vec::new();
    let mut rest = Vec::new();
    let mut damage = damage.to_vec();
    let mut inside = inside.clone();
    for &held in std::iter::once(key).chain(also.iter()) {
        let Some(gone) = refused.iter().find(|refused| refused.id == held) else {
            rest.push(held);
            continue;
        };
        let seen = gone.secret.as_ref();
        let seen = seen.and_then(|gone| bench.keyring.explain_value(scope.id, gone.expose()));
        let (found, within, beside) = match seen {
            Some(seen) => (seen.keys, seen.damage, seen.inside),
            None => (vec![gone.key], gone.damage.clone(), None),
        };
        if keys.is_empty() {
            damage.extend(within);
        }
        inside = inside.or(beside);
        keys.extend(found);
    }
    let is_changed = !keys.is_empty();
    keys.extend(rest);
    let mut known = HashSet::new();
    keys.retain(|key| known.insert(*key));
    is_changed.then(|| Explanation {
        keys,
        damage: damage.into(),
        inside,
        wire: *wire,
    })
}

fn not_selected() -> HopOutcome {
    HopOutcome {
        verdict: Verdict::NotSelected,
        evidence: Evidence::None,
        fault: None,
        lead: 0,
        readings: Box::default(),
    }
}
