use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::ground::Ground;
use super::hop::{Filled, hop};
use super::reader::Reader;
use super::template::{Scope, has_template, names};
use super::tree::{Id, Tree};

/// More hops than any key travels.
const MOST_HOPS: usize = 100;
/// For how many different fillings one hop is remembered. More than that are hardly the same twice.
const REMEMBERED: usize = 1024;

/// A route, as a template.
pub(super) struct Route {
    pub tree: Rc<Tree>,
    pub hops: Vec<Template>,
    /// Whether a deployment uses it.
    pub used: Cell<bool>,
}

/// A hop with templates, and what it was filled in to.
pub(super) struct Template {
    pub id: Id,
    /// The names that decide what it is filled in to.
    names: Vec<Box<str>>,
    filled: RefCell<Fillings>,
}

/// What a hop was filled in to, by what its names stand for; `None` where that was reported.
type Fillings = HashMap<Vec<Option<Arc<str>>>, Option<Rc<Filled>>>;

impl Route {
    pub fn new(tree: &Rc<Tree>, id: Id, ground: &Ground<'_>) -> Option<Self> {
        let reader = Reader::new(tree, ground.log, None);
        let hops = reader.items(id, "a list of hops")?;
        if hops.is_empty() {
            ground
                .log
                .report(tree.site(id), "an empty route: expected one hop at least");
            return None;
        }
        if let Some(hop) = hops.get(MOST_HOPS) {
            let message = format!("a route has {MOST_HOPS} hops at most");
            ground.log.report(tree.site(*hop), message);
            return None;
        }
        Some(Self {
            tree: Rc::clone(tree),
            hops: hops.iter().map(|hop| Template::new(tree, *hop)).collect(),
            used: Cell::new(false),
        })
    }

    /// Looks at a route that no deployment uses, as far as that is possible: what stands for
    /// templates is not known.
    pub fn check_unused(&self, ground: &Ground<'_>) {
        for template in &self.hops {
            hop(&Reader::draft(&self.tree, ground.log), template.id, ground);
        }
    }
}

impl Template {
    fn new(tree: &Tree, id: Id) -> Self {
        let mut used: Vec<Box<str>> = Vec::new();
        tree.each_scalar(id, &mut |_, scalar| {
            if has_template(scalar.text) {
                for name in names(scalar.text) {
                    if !used.iter().any(|known| **known == *name) {
                        used.push(name.into());
                    }
                }
            }
        });
        Self {
            id,
            names: used,
            filled: RefCell::default(),
        }
    }

    /// The hop for one deployment; the same one for all that fill it in alike.
    pub fn fill(&self, tree: &Tree, scope: &Scope<'_>, ground: &Ground<'_>) -> Option<Rc<Filled>> {
        let values: Vec<Option<Arc<str>>> = self.names.iter().map(|name| scope.get(name)).collect();
        if let Some(known) = self.filled.borrow().get(&values) {
            return known.clone();
        }
        let reader = Reader::new(tree, ground.log, Some(scope));
        let filled = hop(&reader, self.id, ground).map(Rc::new);
        let mut remembered = self.filled.borrow_mut();
        if remembered.len() < REMEMBERED {
            remembered.insert(values, filled.clone());
        }
        filled
    }
}
