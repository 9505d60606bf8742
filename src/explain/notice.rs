use std::collections::HashMap;

use super::known::{belonging, name_of, site_of};
use super::reference::Reference;
use super::settling::{settling, word};
use super::when::{second, when};
use crate::audit::Audit;
use crate::gate::expired_waivers;
use crate::inventory::Waiver;
use crate::judge::Warning;
use crate::keyring::KeyId;
use crate::text::escape;

/// Something to tell that is no verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its stable name.
    pub code: &'static str,
    /// What it is.
    pub message: String,
    /// What to do about it: an imperative.
    pub remedy: String,
}

impl Notice {
    /// Whether everything else may be wrong because of it, so that it is told first.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        matches!(self.code, REFERENCE_BEHIND | REFERENCE_CHANGED)
    }
}

const REFERENCE_BEHIND: &str = "reference-behind";
const REFERENCE_CHANGED: &str = "reference-changed";

/// Everything of this kind: a reference that may be behind first, expired waivers last.
#[must_use]
pub fn notices(audit: &Audit) -> Vec<Notice> {
    let mut notices: Vec<_> = audit
        .warnings
        .iter()
        .map(|warning| notice(audit, warning))
        .collect();
    notices.sort_by_key(|notice| !notice.is_urgent());
    notices.extend(
        lapsed(audit)
            .into_iter()
            .map(|(waiver, count)| expired(audit, waiver, count)),
    );
    notices
}

/// One of them.
#[must_use]
pub fn notice(audit: &Audit, warning: &Warning) -> Notice {
    match warning {
        Warning::ReferenceBehind {
            project,
            fingerprint,
            hops,
            of,
        } => Notice {
            code: REFERENCE_BEHIND,
            message: format!(
                "the reference may be behind: compare it with the dashboard; {hops} of {of} hops of {} \
                 hold {fingerprint}, which is well-formed but no known key",
                name_of(audit, *project)
            ),
            remedy: format!(
                "if the dashboard shows that key, {}",
                Reference::new(audit, *project).renew()
            ),
        },
        Warning::ReferenceChanged {
            project,
            former,
            last_seen,
            returned,
            declared,
        } => {
            let name = name_of(audit, *project);
            let seen = when(*last_seen, audit.generated_at);
            let is = if *returned {
                "it is an earlier key again, and nothing tells yet whether it was rolled back or another one \
                 is read now"
            } else {
                "nothing tells yet whether the key was rotated or another one is read now"
            };
            let declared = declared.map_or_else(String::new, |declared| {
                let declared = second(declared);
                let seen = second(*last_seen);
                format!(
                    "; rotated_at says {declared}, and the former key was still there {seen}, so it tells of \
                     another rotation"
                )
            });
            Notice {
                code: REFERENCE_CHANGED,
                message: format!(
                    "the reference of {name} changed: it was {former} when it was last seen so, {seen}, and {is}; \
                     what holds the former one is reported{declared}"
                ),
                remedy: settling(audit, *project),
            }
        }
        Warning::RotationTimes {
            project,
            declared,
            seen,
            former,
        } => {
            let name = name_of(audit, *project);
            let key = if *former {
                "the key before this one"
            } else {
                "this key"
            };
            let [declared, seen] = [*declared, *seen].map(second);
            Notice {
                code: "rotation-times",
                message: format!(
                    "rotated_at of {name} says {declared}, and an audit saw its reference hold {key} {seen}; \
                     what is declared is taken"
                ),
                remedy: format!(
                    "correct rotated_at ({}), or the clock that was wrong",
                    site_of(audit, audit.inventory.project(*project).site)
                ),
            }
        }
        Warning::KeyUnread { key, error } => Notice {
            code: "key-unread",
            message: format!(
                "{} could not be read, so whoever holds it is unknown here: {}: {}",
                belonging(audit, *key),
                error.kind.name(),
                escape(&error.message)
            ),
            remedy: escape(&error.next).into_owned(),
        },
        Warning::NextIsKnown { key, also } => Notice {
            code: "next-is-known",
            message: format!(
                "{} is {} as well, so nobody who holds it is called current",
                belonging(audit, *key),
                belonging(audit, *also)
            ),
            remedy: format!(
                "write the key that comes next to its place, or remove it from `next` ({})",
                site_of(audit, audit.inventory.project(key.project).site)
            ),
        },
        Warning::HistoryUnread { project, error } => Notice {
            code: "history-unread",
            message: format!(
                "earlier versions of {}'s reference could not be read, so its earlier keys are unknown here: \
                 {}: {}",
                name_of(audit, *project),
                error.kind.name(),
                escape(&error.message)
            ),
            remedy: format!(
                "{}, or say `history: false` in the project",
                escape(&error.next)
            ),
        },
        Warning::NextHistoryUnread { project, error } => {
            let name = name_of(audit, *project);
            let declare = "say `rotated_at` in the project, the time at which its current key was first handed out";
            Notice {
                code: "next-history-unread",
                message: match error {
                    Some(error) => format!(
                        "earlier versions of {name}'s next key could not be read, so it is not known here since \
                         when its current key may be deployed: {}: {}",
                        error.kind.name(),
                        escape(&error.message)
                    ),
                    None => format!(
                        "the place of {name}'s next key keeps no version from before it may have held the current \
                         key, so it is not known here since when that may be deployed"
                    ),
                },
                remedy: match error {
                    Some(error) => format!("{}, or {declare}", escape(&error.next)),
                    None => declare.to_owned(),
                },
            }
        }
        Warning::CurrentIsPrevious(key) => Notice {
            code: "current-is-previous",
            message: format!(
                "{} is declared as a previous key too",
                belonging(audit, KeyId::current(key.project))
            ),
            remedy: format!(
                "after a rollback remove it from `previous` ({}); else write the new key to the reference",
                site_of(audit, audit.inventory.project(key.project).site)
            ),
        },
        Warning::OldKeyBeside { key, at, hops } => {
            let deployment = &audit.inventory.deployments[at.0 as usize];
            let place = &deployment.hops[usize::from(at.1)].place;
            let more = match hops - 1 {
                0 => String::new(),
                1 => ", and at one more hop".to_owned(),
                more => format!(", and at {more} more hops"),
            };
            Notice {
                code: "old-key-beside",
                message: format!(
                    "{} stands beside what {} takes from {}{more}: whether anything uses it there was not seen",
                    belonging(audit, *key),
                    escape(&deployment.title()),
                    escape(&audit.location(place))
                ),
                remedy: format!(
                    "remove it there; `straggler revoke-check {}` names every such place",
                    word(&audit.inventory.project(key.project).name)
                ),
            }
        }
        Warning::OldKeyBesideKey { key, beside } => {
            let old = match key {
                Some(key) => belonging(audit, *key),
                None => "the key in question".to_owned(),
            };
            Notice {
                code: "old-key-beside",
                message: format!(
                    "{old} stands beside {} in what that is read from: whether anything uses it there was not seen",
                    belonging(audit, *beside)
                ),
                remedy: format!(
                    "remove it there, or name the part of it that is a `previous` key ({})",
                    site_of(audit, audit.inventory.project(beside.project).site)
                ),
            }
        }
        Warning::GuessableKey(key) => Notice {
            code: "guessable-key",
            message: format!(
                "{} is so short that its fingerprint gives it away",
                belonging(audit, *key)
            ),
            remedy: "replace it with a longer one, and keep this report to yourself".to_owned(),
        },
    }
}

/// Each expired waiver once, with how many deployments it stood for.
fn lapsed(audit: &Audit) -> Vec<(&Waiver, usize)> {
    let mut order: Vec<(&Waiver, usize)> = Vec::new();
    let mut seen = HashMap::new();
    for expired in expired_waivers(audit) {
        let index = *seen
            .entry(std::ptr::from_ref(expired.waiver))
            .or_insert_with(|| {
                order.push((expired.waiver, 0));
                order.len() - 1
            });
        order[index].1 += 1;
    }
    order
}

fn expired(audit: &Audit, waiver: &Waiver, count: usize) -> Notice {
    let where_ = if count == 1 {
        "one place".to_owned()
    } else {
        format!("{count} places")
    };
    Notice {
        code: "waiver-expired",
        message: format!(
            "{}'s waiver on {where_} ended {}: {}",
            escape(&waiver.owner),
            when(waiver.until, audit.generated_at),
            escape(&waiver.reason)
        ),
        remedy: format!(
            "mend what it accepted, then remove or renew it ({})",
            site_of(audit, waiver.site)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::testing::{Scene, current, hop, print_of, waiver};
    use crate::keyring::ProjectId;
    use crate::reading::{ErrorKind, ReadError};
    use crate::verdict::Verdict;

    #[test]
    fn a_reference_that_may_be_behind_comes_first_and_expired_waivers_last() {
        let error = ReadError::new(ErrorKind::Timeout, "no answer in 3s", "try again");
        let audit = Scene::new()
            .project("shop")
            .project("shop/staging")
            .deploy("cart", [hop("env", [current()])])
            .deploy("mail", [hop("env", [current()])])
            .with(|audit| {
                let over = waiver(&[Verdict::Stale], "2026-11-01T23:59:59Z");
                for deployment in &mut audit.inventory.deployments {
                    deployment.waiver = Some(over.clone());
                }
                audit.warnings = vec![
                    Warning::NextIsKnown {
                        key: KeyId::next(ProjectId(0)),
                        also: KeyId::previous(ProjectId(1), 0),
                    },
                    Warning::KeyUnread {
                        key: KeyId::next(ProjectId(1)),
                        error: Box::new(error),
                    },
                    Warning::CurrentIsPrevious(KeyId::previous(ProjectId(0), 0)),
                    Warning::GuessableKey(KeyId::current(ProjectId(1))),
                    Warning::ReferenceBehind {
                        project: ProjectId(0),
                        fingerprint: print_of("newer"),
                        hops: 14,
                        of: 16,
                    },
                ];
            })
            .audit();
        let told = notices(&audit);
        let codes: Vec<_> = told.iter().map(|notice| notice.code).collect();
        assert_eq!(
            codes,
            [
                "reference-behind",
                "next-is-known",
                "key-unread",
                "current-is-previous",
                "guessable-key",
                "waiver-expired",
            ]
        );
        assert_eq!(
            told[0].message,
            format!(
                "the reference may be behind: compare it with the dashboard; 14 of 16 hops of shop hold {}, \
                 which is well-formed but no known key",
                print_of("newer")
            )
        );
        assert_eq!(
            told[2].message,
            "shop/staging's next key could not be read, so whoever holds it is unknown here: timeout: \
             no answer in 3s"
        );
        assert_eq!(
            told[3].message,
            "shop's current key is declared as a previous key too"
        );
        assert_eq!(
            told[5].message,
            "ana's waiver on 2 places ended 2026-11-01: restarted by hand on Fridays"
        );
        assert_eq!(
            told[5].remedy,
            "mend what it accepted, then remove or renew it (targets.yaml:41)"
        );
        assert!(told[0].is_urgent() && !told[1].is_urgent());
    }
}
