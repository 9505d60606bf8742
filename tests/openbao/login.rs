//! AppRoles and Kubernetes service accounts, whose tokens are straggler's own.

use std::sync::atomic::{AtomicUsize, Ordering};

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::door::door;
use crate::fake::{Api, Fake};
use crate::rbac::{Rule, Written};
use crate::scene::{audit, deployment, key, scene, store, store_at, told, told_of};
use crate::server::{Asker, Bao};
use crate::support::{CURRENT, Scene};

const APPROLE: &str = "approle: { role_id: { env: ROLE_ID }, secret_id: { env: SECRET_ID } }";
const SERVICE_ACCOUNT: &str = "kubernetes: { role: straggler, jwt: { file: jwt }, mount: k8s/eu }";

/// What OpenBao asks the cluster with.
const REVIEWER: &str = "made-up-token-of-openbao";

/// Holds the current key at `p0` and so on, and has an AppRole with these settings that may read them.
fn world(paths: usize, settings: &Value) -> (Bao, [String; 2]) {
    let bao = Bao::start();
    let top = bao.within("");
    for path in 0..paths {
        top.put(&format!("p{path}"), &key(CURRENT));
    }
    top.policy("reading", &["secret/data/*"]);
    let ids = top.login("approle", "approle").approle("approle", settings);
    (bao, ids)
}

fn deployments(count: usize) -> Vec<String> {
    (0..count)
        .map(|path| deployment(&format!("p{path}"), ""))
        .collect()
}

/// Mounts the login of a cluster at `k8s/eu`.
fn of_cluster(top: &Asker<'_>, fake: &Fake) {
    top.login("k8s/eu", "kubernetes");
    let config = json!({
        "kubernetes_host": fake.url(), "kubernetes_ca_cert": fake.authority.certificate,
        "token_reviewer_jwt": REVIEWER, "disable_local_ca_jwt": true,
    });
    top.asks("POST", "auth/k8s/eu/config", &config);
    let role = json!({
        "bound_service_account_names": "straggler", "bound_service_account_namespaces": "audits",
        "token_policies": "reading", "audience": "openbao",
    });
    top.asks("POST", "auth/k8s/eu/role/straggler", &role);
}

/// A cluster that knows these service accounts of the namespace `audits`, by their tokens.
fn cluster(accounts: &[&str]) -> Fake {
    let reviews = Rule {
        user: crate::USER.to_owned(),
        namespace: String::new(),
        rule: Written {
            api_groups: vec!["authentication.k8s.io".to_owned()],
            resources: vec!["tokenreviews".to_owned()],
            verbs: vec!["create".to_owned()],
            resource_names: Vec::new(),
        },
    };
    let api = Api::default().user(REVIEWER, crate::USER).allow([reviews]);
    let know = |api: Api, account: &&str| {
        api.user(
            &jwt(account),
            &format!("system:serviceaccount:audits:{account}"),
        )
    };
    accounts.iter().fold(api, know).start()
}

/// A token of a service account, as far as OpenBao reads it itself: whose it is the cluster says.
fn jwt(account: &str) -> String {
    let subject = format!("system:serviceaccount:audits:{account}");
    let claims = json!({
        "iss": "https://kubernetes.default.svc", "sub": subject, "aud": ["openbao"], "iat": 1_577_836_800,
        "nbf": 1_577_836_800, "exp": 4_102_444_800_u64,
        "kubernetes.io": {
            "namespace": "audits", "serviceaccount": {"name": account, "uid": crate::fake::uid(&subject)},
        },
    });
    [
        json!({"alg": "RS256", "kid": "one"}).to_string(),
        claims.to_string(),
        "unsigned".to_owned(),
    ]
    .map(|part| BASE64URL_NOPAD.encode(part.as_bytes()))
    .join(".")
}

#[test]
#[ignore = "needs OpenBao"]
fn an_approle_logs_in_once_and_is_refused_once() {
    let settings = json!({"token_policies": "reading", "secret_id_num_uses": 1});
    let (bao, [role_id, secret_id]) = world(20, &settings);
    let scene = scene(&store(&bao, APPROLE), &deployments(20));
    let audit = || {
        let audit = audit(&scene, "").env("ROLE_ID", &role_id);
        audit.env("SECRET_ID", &secret_id).run()
    };
    bao.counted();
    audit().ends(0);
    assert_eq!(bao.counted()["update auth/approle/login"], 1);

    // The id is used up.
    let ran = audit().ends(3);
    assert_eq!(bao.counted()["update auth/approle/login"], 1, "{ran}");
    for hop in told(&ran) {
        hop.is_unreachable(
            "invalid role or secret ID",
            "correct `role_id` and `secret_id`",
        );
    }
    ran.prints("denied");
}

#[test]
#[ignore = "needs OpenBao"]
fn a_service_account_logs_in_once_and_is_refused_once() {
    let (bao, _) = world(20, &json!({}));
    let fake = cluster(&["straggler", "web"]);
    of_cluster(&bao.within(""), &fake);
    let scene = |account: &str| {
        scene(&store(&bao, SERVICE_ACCOUNT), &deployments(20))
            .file("jwt", format!("{}\n", jwt(account)))
    };
    bao.counted();
    audit(&scene("straggler"), "").run().ends(0);
    assert_eq!(bao.counted()["update auth/k8s/eu/login"], 1);
    assert_eq!(fake.asked(), [crate::fake::REVIEWS]);

    // One that the role is not for, and one that another cluster knows.
    let other = cluster(&["straggler"]);
    let host = json!({"kubernetes_host": other.url(), "kubernetes_ca_cert": other.authority.certificate,
        "token_reviewer_jwt": "of-somebody-else", "disable_local_ca_jwt": true});
    for (account, cause) in [
        ("web", "not authorized"),
        ("straggler", "permission denied"),
    ] {
        let ran = audit(&scene(account), "").run().ends(3);
        // The second request asks, without anybody's token, whether there is a login.
        assert_eq!(bao.counted()["update auth/k8s/eu/login"], 2, "{account}");
        for hop in told(&ran) {
            hop.is_unreachable(cause, "bind this service account to the role straggler");
        }
        bao.within("").asks("POST", "auth/k8s/eu/config", &host);
        bao.counted();
    }
    assert_eq!(other.asked(), [crate::fake::REVIEWS]);
}

#[test]
#[ignore = "needs OpenBao"]
fn a_login_happens_in_the_namespace_of_the_store() {
    let bao = Bao::start();
    bao.within("").namespace("team");
    bao.within("team").namespace("a");
    let inner = bao.within("team/a");
    inner.mount("kv", 2);
    inner.asks("POST", "kv/data/web", &json!({"data": key(CURRENT)}));
    inner
        .policy("reading", &["kv/data/web"])
        .login("approle", "approle");
    let role_id = inner.role(
        "approle",
        &json!({"token_policies": "reading", "bind_secret_id": false, "token_bound_cidrs": "127.0.0.1/32"}),
    );
    let approle = "mount: kv, approle: { role_id: { env: ROLE_ID } }";
    let scene_in = |namespace: &str| {
        let settings = format!("namespace: '{namespace}', {approle}");
        scene(&store(&bao, &settings), &[deployment("web", "")])
    };
    let audit = |scene: &Scene| audit(scene, "").env("ROLE_ID", &role_id).run();
    audit(&scene_in("team/a")).ends(0);
    let elsewhere = told(&audit(&scene_in("")).ends(3)).pop().unwrap();
    elsewhere.is_unreachable(
        "no login of this kind is mounted at approle",
        "the store's `namespace`",
    );
    let nowhere = told(&audit(&scene_in("team/b")).ends(3)).pop().unwrap();
    nowhere.is_unreachable("namespace not found", "correct `namespace`");
}

#[test]
#[ignore = "needs OpenBao"]
fn a_token_of_few_uses_is_replaced_when_they_are_used_up() {
    for (uses, logins) in [(1, 6), (2, 3), (4, 2), (6, 1), (0, 1)] {
        let settings = json!({"token_policies": "reading", "token_num_uses": uses});
        let (bao, [role_id, secret_id]) = world(5, &settings);
        let scene = scene(&store(&bao, APPROLE), &deployments(5));
        bao.counted();
        let audit = audit(&scene, "").env("ROLE_ID", &role_id);
        audit.env("SECRET_ID", &secret_id).run().ends(0);
        let counted = bao.counted();
        // One of the six requests asks what the mount is.
        assert_eq!(
            counted["update auth/approle/login"], logins,
            "{uses}: {counted:?}"
        );
        assert_eq!(counted.len(), 7, "{counted:?}");
    }

    let (bao, _) = world(5, &json!({}));
    let fake = cluster(&["straggler"]);
    of_cluster(&bao.within(""), &fake);
    let few = json!({"token_num_uses": 2});
    bao.within("")
        .asks("POST", "auth/k8s/eu/role/straggler", &few);
    let scene = scene(&store(&bao, SERVICE_ACCOUNT), &deployments(5)).file("jwt", jwt("straggler"));
    bao.counted();
    audit(&scene, "").run().ends(0);
    assert_eq!(bao.counted()["update auth/k8s/eu/login"], 3);
}

#[test]
#[ignore = "needs OpenBao"]
fn where_the_secret_id_gives_no_second_token_that_is_said() {
    let settings =
        json!({"token_policies": "reading", "token_num_uses": 3, "secret_id_num_uses": 1});
    let (bao, [role_id, secret_id]) = world(5, &settings);
    let scene = scene(&store(&bao, APPROLE), &deployments(5));
    let audit = audit(&scene, "").env("ROLE_ID", &role_id);
    let hops = told(&audit.env("SECRET_ID", &secret_id).run().ends(3));
    let (read, unread): (Vec<_>, Vec<_>) = hops.iter().partition(|hop| hop.verdict == "current");
    assert_eq!((read.len(), unread.len()), (2, 3), "{hops:#?}");
    for hop in unread {
        hop.is_unreachable(
            "it gave a token before",
            "or its secret id be used more often",
        );
    }
}

#[test]
#[ignore = "needs OpenBao"]
fn a_token_that_is_revoked_on_the_way_is_replaced() {
    for login in ["approle", "k8s/eu"] {
        let (bao, [role_id, secret_id]) = world(5, &json!({"token_policies": "reading"}));
        let fake = cluster(&["straggler"]);
        of_cluster(&bao.within(""), &fake);
        let (address, root) = (bao.address(), bao.root().to_owned());
        let reads = AtomicUsize::new(0);
        let url = door(address, move |request| {
            // Before the third path is read, whoever logged in is out.
            if request.contains("/v1/secret/data/") && reads.fetch_add(1, Ordering::SeqCst) == 2 {
                crate::server::ask(
                    address,
                    ("PUT", &format!("sys/leases/revoke-prefix/auth/{login}")),
                    ("", &root),
                    &json!({"sync": true}),
                );
            }
        });
        let settings = if login == "approle" {
            APPROLE
        } else {
            SERVICE_ACCOUNT
        };
        let scene = scene(&store_at(&url, settings), &deployments(5)).file("jwt", jwt("straggler"));
        bao.counted();
        let audit = scene.straggler(["audit"]).env("ROLE_ID", &role_id);
        audit.env("SECRET_ID", &secret_id).run().ends(0);
        let counted = bao.counted();
        assert_eq!(
            counted[&format!("update auth/{login}/login")],
            2,
            "{counted:?}"
        );
    }
}

#[test]
#[ignore = "needs OpenBao"]
fn a_wrong_mount_or_role_of_a_login_is_told_from_wrong_ids() {
    let (bao, [role_id, secret_id]) = world(1, &json!({"token_policies": "reading"}));
    let top = bao.within("");
    top.login("people", "userpass");
    of_cluster(&top, &cluster(&["straggler"]));
    let said = |settings: &str| {
        let scene = scene(&store(&bao, settings), &deployments(1)).file("jwt", jwt("straggler"));
        let audit = audit(&scene, "").env("ROLE_ID", &role_id);
        told(&audit.env("SECRET_ID", &secret_id).run().ends(3))
            .pop()
            .unwrap()
    };
    for mount in ["approles", "people", "k8s/eu/no", "token"] {
        for settings in [
            format!(
                "approle: {{ role_id: {{ env: ROLE_ID }}, secret_id: {{ env: SECRET_ID }}, mount: {mount} }}"
            ),
            format!("kubernetes: {{ role: straggler, jwt: {{ file: jwt }}, mount: {mount} }}"),
        ] {
            said(&settings).is_unreachable(
                &format!("no login of this kind is mounted at {mount}"),
                "correct the `mount` of the login",
            );
        }
    }
    // The usual mount, where there is none.
    said("kubernetes: { role: straggler, jwt: { file: jwt } }")
        .is_unreachable("mounted at kubernetes", "correct the `mount` of the login");
    said("kubernetes: { role: other, jwt: { file: jwt }, mount: k8s/eu }")
        .is_unreachable("invalid role name", "correct `role`, or create it");
    said("approle: { role_id: { env: ROLE_ID }, secret_id: { env: ROLE_ID } }").is_unreachable(
        "invalid role or secret ID",
        "correct `role_id` and `secret_id`",
    );
    said("approle: { role_id: { env: ROLE_ID } }")
        .is_unreachable("missing secret_id", "correct `role_id` and `secret_id`");
}

#[test]
#[ignore = "needs OpenBao"]
fn a_sealed_server_or_a_locked_namespace_met_at_login_says_so() {
    let bao = Bao::start();
    bao.within("").namespace("team");
    bao.within("team").login("approle", "approle");
    let lock = bao
        .within("")
        .asks("PUT", "sys/namespaces/api-lock/lock/team", &json!({}));
    assert!(lock["data"]["unlock_key"].is_string(), "{lock}");
    let login = |namespace: &str| {
        let settings =
            format!("namespace: '{namespace}', approle: {{ role_id: {{ env: TOKEN }} }}");
        told_of(&store(&bao, &settings), deployment("web", ""), "a-role-id")
    };
    login("team").is_unreachable("locked by an administrator", "`vault namespace unlock`");
    bao.seal();
    login("").is_unreachable("Vault is sealed", "`vault operator unseal`");
}
