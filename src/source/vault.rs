mod write;

use std::fmt::Write as _;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source};
use crate::extract::string_at;
use crate::key::Secret;
use crate::platform::http::check_path;
use crate::platform::vault::{Gone, Place, Read, Stored, Versions};
use crate::platform::{Asking, Stop};
use crate::reading::{ErrorKind, Found, ReadError, Reading, Version};
use crate::text::{Escaped, escape};
use crate::verdict::{Evidence, Stage};

/// A field of a secret in Vault's or OpenBao's key-value store.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    /// The declared store; by default what `VAULT_ADDR` or `BAO_ADDR` names.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// The path within the mount: `allstak/checkout`, without `data/`.
    path: Arc<str>,
    /// The name of the field.
    field: Box<str>,
    /// Where the key-value store is mounted; by default the store's `mount`.
    #[serde(default)]
    mount: Option<Arc<str>>,
    /// The namespace, as a whole path; by default the store's.
    #[serde(default)]
    namespace: Option<Arc<str>>,
    /// A version to stay with; by default the latest.
    #[serde(default)]
    #[schemars(range(min = 1))]
    version: Option<u64>,
}

impl Source for Vault {
    const INFO: Info = Info {
        id: "vault",
        title: "a field of a secret in HashiCorp Vault or OpenBao",
        stage: Some(Stage::Store),
        store: Some("vault"),
        proves: &[Evidence::Value],
        replicas: ["secret", "secrets"],
        permission: "`read` on `MOUNT/data/PATH`, and on `MOUNT/metadata/PATH` for its history; \
                     `MOUNT/PATH` in version 1",
        credentials: &["VAULT_TOKEN", "BAO_TOKEN", "BAO_TOKEN_PATH"],
        example: "\
- vault: { store: vault-prod, path: allstak/checkout, field: api_key }
- vault: { path: allstak/shop, field: api_key, mount: kv, namespace: team-a, version: 3 }
",
        tested: "a real OpenBao 2.7: both versions, policies, namespaces, logins, TLS, quotas, and every remedy; \
                 what only Vault answers, with fakes that do",
        manual: "\
Reads one field of a path in the key-value store, version 2 or 1. All hops of a path share one request, and all \
of a mount share the one that finds out its version.

A path that does not exist, a version that was deleted or destroyed (the message says so), and a field that does \
not exist are `missing`. A field that holds a number, a list or a map is `unreachable`: no process gets those \
bytes. JSON inside a string is taken apart with `extract`. `path` is written as for `vault kv get -mount=…`, \
without the `data/` that the API has.

**A refusal** is `unreachable`, and the message says why. The server answers 403 both to a token that may not \
read a path and to one that it does not know; straggler asks `auth/token/lookup-self` whether the token is \
wrong, expired, revoked or used up. A token that may read nothing in a mount cannot find out whether the mount \
exists. The message also distinguishes a mount and a namespace that do not exist, a locked namespace, a sealed \
server, an `address` that ends in `/v1`, and a `version` that the mount does not have.

**The remedy** is a command: `kv patch`, which keeps the other fields, or `kv put` if nothing is there. Both \
work where check-and-set is required. It is an instruction in words where a command would do harm: in version 1, \
where `kv put` drops the other fields, and for a hop that pins a `version`. The tool is `bao` if the server says \
that it is OpenBao.

**Locations** are `vault:STORE/PATH#FIELD`, with nothing before the first `/` for a hop that names no store, and \
with `?mount=…&namespace=…&version=…` before the `#` for what the hop itself sets.

The least privilege, as a policy for version 2 (the second path only for the history, without which everything \
else still works):

```hcl
path \"secret/data/allstak/*\"     { capabilities = [\"read\"] }
path \"secret/metadata/allstak/*\" { capabilities = [\"read\"] }
```

and for version 1, which keeps neither versions nor times:

```hcl
path \"secret/allstak/*\" { capabilities = [\"read\"] }
```

Version 2 gives the history: what the field held in the latest versions, and when each was written. A version \
that was deleted or destroyed does not say what it held. After `vault kv metadata delete` the earlier versions \
are gone, and with them the evidence of a rotation: declare `rotated_at`. Every read leaves an entry in the \
server's audit log.",
    };

    fn check(&self) -> Result<(), String> {
        check_path(&self.path)?;
        self.mount.as_deref().map_or(Ok(()), check_path)?;
        if self.field.is_empty() {
            return Err("expected the name of a `field`, not nothing".to_owned());
        }
        if self.version == Some(0) {
            return Err("expected a version from 1".to_owned());
        }
        Ok(())
    }

    fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    fn location(&self, _: At<'_>) -> String {
        let store = self.store.as_deref().unwrap_or_default();
        let path = self.path.trim_matches('/');
        let mut location = format!("vault:{}/{}", Escaped(store), Escaped(path));
        let version = self.version.map(|version| version.to_string());
        let said = [
            ("mount", self.mount.as_deref()),
            ("namespace", self.namespace.as_deref()),
            ("version", version.as_deref()),
        ];
        let said = said
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        for (position, (name, value)) in said.enumerate() {
            let mark = if position == 0 { '?' } else { '&' };
            // Writing to a string cannot fail.
            let _ = write!(location, "{mark}{name}={}", Escaped(value));
        }
        let _ = write!(location, "#{}", Escaped(&self.field));
        location
    }

    fn remedy(&self, _: At<'_>, _: &Case<'_>) -> String {
        let mount = match &self.mount {
            Some(mount) => format!("the mount {}", escape(mount.trim_matches('/'))),
            None => "the store's mount".to_owned(),
        };
        format!(
            "write the current key as {} at {} in {mount}, without a trailing newline",
            escape(&self.field),
            escape(self.path.trim_matches('/'))
        )
    }

    fn member(&self, _: At<'_>) -> Option<String> {
        Some(self.field.to_string())
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let held = match asking.attempt(&self.ask(self.version))? {
            Ok(held) => held,
            Err(error) => return Err(self.misread(error).into()),
        };
        let mut reading = Reading::new(self.found(&held.stored)?);
        match &held.stored {
            Stored::Fields { stored_at, json } => {
                reading.stored_at = *stored_at;
                reading = reading.out_of(Arc::new(Secret::copied(json.expose())));
            }
            Stored::Gone { version, how } => reading = reading.with_note(told(*version, *how)),
            Stored::Nothing => {
                if let (Some(path), true) = (self.undoubled(), held.is_versioned) {
                    let place = Place {
                        path: path.into(),
                        ..self.place()
                    };
                    let meant = Read {
                        place,
                        version: None,
                    };
                    let reading = reading.with_note(DOUBLED);
                    return Ok(vec![match asking.attempt(&meant)? {
                        Ok(meant) if at.part.is_none() => reading.mended_by(format!(
                            "leave the `data/` out of `path`, and if the key is not there yet, {}",
                            write::remedy(self, path, meant)
                        )),
                        _ => reading.mended_by("leave the `data/` out of `path`"),
                    }]);
                }
            }
        }
        // Of a part only the words for it leave the rest as it is.
        Ok(vec![match at.part {
            Some(_) => reading,
            None => reading.mended_by(write::remedy(self, &self.path, held)),
        }])
    }

    fn history(
        &self,
        _: At<'_>,
        most: usize,
        asking: &Asking<'_>,
    ) -> Result<Option<Vec<Version>>, Stop> {
        let place = self.place();
        let Some(written) = asking.of(&Versions { place })? else {
            return Ok(None);
        };
        // What came after a version that the hop stays with was never current here.
        let last = self.version.unwrap_or(u64::MAX);
        let mut latest: Vec<_> = written
            .iter()
            .filter(|written| written.version <= last)
            .collect();
        latest.drain(..latest.len().saturating_sub(most));

        let there = latest.iter().filter(|written| written.gone.is_none());
        let asks: Vec<_> = there.map(|there| self.ask(Some(there.version))).collect();
        let mut answers = asking.all(&asks)?.into_iter();
        let versions = latest.into_iter().map(|written| {
            let answer = match written.gone {
                Some(_) => None,
                None => answers.next(),
            };
            Version {
                created_at: written.created_at,
                found: match answer {
                    None => Found::Absent,
                    Some(Ok(held)) => self.found(&held.stored).unwrap_or_else(Found::Failed),
                    Some(Err(error)) => Found::Failed(error.clone()),
                },
            }
        });
        Ok(Some(versions.collect()))
    }
}

impl Vault {
    fn place(&self) -> Place {
        Place {
            namespace: self.namespace.clone(),
            mount: self.mount.clone(),
            path: Arc::clone(&self.path),
        }
    }

    fn ask(&self, version: Option<u64>) -> Read {
        let place = self.place();
        Read { place, version }
    }

    /// The path without the `data/` that only the API has, if it is written with it.
    fn undoubled(&self) -> Option<&str> {
        self.path.trim_start_matches('/').strip_prefix("data/")
    }

    /// The failure, with what may be wrong with the path.
    fn misread(&self, error: &ReadError) -> ReadError {
        match self.undoubled() {
            Some(_) if error.kind == ErrorKind::Denied && error.next.contains("capabilities") => {
                ReadError {
                    next: format!(
                        "leave the `data/` of version 2's API out of `path`; if it belongs there, {}",
                        error.next
                    )
                    .into(),
                    ..error.clone()
                }
            }
            _ => error.clone(),
        }
    }

    fn found(&self, stored: &Stored) -> Result<Found, ReadError> {
        let Stored::Fields { json, .. } = stored else {
            return Ok(Found::Absent);
        };
        let name = self.field.replace('~', "~0").replace('/', "~1");
        let found = string_at(json.expose(), &format!("/{name}")).map_err(|error| ReadError {
            message: format!("the field cannot be a key: {}", error.message).into(),
            next: "name a field that holds a string".into(),
            ..error
        })?;
        Ok(found.map_or(Found::Absent, Found::Value))
    }
}

const DOUBLED: &str = "paths are written without the `data/` of the API";

/// What was done to a version.
fn told(version: u64, how: Gone) -> String {
    match how {
        Gone::Destroyed => format!("version {version} was destroyed"),
        Gone::Deleted(None) => format!("version {version} was deleted"),
        Gone::Deleted(Some(at)) => {
            let at = at.round(jiff::Unit::Second).unwrap_or(at);
            format!("version {version} was deleted at {at}")
        }
    }
}

#[cfg(test)]
mod tests;
