use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::Site;
use super::ground::Ground;
use super::log::Log;
use super::project::Projects;
use super::raw;
use super::reader::Reader;
use super::tree::{Id, Tree};
use crate::platform::Credential;
use crate::platform::commands::Argv;
use crate::platform::deliver::Target;

/// Somebody who is told what changed.
pub struct Receiver {
    /// What it is called in messages: its own name, else its kind, numbered. No two have the same.
    pub name: Arc<str>,
    /// How it is told.
    pub means: Means,
    /// Whose deployments it is told of; by default everybody's.
    pub owner: Option<Arc<str>>,
    /// The project whose deployments it is told of; by default all of them.
    pub project: Option<Arc<str>>,
    /// Where it is declared.
    pub site: Site,
}

/// How somebody is told.
pub enum Means {
    /// By an incoming webhook of Slack, whose URL is a secret.
    Slack {
        /// Where that URL is kept.
        url: Credential,
    },
    /// By a POST of JSON.
    Webhook {
        /// Where to.
        url: Target,
        /// What it is signed with.
        secret: Option<Credential>,
    },
    /// By a program that reads JSON.
    Command {
        /// The program and its arguments. No shell reads them.
        argv: Argv,
        /// Where it is started.
        folder: Arc<Path>,
    },
}

/// What is asked when an audit was completed and everybody was told.
pub struct Heartbeat {
    /// Where.
    pub url: Target,
}

const KINDS: [&str; 3] = ["slack", "webhook", "command"];

/// Reads everybody who is told.
pub(super) fn receivers(
    tree: &Tree,
    id: Id,
    projects: &Projects,
    ground: &Ground<'_>,
) -> Vec<Receiver> {
    let scope = ground.scope();
    let reader = Reader::new(tree, ground.log, Some(&scope));
    let items = reader.items(id, "a list of receivers").unwrap_or_default();
    let read = items
        .iter()
        .filter_map(|item| receiver(&reader, *item, projects, ground));
    named(read.collect(), ground.log)
}

/// As it is written: its name, where it has one, and what kind it is.
type Unnamed = (Option<Arc<str>>, &'static str, Receiver);

fn receiver(
    reader: &Reader<'_>,
    id: Id,
    projects: &Projects,
    ground: &Ground<'_>,
) -> Option<Unnamed> {
    let before = reader.log.faults();
    if reader.tree.is_scalar(id) {
        reader.wrong(id, "a map with one of `slack`, `webhook` and `command`");
        return None;
    }
    let raw: raw::Receiver = reader.read(id)?;
    let text = |held: Option<super::held::Held<String>>| {
        held.and_then(|held| reader.name(held.id))
            .map(|text| ground.shared(&text))
    };
    let (name, owner) = (text(raw.name), text(raw.owner));
    let project = raw
        .project
        .and_then(|held| known_project(reader, held.id, projects, ground));
    let mut ways = Vec::new();
    ways.extend(
        raw.slack
            .map(|slack| ("slack", Means::Slack { url: slack.url })),
    );
    ways.extend(raw.webhook.map(|webhook| {
        let (url, secret) = (webhook.url, webhook.secret);
        ("webhook", Means::Webhook { url, secret })
    }));
    ways.extend(raw.command.map(|command| {
        let folder = reader.log.folder(reader.tree.file).into();
        let argv = command.argv;
        ("command", Means::Command { argv, folder })
    }));
    let count = ways.len();
    let Some((kind, mut means)) = ways.pop().filter(|_| count == 1) else {
        let message = format!("expected {}, found {count}", super::failure::one_of(&KINDS));
        reader.log.report(reader.tree.site(id), message);
        return None;
    };
    means.rooted_at(&reader.log.folder(reader.tree.file));
    if let Err(message) = means.check() {
        reader.said(reader.tree.get(id, kind).unwrap_or(id), message);
    }
    if reader.log.faults() > before {
        return None;
    }
    let receiver = Receiver {
        name: kind.into(),
        means,
        owner,
        project,
        site: reader.tree.site(id),
    };
    Some((name, kind, receiver))
}

fn known_project(
    reader: &Reader<'_>,
    id: Id,
    projects: &Projects,
    ground: &Ground<'_>,
) -> Option<Arc<str>> {
    let name = reader.name(id)?;
    if projects.entries.contains_key(&*name) {
        return Some(ground.shared(&name));
    }
    // It may be in a file that could not be read.
    if ground.whole {
        let message = format!("no project is named {}", reader.log.name(&name));
        let names = projects.names.iter().map(|name| &**name);
        reader.log.report_with(reader.tree.site(id), message, || {
            reader.log.suggestion(&name, names)
        });
    }
    None
}

/// Gives a name to those without one, and reports a name that two have.
fn named(list: Vec<Unnamed>, log: &Log) -> Vec<Receiver> {
    let mut taken: HashMap<Arc<str>, Site> = HashMap::new();
    for (name, _, receiver) in &list {
        let Some(name) = name else { continue };
        if let Some(first) = taken.insert(Arc::clone(name), receiver.site) {
            let message = format!(
                "receiver {} is declared twice: first at {}",
                log.name(name),
                log.place(first)
            );
            log.report(receiver.site, message);
        }
    }
    let mut receivers = Vec::with_capacity(list.len());
    for (name, kind, mut receiver) in list {
        receiver.name = name.unwrap_or_else(|| free(kind, &taken));
        taken.insert(Arc::clone(&receiver.name), receiver.site);
        receivers.push(receiver);
    }
    receivers
}

/// `slack`, `slack-2` and so on.
fn free(kind: &str, taken: &HashMap<Arc<str>, Site>) -> Arc<str> {
    let numbered = (2..).map(|number| format!("{kind}-{number}"));
    let mut names = std::iter::once(kind.to_owned()).chain(numbered);
    let name = names.find(|name| !taken.contains_key(&**name));
    name.unwrap_or_default().into()
}

/// Reads what is asked when all is done.
pub(super) fn heartbeat(tree: &Tree, id: Id, ground: &Ground<'_>) -> Option<Heartbeat> {
    let scope = ground.scope();
    let reader = Reader::new(tree, ground.log, Some(&scope));
    let raw::Heartbeat { mut url } = reader.read(id)?;
    url.rooted_at(&ground.log.folder(tree.file));
    if let Err(message) = url.check() {
        reader.said(id, message);
        return None;
    }
    Some(Heartbeat { url })
}

/// Reports owners that nobody is, since whoever waits for their changes waits in vain.
pub(super) fn check_owners<'o>(
    receivers: &[Receiver],
    owners: impl Iterator<Item = &'o Arc<str>> + Clone,
    log: &Log,
) {
    for receiver in receivers {
        let Some(owner) = &receiver.owner else {
            continue;
        };
        if owners.clone().any(|known| known == owner) {
            continue;
        }
        let message = format!("no deployment has the owner {}", log.name(owner));
        log.report_with(receiver.site, message, || {
            let mut names: Vec<&str> = owners.clone().map(|owner| &**owner).collect();
            names.sort_unstable();
            names.dedup();
            log.suggestion(owner, names)
        });
    }
}

impl Means {
    fn rooted_at(&mut self, folder: &Path) {
        match self {
            Self::Slack { url } => url.rooted_at(folder),
            Self::Webhook { url, secret } => {
                url.rooted_at(folder);
                if let Some(secret) = secret {
                    secret.rooted_at(folder);
                }
            }
            Self::Command { .. } => {}
        }
    }

    fn check(&self) -> Result<(), String> {
        match self {
            Self::Slack { url } => url.check(),
            Self::Webhook { url, secret } => {
                url.check()?;
                secret.as_ref().map_or(Ok(()), Credential::check)
            }
            Self::Command { argv, .. } => {
                if argv.first().is_none_or(|program| program.is_empty()) {
                    return Err("expected a program and its arguments in `argv`".to_owned());
                }
                Ok(())
            }
        }
    }
}
