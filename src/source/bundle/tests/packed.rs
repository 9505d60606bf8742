use std::io::{Cursor, Write};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
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

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(bytes).unwrap();
    zlib.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(bytes).unwrap();
    deflate.finish().unwrap()
}

/// A script that is not stored as it is when it is compressed.
fn long_script() -> Vec<u8> {
    [script(OLD), b"function b(c){return c+a}".repeat(9)].concat()
}

/// A zip archive behind something else.
fn behind(start: &[u8]) -> Vec<u8> {
    [start, &zip(&[("a.js", &long_script())])].concat()
}

const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\x03IDATabc\x01\x02\x03\x04\0\0\0\0IEND\xae\x42\x60\x82";
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0;";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x04ab\xff\xda\0\x04de\x01\xff\0\x02\xff\xd9";

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

/// Bytes of which nobody can tell what they are.
fn noise() -> Vec<u8> {
    (0..3000_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect()
}

#[tokio::test]
async fn what_builds_usually_hold_leaves_nothing_unread() {
    let padded = [JPEG, &[0; 40]].concat();
    let film = [JPEG, b"\0\0\0\x10ftypmp42\0\0\0\0\0\0\0\0mdat", &noise()].concat();
    let with_noise = |start: &[u8]| [start, &noise()].concat();
    let chunked = |kind: &[u8; 4], data: &[u8]| {
        [
            &(data.len() as u32).to_be_bytes(),
            &kind[..],
            data,
            b"\x01\x02\x03\x04",
        ]
        .concat()
    };
    let png = [
        &PNG[..8],
        &chunked(b"IDAT", &zlib(&noise())),
        &chunked(b"IEND", b""),
    ]
    .concat();
    let icon = [
        &b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0\xb8\x0b\0\0\x16\0\0\0"[..],
        &noise(),
    ]
    .concat();
    let sized = |start: &[u8], length: &[u8]| [start, length, &noise()].concat();
    let size = |more: u32| 3000 + more;
    for (name, bytes) in [
        ("favicon.ico", icon),
        ("logo.png", png),
        ("logo.jpg", padded),
        ("live.jpg", film),
        (
            "a.webp",
            sized(b"RIFF", &[&size(4).to_le_bytes()[..], b"WEBP"].concat()),
        ),
        (
            "a.avif",
            sized(
                b"\0\0\0\x10ftypavif\0\0\0\0",
                &[&size(8).to_be_bytes()[..], b"mdat"].concat(),
            ),
        ),
        (
            "a.mp4",
            with_noise(b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\0mdat"),
        ),
        ("a.webm", with_noise(b"\x1aE\xdf\xa3")),
        ("a.mp3", with_noise(b"ID3\x04\0\0")),
        ("a.ogg", with_noise(b"OggS")),
        (
            "font.woff2",
            sized(b"wOF2\0\x01\0\0", &size(12).to_be_bytes()),
        ),
        ("module.wasm", with_noise(b"\0asm\x01\0\0\0")),
        ("addon.node", with_noise(b"\x7fELF\x02\x01\x01")),
        ("mod.pyc", with_noise(b"\xcb\x0d\x0d\x0a\0\0\0\0")),
        ("A.class", with_noise(b"\xca\xfe\xba\xbe\0\0\0\x41")),
        (".DS_Store", with_noise(b"\0\0\0\x01Bud1")),
        ("app.db", with_noise(b"SQLite format 3\0")),
        ("0.pack", with_noise(b"wpc\x01")),
        (
            "index.js.map",
            br#"{"version":3,"mappings":"AAAA;;"}"#.to_vec(),
        ),
        ("sw.js", b"self.__WB_MANIFEST=[{url:'/a.js'}]".to_vec()),
        ("tiny.bin", b"\x01\x02\x03".to_vec()),
        ("zeros.dat", vec![0; 5000]),
    ] {
        for (name, bytes) in [
            (name.to_owned(), bytes.clone()),
            (format!("{name}.gz"), gzip(&bytes)),
        ] {
            let folder = folder(&[(&*name, &bytes), ("a.js", &script(CURRENT))]);
            let read = read(json!({"path": folder.path()})).await.unwrap();
            assert_eq!(read, pairs(&[("a.js", "current")]), "{name}");
        }
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
    let codes = |write: fn(u8) -> String, between: &str| {
        OLD.bytes().map(write).collect::<Vec<_>>().join(between)
    };
    let listed = |open: &str, close: &str, between: &str| {
        let signs = OLD.chars().map(|sign| format!("{open}{sign}{close}"));
        signs.collect::<Vec<_>>().join(between)
    };
    let flight = |first: &str, second: &str| {
        format!(
            "<script>self.__next_f.push([1,\"7:[{{\\\"k\\\":\\\"{first}\"])</script>\
             <script>self.__next_f.push([1,\"{second}\\\"}}]\"])</script>"
        )
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
        format!("k=\"{}\"", OLD.replace('_', "\\137")),
        format!("<a b=\"{}\">", OLD.replace('_', "&#95;")),
        format!("<a b=\"{}\">", OLD.replace('_', "&#x5F;")),
        format!("k=[{}].join(\"\")", listed("\"", "\"", ",")),
        format!("k=[{}].join('')", listed("'", "'", ", ")),
        format!("k=[{}];k.join(e)", listed("\"", "\"", ",")),
        format!("k=[\"{first}\",\"{second}\"].join(``)"),
        format!(
            "k=[\n  \"{}\",\n  \"{}\"\n].join(\"\")",
            &OLD[..20],
            &OLD[20..]
        ),
        format!("k=`${{\"{first}\"}}{second}`"),
        format!("k=`{}${{'{}'}}`", &OLD[..20], &OLD[20..]),
        format!(
            "String.fromCharCode({})",
            codes(|code| code.to_string(), ",")
        ),
        format!(
            "String.fromCharCode(...[{}])",
            codes(|code| code.to_string(), ", ")
        ),
        format!(
            "new Uint8Array([{}])",
            codes(|code| format!("0x{code:02x}"), ",")
        ),
        format!("Buffer.from(\"{}\",\"hex\")", hex("", "")),
        format!("Buffer.from(\"{}\",\"hex\")", hex("", "").to_uppercase()),
        flight(&OLD[..4], &OLD[4..]),
        flight(&OLD[..20], &OLD[20..]),
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
async fn a_key_that_is_glued_to_letters_is_found_with_them() {
    let (x, y) = (format!("x{CURRENT}"), format!("{CURRENT}_y2"));
    for (text, told) in [
        (format!("k=\"{x}\""), "xCURRENT"),
        (format!("k=\"{y}\""), "CURRENT_y2"),
        (format!("u=\"https://h/v1{CURRENT}\""), "v1CURRENT"),
        (format!("k=\"\\n{y}\""), "CURRENT_y2"),
    ] {
        let folder = folder(&[("a.js", text.as_bytes())]);
        let read = read(json!({"path": folder.path()})).await.unwrap();
        assert_eq!(read, pairs(&[("a.js", told)]), "{text}");
    }
}

#[tokio::test]
async fn codes_that_something_is_calculated_from_are_said_where_they_could_be_a_key() {
    let shifted: Vec<_> = OLD.bytes().map(|code| (code + 1).to_string()).collect();
    let shifted = format!("[{}].map(e=>String.fromCharCode(e-1))", shifted.join(","));
    let folder = folder(&[("a.js", shifted.as_bytes())]);
    let found = read(json!({"path": folder.path()})).await.unwrap();
    let said = "failed: bad-data: a.js makes a text of character codes at byte ";
    assert!(
        found.len() == 1 && found[0].1.starts_with(said),
        "{found:?}"
    );

    let site = pages::Site::new()
        .page("<script src=/a.js></script>")
        .file("/a.js", &shifted);
    let found = site.read().await;
    assert!(
        found[0].1.contains("/a.js makes a text of character codes"),
        "{found:?}"
    );
}

#[tokio::test]
async fn what_minified_code_does_with_characters_is_nothing_to_say() {
    for text in [
        "String.fromCharCode(e>>6&63|128,e&63|128)",
        "String.fromCharCode(55296+(e>>10),56320|1023&e)",
        "t=[1,2,4,8,16,32,64];return String.fromCharCode.apply(null,n)",
        "r=[\"ask\",\"a\",\"s\",\"k\",\"div\",\"span\"].join(\"\")",
        "[\"a\",\"s\"];[e,t,n].join(\"\");x.startsWith(\"ask_live_\")",
        "y=[1,2,3,4,5,6,7,8,11,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,127,128,129,130,131,132,133,134,135,\
         136,137,138,139,140,141,142,64976,64977,65e3];var w=String.fromCharCode;",
        "a=[509,14,32,10,3,1,11,3,46,10,8,0,46,9,7,2,37,13,2,9,6,1,45,0,13,2,49,13,9,3,2,11,83,11,7,0,3,0,158,11,6,9,7,3,\
         343,9];function b(e){return s.test(String.fromCharCode(e))}",
        "c={8:\"Backspace\",9:\"Tab\",13:\"Enter\"};String.fromCharCode(c)",
        "l=[0,0,0,1,5,11,0,5,22,44];self.__next_f.push([1,\"a\"])",
    ] {
        let text = format!("k=\"{CURRENT}\";{text}");
        let folder = folder(&[("a.js", text.as_bytes())]);
        let read = read(json!({"path": folder.path()})).await.unwrap();
        assert_eq!(read, pairs(&[("a.js", "current")]), "{text}");
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
