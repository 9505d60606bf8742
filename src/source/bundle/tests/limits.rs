use std::io::Write;
use std::process::{Command, Stdio};

use super::pages::{Site, key};
use super::*;

#[tokio::test]
async fn ten_thousand_names_are_cut_and_the_cut_is_told() {
    let names: String = (0..10_000)
        .map(|name| format!("\"./{name}.js\","))
        .collect();
    let site = Site::new()
        .page("<script src=/a.js></script>")
        .file("/a.js", &names);
    let read = site.read_at_most(256, 20).await;
    assert_eq!(site.asked().len(), 20);
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].0, "further files");
    let said = "more files are named than could be looked at: the limits are 20 files and 256 MiB";
    assert!(read[0].1.contains(said), "{read:?}");
}

#[tokio::test]
async fn a_file_over_the_limit_is_told_with_what_was_seen_of_it() {
    let large = format!("{}{}", key(), "x".repeat(2 << 20));
    let site = Site::new()
        .page("<script src=/a.js></script>")
        .file("/a.js", &large);
    let read = site.read_at_most(1, 2000).await;
    assert_eq!(read[..1], pairs(&[("/a.js", "current")]));
    assert!(read[1].1.starts_with("failed: too-large: "), "{read:?}");
}

/// 64 MiB of blanks in 64 KiB.
fn bomb() -> Vec<u8> {
    let gzip = Command::new("gzip")
        .arg("-c")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut gzip = gzip.unwrap();
    let mut stdin = gzip.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for _ in 0..64 {
            stdin.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
    });
    let output = gzip.wait_with_output().unwrap();
    writer.join().unwrap();
    output.stdout
}

#[tokio::test]
async fn a_bomb_is_counted_as_it_unfolds_and_other_encodings_are_refused() {
    let encoded = |encoding: &str, body: &[u8]| {
        response("200 OK", &format!("Content-Encoding: {encoding}\r\n"), body)
    };
    let site = Site::new()
        .page("<script src=/a.js></script><script src=/b.js></script>")
        .answer("/a.js", encoded("gzip", &bomb()))
        .answer("/b.js", encoded("br", b"x"));
    let read = site.read_at_most(8, 2000).await;
    assert_eq!(read.len(), 2, "{read:?}");
    assert!(read[0].1.starts_with("failed: too-large: "), "{read:?}");
    assert!(
        read[1]
            .1
            .contains("compressed in a way that nobody asked for"),
        "{read:?}"
    );
}

#[tokio::test]
async fn long_lines_and_what_is_no_text_are_searched() {
    let line = format!("{};{CURRENT}\u{0}", "a=1,".repeat(30 << 18));
    let bytes = [&b"\xff\xfe"[..], OLD.as_bytes(), b"\xff"].concat();
    let time = "Last-Modified: Fri, 20 Nov 2026 09:00:00 GMT\r\n";
    let site = Site::new()
        .page("<script src=/a.js></script><script src=/b.js></script>")
        .file("/a.js", &line)
        .answer("/b.js", response("200 OK", time, &bytes));
    assert_eq!(
        site.read().await,
        pairs(&[("/a.js", "current"), ("/b.js", "old")])
    );

    let hop = hop(
        "bundle",
        json!({"url": site.server.url("/b.js"), "pattern": FORMAT}),
    );
    let readings = read_all(&*hop, VARIABLE, Known::default(), &connections([])).await;
    let time = readings.unwrap()[0].started_at.unwrap();
    assert_eq!(time.to_string(), "2026-11-20T09:00:00Z");
}

#[tokio::test]
async fn nothing_found_says_how_much_was_looked_at() {
    let site = Site::new()
        .page("<script src=/a.js></script>")
        .file("/a.js", "x");
    let read = site.read().await;
    assert_eq!(read.len(), 1);
    let said = "hidden: there is no token that fits the format in 2 files";
    assert!(read[0].1.starts_with(said), "{read:?}");
}
