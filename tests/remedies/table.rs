//! What was tried, printed for the manual: `cargo test --test remedies -- --include-ignored --nocapture`.

use serde_json::Value;

/// How a remedy was followed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// Its commands were run.
    Run,
    /// Somebody did what its words say, and ran what commands it has.
    Instruction,
}

/// What the program says of one hop.
pub struct Hop(pub Value);

impl Hop {
    pub fn verdict(&self) -> &str {
        self.0["verdict"].as_str().unwrap()
    }

    pub fn remedy(&self) -> &str {
        self.0["remedy"].as_str().unwrap_or_default()
    }
}

/// The rows of one platform.
pub struct Table {
    source: &'static str,
    rows: Vec<String>,
}

impl Table {
    pub fn of(source: &'static str) -> Self {
        Self {
            source,
            rows: Vec::new(),
        }
    }

    /// Audits, follows the remedy, and audits again.
    #[track_caller]
    pub fn tries(
        &mut self,
        what: &str,
        verdict: &str,
        audit: impl Fn() -> Hop,
        follow: impl FnOnce(&str) -> Followed,
    ) {
        let before = audit();
        assert_eq!(before.verdict(), verdict, "{what}: {:#}", before.0);
        let remedy = before.remedy().to_owned();
        let followed = match follow(&remedy) {
            Followed::Run => "run",
            Followed::Instruction => "instruction",
        };
        let after = audit();
        assert_eq!(
            after.verdict(),
            "current",
            "{what}, after {remedy:?}: {:#}",
            after.0
        );
        self.rows.push(format!(
            "| `{}` | {what} | {verdict} | {followed} | yes |",
            self.source
        ));
    }
}

impl Drop for Table {
    #[expect(clippy::print_stdout, reason = "the table is what is to be seen")]
    fn drop(&mut self) {
        if !std::thread::panicking() {
            for row in &self.rows {
                println!("{row}");
            }
        }
    }
}

/// The commands of a remedy: what stands in backticks and starts with a program.
pub fn commands(remedy: &str) -> Vec<String> {
    const STARTS: [&str; 8] = [
        "docker ",
        "docker-compose ",
        "podman ",
        "systemctl ",
        "etcdctl ",
        "cd ",
        "ALLSTAK_",
        "sudo ",
    ];
    let spans = remedy.split('`').skip(1).step_by(2);
    spans
        .filter(|span| STARTS.iter().any(|start| span.starts_with(start)))
        .map(str::to_owned)
        .collect()
}

/// What a remedy names behind these words.
#[track_caller]
pub fn named<'r>(remedy: &'r str, before: &str, until: &[&str]) -> &'r str {
    let (_, rest) = remedy
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before:?} in {remedy:?}"));
    let ends = until.iter().filter_map(|until| rest.find(until));
    &rest[..ends.min().unwrap_or(rest.len())]
}
