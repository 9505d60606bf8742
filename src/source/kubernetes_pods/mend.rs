//! What to do about what a container has, by where that comes from.

use std::sync::Arc;

use super::super::At;
use super::super::kubernetes::Slot;
use super::feed::{Fed, Feed, How};
use super::hold::{SETTLED, get};
use super::maker::Maker;
use crate::platform::kubernetes::{Container, EnvFile, Object, Pod, Resource, State};
use crate::platform::{Asking, Stop};
use crate::text::{Escaped, escape};

/// A container, and what is needed to tell how its key is changed.
pub(super) struct Mending<'a> {
    pub maker: &'a Maker<'a>,
    pub pod: &'a Pod,
    pub container: &'a Container,
    pub namespace: &'a Arc<str>,
    pub at: At<'a>,
    /// The file that is meant, if no variable is.
    pub file: Option<&'a str>,
}

/// What is to be done.
pub(super) struct Words {
    pub words: String,
    /// The same where what feeds it is mended first.
    pub after: Option<String>,
}

impl From<String> for Words {
    fn from(words: String) -> Self {
        Self { words, after: None }
    }
}

/// What gives nothing though it may: the first of those that would count.
struct Lacking<'a> {
    feed: &'a Feed,
    object: Option<&'a Object>,
}

impl Mending<'_> {
    /// What to do where the key comes from these; `None` where that is not known. Nothing is asked for that
    /// the reading did not ask for.
    ///
    /// # Errors
    ///
    /// [`Stop::Pending`] until what feeds it is read.
    pub fn words(&self, fed: &Fed, asking: &Asking<'_>) -> Result<Option<Words>, Stop> {
        let mut lacking: Option<Lacking<'_>> = None;
        for (index, feed) in fed.feeds.iter().enumerate() {
            let (resource, name, key) = match feed {
                Feed::Value(_) => return Ok(Some(self.plain().into())),
                Feed::File(file) => return Ok(Some(self.in_file(file).into())),
                Feed::Unseen(_) => return Ok(None),
                Feed::Key {
                    resource,
                    name,
                    key,
                    ..
                } => (*resource, name, &**key),
            };
            let Ok(object) = get(resource, self.namespace, name, asking)? else {
                return Ok(None);
            };
            let needed = feed.needs(object.is_some());
            if needed || object.is_some_and(|object| fed.value(object, key).is_some()) {
                let wins = over(&fed.feeds[index + 1..], name);
                let slot = self.slot(resource, name, key);
                return Ok(Some(self.fed_by(&slot, object, &wins)));
            }
            lacking.get_or_insert(Lacking { feed, object });
        }
        Ok(Some(match lacking {
            None => self.unset().into(),
            Some(Lacking { feed, object }) => match feed {
                Feed::Key {
                    resource,
                    name,
                    key,
                    ..
                } => self.fed_by(&self.slot(*resource, name, key), object, ""),
                Feed::Value(_) | Feed::File(_) | Feed::Unseen(_) => self.unset().into(),
            },
        }))
    }

    /// What does not give the key though the container takes it from there where it is.
    pub fn lacking(&self, fed: &Fed, asking: &Asking<'_>) -> Result<Option<String>, Stop> {
        let mut told = Vec::new();
        for feed in &fed.feeds {
            let Feed::Key {
                resource,
                name,
                key,
                how,
                ..
            } = feed
            else {
                continue;
            };
            let of = format!("the {} {}", resource.kind(), Escaped(name));
            let is_there = matches!(get(*resource, self.namespace, name, asking)?, Ok(Some(_)));
            told.push(match (how, is_there) {
                (How::Reference, true) => {
                    format!("{of} has no key {}, which is optional", Escaped(key))
                }
                (How::Reference, false) => format!("{of}, which is optional, is not there"),
                (How::Whole, true) => {
                    format!("{of}, taken whole (`envFrom`), has no key {}", Escaped(key))
                }
                (How::Whole, false) => {
                    format!("{of}, taken whole (`envFrom`) and optional, is not there")
                }
                (How::Mounted, true) => {
                    format!("{of}, which is mounted there, has no key {}", Escaped(key))
                }
                (How::Mounted, false) => {
                    format!("{of}, which is mounted there and optional, is not there")
                }
            });
        }
        Ok((!told.is_empty()).then(|| told.join("; ")))
    }

    /// Its command sets it.
    pub fn in_command(&self) -> String {
        format!(
            "make {} in `command` or `args` of the container {} {}, {}{}",
            Escaped(self.at.variable),
            Escaped(&self.container.name),
            self.at.key_in_its_part(),
            self.maker.template(),
            self.maker.afterwards()
        )
    }

    /// Nothing gives it.
    pub fn unset(&self) -> String {
        match self.file {
            None => self.maker.set(self.at, &self.container.name),
            Some(file) => format!(
                "mount a Secret with {} at {} of the container {}, {}{}",
                self.at.key_in_its_part(),
                Escaped(file),
                Escaped(&self.container.name),
                self.maker.template(),
                self.maker.afterwards()
            ),
        }
    }

    fn plain(&self) -> String {
        let wins = match self.container.env_from.is_empty() {
            true => "",
            false => " and wins over `envFrom`",
        };
        format!(
            "the value stands in the specification{wins}: {}",
            self.maker.set(self.at, &self.container.name)
        )
    }

    /// Another container writes it, from wherever that takes it.
    fn in_file(&self, file: &EnvFile) -> String {
        let others = self.pod.containers.iter().filter(|other| {
            let mut mounts = other.mounts.iter();
            other.name != self.container.name && mounts.any(|mount| mount.volume == file.volume)
        });
        let others: Vec<_> = others.map(|other| escape(&other.name)).collect();
        let volume = Escaped(&file.volume);
        let writer = match others.is_empty() {
            true => format!("whatever fills the volume {volume}"),
            false => format!(
                "the container {}, which mounts the volume {volume},",
                others.join(" or ")
            ),
        };
        format!(
            "make sure that {writer} writes {} as {} to the file {} there (in single quotes, from Kubernetes 1.35 on), or take {} \
             from a Secret by a `secretKeyRef`, which can be followed, {}; then {}",
            self.at.key_in_its_part(),
            Escaped(&file.key),
            Escaped(&file.path),
            Escaped(self.at.variable),
            self.maker.template(),
            self.maker.restart()
        )
    }

    fn slot<'s>(&'s self, resource: Resource, name: &'s str, key: &'s str) -> Slot<'s> {
        Slot {
            kubectl: self.maker.kubectl(),
            resource,
            namespace: self.namespace,
            name,
            key,
        }
    }

    /// It comes from there, or would.
    fn fed_by(&self, slot: &Slot<'_>, object: Option<&Object>, wins: &str) -> Words {
        let of = format!("the {} {}", slot.resource.kind(), Escaped(slot.name));
        let State::Running(started_at) = self.container.state else {
            return Words {
                words: format!(
                    "{}{wins}; its next start takes that",
                    slot.mend(self.at, object)
                ),
                after: Some(format!(
                    "wait for its next start, which takes {}",
                    slot.shown()
                )),
            };
        };
        let restart = self.maker.restart();
        let changed_at = object.and_then(|object| object.changed_at(slot.key));
        let had = changed_at
            .zip(started_at)
            .is_some_and(|(changed, started)| started.duration_since(changed) >= SETTLED);
        let has = object.is_some_and(|object| object.get(slot.key).is_some());
        let after = format!(
            "once {of} has had {} as `{}` for two minutes{wins}, {restart}",
            self.at.key_in_its_part(),
            Escaped(slot.key)
        );
        let words = match has && !had {
            true => after.clone(),
            false => format!(
                "{}{wins}; once {of} has had it for two minutes, {restart}",
                slot.mend(self.at, object)
            ),
        };
        Words {
            words,
            after: Some(after),
        }
    }
}

/// What a place wins over, in words: what stands there does not count.
fn over(rest: &[Feed], winner: &str) -> String {
    let other = rest.iter().find_map(|feed| match feed {
        Feed::Key { resource, name, .. } if **name != *winner => Some((resource, name)),
        _ => None,
    });
    other.map_or_else(String::new, |(resource, name)| {
        format!(
            ", which wins over the {} {}",
            resource.kind(),
            Escaped(name)
        )
    })
}
