use std::sync::Arc;

use super::failure::one_of;
use super::ground::Ground;
use super::nearest::nearest;
use super::raw::HopBeside;
use super::reader::{Part, Reader};
use super::tree::Id;
use super::waiver::waiver;
use super::{Site, Waiver};
use crate::extract::{Decode, Extract, Extraction};
use crate::source::{self, AnySource};
use crate::verdict::Expectation;

/// A hop with its templates filled in, before what its deployment says is added.
pub(super) struct Filled {
    pub source: Arc<dyn AnySource>,
    pub variable: Option<Arc<str>>,
    pub extraction: Option<Box<Extraction>>,
    pub expect: Option<Expectation>,
    pub waiver: Option<Arc<Waiver>>,
    pub site: Site,
}

/// What a hop is, where something else stands.
pub(super) const HOP: &str = "a map with one source";

/// Reads a hop of a route.
pub(super) fn hop(reader: &Reader<'_>, id: Id, ground: &Ground<'_>) -> Option<Filled> {
    let part: Part<HopBeside> = reader.read_part(id, HOP)?;
    let source = source(reader, id, &part.rest, part.known, &[], ground);
    let beside = part.value?;
    // Nothing is waived for a reason that depends on where it is said.
    let waiver = match beside.waive {
        Some(waive) => Some(waiver(reader.tree, waive.id, reader.log)?),
        None => None,
    };
    Some(Filled {
        source: source?,
        variable: optional_variable(reader, beside.variable.map(|held| held.id), ground)?,
        extraction: extraction(reader, id, beside.extract, beside.decode)?,
        expect: beside.expect,
        waiver,
        site: reader.tree.site(id),
    })
}

/// Reads the one source of a hop or a reference: one of the `rest`, the keys that are none of the
/// `beside`. An alternative would have done as well, and is named where nothing stands.
pub(super) fn source(
    reader: &Reader<'_>,
    id: Id,
    rest: &[[Id; 2]],
    beside: &[&'static str],
    alternatives: &[&str],
    ground: &Ground<'_>,
) -> Option<Arc<dyn AnySource>> {
    let [key, settings] = only_source(reader, id, rest, beside, alternatives, ground)?;
    let mut source = reader.attempt(settings, |de| {
        match source::parse(reader.tree.text(key), de) {
            Some(result) => result.map(Some),
            None => Ok(None),
        }
    })??;
    if reader.draft {
        return Some(source.into());
    }
    source.rooted_at(&reader.log.folder(reader.tree.file));
    if let Err(message) = source.check() {
        reader.said(id, message);
        return None;
    }
    if let Some(store) = source.store() {
        declared_store(reader, settings, store, ground)?;
    }
    Some(source.into())
}

fn only_source(
    reader: &Reader<'_>,
    id: Id,
    rest: &[[Id; 2]],
    beside: &[&'static str],
    alternatives: &[&str],
    ground: &Ground<'_>,
) -> Option<[Id; 2]> {
    let Reader { tree, log, .. } = reader;
    let is_source = |entry: &&[Id; 2]| ground.sources.contains(&tree.text(entry[0]));
    let mut sources = rest.iter().filter(is_source);
    let only = sources.next().copied();
    for [second, _] in sources {
        let first = only.map(|[key, _]| tree.text(key)).unwrap_or_default();
        let message = format!(
            "a second source, `{}` beside `{first}`: a hop has one, give each a hop of its own",
            tree.text(*second)
        );
        log.report(tree.site(*second), message);
    }
    for [key, _] in rest.iter().filter(|entry| !is_source(entry)) {
        if only.is_some() {
            reader.unknown_key(id, *key, beside);
            continue;
        }
        let name = tree.text(*key);
        let message = format!(
            "unknown source {}: expected {}",
            log.name(name),
            one_of(&ground.sources)
        );
        log.report_with(tree.site(*key), message, || {
            let known = ground.sources.iter().chain(beside).copied();
            Some(format!("did you mean `{}`?", nearest(name, known)?))
        });
    }
    if rest.is_empty() {
        let sources = one_of(&[alternatives, &ground.sources[..]].concat());
        let message = format!("no source: expected {sources}");
        log.report(tree.site(id), message);
    }
    only
}

fn declared_store(
    reader: &Reader<'_>,
    settings: Id,
    store: &str,
    ground: &Ground<'_>,
) -> Option<()> {
    if ground.stores.iter().any(|known| known == store) {
        return Some(());
    }
    if ground.whole {
        let key = reader.tree.get(settings, "store").unwrap_or(settings);
        let message = format!("no store is named {}", reader.log.name(store));
        reader.log.report_with(reader.tree.site(key), message, || {
            let stores = ground.stores.iter().map(String::as_str);
            let suggestion = reader.log.suggestion(store, stores);
            Some(suggestion.unwrap_or_else(|| "declare it under `stores`".to_owned()))
        });
    }
    None
}

/// What a hop says of its bytes.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether it could be read, the inner one whether it is said"
)]
pub(super) fn extraction(
    reader: &Reader<'_>,
    id: Id,
    extract: Option<Extract>,
    decode: Option<Decode>,
) -> Option<Option<Box<Extraction>>> {
    if extract.is_none() && decode.is_none() {
        return Some(None);
    }
    let extraction = Extraction { extract, decode };
    if let Err(message) = extraction.check() {
        let site = reader.tree.get(id, "extract").unwrap_or(id);
        reader.said(site, message);
        return None;
    }
    Some(Some(Box::new(extraction)))
}

/// The name of a variable.
pub(super) fn variable(reader: &Reader<'_>, id: Id, ground: &Ground<'_>) -> Option<Arc<str>> {
    let text = reader.name(id)?;
    if text.contains(['=', '\0']) {
        let message = "expected the name of a variable, without a value";
        reader.log.report(reader.tree.site(id), message);
        return None;
    }
    Some(ground.shared(&text))
}

/// The name of a variable, where one is said.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether it could be read, the inner one whether it is said"
)]
pub(super) fn optional_variable(
    reader: &Reader<'_>,
    id: Option<Id>,
    ground: &Ground<'_>,
) -> Option<Option<Arc<str>>> {
    match id {
        Some(id) => variable(reader, id, ground).map(Some),
        None => Some(None),
    }
}
