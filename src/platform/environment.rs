//! straggler's own environment.

use std::sync::Arc;

use super::{Ask, Platform};
use crate::key::Secret;
use crate::reading::ReadError;

/// The environment straggler was started with, or one that a test made up.
pub enum Environment {
    /// The process's own.
    Own,
    /// Names and values.
    Given(Vec<(String, Vec<u8>)>),
}

impl Platform for Environment {
    const ID: &'static str = "env";
}

impl Environment {
    fn get(&self, name: &str) -> Option<Secret> {
        match self {
            Self::Own => {
                let value = std::env::var_os(name)?;
                Some(Secret::new(value.into_encoded_bytes()))
            }
            Self::Given(variables) => variables
                .iter()
                .find(|(candidate, _)| candidate == name)
                .map(|(_, value)| Secret::copied(value)),
        }
    }
}

/// Asks for a variable; the answer is `None` where it is not set.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Variable(pub Arc<str>);

impl Ask for Variable {
    type Platform = Environment;
    type Answer = Option<Secret>;

    fn place(&self, _: &Environment, _: &Option<Secret>) -> Option<String> {
        Some("environment".to_owned())
    }

    fn describe(&self) -> String {
        self.0.to_string()
    }

    async fn send(
        environment: &Environment,
        asks: Vec<Self>,
    ) -> Vec<Result<Option<Secret>, ReadError>> {
        asks.iter().map(|ask| Ok(environment.get(&ask.0))).collect()
    }
}
