use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::folders::{folder, script};
use super::*;

pub(super) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in entries {
        zip.start_file(*name, deflated).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub(super) fn tar(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, name, bytes).unwrap();
    tar.into_inner().unwrap()
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

pub(super) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(bytes).unwrap();
    zlib.finish().unwrap()
}

pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(bytes).unwrap();
    deflate.finish().unwrap()
}

/// A script that is not stored as it is when it is compressed.
pub(super) fn long_script() -> Vec<u8> {
    [script(OLD), b"function b(c){return c+a}".repeat(9)].concat()
}

/// A zip archive behind something else.
pub(super) fn behind(start: &[u8]) -> Vec<u8> {
    [start, &zip(&[("a.js", &long_script())])].concat()
}

pub(super) const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\x03IDATabc\x01\x02\x03\x04\0\0\0\0IEND\xae\x42\x60\x82";
/// One with this chunk in it.
fn png_with(kind: &[u8; 4], start: &[u8], rest: &[u8]) -> Vec<u8> {
    let length = (start.len() + rest.len()) as u32;
    let chunk = [&length.to_be_bytes()[..], kind, start, rest, &[0; 4]].concat();
    [&PNG[..8], &chunk, &PNG[8..]].concat()
}

/// A page of sound.
pub(super) fn ogg() -> Vec<u8> {
    [&b"OggS\0\x02"[..], &[0; 20], &[12], &[250; 12], &noise()].concat()
}

pub(super) const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0;";
pub(super) const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x04ab\xff\xda\0\x04de\x01\xff\0\x02\xff\xd9";

/// As brotli writes what it cannot make smaller.
pub(super) fn brotli(bytes: &[u8]) -> Vec<u8> {
    let start = (bytes.len() as u32 - 1) << 4 | 1 << 20;
    [&start.to_le_bytes()[..3], bytes, b"\x03"].concat()
}

/// As zstd writes what it cannot make smaller.
pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    let (length, block) = (bytes.len() as u8, (bytes.len() as u32) << 3 | 1);
    let start = [
        b"\x28\xb5\x2f\xfd\x20",
        &[length][..],
        &block.to_le_bytes()[..3],
    ]
    .concat();
    [&start, bytes].concat()
}

/// Bytes of which nobody can tell what they are.
pub(super) fn noise() -> Vec<u8> {
    (0..3000_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect()
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
            zip(&[("x.png", PNG), ("assets/a.js", &old)]),
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
            "a.png",
            png_with(b"zTXt", b"Comment\0\0", &zlib(&long_script())),
            "a.png",
        ),
        (
            "a.png",
            png_with(b"iTXt", b"Comment\0\x01\0en\0\0", &zlib(&long_script())),
            "a.png",
        ),
        (
            "a.png",
            png_with(b"iCCP", b"profile\0\0", &zlib(&long_script())),
            "a.png",
        ),
        (
            "a.mp3",
            behind(&[b"ID3\x04\0\0", &*noise()].concat()),
            "a.mp3!/a.js",
        ),
        ("a.ogg", behind(&ogg()), "a.ogg!/a.js"),
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
            [
                b"dex\n035\0".to_vec(),
                vec![7; 9],
                wide(u16::to_be_bytes),
                vec![0; 9],
            ]
            .concat(),
            "a.dex",
        ),
        (
            "app.asar",
            [
                b"\x04\0\0\0\x20\0\0\0\x1c\0\0\0\x15\0\0\0{\"files\":{}}",
                &*old,
            ]
            .concat(),
            "app.asar",
        ),
        ("object.bin", zlib(&old), "object.bin"),
        ("a.PNG", zip(&[("a.js", &old)]), "a.PNG!/a.js"),
        ("a.woff2", gzip(&old), "a.woff2"),
        ("logo.png", old.clone(), "logo.png"),
        (
            "setup.run",
            behind(b"#!/bin/sh\nunzip $0\n"),
            "setup.run!/a.js",
        ),
        (
            "setup.exe",
            behind(b"MZ\x90\0\x03\0\0\0\x04\0"),
            "setup.exe!/a.js",
        ),
        ("logo.png", behind(PNG), "logo.png!/a.js"),
        ("logo.gif", [GIF, &old].concat(), "logo.gif"),
        (
            "a.zip",
            [zip(&[("a.txt", b"")]), old.clone()].concat(),
            "a.zip",
        ),
        (
            "a.zip",
            [old.clone(), zip(&[("a.txt", b"")])].concat(),
            "a.zip",
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
    let old = long_script();
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
            "a.bin",
            deflate(&old),
            "bad-data: a.bin is binary and of no known kind",
        ),
        (
            "a.bin",
            [b"\n", &*gzip(&old)].concat(),
            "bad-data: a.bin is binary and of no known kind",
        ),
        (
            "a.lzma",
            [
                b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0".to_vec(),
                noise(),
            ]
            .concat(),
            "bad-data: a.lzma is packed (lzma)",
        ),
        (
            "a.pdf",
            [b"%PDF-1.7\nstream\n".to_vec(), zlib(&old)].concat(),
            "bad-data: a.pdf is packed (pdf)",
        ),
        (
            "a.run",
            [b"#!/bin/sh\ntail -c+9 $0|xz -d\n".repeat(40), noise()].concat(),
            "bad-data: a.run is binary and of no known kind",
        ),
        (
            "a.zip",
            zip(&[("a.bin", &noise())]),
            "bad-data: a.zip!/a.bin is binary and of no known kind",
        ),
        (
            "a.gz",
            gzip(&noise()),
            "bad-data: a.gz is binary and of no known kind",
        ),
        (
            "a.zip",
            [zip(&[("a.js", &old)]), gzip(&old)].concat(),
            "bad-data: a.zip is binary and of no known kind",
        ),
        (
            "a.png",
            [PNG, &gzip(&old)].concat(),
            "bad-data: a.png is an image or the like with other data behind it",
        ),
        (
            "a.jpg",
            [JPEG, &deflate(&old)].concat(),
            "bad-data: a.jpg is an image or the like with other data behind it",
        ),
        (
            "a.png",
            [b"\x89PNG\r\n\x1a\n", &*deflate(&old)].concat(),
            "bad-data: a.png is an image or the like with other data behind it",
        ),
        (
            "a.png",
            png_with(b"zTXt", b"Comment\0\0", &deflate(&old)),
            "bad-data: a.png is packed (zlib) and damaged",
        ),
        (
            "a.mp3",
            [b"ID3\x04\0\0", &*noise(), &gzip(&old)].concat(),
            "bad-data: a.mp3 is an image or the like with other data behind it",
        ),
        (
            "a.flac",
            [b"fLaC", &*noise(), &zstd(b"a packed text")].concat(),
            "bad-data: a.flac is an image or the like with other data behind it",
        ),
        (
            "a.ogg",
            [ogg(), gzip(&old)].concat(),
            "bad-data: a.ogg is an image or the like with other data behind it",
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
