use std::rc::Rc;

use super::ground::Ground;
use super::raw;
use super::reader::Reader;
use super::route::Route;
use super::tree::{Id, Tree};
use crate::verdict::Expectation;

/// What the deployments of a file say unless they say otherwise.
pub(super) struct Defaults {
    tree: Rc<Tree>,
    raw: raw::Defaults,
    route: Option<RouteUse>,
    /// Those of the file that includes this one.
    outer: Option<Rc<Defaults>>,
}

/// How a route is said.
pub(super) enum RouteUse {
    /// By the name of one that is declared.
    Named(Rc<Tree>, Id),
    Inline(Rc<Route>),
}

impl RouteUse {
    pub fn new(tree: &Rc<Tree>, id: Id, ground: &Ground<'_>) -> Option<Self> {
        if tree.is_scalar(id) {
            Some(Self::Named(Rc::clone(tree), id))
        } else {
            let route = Route::new(tree, id, ground)?;
            Some(Self::Inline(Rc::new(route)))
        }
    }
}

impl Defaults {
    pub fn new(
        tree: &Rc<Tree>,
        id: Id,
        outer: Option<Rc<Self>>,
        ground: &Ground<'_>,
    ) -> Option<Rc<Self>> {
        let raw: raw::Defaults = Reader::new(tree, ground.log, None).read_loosely(id)?;
        let route = match raw.route {
            Some(held) => Some(RouteUse::new(tree, held.id, ground)?),
            None => None,
        };
        Some(Rc::new(Self {
            tree: Rc::clone(tree),
            raw,
            route,
            outer,
        }))
    }

    /// The nearest of them that says something, and where it is said.
    pub fn text(&self, field: impl Fn(&raw::Defaults) -> Option<Id>) -> Option<(&Rc<Tree>, Id)> {
        self.chain()
            .find_map(|defaults| Some((&defaults.tree, field(&defaults.raw)?)))
    }

    pub fn expect(&self) -> Option<Expectation> {
        self.chain().find_map(|defaults| defaults.raw.expect)
    }

    pub fn route(&self) -> Option<&RouteUse> {
        self.chain().find_map(|defaults| defaults.route.as_ref())
    }

    /// Labels, the outermost first.
    pub fn labels(&self) -> Vec<(&Rc<Tree>, Id)> {
        let mut labels: Vec<_> = self
            .chain()
            .filter_map(|defaults| Some((&defaults.tree, defaults.raw.labels?.id)))
            .collect();
        labels.reverse();
        labels
    }

    fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |defaults| defaults.outer.as_deref())
    }
}
