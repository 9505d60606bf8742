//! What files are by their bytes: searched, inert, or said to be unread.

use data_encoding::{BASE64, BASE64URL_NOPAD};

use super::folders::{folder, script};
use super::packed::*;
use super::*;

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
        (
            "a.webm",
            with_noise(b"\x1aE\xdf\xa3\x80\x18\x53\x80\x67\x10\0\x0b\xb8"),
        ),
        ("a.mp3", with_noise(b"ID3\x04\0\0")),
        ("a.flac", with_noise(b"fLaC")),
        ("a.ogg", ogg()),
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
        ("app.db-wal", with_noise(b"\x37\x7f\x06\x82")),
        ("app.db-shm", with_noise(b"\x18\xe2\x2d\0")),
        (
            "app.db-journal",
            with_noise(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"),
        ),
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
        "p=[33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,58,59,60,61,62,63,64,91,92,93,94,95,96,123,124,125,126,161,167,171,\
         182,183,187,191,192,193,194];String.fromCharCode(e)",
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
