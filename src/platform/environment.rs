//! straggler's own environment.

use std::sync::{Arc, OnceLock};

use super::{Ask, Platform};
use crate::key::Secret;
use crate::reading::ReadError;

/// The environment straggler was started with, or one that a test made up.
#[derive(Default)]
pub struct Environment {
    /// Names and values; `None` for the process's own.
    given: Option<Vec<(String, Vec<u8>)>>,
    whole: OnceLock<Arc<Secret>>,
}

impl Platform for Environment {
    const ID: &'static str = "env";
}

impl Environment {
    /// One of these names and values.
    #[must_use]
    pub fn given(variables: Vec<(String, Vec<u8>)>) -> Self {
        Self {
            given: Some(variables),
            ..Self::default()
        }
    }

    fn get(&self, name: &str) -> Option<Secret> {
        match &self.given {
            None => {
                let value = std::env::var_os(name)?;
                Some(Secret::new(value.into_encoded_bytes()))
            }
            Some(variables) => variables
                .iter()
                .find(|(candidate, _)| candidate == name)
                .map(|(_, value)| Secret::copied(value)),
        }
    }

    /// All of it, made once, so that it is looked through once.
    fn whole(&self) -> &Arc<Secret> {
        self.whole.get_or_init(|| {
            let line = |name: &[u8], value: &[u8]| Secret::new([name, b"=", value].concat());
            let lines: Vec<Secret> = match &self.given {
                None => std::env::vars_os()
                    .map(|(name, value)| {
                        let value = Secret::new(value.into_encoded_bytes());
                        line(name.as_encoded_bytes(), value.expose())
                    })
                    .collect(),
                Some(variables) => variables
                    .iter()
                    .map(|(name, value)| line(name.as_bytes(), value))
                    .collect(),
            };
            Arc::new(Secret::of_lines(lines.iter().map(Secret::expose)))
        })
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
        let held = |ask: &Self| Held {
            value: environment.get(&ask.0),
            whole: Arc::clone(environment.whole()),
        };
        asks.iter().map(|ask| Ok(held(ask))).collect()
    }
}
