//! The real Docker client, before an engine that only notes down what it is asked to create.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use serde_json::Value;
use straggler::envfile::{Dialect, Outside, entries};

use crate::oracle::Answer;

/// How many files go into one call where the client should take them all.
const BATCH: usize = 200;

/// How many files it should refuse are tried: each needs a call of its own.
const REFUSED: usize = 200;

/// Asks the client about every file. Of those that ours refuses only some are tried; the others are
/// answered as ours does.
pub fn ask(files: &[Vec<u8>]) -> Vec<Answer> {
    let client = Client::new();
    let mut answers: Vec<Answer> = vec![None; files.len()];
    let is_taken = |file: &Vec<u8>| entries(Dialect::Docker, file, Outside::Empty).is_ok();
    let (taken, refused): (Vec<usize>, Vec<usize>) =
        (0..files.len()).partition(|&index| is_taken(&files[index]));
    for batch in taken.chunks(BATCH) {
        let together: Vec<_> = batch.iter().map(|&index| files[index].as_slice()).collect();
        let found = client.create(&together).unwrap_or_else(|| {
            let alone = |file: &&[u8]| client.create(&[file]).and_then(|mut found| found.pop());
            together
                .iter()
                .map(|file| alone(file).unwrap_or_default())
                .collect()
        });
        for (&index, found) in batch.iter().zip(found) {
            answers[index] = Some(found);
        }
    }
    let step = (refused.len() / REFUSED).max(1);
    for &index in refused.iter().step_by(step) {
        let found = client.create(&[&files[index]]);
        answers[index] = found.and_then(|mut found| found.pop());
    }
    answers
}

struct Client {
    directory: tempfile::TempDir,
    created: Receiver<Vec<String>>,
}

impl Client {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("engine")).unwrap();
        let (send, created) = channel();
        thread::spawn(move || {
            for connection in listener.incoming() {
                let send = send.clone();
                thread::spawn(move || serve(&connection.unwrap(), &send));
            }
        });
        Self { directory, created }
    }

    /// What each of these files sets, or `None` if the client refuses one of them.
    fn create(&self, files: &[&[u8]]) -> Option<Vec<BTreeMap<Vec<u8>, Vec<u8>>>> {
        const END: &str = "ORACLE_END";
        let path = |name: String| -> PathBuf { self.directory.path().join(name) };
        let end = path("end".to_owned());
        fs::write(&end, END.to_owned() + "=").unwrap();
        let mut command = Command::new("docker");
        command.arg("create");
        for (index, file) in files.iter().enumerate() {
            let name = path(index.to_string());
            fs::write(&name, file).unwrap();
            for part in [&name, &end] {
                command.arg("--env-file").arg(part);
            }
        }
        let status = command
            .arg("image")
            // A name without a value is passed on from here, so nothing may be.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("DOCKER_CONFIG", self.directory.path())
            .env("DOCKER_HOST", engine(self.directory.path()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap_or_else(|error| {
                panic!("docker does not run ({error}): run tests/setup/dialects")
            });
        if !status.success() {
            return None;
        }
        let environment = self.created.recv().unwrap();
        let mut found = vec![BTreeMap::new()];
        for entry in environment {
            let (name, value) = entry.split_once('=').unwrap();
            if name == END {
                found.push(BTreeMap::new());
            } else if let Some(last) = found.last_mut() {
                last.insert(name.into(), value.into());
            }
        }
        found.pop();
        assert_eq!(found.len(), files.len());
        Some(found)
    }
}

fn engine(directory: &Path) -> String {
    format!("unix://{}", directory.join("engine").display())
}

/// Answers as an engine does, as far as `docker create` asks.
fn serve(connection: &UnixStream, created: &Sender<Vec<String>>) {
    let mut reader = BufReader::new(connection);
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request).unwrap_or(0) == 0 {
            return;
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            let header = header.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let (status, answer) = if request.contains("/_ping") {
            ("200 OK", "")
        } else if request.contains("/containers/create") {
            let body: Value = serde_json::from_slice(&body).unwrap();
            let environment = body["Env"].as_array().into_iter().flatten();
            let entries = environment.map(|entry| entry.as_str().unwrap().to_owned());
            created.send(entries.collect()).unwrap();
            ("201 Created", r#"{"Id":"0123456789ab","Warnings":[]}"#)
        } else {
            ("404 Not Found", r#"{"message":"there is nothing here"}"#)
        };
        let body = if request.starts_with("HEAD") {
            ""
        } else {
            answer
        };
        write!(
            &mut &*connection,
            "HTTP/1.1 {status}\r\nApi-Version: 1.41\r\nOstype: linux\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
    }
}
