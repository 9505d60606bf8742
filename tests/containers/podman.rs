//! Containers of a real Podman, through its API.

use crate::alike;
use crate::engine::{Engine, IMAGE};
use crate::scene::{CURRENT, OLD, Scene, says};

#[test]
#[ignore = "needs Podman; tests/run has it"]
fn the_environment_is_the_one_a_container_was_created_with() {
    alike::environments(&Engine::podman());
}

#[test]
#[ignore = "needs Podman and root; tests/run has them"]
fn what_starts_the_program_may_give_it_another_key() {
    alike::processes(&Engine::podman());
}

#[test]
#[ignore = "needs Podman; tests/run has it"]
fn only_what_runs_holds_a_key() {
    alike::states(&Engine::podman());
}

#[test]
#[ignore = "needs Podman; tests/run has it"]
fn files_are_read_where_the_program_reads_them() {
    alike::files_on_the_machine(&Engine::podman());
}

#[test]
#[ignore = "needs Podman and root; tests/run has them"]
fn a_socket_that_may_not_be_opened_is_a_denial() {
    alike::denied(&Engine::podman());
}

#[test]
#[ignore = "needs Podman; tests/run has it"]
fn a_secret_that_is_injected_or_mounted_is_seen() {
    let engine = Engine::podman();
    let scene = Scene::of(&engine);
    let key = scene.write("secret", CURRENT);
    engine.cli(&["secret", "create", "allstak", key.to_str().unwrap()]);
    for (name, secret) in [
        ("web", "allstak,type=env,target=ALLSTAK_API_KEY"),
        ("mail", "allstak,type=mount"),
    ] {
        engine.cli(&[
            "run",
            "-d",
            "--network=none",
            "--name",
            name,
            "--secret",
            secret,
            IMAGE,
            "sleep",
            "100000",
        ]);
    }
    let hops = [
        "docker: { container: web }",
        "docker: { container: mail }",
        "docker: { container: mail, file: /run/secrets/allstak }",
    ];
    let found = scene.on_the_machine(&engine, &hops);
    // This Podman shows what it injects; later ones show that there is something.
    says(&found[0], "current", "value", "");
    says(&found[1], "missing", "value", "");
    says(&found[2], "current", "value", "");

    // What is injected is looked up at every start, and only there.
    engine.cli(&["secret", "rm", "allstak"]);
    let key = scene.write("secret", OLD);
    engine.cli(&["secret", "create", "allstak", key.to_str().unwrap()]);
    let found = scene.on_the_machine(&engine, &hops[..1]);
    says(&found[0], "current", "value", "");
    engine.cli(&["restart", "--time=0", "web"]);
    let found = scene.on_the_machine(&engine, &hops[..1]);
    says(&found[0], "stale", "value", "");
}

#[test]
#[ignore = "needs Podman; tests/run has it"]
fn elsewhere_a_file_is_never_called_missing() {
    let engine = Engine::podman();
    let scene = Scene::of(&engine);
    alike::start_with_files(&engine, &scene);
    let found = scene.elsewhere(&[
        "docker: { container: web, file: /srv/plain }",
        "docker: { container: web, file: /srv/link }",
        "docker: { container: web, file: /run/mounted }",
        "docker: { container: web, file: /srv/none }",
        "docker: { container: web, file: /srv/empty }",
    ]);
    says(&found[0], "current", "value", "");
    says(&found[1], "current", "value", "");
    says(&found[2], "stale", "attested", "");
    says(&found[3], "unverified", "none", "may not show");
    says(&found[4], "unverified", "none", "run straggler as root");
}
