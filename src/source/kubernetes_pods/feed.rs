//! Where a variable of a container comes from.

use std::sync::Arc;

use super::expand::{Expanded, Referred, expand};
use crate::key::Secret;
use crate::platform::kubernetes::{Container, EnvFile, Object, Resource, ValueFrom, Variable};
use crate::text::Escaped;

/// Where a key in a container comes from.
pub(super) struct Fed {
    /// The first of these that gives something.
    pub feeds: Vec<Feed>,
    /// Whether it follows what feeds it while the container runs, as mounted files do.
    pub follows: bool,
    /// Whether it is a file, which may hold any bytes.
    pub is_file: bool,
}

/// One place that a key may come from.
pub(super) enum Feed {
    /// The pod's specification says it.
    Value(Secret),
    /// A key of a Secret or a ConfigMap.
    Key {
        resource: Resource,
        name: Arc<str>,
        key: Box<str>,
        /// In which way it is taken.
        how: How,
        /// Whether the container could not have started without the key.
        needed: bool,
        /// Whether it could not have started without the object.
        object_needed: bool,
    },
    /// A variable of an env file in a volume, which no API server shows.
    File(EnvFile),
    /// A place that is not looked at: why.
    Unseen(String),
}

/// Why a variable is not seen that comes from an env file; `next` is where it comes from where the file does not
/// have it.
pub(super) fn in_file(file: &EnvFile, next: Option<&Feed>) -> String {
    let otherwise = match (file.optional, next) {
        (false, _) => String::new(),
        (true, Some(Feed::Key { resource, name, .. })) => format!(
            "; where the file does not have that, which is `optional`, it comes from the {} {}",
            resource.kind(),
            Escaped(name)
        ),
        (true, Some(_)) => {
            "; where the file does not have that, which is `optional`, an earlier entry of `env` sets it".to_owned()
        }
        (true, None) => {
            "; where the file does not have that, which is `optional`, nothing sets it".to_owned()
        }
    };
    format!(
        "it is read at the start as {} from the file {} in the volume {} (`fileKeyRef`), which no API server \
         shows{otherwise}",
        Escaped(&file.key),
        Escaped(&file.path),
        Escaped(&file.volume)
    )
}

/// In which way a container takes a key of a Secret or a ConfigMap.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// By its name.
    Reference,
    /// With all the others.
    Whole,
    /// As a file.
    Mounted,
}

impl Feed {
    /// Whether the container could not have started with what is there, or with that nothing is.
    pub fn needs(&self, is_there: bool) -> bool {
        match self {
            Self::Key {
                needed,
                object_needed,
                ..
            } => match is_there {
                true => *needed,
                false => *object_needed,
            },
            Self::Value(_) | Self::File(_) | Self::Unseen(_) => false,
        }
    }
}

impl Fed {
    /// What it gets of an object that it is fed from. Only what is text becomes a variable.
    pub fn value<'o>(&self, object: &'o Object, key: &str) -> Option<&'o Secret> {
        match self.is_file {
            true => object.get(key),
            false => object.data.get(key),
        }
    }

    /// Whether there is anything at all.
    pub fn is_any(&self) -> bool {
        !self.feeds.is_empty()
    }
}

/// The places that a variable comes from, the one that wins first.
pub(super) fn feeds(container: &Container, variable: &str) -> Fed {
    let mut feeds = Vec::new();
    before(container, variable, container.env.len(), &mut feeds);
    Fed {
        feeds,
        follows: false,
        is_file: false,
    }
}

/// What a variable has been given when the first so many entries of `env` are done: `envFrom` comes
/// before all of them, and whatever is later wins. An optional reference that leads nowhere leaves
/// things as they were.
fn before(container: &Container, variable: &str, entries: usize, feeds: &mut Vec<Feed>) {
    let entries = container.env.iter().enumerate().take(entries);
    for (at, entry) in entries.rev().filter(|(_, entry)| &*entry.name == variable) {
        if given(container, entry, at, feeds) {
            return;
        }
    }
    for from in container.env_from.iter().rev() {
        let key = variable.strip_prefix(&*from.prefix);
        if let Some(key) = key.filter(|key| !key.is_empty()) {
            feeds.push(Feed::Key {
                resource: from.resource,
                name: Arc::clone(&from.name),
                key: key.into(),
                how: How::Whole,
                needed: false,
                object_needed: !from.optional,
            });
        }
    }
}

/// Adds what one entry gives; whether nothing before it matters.
fn given(container: &Container, entry: &Variable, at: usize, feeds: &mut Vec<Feed>) -> bool {
    let value = entry.value.as_ref().filter(|value| !value.is_empty());
    match (value, &entry.from) {
        (Some(value), _) => {
            let look = |name: &str| referred(container, name, at);
            match expand(value.expose(), look) {
                Expanded::Value(value) => feeds.push(Feed::Value(value)),
                Expanded::Alias(name) => {
                    before(container, &name, at, feeds);
                    // A reference that leads nowhere stays as it is.
                    feeds.push(Feed::Value(Secret::copied(value.expose())));
                }
                Expanded::Mixed => feeds.push(Feed::Unseen(
                    "its value is put together from another variable".to_owned(),
                )),
            }
            true
        }
        (
            None,
            Some(ValueFrom::Key {
                resource,
                name,
                key,
                optional,
            }),
        ) => {
            feeds.push(Feed::Key {
                resource: *resource,
                name: Arc::clone(name),
                key: key.clone(),
                how: How::Reference,
                needed: !optional,
                object_needed: !optional,
            });
            !optional
        }
        (None, Some(ValueFrom::Field(path))) => {
            let why = format!("it is the pod's own field {}", Escaped(path));
            feeds.push(Feed::Unseen(why));
            true
        }
        (None, Some(ValueFrom::File(file))) => {
            feeds.push(Feed::File(file.clone()));
            !file.optional
        }
        (None, Some(ValueFrom::Other)) => {
            let why =
                "it comes from the container's resources, or from where this version does not look";
            feeds.push(Feed::Unseen(why.to_owned()));
            true
        }
        (None, None) => {
            feeds.push(Feed::Value(Secret::new(Vec::new())));
            true
        }
    }
}

/// What a variable had that an entry refers to.
fn referred(container: &Container, name: &str, at: usize) -> Referred {
    let mut feeds = Vec::new();
    before(container, name, at, &mut feeds);
    match feeds.into_iter().next() {
        Some(Feed::Value(value)) => Referred::Value(value),
        Some(Feed::Key { .. } | Feed::File(_) | Feed::Unseen(_)) => Referred::Unknown,
        // The kubelet sets these for the services of the namespace.
        None if name.contains("_SERVICE_") || name.contains("_PORT") => Referred::Unknown,
        None => Referred::Unset,
    }
}
