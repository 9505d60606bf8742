//! The smallest world that still shows a fault, and how it is told.

use std::fmt::Write as _;

use super::compare::Fault;
use super::disk;
use super::kinds::Kinds;
use super::run;
use super::world::{Scope, World};

/// Takes away what the fault does not need.
pub fn smallest(world: &World, faults: &[Fault], kinds: &Kinds) -> (World, Vec<Fault>) {
    let mut best = world.clone();
    let mut shows = Vec::new();
    // A deployment that is named may show it alone.
    let named: Vec<&String> = faults
        .iter()
        .filter_map(|one| one.deployment.as_ref())
        .collect();
    if let Some(name) = named.first() {
        let mut alone = world.clone();
        alone.deployments.retain(|one| one.name == **name);
        if let Some(found) = still(&alone, kinds) {
            (best, shows) = (alone, found);
        }
    }
    let mut step = best.deployments.len() / 2;
    while step > 0 {
        let mut from = 0;
        while from < best.deployments.len() && best.deployments.len() > 1 {
            let mut less = best.clone();
            let to = (from + step).min(less.deployments.len());
            less.deployments.drain(from..to);
            match still(&less, kinds) {
                Some(found) if !less.deployments.is_empty() => (best, shows) = (less, found),
                _ => from = to,
            }
        }
        step /= 2;
    }
    for deployment in 0..best.deployments.len() {
        let mut hop = 0;
        while hop < best.deployments[deployment].hops.len() {
            let mut less = best.clone();
            less.deployments[deployment].hops.remove(hop);
            let empty = less.deployments[deployment].hops.is_empty();
            match still(&less, kinds) {
                Some(found) if !empty => (best, shows) = (less, found),
                _ => hop += 1,
            }
        }
    }
    for index in (0..best.scopes.len()).rev() {
        let scope = &best.scopes[index];
        let project = scope.environment.is_none().then(|| scope.project.clone());
        let used = best
            .deployments
            .iter()
            .any(|one| one.scope == index || project.as_ref() == Some(&best.scope(one).project));
        let goes = |other: usize, scope: &Scope| {
            other == index || project.as_ref() == Some(&scope.project)
        };
        let needed = (best.scopes.iter().enumerate()).any(|(other, scope)| {
            let mut reasons = scope.leans_on.iter();
            let kept = !scope.dropped && !goes(other, scope);
            kept && reasons.any(|&reason| goes(reason, &best.scopes[reason]))
        });
        if used || needed {
            continue;
        }
        let mut less = best.clone();
        for (other, scope) in less.scopes.iter_mut().enumerate() {
            scope.dropped |= other == index || project.as_ref() == Some(&scope.project);
        }
        if let Some(found) = still(&less, kinds) {
            (best, shows) = (less, found);
        }
    }
    if shows.is_empty() {
        shows = run::faults(&best, usize::MAX, kinds);
    }
    (best, shows)
}

fn still(world: &World, kinds: &Kinds) -> Option<Vec<Fault>> {
    if world.deployments.is_empty() || world.deployments.iter().any(|one| one.hops.is_empty()) {
        return None;
    }
    let faults = run::faults(world, usize::MAX, kinds);
    // A configuration that is wrong by now shows something else.
    let broken = faults.iter().any(|fault| fault.what.contains("Some(2)"));
    (!faults.is_empty() && !broken).then_some(faults)
}

/// Both answers, and everything that is needed to see them again.
pub fn told(world: &World, faults: &[Fault]) -> String {
    let mut text = format!("seed {}\n", world.seed);
    for fault in faults.iter().take(3) {
        let who = fault.deployment.as_deref().unwrap_or("-");
        writeln!(text, "{who}: {}", fault.what).unwrap();
    }
    text.push_str(&disk::targets(world));
    for deployment in &world.deployments {
        for (index, hop) in deployment.hops.iter().enumerate() {
            writeln!(
                text,
                "# {} hop {index}: {:?}",
                deployment.name, hop.replicas
            )
            .unwrap();
            writeln!(text, "#   {:?}", hop.artifacts).unwrap();
        }
    }
    for scope in world.scopes.iter().filter(|scope| !scope.dropped) {
        writeln!(
            text,
            "# {}/{:?} {:?}: {} {:?}",
            scope.project,
            scope.environment,
            scope.reference,
            scope.current.key,
            scope.current.artifacts
        )
        .unwrap();
        for (index, former) in scope.previous.iter().enumerate() {
            writeln!(text, "#   previous {index}: {}", former.known.key).unwrap();
        }
        if let Some(next) = &scope.next {
            writeln!(text, "#   next: {}", next.key).unwrap();
        }
    }
    text
}
