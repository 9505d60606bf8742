//! How far an answer for a blind spot reaches: what it was said of, and nothing that is seen later.

use std::fs;

use crate::answered::{ask, put, run, scene};
use crate::support::{CURRENT, OLD, fingerprint};

const ACCEPT: [&str; 4] = ["--accept", "cart", "--reason", "switched off"];

#[test]
fn what_stands_for_a_key_is_answered_for_as_it_is() {
    let forms = [
        "op://vault/one/key",
        "op://vault/other/key",
        "ENC[AES256_GCM,data:b25l,iv:aXY=,tag:dGFn,type:str]",
        "ENC[AES256_GCM,data:dHdv,iv:aXY=,tag:dGFn,type:str]",
    ];
    let scene = scene("{ dotenv: { path: app.env } }");
    // That nobody could look there says nothing of what is seen then.
    ask(&scene, &ACCEPT).ends(0);
    for form in forms {
        put(&scene, "app.env", format!("KEY={form}\n"));
        ask(&scene, &[]).ends(3);
        ask(&scene, &ACCEPT).ends(0);
        ask(&scene, &[]).ends(0);
    }
}

#[test]
fn a_rest_that_could_not_be_searched_is_no_key_beside_it() {
    let packed = data_encoding::BASE64.encode(b"\x28\xb5\x2f\xfd and what follows it");
    let scene = scene("{ dotenv: { path: app.env } }").file("old", OLD);
    // Of a key that is known by its fingerprint alone no damaged copy is found.
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let by_fingerprint = format!("fingerprint: '{}'", fingerprint(OLD));
    let by_value = targets.replace(&by_fingerprint, "file: { path: old }");
    put(&scene, "targets.yaml", by_value);
    let hold = |more: &str| {
        put(
            &scene,
            "app.env",
            format!("KEY={CURRENT}\nX={packed}\n{more}"),
        )
    };
    hold("");
    ask(&scene, &[]).ends(3);
    ask(&scene, &ACCEPT).ends(0);
    // A damaged copy of the key, then a whole one.
    for more in [format!("Y={}\n", &OLD[1..]), format!("Y={OLD}\n")] {
        hold(&more);
        ask(&scene, &[]).ends(3);
        ask(&scene, &ACCEPT).ends(0);
        ask(&scene, &[]).ends(0);
    }
}

#[test]
fn one_file_of_a_built_folder_is_none_of_the_others() {
    let scene = scene("{ bundle: { path: dist } }")
        .file("dist/app.js", format!("k='{CURRENT}'"))
        .file(
            "dist/one.7z",
            b"7z\xbc\xaf\x27\x1c\0\x04and so on".as_slice(),
        );
    ask(&scene, &[]).ends(3);
    ask(&scene, &ACCEPT).ends(0);
    ask(&scene, &[]).ends(0);
    put(
        &scene,
        "dist/two.7z",
        b"7z\xbc\xaf\x27\x1c\0\x04and so on".as_slice(),
    );
    ask(&scene, &[]).ends(3);
}

#[test]
fn what_was_seen_since_and_not_explained_ends_it() {
    let scene = scene("{ file: { path: gone/app } }");
    ask(&scene, &ACCEPT).ends(0);
    let scene = scene.file("gone/app", "whoknows-abcdef12345678");
    run(&scene, &["audit"]).ends(1);
    fs::remove_file(scene.path("gone/app")).unwrap();
    ask(&scene, &[]).ends(3);
}

#[test]
fn a_key_that_was_live_in_between_is_asked_for_again() {
    let next = format!("previous: [ {{ fingerprint: '{}' }} ]", fingerprint(OLD));
    let scene = scene("{ file: { path: gone/app } }");
    run(&scene, &["audit"]).ends(3);
    ask(&scene, &ACCEPT).ends(0);
    // It was read by mistake, and nothing settled that.
    put(&scene, "checkout", OLD);
    run(&scene, &["audit"]);
    put(&scene, "checkout", CURRENT);
    run(&scene, &["audit"]).ends(3);
    ask(&scene, &[]).ends(3);
    ask(&scene, &ACCEPT).ends(0);
    // It was announced as the next one.
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let announced = targets.replace(
        &next,
        &format!("next: {{ fingerprint: '{}' }}", fingerprint(OLD)),
    );
    assert_ne!(announced, targets);
    put(&scene, "targets.yaml", announced);
    run(&scene, &["audit"]).ends(3);
    put(&scene, "targets.yaml", targets);
    run(&scene, &["audit"]).ends(3);
    ask(&scene, &[]).ends(3);
}
