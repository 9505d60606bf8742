//! The recipes of docs/recipes.md for programs that print a secret, with these programs.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "all of this is a test, also what stands outside of its functions"
)]

mod scene;

use serde_json::Value;

use scene::Scene;

const CURRENT: &str = "ask_live_Zx81QmTn04LrVbWc6YhKsUe2DpJgAoFi";
const OTHER: &str = "ask_live_n3WqLt57RkXe0HvBsYzCmJ2uAdGfPo9I";

#[test]
#[ignore = "needs pass and gpg"]
fn pass() {
    let mut scene = Scene::of("A key in pass");
    let home = scene.folder("gnupg");
    scene.set("GNUPGHOME", home.to_str().unwrap());
    let store = scene.folder("store");
    scene.set("PASSWORD_STORE_DIR", store.to_str().unwrap());
    for (user, passphrase) in [("open@example.com", ""), ("locked@example.com", "secret")] {
        let options = ["--batch", "--pinentry-mode=loopback", "--passphrase"];
        let key = ["--quick-generate-key", user, "future-default"];
        let rest = [passphrase, key[0], key[1], key[2], "default", "never"];
        scene.run("gpg", &[&options[..], &rest].concat(), "");
    }

    scene.run("pass", &["init", "open@example.com"], "");
    let entry = "allstak/checkout";
    assert_eq!(read(&scene), "unreachable", "there is no such entry yet");
    for (key, verdict) in [(CURRENT, "current"), (OTHER, "unknown")] {
        for notes in ["", "\n", "\nuser: checkout\n"] {
            let text = format!("{key}{notes}");
            scene.run("pass", &["insert", "--multiline", "--force", entry], &text);
            assert_eq!(read(&scene), verdict, "{notes:?}");
        }
    }

    // The agent would have to ask for the passphrase, for it has forgotten it.
    scene.run("pass", &["init", "locked@example.com"], "");
    scene.run(
        "pass",
        &["insert", "--multiline", "--force", entry],
        CURRENT,
    );
    scene.run("gpgconf", &["--kill", "gpg-agent"], "");
    assert_eq!(read(&scene), "unreachable");
    let report = scene.audit(&[CURRENT]).to_string();
    assert!(report.contains("gpg: decryption failed"), "{report}");
    let unlock = "--pinentry-mode=loopback --passphrase=secret";
    scene.set("PASSWORD_STORE_GPG_OPTS", unlock);
    assert_eq!(scene.run("pass", &["show", entry], ""), CURRENT);
    assert_eq!(read(&scene), "current", "the agent has it now");
    scene.run("gpgconf", &["--kill", "all"], "");
}

#[test]
#[ignore = "needs age"]
fn age() {
    let scene = Scene::of("A key that age encrypts");
    assert_eq!(read(&scene), "unreachable", "there is no such file yet");
    let recipient = identity(&scene, "age.txt");
    identity(&scene, "another.txt");
    for (text, verdict) in [
        (CURRENT.to_owned(), "current"),
        (OTHER.to_owned(), "unknown"),
        (format!("{CURRENT}\n"), "malformed"),
    ] {
        let options = ["--encrypt", "--recipient", &recipient, "--output"];
        scene.run(
            "age",
            &[&options[..], &["checkout.key.age"]].concat(),
            &text,
        );
        assert_eq!(read(&scene), verdict);
    }
    scene.rename("another.txt", "age.txt");
    assert_eq!(read(&scene), "unreachable");
}

#[test]
#[ignore = "needs age and SOPS"]
fn sops() {
    let mut scene = Scene::of("A key that SOPS encrypts");
    let recipient = identity(&scene, "age.txt");
    identity(&scene, "another.txt");
    scene.set("SOPS_AGE_KEY_FILE", "age.txt");
    for (member, key, verdict) in [
        ("api_key", OTHER, "unknown"),
        ("another", CURRENT, "unreachable"),
        ("api_key", CURRENT, "current"),
    ] {
        scene.write("secrets.yaml", &format!("allstak:\n  {member}: {key}\n"));
        let encrypted = scene.run(
            "sops",
            &["encrypt", "--age", &recipient, "secrets.yaml"],
            "",
        );
        assert!(!encrypted.contains(key));
        scene.write("secrets.enc.yaml", &encrypted);
        assert_eq!(read(&scene), verdict, "{member}");
    }
    scene.set("SOPS_AGE_KEY_FILE", "another.txt");
    assert_eq!(read(&scene), "unreachable");
}

#[test]
#[ignore = "needs age and SOPS"]
fn sops_as_the_reference() {
    let mut scene = Scene::of("A key that SOPS encrypts");
    let recipient = identity(&scene, "age.txt");
    identity(&scene, "another.txt");
    scene.write("secrets.yaml", &format!("allstak:\n  api_key: {CURRENT}\n"));
    let encrypted = scene.run(
        "sops",
        &["encrypt", "--age", &recipient, "secrets.yaml"],
        "",
    );
    scene.write("secrets.enc.yaml", &encrypted);
    scene.move_first_hop_to_current();

    scene.set("SOPS_AGE_KEY_FILE", "age.txt");
    assert_eq!(read(&scene), "current");
    scene.write("web.env", &format!("ALLSTAK_API_KEY={OTHER}\n"));
    assert_eq!(read(&scene), "unknown");
    scene.set("SOPS_AGE_KEY_FILE", "another.txt");
    assert_eq!(read(&scene), "unverified");
}

/// Not `bws` itself: a stand-in that prints what its documentation shows.
#[test]
fn bitwarden_secrets_manager() {
    let scene = Scene::of("A key in Bitwarden Secrets Manager (untested here)");
    for (key, verdict) in [(CURRENT, "current"), (OTHER, "unknown")] {
        scene.program("bws", &bws(key));
        scene.write("bws", "0.48c78342.token\n");
        assert_eq!(read(&scene), verdict);
        scene.write("bws", "0.48c78342.another\n");
        assert_eq!(read(&scene), "unreachable");
    }
}

/// Not `kubectl` itself: a stand-in that runs what it is told to here, in a container's place.
#[test]
fn kubectl_exec() {
    let mut scene = Scene::of("A pod, with kubectl exec (untested here)");
    let mut containers = Vec::new();
    for (pod, key) in [("web-0", Some(CURRENT)), ("web-1", Some(OTHER))] {
        containers.push(scene.container(pod, key));
    }
    scene.set("PROGRAM", env!("CARGO_BIN_EXE_straggler"));
    scene.program("kubectl", KUBECTL);
    let report = scene.audit(&[CURRENT, OTHER]);
    let hop = |index: usize| &report["deployments"][index]["hops"][0];
    assert_eq!(hop(0)["verdict"], "current", "{report:#}");
    assert_eq!(hop(0)["evidence"], "fingerprint");
    assert_eq!(hop(1)["verdict"], "unknown", "{report:#}");

    // The first is started anew without the variable, the second is gone.
    containers[0] = scene.container("web-0", None);
    scene.remove("web-1.pid");
    let report = scene.audit(&[CURRENT, OTHER]);
    let hop = |index: usize| &report["deployments"][index]["hops"][0];
    assert_eq!(hop(0)["verdict"], "missing", "{report:#}");
    assert_eq!(hop(1)["verdict"], "unreachable", "{report:#}");
    let error = "pods \\\"web-1\\\" not found";
    assert!(report.to_string().contains(error), "{report}");
}

/// Takes the options of the recipe, and runs the command behind `--` with the first process of the pod
/// for process 1.
const KUBECTL: &str = r#"#!/bin/sh
[ "$1 $2 $3 $4 $5" = '--context prod-eu --namespace checkout exec' ] || exit 2
pod=$6
[ "$7 $8 $9" = '--container app --' ] || exit 2
shift 9
[ "$1 $2 $3 $4" = 'straggler inspect --pid 1' ] || exit 2
shift 4
if ! pid=$(cat "$pod.pid" 2>/dev/null); then
  echo "Error from server (NotFound): pods \"$pod\" not found" >&2
  exit 1
fi
exec "$PROGRAM" inspect --pid "$pid" "$@"
"#;

fn bws(key: &str) -> String {
    format!(
        r#"#!/bin/sh
if [ "$*" != 'secret get be8e0ad8-d545-4017-a55a-b02f014d4158 --output json' ]; then
  echo 'error: unexpected argument' >&2
  exit 2
fi
if [ "$BWS_ACCESS_TOKEN" != 0.48c78342.token ]; then
  echo 'Error: Access token is not in a valid format' >&2
  exit 1
fi
cat <<'END'
{{
  "object": "secret",
  "id": "be8e0ad8-d545-4017-a55a-b02f014d4158",
  "organizationId": "10e8cbfa-7bd2-4361-bd6f-b02e013f9c41",
  "projectId": "e325ea69-a3ab-4dff-836f-b02e013fe530",
  "key": "SES_KEY",
  "value": "{key}",
  "note": "API Key for AWS SES",
  "creationDate": "2023-06-28T20:13:20.643567Z",
  "revisionDate": "2023-06-28T20:13:20.643567Z"
}}
END
"#
    )
}

/// What the first hop of the recipe is found to hold.
#[track_caller]
fn read(scene: &Scene) -> String {
    let report = scene.audit(&[CURRENT, OTHER]);
    let hop: &Value = &report["deployments"][0]["hops"][0];
    hop["verdict"].as_str().expect("a verdict").to_owned()
}

/// Makes an identity for age, and tells whom to encrypt to.
fn identity(scene: &Scene, file: &str) -> String {
    scene.run("age-keygen", &["-o", file], "");
    let recipient = scene.run("age-keygen", &["-y", file], "");
    recipient.trim().to_owned()
}
