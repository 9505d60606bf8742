//! A door before a server, at which something may happen before a request goes through.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// Where it is. `before` hears of every request, by its first line. It stands as long as the test program
/// runs.
pub fn door(to: SocketAddr, before: impl Fn(&str) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let before = Arc::new(before);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let before = Arc::clone(&before);
            // Who leaves early has a reason.
            thread::spawn(move || pass(&stream, to, &*before));
        }
    });
    url
}

/// One request, and its answer.
fn pass(client: &TcpStream, to: SocketAddr, before: &dyn Fn(&str)) -> std::io::Result<()> {
    let mut reader = BufReader::new(client);
    let (mut first, mut head, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let (name, value) = line.split_once(':').unwrap();
        match &*name.to_lowercase() {
            "connection" => continue,
            "content-length" => length = value.trim().parse().unwrap(),
            _ => {}
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    before(&first);
    let mut server = TcpStream::connect(to)?;
    write!(server, "{first}{head}Connection: close\r\n\r\n")?;
    server.write_all(&body)?;
    std::io::copy(&mut server, &mut &*client)?;
    client.shutdown(std::net::Shutdown::Both)
}
