//! The program's report beside the second opinion, place by place.
//!
//! Where several verdicts are allowed, the one that was given is taken over, so that what follows
//! from it is still checked.

use serde_json::Value;

use super::judge::{self, Damage, Entry, Expected};
use super::keys::fingerprint;
use super::kinds::Kinds;
use super::route::{self, Identity, JudgedHop};
use super::world::{Asked, Content, Deployment, Hop, Reference, Seen, Verdict, World};

/// Where the two disagree.
#[derive(Debug)]
pub struct Fault {
    pub deployment: Option<String>,
    pub what: String,
}

pub struct Checked {
    pub faults: Vec<Fault>,
    /// What was said of each selected deployment's hops, by its index.
    pub hops: Vec<(usize, Vec<JudgedHop>)>,
}

/// Whether a deployment is one of those that were asked for.
pub fn is_selected(world: &World, asked: &Asked, deployment: &Deployment) -> bool {
    asked.owner.is_none_or(|owner| owner == deployment.owner)
        && (asked.project.as_ref()).is_none_or(|one| *one == world.scope(deployment).project)
        && (asked.environment.as_ref()).is_none_or(|one| *one == deployment.environment)
}

/// Whether anything is left to look at. To select nothing is an error.
pub fn is_anything_selected(world: &World, asked: &Asked) -> bool {
    let until = |hop: &Hop| asked.until.is_none_or(|until| hop.stage <= until);
    let mut selected = (world.deployments.iter()).filter(|one| is_selected(world, asked, one));
    selected.any(|one| one.hops.iter().any(until))
}

pub fn report(world: &World, asked: &Asked, kinds: &Kinds, report: &Value) -> Checked {
    let keyring = judge::keyring(world);
    let mut checked = Checked {
        faults: Vec::new(),
        hops: Vec::new(),
    };
    let selected: Vec<(usize, &Deployment)> = world
        .deployments
        .iter()
        .enumerate()
        .filter(|(_, one)| is_selected(world, asked, one))
        .collect();
    let rows = report["deployments"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if rows.len() != selected.len() {
        checked.faults.push(Fault {
            deployment: None,
            what: format!("{} deployments, not {}", rows.len(), selected.len()),
        });
        return checked;
    }
    for ((index, deployment), row) in selected.into_iter().zip(&rows) {
        let one = One {
            world,
            keyring: &keyring,
            deployment,
        };
        let mut faults = Vec::new();
        if let Some(hops) = one.check(asked, kinds, row, &mut faults) {
            checked.hops.push((index, hops));
        }
        checked.faults.extend(faults.into_iter().map(|what| Fault {
            deployment: Some(deployment.name.clone()),
            what,
        }));
    }
    projects(world, asked, report).into_iter().for_each(|what| {
        checked.faults.push(Fault {
            deployment: None,
            what,
        });
    });
    checked
}

fn projects(world: &World, asked: &Asked, report: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let rows = report["projects"].as_array().cloned().unwrap_or_default();
    for (index, scope) in world.scopes.iter().enumerate() {
        if scope.dropped {
            continue;
        }
        let environment = scope.environment.as_deref();
        let Some(row) = rows.iter().find(|row| {
            row["name"] == scope.project.as_str() && row["environment"].as_str() == environment
        }) else {
            faults.push(format!("no project {}", scope.project));
            continue;
        };
        let named = format!("{}/{}", scope.project, environment.unwrap_or("-"));
        let said = verdict(&row["reference"]["verdict"]);
        let right = match scope.reference {
            Reference::Sound => said == Some(Verdict::Current),
            Reference::Faulty { .. } => said.is_some_and(Verdict::is_drift),
            Reference::Unread => said == Some(Verdict::Unreachable),
        };
        if !right {
            faults.push(format!(
                "the reference of {named} is {:?}, and is said to be {}",
                scope.reference, row["reference"]
            ));
            continue;
        }
        let used = (world.deployments.iter())
            .any(|one| one.scope == index && is_selected(world, asked, one));
        if row["selected"] != used {
            faults.push(format!(
                "{named} is said to be selected: {}",
                row["selected"]
            ));
        }
        let current = match scope.reference {
            Reference::Sound => Some(fingerprint(scope.current.key.as_bytes(), 12)),
            _ => None,
        };
        if row["current"].as_str() != current.as_deref() {
            faults.push(format!("{named} has the current key {}", row["current"]));
        }
    }
    faults
}

pub fn verdict(value: &Value) -> Option<Verdict> {
    value.as_str().and_then(Verdict::named)
}

/// One deployment, and what was said of it.
struct One<'a> {
    world: &'a World,
    keyring: &'a [Entry<'a>],
    deployment: &'a Deployment,
}

impl One<'_> {
    /// What was said of its hops, unless that is too far off to go on.
    fn check(
        &self,
        asked: &Asked,
        kinds: &Kinds,
        row: &Value,
        faults: &mut Vec<String>,
    ) -> Option<Vec<JudgedHop>> {
        if row["name"] != self.deployment.name.as_str() {
            faults.push(format!("{} stands in its place", row["name"]));
            return None;
        }
        let rows = row["hops"].as_array()?;
        if rows.len() != self.deployment.hops.len() {
            faults.push(format!("{} hops", rows.len()));
            return None;
        }
        let mut judged = Vec::new();
        for (index, (hop, said)) in self.deployment.hops.iter().zip(rows).enumerate() {
            if asked.until.is_some_and(|until| hop.stage > until) {
                if said["verdict"] != "not-selected" {
                    faults.push(format!("hop {index} is {}, not left out", said["verdict"]));
                }
                judged.push(JudgedHop::left_out());
                continue;
            }
            match self.hop(hop, kinds, said) {
                Ok(hop) => judged.push(hop),
                Err(what) => {
                    faults.push(format!("hop {index}: {what}\n  said: {said}"));
                    return None;
                }
            }
        }
        route::check(&judged, kinds, row, faults);
        Some(judged)
    }

    fn hop(&self, hop: &Hop, kinds: &Kinds, said: &Value) -> Result<JudgedHop, String> {
        let mut left: Vec<&Value> = said["readings"].as_array().into_iter().flatten().collect();
        if left.len() != hop.replicas.len() {
            return Err(format!("{} readings", left.len()));
        }
        let mut judged = JudgedHop::default();
        let mut worst: Option<(Verdict, Vec<Expected>)> = None;
        for content in &hop.replicas {
            let (world, keyring) = (self.world, self.keyring);
            let expected = judge::expected(world, keyring, self.deployment, hop, content);
            let fits = |reading: &&Value| {
                verdict(&reading["verdict"]).is_some_and(|said| expected.verdicts.contains(&said))
                    && is_of(reading, hop, content)
            };
            // Processes come in an order of their own.
            let at = match hop.source {
                "process" => left.iter().position(fits),
                _ => Some(0).filter(|_| fits(&left[0])),
            };
            let Some(at) = at else {
                return Err(format!("{content:?} is {:?}", expected.verdicts));
            };
            let reading = left.remove(at);
            let verdict = verdict(&reading["verdict"]).unwrap_or(Verdict::Unknown);
            let evidence = reading["evidence"].as_str().unwrap_or_default().to_owned();
            if kinds.has(Kinds::UNPROVEN) || verdict != Verdict::Unverified {
                evidence_is_right(hop, verdict, &evidence)?;
            }
            judged.readings.push((verdict, evidence));
            match &mut worst {
                Some((known, list)) if *known == verdict => {
                    list.push(expected);
                    judged.identities.push(Identity::of(content, keyring));
                }
                Some((known, _)) if *known < verdict => {}
                _ => {
                    worst = Some((verdict, vec![expected]));
                    judged.identities = vec![Identity::of(content, keyring)];
                }
            }
        }
        let Some((worst, expected)) = worst else {
            return Err("nothing was read".to_owned());
        };
        judged.verdict = worst;
        if said["verdict"] != worst.name() {
            return Err(format!("its worst reading is {worst:?}"));
        }
        // Only where one reading decides, or several that are alike.
        if expected.iter().any(|one| self.explains(one, worst, said)) {
            return Ok(judged);
        }
        Err(format!("expected {expected:?}"))
    }

    /// Whether damage and key are told as expected.
    fn explains(&self, expected: &Expected, worst: Verdict, said: &Value) -> bool {
        if expected.verdicts.first() != Some(&worst) || expected.open.contains(&worst) {
            return true;
        }
        let names: Vec<&str> = said["damage"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let damage = match &expected.damage {
            Damage::None => names.is_empty(),
            Damage::Exactly(expected) => names == *expected,
            Damage::One(name) => names.contains(name),
            Damage::Some => !names.is_empty(),
        };
        let matches = &said["matches"];
        if worst == Verdict::Unverified {
            return names.is_empty() && matches.is_null();
        }
        let known = match expected.matches.is_empty() {
            true => matches.is_null(),
            false => expected.matches.iter().any(|(scope, role)| {
                let scope = &self.world.scopes[*scope];
                matches["project"] == scope.project.as_str()
                    && matches["environment"].as_str() == scope.environment.as_deref()
                    && matches["key"] == role.name()
                    && matches["behind"] == role.behind()
            }),
        };
        damage && known
    }
}

/// Whether a reading can be the one of this replica.
fn is_of(reading: &Value, hop: &Hop, content: &Content) -> bool {
    let Content::Bytes(bytes, _) = content else {
        return reading["fingerprint"].is_null();
    };
    let Some(shown) = reading["fingerprint"].as_str() else {
        return true;
    };
    let digits = match hop.seen {
        Seen::Value => 12,
        Seen::Fingerprint(digits) => digits.min(12),
    };
    shown.starts_with(&fingerprint(bytes, digits))
}

/// Whether what is proven is proven by what can be seen, and nothing else is.
fn evidence_is_right(hop: &Hop, verdict: Verdict, evidence: &str) -> Result<(), String> {
    let right = match verdict {
        Verdict::Unreachable | Verdict::Unverified => evidence == "none",
        Verdict::NotRequired | Verdict::NotSelected => true,
        Verdict::Current if hop.at_reference => evidence == "reference",
        // That the key is where none should be is proven there all the same.
        _ if hop.at_reference => matches!(evidence, "reference" | "value"),
        Verdict::Missing => evidence != "none",
        _ => match hop.seen {
            Seen::Value => evidence == "value",
            Seen::Fingerprint(_) => evidence == "fingerprint",
        },
    };
    match right {
        true => Ok(()),
        false => Err(format!("its evidence is {evidence}")),
    }
}
