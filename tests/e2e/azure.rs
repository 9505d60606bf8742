//! Key Vault through the program: every way to log in, once, and what its answers come to. The fake is
//! shaped by Microsoft's published specification and checks every token.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::server::{Answer, Asked, Server};
use crate::support::{CURRENT, OLD, Scene, Straggler};

/// What the fake's identities get.
const TOKEN: &str = "eyJ0eXAiOiJKV1Qi.made-up";

/// One tenant and one vault, and what they were asked: `login`, `probe` or the path of a secret.
struct Azure {
    server: Server,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Azure {
    fn start() -> Self {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&asked);
        let server = Server::new(move |asked| {
            let (what, answer) = answer(asked);
            log.lock().unwrap().push(what);
            answer
        });
        Self { server, asked }
    }

    fn asked(&self, what: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|one| one.starts_with(what)).count()
    }
}

fn answer(asked: &Asked) -> (String, Answer) {
    let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
    let body = String::from_utf8_lossy(&asked.body);
    let to_vaults = query.contains("resource=https%3A%2F%2Fvault.azure.net");
    match (&*asked.method, path) {
        ("POST", "/contoso/oauth2/v2.0/token") => {
            let scoped = body.contains("scope=https%3A%2F%2Fvault.azure.net%2F.default");
            let statement = "client-assertion-type%3Ajwt-bearer&client_assertion=from-kubernetes";
            let known = body.contains("client_secret=pa%26ss") || body.contains(statement);
            match scoped && known && body.contains("client_id=app") {
                true => ("login".to_owned(), token(json!({"expires_in": 3599}))),
                false => (
                    "refused".to_owned(),
                    json_answer(
                        401,
                        &json!({
                            "error": "invalid_client",
                            "error_description": "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1",
                        }),
                    ),
                ),
            }
        }
        // As the metadata service of a machine has it.
        ("GET", "/metadata/identity/oauth2/token") if asked.header("metadata") != "true" => (
            "probe".to_owned(),
            json_answer(
                400,
                &json!({
                    "error": "invalid_request",
                    "error_description": "Required metadata header not specified",
                }),
            ),
        ),
        ("GET", "/metadata/identity/oauth2/token") if to_vaults => {
            assert!(query.contains("api-version=2018-02-01"), "{query}");
            let lasts = json!({"expires_in": "86399", "expires_on": "1795510180"});
            ("login".to_owned(), token(lasts))
        }
        // As App Service has it.
        ("GET", "/msi/token") if to_vaults && asked.header("x-identity-header") == "of-the-app" => {
            assert!(query.contains("api-version=2019-08-01"), "{query}");
            (
                "login".to_owned(),
                token(json!({"expires_on": "4102444800"})),
            )
        }
        ("GET", path) if path.starts_with("/secrets/") => {
            (path.to_owned(), secret(path, asked.header("authorization")))
        }
        _ => ("unknown".to_owned(), Answer::status(404, "")),
    }
}

fn token(mut lasts: Value) -> Answer {
    lasts["token_type"] = "Bearer".into();
    lasts["access_token"] = TOKEN.into();
    json_answer(200, &lasts)
}

fn secret(path: &str, authorization: &str) -> Answer {
    if authorization != format!("Bearer {TOKEN}") {
        let message = "AKV10000: Request is missing a Bearer or PoP token.";
        return refusal(401, "Unauthorized", message, None);
    }
    let value = match path.strip_prefix("/secrets/").unwrap() {
        "denied" => {
            let message =
                "Caller is not authorized to perform action on resource.\r\nCaller: appid=app";
            return refusal(403, "Forbidden", message, Some("ForbiddenByRbac"));
        }
        "disabled" => {
            let message = "Operation get is not allowed on a disabled secret.";
            return refusal(403, "Forbidden", message, Some("SecretDisabled"));
        }
        "gone" => {
            let message = "A secret with (name/id) gone was not found in this key vault.";
            return refusal(404, "SecretNotFound", message, None);
        }
        "old" => OLD,
        _ => CURRENT,
    };
    json_answer(
        200,
        &json!({
            "value": value,
            "id": format!("https://contoso.vault.azure.net{path}/4387e9f3d6e14c459867679a90fd0f79"),
            "attributes": {
                "enabled": true, "created": 1_493_938_410, "updated": 1_493_938_410,
                "recoveryLevel": "Recoverable+Purgeable",
            },
        }),
    )
}

fn refusal(status: u16, code: &str, message: &str, inner: Option<&str>) -> Answer {
    let mut error = json!({"code": code, "message": message});
    if let Some(inner) = inner {
        error["innererror"] = json!({"code": inner});
    }
    json_answer(status, &json!({"error": error}))
}

fn json_answer(status: u16, body: &Value) -> Answer {
    Answer::status(status, body.to_string()).header("Content-Type", "application/json")
}

/// These secrets, each a deployment, and the current key, which stands there too.
fn scene(azure: &Azure, settings: &str, secrets: &[&str]) -> Scene {
    let deployments: String = secrets
        .iter()
        .map(|secret| {
            format!(
                "  - {{ name: {secret}, project: checkout, route: [ {{ azure_key_vault: {{ store: kv, secret: {secret} }} }} ] }}\n"
            )
        })
        .collect();
    Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    current: {{ azure_key_vault: {{ store: kv, secret: reference }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
stores:
  kv: {{ azure: {{ vault: '{}', {settings} }} }}
deployments:
{deployments}",
        azure.server.url("")
    ))
    .file("old", OLD)
}

fn audit(scene: &Scene, azure: &Azure) -> Straggler {
    scene
        .straggler(["audit", "-vvv", "-f", "json"])
        .env("AZURE_AUTHORITY_HOST", azure.server.url("/"))
        .env("AZURE_POD_IDENTITY_AUTHORITY_HOST", azure.server.url("/"))
}

#[test]
fn a_client_secret_logs_in_once_and_every_answer_is_what_it_is() {
    let azure = Azure::start();
    let settings = "tenant: contoso, client_id: app, client_secret: { env: KV_SECRET }";
    let secrets = ["one", "two", "three", "old", "gone", "denied", "disabled"];
    let scene = scene(&azure, settings, &secrets);
    let ran = audit(&scene, &azure)
        .env("KV_SECRET", "pa&ss")
        .run()
        .ends(1);
    let report = ran.json();
    for (index, (verdict, next)) in [
        ("current", ""),
        ("current", ""),
        ("current", ""),
        ("stale", ""),
        ("missing", "az keyvault secret set"),
        ("unreachable", "Key Vault Secrets User"),
        (
            "unreachable",
            "enable it: `az keyvault secret set-attributes",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let deployment = &report["deployments"][index];
        assert_eq!(deployment["verdict"], verdict, "{deployment:#}");
        assert!(deployment.to_string().contains(next), "{deployment:#}");
    }
    assert_eq!(azure.asked("login"), 1);
    for secret in secrets {
        assert_eq!(azure.asked(&format!("/secrets/{secret}")), 1, "{secret}");
    }
    for secret in ["pa&ss", "pa%26ss", TOKEN, CURRENT, OLD] {
        assert!(!ran.to_string().contains(secret), "{ran}");
    }
}

#[test]
fn a_wrong_client_secret_is_tried_once_and_said_without_it() {
    let azure = Azure::start();
    let settings = "tenant: contoso, client_id: app, client_secret: { env: KV_SECRET }";
    let scene = scene(&azure, settings, &["one", "two"]);
    let ran = audit(&scene, &azure)
        .env("KV_SECRET", "wr0ng")
        .run()
        .ends(3);
    let ran = ran.prints("AADSTS7000215: Invalid client secret provided.");
    assert_eq!((azure.asked("refused"), azure.asked("/secrets/")), (1, 0));
    assert!(!ran.to_string().contains("wr0ng"), "{ran}");
}

#[test]
fn workload_identity_shows_what_kubernetes_gave_it() {
    let azure = Azure::start();
    let scene = scene(&azure, "", &["one"]).file("statement", "from-kubernetes\n");
    let statement = scene.path("statement");
    audit(&scene, &azure)
        .env("AZURE_FEDERATED_TOKEN_FILE", statement)
        .env("AZURE_TENANT_ID", "contoso")
        .env("AZURE_CLIENT_ID", "app")
        .run()
        .ends(0);
    assert_eq!(azure.asked("login"), 1);
}

#[test]
fn a_managed_identity_needs_no_settings() {
    // Of a virtual machine.
    let azure = Azure::start();
    let at_vault = scene(&azure, "", &["one", "two"]);
    audit(&at_vault, &azure).run().ends(0);
    assert_eq!((azure.asked("probe"), azure.asked("login")), (1, 1));

    // Of an App Service; the metadata service of its machine is not asked.
    let azure = Azure::start();
    let at_vault = scene(&azure, "", &["one", "two"]);
    audit(&at_vault, &azure)
        .env("IDENTITY_ENDPOINT", azure.server.url("/msi/token"))
        .env("IDENTITY_HEADER", "of-the-app")
        .run()
        .ends(0);
    assert_eq!((azure.asked("probe"), azure.asked("login")), (0, 1));
}

#[test]
fn where_there_is_no_identity_it_is_said_soon_and_once() {
    let azure = Azure::start();
    let secrets: Vec<_> = (0..50).map(|index| format!("s{index}")).collect();
    let secrets: Vec<_> = secrets.iter().map(String::as_str).collect();
    let scene = scene(&azure, "", &secrets);
    // An address that no packet comes back from.
    let nowhere = "http://192.0.2.1";
    audit(&scene, &azure)
        .env("AZURE_POD_IDENTITY_AUTHORITY_HOST", nowhere)
        .run()
        .ends(3)
        .prints("no managed identity answers at 192.0.2.1")
        .prints("set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET");
    assert_eq!(azure.asked(""), 0);
}
