use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::astray::meant;
use super::defaults::{Defaults, RouteUse};
use super::expand::Writer;
use super::ground::Ground;
use super::matrix::{FIELDS, Product};
use super::plan::{ENVIRONMENT, LabelPool, LabelTexts, NAME, OWNER, PROJECT, Plan, Planner, Text};
use super::project::Projects;
use super::raw;
use super::reader::Reader;
use super::route::Route;
use super::template::{Scope, Slot};
use super::tree::{Id, Tree};
use super::{Deployment, Hop, Place, Site};
use crate::keyring::ProjectId;

/// More deployments than one audit can hold.
const MOST_DEPLOYMENTS: usize = 1_000_000;
/// The most hops and axes of all deployments together.
const MOST_PARTS: usize = 8_000_000;

/// The routes of all files.
#[derive(Default)]
pub(super) struct Routes {
    /// `None` for those with a mistake.
    pub by_name: HashMap<String, Option<Route>>,
    /// In the order in which they are declared.
    pub names: Vec<String>,
}

/// Makes the deployments of all files.
pub(super) struct Deployments<'g> {
    ground: &'g Ground<'g>,
    projects: &'g Projects,
    routes: &'g Routes,
    pub list: Vec<Deployment>,
    /// One that could not be made.
    pub lost: Option<Site>,
    labels: LabelPool,
    /// How many hops and axes there are.
    parts: usize,
    writer: Option<&'g mut Writer>,
}

impl<'g> Deployments<'g> {
    pub fn new(
        ground: &'g Ground<'g>,
        projects: &'g Projects,
        routes: &'g Routes,
        writer: Option<&'g mut Writer>,
    ) -> Self {
        Self {
            ground,
            projects,
            routes,
            list: Vec::new(),
            lost: None,
            labels: LabelPool::default(),
            parts: 0,
            writer,
        }
    }

    /// Reads one item of `deployments`.
    pub fn add(&mut self, tree: &Rc<Tree>, id: Id, defaults: Option<&Defaults>) {
        let reader = Reader::new(tree, self.ground.log, None);
        let site = tree.site(id);
        let Some(raw) = reader.read_loosely::<raw::Deployment>(id) else {
            self.lost = Some(site);
            return;
        };
        // A route that is written here lives no longer than it takes to make these deployments.
        let own_route = match raw.route {
            Some(held) => match RouteUse::new(tree, held.id, self.ground) {
                Some(route) => Some(route),
                None => {
                    self.lost = Some(site);
                    return;
                }
            },
            None => None,
        };
        let labels = std::mem::take(&mut self.labels);
        let planner = Planner {
            ground: self.ground,
            labels: &labels,
            tree,
            defaults,
        };
        match planner.plan(&reader, id, &raw, own_route.as_ref()) {
            Some(plan) => self.make(&plan, &labels),
            None => {
                self.lost = Some(site);
                self.look_at_names(tree, &raw, own_route.as_ref());
            }
        }
        self.labels = labels;
        // Its hops are looked at, whatever is wrong with the rest of it.
        if let Some(RouteUse::Inline(route)) = &own_route
            && !route.used.get()
        {
            route.check_unused(self.ground);
        }
    }

    /// Looks at an item that cannot be made, for its defaults are faulty, as far as it stands for itself.
    pub fn look(&mut self, tree: &Rc<Tree>, id: Id) {
        self.lost = Some(tree.site(id));
        let reader = Reader::new(tree, self.ground.log, None);
        let Some(raw) = reader.read_loosely::<raw::Deployment>(id) else {
            return;
        };
        let route = raw
            .route
            .and_then(|held| RouteUse::new(tree, held.id, self.ground));
        self.look_at_names(tree, &raw, route.as_ref());
        if let Some(RouteUse::Inline(route)) = route {
            route.check_unused(self.ground);
        }
    }

    /// Reports a project or a route that is named in an item which cannot be made, where there is none.
    fn look_at_names(&self, tree: &Tree, raw: &raw::Deployment, route: Option<&RouteUse>) {
        if let Some(held) = raw.project
            && let Some(name) = self.plain(tree, held.id)
            && !self.projects.entries.contains_key(name)
        {
            self.no_project(name, tree.site(held.id));
        }
        if let Some(RouteUse::Named(tree, id)) = route
            && let Some(name) = self.plain(tree, *id)
            && !self.routes.by_name.contains_key(name)
        {
            self.no_route(name, tree.site(*id));
        }
    }

    /// A name that nothing is filled into.
    fn plain<'t>(&self, tree: &'t Tree, id: Id) -> Option<&'t str> {
        let is_name = tree.is_scalar(id) && !tree.is_null(id) && !tree.has_template(id);
        let name = is_name.then(|| tree.text(id))?;
        (!name.trim().is_empty()).then_some(name)
    }

    fn no_project(&self, name: &str, site: Site) {
        let log = self.ground.log;
        if self.ground.whole {
            let message = format!("no project is named {}", log.name(name));
            log.report_with(site, message, || {
                let names = self.projects.names.iter().map(|name| &**name);
                log.suggestion(name, names)
            });
        }
    }

    fn no_route(&self, name: &str, site: Site) {
        let log = self.ground.log;
        if self.ground.whole {
            let message = format!("no route is named {}", log.name(name));
            log.report_with(site, message, || {
                log.suggestion(name, self.routes.names.iter().map(String::as_str))
            });
        }
    }

    /// Makes all deployments of a plan.
    fn make(&mut self, plan: &Plan<'_>, labels: &LabelPool) {
        let room = MOST_DEPLOYMENTS.saturating_sub(self.list.len());
        let Some(mut product) = Product::new(&plan.axes, room) else {
            let message = format!("makes more deployments than an audit holds: {MOST_DEPLOYMENTS}");
            self.ground.log.report(plan.site, message);
            return;
        };
        let mut scope = Scope {
            user: plan.shared.then_some(plan.site),
            ..self.ground.scope()
        };
        for name in FIELDS {
            scope.set(name, Slot::Later);
        }
        for axis in &plan.axes {
            scope.set(&axis.name, Slot::Later);
        }
        for (field, name) in plan.fields.iter().zip(FIELDS) {
            match field {
                Text::Unset if plan.axes.iter().any(|axis| *axis.name == *name) => {}
                Text::Unset => scope.set(name, Slot::Unset),
                Text::Fixed(text, ..) => scope.set(name, Slot::Set(Arc::clone(text))),
                Text::Template(..) => {}
            }
        }
        for (name, text) in &plan.vars {
            scope.set(
                name,
                match text {
                    Text::Fixed(text, ..) => Slot::Set(Arc::clone(text)),
                    Text::Unset | Text::Template(..) => Slot::Later,
                },
            );
        }
        let mut picks = Vec::new();
        while product.advance(&mut picks) {
            // What is wrong was reported, and the next one may be wrong in another way.
            match self.one(plan, &picks, &mut scope, labels) {
                Some(deployment) => self.list.push(deployment),
                None => self.lost = Some(plan.site),
            }
            if self.parts > MOST_PARTS {
                return;
            }
        }
    }

    /// Makes the deployment of one combination.
    fn one<'p>(
        &mut self,
        plan: &'p Plan<'p>,
        picks: &[usize],
        scope: &mut Scope<'p>,
        labels: &LabelPool,
    ) -> Option<Deployment> {
        let faults = self.ground.log.faults();
        for (axis, pick) in plan.axes.iter().zip(picks) {
            scope.set(&axis.name, Slot::Set(Arc::clone(&axis.values[*pick].0)));
        }
        self.fill_in(plan, scope);
        let variable = self.text(&plan.variable, scope);
        let labels = match &plan.labels {
            LabelTexts::Fixed(labels) => Some(Arc::clone(labels)),
            LabelTexts::Templates(texts) => {
                let filled: BTreeMap<_, _> = texts
                    .iter()
                    .filter_map(|(name, text)| {
                        let text = self.text(text, scope)?;
                        Some((name.to_string(), text.to_string()))
                    })
                    .collect();
                Some(labels.shared(filled))
            }
        };
        if self.ground.log.faults() > faults {
            return None;
        }
        let environment = scope.get("environment");
        let project = self.project(plan, picks, scope, environment.as_deref());
        let route = self.route(plan, scope)?;
        route.used.set(true);
        self.spend(plan, route.hops.len() + plan.axes.len() + plan.vars.len())?;
        let Some(project) = project else {
            // Its hops are looked at all the same, as far as they need no project.
            for template in &route.hops {
                template.fill(&route.tree, scope, self.ground);
            }
            return None;
        };
        let hops = self.hops(plan, route, scope, project, variable.as_ref())?;
        let axes = plan.axes.iter().map(|axis| &axis.name);
        let vars = plan.vars.iter().map(|(name, _)| name);
        let deployment = Deployment {
            name: scope.get("name")?,
            project,
            environment,
            owner: scope.get("owner"),
            labels: labels?,
            axes: axes
                .filter(|name| !FIELDS.contains(&&***name))
                .chain(vars)
                .filter_map(|name| Some((Arc::clone(name), scope.get(name)?)))
                .collect(),
            waiver: plan.waiver.clone(),
            hops: hops.into(),
            site: plan.site,
        };
        if let Some(writer) = &mut self.writer {
            let project = scope.get("project")?;
            let key = self.projects.list.get(deployment.project.0 as usize)?;
            writer.deployment(
                &deployment,
                [&project, &key.title()],
                variable.as_deref(),
                plan,
            );
            writer.route(route, scope, self.ground.log);
        }
        Some(self.as_shown(deployment))
    }

    /// A deployment whose names hold nothing that the environment brought in and nobody should see.
    fn as_shown(&self, deployment: Deployment) -> Deployment {
        let outside = self.ground.outside;
        if !outside.has_secrets() {
            return deployment;
        }
        let shown = |text: Arc<str>| match &*outside.shown(&text) {
            same if *same == *text => text,
            other => self.ground.shared(other),
        };
        let labels = deployment.labels.iter();
        let labels = labels.map(|(name, value)| (name.clone(), outside.shown(value)));
        let labels: BTreeMap<_, _> = labels.collect();
        Deployment {
            name: shown(deployment.name),
            environment: deployment.environment.map(shown),
            owner: deployment.owner.map(shown),
            labels: match labels == *deployment.labels {
                true => deployment.labels,
                false => Arc::new(labels),
            },
            axes: deployment
                .axes
                .into_iter()
                .map(|(name, value)| (name, shown(value)))
                .collect(),
            ..deployment
        }
    }

    /// Fills in the templates of the deployment itself: first what names it, so that its `vars` can
    /// use that, and its name with all of them.
    fn fill_in<'p>(&self, plan: &'p Plan<'p>, scope: &mut Scope<'p>) {
        let fields = plan.fields.iter().zip(FIELDS);
        let vars = plan.vars.iter().map(|(name, text)| (text, &**name));
        let templates = || {
            fields
                .clone()
                .filter(|(field, _)| matches!(field, Text::Template(..)))
                .chain(
                    vars.clone()
                        .filter(|(text, _)| matches!(text, Text::Template(..))),
                )
        };
        for (_, name) in templates() {
            scope.set(name, Slot::Later);
        }
        let named = [PROJECT, ENVIRONMENT, OWNER].map(|field| FIELDS[field]);
        let (first, rest): (Vec<_>, Vec<_>) =
            templates().partition(|(_, name)| named.contains(name));
        let (last, vars): (Vec<_>, Vec<_>) = rest
            .into_iter()
            .partition(|(_, name)| *name == FIELDS[NAME]);
        for (text, name) in first.into_iter().chain(vars).chain(last) {
            let filled = self.text(text, scope);
            if name == FIELDS[NAME] && filled.as_ref().is_some_and(|name| name.trim().is_empty()) {
                let message = "is filled in to an empty name";
                self.ground.log.report(plan.site, message);
            }
            scope.set(name, filled.map_or(Slot::Faulty, Slot::Set));
        }
    }

    /// A text for one deployment; `None` when there is none, or it was reported.
    fn text(&self, text: &Text<'_>, scope: &Scope<'_>) -> Option<Arc<str>> {
        match text {
            Text::Unset => None,
            Text::Fixed(text, ..) => Some(Arc::clone(text)),
            Text::Template(tree, id) => {
                let reader = Reader::new(tree, self.ground.log, Some(scope));
                reader.text(*id).map(|text| self.ground.shared(&text))
            }
        }
    }

    /// Whose key it should hold.
    fn project(
        &self,
        plan: &Plan<'_>,
        picks: &[usize],
        scope: &Scope<'_>,
        environment: Option<&str>,
    ) -> Option<ProjectId> {
        let log = self.ground.log;
        let name = scope.get("project")?;
        let Some(entry) = self.projects.entries.get(&name) else {
            let site = match &plan.fields[PROJECT] {
                Text::Fixed(_, tree, id) | Text::Template(tree, id) => tree.site(*id),
                Text::Unset => plan
                    .axes
                    .iter()
                    .zip(picks)
                    .find(|(axis, _)| *axis.name == *FIELDS[PROJECT])
                    .map_or(plan.site, |(axis, pick)| {
                        plan.tree.site(axis.values[*pick].1)
                    }),
            };
            self.no_project(&name, site);
            return None;
        };
        let own = environment.and_then(|environment| {
            let mut keys = entry.environments.iter();
            keys.find(|(name, _)| **name == *environment)
        });
        if let Some((_, id)) = own {
            return Some(*id);
        }
        let environments = entry.environments.iter().map(|(name, _)| &**name);
        if let (Some(environment), Some(general)) = (environment, entry.base) {
            let Some(meant) = meant(environment, environments.clone()) else {
                return Some(general);
            };
            let message = format!(
                "project {} has no key for environment {}: did you mean {}? If it is another one and has \
                 the project's general key, say so in the project: `environments: {{ NAME: {{ same_key_as: \
                 PROJECT }} }}`",
                log.name(&name),
                log.name(environment),
                log.name(meant)
            );
            log.report(plan.site, message);
            return None;
        }
        if entry.base.is_some() {
            return entry.base;
        }
        if !entry.faulty {
            let message = format!(
                "project {} has no key for {}",
                log.name(&name),
                match environment {
                    Some(environment) => format!("environment {}", log.name(environment)),
                    None => "deployments without an environment".to_owned(),
                }
            );
            log.report_with(plan.site, message, || {
                Some(format!("it has one for {}", log.list(environments)))
            });
        }
        None
    }

    fn route<'p>(&self, plan: &'p Plan<'p>, scope: &Scope<'_>) -> Option<&'p Route>
    where
        'g: 'p,
    {
        let log = self.ground.log;
        let (tree, id) = match plan.route {
            RouteUse::Inline(route) => return Some(route),
            RouteUse::Named(tree, id) => (tree, *id),
        };
        let name = Reader::new(tree, log, Some(scope)).name(id)?;
        if let Some(route) = self.routes.by_name.get(&*name) {
            return route.as_ref();
        }
        self.no_route(&name, tree.site(id));
        None
    }

    fn hops(
        &self,
        plan: &Plan<'_>,
        route: &Route,
        scope: &Scope<'_>,
        project: ProjectId,
        variable: Option<&Arc<str>>,
    ) -> Option<Vec<Hop>> {
        let project = self.projects.list.get(project.0 as usize)?;
        let mut hops = Vec::with_capacity(route.hops.len());
        for template in &route.hops {
            // All of them are looked at, whatever is wrong with the first.
            if let Some(filled) = template.fill(&route.tree, scope, self.ground) {
                let variable = filled.variable.as_ref().or(variable);
                let place = Place {
                    source: Arc::clone(&filled.source),
                    variable: Arc::clone(variable.unwrap_or(&project.variable)),
                    extraction: filled.extraction.clone(),
                    options: self.ground.options(&*filled.source),
                    site: filled.site,
                };
                if let Err(message) = place.source.check_for(place.at_for(project)) {
                    self.ground.log.report(place.site, message);
                    continue;
                }
                hops.push(Hop {
                    place,
                    expect: filled.expect.or(plan.expect).unwrap_or_default(),
                    waiver: filled.waiver.clone(),
                });
            }
        }
        (hops.len() == route.hops.len()).then_some(hops)
    }

    fn spend(&mut self, plan: &Plan<'_>, parts: usize) -> Option<()> {
        self.parts += parts;
        if self.parts <= MOST_PARTS {
            return Some(());
        }
        let message = format!("more hops and axes in all than an audit holds: {MOST_PARTS}");
        self.ground.log.report(plan.site, message);
        None
    }
}
