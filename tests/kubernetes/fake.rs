//! An API server: its objects are made from the API's types, and it says what the real one says.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewStatus, UserInfo};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    ObjectMeta, Status, StatusCause, StatusDetails,
};
use k8s_openapi::{Metadata, Resource};
use percent_encoding::percent_decode_str;
use rustls::{ServerConnection, StreamOwned};
use serde::Serialize;
use serde_json::{Value, json};

use crate::rbac::{Attempt, Rule};
use crate::tls::Authority;

/// An API group, a resource, a namespace and a name.
pub type Key = (String, String, String, String);

/// What it holds, and whom it knows.
#[derive(Default)]
pub struct Api {
    pub objects: Mutex<BTreeMap<Key, (String, Value)>>,
    /// The kinds that it serves: group and version, resource, and the kind.
    pub served: BTreeMap<(String, String), String>,
    tokens: BTreeMap<String, String>,
    rules: Vec<Rule>,
    /// Whether everybody whom it knows may do everything.
    unbound: bool,
    /// How many seconds after noon it is.
    pub seconds: AtomicUsize,
    /// The first so many requests are too many.
    pub busy: AtomicUsize,
    /// The next so many requests break something.
    pub broken: AtomicUsize,
    /// The next so many pages behind the first one come too late.
    pub expired: AtomicUsize,
    /// How many objects it gives at once, if fewer than it is asked for.
    pub page: Option<usize>,
}

impl Api {
    /// Who has this token.
    pub fn user(mut self, token: &str, user: &str) -> Self {
        self.tokens.insert(token.to_owned(), user.to_owned());
        self
    }

    pub fn unbound(mut self) -> Self {
        self.unbound = true;
        self
    }

    pub fn allow(mut self, rules: impl IntoIterator<Item = Rule>) -> Self {
        self.rules.extend(rules);
        self
    }

    /// Serves a kind, though there may be no object of it.
    pub fn serve<K: Resource>(mut self) -> Self {
        let key = (K::API_VERSION.to_owned(), K::URL_PATH_SEGMENT.to_owned());
        self.served.insert(key, K::KIND.to_owned());
        self
    }

    pub fn with<K>(mut self, object: &K) -> Self
    where
        K: Resource + Metadata<Ty = ObjectMeta> + Serialize,
    {
        self = self.serve::<K>();
        let value = serde_json::to_value(object).unwrap();
        let metadata = object.metadata();
        let (namespace, name) = (metadata.namespace.clone(), metadata.name.clone());
        self.raw(
            (K::GROUP, K::API_VERSION, K::URL_PATH_SEGMENT),
            (&namespace.unwrap(), &name.unwrap()),
            value,
        )
    }

    /// An object of a kind that the API has no types for.
    pub fn raw(
        mut self,
        (group, version, resource): (&str, &str, &str),
        (namespace, name): (&str, &str),
        value: Value,
    ) -> Self {
        let kind = value["kind"].as_str().unwrap().to_owned();
        let served = (version.to_owned(), resource.to_owned());
        self.served.insert(served, kind);
        let key = [group, resource, namespace, name].map(str::to_owned);
        let object = (version.to_owned(), value);
        self.objects.lock().unwrap().insert(key.into(), object);
        self
    }

    pub fn start(self) -> Fake {
        Fake::start(self)
    }

    /// The answer to somebody.
    fn answer(&self, user: Option<&str>, method: &str, path: &str, body: &[u8]) -> Answer {
        let take = |left: &AtomicUsize| {
            let less = |left: usize| left.checked_sub(1);
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
                .is_ok()
        };
        if take(&self.busy) {
            return too_many();
        }
        if take(&self.broken) {
            return refusal(
                500,
                "InternalError",
                "Internal error occurred: etcdserver: leader changed",
                None,
            );
        }
        let Some(user) = user else {
            return refusal(401, "Unauthorized", "Unauthorized", None);
        };
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let segments: Vec<_> = path
            .split('/')
            .skip(1)
            .map(|part| percent_decode_str(part).decode_utf8().unwrap().into_owned())
            .collect();
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        if let Some(answer) = self.discovered(&parts) {
            return answer;
        }
        let (version, rest) = match &parts[..] {
            ["api", version, rest @ ..] => ((*version).to_owned(), rest),
            ["apis", group, version, rest @ ..] => (format!("{group}/{version}"), rest),
            _ => return unserved(),
        };
        let ["namespaces", namespace, resource, name @ ..] = rest else {
            return unserved();
        };
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let attempt = Attempt {
            user,
            verb: match (method, name.is_empty()) {
                ("GET", true) => "list",
                ("GET", false) => "get",
                ("POST", _) => "create",
                ("PATCH", _) => "patch",
                ("DELETE", _) => "delete",
                _ => return unserved(),
            },
            group,
            resource,
            namespace,
            name: name.first().copied(),
        };
        // Who may do what is decided before it is looked whether it is there.
        if !self.unbound && !self.rules.iter().any(|rule| rule.allows(&attempt)) {
            return forbidden(&attempt);
        }
        let Some(kind) = self.served.get(&(version.clone(), (*resource).to_owned())) else {
            return unserved();
        };
        match (attempt.verb, name) {
            ("list", []) => self.list((&version, kind), &attempt, query, &take),
            ("get", [name]) => self.get(&version, &attempt, name),
            ("create", []) => self.create(&version, &attempt, query, body),
            ("patch", [name]) => self.patch(&attempt, name, query, body),
            ("delete", [name]) => self.delete(&attempt, name),
            _ => unserved(),
        }
    }

    fn get(&self, version: &str, attempt: &Attempt<'_>, name: &str) -> Answer {
        let key = [attempt.group, attempt.resource, attempt.namespace, name].map(str::to_owned);
        match self.objects.lock().unwrap().get(&key.into()) {
            Some((of, object)) if of == version => Answer::json(200, object),
            _ => absent(attempt, name),
        }
    }

    fn list(
        &self,
        (version, kind): (&str, &str),
        attempt: &Attempt<'_>,
        query: &str,
        take: &dyn Fn(&AtomicUsize) -> bool,
    ) -> Answer {
        let parameter = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let mut named = pairs.filter(|(known, _)| *known == name);
            named
                .next()
                .map(|(_, value)| percent_decode_str(value).decode_utf8().unwrap())
        };
        let start: usize = match parameter("continue") {
            None => 0,
            Some(_) if take(&self.expired) => {
                let message = "The provided continue parameter is too old to display a consistent list result. You can \
                               start a new list without the continue parameter, or use the continue token in this response \
                               to retrieve the remainder of the results.";
                return refusal(410, "Expired", message, None);
            }
            Some(token) => token.strip_prefix("from=").unwrap().parse().unwrap(),
        };
        let limit: usize = parameter("limit").map_or(usize::MAX, |limit| limit.parse().unwrap());
        let limit = limit.min(self.page.unwrap_or(usize::MAX));
        let objects = self.objects.lock().unwrap();
        let all: Vec<_> = objects
            .iter()
            .filter(|((group, resource, namespace, _), _)| {
                (&**group, &**resource, &**namespace)
                    == (attempt.group, attempt.resource, attempt.namespace)
            })
            .map(|(_, (_, object))| object)
            .collect();
        let end = start.saturating_add(limit).min(all.len());
        let items: Vec<_> = all[start..end].iter().map(|object| item(object)).collect();
        let mut metadata = json!({"resourceVersion": "4711"});
        if end < all.len() {
            metadata["continue"] = format!("from={end}").into();
            metadata["remainingItemCount"] = (all.len() - end).into();
        }
        let kind = format!("{kind}List");
        Answer::json(
            200,
            &json!({"kind": kind, "apiVersion": version, "metadata": metadata, "items": items}),
        )
    }
}

impl Api {
    /// Says whose token it is to who may ask that: servers that others log in to with it.
    fn review(&self, user: Option<&str>, body: &[u8]) -> Answer {
        let Some(user) = user else {
            return refusal(401, "Unauthorized", "Unauthorized", None);
        };
        let attempt = Attempt {
            user,
            verb: "create",
            group: "authentication.k8s.io",
            resource: "tokenreviews",
            namespace: "",
            name: None,
        };
        if !self.rules.iter().any(|rule| rule.allows(&attempt)) {
            return forbidden(&attempt);
        }
        let asked: TokenReview = serde_json::from_slice(body).unwrap();
        let known = self.tokens.get(&asked.spec.token);
        let status = match known {
            Some(user) => TokenReviewStatus {
                authenticated: Some(true),
                audiences: asked.spec.audiences.clone(),
                user: Some(UserInfo {
                    username: Some(user.clone()),
                    uid: Some(uid(user)),
                    ..UserInfo::default()
                }),
                ..TokenReviewStatus::default()
            },
            None => TokenReviewStatus {
                error: Some(
                    "[invalid bearer token, service account token is not valid yet]".to_owned(),
                ),
                ..TokenReviewStatus::default()
            },
        };
        let answered = TokenReview {
            status: Some(status),
            ..asked
        };
        Answer::json(201, &answered)
    }
}

/// Where it is asked whose token something is.
pub const REVIEWS: &str = "/apis/authentication.k8s.io/v1/tokenreviews";

/// The id of a user, which nobody else ever gets.
pub fn uid(user: &str) -> String {
    let digits = straggler::key::Fingerprint::of(user.as_bytes()).to_string();
    digits.trim_start_matches("sha256:").to_owned()
}

/// An object within a list, where it does not say again what it is.
fn item(object: &Value) -> Value {
    let mut item = object.clone();
    let members = item.as_object_mut().unwrap();
    members.remove("kind");
    members.remove("apiVersion");
    item
}

pub fn absent(attempt: &Attempt<'_>, name: &str) -> Answer {
    let message = format!("{} \"{name}\" not found", qualified(attempt));
    refusal(404, "NotFound", &message, Some(attempt))
}

pub struct Answer {
    status: u16,
    headers: &'static str,
    body: Vec<u8>,
}

impl Answer {
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        Self {
            status,
            headers: "Content-Type: application/json\r\n",
            body: serde_json::to_vec(body).unwrap(),
        }
    }
}

fn qualified(attempt: &Attempt<'_>) -> String {
    match attempt.group {
        "" => attempt.resource.to_owned(),
        group => format!("{}.{group}", attempt.resource),
    }
}

pub fn refusal(code: u16, reason: &str, message: &str, about: Option<&Attempt<'_>>) -> Answer {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let details = about.map(|attempt| StatusDetails {
        name: attempt.name.and_then(some),
        group: some(attempt.group),
        kind: some(attempt.resource),
        ..StatusDetails::default()
    });
    let status = Status {
        status: some("Failure"),
        message: some(message),
        reason: some(reason),
        details,
        code: Some(code.into()),
        ..Status::default()
    };
    Answer::json(code, &status)
}

fn forbidden(attempt: &Attempt<'_>) -> Answer {
    let named = attempt
        .name
        .map_or(String::new(), |name| format!(" \"{name}\""));
    let message = format!(
        "{}{named} is forbidden: User \"{}\" cannot {} resource \"{}\" in API group \"{}\" in the namespace \"{}\"",
        qualified(attempt),
        attempt.user,
        attempt.verb,
        attempt.resource,
        attempt.group,
        attempt.namespace
    );
    refusal(403, "Forbidden", &message, Some(attempt))
}

/// As priority and fairness says it.
fn too_many() -> Answer {
    let status = Status {
        status: Some("Failure".to_owned()),
        message: Some("Too many requests, please try again later.".to_owned()),
        reason: Some("TooManyRequests".to_owned()),
        details: Some(StatusDetails {
            retry_after_seconds: Some(1),
            causes: Some(vec![StatusCause::default()]),
            ..StatusDetails::default()
        }),
        code: Some(429),
        ..Status::default()
    };
    Answer {
        headers: "Content-Type: application/json\r\nRetry-After: 1\r\n",
        ..Answer::json(429, &status)
    }
}

/// A path that nobody serves.
fn unserved() -> Answer {
    Answer {
        status: 404,
        headers: "Content-Type: text/plain; charset=utf-8\r\n",
        body: b"404 page not found\n".to_vec(),
    }
}

/// The server, behind TLS on loopback; gone when dropped.
pub struct Fake {
    pub authority: Arc<Authority>,
    address: SocketAddr,
    pub api: Arc<Api>,
    asked: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
}

impl Fake {
    fn start(api: Api) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let fake = Self {
            authority: Arc::default(),
            address: listener.local_addr().unwrap(),
            api: Arc::new(api),
            asked: Arc::default(),
            over: Arc::default(),
        };
        let (asked, over) = (Arc::clone(&fake.asked), Arc::clone(&fake.over));
        let (authority, api) = (Arc::clone(&fake.authority), Arc::clone(&fake.api));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let (authority, api, asked) =
                    (Arc::clone(&authority), Arc::clone(&api), Arc::clone(&asked));
                // A client that does not trust it, or has enough, hangs up.
                thread::spawn(move || serve(stream, &authority, &api, &asked));
            }
        });
        fake
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The paths that were asked for so far, sorted. Nobody ever lists Secrets.
    pub fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort();
        for path in &asked {
            let bare = path.split('?').next().unwrap();
            assert!(
                !bare.ends_with("/secrets") && !path.contains("watch"),
                "{path}"
            );
        }
        asked
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    stream: TcpStream,
    authority: &Authority,
    api: &Api,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let connection = ServerConnection::new(authority.server()).map_err(std::io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let method = head.split(' ').next().unwrap();
        let header = |wanted: &str| {
            head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case(wanted).then_some(value)
            })
        };
        let by_straggler = header("user-agent").is_none_or(|agent| !agent.starts_with("kubectl"));
        assert!(
            !by_straggler || method == "GET" || path == REVIEWS,
            "straggler only reads: {head}"
        );
        asked.lock().unwrap().push(path.clone());
        let length = header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let token = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let certified = authority.user_of(stream.get_ref().conn.peer_certificates());
        let known = token.and_then(|token| api.tokens.get(token).cloned());
        let user = certified.or(known);
        let answer = match path.as_str() {
            REVIEWS => api.review(user.as_deref(), &body),
            _ => api.answer(user.as_deref(), method, &path, &body),
        };
        let length = answer.body.len();
        let head = format!(
            "HTTP/1.1 {} Status\r\nDate: Thu, 20 Nov 2025 {} GMT\r\n{}Content-Length: {length}\r\n\r\n",
            answer.status,
            api.time(),
            answer.headers
        );
        let stream = stream.get_mut();
        stream.write_all(&[head.as_bytes(), &answer.body].concat())?;
        stream.flush()?;
    }
}
