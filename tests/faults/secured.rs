//! What keeps a connection from being secure, or a secure one from being spoken to: each by its own cause.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use data_encoding::BASE64;
use rustls::ALL_VERSIONS;
use rustls::version::{TLS12, TLS13};
use serde_json::json;
use tempfile::TempDir;

use crate::alone::fails;
use crate::run::{Ran, audit, deployment};
use crate::tls::{Authority, Pair};

/// What a hop says that could not be read: its kind, words of its message, and words of its remedy.
pub type Told = (&'static str, &'static str, &'static str);

/// The certificates that a client may show.
pub struct Shown {
    folder: TempDir,
}

impl Shown {
    pub fn new(authority: &Authority) -> Self {
        let shown = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let stranger = Authority::named("nobody the server knows");
        shown.write("ca.pem", &authority.pem);
        shown.write("other-ca.pem", &stranger.pem);
        shown.pair("ours", &authority.pair());
        shown.pair("another", &authority.pair());
        shown.pair("stranger", &stranger.pair());
        let label = "ENCRYPTED PRIVATE KEY";
        let locked = format!("-----BEGIN {label}-----\nMIIB\n-----END {label}-----\n");
        shown.write("locked.key", &locked);
        let broken = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
        shown.write("broken.key", broken);
        shown
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn pair(&self, name: &str, pair: &Pair) {
        self.write(&format!("{name}.pem"), &pair.certificate);
        self.write(&format!("{name}.key"), &pair.key);
    }

    /// As a store says it, from lines like `certificate: ours.pem`.
    pub fn tls(&self, settings: &str) -> String {
        let folder = self.folder.path().display();
        let settings: Vec<_> = settings
            .split(", ")
            .filter_map(|setting| setting.split_once(": "))
            .map(|(name, file)| format!("{name}: {folder}/{file}"))
            .collect();
        format!("tls: {{ {} }}", settings.join(", "))
    }
}

/// Asks each of these, an origin with what is shown to it, as Consul. What must be told; nothing where it
/// can be read.
#[track_caller]
pub fn ask(shown: &Shown, cases: &[(String, &str, Option<Told>)]) -> Ran {
    let mut stores = Vec::new();
    let mut deployments = Vec::new();
    for (number, (origin, settings, _)) in cases.iter().enumerate() {
        let tls = shown.tls(settings);
        stores.push(format!(
            "  s{number}: {{ consul: {{ address: '{origin}', {tls} }} }}\n"
        ));
        let hop = format!("{{ consul: {{ store: s{number}, key: key }} }}");
        deployments.push(deployment(&format!("web-{number}"), &[hop]));
    }
    let ran = audit(&stores, &deployments, "", &["--retries", "0"]);
    for (number, (origin, settings, told)) in cases.iter().enumerate() {
        let found = &ran.deployments()[number];
        let Some((kind, words, next)) = told else {
            assert_eq!(found["verdict"], "current", "{settings} {found:#}");
            continue;
        };
        let message = fails(&ran, number, kind);
        assert!(message.contains(words), "{origin} {settings}: {message}");
        let found = found.to_string();
        assert!(found.contains(next), "{origin} {settings}: {found}");
    }
    assert!(!ran.text.contains("-----BEGIN"), "{}", ran.text);
    ran
}

const WANTED: Told = (
    "tls",
    "wants a client certificate, and none was shown",
    "name one as `certificate`",
);

#[test]
fn a_server_that_wants_a_client_certificate_says_so() {
    let authority = Authority::new();
    let shown = Shown::new(&authority);
    let stranger: Told = (
        "tls",
        "does not take the client certificate that it was shown",
        "an authority that the server trusts",
    );
    let mut cases = Vec::new();
    for version in [&TLS12, &TLS13] {
        let server = authority.wanting(&[version]);
        let origin = || server.origin();
        cases.push((origin(), "ca: ca.pem", Some(WANTED)));
        let other = "ca: ca.pem, certificate: stranger.pem, key: stranger.key";
        cases.push((origin(), other, Some(stranger)));
        let ours = "ca: ca.pem, certificate: ours.pem, key: ours.key";
        cases.push((origin(), ours, None));
    }
    ask(&shown, &cases);
}

#[test]
fn a_certificate_and_a_key_have_to_belong_together() {
    let authority = Authority::new();
    let shown = Shown::new(&authority);
    let server = authority.wanting(ALL_VERSIONS);
    let cases = [
        (
            "ca: ca.pem, certificate: ours.pem, key: another.key",
            "do not belong together",
            "made for each other",
        ),
        (
            "ca: ca.pem, certificate: ours.pem",
            "ours.pem cannot be used for a secure connection: it holds no private key",
            "private key as `key`",
        ),
        (
            "ca: ca.pem, certificate: ours.pem, key: ca.pem",
            "ca.pem cannot be used for a secure connection: it holds no private key",
            "private key as `key`",
        ),
        (
            "ca: ca.pem, certificate: ours.key, key: ours.key",
            "ours.key cannot be used for a secure connection: it holds no certificate",
            "name a readable PEM file",
        ),
        (
            "ca: ca.pem, certificate: ours.pem, key: locked.key",
            "locked.key cannot be used for a secure connection: its private key is locked",
            "without a passphrase",
        ),
        (
            "ca: ca.pem, certificate: ours.pem, key: broken.key",
            "broken.key cannot be used for a secure connection",
            "name a private key of RSA",
        ),
    ];
    let cases = cases
        .map(|(settings, words, next)| (server.origin(), settings, Some(("tls", words, next))));
    ask(&shown, &cases);
    assert_eq!(server.answered(), 0);
}

#[test]
fn a_scheme_that_does_not_fit_the_port_is_told_from_other_faults() {
    let authority = Authority::new();
    let shown = Shown::new(&authority);
    let secure = authority.valid();
    let no_tls: Told = (
        "tls",
        "does not speak TLS on that port",
        "write http:// in the address",
    );
    let no_http: Told = (
        "protocol",
        "gave no answer that is HTTP",
        "write https:// in the address if that port speaks TLS",
    );
    let hung_up: Told = (
        "connect",
        "hung up before the connection was secure",
        "a server without TLS may hang up so",
    );
    let ran = ask(
        &shown,
        &[
            (
                greeting("HTTP/1.1 400 Bad Request\r\n\r\n"),
                "ca: ca.pem",
                Some(no_tls),
            ),
            (
                greeting("SSH-2.0-OpenSSH_9.2\r\n"),
                "ca: ca.pem",
                Some(no_tls),
            ),
            (greeting(""), "ca: ca.pem", Some(hung_up)),
            (secure.plain_origin(), "ca: ca.pem", Some(no_http)),
            (
                secure.origin(),
                "ca: other-ca.pem",
                Some((
                    "tls",
                    "no secure connection",
                    "as `ca` in the store's `tls`",
                )),
            ),
            (
                authority.expired().origin(),
                "ca: ca.pem",
                Some((
                    "tls",
                    "no secure connection",
                    "renew the server's certificate",
                )),
            ),
            (
                authority.wrong_name().origin(),
                "ca: ca.pem",
                Some(("tls", "no secure connection", "write a name in the address")),
            ),
        ],
    );
    assert_eq!(ran.code, Some(3));
    assert_eq!(secure.answered(), 0);
}

/// A server that says this to whoever said something, and hangs up.
fn greeting(words: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            // All of it, or the end would be a reset.
            let _ = BufReader::new(&stream).fill_buf().map(<[u8]>::len);
            let _ = stream.write_all(words.as_bytes());
        }
    });
    format!("https://localhost:{port}")
}

#[test]
fn a_hop_without_a_store_says_that_it_can_show_no_certificate() {
    let authority = Authority::new();
    let server = authority.wanting(ALL_VERSIONS);
    let hop = format!("{{ http: {{ url: '{}/key' }} }}", server.origin());
    let ran = audit(
        &[],
        &[deployment("web", &[hop])],
        &authority.pem,
        &["--retries", "0"],
    );
    let message = fails(&ran, 0, "tls");
    assert!(message.contains(WANTED.1), "{message}");
    let found = ran.deployments()[0].to_string();
    assert!(
        found.contains("`http` and `bundle` can show none"),
        "{found}"
    );
}

#[test]
fn a_token_that_an_api_server_repeats_is_not_shown() {
    const TOKENS: [&str; 3] = [
        "Tk1Wd7Jh4Bn9Xs2Lq8Vc5Zm3Rf6",
        "Tf8Gy2Kp5Wv1Nd9Qx4Hb7Jc3Ms6",
        "Te5Rz9Lm2Xk7Pt4Wq1Bv8Dn6Hs3",
    ];
    let authority = Authority::new();
    let shown = Shown::new(&authority);
    let server = authority.repeating();
    let file = shown.write("token", TOKENS[1]);
    let printed = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": TOKENS[2]},
    });
    let users = [
        json!({"token": TOKENS[0]}),
        json!({"tokenFile": file}),
        json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "echo", "args": [printed.to_string()],
            "interactiveMode": "Never",
        }}),
    ];
    let (mut stores, mut deployments) = (Vec::new(), Vec::new());
    for (number, user) in users.into_iter().enumerate() {
        let cluster = json!({
            "server": server.origin(),
            "certificate-authority-data": BASE64.encode(authority.pem.as_bytes()),
        });
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": cluster}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": user}],
        });
        let path = shown.write(&format!("{number}.kube"), &config.to_string());
        stores.push(format!(
            "  s{number}: {{ kubernetes: {{ kubeconfig: '{path}' }} }}\n"
        ));
        let hop = format!("{{ kubernetes_secret: {{ store: s{number}, namespace: a, name: b }} }}");
        deployments.push(deployment(&format!("web-{number}"), &[hop]));
    }
    let ran = audit(&stores, &deployments, "", &["--retries", "0"]);
    assert!(server.answered() >= TOKENS.len(), "{}", ran.text);
    for (number, token) in TOKENS.iter().enumerate() {
        let message = fails(&ran, number, "denied");
        assert!(!ran.text.contains(token), "{message}");
        assert!(!ran.text.contains(&token[4..20]), "{message}");
    }
}
