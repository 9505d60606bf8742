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
use crate::platform::{Page, Portion};
use crate::reading::ReadError;

/// How many objects are asked for at once, as kubectl does.
pub(super) const AT_ONCE: usize = 500;

/// A page of a list.
#[derive(Deserialize)]
struct Answer<T> {
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

/// Some of what a namespace has of one resource.
pub(super) struct Listed<T> {
    pub items: Vec<T>,
    /// When it was told, by the clock that dates the cluster's objects; by this machine's where the server does
    /// not tell its own.
    pub at: Timestamp,
}

/// Lists a page of what a namespace has of one resource. All pages show it as it was when the first was asked
/// for; once the server has forgotten that, the rest cannot be asked for any more.
pub(super) async fn page<T: DeserializeOwned>(
    cluster: &Cluster,
    api: &str,
    permission: &Permission<'_>,
    page: &Page,
) -> Result<Portion<Listed<T>>, ReadError> {
    let place = Place::new(api, permission.namespace, permission.resource);
    let mut place = place.with("limit", &page.most.to_string());
    if let Some(from) = &page.from {
        place = place.with("continue", from);
    }
    let reply = cluster.get(&place, MAX_PAGE).await?;
    if !reply.status.is_success() {
        let error = Status::of(&reply).into_error(&reply, permission, &cluster.kubectl());
        return match reply.status.as_u16() {
            410 if page.from.is_some() => Ok(Portion::Expired(error)),
            _ => Err(error),
        };
    }
    let answer: Answer<T> = reply.json()?;
    Ok(Portion::Of {
        items: Listed {
            items: answer.items.unwrap_or_default(),
            at: told_at(&reply.headers).unwrap_or_else(Timestamp::now),
        },
        next: Some(answer.metadata.rest)
            .filter(|rest| !rest.is_empty())
            .map(Into::into),
    })
}

/// When a server says that it is.
fn told_at(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(DATE)?.to_str().ok()?;
    rfc2822::DateTimeParser::new().parse_timestamp(date).ok()
}
