//! A member of its own cluster, on loopback, gone when dropped.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::certificates::Authority;

pub struct Server {
    port: u16,
    child: Child,
    folder: TempDir,
    /// Whose certificates its clients have to show, where it speaks TLS.
    authority: Option<Authority>,
}

impl Server {
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// One that takes the common name of a client's certificate for the user.
    pub fn secure() -> Self {
        Self::start_with(Some(Authority::new()))
    }

    fn start_with(authority: Option<Authority>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [port, peers] = free_ports();
        let scheme = match authority {
            Some(_) => "https",
            None => "http",
        };
        let (clients, peers) = (
            format!("{scheme}://127.0.0.1:{port}"),
            format!("http://127.0.0.1:{peers}"),
        );
        let mut command = Command::new("etcd");
        if let Some(authority) = &authority {
            let file = |name: &str, text: &str| {
                let path = folder.path().join(name);
                fs::write(&path, text).unwrap();
                path
            };
            command
                .arg("--client-cert-auth")
                .arg("--trusted-ca-file")
                .arg(file("ca.pem", &authority.certificate));
            // The gateway shows it to the member itself.
            let own = authority.pair(None);
            command
                .arg("--cert-file")
                .arg(file("server.pem", &own.certificate));
            command.arg("--key-file").arg(file("server.key", &own.key));
            for name in ["root", "reader", "stranger"] {
                let pair = authority.pair(Some(name));
                file(&format!("{name}.pem"), &pair.certificate);
                file(&format!("{name}.key"), &pair.key);
            }
            let nameless = authority.pair(None);
            file("nameless.pem", &nameless.certificate);
            file("nameless.key", &nameless.key);
        }
        let child = command
            .args(["--name", "one", "--data-dir"])
            .arg(folder.path().join("data"))
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
            folder,
            authority,
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
        match self.authority {
            Some(_) => format!("https://{}", self.endpoint()),
            None => format!("http://{}", self.endpoint()),
        }
    }

    /// A file beside its data: `ca.pem`, or a certificate or key by its user's name.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
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
        command.env_clear();
        if self.authority.is_some() {
            for (variable, name) in [
                ("ETCDCTL_CACERT", "ca.pem"),
                ("ETCDCTL_CERT", "root.pem"),
                ("ETCDCTL_KEY", "root.key"),
            ] {
                command.env(variable, self.file(name));
            }
        }
        let output = command
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("ETCDCTL_API", "3")
            .env("ETCDCTL_ENDPOINTS", self.endpoint())
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

/// Two, free a moment ago.
fn free_ports() -> [u16; 2] {
    let listeners = [0, 0].map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
