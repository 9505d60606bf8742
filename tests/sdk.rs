//! A running service with the real AllStak SDK for Python and a bad key: what the SDK does on the
//! wire, and that straggler finds the process and says just that.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where its world breaks"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;
use straggler::key::{Digits, Fingerprint};

const CURRENT: &str = "ask_live_Zx81QmTn04LrVbWc6YhKsUe2DpJgAoFi";
const OLD: &str = "ask_live_n3WqLt57RkXe0HvBsYzCmJ2uAdGfPo9I";

#[test]
#[ignore = "needs the SDK, which tests/run installs"]
fn a_dead_key_is_refused_once_and_turns_the_sdk_off_until_the_restart() {
    let ingest = Ingest::start();
    let mut service = Service::start(&ingest, OLD);

    assert_eq!(service.said()["disabled"], true);
    let requests = ingest.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert!(requests[0].starts_with("POST /ingest/v1/errors "));
    assert!(requests[0].contains(&format!("X-AllStak-Key: {OLD}\r\n")));

    service.fail_again();
    assert_eq!(service.said()["disabled"], true);
    assert_eq!(ingest.requests().len(), 1, "nothing more is sent");

    let hop = audit(&service, 1);
    assert_eq!(hop["verdict"], "revoked");
    assert_eq!(hop["evidence"], "value");
    assert_eq!(hop["fingerprint"], shown(OLD));
    assert_eq!(
        hop["readings"][0]["replica"],
        format!("python/{}", service.pid())
    );
    assert!(hop["readings"][0]["started_at"].is_string());
    says(&hop, "events are being lost now");
    says(&hop, "the Python SDK stays off until the process restarts");
}

#[test]
#[ignore = "needs the SDK, which tests/run installs"]
fn with_a_line_break_in_the_key_nothing_is_ever_sent_and_nothing_logged() {
    let ingest = Ingest::start();
    let mut service = Service::start(&ingest, &format!("{CURRENT}\n"));

    let said = service.said();
    assert_eq!(said["disabled"], false, "the SDK believes that all is well");
    assert_eq!(said["eventsSent"], 0);
    service.fail_again();
    assert_eq!(service.said()["eventsFailed"], 2);
    assert_eq!(ingest.bytes(), 0, "not one byte arrives");

    let hop = audit(&service, 1);
    assert_eq!(hop["verdict"], "malformed");
    assert_eq!(hop["damage"], serde_json::json!(["trailing-newline"]));
    says(&hop, "no event leaves the process and nothing is logged");
    assert_eq!(service.complaints(), "");
}

#[test]
#[ignore = "needs the SDK, which tests/run installs"]
fn the_current_key_arrives() {
    let ingest = Ingest::start();
    let mut service = Service::start(&ingest, CURRENT);
    assert_eq!(service.said()["eventsSent"], 1);
    let hop = audit(&service, 0);
    assert_eq!(hop["verdict"], "current");
}

/// Audits the service as its platform team would, and gives the hop of its process.
fn audit(service: &Service, code: i32) -> Value {
    let scene = tempfile::tempdir().unwrap();
    let targets = format!(
        "\
version: 1
projects:
  checkout:
    variable: ALLSTAK_API_KEY
    rotation: immediate
    current: {{ file: {{ path: checkout.key }} }}
    previous: [ {{ fingerprint: '{}' }} ]
deployments:
  - name: till
    project: checkout
    route: [ {{ process: {{ match: '{}' }} }} ]
",
        shown(OLD),
        service.address
    );
    fs::write(scene.path().join("targets.yaml"), targets).unwrap();
    fs::write(scene.path().join("checkout.key"), CURRENT).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_straggler"))
        .args(["audit", "--format", "json"])
        .current_dir(&scene)
        .output()
        .unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{report}{errors}");
    for text in [&report, &errors] {
        assert!(!text.contains(OLD) && !text.contains(CURRENT), "{text}");
    }
    let mut report: Value = serde_json::from_str(&report).unwrap();
    report["deployments"][0]["hops"][0].take()
}

#[track_caller]
fn says(hop: &Value, words: &str) {
    let message = hop["message"].as_str().unwrap();
    assert!(message.contains(words), "{message}");
}

fn shown(key: &str) -> String {
    let fingerprint = Fingerprint::of(key.as_bytes());
    fingerprint.cut(Digits::DEFAULT).to_string()
}

/// The service, until it is dropped.
struct Service {
    child: Child,
    address: String,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    _spool: tempfile::TempDir,
}

impl Service {
    fn start(ingest: &Ingest, key: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("target/test-tools/sdk/bin/python");
        let spool = tempfile::tempdir().unwrap();
        let mut child = Command::new(python)
            .arg(root.join("tests/sdk/service.py"))
            .arg(&ingest.address)
            .env_clear()
            .env("ALLSTAK_API_KEY", key)
            .env("TMPDIR", spool.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("run tests/setup/sdk first");
        Self {
            address: ingest.address.clone(),
            stdin: child.stdin.take(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
            _spool: spool,
        }
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the SDK says of itself after the next error.
    fn said(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    fn fail_again(&mut self) {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "the till is still on fire").unwrap();
    }

    /// Ends the service, and gives everything it wrote to standard error.
    fn complaints(mut self) -> String {
        drop(self.stdin.take());
        let mut text = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Takes events, and refuses those that are signed with another key than the current one.
struct Ingest {
    address: String,
    /// What came over each connection.
    connections: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Ingest {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let kept = Arc::clone(&connections);
        // Ends with the test program.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let kept = Arc::clone(&kept);
                thread::spawn(move || serve(stream.unwrap(), &kept));
            }
        });
        Self {
            address,
            connections,
        }
    }

    /// Everything that was sent, of the connections on which anything was.
    fn requests(&self) -> Vec<String> {
        let connections = self.connections.lock().unwrap();
        let texts = connections
            .iter()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        texts.filter(|text| !text.is_empty()).collect()
    }

    fn bytes(&self) -> usize {
        let connections = self.connections.lock().unwrap();
        connections.iter().map(Vec::len).sum()
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Vec<u8>>>) {
    let mut sent = Vec::new();
    let mut part = [0; 4096];
    while !is_whole(&sent) {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => break,
            Ok(count) => sent.extend_from_slice(&part[..count]),
        }
    }
    let whole = is_whole(&sent);
    let good = format!("X-AllStak-Key: {CURRENT}\r\n");
    let status = if String::from_utf8_lossy(&sent).contains(&good) {
        "202 Accepted"
    } else {
        "401 Unauthorized"
    };
    // Kept before it is answered, so that whoever has the answer finds it here.
    kept.lock().unwrap().push(sent);
    if whole {
        let answer =
            format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}");
        stream.write_all(answer.as_bytes()).unwrap();
    }
}

/// Whether a head and as many bytes as it announces are here.
fn is_whole(sent: &[u8]) -> bool {
    let Some(head) = sent.windows(4).position(|end| end == b"\r\n\r\n") else {
        return false;
    };
    let text = String::from_utf8_lossy(&sent[..head]).to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    sent.len() >= head + 4 + length
}
