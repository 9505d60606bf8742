//! The program in a world, and what the second opinion says of its answers.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::compare::{self, Fault};
use super::dice::Dice;
use super::disk::{self, Standing};
use super::gate;
use super::keys::{Style, fingerprint};
use super::kinds::Kinds;
use super::revoke::{self, Question};
use super::tally;
use super::world::{Asked, World};

/// Everything that is wrong with what the program says of a world. `questions` bounds how many
/// projects are asked about.
pub fn faults(world: &World, questions: usize, kinds: &Kinds) -> Vec<Fault> {
    let standing = disk::stand(world);
    let mut faults = audit(world, &Asked::default(), &standing, kinds);
    if is_anything(&world.asked) {
        faults.extend(audit(world, &world.asked, &standing, kinds));
    }
    if kinds.has(Kinds::REVOKE) {
        for question in asked_of(world, questions, kinds) {
            faults.extend(revoke(world, &question, &standing, kinds));
        }
    }
    faults
}

fn is_anything(asked: &Asked) -> bool {
    asked.until.is_some()
        || asked.fail_on.is_some()
        || asked.accept
        || asked.owner.is_some()
        || asked.project.is_some()
        || asked.environment.is_some()
}

fn audit(world: &World, asked: &Asked, standing: &Standing, kinds: &Kinds) -> Vec<Fault> {
    let mut arguments = vec!["audit".to_owned(), "--no-progress".to_owned()];
    let mut option =
        |name: &str, value: &str| arguments.extend([name.to_owned(), value.to_owned()]);
    if let Some(until) = asked.until {
        option("--until", until.name());
    }
    if let Some(verdicts) = &asked.fail_on {
        let names: Vec<&str> = verdicts.iter().map(|verdict| verdict.name()).collect();
        option("--fail-on", &names.join(","));
    }
    if asked.accept {
        option("--accept", "unverified");
    }
    if let Some(owner) = asked.owner {
        option("--owner", owner);
    }
    if let Some(project) = &asked.project {
        option("--project", project);
    }
    if let Some(environment) = &asked.environment {
        option("--environment", environment);
    }
    let called = arguments.join(" ");
    let (code, report, complaint) = run(&arguments, standing);
    let fault = |what: String| Fault {
        deployment: None,
        what: format!("{called}: {what}"),
    };
    let selected = compare::is_anything_selected(world, asked);
    if !selected {
        return match code {
            Some(2) => Vec::new(),
            code => vec![fault(format!(
                "nothing is selected, and it ends with {code:?}"
            ))],
        };
    }
    let Some(report) = report else {
        return vec![fault(format!("it ends with {code:?}: {complaint}"))];
    };
    let checked = compare::report(world, asked, kinds, &report);
    let hops = checked.hops.iter().flat_map(|(_, hops)| hops);
    hops.for_each(|hop| tally::count(hop.verdict.name().to_owned()));
    let mut faults: Vec<Fault> = checked
        .faults
        .iter()
        .map(|known| Fault {
            deployment: known.deployment.clone(),
            what: format!("{called}: {}", known.what),
        })
        .collect();
    if !faults.is_empty() {
        return faults;
    }
    faults.extend(
        gate::summary(world, &checked, &report)
            .into_iter()
            .map(fault),
    );
    let codes = gate::codes(world, asked, &checked);
    if !code.is_some_and(|code| codes.contains(&code)) {
        faults.push(fault(format!(
            "it ends with {code:?}, not {codes:?}: {complaint}"
        )));
    }
    if report["summary"]["exit_code"].as_i64() != code.map(i64::from) {
        let said = &report["summary"]["exit_code"];
        faults.push(fault(format!(
            "it says that it ends with {said}, and ends with {code:?}"
        )));
    }
    faults
}

fn asked_of(world: &World, questions: usize, kinds: &Kinds) -> Vec<Question> {
    let mut asked = Vec::new();
    let mut dice = Dice::new(world.seed ^ 0x5EED);
    let kept = world.scopes.iter().filter(|scope| !scope.dropped);
    for scope in kept
        .filter(|scope| scope.environment.is_none())
        .take(questions)
    {
        let question = |key| Question {
            project: scope.project.clone(),
            key,
        };
        asked.push(question(None));
        if !kinds.has(Kinds::ASKED) {
            continue;
        }
        let key = match dice.below(6) {
            0 => Style::Plain.key(&mut dice),
            1 => dice.pick(&world.scopes).current.key.clone(),
            2 => match dice.pick(&world.scopes).previous.first() {
                Some(former) => former.known.key.clone(),
                None => continue,
            },
            _ => continue,
        };
        asked.push(question(Some(key)));
    }
    asked
}

fn revoke(world: &World, question: &Question, standing: &Standing, kinds: &Kinds) -> Vec<Fault> {
    let mut arguments = vec!["revoke-check".to_owned(), question.project.clone()];
    if let Some(key) = &question.key {
        arguments.extend(["--key".to_owned(), fingerprint(key.as_bytes(), 64)]);
    }
    let called = arguments.join(" ");
    let (code, answer, complaint) = run(&arguments, standing);
    let fault = |what: String| Fault {
        deployment: None,
        what: format!("{called}: {what}"),
    };
    let Some(answer) = answer else {
        return vec![fault(format!("it ends with {code:?}: {complaint}"))];
    };
    let (codes, listed) = revoke::check(world, question, kinds, &answer);
    let mut faults = Vec::new();
    if !code.is_some_and(|code| codes.contains(&code)) {
        faults.push(fault(format!(
            "it ends with {code:?}, not {codes:?}; doubts: {}, alive: {}",
            answer["doubts"], answer["alive"]
        )));
    }
    if answer["exit_code"].as_i64() != code.map(i64::from) || answer["safe"] != (code == Some(0)) {
        faults.push(fault(format!(
            "it ends with {code:?}, and says {}, safe: {}",
            answer["exit_code"], answer["safe"]
        )));
    }
    if kinds.has(Kinds::BLIND) {
        faults.extend(listed.into_iter().map(fault));
    }
    faults
}

/// Exit code, JSON and complaints.
fn run(arguments: &[String], standing: &Standing) -> (Option<i32>, Option<Value>, String) {
    let folder: &Path = standing.folder.path();
    // Another build of the program may be judged, too.
    let program = std::env::var_os("STRAGGLER_WORLDS_PROGRAM");
    let program = program.unwrap_or_else(|| env!("CARGO_BIN_EXE_straggler").into());
    let output = Command::new(program)
        .args(arguments)
        .args([
            "--config",
            "targets.yaml",
            "--no-ledger",
            "--format",
            "json",
            "--retries",
            "0",
        ])
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("NO_COLOR", "1")
        .envs(standing.variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let code = output.status.code().map_or(-1, |code| code);
    tally::count(format!("{} {code}", arguments[0]));
    let report = serde_json::from_slice(&output.stdout).ok();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), report, complaint)
}
