use std::borrow::Cow;
use std::sync::Arc;

use reqwest::Url;

use crate::key::{Digits, Fingerprint};
use crate::text::opaque;

/// The most bytes of a name in a query that is shown.
const LONGEST_NAME: usize = 32;

/// Whether a text is a URL that can be asked.
///
/// # Errors
///
/// What was expected, a lowercase fragment that does not repeat the URL.
pub fn check(url: &str) -> Result<(), String> {
    parse(url).map(drop)
}

/// The URL, when it can be asked.
pub(in crate::platform) fn parse(url: &str) -> Result<Url, String> {
    let url = Url::parse(url).map_err(|error| format!("expected a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("expected a URL that starts with https:// or http://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "expected a URL without a user or password: a credential belongs into `headers`"
                .to_owned(),
        );
    }
    Ok(url)
}

/// A URL for people: its query's values, which are often credentials, are left out, and of its path what
/// looks like one.
#[must_use]
pub fn location(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) => shown(&url),
        Err(_) => "no URL".to_owned(),
    }
}

/// An address as places are compared: without what no server sees.
#[must_use]
pub fn place(url: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    url.set_fragment(None);
    Some(url.to_string())
}

/// What [`Url`] keeps is ASCII without control characters, so nothing has to be escaped.
pub(super) fn shown(url: &Url) -> String {
    let segments = url
        .path()
        .split('/')
        .map(|segment| match is_secret(segment) {
            true => Cow::Owned(format!("({})", digest(segment))),
            false => Cow::Borrowed(segment),
        });
    let path = segments.collect::<Vec<_>>().join("/");
    let mut shown = format!("{}{path}", origin(url));
    for (position, pair) in url
        .query()
        .into_iter()
        .flat_map(|query| query.split('&'))
        .enumerate()
    {
        shown.push(if position == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            // What is longer is no name, and may be a credential in some encoding.
            Some((name, _)) if name.len() <= LONGEST_NAME => shown.extend([name, "=…"]),
            _ => shown.push('…'),
        }
    }
    shown
}

/// What in a URL's path looks like a credential, as the last part of the address of a webhook does.
pub(in crate::platform) fn opaque_segments(url: &Url) -> impl Iterator<Item = &str> {
    let segments = url.path_segments().into_iter().flatten();
    segments.filter(|segment| is_secret(segment))
}

/// Whether a part of a path looks like a credential. Built files have digits of their content in their names.
fn is_secret(segment: &str) -> bool {
    let end = segment.rsplit_once('.').map(|(_, end)| end);
    let is_file = end.is_some_and(|end| {
        (1..=5).contains(&end.len()) && end.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    !is_file && opaque(segment)
}

/// What stands for a long part of an address, so that two that differ in it alone still differ.
fn digest(part: &str) -> Fingerprint {
    Fingerprint::of(part.as_bytes()).cut(Digits::MIN)
}

/// The server a URL leads to: `host` or `host:port`.
pub(in crate::platform) fn host(url: &Url) -> Arc<str> {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}").into(),
        None => host.into(),
    }
}

/// Scheme, host and port.
pub(in crate::platform) fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_query_and_the_fragment_are_left_out() {
        for (url, shown) in [
            (
                "https://host/a/b?token=s3cret&x=1#f",
                "https://host/a/b?token=…&x=…",
            ),
            ("https://host:8443/?s3cret", "https://host:8443/?…"),
            (
                "https://host/?dXNlcjpzM2NyZXQgdGhhdCBpcyBsb25nZXI==&x=1",
                "https://host/?…&x=…",
            ),
            ("http://user:s3cret@host", "http://host/"),
            ("https://hóst/\u{202e}", "https://xn--hst-gna/%E2%80%AE"),
            ("s3cret", "no URL"),
        ] {
            assert_eq!(location(url), shown);
        }
    }

    #[test]
    fn what_looks_like_a_credential_in_a_path_is_told_by_its_fingerprint() {
        let token = "Vd8Sg2Hj4Kl6Zx1Cv3Bn5Mq7";
        let hook =
            |token: &str| location(&format!("https://hooks.test/services/T000/B000/{token}"));
        let shown = hook(token);
        assert!(
            shown.starts_with("https://hooks.test/services/T000/B000/(sha256:"),
            "{shown}"
        );
        assert!(
            !shown.contains(&token[..4]) && shown != hook("Vd8Sg2Hj4Kl6Zx1Cv3Bn5Mq8"),
            "{shown}"
        );
        for path in [
            "/v1/secret/data/checkout-production/api_key",
            "/debug/config/allstak.json",
            "/readings/ALLSTAK_API_KEY",
            "/api/v2/namespaces/team-payments-prod-eu1/secrets/allstak-key-2024",
            "/o/oauth2/token",
            "/_next/static/chunks/main-4f3a2b1c9d8e7f60.js",
        ] {
            let url = format!("https://host{path}");
            assert_eq!(location(&url), url);
        }
    }

    #[test]
    fn a_url_is_checked_and_not_repeated() {
        for url in [
            "s3cret",
            "ftp://host/s3cret",
            "https://s3cret@host/",
            "https://:s3cret@host/",
            "https://",
        ] {
            let error = check(url).unwrap_err();
            assert!(
                error.starts_with("expected a URL") && !error.contains("s3cret"),
                "{error}"
            );
        }
        assert_eq!(check("http://127.0.0.1:8080/x?token=1"), Ok(()));
    }
}
