use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a program takes its key from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Loads {
    /// From the environment it is started with, and from nowhere else.
    #[default]
    Environ,
    /// From somewhere else, by itself or through what starts it, unless the environment has it.
    Itself,
}
