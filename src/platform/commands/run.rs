use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::execute;
use crate::key::Secret;
use crate::platform::credential::{Credential, Credentials};
use crate::platform::{Ask, Platform};
use crate::reading::ReadError;
use crate::text::escape;

/// Starts programs on this host.
pub struct Commands {
    credentials: Arc<Credentials>,
}

impl Commands {
    pub(in crate::platform) fn new(credentials: Arc<Credentials>) -> Self {
        Self { credentials }
    }
}

impl Platform for Commands {
    const ID: &'static str = "commands";
}

/// A program and its arguments.
pub type Argv = Arc<[Box<str>]>;

/// Asks for what a program prints on standard output, exactly.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Run {
    /// The program and its arguments; no shell comes in between.
    pub argv: Argv,
    /// What is set for it beside straggler's own environment.
    pub env: Arc<BTreeMap<Box<str>, Setting>>,
    /// Where it is started; where straggler is if empty.
    pub folder: Arc<Path>,
}

/// What a variable is set to.
#[derive(Clone, PartialEq, Eq, Hash, JsonSchema)]
#[schemars(untagged)]
pub enum Setting {
    /// A text that is no secret.
    Text(Box<str>),
    /// A credential.
    Credential(Credential),
}

impl Ask for Run {
    type Platform = Commands;
    type Answer = Secret;

    fn describe(&self) -> String {
        let words: Vec<_> = self.argv.iter().map(|word| escape(word)).collect();
        format!("run {}", words.join(" "))
    }

    async fn send(commands: &Commands, asks: Vec<Self>) -> Vec<Result<Secret, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.run(&commands.credentials).await);
        }
        answers
    }
}

impl Run {
    async fn run(&self, credentials: &Credentials) -> Result<Secret, ReadError> {
        let mut env = Vec::with_capacity(self.env.len());
        for (name, setting) in &*self.env {
            let value = match setting {
                Setting::Text(text) => Arc::new(Secret::copied(text.as_bytes())),
                Setting::Credential(credential) => credentials.resolve(credential).await?,
            };
            env.push((&**name, value));
        }
        execute(&self.argv, &env, &self.folder).await
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrReference)
    }
}

/// Written out, since serde's own errors repeat what they found.
struct TextOrReference;

impl<'de> Visitor<'de> for TextOrReference {
    type Value = Setting;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or a reference to a credential")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Setting, E> {
        Ok(Setting::Text(text.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Setting, A::Error> {
        Credential::deserialize(MapAccessDeserializer::new(map)).map(Setting::Credential)
    }
}
