use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source};
use crate::key::Secret;
use crate::platform::commands::quoted;
use crate::platform::doppler::List;
use crate::platform::{Asking, Locator, MAX_BYTES, Stop};
use crate::reading::{ErrorKind, Found, ReadError, Reading};
use crate::text::Escaped;
use crate::verdict::{Evidence, Stage};

/// A secret in a Doppler config.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Doppler {
    /// The declared store; by default what `DOPPLER_TOKEN` may read.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// The project; by default the store's.
    #[serde(default)]
    project: Option<Arc<str>>,
    /// The config: `prd`. By default the store's.
    #[serde(default)]
    config: Option<Arc<str>>,
    /// The secret's name; by default the variable.
    #[serde(default)]
    name: Option<Arc<str>>,
}

impl Source for Doppler {
    const INFO: Info = Info {
        id: "doppler",
        title: "a secret in a Doppler config",
        stage: Some(Stage::Store),
        store: Some("doppler"),
        proves: &[Evidence::Value],
        replicas: ["secret", "secrets"],
        permission: "a service token of the config with access `read`",
        credentials: &["DOPPLER_TOKEN"],
        example: "\
- doppler: {}
- doppler: { store: checkout-prd }
- doppler: { project: checkout, config: prd, name: ALLSTAK_API_KEY }
",
        tested: "a fake shaped by Doppler's API documentation",
        manual: "\
Reads the computed value, as programs get it: references to other secrets are followed. All names of one config \
share one request, if all hops name the config in the same way. Dynamic secrets are left out, since reading them \
would issue leases; one that is named is `missing`.

A name that the config does not have is `missing`. A secret whose visibility is `restricted` is shown to service \
tokens and not to people's: then it is `unverified`. Doppler does not distinguish a config that the token may \
not read from one that does not exist, so both are `unreachable`.

The least privilege is a service token with access `read`, which reads this one config:

```sh
doppler configs tokens create straggler --project checkout --config prd --access read --plain
```

Earlier values are not read from Doppler, so nothing is known of earlier keys: declare them as `previous`, or \
let the ledger learn them.",
    };

    fn check(&self) -> Result<(), String> {
        for (what, text) in [
            ("project", &self.project),
            ("config", &self.config),
            ("name", &self.name),
        ] {
            if text.as_ref().is_some_and(|text| text.is_empty()) {
                return Err(format!("expected a {what}, not nothing"));
            }
        }
        Ok(())
    }

    fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    fn location(&self, at: At<'_>) -> String {
        let place = [&self.store, &self.project, &self.config];
        let place = place.into_iter().filter_map(Option::as_deref);
        let parts: Vec<_> = place
            .chain([self.name(at)])
            .map(|part| Escaped(part).to_string())
            .collect();
        format!("doppler:{}", parts.join("/"))
    }

    fn locate(&self, _: At<'_>, to: &mut Locator) {
        to.options([self.project.as_deref(), self.config.as_deref()]);
    }

    fn remedy(&self, at: At<'_>, _: &Case<'_>) -> String {
        let mut place = String::new();
        for (option, value) in [("--project", &self.project), ("--config", &self.config)] {
            if let Some(value) = value {
                place = format!("{place} {option} {}", quoted([&**value]));
            }
        }
        // Without `--silent` it prints the key.
        format!(
            "write the current key with `doppler secrets set {}{place} --silent < FILE`, from a file without a trailing newline",
            quoted([self.name(at)])
        )
    }

    fn member(&self, at: At<'_>) -> Option<String> {
        Some(self.name(at).to_owned())
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let secrets = asking.of(&List {
            project: self.project.clone(),
            config: self.config.clone(),
        })?;
        let found = match secrets.get(self.name(at)) {
            Some(Some(value)) if value.expose().len() > MAX_BYTES => {
                return Err(self.too_large(at).into());
            }
            Some(Some(value)) => Found::Value(Secret::copied(value.expose())),
            Some(None) => Found::hidden(
                None,
                "Doppler does not show its value to this token: a restricted secret is read with a \
                 service token of its config",
            ),
            None => Found::Absent,
        };
        let shown = secrets.iter().filter_map(|(name, value)| {
            let value = value.as_ref()?.expose();
            Some((name.as_bytes(), value))
        });
        Ok(vec![Reading::new(found).out_of_entries(shown)])
    }
}

impl Doppler {
    fn name<'s>(&'s self, at: At<'s>) -> &'s str {
        self.name.as_deref().unwrap_or(at.variable)
    }

    fn too_large(&self, at: At<'_>) -> ReadError {
        ReadError::new(
            ErrorKind::TooLarge,
            format!("{} is over {} MiB", self.location(at), MAX_BYTES >> 20),
            "name the secret that holds the key",
        )
    }
}

#[cfg(test)]
mod tests;
