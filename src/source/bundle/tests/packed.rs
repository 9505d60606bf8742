use std::io::{Cursor, Write};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use flate2::Compression;
use flate2::write::GzEncoder;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::folders::{folder, script};
use super::*;

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in entries {
        zip.start_file(*name, deflated).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn tar(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, name, bytes).unwrap();
    tar.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// As brotli writes what it cannot make smaller.
fn brotli(bytes: &[u8]) -> Vec<u8> {
    let start = (bytes.len() as u32 - 1) << 4 | 1 << 20;
    [&start.to_le_bytes()[..3], bytes, b"\x03"].concat()
}

/// As zstd writes what it cannot make smaller.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let (length, block) = (bytes.len() as u8, (bytes.len() as u32) << 3 | 1);
    let start = [
        b"\x28\xb5\x2f\xfd\x20",
        &[length][..],
        &block.to_le_bytes()[..3],
    ]
    .concat();
    [&start, bytes].concat()
}

#[tokio::test]
async fn what_is_packed_is_opened_and_searched() {
    let old = script(OLD);
    let mut prefixed = b"#!/bin/sh\nexec java -jar $0\n".to_vec();
    prefixed.extend(zip(&[("a.js", &old)]));
    let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let text = String::from_utf8(script(OLD)).unwrap();
        text.encode_utf16().flat_map(bytes).collect()
    };
    for (name, bytes, replica) in [
        (
            "app.apk",
            zip(&[("x.png", b""), ("assets/a.js", &old)]),
            "app.apk!/assets/a.js",
        ),
        ("some.bin", zip(&[("a.js", &old)]), "some.bin!/a.js"),
        ("run.jar", prefixed, "run.jar!/a.js"),
        (
            "app.war",
            zip(&[("lib/b.jar", &zip(&[("a.js", &old)]))]),
            "app.war!/lib/b.jar!/a.js",
        ),
        ("a.zip", zip(&[("a.js.gz", &gzip(&old))]), "a.zip!/a.js.gz"),
        (
            "a.zip",
            zip(&[("a.js.br", &brotli(&old))]),
            "a.zip!/a.js.br",
        ),
        ("a.tar", tar("d/a.js", &old), "a.tar!/d/a.js"),
        ("a.tgz", gzip(&tar("a.js", &old)), "a.tgz!/a.js"),
        ("a.tar.zst", zstd(&old), "a.tar.zst"),
        ("a.js.gz", gzip(&old), "a.js.gz"),
        ("a.js.gz", [gzip(b"x"), gzip(&old)].concat(), "a.js.gz"),
        ("a.js.br", brotli(&old), "a.js.br"),
        ("a.js.zst", [zstd(b"x"), zstd(&old)].concat(), "a.js.zst"),
        (
            "a.txt",
            [b"\xff\xfe".to_vec(), wide(u16::to_le_bytes)].concat(),
            "a.txt",
        ),
        (
            "a.txt",
            [b"\xfe\xff".to_vec(), wide(u16::to_be_bytes)].concat(),
            "a.txt",
        ),
        ("a.txt", wide(u16::to_le_bytes), "a.txt"),
        (
            "a.dex",
            [vec![7; 9], wide(u16::to_be_bytes), vec![0; 9]].concat(),
            "a.dex",
        ),
        (
            "app.asar",
            [b"\x04\0\0\0{}".to_vec(), old.clone()].concat(),
            "app.asar",
        ),
    ] {
        // A fresh file beside it takes nothing away.
        let folder = folder(&[(name, &bytes), ("a.js", &script(CURRENT))]);
        let read = read(json!({"path": folder.path()})).await.unwrap();
        let mut expected = pairs(&[("a.js", "current"), (replica, "old")]);
        expected.sort();
        assert_eq!(read, expected, "{name}");
    }
}

#[tokio::test]
async fn what_is_not_opened_is_said() {
    let old = script(OLD);
    let mut encrypted = zip(&[("a.js", &old)]);
    let central = encrypted
        .windows(4)
        .position(|sign| sign == b"PK\x01\x02")
        .unwrap();
    encrypted[6] |= 1;
    encrypted[central + 8] |= 1;
    let mut deep = gzip(&old);
    for _ in 0..5 {
        deep = zip(&[("a.zip", &deep)]);
    }
    let blanks = vec![b' '; 3 << 20];
    for (name, bytes, said) in [
        ("a.zip", encrypted, "bad-data: a.zip!/a.js is encrypted"),
        (
            "a.7z",
            b"7z\xbc\xaf\x27\x1c".to_vec(),
            "bad-data: a.7z is packed (7z)",
        ),
        (
            "a.rar",
            b"Rar!\x1a\x07".to_vec(),
            "bad-data: a.rar is packed (rar)",
        ),
        (
            "a.tar.xz",
            b"\xfd7zXZ\0".to_vec(),
            "bad-data: a.tar.xz is packed (xz)",
        ),
        (
            "a.zip",
            b"<!doctype html>".to_vec(),
            "bad-data: a.zip is packed (zip) and damaged",
        ),
        (
            "a.zip",
            zip(&[("a.js", &old)])[..60].to_vec(),
            "bad-data: a.zip is packed (zip) and damaged",
        ),
        (
            "a.js.gz",
            gzip(&old)[..30].to_vec(),
            "bad-data: a.js.gz is packed (gzip) and damaged",
        ),
        (
            "a.js.br",
            b"\xffno brotli".to_vec(),
            "bad-data: a.js.br is packed (brotli) and damaged",
        ),
        (
            "a.zip",
            zip(&[("a.txt", &blanks)]),
            "too-large: a.zip holds more than is unpacked",
        ),
        (
            "a.js.gz",
            gzip(&blanks),
            "too-large: a.js.gz holds more than is unpacked",
        ),
        (
            "a.zip",
            deep,
            "too-large: a.zip!/a.zip!/a.zip!/a.zip!/a.zip lies in 4 archives",
        ),
    ] {
        let folder = folder(&[(name, &bytes), ("a.js", &script(CURRENT))]);
        let settings = json!({"path": folder.path(), "most_mebibytes": 1});
        let read = read(settings).await.unwrap();
        assert_eq!(
            read[0],
            pairs(&[("a.js", "current")])[0],
            "{name}: {read:?}"
        );
        let told = read[1..]
            .iter()
            .any(|(_, told)| told.starts_with(&format!("failed: {said}")));
        assert!(told, "{said}: {read:?}");
    }
}

#[tokio::test]
async fn a_packed_file_that_only_is_called_so_is_searched_as_it_is() {
    let folder = folder(&[("a.js.br", &script(OLD)), ("b.js.gz", &script(CURRENT))]);
    let read = read(json!({"path": folder.path()})).await.unwrap();
    assert_eq!(
        read[..2],
        pairs(&[("a.js.br", "old"), ("b.js.gz", "current")])
    );
    assert!(
        read[2].1.contains("a.js.br is packed (brotli) and damaged"),
        "{read:?}"
    );
}

#[tokio::test]
async fn encoded_keys_are_found() {
    let (base64, script) = (BASE64.encode(OLD.as_bytes()), BASE64.encode(&script(OLD)));
    let map = format!("{{\"sourcesContent\":[\"const k = \\\"{OLD}\\\";\\n\"]}}");
    let (first, second) = OLD.split_at(9);
    let hex = |start: &str, end: &str| -> String {
        let escape = |byte: u8| format!("{start}{byte:02x}{end}");
        OLD.bytes().map(escape).collect()
    };
    for text in [
        format!("atob(\"{base64}\")"),
        format!(
            "fetch(u,{{headers:{{a:\"Basic {}\"}}}})",
            BASE64.encode(format!("u:{OLD}").as_bytes())
        ),
        format!(
            "\"{}\".split(1)",
            BASE64URL_NOPAD.encode(format!("{{\"k\":\"{OLD}\"}}").as_bytes())
        ),
        format!("<script src=\"data:text/javascript;base64,{script}\"></script>"),
        format!(
            "x()\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,{}",
            BASE64.encode(map.as_bytes())
        ),
        format!("k=\"{first}\"+\"{second}\""),
        format!("k='{first}' +\n    '{second}'"),
        format!("k=\"{first}\".concat(\"{second}\")"),
        format!("k=\"{}\"", hex("\\x", "")),
        format!("k=\"{}\"", hex("\\u00", "")),
        format!("k=\"{}\"", hex("\\u{", "}")),
        format!("k=\"\\x61{}\"", &OLD[1..]),
        format!("data:text/javascript,{}", hex("%", "")),
        format!("k=\"{}\"", OLD.replace('_', "%5F")),
        format!("u=\"?q=%22{OLD}%22\""),
        format!("u=\"?q%3D{OLD}\""),
        format!("eval(\"k=\\\"{}\\\"\")", OLD.replace('_', "\\\\x5f")),
        BASE64.encode(hex("\\x", "").as_bytes()),
    ] {
        let folder = folder(&[("a.js", text.as_bytes())]);
        let read = read(json!({"path": folder.path()})).await.unwrap();
        assert_eq!(read, pairs(&[("a.js", "old")]), "{text}");
    }
}

#[tokio::test]
async fn a_literal_that_is_base64_and_is_not_decoded_is_compared_as_it_is() {
    let base64 = BASE64.encode(CURRENT.as_bytes());
    for text in [format!("k=\"{base64}\""), format!("k={{a:'{base64}'}}")] {
        let folder = folder(&[("a.js", text.as_bytes())]);
        let read = read(json!({"path": folder.path()})).await.unwrap();
        assert_eq!(read, pairs(&[("a.js", &base64)]), "{text}");
    }
}

#[tokio::test]
async fn encoded_keys_of_a_page_are_found() {
    let text = format!("atob(\"{}\")", BASE64.encode(OLD.as_bytes()));
    let site = pages::Site::new()
        .page("<script src=/a.js></script>")
        .file("/a.js", &text);
    assert_eq!(site.read().await, pairs(&[("/a.js", "old")]));
}
