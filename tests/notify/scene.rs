//! A real audit with real keys in files, and who is told of it.

use std::fs;
use std::time::Duration;

use futures_util::future::join_all;
use straggler::audit::{self, Audit, Options, Remembered};
use straggler::fetch::Quiet;
use straggler::ledger::{Change, ChangeKind, Changes, Name};
use straggler::task::notify::{Limits, Sender};
use straggler::{inventory, platform};
use tempfile::TempDir;

/// The key that is right, and the one before it.
pub const CURRENT: &str = "ask_live_4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua";
pub const OLD: &str = "ask_live_Zp3LmX8vQe5TnC1yWk7HdRs2JbGf6Ua9";
/// What is in a secret URL, and what messages are signed with.
pub const PATH: &str = "/services/T0CANARY/B0CANARY/xCANARYCANARYx";
pub const SECRET: &str = "a-secret-that-nobody-is-told";

pub struct Scene {
    pub audit: Audit,
    pub changes: Changes,
    /// Where targets.yaml is.
    pub folder: TempDir,
    limits: Limits,
}

impl Scene {
    /// `notify` as it stands in targets.yaml; `slack` is what the file `slack.url` holds.
    pub async fn new(notify: &str, slack: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let targets = format!(
            "version: 1
projects:
  checkout:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{{32}}$'
    current: {{ file: {{ path: now }} }}
    previous: [{{ file: {{ path: old }} }}]
deployments:
- {{ name: api, project: checkout, route: [file: {{ path: api }}] }}
- {{ name: web, project: checkout, route: [file: {{ path: web }}] }}
{notify}
"
        );
        for (name, text) in [
            ("targets.yaml", &*targets),
            ("now", CURRENT),
            ("old", OLD),
            ("api", OLD),
            ("web", &format!("\"{CURRENT}\"")),
            ("slack.url", slack),
            ("hook.secret", SECRET),
        ] {
            write(name, text);
        }
        let path = folder.path().join("targets.yaml");
        let inventory =
            inventory::load(&path, &|_| None).unwrap_or_else(|problems| panic!("{problems}"));
        let connections = platform::connections(inventory.connections());
        let audit = audit::run(
            inventory,
            &[0, 1],
            connections,
            &Remembered::default(),
            &Options::default(),
            &Quiet,
            std::future::pending(),
        )
        .await;
        let changes = audit
            .deployments
            .iter()
            .enumerate()
            .map(|(index, outcome)| {
                let deployment = &audit.inventory.deployments[outcome.deployment as usize];
                Change {
                    kind: ChangeKind::New,
                    name: Name::of(&audit.inventory.projects[0].name, deployment),
                    outcome: Some(index),
                    before: None,
                    now: Some(outcome.verdict),
                }
            });
        Self {
            changes: Changes {
                list: changes.collect(),
                ..Changes::default()
            },
            audit,
            folder,
            limits: LIMITS,
        }
    }

    /// Gives an attempt, and a program, so much time.
    pub fn within(mut self, limit: Duration) -> Self {
        self.limits.attempt = limit;
        self.limits.command = limit;
        self
    }

    /// Tells everybody, and what became of it: nothing, or why not, for each name.
    pub async fn told(&self) -> Vec<(String, Option<String>)> {
        let sender = Sender::new(self.limits);
        let receivers = self.audit.inventory.notify.iter();
        let told = join_all(receivers.map(async |receiver| {
            let told = sender.tell(receiver, &self.audit, &self.changes).await;
            (&receiver.name, told)
        }));
        let told = told.await;
        let told = told.into_iter().map(|(name, result)| {
            let why = result.err().map(|failure| failure.to_string());
            if let Some(why) = &why {
                harmless(why);
            }
            (name.to_string(), why)
        });
        told.collect()
    }

    /// Tells the only receiver there is, and why it was not told.
    pub async fn refusal(&self) -> String {
        let mut told = self.told().await;
        assert_eq!(told.len(), 1);
        told.remove(0).1.unwrap()
    }

    pub async fn succeeds(&self) {
        for (name, why) in self.told().await {
            assert_eq!(why, None, "{name}");
        }
    }
}

/// Of those that are waited for in vain a test says how long.
pub const LIMITS: Limits = Limits {
    attempt: Duration::from_secs(120),
    retries: 3,
    pause: Duration::from_millis(20),
    longest: Duration::from_secs(2),
    command: Duration::from_secs(120),
};

/// Neither a key nor a secret is in it, nor the path of a secret URL.
pub fn harmless(text: &str) {
    for secret in [CURRENT, OLD, SECRET, "CANARY"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
