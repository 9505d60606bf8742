use super::cause::is_utf_16;
use super::variables::Variables;
use super::{
    Dialect, compose, docker, dotenv, node, phpdotenv, python_dotenv, ruby_dotenv, shell, symfony,
    systemd,
};
use crate::key::Secret;

/// What the program's own environment held when it read the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outside {
    /// Nobody knows: what depends on it is [`Entry::Outside`] or [`Entry::Inherited`].
    #[default]
    Unknown,
    /// It was empty.
    Empty,
}

/// What a variable is after the whole file was read.
pub enum Entry {
    /// Set, perhaps to nothing.
    Value(Secret),
    /// Not set by this file.
    Absent,
    /// Named without a value: taken over from the program's own environment if it is set there.
    Inherited {
        /// Where it is named, from 1.
        line: u32,
    },
    /// Built from something that is not in the file, such as `$HOME` or `$$`. What it refers to is
    /// not told: in `K=pa$$word` it is part of the key.
    Outside {
        /// Where it is set, from 1.
        line: u32,
    },
    /// What a command in the file prints, which is not run to find out.
    Command {
        /// Where it is set, from 1.
        line: u32,
    },
}

impl Entry {
    /// The value, if the file gives one.
    #[must_use]
    pub fn value(&self) -> Option<&Secret> {
        match self {
            Self::Value(secret) => Some(secret),
            _ => None,
        }
    }

    /// Whether both say the same: the same bytes, or no value for the same reason.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(one), Self::Value(two)) => one.expose() == two.expose(),
            (Self::Absent, Self::Absent)
            | (Self::Inherited { .. }, Self::Inherited { .. })
            | (Self::Outside { .. }, Self::Outside { .. })
            | (Self::Command { .. }, Self::Command { .. }) => true,
            _ => false,
        }
    }
}

/// The file gives no variable at all, because its program refuses it, or because what it does cannot
/// be known without running it. No text of the file is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Rejected {
    /// Where, from 1.
    pub line: u32,
    /// What stands there, and where it helps what to write instead.
    pub reason: &'static str,
}

/// What one variable is after a program has read this file.
///
/// # Errors
///
/// [`Rejected`] when the whole file gives nothing.
pub fn read(
    dialect: Dialect,
    file: &[u8],
    variable: &str,
    outside: Outside,
) -> Result<Entry, Rejected> {
    // Where values refer to each other, the others have to be known too.
    let mut variables = if dialect.expands() {
        Variables::all(outside)
    } else {
        Variables::only(variable.as_bytes(), outside)
    };
    parse(dialect, file, &mut variables)?;
    Ok(variables.take(variable.as_bytes()))
}

/// Every variable of this file with what it is in the end, in order of first appearance. None is
/// [`Entry::Absent`].
///
/// A name comes from outside as much as a value does, and may be a key that was pasted without its
/// variable: do not print one unseen.
///
/// # Errors
///
/// [`Rejected`] when the whole file gives nothing.
pub fn entries(
    dialect: Dialect,
    file: &[u8],
    outside: Outside,
) -> Result<Vec<(String, Entry)>, Rejected> {
    let mut variables = Variables::all(outside);
    parse(dialect, file, &mut variables)?;
    Ok(variables.into_entries())
}

/// The same as earlier versions of the program read it, which many still carry; `None` where they read it as
/// [`entries`] does.
///
/// # Errors
///
/// [`Rejected`] when the whole file gives nothing.
#[must_use]
pub fn earlier_entries(
    dialect: Dialect,
    file: &[u8],
    outside: Outside,
) -> Option<Result<Vec<(String, Entry)>, Rejected>> {
    let mut variables = Variables::all(outside);
    let parsed = match dialect {
        Dialect::PythonDotenv => {
            python_dotenv::parse(file, python_dotenv::Version::Earlier, &mut variables)
        }
        Dialect::RubyDotenv => {
            ruby_dotenv::parse(file, ruby_dotenv::Version::Earlier, &mut variables)
        }
        _ => return None,
    };
    Some(parsed.map(|()| variables.into_entries()))
}

fn parse(dialect: Dialect, file: &[u8], variables: &mut Variables<'_>) -> Result<(), Rejected> {
    let parsed = parse_as(dialect, file, variables);
    // The real programs stumble over one of its bytes, which says nothing to whoever wrote it in an editor.
    parsed.map_err(|rejected| match is_utf_16(file) {
        true => Rejected {
            line: 1,
            reason: "the file is UTF-16: save it as UTF-8 without a byte order mark",
        },
        false => rejected,
    })
}

fn parse_as(dialect: Dialect, file: &[u8], variables: &mut Variables<'_>) -> Result<(), Rejected> {
    match dialect {
        Dialect::Dotenv => dotenv::parse(file, variables),
        Dialect::Docker => return docker::parse(file, variables),
        Dialect::Compose => return compose::parse(file, variables),
        Dialect::Node => node::parse(file, variables),
        Dialect::PythonDotenv => {
            return python_dotenv::parse(file, python_dotenv::Version::Latest, variables);
        }
        Dialect::Phpdotenv => return phpdotenv::parse(file, variables),
        Dialect::Symfony => return symfony::parse(file, variables),
        Dialect::RubyDotenv => {
            return ruby_dotenv::parse(file, ruby_dotenv::Version::Latest, variables);
        }
        Dialect::Systemd => return systemd::parse(file, variables),
        Dialect::Shell => return shell::parse(file, variables),
    }
    Ok(())
}
