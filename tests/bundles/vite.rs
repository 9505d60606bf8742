use std::fs;
use std::path::Path;

use super::node::{Server, command, project, run};
use super::support::{CURRENT, OLD};
use super::{audit, finds};

const VARIABLE: &str = "VITE_ALLSTAK_API_KEY";
const VITE: &str = "vite/bin/vite.js";

/// The key is in a chunk that is loaded later.
const FILES: [(&str, &str); 4] = [
    ("package.json", r#"{ "private": true, "type": "module" }"#),
    (
        "index.html",
        "<!doctype html><button>send</button><script type=module src=/src/main.js></script>",
    ),
    (
        "src/main.js",
        "document.querySelector('button').onclick = async () => (await import('./lazy.js')).send();",
    ),
    (
        "src/lazy.js",
        "export const send = () => fetch('https://api.test/', { headers: { 'X-AllStak-Key': import.meta.env.VITE_ALLSTAK_API_KEY } });",
    ),
];

fn written() -> tempfile::TempDir {
    let project = project();
    for (name, text) in FILES {
        let path = project.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    project
}

fn build(project: &Path, key: &str, options: &[&str]) {
    let mut build = command(project, VITE, &[&["build"], options].concat());
    build.env(VARIABLE, key);
    run(build);
}

fn hops(project: &Path, server: &Server, path: &str) -> [String; 2] {
    [
        format!("{{ url: '{}' }}", server.url(path)),
        format!("{{ path: '{}' }}", project.join("dist").display()),
    ]
}

#[test]
#[ignore = "needs Vite; tests/run has it"]
fn an_old_key_in_a_lazy_chunk_is_found_until_it_is_built_again() {
    let project = written();
    let project = project.path();
    build(project, OLD, &[]);
    let preview = command(
        project,
        VITE,
        &["preview", "--host", "127.0.0.1", "--strictPort"],
    );
    let server = Server::start(preview, "--port");
    let hops = hops(project, &server, "/");
    let lazy: &[&str] = &["assets/lazy-"];
    let ran = audit(VARIABLE, &hops).ends(1);
    finds(&ran, &[("stale", lazy), ("stale", lazy)]);

    build(project, CURRENT, &[]);
    let ran = audit(VARIABLE, &hops).ends(0);
    finds(&ran, &[("current", lazy), ("current", lazy)]);
}

#[test]
#[ignore = "needs Vite; tests/run has it"]
fn source_maps_manifests_and_another_base_are_followed() {
    let project = written();
    let project = project.path();
    let options = ["--base", "/app/", "--sourcemap", "--manifest"];
    build(project, OLD, &options);
    let preview = [
        "preview",
        "--host",
        "127.0.0.1",
        "--strictPort",
        "--base",
        "/app/",
    ];
    let server = Server::start(command(project, VITE, &preview), "--port");
    let ran = audit(VARIABLE, &hops(project, &server, "/app/")).ends(1);
    let lazy: &[&str] = &["assets/lazy-"];
    finds(&ran, &[("stale", lazy), ("stale", lazy)]);
    assert!(
        ran.stderr.contains("/app/.vite/manifest.json") && ran.stderr.contains(".js.map"),
        "{ran}"
    );
}

#[test]
#[ignore = "needs Vite; tests/run has it"]
fn a_key_that_was_inlined_with_damage_is_malformed() {
    for (key, damage) in [
        (format!("\"{CURRENT}\""), "double-quotes"),
        (format!("'{CURRENT}'"), "single-quotes"),
        (format!("{CURRENT}\n"), "trailing-newline"),
        (format!("{CURRENT}\r\n"), "trailing-crlf"),
        (format!(" {CURRENT}"), "leading-whitespace"),
        (format!("\n{CURRENT}"), "leading-whitespace"),
        (format!("{CURRENT}\u{a0}"), "no-break-space"),
        (format!("{CURRENT}\""), "unbalanced-quote"),
        (format!("{VARIABLE}={CURRENT}"), "variable-prefix"),
        (format!("{CURRENT};"), "trailing-punctuation"),
    ] {
        let project = written();
        let project = project.path();
        build(project, &key, &[]);
        let hop = format!("{{ path: '{}' }}", project.join("dist").display());
        let ran = audit(VARIABLE, &[hop]).ends(1);
        finds(&ran, &[("malformed", &["assets/lazy-"])]);
        let found = &ran.json()["deployments"][0]["hops"][0]["damage"];
        assert_eq!(found[0], damage, "{ran}");
    }
}
