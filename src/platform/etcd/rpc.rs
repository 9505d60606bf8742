//! etcd's gRPC, for whoever shows a client certificate: etcd takes its common name for the user, and its
//! gateway refuses every certificate that has one, with a password or without.

use std::sync::Arc;

use percent_encoding::percent_decode;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue, TE};

use super::Server;
use super::failure::{Refusal, Refused};
use super::range::{Held, Kept, Range};
use super::wire::{Message, Value, unframed, values};
use crate::key::Secret;
use crate::platform::http::{Call, Reply};
use crate::reading::{ErrorKind, ReadError};

const TYPE: &str = "application/grpc";

/// Where gRPC says how a call went, and why.
const STATUS: &str = "grpc-status";
const MESSAGE: &str = "grpc-message";

/// The token of a user who logged in.
static TOKEN: HeaderName = HeaderName::from_static("token");

/// Reads a key. `token` is what a login gave.
pub(super) async fn range(
    server: &Server,
    range: &Range,
    token: Option<&Arc<Secret>>,
) -> Result<Result<Held, Refused>, ReadError> {
    let mut message = Message::of(range.key.len()).bytes(1, range.key.as_bytes());
    if let Some(revision) = range.at {
        message = message.number(4, revision);
    }
    let call = call(server, ["etcdserverpb.KV", "Range"], message)?;
    let call = match token {
        Some(token) => call.credential(TOKEN.clone(), "", token)?,
        None => call,
    };
    let reply = call.send(&server.clients).await?;
    answered(&reply, Some(&range.key), token.is_none(), |message| {
        let mut pair = None;
        values(message, |field, value| {
            if let (2, Value::Bytes(bytes)) = (field, value) {
                pair.get_or_insert(bytes);
            }
        })?;
        match pair {
            Some(pair) => kept(pair).map(Held::Value),
            None => Some(Held::Nothing),
        }
    })
}

fn kept(pair: &[u8]) -> Option<Kept> {
    let (mut value, mut revision, mut version) = (&[][..], None, None);
    values(pair, |field, found| match (field, found) {
        (3, Value::Number(number)) => revision = i64::try_from(number).ok(),
        (4, Value::Number(number)) => version = i64::try_from(number).ok(),
        // Left out where it is empty.
        (5, Value::Bytes(bytes)) => value = bytes,
        _ => {}
    })?;
    Some(Kept {
        value: Secret::copied(value),
        revision: revision?,
        version: version?,
    })
}

/// Logs a user in; the token.
pub(super) async fn authenticate(
    server: &Server,
    name: &str,
    password: &Arc<Secret>,
) -> Result<Result<Secret, Refused>, ReadError> {
    let message = Message::of(name.len() + password.len())
        .bytes(1, name.as_bytes())
        .bytes(2, password.expose());
    let call = call(server, ["etcdserverpb.Auth", "Authenticate"], message)?;
    let reply = call
        .carrying(Arc::clone(password))
        .send(&server.clients)
        .await?;
    answered(&reply, None, false, |message| {
        let mut token = None;
        values(message, |field, value| {
            if let (2, Value::Bytes(bytes)) = (field, value) {
                token = Some(Secret::copied(bytes));
            }
        })?;
        token
    })
}

fn call(server: &Server, method: [&str; 2], message: Message) -> Result<Call, ReadError> {
    let body = message.framed().ok_or_else(|| {
        ReadError::new(
            ErrorKind::TooLarge,
            "the request is longer than gRPC can carry",
            "name a shorter key",
        )
    })?;
    let call = Call::post(server.address()?.at(method), TYPE, body);
    Ok(call.with(TE, HeaderValue::from_static("trailers")))
}

/// What the message of a success says, or why there is none. How the call went is said behind the message, or
/// before it where none follows.
fn answered<T>(
    reply: &Reply,
    key: Option<&str>,
    by_certificate: bool,
    read: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<Result<T, Refused>, ReadError> {
    if !reply.status.is_success() {
        return Err(reply.refused(None, "let gRPC through to etcd: what answers is before it"));
    }
    let kind = reply.headers.get(CONTENT_TYPE);
    if !kind.is_some_and(|kind| kind.as_bytes().starts_with(TYPE.as_bytes())) {
        return Err(unfit(reply));
    }
    let said = |name: &str| {
        let said = reply.trailers.get(name).or(reply.headers.get(name));
        said.map(HeaderValue::as_bytes)
    };
    let status = said(STATUS).and_then(|status| str::from_utf8(status).ok());
    let Some(code) = status.and_then(|status| status.parse::<u32>().ok()) else {
        return Err(unfit(reply));
    };
    if code != 0 {
        let message = percent_decode(said(MESSAGE).unwrap_or_default());
        let message = message.decode_utf8_lossy().into_owned();
        let refusal = Refusal { code, message };
        return Ok(Err(refusal.of_rpc(reply, key, by_certificate)));
    }
    let message = unframed(reply.body.expose()).and_then(read);
    message.map(Ok).ok_or_else(|| unfit(reply))
}

fn unfit(reply: &Reply) -> ReadError {
    ReadError::new(
        ErrorKind::BadData,
        format!("{} answered what is no whole gRPC", reply.shown()),
        "ask it by hand with `etcdctl get`; something else may be listening there",
    )
}
