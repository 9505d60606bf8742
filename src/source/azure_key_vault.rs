use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source, There};
use crate::key::Secret;
use crate::platform::azure::{Get, Kept, Listed, Versions, check_vault};
use crate::platform::commands::quoted;
use crate::platform::{Asking, Locator, Page, Stop, pages};
use crate::reading::{Found, Reading, Version};
use crate::text::Escaped;
use crate::verdict::{Evidence, Stage};

/// A secret in Azure Key Vault.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AzureKeyVault {
    /// The declared store; by default what the variables of Azure's tools name.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// The vault's name, or its whole address; by default the store's.
    #[serde(default)]
    vault: Option<Arc<str>>,
    /// The secret's name.
    secret: Arc<str>,
    /// The id of a version to pin; by default the current version.
    #[serde(default)]
    version: Option<Arc<str>>,
}

impl Source for AzureKeyVault {
    const INFO: Info = Info {
        id: "azure_key_vault",
        title: "a secret in Azure Key Vault",
        stage: Some(Stage::Store),
        store: Some("azure"),
        proves: &[Evidence::Value],
        replicas: ["secret", "secrets"],
        permission: "the role \"Key Vault Secrets User\" on the secret",
        credentials: &["AZURE_CLIENT_SECRET", "IDENTITY_HEADER"],
        example: "\
- azure_key_vault: { store: kv-eu, secret: allstak-api-key }
- azure_key_vault: { vault: shop-kv, secret: allstak }
  extract: { json: /api_key }
",
        tested: "a fake shaped by Microsoft's published specification of the API, 7.4",
        manual: "\
Reads the value of one secret: its current version, or the one that `version` pins. A field of a JSON value is \
taken with `extract`.

A secret that does not exist, or is deleted but can be recovered, is `missing`. An identity that may not read it \
gets 403 in either case, which is `unreachable`. A disabled secret can be read by nobody, so it is \
`unreachable`; so is one behind a firewall that does not let straggler through.

The least privilege is the role \"Key Vault Secrets User\" on the secret alone:

```sh
az role assignment create --role 'Key Vault Secrets User' --assignee CLIENT_ID \\
  --scope \"$(az keyvault show --name checkout-kv --query id --output tsv)/secrets/allstak-api-key\"
```

It also lists the versions, so earlier keys come with it. In a vault with access policies instead of roles it is \
the secret permission `get`, and `list` for earlier keys; both hold for the whole vault:

```sh
az keyvault set-policy --name checkout-kv --spn CLIENT_ID --secret-permissions get list
```

Versions are listed in no order, so all of them are listed and the latest read. A disabled one cannot be read: \
what it held stays unknown. A version's time is that of its creation; a change of its tags or dates does not \
affect it.

Key Vault takes 4,000 requests in ten seconds for each vault.",
    };

    fn check(&self) -> Result<(), String> {
        self.vault.as_deref().map_or(Ok(()), check_vault)?;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if self.secret.is_empty() || !self.secret.bytes().all(fits) {
            return Err("expected a secret's name: letters, digits and dashes".to_owned());
        }
        let hex = |version: &str| version.bytes().all(|byte| byte.is_ascii_hexdigit());
        if self
            .version
            .as_deref()
            .is_some_and(|id| id.is_empty() || !hex(id))
        {
            return Err("expected a version's id: 32 hex digits".to_owned());
        }
        Ok(())
    }

    fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    fn location(&self, _: At<'_>) -> String {
        let vault = self.vault.as_deref().or(self.store.as_deref());
        let vault = Escaped(vault.unwrap_or_default());
        let secret = Escaped(&self.secret);
        match &self.version {
            Some(version) => format!("azure_key_vault:{vault}/{secret}/{}", Escaped(version)),
            None => format!("azure_key_vault:{vault}/{secret}"),
        }
    }

    fn locate(&self, _: At<'_>, to: &mut Locator) {
        to.options([self.vault.as_deref(), self.version.as_deref()]);
    }

    fn remedy(&self, _: At<'_>, case: &Case<'_>) -> String {
        let secret = quoted([&*self.secret]);
        // The store may name the vault, or its whole address.
        let vault = self.vault.as_deref().filter(|vault| !vault.contains('/'));
        let vault = vault.map_or_else(|| "VAULT".to_owned(), |vault| quoted([vault]));
        let set = format!(
            "write the current key with `az keyvault secret set --vault-name {vault} --name {secret} --file FILE`, \
             from a file without a trailing newline"
        );
        match (&self.version, case.there) {
            (Some(_), _) => format!(
                "{set}, then pin the new version wherever this one is pinned, and as `version` of this hop"
            ),
            (None, There::Nothing) => format!(
                "{set}; one that was deleted has to come back first: `az keyvault secret recover --vault-name {vault} --name \
                 {secret}`"
            ),
            (None, _) => set,
        }
    }

    fn member(&self, _: At<'_>) -> Option<String> {
        Some(String::new())
    }

    fn read(&self, _: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let answer = asking.of(&self.get(self.version.clone()))?;
        let mut reading = Reading::new(found(answer));
        reading.stored_at = answer.as_ref().and_then(|kept| kept.created_at);
        Ok(vec![reading])
    }

    fn history(
        &self,
        _: At<'_>,
        most: usize,
        asking: &Asking<'_>,
    ) -> Result<Option<Vec<Version>>, Stop> {
        let mut listed = self.list(asking)?;
        listed.sort_by_key(|version| version.created_at);
        if let Some(pinned) = &self.version {
            // What came later never was what is read here.
            let here = listed.iter().position(|one| one.version == *pinned);
            listed.truncate(here.map_or(0, |here| here + 1));
        }
        let skipped = listed.len().saturating_sub(most);
        let latest = &listed[skipped..];
        let readable = latest.iter().filter(|one| one.disabled.is_none());
        let asks: Vec<_> = readable
            .map(|one| self.get(Some(Arc::clone(&one.version))))
            .collect();
        let mut answers = asking.all(&asks)?.into_iter();
        let mut read = |one: &Listed| match &one.disabled {
            Some(why) => Found::Failed(why.clone()),
            None => match answers.next() {
                Some(Ok(answer)) => found(answer),
                Some(Err(error)) => Found::Failed(error.clone()),
                None => Found::Absent,
            },
        };
        let versions = latest.iter().map(|one| Version {
            created_at: one.created_at,
            found: read(one),
        });
        Ok(Some(versions.collect()))
    }
}

impl AzureKeyVault {
    fn get(&self, version: Option<Arc<str>>) -> Get {
        Get {
            vault: self.vault.clone(),
            secret: Arc::clone(&self.secret),
            version,
        }
    }

    /// All versions, in no order.
    fn list(&self, asking: &Asking<'_>) -> Result<Vec<Listed>, Stop> {
        let first = Versions {
            vault: self.vault.clone(),
            secret: Arc::clone(&self.secret),
            page: Page::first(Versions::MOST),
        };
        let pages = pages(&first, asking)?;
        Ok(pages.into_iter().flatten().cloned().collect())
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
