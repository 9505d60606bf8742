use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source, There};
use crate::key::Secret;
use crate::platform::commands::quoted;
use crate::platform::gcp::{Access, Kept, Listed, Secrets, State, Versions};
use crate::platform::{Asking, Locator, Page, Stop, pages_until};
use crate::reading::{ErrorKind, Found, ReadError, Reading, Version};
use crate::text::{Escaped, escape};
use crate::verdict::{Evidence, Stage};

/// How many versions are asked for at once, at least.
const PAGE: usize = 100;

/// A secret in Google Secret Manager.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GcpSecretManager {
    /// The declared store; by default Google's application default credentials.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// The project's id or number; by default the store's.
    #[serde(default)]
    project: Option<Arc<str>>,
    /// Where the secret is kept, if it is a regional one: `me-central2`.
    #[serde(default)]
    location: Option<Arc<str>>,
    /// The secret's name.
    secret: Arc<str>,
    /// A version's number or alias; by default the latest.
    #[serde(default)]
    version: Option<Arc<str>>,
}

impl Source for GcpSecretManager {
    const INFO: Info = Info {
        id: "gcp_secret_manager",
        title: "a secret in Google Secret Manager",
        stage: Some(Stage::Store),
        store: Some("gcp"),
        proves: &[Evidence::Value],
        replicas: ["secret", "secrets"],
        permission: "roles/secretmanager.secretAccessor on the secret",
        credentials: &["GOOGLE_APPLICATION_CREDENTIALS"],
        example: "\
- gcp_secret_manager: { store: gcp-eu, secret: allstak-api-key }
- gcp_secret_manager: { project: shop-prod, location: me-central2, secret: allstak, version: '7' }
  extract: { json: /api_key }
",
        tested: "a fake shaped by Google's published discovery document of the API, v1",
        manual: "\
Reads the bytes of one version, exactly, and checks them against the checksum that Google keeps: the latest \
version, or the one that `version` pins. A field of a JSON value is taken with `extract`.

`latest` is the version that was created last, whatever its state. If it is disabled, nobody can read it, so it \
is `unreachable`; if it is destroyed, the key is `missing`. A secret that does not exist is `missing` for an \
identity that may read the project's secrets; any other gets 403 in either case, which is `unreachable`.

The least privilege:

```sh
gcloud secrets add-iam-policy-binding allstak-api-key \\
  --member serviceAccount:straggler@checkout-prod.iam.gserviceaccount.com --role roles/secretmanager.secretAccessor
```

Earlier keys need the list of versions too, which is `secretmanager.versions.list`: `roles/secretmanager.viewer` \
on the secret. Of the versions listed, the enabled ones are read; what a disabled one held stays unknown.

A project may read 90,000 versions and 600 lists a minute.",
    };

    fn check(&self) -> Result<(), String> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        for (what, text) in [
            ("a secret's name", Some(&self.secret)),
            ("a location", self.location.as_ref()),
            ("a version's number or alias", self.version.as_ref()),
        ] {
            if text.is_some_and(|text| text.is_empty() || !text.bytes().all(fits)) {
                return Err(format!("expected {what}: letters, digits, - and _"));
            }
        }
        Ok(())
    }

    fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    fn location(&self, _: At<'_>) -> String {
        let project = self.project.as_deref().or(self.store.as_deref());
        let place = [project, self.location.as_deref()].into_iter().flatten();
        let mut shown = "gcp_secret_manager:".to_owned();
        for part in place.chain([&*self.secret]).chain(self.version.as_deref()) {
            let slash = if shown.ends_with(':') { "" } else { "/" };
            shown = format!("{shown}{slash}{}", Escaped(part));
        }
        shown
    }

    fn locate(&self, _: At<'_>, to: &mut Locator) {
        to.options([
            self.project.as_deref(),
            self.location.as_deref(),
            self.version.as_deref(),
        ]);
    }

    fn remedy(&self, _: At<'_>, case: &Case<'_>) -> String {
        let mut place = quoted([&*self.secret]);
        for (option, value) in [("--location", &self.location), ("--project", &self.project)] {
            if let Some(value) = value {
                place = format!("{place} {option} {}", quoted([&**value]));
            }
        }
        let add = format!(
            "add the current key with `gcloud secrets versions add {place} --data-file FILE`, from a file without \
             a trailing newline"
        );
        match (&self.version, case.there) {
            (Some(_), _) => format!(
                "{add}, then pin the new version wherever this one is pinned, and as `version` of this hop"
            ),
            (None, There::Nothing) => format!(
                "{add}; a secret that is not there yet is made with `gcloud secrets create {place} --data-file FILE`"
            ),
            (None, _) => add,
        }
    }

    fn member(&self, _: At<'_>) -> Option<String> {
        Some(String::new())
    }

    fn read(&self, _: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        Ok(vec![Reading::new(found(asking.of(&self.here())?))])
    }

    fn history(
        &self,
        _: At<'_>,
        most: usize,
        asking: &Asking<'_>,
    ) -> Result<Option<Vec<Version>>, Stop> {
        let last = match self.version {
            None => u64::MAX,
            // What came later never was what is read here.
            Some(_) => match asking.of(&self.here())? {
                Some(kept) => kept.number.unwrap_or(u64::MAX),
                None => return Ok(Some(Vec::new())),
            },
        };
        let latest = self.list(last, most, asking)?;
        let enabled = latest.iter().filter(|one| one.state == State::Enabled);
        let asks: Vec<_> = enabled
            .map(|one| self.access(&one.number.to_string()))
            .collect();
        let mut answers = asking.all(&asks)?.into_iter();
        let mut read = |one: &Listed| match one.state {
            State::Enabled => match answers.next() {
                Some(Ok(answer)) => found(answer),
                Some(Err(error)) => Found::Failed(error.clone()),
                None => Found::Absent,
            },
            State::Destroyed => Found::Absent,
            State::Disabled | State::Other => Found::Failed(self.disabled(one.number)),
        };
        let versions = latest.iter().map(|one| Version {
            created_at: one.created_at,
            found: read(one),
        });
        Ok(Some(versions.collect()))
    }
}

impl GcpSecretManager {
    fn secrets(&self) -> Secrets {
        Secrets {
            project: self.project.clone(),
            location: self.location.clone(),
            secret: Arc::clone(&self.secret),
        }
    }

    fn access(&self, version: &str) -> Access {
        Access {
            of: self.secrets(),
            version: version.into(),
        }
    }

    fn here(&self) -> Access {
        self.access(self.version.as_deref().unwrap_or("latest"))
    }

    /// The latest up to this one, oldest first.
    fn list(&self, last: u64, most: usize, asking: &Asking<'_>) -> Result<Vec<Listed>, Stop> {
        let first = Versions {
            of: self.secrets(),
            page: Page::first(most.max(PAGE)),
        };
        let fits = |one: &&Listed| one.number <= last;
        let mut count = 0;
        let pages = pages_until(&first, asking, |versions| {
            count += versions.iter().filter(fits).count();
            count >= most
        })?;
        let listed = pages.into_iter().flatten().filter(fits);
        let mut listed: Vec<_> = listed.take(most).cloned().collect();
        listed.sort_by_key(|one| one.number);
        Ok(listed)
    }

    fn disabled(&self, number: u64) -> ReadError {
        ReadError::new(
            ErrorKind::Denied,
            format!("version {number} of {} is disabled", escape(&self.secret)),
            "enable the version if it matters what it held",
        )
    }
}

fn found(answer: &Option<Kept>) -> Found {
    match answer {
        Some(kept) => Found::Value(Secret::copied(kept.value.expose())),
        None => Found::Absent,
    }
}

#[cfg(test)]
mod tests;
