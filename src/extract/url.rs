use percent_encoding::percent_decode;
use zeroize::Zeroizing;

use super::UrlPart;
use crate::key::Secret;
use crate::reading::{ErrorKind, ReadError};

/// A part of a URL, percent-decoded; `None` where the URL has none or an empty one.
///
/// Cut by RFC 3986 and not by the rules of browsers, which would rewrite the very bytes that are
/// compared.
///
/// # Errors
///
/// [`ErrorKind::BadData`] when the bytes are no URL with a host.
pub(super) fn part(url: &[u8], part: UrlPart) -> Result<Option<Secret>, ReadError> {
    let (_, rest) = split(url, b"://").ok_or_else(|| {
        ReadError::new(
            ErrorKind::BadData,
            "what was read is no URL: it has no `://`",
            "look at what is deployed there, or correct `extract`",
        )
    })?;
    let (rest, fragment) = cut(rest, b"#");
    let (rest, _query) = cut(rest, b"?");
    let (authority, path) = cut(rest, b"/");
    let user_info = authority
        .iter()
        .rposition(|&byte| byte == b'@')
        .map(|at| &authority[..at]);
    let found = match part {
        UrlPart::User => user_info.map(|info| cut(info, b":").0),
        UrlPart::Password => user_info.and_then(|info| cut(info, b":").1),
        UrlPart::Path => path,
        UrlPart::Fragment => fragment,
    };
    Ok(found.filter(|found| !found.is_empty()).map(decode))
}

fn decode(bytes: &[u8]) -> Secret {
    let mut decoded = Zeroizing::new(Vec::with_capacity(bytes.len()));
    decoded.extend(percent_decode(bytes));
    Secret::new(std::mem::take(&mut *decoded))
}

fn split<'a>(bytes: &'a [u8], by: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(by.len()).position(|window| window == by)?;
    Some((&bytes[..at], &bytes[at + by.len()..]))
}

fn cut<'a>(bytes: &'a [u8], by: &[u8]) -> (&'a [u8], Option<&'a [u8]>) {
    match split(bytes, by) {
        Some((before, after)) => (before, Some(after)),
        None => (bytes, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(url: &str) -> [Option<String>; 4] {
        [
            UrlPart::User,
            UrlPart::Password,
            UrlPart::Path,
            UrlPart::Fragment,
        ]
        .map(|wanted| {
            part(url.as_bytes(), wanted)
                .ok()
                .unwrap()
                .map(|key| String::from_utf8(key.expose().to_vec()).unwrap())
        })
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn the_parts_of_a_dsn() {
        assert_eq!(
            parts("https://k3y@o1.ingest.example:443/42?x=1"),
            [some("k3y"), None, some("42"), None]
        );
        assert_eq!(
            parts("postgres://app:p%40ss%2fw:rd@db/app/x#frag?"),
            [some("app"), some("p@ss/w:rd"), some("app/x"), some("frag?")]
        );
    }

    #[test]
    fn what_is_not_there_or_empty_is_absent() {
        for url in [
            "https://host",
            "https://@host/",
            "https://:@host?u:p@x",
            "https://host/#",
        ] {
            assert_eq!(parts(url), [None, None, None, None], "{url}");
        }
    }

    #[test]
    fn an_at_sign_in_the_password_belongs_to_it() {
        assert_eq!(parts("https://a:b@c@host/")[1], some("b@c"));
    }

    #[test]
    fn damage_is_kept() {
        assert_eq!(parts("https://k3y@host/p \n")[2], some("p \n"));
        assert_eq!(parts("\"https://k%zz@host/\"")[0], some("k%zz"));
    }

    #[test]
    fn what_is_no_url_is_bad_data() {
        for text in ["", "ask_live_x", "mailto:a@b"] {
            assert!(part(text.as_bytes(), UrlPart::User).is_err(), "{text}");
        }
    }
}
