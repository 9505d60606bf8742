//! A server for the ledger that repeats the password it is sent, as a pooler's error may.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::needles::Needles;
use crate::support::{CURRENT, Scene};

const PASSWORD: &str = "Kq3-vT9_mW2xZ7rB5yL8nQ4hJ6d";

/// Reads a message with its length in front.
fn message(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut body = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut body)?;
    Ok(body)
}

fn serve(stream: &mut TcpStream) -> std::io::Result<()> {
    const SSL_REQUEST: [u8; 4] = 80_877_103_u32.to_be_bytes();
    while message(stream)? == SSL_REQUEST {
        stream.write_all(b"N")?;
    }
    // A password in clear text is wanted.
    stream.write_all(&[b'R', 0, 0, 0, 8, 0, 0, 0, 3])?;
    stream.read_exact(&mut [0])?;
    let mut said = message(stream)?;
    said.pop();
    let told = format!("no such login: {}", String::from_utf8_lossy(&said));
    let fields = format!("SFATAL\0VFATAL\0C28P01\0M{told}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap();
    stream.write_all(&[b"E", &length.to_be_bytes()[..], fields.as_bytes()].concat())
}

#[test]
fn no_password_of_the_ledger_is_shown() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = serve(&mut stream);
        }
    });
    let scene = Scene::with("version: 1\nprojects: { p: { variable: K, current: { file: { path: key } } } }\ndeployments: [ { name: a, project: p, route: [ { file: { path: key } } ] } ]\n")
        .file("key", CURRENT)
        .file("pgpass", format!("*:*:*:*:{PASSWORD}\n"));
    let pgpass = scene.path("pgpass");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&pgpass, mode).unwrap();
    let bare = format!("postgres://ana@127.0.0.1:{port}/team");
    let within = format!("postgres://ana:{PASSWORD}@127.0.0.1:{port}/team");
    for (url, name, value) in [
        (&within, "NAME", ""),
        (&bare, "PGPASSWORD", PASSWORD),
        (&bare, "PGPASSFILE", pgpass.to_str().unwrap()),
    ] {
        let straggler = scene.straggler(["audit", "--ledger", url]).env(name, value);
        let ran = straggler.run().complains("no such login");
        Needles::of(&[PASSWORD]).are_not_in(&ran, "the ledger");
    }
}
