use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Case, Info, Source};
use crate::key::Secret;
use crate::platform::environment::Variable;
use crate::platform::{Asking, Stop};
use crate::reading::{Found, Reading};
use crate::text::escape;
use crate::verdict::{Evidence, Stage};

/// A variable of straggler's own environment.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Env {
    /// Its name; by default the hop's variable.
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
        store: None,
        proves: &[Evidence::Value],
        replicas: ["environment", "environments"],
        permission: "none",
        credentials: &[],
        example: "- env: { variable: ALLSTAK_API_KEY }\n",
        tested: "the real environment of a process",
        manual: "\
Reads the environment that straggler was started with, such as a CI job's or a release step's. The bytes are \
taken exactly as they are.",
    };

    fn check(&self) -> Result<(), String> {
        match &self.variable {
            Some(name) if name.is_empty() || name.contains(['=', '\0']) => {
                Err("expected the name of a variable".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn location(&self, at: At<'_>) -> String {
        format!("env:{}", escape(self.variable(at)))
    }

    fn remedy(&self, at: At<'_>, _: &Case<'_>) -> String {
        format!(
            "export the current key as {} where straggler is started",
            escape(self.variable(at))
        )
    }

    fn member(&self, at: At<'_>) -> Option<String> {
        Some(self.variable(at).to_owned())
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let variable = Variable(self.variable(at).into());
        let held = asking.of(&variable)?;
        let found = match &held.value {
            Some(value) => Found::Value(Secret::copied(value.expose())),
            None => Found::Absent,
        };
        Ok(vec![Reading::new(found).out_of(Arc::clone(&held.whole))])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::conformance::{Case, Conforming, KEY, Stand};
    use super::super::testing::{VARIABLE, read_one, told, try_hop};
    use super::*;
    use crate::platform::Connections;
    use crate::platform::environment::Environment;

    impl Conforming for Env {
        fn stand(case: Case) -> Option<Stand> {
            let environment = match case {
                Case::Present => vec![(VARIABLE.to_owned(), KEY.to_vec())],
                Case::Absent => Vec::new(),
                _ => return None,
            };
            Some(Stand {
                settings: json!({}),
                connections: Connections::default().with(None, Environment::given(environment)),
                key: KEY,
                keep: Box::new(()),
            })
        }
    }

    #[tokio::test]
    async fn reads_the_environment_straggler_was_started_with() {
        let reading = read_one("env", json!({"variable": "CARGO_PKG_NAME"})).await;
        assert_eq!(told(&reading.found), "straggler");
    }

    #[test]
    fn a_variable_has_a_name() {
        for name in ["", "A=B", "A\0B"] {
            let hop = try_hop("env", json!({"variable": name})).unwrap();
            assert!(hop.check().is_err());
        }
    }
}
