use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::Account;
use super::call::{Action, Service};
use super::refusal::Refusal;
use super::secrets::{next, time};
use crate::extract::SecretText;
use crate::key::Secret;
use crate::platform::http::MAX_PAGE;
use crate::platform::{Ask, List, MAX_BYTES, Page, Portion, Rate};
use crate::reading::ReadError;
use crate::text::escape;

/// Asks for a parameter, decrypted.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReadParameter {
    /// The region, unless the store's own.
    pub region: Option<Arc<str>>,
    /// Its name or its ARN, perhaps with `:version` or `:label` behind it.
    pub name: Arc<str>,
}

/// Asks for every version of a parameter that is kept, decrypted, a page of them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ParameterHistory {
    of: ReadParameter,
    page: Page,
}

/// One version of a parameter.
pub struct Parameter {
    /// Counts from 1.
    pub version: u64,
    /// When it was written.
    pub modified_at: Option<Timestamp>,
    /// Its text.
    pub value: Secret,
    /// Its whole ARN; empty where the answer does not tell it.
    pub arn: Box<str>,
}

/// Which version of a parameter a name asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selector<'n> {
    /// The name or the ARN alone.
    pub name: &'n str,
    /// The version or the label.
    pub chosen: Option<&'n str>,
}

impl<'n> Selector<'n> {
    /// Takes a name apart.
    #[must_use]
    pub fn of(name: &'n str) -> Self {
        let start = match name.starts_with("arn:") {
            true => name.find(":parameter/").map_or(name.len(), |at| at + 1),
            false => 0,
        };
        match name[start..].split_once(':') {
            Some((own, chosen)) => Self {
                name: &name[..start + own.len()],
                chosen: Some(chosen),
            },
            None => Self { name, chosen: None },
        }
    }
}

/// The most versions that a page may have.
const MOST_VERSIONS: usize = 50;

impl Ask for ReadParameter {
    type Platform = Account;
    type Answer = Option<Arc<Parameter>>;
    const BATCH: usize = 10;
    const RATE: Option<Rate> = Some(Rate::per_second(40));

    fn place(&self, _: &Account, answer: &Option<Arc<Parameter>>) -> Option<String> {
        let parameter = answer.as_ref()?;
        (!parameter.arn.is_empty()).then(|| parameter.arn.to_string())
    }

    fn host(&self, account: &Account) -> Option<Arc<str>> {
        account.host(Service::Ssm, self.region.as_deref())
    }

    fn group(&self) -> Cow<'_, str> {
        self.region.as_deref().unwrap_or_default().into()
    }

    fn describe(&self) -> String {
        format!("GetParameters {}", escape(&self.name))
    }

    async fn send(
        account: &Account,
        asks: Vec<Self>,
    ) -> Vec<Result<Option<Arc<Parameter>>, ReadError>> {
        let several = asks.len() > 1;
        let mut found = match get(account, &asks).await {
            Ok(found) => found.into_iter().map(|found| found.map(Ok)).collect(),
            // One name that is denied or no name at all takes the others down with it.
            Err(refusal) if several && refusal.is_about_its_content() => vec![None; asks.len()],
            Err(refusal) => asks
                .iter()
                .map(|_| Some(Err(refusal.error.clone())))
                .collect::<Vec<_>>(),
        };
        for (ask, found) in asks.iter().zip(&mut found) {
            if found.is_none() && several {
                let alone = get(account, std::slice::from_ref(ask)).await;
                *found = match alone {
                    Ok(mut found) => found.pop().flatten().map(Ok),
                    Err(refusal) => Some(Err(refusal.error)),
                };
            }
        }
        let unsaid = |ask: &Self| {
            ReadError::new(
                crate::reading::ErrorKind::Protocol,
                format!("AWS answered nothing for {}", escape(&ask.name)),
                "ask for it by hand with `aws ssm get-parameters`",
            )
        };
        asks.iter()
            .zip(found)
            .map(|(ask, found)| found.unwrap_or_else(|| Err(unsaid(ask))))
            .collect()
    }
}

/// What one call gives, in the order of the asks: the outer `None` where it cannot be told which of its
/// answers belongs to an ask, the inner one where there is no such parameter.
async fn get(
    account: &Account,
    asks: &[ReadParameter],
) -> Result<Vec<Option<Option<Arc<Parameter>>>>, Refusal> {
    let Some(first) = asks.first() else {
        return Ok(Vec::new());
    };
    let names: Vec<&str> = asks.iter().map(|ask| &*ask.name).collect();
    let action = Action {
        service: Service::Ssm,
        region: first.region.as_deref(),
        name: "GetParameters",
        json: json!({"Names": names, "WithDecryption": true}),
        permission: "allow `ssm:GetParameters` on it",
        most: MAX_BYTES,
    };
    let reply = account.act(action).await?;
    let found: Found<'_> = reply.json()?;
    let invalid: HashSet<&str> = found.invalid.iter().map(|name| &**name).collect();
    let entries: Vec<(Said<'_>, Arc<Parameter>)> = found
        .parameters
        .into_iter()
        .map(|entry| (entry.said(), Arc::new(entry.parameter())))
        .collect();
    let answer = |ask: &ReadParameter| {
        if invalid.contains(&*ask.name) {
            return Some(None);
        }
        let wanted = Selector::of(&ask.name);
        let mut fitting = entries
            .iter()
            .filter(|(said, parameter)| said.fits(wanted, parameter));
        match (fitting.next(), fitting.next()) {
            (Some((_, parameter)), None) => Some(Some(Arc::clone(parameter))),
            // Asked for alone, whatever comes is the answer.
            (None, None) if asks.len() == 1 && entries.len() == 1 => {
                entries.first().map(|(_, it)| Some(Arc::clone(it)))
            }
            _ => None,
        }
    };
    Ok(asks.iter().map(answer).collect())
}

impl Ask for ParameterHistory {
    type Platform = Account;
    type Answer = Portion<Vec<Parameter>>;
    const RATE: Option<Rate> = ReadParameter::RATE;
    const PAGED: bool = true;

    fn host(&self, account: &Account) -> Option<Arc<str>> {
        self.of.host(account)
    }

    fn divides(&self) -> bool {
        self.page.divides()
    }

    fn describe(&self) -> String {
        let name = escape(&self.of.name);
        format!("GetParameterHistory {name}{}", self.page.shown())
    }

    async fn send(
        account: &Account,
        asks: Vec<Self>,
    ) -> Vec<Result<Portion<Vec<Parameter>>, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.get(account).await);
        }
        answers
    }
}

impl List for ParameterHistory {
    type Items = Vec<Parameter>;
    const TOOL: &'static str = "`aws ssm get-parameter-history`";

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
        format!("versions of {}", escape(&self.of.name))
    }
}

impl ParameterHistory {
    /// From the beginning of the list.
    #[must_use]
    pub fn of(parameter: ReadParameter) -> Self {
        Self {
            of: parameter,
            page: Page::first(MOST_VERSIONS),
        }
    }

    async fn get(&self, account: &Account) -> Result<Portion<Vec<Parameter>>, ReadError> {
        let mut json = json!({
            "Name": &*self.of.name,
            "WithDecryption": true,
            "MaxResults": self.page.most,
        });
        if let Some(token) = &self.page.from {
            json["NextToken"] = (&**token).into();
        }
        let action = Action {
            service: Service::Ssm,
            region: self.of.region.as_deref(),
            name: "GetParameterHistory",
            json,
            permission: "allow `ssm:GetParameterHistory` on it",
            most: MAX_PAGE,
        };
        let reply = account.act(action).await?;
        let found: Found<'_> = reply.json()?;
        Ok(Portion::Of {
            items: found.parameters.into_iter().map(Entry::parameter).collect(),
            next: next(found.next),
        })
    }
}

#[derive(Deserialize)]
struct Found<'a> {
    #[serde(rename = "Parameters", borrow, default)]
    parameters: Vec<Entry<'a>>,
    #[serde(rename = "InvalidParameters", borrow, default)]
    invalid: Vec<Cow<'a, str>>,
    #[serde(rename = "NextToken", borrow)]
    next: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(rename = "ARN", borrow, default)]
    arn: Cow<'a, str>,
    #[serde(borrow)]
    selector: Option<Cow<'a, str>>,
    #[serde(default)]
    version: u64,
    last_modified_date: Option<f64>,
    value: SecretText,
}

/// What a parameter in an answer says of itself.
struct Said<'a> {
    name: Cow<'a, str>,
    arn: Cow<'a, str>,
    selector: Option<Cow<'a, str>>,
}

impl<'a> Entry<'a> {
    fn said(&self) -> Said<'a> {
        Said {
            name: self.name.clone(),
            arn: self.arn.clone(),
            selector: self.selector.clone(),
        }
    }

    fn parameter(self) -> Parameter {
        Parameter {
            version: self.version,
            modified_at: self.last_modified_date.and_then(time),
            value: self.value.0,
            arn: self.arn.into(),
        }
    }
}

impl Said<'_> {
    fn fits(&self, wanted: Selector<'_>, parameter: &Parameter) -> bool {
        if wanted.name != self.name && wanted.name != self.arn {
            return false;
        }
        let selector = self.selector.as_deref().filter(|text| !text.is_empty());
        match (wanted.chosen, selector) {
            (None, None) => true,
            (Some(chosen), Some(selector)) => selector.trim_start_matches(':') == chosen,
            (Some(chosen), None) => chosen == parameter.version.to_string(),
            (None, Some(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_choose_a_version() {
        for (text, name, chosen) in [
            ("/shop/key", "/shop/key", None),
            ("/shop/key:3", "/shop/key", Some("3")),
            ("key:prod", "key", Some("prod")),
            (
                "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key",
                "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key",
                None,
            ),
            (
                "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key:3",
                "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key",
                Some("3"),
            ),
        ] {
            assert_eq!(Selector::of(text), Selector { name, chosen }, "{text}");
        }
    }
}
