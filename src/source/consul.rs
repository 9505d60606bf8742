use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source};
use crate::key::Secret;
use crate::platform::commands::quoted;
use crate::platform::consul::Read;
use crate::platform::http::check_path;
use crate::platform::{Asking, Stop};
use crate::reading::{Found, Reading};
use crate::text::{Escaped, escape};
use crate::verdict::{Evidence, Stage};

/// A key in Consul's key-value store.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consul {
    /// The declared store; by default what `CONSUL_HTTP_ADDR` names.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// The whole path: `allstak/checkout/api_key`.
    key: Arc<str>,
}

impl Source for Consul {
    const INFO: Info = Info {
        id: "consul",
        title: "a key in Consul's key-value store",
        stage: Some(Stage::Store),
        store: Some("consul"),
        proves: &[Evidence::Value],
        replicas: ["key", "keys"],
        permission: "`key_prefix` or `key` with `policy = \"read\"`",
        credentials: &["CONSUL_HTTP_TOKEN", "CONSUL_HTTP_TOKEN_FILE"],
        example: "\
- consul: { store: consul-eu, key: allstak/checkout/api_key }
- consul: { key: allstak/shop }
  extract: { json: /api_key }
",
        tested: "a fake shaped by Consul's API documentation",
        manual: "\
Reads the exact bytes of one key. A key that does not exist is `missing`; Consul answers a token that may not \
read it with 403, which is `unreachable`. A field of a JSON value is taken with `extract`.

The least privilege, as a policy:

```hcl
key \"allstak/checkout/api_key\" { policy = \"read\" }
```

Consul keeps no versions and no times, so nothing is known of earlier keys: declare them as `previous`, or let \
the ledger learn them.",
    };

    fn check(&self) -> Result<(), String> {
        check_path(&self.key)
    }

    fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    fn location(&self, _: At<'_>) -> String {
        let store = self.store.as_deref().unwrap_or_default();
        format!("consul:{}/{}", Escaped(store), Escaped(&self.key))
    }

    fn remedy(&self, _: At<'_>, _: &Case<'_>) -> String {
        let store = self.store.as_deref();
        let store = store.map_or(String::new(), |store| format!(" at {}", escape(store)));
        let dashes = if self.key.starts_with('-') { "-- " } else { "" };
        format!(
            "write the current key with `consul kv put {dashes}{} @FILE`{store}, from a file without a trailing newline",
            quoted([&*self.key])
        )
    }

    fn member(&self, _: At<'_>) -> Option<String> {
        Some(String::new())
    }

    fn read(&self, _: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let answer = asking.of(&Read {
            key: Arc::clone(&self.key),
        })?;
        let found = match answer {
            Some(bytes) => Found::Value(Secret::copied(bytes.expose())),
            None => Found::Absent,
        };
        Ok(vec![Reading::new(found)])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::conformance::{Case, Conforming, KEY, Stand};
    use super::*;
    use crate::platform::http::testing::{Server, redirect_elsewhere, silent};

    impl Conforming for Consul {
        fn stand(case: Case) -> Option<Stand> {
            let server = match case {
                Case::Present => Server::answering("200 OK", KEY),
                Case::Absent => Server::answering("404 Not Found", b""),
                Case::Denied => Server::answering("403 Forbidden", b"Permission denied"),
                // A key that is not there is absent; the store has no other place to be missing.
                Case::NotFound => return None,
                Case::Throttled => Server::answering("429 Too Many Requests", b""),
                Case::Broken => Server::answering("500 Internal Server Error", b""),
                Case::TooLarge => Server::answering("200 OK", &vec![b'x'; 2 << 20]),
                Case::Silent => silent(),
                Case::Elsewhere => redirect_elsewhere(),
            };
            let store =
                json!({"consul": {"address": server.url(""), "token": {"env": "CARGO_PKG_NAME"}}});
            Some(Stand::at(store, json!({"key": "allstak/checkout"}), server))
        }
    }
}
