use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use percent_encoding::percent_decode_str;
use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use tokio::process::Command;
use tokio::sync::OnceCell;

use super::base64;
use super::blocking::blocking;
use super::commands::{self, Argv};
use super::files;
use super::http::opaque_segments;
use super::variable::variable;
use crate::key::{Fingerprint, Secret};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// Where a credential is, never the credential itself.
#[derive(Clone, PartialEq, Eq, Hash, JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Credential {
    /// In a variable of straggler's environment.
    Env(Arc<str>),
    /// In a file; line breaks at its end are left out.
    File(Arc<Path>),
    /// In what a program prints, started without a shell; line breaks at the end are left out.
    Command(Argv),
}

impl Credential {
    /// Says where a relative path to a file starts.
    pub fn rooted_at(&mut self, folder: &Path) {
        self.files(&mut |path| *path = folder.join(&*path).into());
    }

    /// The file that it is read from.
    pub fn files(&mut self, each: &mut dyn FnMut(&mut Arc<Path>)) {
        if let Self::File(path) = self {
            each(path);
        }
    }

    /// Whether it can be meant so.
    ///
    /// # Errors
    ///
    /// What was expected, a lowercase fragment.
    pub fn check(&self) -> Result<(), String> {
        let empty = match self {
            Self::Env(name) => name.is_empty(),
            Self::File(path) => path.as_os_str().is_empty(),
            Self::Command(argv) => argv.first().is_none_or(|program| program.is_empty()),
        };
        if empty {
            return Err("expected where the credential is, not an empty name".to_owned());
        }
        Ok(())
    }
}

/// Names the reference, for messages.
impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the variable {}", escape(name)),
            Self::File(path) => write!(f, "the file {}", escape(&path.to_string_lossy())),
            Self::Command(argv) => write!(
                f,
                "the command `{}`",
                escape(argv.first().map_or("", |program| program))
            ),
        }
    }
}

/// The map a credential is written as.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    scheme: Option<Box<str>>,
    env: Option<Arc<str>>,
    file: Option<Arc<Path>>,
    command: Option<Argv>,
}

const EXPECTED: &str = "a reference to the credential: { env: NAME }, { file: PATH } or \
                        { command: [PROGRAM, ARGUMENT] }";

impl<'de> Deserialize<'de> for Credential {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Reference)? {
            (None, credential) => Ok(credential),
            (Some(_), _) => Err(refused()),
        }
    }
}

/// Reads a reference that may name an authentication scheme beside it.
pub(super) fn with_scheme<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<(Option<Box<str>>, Credential), D::Error> {
    deserializer.deserialize_any(Reference)
}

/// Takes a map and refuses anything else without repeating it: it may be the credential itself.
struct Reference;

impl<'de> Visitor<'de> for Reference {
    type Value = (Option<Box<str>>, Credential);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let written = Written::deserialize(MapAccessDeserializer::new(map))?;
        let credential = match (written.env, written.file, written.command) {
            (Some(name), None, None) => Credential::Env(name),
            (None, Some(path), None) => Credential::File(path),
            (None, None, Some(argv)) => Credential::Command(argv),
            _ => return Err(refused()),
        };
        Ok((written.scheme, credential))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Err(refused())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Err(refused())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Err(refused())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Err(refused())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Err(refused())
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<Self::Value, E> {
        Err(refused())
    }
}

fn refused<E: Error>() -> E {
    E::custom(format!("expected {EXPECTED}; never the credential itself"))
}

/// Looks credentials up when they are needed. A command runs once for all that name it, until this
/// is dropped; variables and files are looked up each time.
#[derive(Default)]
pub(super) struct Credentials {
    printed: Mutex<HashMap<Argv, Arc<Printed>>>,
    used: Mutex<HashMap<Fingerprint, Secret>>,
}

/// What a command printed, once it ran, or why it gave nothing: it is not run again.
type Printed = OnceCell<Result<Arc<Secret>, ReadError>>;

impl Credentials {
    /// The credential itself.
    ///
    /// # Errors
    ///
    /// When it is not where it should be; names the reference.
    pub async fn resolve(&self, credential: &Credential) -> Result<Arc<Secret>, ReadError> {
        let found = match credential {
            Credential::Env(name) => {
                std::env::var_os(&**name).map(|value| Secret::new(value.into_encoded_bytes()))
            }
            Credential::File(path) => read(Arc::clone(path)).await?,
            Credential::Command(argv) => return self.print(argv).await,
        };
        let found = found.ok_or_else(|| unfit(credential, "is not there"))?;
        let found = without_line_end(credential, found)?;
        self.uses(found.expose());
        Ok(Arc::new(found))
    }

    /// Notes a credential that is sent to somebody, who may repeat it.
    pub fn uses(&self, credential: &[u8]) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        for secret in secrets(credential) {
            used.entry(secret.fingerprint()).or_insert(secret);
        }
    }

    /// Notes what stands in an address, where many have a token: the values of its query, and what looks
    /// like one in its path.
    pub fn uses_address(&self, url: &Url) {
        for (_, value) in url.query_pairs() {
            self.uses(value.as_bytes());
        }
        for segment in opaque_segments(url) {
            self.uses(segment.as_bytes());
        }
    }

    /// Notes what of the address of a proxy is secret.
    pub fn uses_proxy(&self, proxy: &Url) {
        let user = Some(proxy.username());
        let user = user.filter(|user| !user.is_empty() && proxy.password().is_none());
        for secret in proxy.password().into_iter().chain(user) {
            self.uses(secret.as_bytes());
            let plain: Vec<u8> = percent_decode_str(secret).collect();
            self.uses(Secret::new(plain).expose());
        }
    }

    /// None so far but the passwords of the proxies that the environment names.
    pub fn with_proxies() -> Self {
        let credentials = Self::default();
        for name in ["http_proxy", "https_proxy", "all_proxy"] {
            for name in [name.to_owned(), name.to_uppercase()] {
                let set = variable(&name).and_then(|proxy| Url::parse(&proxy).ok());
                set.iter().for_each(|proxy| credentials.uses_proxy(proxy));
            }
        }
        credentials
    }

    /// Every credential that was used so far.
    pub fn used(&self) -> Vec<Secret> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let used = used.values();
        used.map(|secret| Secret::copied(secret.expose())).collect()
    }

    /// The credential that a store's settings name, else that in the first of these variables that is
    /// set; `None` where there is neither.
    ///
    /// # Errors
    ///
    /// As [`Credentials::resolve`].
    pub async fn named_or_set(
        &self,
        named: Option<&Credential>,
        variables: &[&str],
    ) -> Result<Option<Arc<Secret>>, ReadError> {
        let set = || {
            let name = variables.iter().find(|name| variable(name).is_some())?;
            Some(Credential::Env((*name).into()))
        };
        match named.cloned().or_else(set) {
            Some(credential) => self.resolve(&credential).await.map(Some),
            None => Ok(None),
        }
    }

    async fn print(&self, argv: &Argv) -> Result<Arc<Secret>, ReadError> {
        let cell = {
            let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(printed.entry(Arc::clone(argv)).or_default())
        };
        let run = async || {
            let program = argv.first().map_or("", |program| program);
            let mut command = Command::new(program);
            command.args(argv.iter().skip(1).map(|argument| &**argument));
            let output = commands::login(program, command).await?;
            let printed = without_line_end(&Credential::Command(Arc::clone(argv)), output)?;
            self.uses(printed.expose());
            Ok(Arc::new(printed))
        };
        cell.get_or_init(run).await.clone()
    }
}

/// What of a credential is secret: of an address, of a user with a password and of a document only parts
/// are, and the rest may be told.
fn secrets(credential: &[u8]) -> Vec<Secret> {
    let text = String::from_utf8_lossy(credential);
    if let Ok(document) = serde_json::from_str::<Document>(&text) {
        return document.secrets();
    }
    if let Some(url) = Url::parse(&text).ok().filter(Url::has_host) {
        let segments = url.path_segments().into_iter().flatten();
        let query = url.query_pairs().map(|(_, value)| value.into_owned());
        let parts = segments.map(str::to_owned).chain(query);
        let parts = parts.chain(url.password().map(str::to_owned));
        return parts.map(|part| Secret::new(part.into_bytes())).collect();
    }
    let mut all = vec![Secret::copied(credential)];
    let decoded = base64::decoded(credential);
    let readable = [Some(credential), decoded.as_ref().map(Secret::expose)];
    for pair in readable.into_iter().flatten() {
        // `user:password`, as basic authentication has it.
        if let Some(at) = pair.iter().position(|&byte| byte == b':') {
            all.push(Secret::copied(&pair[at + 1..]));
        }
    }
    all
}

/// A file of several credentials, as Google's are, by the names of its members.
#[derive(Deserialize)]
struct Document(HashMap<Box<str>, serde_json::Value>);

impl Document {
    fn secrets(&self) -> Vec<Secret> {
        let is_secret = |name: &str| {
            let name = name.to_ascii_lowercase();
            ["key", "secret", "token", "password"]
                .iter()
                .any(|word| name.contains(word))
        };
        let members = self.0.iter().filter(|(name, _)| is_secret(name));
        let texts = members.filter_map(|(_, value)| value.as_str());
        let own = texts.filter(|text| !text.starts_with("https://"));
        own.map(|text| Secret::copied(text.as_bytes())).collect()
    }
}

/// The bytes of a file; `None` where there is no such file.
pub(super) async fn read(path: Arc<Path>) -> Result<Option<Secret>, ReadError> {
    let mut file = blocking(move || vec![files::read(&path)]).await;
    Ok(file
        .pop()
        .transpose()?
        .flatten()
        .map(|file| Secret::copied(file.bytes.expose())))
}

fn without_line_end(credential: &Credential, found: Secret) -> Result<Secret, ReadError> {
    let bytes = found.expose();
    let bytes = match credential {
        Credential::Env(_) => bytes,
        _ => {
            let end = bytes.iter().rposition(|byte| !b"\r\n".contains(byte));
            &bytes[..end.map_or(0, |last| last + 1)]
        }
    };
    if bytes.is_empty() {
        return Err(unfit(credential, "is empty"));
    }
    Ok(Secret::copied(bytes))
}

fn unfit(credential: &Credential, what: &str) -> ReadError {
    let next = match credential {
        Credential::Env(_) => "set it where straggler is started",
        Credential::File(_) => "put the credential there, or correct the reference",
        Credential::Command(_) => "let it print the credential, or correct the reference",
    };
    ReadError::new(
        ErrorKind::Denied,
        format!("no credential: {credential} {what}"),
        next,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(value: serde_json::Value) -> Result<Credential, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    async fn resolved(value: serde_json::Value) -> Result<Vec<u8>, ReadError> {
        let credential = parse(value).unwrap();
        let secret = Credentials::default().resolve(&credential).await?;
        Ok(secret.expose().to_vec())
    }

    #[test]
    fn the_credential_itself_is_refused_and_not_repeated() {
        for value in [
            json!("hunter2"),
            json!(271_828),
            json!(-271_828),
            json!(271_828.5),
            json!(true),
            json!(null),
            json!(["hunter2"]),
            json!({}),
            json!({"env": "A", "file": "b"}),
        ] {
            let error = parse(value).err().unwrap();
            assert!(
                !error.contains("hunter2") && !error.contains("271828"),
                "{error}"
            );
            assert!(error.contains("{ env: NAME }"), "{error}");
        }
    }

    #[test]
    fn an_empty_reference_is_refused() {
        for value in [
            json!({"env": ""}),
            json!({"file": ""}),
            json!({"command": []}),
        ] {
            assert!(parse(value).unwrap().check().is_err());
        }
        assert!(parse(json!({"command": ["pass"]})).unwrap().check().is_ok());
    }

    #[tokio::test]
    async fn comes_from_a_variable_a_file_or_a_command() {
        assert_eq!(
            resolved(json!({"env": "CARGO_PKG_NAME"})).await.unwrap(),
            b"straggler"
        );
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, " token \r\n\n").unwrap();
        assert_eq!(
            resolved(json!({"file": file.path()})).await.unwrap(),
            b" token "
        );
        assert_eq!(
            resolved(json!({"command": ["echo", "token"]}))
                .await
                .unwrap(),
            b"token"
        );
    }

    #[tokio::test]
    async fn what_is_not_there_is_named_by_its_reference() {
        let unset = resolved(json!({"env": "NO_SUCH_VARIABLE"}))
            .await
            .unwrap_err();
        assert_eq!(
            unset.message,
            "no credential: the variable NO_SUCH_VARIABLE is not there"
        );
        let missing = resolved(json!({"file": "/no-such-file"}))
            .await
            .unwrap_err();
        assert_eq!(
            missing.message,
            "no credential: the file /no-such-file is not there"
        );
        let silent = resolved(json!({"command": ["true"]})).await.unwrap_err();
        assert_eq!(silent.message, "no credential: the command `true` is empty");
    }

    #[tokio::test]
    async fn a_command_runs_once_for_all_that_name_it() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        let script = format!("echo ran >> {}; echo token", log.display());
        let credential = parse(json!({"command": ["sh", "-c", script]})).unwrap();
        let credentials = Credentials::default();
        let (one, two) = tokio::join!(
            credentials.resolve(&credential),
            credentials.resolve(&credential)
        );
        assert!(one.is_ok() && two.is_ok());
        assert_eq!(std::fs::read_to_string(log).unwrap(), "ran\n");
    }
}
