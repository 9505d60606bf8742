//! What a container that does not run will be started with, from what feeds it now.

use std::sync::Arc;

use jiff::Timestamp;

use super::feed::{Fed, Feed, in_file};
use super::hold::{LOOK, SETTLED, get, unread};
use crate::key::Secret;
use crate::platform::kubernetes::{Container, Pod, Resource};
use crate::platform::{Asking, Stop};
use crate::reading::{Found, Taken};
use crate::text::Escaped;
use crate::verdict::Evidence;

/// A container that has not started, or will be started again.
pub(super) struct Start {
    /// When it was seen not to run.
    at: Timestamp,
    /// Whether nothing that the kubelet read for this pod before can be used again.
    is_first: bool,
    /// Whether a kubelet that is well would not start it anymore.
    is_last: bool,
}

/// What the next start gives the container, and from where.
pub(super) struct Next {
    pub found: Found,
    pub from: String,
}

impl Start {
    pub fn of(pod: &Pod, container: &Container, fed: &Fed, at: Timestamp) -> Self {
        Self {
            at,
            is_first: !container.has_run && !fed.is_file,
            is_last: pod.terminating,
        }
    }

    /// What the next start gives. What feeds a container is read when it starts, so that nothing is
    /// fixed until then: what stands there now is what it will have.
    ///
    /// # Errors
    ///
    /// [`Stop::Pending`] until what feeds it is read. What cannot be read is found to be so.
    pub fn gives(
        &self,
        fed: Fed,
        namespace: &Arc<str>,
        asking: &Asking<'_>,
    ) -> Result<Option<Next>, Stop> {
        let mut feeds = fed.feeds.into_iter().peekable();
        while let Some(feed) = feeds.next() {
            let next = match feed {
                Feed::Value(value) => Next {
                    found: Found::Value(value),
                    from: "its next start gets what the pod's specification says".to_owned(),
                },
                Feed::File(file) => unseen(&in_file(&file, feeds.peek())),
                Feed::Unseen(why) => unseen(&why),
                Feed::Key {
                    resource,
                    name,
                    key,
                    needed,
                    object_needed,
                    ..
                } => {
                    let of = of(resource, &name);
                    match get(resource, namespace, &name, asking)? {
                        Err(error) => Next {
                            found: Found::Failed(unread(&of, error)),
                            from: format!("its next start gets what {of} holds"),
                        },
                        Ok(None) if object_needed => unable(format!("{of} is not there")),
                        Ok(None) => continue,
                        Ok(Some(object)) => {
                            let value = match fed.is_file {
                                true => object.get(&key),
                                // Only what is text becomes a variable.
                                false => object.data.get(&key),
                            };
                            match value {
                                Some(value) => self.read(&of, value, object.changed_at(&key)),
                                None if needed => unable(format!("{of} has no such key")),
                                None => continue,
                            }
                        }
                    }
                }
            };
            return Ok(Some(next));
        }
        Ok(None)
    }

    /// It will be read from something that has the key.
    fn read(&self, of: &str, value: &Secret, changed_at: Option<Timestamp>) -> Next {
        let settled = changed_at.is_some_and(|at| self.at.duration_since(at) >= SETTLED);
        let value = Found::Value(Secret::copied(value.expose()));
        let from = format!("its next start gets what {of} holds");
        // A kubelet may start it once more with what it read a moment ago, and one that nobody reaches
        // anymore with what it read at any time.
        if (self.is_first || settled) && !self.is_last {
            return Next { found: value, from };
        }
        let why = match self.is_last {
            true => {
                format!("fed from {of}, and what a node that is lost starts it with is not seen")
            }
            false => format!(
                "fed from {of}, which changed so lately that it may start with what was there before"
            ),
        };
        Next {
            found: Found::Hidden {
                fixed_at: None,
                why: why.into(),
                taken_for: Some(Box::new(Taken {
                    found: value,
                    evidence: Evidence::Timestamp,
                })),
            },
            from,
        }
    }
}

fn of(resource: Resource, name: &str) -> String {
    format!("the {} {}", resource.kind(), Escaped(name))
}

fn unseen(why: &str) -> Next {
    Next {
        found: Found::hidden(None, format!("{why}: {LOOK}")),
        from: "what its next start gets is not seen".to_owned(),
    }
}

/// It cannot start without what is not there.
fn unable(why: String) -> Next {
    Next {
        found: Found::Absent,
        from: format!("it cannot start, for {why}"),
    }
}
