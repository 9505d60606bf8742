use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::defaults::Defaults;
use super::deployment::{Deployments, Routes};
use super::distinct::distinct;
use super::duration::{LONGEST_GRACE, duration};
use super::expand::Writer;
use super::ground::Ground;
use super::held::Held;
use super::identity;
use super::include::Unit;
use super::ledger::ledger;
use super::log::Log;
use super::notify::{check_owners, heartbeat, receivers};
use super::project::Projects;
use super::raw::Targets;
use super::reader::Reader;
use super::route::Route;
use super::sharing;
use super::stores::{kind, store};
use super::tree::{Id, Tree};
use super::{Heartbeat, Identity, Inventory, LedgerSettings, Receiver, Site};
use crate::key::Digits;

/// A file, and what stands at its top.
struct Page {
    tree: Rc<Tree>,
    parent: Option<usize>,
    top: Option<Targets>,
}

/// Checks everything that the files say. What comes out is whole only if nothing was reported.
pub(super) fn check(
    units: Vec<Unit>,
    mut ground: Ground<'_>,
    mut writer: Option<&mut Writer>,
) -> Inventory {
    let log = ground.log;
    let pages: Vec<Page> = units
        .into_iter()
        .map(|Unit { tree, parent }| Page {
            top: top(&tree, log),
            tree,
            parent,
        })
        .collect();
    ground.whole &= pages.iter().all(|page| page.top.is_some());
    let digits = digits(&pages, log);

    let stores = section(&pages, "store", |top| top.stores, log);
    ground.stores = stores
        .iter()
        .map(|(tree, [key, body])| {
            let kind = kind(&Reader::new(tree, log, None), *body);
            (tree.text(*key).to_owned(), kind)
        })
        .collect();
    let mut declared_stores = Vec::with_capacity(stores.len());
    for (tree, entry) in stores {
        let scope = ground.scope();
        let reader = Reader::new(&tree, log, Some(&scope));
        if let Some(store) = store(&reader, entry, &ground) {
            let options = store.settings.options();
            if !options.is_empty() {
                let name = store.name.to_string();
                ground.options.insert(name, options.into());
            }
            declared_stores.push(store);
        }
        if let Some(writer) = &mut writer {
            writer.store(&tree, entry, &ground);
        }
    }

    let mut projects = Projects::default();
    for (tree, entry) in section(&pages, "project", |top| top.projects, log) {
        projects.add(&tree, entry, &ground);
        if let Some(writer) = &mut writer {
            writer.project(&tree, entry, &ground);
        }
    }
    let audience = Audience::of(&pages, &projects, &ground);
    if let Some(writer) = &mut writer {
        writer.digits(digits);
        audience.write(&pages, &ground, writer);
    }

    let mut routes = Routes::default();
    for (tree, [key, body]) in section(&pages, "route", |top| top.routes, log) {
        let name = tree.text(key).to_owned();
        let route = Route::new(&tree, body, &ground);
        routes.names.push(name.clone());
        routes.by_name.insert(name, route);
    }

    let mut deployments = Deployments::new(&ground, &projects, &routes, writer);
    let mut declared = false;
    let mut defaults: Vec<Option<Rc<Defaults>>> = Vec::new();
    // A file that nobody refers to anymore goes with its turn, tree and text.
    for Page { tree, parent, top } in pages {
        let outer = parent.and_then(|parent| defaults[parent].clone());
        let said = top.as_ref().and_then(|top| top.defaults);
        let own = match said {
            Some(held) => Defaults::new(&tree, held.id, outer, &ground),
            None => outer,
        };
        // With a mistake in them, every deployment would seem to lack something.
        let sound = said.is_none() || own.is_some();
        if let Some(held) = top.and_then(|top| top.deployments) {
            declared = true;
            let reader = Reader::new(&tree, log, None);
            let items = reader.items(held.id, "a list of deployments");
            if items.is_some_and(<[Id]>::is_empty) {
                log.report(
                    tree.site(held.id),
                    "is empty: expected one deployment at least",
                );
            }
            for item in items.unwrap_or_default() {
                match sound {
                    true => deployments.add(&tree, *item, own.as_deref()),
                    false => deployments.look(&tree, *item),
                }
            }
        }
        defaults.push(own);
    }
    let lost = deployments.lost;
    let list = std::mem::take(&mut deployments.list);
    distinct(&list, log);
    sharing::resolve(&mut projects, &list, &ground);
    if !declared && ground.whole {
        let site = Site {
            file: 0,
            line: 0,
            column: 0,
        };
        log.report(site, "declares no deployment: expected `deployments`");
    }
    for name in &routes.names {
        if let Some(Some(route)) = routes.by_name.get(name)
            && !route.used.get()
        {
            route.check_unused(&ground);
        }
    }
    if let (Some(site), 0) = (lost, log.faults()) {
        // Nothing is left out in silence, not even by a mistake of ours.
        log.report(
            site,
            "straggler cannot use this deployment and does not know why: report it",
        );
    }
    if log.faults() == 0 {
        let owners = list
            .iter()
            .filter_map(|deployment| deployment.owner.as_ref());
        check_owners(&audience.notify, owners, log);
    }
    Inventory {
        files: Vec::new(),
        identity: Identity {
            name: audience.name,
            ..Identity::default()
        },
        digits,
        notify: audience.notify,
        heartbeat: audience.heartbeat,
        grace: audience.grace,
        ledger: audience.ledger,
        projects: projects.list,
        stores: declared_stores,
        deployments: list,
        env_secrets: Arc::default(),
    }
}

/// Reads the top of a file.
fn top(tree: &Tree, log: &Log) -> Option<Targets> {
    for [first, again] in &tree.duplicates {
        let message = format!(
            "key {} is written twice in one map: first at {}",
            log.name(tree.text(*first)),
            log.place(tree.site(*first))
        );
        log.report(tree.site(*again), message);
    }
    let reader = Reader::new(tree, log, None);
    let top: Targets = reader.read_loosely(tree.root())?;
    match top.version {
        // What is included has the version of what includes it.
        None if tree.file > 0 => {}
        None => reader.missing_key(tree.root(), "version", ""),
        Some(held) => {
            if reader
                .read::<u64>(held.id)
                .is_some_and(|version| version != 1)
            {
                log.report(tree.site(held.id), "expected 1, the only version there is");
            }
        }
    }
    if let Some(include) = top.include {
        let items = reader.items(include.id, "a list of patterns");
        for item in items.unwrap_or_default() {
            reader.text(*item);
        }
    }
    Some(top)
}

/// How many digits fingerprints have.
fn digits(pages: &[Page], log: &Log) -> Digits {
    let said = main_only(
        pages,
        "fingerprint_digits",
        |top| top.fingerprint_digits,
        log,
    );
    let Some((tree, id)) = said else {
        return Digits::default();
    };
    match Reader::new(tree, log, None).read(id).map(Digits::new) {
        Some(Some(said)) => return said,
        Some(None) => log.report(tree.site(id), "expected a whole number from 8 to 64"),
        None => {}
    }
    Digits::default()
}

/// What only the main file may say; reports where another does.
fn main_only<'p, T>(
    pages: &'p [Page],
    name: &str,
    field: impl Fn(&Targets) -> Option<Held<T>>,
    log: &Log,
) -> Option<(&'p Tree, Id)> {
    let mut said = None;
    for (index, page) in pages.iter().enumerate() {
        let Some(held) = page.top.as_ref().and_then(&field) else {
            continue;
        };
        if index == 0 {
            said = Some((&*page.tree, held.id));
        } else {
            let message = format!("`{name}` is for the main file");
            log.report(page.tree.site(held.id), message);
        }
    }
    said
}

/// Who is told what, and what is remembered under which name.
#[derive(Default)]
struct Audience {
    name: Option<Arc<str>>,
    notify: Vec<Receiver>,
    heartbeat: Option<Heartbeat>,
    grace: Duration,
    ledger: LedgerSettings,
    /// As they are written.
    parts: Vec<(&'static str, Id)>,
}

impl Audience {
    fn of(pages: &[Page], projects: &Projects, ground: &Ground<'_>) -> Self {
        let log = ground.log;
        let mut audience = Self::default();
        if let Some((tree, id)) = main_only(pages, "inventory", |top| top.inventory, log) {
            audience.name = identity::name(tree, id, ground);
            audience.parts.push(("inventory", id));
        }
        if let Some((tree, id)) = main_only(pages, "notify", |top| top.notify, log) {
            audience.notify = receivers(tree, id, projects, ground);
            audience.parts.push(("notify", id));
        }
        if let Some((tree, id)) = main_only(pages, "heartbeat", |top| top.heartbeat, log) {
            audience.heartbeat = heartbeat(tree, id, ground);
            audience.parts.push(("heartbeat", id));
        }
        if let Some((tree, id)) = main_only(pages, "grace", |top| top.grace, log) {
            let scope = ground.scope();
            let reader = Reader::new(tree, log, Some(&scope));
            audience.grace = duration(&reader, id, LONGEST_GRACE).unwrap_or_default();
            audience.parts.push(("grace", id));
        }
        if let Some((tree, id)) = main_only(pages, "ledger", |top| top.ledger, log) {
            audience.ledger = ledger(tree, id, ground).unwrap_or_default();
            audience.parts.push(("ledger", id));
        }
        audience
    }

    fn write(&self, pages: &[Page], ground: &Ground<'_>, writer: &mut Writer) {
        if let Some(main) = pages.first() {
            for (name, id) in &self.parts {
                writer.part(name, &main.tree, *id, ground);
            }
        }
    }
}

/// The entries of a section in all files, in order; reports those that are declared twice.
fn section<T>(
    pages: &[Page],
    what: &str,
    field: impl Fn(&Targets) -> Option<Held<T>>,
    log: &Log,
) -> Vec<(Rc<Tree>, [Id; 2])> {
    let mut first: HashMap<String, Site> = HashMap::new();
    let mut all = Vec::new();
    for page in pages {
        let Some(held) = page.top.as_ref().and_then(&field) else {
            continue;
        };
        let reader = Reader::new(&page.tree, log, None);
        let entries = reader.entries(held.id, &format!("a map of {what}s"));
        for entry in entries.unwrap_or_default() {
            let name = page.tree.text(entry[0]);
            let site = page.tree.site(entry[0]);
            match first.get(name) {
                // Within one file, the map has the same key twice, which was reported.
                Some(other) if other.file == site.file => {}
                Some(other) => {
                    let message = format!(
                        "{what} {} is declared twice: first at {}",
                        log.name(name),
                        log.place(*other)
                    );
                    log.report(site, message);
                }
                None => {
                    first.insert(name.to_owned(), site);
                    all.push((Rc::clone(&page.tree), *entry));
                }
            }
        }
    }
    all
}
