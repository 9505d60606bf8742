use futures_util::TryFutureExt;
use http::Request;
use http_body_util::BodyExt;
use kube::client::Body;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use super::Cluster;
use super::config::Loaded;
use super::failure::{insecure, unanswered};
use crate::key::Secret;
use crate::platform::buffer::{Buffer, Overflow};
use crate::platform::http::{READ, Reply};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// What stands as it is in a path.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Where something is on an API server.
pub(super) struct Place(String);

impl Place {
    /// What a group and version (`v1`, `apps/v1`) has of a resource in a namespace.
    pub fn new(api: &str, namespace: &str, resource: &str) -> Self {
        let root = if api.contains('/') { "apis" } else { "api" };
        let namespace = utf8_percent_encode(namespace, ESCAPED);
        Self(format!("/{root}/{api}/namespaces/{namespace}/{resource}"))
    }

    /// The one object of this name.
    pub fn of(mut self, name: &str) -> Self {
        self.0.push('/');
        self.0.extend(utf8_percent_encode(name, ESCAPED));
        self
    }

    /// With a parameter more.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        self.0.push_str(name);
        self.0.push('=');
        self.0.extend(utf8_percent_encode(value, ESCAPED));
        self
    }
}

impl Cluster {
    /// Asks the API server, and takes this many bytes at most. Whatever status comes back, but a
    /// redirect, is the caller's to judge.
    pub(super) async fn get(&self, place: &Place, most: usize) -> Result<Reply, ReadError> {
        let loaded = self.loaded()?;
        let joined = format!("{}{}", loaded.url.as_str().trim_end_matches('/'), place.0);
        let url = Url::parse(&joined).map_err(|_| unaskable(place))?;
        let request = Request::get(&place.0)
            .header(http::header::ACCEPT, "application/json")
            .body(Body::empty())
            .map_err(|_| unaskable(place))?;
        let client = self.client().await?;
        let answer = client
            .send(request)
            .map_err(|error| unanswered(&url, &error, loaded))
            .await?;
        let (head, body) = answer.into_parts();
        let body = match head.status.is_success() {
            true => (whole(&url, body, most, loaded).await?, true),
            false => {
                let beginning = beginning(body).await;
                if let Some(error) = insecure(&url, head.status, beginning.0.expose(), loaded) {
                    return Err(error);
                }
                beginning
            }
        };
        Reply::received(url, head.status, head.headers, body)
    }
}

/// Everything, or an error.
async fn whole(
    url: &Url,
    mut body: Body,
    most: usize,
    loaded: &Loaded,
) -> Result<Secret, ReadError> {
    let mut buffer = Buffer::new(4095, most);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| unanswered(url, &error, loaded))?;
        let Ok(bytes) = frame.into_data() else {
            continue;
        };
        buffer.push(&bytes).map_err(|Overflow| {
            ReadError::new(
                ErrorKind::TooLarge,
                format!("{} answered with over {} MiB", escape(url.path()), most >> 20),
                "look at what it is with `kubectl get --raw`: no object of Kubernetes is that large",
            )
        })?;
    }
    Ok(buffer.into_secret())
}

/// The beginning of a refusal, and whether that was all. Whatever came by then is told.
async fn beginning(mut body: Body) -> (Secret, bool) {
    let mut buffer = Buffer::new(READ, READ);
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(bytes) = frame.into_data() else {
            continue;
        };
        if buffer.push(&bytes).is_err() {
            return (buffer.into_secret(), false);
        }
    }
    (buffer.into_secret(), true)
}

fn unaskable(place: &Place) -> ReadError {
    ReadError::new(
        ErrorKind::BadData,
        format!("{} cannot be asked for", escape(&place.0)),
        "correct the names in the hop",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_their_place() {
        let place = Place::new("v1", "a/b", "secrets")
            .of("../x y")
            .with("limit", "5&6");
        assert_eq!(
            place.0,
            "/api/v1/namespaces/a%2Fb/secrets/..%2Fx%20y?limit=5%266"
        );
        let place = Place::new("apps/v1", "shop", "deployments")
            .with("a", "1")
            .with("b", "2");
        assert_eq!(place.0, "/apis/apps/v1/namespaces/shop/deployments?a=1&b=2");
    }
}
