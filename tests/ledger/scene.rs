//! Audits of files in a folder, at made-up times.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use straggler::audit::{self, Audit, Options, Owner, Remembered};
use straggler::fetch::Quiet;
use straggler::gate;
use straggler::inventory::{self, Inventory};
use straggler::judge::RotationBasis;
use straggler::key::{Digits, Fingerprint};
use straggler::ledger::{Change, ChangeSet, Conclusion, Ledger};
use straggler::platform;
use straggler::verdict::Stage;

/// A key that fits the format, made from its name.
pub fn key(name: &str) -> String {
    let filler = "7Q2mXa9LkTz4RwEy1NvBc8HsJd3GfUpo";
    format!("ask_live_{name}{}", &filler[name.len()..])
}

pub fn print(name: &str) -> Fingerprint {
    Fingerprint::of(key(name).as_bytes()).cut(Digits::DEFAULT)
}

/// The files are these: `checkout` and `shop` hold the keys; what deployments hold is named by each.
pub const TARGETS: &str = "version: 1
projects:
  checkout:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{32}$'
    current: { file: { path: checkout } }
  shop: { variable: KEY, current: { file: { path: shop } } }
defaults: { environment: production }
deployments:
  - { name: api, project: checkout, route: [ { file: { path: api.store } }, { dotenv: { path: api.env } } ] }
  - { name: web, project: checkout, route: [ { dotenv: { path: web.env } } ] }
";

pub struct Scene {
    folder: PathBuf,
    now: Cell<Timestamp>,
}

impl Scene {
    /// Everybody holds the key `one`, and `shop` is the other project's.
    pub fn new(folder: &Path) -> Self {
        let scene = Self {
            folder: folder.join("scene"),
            now: Cell::new("2026-11-20T09:00:00Z".parse().unwrap()),
        };
        fs::create_dir_all(&scene.folder).unwrap();
        scene.targets(TARGETS);
        scene.write("shop", &key("shop"));
        scene.reference("one");
        scene.all_hold("one");
        scene
    }

    /// So many more deployments, `many0` and on.
    pub fn many(&self, deployments: usize) {
        let mut yaml = TARGETS.to_owned();
        for number in 0..deployments {
            let name = format!("many{number}");
            yaml += &format!(
                "  - {{ name: {name}, project: checkout, route: [ {{ dotenv: {{ path: {name}.env }} }} ] }}\n"
            );
        }
        self.targets(&yaml);
    }

    pub fn targets(&self, yaml: &str) {
        self.write("targets.yaml", yaml);
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn reference(&self, name: &str) {
        self.write("checkout", &key(name));
    }

    pub fn hold(&self, file: &str, name: &str) {
        let key = key(name);
        let is_env = file.ends_with(".env");
        self.write(file, &if is_env { format!("KEY={key}\n") } else { key });
    }

    pub fn all_hold(&self, name: &str) {
        for file in ["api.store", "api.env", "web.env"] {
            self.hold(file, name);
        }
    }

    /// What is there no more cannot be read.
    pub fn lose(&self, file: &str) {
        let path = self.folder.join(file);
        let _ = fs::remove_file(&path);
        // What is no file is nothing that could hold a key, and a broken place to look at.
        fs::create_dir_all(path).unwrap();
    }

    pub fn find(&self, file: &str) {
        let _ = fs::remove_dir(self.folder.join(file));
    }

    pub fn now(&self) -> Timestamp {
        self.now.get()
    }

    /// Time passes.
    pub fn wait(&self, minutes: i64) {
        self.now
            .set(self.now.get() + SignedDuration::from_mins(minutes));
    }

    /// What targets.yaml says.
    pub fn inventory(&self) -> Inventory {
        let path = self.folder.join("targets.yaml");
        inventory::load(&path, &|_| None).unwrap_or_else(|problems| panic!("{problems}"))
    }

    /// An audit of everything that takes no time.
    pub async fn audit(&self, remembered: &Remembered) -> Audit {
        self.audit_with(remembered, None).await
    }

    pub async fn audit_with(&self, remembered: &Remembered, until: Option<Stage>) -> Audit {
        let inventory = self.inventory();
        let selected: Vec<u32> = (0..).take(inventory.deployments.len()).collect();
        let connections = platform::connections(inventory.connections());
        let options = Options {
            until,
            ..Options::default()
        };
        let mut audit = audit::run(
            inventory,
            &selected,
            connections,
            remembered,
            &options,
            &Quiet,
            std::future::pending(),
        )
        .await;
        audit.started_at = self.now();
        audit.generated_at = self.now();
        audit
    }

    /// Recalls, audits, records; a minute later.
    pub async fn night(&self, ledger: &Ledger) -> Audit {
        self.wait(1);
        let audit = self.audit(&ledger.recall().await.unwrap()).await;
        ledger.record(&audit, &conclusion(&audit)).await.unwrap();
        audit
    }
}

pub fn conclusion(audit: &Audit) -> Conclusion {
    let code = gate::exit_code(audit).code();
    let waived = |index: &usize| gate::waived(audit, &audit.deployments[*index]).is_some();
    Conclusion {
        exit_code: code,
        complete: code != 3,
        accepted: (0..audit.deployments.len()).filter(waived).collect(),
    }
}

pub fn checkout() -> Owner {
    Owner {
        project: "checkout".into(),
        environment: None,
    }
}

/// Where T₀ of `checkout` comes from.
pub fn basis(audit: &Audit) -> RotationBasis {
    audit.projects[0].rotation
}

/// `api stale, web current`, without the environment.
pub fn verdicts(audit: &Audit) -> String {
    let told = audit.deployments.iter().map(|outcome| {
        let declared = &audit.inventory.deployments[outcome.deployment as usize];
        format!("{} {}", declared.name, outcome.verdict)
    });
    told.collect::<Vec<_>>().join(", ")
}

pub const LOG: &str = "log";

/// `new api (production) stale`, and with what it was before.
pub fn said(changes: &[Change]) -> Vec<String> {
    let said = changes.iter().map(|change| {
        let mut text = format!("{} {}", change.kind, change.name.title);
        for verdict in [change.before, change.now] {
            text += " ";
            text += verdict.map_or("-", straggler::verdict::Verdict::name);
        }
        text.replace(" (production)", "")
    });
    said.collect()
}

/// Asks what changed, and tells it.
pub async fn told(ledger: &Ledger, audit: &Audit, receiver: &str) -> Vec<String> {
    let set = changes(ledger, audit, receiver).await;
    let told = said(&set.changes.list);
    let nothing = std::collections::BTreeSet::new();
    ledger.tell(set, &nothing, |_, _| true).await.unwrap();
    told
}

/// What changed for this receiver.
pub async fn changes(ledger: &Ledger, audit: &Audit, receiver: &str) -> ChangeSet {
    let sets = ledger.changes(audit, &conclusion(audit), &[receiver]).await;
    sets.unwrap().remove(0)
}
