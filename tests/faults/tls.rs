//! Servers behind TLS, whose certificates are all from one authority.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ALL_VERSIONS, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    SupportedProtocolVersion,
};

use serde_json::json;

use crate::CURRENT;

/// An authority of our own.
pub struct Authority {
    /// Its certificate.
    pub pem: String,
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its private key, in PEM.
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

/// A server that answers everything with the current key, and is reached as `localhost`.
pub struct Secure {
    port: u16,
    answered: Arc<AtomicUsize>,
}

impl Authority {
    pub fn new() -> Self {
        Self::named("an authority of the tests")
    }

    pub fn named(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    /// A server whose certificate is in order.
    pub fn valid(&self) -> Secure {
        self.server("localhost", 2100)
    }

    /// One that refuses everything, and says as Kubernetes does what it was sent.
    pub fn repeating(&self) -> Secure {
        Secure::start(self.config("localhost", 2100, ALL_VERSIONS, false), true)
    }

    pub fn expired(&self) -> Secure {
        self.server("localhost", 2020)
    }

    pub fn wrong_name(&self) -> Secure {
        self.server("somebody-else.example", 2100)
    }

    /// A server that wants to see a certificate of this authority, and speaks these versions of TLS.
    pub fn wanting(&self, versions: &[&'static SupportedProtocolVersion]) -> Secure {
        self.speaking("localhost", 2100, versions, true)
    }

    /// A pair for a client or a server that is called `localhost`.
    pub fn pair(&self) -> Pair {
        let (certificate, key) = self.sign("localhost", 2100);
        Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    fn sign(&self, name: &str, until: i32) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(until, 1, 1);
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// A server whose certificate is for this name, until that year.
    fn server(&self, name: &str, until: i32) -> Secure {
        self.speaking(name, until, ALL_VERSIONS, false)
    }

    fn speaking(
        &self,
        name: &str,
        until: i32,
        versions: &[&'static SupportedProtocolVersion],
        wanting: bool,
    ) -> Secure {
        Secure::start(self.config(name, until, versions, wanting), false)
    }

    fn config(
        &self,
        name: &str,
        until: i32,
        versions: &[&'static SupportedProtocolVersion],
        wanting: bool,
    ) -> Arc<ServerConfig> {
        let (certificate, key) = self.sign(name, until);
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&ring))
            .with_protocol_versions(versions)
            .unwrap();
        let builder = if wanting {
            let mut roots = RootCertStore::empty();
            roots.add(self.certificate.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), ring);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let config = builder.with_single_cert(vec![certificate.der().clone()], key);
        Arc::new(config.unwrap())
    }
}

impl Secure {
    fn start(config: Arc<ServerConfig>, repeats: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            answered: Arc::default(),
        };
        let answered = Arc::clone(&server.answered);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (config, answered) = (Arc::clone(&config), Arc::clone(&answered));
                thread::spawn(move || {
                    let mut behind = stream.try_clone()?;
                    // A client that does not trust it hangs up.
                    serve(stream, config, &answered, repeats).or_else(|_| {
                        // What is not read before the end would take the alert with it.
                        behind.shutdown(Shutdown::Write)?;
                        io::copy(&mut behind, &mut io::sink()).map(drop)
                    })
                });
            }
        });
        server
    }

    pub fn origin(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The same, as somebody writes it who forgot that it speaks TLS.
    pub fn plain_origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// How many requests came through.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    answered: &AtomicUsize,
    repeats: bool,
) -> io::Result<()> {
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut client = StreamOwned::new(connection, stream);
    loop {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            client.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        answered.fetch_add(1, Ordering::SeqCst);
        let (status, body) = match repeats {
            true => ("403 Forbidden", refusal(&head)),
            false => ("200 OK", CURRENT.to_owned()),
        };
        let length = body.len();
        write!(
            client,
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )?;
        client.flush()?;
    }
}

fn refusal(head: &[u8]) -> String {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let sent = lines.find(|line| line.to_ascii_lowercase().starts_with("authorization"));
    let said = format!("refused with {}", sent.unwrap_or("nothing"));
    json!({"kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403, "message": said}).to_string()
}
