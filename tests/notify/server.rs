//! A receiver by hand, which keeps what it was sent.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// One request.
#[derive(Clone)]
pub struct Sent {
    /// The first line and the headers, in lower case.
    pub head: String,
    pub body: String,
    pub at: Instant,
}

impl Sent {
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines();
        let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.unwrap_or_default()
    }
}

/// What becomes of one request.
pub enum Then {
    Answer(&'static str, String),
    /// No answer, ever.
    Hang,
    /// Half an answer.
    Break,
}

pub fn status(status: &'static str) -> Then {
    Then::Answer(status, String::new())
}

pub struct Server {
    pub port: u16,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Server {
    /// `then` says what becomes of each request, counted from 0.
    pub fn new(then: impl Fn(usize) -> Then + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let sent = Arc::<Mutex<Vec<Sent>>>::default();
        let (seen, then) = (Arc::clone(&sent), Arc::new(then));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, then) = (Arc::clone(&seen), Arc::clone(&then));
                thread::spawn(move || serve(&stream, &seen, &*then));
            }
        });
        Self { port, sent }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// How many messages came, however often each was sent.
    pub fn messages(&self) -> usize {
        let sent = self.sent();
        let ids: BTreeSet<_> = sent
            .iter()
            .map(|sent| sent.header("straggler-delivery"))
            .collect();
        ids.len()
    }
}

fn serve(stream: &TcpStream, seen: &Mutex<Vec<Sent>>, then: &dyn Fn(usize) -> Then) {
    let mut reader = BufReader::new(stream);
    let lines = reader.by_ref().lines().map_while(Result::ok);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let head = head.join("\n").to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = String::new();
    let _ = reader.take(length.unwrap_or(0)).read_to_string(&mut body);
    let index = {
        let mut seen = seen.lock().unwrap();
        let at = Instant::now();
        seen.push(Sent { head, body, at });
        seen.len() - 1
    };
    let answer = match then(index) {
        Then::Answer(status, rest) => {
            let (headers, body) = rest.split_once('|').unwrap_or((&rest, ""));
            let length = body.len();
            format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
            )
        }
        Then::Hang => {
            // Longer than anybody waits.
            thread::sleep(Duration::from_secs(600));
            return;
        }
        Then::Break => "HTTP/1.1 2".to_owned(),
    };
    let mut stream = stream;
    let _ = stream.write_all(answer.as_bytes());
}
