use std::path::Path;
use std::sync::Arc;

use super::ground::Ground;
use super::hop::FOLDER;
use super::raw::StoreBeside;
use super::reader::{Part, Reader};
use super::tree::Id;
use crate::platform::{self, AnyStore};

/// How gently a store is to be asked, where targets.yaml says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manners {
    /// How many calls may go out within any second.
    pub requests_per_second: Option<u32>,
    /// How many calls may be under way at each of its hosts.
    pub concurrency: Option<u32>,
}

/// A declared connection.
pub struct Store {
    /// What hops call it.
    pub name: Arc<str>,
    /// Its kind, with its settings.
    pub settings: Box<dyn AnyStore>,
    /// How gently it is to be asked.
    pub manners: Manners,
    /// The files that its settings name: of credentials, certificates and the like.
    pub files: Files,
}

/// Paths that the settings of a store name.
pub type Files = Vec<Arc<Path>>;

/// Checks a declared store: one kind, with its settings; `None` when something was reported.
pub(super) fn store(reader: &Reader<'_>, [key, id]: [Id; 2], ground: &Ground<'_>) -> Option<Store> {
    let part: Part<StoreBeside> = reader.read_part(id, "a map with one kind of store")?;
    let settings = settings(reader, id, &part);
    let beside = part.value?;
    for (key, value) in [
        ("requests_per_second", beside.requests_per_second),
        ("concurrency", beside.concurrency),
    ] {
        if value == Some(0) {
            let place = reader.tree.get(id, key).unwrap_or(id);
            let message = "expected 1 at least: with none, nothing could be read";
            reader.log.report(reader.tree.site(place), message);
            return None;
        }
    }
    let (settings, files) = settings?;
    Some(Store {
        name: ground.shared(reader.tree.text(key)),
        settings,
        files,
        manners: Manners {
            requests_per_second: beside.requests_per_second,
            concurrency: beside.concurrency,
        },
    })
}

/// The kind of store that a map names, of those that there are.
pub(super) fn kind(reader: &Reader<'_>, id: Id) -> Option<&'static str> {
    let entries = reader.tree.entries(id);
    let known = platform::store_infos().into_iter().map(|info| info.id);
    let mut named = known.filter(|kind| {
        entries
            .iter()
            .any(|[key, _]| reader.tree.text(*key) == *kind)
    });
    named.next()
}

/// The settings of the one kind of store that is named, and the files that they name.
fn settings(
    reader: &Reader<'_>,
    id: Id,
    part: &Part<StoreBeside>,
) -> Option<(Box<dyn AnyStore>, Files)> {
    let kinds: Vec<_> = platform::store_infos()
        .into_iter()
        .map(|info| info.id)
        .collect();
    let (named, others): (Vec<[Id; 2]>, Vec<[Id; 2]>) = part
        .rest
        .iter()
        .copied()
        .partition(|[key, _]| kinds.contains(&reader.tree.text(*key)));
    for [key, _] in &others {
        let name = reader.tree.text(*key);
        if named.is_empty() {
            let message = format!("unknown kind of store {}", reader.log.name(name));
            reader.log.report_with(reader.tree.site(*key), message, || {
                let known = kinds.iter().chain(part.known).copied();
                reader.log.suggestion(name, known)
            });
        } else {
            reader.unknown_key(id, *key, part.known);
        }
    }
    let &[[key, value]] = &named[..] else {
        if !named.is_empty() || others.is_empty() {
            let message = format!("expected one kind of store, found {}", named.len());
            reader.log.report(reader.tree.site(id), message);
        }
        return None;
    };
    let kind = reader.tree.text(key);
    let mut settings = reader.attempt(value, |de| match platform::parse_store(kind, de) {
        Some(result) => result.map(Some),
        None => Ok(None),
    })??;
    let mut folder = reader.log.folder(reader.tree.file);
    if let Some(own) = reader.tree.get(id, FOLDER) {
        folder.push(&*reader.text(own)?);
    }
    let files = settings.rooted_at(&folder);
    if let Err(message) = settings.check() {
        reader.said(id, message);
        return None;
    }
    others.is_empty().then_some((settings, files))
}
