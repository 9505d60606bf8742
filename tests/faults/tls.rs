//! Servers behind TLS, whose certificates are all from one authority.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::CURRENT;

/// An authority of our own.
pub struct Authority {
    /// Its certificate.
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A server that answers everything with the current key, and is reached as `localhost`.
pub struct Secure {
    port: u16,
    answered: Arc<AtomicUsize>,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self {
            pem: params.self_signed(&key).unwrap().pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// A server whose certificate is in order.
    pub fn valid(&self) -> Secure {
        self.server("localhost", 2100)
    }

    pub fn expired(&self) -> Secure {
        self.server("localhost", 2020)
    }

    pub fn wrong_name(&self) -> Secure {
        self.server("somebody-else.example", 2100)
    }

    /// A server whose certificate is for this name, until that year.
    fn server(&self, name: &str, until: i32) -> Secure {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(until, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Secure::start(Arc::new(config))
    }
}

impl Secure {
    fn start(config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            answered: Arc::default(),
        };
        let answered = Arc::clone(&server.answered);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (config, answered) = (Arc::clone(&config), Arc::clone(&answered));
                // A client that does not trust it hangs up.
                thread::spawn(move || serve(stream, config, &answered));
            }
        });
        server
    }

    pub fn origin(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// How many requests came through.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }
}

fn serve(stream: TcpStream, config: Arc<ServerConfig>, answered: &AtomicUsize) -> io::Result<()> {
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
        let length = CURRENT.len();
        write!(
            client,
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{CURRENT}"
        )?;
        client.flush()?;
    }
}
