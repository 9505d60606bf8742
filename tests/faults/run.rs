//! The program in a folder of its own, and what it reported.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;
use wait4::Wait4;

use crate::{CURRENT, OLD, TOKEN};

/// What came of an audit.
pub struct Ran {
    pub code: Option<i32>,
    pub report: Value,
    /// The most memory it had, in bytes.
    pub peak: u64,
    /// Everything it wrote.
    pub text: String,
}

impl Ran {
    pub fn deployments(&self) -> &[Value] {
        self.report["deployments"].as_array().unwrap()
    }
}

/// Audits deployments, one a line of YAML without its `project`, with these stores.
pub fn audit(stores: &[String], deployments: &[String], authority: &str, how: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("current"), CURRENT).unwrap();
    fs::write(path("old"), OLD).unwrap();
    fs::write(path("authority.pem"), authority).unwrap();
    let stores = match stores {
        [] => String::new(),
        stores => format!("stores:\n{}", stores.concat()),
    };
    let targets = format!(
        "version: 1
projects:
  shop:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{{32}}$'
    current: {{ file: {{ path: current }} }}
    previous: [ {{ file: {{ path: old }} }} ]
{stores}deployments:
{}",
        deployments.concat()
    );
    fs::write(path("targets.yaml"), targets).unwrap();
    let log = || {
        fs::File::options()
            .append(true)
            .create(true)
            .open(path("log"))
    };

    let mut child = Command::new(env!("CARGO_BIN_EXE_straggler"))
        .args(["audit", "--output", "json=report.json", "-vv"])
        .args(how)
        .current_dir(folder.path())
        .env_clear()
        .env("TOKEN", TOKEN)
        .env("SSL_CERT_FILE", path("authority.pem"))
        .stdin(Stdio::null())
        .stdout(log().unwrap())
        .stderr(log().unwrap())
        .spawn()
        .unwrap();
    let used = child.wait4().unwrap();

    let log = fs::read_to_string(path("log")).unwrap();
    let report = fs::read_to_string(path("report.json"))
        .unwrap_or_else(|error| panic!("no report: {error}: {log}"));
    Ran {
        code: used.status.code(),
        peak: used.rusage.maxrss,
        report: serde_json::from_str(&report).unwrap(),
        text: log + &report,
    }
}

/// A deployment with this route.
pub fn deployment(name: &str, route: &[String]) -> String {
    let route = route.join(", ");
    format!("  - {{ name: '{name}', project: shop, route: [ {route} ] }}\n")
}
