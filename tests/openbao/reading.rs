//! What is read, and how often it is asked for.

use serde_json::{Value, json};

use crate::scene::{audit, deployment, key, named, scene, store, told, with_token};
use crate::server::Bao;
use crate::support::{CURRENT, OLD, Scene};

#[test]
#[ignore = "needs OpenBao"]
fn ten_thousand_deployments_over_two_hundred_paths_make_two_hundred_reads() {
    let bao = Bao::start();
    for path in 0..200 {
        let held = if path == 123 { OLD } else { CURRENT };
        bao.within("").put(&format!("allstak/s{path}"), &key(held));
    }
    let names = |prefix: &str, count: usize| {
        let names: Vec<_> = (0..count).map(|index| format!("{prefix}{index}")).collect();
        names.join(", ")
    };
    let deployments = format!(
        "  - matrix: {{ name: [{}], region: [{}] }}
    project: checkout
    route: [ {{ vault: {{ store: prod, path: 'allstak/${{name}}', field: api_key }} }} ]",
        names("s", 200),
        names("r", 50)
    );
    bao.counted();
    let scene = scene(&with_token(&bao), &[deployments]);
    let ran = audit(&scene, bao.root()).run().ends(1);
    let summary = &ran.json()["summary"];
    assert_eq!(summary["deployments"], 10_000);
    assert_eq!(summary["verdicts"]["current"], 9_950);
    assert_eq!(summary["verdicts"]["stale"], 50);
    assert_eq!(summary["coverage"]["hops"]["proven"], 10_000);

    let mut counted = bao.counted();
    assert_eq!(
        counted.remove("read sys/internal/ui/mounts/secret"),
        Some(1)
    );
    assert_eq!(counted.len(), 200);
    for (request, times) in counted {
        assert!(
            request.starts_with("read secret/data/allstak/s"),
            "{request}"
        );
        assert_eq!(times, 1, "{request}");
    }
}

#[test]
#[ignore = "needs OpenBao"]
fn the_store_of_the_design_is_read_with_the_usual_variables_too() {
    let bao = Bao::start();
    bao.within("").put("allstak/checkout", &key(CURRENT));
    let declared = format!(
        "  vault-prod: {{ vault: {{ address: '{}', mount: secret, token: {{ env: VAULT_TOKEN }} }} }}",
        bao.url()
    );
    let hop = |settings: &str| {
        format!(
            "  - {{ name: web, project: checkout, \
             route: [ {{ vault: {{ {settings}path: allstak/checkout, field: api_key }} }} ] }}"
        )
    };
    let from_store = scene(&declared, &[hop("store: vault-prod, ")]);
    let ran = from_store.straggler(["audit"]);
    ran.env("VAULT_TOKEN", bao.root()).run().ends(0);

    let scene = scene("  {}", &[hop("")]).file("home/.vault-token", format!("{}\n", bao.root()));
    let home = scene.path("home").to_str().unwrap().to_owned();
    let file = scene.path("home/.vault-token");
    let file = file.to_str().unwrap().to_owned();
    let url = bao.url();
    let elsewhere = "http://127.0.0.1:1";
    for (variables, code) in [
        (vec![("VAULT_ADDR", &*url), ("VAULT_TOKEN", bao.root())], 0),
        (vec![("BAO_ADDR", &*url), ("BAO_TOKEN", bao.root())], 0),
        (
            vec![
                ("VAULT_ADDR", elsewhere),
                ("BAO_ADDR", &*url),
                ("VAULT_TOKEN", "hvs.of-another-server"),
                ("BAO_TOKEN", bao.root()),
            ],
            0,
        ),
        (vec![("VAULT_ADDR", &*url), ("HOME", &*home)], 0),
        (vec![("BAO_ADDR", &*url), ("BAO_TOKEN_PATH", &*file)], 0),
        (vec![("VAULT_TOKEN", bao.root())], 3),
    ] {
        let names: Vec<_> = variables.iter().map(|(name, _)| *name).collect();
        let mut straggler = scene.straggler(["audit", "-f", "json"]);
        for (name, value) in &variables {
            straggler = straggler.env(name, value);
        }
        let ran = straggler.run();
        assert_eq!(ran.status.code(), Some(code), "{names:?}: {ran}");
        if code == 3 {
            ran.prints("set VAULT_ADDR");
        }
    }
}

#[test]
#[ignore = "needs OpenBao"]
fn what_is_denied_gone_or_elsewhere_is_told_apart() {
    let bao = Bao::start();
    let top = bao.within("");
    for path in ["mine", "theirs", "deleted", "destroyed"] {
        top.put(path, &key(CURRENT));
    }
    top.asks("DELETE", "secret/data/deleted", &Value::Null);
    top.asks("PUT", "secret/destroy/destroyed", &json!({"versions": [1]}));
    top.put("pinned", &key(OLD)).put("pinned", &key(CURRENT));
    top.put("number", &json!({"api_key": 42}));
    top.put("empty", &json!({"other": "w"}));
    top.mount("old", 1);
    top.asks("POST", "old/one", &key(CURRENT));
    top.namespace("team");
    bao.within("team").namespace("a");
    let inner = bao.within("team/a");
    inner.mount("secret", 2).put("within", &key(CURRENT));
    let readable = [
        "mine",
        "deleted",
        "destroyed",
        "pinned",
        "number",
        "empty",
        "nowhere",
    ];
    let mut paths: Vec<_> = readable
        .iter()
        .map(|path| format!("secret/data/{path}"))
        .collect();
    paths.extend(["old/*", "team/a/secret/data/*"].map(str::to_owned));
    let paths: Vec<_> = paths.iter().map(String::as_str).collect();
    let token = top.policy("narrow", &paths).token_of("narrow");

    let deployments = [
        deployment("mine", ""),
        deployment("theirs", ""),
        deployment("deleted", ""),
        deployment("destroyed", ""),
        deployment("pinned", ""),
        named("first", "pinned", ", version: 1"),
        named("third", "pinned", ", version: 3"),
        deployment("number", ""),
        deployment("empty", ""),
        deployment("nowhere", ""),
        deployment("one", ", mount: old"),
        deployment("none", ", mount: old"),
        named("versioned", "one", ", mount: old, version: 1"),
        deployment("within", ", namespace: team/a"),
        named("unmounted", "mine", ", mount: gone"),
        named("unnamed", "mine", ", namespace: team/b"),
    ];
    let ran = audit(&scene(&with_token(&bao), &deployments), &token).run();
    let all = told(&ran.ends(1));
    let verdicts: Vec<_> = all.iter().map(|hop| (&*hop.name, &*hop.verdict)).collect();
    assert_eq!(
        verdicts,
        [
            ("mine", "current"),
            ("theirs", "unreachable"),
            ("deleted", "missing"),
            ("destroyed", "missing"),
            ("pinned", "current"),
            ("first", "stale"),
            ("third", "missing"),
            ("number", "unreachable"),
            ("empty", "missing"),
            ("nowhere", "missing"),
            ("one", "current"),
            ("none", "missing"),
            ("versioned", "unreachable"),
            ("within", "current"),
            ("unmounted", "unreachable"),
            ("unnamed", "unreachable"),
        ],
        "{all:#?}"
    );
    let told = |name: &str| all.iter().find(|hop| hop.name == name).unwrap();
    told("theirs").is_unreachable(
        "permission denied",
        "give the token's policy `path \"secret/data/theirs\" { capabilities = [\"read\"] }`",
    );
    assert!(
        told("deleted")
            .message
            .contains("version 1 was deleted at 20")
    );
    assert!(
        told("destroyed")
            .message
            .contains("version 1 was destroyed")
    );
    told("number").is_unreachable("a number", "name a field that holds a string");
    told("versioned").is_unreachable("the mount old keeps no versions", "leave `version` out");
    told("unmounted").is_unreachable("permission denied", "correct `mount`, or give");
    told("unnamed").is_unreachable("namespace not found", "correct `namespace`");
}

#[test]
#[ignore = "needs OpenBao"]
fn the_versions_of_the_reference_know_the_key_before() {
    let bao = Bao::start();
    let top = bao.within("");
    for held in ["of-another-age", OLD, CURRENT] {
        top.put("allstak/checkout", &key(held));
    }
    top.asks(
        "PUT",
        "secret/destroy/allstak/checkout",
        &json!({"versions": [1]}),
    );
    let paths = ["secret/data/allstak/*", "secret/metadata/allstak/*"];
    let token = top.policy("whole", &paths).token_of("whole");
    let narrow = top.policy("latest", &paths[..1]).token_of("latest");
    let targets = format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    current: {{ vault: {{ store: prod, path: allstak/checkout, field: api_key }} }}
stores:
{}
deployments:
  - {{ name: web, project: checkout, route: [ {{ file: {{ path: web }} }} ] }}
",
        store(&bao, "token: { env: TOKEN }")
    );
    let scene = Scene::with(&targets).file("web", OLD);
    let hop = told(&audit(&scene, &token).run().ends(1)).pop().unwrap();
    assert_eq!(hop.verdict, "stale", "{hop:?}");
    // Who may not see which versions there are is told what that takes.
    let ran = audit(&scene, &narrow).run();
    let hop = told(&ran).pop().unwrap();
    assert_eq!(hop.verdict, "unknown", "{hop:?}");
    ran.prints("path \\\"secret/metadata/allstak/checkout\\\" { capabilities = [\\\"read\\\"] }");
}

#[test]
#[ignore = "needs OpenBao"]
fn a_quota_slows_an_audit_down_and_one_that_stays_is_named() {
    let bao = Bao::start();
    let top = bao.within("");
    let paths: Vec<_> = (0..6).map(|path| format!("p{path}")).collect();
    for path in &paths {
        top.put(path, &key(CURRENT));
    }
    let deployments: Vec<_> = paths.iter().map(|path| deployment(path, "")).collect();
    let scene = scene(&with_token(&bao), &deployments);
    let quota = |interval: &str| {
        let settings = json!({"rate": 3, "interval": interval, "path": "secret"});
        top.asks("POST", "sys/quotas/rate-limit/few", &settings);
    };
    quota("1s");
    let patient = scene.straggler(["audit"]).env("TOKEN", bao.root());
    patient.run().ends(0);

    quota("1h");
    let hops = told(&audit(&scene, bao.root()).run().ends(3));
    let count = |verdict| hops.iter().filter(|hop| hop.verdict == verdict).count();
    assert_eq!(
        (count("current"), count("unreachable")),
        (3, 3),
        "{hops:#?}"
    );
    let refused = hops.iter().find(|hop| hop.verdict == "unreachable");
    let refused = refused.unwrap();
    refused.is_unreachable("rate limit quota exceeded", "run again later");
    assert!(refused.message.contains("429"), "{refused:?}");
}
