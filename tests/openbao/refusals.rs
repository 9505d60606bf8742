//! What a refusal means: of the token, of a policy, of the address, of the server as a whole.

use serde_json::{Value, json};

use crate::scene::{audit, deployment, key, scene, store, store_at, told, told_of, with_token};
use crate::server::Bao;
use crate::support::CURRENT;

const UNKNOWN: &str = "the server does not know the token";
const TOKEN: &str = "put a token that is valid into the variable TOKEN";

fn world() -> Bao {
    let bao = Bao::start();
    let top = bao.within("");
    top.put("web", &key(CURRENT)).put("theirs", &key(CURRENT));
    top.policy("narrow", &["secret/data/web"]);
    bao
}

#[test]
#[ignore = "needs OpenBao"]
fn a_token_that_nobody_knows_is_told_from_one_that_may_not() {
    let bao = world();
    let top = bao.within("");
    let narrow = |more: Value| {
        let mut settings = json!({"policies": ["narrow"]});
        settings
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        top.token(&settings)
    };
    let revoked = narrow(json!({}));
    top.asks("POST", "auth/token/revoke", &json!({"token": revoked}));
    let used_up = narrow(json!({"num_uses": 1}));
    let who = ("", &*used_up);
    assert_eq!(bao.ask("GET", "secret/data/web", who, &Value::Null).0, 200);
    let expired = narrow(json!({"ttl": "1s"}));
    let who = ("", &*expired);
    // However long that takes here.
    while bao.ask("GET", "secret/data/web", who, &Value::Null).0 == 200 {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    for (name, token) in [
        ("wrong", "hvs.nobodys"),
        ("revoked", &revoked),
        ("used up", &used_up),
        ("expired", &expired),
    ] {
        for version in ["", ", version: 1", ", version: 2"] {
            let store = store(&bao, &format!("token: {{ env: TOKEN }}{version}"));
            let said = told_of(&store, deployment("web", ""), token);
            assert!(said.message.contains(UNKNOWN), "{name}{version}: {said:?}");
            said.is_unreachable("permission denied", TOKEN);
        }
    }

    let policy =
        "give the token's policy `path \"secret/data/theirs\" { capabilities = [\"read\"] }`";
    let may_not_look = json!({"no_default_policy": true});
    for token in [
        narrow(json!({})),
        narrow(may_not_look),
        narrow(json!({"num_uses": 9})),
    ] {
        for version in ["", ", version: 2"] {
            let store = store(&bao, &format!("token: {{ env: TOKEN }}{version}"));
            let said = told_of(&store, deployment("theirs", ""), &token);
            said.is_unreachable("permission denied", policy);
            assert!(!said.message.contains(UNKNOWN), "{said:?}");
        }
    }
    // Who may see nothing of the mount does not hear whether there is one.
    let nothing = top.token(&json!({"policies": ["none"], "no_default_policy": true}));
    let said = told_of(&with_token(&bao), deployment("theirs", ""), &nothing);
    said.is_unreachable(
        "permission denied",
        &format!("correct `mount`, or {policy}"),
    );
    assert!(!said.message.contains(UNKNOWN), "{said:?}");
}

#[test]
#[ignore = "needs OpenBao"]
fn a_token_that_is_used_up_on_the_way_leaves_the_rest_unread() {
    let bao = Bao::start();
    let top = bao.within("");
    let paths: Vec<_> = (0..5).map(|path| format!("p{path}")).collect();
    for path in &paths {
        top.put(path, &key(CURRENT));
    }
    top.policy("reading", &["secret/data/*"]);
    let token = top.token(&json!({"policies": ["reading"], "num_uses": 3}));
    let deployments: Vec<_> = paths.iter().map(|path| deployment(path, "")).collect();
    // One after the other: asked at once with the last use of a token, the server fails with 500 at times.
    let arguments = ["audit", "-f", "json", "--retries", "0", "--per-host", "1"];
    let scene = scene(&with_token(&bao), &deployments);
    let hops = told(
        &scene
            .straggler(arguments)
            .env("TOKEN", &token)
            .run()
            .ends(3),
    );
    let (read, unread): (Vec<_>, Vec<_>) = hops.iter().partition(|hop| hop.verdict == "current");
    assert!(!read.is_empty() && !unread.is_empty(), "{hops:#?}");
    for hop in unread {
        hop.is_unreachable(UNKNOWN, TOKEN);
    }
}

#[test]
#[ignore = "needs OpenBao"]
fn without_a_token_that_is_what_is_said() {
    let bao = world();
    let scene = scene(
        "  {}",
        &[deployment("web", "").replace("store: prod, ", "")],
    );
    let ran = scene.straggler(["audit", "-f", "json"]);
    let ran = ran.env("VAULT_ADDR", bao.url()).run().ends(3);
    let said = told(&ran).pop().unwrap();
    said.is_unreachable(
        "no token was sent",
        "set VAULT_TOKEN to a token that is valid",
    );
    // A wrong one is named by where it is, though Vault's own variable is there too.
    let ran = scene.straggler(["audit", "-f", "json"]);
    let ran = ran
        .env("VAULT_ADDR", bao.url())
        .env("VAULT_TOKEN", bao.root());
    let said = told(&ran.env("BAO_TOKEN", "hvs.nobodys").run().ends(3))
        .pop()
        .unwrap();
    said.is_unreachable(
        UNKNOWN,
        "put a token that is valid into the variable BAO_TOKEN",
    );
}

#[test]
#[ignore = "needs OpenBao"]
fn a_token_of_one_namespace_is_no_stranger_in_another() {
    let bao = world();
    bao.within("").namespace("team");
    let inner = bao.within("team");
    inner.mount("secret", 2).put("web", &key(CURRENT));
    let token = inner
        .policy("inner", &["secret/data/web"])
        .token_of("inner");
    let of = |namespace: &str| format!(", namespace: '{namespace}'");
    let inside = scene(&with_token(&bao), &[deployment("web", &of("team"))]);
    audit(&inside, &token).run().ends(0);
    let said = told_of(&with_token(&bao), deployment("web", &of("")), &token);
    said.is_unreachable("permission denied", "path \"secret/data/web\"");
    assert!(!said.message.contains(UNKNOWN), "{said:?}");
}

#[test]
#[ignore = "needs OpenBao"]
fn a_namespace_that_is_locked_sealed_or_not_there_is_told_apart() {
    let bao = world();
    let top = bao.within("");
    for name in ["locked", "closed"] {
        top.namespace(name);
        bao.within(name).mount("secret", 2);
    }
    top.asks("PUT", "sys/namespaces/api-lock/lock/locked", &json!({}));
    top.asks("PUT", "sys/namespaces/closed/seal", &json!({}));
    for (namespace, cause, next) in [
        (
            "locked",
            "locked by an administrator",
            "unlock the namespace with `vault namespace unlock`",
        ),
        (
            "closed",
            "no handler for route",
            "a namespace that is sealed says the same",
        ),
        ("nowhere", "namespace not found", "correct `namespace`"),
    ] {
        let hop = deployment("web", &format!(", namespace: {namespace}"));
        let said = told_of(&with_token(&bao), hop, bao.root());
        said.is_unreachable(cause, next);
    }
}

#[test]
#[ignore = "needs OpenBao"]
fn a_sealed_server_is_unreachable_and_nothing_is_missing() {
    let bao = world();
    let deployments = [deployment("web", ""), deployment("nowhere", "")];
    let scene = scene(&with_token(&bao), &deployments);
    bao.seal();
    for hop in told(&audit(&scene, bao.root()).run().ends(3)) {
        hop.is_unreachable("Vault is sealed", "unseal it with `vault operator unseal`");
    }
}

#[test]
#[ignore = "needs OpenBao"]
fn an_address_that_ends_in_v1_is_named() {
    let bao = world();
    let narrow = bao.within("").token_of("narrow");
    bao.within("").login("approle", "approle");
    let url = format!("{}/v1", bao.url());
    for token in [bao.root(), &narrow] {
        for settings in ["token: { env: TOKEN }", "version: 2, token: { env: TOKEN }"] {
            let said = told_of(&store_at(&url, settings), deployment("web", ""), token);
            said.is_unreachable("answered 40", "leave the `/v1` at the end of `address` out");
        }
    }
    let login = "approle: { role_id: { env: TOKEN } }";
    let said = told_of(
        &store_at(&format!("{url}/"), login),
        deployment("web", ""),
        "an-id",
    );
    said.is_unreachable("answered 40", "leave the `/v1` at the end of `address` out");

    let scene = scene(
        "  {}",
        &[deployment("web", "").replace("store: prod, ", "")],
    );
    let ran = scene
        .straggler(["audit", "-f", "json"])
        .env("VAULT_ADDR", url);
    let said = told(&ran.env("VAULT_TOKEN", narrow).run().ends(3))
        .pop()
        .unwrap();
    said.is_unreachable(
        "answered 40",
        "leave the `/v1` at the end of VAULT_ADDR out",
    );
}

#[test]
#[ignore = "needs OpenBao"]
fn a_version_that_the_mount_is_not_is_named() {
    let bao = world();
    let top = bao.within("");
    top.mount("old", 1);
    top.asks("POST", "old/web", &key(CURRENT));
    top.policy("old", &["old/web"]);
    // Those who may read just this path, and those who may read everything.
    for (mount, policy, is) in [("secret", "narrow", 2), ("old", "old", 1)] {
        let not = 3 - is;
        for token in [&*top.token_of(policy), bao.root()] {
            for path in ["web", "nowhere"] {
                let settings = format!("token: {{ env: TOKEN }}, mount: {mount}, version: {not}");
                let said = told_of(&store(&bao, &settings), deployment(path, ""), token);
                said.is_unreachable(
                    &format!("the mount {mount} is version {is} of the key-value store"),
                    &format!("set the store's `version` to {is}, or leave it out"),
                );
            }
        }
    }
}

#[test]
#[ignore = "needs OpenBao"]
fn a_path_with_the_data_of_the_api_is_named() {
    let bao = world();
    let narrow = bao.within("").token_of("narrow");
    let said = told_of(&with_token(&bao), deployment("data/web", ""), &narrow);
    said.is_unreachable(
        "permission denied",
        "leave the `data/` of version 2's API out of `path`",
    );
    let scene = scene(&with_token(&bao), &[deployment("data/web", "")]);
    let hop = told(&audit(&scene, bao.root()).run().ends(1))
        .pop()
        .unwrap();
    assert_eq!(hop.verdict, "missing");
    assert!(
        hop.message.contains("without the `data/` of the API"),
        "{hop:?}"
    );
    assert!(
        hop.remedy.starts_with("leave the `data/` out of `path`"),
        "{hop:?}"
    );
}
