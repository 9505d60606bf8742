//! Programs that other real managers run.

use std::process::Command;

use crate::scene::{NEW, OLD, Scene, VARIABLE, says, tool};

/// A web application that tells its number and its key.
const APP: &str = "\
import os
open(os.environ['TELL'], 'w').write('%d %s' % (os.getpid(), os.environ.get('ALLSTAK_API_KEY')))
def app(environ, start_response):
    start_response('200 OK', [])
    return []
";

/// Starts gunicorn with this key in its environment; the key its worker has, and what is said of it.
fn gunicorn(
    key: &str,
    configuration: &str,
    options: &[&str],
) -> (String, (serde_json::Value, i32)) {
    let scene = Scene::new();
    scene.write("app.py", APP);
    scene.write("gunicorn.conf.py", configuration);
    let mut command = Command::new(tool("python/bin/gunicorn"));
    let socket = format!("unix:{}", scene.path("socket").display());
    command
        .args(["--bind", &socket, "--workers", "1"])
        .args(options)
        .arg("app:app")
        .env("TELL", scene.path("told"));
    let _running = scene.start(&mut command, key);
    let told = scene.written("told");
    let (pid, has) = told.split_once(' ').unwrap();
    let found = scene.audit(&format!("{{ process: {{ pid: {pid} }} }}"));
    (has.to_owned(), found)
}

#[test]
#[ignore = "needs gunicorn; tests/run has it"]
fn gunicorn_may_set_another_key_than_it_was_started_with() {
    // What its environment shows is not what it has, and is not proven.
    let (has, found) = gunicorn(NEW, &format!("raw_env = ['{VARIABLE}={OLD}']\n"), &[]);
    assert_eq!(has, OLD);
    says(&found, "current", "timestamp", 3);
    assert!(
        found
            .0
            .to_string()
            .contains("gunicorn may set another value, from `raw_env`"),
        "{:#}",
        found.0
    );
    // Nor is it where nothing else is set, for that cannot be told.
    let (has, found) = gunicorn(NEW, "", &[]);
    assert_eq!(has, NEW);
    says(&found, "current", "timestamp", 3);
    // An old key is shown as what it is taken for.
    let (has, found) = gunicorn(OLD, "", &[]);
    assert_eq!(has, OLD);
    says(&found, "stale", "timestamp", 1);
    // What the command line sets counts, whatever the configuration sets.
    let set = |key: &str| format!("{VARIABLE}={key}");
    let (has, found) = gunicorn(
        NEW,
        &format!("raw_env = ['{VARIABLE}={NEW}']\n"),
        &["--env", &set(OLD)],
    );
    assert_eq!(has, OLD);
    says(&found, "stale", "value", 1);
    let (has, found) = gunicorn(
        OLD,
        &format!("raw_env = ['{VARIABLE}={OLD}']\n"),
        &["-e", &set(NEW)],
    );
    assert_eq!(has, NEW);
    says(&found, "current", "value", 0);
}

#[test]
#[ignore = "needs supervisor; tests/run has it"]
fn supervisor_gives_its_programs_another_key_than_its_own() {
    let scene = Scene::new();
    let folder = scene.path("");
    let folder = folder.display();
    scene.write(
        "supervisord.conf",
        &format!(
            "\
[supervisord]
nodaemon = true
logfile = {folder}/supervisord.log
pidfile = {folder}/supervisord.pid
[program:old]
command = setpriv --pdeathsig KILL sh -c 'echo $$ > {folder}/old; exec sleep 1000'
environment = {VARIABLE}=\"{OLD}\"
[program:new]
command = setpriv --pdeathsig KILL sh -c 'echo $$ > {folder}/new; exec sleep 1000'
"
        ),
    );
    let mut command = Command::new("supervisord");
    let running = scene.start(command.args(["-c", "supervisord.conf"]), NEW);
    let audit = |pid: &str| scene.audit(&format!("{{ process: {{ pid: {pid} }} }}"));
    says(&audit(&scene.written("old")), "stale", "value", 1);
    says(&audit(&scene.written("new")), "current", "value", 0);
    says(
        &audit(&running.pid().to_string()),
        "current",
        "timestamp",
        3,
    );
}

#[test]
#[ignore = "needs uWSGI; tests/run has it"]
fn uwsgi_may_set_another_key_than_it_was_started_with() {
    let scene = Scene::new();
    let folder = scene.path("");
    let folder = folder.display();
    scene.write(
        "app.ini",
        &format!(
            "\
[uwsgi]
master = true
processes = 1
socket = {folder}/socket
env = {VARIABLE}={OLD}
hook-post-fork = exec:env > {folder}/told
"
        ),
    );
    let mut command = Command::new("uwsgi-core");
    let running = scene.start(command.args(["--ini", "app.ini"]), NEW);
    let told = scene.written("told");
    assert!(
        told.contains(OLD),
        "uWSGI has changed, and this test shows nothing"
    );
    let found = scene.audit(&format!("{{ process: {{ pid: {} }} }}", running.pid()));
    says(&found, "current", "timestamp", 3);
    assert!(
        found.0.to_string().contains("uWSGI may set another value"),
        "{:#}",
        found.0
    );
}
