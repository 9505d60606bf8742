//! Where a file of a container comes from.

use std::sync::Arc;

use super::feed::{Fed, Feed, How};
use crate::platform::kubernetes::{
    Container, Mount, Part, Pod, Projected, ProjectedObject, VolumeKind,
};
use crate::text::Escaped;

/// Whether a path can be that of a file in a container.
pub(super) fn check(path: &str) -> Result<(), String> {
    let parts = path.strip_prefix('/').unwrap_or_default().split('/');
    if parts
        .into_iter()
        .any(|part| matches!(part, "" | "." | ".."))
    {
        return Err(
            "expected the whole path of a file in the container: /etc/keys/api_key".to_owned(),
        );
    }
    Ok(())
}

/// The places that a file comes from, the one that wins first.
pub(super) fn feeds(pod: &Pod, container: &Container, file: &str) -> Fed {
    let mounts = container.mounts.iter();
    let under = mounts.filter_map(|mount| Some((mount, below(file, &mount.path)?)));
    // The deepest mount hides the others.
    let Some((mount, rest)) = under.max_by_key(|(mount, _)| mount.path.trim_end_matches('/').len())
    else {
        return Fed {
            feeds: Vec::new(),
            follows: false,
            is_file: true,
        };
    };
    Fed {
        feeds: within(pod, mount, rest),
        follows: mount.part.is_none(),
        is_file: true,
    }
}

/// What is left of a path behind a folder; empty for the path itself.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    match rest {
        "" => Some(""),
        _ => rest.strip_prefix('/'),
    }
}

fn within(pod: &Pod, mount: &Mount, rest: &str) -> Vec<Feed> {
    let unseen = |why: String| vec![Feed::Unseen(why)];
    let path = match &mount.part {
        None => rest.to_owned(),
        Some(Part::Path(part)) if rest.is_empty() => part.trim_end_matches('/').to_owned(),
        Some(Part::Path(part)) => format!("{}/{rest}", part.trim_end_matches('/')),
        Some(Part::Expression) => {
            return unseen("its path in the volume is made from variables".to_owned());
        }
    };
    let volume = pod
        .volumes
        .iter()
        .find(|volume| volume.name == mount.volume);
    match volume.map(|volume| &volume.kind) {
        Some(VolumeKind::Projected(sources)) => {
            let sources = sources.iter().rev();
            sources
                .filter_map(|source| projected(source, &path))
                .collect()
        }
        Some(VolumeKind::Other) | None => unseen(format!(
            "it lies in the volume {}, which is neither a Secret nor a ConfigMap",
            Escaped(&mount.volume)
        )),
    }
}

/// What a source turns into the file, if it does.
fn projected(source: &Projected, path: &str) -> Option<Feed> {
    match source {
        Projected::Object(source) => of_object(source, path),
        Projected::Made { what, paths } => {
            let may_be = match paths {
                Some(paths) => paths.iter().any(|made| made.trim_end_matches('/') == path),
                None => true,
            };
            may_be.then(|| {
                Feed::Unseen(format!(
                    "the kubelet makes the file itself, from {what} of a projected volume"
                ))
            })
        }
    }
}

/// The key of an object that becomes the file.
fn of_object(source: &ProjectedObject, path: &str) -> Option<Feed> {
    // An empty list is as good as none.
    let items = source.items.as_ref().filter(|items| !items.is_empty());
    let key = match items {
        // Of two keys at one path the kubelet writes the later one.
        Some(items) => &*items.iter().rfind(|item| &*item.path == path)?.key,
        None => Some(path).filter(|path| !path.contains('/') && !path.is_empty())?,
    };
    Some(Feed::Key {
        resource: source.resource,
        name: Arc::clone(&source.name),
        key: key.into(),
        how: How::Mounted,
        needed: items.is_some() && !source.optional,
        object_needed: !source.optional,
    })
}
