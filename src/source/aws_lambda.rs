use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source};
use crate::key::Secret;
use crate::platform::aws::{Function, ReadAlias, ReadFunction, check_region, region_of_arn};
use crate::platform::{Asking, Locator, Stop};
use crate::reading::{ErrorKind, Found, ReadError, Reading};
use crate::text::{Escaped, escape};
use crate::verdict::{Evidence, Stage};

/// A variable of an AWS Lambda function.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsLambda {
    /// The declared store; by default what the environment and `~/.aws` name.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// The region, unless the store's own or the one in the ARN.
    #[serde(default)]
    region: Option<Arc<str>>,
    /// Its name or its ARN, without a version: `checkout`.
    function: Arc<str>,
    /// The alias or the version that is called; by default what is not published yet (`$LATEST`).
    #[serde(default)]
    qualifier: Option<Arc<str>>,
    /// The variable; by default the hop's.
    #[serde(default)]
    name: Option<Box<str>>,
}

const LATEST: &str = "$LATEST";

impl Source for AwsLambda {
    const INFO: Info = Info {
        id: "aws_lambda",
        title: "a variable of an AWS Lambda function",
        stage: Some(Stage::Running),
        store: Some("aws"),
        proves: &[Evidence::Value],
        replicas: ["version", "versions"],
        permission: "`lambda:GetFunctionConfiguration` on the function, `lambda:GetAlias` for an alias, and `kms:Decrypt` where a key of your own encrypts it",
        credentials: &[
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
        ],
        example: "\
- aws_lambda: { store: prod-eu, function: checkout, qualifier: live }
- aws_lambda: { function: 'arn:aws:lambda:eu-central-1:123456789012:function:shop', name: API_KEY }
",
        tested: "moto, with its signature and permission checks off and on; `Environment.Error` and updates under way against a fake shaped by AWS's API documentation",
        manual: "\
Reads the environment that a version of the function is called with. Its stage is `running`, because nothing \
comes between these settings and the calls: a change replaces every execution environment. While an update is \
under way, or if the last one failed, calls run with the earlier settings, so the hop is `unverified`.

A published version keeps its environment for ever, so name the alias or version that is really called: without \
`qualifier` it is `$LATEST`, with a note. An alias may send a share of the calls to a second version; both are \
read.

A variable that is not set is `missing`. A function that does not exist is `unreachable`, and so is an \
environment that Lambda cannot decrypt for you.

The least privilege, as a policy; `kms:Decrypt` for functions under a key of your own:

```json
{
  \"Version\": \"2012-10-17\",
  \"Statement\": [
    {
      \"Effect\": \"Allow\",
      \"Action\": [\"lambda:GetFunctionConfiguration\", \"lambda:GetAlias\"],
      \"Resource\": \"arn:aws:lambda:*:123456789012:function:*\"
    },
    { \"Effect\": \"Allow\", \"Action\": \"kms:Decrypt\", \"Resource\": \"arn:aws:kms:*:123456789012:key/*\" }
  ]
}
```

The key's own history is not read from published versions: name a store as `current`.",
    };

    fn check(&self) -> Result<(), String> {
        self.region.as_deref().map_or(Ok(()), check_region)?;
        let own = self.function.rsplit("function:").next().unwrap_or_default();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if own.contains(':') {
            return Err("expected a function without a version: that goes into `qualifier`".into());
        }
        let whole = |byte: u8| plain(byte) || byte == b':';
        if own.is_empty() || !self.function.bytes().all(whole) {
            return Err("expected a function's name or ARN".to_owned());
        }
        if let Some(qualifier) = self.qualifier.as_deref()
            && qualifier != LATEST
            && (qualifier.is_empty() || !qualifier.bytes().all(plain))
        {
            return Err("expected an alias or a version".to_owned());
        }
        Ok(())
    }

    fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    fn location(&self, at: At<'_>) -> String {
        let store = self.store.as_deref().unwrap_or_default();
        let mut location = format!("aws_lambda:{}", Escaped(store));
        for part in self.region.iter().chain([&self.function]) {
            location.push_str(&format!("/{}", Escaped(part)));
        }
        if let Some(qualifier) = &self.qualifier {
            location.push_str(&format!(":{}", Escaped(qualifier)));
        }
        format!("{location}#{}", Escaped(self.name(at)))
    }

    fn locate(&self, _: At<'_>, to: &mut Locator) {
        to.options([self.region.as_deref(), self.qualifier.as_deref()]);
    }

    /// In words: a command that sets one variable takes away the others.
    fn remedy(&self, at: At<'_>, _: &Case<'_>) -> String {
        let function = escape(&self.function);
        let set = format!(
            "set {} of the function {function} to {}, with all its other variables as they are, which an update replaces together",
            escape(self.name(at)),
            at.key()
        );
        self.led_to(set)
    }

    fn remedy_for_part(&self, at: At<'_>, _: &Case<'_>) -> String {
        let place = format!(
            "{} of the function {}",
            escape(self.name(at)),
            escape(&self.function)
        );
        let set = format!(
            "{}, with all its other variables as they are, which an update replaces together",
            at.write_to(&place)
        );
        self.led_to(set)
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let ask = self.function(self.qualifier.clone());
        let alias = self.alias().map(|alias| ReadAlias {
            region: ask.region.clone(),
            function: Arc::clone(&self.function),
            alias,
        });
        // Both go out in one round.
        let routed = alias.map(|alias| asking.attempt(&alias));
        let function = asking.of(&ask)?;
        let first = self.reading(function, at);
        let others = match routed.transpose()? {
            None => return Ok(vec![first]),
            Some(Err(_)) if first.note.is_none() => {
                return Ok(vec![first.with_note(
                    "whether the alias leads to a second version too was not seen: allow `lambda:GetAlias`",
                )]);
            }
            Some(Err(_)) => return Ok(vec![first]),
            Some(Ok(alias)) => &alias.others,
        };
        if others.is_empty() {
            return Ok(vec![first]);
        }
        let asks: Vec<_> = others
            .iter()
            .map(|version| self.function(Some(Arc::clone(version))))
            .collect();
        let mut readings = vec![first.of_replica(format!("version {}", escape(&function.version)))];
        for (version, answer) in others.iter().zip(asking.all(&asks)?) {
            let reading = match answer {
                Ok(function) => self.reading(function, at),
                Err(error) => Reading::new(Found::Failed(error.clone())),
            };
            readings.push(reading.of_replica(format!("version {}", escape(version))));
        }
        Ok(readings)
    }
}

impl AwsLambda {
    fn name<'a>(&'a self, at: At<'a>) -> &'a str {
        self.name.as_deref().unwrap_or(at.variable)
    }

    fn function(&self, qualifier: Option<Arc<str>>) -> ReadFunction {
        let region = self.region.as_deref().or(region_of_arn(&self.function));
        ReadFunction {
            region: region.map(Into::into),
            function: Arc::clone(&self.function),
            qualifier,
        }
    }

    /// A change of what is not published yet, and how it gets to whatever is called.
    fn led_to(&self, set: String) -> String {
        match (self.qualifier.as_deref(), self.alias()) {
            (_, Some(alias)) => format!(
                "{set}; publish a version, and point the alias {} to it alone",
                escape(&alias)
            ),
            (Some(version), None) if version != LATEST => format!(
                "{set}; publish a version, and let whatever calls version {}, and `qualifier` here, name the new one: a version keeps what it was published with",
                escape(version)
            ),
            _ => set,
        }
    }

    /// The qualifier, if it is an alias.
    fn alias(&self) -> Option<Arc<str>> {
        let is_version = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        self.qualifier
            .clone()
            .filter(|named| **named != *LATEST && !is_version(named))
    }

    fn reading(&self, function: &Function, at: At<'_>) -> Reading {
        let found = match (&function.trouble, function.variables.get(self.name(at))) {
            (Some(code), _) => Found::Failed(ReadError::new(
                ErrorKind::Denied,
                format!(
                    "Lambda cannot show the function's environment: {}",
                    escape(code)
                ),
                "allow `kms:Decrypt` on the key that encrypts it, and enable that key",
            )),
            (None, _) if function.update.as_deref() == Some("InProgress") => hidden(
                "an update of the function is under way, and until its end calls run with the settings from before: audit again then",
            ),
            (None, _) if function.update.as_deref() == Some("Failed") => hidden(
                "the function's last update failed, and calls may run with the settings from before: update it again",
            ),
            (None, Some(key)) => Found::Value(Secret::copied(key.expose())),
            (None, None) => Found::Absent,
        };
        let variables = function.variables.iter();
        let mut reading = Reading::new(found)
            .out_of_entries(variables.map(|(name, value)| (name.as_bytes(), value.expose())));
        reading.stored_at = function.modified_at;
        if self.qualifier.is_none() && *function.version == *LATEST {
            return reading.with_note(
                "this is $LATEST: name the alias or version that is called as `qualifier`, for it keeps the key it was published with",
            );
        }
        reading
    }
}

fn hidden(why: &'static str) -> Found {
    Found::hidden(None, why)
}

#[cfg(test)]
mod tests;
