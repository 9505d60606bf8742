//! A real systemd, booted in a container, and straggler beside it.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use straggler::key::{Digits, Fingerprint};

use crate::machine::Machine;

const NEW: &str = "ask_live_Zx81QmTn04LrVbWc6YhKsUe2DpJgAoFi";
const OLD: &str = "ask_live_n3WqLt57RkXe0HvBsYzCmJ2uAdGfPo9I";

impl Machine {
    /// Audits one route to `NEW`, after which `OLD` came; the table and the deployment.
    fn audit(&self, user: &str, route: &str) -> (String, Value) {
        let old = Fingerprint::of(OLD.as_bytes()).cut(Digits::DEFAULT);
        let targets = format!(
            "version: 1
projects:
  checkout:
    variable: ALLSTAK_API_KEY
    format: '^ask_live_[A-Za-z0-9]{{32}}$'
    current: {{ file: {{ path: /srv/current }} }}
    previous: [ {{ fingerprint: '{old}' }} ]
deployments:
  - {{ name: web, project: checkout, route: [ {route} ] }}
"
        );
        self.write("/srv/targets.yaml", targets);
        self.write("/srv/current", NEW);
        let audit = format!(
            "cd /srv && setpriv {user} /opt/straggler/straggler audit -o json=/tmp/report.json; true"
        );
        self.run("rm -f /tmp/report.json");
        let table = self.run(&audit);
        let report = self.run("cat /tmp/report.json");
        let report: Value = serde_json::from_str(&report).unwrap_or_else(|_| panic!("{table}"));
        (table, report["deployments"][0].clone())
    }

    /// The verdicts of the hops.
    #[track_caller]
    fn verdicts(&self, route: &str, expected: &[&str]) -> String {
        let (table, deployment) = self.audit(ROOT, route);
        let hops = deployment["hops"].as_array().unwrap();
        let verdicts: Vec<_> = hops
            .iter()
            .map(|hop| hop["verdict"].as_str().unwrap())
            .collect();
        assert_eq!(verdicts, expected, "{table}\n{deployment:#}");
        let told = format!("{table}\n{deployment:#}");
        assert!(!told.contains(OLD) && !told.contains(NEW), "{told}");
        told
    }
}

const ROOT: &str = "--reuid=0";
const NOBODY: &str = "--reuid=65534 --regid=65534 --clear-groups";
const BOTH: &str = "{ systemd: { unit: web, stage: config } }, { systemd: { unit: web } }";

#[test]
#[ignore = "needs Docker and a systemd to boot; tests/run has them"]
fn a_real_systemd_is_read_as_it_is() {
    let machine = Machine::boot();
    a_file_that_changed_after_the_start_means_restart(&machine);
    every_process_of_a_unit_is_looked_at(&machine);
    units_that_do_not_run_are_out_of_sight(&machine);
    a_change_that_waits_for_a_reload_is_told(&machine);
    credentials_are_read_before_and_after_the_start(&machine);
    somebody_else_sees_less_and_is_told_so(&machine);
    what_the_next_start_gets_is_what_it_got(&machine);
    what_no_unit_shows_is_never_taken_for_sure(&machine);
}

fn a_file_that_changed_after_the_start_means_restart(machine: &Machine) {
    machine.write("/etc/web.env", format!("ALLSTAK_API_KEY=\"{OLD}\"\n"));
    machine.unit("web", "EnvironmentFile=/etc/web.env");
    machine.run("systemctl daemon-reload && systemctl start web && sleep 1.1");
    machine.verdicts(BOTH, &["stale", "stale"]);
    machine.write("/etc/web.env", format!("ALLSTAK_API_KEY=\"{NEW}\"\n"));
    let told = machine.verdicts(BOTH, &["current", "stale"]);
    assert!(
        told.contains("/etc/web.env was written after it started"),
        "{told}"
    );
    assert!(told.contains("systemctl restart web.service"), "{told}");
    // The same process, by another source.
    machine.verdicts("{ process: { unit: web } }", &["stale"]);
    machine.run("systemctl restart web");
    machine.verdicts(BOTH, &["current", "current"]);
    machine.verdicts("{ process: { unit: web } }", &["current"]);
}

fn every_process_of_a_unit_is_looked_at(machine: &Machine) {
    machine.write("/etc/forks.env", format!("ALLSTAK_API_KEY={OLD}\n"));
    let started = |name: &str, lines: &str| {
        let start = format!("ExecStart=\nExecStart=/bin/sh /etc/{name}.sh");
        machine.unit(name, &format!("{start}\n{lines}"));
    };
    // A child that has the old key, beside a main process that has the new one.
    started("forks", &format!("Environment=ALLSTAK_API_KEY={NEW}"));
    machine.write(
        "/etc/forks.sh",
        "(. /etc/forks.env; export ALLSTAK_API_KEY; exec sleep infinity) &\nexec sleep infinity\n",
    );
    // A script that sources a file and does not exec.
    started("sources", "");
    machine.write(
        "/etc/sources.sh",
        ". /etc/forks.env\nexport ALLSTAK_API_KEY\nsleep infinity\ntrue\n",
    );
    // One whose program reads the file by itself.
    started("reads", "");
    machine.write("/etc/reads.sh", ". /etc/forks.env\nsleep infinity\ntrue\n");
    let units = "forks sources reads";
    machine.run(&format!(
        "systemctl daemon-reload && systemctl start {units}"
    ));
    let hop = |unit: &str| {
        format!("{{ systemd: {{ unit: {unit} }} }}, {{ process: {{ unit: {unit} }} }}")
    };
    // The shell is there before its program is.
    let until = |unit: &str, verdict: &str| {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            let (table, deployment) = machine.audit(ROOT, &hop(unit));
            let hops = deployment["hops"].as_array().unwrap();
            let so = |hop: &Value| hop["verdict"] == verdict && hop["evidence"] == "value";
            if hops.iter().all(so) {
                return format!("{table}\n{deployment:#}");
            }
            assert!(Instant::now() < patience, "{unit}: {deployment:#}");
            sleep(Duration::from_millis(100));
        }
    };
    let told = until("forks", "stale");
    assert!(told.contains("1 of 2 processes"), "{told}");
    until("sources", "stale");
    let told = until("reads", "missing");
    assert!(told.contains("needs `loads: itself`"), "{told}");
    let itself = "{ systemd: { unit: reads, loads: itself } }";
    machine.verdicts(itself, &["unverified"]);
    machine.write("/etc/forks.env", format!("ALLSTAK_API_KEY={NEW}\n"));
    machine.run("systemctl restart sources forks");
    until("sources", "current");
    until("forks", "current");
}

fn units_that_do_not_run_are_out_of_sight(machine: &Machine) {
    machine.unit("idle", &format!("Environment=ALLSTAK_API_KEY={NEW}"));
    machine.unit("lost", "EnvironmentFile=/etc/no-such.env");
    machine.run("systemctl daemon-reload && systemctl mask never.service");
    let hop =
        |unit: &str, stage: &str| format!("{{ systemd: {{ unit: {unit}, stage: {stage} }} }}");
    machine.verdicts(&hop("idle", "config"), &["current"]);
    let told = machine.verdicts(&hop("idle", "running"), &["unreachable"]);
    assert!(told.contains("idle.service is inactive"), "{told}");
    let told = machine.verdicts(&hop("lost", "config"), &["unreachable"]);
    assert!(
        told.contains("cannot start: its /etc/no-such.env is not there"),
        "{told}"
    );
    assert!(
        !machine.try_run("systemctl start lost").0,
        "systemd starts it all the same"
    );
    let told = machine.verdicts(&hop("none", "running"), &["unreachable"]);
    assert!(told.contains("has no unit none.service"), "{told}");
    machine.write(
        "/root/.config/systemd/user/own.service",
        "[Service]\nExecStart=/bin/sleep infinity\n",
    );
    let told = machine.verdicts(&hop("own", "config"), &["unreachable"]);
    assert!(
        told.contains("but /root/.config/systemd/user/own.service is one of users"),
        "{told}"
    );
    let told = machine.verdicts(&hop("never", "config"), &["unreachable"]);
    assert!(told.contains("is masked"), "{told}");
}

fn a_change_that_waits_for_a_reload_is_told(machine: &Machine) {
    machine.unit("edited", &format!("Environment=ALLSTAK_API_KEY={OLD}"));
    machine.run("systemctl daemon-reload && systemctl start edited && sleep 1.1");
    let drop_in = format!("[Service]\nEnvironment=ALLSTAK_API_KEY={NEW}\n");
    machine.write("/etc/systemd/system/edited.service.d/key.conf", drop_in);
    let both = BOTH.replace("web", "edited");
    let told = machine.verdicts(&both, &["stale", "stale"]);
    assert!(told.contains("systemctl daemon-reload"), "{told}");
    machine.run("systemctl daemon-reload");
    let told = machine.verdicts(&both, &["current", "stale"]);
    assert!(
        told.contains("the next start would give it something else"),
        "{told}"
    );
    machine.run("systemctl restart edited");
    machine.verdicts(&both, &["current", "current"]);
}

fn credentials_are_read_before_and_after_the_start(machine: &Machine) {
    machine.write("/etc/keys/allstak", OLD);
    machine.unit(
        "sealed",
        "LoadCredential=allstak:/etc/keys/allstak\nSetCredential=other:x",
    );
    machine.run("systemctl daemon-reload");
    let hop = |stage: &str, name: &str| {
        format!("{{ systemd: {{ unit: sealed, stage: {stage}, credential: {name} }} }}")
    };
    let both = format!(
        "{}, {}",
        hop("config", "allstak"),
        hop("running", "allstak")
    );
    machine.verdicts(&both, &["stale", "unreachable"]);
    machine.run("systemctl start sealed");
    machine.verdicts(&both, &["stale", "stale"]);
    machine.write("/etc/keys/allstak", NEW);
    let told = machine.verdicts(&both, &["current", "stale"]);
    assert!(
        told.contains("the next start would hand it something else"),
        "{told}"
    );
    machine.run("systemctl restart sealed");
    machine.verdicts(&both, &["current", "current"]);
    machine.write("/etc/keys/allstak", format!("{NEW}\n"));
    machine.verdicts(&hop("config", "allstak"), &["malformed"]);
    machine.verdicts(&hop("config", "none"), &["missing"]);
}

fn somebody_else_sees_less_and_is_told_so(machine: &Machine) {
    machine.run("chmod 755 /srv && chmod 644 /srv/*");
    let audit = |route: &str| {
        let (_, deployment) = machine.audit(NOBODY, route);
        let hop = deployment["hops"][0].clone();
        (hop["verdict"].as_str().unwrap().to_owned(), hop.to_string())
    };
    machine.run("chmod 600 /etc/web.env");
    let (verdict, told) = audit("{ systemd: { unit: web, stage: config } }");
    assert_eq!(verdict, "unreachable", "{told}");
    assert!(told.contains("grant read on /etc/web.env"), "{told}");
    let (verdict, told) = audit("{ systemd: { unit: web } }");
    assert_eq!(verdict, "unreachable", "{told}");
    assert!(told.contains("denied"), "{told}");
    // Anybody is told what stands in the unit itself.
    let (verdict, told) = audit("{ systemd: { unit: idle, stage: config } }");
    assert_eq!(verdict, "current", "{told}");
}

/// Lines of units, each with the files it reads.
const CORPUS: &[(&str, &[(&str, &str)])] = &[
    ("", &[]),
    ("Environment=ALLSTAK_API_KEY=plain", &[]),
    ("Environment=\"ALLSTAK_API_KEY=in quotes\"", &[]),
    ("Environment=ALLSTAK_API_KEY=\"quoted value\"", &[]),
    ("Environment='ALLSTAK_API_KEY=single' OTHER=x", &[]),
    ("Environment=ALLSTAK_API_KEY=a\\x41b", &[]),
    ("Environment=ALLSTAK_API_KEY=100%%", &[]),
    ("Environment=ALLSTAK_API_KEY=%n", &[]),
    (
        "Environment=ALLSTAK_API_KEY=one\nEnvironment=ALLSTAK_API_KEY=two",
        &[],
    ),
    ("Environment=ALLSTAK_API_KEY=one\nEnvironment=", &[]),
    ("Environment=ALLSTAK_API_KEY=", &[]),
    (
        "Environment=ALLSTAK_API_KEY=own\nEnvironmentFile=FILE1",
        &[("FILE1", "ALLSTAK_API_KEY=file\n")],
    ),
    (
        "EnvironmentFile=FILE1\nEnvironment=ALLSTAK_API_KEY=own",
        &[("FILE1", "ALLSTAK_API_KEY=file\n")],
    ),
    (
        "Environment=ALLSTAK_API_KEY=own\nEnvironmentFile=FILE1",
        &[("FILE1", "OTHER=x\n")],
    ),
    (
        "EnvironmentFile=FILE1\nEnvironmentFile=FILE2",
        &[
            ("FILE1", "ALLSTAK_API_KEY=1\n"),
            ("FILE2", "ALLSTAK_API_KEY=2\n"),
        ],
    ),
    (
        "EnvironmentFile=FILE1\nEnvironmentFile=\nEnvironmentFile=-FILE2",
        &[("FILE1", "ALLSTAK_API_KEY=1\n")],
    ),
    ("EnvironmentFile=-FILE1", &[]),
    ("EnvironmentFile=FILE1", &[]),
    (
        "EnvironmentFile=-FILE1",
        &[("FILE1", "ALLSTAK_API_KEY=\"quoted\"\n")],
    ),
    (
        "EnvironmentFile=FILE1",
        &[("FILE1", "ALLSTAK_API_KEY=v # no comment\n")],
    ),
    (
        "EnvironmentFile=FILE1",
        &[("FILE1", "ALLSTAK_API_KEY=v\\\r\n")],
    ),
    (
        "EnvironmentFile=FILE1",
        &[("FILE1", "export ALLSTAK_API_KEY=v\n")],
    ),
    ("EnvironmentFile=FILE1", &[("FILE1", "ALLSTAK_API_KEY=\n")]),
    (
        "EnvironmentFile=FILE1.d/*.env",
        &[
            ("FILE1.d/a.env", "ALLSTAK_API_KEY=a\n"),
            ("FILE1.d/b.env", "ALLSTAK_API_KEY=b\n"),
        ],
    ),
    ("EnvironmentFile=FILE1.d/*.env", &[]),
    ("EnvironmentFile=-FILE1.d/*.env", &[]),
    (
        "Environment=ALLSTAK_API_KEY=own\nUnsetEnvironment=ALLSTAK_API_KEY",
        &[],
    ),
    (
        "Environment=ALLSTAK_API_KEY=own\nUnsetEnvironment=ALLSTAK_API_KEY=own",
        &[],
    ),
    (
        "Environment=ALLSTAK_API_KEY=own\nUnsetEnvironment=ALLSTAK_API_KEY=other",
        &[],
    ),
    (
        "EnvironmentFile=FILE1\nUnsetEnvironment=ALLSTAK_API_KEY",
        &[("FILE1", "ALLSTAK_API_KEY=file\n")],
    ),
    ("PassEnvironment=ALLSTAK_API_KEY", &[]),
    (
        "PassEnvironment=ALLSTAK_API_KEY\nEnvironment=ALLSTAK_API_KEY=own",
        &[],
    ),
    (
        "PassEnvironment=ALLSTAK_API_KEY\nEnvironmentFile=FILE1",
        &[("FILE1", "ALLSTAK_API_KEY=file\n")],
    ),
];

/// systemd itself is the oracle: what straggler says of the next start is what the process then has.
fn what_the_next_start_gets_is_what_it_got(machine: &Machine) {
    compare(machine);
    machine.run("systemctl set-environment ALLSTAK_API_KEY=for-all");
    compare(machine);
}

/// systemd's own configuration gives what nothing in a unit tells of.
fn what_no_unit_shows_is_never_taken_for_sure(machine: &Machine) {
    machine.run("systemctl unset-environment ALLSTAK_API_KEY");
    let both = |unit: &str| BOTH.replace("web", unit);
    let new = format!("Environment=ALLSTAK_API_KEY={NEW}");
    machine.unit("handed", "PassEnvironment=ALLSTAK_API_KEY");
    machine.unit("over", &format!("PassEnvironment=ALLSTAK_API_KEY\n{new}"));
    let setting = format!("[Manager]\nManagerEnvironment=ALLSTAK_API_KEY={OLD}\n");
    machine.write("/etc/systemd/system.conf.d/key.conf", setting);
    machine.run("systemctl daemon-reload && systemctl restart handed over");
    let told = machine.verdicts(&both("handed"), &["unverified", "stale"]);
    assert!(
        told.contains("/etc/systemd/system.conf.d/key.conf may set"),
        "{told}"
    );
    machine.verdicts(&both("over"), &["current", "current"]);
}

fn compare(machine: &Machine) {
    for (index, (lines, files)) in CORPUS.iter().enumerate() {
        let folder = format!("/etc/corpus/{index}");
        let placed = |text: &str| text.replace("FILE", &format!("{folder}/FILE"));
        machine.unit(&format!("case{index}"), &placed(lines));
        for (path, text) in *files {
            machine.write(&placed(path), text);
        }
    }
    machine.run("systemctl daemon-reload");
    let hops: Vec<_> = (0..CORPUS.len())
        .map(|index| format!("{{ systemd: {{ unit: case{index}, stage: config }} }}"))
        .collect();
    let (_, before) = machine.audit(ROOT, &hops.join(", "));
    let units: Vec<_> = (0..CORPUS.len())
        .map(|index| format!("case{index}"))
        .collect();
    machine.run(&format!("systemctl restart {}; true", units.join(" ")));
    let hops: Vec<_> = units
        .iter()
        .map(|unit| format!("{{ systemd: {{ unit: {unit} }} }}"))
        .collect();
    let (_, after) = machine.audit(ROOT, &hops.join(", "));
    for (index, (lines, _)) in CORPUS.iter().enumerate() {
        let real = machine.run(&format!(
            "pid=$(systemctl show -P MainPID case{index}); [ $pid = 0 ] && echo none || cat /proc/$pid/environ"
        ));
        let value = real
            .split('\0')
            .find_map(|entry| entry.strip_prefix("ALLSTAK_API_KEY="));
        let expected = match value {
            Some(value) => Fingerprint::of(value.as_bytes())
                .cut(Digits::DEFAULT)
                .to_string(),
            None if real.trim() == "none" => "unreachable".to_owned(),
            None => "missing".to_owned(),
        };
        for deployment in [&before, &after] {
            let hop = &deployment["hops"][index];
            let told = match hop["fingerprint"].as_str() {
                Some(fingerprint) => fingerprint,
                None => hop["verdict"].as_str().unwrap(),
            };
            // An empty value is a placeholder, which has no fingerprint in reports.
            let expected = match value {
                Some("") => "missing",
                _ => &expected,
            };
            assert_eq!(told, expected, "{lines}\n{hop:#}");
        }
    }
}
