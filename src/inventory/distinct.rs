use std::hash::{BuildHasher, RandomState};

use super::Deployment;
use super::log::Log;

/// Reports deployments that cannot be told apart.
pub(super) fn distinct(deployments: &[Deployment], log: &Log) {
    let hasher = RandomState::new();
    // Eight bytes and an index each, since a hundred thousand of them are nothing unusual.
    let mut order: Vec<(u64, u32)> = deployments
        .iter()
        .zip(0..)
        .map(|(deployment, index)| (digest(deployment, &hasher), index))
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

fn same(one: &Deployment, other: &Deployment) -> bool {
    one.name == other.name
        && one.environment == other.environment
        && one.axes.len() == other.axes.len()
        && one.axes.iter().all(|axis| other.axes.contains(axis))
}
