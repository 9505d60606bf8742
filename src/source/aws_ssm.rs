use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source};
use crate::key::Secret;
use crate::platform::aws::{
    Parameter, ParameterHistory, ReadParameter, Selector, check_region, region_of_arn,
};
use crate::platform::{Asking, Locator, Stop, pages};
use crate::reading::{Found, Reading, Version};
use crate::text::Escaped;
use crate::verdict::{Evidence, Stage};

mod mend;

/// A parameter in AWS Systems Manager's Parameter Store.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsSsm {
    /// The declared store; by default what the environment and `~/.aws` name.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// The region, unless the store's own or the one in the ARN.
    #[serde(default)]
    region: Option<Arc<str>>,
    /// Its name or its ARN, with `:3` or `:label` behind it for one version: `/allstak/checkout/api_key`.
    name: Arc<str>,
}

impl Source for AwsSsm {
    const INFO: Info = Info {
        id: "aws_ssm",
        title: "a parameter in AWS Systems Manager's Parameter Store",
        stage: Some(Stage::Store),
        store: Some("aws"),
        proves: &[Evidence::Value],
        replicas: ["parameter", "parameters"],
        permission: "`ssm:GetParameters` on the parameter, and `kms:Decrypt` where a key of your own encrypts it",
        credentials: &[
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
        ],
        example: "\
- aws_ssm: { store: prod-eu, name: /allstak/checkout/api_key }
- aws_ssm: { name: 'arn:aws:ssm:eu-central-1:123456789012:parameter/allstak/shop' }
",
        tested: "moto, with its signature and permission checks off and on",
        manual: "\
Reads parameters of every type, decrypted, ten in one call (`GetParameters`). AWS lists the names that do not \
exist: those are `missing`. It denies the whole call if one of its names is denied; then each is requested by \
itself, so that only that one is `unreachable`. A `StringList` is its text with the commas.

AWS accepts 40 such calls per second from an account and region, unless higher throughput is switched on. \
straggler sends no more.

The least privilege, as a policy; `GetParameterHistory` is for the history, `kms:Decrypt` for parameters under a \
key of your own:

```json
{
  \"Version\": \"2012-10-17\",
  \"Statement\": [
    {
      \"Effect\": \"Allow\",
      \"Action\": [\"ssm:GetParameters\", \"ssm:GetParameterHistory\"],
      \"Resource\": \"arn:aws:ssm:*:123456789012:parameter/allstak/*\"
    },
    {
      \"Effect\": \"Allow\",
      \"Action\": \"kms:Decrypt\",
      \"Resource\": \"arn:aws:kms:*:123456789012:key/*\",
      \"Condition\": { \"StringLike\": { \"kms:ViaService\": \"ssm.*.amazonaws.com\" } }
    }
  ]
}
```

The history is the parameter's versions; AWS keeps the last hundred. A name that pins a version has none.",
    };

    fn check(&self) -> Result<(), String> {
        self.region.as_deref().map_or(Ok(()), check_region)?;
        if Selector::of(&self.name).name.is_empty() {
            return Err("expected a parameter's name, not an empty text".to_owned());
        }
        Ok(())
    }

    fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    fn location(&self, _: At<'_>) -> String {
        let store = self.store.as_deref().unwrap_or_default();
        let mut location = format!("aws_ssm:{}", Escaped(store));
        if let Some(region) = &self.region {
            location.push_str(&format!("/{}", Escaped(region)));
        }
        let name = self.name.trim_start_matches('/');
        format!("{location}/{}", Escaped(name))
    }

    fn locate(&self, _: At<'_>, to: &mut Locator) {
        to.option(self.region.as_deref());
    }

    fn remedy(&self, at: At<'_>, _: &Case<'_>) -> String {
        self.write(at)
    }

    fn remedy_for_part(&self, at: At<'_>, _: &Case<'_>) -> String {
        self.write(at)
    }

    fn member(&self, _: At<'_>) -> Option<String> {
        Some(String::new())
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        Ok(vec![match asking.of(&self.parameter())? {
            Some(parameter) => Reading {
                stored_at: parameter.modified_at,
                ..Reading::value(Secret::copied(parameter.value.expose()))
            },
            None => Reading::new(Found::Absent).mended_by(self.create(at)),
        }])
    }

    fn history(
        &self,
        _: At<'_>,
        most: usize,
        asking: &Asking<'_>,
    ) -> Result<Option<Vec<Version>>, Stop> {
        if Selector::of(&self.name).chosen.is_some() {
            return Ok(None);
        }
        let pages = pages(&ParameterHistory::of(self.parameter()), asking)?;
        let mut versions: Vec<_> = pages.into_iter().flatten().collect();
        versions.sort_by_key(|parameter| parameter.version);
        let surplus = versions.len().saturating_sub(most.max(1));
        let version = |parameter: &Parameter| Version {
            created_at: parameter.modified_at,
            found: Found::Value(Secret::copied(parameter.value.expose())),
        };
        let latest = versions.into_iter().skip(surplus);
        Ok(Some(latest.map(version).collect()))
    }
}

impl AwsSsm {
    fn parameter(&self) -> ReadParameter {
        let region = self.region.as_deref().or(region_of_arn(&self.name));
        ReadParameter {
            region: region.map(Into::into),
            name: Arc::clone(&self.name),
        }
    }
}

#[cfg(test)]
mod tests;
