//! The real nginx, which answers faults of TLS by HTTP.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::CURRENT;
use crate::secured::{Shown, ask};
use crate::tls::Authority;

struct Nginx {
    port: u16,
    /// Where it speaks no TLS.
    plain: u16,
    child: Child,
}

impl Nginx {
    /// One that wants to see a certificate of this authority.
    fn start(authority: &Authority, shown: &Shown) -> Self {
        let pair = authority.pair();
        let (certificate, key) = (
            shown.write("server.pem", &pair.certificate),
            shown.write("server.key", &pair.key),
        );
        let clients = shown.write("clients.pem", &authority.pem);
        let folder = certificate.trim_end_matches("/server.pem");
        let listeners = [0, 0].map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap());
        let [port, plain] = listeners.map(|listener| listener.local_addr().unwrap().port());
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {folder}/{kind};"))
            .concat();
        let settings = format!(
            "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
            events {{}}
            http {{
              access_log off; {temporary}
              server {{ listen 127.0.0.1:{plain}; location / {{ return 200 '{CURRENT}'; }} }}
              server {{
                listen 127.0.0.1:{port} ssl;
                ssl_certificate {certificate};
                ssl_certificate_key {key};
                ssl_client_certificate {clients};
                ssl_verify_client on;
                location / {{ return 200 '{CURRENT}'; }}
              }}
            }}"
        );
        let settings = shown.write("nginx.conf", &settings);
        let child = Command::new("/usr/sbin/nginx")
            .args(["-p", folder, "-c", &settings])
            .args(["-e", &format!("{folder}/error.log")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let nginx = Self { port, plain, child };
        let patience = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < patience, "nginx does not start");
            thread::sleep(Duration::from_millis(20));
        }
        nginx
    }

    fn origin(&self, scheme: &str) -> String {
        format!("{scheme}://localhost:{}", self.port)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs nginx"]
fn what_nginx_answers_about_tls_is_told_as_such() {
    let authority = Authority::new();
    let shown = Shown::new(&authority);
    let nginx = Nginx::start(&authority, &shown);
    let (secure, plain) = (|| nginx.origin("https"), nginx.origin("http"));
    let no_tls = format!("https://localhost:{}", nginx.plain);
    let wanted = "wants a client certificate, and none was shown";
    let not_taken = "does not take the client certificate that it was shown";
    ask(
        &shown,
        &[
            (
                secure(),
                "ca: ca.pem",
                Some(("tls", wanted, "name one as `certificate`")),
            ),
            (
                secure(),
                "ca: ca.pem, certificate: stranger.pem, key: stranger.key",
                Some(("tls", not_taken, "look at the server's log")),
            ),
            (
                secure(),
                "ca: ca.pem, certificate: ours.pem, key: ours.key",
                None,
            ),
            (
                no_tls,
                "ca: ca.pem",
                Some((
                    "tls",
                    "does not speak TLS on that port",
                    "write http:// in the address",
                )),
            ),
            (
                plain,
                "ca: ca.pem",
                Some((
                    "protocol",
                    "speaks TLS on that port, and was asked without",
                    "write https:// in the address",
                )),
            ),
        ],
    );
}
