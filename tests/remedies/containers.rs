//! Containers of a real Docker Engine and a real Podman, by hand, by Compose and by Swarm.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::engine::{Engine, IMAGE};
use crate::table::{Followed, Hop, Table, commands, named};
use crate::values::{CURRENT, OLD, WRONG};
use crate::world::World;

/// A world that asks this engine, with a `docker` and a `podman` on the path that do too.
struct Site<'e> {
    engine: &'e Engine,
    world: World,
}

impl<'e> Site<'e> {
    fn of(engine: &'e Engine) -> Self {
        let mut world = World::new();
        world.stores = format!(
            "stores: {{ engine: {{ docker: {{ host: '{}' }} }} }}",
            engine.host()
        );
        Self { engine, world }
    }

    /// On the engine's own machine, where processes and mounted files are seen.
    #[track_caller]
    fn audit(&self, hop: &str) -> Hop {
        let hop = hop.replace("docker: { ", "docker: { store: engine, ");
        let command = self.engine.beside(env!("CARGO_BIN_EXE_straggler"));
        self.world.audit_by(command, &hop)
    }

    /// Runs a command as somebody who uses this engine.
    #[track_caller]
    fn run(&self, command: &str) {
        let host = self.engine.host();
        self.world.run(
            command,
            &[("DOCKER_HOST", &host), ("CONTAINER_HOST", &host)],
        );
    }

    /// Creates a container, again if it is there.
    fn create(&self, name: &str, options: &[&str]) {
        self.engine.try_cli(&["rm", "-f", name]);
        self.engine.run(name, options);
    }
}

#[test]
#[ignore = "needs Docker; tests/run has it"]
fn a_container_that_somebody_created_is_created_again() {
    let engine = Engine::docker();
    by_hand(&engine, "docker");
    files(&engine, "docker");
}

#[test]
#[ignore = "needs Podman; tests/run has it"]
fn so_is_one_of_podman() {
    let engine = Engine::podman();
    by_hand(&engine, "podman");
    files(&engine, "podman");
}

fn by_hand(engine: &Engine, program: &'static str) {
    let site = Site::of(engine);
    let mut table = Table::of(if program == "docker" {
        "docker"
    } else {
        "docker (Podman)"
    });
    let set = |value: &str| format!("--env=ALLSTAK_API_KEY={value}");
    let quotes = site
        .world
        .write("quoted.env", format!("ALLSTAK_API_KEY=\"{CURRENT}\"\n"));
    let quoted = format!("--env-file={}", quotes.display());
    let mut cases = WRONG
        .map(|(what, value, verdict)| (what, set(value), verdict))
        .to_vec();
    cases.push(("no variable", "--env=PORT=1".to_owned(), "missing"));
    cases.push(("quotes of `--env-file`", quoted, "malformed"));
    cases.push((
        "a `$` of a shell",
        set(&CURRENT.replace("$Qm", "")),
        "malformed",
    ));
    for (what, option, verdict) in cases {
        site.create("web", &[&option]);
        let audit = || site.audit("{ docker: { container: web } }");
        table.tries(what, verdict, audit, |remedy| {
            assert!(
                remedy.contains("recreate web as it was created"),
                "{remedy}"
            );
            assert!(!remedy.contains("service"), "{remedy}");
            if what.contains("--env-file") {
                assert!(
                    remedy.contains("in the file for `--env-file`, which keeps quotes"),
                    "{remedy}"
                );
            }
            let removes = commands(remedy);
            assert!(
                removes[0].starts_with(&format!("{program} rm -f web")),
                "{remedy}"
            );
            if program == "docker" {
                site.run(&removes[0]);
            }
            site.create("web", &[&set(CURRENT)]);
            Followed::Instruction
        });
    }
}

fn files(engine: &Engine, program: &'static str) {
    let site = Site::of(engine);
    let mut table = Table::of(if program == "docker" {
        "docker"
    } else {
        "docker (Podman)"
    });
    let folder = site.engine.folder().join("keys");
    fs::create_dir_all(&folder).unwrap();
    let key = folder.join("allstak");
    let mount = format!("--volume={}:/run/keys", folder.display());
    let restart = |remedy: &str| {
        let commands = commands(remedy);
        assert!(
            commands[0].starts_with(&format!("{program} restart")),
            "{remedy}"
        );
        match program {
            "docker" => site.run(&commands[0].replace("restart ", "restart -t 0 ")),
            _ => drop(site.engine.cli(&["restart", "--time=0", "web"])),
        }
    };
    for (what, value, verdict) in [
        ("an old key in a mounted file", OLD.to_owned(), "stale"),
        (
            "a trailing newline in a mounted file",
            format!("{CURRENT}\n"),
            "malformed",
        ),
    ] {
        fs::write(&key, value).unwrap();
        site.create("web", &[&mount]);
        let audit = || site.audit("{ docker: { container: web, file: /run/keys/allstak } }");
        table.tries(what, verdict, audit, |remedy| {
            let path = named(
                remedy,
                "write the current key to ",
                &[" on the engine's machine"],
            );
            assert_eq!(Path::new(path), key, "{remedy}");
            fs::write(path, CURRENT).unwrap();
            restart(remedy);
            Followed::Instruction
        });
    }
    site.create("web", &[]);
    let audit = || site.audit("{ docker: { container: web, file: /srv/allstak } }");
    table.tries("no such file", "missing", audit, |remedy| {
        let path = named(remedy, "write the current key to ", &[" in web"]);
        let into = format!("web:{path}");
        let file = site.world.path("FILE");
        site.engine.cli(&["cp", file.to_str().unwrap(), &into]);
        restart(remedy);
        Followed::Instruction
    });
}

#[test]
#[ignore = "needs Docker and its Compose; tests/run has them"]
fn compose_creates_its_containers_again() {
    let engine = Engine::docker();
    let site = Site::of(&engine);
    let mut table = Table::of("docker (Compose)");
    let folder = site.world.path("my shop");
    fs::create_dir(&folder).unwrap();
    let compose = |lines: &str| {
        let text = format!(
            "version: '3'\nservices:\n  web:\n    image: {IMAGE}\n    command: sleep 100000\n    network_mode: none\n    stop_grace_period: 0s\n{lines}"
        );
        fs::write(folder.join("live.yml"), text).unwrap();
    };
    let quoted = |key: &str| format!("'{}'", key.replace('\'', "''"));
    let environment = |key: &str| {
        compose(&format!(
            "    environment:\n      ALLSTAK_API_KEY: {}\n",
            quoted(key)
        ));
    };
    let list = |key: &str| {
        let line = quoted(&format!("ALLSTAK_API_KEY={key}"));
        compose(&format!("    environment:\n      - {line}\n"));
    };
    let up = || {
        let host = engine.host();
        let output = Command::new("docker-compose")
            .args([
                "-f",
                "live.yml",
                "-p",
                "shop",
                "up",
                "-d",
                "--force-recreate",
            ])
            .env("DOCKER_HOST", host)
            .current_dir(&folder)
            .output()
            .expect("tests/setup/remedies installs it");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let doubled = CURRENT.replace('$', "$$");
    for (what, verdict, hop) in [
        (
            "an old key",
            "stale",
            "{ docker: { container: shop_web_1 } }",
        ),
        (
            "an old key, by project and service",
            "stale",
            "{ docker: { project: shop, service: web } }",
        ),
        (
            "no variable",
            "missing",
            "{ docker: { container: 'shop_web_*' } }",
        ),
        (
            "a `$` eaten",
            "malformed",
            "{ docker: { container: shop_web_1 } }",
        ),
        (
            "quotes of a list",
            "malformed",
            "{ docker: { container: shop_web_1 } }",
        ),
    ] {
        match what {
            "no variable" => compose(""),
            "a `$` eaten" => environment(CURRENT),
            "quotes of a list" => list(&format!("\"{}\"", doubled)),
            _ => environment(OLD),
        }
        up();
        table.tries(
            what,
            verdict,
            || site.audit(hop),
            |remedy| {
                assert!(remedy.contains("where Compose takes it from"), "{remedy}");
                match what {
                    "a `$` eaten" => assert!(
                        remedy.contains("each `$` of the key as `$$` in the Compose file"),
                        "{remedy}"
                    ),
                    "quotes of a list" => {
                        assert!(remedy.contains("leave out the quotes"), "{remedy}")
                    }
                    _ => {}
                }
                environment(&doubled);
                let commands = commands(remedy);
                assert_eq!(commands.len(), 1, "{remedy}");
                site.run(&commands[0]);
                Followed::Instruction
            },
        );
    }
}

#[test]
#[ignore = "needs Docker; tests/run has it"]
fn swarm_updates_its_services() {
    let engine = Engine::docker_apart();
    let site = Site::of(&engine);
    let mut table = Table::of("docker (Swarm)");
    engine.cli(&["swarm", "init", "--advertise-addr", "127.0.0.1"]);
    let service = |name: &str, options: &[&str]| {
        let mut arguments = vec![
            "service",
            "create",
            "--detach",
            "--network=host",
            "--name",
            name,
            "--stop-grace-period=0s",
        ];
        arguments.extend(options);
        arguments.extend([IMAGE, "sleep", "100000"]);
        engine.cli(&arguments);
        engine.wait_for(&format!("com.docker.swarm.service.name={name}"));
    };
    // As it is run by somebody who waits: what is replaced has ended then.
    let settled = |name: &str| {
        let filter = format!("label=com.docker.swarm.service.name={name}");
        engine.until("one container", || {
            let running = engine.cli(&["ps", "--quiet", "--filter", &filter]);
            running.lines().count() == 1
        });
    };
    service("shop_web", &[&format!("--env=ALLSTAK_API_KEY={OLD}")]);
    let hop = "{ docker: { label: { com.docker.swarm.service.name: shop_web } } }";
    table.tries(
        "an old key",
        "stale",
        || site.audit(hop),
        |remedy| {
            for command in commands(remedy) {
                site.run(&command);
            }
            settled("shop_web");
            Followed::Run
        },
    );

    let old = site.world.path("old.key");
    engine.cli(&["secret", "create", "allstak-1", old.to_str().unwrap()]);
    service("shop_mail", &["--secret=source=allstak-1,target=allstak"]);
    let hop = "{ docker: { label: { com.docker.swarm.service.name: shop_mail }, file: /run/secrets/allstak } }";
    table.tries(
        "an old secret",
        "stale",
        || site.audit(hop),
        |remedy| {
            for command in commands(remedy) {
                if !command.starts_with("docker service inspect") {
                    site.run(
                        &command
                            .replace("NEW", "allstak-2")
                            .replace("OLD", "allstak-1"),
                    );
                }
            }
            settled("shop_mail");
            Followed::Instruction
        },
    );
}
