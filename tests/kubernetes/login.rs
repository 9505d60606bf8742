//! How straggler finds the cluster and says who it is.

use std::os::unix::process::CommandExt;
use std::process::Command;

use data_encoding::BASE64;
use serde_json::json;

use crate::fake::{Api, Fake};
use crate::objects::secret;
use crate::rbac::usual;
use crate::scene::Scene;
use crate::{CURRENT, OLD, TOKEN, USER};

const HOP: &str = "{ kubernetes_secret: { namespace: shop, name: allstak, key: api_key } }";

fn at(store: &str) -> String {
    HOP.replace("namespace", &format!("store: {store}, namespace"))
}

/// A cluster whose Secret holds this.
fn holding(key: &str) -> Fake {
    Api::default()
        .user(TOKEN, USER)
        .allow(usual("shop", "allstak"))
        .with(&secret("shop", "allstak", "api_key", key))
        .start()
}

fn cluster(fake: &Fake) -> serde_json::Value {
    let authority = BASE64.encode(fake.authority.certificate.as_bytes());
    json!({"server": fake.url(), "certificate-authority-data": authority})
}

#[test]
fn a_context_says_which_cluster_is_meant() {
    let (one, two) = (holding(CURRENT), holding(OLD));
    let mut scene = Scene::bare();
    let user = json!({"token": TOKEN});
    scene.kubeconfig_of("one", "eu", cluster(&one), user.clone());
    scene.kubeconfig_of("two", "us", cluster(&two), user);
    // What is named and not there is passed over; the first file's current context is taken.
    scene.set("KUBECONFIG", "none:one:two");
    let stores = "eu: { kubernetes: { context: eu } }, us: { kubernetes: { context: us } }, \
                  file: { kubernetes: { kubeconfig: two } }, gone: { kubernetes: { context: gone } }";
    let hops = [HOP.to_owned(), at("eu"), at("us"), at("file"), at("gone")];
    let ran = scene.audit(stores, &hops).ends(1);
    for (index, verdict) in ["current", "current", "stale", "stale"]
        .into_iter()
        .enumerate()
    {
        ran.says(index, verdict, "value", "");
    }
    ran.says(
        4,
        "unreachable",
        "none",
        "the kubeconfig has no context gone",
    );
    assert_eq!(
        ran.hop(2)["location"],
        "kubernetes:us/shop/secrets/allstak#api_key"
    );
}

#[test]
fn the_kubeconfig_of_the_home_folder_is_found() {
    let fake = holding(CURRENT);
    let scene = Scene::bare();
    std::fs::create_dir(scene.path(".kube")).unwrap();
    scene.kubeconfig(".kube/config", &fake, json!({"token": TOKEN}));
    scene.audit("", &[HOP]).ends(0);
}

#[test]
fn without_a_kubeconfig_only_the_hops_that_need_it_are_lost() {
    let fake = holding(CURRENT);
    let scene = Scene::bare();
    scene.kubeconfig("named", &fake, json!({"token": TOKEN}));
    scene.write(
        "broken",
        "users: [ { name: x, user: { token: made-up-token-of-straggler",
    );
    let stores = "named: { kubernetes: { kubeconfig: named } }, broken: { kubernetes: { kubeconfig: broken } }, \
                  pod: { kubernetes: { in_cluster: true } }";
    let ran = scene
        .audit(
            stores,
            &[HOP.to_owned(), at("named"), at("broken"), at("pod")],
        )
        .ends(3);
    ran.says(0, "unreachable", "none", "there is no kubeconfig")
        .says(1, "current", "value", "")
        .says(2, "unreachable", "none", "cannot be understood")
        .says(
            3,
            "unreachable",
            "none",
            "this is no pod with a service account",
        );
}

#[test]
fn tokens_files_with_tokens_and_certificates_are_taken() {
    let fake = holding(CURRENT);
    let (certificate, key) = fake.authority.sign(USER);
    let scene = Scene::bare();
    scene.write("token", TOKEN);
    scene.write("user.crt", &certificate);
    scene.write("user.key", &key);
    let [certificate, key] = [certificate, key].map(|pem| BASE64.encode(pem.as_bytes()));
    for user in [
        json!({"token": TOKEN}),
        json!({"tokenFile": scene.path("token")}),
        json!({"client-certificate-data": certificate, "client-key-data": key}),
        json!({"client-certificate": "user.crt", "client-key": "user.key"}),
    ] {
        scene.kubeconfig("kubeconfig", &fake, user);
        let stores = "own: { kubernetes: { kubeconfig: kubeconfig } }";
        scene.audit(stores, &[at("own")]).ends(0);
    }
}

#[test]
fn a_token_file_is_trimmed_and_counts_more_than_a_token_as_with_kubectl() {
    let fake = holding(CURRENT);
    let scene = Scene::bare();
    scene.write("padded", &format!("  {TOKEN} \r\n"));
    scene.write("another", "another\n");
    scene.write("empty", "\n");
    let stores = "own: { kubernetes: { kubeconfig: kubeconfig } }";
    for (user, code) in [
        (json!({"tokenFile": "padded"}), 0),
        (json!({"tokenFile": "padded", "token": "another"}), 0),
        (json!({"tokenFile": "padded", "token": "two\nlines"}), 0),
        (json!({"tokenFile": "another", "token": TOKEN}), 3),
        (json!({"tokenFile": "none", "token": TOKEN}), 0),
        (json!({"tokenFile": "empty", "token": TOKEN}), 0),
        (json!({"tokenFile": "", "token": TOKEN}), 0),
        (json!({"tokenFile": "empty"}), 3),
    ] {
        scene.kubeconfig("kubeconfig", &fake, user.clone());
        let ran = scene.audit(stores, &[at("own")]);
        assert_eq!(ran.code, Some(code), "{user}: {}", ran.printed);
    }
}

#[test]
fn who_is_not_known_or_not_let_in_is_told_what_to_do() {
    let fake = holding(CURRENT);
    let (stranger, _) = holding(CURRENT).authority.sign(USER);
    let scene = Scene::bare();
    let stores = "own: { kubernetes: { kubeconfig: kubeconfig } }";
    for (user, said) in [
        (json!({"token": "another"}), "log in again"),
        (json!({}), "log in again"),
        (json!({"tokenFile": "none"}), "the token at "),
        (json!({"tokenFile": "/dev/null"}), "the token"),
        (
            json!({"client-certificate-data": "AAAA", "client-key-data": "AAAA"}),
            "certificate",
        ),
        (
            json!({"client-certificate-data": BASE64.encode(stranger.as_bytes())}),
            "certificate",
        ),
        (json!({"token": "two\nlines"}), "a line break perhaps"),
    ] {
        scene.kubeconfig("kubeconfig", &fake, user.clone());
        let ran = scene.audit(stores, &[at("own")]).ends(3);
        assert!(ran.printed.contains(said), "{user}: {}", ran.printed);
    }
}

#[test]
fn whom_nobody_vouches_for_is_not_asked() {
    let (fake, other) = (holding(CURRENT), holding(CURRENT));
    let scene = Scene::bare();
    let stores = "own: { kubernetes: { kubeconfig: kubeconfig } }";
    let user = json!({"token": TOKEN});
    let mut strange = cluster(&fake);
    strange["certificate-authority-data"] = cluster(&other)["certificate-authority-data"].clone();
    let unverified = json!({"server": fake.url(), "insecure-skip-tls-verify": true});
    for (cluster, said) in [
        (strange, "no secure connection"),
        (unverified, "says not to verify"),
    ] {
        scene.kubeconfig_of("kubeconfig", "prod", cluster, user.clone());
        scene
            .audit(stores, &[at("own")])
            .ends(3)
            .says(0, "unreachable", "none", said);
    }
    assert_eq!(fake.asked().len(), 0);
    let nobody = json!({"server": "https://127.0.0.1:1", "certificate-authority-data": cluster(&fake)["certificate-authority-data"]});
    scene.kubeconfig_of("kubeconfig", "prod", nobody, user);
    scene.audit(stores, &[at("own")]).ends(3).says(
        0,
        "unreachable",
        "none",
        "no connection to https://127.0.0.1:1",
    );
}

#[test]
fn a_proxy_of_the_environment_is_not_for_servers_that_no_proxy_names() {
    let fake = holding(CURRENT);
    let mut scene = Scene::of(&fake);
    scene.set("HTTPS_PROXY", "http://localhost:1");
    let ran = scene.audit("", &[HOP]).ends(3);
    ran.says(
        0,
        "unreachable",
        "none",
        "no connection to https://127.0.0.1",
    );
    scene.set("NO_PROXY", "127.0.0.1");
    scene.audit("", &[HOP]).ends(0);
}

/// A plugin that notes each of its runs.
fn plugin(scene: &Scene, status: &str) -> serde_json::Value {
    let credential = format!(
        r#"{{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{status}}}"#
    );
    scene.write("credential", &credential);
    let folder = scene.path("");
    let folder = folder.display();
    scene.program(
        "plugin",
        &format!("#!/bin/sh\necho \"$1 $WHERE\" >> {folder}/runs\ncat {folder}/credential\n"),
    );
    json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": scene.path("plugin"), "args": ["get-token"],
        "env": [{"name": "WHERE", "value": "eu"}], "interactiveMode": "IfAvailable",
    }})
}

#[test]
fn a_plugin_logs_in_once_for_all_hops() {
    let fake = holding(CURRENT);
    let scene = Scene::bare();
    let stores = "own: { kubernetes: { kubeconfig: kubeconfig } }";
    let (certificate, key) = fake.authority.sign(USER);
    let certified = json!({"clientCertificateData": certificate, "clientKeyData": key}).to_string();
    let pods =
        "{ kubernetes_pods: { store: own, namespace: shop, selector: app=none } }".to_owned();
    for (status, runs) in [
        (format!(r#"{{"token":"{TOKEN}"}}"#), Some(1)),
        (
            format!(r#"{{"token":"{TOKEN}","expirationTimestamp":"2999-01-01T00:00:00Z"}}"#),
            Some(1),
        ),
        // kube looks for a certificate once for each thing that it is needed for.
        (certified, None),
    ] {
        let user = plugin(&scene, &status);
        scene.kubeconfig("kubeconfig", &fake, user);
        scene.write("runs", "");
        let ran = scene.audit(stores, &[at("own"), pods.clone()]).ends(3);
        ran.says(0, "current", "value", "");
        let seen = std::fs::read_to_string(scene.path("runs")).unwrap();
        assert!(seen.lines().all(|line| line == "get-token eu"), "{seen}");
        if let Some(runs) = runs {
            assert_eq!(seen.lines().count(), runs, "{status}");
        }
    }
}

#[test]
fn what_a_plugin_complains_of_is_told_and_what_it_prints_is_not() {
    let fake = holding(CURRENT);
    let scene = Scene::bare();
    let stores = "own: { kubernetes: { kubeconfig: kubeconfig } }";
    let user = plugin(&scene, "{}");
    scene.program(
        "plugin",
        &format!("#!/bin/sh\necho {TOKEN}\necho 'session expired: run login' >&2\nexit 3\n"),
    );
    scene.kubeconfig("kubeconfig", &fake, user.clone());
    scene.audit(stores, &[at("own")]).ends(3).says(
        0,
        "unreachable",
        "none",
        "session expired: run login",
    );
    scene.program("plugin", &format!("#!/bin/sh\necho '{{ {TOKEN}'\n"));
    scene.audit(stores, &[at("own")]).ends(3).says(
        0,
        "unreachable",
        "none",
        "printed no ExecCredential",
    );
    let mut gone = user;
    gone["exec"]["command"] = "straggler-no-such-plugin".into();
    scene.kubeconfig("kubeconfig", &fake, gone);
    scene.audit(stores, &[at("own")]).ends(3).says(
        0,
        "unreachable",
        "none",
        "the plugin could not be started",
    );
    assert_eq!(fake.asked().len(), 0);
}

#[test]
fn a_plugin_that_does_not_end_runs_once_is_named_and_is_ended() {
    let fake = holding(CURRENT);
    let scene = Scene::bare();
    let stores = "own: { kubernetes: { kubeconfig: kubeconfig } }";
    let user = plugin(&scene, "{}");
    let folder = scene.path("");
    scene.program(
        "plugin",
        &format!(
            "#!/bin/sh\necho ran >> {0}/runs\nsetsid sh -c 'echo $$ >> {0}/pids; sleep 1000; true' &\nwait\n",
            folder.display()
        ),
    );
    scene.kubeconfig("kubeconfig", &fake, user);
    let hops: Vec<String> = (0..20)
        .map(|index| {
            format!("{{ kubernetes_secret: {{ store: own, namespace: shop-{index}, name: allstak, key: api_key }} }}")
        })
        .collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_straggler"));
    command.args(["audit", "-f", "json", "--timeout", "5s"]);
    scene.targets(stores, &hops);
    let ran = scene.run(command).ends(3);
    for index in 0..hops.len() {
        ran.says(
            index,
            "unreachable",
            "none",
            "plugin` gave no credential within",
        );
    }
    let runs = std::fs::read_to_string(scene.path("runs")).unwrap();
    assert_eq!(runs.lines().count(), 1);
    for pid in std::fs::read_to_string(scene.path("pids")).unwrap().lines() {
        // It was told to die before straggler ended.
        let stat = format!("/proc/{pid}/stat");
        while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
    assert_eq!(fake.asked().len(), 0);
}

/// In a place of its own where a service account is mounted, as in a pod.
#[test]
#[ignore = "needs root"]
fn in_a_pod_the_service_account_is_enough() {
    let fake = holding(CURRENT);
    let mut scene = Scene::bare();
    scene.write("ca.crt", &fake.authority.certificate);
    scene.write("token", TOKEN);
    scene.write("namespace", "straggler");
    scene.set("KUBERNETES_SERVICE_HOST", "127.0.0.1");
    scene.set("KUBERNETES_SERVICE_PORT", &fake.port().to_string());
    scene.audit("", &[HOP]).ends(3);
    const ACCOUNT: &str = "/run/secrets/kubernetes.io/serviceaccount";
    let script = format!(
        "mount -t tmpfs tmpfs /run && mkdir -p {ACCOUNT} && cp ca.crt token namespace {ACCOUNT}/ && exec \"$0\" audit -f json"
    );
    let mut command = Command::new("unshare");
    command
        .args([
            "--mount",
            "sh",
            "-c",
            &script,
            env!("CARGO_BIN_EXE_straggler"),
        ])
        .arg0("unshare");
    scene.run(command).ends(0).says(0, "current", "value", "");
}
