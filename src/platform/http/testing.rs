//! A server for tests, which keeps what it was sent.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

thread_local! {
    /// What servers that this thread starts say of the bodies of their successes.
    static ENCODING: Cell<Option<&'static str>> = const { Cell::new(None) };
    /// How many servers this thread started.
    static STARTED: Cell<usize> = const { Cell::new(0) };
}

/// Starts servers that say of every success that it is encoded so, and gives how many those were.
pub(crate) fn encoding<T>(name: &'static str, start: impl FnOnce() -> T) -> (T, usize) {
    let before = STARTED.get();
    ENCODING.set(Some(name));
    let started = start();
    ENCODING.set(None);
    (started, STARTED.get() - before)
}

/// An answer whose body is said to be encoded, if it is a success.
fn said_to_be(name: &str, answer: Vec<u8>) -> Vec<u8> {
    let end = answer.windows(2).position(|pair| pair == b"\r\n");
    match end {
        Some(end) if answer.starts_with(b"HTTP/1.1 2") => {
            let header = format!("\r\nContent-Encoding: {name}");
            [&answer[..end], header.as_bytes(), &answer[end..]].concat()
        }
        _ => answer,
    }
}

/// Answers on loopback until the test ends.
pub(crate) struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `answer` makes the whole answer, status line first, from the head of a request.
    pub fn start(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        Self::reading(move |head, _| answer(head))
    }

    /// The same, from the head and the body of a request.
    pub fn reading(answer: impl Fn(&str, &str) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&requests);
        let encoding = ENCODING.get();
        STARTED.set(STARTED.get() + 1);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (head, body) = request(&stream);
                seen.lock().unwrap().push(head.clone());
                // The client may have hung up: that is a test's business.
                let answer = answer(&head, &body);
                let answer = match encoding {
                    Some(name) => said_to_be(name, answer),
                    None => answer,
                };
                let _ = (&stream).write_all(&answer);
            }
        });
        Self { address, requests }
    }

    /// Always answers with this status and body.
    pub fn answering(status: &'static str, body: &[u8]) -> Self {
        let answer = response(status, "", body);
        Self::start(move |_| answer.clone())
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The heads of the requests so far, in lower case.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// An answer with these further header lines, each ending in `\r\n`.
pub(crate) fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn request(stream: &TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let lines = reader.by_ref().lines().map_while(Result::ok);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let head = head.join("\n").to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = String::new();
    let _ = reader.take(length.unwrap_or(0)).read_to_string(&mut body);
    (head, body)
}

/// A server that never answers.
pub(crate) fn silent() -> Server {
    Server::start(|_| {
        loop {
            std::thread::park();
        }
    })
}

/// A server that sends everybody to another host.
pub(crate) fn redirect_elsewhere() -> Server {
    Server::start(|_| response("302 Found", "Location: http://localhost:1/\r\n", b""))
}
