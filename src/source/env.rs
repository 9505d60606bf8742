use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Info, Source};
use crate::key::Secret;
use crate::platform::environment::Variable;
use crate::platform::{Asking, Stop};
use crate::reading::{Found, Reading};
use crate::verdict::{Evidence, Stage};

/// A variable of straggler's own environment.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Env {
    /// Its name; the hop's variable unless said.
    #[serde(default)]
    variable: Option<Arc<str>>,
}

impl Env {
    fn variable<'a>(&'a self, at: At<'a>) -> &'a str {
        self.variable.as_deref().unwrap_or(at.variable)
    }
}

impl Source for Env {
    const INFO: Info = Info {
        id: "env",
        title: "a variable of straggler's own environment",
        stage: Some(Stage::Config),
        proves: &[Evidence::Value],
        replicas: ["environment", "environments"],
        permission: "none",
        credentials: &[],
        example: "- env: { variable: ALLSTAK_API_KEY }\n",
        tested: "the real environment of a process",
        manual: "Reads the environment straggler was started with: a CI job's, a release step's. The bytes \
                 are taken exactly as they are.",
    };

    fn location(&self, at: At<'_>) -> String {
        format!("env:{}", self.variable(at))
    }

    fn remedy(&self, at: At<'_>) -> String {
        format!(
            "export the current key as {} where straggler is started",
            self.variable(at)
        )
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let variable = Variable(self.variable(at).into());
        let found = match asking.of(&variable)? {
            Some(value) => Found::Value(Secret::copied(value.expose())),
            None => Found::Absent,
        };
        Ok(vec![Reading::new(found)])
    }
}
