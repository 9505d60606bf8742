//! moto, and a door before it that counts who comes in.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Scene, Straggler};

pub const REGION: &str = "eu-west-1";

/// A server of its own for each test, gone when dropped.
pub struct Moto {
    server: Child,
    address: SocketAddr,
    door: SocketAddr,
    counts: Arc<Mutex<BTreeMap<String, usize>>>,
}

/// A credential of a user.
pub struct User {
    pub id: String,
    pub secret: String,
}

impl Moto {
    pub fn start() -> Self {
        let address = free();
        let server = Command::new(tool("moto_server"))
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tests/setup/aws installs moto");
        let counts = Arc::default();
        let moto = Self {
            server,
            address,
            door: door(address, Arc::clone(&counts)),
            counts,
        };
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "moto is silent");
            thread::sleep(Duration::from_millis(50));
        }
        moto
    }

    /// Where straggler asks.
    pub fn url(&self) -> String {
        format!("http://{}", self.door)
    }

    /// How often each action was asked for since the last look, by straggler.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut *self.counts.lock().unwrap())
    }

    /// Calls of boto3, as `[service, action, arguments]`, and what they answer.
    pub fn write(&self, calls: &[Value]) -> Vec<Value> {
        let mut python = Command::new(tool("python"))
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws/write.py"))
            .env_clear()
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.address))
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "writer")
            .env("AWS_SECRET_ACCESS_KEY", "writer")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let calls = serde_json::to_vec(calls).unwrap();
        python.stdin.take().unwrap().write_all(&calls).unwrap();
        let output = python.wait_with_output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// A user who may do this.
    pub fn user(&self, name: &str, actions: &[&str]) -> User {
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
        });
        let policy = policy.to_string();
        let mut calls = vec![json!(["iam", "create_user", {"UserName": name}])];
        if !actions.is_empty() {
            calls.push(json!(["iam", "put_user_policy", {"UserName": name, "PolicyName": "p", "PolicyDocument": policy}]));
        }
        calls.push(json!(["iam", "create_access_key", {"UserName": name}]));
        let key = self.write(&calls).pop().unwrap()["AccessKey"].take();
        User {
            id: key["AccessKeyId"].as_str().unwrap().to_owned(),
            secret: key["SecretAccessKey"].as_str().unwrap().to_owned(),
        }
    }

    /// From now on signatures and permissions are checked.
    pub fn check_everybody(&self) {
        self.post("/moto-api/reset-auth", "0");
    }

    /// Speaks to moto itself.
    pub fn post(&self, path: &str, body: &str) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: moto\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(
            answer.contains(" 200 ") || answer.contains(" 201 "),
            "{answer}"
        );
    }

    /// The program, with the credential of a user or of anybody.
    pub fn straggler(&self, scene: &Scene, arguments: &[&str], user: Option<&User>) -> Straggler {
        let (id, secret) = user.map_or(("anybody", "anything"), |user| (&user.id, &user.secret));
        scene
            .straggler(arguments)
            .env("AWS_ACCESS_KEY_ID", id)
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .env("AWS_REGION", REGION)
            .env("AWS_ENDPOINT_URL", self.url())
    }

    /// The report of an audit that ends with this code.
    #[track_caller]
    pub fn audit(&self, scene: &Scene, user: Option<&User>, code: i32) -> Value {
        let ran = self
            .straggler(scene, &["audit", "-f", "json"], user)
            .run()
            .ends(code);
        ran.json()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

pub fn tool(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/test-tools/aws/bin")
        .join(name)
}

fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Passes everything on to `address`, and counts it by its action, else by its path.
fn door(address: SocketAddr, counts: Arc<Mutex<BTreeMap<String, usize>>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let door = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let counts = Arc::clone(&counts);
            thread::spawn(move || pass(&stream, address, &counts));
        }
    });
    door
}

fn pass(
    client: &TcpStream,
    address: SocketAddr,
    counts: &Mutex<BTreeMap<String, usize>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(client);
    let mut head = Vec::new();
    let (mut action, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        match &*name.to_lowercase() {
            "x-amz-target" => action = value.trim().rsplit('.').next().unwrap().to_owned(),
            "content-length" => length = value.trim().parse().unwrap(),
            "connection" => continue,
            _ => {}
        }
        head.push(line);
    }
    if action.is_empty() {
        let path = head[0].split(' ').nth(1).unwrap();
        action = path.split('?').next().unwrap().to_owned();
    }
    *counts.lock().unwrap().entry(action).or_default() += 1;
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut server = TcpStream::connect(address)?;
    write!(server, "{}Connection: close\r\n\r\n", head.concat())?;
    server.write_all(&body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    let mut client = client;
    client.write_all(&answer)
}

/// A project whose current key is in a file, whose old one is known, and these hops, one a deployment.
pub fn scene(hops: &[String]) -> Scene {
    let deployments: String = hops
        .iter()
        .enumerate()
        .map(|(index, hop)| {
            format!("  - {{ name: d{index}, project: checkout, route: [ {{ {hop} }} ] }}\n")
        })
        .collect();
    let targets = format!(
        "\
version: 1
projects:
  checkout:
    variable: ALLSTAK_API_KEY
    current: {{ file: {{ path: current.key }} }}
    previous: [ {{ fingerprint: '{}' }} ]
deployments:
{deployments}",
        crate::support::fingerprint(crate::support::OLD)
    );
    Scene::with(&targets).file("current.key", crate::support::CURRENT)
}

/// The verdicts of a report's deployments, in their order.
pub fn verdicts(report: &Value) -> Vec<&str> {
    let deployments = report["deployments"].as_array().unwrap();
    deployments
        .iter()
        .map(|deployment| deployment["verdict"].as_str().unwrap())
        .collect()
}

/// What a report says of a deployment, and what it says to do.
pub fn said(report: &Value, index: usize) -> String {
    let hop = &report["deployments"][index]["hops"][0];
    let text = |name: &str| hop[name].as_str().unwrap_or_default().to_owned();
    format!("{}; {}", text("message"), text("remedy"))
}
