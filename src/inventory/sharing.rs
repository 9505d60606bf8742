//! Which projects share one key on purpose (`same_key_as`).

use std::collections::HashMap;
use std::sync::Arc;

use super::ground::Ground;
use super::project::{Entry, Projects};
use super::{Deployment, Project, Site};
use crate::keyring::ProjectId;

/// A `same_key_as` as it is written.
pub(super) struct Claim {
    /// Who says it.
    pub id: ProjectId,
    /// Whom it names.
    pub name: Arc<str>,
    /// Where.
    pub site: Site,
}

/// Gives environments that have no key of their own the one that they name, which is another key of their
/// project: the environment, the name and where it stands.
pub(super) fn lend(
    entry: &mut Entry,
    project: &str,
    borrowed: Vec<(Arc<str>, Arc<str>, Site)>,
    ground: &Ground<'_>,
) {
    for (environment, named, site) in borrowed {
        let own = entry.base.filter(|_| *named == *project).or_else(|| {
            let mut keys = entry.environments.iter();
            keys.find(|(other, _)| *other == named).map(|(_, id)| *id)
        });
        if let Some(id) = own {
            entry.environments.push((environment, id));
            continue;
        }
        let message = format!(
            "project {} has no key named {}: an environment without `current` can have only another key of \
             its project",
            ground.log.name(project),
            ground.log.name(&named)
        );
        ground.log.report_with(site, message, || {
            let environments = entry.environments.iter().map(|(name, _)| &**name);
            let names: Vec<&str> = environments.chain([project]).collect();
            ground.log.suggestion(&named, names.iter().copied())
        });
    }
}

/// Finds out whom each claim names, and puts those together who share a key, directly or not.
pub(super) fn resolve(projects: &mut Projects, deployments: &[Deployment], ground: &Ground<'_>) {
    let claims = std::mem::take(&mut projects.claims);
    if claims.is_empty() {
        return;
    }
    let titles: HashMap<String, ProjectId> = projects
        .list
        .iter()
        .zip(0..)
        .map(|(project, index)| (project.title(), ProjectId(index)))
        .collect();
    let mut groups: Vec<usize> = (0..projects.list.len()).collect();
    for claim in claims {
        match named(&claim, projects, &titles, deployments) {
            Some(other) if other == claim.id => {
                let message = "names its own key: expected another one that is the same";
                ground.log.report(claim.site, message);
            }
            Some(other) => {
                let [one, other] = [claim.id, other].map(|id| root(&groups, id.0 as usize));
                groups[one.max(other)] = one.min(other);
            }
            None => dangling(&claim, projects, &titles, ground),
        }
    }
    let roots: Vec<usize> = (0..groups.len()).map(|one| root(&groups, one)).collect();
    for (index, &first) in roots.iter().enumerate() {
        if first != index {
            let group = ProjectId(u32::try_from(first).unwrap_or(u32::MAX));
            projects.list[index].shares = Some(group);
            projects.list[first].shares = Some(group);
        }
    }
}

/// The first of those that share a key with this one, as far as is known.
fn root(groups: &[usize], mut one: usize) -> usize {
    while groups[one] != one {
        one = groups[one];
    }
    one
}

/// Whose key is meant: that of an environment of the same project, of a project or `project/environment`,
/// or the project's general one by an environment of deployments that should hold it.
fn named(
    claim: &Claim,
    projects: &Projects,
    titles: &HashMap<String, ProjectId>,
    deployments: &[Deployment],
) -> Option<ProjectId> {
    let entry = projects.entries.get(&projects.list[index(claim)].name)?;
    let mut environments = entry.environments.iter();
    let own = environments.find(|(name, _)| *name == claim.name);
    own.map(|(_, id)| *id)
        .or_else(|| titles.get(&*claim.name).copied())
        .or_else(|| {
            let general = entry.base?;
            deployments
                .iter()
                .any(|deployment| {
                    deployment.project == general
                        && deployment.environment.as_ref() == Some(&claim.name)
                })
                .then_some(general)
        })
}

fn dangling(
    claim: &Claim,
    projects: &Projects,
    titles: &HashMap<String, ProjectId>,
    ground: &Ground<'_>,
) {
    if !ground.whole {
        return;
    }
    let message = format!(
        "no project and no environment with a key of its own is named {}",
        ground.log.name(&claim.name)
    );
    let project: &Project = &projects.list[index(claim)];
    ground.log.report_with(claim.site, message, || {
        let entry = projects.entries.get(&project.name)?;
        let own = entry.environments.iter().map(|(name, _)| &**name);
        let mut names: Vec<&str> = own.chain(titles.keys().map(String::as_str)).collect();
        names.sort_unstable();
        ground.log.suggestion(&claim.name, names.iter().copied())
    });
}

fn index(claim: &Claim) -> usize {
    claim.id.0 as usize
}
