//! How a service gets another value of a variable: where that comes from is where it is mended.

use std::path::Path;
use std::sync::Arc;

use super::At;
use crate::platform::commands::quoted;
use crate::platform::systemd::shown;
use crate::reading::{Reading, Written};
use crate::text::escape;

/// Where a variable of a service comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// `Environment=` of the unit or a drop-in.
    Unit,
    /// An `EnvironmentFile=`.
    File(Arc<Path>),
    /// What systemd itself was started with, which `PassEnvironment=` hands on.
    Passed,
    /// What systemd's own configuration may set in what `PassEnvironment=` hands on, and in which file.
    Managed(Arc<Path>),
    /// What `systemctl set-environment` or `DefaultEnvironment=` gives to all services.
    Manager,
    /// `UnsetEnvironment=` takes it out.
    Unset,
    /// Nothing sets it, but the unit names this file, which would be read if it was there.
    AbsentFile(Arc<Path>),
    /// Nothing sets it.
    Nowhere,
}

impl Origin {
    /// What is noted of a value that comes from there.
    pub fn told(&self) -> String {
        match self {
            Self::Unit => "set by Environment=".to_owned(),
            Self::File(path) => format!("set by EnvironmentFile={}", shown(path)),
            Self::Passed => "set by PassEnvironment=".to_owned(),
            Self::Managed(_) => "handed on by PassEnvironment=".to_owned(),
            Self::Manager => {
                "set for all services, by `systemctl set-environment` or DefaultEnvironment="
                    .to_owned()
            }
            Self::Unset => "UnsetEnvironment= removes it".to_owned(),
            Self::AbsentFile(path) => {
                format!(
                    "nothing in the unit sets it, and its {} is not there",
                    shown(path)
                )
            }
            Self::Nowhere => "nothing in the unit sets it".to_owned(),
        }
    }

    /// In what the value was written there.
    fn written(&self) -> Option<Written> {
        match self {
            Self::Unit => Some(Written::UnitEnvironment),
            Self::File(_) => Some(Written::UnitEnvironmentFile),
            _ => None,
        }
    }

    /// Says how a variable is mended that comes from here.
    pub fn mended(&self, unit: &str, at: At<'_>, reading: Reading) -> Reading {
        let reading = reading.mended_by(self.words(unit, at));
        match self.written() {
            Some(written) => reading.written_in(written),
            None => reading,
        }
    }

    fn words(&self, unit: &str, at: At<'_>) -> String {
        let (variable, key) = (escape(at.variable), at.key_in_its_part());
        let both = at.key_as_variable();
        let unit = quoted([unit]);
        let restart = format!("`systemctl restart {unit}`");
        let edit = format!("`systemctl edit {unit}`");
        match self {
            Self::Unit => format!(
                "make {variable} {key} where `systemctl cat {unit}` shows its `Environment=`: in quotes as a whole, with `%` as `%%`, \
                 and a `\\` before `\\` and `\"`; then `systemctl daemon-reload` and {restart}"
            ),
            Self::File(path) => format!(
                "write {both} to {}{}, then {restart}",
                shown(path),
                quoting(at)
            ),
            Self::AbsentFile(path) => format!(
                "write {both} to {}, which the unit reads and which is not there{}; then {restart}",
                shown(path),
                quoting(at)
            ),
            Self::Manager if at.part.is_none() => format!(
                "`{variable}=\"$(cat FILE)\" systemctl import-environment {variable}`, then {restart}; if `DefaultEnvironment=` in \
                 systemd's own configuration sets it too, correct it there, or the next boot brings the old one back"
            ),
            Self::Manager => format!(
                "set {both} for all services (`systemctl import-environment` takes it from where it is \
                 called), then {restart}"
            ),
            Self::Passed => format!(
                "what systemd itself was started with stays until the machine boots: add an `EnvironmentFile=` with {both} \
                 with {edit}, which overrides it, then {restart}"
            ),
            Self::Managed(path) => format!(
                "add an `EnvironmentFile=` with {both} with {edit}, which overrides what {} may set, then {restart}",
                shown(path)
            ),
            Self::Unset => format!(
                "take {variable} out of `UnsetEnvironment=` with {edit}, and set it to {key} with an `EnvironmentFile=`; then \
                 {restart}"
            ),
            Self::Nowhere => format!(
                "add an `EnvironmentFile=` with {both} to the unit with {edit}, then {restart}"
            ),
        }
    }
}

/// How a key comes whole through such a file.
fn quoting(at: At<'_>) -> &'static str {
    match at.format {
        Some(format) if format.is_plain() => "",
        _ => ", in single quotes if it has characters other than letters, digits, `-` and `_`",
    }
}
