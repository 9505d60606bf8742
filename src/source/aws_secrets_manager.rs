use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source};
use crate::extract::{pointer_to, string_at};
use crate::key::Secret;
use crate::platform::aws::{
    Held, ListVersions, ListedVersion, ReadSecret, ReadVersion, Which, check_region, region_of_arn,
};
use crate::platform::{Asking, Attempt, Locator, Stop, pages};
use crate::reading::{Found, Reading, Version};
use crate::text::Escaped;
use crate::verdict::{Evidence, Stage};

mod mend;

/// A secret in AWS Secrets Manager.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsSecretsManager {
    /// The declared store; by default what the environment and `~/.aws` name.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// The region, unless the store's own or the one in the ARN.
    #[serde(default)]
    region: Option<Arc<str>>,
    /// Its name or its ARN: `allstak/checkout`.
    secret: Arc<str>,
    /// The member of the JSON object that the secret is, as the console writes it; by default the
    /// whole secret.
    #[serde(default)]
    field: Option<Arc<str>>,
    /// The version's id or staging label; by default `AWSCURRENT`.
    #[serde(default)]
    version: Option<Arc<str>>,
}

/// The label of the version that everybody gets.
const CURRENT: &str = "AWSCURRENT";
/// The label of the one before it.
const PREVIOUS: &str = "AWSPREVIOUS";
/// The label of the one that a rotation is testing.
const PENDING: &str = "AWSPENDING";

impl Source for AwsSecretsManager {
    const INFO: Info = Info {
        id: "aws_secrets_manager",
        title: "a secret in AWS Secrets Manager",
        stage: Some(Stage::Store),
        store: Some("aws"),
        proves: &[Evidence::Value],
        replicas: ["secret", "secrets"],
        permission: "`secretsmanager:GetSecretValue` on the secret, `secretsmanager:BatchGetSecretValue`, and `kms:Decrypt` where a key of your own encrypts it",
        credentials: &[
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
        ],
        example: "\
- aws_secrets_manager: { store: prod-eu, secret: allstak/checkout, field: api_key }
- aws_secrets_manager: { secret: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:allstak/shop-a1B2c3' }
- aws_secrets_manager: { region: us-east-1, secret: allstak/shop, version: AWSPREVIOUS }
",
        tested: "moto, with its signature and permission checks off and on",
        manual: "\
Reads the version that has the label `AWSCURRENT`, twenty secrets in one call (`BatchGetSecretValue`); if that \
call is not allowed, each with a call of its own. Hops on several fields of one secret share its read. A \
`version` of 32 to 64 hex digits and hyphens is an id, any other a staging label. The console writes secrets as \
a JSON object: name its member with `field`. Without it such a secret is `unreachable`, unless it holds an old \
key or another project's. A secret of bytes (`SecretBinary`) is taken as those bytes.

A secret that does not exist, has no such version or no such field is `missing`, and so is one that is scheduled \
for deletion, with a note. AWS denies access to a name that may not be read, which is `unreachable`. Each read \
is an entry in CloudTrail and updates the secret's last-accessed date.

The least privilege, as a policy; `ListSecretVersionIds` is for the history, `kms:Decrypt` for secrets under a \
key of your own:

```json
{
  \"Version\": \"2012-10-17\",
  \"Statement\": [
    {
      \"Effect\": \"Allow\",
      \"Action\": [\"secretsmanager:GetSecretValue\", \"secretsmanager:ListSecretVersionIds\"],
      \"Resource\": \"arn:aws:secretsmanager:*:123456789012:secret:allstak/*\"
    },
    { \"Effect\": \"Allow\", \"Action\": \"secretsmanager:BatchGetSecretValue\", \"Resource\": \"*\" },
    {
      \"Effect\": \"Allow\",
      \"Action\": \"kms:Decrypt\",
      \"Resource\": \"arn:aws:kms:*:123456789012:key/*\",
      \"Condition\": { \"StringLike\": { \"kms:ViaService\": \"secretsmanager.*.amazonaws.com\" } }
    }
  ]
}
```

The history is the secret's versions, those without a label included, each read once by its id. A version that \
only has the label `AWSPENDING`, or was labelled otherwise after the current one, was never current and is left \
out. Secrets Manager keeps about a hundred versions.",
    };

    fn check(&self) -> Result<(), String> {
        self.region.as_deref().map_or(Ok(()), check_region)?;
        for (name, text) in [
            ("secret", Some(&self.secret)),
            ("field", self.field.as_ref()),
            ("version", self.version.as_ref()),
        ] {
            if text.is_some_and(|text| text.is_empty()) {
                return Err(format!("expected a `{name}`, not an empty text"));
            }
        }
        Ok(())
    }

    fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    fn location(&self, _: At<'_>) -> String {
        let store = self.store.as_deref().unwrap_or_default();
        let mut location = format!("aws_secrets_manager:{}", Escaped(store));
        for part in self.region.iter().chain([&self.secret]) {
            location.push_str(&format!("/{}", Escaped(part)));
        }
        if let Some(version) = &self.version {
            location.push_str(&format!("?{}", Escaped(version)));
        }
        if let Some(field) = &self.field {
            location.push_str(&format!("#{}", Escaped(field)));
        }
        location
    }

    fn locate(&self, _: At<'_>, to: &mut Locator) {
        to.options([
            self.region.as_deref(),
            self.version.as_deref(),
            self.field.as_deref(),
        ]);
    }

    fn remedy(&self, at: At<'_>, _: &Case<'_>) -> String {
        self.write(at)
    }

    fn remedy_for_part(&self, at: At<'_>, _: &Case<'_>) -> String {
        self.write(at)
    }

    fn member_setting(&self) -> Option<&'static str> {
        self.field.is_none().then_some("field")
    }

    fn member(&self, _: At<'_>) -> Option<String> {
        Some(self.field.as_deref().map(pointer_to).unwrap_or_default())
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let held = match self.which() {
            Some(which) => asking.of(&ReadVersion {
                of: self.secret(),
                which,
            })?,
            None => asking.of(&self.secret())?,
        };
        let there = match (&**held, self.which()) {
            // Whether the secret is there at all is not always told.
            (Held::Nothing, Some(_)) => match asking.attempt(&self.secret())? {
                Ok(held) if !matches!(**held, Held::Nothing) => &Held::NoVersion,
                _ => &Held::Nothing,
            },
            (held, _) => held,
        };
        let mut reading = Reading::new(self.found(held));
        if let (Some(_), Held::Value { bytes, .. }) = (&self.field, &**held) {
            reading = reading.out_of(Arc::new(Secret::copied(bytes.expose())));
        }
        reading.stored_at = stored_at(held);
        if let Some(words) = self.mend(there, at) {
            reading = reading.mended_by(words);
        }
        if matches!(**held, Held::Deleted) {
            reading = reading.with_note(
                "the secret is scheduled for deletion; until then `aws secretsmanager restore-secret` brings it back",
            );
        }
        Ok(vec![reading])
    }

    fn history(
        &self,
        _: At<'_>,
        most: usize,
        asking: &Asking<'_>,
    ) -> Result<Option<Vec<Version>>, Stop> {
        if self.which().is_some() {
            return Ok(None);
        }
        let pages = pages(&ListVersions::of(self.secret()), asking)?;
        let listed: Vec<_> = pages.into_iter().flatten().collect();
        let past = ever_current(&listed, most);
        let asks: Vec<_> = past
            .iter()
            .map(|version| ReadVersion {
                of: self.secret(),
                which: Which::Id(Arc::clone(&version.id)),
            })
            .collect();
        let answers = asking.all(&asks)?;
        let version = |(listed, answer): (&&ListedVersion, Answered<'_>)| {
            let (stored_at, found) = match answer {
                Ok(held) => (stored_at(held), self.found(held)),
                Err(error) => (None, Found::Failed(error.clone())),
            };
            Version {
                created_at: stored_at.or(listed.created_at),
                found,
            }
        };
        let versions = past.iter().zip(answers);
        Ok(Some(versions.map(version).collect()))
    }
}

impl AwsSecretsManager {
    fn secret(&self) -> ReadSecret {
        let region = self.region.as_deref().or(region_of_arn(&self.secret));
        ReadSecret {
            region: region.map(Into::into),
            secret: Arc::clone(&self.secret),
        }
    }

    /// The version that is named; `None` for the current one.
    fn which(&self) -> Option<Which> {
        let version = self.version.as_ref().filter(|named| &***named != CURRENT)?;
        let fits = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
        Some(match version.len() {
            32..=64 if version.bytes().all(fits) => Which::Id(Arc::clone(version)),
            _ => Which::Stage(Arc::clone(version)),
        })
    }

    /// What is there in the hop's own field.
    fn found(&self, held: &Held) -> Found {
        let Held::Value { bytes, .. } = held else {
            return Found::Absent;
        };
        let Some(field) = &self.field else {
            return Found::Value(Secret::copied(bytes.expose()));
        };
        match string_at(bytes.expose(), &pointer_to(field)) {
            Ok(Some(key)) => Found::Value(key),
            Ok(None) => Found::Absent,
            Err(error) => Found::Failed(error),
        }
    }
}

type Answered<'a> = Attempt<'a, ReadVersion>;

fn stored_at(held: &Held) -> Option<Timestamp> {
    match held {
        Held::Value { created_at, .. } => *created_at,
        Held::Nothing | Held::NoVersion | Held::Deleted => None,
    }
}

/// The versions that were ever current, the latest of them, oldest first.
fn ever_current<'a>(listed: &[&'a ListedVersion], most: usize) -> Vec<&'a ListedVersion> {
    let has =
        |version: &ListedVersion, label: &str| version.stages.iter().any(|stage| &**stage == label);
    let present = listed.iter().find(|version| has(version, CURRENT));
    let since = present.and_then(|present| present.created_at);
    let was_current = |version: &&'a ListedVersion| {
        if has(version, CURRENT) || has(version, PREVIOUS) || version.stages.is_empty() {
            return true;
        }
        // Labelled otherwise: perhaps an old one that somebody marked, perhaps one still to come.
        !has(version, PENDING) && version.created_at < since
    };
    let mut versions: Vec<_> = listed.iter().copied().filter(was_current).collect();
    versions.sort_by_key(|version| version.created_at);
    let surplus = versions.len().saturating_sub(most.max(1));
    let cut: Vec<_> = versions.drain(..surplus).collect();
    // After a rollback the present one may be older than many.
    if let Some(present) = cut.iter().find(|version| has(version, CURRENT))
        && let Some(oldest) = versions.first_mut()
    {
        *oldest = present;
    }
    versions
}

#[cfg(test)]
mod tests;
