use super::clause::names;
use super::known::{age, name_of, site_of, whose};
use super::settling::{confirming, settling};
use super::when::apart;
use crate::audit::Audit;
use crate::inventory::Origin;
use crate::judge::{ProjectOutcome, Soundness};
use crate::keyring::{KeyId, ProjectId, Role};
use crate::source::{Case, There};
use crate::text::escape;

/// What a project's current key was read from.
#[derive(Clone, Copy)]
pub struct Reference<'a> {
    audit: &'a Audit,
    id: ProjectId,
    outcome: &'a ProjectOutcome,
}

impl<'a> Reference<'a> {
    /// Of this project.
    #[must_use]
    pub fn new(audit: &'a Audit, id: ProjectId) -> Self {
        Self {
            audit,
            id,
            outcome: &audit.projects[id.0 as usize],
        }
    }

    /// The project's name, with its environment where that has its own key. Escaped.
    #[must_use]
    pub fn name(&self) -> String {
        name_of(self.audit, self.id)
    }

    /// Its printable address, as it is; `None` when it is no place that was read.
    #[must_use]
    pub fn location(&self) -> Option<String> {
        match &self.audit.inventory.project(self.id).current {
            Origin::Place(place) => Some(self.audit.location(place)),
            Origin::Fingerprint(_) | Origin::Given { .. } => None,
        }
    }

    /// Its address, or how else it came here.
    #[must_use]
    pub fn origin(&self) -> String {
        match &self.audit.inventory.project(self.id).current {
            Origin::Place(place) => escape(&self.audit.location(place)).into_owned(),
            Origin::Fingerprint(_) => format!("the fingerprint in {}", self.declared()),
            Origin::Given { .. } => "given on the command line".to_owned(),
        }
    }

    /// Where the project is declared: `targets.yaml:4`.
    fn declared(&self) -> String {
        site_of(self.audit, self.audit.inventory.project(self.id).site)
    }

    /// What is wrong with it; `None` when nothing is. A source's note is told either way.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        let fault = self.fault();
        let note = self
            .outcome
            .note
            .as_deref()
            .map(|note| escape(note).into_owned());
        let parts: Vec<_> = fault.into_iter().chain(note).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    fn fault(&self) -> Option<String> {
        let now = self.audit.generated_at;
        let whose = |key| {
            format!(
                "{}{}",
                whose(self.audit, self.id, key),
                age(self.audit, key)
            )
        };
        Some(match &self.outcome.reference {
            Soundness::Sound => return None,
            Soundness::Unread(error) => {
                format!(
                    "could not be read: {}: {}",
                    error.kind.name(),
                    escape(&error.message)
                )
            }
            Soundness::NotOneKey => "does not show one key to compare with".to_owned(),
            Soundness::Absent => "does not have the key".to_owned(),
            Soundness::Placeholder(placeholder) => placeholder.meaning().to_owned(),
            Soundness::Damaged(damage) => {
                format!(
                    "is wrapped in something that is not part of the key: {}",
                    names(damage)
                )
            }
            Soundness::Pasted { key, damage } => {
                format!("is {} in another form: {}", whose(*key), names(damage))
            }
            Soundness::OutsideFormat { length } => {
                format!("is outside the project's format, with {length} bytes")
            }
            Soundness::Foreign(key) => format!("holds {}", whose(*key)),
            Soundness::Dead(key) => format!("holds {}, which is declared dead", whose(*key)),
            Soundness::Returned { former } => format!(
                "is an earlier key again, which died when it was replaced; until now it was {former}"
            ),
            Soundness::NotShared(key) => format!(
                "differs from {}, which it is declared to share",
                whose(*key)
            ),
            Soundness::BeforeRotation { stored_at } => {
                let rotated_at = self.audit.inventory.project(self.id).rotated_at;
                let [stored_at, rotated_at] =
                    apart(*stored_at, rotated_at.unwrap_or(*stored_at), now);
                format!("was stored {stored_at}, before the declared rotation of {rotated_at}")
            }
        })
    }

    /// How the right key gets here.
    pub(super) fn renew(&self) -> String {
        match &self.audit.inventory.project(self.id).current {
            Origin::Place(place) => {
                let words = self.audit.remedy(place, self.id, &self.case());
                escape(&words).into_owned()
            }
            Origin::Fingerprint(_) => {
                format!(
                    "correct the fingerprint of {} ({})",
                    self.name(),
                    self.declared()
                )
            }
            Origin::Given { .. } => format!("give the current key of {} again", self.name()),
        }
    }

    /// What stands there, as far as a source may want to know it.
    fn case(&self) -> Case<'_> {
        let (there, damage) = match &self.outcome.reference {
            Soundness::Absent => (There::Nothing, &[][..]),
            Soundness::Damaged(damage) => (There::Damaged, &**damage),
            Soundness::Unread(_) | Soundness::NotOneKey => (There::Unseen, &[][..]),
            _ => (There::Another, &[][..]),
        };
        Case {
            there,
            damage,
            ..Case::default()
        }
    }

    /// Whether only past audits say whose key this is.
    fn is_remembered(&self, key: KeyId) -> bool {
        let declared = self.audit.inventory.project(key.project).previous.len();
        match key.nth() {
            Some(nth) => nth as usize >= declared,
            None => key.role() == Role::Current && key != KeyId::current(key.project),
        }
    }

    /// What to do about it; `None` when it is sound.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        let declared = self.declared();
        Some(match &self.outcome.reference {
            Soundness::Sound => return None,
            Soundness::Unread(error) => escape(&error.next).into_owned(),
            Soundness::NotOneKey => {
                format!(
                    "let {} be read from one place that shows its key ({declared})",
                    self.name()
                )
            }
            // What was damaged twice is written anew.
            Soundness::Damaged(damage) => match &**damage {
                [one] => format!("{}, and {}", one.mend(), self.renew()),
                _ => self.renew(),
            },
            Soundness::OutsideFormat { .. } => {
                format!(
                    "{}; or correct the format of {} ({declared})",
                    self.renew(),
                    self.name()
                )
            }
            Soundness::Foreign(key)
                if self.is_remembered(*key)
                    && let Some(held) = self.outcome.held =>
            {
                format!(
                    "compare both with the dashboard; if this one is right, `{} --key {held}`, else {}",
                    confirming(self.audit, self.id),
                    self.renew()
                )
            }
            Soundness::Foreign(key) if key.role() == Role::Current => format!(
                "compare both with the dashboard; if this one is wrong, {}; if they share one key on \
                 purpose, say so with same_key_as ({declared})",
                self.renew()
            ),
            Soundness::NotShared(_) => format!(
                "compare both with the dashboard; if this one is wrong, {}; if each has its own key, remove same_key_as ({declared})",
                self.renew()
            ),
            Soundness::BeforeRotation { .. } => {
                format!(
                    "{}; or correct rotated_at of {} ({declared})",
                    self.renew(),
                    self.name()
                )
            }
            Soundness::Returned { .. } => settling(self.audit, self.id),
            Soundness::Absent
            | Soundness::Pasted { .. }
            | Soundness::Placeholder(_)
            | Soundness::Foreign(_)
            | Soundness::Dead(_) => self.renew(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::testing::{Scene, at};
    use crate::keyring::{Damage, KeyId, Placeholder};
    use crate::reading::{ErrorKind, ReadError};
    use crate::verdict::Verdict;

    #[test]
    fn each_fault_is_told_with_what_mends_it() {
        let denied = ReadError::new(ErrorKind::Denied, "403 from vault", "grant read on shop");
        let write = "write the current key to vault:secret/shop#api_key";
        for (soundness, message, remedy) in [
            (
                Soundness::Unread(Box::new(denied)),
                "could not be read: denied: 403 from vault",
                "grant read on shop".to_owned(),
            ),
            (
                Soundness::NotOneKey,
                "does not show one key to compare with",
                "let shop be read from one place that shows its key (targets.yaml:4)".to_owned(),
            ),
            (Soundness::Absent, "does not have the key", write.to_owned()),
            (
                Soundness::Placeholder(Placeholder::Empty),
                "is empty",
                write.to_owned(),
            ),
            (
                Soundness::Damaged([Damage::DoubleQuotes].into()),
                "is wrapped in something that is not part of the key: double-quotes",
                format!("remove the quotes around the value, and {write}"),
            ),
            (
                Soundness::Pasted {
                    key: KeyId::current(ProjectId(1)),
                    damage: [Damage::Base64].into(),
                },
                "is mail's current key in another form: base64",
                write.to_owned(),
            ),
            (
                Soundness::OutsideFormat { length: 7 },
                "is outside the project's format, with 7 bytes",
                format!("{write}; or correct the format of shop (targets.yaml:4)"),
            ),
            (
                Soundness::Foreign(KeyId::current(ProjectId(1))),
                "holds mail's current key",
                format!(
                    "compare both with the dashboard; if this one is wrong, {write}; if they share one key \
                     on purpose, say so with same_key_as (targets.yaml:4)"
                ),
            ),
            (
                Soundness::Foreign(KeyId::next(ProjectId(1))),
                "holds mail's next key",
                write.to_owned(),
            ),
            (
                Soundness::NotShared(KeyId::current(ProjectId(1))),
                "differs from mail's current key, which it is declared to share",
                format!(
                    "compare both with the dashboard; if this one is wrong, {write}; if each has its own \
                     key, remove same_key_as (targets.yaml:4)"
                ),
            ),
            (
                Soundness::Dead(KeyId::previous(ProjectId(0), 1)),
                "holds the previous key, 2 rotations behind, replaced 2026-08-01, which is declared dead",
                write.to_owned(),
            ),
            (
                Soundness::Returned {
                    former: crate::gate::testing::print_of("newer"),
                },
                &format!(
                    "is an earlier key again, which died when it was replaced; until now it was {}",
                    crate::gate::testing::print_of("newer")
                ),
                format!(
                    "compare it with the dashboard, which shows the current key; if that is this one, \
                     `straggler history confirm shop`, else {write}"
                ),
            ),
            (
                Soundness::BeforeRotation {
                    stored_at: at("2026-11-20T08:00:00Z"),
                },
                "was stored 2026-11-20T08:00:00Z, before the declared rotation of 2026-11-20T09:00:00Z",
                format!("{write}; or correct rotated_at of shop (targets.yaml:4)"),
            ),
        ] {
            let audit = Scene::new().project("shop").project("mail").reference(
                "shop",
                Verdict::Unknown,
                soundness,
            );
            let declare = |audit: &mut Audit| {
                audit.inventory.projects[0].rotated_at = Some(at("2026-11-20T09:00:00Z"))
            };
            let audit = audit.with(declare).audit();
            let reference = Reference::new(&audit, ProjectId(0));
            assert_eq!(reference.message().as_deref(), Some(message));
            assert_eq!(reference.remedy(), Some(remedy));
        }
    }

    #[test]
    fn a_sound_one_has_nothing_to_tell_but_its_note() {
        let mut audit = Scene::new().project("shop").audit();
        let told = |audit: &Audit| {
            let reference = Reference::new(audit, ProjectId(0));
            (reference.message(), reference.remedy())
        };
        assert_eq!(told(&audit), (None, None));
        audit.projects[0].note = Some("one newline of the pipe\n was removed".into());
        assert_eq!(
            told(&audit),
            (
                Some(r"one newline of the pipe\n was removed".to_owned()),
                None
            )
        );
        audit.inventory.projects[0].current =
            Origin::Fingerprint(crate::gate::testing::print_of("x"));
        let reference = Reference::new(&audit, ProjectId(0));
        assert_eq!(reference.location(), None);
        assert_eq!(reference.origin(), "the fingerprint in targets.yaml:4");
    }
}
