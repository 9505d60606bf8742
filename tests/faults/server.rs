//! A server that does to each request what its path says: `/PLACE/FAULT/KEY/NUMBER`.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_linger;

use crate::fault::Fault;
use crate::{CURRENT, OLD};

/// A server on loopback that serves as long as the test program runs.
pub struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
}

/// What was asked.
#[derive(Default)]
struct Seen {
    /// When each path was.
    asked: Mutex<HashMap<String, Vec<Instant>>>,
    /// Everything that was sent.
    sent: Mutex<Vec<u8>>,
}

impl Server {
    /// `elsewhere` is the server that it redirects to.
    pub fn start(elsewhere: Option<&Server>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
        };
        let seen = Arc::clone(&server.seen);
        let elsewhere: Arc<str> = elsewhere.map(Server::origin).unwrap_or_default().into();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, elsewhere) = (Arc::clone(&seen), Arc::clone(&elsewhere));
                // A client that hangs up is what most of this is about.
                thread::spawn(move || serve(&stream, &seen, &elsewhere));
            }
        });
        server
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// When a path that ends so was asked for.
    pub fn asked(&self, end: &str) -> Vec<Instant> {
        let asked = self.seen.asked.lock().unwrap();
        let mut times: Vec<_> = asked
            .iter()
            .filter(|(path, _)| path.ends_with(end))
            .flat_map(|(_, times)| times.iter().copied())
            .collect();
        times.sort();
        times
    }

    /// Everything that was sent to it.
    pub fn sent(&self) -> String {
        String::from_utf8_lossy(&self.seen.sent.lock().unwrap()).into_owned()
    }
}

/// An address where nobody listens.
pub const NOBODY: &str = "http://127.0.0.1:1";

/// Serves one connection until it closes or is to be closed.
fn serve(stream: &TcpStream, seen: &Seen, elsewhere: &str) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(path) = head(&mut reader, seen)? {
        let path = path.split('?').next().unwrap_or_default().to_owned();
        let times = {
            let mut asked = seen.asked.lock().unwrap();
            let times = asked.entry(path.clone()).or_default();
            times.push(Instant::now());
            times.len()
        };
        if !answer(stream, &path, times, elsewhere)? {
            break;
        }
    }
    Ok(())
}

/// Reads a request without a body; its path.
fn head(reader: &mut BufReader<&TcpStream>, seen: &Seen) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head)? == 0 {
            return Ok(None);
        }
    }
    seen.sent.lock().unwrap().extend(&head);
    let head = String::from_utf8_lossy(&head);
    Ok(head.split(' ').nth(1).map(str::to_owned))
}

/// Answers; whether the connection stays open.
fn answer(mut stream: &TcpStream, path: &str, times: usize, elsewhere: &str) -> io::Result<bool> {
    if path.contains("/sys/internal/ui/mounts/") {
        let mount = r#"{"data": {"path": "secret/", "type": "kv", "options": {"version": "2"}}}"#;
        return whole(stream, 200, "", mount.as_bytes());
    }
    let mut parts = path.rsplit('/').skip(1);
    let (key, fault) = (parts.next().unwrap(), parts.next().unwrap());
    let body = body(path, if key == "old" { OLD } else { CURRENT });
    match Fault::named(fault) {
        Fault::None => return whole(stream, 200, "", &body),
        Fault::Once(_) | Fault::OnceAfter(_) if times > 1 => return whole(stream, 200, "", &body),
        // What came with a refusal is no answer, so it holds the right key to tempt.
        Fault::Status(204) => return whole(stream, 204, "", b""),
        Fault::Status(206) => return whole(stream, 206, "", &body[..body.len() / 2]),
        // Vault says so without a word.
        Fault::Status(404) if path.starts_with("/v1/secret/") => {
            return whole(stream, 404, "", br#"{"errors": []}"#);
        }
        Fault::Status(status) | Fault::Once(status) => return whole(stream, status, "", &body),
        Fault::OnceAfter(status) => return whole(stream, status, "Retry-After: 1\r\n", &body),
        Fault::After(status, seconds) => {
            let header = format!("Retry-After: {seconds}\r\n");
            return whole(stream, status, &header, &body);
        }
        Fault::RedirectLoop => {
            return whole(stream, 302, &format!("Location: {path}\r\n"), b"");
        }
        Fault::RedirectElsewhere => {
            let target = format!("Location: {elsewhere}{path}\r\n");
            return whole(stream, 307, &target, b"");
        }
        Fault::InvalidUtf8 => return whole(stream, 200, "", &unreadable(&body)),
        Fault::InvalidJson => return whole(stream, 200, "", &body[..body.len() - 1]),
        Fault::WrongShape => {
            let list = format!(r#"{{"data": ["{CURRENT}"], "key": 7, "": "{CURRENT}"}}"#);
            return whole(stream, 200, "", list.as_bytes());
        }
        Fault::NoGzip => return whole(stream, 200, "Content-Encoding: gzip\r\n", &body),
        Fault::EndlessRefusal => {
            stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n")?;
            endless(stream, &body)?;
        }
        Fault::ResetBeforeHeaders => reset(stream)?,
        Fault::ResetInBody => {
            half(stream, &body)?;
            // What lies unread on the other side goes with a reset.
            thread::sleep(Duration::from_millis(20));
            reset(stream)?;
        }
        Fault::ShortBody => half(stream, &body)?,
        Fault::StallBeforeHeaders => until_left(stream)?,
        Fault::StallInBody => {
            half(stream, &body)?;
            until_left(stream)?;
        }
        Fault::Drip => {
            half(stream, &vec![b'x'; 1 << 20])?;
            loop {
                thread::sleep(Duration::from_millis(50));
                stream.write_all(b"x")?;
            }
        }
        Fault::EndlessHeaders => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            endless(stream, b"X-More: and more\r\n")?;
        }
        Fault::EndlessBody => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            endless(stream, &body)?;
        }
        Fault::GzipBomb => bomb(stream)?,
        Fault::NoHttp => stream.write_all(b"220 mail.example.org ESMTP\r\n")?,
        Fault::Expired | Fault::WrongName | Fault::Refused => {}
    }
    Ok(false)
}

/// What the path should answer, in the words of who asks.
fn body(path: &str, key: &str) -> Vec<u8> {
    let metadata = r#"{"created_time": "2026-11-20T09:00:00Z", "deletion_time": "", "destroyed": false, "version": 1}"#;
    let text = if path.starts_with("/v1/secret/") {
        format!(r#"{{"data": {{"data": {{"key": "{key}"}}, "metadata": {metadata}}}}}"#)
    } else if path.starts_with("/json/") {
        format!(r#"{{"key": "{key}"}}"#)
    } else {
        key.to_owned()
    };
    text.into_bytes()
}

/// The body with bytes that are no UTF-8 before the key.
fn unreadable(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let (before, after) = text.split_once("ask_live_").unwrap();
    [before.as_bytes(), b"\xff\xfeask_live_", after.as_bytes()].concat()
}

fn whole(mut stream: &TcpStream, status: u16, headers: &str, body: &[u8]) -> io::Result<bool> {
    let length = match status {
        204 => String::new(),
        _ => format!("Content-Length: {}\r\n", body.len()),
    };
    let mut answer = format!("HTTP/1.1 {status} Status\r\n{headers}{length}\r\n").into_bytes();
    answer.extend(body);
    stream.write_all(&answer)?;
    Ok(true)
}

/// The head and the first half of the body.
fn half(mut stream: &TcpStream, body: &[u8]) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body[..body.len() / 2])
}

fn endless(mut stream: &TcpStream, part: &[u8]) -> io::Result<()> {
    let parts = part.repeat(1 + 4096 / part.len());
    loop {
        stream.write_all(&parts)?;
    }
}

fn until_left(mut stream: &TcpStream) -> io::Result<()> {
    while stream.read(&mut [0; 64])? > 0 {}
    Ok(())
}

/// Lets the kernel send a reset as soon as the stream is closed.
fn reset(stream: &TcpStream) -> io::Result<()> {
    Ok(set_socket_linger(stream, Some(Duration::ZERO))?)
}

/// 1 GiB of zeros as gzip, in one block with fixed codes: a zero, and over and over "the same 258
/// times", 13 bits each. So 8 of them are 13 whole bytes, the same every time.
fn bomb(mut stream: &TcpStream) -> io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")?;
    stream.write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])?;
    let again = "1100010100000";
    // The last block, fixed codes, the zero, and the first repetition: 3 bytes.
    stream.write_all(&packed(&format!("11000110000{again}")))?;
    let repetitions = packed(&again.repeat(8 * 64));
    for _ in 0..(1 << 30) / (258 * 8 * 64) {
        stream.write_all(&repetitions)?;
    }
    Ok(())
}

/// Bits, the first in the lowest place of the first byte.
fn packed(bits: &str) -> Vec<u8> {
    let byte = |bits: &[u8]| {
        let set = bits.iter().enumerate().filter(|(_, bit)| **bit == b'1');
        set.fold(0, |byte, (place, _)| byte | 1 << place)
    };
    bits.as_bytes().chunks(8).map(byte).collect()
}
