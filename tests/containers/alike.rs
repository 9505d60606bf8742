//! What is the same with every engine.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::engine::Engine;
use crate::scene::{CURRENT, OLD, Scene, says, touch};

const COMPOSE: [&str; 2] = ["com.docker.compose.project", "com.docker.compose.service"];

/// A container that Compose could have made.
fn compose(engine: &Engine, name: &str, service: &str, key: &str) {
    let labels = [
        format!("{}=shop", COMPOSE[0]),
        format!("{}={service}", COMPOSE[1]),
        format!("ALLSTAK_API_KEY={key}"),
    ];
    let options = [
        "--label", &labels[0], "--label", &labels[1], "--env", &labels[2],
    ];
    engine.run(name, &options);
}

pub fn environments(engine: &Engine) {
    let scene = Scene::of(engine);
    let quoted = scene.write("quoted.env", &format!("ALLSTAK_API_KEY=\"{CURRENT}\"\n"));
    engine.run("quoted", &["--env-file", quoted.to_str().unwrap()]);
    engine.run("ended", &["--env", &format!("ALLSTAK_API_KEY={CURRENT}\n")]);
    engine.run("bare", &["--env", "OTHER=x"]);
    engine.run("empty", &["--env", "ALLSTAK_API_KEY="]);
    compose(engine, "shop-web-1", "web", CURRENT);
    compose(engine, "shop-web-2", "web", OLD);
    compose(engine, "shop-mail-1", "mail", CURRENT);
    let id = engine.cli(&["inspect", "--format={{.Id}}", "shop-mail-1"]);
    let by_id = format!("docker: {{ container: {} }}", &id[..12]);
    let found = scene.elsewhere(&[
        "docker: { container: quoted }",
        "docker: { container: ended }",
        "docker: { container: bare }",
        "docker: { container: bare, loads: itself }",
        "docker: { container: empty }",
        "docker: { project: shop, service: web }",
        "docker: { project: shop, service: mail }",
        "docker: { container: 'shop-web-*', label: { com.docker.compose.service: web } }",
        "docker: { project: shop, container: 'shop-*-1' }",
        &by_id,
    ]);
    says(&found[0], "malformed", "value", "double-quotes");
    says(&found[1], "malformed", "value", "newline");
    says(&found[2], "missing", "value", "");
    says(&found[3], "unverified", "none", "loads its key by itself");
    says(&found[4], "missing", "value", "empty");
    says(&found[5], "stale", "value", "1 of 2 containers");
    says(
        &found[5],
        "stale",
        "value",
        "docker compose -p shop up -d --force-recreate --scale web=2 web",
    );
    says(
        &found[6],
        "current",
        "value",
        "docker:engine/project=shop,service=mail#ALLSTAK_API_KEY",
    );
    says(&found[7], "stale", "value", "shop-web-2");
    says(&found[8], "current", "value", "shop-web-1");
    says(&found[9], "current", "value", "");
    let replicas = found[5]["readings"].as_array().unwrap();
    assert_eq!(replicas.len(), 2);
    let created = engine.cli(&["inspect", "--format={{json .Created}}", "shop-web-1"]);
    let created: jiff::Timestamp = created.trim_matches('"').parse().unwrap();
    let started: jiff::Timestamp = replicas[0]["started_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(started.as_second(), created.as_second(), "{:#}", found[5]);
}

/// What starts the program of a container can give it another key than the container was created with.
pub fn processes(engine: &Engine) {
    let scene = Scene::of(engine);
    let (old, new) = (
        format!("ALLSTAK_API_KEY={OLD}"),
        format!("ALLSTAK_API_KEY={CURRENT}"),
    );
    let start = |name: &str, env: &str, script: &str| {
        let options = ["run", "--detach", "--network=none", "--name", name];
        let command = ["--env", env, crate::engine::IMAGE, "sh", "-c", script];
        engine.cli(&[&options[..], &command].concat());
    };
    // The key stands in a file that the script reads, and not in its arguments.
    let read = "cd /srv; while ! test -s key; do sleep 0.1; done; read -r KEY < key";
    let child = format!("{read}; ALLSTAK_API_KEY=$KEY sleep 100000; true");
    start("child", &new, &child);
    start("bare", "OTHER=x", &child);
    start(
        "execed",
        &new,
        &format!("{read}; export ALLSTAK_API_KEY=$KEY; exec sleep 100000"),
    );
    start(
        "unset",
        &new,
        "unset ALLSTAK_API_KEY; exec env sleep 100000",
    );
    start("argued", &new, &format!("{old} sleep 100000; true"));
    start("plain", &new, "sleep 100000; true");
    for name in ["child", "bare", "execed"] {
        let write = format!("echo {OLD} > /srv/key");
        engine.cli(&["exec", name, "sh", "-c", &write]);
    }
    // What each container runs in the end.
    engine.until("they sleep", || {
        ["child", "bare", "execed", "unset", "argued", "plain"]
            .iter()
            .all(|name| {
                let list = "cat /proc/[0-9]*/cmdline; true";
                let list = engine.cli(&["exec", name, "sh", "-c", list]);
                list.contains("sleep\u{0}100000\u{0}")
            })
    });
    let found = scene.on_the_machine(
        engine,
        &[
            "docker: { container: child }",
            "docker: { container: bare }",
            "docker: { container: execed }",
            "docker: { container: unset }",
            "docker: { container: argued }",
            "docker: { container: plain }",
        ],
    );
    for old in [&found[0], &found[1], &found[2], &found[4]] {
        says(old, "stale", "value", "/sleep/");
    }
    says(&found[3], "missing", "value", "");
    says(&found[5], "current", "value", "");
    for (hop, readings) in found.iter().zip([2, 1, 2, 2, 3, 1]) {
        assert_eq!(
            hop["readings"].as_array().unwrap().len(),
            readings,
            "{hop:#}"
        );
    }
    // What a container or its program was given in an argument.
    let argument = "docker: { container: argument, argument: --api-key }";
    let run = ["run", "--detach", "--network=none", "--name", "argument"];
    let script = format!("exec sh -c 'sleep 100000; true' web --api-key {OLD}");
    engine.cli(&[&run[..], &[crate::engine::IMAGE, "sh", "-c", &script]].concat());
    engine.until("its program runs", || {
        let list = "cat /proc/[0-9]*/cmdline; true";
        let list = engine.cli(&["exec", "argument", "sh", "-c", list]);
        list.contains("web\u{0}--api-key\u{0}")
    });
    let found = scene.on_the_machine(engine, &[argument]);
    says(&found[0], "stale", "value", "argument/sh/");
    says(&found[0], "stale", "value", "after `--api-key`");
    // Somebody who may not read them has what the engine tells.
    fs::set_permissions(engine.socket(), fs::Permissions::from_mode(0o666)).unwrap();
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(scene.program());
    let found = scene.audit(
        command,
        &[
            "docker: { container: child }",
            "docker: { container: bare }",
        ],
    );
    says(
        &found[0],
        "current",
        "value",
        "its processes were not looked at",
    );
    says(&found[1], "missing", "value", "needs `loads: itself`");
}

pub fn states(engine: &Engine) {
    let scene = Scene::of(engine);
    let old = format!("ALLSTAK_API_KEY={OLD}");
    let new = format!("ALLSTAK_API_KEY={CURRENT}");
    for name in ["shop-paused", "shop-exited", "shop-restarted"] {
        engine.run(name, &["--env", &old]);
    }
    engine.run("web", &["--env", &new]);
    engine.cli(&["pause", "shop-paused"]);
    engine.cli(&["kill", "shop-exited"]);
    engine.cli(&["kill", "shop-restarted"]);
    engine.cli(&["start", "shop-restarted"]);
    engine.cli(&[
        "create",
        "--network=none",
        "--name=shop-created",
        "--env",
        &old,
        crate::engine::IMAGE,
        "true",
    ]);
    let found = scene.elsewhere(&[
        "docker: { container: shop-paused }",
        "docker: { container: shop-exited }",
        "docker: { container: shop-created }",
        "docker: { container: shop-restarted }",
        "docker: { container: 'shop-*' }",
        "docker: { container: web }",
    ]);
    says(&found[0], "stale", "value", "rm -f shop-paused`, then");
    for ended in &found[1..3] {
        says(ended, "unreachable", "none", "no running container fits");
        says(ended, "unreachable", "none", "recreate it");
    }
    says(&found[1], "unreachable", "none", "shop-exited is exited");
    says(
        &found[3],
        "stale",
        "value",
        "a restart keeps the old environment",
    );
    assert_eq!(
        found[4]["readings"].as_array().unwrap().len(),
        2,
        "{:#}",
        found[4]
    );
    says(&found[5], "current", "value", "");
    stopped(engine, &scene, &old, &new);
}

/// What is stopped beside what runs, restarted, and created anew.
fn stopped(engine: &Engine, scene: &Scene, old: &str, new: &str) {
    for (name, key, policy) in [
        ("back-1", new, "no"),
        ("back-2", old, "always"),
        ("wait-1", new, "no"),
        ("wait-2", old, "no"),
    ] {
        engine.run(name, &["--restart", policy, "--env", key]);
    }
    let back = ["docker: { container: 'back-*' }"];
    let wait = ["docker: { container: 'wait-*' }"];
    for name in ["back-2", "wait-2"] {
        engine.cli(&["stop", "--time=0", name]);
    }
    says(
        &scene.elsewhere(&back)[0],
        "unverified",
        "none",
        "its restart policy `always`",
    );
    says(
        &scene.elsewhere(&wait)[0],
        "current",
        "value",
        "not counted: wait-2 is exited",
    );
    // Whoever starts or restarts it brings the old key back.
    for words in ["start", "restart"] {
        let time = ["--time=0"];
        let options: &[&str] = if words == "restart" { &time } else { &[] };
        engine.cli(&[&[words], options, &["back-2"]].concat());
        let found = scene.elsewhere(&back);
        says(
            &found[0],
            "stale",
            "value",
            "a restart keeps the old environment",
        );
        says(&found[0], "stale", "value", "rm -f back-2`, then");
    }
    engine.cli(&["rm", "-f", "back-2"]);
    engine.run("back-2", &["--restart", "always", "--env", new]);
    says(&scene.elsewhere(&back)[0], "current", "value", "");
}

/// A container `web` with a file of every kind. What is called so is what it holds at last:
/// `/srv/plain` and `/srv/link` current, `/run/mounted` old, `/memory/key` old, `/replaced` old where
/// the host has the current one by now.
pub fn start_with_files(engine: &Engine, scene: &Scene) {
    let mounted = scene.write("mounted", OLD);
    let replaced = scene.write("replaced", OLD);
    let fill = format!(
        "cd /srv; echo -n {CURRENT} > plain; ln -s plain link; true > empty; \
         echo -n {OLD} > /memory/key; ln -s {} outside; true > ready; exec sleep 100000",
        scene.path("checkout.key").display()
    );
    let volumes = [
        format!("{}:/run/mounted:ro", mounted.display()),
        format!("{}:/replaced:ro", replaced.display()),
    ];
    engine.cli(&[
        "run",
        "--detach",
        "--network=none",
        "--name=web",
        "--tmpfs=/memory",
        "--volume",
        &volumes[0],
        "--volume",
        &volumes[1],
        crate::engine::IMAGE,
        "sh",
        "-c",
        &fill,
    ]);
    engine.until("it is ready", || {
        engine.try_cli(&["exec", "web", "cat", "/srv/ready"])
    });
    let new = scene.write("new", CURRENT);
    fs::rename(new, replaced).unwrap();
}

pub fn files_on_the_machine(engine: &Engine) {
    let scene = Scene::of(engine);
    start_with_files(engine, &scene);
    let hops = [
        "docker: { container: web, file: /srv/plain }",
        "docker: { container: web, file: /srv/link }",
        "docker: { container: web, file: /run/mounted }",
        "docker: { container: web, file: /memory/key }",
        "docker: { container: web, file: /replaced }",
        "docker: { container: web, file: /srv/none }",
        "docker: { container: web, file: /srv/empty }",
        "docker: { container: web, file: /srv/outside }",
        "docker: { container: web, file: /srv }",
    ];
    let found = scene.on_the_machine(engine, &hops);
    for current in &found[..2] {
        says(
            current,
            "current",
            "value",
            "docker:engine/container=web:/srv/",
        );
    }
    for old in &found[2..5] {
        says(old, "stale", "value", "");
    }
    says(&found[5], "missing", "value", "there is no such file");
    says(&found[6], "missing", "value", "empty");
    // The link leads to a file of the host's, which the container does not have.
    says(&found[7], "missing", "value", "there is no such file");
    assert_eq!(found[8]["verdict"], "unreachable", "{:#}", found[8]);

    // Written anew long after the start: who knows what the program has read.
    let mounted = scene.write("mounted", CURRENT);
    touch(&mounted, "+2 minutes");
    let found = scene.on_the_machine(engine, &hops[2..3]);
    says(&found[0], "unverified", "none", "restart it to be sure");
    assert_eq!(found[0]["readings"].as_array().unwrap().len(), 2);
}

pub fn denied(engine: &Engine) {
    let scene = Scene::of(engine);
    engine.run("web", &["--env", &format!("ALLSTAK_API_KEY={CURRENT}")]);
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(scene.program());
    let found = scene.audit(command, &["docker: { container: web }"]);
    says(
        &found[0],
        "unreachable",
        "none",
        "may not be opened by user nobody",
    );
    says(&found[0], "unreachable", "none", "GET /containers/json");
    says(&found[0], "unreachable", "none", "root on that machine");
}
