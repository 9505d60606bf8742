//! What is really there: keys in files, and a targets.yaml that names the files.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use crate::random::Random;

/// What one file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Key(String),
    Empty,
    /// A folder stands where the file should.
    Unreadable,
}

impl Content {
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Empty | Self::Unreadable => None,
        }
    }
}

pub struct Project {
    pub name: &'static str,
    /// Whether old keys die at once.
    pub immediate: bool,
    pub reference: Content,
    pub next: Option<String>,
    pub rotated_at: Option<Timestamp>,
}

pub struct Hop {
    pub file: String,
    pub content: Content,
    /// Whether targets.yaml names it.
    pub listed: bool,
}

pub struct Deployment {
    pub name: String,
    pub project: usize,
    pub hops: Vec<Hop>,
    pub listed: bool,
}

pub struct World {
    pub now: Timestamp,
    pub projects: Vec<Project>,
    pub deployments: Vec<Deployment>,
}

impl World {
    /// Two projects, all of whose deployments hold the current key.
    pub fn new(random: &mut Random) -> Self {
        let mut projects = Vec::new();
        let mut deployments = Vec::new();
        for (index, name) in ["p", "q"].into_iter().enumerate() {
            let key = random.key();
            for number in 0..2 + random.below(2) {
                let hops = (0..1 + random.below(2)).map(|hop| Hop {
                    file: format!("{name}{number}-{hop}.env"),
                    content: Content::Key(key.clone()),
                    listed: true,
                });
                deployments.push(Deployment {
                    name: format!("{name}{number}"),
                    project: index,
                    hops: hops.collect(),
                    listed: true,
                });
            }
            projects.push(Project {
                name,
                immediate: random.one_in(3),
                reference: Content::Key(key),
                next: None,
                rotated_at: None,
            });
        }
        Self {
            now: "2026-03-02T08:00:00Z".parse().unwrap(),
            projects,
            deployments,
        }
    }

    pub fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    /// Puts everything into this folder as it is now.
    pub fn write(&self, folder: &Path) {
        for project in &self.projects {
            put(
                folder,
                &format!("{}.key", project.name),
                &project.reference,
                "",
            );
            let next = match &project.next {
                Some(key) => Content::Key(key.clone()),
                None => Content::Empty,
            };
            put(folder, &format!("{}.next", project.name), &next, "");
        }
        for hop in self
            .deployments
            .iter()
            .flat_map(|deployment| &deployment.hops)
        {
            put(folder, &hop.file, &hop.content, "KEY=");
        }
        fs::write(folder.join("targets.yaml"), self.targets()).unwrap();
    }

    fn targets(&self) -> String {
        let mut yaml = "version: 1\nprojects:\n".to_owned();
        for Project {
            name,
            immediate,
            rotated_at,
            ..
        } in &self.projects
        {
            let mut more = String::new();
            if *immediate {
                more += "    rotation: immediate\n";
            }
            if let Some(at) = rotated_at {
                writeln!(more, "    rotated_at: {}", at.strftime("%FT%TZ")).unwrap();
            }
            writeln!(
                yaml,
                "  {name}:\n    variable: KEY\n    format: '^ask_live_[A-Za-z0-9]{{32}}$'\n    \
                 current: {{ file: {{ path: {name}.key }} }}\n    next: {{ file: {{ path: {name}.next }} }}\n{more}"
            )
            .unwrap();
        }
        yaml += "deployments:\n";
        for deployment in self.listed() {
            let hops: Vec<_> = deployment
                .hops
                .iter()
                .filter(|hop| hop.listed)
                .map(|hop| format!("{{ dotenv: {{ path: {} }} }}", hop.file))
                .collect();
            writeln!(
                yaml,
                "  - {{ name: {}, project: {}, route: [ {} ] }}",
                deployment.name,
                self.projects[deployment.project].name,
                hops.join(", ")
            )
            .unwrap();
        }
        yaml
    }

    /// The deployments that targets.yaml names.
    pub fn listed(&self) -> impl Iterator<Item = &Deployment> {
        self.deployments
            .iter()
            .filter(|deployment| deployment.listed)
    }
}

fn put(folder: &Path, name: &str, content: &Content, before: &str) {
    let path = folder.join(name);
    if path.is_dir() {
        fs::remove_dir(&path).unwrap();
    }
    match content {
        Content::Key(key) => fs::write(path, format!("{before}{key}")).unwrap(),
        Content::Empty => fs::write(path, before).unwrap(),
        Content::Unreadable => {
            let _ = fs::remove_file(&path);
            fs::create_dir(path).unwrap();
        }
    }
}
