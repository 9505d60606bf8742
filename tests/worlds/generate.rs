//! A whole world out of one seed.

use super::contents;
use super::dice::Dice;
use super::kinds::Kinds;
use super::places::{self, Spot};
use super::scopes;
use super::world::{
    Asked, Content, Deployment, Expect, Hop, Reference, Scope, Spelling, Stage, Verdict, Waive,
    World,
};

/// What a world is like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Many deployments, and every kind of trouble.
    Messy,
    /// A few deployments, and hardly any trouble: here `revoke-check` has to answer 0.
    Tidy,
}

/// The world of this seed, with so many deployments.
pub fn world(seed: u64, mood: Mood, count: usize, kinds: &Kinds) -> World {
    let mut dice = Dice::new(seed);
    let dice = &mut dice;
    let tidy = mood == Mood::Tidy;
    let scopes = scopes::scopes(dice, kinds, tidy);
    let mut troubles = match (tidy, dice.below(3)) {
        (false, _) => usize::MAX,
        (true, number) => number,
    };
    let mut processes = if tidy { 2 } else { 6 };
    let mut deployments = Vec::new();
    for number in 0..count {
        let deployment = deployment(
            &scopes,
            seed.wrapping_mul(1_000_003)
                .wrapping_add(number as u64 * 10),
            number,
            &mut troubles,
            &mut processes,
            kinds,
            dice,
        );
        deployments.push(deployment);
    }
    let asked = asked(tidy, &scopes, dice);
    World {
        seed,
        scopes,
        deployments,
        asked,
    }
}

fn deployment(
    scopes: &[Scope],
    number: u64,
    name: usize,
    troubles: &mut usize,
    processes: &mut usize,
    kinds: &Kinds,
    dice: &mut Dice,
) -> Deployment {
    let own = dice.below(scopes.len());
    let scope = &scopes[own];
    let environment = match &scope.environment {
        Some(environment) => environment.clone(),
        None => "production".to_owned(),
    };
    let tidy = *troubles != usize::MAX;
    let variable = (dice.percent(15)).then(|| "ITS_OWN_KEY".to_owned());
    let mut deployment = Deployment {
        name: format!("service-{name}"),
        scope: own,
        environment,
        owner: ["ana", "ben", "eve"][dice.below(3)],
        expect: match dice.below(if tidy { 40 } else { 20 }) {
            0 => Expect::Absent,
            1 => Expect::Optional,
            _ => Expect::Current,
        },
        waive: waive(tidy, dice),
        hops: Vec::new(),
        variable,
        spelling: dice.weighed(&[
            (6, Spelling::Plain),
            (2, Spelling::Vars),
            (2, Spelling::Matrix),
        ]),
        place: number.to_string(),
    };
    let length = dice.weighed(&[(45, 1), (25, 2), (15, 3), (9, 4), (6, 5)]);
    let mut stages: Vec<Stage> = (0..length)
        .map(|_| dice.weighed(&[(2, Stage::Store), (6, Stage::Config), (3, Stage::Running)]))
        .collect();
    stages.sort_unstable();
    let mut story = fresh(scopes, own, troubles, kinds, dice);
    for (index, stage) in stages.into_iter().enumerate() {
        if dice.percent(45) {
            story = fresh(scopes, own, troubles, kinds, dice);
        }
        let variable = deployment.variable.clone();
        let spot = Spot {
            scope,
            variable: variable.as_deref().unwrap_or(&scope.variable),
            number: number.wrapping_mul(10).wrapping_add(index as u64),
            stage,
            kinds,
        };
        let mut hop = one_hop(scopes, own, &spot, &story, troubles, processes, dice);
        if !tidy {
            hop.expect = match dice.below(30) {
                0 => Some(Expect::Absent),
                1 => Some(Expect::Optional),
                2 => Some(Expect::Current),
                _ => None,
            };
        }
        if deployment.expect != Expect::Absent || dice.percent(50) {
            hop.waive = waive(tidy, dice);
        }
        let expect = hop.expect.unwrap_or(deployment.expect);
        if expect == Expect::Absent && !kinds.has(Kinds::STRICT_ABSENT) {
            hop.expect = Some(Expect::Optional);
        }
        deployment.hops.push(hop);
    }
    deployment
}

/// What stands at the next place, if nothing was carried over from the one before.
fn fresh(
    scopes: &[Scope],
    own: usize,
    troubles: &mut usize,
    kinds: &Kinds,
    dice: &mut Dice,
) -> Content {
    let right = contents::right(&scopes[own]);
    if *troubles == 0 || (*troubles < usize::MAX && dice.percent(70)) {
        return right;
    }
    let any = contents::any(scopes, own, dice, kinds);
    if any != right && *troubles < usize::MAX {
        *troubles -= 1;
    }
    any
}

fn one_hop(
    scopes: &[Scope],
    own: usize,
    spot: &Spot<'_>,
    story: &Content,
    troubles: &mut usize,
    processes: &mut usize,
    dice: &mut Dice,
) -> Hop {
    let sound = spot.scope.reference == Reference::Sound;
    if sound
        && spot.stage == Stage::Config
        && spot.variable == spot.scope.variable
        && dice.percent(6)
        && let Some(hop) = places::at_reference(spot, dice)
    {
        return hop;
    }
    let mut contents = vec![story.clone()];
    if dice.percent(15) {
        for _ in 0..dice.between(1, 3) {
            contents.push(match dice.percent(60) {
                true => story.clone(),
                false => fresh(scopes, own, troubles, spot.kinds, dice),
            });
        }
    }
    let hop = places::hop(spot, contents, *processes > 0, dice);
    if hop.source == "process" {
        *processes -= 1;
    }
    hop
}

fn waive(tidy: bool, dice: &mut Dice) -> Option<Waive> {
    if tidy || dice.percent(92) {
        return None;
    }
    let every = [
        &Verdict::DRIFT[..],
        &[Verdict::Unreachable, Verdict::Unverified],
    ]
    .concat();
    let mut verdicts: Vec<Verdict> = (0..dice.between(1, 4))
        .map(|_| *dice.pick(&every))
        .collect();
    verdicts.sort_unstable();
    verdicts.dedup();
    Some(Waive {
        verdicts,
        over: dice.percent(8),
    })
}

fn asked(tidy: bool, scopes: &[Scope], dice: &mut Dice) -> Asked {
    let mut asked = Asked::default();
    if dice.percent(if tidy { 60 } else { 40 }) {
        return asked;
    }
    if dice.percent(40) {
        asked.until = Some(*dice.pick(&Stage::ALL));
    }
    if dice.percent(40) {
        let mut verdicts: Vec<Verdict> = (0..dice.between(1, 4))
            .map(|_| *dice.pick(&Verdict::DRIFT))
            .collect();
        verdicts.sort_unstable();
        verdicts.dedup();
        asked.fail_on = Some(verdicts);
    }
    asked.accept = dice.percent(40);
    match dice.below(4) {
        0 => asked.owner = Some("ana"),
        1 => asked.project = Some(scopes[0].project.clone()),
        2 => asked.environment = Some((*dice.pick(&["production", "staging"])).to_owned()),
        _ => {}
    }
    asked
}
