//! May the old key be revoked? Over real files.

use crate::support::{CURRENT, NEXT, OLD, SIBLING, STRANGE, Scene, fingerprint};

/// `checkout` holds CURRENT, and held OLD before; `shop` holds SIBLING. Each has a deployment.
fn scene(api: &str, cart: &str) -> Scene {
    let old = fingerprint(OLD);
    Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{{32}}$'
    current: {{ file: {{ path: DIR/checkout }} }}
    previous: [ {{ fingerprint: '{old}' }} ]
  shop:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{{32}}$'
    current: {{ file: {{ path: DIR/shop }} }}
deployments:
  - name: api
    project: checkout
    route: [ {{ dotenv: {{ path: DIR/api.env, dialect: docker }} }} ]
    waive: {{ verdicts: [stale, unreachable], reason: later, owner: ana, until: 2999-01-01 }}
  - {{ name: cart, project: shop, route: [ {{ dotenv: {{ path: DIR/cart.env }} }} ] }}
"
    ))
    .file("checkout", CURRENT)
    .file("shop", SIBLING)
    .file("api.env", format!("KEY={api}\n"))
    .file("cart.env", format!("KEY={cart}\n"))
}

#[test]
fn it_is_safe_only_when_everything_was_seen_and_nothing_holds_it() {
    scene(CURRENT, SIBLING)
        .run(["revoke-check", "checkout"])
        .ends(0)
        .prints("safe to revoke: sha256:");
    for (api, cart, code, told) in [
        (OLD, SIBLING, 1, "not safe to revoke"),
        // It may be the old key in a form that nobody looks for.
        (&format!("\"{STRANGE}\""), SIBLING, 3, "find out what it is"),
        // Under another project, and damaged.
        (CURRENT, OLD, 1, "cart"),
        (&format!("\"{OLD}\""), SIBLING, 1, "double-quotes"),
    ] {
        let ran = scene(api, cart).run(["revoke-check", "checkout"]);
        let ran = ran.ends(code).prints(told);
        assert!(!ran.to_string().contains(OLD), "{ran}");
    }
}

#[test]
fn what_cannot_be_read_leaves_it_open_whoever_waived_it() {
    let scene = scene(CURRENT, SIBLING);
    std::fs::remove_file(scene.path("cart.env")).unwrap();
    std::fs::create_dir(scene.path("cart.env")).unwrap();
    scene
        .run(["revoke-check", "checkout"])
        .ends(3)
        .prints("nobody can tell")
        .prints("? cart");
    scene
        .run(["revoke-check", "shop"])
        .ends(3)
        .prints("no previous key is known");
}

#[test]
fn a_key_is_meant_by_its_fingerprint() {
    let scene = scene(CURRENT, SIBLING);
    let check = |key: &str| scene.run(["revoke-check", "checkout", "--key", &fingerprint(key)]);
    check(OLD).ends(0);
    check(NEXT)
        .ends(3)
        .prints("no key with this fingerprint is known");
    check(CURRENT)
        .ends(1)
        .prints("it is checkout's current key");
    check(SIBLING).ends(1).prints("it is shop's current key");
}

#[test]
fn a_faulty_reference_answers_nothing() {
    let scene = scene(CURRENT, SIBLING).file("checkout", format!("\"{CURRENT}\""));
    scene
        .run(["revoke-check", "checkout"])
        .ends(3)
        .prints("the reference of checkout");
}

#[test]
fn the_heading_says_what_a_key_is_that_a_reference_was_mistaken_for() {
    let heading = |scene: &Scene, arguments: &[&str]| {
        let ran = scene.run(["revoke-check", "checkout"].iter().chain(arguments));
        ran.stdout.lines().next().unwrap_or_default().to_owned()
    };
    let [old, sibling, current] = [OLD, SIBLING, CURRENT].map(fingerprint);
    // The old key was pasted again.
    let pasted = scene(CURRENT, SIBLING).file("checkout", OLD);
    assert_eq!(
        heading(&pasted, &[]),
        format!(
            "not safe to revoke: {old} (checkout's current key; known as checkout's previous key)"
        )
    );
    // That of another project, and a damaged one.
    let foreign = scene(CURRENT, SIBLING).file("checkout", SIBLING);
    assert_eq!(
        heading(&foreign, &["--key", &sibling]),
        format!(
            "not safe to revoke: {sibling} (in the reference of checkout, which is not sound; in the reference \
             of shop, which is not sound)"
        )
    );
    assert_eq!(
        heading(&foreign, &[]),
        format!("nobody can tell: {old} (checkout's previous key)")
    );
    let damaged = scene(CURRENT, SIBLING).file("checkout", format!("\"{CURRENT}\""));
    assert_eq!(
        heading(&damaged, &["--key", &current]),
        format!("not safe to revoke: {current} (in the reference of checkout, which is not sound)")
    );
}

#[test]
fn the_heading_says_what_past_audits_were_sure_of() {
    let scene = Scene::with(
        "version: 1
ledger: { at: DIR/ledger.db }
projects: { checkout: { variable: KEY, current: { file: { path: DIR/checkout } } } }
deployments: [ { name: api, project: checkout, route: [ { file: { path: DIR/api } } ] } ]
",
    )
    .file("api", CURRENT);
    let scene = scene.file("checkout", OLD);
    scene.run(["audit", "-q"]);
    let scene = scene.file("checkout", CURRENT);
    scene.run(["audit", "-q"]);
    scene.run(["history", "confirm", "checkout"]).ends(0);
    // The older one is pasted again.
    let scene = scene.file("checkout", OLD);
    let current = fingerprint(CURRENT);
    scene.run(["revoke-check", "checkout"]).ends(1).prints(&format!(
        "not safe to revoke: {current} (checkout's last sure key; known as checkout's previous key)"
    ));
}

#[test]
fn it_looks_everywhere_or_not_at_all() {
    let scene = scene(CURRENT, SIBLING);
    for option in ["--deployment", "--project", "--owner"] {
        scene
            .run(["revoke-check", "checkout", option, "api"])
            .ends(2);
    }
    scene
        .run(["revoke-check", "chekout"])
        .ends(2)
        .complains("no project is named");
    scene
        .run(["revoke-check", "checkout", "--environment", "staging"])
        .ends(2);
    scene
        .run(["revoke-check", "checkout", "--key", "9f2c"])
        .ends(2);
}

/// `short` has keys without a format, as short as nobody should make them; its old one is known by `previous`.
fn formless(previous: &str, held: &str) -> Scene {
    Scene::with(&format!(
        "version: 1
projects:
  short:
    variable: KEY
    current: {{ file: {{ path: DIR/short }} }}
    previous: [ {previous} ]
deployments:
  - {{ name: api, project: short, route: [ {{ file: {{ path: DIR/api }} }} ] }}
"
    ))
    .file("short", "Kc83RfTw92")
    .file("old", "Zq81Lp")
    .file("api", held)
}

#[test]
fn what_looks_like_a_placeholder_may_hide_a_key() {
    let by_value = "{ file: { path: DIR/old } }";
    let by_fingerprint = format!("{{ fingerprint: '{}' }}", fingerprint("Zq81Lp"));
    for (previous, held, code, told) in [
        // It is seen inside where its bytes are at hand.
        (by_value, "<Zq81Lp>", 1, "not safe to revoke"),
        (by_value, "${Zq81Lp}", 1, "not safe to revoke"),
        (by_value, "${KEY-Zq81Lp}", 1, "not safe to revoke"),
        (&*by_fingerprint, "${KEY-Zq81Lp}", 1, "not safe to revoke"),
        // Where only its fingerprint is, what is inside may be it in another form.
        (&*by_fingerprint, "${KEY-Wn27Dx}", 3, "nobody can tell"),
        // What nobody would take for a key hides none.
        (by_value, "changeme", 0, "safe to revoke: sha256:"),
        (by_value, "undefined", 0, "safe to revoke: sha256:"),
        (by_value, "${NAME}", 0, "safe to revoke: sha256:"),
        (by_value, "<your-key-here>", 0, "safe to revoke: sha256:"),
        (by_value, "***", 0, "safe to revoke: sha256:"),
        (&*by_fingerprint, "changeme", 0, "safe to revoke: sha256:"),
        (&*by_fingerprint, "undefined", 0, "safe to revoke: sha256:"),
        (&*by_fingerprint, "${NAME}", 0, "safe to revoke: sha256:"),
        (
            &*by_fingerprint,
            "<your-key-here>",
            0,
            "safe to revoke: sha256:",
        ),
        (&*by_fingerprint, "***", 0, "safe to revoke: sha256:"),
    ] {
        let ran = formless(previous, held).run(["revoke-check", "short"]);
        let ran = ran.ends(code).prints(told);
        assert!(!ran.to_string().contains("Zq81Lp"), "{ran}");
    }
}
