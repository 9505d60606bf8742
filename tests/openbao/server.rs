//! A server of its own for each test, gone when dropped.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub struct Bao {
    child: Child,
    address: SocketAddr,
    /// Where it listens with TLS, if it does.
    secure: Option<SocketAddr>,
    root: String,
    folder: tempfile::TempDir,
    /// How much of its audit log was looked at.
    seen: Cell<usize>,
}

/// Whoever may do everything, in a namespace.
pub struct Asker<'b> {
    bao: &'b Bao,
    namespace: &'b str,
}

impl Bao {
    /// With a mount `secret` of version 2.
    pub fn start() -> Self {
        Self::listening(None)
    }

    /// The same, which listens with TLS too, with these settings.
    pub fn listening(tls: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        tools(folder.path());
        // Somebody else may take a port before it does.
        let (child, address, secure) = (0..5)
            .find_map(|_| spawn(folder.path(), tls))
            .unwrap_or_else(|| {
                panic!("{}", fs::read_to_string(folder.path().join("log")).unwrap())
            });
        let mut bao = Self {
            child,
            address,
            secure,
            root: String::new(),
            folder,
            seen: Cell::default(),
        };
        let shares = json!({"secret_shares": 1, "secret_threshold": 1});
        let (_, given) = bao.ask("PUT", "sys/init", ("", ""), &shares);
        given["root_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut bao.root);
        bao.ask(
            "PUT",
            "sys/unseal",
            ("", ""),
            &json!({"key": given["keys"][0]}),
        );
        let begun = Instant::now();
        while bao.ask("GET", "sys/health", ("", ""), &Value::Null).0 != 200 {
            assert!(begun.elapsed() < Duration::from_secs(60), "it stays sealed");
            std::thread::sleep(Duration::from_millis(20));
        }
        bao.within("").mount("secret", 2);
        bao
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn secure_url(&self) -> String {
        format!("https://localhost:{}", self.secure.unwrap().port())
    }

    /// The token that may do everything.
    pub fn root(&self) -> &str {
        &self.root
    }

    pub fn within<'b>(&'b self, namespace: &'b str) -> Asker<'b> {
        Asker {
            bao: self,
            namespace,
        }
    }

    pub fn seal(&self) {
        self.within("").asks("PUT", "sys/seal", &json!({}));
    }

    /// How often what was asked since the last look, as `read PATH`: its audit log knows.
    pub fn counted(&self) -> BTreeMap<String, usize> {
        let log = fs::read_to_string(self.folder.path().join("audit")).unwrap();
        let seen = self.seen.replace(log.len());
        let mut counts = BTreeMap::new();
        for line in log[seen..].lines() {
            let entry: Value = serde_json::from_str(line).unwrap();
            if entry["type"] == "request" {
                let [operation, path] =
                    ["operation", "path"].map(|name| entry["request"][name].as_str().unwrap());
                *counts.entry(format!("{operation} {path}")).or_default() += 1;
            }
        }
        counts
    }

    /// Runs a line of shell where its command-line tool is `bao`, and `vault` too.
    pub fn shell(&self, line: &str) -> Output {
        let path = std::env::var("PATH").unwrap();
        Command::new("sh")
            .args(["-c", line])
            .current_dir(self.folder.path())
            .env_clear()
            .env(
                "PATH",
                format!("{}:{path}", self.folder.path().join("bin").display()),
            )
            .env("HOME", self.folder.path())
            .env("VAULT_ADDR", self.url())
            .env("VAULT_TOKEN", &self.root)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// What is answered to somebody in a namespace.
    pub fn ask(&self, method: &str, path: &str, who: (&str, &str), body: &Value) -> (u16, Value) {
        ask(self.address, (method, path), who, body)
    }
}

/// What a server answers to somebody in a namespace.
pub fn ask(
    address: SocketAddr,
    (method, path): (&str, &str),
    (namespace, token): (&str, &str),
    body: &Value,
) -> (u16, Value) {
    let mut stream = TcpStream::connect(address).unwrap();
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    write!(
        stream,
        "{method} /v1/{path} HTTP/1.0\r\nX-Vault-Request: true\r\nX-Vault-Token: {token}\r\n\
         X-Vault-Namespace: {namespace}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

impl Asker<'_> {
    /// What is answered, which must be a success.
    #[track_caller]
    pub fn asks(&self, method: &str, path: &str, body: &Value) -> Value {
        let who = (self.namespace, self.bao.root());
        let (status, answer) = self.bao.ask(method, path, who, body);
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer
    }

    pub fn mount(&self, mount: &str, version: u8) -> &Self {
        let options = json!({"version": version.to_string()});
        let body = json!({"type": "kv", "options": options});
        self.asks("POST", &format!("sys/mounts/{mount}"), &body);
        // Until then it says that it is being made.
        if version == 2 {
            let begun = Instant::now();
            let who = (self.namespace, self.bao.root());
            let config = format!("{mount}/config");
            while self.bao.ask("GET", &config, who, &Value::Null).0 != 200 {
                assert!(begun.elapsed() < Duration::from_secs(60), "no mount");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        self
    }

    /// Writes the next version of a path in `secret`.
    pub fn put(&self, path: &str, fields: &Value) -> &Self {
        let body = json!({"data": fields});
        self.asks("POST", &format!("secret/data/{path}"), &body);
        self
    }

    /// The fields of a path in `secret`.
    pub fn fields(&self, path: &str) -> Value {
        self.asks("GET", &format!("secret/data/{path}"), &Value::Null)["data"]["data"].take()
    }

    /// A policy of this name that lets these paths be read.
    pub fn policy(&self, name: &str, paths: &[&str]) -> &Self {
        let rules: Vec<_> = paths
            .iter()
            .map(|path| format!("path \"{path}\" {{ capabilities = [\"read\"] }}"))
            .collect();
        let body = json!({"policy": rules.join("\n")});
        self.asks("PUT", &format!("sys/policies/acl/{name}"), &body);
        self
    }

    /// A token with these settings.
    pub fn token(&self, settings: &Value) -> String {
        let mut given = self.asks("POST", "auth/token/create", settings);
        match given["auth"]["client_token"].take() {
            Value::String(token) => token,
            other => panic!("{other}"),
        }
    }

    /// A token with this one policy beside the default one.
    pub fn token_of(&self, policy: &str) -> String {
        self.token(&json!({"policies": [policy]}))
    }

    /// Mounts a login.
    pub fn login(&self, mount: &str, kind: &str) -> &Self {
        self.asks("POST", &format!("sys/auth/{mount}"), &json!({"type": kind}));
        self
    }

    /// The id of an AppRole with these settings.
    pub fn role(&self, mount: &str, settings: &Value) -> String {
        let at = format!("auth/{mount}/role/straggler");
        self.asks("POST", &at, settings);
        let role = self.asks("GET", &format!("{at}/role-id"), &Value::Null);
        role["data"]["role_id"].as_str().unwrap().to_owned()
    }

    /// The same, and one of its secret ids.
    pub fn approle(&self, mount: &str, settings: &Value) -> [String; 2] {
        let role = self.role(mount, settings);
        let at = format!("auth/{mount}/role/straggler/secret-id");
        let secret = self.asks("POST", &at, &json!({}));
        [
            role,
            secret["data"]["secret_id"].as_str().unwrap().to_owned(),
        ]
    }

    pub fn namespace(&self, name: &str) -> &Self {
        self.asks("POST", &format!("sys/namespaces/{name}"), &json!({}));
        self
    }
}

impl Drop for Bao {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn binary() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/openbao/bao")
}

/// Its command-line tool, under the name of Vault's too.
fn tools(folder: &Path) {
    let bin = folder.join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(binary(), bin.join("bao")).unwrap();
    let vault = bin.join("vault");
    fs::write(&vault, "#!/bin/sh\nexec bao \"$@\"\n").unwrap();
    fs::set_permissions(vault, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Starts it, and waits until it listens; `None` if it ends instead.
fn spawn(folder: &Path, tls: Option<&str>) -> Option<(Child, SocketAddr, Option<SocketAddr>)> {
    let (address, secure) = (free(), tls.map(|_| free()));
    let listener = |address: SocketAddr, more: &str| {
        format!("listener \"tcp\" {{\n address = \"{address}\"\n {more}\n}}\n")
    };
    let mut config = format!(
        "storage \"inmem\" {{}}\napi_addr = \"http://{address}\"\n\
         audit \"file\" \"log\" {{\n options {{ file_path = \"{}\" }}\n}}\n{}",
        folder.join("audit").display(),
        listener(address, "tls_disable = true")
    );
    if let (Some(secure), Some(tls)) = (secure, tls) {
        config += &listener(secure, tls);
    }
    fs::write(folder.join("config.hcl"), config).unwrap();
    let log = fs::File::create(folder.join("log")).unwrap();
    let mut child = Command::new(binary())
        .args(["server", "-config=config.hcl", "-log-level=warn"])
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .expect("tests/setup/openbao brings it");
    let begun = Instant::now();
    // That something listens there does not say who.
    while !fs::read_to_string(folder.join("log"))
        .unwrap()
        .contains("server started!")
    {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "OpenBao is silent"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    Some((child, address, secure))
}

fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
