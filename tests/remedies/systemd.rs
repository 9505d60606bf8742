//! Services of a real systemd.

use std::process::Output;

use crate::machine::Machine;
use crate::table::{Followed, Hop, Table, commands, named};
use crate::values::{CURRENT, OLD, OTHER, WRONG};
use crate::world::{self, World};

/// What the program says there.
fn audit(machine: &Machine, hop: &str) -> Hop {
    machine.write("/srv/targets.yaml", World::new().targets(hop));
    let (_, report) = machine
        .try_run("cd /srv && /opt/straggler/straggler audit --retries 0 --format json 2>/dev/null");
    world::read(&Output {
        status: std::process::ExitStatus::default(),
        stdout: report.into_bytes(),
        stderr: Vec::new(),
    })
}

/// Runs what a remedy says is to be run, in its order.
fn run(machine: &Machine, remedy: &str) {
    for command in commands(remedy) {
        // Those open an editor, or only show something: a person has used them already.
        if ["systemctl edit", "systemctl cat"]
            .iter()
            .any(|shows| command.starts_with(shows))
        {
            continue;
        }
        machine.run(&format!("cd /srv && {command}"));
    }
}

/// Declares a service that may be restarted as often as a test does.
fn unit(machine: &Machine, name: &str, lines: &str) {
    machine.unit(name, &format!("{lines}\n[Unit]\nStartLimitIntervalSec=0"));
}

/// As systemd wants it in `Environment=`.
fn assignment(key: &str) -> String {
    let key = key
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%");
    format!("Environment=\"ALLSTAK_API_KEY={key}\"")
}

/// What somebody writes into an env file between single quotes.
fn quoted() -> String {
    format!("ALLSTAK_API_KEY='{CURRENT}'\n")
}

#[test]
#[ignore = "needs Docker and a systemd to boot; tests/run has them"]
fn services_get_the_current_key() {
    let machine = Machine::boot();
    machine.write("/srv/FILE", CURRENT);
    machine.write("/srv/old.key", OLD);
    machine.write("/srv/other.key", OTHER);
    files(&machine);
    units(&machine);
    absent(&machine);
    manager(&machine);
    credentials(&machine);
    by_their_processes(&machine);
}

fn stages(unit: &str) -> [String; 2] {
    [
        format!("{{ systemd: {{ unit: {unit}, stage: config }} }}"),
        format!("{{ systemd: {{ unit: {unit} }} }}"),
    ]
}

fn files(machine: &Machine) {
    let mut table = Table::of("systemd");
    unit(machine, "web", "EnvironmentFile=/etc/web.env");
    let cases =
        WRONG.map(|(what, value, verdict)| (what, format!("ALLSTAK_API_KEY={value}\n"), verdict));
    let more = [
        (
            "quotes in quotes",
            format!(
                "ALLSTAK_API_KEY=\"'{}'\"\n",
                CURRENT.replace(['"', '\\'], "x")
            ),
            "",
        ),
        (
            "`%` doubled",
            format!("ALLSTAK_API_KEY='{}'\n", CURRENT.replace('%', "%%")),
            "malformed",
        ),
    ];
    for (what, text, verdict) in cases.into_iter().chain(more) {
        if verdict.is_empty() {
            continue;
        }
        for (stage, hop) in ["config", "running"].into_iter().zip(stages("web")) {
            machine.write("/etc/web.env", &text);
            machine.run("systemctl daemon-reload && systemctl restart web");
            table.tries(
                &format!("{stage}: {what} in its `EnvironmentFile=`"),
                verdict,
                || audit(machine, &hop),
                |remedy| {
                    let path = named(remedy, "the current key as ALLSTAK_API_KEY to ", &[", "]);
                    assert!(remedy.contains("in single quotes"), "{remedy}");
                    machine.write(path, quoted());
                    run(machine, remedy);
                    Followed::Instruction
                },
            );
        }
    }
}

fn units(machine: &Machine) {
    let mut table = Table::of("systemd");
    for (what, line, verdict) in [
        (
            "an old key",
            format!("Environment=ALLSTAK_API_KEY={OLD}"),
            "stale",
        ),
        (
            "a `%` expanded",
            assignment(CURRENT).replace("%%", "%"),
            "unknown",
        ),
        (
            "a `%` doubled",
            assignment(CURRENT).replace("%%", "%%%%"),
            "malformed",
        ),
    ] {
        for (stage, hop) in ["config", "running"].into_iter().zip(stages("own")) {
            unit(machine, "own", &line);
            machine.run("systemctl daemon-reload && systemctl restart own");
            table.tries(
                &format!("{stage}: {what} in `Environment=`"),
                verdict,
                || audit(machine, &hop),
                |remedy| {
                    assert!(
                        remedy.contains("`systemctl cat own.service` shows its `Environment=`"),
                        "{remedy}"
                    );
                    assert!(remedy.contains("`%` as `%%`"), "{remedy}");
                    unit(machine, "own", &assignment(CURRENT));
                    run(machine, remedy);
                    Followed::Instruction
                },
            );
        }
    }
}

fn absent(machine: &Machine) {
    let mut table = Table::of("systemd");
    unit(machine, "optional", "EnvironmentFile=-/etc/optional.env");
    unit(machine, "bare", "");
    unit(machine, "strict", "EnvironmentFile=/etc/strict.env");
    unit(
        machine,
        "unset",
        &format!("{}\nUnsetEnvironment=ALLSTAK_API_KEY", assignment(CURRENT)),
    );
    machine.run("systemctl daemon-reload && systemctl start optional bare unset");
    let drop_in = |unit: &str, lines: &str| {
        machine.write("/etc/added.env", quoted());
        let text = format!("[Service]\n{lines}EnvironmentFile=/etc/added.env\n");
        machine.write(
            &format!("/etc/systemd/system/{unit}.service.d/key.conf"),
            text,
        );
        // As `systemctl edit` does when it is left.
        machine.run("systemctl daemon-reload");
    };
    let [next, held] = stages("optional");
    for (stage, hop) in [("config", next), ("running", held)] {
        machine.run("rm -f /etc/optional.env && systemctl restart optional");
        table.tries(
            &format!("{stage}: an `EnvironmentFile=-` that is not there"),
            "missing",
            || audit(machine, &hop),
            |remedy| {
                let path = named(
                    remedy,
                    "write the current key as ALLSTAK_API_KEY to ",
                    &[", "],
                );
                machine.write(path, quoted());
                run(machine, remedy);
                Followed::Instruction
            },
        );
    }
    let [_, held] = stages("bare");
    table.tries(
        "running: nothing sets it",
        "missing",
        || audit(machine, &held),
        |remedy| {
            assert!(
                remedy.contains("add an `EnvironmentFile=`")
                    && remedy.contains("`systemctl edit bare.service`"),
                "{remedy}"
            );
            drop_in("bare", "");
            run(machine, remedy);
            Followed::Instruction
        },
    );
    let [_, held] = stages("unset");
    table.tries(
        "running: `UnsetEnvironment=`",
        "missing",
        || audit(machine, &held),
        |remedy| {
            assert!(remedy.contains("out of `UnsetEnvironment=`"), "{remedy}");
            drop_in("unset", "UnsetEnvironment=\n");
            run(machine, remedy);
            Followed::Instruction
        },
    );
    let [next, _] = stages("strict");
    table.tries(
        "config: an `EnvironmentFile=` that is not there",
        "unreachable",
        || audit(machine, &next),
        |remedy| {
            assert!(
                remedy.contains("put the file there, with the key in it"),
                "{remedy}"
            );
            machine.write("/etc/strict.env", quoted());
            Followed::Instruction
        },
    );
}

fn manager(machine: &Machine) {
    let mut table = Table::of("systemd");
    unit(machine, "all", "");
    machine.run(&format!(
        "systemctl set-environment ALLSTAK_API_KEY={OLD} && systemctl daemon-reload && systemctl restart all"
    ));
    let [_, held] = stages("all");
    table.tries(
        "running: an old key of `set-environment`",
        "stale",
        || audit(machine, &held),
        |remedy| {
            run(machine, remedy);
            Followed::Run
        },
    );
    machine.run("systemctl unset-environment ALLSTAK_API_KEY");
}

fn credentials(machine: &Machine) {
    let mut table = Table::of("systemd");
    unit(
        machine,
        "sealed",
        "LoadCredential=allstak:/etc/keys/allstak",
    );
    machine.run("systemctl daemon-reload");
    for (what, value, verdict) in [
        ("an old key", OLD.to_owned(), "stale"),
        ("a trailing newline", format!("{CURRENT}\n"), "malformed"),
    ] {
        for stage in ["config", "running"] {
            machine.write("/etc/keys/allstak", &value);
            machine.run("systemctl restart sealed");
            let hop =
                format!("{{ systemd: {{ unit: sealed, stage: {stage}, credential: allstak }} }}");
            table.tries(
                &format!("{stage}: {what} in a credential"),
                verdict,
                || audit(machine, &hop),
                |remedy| {
                    let path = named(remedy, "write the current key to ", &[", "]);
                    machine.write(path, CURRENT);
                    run(machine, remedy);
                    Followed::Instruction
                },
            );
        }
    }
}

fn by_their_processes(machine: &Machine) {
    let mut table = Table::of("process");
    unit(machine, "plain", "EnvironmentFile=/etc/plain.env");
    machine.write("/etc/plain.env", format!("ALLSTAK_API_KEY={OLD}\n"));
    machine.run("systemctl daemon-reload && systemctl restart plain");
    let hop = "{ process: { unit: plain } }";
    table.tries(
        "a unit with an old key",
        "stale",
        || audit(machine, hop),
        |remedy| {
            assert!(
                remedy.contains("once the unit gives it the current key as ALLSTAK_API_KEY"),
                "{remedy}"
            );
            machine.write("/etc/plain.env", quoted());
            run(machine, remedy);
            Followed::Instruction
        },
    );
}
