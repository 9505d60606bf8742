use std::fmt::{self, Display};

use serde::de::{Error, Expected, Unexpected};

/// Why a part of the file could not be read, on its way up to the node that it is about.
#[derive(Debug)]
pub(super) enum Failure {
    /// The log knows.
    Reported,
    /// A key that must be there is not.
    Missing(&'static str),
    /// What a type of ours says of the value.
    Said(String),
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reported => f.write_str("was reported"),
            Self::Missing(field) => write!(f, "missing key `{field}`"),
            Self::Said(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}

/// Serde's own messages repeat the value, so they are made anew.
impl Error for Failure {
    fn custom<T: Display>(message: T) -> Self {
        Self::Said(message.to_string())
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Said(format!("expected {expected}, found {}", kind(&unexpected)))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Said(format!("expected {expected}"))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::Said(format!("expected {expected}, found {length}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::Said(format!("expected {}", one_of(expected)))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self::Said(format!("unknown key: expected {}", one_of(expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::Said(format!("`{field}` is given twice, by two names"))
    }
}

/// `one of …` in backticks; these names are ours.
pub(super) fn one_of(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [name] => format!("`{name}`"),
        _ => format!("one of `{}`", names.join("`, `")),
    }
}

fn kind(unexpected: &Unexpected<'_>) -> &'static str {
    match unexpected {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Unit | Unexpected::Option => "nothing",
        Unexpected::Seq => "a list",
        Unexpected::Map => "a map",
        Unexpected::UnitVariant => "a name without a value",
        Unexpected::NewtypeVariant | Unexpected::TupleVariant | Unexpected::StructVariant => {
            "a name with a value"
        }
        Unexpected::Bytes(_)
        | Unexpected::NewtypeStruct
        | Unexpected::Enum
        | Unexpected::Other(_) => "something else",
    }
}
