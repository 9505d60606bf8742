//! No key ever leaves: every source, every outcome, every format, every log level, and panics.

mod aws;
mod azure_key_vault;
mod bundle;
mod consul;
mod docker;
mod doppler;
mod echo;
mod etcd;
mod formless;
mod gcp_secret_manager;
mod github_actions;
mod kubernetes;
mod needles;
mod postgres;
mod systemd;
mod vault;
mod vercel;
mod world;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use crate::support::{CURRENT, NEXT, OLD, Ran, SIBLING, STRANGE, Scene};
use needles::Needles;
use world::{KINDS, Kind, World};

const DEAD: &str = "ask_live_Jm4PzR7wCt2XvN9sBh6LqK1dFy8Ge3Ta";
const ALL: [&str; 6] = [CURRENT, NEXT, OLD, DEAD, SIBLING, STRANGE];

const PROJECTS: &str = "version: 1
projects:
  checkout:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{32}$'
    current: { file: { path: DIR/keys/current } }
    next: { file: { path: DIR/keys/next } }
    previous:
      - { file: { path: DIR/keys/old } }
      - { file: { path: DIR/keys/dead }, revoked_at: 2020-01-01T00:00:00Z }
  shop:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{32}$'
    current: { file: { path: DIR/keys/sibling } }
notify: [ { command: { argv: [ sh, -c, 'cat > DIR/told' ] } } ]
";

/// Every kind of source. A new source without one fails the test.
fn kinds() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().chain([
        &bundle::KIND,
        &consul::KIND,
        &docker::KIND,
        &doppler::KIND,
        &etcd::KIND,
        &systemd::KIND,
        &vault::KIND,
        &azure_key_vault::KIND,
        &gcp_secret_manager::KIND,
        &aws::SECRETS_MANAGER,
        &aws::SSM,
        &aws::LAMBDA,
        &aws::ECS,
        &github_actions::KIND,
        &vercel::KIND,
        &kubernetes::SECRET,
        &kubernetes::CONFIG_MAP,
        &kubernetes::PODS,
    ])
}

/// What can be deployed, and the verdict it must get.
fn outcomes() -> Vec<(&'static str, Vec<u8>)> {
    let encoded = data_encoding::BASE64.encode(CURRENT.as_bytes());
    let hex = data_encoding::HEXLOWER.encode(CURRENT.as_bytes());
    let percent: String = CURRENT.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let json: String = CURRENT
        .bytes()
        .map(|byte| format!("\\u{byte:04x}"))
        .collect();
    let texts = [
        ("current", CURRENT.to_owned()),
        ("current", NEXT.to_owned()),
        ("stale", OLD.to_owned()),
        ("stale", format!("{OLD} ")),
        ("revoked", DEAD.to_owned()),
        ("revoked", data_encoding::BASE64.encode(DEAD.as_bytes())),
        ("wrong-project", SIBLING.to_owned()),
        ("wrong-project", format!("'{SIBLING}'")),
        ("malformed", format!("\"{CURRENT}\"")),
        ("malformed", format!("{CURRENT}\n")),
        ("malformed", CURRENT[..30].to_owned()),
        ("malformed", CURRENT.to_lowercase()),
        ("malformed", format!("KEY={CURRENT}")),
        ("malformed", format!("{CURRENT}{CURRENT}")),
        ("malformed", encoded),
        ("malformed", hex),
        ("malformed", percent),
        ("malformed", json),
        ("unknown", STRANGE.to_owned()),
        ("unknown", format!("\x1b[31m{STRANGE}\x1b]0;\x07")),
        ("stale", format!("{STRANGE}{SIBLING}{OLD}")),
        ("stale", format!("\x1b[31m{STRANGE}\x1b]0;{OLD}\x07")),
        ("missing", "changeme".to_owned()),
        ("missing", String::new()),
    ];
    let mut outcomes: Vec<_> = texts
        .into_iter()
        .map(|(verdict, text)| (verdict, text.into_bytes()))
        .collect();
    outcomes.push(("unknown", [b"\xff\xfe", STRANGE.as_bytes()].concat()));
    outcomes
}

#[test]
fn every_source_has_its_cases() {
    let sources: BTreeSet<_> = straggler::source::infos()
        .iter()
        .map(|info| info.id)
        .collect();
    let cases: BTreeSet<_> = kinds().map(|kind| kind.id).collect();
    assert_eq!(sources, cases, "each source needs a kind in tests/e2e/leak");
}

#[test]
fn no_source_leaks_in_any_outcome() {
    let needles = Needles::of(&ALL);
    for kind in kinds() {
        one_source(kind, &needles);
    }
}

/// All outcomes of one source in one targets.yaml, printed in every way there is.
fn one_source(kind: &Kind, needles: &Needles) {
    let mut world = World::new();
    for (name, key) in [
        ("current", CURRENT),
        ("next", NEXT),
        ("old", OLD),
        ("dead", DEAD),
        ("sibling", SIBLING),
    ] {
        world.write(&format!("keys/{name}"), key.as_bytes());
    }
    let mut hops = Vec::new();
    for (index, (verdict, value)) in outcomes().iter().enumerate() {
        if let Some(hop) = (kind.holding)(&mut world, index, value) {
            hops.push((Some(*verdict), hop));
        }
    }
    // In a bundle, nothing proves that there should be a key.
    let empty = match kind.id {
        "bundle" => "unverified",
        _ => "missing",
    };
    hops.push((Some(empty), (kind.empty)(&mut world)));
    hops.extend((kind.broken)(&mut world).into_iter().map(|hop| (None, hop)));

    let deployments: String = hops
        .iter()
        .enumerate()
        .map(|(index, (_, hop))| {
            format!("  - {{ name: d{index}, project: checkout, route: [ {hop} ] }}\n")
        })
        .collect();
    let folder = world.scene.folder().to_str().unwrap().to_owned();
    let targets =
        format!("{PROJECTS}{}deployments:\n{deployments}", world.stores()).replace("DIR", &folder);
    world.write("targets.yaml", targets.as_bytes());

    let audit = |arguments: &[&str]| {
        let mut straggler = world.scene.straggler(arguments);
        for (name, value) in &world.environment {
            straggler = straggler.env(name, OsStr::from_bytes(value));
        }
        straggler.run()
    };
    let report = audit(&["audit", "--retries", "0", "-f", "json"]).ends(1);
    for (index, (verdict, hop)) in hops.iter().enumerate() {
        let found = &report.json()["deployments"][index]["verdict"];
        if let Some(verdict) = verdict {
            assert_eq!(found, verdict, "{hop} of {}", kind.id);
        }
    }
    needles.are_not_in(&report, kind.id);
    for format in straggler::report::FORMATS {
        let out = format!("{}=report", format.id);
        let ran = audit(&[
            "audit",
            "--retries",
            "0",
            "-vvv",
            "-f",
            format.id,
            "-o",
            &out,
            "--color",
            "always",
        ]);
        needles.are_not_in(&ran.ends(1), &format!("{} as {}", kind.id, format.id));
        let written = std::fs::read(world.scene.path("report")).unwrap();
        assert_eq!(needles.find(&written), None, "{} as {}", kind.id, format.id);
    }
    for command in ["check", "expand"] {
        needles.are_not_in(&audit(&["config", command]).ends(0), command);
    }
    remembered(&world, &audit, kind, needles);
}

/// What is kept of it, what is told of it, and what is answered from that.
fn remembered(world: &World, audit: &dyn Fn(&[&str]) -> Ran, kind: &Kind, needles: &Needles) {
    let night = [
        "audit",
        "--changed-only",
        "--ledger",
        "ledger.db",
        "--retries",
        "0",
    ];
    needles.are_not_in(&audit(&night).ends(1), kind.id);
    for asked in [
        &["revoke-check", "checkout", "-f", "json", "--retries", "0"][..],
        &["history", "--deployment", "d0", "-f", "json"],
    ] {
        let ran = audit(&[asked, &["--ledger", "ledger.db"]].concat());
        assert!(matches!(ran.status.code(), Some(0 | 1)), "{ran}");
        needles.are_not_in(&ran, kind.id);
    }
    let kept = ["ledger.db", "ledger.db-wal", "told"];
    let kept = kept.map(|name| std::fs::read(world.scene.path(name)).unwrap_or_default());
    assert!(!kept[2].is_empty());
    // Every text in it once, for a page is written many times over.
    let kept = kept.concat();
    let texts = kept.split(|byte| !(b' '..=b'~').contains(byte));
    let texts: BTreeSet<&[u8]> = texts.filter(|text| text.len() > 7).collect();
    let kept = texts.into_iter().collect::<Vec<_>>().join(&b'\n');
    assert!(kept.len() > 1_000);
    assert_eq!(needles.find(&kept), None, "{} in the ledger", kind.id);
    for key in ALL {
        let whole = crate::support::fingerprint_of(key, 64);
        let whole = whole.strip_prefix("sha256:").unwrap().as_bytes();
        assert!(
            !kept.windows(whole.len()).any(|bytes| bytes == whole),
            "{}: a whole digest was kept",
            kind.id
        );
    }
}

#[test]
fn no_faulty_reference_leaks() {
    let needles = Needles::of(&ALL);
    for reference in [
        format!("{CURRENT}\n"),
        format!("'{CURRENT}'"),
        CURRENT[..30].to_owned(),
        format!("x{CURRENT}"),
        SIBLING.to_owned(),
        DEAD.to_owned(),
        CURRENT.repeat(60_000),
    ] {
        let scene = Scene::with(&format!(
            "{PROJECTS}deployments:\n  - {{ name: web, project: checkout, route: [ {{ file: {{ path: DIR/web }} }} ] }}\n"
        ))
        .file("keys/current", &reference)
        .file("keys/next", NEXT)
        .file("keys/old", OLD)
        .file("keys/dead", DEAD)
        .file("keys/sibling", SIBLING)
        .file("web", CURRENT);
        for format in straggler::report::FORMATS {
            let ran = scene.run(["audit", "-vvv", "-f", format.id]);
            assert!(matches!(ran.status.code(), Some(1 | 3)), "{ran}");
            needles.are_not_in(&ran, format.id);
        }
        let given = ["audit", "-vvv", "--current", "checkout=-"];
        let ran = scene.straggler(given).stdin(&reference[..]).run();
        needles.are_not_in(&ran, "standard input");
    }
}

#[test]
fn no_refused_targets_yaml_leaks() {
    let needles = Needles::of(&ALL);
    let sound = format!(
        "{PROJECTS}deployments:\n  - {{ name: web, project: checkout, route: [ {{ file: {{ path: DIR/web }} }} ] }}\n"
    );
    let broken = [
        sound.replace("name: web", &format!("name: {CURRENT}")),
        sound.replace("name: web", &format!("{CURRENT}: web")),
        sound.replace("name: web", &format!("name: [{CURRENT}]")),
        sound.replace("DIR/web", &format!("'${{{CURRENT}}}'")),
        sound.replace("DIR/web", &format!("\"{CURRENT}")),
        sound.replace("path: DIR/web", &format!("path: *{CURRENT}")),
        sound.replace(
            "project: checkout, route",
            &format!("project: {CURRENT}, route"),
        ),
        sound.replace(
            "file: { path: DIR/web }",
            &format!("{CURRENT}: {{ path: x }}"),
        ),
        sound.replace("file: { path: DIR/web }", &format!("file: {CURRENT}")),
        sound.replace("{ file: { path: DIR/keys/next } }", CURRENT),
        sound.replace(
            "{ file: { path: DIR/keys/next } }",
            &format!("{{ fingerprint: {CURRENT} }}"),
        ),
        sound.replace("version: 1", &format!("version: {CURRENT}")),
        sound.replace("2020-01-01T00:00:00Z", CURRENT),
        sound.replace("version: 1", &format!("version: 1\ninclude: [ {CURRENT} ]")),
        sound.replace("version: 1", &format!("version: 1\n{CURRENT}\n")),
        sound.replace(
            "version: 1",
            &format!("version: 1\nx-note: {CURRENT}\n\t{CURRENT}"),
        ),
        sound.replace("variable: KEY", &format!("variable: KEY={CURRENT}")),
        sound.replace("'^ask_live_[A-Za-z0-9]{32}$'", &format!("'({CURRENT}'")),
        sound.replace("'^ask_live_[A-Za-z0-9]{32}$'", &format!("'{CURRENT}.*'")),
        CURRENT.to_owned(),
        format!("\u{0}{CURRENT}"),
    ];
    for text in broken {
        let scene = Scene::with(&text);
        for command in [
            &["config", "check"][..],
            &["config", "expand"],
            &["audit", "-vvv"],
        ] {
            needles.are_not_in(&scene.run(command).ends(2), &text);
        }
    }
}

#[test]
fn looking_at_a_key_does_not_show_it() {
    let needles = Needles::of(&ALL);
    let expect = crate::support::fingerprint(CURRENT);
    for (_, value) in outcomes() {
        let scene = Scene::new()
            .file("key", &value)
            .file(".env", [b"KEY=", &value[..]].concat());
        for arguments in [
            &["inspect", "--file", "key"][..],
            &["inspect", "--file", "key", "--expect", &expect],
            &[
                "inspect", "--file", "key", "-f", "json", "--expect", &expect,
            ],
            &["inspect", "--file", "key", "-f", "reading"],
            // The key stands beside this variable.
            &[
                "inspect",
                "--file",
                ".env",
                "--variable",
                "OTHER",
                "-f",
                "reading",
            ],
            &[
                "inspect",
                "--file",
                ".env",
                "--variable",
                "KEY",
                "--dialect",
                "shell",
            ],
            &["inspect"],
        ] {
            let ran: Ran = scene.straggler(arguments).stdin(&value).run();
            needles.are_not_in(&ran, "inspect");
        }
    }
}

/// The panic of a real process: this very test, started again as a program that has a bug.
#[test]
fn a_panic_shows_where_and_no_more() {
    const CHILD: &str = "STRAGGLER_PANICKING_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let key = CURRENT.to_owned();
        let code = straggler::cli::guarded(move || {
            let other = key.clone();
            let _ = std::thread::spawn(move || panic!("in a thread: {other}")).join();
            panic!("choked on {key}");
        });
        assert_eq!(code, std::process::ExitCode::from(4));
        return;
    }
    let name = "leak::a_panic_shows_where_and_no_more";
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let ran = Ran {
        status: output.status,
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
    .ends(0)
    .complains("has a bug at tests/e2e/leak/mod.rs:");
    assert_eq!(ran.stderr.matches("has a bug").count(), 2, "{ran}");
    Needles::of(&ALL).are_not_in(&ran, "a panic");
}
