use std::collections::BTreeSet;

use super::past::Known;
use super::{Answer, Asked, Question, is_unsettled};
use crate::audit::{Announced, Audit, Owner, Reign};
use crate::explain::{Reference, belonging, name_of, notice, settling, word};
use crate::judge::{ProjectOutcome, RotationBasis, Soundness, Warning};
use crate::key::Fingerprint;
use crate::keyring::{Damage, Placeholder, ProjectId, Role};
use crate::text::escape;

impl Question<'_> {
    /// Why the question cannot be answered, each with what to do about it.
    pub(super) fn doubts(
        &self,
        audit: &Audit,
        asked: &Asked,
        answer: &Answer<'_>,
    ) -> Vec<[String; 2]> {
        let mut doubts = Vec::new();
        if audit.unfinished || self.past.known == Known::Failed {
            doubts.push([
                "the ledger could not be used, so what past audits saw was not considered"
                    .to_owned(),
                "mend what standard error tells of it, and ask again".to_owned(),
            ]);
        }
        doubts.extend(self.past.older.clone());
        doubts.extend(self.of_nowhere(audit, asked));
        doubts.extend(self.of_references(audit));
        doubts.extend(self.of_others(audit));
        doubts.extend(self.of_unnamed(audit, asked));
        doubts.extend(self.of_unread_keys(audit));
        doubts.extend(of_documents(audit, asked));
        doubts.extend(self.of_the_key(audit, asked, answer));
        doubts
    }

    /// Where the key would be is nowhere: a file that only names the project, as one that several teams include,
    /// tells nothing of those that use it.
    fn of_nowhere(&self, audit: &Audit, asked: &Asked) -> Option<[String; 2]> {
        let of_keys = asked.keys.iter().map(|key| key.project);
        let of: BTreeSet<ProjectId> = self.owners.iter().copied().chain(of_keys).collect();
        let mut declared = audit.inventory.deployments.iter();
        let mut owners = of.iter().map(|&id| Owner::of(audit.inventory.project(id)));
        let is_somewhere = declared.any(|one| of.contains(&one.project))
            || owners.any(|owner| self.past.has_deployments_of(&owner));
        let names: Vec<_> = self.owners.iter().map(|&id| name_of(audit, id)).collect();
        (!is_somewhere).then(|| {
            [
                format!(
                    "no deployment of {} is named here, and no past audit knew one: nobody looked where its key is",
                    names.join(" or ")
                ),
                "ask with the file that names its deployments (--config), or name them in this one".to_owned(),
            ]
        })
    }

    /// References of the projects in question that are not sound or not settled.
    fn of_references(&self, audit: &Audit) -> Vec<[String; 2]> {
        let mut doubts = Vec::new();
        for &id in self.owners {
            let name = name_of(audit, id);
            let project = &audit.projects[id.0 as usize];
            let reference = Reference::new(audit, id);
            if let (Some(message), Some(remedy)) = (reference.message(), reference.remedy()) {
                doubts.push([format!("the reference of {name} {message}"), remedy]);
            } else if project.rotation == RotationBasis::Suspected {
                let is_return = audit.warnings.iter().any(|warning| {
                    matches!(warning, Warning::ReferenceChanged { project, returned: true, .. }
                        if *project == id)
                });
                let how = if is_return {
                    "changed back to an earlier key, and nothing tells yet whether it was rolled back"
                } else {
                    "changed, and nothing tells yet whether it was rotated"
                };
                doubts.push([
                    format!("the reference of {name} {how}"),
                    settling(audit, id),
                ]);
            }
        }
        doubts
    }

    /// Whatever another reference holds or leads to that nobody could read may be the key in question.
    fn of_others(&self, audit: &Audit) -> Vec<[String; 2]> {
        let others = audit
            .projects
            .iter()
            .filter(|outcome| may_hide(audit, outcome) && !self.owners.contains(&outcome.project));
        others
            .filter_map(|outcome| {
                let reference = Reference::new(audit, outcome.project);
                let name = reference.name();
                let message = format!(
                    "the reference of {name} {}, and it may be the key in question",
                    reference.message()?
                );
                Some([message, reference.remedy()?])
            })
            .collect()
    }

    /// Keys in question that past audits saw live for somebody whom this targets.yaml does not name.
    fn of_unnamed(&self, audit: &Audit, asked: &Asked) -> Vec<[String; 2]> {
        let is_asked = |key: &Fingerprint| asked.fingerprints.iter().any(|one| one.agrees(key));
        let named: BTreeSet<Owner> = audit.inventory.projects.iter().map(Owner::of).collect();
        let reigns = self.remembered.reigns.iter();
        let unnamed = reigns.filter(|(owner, _)| !named.contains(*owner));
        // Only one inventory is known: this one calls it otherwise now.
        let is_renamed = |last: &Reign| {
            let same = |reign: &Reign| {
                reign.is_of(&last.fingerprint) && reign.first_seen == last.first_seen
            };
            let mut theirs = named.iter().map(|owner| self.remembered.reigns_of(owner));
            self.past.others.is_empty() && theirs.any(|reigns| reigns.iter().any(same))
        };
        let mut doubts = Vec::new();
        for (owner, reigns) in unnamed {
            // The last one that is sure, and what may have come after it.
            let sure = reigns.iter().rposition(Reign::is_sure).unwrap_or(0);
            let last = reigns[sure..].iter().filter(|reign| !is_renamed(reign));
            let last = last.map(|reign| reign.fingerprint);
            let announced = self.remembered.announced.get(owner).into_iter().flatten();
            let is_next = |next: &&Announced| next.absent_at.is_none_or(|at| at < next.first_seen);
            let announced = announced.filter(is_next).map(|next| next.fingerprint);
            let mut live = last.chain(announced);
            let Some(key) = live.find(is_asked) else {
                continue;
            };
            if self.remembered.is_retired(owner) || self.past.is_over(owner, &audit.inventory) {
                continue;
            }
            let name = escape(&owner.title()).into_owned();
            let environment = owner
                .environment
                .as_ref()
                .map_or_else(String::new, |environment| {
                    format!(" --environment {}", word(environment))
                });
            doubts.push([
                format!(
                    "{key} was a live key of {name} when past audits last read that, and this targets.yaml does not \
                     name it: revoking it may break what holds it there"
                ),
                format!(
                    "ask with a file that names {name} as well; if it is no more, say so with `straggler history \
                     retire --project {}{environment}`",
                    word(&owner.project)
                ),
            ]);
        }
        doubts
    }

    fn of_unread_keys(&self, audit: &Audit) -> Vec<[String; 2]> {
        let mut doubts = Vec::new();
        for warning in &audit.warnings {
            let (message, error) = match warning {
                Warning::HistoryUnread { project, error } if self.asks_of(*project) => (
                    format!(
                        "the versions of the reference of {} could not be read, so not every earlier key is known",
                        name_of(audit, *project)
                    ),
                    error,
                ),
                Warning::KeyUnread { key, error } => match key.role() {
                    Role::Previous if self.asks_of(key.project) => (
                        format!(
                            "a previous key of {} could not be read, so not every earlier key is known",
                            name_of(audit, key.project)
                        ),
                        error,
                    ),
                    Role::Next => (
                        format!(
                            "{} could not be read, and it may be the key in question",
                            belonging(audit, *key)
                        ),
                        error,
                    ),
                    _ => continue,
                },
                _ => continue,
            };
            doubts.push([
                format!("{message}: {}", escape(&error.to_string())),
                escape(&error.next).into_owned(),
            ]);
        }
        doubts
    }

    /// Whether every earlier key of this project is in question.
    fn asks_of(&self, project: ProjectId) -> bool {
        self.key.is_none() && self.owners.contains(&project)
    }

    /// Keys that nobody knows, or that are not known for sure.
    fn of_the_key(&self, audit: &Audit, asked: &Asked, answer: &Answer<'_>) -> Option<[String; 2]> {
        if let Some(key) = self.key {
            let is_known = !asked.keys.is_empty()
                || !answer.alive.is_empty()
                || !answer.holders.is_empty()
                || self.is_remembered(&key);
            return (!is_known).then(|| {
                [
                    format!("no key with this fingerprint is known: {key}"),
                    "compare it with the dashboard; `straggler inspect` tells the fingerprint of a key"
                        .to_owned(),
                ]
            });
        }
        if asked.keys.is_empty() {
            return Some([
                "no previous key is known, so there is none to look for".to_owned(),
                "name it with --key, or list it under `previous`".to_owned(),
            ]);
        }
        let mut keys = asked.keys.iter();
        keys.all(|&key| is_unsettled(audit, key)).then(|| {
            [
                "no previous key is known for sure: these stood in a reference and were replaced before \
                 anything settled that they belonged there"
                    .to_owned(),
                "name the one that is meant with --key".to_owned(),
            ]
        })
    }

    /// Whether past audits saw this key, be it of a project that nobody names anymore.
    fn is_remembered(&self, key: &Fingerprint) -> bool {
        let reigns = self.remembered.reigns.values().flatten();
        let reigns = reigns.map(|reign| reign.fingerprint);
        let owned =
            |keys: &'_ [(Owner, Fingerprint)]| keys.iter().any(|(_, known)| known.agrees(key));
        let mut announced = self.remembered.announced.values().flatten();
        reigns.into_iter().any(|known| known.agrees(key))
            || owned(&self.remembered.others)
            || owned(&self.remembered.unsettled)
            || announced.any(|known| known.fingerprint.agrees(key))
    }
}

/// The keys in question that stand beside known ones in what those are read from.
fn of_documents(audit: &Audit, asked: &Asked) -> Vec<[String; 2]> {
    let beside = audit.warnings.iter().filter(|warning| match warning {
        Warning::OldKeyBesideKey { key: None, .. } => true,
        Warning::OldKeyBesideKey { key: Some(key), .. } => {
            let mut keys = asked.fingerprints.iter();
            let print = audit.fingerprint(*key);
            print.is_some_and(|print| keys.any(|key| key.agrees(&print)))
        }
        _ => false,
    });
    let told = beside.map(|warning| notice(audit, warning));
    told.map(|notice| [notice.message, notice.remedy]).collect()
}

/// Whether what an unsound reference holds is a known key, in whatever form.
fn is_known(audit: &Audit, outcome: &ProjectOutcome) -> bool {
    let is_held = |print: &Fingerprint| outcome.held.is_some_and(|held| held.agrees(print));
    let keys = audit.projects.iter().flat_map(|project| {
        let previous = project.previous.iter().map(|known| known.fingerprint);
        let live = [project.current, project.next, project.last_sure];
        live.into_iter().flatten().chain(previous)
    });
    !outcome.within.is_empty() || keys.into_iter().any(|key| is_held(&key))
}

/// Whether a reference stands for a key that nobody saw: it was not read, nobody can tell what it holds, or it shows
/// a mask, an address or encrypted text. Where nothing is, or what asks to be filled in, its key is another one that
/// is out of sight here, unless past audits are sure of one.
fn may_hide(audit: &Audit, outcome: &ProjectOutcome) -> bool {
    match &outcome.reference {
        Soundness::Unread(_) | Soundness::NotOneKey => true,
        Soundness::OutsideFormat { .. } => !is_known(audit, outcome),
        Soundness::Damaged(damage) => {
            damage.contains(&Damage::Surrounded) && !is_known(audit, outcome)
        }
        Soundness::Placeholder(
            Placeholder::Masked
            | Placeholder::Reference
            | Placeholder::Resolvable(_)
            | Placeholder::Encrypted(_),
        ) => true,
        Soundness::Absent | Soundness::Placeholder(_) => outcome.last_sure.is_none(),
        _ => false,
    }
}
