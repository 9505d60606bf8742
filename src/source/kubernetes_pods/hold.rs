//! What a running container holds, from what feeds it and when it started.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::feed::{Fed, Feed, in_file};
use crate::key::{Fingerprint, Secret};
use crate::platform::kubernetes::{Get, Object, Resource};
use crate::platform::{Asking, Stop};
use crate::reading::{Found, ReadError, Taken};
use crate::text::Escaped;
use crate::verdict::Evidence;

/// How long a kubelet may still hand out what a Secret held before: its cache, and two clocks.
pub(super) const SETTLED: SignedDuration = SignedDuration::from_mins(2);

/// What a container has of the key.
pub(super) enum Held {
    /// This.
    Found(Found),
    /// Nothing.
    Unset,
}

/// Asks for a Secret or a ConfigMap.
pub(super) fn get<'a>(
    resource: Resource,
    namespace: &Arc<str>,
    name: &Arc<str>,
    asking: &Asking<'a>,
) -> Result<Result<Option<&'a Object>, &'a ReadError>, Stop> {
    let answer = asking.attempt(&Get {
        resource,
        namespace: Arc::clone(namespace),
        name: Arc::clone(name),
    })?;
    Ok(answer.map(|got| got.object.as_ref()))
}

/// Why something that feeds a container cannot be read.
pub(super) fn unread(of: &str, error: &ReadError) -> ReadError {
    ReadError {
        message: format!("{of}, which feeds it: {}", error.message).into(),
        ..error.clone()
    }
}

/// A running container, and what is known of what it holds.
struct Running {
    started_at: Option<Timestamp>,
    /// Since when what it holds cannot have changed.
    fixed_at: Option<Timestamp>,
    follows: bool,
}

/// How to be sure of what a container holds.
pub(super) const LOOK: &str = "look with `command` and `kubectl exec … straggler inspect`";

/// What a running container holds.
///
/// # Errors
///
/// [`Stop::Pending`] until what feeds it is read. What cannot be read is found to be so.
pub(super) fn found(
    fed: Fed,
    started_at: Option<Timestamp>,
    namespace: &Arc<str>,
    asking: &Asking<'_>,
) -> Result<Held, Stop> {
    let running = Running {
        started_at,
        fixed_at: started_at.filter(|_| !fed.follows),
        follows: fed.follows,
    };
    // What was passed over since it does not have the key, though it may have had it.
    let mut doubt = None;
    let mut feeds = fed.feeds.into_iter().peekable();
    while let Some(feed) = feeds.next() {
        let found = match feed {
            Feed::Value(value) => Found::Value(value),
            Feed::File(file) => {
                let why = in_file(&file, feeds.peek());
                Found::hidden(running.fixed_at, format!("{why}: {LOOK}"))
            }
            Feed::Unseen(why) => Found::hidden(running.fixed_at, format!("{why}: {LOOK}")),
            Feed::Key {
                resource,
                name,
                key,
                needed,
                ..
            } => {
                let of = format!("the {} {}", resource.kind(), Escaped(&name));
                let object = match get(resource, namespace, &name, asking)? {
                    Err(error) => return Ok(Held::Found(running.unread(&of, error))),
                    Ok(None) => {
                        return Ok(Held::Found(running.gone(&format!("{of} is not there"))));
                    }
                    Ok(Some(object)) => object,
                };
                let value = match fed.is_file {
                    true => object.get(&key),
                    // Only what is text becomes a variable.
                    false => object.data.get(&key),
                };
                match value {
                    Some(value) => running.fed_by(&of, value, object.changed_at(&key)),
                    None if needed => running.gone(&format!("{of} has no such key now")),
                    None => {
                        if !running.settled(object.written_at()) {
                            doubt = doubt.or(Some(of));
                        }
                        continue;
                    }
                }
            }
        };
        return Ok(Held::Found(match doubt {
            Some(of) => running.in_doubt(&of),
            None => found,
        }));
    }
    Ok(doubt.map_or(Held::Unset, |of| Held::Found(running.in_doubt(&of))))
}

impl Running {
    /// Whether it surely started with what was written then.
    fn settled(&self, written_at: Option<Timestamp>) -> bool {
        let (Some(started_at), Some(written_at)) = (self.started_at, written_at) else {
            return false;
        };
        started_at.duration_since(written_at) >= SETTLED
    }

    /// It is fed from something that has the key.
    fn fed_by(&self, of: &str, value: &Secret, changed_at: Option<Timestamp>) -> Found {
        if self.settled(changed_at) {
            return Found::Hidden {
                fixed_at: self.fixed_at,
                why: format!("fed from {of}, unchanged since before it started").into(),
                taken_for: Some(Box::new(Taken {
                    found: Found::Value(Secret::copied(value.expose())),
                    evidence: Evidence::Timestamp,
                })),
            };
        }
        let changed = match changed_at {
            Some(at) => format!("{of} changed at {at:.0}"),
            None => format!("when {of} changed is not told"),
        };
        let may = match self.follows {
            true => "the file follows, but it may have been read before",
            false => "it may hold what was there before",
        };
        Found::hidden(
            self.fixed_at,
            format!("possibly stale: {changed}, and {may}: restart it, or {LOOK}"),
        )
    }

    /// What it was fed from is no longer there, so that nobody knows what it was.
    fn gone(&self, why: &str) -> Found {
        let what = match self.follows {
            true => "what the file has is not known",
            false => "what it started with is not known",
        };
        Found::hidden(self.fixed_at, format!("{why}, so {what}: {LOOK}"))
    }

    fn in_doubt(&self, of: &str) -> Found {
        self.gone(&format!(
            "{of} does not have the key, but may have had it when this started"
        ))
    }

    /// What feeds it cannot be read. When it started may still prove it stale.
    fn unread(&self, of: &str, error: &ReadError) -> Found {
        Found::Hidden {
            fixed_at: self.fixed_at,
            why: format!("{of} feeds it").into(),
            taken_for: Some(Box::new(Taken {
                found: Found::Failed(unread(of, error)),
                evidence: Evidence::Timestamp,
            })),
        }
    }
}

/// Takes a container that shows nothing better for what an annotation claims.
pub(super) fn claimed(found: Found, name: &str, claim: Option<&[u8]>) -> Found {
    let Found::Hidden {
        fixed_at,
        why,
        taken_for: None,
    } = found
    else {
        return found;
    };
    let text = claim.and_then(|claim| std::str::from_utf8(claim).ok());
    let name = Escaped(name);
    let Some(fingerprint) = text.and_then(|text| text.trim().parse::<Fingerprint>().ok()) else {
        let none = match claim {
            Some(_) => "holds no fingerprint",
            None => "is not there",
        };
        return Found::hidden(fixed_at, format!("{why}; its annotation {name} {none}"));
    };
    Found::Hidden {
        fixed_at,
        why: format!("its annotation {name} says so; {why}").into(),
        taken_for: Some(Box::new(Taken {
            found: Found::Fingerprint {
                fingerprint,
                length: None,
                attested: true,
            },
            evidence: Evidence::Attested,
        })),
    }
}
