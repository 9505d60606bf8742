//! What people see: pipes that close, colours, narrow terminals, hostile names.

use std::io::Read;
use std::process::Stdio;

use unicode_width::UnicodeWidthStr;

use crate::support::terminal;
use crate::support::{CURRENT, OLD, SIBLING, Scene};

fn scene(deployments: usize) -> Scene {
    let names: Vec<_> = (0..deployments)
        .map(|index| format!("web-{index}"))
        .collect();
    Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{{32}}$'
    current: {{ file: {{ path: DIR/current }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
  shop: {{ variable: KEY, current: {{ file: {{ path: DIR/sibling }} }} }}
defaults: {{ owner: payments }}
deployments:
  - {{ matrix: {{ name: [{}] }}, project: checkout, route: [ {{ file: {{ path: DIR/current }} }}, {{ file: {{ path: DIR/a/rather/long/path/to/the/old/key/of/a/service }} }} ] }}
  - {{ name: another-deployment-with-a-very-long-name-that-fills-a-line-by-itself, project: checkout, route: [ {{ file: {{ path: DIR/sibling }} }} ] }}
",
        names.join(", ")
    ))
    .file("current", CURRENT)
    .file("old", OLD)
    .file("sibling", SIBLING)
    .file("a/rather/long/path/to/the/old/key/of/a/service", OLD)
}

#[test]
fn a_closed_pipe_is_no_error_and_does_not_change_the_code() {
    // More than any pipe holds, so that the program notices.
    let scene = scene(2_000);
    for format in ["table", "json"] {
        let mut child = scene.straggler(["audit", "-f", format]).spawn();
        let mut first = [0; 16];
        child
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut first)
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{format}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{format}");
    }
}

#[test]
fn closed_streams_are_no_reason_to_panic() {
    let scene = scene(1);
    for arguments in [
        &["audit"][..],
        &["audit", "-vvv"],
        &["config", "check"],
        &["--help"],
        &["--nonsense"],
    ] {
        let mut straggler = scene.straggler(arguments);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        straggler
            .command
            .stdout(Stdio::from(writer.try_clone().unwrap()))
            .stderr(Stdio::from(writer));
        let code = straggler.run().status.code().unwrap();
        assert_ne!(code, 101, "{arguments:?}");
        assert_ne!(code, 4, "{arguments:?}");
    }
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let scene = scene(1);
    let coloured = |arguments: &[&str], variables: &[(&str, &str)], columns: Option<u16>| {
        let mut straggler = scene.straggler(arguments);
        for (name, value) in variables {
            straggler = straggler.env(name, value);
        }
        let shown = match columns {
            Some(columns) => terminal::run(straggler, columns).1,
            None => straggler.run().stdout,
        };
        assert!(shown.contains("stale"), "{shown}");
        shown.contains("\x1b[3") || shown.contains("\x1b[1")
    };
    let plain = &["audit", "--no-progress"][..];
    assert!(coloured(plain, &[], Some(80)));
    assert!(!coloured(plain, &[("NO_COLOR", "1")], Some(80)));
    assert!(!coloured(
        &["audit", "--no-progress", "--color", "never"],
        &[],
        Some(80)
    ));
    assert!(!coloured(plain, &[], None));
    assert!(coloured(plain, &[("CLICOLOR_FORCE", "1")], None));
    assert!(coloured(
        &["audit", "--color=always"],
        &[("NO_COLOR", "1")],
        None
    ));
    // A file is never coloured.
    scene
        .run(["audit", "-q", "--color", "always", "-o", "table=report"])
        .ends(1);
    let report = std::fs::read_to_string(scene.path("report")).unwrap();
    assert!(
        report.contains("stale") && !report.contains('\x1b'),
        "{report}"
    );
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let scene = scene(3);
    for columns in [80, 60, 120] {
        let straggler = scene.straggler(["audit", "--no-progress", "--color=never"]);
        let (status, shown) = terminal::run(straggler, columns);
        assert_eq!(status.code(), Some(1));
        let lines: Vec<_> = shown
            .lines()
            .map(|line| line.trim_end_matches('\r'))
            .collect();
        assert!(lines.len() > 5, "{shown}");
        for line in lines {
            // A word, such as a path to be pasted, is never broken.
            if !line.trim().contains(' ') {
                continue;
            }
            assert!(
                line.width() <= columns.into(),
                "{line:?} in {columns} columns:\n{shown}"
            );
        }
    }
    // Without a terminal it is 80.
    let ran = scene.run(["audit"]).ends(1);
    let widest = ran.stdout.lines().map(UnicodeWidthStr::width).max();
    assert!(widest <= Some(200), "{ran}");
}

#[test]
fn the_bar_says_what_is_being_waited_for_and_leaves_no_trace_elsewhere() {
    let scene = Scene::with(
        "version: 1
projects: { shop: { variable: KEY, current: { file: { path: DIR/key } } } }
deployments: [ { name: web, project: shop, route: [ { command: { argv: [sh, -c, 'sleep 1; cat DIR/key'] } } ] } ]
",
    )
    .file("key", CURRENT);
    let (status, shown) = terminal::run(scene.straggler(["audit"]), 100);
    assert_eq!(status.code(), Some(0), "{shown}");
    assert!(shown.contains("waiting for"), "{shown:?}");
    for arguments in [&["audit", "--no-progress"][..], &["audit", "-q"]] {
        let (_, shown) = terminal::run(scene.straggler(arguments), 100);
        assert!(!shown.contains("waiting for"), "{shown:?}");
    }
    let ran = scene.run(["audit"]).ends(0);
    assert_eq!(ran.stderr, "");
}

#[test]
fn requests_are_listed_when_asked_for() {
    let scene = scene(1);
    assert_eq!(scene.run(["audit"]).stderr, "");
    let ran = scene
        .run(["audit", "-v"])
        .complains("ok after ")
        .complains("sibling");
    assert!(!ran.stderr.contains("asking"), "{ran}");
    scene.run(["audit", "-vv"]).complains("asking ");
    // Equal requests are sent once: both deployments read the same file.
    let asked = ran
        .stderr
        .lines()
        .filter(|line| line.ends_with("/current"))
        .count();
    assert_eq!(asked, 1, "{ran}");
}

#[test]
fn quiet_leaves_the_code_and_the_files() {
    let scene = scene(1);
    let ran = scene.run(["audit", "-q", "-o", "json=report.json"]).ends(1);
    assert_eq!((&*ran.stdout, &*ran.stderr), ("", ""));
    assert!(scene.path("report.json").exists());

    let ran = scene.run(["audit", "-q", "-f", "json"]).ends(1);
    assert_eq!(ran.json()["schema"], "straggler.report/v1");
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_report_can_go_to_a_pipe_or_to_standard_output() {
    let scene = scene(1);
    let ran = scene.run(["audit", "-q", "-o", "json=/dev/stdout"]).ends(1);
    assert_eq!(ran.json()["schema"], "straggler.report/v1");

    let fifo = scene.path("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    let reader = std::thread::spawn(move || std::fs::read_to_string(fifo).unwrap());
    scene.run(["audit", "-q", "-o", "json=fifo"]).ends(1);
    let read: serde_json::Value = serde_json::from_str(&reader.join().unwrap()).unwrap();
    assert_eq!(read["schema"], "straggler.report/v1");
}

/// Names that a terminal, a log or a page would act on.
const HOSTILE: [&str; 6] = [
    "\x1b[31mred\x1b[0m",
    "two\nlines",
    "\u{202e}txet",
    "\r\x1b[2Kgone",
    "\u{9b}31m",
    "bell\x07",
];

#[test]
fn hostile_names_stay_harmless_in_every_format() {
    let names = HOSTILE.map(|name| {
        serde_json::to_string(name)
            .unwrap()
            .replace("\u{9b}", "\\u009b")
    });
    let deployments: String = names
        .iter()
        .map(|name| format!("  - {{ name: {name}, owner: {name}, labels: {{ {name}: {name} }}, project: {name}, route: [ {{ file: {{ path: 'DIR/hostile/*' }} }} ] }}\n"))
        .collect();
    let projects: String = names
        .iter()
        .map(|name| {
            format!("  {name}: {{ variable: KEY, current: {{ file: {{ path: DIR/key }} }} }}\n")
        })
        .collect();
    let scene = Scene::with(&format!(
        "version: 1\nprojects:\n{projects}deployments:\n{deployments}"
    ));
    let mut scene = scene.file("key", CURRENT);
    for name in HOSTILE {
        scene = scene.file(&format!("hostile/{name}"), OLD);
    }
    // Names that say nothing may be refused as well, but then politely.
    for arguments in [
        &["audit", "-vvv"][..],
        &["audit", "-f", "json"],
        &["config", "check"],
        &["config", "expand"],
        &["audit", "--project", "\x1b[31mnobody"],
        &["audit", "--deployment", "\x1b[31m["],
    ] {
        let ran = scene.run(arguments);
        assert!(matches!(ran.status.code(), Some(0..=3)), "{ran}");
        for text in [&ran.stdout, &ran.stderr] {
            let acts =
                |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
            assert!(!text.contains(acts), "{arguments:?}: {text:?}");
        }
    }
}
