use http::HeaderMap;
use http::header::DATE;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Cluster;
use super::call::Place;
use super::failure::{Permission, Status};
use crate::platform::http::MAX_PAGE;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// How many objects are asked for at once, as kubectl does.
const AT_ONCE: &str = "500";

/// How many pages a list may have: half a million objects.
const MOST_PAGES: usize = 1000;

/// A page of a list.
#[derive(Deserialize)]
struct Page<T> {
    #[serde(default)]
    metadata: Metadata,
    /// Null where there are none: some servers write an empty list so.
    items: Option<Vec<T>>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    /// Where the next page starts; empty behind the last one.
    #[serde(default, rename = "continue")]
    rest: Box<str>,
}

/// Everything that a namespace has of one resource.
pub(super) struct Listed<T> {
    pub items: Vec<T>,
    /// When the first of it was told, by the clock that dates the cluster's objects; by this machine's
    /// where the server does not tell its own.
    pub at: Timestamp,
}

/// Lists everything that a namespace has of one resource. A list that grew too old while its pages were read is
/// an error, which the fetcher answers by asking for all of it again: half of a list says nothing of who
/// is missing from it.
pub(super) async fn list<T: DeserializeOwned>(
    cluster: &Cluster,
    api: &str,
    permission: &Permission<'_>,
) -> Result<Listed<T>, ReadError> {
    let mut found = Vec::new();
    let mut at = None;
    let mut rest = Box::<str>::default();
    for _ in 0..MOST_PAGES {
        let place = Place::new(api, permission.namespace, permission.resource);
        let mut place = place.with("limit", AT_ONCE);
        if !rest.is_empty() {
            place = place.with("continue", &rest);
        }
        let reply = cluster.get(&place, MAX_PAGE).await?;
        if !reply.status.is_success() {
            return Err(Status::of(&reply).into_error(&reply, permission));
        }
        let page: Page<T> = reply.json()?;
        let at = *at.get_or_insert_with(|| told_at(&reply.headers).unwrap_or_else(Timestamp::now));
        found.extend(page.items.unwrap_or_default());
        rest = page.metadata.rest;
        if rest.is_empty() {
            return Ok(Listed { items: found, at });
        }
    }
    Err(ReadError::new(
        ErrorKind::TooLarge,
        format!(
            "the list of {} in {} does not end",
            permission.resource,
            escape(permission.namespace)
        ),
        "count them with `kubectl get`; something else may be listening there",
    ))
}

/// When a server says that it is.
fn told_at(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(DATE)?.to_str().ok()?;
    rfc2822::DateTimeParser::new().parse_timestamp(date).ok()
}
