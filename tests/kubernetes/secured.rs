//! Connections to an API server that cannot be secured: each says why, and what to do in the kubeconfig.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use data_encoding::BASE64;
use rustls::{ServerConfig, ServerConnection, Stream};
use serde_json::{Value, json};

use crate::TOKEN;
use crate::scene::Scene;
use crate::tls::Authority;

const HOP: &str = "{ kubernetes_secret: { namespace: shop, name: allstak, key: api_key } }";

/// Somebody who does this with every connection.
fn server(mut with: impl FnMut(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(&mut with));
    address
}

/// A server that secures its connections, and says nothing more.
fn secure(settings: Arc<ServerConfig>) -> SocketAddr {
    server(move |mut stream| {
        let mut tls = ServerConnection::new(Arc::clone(&settings)).unwrap();
        // Whether that comes to an end is the client's to say.
        drop(Stream::new(&mut tls, &mut stream).read(&mut [0; 1024]));
    })
}

/// A server that answers this to whatever comes first.
fn plain(answer: &'static str) -> SocketAddr {
    server(move |mut stream| {
        drop(stream.read(&mut [0; 1024]));
        drop(stream.write_all(answer.as_bytes()));
    })
}

fn trusting(authority: &Authority) -> Value {
    json!({"certificate-authority-data": BASE64.encode(authority.certificate.as_bytes())})
}

fn says(address: &str, mut cluster: Value, message: &str, next: &str) {
    let mut scene = Scene::bare();
    cluster["server"] = address.into();
    scene.kubeconfig_of("kubeconfig", "prod", cluster, json!({"token": TOKEN}));
    scene.set("KUBECONFIG", "kubeconfig");
    let ran = scene.audit("", &[HOP]).ends(3);
    ran.says(0, "unreachable", "none", message)
        .says(0, "unreachable", "none", next);
}

#[test]
fn a_certificate_that_cannot_be_trusted_says_why() {
    let (good, other, expired) = (
        Authority::default(),
        Authority::default(),
        Authority::until(2020),
    );
    let address = format!("https://{}", secure(good.server()));
    says(
        &address,
        trusting(&other),
        "no secure connection to https://127.0.0.1",
        "put the authority that signed its certificate into `certificate-authority-data`: the one that stands there did not",
    );
    says(
        &address,
        json!({}),
        "no secure connection to https://127.0.0.1",
        "put the authority that signed the API server's certificate into `certificate-authority-data` of the cluster in the \
         kubeconfig, which names none",
    );
    let mut renamed = trusting(&good);
    renamed["tls-server-name"] = "kubernetes.example".into();
    says(
        &address,
        renamed,
        "not valid for name",
        "write a name in `server` that the API server's certificate has, or name one as `tls-server-name`, in the kubeconfig",
    );
    says(
        &format!("https://{}", secure(expired.server())),
        trusting(&expired),
        "certificate expired",
        "renew the server's certificate, if the clock of this machine is right",
    );
}

#[test]
fn a_scheme_that_does_not_fit_the_port_is_told() {
    let good = Authority::default();
    let http = plain("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request");
    says(
        &format!("https://{http}"),
        trusting(&good),
        "does not speak TLS on that port",
        "correct the port of `server` in the kubeconfig, or write http:// there if that API server has no TLS",
    );
    // What an API server says.
    let https =
        plain("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
    says(
        &format!("http://{https}"),
        json!({}),
        "speaks TLS on that port, and was asked without",
        "write https:// in `server`, in the kubeconfig",
    );
    let mute = server(|mut stream| drop(stream.read(&mut [0; 1024])));
    says(
        &format!("https://{mute}"),
        trusting(&good),
        "hung up before the connection was secure",
        "check `server` in the kubeconfig and its port",
    );
}

#[test]
fn a_server_that_wants_a_client_certificate_says_so() {
    let front = Authority::default();
    says(
        &format!("https://{}", secure(front.wanting())),
        trusting(&front),
        "wants a client certificate, and none was shown",
        "give the user in the kubeconfig a `client-certificate` and its `client-key`",
    );
}
