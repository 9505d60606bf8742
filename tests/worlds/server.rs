//! A web server that answers what it was told to, and keeps connections open.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Status and body by path.
pub type Answers = HashMap<String, (u16, Vec<u8>)>;

/// Not a status: 200, with a body in an encoding that few clients know.
pub const UNDECODED: u16 = 1200;

/// A server on loopback, gone when dropped.
pub struct Server {
    address: SocketAddr,
    over: Arc<AtomicBool>,
}

impl Server {
    pub fn new(answers: Arc<Answers>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            over: Arc::default(),
        };
        let over = Arc::clone(&server.over);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let answers = Arc::clone(&answers);
                // A client that leaves early is the client's business.
                thread::spawn(move || stream.and_then(|stream| serve(stream, &answers)));
            }
        });
        server
    }

    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(mut stream: TcpStream, answers: &Answers) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line
            .split_whitespace()
            .nth(1)
            .unwrap_or_default()
            .to_owned();
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
                break;
            }
        }
        let missing = (404, Vec::new());
        let (status, body) = answers.get(&path).unwrap_or(&missing);
        let (status, encoding) = match *status {
            UNDECODED => (200, "Content-Encoding: br\r\n"),
            status => (status, ""),
        };
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status} Status\r\n{encoding}Content-Length: {length}\r\n\r\n");
        let mut answer = head.into_bytes();
        answer.extend_from_slice(body);
        stream.write_all(&answer)?;
    }
}
