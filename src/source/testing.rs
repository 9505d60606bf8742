//! Reads hops in tests, as the fetcher does but one request after the other.

use std::collections::HashMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use super::{AnySource, At, parse};
use crate::platform::processes::Processes;
use crate::platform::{
    Answer, Answers, Ask, Asking, Connections, Request, Stop, connections, parse_store,
};
use crate::reading::{Found, ReadError, Reading, Version};

/// Answers that are there already.
#[derive(Default)]
pub(crate) struct Known(HashMap<Request, Result<Answer, ReadError>>);

impl Known {
    pub fn with<A: Ask>(mut self, ask: A, answer: Result<A::Answer, ReadError>) -> Self {
        let answer = answer.map(|answer| Box::new(answer) as Answer);
        self.0.insert(Request::new(None, ask), answer);
        self
    }
}

impl Answers for Known {
    fn get<'a>(&'a self, request: &Request) -> Option<Result<&'a Answer, &'a ReadError>> {
        self.0.get(request).map(Result::as_ref)
    }
}

/// The readings of a hop, asking these connections until nothing more is asked.
pub(crate) async fn read_all(
    source: &dyn AnySource,
    variable: &str,
    known: Known,
    connections: &Connections,
) -> Result<Vec<Reading>, ReadError> {
    let read = |asking: &Asking<'_>| source.read(At::of(variable), asking);
    answered(source, known, connections, read).await
}

/// The latest versions of a hop that has a history.
pub(crate) async fn history(
    source: &dyn AnySource,
    most: usize,
    connections: &Connections,
) -> Result<Vec<Version>, ReadError> {
    let at = At::of(VARIABLE);
    let read = |asking: &Asking<'_>| source.history(at, most, asking);
    let versions = answered(source, Known::default(), connections, read).await?;
    Ok(versions.expect("it has a history"))
}

/// What is found there, in words.
pub(crate) fn told_versions(versions: &[Version]) -> Vec<String> {
    versions
        .iter()
        .map(|version| told(&version.found))
        .collect()
}

async fn answered<T>(
    source: &dyn AnySource,
    mut known: Known,
    connections: &Connections,
    read: impl Fn(&Asking<'_>) -> Result<T, Stop>,
) -> Result<T, ReadError> {
    loop {
        let asking = Asking::new(&known, source.store().map(Into::into));
        match read(&asking) {
            Ok(readings) => return Ok(readings),
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::Pending) => {}
        }
        let mut asked = asking.into_asked();
        asked.retain(|request| !known.0.contains_key(request));
        assert!(!asked.is_empty(), "it waits for what it never asked");
        for request in asked {
            let mut answers = Request::send(std::slice::from_ref(&request), connections).await;
            known.0.insert(request, answers.pop().unwrap());
        }
    }
}

/// The connections of an inventory with one store, called `stand`: `{"vault": {…}}`.
pub(crate) fn declared(store: &serde_json::Value) -> Connections {
    let (kind, settings) = store.as_object().unwrap().iter().next().unwrap();
    let store = parse_store(kind, settings).unwrap().unwrap();
    store.check().unwrap();
    connections([(&Arc::from("stand"), &*store)])
}

/// A hop as targets.yaml would write it.
pub(crate) fn hop(id: &str, settings: serde_json::Value) -> Box<dyn AnySource> {
    let hop = try_hop(id, settings).unwrap();
    hop.check().unwrap();
    hop
}

/// The same, for settings that may be refused.
pub(crate) fn try_hop(id: &str, settings: serde_json::Value) -> Result<Box<dyn AnySource>, String> {
    parse(id, settings)
        .unwrap()
        .map_err(|error| error.to_string())
}

/// What this host's real connections read for [`VARIABLE`]. What a test starts is no child of the one
/// that looks.
pub(crate) async fn read(id: &str, settings: serde_json::Value) -> Result<Vec<Reading>, ReadError> {
    let hop = hop(id, settings);
    let connections = connections([]).with(None, Processes::seen_by(u32::MAX));
    read_all(&*hop, VARIABLE, Known::default(), &connections).await
}

/// What a hop that needs nothing else reads from these answers.
pub(crate) async fn read_known(
    id: &str,
    settings: serde_json::Value,
    known: Known,
) -> Result<Vec<Reading>, ReadError> {
    let hop = hop(id, settings);
    read_all(&*hop, VARIABLE, known, &Connections::default()).await
}

/// The variable that hops are read for.
pub(crate) const VARIABLE: &str = "ALLSTAK_API_KEY";

/// The one reading of a hop that has one.
pub(crate) async fn read_one(id: &str, settings: serde_json::Value) -> Reading {
    let mut readings = read(id, settings)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(readings.len(), 1);
    readings.pop().unwrap()
}

/// What was found, in words.
pub(crate) fn told(found: &Found) -> String {
    match found {
        Found::Value(secret) => String::from_utf8_lossy(secret.expose()).into_owned(),
        Found::Fingerprint { fingerprint, .. } => fingerprint.to_string(),
        Found::Hidden { why, .. } => format!("hidden: {why}"),
        Found::Absent => "absent".to_owned(),
        Found::Failed(error) => format!("failed: {error}"),
    }
}

/// A process that runs until it is dropped.
pub(crate) struct Program(Child);

impl Program {
    /// `name` becomes its first argument; take one that no other test uses.
    pub fn start(name: &str, environment: &[(&str, &[u8])]) -> Self {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::process::CommandExt;
        let variables = environment
            .iter()
            .map(|(name, value)| (name, OsStr::from_bytes(value)));
        let child = Command::new("sleep")
            .arg0(name)
            .arg("1000")
            .env_clear()
            .envs(variables)
            .stdin(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
