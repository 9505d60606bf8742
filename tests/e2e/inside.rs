//! A key inside a larger value: judged as what it is, a holder for `revoke-check`, and no placeholder.

use crate::support::{CURRENT, OLD, SIBLING, STRANGE, Scene, fingerprint};

/// How the key stands in what is deployed. Each can be one line of an env file that docker reads.
fn shapes(key: &str) -> Vec<(&'static str, String, &'static str)> {
    let percent = key.replace('_', "%5F");
    vec![
        ("json", format!("{{\"api_key\":\"{key}\"}}"), "inside-json"),
        (
            "nested",
            format!("{{\"a\":[1,{{\"k\":\"{key}\"}}]}}"),
            "inside-json",
        ),
        ("url", format!("https://{key}@host/1"), "inside-url"),
        ("list", format!("{STRANGE},{key}"), "inside-list"),
        ("comment", format!("{key} # prod"), "inline-comment"),
        ("quoted", format!("\"{key}\" # prod"), "inline-comment"),
        ("angles", format!("<{key}>"), "bracketed"),
        ("braces", format!("${{{key}}}"), "bracketed"),
        ("moustache", format!("{{{{ {key} }}}}"), "bracketed"),
        ("script", format!("curl h?k=%22{key}%22"), "surrounded"),
        (
            "escaped",
            format!("run k%3D{percent} now"),
            "percent-encoded",
        ),
    ]
}

/// `shop` held OLD before, of which the fingerprint alone is known.
fn scene(key: &str, format: bool) -> Scene {
    let old = fingerprint(OLD);
    let format = match format {
        true => "format: '^ask_live_[A-Za-z0-9]{32}$'",
        false => "",
    };
    let deployments: String = shapes(key)
        .iter()
        .map(|(name, ..)| {
            format!(
                "  - {{ name: {name}, project: shop, route: [ {{ dotenv: {{ path: DIR/{name}.env, dialect: docker }} }} ] }}\n"
            )
        })
        .collect();
    let targets = format!(
        "version: 1
projects:
  shop:
    variable: KEY
    {format}
    current: {{ file: {{ path: DIR/shop }} }}
    previous: [ {{ fingerprint: '{old}' }} ]
  cart:
    variable: KEY
    {format}
    current: {{ file: {{ path: DIR/cart }} }}
deployments:
{deployments}"
    );
    let files = shapes(key).into_iter();
    let scene = Scene::with(&targets)
        .file("shop", CURRENT)
        .file("cart", SIBLING);
    files.fold(scene, |scene, (name, value, _)| {
        scene.file(&format!("{name}.env"), format!("KEY={value}\n"))
    })
}

#[test]
fn every_shape_keeps_the_verdict_of_its_key_and_names_what_surrounds_it() {
    for format in [true, false] {
        for (key, verdict) in [
            (CURRENT, "malformed"),
            (OLD, "stale"),
            (SIBLING, "wrong-project"),
        ] {
            let ran = scene(key, format)
                .run(["audit", "--no-ledger", "-f", "json"])
                .ends(1);
            let report = ran.json();
            for (index, (name, _, damage)) in shapes(key).into_iter().enumerate() {
                let hop = &report["deployments"][index]["hops"][0];
                assert_eq!(
                    hop["verdict"], verdict,
                    "{name} of {verdict}, format: {format}"
                );
                let named = hop["damage"].as_array().unwrap();
                assert!(named.iter().any(|one| one == damage), "{name}: {named:?}");
            }
            for key in [CURRENT, OLD, SIBLING, STRANGE] {
                assert!(!ran.to_string().contains(key));
            }
        }
    }
}

#[test]
fn every_shape_is_a_holder() {
    for format in [true, false] {
        let ran = scene(OLD, format)
            .run(["revoke-check", "shop", "--no-ledger"])
            .ends(1);
        for (name, ..) in shapes(OLD) {
            assert!(ran.to_string().contains(name), "{name}: {ran}");
        }
    }
}

#[test]
fn with_a_format_only_what_nobody_knows_is_open_and_without_it_everything() {
    let blind = |format| {
        let ran = scene(CURRENT, format)
            .run(["revoke-check", "shop", "--no-ledger", "-f", "json"])
            .ends(3);
        ran.json()["blind_spots"].as_array().unwrap().len()
    };
    // The list, in which a strange key stands beside it.
    assert_eq!(blind(true), 1);
    assert_eq!(blind(false), shapes(CURRENT).len());
}

/// What `revoke-check` says of these values of a project without a format, whose old key is at hand.
fn check(values: &[String]) -> (i32, usize, usize) {
    let deployments: String = (0..values.len())
        .map(|at| {
            format!(
                "  - {{ name: d{at}, project: shop, route: [ file: {{ path: DIR/v{at} }} ] }}\n"
            )
        })
        .collect();
    let targets = format!(
        "version: 1
projects:
  shop:
    variable: KEY
    current: {{ file: {{ path: DIR/shop }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
deployments:
{deployments}"
    );
    let scene = Scene::with(&targets).file("shop", CURRENT).file("old", OLD);
    let scene = (0..).zip(values).fold(scene, |scene, (at, value)| {
        scene.file(&format!("v{at}"), value)
    });
    let ran = scene.run(["revoke-check", "shop", "--no-ledger", "-f", "json"]);
    let answer = ran.json();
    let count = |member: &str| answer[member].as_array().unwrap().len();
    let code = answer["exit_code"].as_i64().unwrap();
    (
        i32::try_from(code).unwrap(),
        count("holders"),
        count("blind_spots"),
    )
}

#[test]
fn a_damaged_old_key_is_a_holder_beside_the_current_one_and_in_a_placeholder() {
    let mut values = Vec::new();
    for old in [OLD.to_lowercase(), OLD[..OLD.len() - 1].to_owned()] {
        values.extend([
            format!(r#"{{"k":"{CURRENT}","old":"{old}"}}"#),
            format!("{CURRENT} # was {old}"),
            format!("<{old}>"),
            format!("${{KEY:-{old}}}"),
            format!("{{{{ {old} }}}}"),
            format!("<insert {old} here>"),
        ]);
    }
    assert_eq!(check(&values), (1, values.len(), 0));
}

#[test]
fn what_may_be_a_key_is_a_blind_spot_beside_the_current_one_and_in_a_placeholder() {
    let reversed: String = OLD.chars().rev().collect();
    let values = [
        format!(r#"{{"k":"{CURRENT}","old":"{reversed}"}}"#),
        format!("{CURRENT} # was {reversed}"),
        format!("<{reversed}>"),
        format!("${{KEY:-{reversed}}}"),
    ];
    assert_eq!(check(&values), (3, 0, values.len()));
}

#[test]
fn names_and_words_beside_the_current_key_are_no_blind_spots() {
    let values = [
        format!(r#"{{"api_key":"{CURRENT}"}}"#),
        format!("https://{CURRENT}@host/1"),
        format!("{CURRENT} # prod"),
        format!("LOG_LEVEL=info\nALLSTAK_API_KEY={CURRENT}\nPORT=8080\n"),
        "<your-api-key-here>".to_owned(),
        "${NAME}".to_owned(),
        "{{ .Values.apiKey }}".to_owned(),
    ];
    assert_eq!(check(&values), (0, 0, 0));
}

#[test]
fn it_is_said_how_the_key_would_be_read() {
    let ran = scene(CURRENT, true).run(["audit", "--no-ledger", "-f", "json"]);
    let report = ran.json();
    let deployments = report["deployments"].as_array().unwrap();
    for (index, told) in [
        (
            0,
            "read the key in it with `extract: { json: /api_key }` (targets.yaml:",
        ),
        (
            1,
            "read the key in it with `extract: { json: /a/1/k }` (targets.yaml:",
        ),
        (
            2,
            "read the key in it with `extract: { url: user }` (targets.yaml:",
        ),
    ] {
        let remedy = deployments[index]["hops"][0]["remedy"].as_str().unwrap();
        assert!(remedy.contains(told), "{remedy}");
    }
}

#[test]
fn a_reference_with_something_around_it_is_damaged_and_no_placeholder() {
    for (reference, told) in [
        (format!("<{CURRENT}>"), "bracketed"),
        (format!("${{{CURRENT}}}"), "bracketed"),
        (format!("{{\"k\":\"{CURRENT}\"}}"), "inside-json"),
        (format!("{CURRENT} # prod"), "inline-comment"),
    ] {
        let ran = scene(CURRENT, true).file("shop", reference).run([
            "audit",
            "--no-ledger",
            "-f",
            "json",
        ]);
        let report = ran.ends(1).json();
        let reference = &report["projects"][0]["reference"];
        assert_eq!(reference["verdict"], "malformed");
        assert!(
            reference["message"].as_str().unwrap().contains(told),
            "{reference}"
        );
    }
}

#[test]
fn a_key_that_the_ledger_remembers_is_found_too() {
    let scene = scene(OLD, true);
    let targets = std::fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let without = targets.replace(
        &format!("previous: [ {{ fingerprint: '{}' }} ]", fingerprint(OLD)),
        "",
    );
    let scene = scene.file("targets.yaml", without).file("shop", OLD);
    let state = scene.path("state");
    let run = |scene: &Scene, arguments: &[&str]| {
        scene
            .straggler(arguments)
            .env("XDG_STATE_HOME", &state)
            .run()
    };
    run(&scene, &["audit"]);
    let scene = scene.file("shop", CURRENT);
    run(&scene, &["audit"]);
    run(&scene, &["history", "confirm", "shop"]).ends(0);
    let report = run(&scene, &["audit", "-f", "json"]).ends(1).json();
    for index in 0..shapes(OLD).len() {
        let hop = &report["deployments"][index]["hops"][0];
        assert_eq!(hop["verdict"], "stale", "{hop}");
    }
}

/// Whose key two references hold at once nobody knows, and revoking it breaks whoever has it.
#[test]
fn the_key_of_an_unsound_reference_is_held_beside_an_older_one() {
    for value in [format!("{CURRENT} # was {OLD}"), format!("{OLD},{CURRENT}")] {
        let scene = Scene::with(
            "version: 1
projects:
  shop: { variable: KEY, format: '^ask_live_[A-Za-z0-9]{32}$', current: { file: { path: DIR/key } } }
  cart:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{32}$'
    current: { file: { path: DIR/copy } }
    previous: [ { file: { path: DIR/old } } ]
deployments:
  - { name: till, project: cart, route: [ { file: { path: DIR/value } } ] }
",
        )
        .file("key", CURRENT)
        .file("copy", CURRENT)
        .file("old", OLD)
        .file("value", &value);
        let ran = scene
            .run([
                "revoke-check",
                "shop",
                "--key",
                &fingerprint(CURRENT),
                "--no-ledger",
                "-f",
                "json",
            ])
            .ends(1);
        assert_eq!(ran.json()["holders"][0]["deployment"], "till", "{ran}");
        let ran = scene.run(["audit", "--no-ledger"]).ends(1).to_string();
        let said = "and what the reference of cart holds, which is not sound";
        let words: Vec<_> = ran.split_whitespace().collect();
        assert!(words.join(" ").contains(said), "{ran}");
    }
}
