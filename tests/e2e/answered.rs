//! What past audits know of places and keys, and what somebody's word is good for.

use std::fs;

use crate::support::{CURRENT, NEXT, OLD, Ran, SIBLING, STRANGE, Scene, fingerprint};

/// `checkout` had `OLD`, and has `CURRENT`; `cart` is read as it is told.
fn targets(route: &str) -> String {
    format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{{32}}$'
    current: {{ file: {{ path: checkout }} }}
    previous: [ {{ fingerprint: '{}' }} ]
deployments:
  - {{ name: cart, project: checkout, route: [ {route} ] }}
",
        fingerprint(OLD)
    )
}

pub fn scene(route: &str) -> Scene {
    Scene::new()
        .file("targets.yaml", targets(route))
        .file("checkout", CURRENT)
}

pub fn put(scene: &Scene, name: &str, text: impl AsRef<[u8]>) {
    fs::write(scene.path(name), text).unwrap();
}

pub fn run(scene: &Scene, arguments: &[&str]) -> Ran {
    let state = scene.path("state");
    let straggler = scene.straggler(arguments);
    straggler.env("XDG_STATE_HOME", state).run()
}

pub fn ask(scene: &Scene, more: &[&str]) -> Ran {
    run(scene, &[&["revoke-check", "checkout"], more].concat())
}

#[test]
fn a_place_that_is_exchanged_for_one_that_looks_the_same_is_not_forgotten() {
    let show = "{ command: { argv: [ sh, -c, 'cat \"$WHERE/key\"' ], env: { WHERE: ONE } } }";
    let within = "{ command: { argv: [ cat, key ] }, folder: ONE }";
    for route in [show, within] {
        let scene = scene(&route.replace("ONE", "one"))
            .file("one/key", OLD)
            .file("two/key", CURRENT);
        run(&scene, &["audit"]).ends(1);
        put(
            &scene,
            "targets.yaml",
            targets(&route.replace("ONE", "two")),
        );
        run(&scene, &["audit"]).ends(0);
        ask(&scene, &[])
            .ends(3)
            .prints("cart: it held the key when it was last read, and it is on no route anymore");
        // The same place again is the same place.
        put(&scene, "one/key", CURRENT);
        put(
            &scene,
            "targets.yaml",
            targets(&route.replace("ONE", "one")),
        );
        run(&scene, &["audit"]).ends(0);
        ask(&scene, &[]).ends(0);
    }
}

#[test]
fn what_does_not_move_a_place_leaves_it_where_it_was() {
    let route = "{ command: { argv: [ cat, key ]TRIM } }";
    let scene = scene(&route.replace("TRIM", "")).file("key", format!("{OLD}\n"));
    run(&scene, &["audit"]).ends(1);
    put(&scene, "key", format!("{CURRENT}\n"));
    put(
        &scene,
        "targets.yaml",
        targets(&route.replace("TRIM", ", trim: newline, stage: running")),
    );
    run(&scene, &["audit"]).ends(0);
    ask(&scene, &[]).ends(0);
    // Nor does the way in which the file is named.
    let file = scene.path("targets.yaml");
    let arguments = [
        "revoke-check",
        "checkout",
        "--config",
        file.to_str().unwrap(),
    ];
    run(&scene, &arguments).ends(0);
}

#[test]
fn a_place_that_was_never_read_is_not_forgotten() {
    let two = "{ env: { variable: NOT_SET } }, { file: { path: app } }";
    let scene = scene(two).file("app", OLD);
    run(&scene, &["audit", "--until", "config"]).ends(1);
    put(&scene, "targets.yaml", targets("{ file: { path: other } }"));
    put(&scene, "other", CURRENT);
    run(&scene, &["audit"]).ends(0);
    ask(&scene, &[]).ends(3).prints("it is on no route anymore");
}

#[test]
fn a_word_is_good_for_the_places_that_it_was_said_of() {
    let scene = scene("{ file: { path: gone/app } }");
    run(&scene, &["audit"]).ends(3);
    let accept = ["--accept", "cart", "--reason", "switched off"];
    ask(&scene, &accept)
        .ends(0)
        .prints("accepted for this key: switched off");
    ask(&scene, &[]).ends(0);
    // Another place of the same deployment is another place.
    put(
        &scene,
        "targets.yaml",
        targets("{ file: { path: lost/app } }"),
    );
    ask(&scene, &[]).ends(3).prints("? cart");
    ask(&scene, &accept).ends(0);
    put(
        &scene,
        "targets.yaml",
        targets("{ file: { path: lost/app } }, { file: { path: more/app } }"),
    );
    let document = ask(&scene, &["-f", "json"]).ends(3).json();
    assert_eq!(
        document["blind_spots"].as_array().unwrap().len(),
        1,
        "{document}"
    );
    assert_eq!(
        document["accepted"].as_array().unwrap().len(),
        1,
        "{document}"
    );
}

#[test]
fn a_word_on_what_nobody_saw_is_not_one_on_what_was_found_there() {
    let scene = scene("{ dotenv: { path: gone/app.env } }");
    let accept = ["--accept", "cart", "--reason", "switched off"];
    ask(&scene, &accept).ends(0);
    let scene = scene.file("gone/app.env", format!("KEY={CURRENT}\nBACKUP={OLD}\n"));
    ask(&scene, &[]).ends(3).prints("BACKUP");
    ask(&scene, &accept).ends(0);
    ask(&scene, &[]).ends(0);
}

#[test]
fn a_word_before_there_is_anything_to_answer_for_is_good_for_nothing() {
    let scene = scene("{ file: { path: gone/app } }").file("gone/app", CURRENT);
    ask(&scene, &["--accept", "cart", "--reason", "switched off"])
        .ends(0)
        .complains("--accept cart: all of it was seen, so there is nothing to answer for");
    fs::remove_dir_all(scene.path("gone")).unwrap();
    ask(&scene, &[]).ends(3);
}

#[test]
fn a_word_ends_when_its_key_is_live_again() {
    let scene = scene("{ file: { path: gone/app } }");
    let hold = |key: &str| put(&scene, "checkout", key);
    let confirm = || run(&scene, &["history", "confirm", "checkout"]).ends(0);
    run(&scene, &["audit"]).ends(3);
    hold(NEXT);
    run(&scene, &["audit"]).ends(3);
    confirm();
    let old = fingerprint(CURRENT);
    let of = ["--key", &old];
    let accept = [
        "--key",
        &old,
        "--accept",
        "cart",
        "--reason",
        "switched off",
    ];
    ask(&scene, &accept).ends(0);
    ask(&scene, &of).ends(0);
    hold(CURRENT);
    run(&scene, &["audit"]).ends(3);
    confirm();
    run(&scene, &["audit"]).ends(3);
    hold(NEXT);
    run(&scene, &["audit"]).ends(3);
    confirm();
    ask(&scene, &of).ends(3).prints("? cart");
}

#[test]
fn a_key_that_lives_for_somebody_whom_the_file_does_not_name_may_not_be_revoked() {
    let scene = scene("{ file: { path: app } }").file("app", CURRENT);
    let other = targets("{ file: { path: app } }")
        .replace("checkout:", "legacy:")
        .replace("project: checkout", "project: legacy")
        .replace("path: checkout", "path: legacy")
        .replace("name: cart", "name: kiosk")
        .replace("path: app", "path: kiosk");
    let scene = scene
        .file("other.yaml", other)
        .file("legacy", OLD)
        .file("kiosk", OLD);
    let ledger = scene.path("shared.db");
    let on_one = |file, arguments: &[&str]| {
        let shared = ["--config", file, "--ledger", ledger.to_str().unwrap()];
        run(&scene, &[arguments, &shared].concat())
    };
    // What `previous` says there is wrong: it is that project's live key.
    put(
        &scene,
        "other.yaml",
        fs::read_to_string(scene.path("other.yaml"))
            .unwrap()
            .replace(&fingerprint(OLD), &fingerprint(STRANGE)),
    );
    on_one("other.yaml", &["audit"]).ends(0);
    on_one("targets.yaml", &["audit"]).ends(0);
    let check = |more: &[&str], code| {
        let asked = [&["revoke-check", "checkout"], more].concat();
        on_one("targets.yaml", &asked).ends(code)
    };
    let accept = ["--accept", "kiosk", "--reason", "its night looks at it"];
    check(&accept, 3).prints(&format!(
        "{} was a live key of legacy when past audits last read that",
        fingerprint(OLD)
    ));
    // Its deployments are no more, and so is the need for its key.
    let other = fs::read_to_string(scene.path("other.yaml")).unwrap();
    let (head, _) = other.split_once("deployments:").unwrap();
    let head = head.replace("legacy:", "mail:");
    let till = "  - { name: till, project: mail, route: [ { file: { path: legacy } } ] }";
    put(
        &scene,
        "other.yaml",
        format!("{head}deployments:\n{till}\n"),
    );
    on_one("other.yaml", &["history", "retire", "kiosk"]).ends(0);
    check(&[], 0);
}

#[test]
fn a_key_that_nothing_settled_is_not_answered_for_with_the_others() {
    let scene = scene("{ file: { path: app } }").file("app", CURRENT);
    run(&scene, &["audit"]).ends(0);
    // A wrong paste, mended the next day.
    put(&scene, "checkout", SIBLING);
    run(&scene, &["audit"]).ends(1);
    put(&scene, "checkout", CURRENT);
    run(&scene, &["audit"]).ends(0);
    run(&scene, &["history", "confirm", "checkout"]);
    let (old, stray) = (fingerprint(OLD), fingerprint(SIBLING));
    let ran = ask(&scene, &[]).ends(0);
    ran.prints(&format!("safe to revoke: {old}"))
        .prints(&format!("not answered for: {stray}"));
    let document = ask(&scene, &["-f", "json"]).ends(0).json();
    assert_eq!(document["keys"].as_array().unwrap().len(), 1, "{document}");
    assert_eq!(
        document["unsettled"][0]["fingerprint"], *stray,
        "{document}"
    );
    ask(&scene, &["--key", &stray]).ends(0);
}

#[test]
fn a_foreign_reference_that_nobody_can_explain_may_be_the_key_in_question() {
    let scene = scene("{ file: { path: app } }").file("app", CURRENT);
    let shop = "  shop: { variable: KEY, format: '^ask_live_[A-Za-z0-9]{32}$', current: { file: { path: shop } } }\n";
    let targets =
        targets("{ file: { path: app } }").replace("deployments:", &format!("{shop}deployments:"));
    put(&scene, "targets.yaml", targets);
    let odd = [
        format!("{OLD}{OLD}"),
        format!("x{OLD}y"),
        OLD[..40].to_owned(),
    ];
    for reference in odd {
        put(&scene, "shop", reference);
        ask(&scene, &[]).ends(3).prints("the reference of shop");
    }
    put(&scene, "shop", SIBLING);
    ask(&scene, &[]).ends(0);
}

#[test]
fn a_previous_key_that_is_a_document_is_none() {
    let targets = targets("{ file: { path: app } }")
        .replace("    format: '^ask_live_[A-Za-z0-9]{32}$'\n", "")
        .replace(
            &format!("{{ fingerprint: '{}' }}", fingerprint(OLD)),
            "{ file: { path: old } }",
        );
    let scene = Scene::new()
        .file("targets.yaml", targets)
        .file("checkout", CURRENT)
        .file("app", CURRENT);
    for (old, code) in [
        (format!("{{\"api_key\":\"{OLD}\"}}"), 3),
        (format!("[\"{OLD}\"]"), 3),
        (fingerprint(OLD), 3),
        (OLD.to_owned(), 0),
    ] {
        put(&scene, "old", old);
        ask(&scene, &[]).ends(code);
    }
}

#[test]
fn a_word_on_an_unexplained_value_is_not_one_on_a_key_beside_it() {
    let scene =
        scene("{ dotenv: { path: app.env } }").file("app.env", "KEY=whoknows-abcdef12345678\n");
    let accept = ["--accept", "cart", "--reason", "switched off"];
    ask(&scene, &accept).ends(0);
    put(
        &scene,
        "app.env",
        format!("KEY=whoknows-abcdef12345678\nBACKUP={OLD}\n"),
    );
    ask(&scene, &[]).ends(3);
    ask(&scene, &accept).ends(0);
    ask(&scene, &[]).ends(0);
}

#[test]
fn another_part_of_a_document_is_another_place() {
    let part =
        |name: &str| format!("{{ file: {{ path: app.json }}, extract: {{ json: /{name} }} }}");
    let scene = scene(&part("a")).file(
        "app.json",
        format!("{{\"a\": \"whoknows-abcdef12345678\", \"b\": \"{CURRENT}\"}}"),
    );
    run(&scene, &["audit"]).ends(1);
    put(&scene, "targets.yaml", targets(&part("b")));
    run(&scene, &["audit"]).ends(0);
    ask(&scene, &[])
        .ends(3)
        .prints("what it held when it was last read was not explained");
    // Whoever says which part of a whole is meant has not left it.
    let scene = self::scene("{ file: { path: app.json } }")
        .file("app.json", format!("{{\"b\": \"{CURRENT}\"}}"));
    run(&scene, &["audit"]).ends(1);
    put(&scene, "targets.yaml", targets(&part("b")));
    run(&scene, &["audit"]).ends(0);
    ask(&scene, &[]).ends(0);
}

#[test]
fn a_word_ends_when_the_key_is_seen_damaged_there() {
    let scene = scene("{ file: { path: app } }").file("app", "whoknows-abcdef12345678");
    ask(&scene, &["--accept", "cart", "--reason", "switched off"]).ends(0);
    put(&scene, "app", format!("\"{OLD}\""));
    run(&scene, &["audit"]).ends(1);
    put(&scene, "app", "whoknows-abcdef12345678");
    ask(&scene, &[]).ends(3);
}

#[test]
fn what_is_accepted_of_the_past_is_listed() {
    let scene = scene("{ file: { path: one } }")
        .file("one", OLD)
        .file("two", CURRENT);
    run(&scene, &["audit"]).ends(1);
    put(&scene, "targets.yaml", targets("{ file: { path: two } }"));
    let accept = ["--accept", "cart", "--reason", "wiped"];
    ask(&scene, &accept)
        .ends(0)
        .prints("cart: only past audits knew it")
        .prints("accepted for this key: wiped");
    let document = ask(&scene, &["-f", "json"]).ends(0).json();
    assert_eq!(
        document["accepted_past"][0]["location"], "file:one",
        "{document}"
    );
}

#[test]
fn a_place_that_moved_along_the_route_is_known_by_what_was_read_last() {
    let (first, both, last) = (
        "{ file: { path: one } }",
        "{ file: { path: two } }, { file: { path: one } }",
        "{ file: { path: two } }",
    );
    let scene = scene(first).file("one", OLD).file("two", CURRENT);
    run(&scene, &["audit"]).ends(1);
    put(&scene, "one", CURRENT);
    put(&scene, "targets.yaml", targets(both));
    run(&scene, &["audit"]).ends(0);
    put(&scene, "targets.yaml", targets(last));
    run(&scene, &["audit"]).ends(0);
    ask(&scene, &[]).ends(0);
}

#[test]
fn a_deployment_that_got_an_environment_can_be_retired_by_its_former_title() {
    let scene = scene("{ file: { path: app } }").file("app", CURRENT);
    run(&scene, &["audit"]).ends(0);
    let with = targets("{ file: { path: other } }")
        .replace("name: cart,", "name: cart, environment: production,");
    put(&scene, "targets.yaml", with);
    put(&scene, "other", CURRENT);
    run(&scene, &["audit"]).ends(0);
    ask(&scene, &[])
        .ends(3)
        .prints("straggler history retire cart");
    run(
        &scene,
        &["history", "retire", "cart", "--project", "checkout"],
    )
    .ends(0)
    .prints("retired: cart of checkout");
    ask(&scene, &[]).ends(0);
    run(&scene, &["history", "retire", "cart (production)"])
        .ends(2)
        .complains("still names this deployment");
}

#[test]
fn a_project_that_never_had_a_deployment_stands_in_nobodys_way() {
    let with = |name: &str| {
        let other =
            format!("  {name}: {{ variable: KEY, current: {{ file: {{ path: other }} }} }}\n");
        targets("{ file: { path: app } }").replace("deployments:", &format!("{other}deployments:"))
    };
    let till = "  - { name: till, project: store, route: [ { file: { path: other } }, { file: { path: till } } ] }\n";
    let scene = Scene::new()
        .file("till", NEXT)
        .file("targets.yaml", with("shop"))
        .file("checkout", CURRENT)
        .file("app", CURRENT)
        .file("other", SIBLING);
    run(&scene, &["audit"]).ends(0);
    put(&scene, "targets.yaml", with("store") + till);
    run(&scene, &["audit"]).ends(1);
    put(&scene, "other", NEXT);
    run(&scene, &["audit"]).ends(0);
    run(&scene, &["history", "confirm", "store"]).ends(0);
    run(&scene, &["revoke-check", "store"])
        .ends(0)
        .prints(&fingerprint(SIBLING));
}

#[test]
fn colours_within_a_key_hide_nothing() {
    let coloured = |key: &str| {
        format!(
            "\u{1b}[01;31m\u{1b}[K{}\u{1b}[m\u{1b}[K{}",
            &key[..9],
            &key[9..]
        )
    };
    let scene = scene("{ dotenv: { path: app.env } }")
        .file("app.env", format!("KEY={CURRENT}\n# {}\n", coloured(OLD)));
    ask(&scene, &[]).ends(3);
    put(
        &scene,
        "app.env",
        format!("KEY={CURRENT}\n# {}\n", coloured(CURRENT)),
    );
    ask(&scene, &[]).ends(0);
}

#[test]
fn another_variable_is_seen_in_stragglers_own_environment() {
    let scene = scene("{ env: { variable: HELD } }");
    for (other, code) in [(OLD, 3), (CURRENT, 0)] {
        scene
            .straggler(["revoke-check", "checkout", "--no-ledger"])
            .env("HELD", CURRENT)
            .env("BACKUP", other)
            .run()
            .ends(code);
    }
}
