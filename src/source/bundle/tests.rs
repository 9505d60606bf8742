mod chunks;
mod folders;
mod kinds;
mod limits;
mod packed;
mod pages;

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::conformance::{Case, Conforming, KEY, Stand};
use super::super::testing::{Known, VARIABLE, hop, read_all, told, try_hop};
use super::*;
use crate::key::Fingerprint;
use crate::platform::connections;
use crate::platform::http::testing::{Server, redirect_elsewhere, response, silent};
use crate::reading::ErrorKind;

const CURRENT: &str = "ask_live_4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua";
const OLD: &str = "ask_live_Zp3LmX8vQe5TnC1yWk7HdRs2JbGf6Ua9";
const FORMAT: &str = "^ask_live_[A-Za-z0-9]{32}$";

impl Conforming for Bundle {
    fn stand(case: Case) -> Option<Stand> {
        let script = [b"const key=`", KEY, b"`;"].concat();
        let server = match case {
            Case::Present => Server::start(move |head| {
                if head.starts_with("get /app.js") {
                    return response("200 OK", "", &script);
                }
                let page = "<script src=/app.js></script>";
                match head.starts_with("get / ") {
                    true => response("200 OK", "Content-Type: text/html\r\n", page.as_bytes()),
                    false => response("404 Not Found", "", b""),
                }
            }),
            // That nothing is there proves nothing.
            Case::Absent => return None,
            Case::Denied => Server::answering("403 Forbidden", KEY),
            Case::NotFound => Server::answering("404 Not Found", KEY),
            Case::Throttled => Server::answering("429 Too Many Requests", KEY),
            Case::Broken => Server::answering("500 Internal Server Error", KEY),
            Case::TooLarge => Server::answering("200 OK", &vec![b'x'; 2 << 20]),
            Case::Silent => silent(),
            Case::Elsewhere => redirect_elsewhere(),
        };
        let pattern = r"(?-u:ask_live_\xff[0-9]{10})";
        let settings = json!({"url": server.url("/"), "pattern": pattern, "most_mebibytes": 1});
        Some(Stand::new(settings, server))
    }
}

/// What is read with the usual format: the replicas, and what each holds.
async fn read(mut settings: Value) -> Result<Vec<(String, String)>, ReadError> {
    if settings.get("pattern").is_none() {
        settings["pattern"] = FORMAT.into();
    }
    let hop = hop("bundle", settings);
    let readings = read_all(&*hop, VARIABLE, Known::default(), &connections([])).await?;
    Ok(readings
        .iter()
        .map(|reading| {
            let replica = reading.replica.as_deref().unwrap_or_default();
            (replica.to_owned(), named(&told(&reading.found)))
        })
        .collect())
}

/// What was told, with the two keys by their names.
fn named(told: &str) -> String {
    let fingerprint = |key: &str| Fingerprint::of(key.as_bytes()).to_string();
    told.replace(&fingerprint(CURRENT), "current")
        .replace(&fingerprint(OLD), "old")
        .replace(CURRENT, "CURRENT")
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(replica, found): &(&str, &str)| ((*replica).to_owned(), (*found).to_owned());
    expected.iter().map(owned).collect()
}

#[test]
fn settings_are_checked() {
    for settings in [
        json!({}),
        json!({"url": "https://shop.test/", "path": "dist"}),
        json!({"url": "shop.test"}),
        json!({"path": ""}),
        json!({"path": "dist", "headers": {"X-Token": {"env": "TOKEN"}}}),
        json!({"url": "https://shop.test/", "headers": {"a b": {"env": "X"}}}),
        json!({"path": "dist", "most_files": 0}),
    ] {
        let hop = try_hop("bundle", settings.clone()).unwrap();
        assert!(hop.check().is_err(), "{settings}");
    }
    for pattern in ["(s3cret", "s3cret", "s3cret.*"] {
        let refused = try_hop("bundle", json!({"path": "dist", "pattern": pattern}));
        let error = refused.err().unwrap();
        assert!(
            error.contains("expected a") && !error.contains("s3cret"),
            "{error}"
        );
    }
}

#[test]
fn somebody_has_to_say_what_a_key_looks_like() {
    let bare = hop("bundle", json!({"path": "dist"}));
    let with = hop("bundle", json!({"path": "dist", "pattern": FORMAT}));
    let format = Arc::new(Format::new(FORMAT).unwrap());
    let mut at = At::of(VARIABLE);
    assert!(
        bare.check_for(at)
            .unwrap_err()
            .contains("`format` of the project")
    );
    assert_eq!(with.check_for(at), Ok(()));
    at.format = Some(&format);
    assert_eq!(bare.check_for(at), Ok(()));
    assert!(bare.same(&*hop("bundle", json!({"path": "dist"}))) && !bare.same(&*with));
}

#[test]
fn hops_say_where_they_look_and_what_to_do() {
    let at = At::of(VARIABLE);
    let mut folder = hop("bundle", json!({"path": "dist"}));
    folder.rooted_at(Path::new("/srv/web"));
    assert_eq!(folder.location(at), "bundle:/srv/web/dist");
    assert_eq!(folder.follows(), None);
    let page = hop("bundle", json!({"url": "https://shop.test/?token=s3cret"}));
    assert_eq!(page.location(at), "bundle:https://shop.test/?token=…");
    assert_eq!(page.stage(), Stage::Bundle);
    assert!(
        page.remedy(at, &crate::source::Case::default())
            .contains("purge the caches"),
        "{}",
        page.remedy(at, &crate::source::Case::default())
    );
}
