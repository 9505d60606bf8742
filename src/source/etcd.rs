use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source};
use crate::key::Secret;
use crate::platform::commands::quoted;
use crate::platform::etcd::{Held, Range};
use crate::platform::{Asking, Stop};
use crate::reading::{Found, Reading, Version};
use crate::text::{Escaped, escape};
use crate::verdict::{Evidence, Stage};

/// A key in etcd.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Etcd {
    /// The declared store; by default what `ETCDCTL_ENDPOINTS` names.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// The whole key, to the letter: `/allstak/checkout/api_key` and `allstak/checkout/api_key` are
    /// two.
    key: Arc<str>,
}

impl Source for Etcd {
    const INFO: Info = Info {
        id: "etcd",
        title: "a key in etcd",
        stage: Some(Stage::Store),
        store: Some("etcd"),
        proves: &[Evidence::Value],
        replicas: ["key", "keys"],
        permission: "a role with `read` on the key",
        credentials: &["ETCDCTL_USER", "ETCDCTL_PASSWORD"],
        example: "\
- etcd: { store: etcd-eu, key: /allstak/checkout/api_key }
- etcd: { key: /allstak/shop }
  extract: { json: /api_key }
",
        tested: "a real etcd 3.4, with authentication off and on, and with client certificates",
        manual: "\
Reads the exact bytes of one key. A key that does not exist is `missing`; etcd refuses a user that may not read \
it, which is `unreachable`. A field of a JSON value is taken with `extract`.

The least privilege, as a role:

```sh
etcdctl role add straggler
etcdctl role grant-permission straggler read /allstak/checkout/api_key
etcdctl user add straggler
etcdctl user grant-role straggler straggler
```

etcd keeps earlier values of a key until it is compacted (Kubernetes compacts its own every five minutes), so \
earlier keys are found one revision after the other, as far back as they are kept, with no further permission. \
It keeps no times: when a key was replaced is known from `rotated_at` only. A key that was deleted and written \
again starts over; what was there before is not looked for.",
    };

    fn check(&self) -> Result<(), String> {
        if self.key.is_empty() {
            return Err("expected a key, not nothing".to_owned());
        }
        Ok(())
    }

    fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    fn location(&self, _: At<'_>) -> String {
        let store = self.store.as_deref().unwrap_or_default();
        format!("etcd:{}/{}", Escaped(store), Escaped(&self.key))
    }

    fn remedy(&self, _: At<'_>, _: &Case<'_>) -> String {
        let store = self.store.as_deref();
        let store = store.map_or(String::new(), |store| format!(" at {}", escape(store)));
        // What starts with a dash would be an option.
        let dashes = if self.key.starts_with('-') { "-- " } else { "" };
        format!(
            "write the current key with `etcdctl put {dashes}{} < FILE`{store}, from a file without a trailing newline",
            quoted([&*self.key])
        )
    }

    fn member(&self, _: At<'_>) -> Option<String> {
        Some(String::new())
    }

    fn read(&self, _: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        Ok(vec![Reading::new(match asking.of(&self.ask(None))? {
            Held::Value(kept) => Found::Value(Secret::copied(kept.value.expose())),
            Held::Nothing | Held::Compacted => Found::Absent,
        })])
    }

    fn history(
        &self,
        _: At<'_>,
        most: usize,
        asking: &Asking<'_>,
    ) -> Result<Option<Vec<Version>>, Stop> {
        let mut versions = Vec::new();
        let mut revision = None;
        while versions.len() < most {
            let ask = self.ask(revision);
            let kept = match asking.attempt(&ask)? {
                Ok(Held::Value(kept)) => kept,
                Ok(Held::Nothing | Held::Compacted) => break,
                Err(error) if versions.is_empty() => return Err(error.clone().into()),
                Err(error) => {
                    versions.push(version(Found::Failed(error.clone())));
                    break;
                }
            };
            let value = Secret::copied(kept.value.expose());
            versions.push(version(Found::Value(value)));
            if kept.version <= 1 {
                break;
            }
            revision = Some(kept.revision - 1);
        }
        versions.reverse();
        Ok(Some(versions))
    }
}

impl Etcd {
    fn ask(&self, at: Option<i64>) -> Range {
        Range {
            key: Arc::clone(&self.key),
            at,
        }
    }
}

fn version(found: Found) -> Version {
    Version {
        created_at: None,
        found,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use data_encoding::BASE64;
    use serde_json::{Value, json};

    use super::super::conformance::{Case, Conforming, KEY, Stand};
    use super::super::testing::{
        Known, VARIABLE, declared, history, hop, read_all, told, told_versions,
    };
    use super::*;
    use crate::platform::http::testing::{Server, redirect_elsewhere, response, silent};
    use crate::reading::{ErrorKind, ReadError, Retry};

    fn holding(value: &[u8], revision: i64, version: i64) -> String {
        json!({
            "header": {"cluster_id": "324952591200643719", "revision": "5", "raft_term": "2"},
            "kvs": [{
                "key": BASE64.encode(b"allstak/checkout"),
                "create_revision": "2",
                "mod_revision": revision.to_string(),
                "version": version.to_string(),
                "value": BASE64.encode(value),
            }],
            "count": "1",
        })
        .to_string()
    }

    fn refusal(status: &str, code: u32, message: &str) -> Vec<u8> {
        let body = json!({"error": message, "message": message, "code": code});
        response(status, "", body.to_string().as_bytes())
    }

    impl Conforming for Etcd {
        fn stand(case: Case) -> Option<Stand> {
            let server = match case {
                Case::Present => Server::answering("200 OK", holding(KEY, 5, 3).as_bytes()),
                Case::Absent => Server::answering("200 OK", br#"{"header": {"revision": "5"}}"#),
                Case::Denied => {
                    Server::start(|_| refusal("403 Forbidden", 7, "etcdserver: permission denied"))
                }
                // A key that is not there is absent; the store has no other place to be missing.
                Case::NotFound => return None,
                Case::Throttled => Server::start(|_| {
                    refusal("429 Too Many Requests", 8, "etcdserver: too many requests")
                }),
                Case::Broken => Server::start(|_| {
                    refusal(
                        "500 Internal Server Error",
                        13,
                        "etcdserver: corrupt cluster",
                    )
                }),
                Case::TooLarge => {
                    let large = holding(&vec![b'x'; 2 << 20], 5, 3);
                    Server::answering("200 OK", large.as_bytes())
                }
                Case::Silent => silent(),
                Case::Elsewhere => redirect_elsewhere(),
            };
            let store = json!({"etcd": {"address": server.url("")}});
            Some(Stand::at(store, json!({"key": "allstak/checkout"}), server))
        }
    }

    fn checkout() -> Box<dyn super::super::AnySource> {
        hop("etcd", json!({"store": "stand", "key": "allstak/checkout"}))
    }

    async fn outcome(store: &Value) -> Result<String, ReadError> {
        let (hop, connections) = (checkout(), declared(store));
        let readings = read_all(&*hop, VARIABLE, Known::default(), &connections).await?;
        Ok(told(&readings[0].found))
    }

    /// A user whose password is `straggler`, which every test has in its environment.
    fn store(server: &Server) -> Value {
        let password = json!({"env": "CARGO_PKG_NAME"});
        json!({"etcd": {"address": server.url(""), "user": "reader", "password": password}})
    }

    #[tokio::test]
    async fn an_empty_value_and_broken_ones_are_told_apart() {
        let bare = |kvs: &str| {
            let body = format!(r#"{{"kvs": [{{"mod_revision": "5", "version": "1"{kvs}}}]}}"#);
            Server::answering("200 OK", body.as_bytes())
        };
        for (kvs, expected) in [
            ("", Ok(String::new())),
            (r#", "value": "a2V5""#, Ok("key".to_owned())),
            (r#", "value": "!""#, Err(ErrorKind::BadData)),
            (r#", "value": 5"#, Err(ErrorKind::BadData)),
        ] {
            let server = bare(kvs);
            let found = outcome(&json!({"etcd": {"address": server.url("")}})).await;
            assert_eq!(found.map_err(|error| error.kind), expected, "{kvs}");
        }
    }

    #[tokio::test]
    async fn a_login_is_shared_and_comes_again_when_its_token_has_ended() {
        let logins = Cell::new(0);
        let server = Server::reading(move |head, body| {
            if head.starts_with("post /v3/auth/authenticate") {
                assert_eq!(body, r#"{"name":"reader","password":"straggler"}"#);
                logins.set(logins.get() + 1);
                let token = json!({"header": {}, "token": format!("token.{}", logins.get())});
                return response("200 OK", "", token.to_string().as_bytes());
            }
            assert!(body.contains(&BASE64.encode(b"allstak/checkout")), "{body}");
            if head.contains("authorization: token.1") {
                return refusal("401 Unauthorized", 16, "etcdserver: invalid auth token");
            }
            assert!(head.contains("authorization: token.2"), "{head}");
            response("200 OK", "", holding(b"key", 5, 3).as_bytes())
        });
        let connections = declared(&store(&server));
        let hop = checkout();
        let read = async || {
            let readings = read_all(&*hop, VARIABLE, Known::default(), &connections).await?;
            Ok::<_, ReadError>(told(&readings[0].found))
        };
        let error = read().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied);
        assert_eq!(error.retry, Retry::Later, "the next try logs in again");
        assert_eq!(read().await.unwrap(), "key");
        assert_eq!(read().await.unwrap(), "key");
        assert_eq!(server.requests().len(), 5);
    }

    #[tokio::test]
    async fn where_authentication_is_off_no_token_is_needed() {
        let server = Server::start(|head| {
            if head.starts_with("post /v3/auth/authenticate") {
                let off = "etcdserver: authentication is not enabled";
                return refusal("400 Bad Request", 9, off);
            }
            assert!(!head.contains("authorization"), "{head}");
            response("200 OK", "", holding(b"key", 5, 3).as_bytes())
        });
        assert_eq!(outcome(&store(&server)).await.unwrap(), "key");
    }

    #[tokio::test]
    async fn what_the_gateway_calls_a_bad_request_may_be_a_denial() {
        let nameless =
            Server::start(|_| refusal("400 Bad Request", 3, "etcdserver: user name is empty"));
        let open = json!({"etcd": {"address": nameless.url("")}});
        let error = outcome(&open).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied);
        assert!(
            error
                .next
                .starts_with("set ETCDCTL_USER and ETCDCTL_PASSWORD")
        );

        let wrong = Server::start(|_| {
            let why = "etcdserver: authentication failed, invalid user ID or password: straggler";
            refusal("400 Bad Request", 3, why)
        });
        let error = outcome(&store(&wrong)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied);
        assert_eq!(error.next, "correct the name or the password of reader");
        assert!(!error.message.contains("straggler"), "{error}");

        let passwordless = json!({"etcd": {"address": wrong.url(""), "user": "reader"}});
        let error = outcome(&passwordless).await.unwrap_err();
        assert_eq!(error.message, "no credential: reader has no password");
    }

    #[tokio::test]
    async fn history_goes_back_until_the_first_or_what_is_compacted() {
        for (oldest, most, expected) in [
            (1, 10, &["one", "two", "three"][..]),
            (3, 10, &["two", "three"]),
            (1, 2, &["two", "three"]),
        ] {
            let server = Server::reading(move |_, body| {
                let asked: Value = serde_json::from_str(body).unwrap();
                let at = asked["revision"].as_str().map(|text| text.parse::<i64>());
                match at.transpose().unwrap().unwrap_or(8) {
                    at if at < oldest => {
                        let gone = "etcdserver: mvcc: required revision has been compacted";
                        refusal("400 Bad Request", 11, gone)
                    }
                    7.. => response("200 OK", "", holding(b"three", 7, 3).as_bytes()),
                    3.. => response("200 OK", "", holding(b"two", 3, 2).as_bytes()),
                    2.. => response("200 OK", "", holding(b"one", 2, 1).as_bytes()),
                    at => panic!("nothing was there at {at}"),
                }
            });
            let connections = declared(&json!({"etcd": {"address": server.url("")}}));
            let versions = history(&*checkout(), most, &connections).await.unwrap();
            assert_eq!(told_versions(&versions), expected);
        }
    }

    #[tokio::test]
    async fn what_is_known_of_a_history_is_kept_when_it_breaks_off() {
        let server = Server::reading(|_, body| {
            if body.contains("revision") {
                return refusal("503 Service Unavailable", 14, "etcdserver: no leader");
            }
            response("200 OK", "", holding(b"two", 3, 2).as_bytes())
        });
        let connections = declared(&json!({"etcd": {"address": server.url("")}}));
        let versions = history(&*checkout(), 10, &connections).await.unwrap();
        let [broken, kept] = &told_versions(&versions)[..] else {
            panic!("two versions")
        };
        assert!(broken.starts_with("failed: protocol") && kept == "two");

        let server =
            Server::start(|_| refusal("403 Forbidden", 7, "etcdserver: permission denied"));
        let connections = declared(&json!({"etcd": {"address": server.url("")}}));
        let error = history(&*checkout(), 10, &connections).await.err().unwrap();
        assert_eq!(
            error.next,
            "let the user's role read it: `etcdctl role grant-permission ROLE read allstak/checkout`"
        );
    }
}
