//! Vault, as far as somebody reads from it: mounts of both versions, tokens with policies, logins,
//! namespaces, and a seal. Answers have the status and the shape that OpenBao's source gives them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::server::{Answer, Asked, Server};

/// The token that may read everything.
pub const ROOT: &str = "hvs.root-of-the-fake";

/// A server, and what it holds.
pub struct Vault {
    server: Server,
    state: Arc<Mutex<State>>,
}

/// A version of a secret.
#[derive(Clone)]
struct Version {
    fields: Value,
    deleted: bool,
    destroyed: bool,
}

#[derive(Default)]
struct State {
    sealed: bool,
    /// Their version, by namespace and path.
    mounts: HashMap<(String, String), u8>,
    /// By namespace, mount and path.
    secrets: HashMap<(String, String, String), Vec<Version>>,
    /// What each token may read: paths, with a `*` at the end for all that start so.
    tokens: HashMap<String, Vec<String>>,
    /// What a login with this body gives, by namespace and mount, and how often it may be done.
    logins: Vec<Login>,
    /// `GET path`, in the order they came.
    requests: Vec<String>,
}

struct Login {
    namespace: String,
    mount: String,
    body: Value,
    policy: Vec<String>,
    uses: usize,
}

impl Vault {
    /// With a mount `secret` of version 2.
    pub fn new() -> Self {
        let state = Arc::<Mutex<State>>::default();
        let served = Arc::clone(&state);
        let server = Server::new(move |asked| served.lock().unwrap().answer(asked));
        let vault = Self { server, state };
        vault
            .change()
            .tokens
            .insert(ROOT.to_owned(), vec!["*".to_owned()]);
        vault.mount("", "secret", 2)
    }

    pub fn mount(self, namespace: &str, mount: &str, version: u8) -> Self {
        let place = (namespace.to_owned(), mount.to_owned());
        self.change().mounts.insert(place, version);
        self
    }

    /// Writes the next version of a path in `secret`.
    pub fn put(self, path: &str, fields: Value) -> Self {
        self.put_at("", "secret", path, fields)
    }

    pub fn put_at(self, namespace: &str, mount: &str, path: &str, fields: Value) -> Self {
        let place = (namespace.to_owned(), mount.to_owned(), path.to_owned());
        let version = Version {
            fields,
            deleted: false,
            destroyed: false,
        };
        self.change()
            .secrets
            .entry(place)
            .or_default()
            .push(version);
        self
    }

    /// Deletes or destroys the latest version of a path in `secret`.
    pub fn remove(self, path: &str, for_ever: bool) -> Self {
        let place = (String::new(), "secret".to_owned(), path.to_owned());
        let mut state = self.change();
        let last = state.secrets.get_mut(&place).unwrap().last_mut().unwrap();
        last.deleted |= !for_ever;
        last.destroyed |= for_ever;
        drop(state);
        self
    }

    /// A token that may read these paths of the API.
    pub fn token(self, token: &str, policy: &[&str]) -> Self {
        let policy = policy.iter().map(|&path| path.to_owned()).collect();
        self.change().tokens.insert(token.to_owned(), policy);
        self
    }

    /// A login that may be done this often.
    pub fn login(self, at: (&str, &str), body: Value, policy: &[&str], uses: usize) -> Self {
        let (namespace, mount) = at;
        let login = Login {
            namespace: namespace.to_owned(),
            mount: mount.to_owned(),
            body,
            policy: policy.iter().map(|&path| path.to_owned()).collect(),
            uses,
        };
        self.change().logins.push(login);
        self
    }

    pub fn seal(&self) {
        self.change().sealed = true;
    }

    pub fn url(&self) -> String {
        self.server.url("")
    }

    /// How often what starts so was asked, as `GET path`, and the list is begun anew.
    pub fn counted(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for request in std::mem::take(&mut self.change().requests) {
            *counts.entry(request).or_default() += 1;
        }
        counts
    }

    fn change(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Answer {
        self.requests
            .push(format!("{} {}", asked.method, asked.path));
        if asked.header("x-vault-request") != "true" {
            return errors(412, &["missing 'X-Vault-Request' header"]);
        }
        if self.sealed {
            return errors(503, &["Vault is sealed"]);
        }
        let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
        let Some(path) = path.strip_prefix("/v1/") else {
            return Answer::status(404, "404 page not found\n");
        };
        if let Some(mount) = path.strip_prefix("auth/")
            && asked.method == "POST"
        {
            return self.log_in(mount.strip_suffix("/login").unwrap_or(mount), asked);
        }
        if asked.method != "GET" {
            return errors(405, &["1 error occurred:\n\t* unsupported operation\n\n"]);
        }
        let Some(policy) = self.tokens.get(asked.header("x-vault-token")) else {
            let told = "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n";
            return errors(403, &[told]);
        };
        let namespace = asked.header("x-vault-namespace");
        if let Some(mount) = path.strip_prefix("sys/internal/ui/mounts/") {
            return self.describe(namespace, mount, policy);
        }
        if !may(policy, namespace, path) {
            return errors(403, &["1 error occurred:\n\t* permission denied\n\n"]);
        }
        self.read(namespace, path, query)
    }

    fn log_in(&mut self, mount: &str, asked: &Asked) -> Answer {
        let namespace = asked.header("x-vault-namespace");
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let mut here = self
            .logins
            .iter_mut()
            .filter(|login| login.namespace == namespace && login.mount == mount)
            .peekable();
        if here.peek().is_none() {
            return errors(403, &["permission denied"]);
        }
        let Some(login) = here.find(|login| login.body == body && login.uses > 0) else {
            return match body.get("jwt") {
                Some(_) => errors(403, &["permission denied"]),
                None => errors(400, &["invalid role or secret ID"]),
            };
        };
        login.uses -= 1;
        let token = format!("hvs.given-{}", self.tokens.len());
        let policy = login.policy.clone();
        self.tokens.insert(token.clone(), policy);
        let auth = json!({
            "client_token": token, "accessor": "fd6c9a00", "policies": ["default"], "metadata": null,
            "lease_duration": 1200, "renewable": true,
        });
        let body = json!({
            "request_id": "", "lease_id": "", "renewable": false, "lease_duration": 0, "data": null,
            "wrap_info": null, "warnings": null, "auth": auth,
        });
        Answer::status(200, body.to_string())
    }

    fn describe(&self, namespace: &str, mount: &str, policy: &[String]) -> Answer {
        let place = (namespace.to_owned(), mount.to_owned());
        let known = self.mounts.get(&place);
        let whole = whole(namespace, &format!("{mount}/"));
        let mine = |path: &String| path == "*" || path.starts_with(&whole);
        match known {
            Some(version) if policy.iter().any(mine) => {
                let options = (*version == 2).then(|| json!({"version": "2"}));
                found(&json!({
                    "accessor": "kv_50fbe8d2", "config": {"default_lease_ttl": 0}, "description": "",
                    "local": false, "options": options, "path": format!("{mount}/"), "type": "kv",
                }))
            }
            // A mount that is not there is told as one that may not be seen.
            _ => errors(
                403,
                &[&format!(
                    "preflight capability check returned 403, please ensure client's policies grant access to \
                 path \"{mount}/\""
                )],
            ),
        }
    }

    fn read(&self, namespace: &str, path: &str, query: &str) -> Answer {
        let parts = self.mounts.iter().find_map(|((within, mount), version)| {
            let rest = path.strip_prefix(mount.as_str())?.strip_prefix('/')?;
            (within == namespace).then_some((mount, *version, rest))
        });
        let Some((mount, version, rest)) = parts else {
            let told = format!("no handler for route \"{path}\". route entry not found.");
            return errors(404, &[&told]);
        };
        let at = |path: &str| {
            let place = (namespace.to_owned(), mount.clone(), path.to_owned());
            self.secrets.get(&place)
        };
        if version == 1 {
            return match at(rest).and_then(|versions| versions.last()) {
                Some(last) => found(&last.fields),
                None => errors(404, &[]),
            };
        }
        let number = query.strip_prefix("version=");
        let number: usize = number.map_or(0, |number| number.parse().unwrap());
        match rest.split_once('/') {
            Some(("data", path)) => match at(path) {
                Some(versions) => version_of(versions, number),
                None => errors(404, &[]),
            },
            Some(("metadata", path)) => match at(path) {
                Some(versions) => metadata_of(versions),
                None => errors(404, &[]),
            },
            _ => Answer::status(
                404,
                json!({
                    "request_id": "", "lease_id": "", "renewable": false, "lease_duration": 0, "data": null,
                    "wrap_info": null, "auth": null,
                    "warnings": ["Invalid path for a versioned K/V secrets engine. See the API docs for the \
                                  appropriate API endpoints to use. If using the OpenBao CLI, use 'bao kv get' \
                                  for this operation."],
                })
                .to_string(),
            ),
        }
    }
}

impl Version {
    fn metadata(&self, number: usize) -> Value {
        let deleted = if self.deleted {
            "2026-11-22T09:00:00.5Z"
        } else {
            ""
        };
        json!({
            "created_time": format!("2026-11-{number:02}T09:00:00.945319214Z"),
            "deletion_time": deleted, "destroyed": self.destroyed,
        })
    }
}

fn version_of(versions: &[Version], number: usize) -> Answer {
    let number = if number == 0 { versions.len() } else { number };
    let Some(version) = number.checked_sub(1).and_then(|index| versions.get(index)) else {
        return errors(404, &[]);
    };
    let mut metadata = version.metadata(number);
    metadata["version"] = number.into();
    metadata["custom_metadata"] = Value::Null;
    let gone = version.deleted || version.destroyed;
    let fields = if gone { &Value::Null } else { &version.fields };
    let mut answer = found(&json!({"data": fields, "metadata": metadata}));
    answer.status = if gone { 404 } else { 200 };
    answer
}

fn metadata_of(versions: &[Version]) -> Answer {
    let numbered = versions.iter().enumerate();
    let listed: serde_json::Map<_, _> = numbered
        .map(|(index, version)| ((index + 1).to_string(), version.metadata(index + 1)))
        .collect();
    found(&json!({
        "cas_required": false, "created_time": "2026-11-01T09:00:00.945319214Z",
        "current_version": versions.len(), "custom_metadata": null, "delete_version_after": "0s",
        "max_versions": 0, "oldest_version": 0, "updated_time": "2026-11-20T09:00:00Z", "versions": listed,
    }))
}

fn may(policy: &[String], namespace: &str, path: &str) -> bool {
    let whole = whole(namespace, path);
    policy
        .iter()
        .any(|granted| match granted.strip_suffix('*') {
            Some(start) => whole.starts_with(start),
            None => whole == *granted,
        })
}

fn whole(namespace: &str, path: &str) -> String {
    match namespace {
        "" => path.to_owned(),
        namespace => format!("{namespace}/{path}"),
    }
}

fn found(data: &Value) -> Answer {
    let body = json!({
        "request_id": "eb2f5b0a", "lease_id": "", "renewable": false, "lease_duration": 0, "data": data,
        "wrap_info": null, "warnings": null, "auth": null,
    });
    Answer::status(200, body.to_string()).header("Content-Type", "application/json")
}

fn errors(status: u16, errors: &[&str]) -> Answer {
    let body = format!("{}\n", json!({"errors": errors}));
    Answer::status(status, body).header("Content-Type", "application/json")
}
