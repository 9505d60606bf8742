use std::collections::BTreeMap;

use super::Deployment;
use super::ground::Ground;
use super::hop::FOLDER;
use super::log::Log;
use super::plan::Plan;
use super::route::Route;
use super::template::{Scope, Slot, literal};
use super::tree::{Id, Kind, Scalar, Tree};
use super::yaml::{key, quoted, scalar};
use crate::key::Digits;
use crate::verdict::Expectation;

/// Writes the inventory while it is made, with nothing left to be filled in.
#[derive(Default)]
pub(super) struct Writer {
    head: String,
    stores: String,
    projects: String,
    deployments: String,
}

/// Whether templates are filled in on the way.
#[derive(Clone, Copy)]
enum Fill<'a> {
    Yes(&'a Scope<'a>, &'a Log),
    No,
}

impl Writer {
    pub fn finish(self) -> String {
        let mut text = format!("version: 1\n{}", self.head);
        for (name, section) in [
            ("stores", self.stores),
            ("projects", self.projects),
            ("deployments", self.deployments),
        ] {
            if !section.is_empty() {
                text.push('\n');
                text.push_str(name);
                text.push_str(":\n");
                text.push_str(&section);
            }
        }
        text
    }

    pub fn digits(&mut self, digits: Digits) {
        if digits != Digits::default() {
            self.head = format!("fingerprint_digits: {}\n", digits.get());
        }
    }

    /// What the main file says at its top.
    pub fn part(&mut self, name: &str, tree: &Tree, id: Id, ground: &Ground<'_>) {
        let scope = ground.scope();
        key(&mut self.head, 0, name);
        value(&mut self.head, 0, tree, id, Fill::Yes(&scope, ground.log));
    }

    pub fn store(&mut self, tree: &Tree, [name, body]: [Id; 2], ground: &Ground<'_>) {
        let scope = ground.scope();
        let out = &mut self.stores;
        key(out, 2, tree.text(name));
        out.push('\n');
        place(out, 4, tree, body, &scope, ground.log);
    }

    pub fn project(&mut self, tree: &Tree, [name, body]: [Id; 2], ground: &Ground<'_>) {
        let out = &mut self.projects;
        key(out, 2, tree.text(name));
        out.push('\n');
        let mut scope = ground.scope();
        scope.set("project", Slot::Set(tree.text(name).into()));
        scope.set("environment", Slot::Unset);
        owner(out, 4, tree, body, &scope, ground.log);
        let Some(environments) = tree.get(body, "environments") else {
            return;
        };
        key(out, 4, "environments");
        out.push('\n');
        for [name, body] in tree.entries(environments) {
            key(out, 6, tree.text(*name));
            out.push('\n');
            scope.set("environment", Slot::Set(tree.text(*name).into()));
            owner(out, 8, tree, *body, &scope, ground.log);
        }
    }

    /// Everything of a deployment but its route. Its project is named by how deployments name it, and by
    /// whose key it is compared with.
    pub fn deployment(
        &mut self,
        deployment: &Deployment,
        [project, compared]: [&str; 2],
        variable: Option<&str>,
        plan: &Plan<'_>,
    ) {
        let out = &mut self.deployments;
        out.push_str("  - name:");
        text(out, &deployment.name);
        // Which key it is compared with, for people: it follows from what is written below.
        out.push_str("    # key:");
        text(out, compared);
        let fields = [
            ("project", Some(project)),
            ("environment", deployment.environment.as_deref()),
            ("owner", deployment.owner.as_deref()),
            ("variable", variable),
            ("expect", plan.expect.map(expectation)),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                key(out, 4, name);
                text(out, value);
            }
        }
        let labels: &BTreeMap<String, String> = &deployment.labels;
        let labels = labels.iter().map(|(name, value)| (&**name, &**value));
        texts(out, "labels", labels);
        let axes = deployment.axes.iter();
        texts(out, "vars", axes.map(|(name, value)| (&**name, &**value)));
        if let Some(waive) = plan.waive {
            key(out, 4, "waive");
            value(out, 4, plan.tree, waive, Fill::No);
        }
    }

    /// The route of the last deployment.
    pub fn route(&mut self, route: &Route, scope: &Scope<'_>, log: &Log) {
        let out = &mut self.deployments;
        key(out, 4, "route");
        out.push('\n');
        for hop in &route.hops {
            place_item(out, 6, &route.tree, hop.id, scope, log);
        }
    }
}

/// A project, or one of its environments. A format is never filled in.
fn owner(out: &mut String, indent: usize, tree: &Tree, body: Id, scope: &Scope<'_>, log: &Log) {
    for [name, child] in tree.entries(body) {
        let name = tree.text(*name);
        if let "current" | "next" = name {
            key(out, indent, name);
            out.push('\n');
            place(out, indent + 2, tree, *child, scope, log);
        } else if let ("previous", Kind::Sequence(items @ [_, ..])) = (name, tree.kind(*child)) {
            key(out, indent, name);
            out.push('\n');
            for child in items {
                place_item(out, indent + 2, tree, *child, scope, log);
            }
        } else if name != "environments" {
            let fill = if name == "format" {
                Fill::No
            } else {
                Fill::Yes(scope, log)
            };
            key(out, indent, name);
            value(out, indent, tree, *child, fill);
        }
    }
}

fn texts<'t>(out: &mut String, name: &str, texts: impl Iterator<Item = (&'t str, &'t str)>) {
    let mut texts = texts.peekable();
    if texts.peek().is_none() {
        return;
    }
    key(out, 4, name);
    out.push('\n');
    for (name, value) in texts {
        key(out, 6, name);
        text(out, value);
    }
}

/// A text after its key, written so that it is not taken for a template.
fn text(out: &mut String, value: &str) {
    out.push(' ');
    scalar(out, &literal(value));
    out.push('\n');
}

/// What follows a key that stands at this indentation.
fn value(out: &mut String, indent: usize, tree: &Tree, id: Id, fill: Fill<'_>) {
    match tree.kind(id) {
        Kind::Scalar(content) => {
            out.push(' ');
            write_scalar(out, tree, id, content, fill);
            out.push('\n');
        }
        Kind::Sequence([]) => out.push_str(" []\n"),
        Kind::Mapping([]) => out.push_str(" {}\n"),
        Kind::Sequence(items) => {
            out.push('\n');
            for child in items {
                item(out, indent + 2, tree, *child, fill);
            }
        }
        Kind::Mapping(entries) => {
            out.push('\n');
            for [name, child] in entries {
                key(out, indent + 2, tree.text(*name));
                value(out, indent + 2, tree, *child, fill);
            }
        }
    }
}

/// A hop or a reference in a list that stands at this indentation.
fn place_item(out: &mut String, indent: usize, tree: &Tree, id: Id, scope: &Scope<'_>, log: &Log) {
    let mut body = String::new();
    place(&mut body, indent + 2, tree, id, scope, log);
    out.extend(std::iter::repeat_n(' ', indent));
    out.push_str("- ");
    out.push_str(body.trim_start());
}

/// A hop, a reference or a store. Its relative paths start where they did, wherever it was written.
fn place(out: &mut String, indent: usize, tree: &Tree, id: Id, scope: &Scope<'_>, log: &Log) {
    let mut folder = log.folder_from_main(tree.file);
    for [name, child] in tree.entries(id) {
        if tree.text(*name) == FOLDER {
            folder.push(&*scope.fill(tree, *child, log).unwrap_or_default());
        } else {
            key(out, indent, tree.text(*name));
            value(out, indent, tree, *child, Fill::Yes(scope, log));
        }
    }
    if !folder.as_os_str().is_empty() && tree.get(id, "fingerprint").is_none() {
        key(out, indent, FOLDER);
        text(out, &folder.to_string_lossy());
    }
}

/// An item of a list that stands at this indentation.
fn item(out: &mut String, indent: usize, tree: &Tree, id: Id, fill: Fill<'_>) {
    out.extend(std::iter::repeat_n(' ', indent));
    out.push('-');
    let Kind::Mapping([[first, child], rest @ ..]) = tree.kind(id) else {
        value(out, indent, tree, id, fill);
        return;
    };
    out.push(' ');
    key(out, 0, tree.text(*first));
    value(out, indent + 2, tree, *child, fill);
    for [name, child] in rest {
        key(out, indent + 2, tree.text(*name));
        value(out, indent + 2, tree, *child, fill);
    }
}

fn write_scalar(out: &mut String, tree: &Tree, id: Id, content: Scalar<'_>, fill: Fill<'_>) {
    match fill {
        _ if content.is_null() => out.push_str("null"),
        Fill::No if content.plain => scalar(out, content.text),
        Fill::No => quoted(out, content.text),
        Fill::Yes(scope, log) => {
            // What cannot be filled in was reported when it was read.
            let filled = scope.fill(tree, id, log).unwrap_or_default();
            let text = literal(&filled);
            if content.plain || filled != content.text {
                scalar(out, &text);
            } else {
                quoted(out, &text);
            }
        }
    }
}

fn expectation(expect: Expectation) -> &'static str {
    match expect {
        Expectation::Current => "current",
        Expectation::Optional => "optional",
        Expectation::Absent => "absent",
    }
}
