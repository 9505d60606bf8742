//! Several targets.yaml on one ledger, and one that was moved, through the program.

use std::fs;

use crate::ledger::{hold, rotate, run, scene};
use crate::support::{CURRENT, NEXT, OLD, Ran, Scene};

/// A second targets.yaml beside the first, with one deployment of the same project, and both on one ledger.
fn two() -> Scene {
    let scene = scene();
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let head = targets.split("deployments:").next().unwrap().to_owned();
    let dir = scene.folder().display();
    let cart = format!(
        "inventory: other\n{head}deployments:\n  - {{ name: cart, project: checkout, route: [ {{ dotenv: {{ path: {dir}/cart.env }} }} ] }}\n"
    );
    let scene = scene.file("other.yaml", cart);
    hold(&scene, "cart", CURRENT);
    scene
}

fn on_one(scene: &Scene, file: &str, arguments: &[&str]) -> Ran {
    let ledger = scene.path("shared.db");
    let mut all = arguments.to_vec();
    all.extend(["--config", file, "--ledger", ledger.to_str().unwrap()]);
    run(scene, &all)
}

#[test]
fn two_files_on_one_ledger_are_told_apart() {
    let scene = two();
    let night = |file, code| on_one(&scene, file, &["audit", "--changed-only"]).ends(code);
    for first in [true, false] {
        for file in ["targets.yaml", "other.yaml"] {
            let ran = night(file, 0);
            let told = match first {
                true => "nothing was told before to compare with",
                false => "nothing changed",
            };
            let ran = ran.prints(told);
            assert!(
                !ran.stdout.contains("gone") && ran.stderr.is_empty(),
                "{ran}"
            );
        }
    }
    let asked = ["history", "--audits", "-f", "json"];
    let audits = on_one(&scene, "targets.yaml", &asked).ends(0).json()["audits"].clone();
    let audits = audits.as_array().unwrap().iter();
    let whose: Vec<_> = audits.map(|audit| audit["inventory"].as_str()).collect();
    let path = scene.path("targets.yaml");
    let (file, other) = (path.to_str(), Some("other"));
    assert_eq!(whose, [other, file, other, file]);
    on_one(&scene, "targets.yaml", &["history", "--audits"])
        .ends(0)
        .prints("inventory")
        .prints("other")
        .prints(file.unwrap());
    hold(&scene, "cart", OLD);
    night("targets.yaml", 0).prints("nothing changed");
    night("other.yaml", 1).prints("worse").prints("cart");
    night("targets.yaml", 0).prints("nothing changed");
}

#[test]
fn what_another_inventory_knew_stands_in_the_way_of_revoking() {
    let scene = two();
    let audit = |file, code| on_one(&scene, file, &["audit"]).ends(code);
    audit("targets.yaml", 0);
    audit("other.yaml", 0);
    rotate(&scene, NEXT);
    hold(&scene, "api", NEXT);
    hold(&scene, "web", NEXT);
    audit("targets.yaml", 0);
    let asked = ["history", "confirm", "checkout"];
    on_one(&scene, "targets.yaml", &asked).ends(0);
    // The other one's still has the old key, and nobody looked since.
    let check = |more: &[&str]| {
        let arguments = [&["revoke-check", "checkout"], more].concat();
        on_one(&scene, "targets.yaml", &arguments)
    };
    check(&[])
        .ends(3)
        .prints("? cart: the inventory other names it under checkout")
        .prints("it held the key when it was last read");
    let document = check(&["-f", "json"]).ends(3).json();
    assert_eq!(document["forgotten"], serde_json::json!(["cart"]));
    let elsewhere = serde_json::json!([
        { "deployment": "cart", "project": "checkout", "inventory": "other", "held": true }
    ]);
    assert_eq!(document["elsewhere"], elsewhere);
    // Where it is looked at, it is a holder.
    on_one(&scene, "other.yaml", &["revoke-check", "checkout"])
        .ends(1)
        .prints("✗ cart");
    hold(&scene, "cart", NEXT);
    audit("other.yaml", 0);
    check(&[])
        .ends(3)
        .prints("it did not hold the key when it was last read");
    check(&[
        "--accept",
        "cart",
        "--reason",
        "the other night looks at it",
    ])
    .ends(0);
}

#[test]
fn two_services_of_one_name_are_two() {
    let scene = two();
    let other = fs::read_to_string(scene.path("other.yaml")).unwrap();
    fs::write(
        scene.path("other.yaml"),
        other.replace("name: cart", "name: web"),
    )
    .unwrap();
    let audit = |file, code| on_one(&scene, file, &["audit"]).ends(code);
    audit("targets.yaml", 0);
    audit("other.yaml", 0);
    rotate(&scene, NEXT);
    for name in ["api", "web", "cart"] {
        hold(&scene, name, NEXT);
    }
    audit("targets.yaml", 0);
    audit("other.yaml", 0);
    on_one(&scene, "targets.yaml", &["history", "confirm", "checkout"]).ends(0);
    // It holds the new key as far as anybody knows, but nobody looked at it now.
    let asked = ["revoke-check", "checkout"];
    on_one(&scene, "targets.yaml", &asked)
        .ends(3)
        .prints("? web: the inventory other names it");
}

/// Two inventories in folders of their own, each with a `b` at this path from there, audited before and after a
/// rotation that the second one's followed.
fn two_folders(path: &str) -> Scene {
    let scene = scene();
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let head = targets.split("deployments:").next().unwrap();
    let path = path.replace("DIR", &scene.folder().display().to_string());
    for folder in ["y1", "y2"] {
        fs::create_dir(scene.path(folder)).unwrap();
        let yaml = format!(
            "inventory: {folder}\n{head}deployments:\n  - {{ name: b, project: checkout, route: [ {{ dotenv: {{ path: {path} }} }} ] }}\n"
        );
        fs::write(scene.path(&format!("{folder}/targets.yaml")), yaml).unwrap();
        hold(&scene, &format!("{folder}/b"), CURRENT);
    }
    hold(&scene, "b", CURRENT);
    within(&scene, "y1", &["audit"]).ends(0);
    within(&scene, "y2", &["audit"]).ends(0);
    rotate(&scene, NEXT);
    hold(&scene, "y2/b", NEXT);
    hold(&scene, "b", NEXT);
    within(&scene, "y2", &["audit"]).ends(0);
    within(&scene, "y2", &["history", "confirm", "checkout"]).ends(0);
    scene
}

fn within(scene: &Scene, folder: &str, arguments: &[&str]) -> Ran {
    let ledger = scene.path("shared.db");
    let mut straggler = scene.straggler(arguments).env("STRAGGLER_LEDGER", ledger);
    straggler.command.current_dir(scene.path(folder));
    straggler.run()
}

/// As a directory, which nobody can read.
fn hide(scene: &Scene, name: &str) {
    fs::remove_file(scene.path(name)).unwrap();
    fs::create_dir(scene.path(name)).unwrap();
}

#[test]
fn one_path_from_two_folders_is_two_places() {
    let asked = ["revoke-check", "checkout"];
    let scene = two_folders("b.env");
    let ran = within(&scene, "y2", &asked).ends(3);
    ran.prints("? b: the inventory y1 names it under checkout")
        .prints("it held the key when it was last read")
        .prints("y1/targets.yaml`, or answer for it");
    // One file by its full path is one.
    let scene = two_folders("DIR/b.env");
    within(&scene, "y2", &asked).ends(0);
}

#[test]
fn what_was_accepted_in_one_is_not_in_another() {
    let scene = two_folders("b.env");
    hide(&scene, "y1/b.env");
    hide(&scene, "y2/b.env");
    let asked = ["revoke-check", "checkout"];
    let accept = |name| [&asked[..], &["--accept", name, "--reason", "off"]].concat();
    // The other one's is another deployment, of which that says nothing.
    let ran = within(&scene, "y2", &accept("b")).ends(3);
    ran.prints("accepted for this key: off")
        .prints("? b: the inventory y1 names it")
        .prints("--accept 'y1:b' --reason TEXT");
    for arguments in [&accept("y1:b")[..], &asked] {
        within(&scene, "y2", arguments)
            .ends(0)
            .prints("accepted for this key: off");
    }
    let ran = within(&scene, "y1", &asked).ends(3);
    assert!(!ran.stdout.contains("accepted"), "{ran}");
}

#[test]
fn a_deployment_of_another_inventory_is_retired_there() {
    let scene = two_folders("b.env");
    let past = within(&scene, "y2", &["history", "--deployment", "b"]).ends(0);
    past.prints("b (y1)").prints("b (y2)");
    let past = ["history", "--deployment", "b", "-f", "json"];
    let past = within(&scene, "y2", &past).ends(0).json();
    assert_eq!(past["past"][0]["inventory"], "y1", "{past}");
    let rename = |folder: &str| {
        let path = scene.path(&format!("{folder}/targets.yaml"));
        let yaml = fs::read_to_string(&path).unwrap();
        fs::write(&path, yaml.replace("name: b,", "name: c,")).unwrap();
    };
    rename("y2");
    let retire = ["history", "retire", "b"];
    within(&scene, "y2", &retire)
        .ends(0)
        .prints("retired: b of checkout")
        .complains("the inventory y1 knows b of checkout still")
        .complains("y1/targets.yaml`");
    let asked = ["revoke-check", "checkout"];
    let sees = || {
        within(&scene, "y2", &asked)
            .ends(3)
            .prints("? b: the inventory y1")
    };
    sees();
    fs::remove_file(scene.path("shared.db")).unwrap();
    within(&scene, "y1", &["audit"]).ends(1);
    within(&scene, "y2", &["audit"]).ends(0);
    within(&scene, "y2", &retire)
        .ends(2)
        .complains("nothing is retired: the inventory y1 knows b");
    rename("y1");
    within(&scene, "y1", &retire).ends(0);
}

#[test]
fn without_a_key_in_question_nobody_says_that_it_was_not_held() {
    let scene = scene();
    run(&scene, &["audit", "--ledger", "one.db"]).ends(0);
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let targets = targets.replace("  checkout:", "  till:");
    let targets = targets.replace("project: checkout", "project: till");
    let targets = targets.replace("path: ", "path: moved/");
    fs::write(scene.path("targets.yaml"), targets).unwrap();
    let asked = ["revoke-check", "till", "--ledger", "one.db"];
    let ran = run(&scene, &asked).ends(3);
    let ran = ran.prints("is known, but not which key is in question");
    assert!(!ran.stdout.contains("it did not hold"), "{ran}");
}

#[test]
fn of_several_ledgers_from_before_all_are_named_the_nearest_first() {
    let scene = scene();
    for folder in ["a", "z"] {
        fs::create_dir(scene.path(folder)).unwrap();
        let file = format!("{folder}/targets.yaml");
        fs::copy(scene.path("targets.yaml"), scene.path(&file)).unwrap();
        run(&scene, &["audit", "-c", &file]).ends(0);
    }
    fs::remove_file(scene.path("a/targets.yaml")).unwrap();
    fs::rename(scene.path("z/targets.yaml"), scene.path("z/other.yaml")).unwrap();
    let ran = run(&scene, &["audit", "-c", "z/other.yaml"]).ends(0);
    for before in [
        "past audits are in ",
        "name it with --ledger ",
        "unrelated ",
    ] {
        let told = ran.stderr.split(before).nth(1).unwrap();
        assert!(told.split(' ').next().unwrap().contains("/z-"), "{ran}");
    }
    let count = |what: &str| ran.stderr.matches(what).count();
    assert_eq!(count("--ledger "), 2, "{ran}");
    assert_eq!(count("history unrelated "), 2, "{ran}");
}

#[test]
fn what_was_audited_by_both_names_is_one_deployment() {
    let scene = two_folders("b.env");
    let targets = fs::read_to_string(scene.path("y1/targets.yaml")).unwrap();
    fs::create_dir(scene.path("z")).unwrap();
    let renamed = targets.replace("inventory: y1", "inventory: z");
    fs::write(scene.path("z/targets.yaml"), renamed).unwrap();
    hold(&scene, "z/b", NEXT);
    within(&scene, "z", &["audit"])
        .ends(0)
        .complains("straggler history rename y1 z");
    let ask = || within(&scene, "z", &["revoke-check", "checkout"]);
    ask().ends(3).prints("y1:b");
    within(&scene, "z", &["history", "rename", "y1", "z"])
        .ends(0)
        .prints("1 deployment carried over to the inventory z");
    let ran = ask();
    assert!(!ran.to_string().contains("y1"), "{ran}");
    within(&scene, "z", &["history", "--deployment", "b"]).ends(0);
}

#[test]
fn how_an_inventory_was_known_again_is_told() {
    let scene = two();
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let write = |name: &str| {
        let named = format!("inventory: {name}\n{targets}");
        fs::write(scene.path("targets.yaml"), named).unwrap();
    };
    let night = || on_one(&scene, "targets.yaml", &["audit", "--changed-only"]).ends(0);
    night();
    write("shop");
    night()
        .complains("knows what it has of this file as the inventory shop from now on")
        .prints("nothing changed");
    write("market");
    night()
        .complains("knows the inventory shop as market from now on")
        .prints("nothing changed");
    assert!(night().stderr.is_empty());
    // Elsewhere, by another name: it may be another one, which a person knows.
    fs::create_dir(scene.path("new")).unwrap();
    write("bazaar");
    fs::rename(scene.path("targets.yaml"), scene.path("new/targets.yaml")).unwrap();
    let night = || on_one(&scene, "new/targets.yaml", &["audit", "--changed-only"]).ends(0);
    night()
        .complains("starts over for the inventory bazaar, though market names some of the same")
        .complains("straggler history rename market bazaar")
        .prints("nothing was told before");
    let rename = ["history", "rename", "market", "bazaar"];
    on_one(&scene, "new/targets.yaml", &rename)
        .ends(0)
        .prints("carried over to the inventory bazaar");
    on_one(&scene, "new/targets.yaml", &rename)
        .ends(2)
        .complains("knows no inventory of that name");
    for slip in [[OLD, "bazaar"], ["bazaar", OLD]] {
        let rename = ["history", "rename", slip[0], slip[1]];
        let ran = on_one(&scene, "new/targets.yaml", &rename).ends(2);
        assert!(!ran.to_string().contains(OLD), "{ran}");
    }
}

#[test]
fn a_ledger_from_before_a_move_is_told_of_until_a_person_settles_it() {
    let moved = || {
        let scene = scene();
        run(&scene, &["audit"]).ends(0);
        fs::create_dir(scene.path("moved")).unwrap();
        fs::rename(scene.path("targets.yaml"), scene.path("moved/targets.yaml")).unwrap();
        scene
    };
    let go = |scene: &Scene, arguments: &[&str]| {
        run(
            scene,
            &[arguments, &["--config", "moved/targets.yaml"]].concat(),
        )
    };
    let told = "if this targets.yaml was moved, past audits are in ";
    let path = |ran: &Ran| {
        let told = ran.stderr.split(told).nth(1).unwrap();
        told.split(": ").next().unwrap().to_owned()
    };
    let scene = moved();
    go(&scene, &["history"]).ends(2).complains(told);
    go(&scene, &["audit"]).ends(0).complains(told);
    for arguments in [
        &["audit"][..],
        &["audit", "--changed-only", "--quiet"],
        &["wait", "--timeout", "1s"],
        &["history"],
    ] {
        go(&scene, arguments).ends(0).complains(told);
    }
    let asked = go(&scene, &["revoke-check", "checkout"]).ends(3);
    let asked = asked.complains(told).prints(&format!("? {told}"));
    let old = path(&asked);
    let document = go(&scene, &["revoke-check", "checkout", "-f", "json"]).ends(3);
    let doubts = document.json()["doubts"].to_string();
    assert!(doubts.contains(told) && doubts.contains(&old), "{doubts}");
    let silent = |scene: &Scene, arguments: &[&str]| {
        let ran = go(scene, arguments);
        assert!(!ran.to_string().contains(told), "{ran}");
    };
    // Whoever says which ledger it is knows.
    silent(&scene, &["audit", "--ledger", &old]);
    go(&scene, &["history", "unrelated", "nowhere.db"]).ends(2);
    go(&scene, &["history", "unrelated", &old])
        .ends(0)
        .prints("unrelated: ");
    silent(&scene, &["audit"]);
    silent(&scene, &["revoke-check", "checkout"]);
    silent(&scene, &["history"]);

    // Or the old one takes the new one's place.
    let scene = moved();
    let ran = go(&scene, &["audit"]).ends(0).complains(told);
    let (old, new) = (
        path(&ran),
        ran.stderr.split("begins here, ").nth(1).unwrap(),
    );
    let new = new.split("; ").next().unwrap();
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{new}{end}"));
        let _ = fs::rename(format!("{old}{end}"), format!("{new}{end}"));
    }
    let ran = go(&scene, &["audit"]).ends(0);
    assert!(!ran.stderr.contains(told), "{ran}");
    let ran = ran.complains("takes this targets.yaml for the one that was at");
    drop(ran);
    go(&scene, &["history", "--audits"]).ends(0);

    // Or targets.yaml names it.
    let scene = moved();
    let old = path(&go(&scene, &["audit"]).ends(0));
    let targets = fs::read_to_string(scene.path("moved/targets.yaml")).unwrap();
    let named = format!("{targets}ledger: {{ at: {old} }}\n");
    fs::write(scene.path("moved/targets.yaml"), named).unwrap();
    silent(&scene, &["audit"]);
}
