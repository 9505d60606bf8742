//! Containers of a real Docker Engine.

use std::process::Command;

use crate::alike;
use crate::engine::{Engine, IMAGE};
use crate::scene::{CURRENT, OLD, Scene, says};

#[test]
#[ignore = "needs Docker; tests/run has it"]
fn the_environment_is_the_one_a_container_was_created_with() {
    alike::environments(&Engine::docker());
}

#[test]
#[ignore = "needs Docker and root; tests/run has them"]
fn what_starts_the_program_may_give_it_another_key() {
    alike::processes(&Engine::docker());
}

#[test]
#[ignore = "needs Docker; tests/run has it"]
fn only_what_runs_holds_a_key() {
    alike::states(&Engine::docker());
}

#[test]
#[ignore = "needs Docker; tests/run has it"]
fn files_are_read_where_the_program_reads_them() {
    alike::files_on_the_machine(&Engine::docker());
}

#[test]
#[ignore = "needs Docker and root; tests/run has them"]
fn a_socket_that_may_not_be_opened_is_a_denial() {
    alike::denied(&Engine::docker());
}

#[test]
#[ignore = "needs Docker; tests/run has it"]
fn elsewhere_an_archive_never_makes_a_file_missing_or_fine() {
    let engine = Engine::docker();
    let scene = Scene::of(&engine);
    alike::start_with_files(&engine, &scene);
    let found = scene.elsewhere(&[
        "docker: { container: web, file: /srv/plain }",
        "docker: { container: web, file: /srv/link }",
        "docker: { container: web, file: /run/mounted }",
        "docker: { container: web, file: /memory/key }",
        "docker: { container: web, file: /srv/none }",
        "docker: { container: web, file: /srv/empty }",
        "docker: { container: web, file: /bin }",
        "docker: { container: web, file: /replaced }",
    ]);
    says(&found[0], "current", "value", "");
    says(&found[1], "current", "value", "");
    says(&found[2], "stale", "attested", "still the old one");
    says(&found[3], "unverified", "none", "may not show");
    says(&found[4], "unverified", "none", "may not show");
    says(&found[5], "unverified", "none", "run straggler as root");
    assert_eq!(found[6]["verdict"], "unreachable", "{:#}", found[6]);
    // The host has the current key by now, the container has the old one: it is not called proven.
    says(&found[7], "current", "attested", "still the old one");
}

#[test]
#[ignore = "needs Docker; tests/run has it"]
fn a_newer_image_of_the_same_name_hides_no_container() {
    let engine = Engine::docker();
    let scene = Scene::of(&engine);
    let old = format!("--change=ENV ALLSTAK_API_KEY={OLD}");
    let new = format!("--change=ENV ALLSTAK_API_KEY={CURRENT}");
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("bin")).unwrap();
    std::fs::copy("/bin/busybox", root.path().join("bin/sleep")).unwrap();
    for (change, name) in [(&old, "one"), (&new, "two")] {
        engine.import(root.path(), "registry.internal/shop:1", &[change]);
        let image = "registry.internal/shop:1";
        engine.cli(&[
            "run",
            "-d",
            "--network=none",
            "--name",
            name,
            image,
            "/bin/sleep",
            "100000",
        ]);
    }
    let found = scene.elsewhere(&[
        "docker: { image: registry.internal/shop }",
        "docker: { image: 'registry.internal/shop:1', container: two }",
        "docker: { image: 'registry.internal/shop:2' }",
    ]);
    says(&found[0], "stale", "value", "1 of 2 containers");
    says(&found[1], "current", "value", "");
    says(
        &found[2],
        "unreachable",
        "none",
        "no running container fits",
    );
}

#[test]
#[ignore = "needs Docker; tests/run has it"]
fn of_a_variable_that_stands_twice_the_last_one_counts() {
    let engine = Engine::docker();
    let scene = Scene::of(&engine);
    // The client sorts them out before it asks; the engine does not.
    engine.post(
        "/containers/create?name=twice",
        &format!(
            r#"{{"Image": "{IMAGE}", "Cmd": ["sleep", "100000"], "HostConfig": {{"NetworkMode": "none"}},
                "Env": ["ALLSTAK_API_KEY={OLD}", "ALLSTAK_API_KEY={CURRENT}", "OTHER"]}}"#
        ),
    );
    engine.cli(&["start", "twice"]);
    let pid = engine.cli(&["inspect", "--format={{.State.Pid}}", "twice"]);
    let process = format!("process: {{ pid: {pid} }}");
    let found = scene.on_the_machine(&engine, &["docker: { container: twice }", process.as_str()]);
    says(&found[0], "current", "value", "the last one counts");
    says(&found[1], "current", "value", "");
}

#[test]
#[ignore = "needs Docker; tests/run has it"]
fn a_swarm_secret_is_read_on_the_node_that_runs_the_task() {
    let engine = Engine::docker_apart();
    let scene = Scene::of(&engine);
    engine.cli(&["swarm", "init", "--advertise-addr=127.0.0.1"]);
    let key = scene.write("secret", OLD);
    engine.cli(&["secret", "create", "allstak", key.to_str().unwrap()]);
    engine.cli(&[
        "service",
        "create",
        "--detach",
        "--name=shop_web",
        "--network=host",
        "--secret=allstak",
        IMAGE,
        "sleep",
        "100000",
    ]);
    engine.wait_for("com.docker.swarm.service.name=shop_web");
    let hops = [
        "docker: { label: { com.docker.swarm.service.name: shop_web }, file: /run/secrets/allstak }",
        "docker: { label: { com.docker.swarm.service.name: shop_web }, file: /run/secrets/other }",
    ];
    let found = scene.on_the_machine(&engine, &hops);
    says(&found[0], "stale", "value", "--secret-rm");
    says(&found[1], "missing", "value", "no such file");
    for found in scene.elsewhere(&hops) {
        says(&found, "unverified", "none", "archive");
    }
}

#[test]
#[ignore = "needs Docker; tests/run has it"]
fn an_engine_is_asked_over_the_network_with_certificates() {
    let pki = crate::pki::Pki::new();
    let port = free_port();
    let tcp = format!("tcp://127.0.0.1:{port}");
    let [ca, certificate, key] = ["ca.pem", "server.pem", "server-key.pem"].map(|it| pki.path(it));
    let engine = Engine::docker_with(&[
        "--host",
        &tcp,
        "--tlsverify",
        "--tlscacert",
        &ca,
        "--tlscert",
        &certificate,
        "--tlskey",
        &key,
    ]);
    engine.run("web", &["--env", &format!("ALLSTAK_API_KEY={OLD}")]);
    let mut scene = Scene::of(&engine);
    let [certificate, key] = ["cert.pem", "key.pem"].map(|it| pki.path(it));
    let hop = ["docker: { container: web }"];

    scene.store =
        format!("host: '{tcp}', tls: {{ ca: '{ca}', certificate: '{certificate}', key: '{key}' }}");
    says(&scene.elsewhere(&hop)[0], "stale", "value", "");
    // The engine refuses whoever has no certificate of this authority.
    scene.store = format!("host: '{tcp}', tls: {{ ca: '{ca}' }}");
    says(&scene.elsewhere(&hop)[0], "unreachable", "none", "");
    // And straggler refuses an engine that has none it knows.
    scene.store = format!("host: 'https://127.0.0.1:{port}'");
    says(&scene.elsewhere(&hop)[0], "unreachable", "none", "tls");

    // As the Docker client takes it from the environment.
    scene.store = String::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_straggler"));
    command
        .env("DOCKER_HOST", &tcp)
        .env("DOCKER_TLS_VERIFY", "1")
        .env("DOCKER_CERT_PATH", pki.folder());
    says(&scene.audit(command, &hop)[0], "stale", "value", "");
}

#[test]
#[ignore = "needs Docker; tests/run has it"]
fn the_engine_is_the_one_the_docker_client_would_ask() {
    let engine = Engine::docker();
    engine.run("web", &["--env", &format!("ALLSTAK_API_KEY={CURRENT}")]);
    let mut scene = Scene::of(&engine);
    scene.store = String::new();
    let hop = ["docker: { container: web }"];
    let home = tempfile::tempdir().unwrap();
    let straggler = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_straggler"));
        command.env_clear().env("HOME", home.path());
        command
    };
    let mut by_variable = straggler();
    by_variable.env("DOCKER_HOST", engine.host());
    says(&scene.audit(by_variable, &hop)[0], "current", "value", "");

    // The real client writes the context.
    for arguments in [
        &[
            "context",
            "create",
            "mine",
            "--docker",
            &format!("host={}", engine.host()),
        ][..],
        &["context", "use", "mine"],
    ] {
        let mut docker = Command::new("docker");
        docker.env_clear().env("HOME", home.path());
        docker.env("PATH", std::env::var_os("PATH").unwrap());
        assert!(docker.args(arguments).output().unwrap().status.success());
    }
    says(&scene.audit(straggler(), &hop)[0], "current", "value", "");
    let mut by_name = straggler();
    by_name.env("DOCKER_CONTEXT", "other");
    says(
        &scene.audit(by_name, &hop)[0],
        "unreachable",
        "none",
        "the context other",
    );
}

/// Free a moment ago.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
