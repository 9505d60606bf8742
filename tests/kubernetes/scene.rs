//! A folder with a targets.yaml and kubeconfigs, and the program run in it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use data_encoding::BASE64;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fake::Fake;
use crate::objects::ROTATED;
use crate::{CURRENT, OLD, TOKEN};

pub struct Scene {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// What came of it.
pub struct Ran {
    pub code: Option<i32>,
    pub report: Value,
    /// Everything that was printed.
    pub printed: String,
}

impl Scene {
    /// With a kubeconfig that KUBECONFIG names, whose context `prod` logs in with the usual token.
    pub fn of(fake: &Fake) -> Self {
        let mut scene = Self::bare();
        scene.kubeconfig("kubeconfig", fake, json!({"token": TOKEN}));
        scene.set("KUBECONFIG", "kubeconfig");
        scene
    }

    pub fn bare() -> Self {
        let scene = Self {
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        };
        scene.write("current", CURRENT);
        scene.write("old", OLD);
        scene
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap();
    }

    pub fn program(&self, name: &str, script: &str) {
        self.write(name, script);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// A kubeconfig with one context, `prod`, for a user of this kind.
    pub fn kubeconfig(&self, file: &str, fake: &Fake, user: Value) {
        let authority = BASE64.encode(fake.authority.certificate.as_bytes());
        let cluster = json!({"server": fake.url(), "certificate-authority-data": authority});
        self.kubeconfig_of(file, "prod", cluster, user);
    }

    pub fn kubeconfig_of(&self, file: &str, context: &str, cluster: Value, user: Value) {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": context,
            "clusters": [{"name": context, "cluster": cluster}],
            "users": [{"name": context, "user": user}],
            "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        });
        self.write(file, &config.to_string());
    }

    /// Audits these hops, each a deployment, and stores.
    pub fn audit<H: AsRef<str>>(&self, stores: &str, hops: &[H]) -> Ran {
        self.targets(stores, hops);
        let mut command = Command::new(env!("CARGO_BIN_EXE_straggler"));
        command.args(["audit", "-vvv", "-f", "json", "--concurrency", "16"]);
        self.run(command)
    }

    /// Asks whether the old key may be revoked, of one deployment with this hop.
    pub fn revoke_check(&self, hop: &str) -> Ran {
        self.targets("", &[hop]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_straggler"));
        command.args(["revoke-check", "checkout", "-f", "json", "--no-ledger"]);
        self.run(command)
    }

    pub fn targets<H: AsRef<str>>(&self, stores: &str, hops: &[H]) {
        let deployments: String = hops
            .iter()
            .enumerate()
            .map(|(index, hop)| {
                format!(
                    "  - {{ name: d{index}, project: checkout, route: [ {} ] }}\n",
                    hop.as_ref()
                )
            })
            .collect();
        self.write(
            "targets.yaml",
            &format!(
                "version: 1
projects:
  checkout:
    variable: KEY
    current: {{ file: {{ path: current }} }}
    previous: [ {{ file: {{ path: old }} }} ]
    rotated_at: {ROTATED}
stores: {{ {stores} }}
deployments:
{deployments}"
            ),
        );
    }

    pub fn run(&self, mut command: Command) -> Ran {
        let output = command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let [out, err] =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        let printed = format!("{out}\n{err}");
        for secret in [CURRENT, OLD, TOKEN] {
            assert!(!printed.contains(secret), "{printed}");
        }
        Ran {
            code: output.status.code(),
            report: serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {printed}")),
            printed,
        }
    }
}

impl Ran {
    /// Fails unless it ended with this code.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.printed);
        self
    }

    /// The last hop of a deployment.
    pub fn hop(&self, deployment: usize) -> &Value {
        let hops = &self.report["deployments"][deployment]["hops"];
        hops.as_array().unwrap().last().unwrap()
    }

    /// Fails unless the last hop of a deployment has this verdict, and says this.
    #[track_caller]
    pub fn says(&self, deployment: usize, verdict: &str, evidence: &str, text: &str) -> &Self {
        let hop = self.hop(deployment);
        assert_eq!(hop["verdict"], verdict, "{hop:#}");
        assert_eq!(hop["evidence"], evidence, "{hop:#}");
        let said = [hop["message"].as_str(), hop["remedy"].as_str()].map(Option::unwrap_or_default);
        assert!(
            said.iter().any(|said| said.contains(text)),
            "{text}: {hop:#}"
        );
        self
    }
}
