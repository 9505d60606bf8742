//! What needs neither root nor another program: files, env files, processes, programs.

use std::fs;
use std::process::{Child, Command, Stdio};

use data_encoding::BASE64;

use crate::table::{Followed, Hop, Table, named};
use crate::values::{CURRENT, OLD, PLAIN, WRONG};
use crate::world::World;

/// Does what is said of a whole file.
fn writes(world: &World, remedy: &str) -> Followed {
    let path = named(remedy, "write the current key to ", &[", ", " as "]);
    assert!(remedy.contains("without a line break after it"), "{remedy}");
    fs::write(path, world.key).unwrap();
    Followed::Instruction
}

#[test]
fn a_file_is_written_anew() {
    let world = World::new();
    let mut table = Table::of("file");
    let path = world.path("held.key");
    let hop = format!("{{ file: {{ path: {} }} }}", path.display());
    let audit = || world.audit(&hop);
    table.tries("no file", "missing", audit, |remedy| writes(&world, remedy));
    for (what, value, verdict) in WRONG {
        fs::write(&path, value).unwrap();
        table.tries(what, verdict, audit, |remedy| writes(&world, remedy));
    }
    let utf_16: Vec<u8> = CURRENT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (what, value) in [
        ("a trailing newline", format!("{CURRENT}\n").into_bytes()),
        ("quotes", format!("\"{CURRENT}\"").into_bytes()),
        (
            "quotes and a trailing newline",
            format!("'{CURRENT}'\r\n").into_bytes(),
        ),
        (
            "a name before it",
            format!("ALLSTAK_API_KEY={CURRENT}").into_bytes(),
        ),
        ("base64", BASE64.encode(CURRENT.as_bytes()).into_bytes()),
        ("the end cut off", CURRENT.as_bytes()[..30].to_vec()),
        ("twice", CURRENT.repeat(2).into_bytes()),
        ("UTF-16", utf_16),
    ] {
        fs::write(&path, value).unwrap();
        table.tries(what, "malformed", audit, |remedy| writes(&world, remedy));
    }
}

#[test]
fn a_part_of_a_file_is_changed_and_the_rest_stays() {
    let world = World::new();
    let mut table = Table::of("file");
    let path = world.path("config.json");
    let file = path.display().to_string();
    let member = format!("{{ file: {{ path: {file} }}, extract: {{ json: /allstak/key }} }}");
    let encoded = format!(
        "{{ file: {{ path: {file} }}, extract: {{ json: /allstak/key }}, decode: base64 }}"
    );
    let follow = |remedy: &str, value: &str| {
        assert!(remedy.contains("leave the rest as it is"), "{remedy}");
        assert_eq!(named(remedy, "make the member ", &[" in "]), "/allstak/key");
        let mut text: serde_json::Value =
            serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        text["allstak"]["key"] = value.into();
        fs::write(&path, text.to_string()).unwrap();
        Followed::Instruction
    };
    for (what, text, verdict) in [
        (
            "JSON without the member",
            r#"{"port": 1}"#.to_owned(),
            "missing",
        ),
        (
            "a member of JSON with an old key",
            serde_json::json!({"port": 1, "allstak": {"key": OLD}}).to_string(),
            "stale",
        ),
        (
            "a member of JSON with a trailing newline",
            serde_json::json!({"port": 1, "allstak": {"key": format!("{CURRENT}\n")}}).to_string(),
            "malformed",
        ),
    ] {
        fs::write(&path, text).unwrap();
        let audit = || world.audit(&member);
        table.tries(what, verdict, audit, |remedy| follow(remedy, CURRENT));
        assert!(fs::read_to_string(&path).unwrap().contains("\"port\":1"));
    }
    let text = serde_json::json!({"allstak": {"key": BASE64.encode(OLD.as_bytes())}});
    fs::write(&path, text.to_string()).unwrap();
    table.tries(
        "a member of JSON in base64 with an old key",
        "stale",
        || world.audit(&encoded),
        |remedy| {
            assert!(remedy.contains("the current key in base64"), "{remedy}");
            follow(remedy, &BASE64.encode(CURRENT.as_bytes()))
        },
    );
}

#[test]
fn a_document_that_was_read_whole_is_not_replaced() {
    let world = World::plain();
    let mut table = Table::of("file");
    let path = world.path("config.json");
    for (what, key, verdict) in [
        ("JSON with an old key, read whole", OLD, "stale"),
        ("JSON with the key, read whole", PLAIN, "malformed"),
    ] {
        let text = serde_json::json!({"port": 1, "key": key}).to_string();
        fs::write(&path, text).unwrap();
        let hop = std::cell::RefCell::new(format!("{{ file: {{ path: {} }} }}", path.display()));
        table.tries(
            what,
            verdict,
            || world.audit(&hop.borrow()),
            |remedy| {
                assert!(
                    remedy.starts_with("if all of it is meant to be there, read the key in it"),
                    "{remedy}"
                );
                let setting = named(remedy, "with `", &["`"]);
                hop.replace_with(|hop| hop.replace("} }", &format!("}}, {setting} }}")));
                let text = fs::read_to_string(&path).unwrap();
                fs::write(&path, text.replace(key, PLAIN)).unwrap();
                Followed::Instruction
            },
        );
        assert!(fs::read_to_string(&path).unwrap().contains("\"port\":1"));
    }
}

const DIALECTS: [&str; 10] = [
    "dotenv",
    "docker",
    "compose",
    "node",
    "python-dotenv",
    "systemd",
    "shell",
    "ruby-dotenv",
    "phpdotenv",
    "symfony",
];

/// Does what is said of a variable in an env file: one line of it, however it has to be quoted.
fn sets(world: &World, remedy: &str, plainly: bool) -> Followed {
    let rest = named(remedy, "write the current key to ", &[", ", "; "]);
    let (path, name) = rest.split_once(" as ").unwrap();
    let line = match plainly {
        true => {
            let says = ["without quotes", "remove the quotes, blanks and comments"];
            assert!(says.iter().any(|says| remedy.contains(says)), "{remedy}");
            format!("{name}={}\n", world.key)
        }
        false => {
            assert!(remedy.contains("in single quotes"), "{remedy}");
            format!("{name}='{}'\n", world.key)
        }
    };
    let text = fs::read_to_string(path).unwrap_or_default();
    let others = text.lines().filter(|line| !line.starts_with(name));
    let others: String = others.map(|line| format!("{line}\n")).collect();
    fs::write(path, format!("{others}{line}")).unwrap();
    Followed::Instruction
}

#[test]
fn a_variable_in_an_env_file_is_written_as_its_reader_takes_it() {
    let world = World::new();
    for dialect in DIALECTS {
        let mut table = Table::of("dotenv");
        let path = world.path(&format!("{dialect}.env"));
        let hop = format!(
            "{{ dotenv: {{ path: {}, dialect: {dialect} }} }}",
            path.display()
        );
        let audit = || world.audit(&hop);
        let follow = |remedy: &str| sets(&world, remedy, dialect == "docker");
        table.tries(&format!("{dialect}: no file"), "missing", audit, follow);
        fs::write(&path, "PORT=1\n").unwrap();
        table.tries(&format!("{dialect}: no variable"), "missing", audit, follow);
        for (what, value, verdict) in WRONG {
            fs::write(&path, format!("PORT=1\nALLSTAK_API_KEY={value}\n")).unwrap();
            table.tries(&format!("{dialect}: {what}"), verdict, audit, follow);
        }
        assert!(fs::read_to_string(&path).unwrap().starts_with("PORT=1\n"));
    }
}

#[test]
fn what_hides_a_line_is_corrected() {
    let world = World::new();
    let mut table = Table::of("dotenv");
    let path = world.path(".env");
    let line = format!("ALLSTAK_API_KEY='{CURRENT}'\n");
    let wide: Vec<u8> = line.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf_16 = [&b"\xff\xfe"[..], &wide].concat();
    let twice = format!("ALLSTAK_API_KEY={OLD}\n{line}ALLSTAK_API_KEY={OLD}\n");
    let set = format!("set {line}");
    for (what, text, verdict, says) in [
        (
            "dotenv: UTF-16",
            utf_16,
            "missing",
            "save it as UTF-8 without a byte order mark",
        ),
        (
            "dotenv: another line wins",
            twice.replacen(OLD, "x", 1).into_bytes(),
            "stale",
            "keep one line of it, with the current key",
        ),
        (
            "dotenv: `set ` before the name",
            set.into_bytes(),
            "missing",
            "correct line 1",
        ),
    ] {
        fs::write(&path, text).unwrap();
        let hop = format!("{{ dotenv: {{ path: {} }} }}", path.display());
        table.tries(
            what,
            verdict,
            || world.audit(&hop),
            |remedy| {
                assert!(remedy.starts_with(says), "{remedy}");
                fs::write(&path, &line).unwrap();
                Followed::Instruction
            },
        );
    }
}

#[test]
fn what_a_reader_did_to_a_key_is_told_with_how_it_is_kept() {
    let world = World::new();
    for (dialect, line, what, verdict) in [
        (
            "docker",
            format!("'{CURRENT}'"),
            "docker: quotes kept",
            "malformed",
        ),
        (
            "docker",
            format!("{CURRENT} # ours"),
            "docker: a comment kept",
            "malformed",
        ),
        (
            "compose",
            CURRENT.replace('#', "H"),
            "compose: `$` taken for a variable",
            "unverified",
        ),
        (
            "dotenv",
            CURRENT.to_owned(),
            "dotenv: a `#` taken for a comment",
            "unknown",
        ),
    ] {
        let mut table = Table::of("dotenv");
        let path = world.path(&format!("{dialect}.env"));
        fs::write(&path, format!("ALLSTAK_API_KEY={line}\n")).unwrap();
        let hop = format!(
            "{{ dotenv: {{ path: {}, dialect: {dialect} }} }}",
            path.display()
        );
        let audit = || world.audit(&hop);
        table.tries(what, verdict, audit, |remedy| {
            sets(&world, remedy, dialect == "docker")
        });
    }
}

#[test]
fn a_variable_of_its_own_environment_is_exported_where_it_is_started() {
    let world = World::new();
    let mut table = Table::of("env");
    let audit = |value: Option<&str>| -> Hop {
        let mut command = Command::new(env!("CARGO_BIN_EXE_straggler"));
        command.env_remove("HELD");
        if let Some(value) = value {
            command.env("HELD", value);
        }
        world.audit_by(command, "{ env: { variable: HELD } }")
    };
    let newline = format!("{CURRENT}\n");
    for (what, value, verdict) in [
        ("not set", None, "missing"),
        ("an old key", Some(OLD), "stale"),
        ("a trailing newline", Some(&*newline), "malformed"),
    ] {
        let value = std::cell::Cell::new(value);
        table.tries(
            what,
            verdict,
            || audit(value.get()),
            |remedy| {
                assert!(
                    remedy.contains("export the current key as HELD where straggler is started"),
                    "{remedy}"
                );
                value.set(Some(CURRENT));
                Followed::Instruction
            },
        );
    }
}

/// A program that sleeps, and ends with the test.
struct Sleeper(Child);

impl Sleeper {
    fn start(world: &World, value: Option<&str>) -> Self {
        let program = world.path("till-of-a-shop");
        if !program.exists() {
            std::os::unix::fs::symlink("/bin/sleep", &program).unwrap();
        }
        let mut command = Command::new(program);
        command.arg("100000").env_remove("ALLSTAK_API_KEY");
        if let Some(value) = value {
            command.env("ALLSTAK_API_KEY", value);
        }
        Self(command.stdin(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_process_is_started_anew() {
    let world = World::new();
    let mut table = Table::of("process");
    let newline = format!("{CURRENT}\n");
    for (what, value, verdict) in [
        ("not set", None, "missing"),
        ("an old key", Some(OLD), "stale"),
        ("a trailing newline", Some(&*newline), "malformed"),
    ] {
        let sleeper = std::cell::RefCell::new(Sleeper::start(&world, value));
        // By its number, for others may run the same test.
        let audit = || {
            let pid = sleeper.borrow().0.id();
            world.audit(&format!("{{ process: {{ pid: {pid} }} }}"))
        };
        table.tries(what, verdict, audit, |remedy| {
            assert!(remedy.contains("start the process"), "{remedy}");
            assert!(
                remedy.contains("with the current key as ALLSTAK_API_KEY"),
                "{remedy}"
            );
            sleeper.replace(Sleeper::start(&world, Some(CURRENT)));
            Followed::Instruction
        });
    }
}

#[test]
fn what_a_program_prints_is_mended_where_it_looks() {
    let world = World::new();
    let mut table = Table::of("command");
    let path = world.path("seen");
    let hop = "{ command: { argv: [cat, seen], yields: value } }";
    for (what, value, verdict) in WRONG {
        fs::write(&path, value).unwrap();
        table.tries(
            what,
            verdict,
            || world.audit(hop),
            |remedy| {
                assert!(
                    remedy
                        .contains("put the current key as ALLSTAK_API_KEY where `cat seen` looks"),
                    "{remedy}"
                );
                fs::write(&path, world.key).unwrap();
                Followed::Instruction
            },
        );
    }
}

#[test]
fn a_bundle_is_built_again() {
    let world = World::plain();
    let mut table = Table::of("bundle");
    let folder = world.path("dist");
    fs::create_dir(&folder).unwrap();
    let build = |key: &str| {
        let text = format!("const key=\"{key}\";send(key)\n");
        fs::write(folder.join("app.js"), text).unwrap();
    };
    let hop = format!("{{ bundle: {{ path: {} }} }}", folder.display());
    for (what, key, verdict) in [("an old key", OLD, "stale"), ("no key", "", "unverified")] {
        build(key);
        table.tries(
            what,
            verdict,
            || world.audit(&hop),
            |remedy| {
                assert!(
                    remedy.contains("build again with the current key"),
                    "{remedy}"
                );
                build(PLAIN);
                Followed::Instruction
            },
        );
    }
}
