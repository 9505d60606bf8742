use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::defaults::{Defaults, RouteUse};
use super::ground::Ground;
use super::matrix::{Axis, FIELDS, axes, template_name};
use super::raw;
use super::reader::Reader;
use super::template::has_template;
use super::tree::{Id, Tree};
use super::waiver::waiver;
use super::{Site, Waiver};
use crate::verdict::Expectation;

/// Indices into [`FIELDS`].
pub(super) const NAME: usize = 0;
pub(super) const PROJECT: usize = 1;
pub(super) const ENVIRONMENT: usize = 2;
pub(super) const OWNER: usize = 3;

/// An item of `deployments` with its defaults: one deployment, or all those of a matrix.
pub(super) struct Plan<'p> {
    pub tree: &'p Tree,
    pub site: Site,
    /// By [`FIELDS`]; unset where an axis sets them.
    pub fields: [Text<'p>; 4],
    pub axes: Vec<Axis>,
    pub vars: Texts<'p>,
    pub variable: Text<'p>,
    pub labels: LabelTexts<'p>,
    pub route: &'p RouteUse,
    /// Whether the hops are written elsewhere.
    pub shared: bool,
    pub expect: Option<Expectation>,
    pub waive: Option<Id>,
    pub waiver: Option<Arc<Waiver>>,
}

/// A text that is the same for a whole matrix, or one that is filled in for each deployment.
pub(super) enum Text<'p> {
    Unset,
    Fixed(Arc<str>, &'p Tree, Id),
    Template(&'p Tree, Id),
}

/// Names and their texts.
pub(super) type Texts<'p> = Vec<(Arc<str>, Text<'p>)>;

pub(super) enum LabelTexts<'p> {
    Fixed(Arc<BTreeMap<String, String>>),
    Templates(Texts<'p>),
}

/// One copy of labels that are said again and again.
#[derive(Default)]
pub(super) struct LabelPool(RefCell<HashSet<Arc<BTreeMap<String, String>>>>);

impl LabelPool {
    pub fn shared(&self, labels: BTreeMap<String, String>) -> Arc<BTreeMap<String, String>> {
        let mut pool = self.0.borrow_mut();
        if let Some(known) = pool.get(&labels) {
            return Arc::clone(known);
        }
        let labels = Arc::new(labels);
        pool.insert(Arc::clone(&labels));
        labels
    }
}

/// Makes plans.
pub(super) struct Planner<'p> {
    pub ground: &'p Ground<'p>,
    pub labels: &'p LabelPool,
    pub tree: &'p Rc<Tree>,
    pub defaults: Option<&'p Defaults>,
}

impl<'p> Planner<'p> {
    /// `None` when something was reported.
    pub fn plan(
        &self,
        reader: &Reader<'_>,
        id: Id,
        raw: &raw::Deployment,
        own_route: Option<&'p RouteUse>,
    ) -> Option<Plan<'p>> {
        let Self { ground, tree, .. } = *self;
        let log = ground.log;
        let site = tree.site(id);
        let before = log.faults();
        let axes = match raw.matrix {
            Some(matrix) => axes(tree, matrix.id, ground),
            None => Some(Vec::new()),
        };
        let vars = match raw.vars {
            Some(vars) => self.vars(vars.id, axes.as_deref().unwrap_or_default()),
            None => Some(Vec::new()),
        };
        let fields = self.fields(reader, id, raw, axes.as_deref());
        let variable = match raw.variable {
            Some(held) => self.text(tree, held.id),
            None => self.default(|raw| Some(raw.variable?.id)),
        };
        let labels = self.labels(raw.labels.map(|held| held.id));
        let waiver = raw.waive.map(|waive| waiver(tree, waive.id, log));
        let route = own_route.or_else(|| self.defaults?.route());
        if route.is_none() {
            reader.missing_key(id, "route", ", and no default says one");
        }
        if log.faults() > before {
            return None;
        }
        Some(Plan {
            tree,
            site,
            fields,
            axes: axes?,
            vars: vars?,
            variable,
            labels: labels?,
            route: route?,
            shared: !matches!(own_route, Some(RouteUse::Inline(_))),
            expect: raw.expect.or_else(|| self.defaults?.expect()),
            waive: raw.waive.map(|held| held.id),
            waiver: waiver.flatten(),
        })
    }

    fn fields(
        &self,
        reader: &Reader<'_>,
        id: Id,
        raw: &raw::Deployment,
        axes: Option<&[Axis]>,
    ) -> [Text<'p>; 4] {
        let Self { ground, tree, .. } = *self;
        let own = [raw.name, raw.project, raw.environment, raw.owner];
        std::array::from_fn(|index| {
            let field = FIELDS[index];
            let is_axis = axes.is_some_and(|axes| axes.iter().any(|axis| *axis.name == *field));
            match (own[index], index) {
                (Some(held), _) if is_axis => {
                    let message = format!("`{field}` is an axis of the matrix as well");
                    ground.log.report(tree.site(held.id), message);
                    Text::Unset
                }
                (Some(held), _) => self.text(tree, held.id),
                (None, _) if is_axis => Text::Unset,
                (None, ENVIRONMENT) => self.default(|raw| Some(raw.environment?.id)),
                (None, OWNER) => self.default(|raw| Some(raw.owner?.id)),
                (None, _) => {
                    // An axis with a mistake in it may be the one.
                    if axes.is_some() {
                        reader.missing_key(id, field, "");
                    }
                    Text::Unset
                }
            }
        })
    }

    /// A text that says something.
    fn text(&self, tree: &'p Tree, id: Id) -> Text<'p> {
        let reader = Reader::new(tree, self.ground.log, None);
        match reader.name(id) {
            None => Text::Unset,
            Some(text) => self.of(&text, tree, id),
        }
    }

    fn default(&self, field: impl Fn(&raw::Defaults) -> Option<Id>) -> Text<'p> {
        match self.defaults.and_then(|defaults| defaults.text(field)) {
            Some((tree, id)) => self.text(tree, id),
            None => Text::Unset,
        }
    }

    fn of(&self, text: &str, tree: &'p Tree, id: Id) -> Text<'p> {
        if has_template(text) {
            Text::Template(tree, id)
        } else {
            Text::Fixed(self.ground.shared(text), tree, id)
        }
    }

    fn vars(&self, id: Id, axes: &[Axis]) -> Option<Texts<'p>> {
        let Self { ground, tree, .. } = *self;
        let reader = Reader::new(tree, ground.log, None);
        let entries = reader.entries(id, "a map of names and texts")?;
        let mut texts = Vec::with_capacity(entries.len());
        for [key, value] in entries {
            let Some(name) = template_name(tree, *key, ground) else {
                continue;
            };
            if FIELDS.contains(&name) || axes.iter().any(|axis| *axis.name == *name) {
                let message = format!("`{name}` is set already: take another name");
                ground.log.report(tree.site(*key), message);
                continue;
            }
            if let Some(text) = reader.text(*value) {
                texts.push((ground.shared(name), self.of(&text, tree, *value)));
            }
        }
        Some(texts)
    }

    fn labels(&self, own: Option<Id>) -> Option<LabelTexts<'p>> {
        let inherited = self.defaults.map(Defaults::labels).unwrap_or_default();
        let tree: &'p Tree = self.tree;
        let all = inherited
            .into_iter()
            .map(|(tree, id)| (&**tree, id))
            .chain(own.map(|id| (tree, id)));
        let mut texts: Texts<'p> = Vec::new();
        for (tree, id) in all {
            let reader = Reader::new(tree, self.ground.log, None);
            for [key, value] in reader.entries(id, "a map of labels")? {
                let name = self.ground.shared(tree.text(*key));
                let text = self.of(&reader.text(*value)?, tree, *value);
                match texts.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => *known = text,
                    None => texts.push((name, text)),
                }
            }
        }
        let fixed = texts
            .iter()
            .map(|(name, text)| match text {
                Text::Fixed(text, ..) => Some((name.to_string(), text.to_string())),
                Text::Unset | Text::Template(..) => None,
            })
            .collect::<Option<BTreeMap<_, _>>>();
        Some(match fixed {
            Some(labels) => LabelTexts::Fixed(self.labels.shared(labels)),
            None => LabelTexts::Templates(texts),
        })
    }
}
