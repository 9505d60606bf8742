use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::Arc;

use super::finding::Finding;
use super::reference::Reference;
use super::{Spot, spots};
use crate::audit::Audit;
use crate::inventory::Waiver;
use crate::keyring::ProjectId;
use crate::verdict::Verdict;

/// Findings that one owner mends in one way.
pub struct Group<'a> {
    /// What is wrong.
    pub subject: Subject,
    /// Who answers for the deployments; `None` for a reference, or where nobody is named.
    pub owner: Option<Arc<str>>,
    /// Who accepted it.
    pub waiver: Option<&'a Waiver>,
    /// What was found.
    pub cases: Vec<Case>,
    /// What to do.
    pub remedy: Step,
    /// What to do afterwards with what already runs or was built, in the order of the routes: one step for
    /// each source.
    pub then: Vec<(&'static str, Step)>,
}

/// What a group is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The reference of a project, on which everything else of it rests.
    Reference(ProjectId, Verdict),
    /// Hops.
    Hops(Verdict),
}

impl Subject {
    /// How bad it is.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Reference(_, verdict) | Self::Hops(verdict) => verdict,
        }
    }
}

/// The places where the same is found.
pub struct Case {
    /// What was found there.
    pub message: String,
    /// In the order of the deployments.
    pub places: Vec<Place>,
}

/// One place, and the deployments whose route leads through it.
pub struct Place {
    /// Its printable address, or what else a reference is. Escaped.
    pub location: String,
    /// Indices into the audit's deployments; a reference's are those that hold something which
    /// cannot be judged without it.
    pub deployments: Vec<usize>,
}

/// Something to do.
pub struct Step {
    /// An imperative, with a command where there is one: for the first place.
    pub text: String,
    /// Whether the same is to be done at other places too, each by its own name.
    pub likewise: bool,
    /// Whom it is for: indices into the audit's deployments, each once, in order.
    pub deployments: Vec<usize>,
}

impl Step {
    fn new(text: String) -> Self {
        Self {
            text,
            likewise: false,
            deployments: Vec::new(),
        }
    }

    fn also(&mut self, text: &str, deployment: usize) {
        self.likewise |= self.text != text;
        if self.deployments.last() != Some(&deployment) {
            self.deployments.push(deployment);
        }
    }
}

impl Group<'_> {
    /// Every deployment it is about, each once, in order.
    #[must_use]
    pub fn deployments(&self) -> Vec<usize> {
        let places = self.cases.iter().flat_map(|case| &case.places);
        let mut all: Vec<_> = places
            .flat_map(|place| &place.deployments)
            .copied()
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// What is wrong with the deployments that `is_told` gives by index, by what to do about it and who is to do
/// it, the worst first and what is waived last. What a hop inherited is told with its cause; what a reference
/// has, with the deployments that rest on it.
#[must_use]
pub fn groups(audit: &Audit, is_told: impl Fn(usize) -> bool) -> Vec<Group<'_>> {
    let mut gathering = Gathering::default();
    for project in audit.projects.iter().filter(|project| project.selected) {
        gathering.reference(audit, project.project);
    }
    for (index, outcome) in audit.deployments.iter().enumerate() {
        if is_told(index) {
            for spot in spots(audit, outcome) {
                gathering.hop(&spot, index);
            }
        }
    }
    let mut groups = gathering.groups;
    groups.retain(|group| {
        let mut deployments = group.deployments().into_iter();
        deployments.len() == 0 || deployments.any(&is_told)
    });
    groups.sort_by_cached_key(|group| {
        let is_reference = matches!(group.subject, Subject::Reference(..));
        let verdict = group.subject.verdict();
        // Nothing can be said of a project whose reference is wrong, so that comes before all.
        let is_first = is_reference && verdict.is_drift();
        let reach = Reverse(group.deployments().len());
        (
            group.waiver.is_some(),
            !is_first,
            verdict,
            !is_reference,
            reach,
        )
    });
    groups
}

/// What findings must share to be one group.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    subject: Subject,
    owner: Option<Arc<str>>,
    waiver: Option<*const Waiver>,
    source: &'static str,
    remedy: String,
}

#[derive(Default)]
struct Gathering<'a> {
    groups: Vec<Group<'a>>,
    by_key: HashMap<Key, usize>,
    by_message: HashMap<(usize, String), usize>,
    by_location: HashMap<(usize, usize, String), usize>,
}

impl<'a> Gathering<'a> {
    fn reference(&mut self, audit: &'a Audit, id: ProjectId) {
        let reference = Reference::new(audit, id);
        let (Some(message), Some(remedy)) = (reference.message(), reference.remedy()) else {
            return;
        };
        let deployments = audit.deployments.iter().enumerate();
        let waiting = deployments.filter(|(_, outcome)| {
            audit.inventory.deployments[outcome.deployment as usize].project == id
        });
        let place = Place {
            location: reference.origin(),
            deployments: waiting.map(|(index, _)| index).collect(),
        };
        self.groups.push(Group {
            subject: Subject::Reference(id, audit.projects[id.0 as usize].verdict),
            owner: None,
            waiver: None,
            cases: vec![Case {
                message,
                places: vec![place],
            }],
            remedy: Step::new(remedy),
            then: Vec::new(),
        });
    }

    fn hop(&mut self, spot: &Spot<'a>, deployment: usize) {
        let Some(finding) = Finding::of(spot) else {
            return;
        };
        let remedy = spot.remedy().unwrap_or_default();
        let key = Key {
            subject: Subject::Hops(finding.verdict),
            owner: spot.deployment.owner.clone(),
            waiver: finding.waiver.map(std::ptr::from_ref),
            source: spot.source(),
            remedy: shape(&remedy, spot),
        };
        let (subject, owner) = (key.subject, key.owner.clone());
        let at = index_of(&mut self.by_key, key, &mut self.groups, || Group {
            subject,
            owner,
            waiver: finding.waiver,
            cases: Vec::new(),
            remedy: Step::new(remedy.clone()),
            then: Vec::new(),
        });
        let group = &mut self.groups[at];
        group.remedy.also(&remedy, deployment);
        for follower in spot.followers() {
            let (source, words) = (follower.source(), follower.follow_words());
            let at = match group.then.iter().position(|(of, _)| *of == source) {
                Some(at) => at,
                None => {
                    group.then.push((source, Step::new(words.clone())));
                    group.then.len() - 1
                }
            };
            group.then[at].1.also(&words, deployment);
        }
        let message = spot.message();
        let case = index_of(
            &mut self.by_message,
            (at, message.clone()),
            &mut group.cases,
            || Case {
                message,
                places: Vec::new(),
            },
        );
        let location = spot.location();
        let places = &mut group.cases[case].places;
        let place = index_of(
            &mut self.by_location,
            (at, case, location.clone()),
            places,
            || Place {
                location,
                deployments: Vec::new(),
            },
        );
        places[place].deployments.push(deployment);
    }
}

/// The index under this key, of a member that is made when there is none yet.
fn index_of<K: Eq + Hash, T>(
    indices: &mut HashMap<K, usize>,
    key: K,
    members: &mut Vec<T>,
    make: impl FnOnce() -> T,
) -> usize {
    match indices.entry(key) {
        Entry::Occupied(entry) => *entry.get(),
        Entry::Vacant(entry) => {
            members.push(make());
            *entry.insert(members.len() - 1)
        }
    }
}

/// A remedy without what names this one place, so that the same work at a hundred places is told once.
fn shape(remedy: &str, spot: &Spot<'_>) -> String {
    let location = spot.location();
    let names: Vec<_> = std::iter::once(&spot.deployment.name)
        .chain(spot.deployment.axes.iter().map(|(_, value)| value))
        .filter(|name| name.len() > 1)
        .collect();
    let is_own = |word: &str| {
        let core = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/');
        core.len() > 2 && location.contains(core)
            || names.iter().any(|name| core.contains(&***name))
    };
    let words: Vec<_> = remedy
        .split(' ')
        .map(|word| if is_own(word) { "…" } else { word })
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests;
