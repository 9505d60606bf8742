use std::sync::Arc;

use reqwest::Url;

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

/// A URL for people: its query's values, which are often credentials, are left out.
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
    let mut shown = format!("{}{}", origin(url), url.path());
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
