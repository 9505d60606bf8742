use std::sync::Arc;

use super::extraction::{Beside, look};
use super::failure::one_of;
use super::ground::Ground;
use super::raw::HopBeside;
use super::reader::{Part, Reader, found};
use super::tree::Id;
use super::waiver::waiver;
use super::{Site, Waiver};
use crate::extract::Extraction;
use crate::source::{self, AnySource};
use crate::text::nearest;
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

/// What says where the relative paths of a hop or a reference start.
pub(super) const FOLDER: &str = "folder";

/// Reads a hop of a route.
pub(super) fn hop(reader: &Reader<'_>, id: Id, ground: &Ground<'_>) -> Option<Filled> {
    let part: Part<HopBeside> = reader.read_part(id, HOP)?;
    let source = source(reader, id, &part.rest, part.known, &[], ground);
    let Some(beside) = part.value else {
        look(reader, id);
        if let Some(own) = reader.tree.get(id, "variable") {
            variable(reader, own, ground);
        }
        if let Some(own) = reader.tree.get(id, "waive") {
            waiver(reader.tree, own, reader.log);
        }
        return None;
    };
    // All of it is looked at, whatever is wrong with the first.
    let variable = beside.variable.map_or(Some(None), |held| {
        variable(reader, held.id, ground).map(Some)
    });
    let waiver = beside.waive.map_or(Some(None), |held| {
        waiver(reader.tree, held.id, reader.log).map(Some)
    });
    let bytes = Beside {
        extract: beside.extract,
        decode: beside.decode,
        trim: beside.trim,
    };
    let extraction = bytes.read(reader);
    Some(Filled {
        source: source?,
        variable: variable?,
        extraction: extraction?,
        expect: beside.expect,
        waiver: waiver?,
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
    if reader.tree.is_scalar(settings) && !reader.tree.is_null(settings) {
        let name = reader.tree.text(key);
        let message = format!("expected a map, found {}", found(reader.tree, settings));
        reader
            .log
            .report_with(reader.tree.site(settings), message, || {
                let mut infos = source::infos().into_iter();
                let example = infos.find(|info| info.id == name)?.example;
                let first = example.lines().next()?.strip_prefix("- ")?;
                first
                    .ends_with('}')
                    .then(|| format!("write it as in `{first}`"))
            });
        return None;
    }
    let mut source = reader.attempt(settings, |de| {
        match source::parse(reader.tree.text(key), de) {
            Some(result) => result.map(Some),
            None => Ok(None),
        }
    })??;
    // What stands for a template is not known yet.
    if reader.draft && reader.tree.has_template(id) {
        return Some(source.into());
    }
    let mut folder = reader.log.folder(reader.tree.file);
    if let Some(own) = reader.tree.get(id, FOLDER) {
        folder.push(&*reader.text(own)?);
    }
    source.rooted_at(&folder);
    let checked = source.check().map_err(|message| reader.said(id, message));
    if let Some(store) = source.store() {
        declared_store(reader, settings, (store, source.info().store), ground)?;
    }
    checked.ok()?;
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

/// Reports a store that nobody declares, or that is of another kind than the source reads from.
fn declared_store(
    reader: &Reader<'_>,
    settings: Id,
    (store, wanted): (&str, Option<&str>),
    ground: &Ground<'_>,
) -> Option<()> {
    let key = reader.tree.get(settings, "store").unwrap_or(settings);
    let fits = |kind: &str| wanted.is_none_or(|wanted| wanted == kind);
    match ground.stores.iter().find(|(known, _)| known == store) {
        Some((_, Some(kind))) if !fits(kind) => {
            let wanted = wanted.unwrap_or_default();
            let message = format!(
                "expected a store of the kind `{wanted}`: {} is of the kind `{kind}`",
                reader.log.name(store)
            );
            reader.log.report_with(reader.tree.site(key), message, || {
                let fitting = |(name, kind): &'_ (String, Option<&str>)| {
                    kind.is_some_and(fits).then(|| name.clone())
                };
                let names: Vec<String> = ground.stores.iter().filter_map(fitting).collect();
                reader
                    .log
                    .suggestion(store, names.iter().map(String::as_str))
            });
            None
        }
        Some(_) => Some(()),
        None => {
            if ground.whole {
                let message = format!("no store is named {}", reader.log.name(store));
                reader.log.report_with(reader.tree.site(key), message, || {
                    let stores = ground.stores.iter().map(|(name, _)| name.as_str());
                    let suggestion = reader.log.suggestion(store, stores);
                    Some(suggestion.unwrap_or_else(|| "declare it under `stores`".to_owned()))
                });
            }
            None
        }
    }
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::inventory::log::Log;
    use crate::inventory::template::Outside;
    use crate::inventory::tree::Tree;

    #[test]
    fn a_store_that_nobody_declares_is_reported_where_it_is_named() {
        let log = Log::default();
        log.file("targets.yaml");
        let tree = Tree::parse(0, b"{ path: a, store: vault-prd }".to_vec())
            .ok()
            .unwrap();
        let reader = Reader::new(&tree, &log, None);
        let outside = Outside::new(&|_| None);
        let mut ground = Ground::new(&log, &outside, Timestamp::UNIX_EPOCH, true);
        let store = ("vault-prd", Some("vault"));
        assert!(declared_store(&reader, tree.root(), store, &ground).is_none());
        ground.stores = vec![
            ("cluster".to_owned(), Some("kubernetes")),
            ("vault-prod".to_owned(), Some("vault")),
        ];
        let known = ("vault-prod", Some("vault"));
        assert!(declared_store(&reader, tree.root(), known, &ground).is_some());
        let cluster = ("cluster", Some("vault"));
        assert!(declared_store(&reader, tree.root(), cluster, &ground).is_none());
        assert!(declared_store(&reader, tree.root(), store, &ground).is_none());
        assert_eq!(
            log.finish().unwrap_err().to_string(),
            "targets.yaml:1:19: expected a store of the kind `vault`: `cluster` is of the kind \
             `kubernetes`; there is `vault-prod`\n\
             targets.yaml:1:19: no store is named `vault-prd`; declare it under `stores`"
        );
    }
}
