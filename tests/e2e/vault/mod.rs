//! Vault, through the whole program.

mod fake;
mod tls;

use serde_json::{Value, json};

use crate::support::{CURRENT, OLD, Ran, Scene, Straggler};
use fake::{ROOT, Vault};
use tls::Terminator;

/// A project whose current key lies in a file, so that hops prove something, and these stores.
fn scene(stores: &str, deployments: &str) -> Scene {
    Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    current: {{ file: {{ path: DIR/current }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
stores:
{stores}
deployments:
{deployments}
"
    ))
    .file("current", CURRENT)
    .file("old", OLD)
}

/// A store with the token that may read everything.
fn rooted(vault: &Vault) -> String {
    store(vault, "token: { env: TOKEN }")
}

fn store(vault: &Vault, settings: &str) -> String {
    format!(
        "  prod: {{ vault: {{ address: '{}', {settings} }} }}",
        vault.url()
    )
}

/// A deployment with one hop, at this path and with these settings beside.
fn deployment(path: &str, more: &str) -> String {
    format!(
        "  - {{ name: '{path}', project: checkout, \
         route: [ {{ vault: {{ store: prod, path: '{path}', field: api_key{more} }} }} ] }}"
    )
}

fn audit(scene: &Scene) -> Straggler {
    scene.straggler(["audit", "-f", "json"]).env("TOKEN", ROOT)
}

/// The readings' verdicts and what is said of the hop, by deployment.
fn hops(ran: &Ran) -> Vec<(String, String, String)> {
    let report = ran.json();
    let deployments = report["deployments"].as_array().unwrap().iter();
    deployments
        .map(|deployment| {
            let hop = &deployment["hops"][0];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let said = format!("{} {}", text(&hop["message"]), text(&hop["remedy"]));
            (text(&deployment["name"]), text(&hop["verdict"]), said)
        })
        .collect()
}

fn key(key: &str) -> Value {
    json!({"api_key": key, "owner": "payments"})
}

#[test]
fn ten_thousand_deployments_over_two_hundred_paths_make_two_hundred_reads() {
    let mut vault = Vault::new();
    for path in 0..200 {
        let held = if path == 123 { OLD } else { CURRENT };
        vault = vault.put(&format!("allstak/s{path}"), key(held));
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
    let ran = audit(&scene(&rooted(&vault), &deployments)).run().ends(1);
    let summary = &ran.json()["summary"];
    assert_eq!(summary["deployments"], 10_000);
    assert_eq!(summary["verdicts"]["current"], 9_950);
    assert_eq!(summary["verdicts"]["stale"], 50);
    assert_eq!(summary["coverage"]["hops"]["proven"], 10_000);

    let mut counted = vault.counted();
    assert_eq!(
        counted.remove("GET /v1/sys/internal/ui/mounts/secret"),
        Some(1)
    );
    assert_eq!(counted.len(), 200);
    for (request, times) in counted {
        assert!(
            request.starts_with("GET /v1/secret/data/allstak/s"),
            "{request}"
        );
        assert_eq!(times, 1, "{request}");
    }
}

#[test]
fn the_store_of_the_design_is_read_with_the_usual_variables_too() {
    let vault = Vault::new().put("allstak/checkout", key(CURRENT));
    let declared = format!(
        "  vault-prod: {{ vault: {{ address: '{}', mount: secret, token: {{ env: VAULT_TOKEN }} }} }}",
        vault.url()
    );
    let hop = "vault: { store: vault-prod, path: allstak/checkout, field: api_key }";
    let deployment = format!("  - {{ name: web, project: checkout, route: [ {{ {hop} }} ] }}");
    let ran = scene(&declared, &deployment)
        .straggler(["audit", "-f", "json"])
        .env("VAULT_TOKEN", ROOT)
        .run()
        .ends(0);
    let hop = &ran.json()["deployments"][0]["hops"][0];
    assert_eq!(hop["location"], "vault:vault-prod/allstak/checkout#api_key");
    assert_eq!(hop["evidence"], "value");

    let undeclared = deployment.replace("store: vault-prod, ", "");
    let scene = scene("  {}", &undeclared).file("home/.vault-token", format!("{ROOT}\n"));
    let stores = std::fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let scene = scene.file("targets.yaml", stores.replace("stores:\n  {}\n", ""));
    for (variables, code) in [
        (
            vec![
                ("VAULT_ADDR", vault.url()),
                ("VAULT_TOKEN", ROOT.to_owned()),
            ],
            0,
        ),
        (
            vec![("BAO_ADDR", vault.url()), ("BAO_TOKEN", ROOT.to_owned())],
            0,
        ),
        (
            vec![
                ("VAULT_ADDR", "http://127.0.0.1:1".to_owned()),
                ("BAO_ADDR", vault.url()),
                ("VAULT_TOKEN", "hvs.of-another-server".to_owned()),
                ("BAO_TOKEN", ROOT.to_owned()),
            ],
            0,
        ),
        (
            vec![
                ("VAULT_ADDR", vault.url()),
                ("HOME", scene.path("home").to_str().unwrap().to_owned()),
            ],
            0,
        ),
        (
            vec![
                ("BAO_ADDR", vault.url()),
                (
                    "BAO_TOKEN_PATH",
                    scene.path("home/.vault-token").to_str().unwrap().to_owned(),
                ),
            ],
            0,
        ),
        (vec![("VAULT_TOKEN", ROOT.to_owned())], 3),
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
fn what_is_denied_gone_or_elsewhere_is_told_apart() {
    let vault = Vault::new()
        .put("mine", key(CURRENT))
        .put("theirs", key(CURRENT))
        .put("deleted", key(CURRENT))
        .remove("deleted", false)
        .put("destroyed", key(CURRENT))
        .remove("destroyed", true)
        .put("pinned", key(OLD))
        .put("pinned", key(CURRENT))
        .put("number", json!({"api_key": 42}))
        .put("empty", json!({"other": "w"}))
        .mount("", "old", 1)
        .put_at("", "old", "one", key(CURRENT))
        .mount("team/a", "secret", 2)
        .put_at("team/a", "secret", "within", key(CURRENT))
        .token(
            "hvs.narrow",
            &[
                "secret/data/mine",
                "secret/data/deleted",
                "secret/data/destroyed",
                "secret/data/pinned",
                "secret/data/number",
                "secret/data/empty",
                "secret/data/nowhere",
                "old/*",
                "team/a/secret/data/*",
            ],
        );
    let deployments = [
        deployment("mine", ""),
        deployment("theirs", ""),
        deployment("deleted", ""),
        deployment("destroyed", ""),
        deployment("pinned", ""),
        deployment("pinned", ", version: 1").replace("name: 'pinned'", "name: first"),
        deployment("number", ""),
        deployment("empty", ""),
        deployment("nowhere", ""),
        deployment("one", ", mount: old"),
        deployment("none", ", mount: old"),
        deployment("within", ", namespace: team/a"),
        deployment("mine", ", mount: gone").replace("name: 'mine'", "name: unmounted"),
    ];
    let scene = scene(
        &store(&vault, "token: { env: TOKEN }"),
        &deployments.join("\n"),
    );
    let ran = audit(&scene).env("TOKEN", "hvs.narrow").run().ends(1);
    let hops = hops(&ran);
    let verdicts: Vec<_> = hops
        .iter()
        .map(|(name, verdict, _)| (&**name, &**verdict))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("mine", "current"),
            ("theirs", "unreachable"),
            ("deleted", "missing"),
            ("destroyed", "missing"),
            ("pinned", "current"),
            ("first", "stale"),
            ("number", "unreachable"),
            ("empty", "missing"),
            ("nowhere", "missing"),
            ("one", "current"),
            ("none", "missing"),
            ("within", "current"),
            ("unmounted", "unreachable"),
        ],
        "{ran}"
    );
    for (name, said) in [
        (
            "theirs",
            "path \"secret/data/theirs\" { capabilities = [\"read\"] }",
        ),
        ("deleted", "version 1 was deleted at 2026-11-22T09:00:01Z"),
        ("destroyed", "version 1 was destroyed"),
        ("number", "a number"),
        ("unmounted", "permission denied"),
    ] {
        let (.., told) = hops.iter().find(|(known, ..)| known == name).unwrap();
        assert!(told.contains(said), "{name}: {told}");
    }
}

#[test]
fn a_login_is_done_once_and_a_refused_one_too() {
    let role = json!({"role_id": "59d6d1ca", "secret_id": "84896a0c"});
    let policy = ["secret/data/*"];
    let mut vault = Vault::new().login(("", "approle"), role, &policy, 1).login(
        ("", "k8s/eu"),
        json!({"role": "straggler", "jwt": "eyJhbGciOi"}),
        &policy,
        1,
    );
    for path in 0..20 {
        vault = vault.put(&format!("p{path}"), key(CURRENT));
    }
    let deployments: Vec<_> = (0..20)
        .map(|path| deployment(&format!("p{path}"), ""))
        .collect();
    for (login, mount) in [
        (
            "approle: { role_id: { env: ROLE_ID }, secret_id: { file: secret-id } }",
            "approle",
        ),
        (
            "kubernetes: { role: straggler, jwt: { file: jwt }, mount: k8s/eu }",
            "k8s/eu",
        ),
    ] {
        let scene = scene(&store(&vault, login), &deployments.join("\n"))
            .file("secret-id", "84896a0c\n")
            .file("jwt", "eyJhbGciOi\n");
        let request = format!("POST /v1/auth/{mount}/login");
        audit(&scene).env("ROLE_ID", "59d6d1ca").run().ends(0);
        assert_eq!(vault.counted()[&request], 1);

        // The id is used up.
        let ran = audit(&scene).env("ROLE_ID", "59d6d1ca").run().ends(3);
        assert_eq!(vault.counted()[&request], 1, "{ran}");
        for (name, verdict, said) in hops(&ran) {
            assert_eq!(verdict, "unreachable", "{name}");
            let expected = match mount {
                "approle" => "invalid role or secret ID",
                _ => "bind this service account to the role straggler",
            };
            assert!(said.contains(expected), "{said}");
        }
        ran.prints("denied");
    }
}

#[test]
fn a_login_happens_in_the_namespace_of_the_store() {
    let role = json!({"role_id": "59d6d1ca"});
    let vault = Vault::new()
        .mount("team/a", "kv", 2)
        .put_at("team/a", "kv", "web", key(CURRENT))
        .login(("team/a", "approle"), role, &["team/a/kv/data/*"], 1);
    let settings = "namespace: team/a, mount: kv, approle: { role_id: { env: ROLE_ID } }";
    let scene = scene(&store(&vault, settings), &deployment("web", ""));
    audit(&scene).env("ROLE_ID", "59d6d1ca").run().ends(0);
    audit(&scene).env("ROLE_ID", "59d6d1ca").run().ends(3);
}

#[test]
fn a_token_that_nobody_knows_is_named_by_its_place() {
    let vault = Vault::new().put("web", key(CURRENT));
    let scene = scene(&rooted(&vault), &deployment("web", ""));
    let ran = audit(&scene).env("TOKEN", "hvs.expired").run().ends(3);
    let (_, verdict, said) = hops(&ran).pop().unwrap();
    assert_eq!(verdict, "unreachable");
    assert!(said.contains("invalid token"), "{said}");
    assert!(
        said.contains("put a token that is valid into the variable TOKEN"),
        "{said}"
    );
    assert!(
        !ran.stdout.contains("hvs.expired") && !ran.stderr.contains("hvs.expired"),
        "{ran}"
    );
}

#[test]
fn a_sealed_server_is_unreachable_and_nothing_is_missing() {
    let vault = Vault::new().put("web", key(CURRENT));
    let scene = scene(
        &rooted(&vault),
        &[deployment("web", ""), deployment("nowhere", "")].join("\n"),
    );
    vault.seal();
    let ran = audit(&scene).run().ends(3);
    for (_, verdict, said) in hops(&ran) {
        assert_eq!(verdict, "unreachable");
        assert!(said.contains("Vault is sealed"), "{said}");
        assert!(said.contains("vault operator unseal"), "{said}");
    }
}

#[test]
fn only_the_authority_that_is_named_is_trusted() {
    let vault = Vault::new().put("web", key(CURRENT));
    let plain = vault.url();
    let terminator = Terminator::before(plain.trim_start_matches("http://"));
    for (tls, variables, code) in [
        (", tls: { ca: ca.pem }", &[][..], 0),
        ("", &["VAULT_CACERT"][..], 0),
        ("", &["BAO_CACERT"], 0),
        ("", &[], 3),
        // As if it were trusted after all.
        ("", &["VAULT_SKIP_VERIFY"], 3),
    ] {
        let store = format!(
            "  prod: {{ vault: {{ address: '{}', token: {{ env: TOKEN }}{tls} }} }}",
            terminator.url()
        );
        let scene = scene(&store, &deployment("web", "")).file("ca.pem", &terminator.authority);
        let mut straggler = audit(&scene);
        for variable in variables {
            straggler = straggler.env(variable, scene.path("ca.pem"));
        }
        let ran = straggler.run();
        assert_eq!(ran.status.code(), Some(code), "{tls} {variables:?}: {ran}");
        if code == 3 {
            let error = hops(&ran).pop().unwrap().2;
            assert!(error.contains("no secure connection"), "{error}");
        }
    }
}
