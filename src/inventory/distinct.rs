use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::Deployment;
use super::log::Log;

/// Reports deployments that cannot be told apart: by what they are, or by what they are called.
pub(super) fn distinct(deployments: &[Deployment], log: &Log) {
    let hasher = RandomState::new();
    let by_parts = |one: &Deployment| digest(one, &hasher);
    pairs(deployments, by_parts, same, log);
    let by_title = |one: &Deployment| title_digest(one, &hasher);
    let differ =
        |one: &Deployment, other: &Deployment| !same(one, other) && one.title() == other.title();
    pairs(deployments, by_title, differ, log);
}

fn pairs(
    deployments: &[Deployment],
    digest: impl Fn(&Deployment) -> u64,
    same: impl Fn(&Deployment, &Deployment) -> bool,
    log: &Log,
) {
    // Eight bytes and an index each, since a hundred thousand of them are nothing unusual.
    let mut order: Vec<(u64, u32)> = deployments
        .iter()
        .zip(0..)
        .map(|(deployment, index)| (digest(deployment), index))
        .collect();
    order.sort_unstable();
    for run in order.chunk_by(|one, other| one.0 == other.0) {
        let mut first: Vec<&Deployment> = Vec::new();
        for (_, index) in run {
            let deployment = &deployments[*index as usize];
            match first.iter().find(|other| same(other, deployment)) {
                Some(other) => report(other, deployment, log),
                None => first.push(deployment),
            }
        }
    }
}

fn report(first: &Deployment, deployment: &Deployment, log: &Log) {
    let name = log.name(&deployment.name);
    if !same(first, deployment) {
        let message = format!(
            "deployment {name} has the title of the one at {}: {}",
            log.place(first.site),
            log.name(&deployment.title())
        );
        log.report_with(deployment.site, message, || {
            Some(
                "every report, flag and the ledger name a deployment by its title, so give one of them another name"
                    .to_owned(),
            )
        });
        return;
    }
    if first.site == deployment.site {
        let message = format!("the matrix makes deployment {name} more than once");
        log.report_with(deployment.site, message, || {
            Some(
                "a deployment is its name, environment and axes: put what differs into the name, \
                 as in `name: 'api-${project}'`"
                    .to_owned(),
            )
        });
        return;
    }
    let message = format!(
        "deployment {name} is declared twice: first at {}",
        log.place(first.site)
    );
    log.report_with(deployment.site, message, || {
        Some("a deployment is its name, environment and axes together".to_owned())
    });
}

/// Regardless of the order of the axes.
fn digest(deployment: &Deployment, hasher: &RandomState) -> u64 {
    let axes = deployment.axes.iter();
    axes.map(|axis| hasher.hash_one(axis)).fold(
        hasher.hash_one((&deployment.name, &deployment.environment)),
        u64::wrapping_add,
    )
}

/// Of the title, by which people and the ledger know a deployment.
fn title_digest(deployment: &Deployment, hasher: &RandomState) -> u64 {
    let mut title = Hashed(hasher.build_hasher());
    // Writing to a hasher cannot fail.
    let _ = deployment.write_title(&mut title);
    title.0.finish()
}

/// Text that goes into a hash as it is written.
struct Hashed<H>(H);

impl<H: Hasher> fmt::Write for Hashed<H> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

/// Whether the name, the environment and the axes are the same, regardless of the order of those.
fn same(one: &Deployment, other: &Deployment) -> bool {
    one.name == other.name
        && one.environment == other.environment
        && one.axes.len() == other.axes.len()
        && one.axes.iter().all(|axis| other.axes.contains(axis))
}
