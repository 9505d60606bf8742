use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use crate::key::Secret;
use crate::reading::{ErrorKind, ReadError};

/// What systemd knows of a service.
#[derive(Default)]
pub struct Unit {
    /// `loaded`, `not-found`, `masked`, `bad-setting` or `error`.
    pub load: Box<str>,
    /// `active`, `inactive`, `failed`, `activating`, …
    pub active: Box<str>,
    /// Whether its files changed since systemd read them.
    pub needs_reload: bool,
    /// The file it is declared in, and those that add to it.
    pub files: Vec<Box<str>>,
    /// The number of its main process; 0 where none runs.
    pub main_pid: u32,
    /// When that was started.
    pub started_at: Option<Timestamp>,
    /// `NAME=value`, as the next start would get it from the unit itself.
    pub environment: Vec<Secret>,
    /// The files that the next start would read, and whether each may be absent.
    pub environment_files: Vec<(Arc<Path>, bool)>,
    /// Variables that are handed on from what systemd itself was started with.
    pub passed: Vec<Box<str>>,
    /// `NAME` or `NAME=value`: what is taken out in the end.
    pub unset: Vec<Secret>,
    /// The PAM service that a session is opened with when it starts; none where systemd opens none.
    pub pam: Option<Box<str>>,
}

/// The credentials of a service, by name.
pub struct Credentials {
    /// Where each is loaded from.
    pub loaded: Vec<(Box<str>, Box<str>)>,
    /// Those that are decrypted when the service starts.
    pub encrypted: Vec<Box<str>>,
    /// Those that stand in the unit.
    pub set: Vec<(Box<str>, Secret)>,
}

/// The environment that every service gets: `NAME=value`.
pub struct Inherited(pub Vec<Secret>);

impl Unit {
    /// Of every unit.
    pub(super) const COMMON: [&'static str; 5] = [
        "LoadState",
        "ActiveState",
        "NeedDaemonReload",
        "FragmentPath",
        "DropInPaths",
    ];
    /// Of services.
    pub(super) const SERVICE: [&'static str; 9] = [
        "MainPID",
        "ExecMainStartTimestamp",
        "Environment",
        "EnvironmentFiles",
        "PassEnvironment",
        "UnsetEnvironment",
        "PAMName",
        "User",
        "DynamicUser",
    ];

    /// Reads [`Unit::COMMON`].
    pub(super) fn state(json: &[u8]) -> Result<Self, ReadError> {
        let mut lines = Lines::of(json);
        let (load, active) = (lines.next()?, lines.next()?);
        let needs_reload = lines.next()?;
        let fragment: Box<str> = lines.next()?;
        let drop_ins: Vec<Box<str>> = lines.next()?;
        let files = [fragment].into_iter().chain(drop_ins);
        Ok(Self {
            load,
            active,
            needs_reload,
            files: files.filter(|path| !path.is_empty()).collect(),
            ..Self::default()
        })
    }

    /// Reads [`Unit::SERVICE`].
    pub(super) fn with_service(self, json: &[u8]) -> Result<Self, ReadError> {
        let mut lines = Lines::of(json);
        let main_pid = lines.next()?;
        let started: i64 = lines.next()?;
        let environment: Vec<Held> = lines.next()?;
        let files: Vec<(Box<str>, bool)> = lines.next()?;
        let passed = lines.next()?;
        let unset: Vec<Held> = lines.next()?;
        let (pam, user): (Box<str>, Box<str>) = (lines.next()?, lines.next()?);
        let dynamic_user: bool = lines.next()?;
        // Without a user systemd passes over it.
        let opens_session = !pam.is_empty() && (!user.is_empty() || dynamic_user);
        Ok(Self {
            main_pid,
            started_at: Timestamp::from_microsecond(started)
                .ok()
                .filter(|_| started > 0),
            environment: held(environment),
            environment_files: files
                .into_iter()
                .map(|(path, optional)| (Path::new(&*path).into(), optional))
                .collect(),
            passed,
            unset: held(unset),
            pam: opens_session.then_some(pam),
            ..self
        })
    }
}

impl Credentials {
    pub(super) const PROPERTIES: [&'static str; 3] =
        ["LoadCredential", "LoadCredentialEncrypted", "SetCredential"];

    /// Reads [`Credentials::PROPERTIES`].
    pub(super) fn parse(json: &[u8]) -> Result<Self, ReadError> {
        let mut lines = Lines::of(json);
        let loaded = lines.next()?;
        let encrypted: Vec<(Box<str>, Box<str>)> = lines.next()?;
        let set: Vec<(Box<str>, Vec<u8>)> = lines.next()?;
        Ok(Self {
            loaded,
            encrypted: encrypted.into_iter().map(|(name, _)| name).collect(),
            set: set
                .into_iter()
                .map(|(name, bytes)| (name, Secret::new(bytes)))
                .collect(),
        })
    }
}

impl Inherited {
    pub(super) fn parse(json: &[u8]) -> Result<Self, ReadError> {
        let environment: Vec<Held> = Lines::of(json).next()?;
        Ok(Self(held(environment)))
    }
}

/// One property on each line: `{"type":"as","data":[…]}`.
struct Lines<'j>(std::slice::Split<'j, u8, fn(&u8) -> bool>);

impl<'j> Lines<'j> {
    fn of(json: &'j [u8]) -> Self {
        Self(json.split(|&byte| byte == b'\n'))
    }

    fn next<T: Deserialize<'j>>(&mut self) -> Result<T, ReadError> {
        #[derive(Deserialize)]
        struct Property<T> {
            data: T,
        }
        let line = self.0.next().ok_or_else(broken)?;
        let property: Property<T> = serde_json::from_slice(line).map_err(|_| broken())?;
        Ok(property.data)
    }
}

/// What came is not what `busctl` prints.
pub(super) fn broken() -> ReadError {
    ReadError::new(
        ErrorKind::BadData,
        "`busctl` printed something else than the properties of the unit",
        "straggler needs systemd 250 or later; look at `busctl --version`",
    )
}

/// A text that may hold a key.
struct Held(Secret);

fn held(texts: Vec<Held>) -> Vec<Secret> {
    texts.into_iter().map(|Held(text)| text).collect()
}

impl<'de> Deserialize<'de> for Held {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Held;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Held, E> {
        Ok(Held(Secret::copied(text.as_bytes())))
    }
}

/// The value of a variable in `NAME=value`.
#[must_use]
pub fn assigned<'t>(assignment: &'t [u8], variable: &str) -> Option<&'t [u8]> {
    assignment
        .strip_prefix(variable.as_bytes())?
        .strip_prefix(b"=")
}

/// A path for people.
#[must_use]
pub fn shown(path: &Path) -> String {
    let path: Cow<'_, str> = path.to_string_lossy();
    crate::text::escape(&path).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_read_line_by_line() {
        let state = br#"{"type":"s","data":"loaded"}
{"type":"s","data":"active"}
{"type":"b","data":true}
{"type":"s","data":"/etc/systemd/system/web.service"}
{"type":"as","data":["/etc/systemd/system/web.service.d/key.conf"]}
"#;
        let service = br#"{"type":"u","data":42}
{"type":"t","data":1795510180000000}
{"type":"as","data":["KEY=a \"b\"\n","OTHER="]}
{"type":"a(sb)","data":[["/etc/web.env",false],["/etc/extra.env",true]]}
{"type":"as","data":["HOME"]}
{"type":"as","data":[]}
{"type":"s","data":"login"}
{"type":"s","data":"www"}
{"type":"b","data":false}
"#;
        let unit = Unit::state(state).unwrap().with_service(service).unwrap();
        assert_eq!(
            (&*unit.load, &*unit.active, unit.needs_reload),
            ("loaded", "active", true)
        );
        assert_eq!((unit.files.len(), unit.main_pid), (2, 42));
        assert_eq!(unit.started_at.unwrap().as_second(), 1_795_510_180);
        assert_eq!(
            assigned(unit.environment[0].expose(), "KEY"),
            Some(&b"a \"b\"\n"[..])
        );
        assert_eq!(assigned(unit.environment[0].expose(), "KE"), None);
        assert_eq!(&*unit.environment_files[1].0, Path::new("/etc/extra.env"));
        assert!(unit.environment_files[1].1 && !unit.environment_files[0].1);
        assert!(unit.unset.is_empty());
        assert_eq!(unit.pam.as_deref(), Some("login"));
        let text = std::str::from_utf8(service).unwrap();
        for (user, is_dynamic, pam) in [("", "false", None), ("", "true", Some("login"))] {
            let text = text
                .replace("www", user)
                .replace("false}\n", &format!("{is_dynamic}}}\n"));
            let unit = Unit::default().with_service(text.as_bytes()).unwrap();
            assert_eq!(unit.pam.as_deref(), pam, "{text}");
        }
    }

    #[test]
    fn what_is_something_else_is_told_without_repeating_it() {
        for json in ["", "s3cret", r#"{"type":"s","data":3}"#] {
            let error = Unit::state(json.as_bytes()).err().unwrap();
            assert_eq!(error.kind, ErrorKind::BadData);
            assert!(!error.to_string().contains("s3cret"));
        }
    }

    #[test]
    fn credentials_are_bytes() {
        let json = br#"{"type":"a(ss)","data":[["key","/etc/keys/web"]]}
{"type":"a(ss)","data":[["sealed","/etc/keys/sealed"]]}
{"type":"a(say)","data":[["default",[107,255]]]}
"#;
        let credentials = Credentials::parse(json).unwrap();
        assert_eq!(&*credentials.loaded[0].1, "/etc/keys/web");
        assert_eq!(&*credentials.encrypted[0], "sealed");
        assert_eq!(credentials.set[0].1.expose(), b"k\xff");
    }
}
