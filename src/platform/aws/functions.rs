use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::Account;
use super::call::Service;
use crate::extract::{Members, SecretText};
use crate::key::Secret;
use crate::platform::Ask;
use crate::reading::ReadError;
use crate::text::escape;

/// Asks for the settings of a Lambda function.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReadFunction {
    /// The region, unless the store's own.
    pub region: Option<Arc<str>>,
    /// Its name or its ARN.
    pub function: Arc<str>,
    /// The alias or the version; by default what is not published yet.
    pub qualifier: Option<Arc<str>>,
}

/// Asks which versions an alias leads to.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReadAlias {
    /// The region, unless the store's own.
    pub region: Option<Arc<str>>,
    /// The function's name or its ARN.
    pub function: Arc<str>,
    /// The alias.
    pub alias: Arc<str>,
}

/// The settings of a version of a function.
pub struct Function {
    /// Its environment.
    pub variables: HashMap<Box<str>, Secret>,
    /// AWS's name for why it cannot show the environment.
    pub trouble: Option<Box<str>>,
    /// The version that these are the settings of.
    pub version: Box<str>,
    /// When any of them was changed.
    pub modified_at: Option<Timestamp>,
    /// What came of that: `Successful`, `InProgress` or `Failed`.
    pub update: Option<Box<str>>,
}

/// Where an alias leads.
pub struct Alias {
    /// The versions that get a share beside the first one.
    pub others: Vec<Arc<str>>,
}

const API: &str = "2015-03-31";

impl Ask for ReadFunction {
    type Platform = Account;
    type Answer = Function;

    fn host(&self, account: &Account) -> Option<Arc<str>> {
        account.host(Service::Lambda, self.region.as_deref())
    }

    fn describe(&self) -> String {
        let qualifier = self.qualifier.as_deref().unwrap_or("$LATEST");
        format!(
            "GetFunctionConfiguration {} {}",
            escape(&self.function),
            escape(qualifier)
        )
    }

    async fn send(account: &Account, asks: Vec<Self>) -> Vec<Result<Function, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.get(account).await);
        }
        answers
    }
}

impl ReadFunction {
    async fn get(&self, account: &Account) -> Result<Function, ReadError> {
        let segments = [API, "functions", &self.function, "configuration"];
        let qualifier = self.qualifier.as_deref().map(|named| ("Qualifier", named));
        let permission = "allow `lambda:GetFunctionConfiguration` on it";
        let region = self.region.as_deref();
        let reply = account
            .look(Service::Lambda, region, &segments, qualifier, permission)
            .await?;
        let said: Configuration<'_> = reply.json()?;
        let environment = said.environment.unwrap_or_default();
        let Members(variables) = environment.variables.unwrap_or_default();
        Ok(Function {
            variables: variables
                .into_iter()
                .map(|(name, SecretText(value))| (name, value))
                .collect(),
            trouble: environment.error.map(|error| error.code.into()),
            version: said.version.into(),
            modified_at: said.modified.and_then(|text| {
                Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", &*text)
                    .or_else(|_| text.parse())
                    .ok()
            }),
            update: said.update,
        })
    }
}

impl Ask for ReadAlias {
    type Platform = Account;
    type Answer = Alias;

    fn host(&self, account: &Account) -> Option<Arc<str>> {
        account.host(Service::Lambda, self.region.as_deref())
    }

    fn describe(&self) -> String {
        format!(
            "GetAlias {} {}",
            escape(&self.function),
            escape(&self.alias)
        )
    }

    async fn send(account: &Account, asks: Vec<Self>) -> Vec<Result<Alias, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.get(account).await);
        }
        answers
    }
}

impl ReadAlias {
    async fn get(&self, account: &Account) -> Result<Alias, ReadError> {
        let segments = [API, "functions", &self.function, "aliases", &self.alias];
        let permission = "allow `lambda:GetAlias` on it";
        let region = self.region.as_deref();
        let reply = account
            .look(Service::Lambda, region, &segments, None, permission)
            .await?;
        let said: Routed<'_> = reply.json()?;
        let routing = said.routing.unwrap_or_default();
        let weights = routing.weights.unwrap_or_default();
        Ok(Alias {
            others: weights
                .into_iter()
                .filter(|(_, weight)| *weight > 0.0)
                .map(|(version, _)| version.into())
                .collect(),
        })
    }
}

#[derive(Deserialize)]
struct Configuration<'a> {
    #[serde(rename = "Environment", borrow)]
    environment: Option<Environment<'a>>,
    #[serde(rename = "Version", borrow, default)]
    version: Cow<'a, str>,
    #[serde(rename = "LastModified", borrow)]
    modified: Option<Cow<'a, str>>,
    #[serde(rename = "LastUpdateStatus")]
    update: Option<Box<str>>,
}

#[derive(Default, Deserialize)]
struct Environment<'a> {
    #[serde(rename = "Variables")]
    variables: Option<Members<SecretText>>,
    #[serde(rename = "Error", borrow)]
    error: Option<Trouble<'a>>,
}

#[derive(Deserialize)]
struct Trouble<'a> {
    #[serde(rename = "ErrorCode", borrow, default)]
    code: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Routed<'a> {
    #[serde(rename = "RoutingConfig", borrow)]
    routing: Option<Routing<'a>>,
}

#[derive(Default, Deserialize)]
struct Routing<'a> {
    #[serde(rename = "AdditionalVersionWeights", borrow)]
    weights: Option<BTreeMap<Cow<'a, str>, f64>>,
}
