use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source};
use crate::extract::{Trim, check_pointer, string_or_object_at};
use crate::key::Secret;
use crate::platform::http::{Get, Headers, check_headers, check_url, location};
use crate::platform::{Asking, Locator, Stop};
use crate::reading::remote::{Yields, is_document, understand};
use crate::reading::{Found, Reading};
use crate::text::{Escaped, escape};
use crate::verdict::{Evidence, Stage};

/// What a server answers: a key, a fingerprint or a reading.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where to ask, with GET.
    url: Arc<str>,
    /// Headers by their names; each value is a reference to a credential, perhaps with a `scheme`.
    #[serde(default)]
    headers: Arc<Headers>,
    /// A JSON pointer (RFC 6901) to the string or reading that matters; by default the whole answer.
    #[serde(default)]
    pointer: Option<Box<str>>,
    /// What comes back; by default it is recognised.
    #[serde(default)]
    yields: Option<Yields>,
    /// Where on the key's way it looks; by default `running`.
    #[serde(default)]
    stage: Option<Stage>,
    /// What is stripped from what comes back; by default nothing.
    #[serde(default)]
    trim: Option<Trim>,
}

impl Source for Http {
    const INFO: Info = Info {
        id: "http",
        title: "what a server answers: a key, a fingerprint or a reading",
        stage: None,
        store: None,
        proves: &[Evidence::Value, Evidence::Fingerprint],
        replicas: ["answer", "answers"],
        permission: "GET on the address",
        credentials: &["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"],
        example: "\
- http: { url: 'http://127.0.0.1:9180/readings/ALLSTAK_API_KEY', yields: reading }
- http:
    url: https://checkout.internal/debug/config
    headers: { Authorization: { scheme: Bearer, env: CHECKOUT_TOKEN } }
    pointer: /allstak/key_fingerprint
    yields: fingerprint
",
        tested: "a server on loopback: every status, redirects, compression, oversized and broken answers",
        manual: "\
Requests a URL with GET. The answer, or the string that `pointer` leads to in it, is a reading, a fingerprint \
or the key itself; a reading may stand there as an object, too. `yields` (`value`, `fingerprint`, `reading`) \
says which; without it, readings and fingerprints are recognised. Let a program answer with the fingerprint of \
the key that it really holds, and what is running is proven without the key ever leaving it.

Header values are always references: `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM] }`, and `scheme: \
Bearer` writes that word before the credential. They are sent to this origin only: a redirect to another scheme, \
host or port is an error that names it, and up to 5 within the origin are followed. Messages leave out the \
values of the query.

A member that `pointer` does not find is `missing`. Every status that is not a success is `unreachable`, 404 \
too, because it says nothing about the key. So is an answer of more than 1 MiB after decompression, and one that \
is encoded in another way than gzip, compressed without saying so, or in UTF-16. A reading that contradicts \
itself is not accepted: see [`command`](#command).

Certificates are always verified, against the system's authorities or those in `SSL_CERT_FILE`; proxies are \
taken from `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`.

A load balancer answers for one instance at a time: name the instances, or the others are not seen.",
    };

    fn rooted_at(&mut self, folder: &Path) {
        for header in Arc::make_mut(&mut self.headers).values_mut() {
            header.rooted_at(folder);
        }
    }

    fn check(&self) -> Result<(), String> {
        check_url(&self.url)?;
        check_headers(&self.headers)?;
        self.pointer.as_deref().map_or(Ok(()), check_pointer)
    }

    fn stage(&self) -> Stage {
        self.stage.unwrap_or(Stage::Running)
    }

    fn may_mask(&self) -> bool {
        true
    }

    fn location(&self, _: At<'_>) -> String {
        let url = location(&self.url);
        match &self.pointer {
            Some(pointer) => format!("http:{url}#{}", Escaped(pointer)),
            None => format!("http:{url}"),
        }
    }

    fn locate(&self, _: At<'_>, to: &mut Locator) {
        to.text(&*self.url);
        for (name, header) in &*self.headers {
            to.text(&**name);
            header.locate(to);
        }
    }

    fn remedy(&self, at: At<'_>, _: &Case<'_>) -> String {
        self.brought(&at.key_as_variable())
    }

    fn remedy_for_part(&self, at: At<'_>, _: &Case<'_>) -> String {
        self.brought(&at.key_in_its_part())
    }

    fn member(&self, _: At<'_>) -> Option<String> {
        Some(self.pointer.as_deref().unwrap_or_default().to_owned())
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let answer = asking.of(&Get {
            url: Arc::clone(&self.url),
            headers: Arc::clone(&self.headers),
        })?;
        let whole = || Arc::new(Secret::copied(answer.expose()));
        let member = match &self.pointer {
            Some(pointer) => match string_or_object_at(answer.expose(), pointer, is_document)? {
                Some(member) => Some(member),
                None => return Ok(vec![Reading::new(Found::Absent).out_of(whole())]),
            },
            None => None,
        };
        let bytes = member.as_ref().unwrap_or(answer).expose();
        let bytes = self.trim.map_or(bytes, |trim| trim.of(bytes));
        let mut reading = understand(Secret::copied(bytes), self.yields, at.variable)?;
        reading.replica = reading.replica.map(|replica| escape(&replica).into());
        if member.is_some() {
            // A reading may name what stands beside it there.
            let parts = reading.whole.iter().map(|part| part.expose());
            let parts = parts.chain([answer.expose()]);
            let whole = Secret::of_lines(parts);
            reading = reading.out_of(Arc::new(whole));
        }
        Ok(vec![reading])
    }
}

impl Http {
    fn brought(&self, key: &str) -> String {
        format!(
            "bring {key} to what answers at {}, then restart it",
            location(&self.url)
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::conformance::{Case, Conforming, KEY, Stand};
    use super::super::testing::{hop, read, read_one, told, try_hop};
    use super::*;
    use crate::platform::http::testing::{Server, redirect_elsewhere, silent};
    use crate::reading::ErrorKind;

    impl Conforming for Http {
        fn stand(case: Case) -> Option<Stand> {
            let absent = br#"{"schema": "straggler.reading/v1", "absent": true}"#;
            let server = match case {
                Case::Present => Server::answering("200 OK", KEY),
                Case::Absent => Server::answering("200 OK", absent),
                Case::Denied => Server::answering("403 Forbidden", KEY),
                Case::NotFound => Server::answering("404 Not Found", KEY),
                Case::Throttled => Server::answering("429 Too Many Requests", KEY),
                Case::Broken => Server::answering("500 Internal Server Error", KEY),
                Case::TooLarge => Server::answering("200 OK", &vec![b'x'; 2 << 20]),
                Case::Silent => silent(),
                Case::Elsewhere => redirect_elsewhere(),
            };
            Some(Stand::new(json!({"url": server.url("/")}), server))
        }
    }

    #[tokio::test]
    async fn takes_a_value_a_fingerprint_or_a_reading() {
        for (body, found) in [
            (&b"key\n"[..], "key\n"),
            (b"sha256:ba7816bf8f01\n", "sha256:ba7816bf8f01"),
            (
                br#"{"schema": "straggler.reading/v1", "absent": true}"#,
                "absent",
            ),
            (
                br#"{"fingerprint": "sha256:ba7816bf8f01"}"#,
                r#"{"fingerprint": "sha256:ba7816bf8f01"}"#,
            ),
        ] {
            let server = Server::answering("200 OK", body);
            let reading = read_one("http", json!({"url": server.url("/")})).await;
            assert_eq!(told(&reading.found), found);
        }
    }

    #[tokio::test]
    async fn a_pointer_leads_into_any_json() {
        let server = Server::answering(
            "200 OK",
            br#"{"a": {"k": "sha256:ba7816bf8f01", "v": "key\n", "n": 1}}"#,
        );
        let at = |pointer: &str| json!({"url": server.url("/"), "pointer": pointer});
        assert_eq!(
            told(&read_one("http", at("/a/k")).await.found),
            "sha256:ba7816bf8f01"
        );
        assert_eq!(told(&read_one("http", at("/a/v")).await.found), "key\n");
        assert_eq!(told(&read_one("http", at("/b")).await.found), "absent");
        // No object is a key.
        let error = read("http", at("/a")).await.err().unwrap();
        assert!(error.message.contains("leads to an object"), "{error}");
        assert_eq!(
            read("http", at("/a/n")).await.err().unwrap().kind,
            ErrorKind::BadData
        );
    }

    #[tokio::test]
    async fn a_pointer_may_lead_to_a_reading_as_an_object() {
        let server = Server::answering(
            "200 OK",
            br#"{"a": {"schema": "straggler.reading/v1", "fingerprint": "sha256:ba7816bf8f01", "beside": []},
                 "twice": {"schema": "straggler.reading/v1", "schema": "x", "absent": true},
                 "old": "SHA256:0123456789AB"}"#,
        );
        let at = |pointer: &str| json!({"url": server.url("/"), "pointer": pointer});
        let reading = read_one("http", at("/a")).await;
        assert_eq!(told(&reading.found), "sha256:ba7816bf8f01");
        let whole = reading.whole.unwrap();
        let beside = std::str::from_utf8(whole.expose()).unwrap();
        assert!(beside.contains("SHA256:0123456789AB"), "{beside}");
        for (pointer, message) in [
            ("/twice", "the reading that came back has a member twice"),
            // One that only has a reading in it is none.
            ("", "leads to an object"),
        ] {
            let error = read("http", at(pointer)).await.err().unwrap();
            assert!(error.message.contains(message), "{pointer}: {error}");
        }
        let settings = json!({"url": server.url("/"), "pointer": "/a", "yields": "value"});
        let error = read("http", settings).await.err().unwrap();
        assert!(error.message.starts_with("a document of straggler's"));
    }

    #[tokio::test]
    async fn trims_what_it_is_told_to() {
        let server = Server::answering("200 OK", b" key\n");
        let settings = json!({"url": server.url("/"), "trim": "whitespace", "yields": "value"});
        assert_eq!(told(&read_one("http", settings).await.found), "key");
    }

    #[tokio::test]
    async fn a_page_that_is_not_there_says_nothing_about_the_key() {
        let server = Server::answering("404 Not Found", b"");
        let error = read("http", json!({"url": server.url("/")}))
            .await
            .err()
            .unwrap();
        assert_eq!(error.kind, ErrorKind::NotFound);
    }

    #[test]
    fn settings_are_checked() {
        for settings in [
            json!({"url": "checkout"}),
            json!({"url": "https://user:pass@checkout/"}),
            json!({"url": "https://checkout/", "headers": {"a b": {"env": "X"}}}),
            json!({"url": "https://checkout/", "pointer": "a"}),
        ] {
            assert!(
                try_hop("http", settings.clone()).unwrap().check().is_err(),
                "{settings}"
            );
        }
    }

    #[test]
    fn the_address_shows_no_values() {
        let hop = hop(
            "http",
            json!({"url": "https://checkout/c?token=s3cret", "pointer": "/a", "stage": "config"}),
        );
        assert_eq!(
            hop.location(At::of("KEY")),
            "http:https://checkout/c?token=…#/a"
        );
        assert_eq!(hop.stage(), Stage::Config);
    }
}
