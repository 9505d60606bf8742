//! Bodies that came in a form that nobody asked for, and that nobody may take for what they hold.

use reqwest::Url;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};

use super::url::shown;
use crate::reading::{ErrorKind, ReadError};

/// The encodings that are named in messages; any other one is only said to be unknown.
const KNOWN: [&str; 8] = [
    "gzip",
    "x-gzip",
    "deflate",
    "br",
    "zstd",
    "compress",
    "x-compress",
    "dcb",
];

/// Whether a body is packed with gzip and with nothing else, under whichever of its names. No other encoding
/// is asked for.
pub(super) fn is_gzip(headers: &HeaderMap) -> bool {
    let mut left = left(headers);
    let gzip = |name: &str| {
        ["gzip", "x-gzip"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    };
    left.next().is_some_and(gzip) && left.next().is_none()
}

/// Refuses a body that is still encoded. Where gzip was taken off, its header is gone too, so that whatever is
/// left was not decoded.
///
/// # Errors
///
/// Which encoding it is.
pub(super) fn check(url: &Url, headers: &HeaderMap) -> Result<(), ReadError> {
    let left: Vec<&str> = left(headers).collect();
    if left.is_empty() {
        return Ok(());
    }
    let known = |name: &&str| KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known));
    let what = match left.iter().all(known) {
        true => format!(
            "compressed in a way that nobody asked for ({})",
            left.join(" and ")
        ),
        false => "in an encoding that is not known".to_owned(),
    };
    Err(refused(url, &what))
}

/// Whether a body is still encoded.
pub(super) fn is_left(headers: &HeaderMap) -> bool {
    left(headers).next().is_some()
}

fn left(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(CONTENT_ENCODING).into_iter();
    values.flat_map(|value| {
        // What is no text is an unknown one.
        let names = value.to_str().unwrap_or("?").split(',').map(str::trim);
        names.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"))
    })
}

/// Refuses a body that is compressed though no header says so, or that is text of two or four bytes a sign.
///
/// # Errors
///
/// What it is.
pub(super) fn check_body(url: &Url, headers: &HeaderMap, body: &[u8]) -> Result<(), ReadError> {
    if let Some(name) = compressed(body) {
        return Err(refused(
            url,
            &format!("compressed with {name}, though it does not say so"),
        ));
    }
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let kind = kind.map(|kind| String::from_utf8_lossy(kind).to_ascii_lowercase());
    let wide = ["utf-16", "utf16", "utf-32", "utf32", "ucs-2", "ucs-4"];
    let charset = kind.as_deref().and_then(|kind| kind.split_once("charset="));
    match charset.and_then(|(_, set)| wide.iter().find(|wide| set.contains(*wide))) {
        Some(wide) => Err(refused(url, &format!("in {}", wide.to_uppercase()))),
        None => Ok(()),
    }
}

/// What compressed these bytes. Of those that may be text as well, only what is no text.
fn compressed(body: &[u8]) -> Option<&'static str> {
    match body {
        [0x1f, 0x8b, 0x08, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some("xz"),
        // The header of zlib is a number that 31 divides.
        [0x78, flags, ..] if (0x7800 + u16::from(*flags)).is_multiple_of(31) => {
            std::str::from_utf8(body).is_err().then_some("deflate")
        }
        _ if body.starts_with(b"BZh") => std::str::from_utf8(body).is_err().then_some("bzip2"),
        _ => None,
    }
}

fn refused(url: &Url, what: &str) -> ReadError {
    ReadError::new(
        ErrorKind::BadData,
        format!(
            "{} answered {what}, so what it holds is not seen",
            shown(url)
        ),
        "let the server, or the proxy before it, answer in plain UTF-8, or with gzip alone where that is accepted",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_a_key_is_compressed() {
        for (body, name) in [
            (&b"\x1f\x8b\x08\x00x"[..], Some("gzip")),
            (b"\x28\xb5\x2f\xfdx", Some("zstd")),
            (b"\xfd7zXZ\0", Some("xz")),
            (b"\x78\x9c\xcb\x48\xcd\xc9\x07", Some("deflate")),
            (b"\x78\x01\xab\x56\xff", Some("deflate")),
            (b"BZh91AY&SY\xff", Some("bzip2")),
            (b"x^ask_live_0123", None),
            (b"BZh_ask_live_0123", None),
            (b"ask_live_0123", None),
            (b"\xff\xfeask", None),
            (b"", None),
        ] {
            assert_eq!(compressed(body), name, "{body:?}");
        }
    }
}
