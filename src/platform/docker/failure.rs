use std::io::ErrorKind as Io;
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde::Deserialize;

use crate::platform::http::Reply;
use crate::platform::user;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// What an engine says when it refuses.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
}

/// What the engine says of an answer that is no success; empty where something else answers.
pub(super) fn said(reply: &Reply) -> String {
    let refusal: Refusal = serde_json::from_slice(reply.body.expose()).unwrap_or_default();
    refusal.message
}

/// Whether the container itself is not there, where a file in it was asked for too.
pub(super) fn is_gone(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    said.contains("no such container") || said.contains("no container with name or id")
}

/// The error of a refused request, which is this one of the API: `GET /containers/json`.
pub(super) fn refused(reply: &Reply, request: &str) -> ReadError {
    let said = said(reply);
    let next = format!("let the proxy or plugin before the engine pass `{request}`");
    reply.refused(Some(&*said).filter(|said| !said.is_empty()), &next)
}

/// Why nobody answers at a socket.
pub(super) fn no_socket(socket: &Path, error: ReadError) -> ReadError {
    let shown = escape(&socket.to_string_lossy()).into_owned();
    // The client hides why; another try tells.
    match UnixStream::connect(socket).map_err(|error| error.kind()) {
        Err(Io::PermissionDenied) => ReadError::new(
            ErrorKind::Denied,
            format!("{shown} may not be opened by user {}", user::current()),
            "grant read and write on the socket, which makes whoever has it root on that machine, as the group `docker` does; \
             or put a proxy before it that passes `GET /containers/json` and `GET /containers/*/json` and nothing else, \
             and name that as `host`",
        ),
        Err(Io::NotFound) => ReadError::new(
            ErrorKind::Connect,
            format!("there is no socket {shown}"),
            "start Docker or Podman's API there, or correct `host`",
        ),
        Err(Io::ConnectionRefused) => ReadError::new(
            ErrorKind::Connect,
            format!("nobody listens at {shown}"),
            "start Docker or Podman's API there, or correct `host`",
        ),
        _ => error,
    }
}

/// What names the engine cannot be meant so.
pub(super) fn unfit(who: &str, why: &str) -> ReadError {
    ReadError::new(
        ErrorKind::Connect,
        format!("no engine: {who} does not say where it is: {why}"),
        "correct it, or declare a store with a `host`",
    )
}
