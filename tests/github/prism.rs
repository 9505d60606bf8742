//! Prism, which answers by GitHub's published API description, and a door before it that notes who comes
//! in and what they are told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::server::{Answer, Asked, Server};

pub struct Prism {
    child: Child,
    door: Server,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A request, and the status of its answer.
#[derive(Clone)]
pub struct Seen {
    pub path: String,
    pub status: u16,
    pub answer: String,
}

impl Prism {
    /// Which examples it answers with; `prefer` is Prism's own header.
    pub fn start(prefer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let port = address.port().to_string();
        let child = Command::new(tool("node_modules/node/bin/node"))
            .arg(tool("node_modules/@stoplight/prism-cli/dist/index.js"))
            .args(["mock", "--errors", "--seed", "1", "-h", "127.0.0.1", "-p"])
            .arg(port)
            .arg(tool("api.json"))
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tests/setup/github installs it");
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let noted = Arc::clone(&seen);
        let door = Server::new(move |asked| {
            let (status, body) = forward(address, asked, prefer);
            noted.lock().unwrap().push(Seen {
                path: asked.path.clone(),
                status,
                answer: String::from_utf8_lossy(&body).into_owned(),
            });
            Answer::status(status, body).header("Content-Type", "application/json")
        });
        let prism = Self { child, door, seen };
        let patience = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < patience, "Prism does not start");
            thread::sleep(Duration::from_millis(50));
        }
        prism
    }

    pub fn url(&self) -> String {
        self.door.url("")
    }

    /// Everything that was asked, by path.
    pub fn seen(&self) -> Vec<Seen> {
        let mut seen = self.seen.lock().unwrap().clone();
        seen.sort_by(|one, other| one.path.cmp(&other.path));
        seen
    }

    /// The description that it answers by.
    pub fn description() -> Value {
        serde_json::from_slice(&std::fs::read(tool("api.json")).unwrap()).unwrap()
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tool(path: &str) -> PathBuf {
    let tools = "target/test-tools/github";
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(tools)
        .join(path)
}

fn forward(to: SocketAddr, asked: &Asked, prefer: &str) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(to).unwrap();
    let mut head = format!("{} {} HTTP/1.1\r\n", asked.method, asked.path);
    // GitHub recommends its own media type, and describes the answers under the general one.
    assert_eq!(asked.header("accept"), "application/vnd.github+json");
    assert_eq!(asked.header("x-github-api-version"), "2022-11-28");
    for (name, value) in &asked.headers {
        if !matches!(&**name, "accept" | "accept-encoding" | "connection") {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head.push_str(&format!(
        "accept: application/json\r\nprefer: {prefer}\r\nconnection: close\r\n\r\n"
    ));
    stream.write_all(head.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    while line.trim() != "" {
        line.clear();
        reader.read_line(&mut line).unwrap();
    }
    let mut body = Vec::new();
    reader.read_to_end(&mut body).unwrap();
    (status, body)
}
