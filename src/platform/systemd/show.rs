use std::path::Path;
use std::sync::Arc;

use super::unit::{Credentials, Inherited, Unit, broken};
use crate::key::Secret;
use crate::platform::{Ask, Platform, commands};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// The service manager of this host.
pub struct Systemd {
    /// The program that speaks to it.
    busctl: Box<str>,
}

impl Systemd {
    /// Asks through the `busctl` on the path, which comes with systemd and writes what it is told as
    /// JSON, where `systemctl show` quotes it.
    #[must_use]
    pub fn new() -> Self {
        Self::through("busctl")
    }

    /// Asks through another program.
    #[must_use]
    pub fn through(busctl: &str) -> Self {
        Self {
            busctl: busctl.into(),
        }
    }
}

impl Default for Systemd {
    fn default() -> Self {
        Self::new()
    }
}

impl Platform for Systemd {
    const ID: &'static str = "systemd";
}

const SERVICE: &str = "org.freedesktop.systemd1";
const MANAGER: &str = "/org/freedesktop/systemd1";

/// Asks what systemd knows of a service.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Show {
    /// Its whole name: `web.service`.
    pub unit: Arc<str>,
}

impl Ask for Show {
    type Platform = Systemd;
    type Answer = Unit;

    fn describe(&self) -> String {
        format!("properties of {}", escape(&self.unit))
    }

    async fn send(systemd: &Systemd, asks: Vec<Self>) -> Vec<Result<Unit, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.show(systemd).await);
        }
        answers
    }
}

impl Show {
    async fn show(&self, systemd: &Systemd) -> Result<Unit, ReadError> {
        let path = object(&self.unit);
        let unit = systemd.get(&path, "Unit", &Unit::COMMON).await?;
        let state = Unit::state(unit.expose())?;
        // What is not loaded has no properties of a service.
        if &*state.load != "loaded" {
            return Ok(state);
        }
        let service = systemd.get(&path, "Service", &Unit::SERVICE).await?;
        state.with_service(service.expose())
    }
}

/// Asks which credentials a service gets.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ShowCredentials {
    /// Its whole name.
    pub unit: Arc<str>,
}

impl Ask for ShowCredentials {
    type Platform = Systemd;
    type Answer = Credentials;

    fn describe(&self) -> String {
        format!("credentials of {}", escape(&self.unit))
    }

    async fn send(systemd: &Systemd, asks: Vec<Self>) -> Vec<Result<Credentials, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            let found = systemd
                .get(&object(&ask.unit), "Service", &Credentials::PROPERTIES)
                .await;
            answers.push(found.and_then(|found| Credentials::parse(found.expose())));
        }
        answers
    }
}

/// Asks for the environment that every service gets, unless it says otherwise.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ShowManager;

impl Ask for ShowManager {
    type Platform = Systemd;
    type Answer = Inherited;

    fn describe(&self) -> String {
        "environment of all services".to_owned()
    }

    async fn send(systemd: &Systemd, asks: Vec<Self>) -> Vec<Result<Inherited, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for _ in asks {
            let found = systemd.get(MANAGER, "Manager", &["Environment"]).await;
            answers.push(found.and_then(|found| Inherited::parse(found.expose())));
        }
        answers
    }
}

impl Systemd {
    /// Properties of an object, a line of JSON each.
    async fn get(
        &self,
        object: &str,
        interface: &str,
        properties: &[&str],
    ) -> Result<Secret, ReadError> {
        let interface = format!("{SERVICE}.{interface}");
        let words = [
            &*self.busctl,
            "--json=short",
            "get-property",
            SERVICE,
            object,
            &interface,
        ];
        let words = words.into_iter().chain(properties.iter().copied());
        let argv: Vec<Box<str>> = words.map(Box::from).collect();
        let found = commands::execute(&argv, &[], Path::new("")).await;
        let found = found.map_err(|error| self.refused(error))?;
        let lines = found.expose().split(|&byte| byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty()).count();
        if lines != properties.len() {
            return Err(broken());
        }
        Ok(found)
    }

    /// What `busctl` complains about comes in words alone.
    fn refused(&self, error: ReadError) -> ReadError {
        let says = |words: &[&str]| words.iter().any(|words| error.message.contains(words));
        if error.kind == ErrorKind::NotFound {
            return ReadError::new(
                ErrorKind::Connect,
                format!(
                    "there is no `{}` here, so nobody tells of units",
                    escape(&self.busctl)
                ),
                "run straggler on a host that systemd runs, with its package installed",
            );
        }
        if says(&[
            "Access denied",
            "Permission denied",
            "Interactive authentication required",
        ]) {
            return ReadError::new(
                ErrorKind::Denied,
                format!("systemd refuses to tell: {}", error.message),
                "let straggler's user connect to the system bus",
            );
        }
        if says(&[
            "Failed to connect",
            "not been booted",
            "Host is down",
            "No such file or directory",
        ]) {
            return ReadError::new(
                ErrorKind::Connect,
                format!("no systemd answers here: {}", error.message),
                "run straggler on the host itself, not in a container that does not see its system bus",
            );
        }
        ReadError {
            kind: ErrorKind::Protocol,
            ..error
        }
    }
}

/// Where a unit stands on the bus: every byte but letters and digits is written as `_` and two hex
/// digits, and so is a digit that comes first.
fn object(unit: &str) -> String {
    let mut path = format!("{MANAGER}/unit/");
    for (position, byte) in unit.bytes().enumerate() {
        if byte.is_ascii_alphabetic() || (position > 0 && byte.is_ascii_digit()) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("_{byte:02x}"));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_named_as_the_bus_has_them() {
        for (unit, path) in [
            ("web.service", "web_2eservice"),
            ("web@1.service", "web_401_2eservice"),
            ("9p-é.service", "_39p_2d_c3_a9_2eservice"),
        ] {
            assert_eq!(
                object(unit),
                format!("/org/freedesktop/systemd1/unit/{path}")
            );
        }
    }

    #[tokio::test]
    async fn a_host_without_systemd_is_told() {
        let show = Show {
            unit: "web.service".into(),
        };
        let none = Systemd::through("/no/such/busctl");
        let error = show.show(&none).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Connect, "{error}");
        // It says nothing at all.
        let silent = Systemd::through("true");
        let error = show.show(&silent).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::BadData, "{error}");
    }

    #[test]
    fn what_it_complains_about_has_a_kind() {
        let systemd = Systemd::new();
        for (words, kind) in [
            ("Failed to get property: Access denied", ErrorKind::Denied),
            (
                "System has not been booted with systemd as init system",
                ErrorKind::Connect,
            ),
            (
                "Failed to get property: Unknown property",
                ErrorKind::Protocol,
            ),
        ] {
            let error = ReadError::new(ErrorKind::Protocol, words, "run it by hand");
            assert_eq!(systemd.refused(error).kind, kind, "{words}");
        }
    }
}
