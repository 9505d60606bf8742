//! Servers that repeat what they were sent: the credential of every platform, in what they say of a refusal.

use data_encoding::BASE64;
use serde_json::json;

use super::needles::Needles;
use crate::support::server::{Answer, Asked, Server};
use crate::support::{Ran, Scene};

/// What is sent to whom, by the variable that holds it.
const SENT: [(&str, &str); 13] = [
    ("T_HTTP", "hT5kQ9wE2rY7uI4oP8aS1dF6gH3j"),
    ("T_VAULT", "hvs.Bv7Nc2Xz9Lk4Jh6Gf1Ds8Qa3"),
    ("T_SECRET_ID", "0f3b9c6e-7a1d-4e52-8b90-c4d2e6f8a1b7"),
    ("T_CONSUL", "3d9e1f70-52ab-4c68-9e1d-0b7a4f6c2e85"),
    ("T_ETCD", "Et4Cd8Pw2Sx6Zv1Mn5Bk9Hj3Lg7"),
    ("T_DOPPLER", "dp.pt.Ui6Oy2Tr8Ew4Qa9Sd1Fg5Hj"),
    ("T_GITHUB", "ghp_Xc7Vb2Nm9Qw4Er6Ty1Ui8Op3As5Df"),
    ("T_VERCEL", "Vr3Cl8Tk5Ny1Mb7Gx4Wz9Pq2Ld6"),
    ("T_AZURE", "eyJ0eXAi.Az5Ur9eT2ok7En4Sx8Wc1.Rf6"),
    ("T_CLIENT_SECRET", "q8Q~Hn4Jm7Kb2Lv9Xc5Zs1Wd6Ef"),
    ("T_GOOGLE", "ya29.Go6Og3Le9Ac1Ce8Ss4To7Ke2"),
    ("T_SESSION", "IQoJb3JpZ2luX2VjE9Wk4Zt7Hp2Vd6Ms"),
    ("T_AWS", "wJalrXUtnFEMIK7MDENGbPxRfiCYzQ3"),
];

/// The refresh token and the client secret of a person, in a file, and the password of a proxy.
const REFRESH: &str = "1//0gRf7Tk2Nb9Hy4Ju6Mi1Lo8Pz3";
const CLIENT: &str = "GOCSPX-Sv5Dn8Kq2Wm7Xb4Jt9Lc";
const PROXY: &str = "Pr9Ox4Yp7Wd2Kf6Gh1Jz8Vn3";

/// How a server repeats what it got.
const WAYS: [&str; 5] = ["plain", "json", "base64", "spaced", "half"];

/// All that a request holds of a credential.
fn told(asked: &Asked) -> String {
    let names = [
        "x-key",
        "authorization",
        "proxy-authorization",
        "x-vault-token",
        "x-consul-token",
        "x-amz-security-token",
    ];
    let mut told: Vec<String> = names.map(|name| asked.header(name).to_owned()).into();
    told.retain(|text| !text.is_empty() && !text.starts_with("AWS4"));
    told.push(String::from_utf8_lossy(&asked.body).into_owned());
    told.join(" ").trim().to_owned()
}

fn answer(asked: &Asked) -> Answer {
    let path = asked.path.split("://").last().unwrap();
    let way = path.split('/').nth(1).unwrap_or_default();
    let told = told(asked);
    let last = told.split(' ').next_back().unwrap_or_default();
    let said = match way {
        "base64" => BASE64.encode(told.as_bytes()),
        "spaced" => {
            let bytes = last.bytes().map(|byte| format!("{byte:02x}"));
            bytes.collect::<Vec<_>>().join(" ")
        }
        "half" => told[..told.len() * 2 / 3].to_owned(),
        _ => told,
    };
    let said = format!("refused <{said}> for good");
    let body = match way {
        "json" => json!({
            "errors": [said], "error": {"code": "Forbidden", "message": said, "status": said}, "message": said,
            "Message": said, "messages": [said], "error_description": said, "kind": "Status", "reason": "Forbidden",
        })
        .to_string(),
        _ => said,
    };
    Answer::status(403, body)
}

fn stores(way: &str, url: &str) -> Vec<(String, String)> {
    let store = |platform: &str, settings: &str, hop: &str| {
        let name = format!("{platform}-{way}-{}", settings.len());
        let store = format!("{name}: {{ {platform}: {{ {settings} }} }}");
        (store, hop.replace("STORE", &name))
    };
    let at = format!("{url}/{way}");
    let vault = "{ vault: { store: STORE, path: x, field: key } }";
    let azure = "{ azure_key_vault: { store: STORE, secret: x } }";
    let google = "{ gcp_secret_manager: { store: STORE, secret: x } }";
    vec![
        store(
            "vault",
            &format!("address: '{at}', token: {{ env: T_VAULT }}"),
            vault,
        ),
        store(
            "vault",
            &format!(
                "address: '{at}', approle: {{ role_id: {{ env: NAME }}, secret_id: {{ env: T_SECRET_ID }} }}"
            ),
            vault,
        ),
        store(
            "consul",
            &format!("address: '{at}', token: {{ env: T_CONSUL }}"),
            "{ consul: { store: STORE, key: x } }",
        ),
        store(
            "etcd",
            &format!("address: '{at}', user: x, password: {{ env: T_ETCD }}"),
            "{ etcd: { store: STORE, key: x } }",
        ),
        store(
            "doppler",
            &format!("address: '{at}', token: {{ env: T_DOPPLER }}"),
            "{ doppler: { store: STORE, project: shop, config: prd } }",
        ),
        store(
            "github",
            &format!("address: '{at}', token: {{ env: T_GITHUB }}"),
            "{ github_actions: { store: STORE, repository: acme/shop } }",
        ),
        store(
            "vercel",
            &format!("address: '{at}', token: {{ env: T_VERCEL }}"),
            "{ vercel: { store: STORE, project: shop } }",
        ),
        store(
            "azure",
            &format!("vault: '{at}', token: {{ env: T_AZURE }}"),
            azure,
        ),
        store(
            "azure",
            &format!(
                "vault: '{at}', authority: '{at}', tenant: t, client_id: c, client_secret: {{ env: T_CLIENT_SECRET }}"
            ),
            azure,
        ),
        store(
            "gcp",
            &format!("project: p, endpoint: '{at}', token: {{ env: T_GOOGLE }}"),
            google,
        ),
        store(
            "gcp",
            &format!("project: p, endpoint: '{at}', credentials: DIR/{way}.json"),
            google,
        ),
        store(
            "aws",
            &format!(
                "region: eu-west-1, endpoint: '{at}', access_key_id: {{ env: NAME }}, secret_access_key: {{ env: T_AWS }}, session_token: {{ env: T_SESSION }}"
            ),
            "{ aws_secrets_manager: { store: STORE, secret: shop } }",
        ),
        store(
            "kubernetes",
            &format!("kubeconfig: DIR/{way}.kube"),
            "{ kubernetes_secret: { store: STORE, namespace: shop, name: allstak } }",
        ),
    ]
}

fn kubeconfig(way: &str, url: &str) -> String {
    let proxy = url.replace("http://", &format!("http://straggler:{PROXY}@"));
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": format!("http://kube.invalid/{way}"), "proxy-url": proxy}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {}}],
    })
    .to_string()
}

#[test]
fn no_platform_shows_a_credential_that_a_server_repeats() {
    let server = Server::new(answer);
    let url = server.url("");
    let (mut all_stores, mut hops) = (Vec::new(), Vec::new());
    let mut scene = Scene::new().file("key", "Kq3-vT9_mW2xZ7rB5yL8nQ4hJ6d");
    for way in WAYS {
        let user = json!({
            "type": "authorized_user", "client_id": "c", "client_secret": CLIENT, "refresh_token": REFRESH,
            "token_uri": format!("{url}/{way}/token"),
        });
        scene = scene
            .file(&format!("{way}.json"), user.to_string())
            .file(&format!("{way}.kube"), kubeconfig(way, &url));
        for (store, hop) in stores(way, &url) {
            all_stores.push(store);
            hops.push(hop);
        }
        let header = "headers: { Authorization: { scheme: Bearer, env: T_HTTP } }";
        hops.push(format!("{{ http: {{ url: '{url}/{way}/x', {header} }} }}"));
    }
    let deployments: Vec<String> = hops
        .iter()
        .enumerate()
        .map(|(index, hop)| format!("  - {{ name: d{index}, project: shop, route: [ {hop} ] }}"))
        .collect();
    let targets = format!(
        "version: 1
projects: {{ shop: {{ variable: KEY, current: {{ file: {{ path: DIR/key }} }} }} }}
stores:
  {}
deployments:
{}
",
        all_stores.join("\n  "),
        deployments.join("\n")
    );
    let folder = scene.folder().to_str().unwrap().to_owned();
    let scene = scene.file("targets.yaml", targets.replace("DIR", &folder));
    let run = |arguments: &[&str]| -> Ran {
        let mut straggler = scene.straggler(arguments).env("NAME", "AKIAEXAMPLE");
        for (name, secret) in SENT {
            straggler = straggler.env(name, secret);
        }
        straggler.run()
    };
    let secrets: Vec<&str> = SENT
        .iter()
        .map(|(_, secret)| *secret)
        .chain([REFRESH, CLIENT, PROXY])
        .collect();
    let needles = Needles::of(&secrets);
    let report = run(&[
        "audit",
        "-f",
        "json",
        "--retries",
        "0",
        "-vv",
        "--no-ledger",
    ]);
    needles.are_not_in(&report, "the report");
    let report = report.ends(3).json();
    for (index, hop) in hops.iter().enumerate() {
        let told = report["deployments"][index]["hops"][0]["readings"][0].to_string();
        // The key that requests to AWS are signed with is not sent, and what was sent may be left out at once.
        let hidden = ["[redacted]", "<*", "*>", " …", "* *", "=*"];
        // A tunnel that is refused says nothing of what its proxy said.
        let is_tunnelled = hop.contains("kubernetes_secret") && told.contains("tunnel");
        assert!(
            is_tunnelled || hidden.iter().any(|sign| told.contains(sign)),
            "{hop}: {told}"
        );
    }
    needles.are_not_in(
        &run(&["audit", "--retries", "0", "-vvv", "--no-ledger"]),
        "the table",
    );
}
