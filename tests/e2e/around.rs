//! A key beside the part of a place that a hop takes: an audit tells of it, and it is never safe to revoke.

mod forms;

use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::support::server::{Answer, Server};
use crate::support::{CURRENT, OLD, SIBLING, STRANGE, Scene, fingerprint};

/// `shop` held OLD before. The route is that of its one deployment, `web`.
fn scene(route: &str) -> Scene {
    let targets = format!(
        "version: 1
projects:
  shop:
    variable: KEY
    current: {{ file: {{ path: DIR/shop }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
deployments:
  - {{ name: web, project: shop, route: [ {route} ] }}
"
    );
    Scene::with(&targets).file("shop", CURRENT).file("old", OLD)
}

const MISTYPED: &str = "{ file: { path: DIR/app.json }, extract: { json: /allstak/kye } }";

fn revoke(scene: &Scene, code: i32) -> serde_json::Value {
    let ran = scene.run(["revoke-check", "shop", "--no-ledger", "-f", "json"]);
    ran.ends(code).json()
}

#[test]
fn a_pointer_that_is_mistyped_never_makes_the_key_beside_it_safe() {
    let json = |typed: &str, key: &str| {
        format!("{{\"allstak\": {{\"kye\": \"{typed}\", \"key\": \"{key}\"}}, \"n\": 1}}\n")
    };
    let missing = format!("{{\"allstak\": {{\"key\": \"{OLD}\"}}, \"n\": 1}}\n");
    let scene = scene(MISTYPED).file("app.json", missing);
    let audit = scene
        .run(["audit", "--no-ledger", "-f", "json"])
        .ends(1)
        .json();
    let hop = &audit["deployments"][0]["hops"][0];
    let [message, remedy] = ["message", "remedy"].map(|field| hop[field].as_str().unwrap());
    assert_eq!(
        message,
        "does not have the key; the rest of what was read holds the previous key, 1 rotation behind, at \
         /allstak/key"
    );
    assert!(
        remedy.starts_with(
            "if what reads it takes the key from there, write `extract: { json: /allstak/key }` (targets.yaml:8), \
             and put the current key there; else make the member /allstak/kye in "
        ),
        "{remedy}"
    );
    revoke(&scene, 3);

    // Whoever does what is said last gets what is current, and still no answer that is wrong.
    let scene = scene.file("app.json", json(CURRENT, OLD));
    let audit = scene
        .run(["audit", "--no-ledger", "-f", "json"])
        .ends(0)
        .json();
    let warning = &audit["warnings"][0];
    assert_eq!(warning["code"], "old-key-beside", "{warning}");
    let told = warning["message"].as_str().unwrap();
    assert!(told.starts_with("shop's previous key stands beside what web takes from file:"));
    let answer = revoke(&scene, 3);
    assert_eq!(answer["holders"], serde_json::json!([]));
    let spot = &answer["blind_spots"][0];
    assert_eq!(spot["deployment"], "web");
    let message = spot["readings"][0]["message"].as_str().unwrap();
    assert!(message.ends_with("at /allstak/key"), "{message}");
    let remedy = spot["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("remove it there, or write the current key in its place; or "));
    assert!(remedy.ends_with("answer for it: --accept web --reason TEXT"));

    // Somebody looked.
    scene
        .run([
            "revoke-check",
            "shop",
            "--ledger",
            "ledger.db",
            "--accept",
            "web",
            "--reason",
            "unused",
        ])
        .ends(0);
    let scene = scene.file("app.json", json(CURRENT, CURRENT));
    scene.run(["audit", "--no-ledger"]).ends(0);
    revoke(&scene, 0);
}

#[test]
fn correcting_the_hop_as_it_says_is_the_other_way() {
    let corrected = MISTYPED.replace("/allstak/kye", "/allstak/key");
    let json = |key: &str| format!("{{\"allstak\": {{\"key\": \"{key}\"}}}}");
    let scene = scene(&corrected).file("app.json", json(OLD));
    scene.run(["audit", "--no-ledger"]).ends(1).prints("stale");
    let scene = scene.file("app.json", json(CURRENT));
    scene.run(["audit", "--no-ledger"]).ends(0);
    revoke(&scene, 0);
}

#[test]
fn another_variable_a_comment_and_an_encoded_key_are_seen_in_an_env_file() {
    let encoded = data_encoding::BASE64.encode(format!("x:{OLD}").as_bytes());
    for beside in [
        format!("ALLSTAK_KEY={OLD}"),
        format!("# KEY={OLD}"),
        format!("DSN=https://{OLD}@host/1"),
        format!("AUTH={encoded}"),
    ] {
        let scene = scene("{ dotenv: { path: DIR/web.env } }")
            .file("web.env", format!("PORT=80\n{beside}\nKEY={CURRENT}\n"));
        scene.run(["audit", "--no-ledger"]).ends(0);
        revoke(&scene, 3);
        let scene = scene.file("web.env", format!("PORT=80\nKEY={CURRENT}\n"));
        revoke(&scene, 0);
    }
}

#[test]
fn what_another_hop_takes_from_the_same_file_is_told_there_alone() {
    let scene = scene(
        "{ dotenv: { path: DIR/web.env } }, { dotenv: { path: DIR/web.env }, variable: NEXT_PUBLIC_KEY }",
    )
    .file("web.env", format!("KEY={CURRENT}\nNEXT_PUBLIC_KEY={OLD}\n"));
    let answer = revoke(&scene, 1);
    assert_eq!(answer["holders"].as_array().unwrap().len(), 1);
    assert_eq!(answer["blind_spots"], serde_json::json!([]));
}

#[test]
fn a_previous_key_that_is_declared_to_stand_there_is_no_blind_spot() {
    let targets = "version: 1
projects:
  shop:
    variable: KEY
    current: { file: { path: DIR/keys.json }, extract: { json: /current } }
    previous: [ { file: { path: DIR/keys.json }, extract: { json: /previous } } ]
deployments:
  - name: web
    project: shop
    route:
      - { file: { path: DIR/keys.json }, extract: { json: /current } }
      - dotenv: { path: DIR/web.env }
";
    let keys =
        |rest: &str| format!("{{\"current\": \"{CURRENT}\", \"previous\": \"{OLD}\"{rest}}}");
    let scene = Scene::with(targets)
        .file("keys.json", keys(""))
        .file("web.env", format!("KEY={CURRENT}\n"));
    revoke(&scene, 0);
    let scene = scene.file("keys.json", keys(&format!(", \"x\": \"{STRANGE}\"")));
    revoke(&scene, 0);
    // A copy is declared nowhere.
    let encoded = data_encoding::BASE64.encode(OLD.as_bytes());
    let scene = [
        OLD,
        &format!("https://{OLD}@host/1"),
        &format!("was {OLD}"),
        &encoded,
    ]
    .into_iter()
    .fold(scene, |scene, copy| {
        let scene = scene.file("keys.json", keys(&format!(", \"x\": \"{copy}\"")));
        revoke(&scene, 3);
        scene
    });
    let scene = scene.file("keys.json", keys(""));
    revoke(&scene, 0);
}

/// `shop` held a key before of which the fingerprint alone is known.
fn known_by_fingerprint(old: &str, format: &str, route: &str) -> Scene {
    let targets = format!(
        "version: 1
projects:
  shop:
    variable: KEY
    {format}
    current: {{ file: {{ path: DIR/shop }} }}
    previous: [ {{ fingerprint: '{}' }} ]
deployments:
  - {{ name: web, project: shop, route: [ {route} ] }}
",
        fingerprint(old)
    );
    Scene::with(&targets).file("shop", CURRENT)
}

#[test]
fn a_key_that_is_older_than_its_format_or_has_separators_is_seen_by_its_fingerprint_alone() {
    for old in [
        "old_7Yx2mPq9Lr4Ws8Kd3Vn6Tb1Zc5Hf0Gj",
        "0f8e2c4a-9b1d-4e7f-8a3c-5d6e7f809a1b",
        "key:7Yx2mPq9Lr4Ws8Kd3Vn6Tb1Zc5Hf",
        "pre$7Yx2mPq9Lr4,Ws8Kd3V;n6Tb1Z@c5|Hf",
        "two words 7Yx2mPq9Lr4Ws8Kd3V",
        "7Yx2mPq9Lr4=Ws8Kd3Vn6Tb1Zc5Hf0==",
    ] {
        for format in ["", "format: '^ask_live_[A-Za-z0-9]{32}$'"] {
            let env = format!("KEY={CURRENT}\nLEGACY_KEY='{old}'\n");
            let route = "{ dotenv: { path: DIR/web.env } }";
            let scene = known_by_fingerprint(old, format, route).file("web.env", env);
            revoke(&scene, 3);
            let json = format!("{{\"key\": \"{CURRENT}\", \"x\": [\"{old}\"]}}");
            let route = "{ file: { path: DIR/web.json }, extract: { json: /key } }";
            let scene = known_by_fingerprint(old, format, route).file("web.json", json);
            revoke(&scene, 3);
            let json = format!("{{\"key\": \"{CURRENT}\", \"x\": [\"{STRANGE}\"]}}");
            revoke(&scene.file("web.json", json), 0);
        }
    }
}

#[test]
fn a_key_glued_to_a_word_is_seen_by_its_fingerprint_alone() {
    let route = "{ dotenv: { path: DIR/web.env } }";
    let env = format!("KEY={CURRENT}\nX=abc{OLD}def\n");
    let scene = known_by_fingerprint(OLD, "", route).file("web.env", env);
    revoke(&scene, 3);
}

#[test]
fn a_large_file_of_ordinary_values_is_no_blind_spot() {
    let route = "{ dotenv: { path: DIR/web.env } }";
    let mut env = format!("KEY={CURRENT}\n");
    for number in 0..6_000 {
        env.push_str(&format!(
            "NAME_{number}={:040x}\n",
            u128::from(number as u32) * 0x9e37_79b9_7f4a_7c15_f39c_c060
        ));
    }
    let scene = known_by_fingerprint(OLD, "", route).file("web.env", &env);
    revoke(&scene, 0);
    let scene = scene.file("web.env", env + "LAST=" + OLD + "\n");
    revoke(&scene, 3);
}

#[test]
fn a_place_that_left_its_route_is_remembered_with_what_was_encoded_in_it() {
    let encoded = data_encoding::BASE64.encode(OLD.as_bytes());
    let scene = scene("{ dotenv: { path: DIR/web.env } }")
        .file("web.env", format!("KEY={CURRENT}\nX={encoded}\n"))
        .file("other.env", format!("KEY={CURRENT}\n"));
    let ledger = ["--ledger", "ledger.db"];
    scene.run([&["audit"][..], &ledger].concat()).ends(0);
    let targets = std::fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let scene = scene.file("targets.yaml", targets.replace("web.env", "other.env"));
    scene
        .run([&["revoke-check", "shop"][..], &ledger].concat())
        .ends(3)
        .prints("it held the key when it was last read, and it is on no route anymore");
}

#[test]
fn the_key_of_a_project_that_reads_nothing_there_is_seen_as_well() {
    let targets = "version: 1
projects:
  shop: { variable: KEY, current: { file: { path: DIR/shop } }, previous: [ { file: { path: DIR/old } } ] }
  cart: { variable: CART_KEY, current: { file: { path: DIR/cart } } }
deployments:
  - { name: web, project: shop, route: [ { dotenv: { path: DIR/web.env } } ] }
  - { name: basket, project: cart, route: [ { dotenv: { path: DIR/cart.env } } ] }
";
    let scene = Scene::with(targets)
        .file("shop", CURRENT)
        .file("old", OLD)
        .file("cart", SIBLING)
        .file("web.env", format!("KEY={CURRENT}\n"))
        .file("cart.env", format!("CART_KEY={SIBLING}\nSHOP_KEY={OLD}\n"));
    let answer = revoke(&scene, 3);
    assert_eq!(answer["blind_spots"][0]["deployment"], "basket");
    // The live key of a neighbour is nothing to speak of.
    let shared = format!("CART_KEY={SIBLING}\nSHOP_KEY={CURRENT}\n");
    let scene = scene.file("cart.env", shared);
    let audit = scene
        .run(["audit", "--no-ledger", "-f", "json"])
        .ends(0)
        .json();
    assert_eq!(audit["warnings"], serde_json::json!([]));
    revoke(&scene, 0);
}

/// A program that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn another_variable_of_a_running_process_is_seen() {
    let running = Command::new("sleep")
        .arg("1000000")
        .env("KEY", CURRENT)
        .env("ALLSTAK_KEY", OLD)
        .spawn();
    let running = Running(running.unwrap());
    let scene = scene(&format!("{{ process: {{ pid: {} }} }}", running.0.id()));
    scene.run(["audit", "--no-ledger"]).ends(0);
    let answer = revoke(&scene, 3);
    let message = answer["blind_spots"][0]["readings"][0]["message"].as_str();
    assert!(message.unwrap().ends_with("as ALLSTAK_KEY"));
}

#[test]
#[cfg(target_os = "linux")]
fn another_argument_of_a_running_process_is_seen() {
    let key = format!("--key={CURRENT}");
    let other = format!("--other={OLD}");
    let running = |arguments: &[&str]| {
        let mut program = Command::new("bash");
        // It waits by itself, so that nothing is left when it is ended.
        let program = program.args(["-c", "read line"]).args(arguments);
        program.stdin(Stdio::piped());
        Running(program.env("KEY", CURRENT).spawn().unwrap())
    };
    let both = running(&["x", &key, &other]);
    let one = running(&["x", &key]);
    for (running, code) in [(&both, 3), (&one, 0)] {
        let pid = running.0.id();
        for hop in [
            format!("{{ process: {{ pid: {pid}, argument: --key }} }}"),
            format!("{{ process: {{ pid: {pid} }} }}"),
        ] {
            revoke(&scene(&hop), code);
        }
    }
}

#[test]
fn a_key_that_nobody_knows_is_found_by_its_fingerprint_whole_and_beside() {
    let scene = scene("{ dotenv: { path: DIR/web.env } }")
        .file("web.env", format!("KEY={CURRENT}\nOTHER={STRANGE}\n"));
    let asked = fingerprint(STRANGE);
    let ask = |scene: &Scene, code: i32| {
        let ran = scene.run([
            "revoke-check",
            "shop",
            "--no-ledger",
            "--key",
            &asked,
            "-f",
            "json",
        ]);
        ran.ends(code).json()
    };
    let answer = ask(&scene, 3);
    let message = answer["blind_spots"][0]["readings"][0]["message"].as_str();
    let told = format!("the rest of what was read holds {asked}");
    assert!(message.unwrap().ends_with(&told), "{message:?}");

    let scene = scene.file("web.env", format!("KEY={STRANGE}\n"));
    let answer = ask(&scene, 1);
    let holder = &answer["holders"][0];
    let message = holder["readings"][0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("holds the key in question; "),
        "{message}"
    );
    let remedy = holder["remedy"].as_str().unwrap();
    assert!(
        remedy.starts_with("put the key that belongs to "),
        "{remedy}"
    );
}

#[test]
fn no_setting_is_suggested_that_would_read_something_else() {
    // What `extract` reads is the value of the variable, and not the file.
    let route = "{ dotenv: { path: DIR/web.env }, extract: { json: /key } }";
    let scene = scene(route).file("web.env", format!("OTHER={OLD}\n"));
    let audit = scene
        .run(["audit", "--no-ledger", "-f", "json"])
        .ends(1)
        .json();
    let hop = &audit["deployments"][0]["hops"][0];
    let [message, remedy] = ["message", "remedy"].map(|field| hop[field].as_str().unwrap());
    assert!(
        message.ends_with("1 rotation behind, as OTHER"),
        "{message}"
    );
    assert!(!remedy.contains("takes the key from there"), "{remedy}");
    assert!(remedy.ends_with("; or correct the hop if it names the wrong place"));
}

#[test]
#[cfg(target_os = "linux")]
fn the_option_that_has_the_key_is_suggested() {
    let mut program = Command::new("bash");
    let program = program.args(["-c", "read line", "x", &format!("--other={OLD}")]);
    let running = Running(program.stdin(Stdio::piped()).spawn().unwrap());
    let pid = running.0.id();
    let scene = scene(&format!("{{ process: {{ pid: {pid}, argument: --key }} }}"));
    let audit = scene
        .run(["audit", "--no-ledger", "-f", "json"])
        .ends(1)
        .json();
    let remedy = audit["deployments"][0]["hops"][0]["remedy"]
        .as_str()
        .unwrap();
    assert!(
        remedy.contains("write `argument: --other` (targets.yaml:8)"),
        "{remedy}"
    );
}

#[test]
fn a_key_is_seen_damaged_in_pieces_and_spelled_in_another_way() {
    let (start, end) = OLD.split_at(20);
    let numbers: Vec<String> = OLD.bytes().map(|byte| byte.to_string()).collect();
    for beside in [
        format!("X={}", &OLD[..OLD.len() - 4]),
        format!("X={}", OLD.to_lowercase()),
        format!("P={start}\nX=${{P}}{end}"),
        format!("X=\"{start}\"'{end}'"),
        format!("X={}", data_encoding::BASE32.encode(OLD.as_bytes())),
        format!("X=[{}]", numbers.join(",")),
    ] {
        let scene = scene("{ dotenv: { path: DIR/web.env } }")
            .file("web.env", format!("PORT=80\n{beside}\nKEY={CURRENT}\n"));
        revoke(&scene, 3);
    }
    // One that is damaged is said to be, and no setting is suggested that reads it.
    let scene = scene("{ dotenv: { path: DIR/web.env } }")
        .file("web.env", format!("X={}\nKEY={CURRENT}\n", &OLD[2..]));
    let answer = revoke(&scene, 3);
    let message = answer["blind_spots"][0]["readings"][0]["message"].as_str();
    assert!(
        message.unwrap().ends_with(
            "the rest of what was read holds a damaged copy of the previous key, 1 rotation behind, as X"
        ),
        "{message:?}"
    );
}

#[test]
fn what_is_packed_in_a_way_that_nobody_here_undoes_is_a_blind_spot() {
    let packed = data_encoding::BASE64.encode(b"\x28\xb5\x2f\xfd and what follows it");
    let scene = scene("{ dotenv: { path: DIR/web.env } }")
        .file("web.env", format!("X={packed}\nKEY={CURRENT}\n"));
    let answer = revoke(&scene, 3);
    let spot = &answer["blind_spots"][0];
    let message = spot["readings"][0]["message"].as_str().unwrap();
    assert!(message.ends_with("to be searched for keys"), "{message}");
}

#[test]
#[cfg(target_os = "linux")]
fn the_environment_of_a_process_is_seen_beside_its_argument() {
    let key = format!("--key={CURRENT}");
    let running = |value: &str| {
        let mut program = Command::new("bash");
        let program = program.args(["-c", "read line", "x", &key]);
        program.stdin(Stdio::piped());
        Running(program.env("LEGACY_KEY", value).spawn().unwrap())
    };
    for (value, code) in [(OLD, 3), (CURRENT, 0)] {
        let running = running(value);
        let pid = running.0.id();
        let scene = scene(&format!("{{ process: {{ pid: {pid}, argument: --key }} }}"));
        revoke(&scene, code);
    }
}

#[test]
fn a_key_that_only_the_versions_of_a_store_tell_is_seen_damaged_too() {
    let server = Server::new(|asked| {
        let version = |number: u32, key: &str| {
            json!({"data": {"data": {"key": key}, "metadata": {
                "created_time": format!("2026-11-0{number}T09:00:00Z"), "deletion_time": "",
                "destroyed": false, "version": number,
            }}})
        };
        let told = |number: u32| json!({"created_time": format!("2026-11-0{number}T09:00:00Z"), "deletion_time": "", "destroyed": false});
        let body = match &*asked.path {
            "/v1/secret/data/shop?version=1" => version(1, OLD),
            path if path.starts_with("/v1/secret/data/shop") => version(2, CURRENT),
            "/v1/secret/metadata/shop" => json!({"data": {
                "current_version": 2, "oldest_version": 0, "max_versions": 0,
                "versions": {"1": told(1), "2": told(2)},
            }}),
            "/v1/sys/internal/ui/mounts/secret" => {
                json!({"data": {"type": "kv", "path": "secret/", "options": {"version": "2"}}})
            }
            _ => return Answer::status(404, "{\"errors\": []}"),
        };
        Answer::status(200, body.to_string())
    });
    let targets = format!(
        "version: 1
stores: {{ kept: {{ vault: {{ address: '{}', mount: secret, token: {{ env: TOKEN }} }} }} }}
projects:
  shop: {{ variable: KEY, current: {{ vault: {{ store: kept, path: shop, field: key }} }} }}
deployments:
  - {{ name: web, project: shop, route: [ {{ dotenv: {{ path: DIR/web.env }} }} ] }}
",
        server.url("")
    );
    for (beside, code) in [
        (OLD.to_owned(), 3),
        (OLD.to_uppercase(), 3),
        (format!("x{OLD}x"), 3),
        (STRANGE.to_owned(), 0),
    ] {
        let scene = Scene::with(&targets).file("web.env", format!("X={beside}\nKEY={CURRENT}\n"));
        let asked = scene.straggler(["revoke-check", "shop", "--no-ledger"]);
        asked.env("TOKEN", "hvs.token").run().ends(code);
    }
}

#[test]
fn what_stands_beside_a_reference_is_a_doubt_unless_it_is_declared_there() {
    let targets = |previous: &str| {
        format!(
            "version: 1
projects:
  shop:
    variable: KEY
    current: {{ file: {{ path: DIR/keys.json }}, extract: {{ json: /a }} }}
    previous: [ {previous} ]
deployments:
  - {{ name: web, project: shop, route: [ {{ dotenv: {{ path: DIR/web.env }} }} ] }}
"
        )
    };
    let elsewhere = targets("{ file: { path: DIR/old } }");
    let scene = |targets: &str, keys: &str| {
        Scene::with(targets)
            .file("old", OLD)
            .file("keys.json", format!("{{\"a\": \"{CURRENT}\"{keys}}}"))
            .file("web.env", format!("KEY={CURRENT}\n"))
    };
    revoke(&scene(&elsewhere, ""), 0);
    revoke(&scene(&elsewhere, &format!(", \"b\": \"{STRANGE}\"")), 0);
    let beside = format!(", \"b\": \"{OLD}\"");
    let with_old = scene(&elsewhere, &beside);
    let answer = revoke(&with_old, 3);
    assert_eq!(
        answer["doubts"][0]["message"],
        "shop's previous key stands beside shop's current key in what that is read from: whether anything uses it \
         there was not seen"
    );
    let audit = with_old.run(["audit", "--no-ledger", "-f", "json"]);
    let audit = audit.ends(0).json();
    assert_eq!(audit["warnings"][0]["code"], "old-key-beside");

    let declared = targets("{ file: { path: DIR/keys.json }, extract: { json: /b } }");
    revoke(&scene(&declared, &beside), 0);
    // A copy of it is declared nowhere, nor is one that is damaged.
    revoke(&scene(&declared, &format!("{beside}, \"c\": \"{OLD}\"")), 3);
    let damaged = format!("{beside}, \"c\": \"{}\"", &OLD[1..]);
    revoke(&scene(&declared, &damaged), 3);
    // A hop that reads the same place tells of it, and somebody may answer for that.
    let judged = elsewhere.replace(
        "route: [",
        "route: [ { file: { path: DIR/keys.json }, extract: { json: /a } },",
    );
    let answer = revoke(&scene(&judged, &beside), 3);
    assert_eq!(answer["doubts"], serde_json::json!([]));
    assert_eq!(answer["blind_spots"][0]["deployment"], "web");
}
