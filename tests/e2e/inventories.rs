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
        .complains("begins anew for the inventory bazaar, though market names some of the same")
        .complains("straggler history rename market bazaar")
        .prints("nothing was told before");
    let rename = ["history", "rename", "market", "bazaar"];
    on_one(&scene, "new/targets.yaml", &rename)
        .ends(0)
        .prints("carried over to the inventory bazaar");
    on_one(&scene, "new/targets.yaml", &rename)
        .ends(0)
        .prints("0 deployments");
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
