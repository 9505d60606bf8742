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

    fn whole(&self) -> Secret {
        let line = |name: &[u8], value: &[u8]| [name, b"=", value].concat();
        let lines: Vec<Secret> = match self {
            Self::Own => std::env::vars_os()
                .map(|(name, value)| {
                    let value = Secret::new(value.into_encoded_bytes());
                    Secret::new(line(name.as_encoded_bytes(), value.expose()))
                })
                .collect(),
            Self::Given(variables) => variables
                .iter()
                .map(|(name, value)| Secret::new(line(name.as_bytes(), value)))
                .collect(),
        };
        Secret::of_lines(lines.iter().map(Secret::expose))
    }
}

/// What a variable is set to.
pub struct Held {
    /// `None` where it is not set.
    pub value: Option<Secret>,
    /// All variables, each as `NAME=VALUE` on a line of its own.
    pub whole: Arc<Secret>,
}

/// Asks for a variable.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Variable(pub Arc<str>);

impl Ask for Variable {
    type Platform = Environment;
    type Answer = Held;

    fn place(&self, _: &Environment, _: &Held) -> Option<String> {
        Some("environment".to_owned())
    }

    fn describe(&self) -> String {
        self.0.to_string()
    }

    async fn send(environment: &Environment, asks: Vec<Self>) -> Vec<Result<Held, ReadError>> {
        let whole = Arc::new(environment.whole());
        let held = |ask: &Self| Held {
            value: environment.get(&ask.0),
            whole: Arc::clone(&whole),
        };
        asks.iter().map(|ask| Ok(held(ask))).collect()
    }
}
