//! Readings that came from elsewhere, and whether they are believed.

use serde_json::{Value, json};

use crate::support::server::{Answer, Server};
use crate::support::{CURRENT, OLD, Ran, STRANGE, Scene, fingerprint, fingerprint_of};

/// A deployment whose hop is told this.
fn told(reading: &str) -> Scene {
    let old = fingerprint(OLD);
    Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    current: {{ file: {{ path: DIR/current }} }}
    previous: [ {{ fingerprint: '{old}' }} ]
deployments:
  - {{ name: api, project: checkout, route: [ {{ command: {{ argv: [cat, DIR/reading] }} }} ] }}
"
    ))
    .file("current", CURRENT)
    .file("reading", reading)
}

fn audit(reading: &str) -> Ran {
    told(reading).run(["audit", "-f", "json"])
}

fn verdict(ran: &Ran) -> String {
    let report = ran.json();
    let verdict = report["deployments"][0]["hops"][0]["verdict"].as_str();
    verdict.unwrap().to_owned()
}

#[test]
fn a_reading_that_contradicts_is_neither_fine_nor_drift_nor_safe() {
    let current = fingerprint(CURRENT);
    let old = fingerprint(OLD);
    let length = CURRENT.len();
    for (members, expected, code) in [
        (
            format!("'fingerprint':'{current}','length':{length},'variable':'KEY'"),
            "current",
            0,
        ),
        // Of a key that is known by its fingerprint alone no length is known either.
        (format!("'fingerprint':'{old}','length':7"), "stale", 1),
        (
            format!("'fingerprint':'{current}','length':{}", length + 1),
            "unreachable",
            3,
        ),
        (
            format!("'fingerprint':'{current}','length':0"),
            "unreachable",
            3,
        ),
        (
            format!("'fingerprint':'{current}','absent':true"),
            "unreachable",
            3,
        ),
        (
            format!("'fingerprint':'{current}','variable':'OTHER'"),
            "unreachable",
            3,
        ),
        (
            format!("'fingerprint':'{current}','fingerprint':'{current}'"),
            "unreachable",
            3,
        ),
        (
            format!("'fingerprint':'{current}','length':'{length}'"),
            "unreachable",
            3,
        ),
    ] {
        let reading = format!("{{'schema':'straggler.reading/v1',{members}}}").replace('\'', "\"");
        let ran = audit(&reading).ends(code);
        assert_eq!(verdict(&ran), expected, "{reading}");
        let asked = told(&reading).run(["revoke-check", "checkout"]);
        asked.ends(code);
    }
    let later = format!("{{\"schema\":\"straggler.reading/v2\",\"key\":\"{current}\"}}");
    let ran = audit(&later).ends(3);
    assert_eq!(verdict(&ran), "unreachable");
    assert!(
        ran.to_string().contains("straggler.reading/v2 came back"),
        "{ran}"
    );
}

/// A deployment whose hop reads an env file as `straggler inspect` tells of it.
fn inspected(file: &str) -> Scene {
    let straggler = env!("CARGO_BIN_EXE_straggler");
    Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    current: {{ file: {{ path: DIR/current }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
deployments:
  - name: api
    project: checkout
    route:
      - command:
          argv: ['{straggler}', inspect, --file, DIR/web.env, --variable, KEY, --format, reading]
          stage: config
"
    ))
    .file("current", CURRENT)
    .file("old", OLD)
    .file("web.env", file)
}

const READING: [&str; 7] = [
    "inspect",
    "--file",
    "web.env",
    "--variable",
    "KEY",
    "--format",
    "reading",
];

#[test]
fn an_old_key_beside_the_variable_is_seen_at_the_far_end() {
    let clean = format!("# the key of the shop\nKEY={CURRENT}\nPORT=8080\nDB_PASSWORD=hunter2\n");
    let scene = inspected(&clean);
    let reading = scene.run(READING).ends(0).json();
    assert_eq!(reading["beside"], json!([]), "{reading}");
    scene.run(["revoke-check", "checkout"]).ends(0);
    let encoded = data_encoding::BASE64.encode(format!("x:{OLD}").as_bytes());
    for beside in [
        format!("ALLSTAK_KEY={OLD}"),
        format!("# KEY={OLD}"),
        format!("DSN=https://{OLD}@host/1"),
        format!("AUTH={encoded}"),
    ] {
        let scene = inspected(&format!("{clean}{beside}\nOTHER={STRANGE}\n"));
        let ran = scene.run(READING).ends(0);
        let reading = ran.json();
        let prints = reading["beside"].as_array().unwrap();
        let has = |key: &str| prints.contains(&Value::from(fingerprint(key)));
        assert!(has(OLD) && has(STRANGE) && !has(CURRENT), "{reading}");
        assert!(!has("hunter2"), "{reading}");
        for secret in [OLD, CURRENT, STRANGE, &encoded, "hunter2"] {
            assert!(!ran.to_string().contains(secret), "{ran}");
        }
        let audit = scene
            .run(["audit", "-f", "json", "--no-ledger"])
            .ends(0)
            .json();
        assert_eq!(audit["warnings"][0]["code"], "old-key-beside", "{audit}");
        let asked = scene.run(["revoke-check", "checkout", "-f", "json", "--no-ledger"]);
        let answer = asked.ends(3).json();
        let message = answer["blind_spots"][0]["readings"][0]["message"].as_str();
        assert!(
            message
                .unwrap()
                .ends_with("the rest of what was read holds the previous key, 1 rotation behind"),
            "{answer}"
        );
    }
}

#[test]
fn a_variable_that_is_absent_at_the_far_end_may_have_another_name_there() {
    let audit = |file: &str| {
        let ran = inspected(file).run(["audit", "-f", "json", "--no-ledger"]);
        let message = ran.ends(1).json()["deployments"][0]["hops"][0]["message"].clone();
        message.as_str().unwrap().to_owned()
    };
    let told = audit(&format!("ALLSTAK_KEY={CURRENT}\n"));
    assert!(
        told.contains("the rest of what was read holds the current key"),
        "{told}"
    );
    let told = audit("PORT=80\n");
    assert!(
        !told.contains("the rest") && !told.contains("beside"),
        "{told}"
    );
    inspected("PORT=80\n")
        .run(["revoke-check", "checkout"])
        .ends(0);
    inspected(&format!("ALLSTAK_KEY={OLD}\n"))
        .run(["revoke-check", "checkout"])
        .ends(3);
}

#[test]
fn what_a_reading_does_not_tell_is_a_blind_spot() {
    let current = fingerprint(CURRENT);
    for (members, code, why) in [
        // Of what is there, nobody has to say more.
        (format!("\"fingerprint\":\"{current}\""), 0, ""),
        ("\"absent\":true,\"beside\":[]".to_owned(), 0, ""),
        (
            "\"absent\":true".to_owned(),
            3,
            "its reading does not say what stands beside it",
        ),
        (
            format!("\"fingerprint\":\"{current}\",\"beside\":[],\"beside_cut\":true"),
            3,
            "more stands beside it than its reading names",
        ),
        (
            format!(
                "\"fingerprint\":\"{current}\",\"beside\":[\"{}\"]",
                fingerprint(OLD)
            ),
            3,
            "the rest of what was read holds the previous key",
        ),
        (
            format!(
                "\"fingerprint\":\"{current}\",\"former\":\"{}\"",
                fingerprint(OLD)
            ),
            3,
            "the rest of what was read holds the previous key",
        ),
        (
            format!("\"fingerprint\":\"{current}\",\"replica\":\"{OLD}\""),
            3,
            "the rest of what was read holds the previous key",
        ),
    ] {
        let reading = format!("{{\"schema\":\"straggler.reading/v1\",{members}}}");
        let scene = inspected("").file("reading", &reading);
        let hop = "command: { argv: [cat, DIR/reading], stage: config }";
        let targets = std::fs::read_to_string(scene.path("targets.yaml")).unwrap();
        let (head, _) = targets.split_once("      - command:").unwrap();
        let folder = scene.folder().display().to_string();
        let by_command = format!("{head}      - {}\n", hop.replace("DIR", &folder));
        // It may be a part of a larger answer.
        let object = serde_json::from_str::<Value>(&reading).unwrap();
        let bodies = [json!(reading), object].map(|told| json!({ "reading": told }).to_string());
        let servers = bodies.map(|body| Server::new(move |_| Answer::status(200, body.clone())));
        let by_server = servers.each_ref().map(|server| {
            let url = server.url("/");
            format!("{head}      - http: {{ url: '{url}', pointer: /reading, stage: config }}\n")
        });
        for targets in [by_command].into_iter().chain(by_server) {
            std::fs::write(scene.path("targets.yaml"), targets).unwrap();
            let asked = scene.run(["revoke-check", "checkout", "--no-ledger"]);
            asked.ends(code).prints(why);
        }
    }
}

#[test]
fn what_stands_beside_a_reading_in_an_answer_counts() {
    let print = fingerprint_of(OLD, 64);
    let digits = print.trim_start_matches("sha256:").to_owned();
    for (beside, code) in [
        ("x".to_owned(), 0),
        (OLD.to_owned(), 3),
        (format!("SHA256:{}", digits.to_uppercase()), 3),
        (digits, 3),
    ] {
        let reading = json!({
            "schema": "straggler.reading/v1", "fingerprint": fingerprint(CURRENT), "beside": []
        });
        let body = json!({ "reading": reading, "other": beside }).to_string();
        let server = Server::new(move |_| Answer::status(200, body.clone()));
        let scene = inspected("");
        let targets = std::fs::read_to_string(scene.path("targets.yaml")).unwrap();
        let (head, _) = targets.split_once("      - command:").unwrap();
        let url = server.url("/");
        let hop = format!("{head}      - http: {{ url: '{url}', pointer: /reading }}\n");
        std::fs::write(scene.path("targets.yaml"), hop).unwrap();
        let asked = scene.run(["revoke-check", "checkout", "--no-ledger"]);
        asked.ends(code);
    }
}

#[test]
fn a_key_that_no_reading_names_may_stand_beside_it() {
    const UNLIKE: &str = "x7!Kq#9zW&4mT@2vR%8pLs";
    const WHY: &str = "its reading tells no words like this key";
    let file = format!("KEY={CURRENT}\n# {UNLIKE}\n");
    let asked = |scene: &Scene| scene.run(["revoke-check", "checkout", "--no-ledger"]);
    let scene = inspected(&file).file("old", UNLIKE);
    asked(&scene).ends(3).prints(WHY);
    // An audit has nothing to say of it.
    let ran = scene.run(["audit", "--no-ledger"]).ends(0);
    assert!(!ran.to_string().contains(WHY), "{ran}");
    let targets = std::fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let write = |targets: &str| std::fs::write(scene.path("targets.yaml"), targets).unwrap();
    // A file that is the key has nothing beside it.
    let bare = targets.replace("web.env, --variable, KEY", "current");
    assert_ne!(bare, targets);
    write(&bare);
    asked(&scene).ends(0);
    // Of a key that nobody can see, the current one tells the looks.
    let (head, tail) = targets.split_once("previous: [ {").unwrap();
    let (_, tail) = tail.split_once("} } ]").unwrap();
    let print = fingerprint(UNLIKE);
    write(&format!(
        "{head}previous: [ {{ fingerprint: '{print}' }} ]{tail}"
    ));
    asked(&scene).ends(0);
    let scene = scene
        .file("current", "q8!Zk#3xV&9nR@5wT%2mBd")
        .file("web.env", "KEY='q8!Zk#3xV&9nR@5wT%2mBd'\n");
    asked(&scene).ends(3).prints(WHY);
}

#[test]
fn what_stands_beside_the_key_of_a_process_is_told_and_of_the_own_environment_not() {
    let reading = |ran: Ran| ran.ends(0).json();
    let scene = Scene::new();
    let own = scene.straggler(["inspect", "--env", "KEY", "--format", "reading"]);
    let own = reading(own.env("KEY", CURRENT).env("OTHER", OLD).run());
    assert_eq!(own.get("beside"), None, "{own}");
    let mut sleeper = std::process::Command::new("sleep");
    sleeper
        .arg("1000")
        .env_clear()
        .env("KEY", CURRENT)
        .env("OTHER", OLD);
    let mut sleeper = sleeper.spawn().unwrap();
    let pid = sleeper.id().to_string();
    let arguments = [
        "inspect",
        "--pid",
        &pid,
        "--variable",
        "KEY",
        "--format",
        "reading",
    ];
    let ran = scene.run(arguments);
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    let told = reading(ran)["beside"].clone();
    let old = Value::from(fingerprint(OLD));
    assert!(told.as_array().unwrap().contains(&old), "{told}");
}

#[test]
#[cfg(unix)]
fn a_link_that_leads_nowhere_is_out_of_sight_whatever_is_expected_there() {
    for expect in ["current", "optional", "absent"] {
        for hop in ["file: { path: DIR/link }", "dotenv: { path: DIR/link }"] {
            let targets = format!(
                "version: 1
projects:
  shop:
    variable: KEY
    current: {{ file: {{ path: DIR/shop }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
deployments:
  - {{ name: web, project: shop, route: [ {{ {hop}, expect: {expect} }} ] }}
"
            );
            let scene = Scene::with(&targets).file("shop", CURRENT).file("old", OLD);
            std::os::unix::fs::symlink("unmounted/key", scene.path("link")).unwrap();
            scene.run(["audit", "--no-ledger"]).ends(3);
            scene
                .run(["revoke-check", "shop", "--no-ledger"])
                .ends(3)
                .prints("is a symbolic link that leads nowhere");
        }
    }
}
