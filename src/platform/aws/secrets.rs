use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Account;
use super::call::{Action, Service};
use super::refusal::{Refusal, item_refusal};
use crate::extract::SecretText;
use crate::key::Secret;
use crate::platform::http::{MAX_PAGE, Reply};
use crate::platform::{Ask, List, MAX_BYTES, Page, Portion, base64};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// Asks for the current version of a secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReadSecret {
    /// The region, unless the store's own.
    pub region: Option<Arc<str>>,
    /// Its name, or its ARN, whole or without the six characters at its end.
    pub secret: Arc<str>,
}

/// Asks for one version of a secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReadVersion {
    /// The secret.
    pub of: ReadSecret,
    /// Which version.
    pub which: Which,
}

/// Which version of a secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Which {
    /// The one with this id.
    Id(Arc<str>),
    /// The one with this staging label.
    Stage(Arc<str>),
}

/// Asks which versions of a secret there are, a page of them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ListVersions {
    of: ReadSecret,
    page: Page,
}

/// What there is of a secret.
pub enum Held {
    /// The bytes of a version, and when it was written.
    Value {
        /// As text or as bytes, however it was stored.
        bytes: Secret,
        /// When this version was written.
        created_at: Option<Timestamp>,
        /// The secret's whole ARN; empty where the answer does not tell it.
        arn: Box<str>,
    },
    /// There is no such secret.
    Nothing,
    /// There is one, but no such version of it, or nothing in it.
    NoVersion,
    /// It is scheduled to be deleted and cannot be read any more.
    Deleted,
}

/// A version in the list of a secret's versions.
pub struct ListedVersion {
    /// Its id.
    pub id: Arc<str>,
    /// Its staging labels.
    pub stages: Vec<Box<str>>,
    /// When it was written.
    pub created_at: Option<Timestamp>,
}

const PERMISSION: &str = "allow `secretsmanager:GetSecretValue` on it";

/// The most versions that a page may have.
const MOST_VERSIONS: usize = 100;

impl Ask for ReadSecret {
    type Platform = Account;
    type Answer = Arc<Held>;
    const BATCH: usize = 20;

    fn place(&self, _: &Account, held: &Arc<Held>) -> Option<String> {
        match &**held {
            Held::Value { arn, .. } if !arn.is_empty() => Some(arn.to_string()),
            _ => None,
        }
    }

    fn host(&self, account: &Account) -> Option<Arc<str>> {
        account.host(Service::SecretsManager, self.region.as_deref())
    }

    fn group(&self) -> Cow<'_, str> {
        self.region.as_deref().unwrap_or_default().into()
    }

    fn describe(&self) -> String {
        format!("GetSecretValue {}", escape(&self.secret))
    }

    async fn send(account: &Account, asks: Vec<Self>) -> Vec<Result<Arc<Held>, ReadError>> {
        let mut found = vec![None; asks.len()];
        if asks.len() > 1 && !account.no_batch.load(Ordering::Relaxed) {
            match batch(account, &asks).await {
                Ok(answers) => found = answers,
                Err(refusal) if refusal.is_about_its_content() => {
                    // What a single secret denies stands beside the others' values.
                    if refusal.error.kind == ErrorKind::Denied {
                        account.no_batch.store(true, Ordering::Relaxed);
                    }
                }
                Err(refusal) => return asks.iter().map(|_| Err(refusal.error.clone())).collect(),
            }
        }
        let mut answers = Vec::with_capacity(asks.len());
        for (ask, found) in asks.iter().zip(found) {
            answers.push(match found {
                Some(answer) => answer,
                None => ask.one(account, None).await,
            });
        }
        answers
    }
}

impl Ask for ReadVersion {
    type Platform = Account;
    type Answer = Arc<Held>;

    fn place(&self, _: &Account, held: &Arc<Held>) -> Option<String> {
        match &**held {
            Held::Value { arn, .. } if !arn.is_empty() => Some(arn.to_string()),
            _ => None,
        }
    }

    fn host(&self, account: &Account) -> Option<Arc<str>> {
        self.of.host(account)
    }

    fn describe(&self) -> String {
        let (Which::Id(version) | Which::Stage(version)) = &self.which;
        format!("{} version {}", self.of.describe(), escape(version))
    }

    async fn send(account: &Account, asks: Vec<Self>) -> Vec<Result<Arc<Held>, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.of.one(account, Some(&ask.which)).await);
        }
        answers
    }
}

impl ListVersions {
    /// From the beginning of the list.
    #[must_use]
    pub fn of(secret: ReadSecret) -> Self {
        Self {
            of: secret,
            page: Page::first(MOST_VERSIONS),
        }
    }
}

impl Ask for ListVersions {
    type Platform = Account;
    type Answer = Portion<Vec<ListedVersion>>;
    const PAGED: bool = true;

    fn host(&self, account: &Account) -> Option<Arc<str>> {
        self.of.host(account)
    }

    fn divides(&self) -> bool {
        self.page.divides()
    }

    fn describe(&self) -> String {
        let secret = escape(&self.of.secret);
        format!("ListSecretVersionIds {secret}{}", self.page.shown())
    }

    async fn send(
        account: &Account,
        asks: Vec<Self>,
    ) -> Vec<Result<Portion<Vec<ListedVersion>>, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.list(account).await);
        }
        answers
    }
}

impl List for ListVersions {
    type Items = Vec<ListedVersion>;
    const TOOL: &'static str = "`aws secretsmanager list-secret-version-ids`";

    fn at(&self, page: Page) -> Self {
        Self {
            of: self.of.clone(),
            page,
        }
    }

    fn page(&self) -> &Page {
        &self.page
    }

    fn of(&self) -> String {
        format!("versions of {}", escape(&self.of.secret))
    }
}

impl ReadSecret {
    async fn one(&self, account: &Account, which: Option<&Which>) -> Result<Arc<Held>, ReadError> {
        let mut json = json!({"SecretId": &*self.secret});
        match which {
            Some(Which::Id(id)) => json["VersionId"] = (&**id).into(),
            Some(Which::Stage(stage)) => json["VersionStage"] = (&**stage).into(),
            None => {}
        }
        let reply = self
            .act(account, "GetSecretValue", json, MAX_BYTES, PERMISSION)
            .await;
        match reply {
            Ok(reply) => reply.json::<Entry<'_>>()?.held().map(Arc::new),
            Err(refusal) => gone(refusal),
        }
    }

    async fn act(
        &self,
        account: &Account,
        name: &'static str,
        json: Value,
        most: usize,
        permission: &str,
    ) -> Result<Reply, Refusal> {
        let action = Action {
            service: Service::SecretsManager,
            region: self.region.as_deref(),
            name,
            json,
            permission,
            most,
        };
        account.act(action).await
    }

    /// Whether this is the secret with that ARN and name.
    fn names(&self, arn: &str, name: &str) -> bool {
        let asked = &*self.secret;
        if asked == arn || asked == name {
            return true;
        }
        // An ARN may be written without the hyphen and the six characters at its end.
        let Some(ends) = arn.strip_prefix(asked) else {
            return false;
        };
        asked.starts_with("arn:")
            && asked.rsplit(':').next() == Some(name)
            && ends.len() == 7
            && ends.starts_with('-')
    }
}

/// What one call gives for several secrets, in the order of the asks; `None` where it says nothing of
/// one. The answer has an order of its own.
async fn batch(
    account: &Account,
    asks: &[ReadSecret],
) -> Result<Vec<Option<Result<Arc<Held>, ReadError>>>, Refusal> {
    let ids: Vec<&str> = asks.iter().map(|ask| &*ask.secret).collect();
    let Some(first) = asks.first() else {
        return Ok(Vec::new());
    };
    let json = json!({"SecretIdList": ids});
    let permission = "allow `secretsmanager:BatchGetSecretValue`";
    let reply = first
        .act(
            account,
            "BatchGetSecretValue",
            json,
            MAX_BYTES * asks.len(),
            permission,
        )
        .await?;
    let batch: Batch<'_> = reply.json()?;
    let errors: HashMap<&str, &Item<'_>> = batch
        .errors
        .iter()
        .map(|item| (&*item.secret, item))
        .collect();
    let mut values: Vec<_> = batch
        .values
        .into_iter()
        .map(|entry| {
            let (arn, name) = (entry.arn.clone(), entry.name.clone());
            (arn, name, entry.held().map(Arc::new))
        })
        .collect();
    // Where a partial ARN fits a secret whose name ends like an ARN does, the exact one goes first.
    values.sort_by_key(|(arn, _, _)| std::cmp::Reverse(ids.contains(&&**arn)));
    let answer = |ask: &ReadSecret| {
        if let Some(item) = errors.get(&*ask.secret) {
            let what = format!("the secret {}", escape(&ask.secret));
            return Some(gone(item_refusal(
                &item.code, &item.said, &what, PERMISSION,
            )));
        }
        let found = values.iter().find(|(arn, name, _)| ask.names(arn, name));
        found.map(|(_, _, held)| held.clone())
    };
    Ok(asks.iter().map(answer).collect())
}

/// What a refusal means where the platform says that there is nothing: it answers a name that may not
/// be read with a denial.
fn gone(refusal: Refusal) -> Result<Arc<Held>, ReadError> {
    if refusal.is_not_found() {
        // "… can't find the specified secret value for staging label: AWSCURRENT".
        let of_version = ["secret value for", "specified version"];
        let there = of_version.iter().any(|words| refusal.said.contains(words));
        return Ok(Arc::new(match there {
            true => Held::NoVersion,
            false => Held::Nothing,
        }));
    }
    let deleted = ["marked for deletion", "marked deleted"];
    if &*refusal.code == "InvalidRequestException"
        && deleted.iter().any(|words| refusal.said.contains(words))
    {
        return Ok(Arc::new(Held::Deleted));
    }
    Err(refusal.error)
}

impl ListVersions {
    async fn list(&self, account: &Account) -> Result<Portion<Vec<ListedVersion>>, ReadError> {
        let mut json = json!({
            "SecretId": &*self.of.secret,
            "IncludeDeprecated": true,
            "MaxResults": self.page.most,
        });
        if let Some(token) = &self.page.from {
            json["NextToken"] = (&**token).into();
        }
        let permission = "allow `secretsmanager:ListSecretVersionIds` on it";
        let reply = self
            .of
            .act(account, "ListSecretVersionIds", json, MAX_PAGE, permission)
            .await?;
        let page: Versions<'_> = reply.json()?;
        let versions = page.versions.into_iter().map(|listed| ListedVersion {
            id: listed.id.into(),
            stages: listed.stages,
            created_at: listed.created.and_then(time),
        });
        Ok(Portion::Of {
            items: versions.collect(),
            next: next(page.next),
        })
    }
}

/// Where the next page starts, unless this is the last.
pub(super) fn next(token: Option<Cow<'_, str>>) -> Option<Arc<str>> {
    token.filter(|token| !token.is_empty()).map(Into::into)
}

/// AWS writes times as seconds since 1970, with fractions.
pub(super) fn time(seconds: f64) -> Option<Timestamp> {
    let since = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_duration(since)
        .ok()?
        .round(jiff::Unit::Millisecond)
        .ok()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    #[serde(rename = "ARN", borrow, default)]
    arn: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    created_date: Option<f64>,
    secret_string: Option<SecretText>,
    secret_binary: Option<SecretText>,
}

impl Entry<'_> {
    fn held(self) -> Result<Held, ReadError> {
        let bytes = match (self.secret_string, self.secret_binary) {
            (Some(SecretText(text)), _) => text,
            (None, Some(SecretText(encoded))) => decoded(&encoded)?,
            (None, None) => return Ok(Held::NoVersion),
        };
        Ok(Held::Value {
            bytes,
            created_at: self.created_date.and_then(time),
            arn: self.arn.into(),
        })
    }
}

fn decoded(encoded: &Secret) -> Result<Secret, ReadError> {
    base64::decoded(encoded.expose()).ok_or_else(|| {
        ReadError::new(
            ErrorKind::BadData,
            "AWS answered with a SecretBinary that is no base64",
            "ask for it by hand with `aws secretsmanager get-secret-value`",
        )
    })
}

#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(rename = "SecretValues", borrow, default)]
    values: Vec<Entry<'a>>,
    #[serde(rename = "Errors", borrow, default)]
    errors: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(rename = "SecretId", borrow)]
    secret: Cow<'a, str>,
    #[serde(rename = "ErrorCode", borrow, default)]
    code: Cow<'a, str>,
    #[serde(rename = "Message", borrow, default)]
    said: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Versions<'a> {
    #[serde(rename = "Versions", borrow, default)]
    versions: Vec<Listed<'a>>,
    #[serde(rename = "NextToken", borrow)]
    next: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(rename = "VersionId", borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "VersionStages", default)]
    stages: Vec<Box<str>>,
    #[serde(rename = "CreatedDate")]
    created: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(secret: &str) -> ReadSecret {
        ReadSecret {
            region: None,
            secret: secret.into(),
        }
    }

    #[test]
    fn a_secret_is_named_in_three_ways() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/key-a1B2c3";
        for secret in [
            "shop/key",
            arn,
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/key",
        ] {
            assert!(asked(secret).names(arn, "shop/key"), "{secret}");
        }
        for secret in [
            "shop/key-a1B2c3",
            "shop",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/key",
        ] {
            assert!(!asked(secret).names(arn, "shop/key"), "{secret}");
        }
        // The name of one secret ends like the ARN of another.
        let other = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/key-abcdef-a1B2c3";
        let partial = asked("arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/key");
        assert!(!partial.names(other, "shop/key-abcdef"));
    }

    #[test]
    fn times_have_fractions() {
        assert_eq!(
            time(1_700_000_000.123).unwrap().to_string(),
            "2023-11-14T22:13:20.123Z"
        );
        assert!(time(f64::NAN).is_none() && time(1e300).is_none());
    }
}
