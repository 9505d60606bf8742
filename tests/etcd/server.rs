//! A member of its own cluster, on loopback, gone when dropped.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Server {
    port: u16,
    child: Child,
    #[expect(dead_code, reason = "the data goes when this is dropped")]
    folder: tempfile::TempDir,
}

impl Server {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [port, peers] = free_ports();
        let (clients, peers) = (
            format!("http://127.0.0.1:{port}"),
            format!("http://127.0.0.1:{peers}"),
        );
        let child = Command::new("etcd")
            .args(["--name", "one", "--data-dir"])
            .arg(folder.path())
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
        format!("http://{}", self.endpoint())
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
        let output = Command::new("etcdctl")
            .env_clear()
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
