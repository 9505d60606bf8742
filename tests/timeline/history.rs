//! One random history, and what is compared after each step of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};
use straggler::verdict::Verdict;

use crate::model::{Model, Reference, Safety};
use crate::program::{self, Answer};
use crate::random::Random;
use crate::world::{Content, World};

/// Goes through one history. What went otherwise than the model says comes back with the steps to it.
pub fn run(seed: u64, steps: usize, aloud: bool) -> Result<(), String> {
    let mut random = Random::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let mut history = History {
        world: World::new(&mut random),
        model: Model::new(2),
        random,
        told: BTreeMap::new(),
        last: BTreeMap::new(),
        issued: Vec::new(),
        log: format!("TIMELINE={seed}\n"),
    };
    for project in &history.world.projects {
        history
            .issued
            .extend(project.reference.key().map(str::to_owned));
    }
    for step in 0..=steps {
        let what = if step == 0 {
            "the first audit".to_owned()
        } else {
            history.step(folder.path())
        };
        writeln!(history.log, "{} {what}", history.world.now).unwrap();
        if aloud {
            eprintln!("{} {what}", history.world.now);
        }
        history
            .check(folder.path())
            .map_err(|what| format!("{}{}=> {what}", history.log, history.keys()))?;
    }
    Ok(())
}

struct History {
    world: World,
    model: Model,
    random: Random,
    /// What was told of each deployment; nothing where the rules for what is out of sight decide.
    told: BTreeMap<String, Option<String>>,
    /// What each deployment was at the step before.
    last: BTreeMap<String, String>,
    /// Every key there ever was.
    issued: Vec<String>,
    log: String,
}

impl History {
    fn new_key(&mut self) -> String {
        let key = self.random.key();
        self.issued.push(key.clone());
        key
    }

    /// Something happens.
    fn step(&mut self, folder: &Path) -> String {
        let wait = match self.random.below(4) {
            0 => 20 + self.random.below(60),
            _ => 120 + self.random.below(30_000),
        };
        self.world.wait(i64::try_from(wait).unwrap());
        let index = self.random.below(2);
        let name = self.world.projects[index].name;
        match self.random.below(23) {
            0 => {
                let key = self.new_key();
                self.world.projects[index].rotated_at = Some(self.world.now);
                self.refer(index, Content::Key(key));
                format!("{name} is rotated, and that is declared")
            }
            1 => {
                let key = self.new_key();
                let seconds = self.world.now.as_second();
                let minute = jiff::Timestamp::from_second(seconds - seconds % 60).unwrap();
                self.world.projects[index].rotated_at = Some(minute);
                self.refer(index, Content::Key(key));
                format!("{name} is rotated, and that is declared to the minute")
            }
            2 => {
                let key = self.new_key();
                self.refer(index, Content::Key(key));
                format!("{name} is rotated, and nobody says so")
            }
            3 => {
                let key = self.new_key();
                self.world.projects[index].next = Some(key.clone());
                if self.random.one_in(2) {
                    self.deploy(index, 2, &key);
                }
                format!("{name} has a next key")
            }
            4 | 5 => match self.world.projects[index].next.take() {
                Some(next) => {
                    self.refer(index, Content::Key(next));
                    if self.random.one_in(2) {
                        self.world.projects[index].rotated_at = Some(self.world.now);
                    }
                    format!("the next key of {name} is promoted")
                }
                None => self.deploy_all(index),
            },
            6 => {
                let earlier = self.earlier(index);
                match earlier.is_empty() {
                    true => self.deploy_all(index),
                    false => {
                        let key = self.random.pick(&earlier).clone();
                        self.refer(index, Content::Key(key));
                        format!("{name} is rolled back")
                    }
                }
            }
            7 => self.misread(index),
            8 | 9 => match self.model.last_sure(index) {
                Some(key) => {
                    self.refer(index, Content::Key(key));
                    format!("the reference of {name} is what it was")
                }
                None => self.deploy_all(index),
            },
            10 => {
                let stray = self.random.pick(&self.issued).clone();
                let content = match self.random.below(3) {
                    0 => Content::Empty,
                    _ => Content::Key(stray),
                };
                let what = format!("a hop of {name} gets {content:?}");
                *self.some_hop(index) = content;
                what
            }
            11 => {
                *self.some_hop(index) = Content::Unreadable;
                format!("a hop of {name} is out of sight")
            }
            12 => self.edit(),
            13 => self.edit(),
            14 | 15 => self.confirm(index, folder),
            16 => self.retire(folder),
            17 => {
                *self.some_hop(index) = Content::Empty;
                format!("a hop of {name} is emptied")
            }
            18 => self.rename(),
            _ => self.deploy_all(index),
        }
    }

    fn refer(&mut self, index: usize, content: Content) {
        self.world.projects[index].reference = content;
    }

    fn earlier(&self, index: usize) -> Vec<String> {
        let previous = self.model.previous(&self.world, index);
        previous.into_iter().map(str::to_owned).collect()
    }

    fn some_hop(&mut self, index: usize) -> &mut Content {
        let at = self.random.below(16);
        let hops = self.world.deployments.iter_mut();
        let mut hops: Vec<_> = hops
            .filter(|deployment| deployment.project == index)
            .flat_map(|deployment| &mut deployment.hops)
            .collect();
        let at = at % hops.len();
        &mut hops.swap_remove(at).content
    }

    /// One hop in so many gets the key.
    fn deploy(&mut self, index: usize, one_in: usize, key: &str) {
        for deployment in &mut self.world.deployments {
            for hop in &mut deployment.hops {
                if deployment.project == index && self.random.one_in(one_in) {
                    hop.content = Content::Key(key.to_owned());
                }
            }
        }
    }

    fn deploy_all(&mut self, index: usize) -> String {
        let name = self.world.projects[index].name;
        let Some(key) = self.world.projects[index]
            .reference
            .key()
            .map(str::to_owned)
        else {
            return "nothing happens".to_owned();
        };
        let part = 1 + self.random.below(2);
        self.deploy(index, part, &key);
        format!(
            "{name} is deployed{}",
            if part == 1 { "" } else { " in part" }
        )
    }

    fn misread(&mut self, index: usize) -> String {
        let other = 1 - index;
        let siblings = self.earlier(other);
        let content = match self.random.below(7) {
            5 => {
                let theirs = self.world.projects[other].reference.clone();
                let mine = self.world.projects[index].reference.clone();
                self.refer(other, mine);
                self.refer(index, theirs);
                return "the references are swapped".to_owned();
            }
            6 => Content::Key(self.random.pick(&self.issued).clone()),
            0 => Content::Empty,
            1 => Content::Unreadable,
            2 if !siblings.is_empty() => Content::Key(self.random.pick(&siblings).clone()),
            3 => match self.world.projects[other].reference.clone() {
                Content::Key(key) => Content::Key(key),
                _ => Content::Empty,
            },
            _ => Content::Key(self.new_key()),
        };
        let what = format!(
            "{} is misread: {content:?}",
            self.world.projects[index].name
        );
        self.refer(index, content);
        what
    }

    /// targets.yaml names something no longer, or again.
    fn edit(&mut self) -> String {
        let at = self.random.below(self.world.deployments.len());
        let whole = self.random.one_in(2);
        let alone = |world: &World, project| {
            let mine = world.listed().filter(|other| other.project == project);
            mine.count() == 1
        };
        let project = self.world.deployments[at].project;
        let may_go = !alone(&self.world, project);
        let deployment = &mut self.world.deployments[at];
        if !deployment.listed || (whole && may_go) {
            deployment.listed = !deployment.listed;
            let how = if deployment.listed {
                "names"
            } else {
                "no longer names"
            };
            return format!("targets.yaml {how} {}", deployment.name);
        }
        if let [_, last] = deployment.hops.as_mut_slice() {
            last.listed = !last.listed;
            let how = if last.listed {
                "names"
            } else {
                "no longer names"
            };
            return format!("targets.yaml {how} {}", last.file);
        }
        "nothing happens".to_owned()
    }

    /// A deployment gets another name, and stays where it is.
    fn rename(&mut self) -> String {
        let at = self.random.below(self.world.deployments.len());
        let deployment = &mut self.world.deployments[at];
        let before = deployment.name.clone();
        deployment.name.push('x');
        format!("{before} is called {} now", deployment.name)
    }

    fn confirm(&mut self, index: usize, folder: &Path) -> String {
        let name = self.world.projects[index].name;
        if !self.model.is_suspected(index) {
            return self.deploy_all(index);
        }
        let answer = program::run(folder, self.world.now, &["history", "confirm", name]);
        self.model.confirm(index, self.world.now);
        format!(
            "somebody confirms the reference of {name}: {} {}",
            answer.code,
            answer.told.trim()
        )
    }

    fn retire(&mut self, folder: &Path) -> String {
        let gone = self.world.deployments.iter();
        let gone = gone
            .filter(|deployment| !deployment.listed && self.model.knows(&deployment.name))
            .map(|deployment| deployment.name.clone());
        let Some(name) = gone.into_iter().next() else {
            return "nothing happens".to_owned();
        };
        let answer = program::run(folder, self.world.now, &["history", "retire", &name]);
        self.model.retire(&name);
        format!("{name} is retired: {} {}", answer.code, answer.told.trim())
    }

    /// An audit and the questions, compared with the model.
    fn check(&mut self, folder: &Path) -> Result<(), String> {
        self.world.write(folder);
        let arguments = [
            "audit",
            "--changed-only",
            "--no-progress",
            "-f",
            "json",
            "-o",
            "json=whole.json",
        ];
        let answer = program::run(folder, self.world.now, &arguments);
        let whole = std::fs::read_to_string(folder.join("whole.json")).unwrap_or_default();
        let whole: Value = serde_json::from_str(&whole)
            .map_err(|_| format!("no report, exit {}: {}", answer.code, answer.told))?;
        self.model.audit(&self.world);
        self.check_projects(&whole)?;
        let verdicts = self.check_deployments(&whole)?;
        self.check_code(&answer, &whole, &verdicts)?;
        self.check_changes(&answer, &verdicts)?;
        for index in 0..2 {
            self.check_question(index, folder)?;
        }
        self.check_history(folder)
    }

    fn check_projects(&self, whole: &Value) -> Result<(), String> {
        for (index, project) in self.world.projects.iter().enumerate() {
            let shown = &whole["projects"][index];
            let verdict = shown["reference"]["verdict"].as_str().unwrap_or("none");
            let expected = self.model.references[index];
            let right = match expected {
                Reference::Sound => verdict == "current",
                Reference::Unread => verdict == "unreachable",
                Reference::Returned => verdict == "revoked",
                Reference::Faulty => {
                    !["current", "unreachable", "unverified", "none"].contains(&verdict)
                }
            };
            ensure(right, || {
                format!(
                    "the reference of {} is {expected:?}, not {verdict}",
                    project.name
                )
            })?;
            if matches!(expected, Reference::Sound | Reference::Returned) {
                let suspected = shown["rotation"] == "suspected";
                ensure(suspected == self.model.is_suspected(index), || {
                    format!(
                        "{} is suspected: {}, not {}",
                        project.name, !suspected, shown["rotation"]
                    )
                })?;
            }
            if expected != Reference::Sound {
                continue;
            }
            let previous: Vec<_> = shown["previous"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|key| key["fingerprint"].as_str())
                .collect();
            for key in self.model.previous(&self.world, index) {
                ensure(previous.contains(&&*fingerprint(key)), || {
                    format!(
                        "{} is a previous key of {}, and these are told: {previous:?}",
                        fingerprint(key),
                        project.name
                    )
                })?;
            }
            for key in &self.issued {
                let told = previous.contains(&&*fingerprint(key));
                ensure(!told || !self.model.was_never(index, key), || {
                    format!("{} never was a key of {}", fingerprint(key), project.name)
                })?;
            }
        }
        Ok(())
    }

    /// The verdicts of the deployments, each hop of which the model agreed to.
    fn check_deployments(&self, whole: &Value) -> Result<BTreeMap<String, String>, String> {
        let mut verdicts = BTreeMap::new();
        let shown = whole["deployments"].as_array().into_iter().flatten();
        let shown: BTreeMap<&str, &Value> = shown
            .filter_map(|deployment| Some((deployment["name"].as_str()?, deployment)))
            .collect();
        for deployment in self.world.listed() {
            let told = shown
                .get(&*deployment.name)
                .ok_or_else(|| format!("{} is left out", deployment.name))?;
            let hops = deployment.hops.iter().filter(|hop| hop.listed);
            for (at, hop) in hops.enumerate() {
                let expected = self
                    .model
                    .verdicts(&self.world, deployment.project, &hop.content);
                let verdict = told["hops"][at]["verdict"].as_str().unwrap_or("none");
                ensure(expected.contains(&verdict), || {
                    format!(
                        "{} with {:?} is {expected:?}, not {verdict}: {}",
                        hop.file, hop.content, told["hops"][at]["message"]
                    )
                })?;
            }
            verdicts.insert(
                deployment.name.clone(),
                told["verdict"].as_str().unwrap_or("none").to_owned(),
            );
        }
        Ok(verdicts)
    }

    fn check_code(
        &self,
        answer: &Answer,
        whole: &Value,
        verdicts: &BTreeMap<String, String>,
    ) -> Result<(), String> {
        let listed: BTreeSet<usize> = self.world.listed().map(|one| one.project).collect();
        let sound = listed
            .into_iter()
            .all(|index| self.model.references[index] == Reference::Sound);
        let fine = sound && verdicts.values().all(|verdict| verdict == "current");
        ensure((answer.code == 0) == fine, || {
            format!(
                "an audit in which all is fine is {fine}, but it ended with {}",
                answer.code
            )
        })?;
        ensure(whole["summary"]["exit_code"] == answer.code, || {
            format!(
                "the report says {}, the process {}",
                whole["summary"]["exit_code"], answer.code
            )
        })
    }

    fn check_changes(
        &mut self,
        answer: &Answer,
        verdicts: &BTreeMap<String, String>,
    ) -> Result<(), String> {
        let changes = answer.document["changes"].as_array();
        let changes = changes.ok_or_else(|| format!("no changes: {}", answer.told))?;
        let changed: BTreeSet<&str> = changes
            .iter()
            .filter_map(|change| change["title"].as_str())
            .collect();
        for (name, verdict) in verdicts {
            let out_of_sight = ["unreachable", "unverified"].contains(&verdict.as_str());
            // Good news has to hold for two audits, and the step before had one at least.
            let held = self.last.get(name) == Some(verdict);
            let is_better = |told: &str| rank(verdict) > rank(told);
            let told = self.told.get(name).cloned();
            match &told {
                Some(Some(told)) if !out_of_sight => {
                    let both = format!("{name} was {told} and is {verdict}");
                    let may_wait = is_better(told) && !held;
                    ensure(
                        told == verdict || may_wait || changed.contains(&**name),
                        || format!("{both}, which is not told"),
                    )?;
                    let same = told == "current" && verdict == "current";
                    ensure(!same || !changed.contains(&**name), || {
                        format!("{both}, which is told")
                    })?;
                }
                None if !out_of_sight && verdict != "current" => {
                    ensure(changed.contains(&**name), || {
                        format!("{name} is {verdict}, which is new and not told")
                    })?;
                }
                _ => {}
            }
            let waits = match &told {
                Some(Some(told)) => is_better(told) && !changed.contains(&**name),
                _ => false,
            };
            if !waits || out_of_sight {
                // What was out of sight may have been told as such; what holds and is not told was told already.
                let is_sure = held || changed.contains(&**name) || told != Some(None);
                let is_sure = is_sure && !out_of_sight;
                let known = is_sure.then(|| verdict.clone());
                self.told.insert(name.clone(), known);
            }
        }
        self.last.clone_from(verdicts);
        let gone = |name: &String| !verdicts.contains_key(name);
        for name in self.told.keys().filter(|name| gone(name)) {
            ensure(changed.contains(&**name), || {
                format!("{name} is gone, which is not told")
            })?;
        }
        self.told.retain(|name, _| verdicts.contains_key(name));
        Ok(())
    }

    fn check_question(&self, index: usize, folder: &Path) -> Result<(), String> {
        let name = self.world.projects[index].name;
        let arguments = ["revoke-check", name, "--no-progress", "--format", "json"];
        let answer = program::run(folder, self.world.now, &arguments);
        let safety = self.model.safety(&self.world, index);
        let right = match safety {
            Safety::Safe => answer.code == 0,
            Safety::Held => answer.code == 1,
            Safety::NotSafe => [1, 3].contains(&answer.code),
            Safety::Open => [0, 1, 3].contains(&answer.code),
        };
        ensure(right, || {
            format!(
                "revoke-check {name} is {safety:?}, but it ended with {}: {}",
                answer.code, answer.told
            )
        })?;
        ensure(answer.document["exit_code"] == answer.code, || {
            format!(
                "revoke-check {name} says {} and ends with {}",
                answer.document["exit_code"], answer.code
            )
        })
    }

    /// The ledger knows the keys that surely were current, in order.
    fn check_history(&self, folder: &Path) -> Result<(), String> {
        let answer = program::run(folder, self.world.now, &["history", "-f", "json"]);
        for (index, project) in self.world.projects.iter().enumerate() {
            let rows = answer.document["rotations"].as_array();
            let sure: Vec<&str> = rows
                .into_iter()
                .flatten()
                .filter(|row| row["project"] == project.name && !row["confirmed"].is_null())
                .filter_map(|row| row["fingerprint"].as_str())
                .collect();
            let expected: Vec<_> = self
                .model
                .sure(index)
                .into_iter()
                .map(fingerprint)
                .collect();
            ensure(sure == expected, || {
                format!(
                    "the history of {} is {expected:?}, not {sure:?}",
                    project.name
                )
            })?;
        }
        Ok(())
    }

    /// Which fingerprint is whose.
    fn keys(&self) -> String {
        let keys = self.issued.iter();
        keys.map(|key| format!("  {} {key}\n", fingerprint(key)))
            .collect()
    }
}

/// The worst first.
fn rank(verdict: &str) -> Option<usize> {
    Verdict::ALL.iter().position(|one| one.name() == verdict)
}

fn fingerprint(key: &str) -> String {
    format!("sha256:{}", &hex::encode(Sha256::digest(key))[..12])
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}
