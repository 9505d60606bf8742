//! Secret Manager through the program: every way to log in, once. The fake is shaped by Google's
//! discovery document and the documentation of its token endpoints, and checks every token.

use std::sync::{Arc, Mutex};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::support::server::{Answer, Asked, Server};
use crate::support::{CURRENT, OLD, Scene, Straggler};

/// Made for these tests, and used nowhere.
const PEM: &str = include_str!("keys/service-account.pem");

/// What the fake's identities get.
const TOKEN: &str = "ya29.made-up";

struct Google {
    server: Server,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Google {
    fn start() -> Self {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&asked);
        let server = Server::new(move |asked| {
            log.lock().unwrap().push(asked.path.clone());
            answer(asked)
        });
        Self { server, asked }
    }

    /// How often a path was asked for.
    fn asked(&self, path: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|one| one.starts_with(path)).count()
    }
}

fn answer(asked: &Asked) -> Answer {
    let body = String::from_utf8_lossy(&asked.body);
    let bearer = asked.header("authorization").strip_prefix("Bearer ");
    match (&*asked.method, &*asked.path) {
        ("POST", "/token") if body.contains("jwt-bearer&assertion=") => {
            signed(body.split_once("assertion=").unwrap().1);
            token()
        }
        ("POST", "/token") if body.contains("grant_type=refresh_token") => {
            match body.contains("refresh_token=of-ana") {
                true => token(),
                false => json_answer(
                    400,
                    &json!({
                        "error": "invalid_grant",
                        "error_description": "Token has been expired or revoked.",
                    }),
                ),
            }
        }
        ("POST", "/sts") => {
            assert!(
                body.contains("subject_token=from-kubernetes&")
                    || body.ends_with("subject_token=from-kubernetes")
            );
            assert!(
                body.contains("audience=%2F%2Fiam.googleapis.com%2Fpool"),
                "{body}"
            );
            json_answer(
                200,
                &json!({"access_token": "federated", "expires_in": 3600}),
            )
        }
        ("POST", "/impersonate") if bearer == Some("federated") => json_answer(
            200,
            &json!({"accessToken": TOKEN, "expireTime": "2100-01-01T00:00:00Z"}),
        ),
        ("GET", path) if path == "/" || path.starts_with("/computeMetadata/") => {
            assert_eq!(asked.header("metadata-flavor"), "Google");
            let answer = if path == "/" {
                Answer::status(200, "computeMetadata/\n")
            } else {
                token()
            };
            answer.header("Metadata-Flavor", "Google")
        }
        ("GET", path) if path.starts_with("/v1/projects/shop/secrets/") => {
            if bearer != Some(TOKEN) {
                return refusal(
                    401,
                    "UNAUTHENTICATED",
                    "Request had invalid authentication credentials.",
                );
            }
            secret(
                path.strip_prefix("/v1/projects/shop/secrets/").unwrap(),
                asked,
            )
        }
        _ => Answer::status(404, ""),
    }
}

/// Fails unless the service account signed this.
fn signed(assertion: &str) {
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let key = PrivatePkcs8KeyDer::from_pem_slice(PEM.as_bytes()).unwrap();
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public());
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    public.verify(signed.as_bytes(), &signature).unwrap();
    let parts: Vec<Value> = signed
        .split('.')
        .map(|part| {
            serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
        })
        .collect();
    assert_eq!(
        parts[0],
        json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"})
    );
    assert_eq!(parts[1]["iss"], "straggler@shop.iam.gserviceaccount.com");
    assert_eq!(
        parts[1]["scope"],
        "https://www.googleapis.com/auth/cloud-platform"
    );
    assert!(parts[1]["aud"].as_str().unwrap().ends_with("/token"));
    let [made, ends] = ["iat", "exp"].map(|time| parts[1][time].as_i64().unwrap());
    assert_eq!(ends - made, 3600);
}

fn secret(rest: &str, asked: &Asked) -> Answer {
    let value = match rest.strip_suffix("/versions/latest:access").unwrap() {
        "denied" => {
            let message = "Permission 'secretmanager.versions.access' denied for resource 'x' (or it may not exist).";
            return refusal(403, "PERMISSION_DENIED", message);
        }
        "disabled" => {
            let message =
                "Secret Version [projects/1/secrets/disabled/versions/2] is in DISABLED state.";
            return refusal(400, "FAILED_PRECONDITION", message);
        }
        "gone" => {
            let message = "Secret [projects/1/secrets/gone] not found or has no versions.";
            return refusal(404, "NOT_FOUND", message);
        }
        "quota" => {
            assert_eq!(asked.header("x-goog-user-project"), "pays");
            CURRENT
        }
        "old" => OLD,
        _ => CURRENT,
    };
    json_answer(
        200,
        &json!({
            "name": "projects/1/secrets/s/versions/3",
            "payload": {"data": BASE64.encode(value.as_bytes())},
        }),
    )
}

fn token() -> Answer {
    json_answer(
        200,
        &json!({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"}),
    )
}

fn refusal(code: u16, status: &str, message: &str) -> Answer {
    json_answer(
        code,
        &json!({"error": {"code": code, "message": message, "status": status}}),
    )
}

fn json_answer(status: u16, body: &Value) -> Answer {
    Answer::status(status, body.to_string()).header("Content-Type", "application/json")
}

/// These secrets, each a deployment, and the current key, which stands there too.
fn scene(google: &Google, secrets: &[&str]) -> Scene {
    let deployments: String = secrets
        .iter()
        .map(|secret| {
            format!(
                "  - {{ name: {secret}, project: checkout, route: [ {{ gcp_secret_manager: {{ store: gcp, secret: {secret} }} }} ] }}\n"
            )
        })
        .collect();
    Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    current: {{ gcp_secret_manager: {{ store: gcp, secret: reference }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
stores:
  gcp: {{ gcp: {{ endpoint: '{}' }} }}
deployments:
{deployments}",
        google.server.url("")
    ))
    .file("old", OLD)
}

fn audit(scene: &Scene, google: &Google) -> Straggler {
    let nearby = google.server.url("").replace("http://", "");
    scene
        .straggler(["audit", "-vvv", "-f", "json"])
        .env("GOOGLE_CLOUD_PROJECT", "shop")
        .env("GCE_METADATA_HOST", nearby)
}

/// With this file for `GOOGLE_APPLICATION_CREDENTIALS`.
fn with(scene: Scene, google: &Google, credentials: &Value) -> (Scene, Straggler) {
    let scene = scene.file("gcp.json", credentials.to_string());
    let path = scene.path("gcp.json");
    let straggler = audit(&scene, google).env("GOOGLE_APPLICATION_CREDENTIALS", path);
    (scene, straggler)
}

#[test]
fn a_service_account_signs_in_once_and_every_answer_is_what_it_is() {
    let google = Google::start();
    let account = json!({
        "type": "service_account",
        "client_email": "straggler@shop.iam.gserviceaccount.com",
        "private_key_id": "key-1",
        "private_key": PEM,
        "token_uri": google.server.url("/token"),
    });
    let secrets = ["one", "two", "old", "gone", "denied", "disabled"];
    let (_scene, straggler) = with(scene(&google, &secrets), &google, &account);
    let ran = straggler.run().ends(1);
    let report = ran.json();
    for (index, (verdict, next)) in [
        ("current", ""),
        ("current", ""),
        ("stale", ""),
        ("missing", "gcloud secrets versions add"),
        ("unreachable", "roles/secretmanager.secretAccessor"),
        ("unreachable", "enable the version"),
    ]
    .into_iter()
    .enumerate()
    {
        let deployment = &report["deployments"][index];
        assert_eq!(deployment["verdict"], verdict, "{deployment:#}");
        assert!(deployment.to_string().contains(next), "{deployment:#}");
    }
    assert_eq!(google.asked("/token"), 1);
    assert_eq!(google.asked("/v1/"), secrets.len() + 1);
    for secret in [TOKEN, CURRENT, OLD, "PRIVATE KEY"] {
        assert!(!ran.to_string().contains(secret), "{ran}");
    }
}

#[test]
fn a_persons_login_is_renewed_and_one_that_ended_is_said() {
    let user = |google: &Google, token: &str| {
        json!({
            "type": "authorized_user", "client_id": "c", "client_secret": "s3cret",
            "refresh_token": token, "quota_project_id": "pays", "token_uri": google.server.url("/token"),
        })
    };
    // Where gcloud writes it.
    let google = Google::start();
    let written = ".config/gcloud/application_default_credentials.json";
    let at_home = scene(&google, &["quota"]).file(written, user(&google, "of-ana").to_string());
    let home = at_home.folder();
    audit(&at_home, &google).env("HOME", home).run().ends(0);
    assert_eq!(google.asked("/token"), 1);

    let google = Google::start();
    let ended = user(&google, "of-bob");
    let (_scene, straggler) = with(scene(&google, &["one", "two"]), &google, &ended);
    let ran = straggler.run().ends(3);
    let ran = ran
        .prints("Token has been expired or revoked.")
        .prints("log in again: `gcloud auth application-default login`");
    assert_eq!((google.asked("/token"), google.asked("/v1/")), (1, 0));
    assert!(!ran.to_string().contains("s3cret") && !ran.to_string().contains("of-bob"));
}

#[test]
fn a_workload_identity_is_exchanged_and_impersonates() {
    let google = Google::start();
    let scene = scene(&google, &["one"]).file("statement", r#"{"jwt": "from-kubernetes"}"#);
    let account = json!({
        "type": "external_account",
        "audience": "//iam.googleapis.com/pool",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": google.server.url("/sts"),
        "service_account_impersonation_url": google.server.url("/impersonate"),
        "credential_source": {
            "file": scene.path("statement"),
            "format": {"type": "json", "subject_token_field_name": "jwt"},
        },
    });
    let (_scene, straggler) = with(scene, &google, &account);
    straggler.run().ends(0);
    assert_eq!((google.asked("/sts"), google.asked("/impersonate")), (1, 1));
}

#[test]
fn the_metadata_server_is_asked_last_and_its_absence_said_soon() {
    let google = Google::start();
    let scene = scene(&google, &["one", "two"]);
    audit(&scene, &google).run().ends(0);
    assert_eq!(google.asked("/computeMetadata/"), 1);
    // A home in which gcloud never was is no obstacle.
    let home = scene.folder();
    audit(&scene, &google).env("HOME", home).run().ends(0);
    assert_eq!(google.asked("/computeMetadata/"), 2);

    audit(&scene, &google)
        .env("GCE_METADATA_HOST", "192.0.2.1")
        .run()
        .ends(3)
        .prints("no metadata server of Google's answers at 192.0.2.1");
}
