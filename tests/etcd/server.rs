//! A member of its own cluster, on loopback, gone when dropped.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};

pub struct Server {
    port: u16,
    child: Child,
    /// Whether it asks for client certificates.
    certified: bool,
    folder: tempfile::TempDir,
}

impl Server {
    pub fn start() -> Self {
        Self::started(false)
    }

    /// One that lets nobody connect without a certificate of its authority. [`Server::path`] has `ca.pem`, and
    /// certificates with their keys: `named`, whose common name is that of the user `reader`, and `nameless`.
    pub fn certified() -> Self {
        Self::started(true)
    }

    fn started(certified: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if certified {
            write_certificates(&folder);
        }
        let [port, peers] = free_ports();
        let scheme = if certified { "https" } else { "http" };
        let (clients, peers) = (
            format!("{scheme}://127.0.0.1:{port}"),
            format!("http://127.0.0.1:{peers}"),
        );
        let file = |name| folder.path().join(name);
        let mut command = Command::new("etcd");
        if certified {
            command
                .arg("--client-cert-auth")
                .arg("--trusted-ca-file")
                .arg(file("ca.pem"))
                .arg("--cert-file")
                .arg(file("server.pem"))
                .arg("--key-file")
                .arg(file("server.key"));
        }
        let child = command
            .args(["--name", "one", "--data-dir"])
            .arg(file("data"))
            .args(["--listen-client-urls", &clients])
            .args(["--advertise-client-urls", &clients])
            .args(["--listen-peer-urls", &peers])
            .args(["--initial-advertise-peer-urls", &peers])
            .args(["--initial-cluster", &format!("one={peers}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tests/setup/etcd installs it");
        let server = Self {
            port,
            child,
            certified,
            folder,
        };
        let patience = Instant::now() + Duration::from_secs(30);
        while !server.etcdctl_with(&[], &["endpoint", "health"]) {
            assert!(Instant::now() < patience, "etcd does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// As etcdctl takes it.
    pub fn endpoint(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        let scheme = if self.certified { "https" } else { "http" };
        format!("{scheme}://{}", self.endpoint())
    }

    /// A file of its own.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Whether etcdctl reads a key with this certificate, and nothing else to log in with.
    pub fn lets_in(&self, certificate: &str, key: &str) -> bool {
        let pair = ["pem", "key"].map(|ending| self.path(&format!("{certificate}.{ending}")));
        let [certificate, private] = pair.each_ref().map(|path| path.to_str().unwrap());
        self.etcdctl_with(&["--cert", certificate, "--key", private], &["get", key])
    }

    pub fn put(&self, key: &str, value: &str) {
        self.etcdctl(&["put", key, "--", value]);
    }

    pub fn etcdctl(&self, arguments: &[&str]) {
        assert!(self.etcdctl_with(&[], arguments), "etcdctl {arguments:?}");
    }

    /// The same where authentication is on.
    pub fn as_root(&self, arguments: &[&str]) {
        let root = ["--user", "root:for-all"];
        assert!(self.etcdctl_with(&root, arguments), "etcdctl {arguments:?}");
    }

    /// From now on everybody has to log in: `root`, and `reader`, who may read what is under
    /// `allstak/`.
    pub fn enable_auth(&self) {
        for arguments in [
            &["user", "add", "root:for-all"][..],
            &["user", "grant-role", "root", "root"],
            &["role", "add", "reading"],
            &[
                "role",
                "grant-permission",
                "--prefix=true",
                "reading",
                "read",
                "allstak/",
            ],
            &["user", "add", "reader:for-reading"],
            &["user", "grant-role", "reader", "reading"],
            &["auth", "enable"],
        ] {
            self.etcdctl(arguments);
        }
    }

    fn etcdctl_with(&self, login: &[&str], arguments: &[&str]) -> bool {
        let mut command = Command::new("etcdctl");
        if self.certified {
            command.arg("--cacert").arg(self.path("ca.pem"));
            if !login.contains(&"--cert") {
                command.arg("--cert").arg(self.path("nameless.pem"));
                command.arg("--key").arg(self.path("nameless.key"));
            }
        }
        let output = command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("ETCDCTL_API", "3")
            .env("ETCDCTL_ENDPOINTS", self.url())
            .args(login)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("tests/setup/etcd installs it");
        output.status.success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An authority, and what it signed.
fn write_certificates(folder: &tempfile::TempDir) {
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    let authority = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["authority".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    write("ca.pem", params.self_signed(&authority).unwrap().pem());
    let issuer = Issuer::new(params, authority);
    for (file, name) in [
        ("server", Some("server")),
        ("named", Some("reader")),
        ("nameless", None),
    ] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name = DistinguishedName::new();
        if let Some(name) = name {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        let certificate = params.signed_by(&key, &issuer).unwrap();
        write(&format!("{file}.pem"), certificate.pem());
        write(&format!("{file}.key"), key.serialize_pem());
    }
}

/// Two, free a moment ago.
fn free_ports() -> [u16; 2] {
    let listeners = [0, 0].map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
