//! Every form in which an old key may stand beside the part that a hop takes.

use std::io::Write;

use data_encoding::{BASE32, BASE32_NOPAD, BASE64, BASE64URL_NOPAD};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::*;

fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64.encode(bytes.as_ref())
}

fn gzipped(text: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

fn deflated(text: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

fn each(form: impl Fn(u8) -> String, between: &str) -> String {
    let bytes: Vec<String> = OLD.bytes().map(form).collect();
    bytes.join(between)
}

fn changed(at: usize, to: &str) -> String {
    format!("{}{to}{}", &OLD[..at], &OLD[at + 1..])
}

/// What happened to the key itself: its bytes have to be known.
fn damaged() -> Vec<(&'static str, String)> {
    let (start, end) = OLD.split_at(OLD.len() / 2);
    vec![
        (
            "truncated at its end",
            format!("X={}", &OLD[..OLD.len() - 5]),
        ),
        (
            "a list of characters in a string of JSON",
            format!(
                r#"X={{"q": "[{}]"}}"#,
                each(|byte| format!(r#"\"{}\""#, char::from(byte)), ",")
            ),
        ),
        (
            "with a backslash before each sign",
            format!("X={}", each(|byte| format!("\\{}", char::from(byte)), "")),
        ),
        ("truncated at its start", format!("X=\"{}\"", &OLD[3..])),
        (
            "truncated, in a comment",
            format!("# was {} until May", &OLD[3..]),
        ),
        ("in upper case", format!("X={}", OLD.to_uppercase())),
        ("in lower case", format!("X: {}", OLD.to_lowercase())),
        ("changed at its start", format!("X={}", changed(0, "b"))),
        ("changed in its middle", format!("X={}", changed(14, "x"))),
        ("changed to a sign", format!("X={}", changed(20, "#"))),
        (
            "changed at its end",
            format!("X={}", changed(OLD.len() - 1, "?")),
        ),
        (
            "with one character missing",
            format!("X='{}'", changed(20, "")),
        ),
        (
            "with one character more",
            format!("X={}T{}", &OLD[..20], &OLD[20..]),
        ),
        (
            "with a letter that is none of ASCII",
            format!("X={}", changed(20, "é")),
        ),
        (
            "with two characters swapped",
            format!("X={}", changed(10, "8").replace("q81", "qq1")),
        ),
        (
            "truncated, and encoded",
            format!("X={}", base64(&OLD[..OLD.len() - 2])),
        ),
        (
            "truncated, in a URL",
            format!("X=https://{}@host/1", &OLD[..OLD.len() - 2]),
        ),
        (
            "truncated, in JSON",
            format!("{{\"x\": [\"{}\"]}}", &OLD[..OLD.len() - 2]),
        ),
        (
            "truncated, over two lines",
            format!("X={start}\\\n{}", &end[..end.len() - 1]),
        ),
    ]
}

/// What stands there is the key, spelled in another way.
fn spelled() -> Vec<(&'static str, String)> {
    let (start, end) = OLD.split_at(OLD.len() / 2);
    let numbers = each(|byte| byte.to_string(), ",");
    let document = format!("{{\"k\": \"{OLD}\"}}\n").repeat(50);
    let encoded = base64(OLD);
    let utf16: Vec<u8> = OLD.bytes().flat_map(|byte| [byte, 0]).collect();
    let wide = format!("$env:A = 'b'\n$env:K = '{OLD}'\n");
    let wide: Vec<u8> = wide.bytes().flat_map(|byte| [byte, 0]).collect();
    let letters: Vec<String> = OLD.chars().map(String::from).collect();
    let escaped = each(|byte| format!("\\u{byte:04x}"), "");
    let nested = (0..3).fold(escaped, |inner, _| {
        serde_json::json!({"k": inner}).to_string()
    });
    let url_safe = BASE64URL_NOPAD.encode(format!("x:{OLD}").as_bytes());
    vec![
        ("with a blank inside", format!("X=\"{start} {end}\"")),
        (
            "with a no-break space inside",
            format!("X={start}\u{a0}{end}"),
        ),
        (
            "with something invisible inside",
            format!("X={start}\u{200b}{end}"),
        ),
        ("in quotes within quotes", format!("X='\"{OLD}\"'")),
        ("behind a byte order mark", format!("X=\u{feff}{OLD}")),
        ("of two variables", format!("P={start}\nX=${{P}}{end}")),
        (
            "of two variables the other way round",
            format!("P={end}\nX={start}$P"),
        ),
        ("of a variable below", format!("X={start}${{P}}\nP={end}")),
        (
            "of a variable that is set again",
            format!("P={start}\nX=${{P}}{end}\nP=other"),
        ),
        (
            "of a variable that was set before",
            format!("P=other\nX=${{P}}{end}\nP={start}"),
        ),
        (
            "of three variables",
            format!(
                "export A={start}\nB=\"{}\"\nX=\"${{A}}${{B}}{}\"",
                &end[..5],
                &end[5..]
            ),
        ),
        (
            "of what is there instead",
            format!("P={start}\nX=${{P}}${{Q:-{end}}}"),
        ),
        (
            "of a member of a manifest",
            format!("P={start}\nX=$(P){end}"),
        ),
        ("of quoted pieces", format!("X=\"{start}\"\"{end}\"")),
        (
            "of pieces in other quotes",
            format!("X={start}'{}'\"{}\"", &end[..5], &end[5..]),
        ),
        (
            "of pieces that a program joins",
            format!("X=\"{start}\" + \"{end}\""),
        ),
        (
            "of quoted pieces over two lines",
            format!("X=\"{start}\"\\\n  \"{end}\""),
        ),
        ("over two lines", format!("X={start}\\\n{end}")),
        ("in base32", format!("X={}", BASE32.encode(OLD.as_bytes()))),
        (
            "in base32 of small letters",
            format!("X={}", BASE32_NOPAD.encode(OLD.as_bytes()).to_lowercase()),
        ),
        ("as a list of numbers", format!("X=[{numbers}]")),
        ("as numbers", format!("X={numbers}")),
        (
            "as numbers with blanks",
            format!("X={}", each(|byte| byte.to_string(), ", ")),
        ),
        (
            "as numbers over lines",
            format!(
                "{{\"x\": [\n    {}\n]}}",
                each(|byte| byte.to_string(), ",\n    ")
            ),
        ),
        (
            "letter by letter",
            serde_json::to_string_pretty(&letters).unwrap(),
        ),
        ("in JSON within JSON", nested),
        (
            "in hex with colons",
            format!("X={}", each(|byte| format!("{byte:02x}"), ":")),
        ),
        (
            "in hex with blanks",
            format!("X='{}'", each(|byte| format!("{byte:02X}"), " ")),
        ),
        (
            "in hex as numbers",
            format!("X=[{}]", each(|byte| format!("0x{byte:02x}"), ", ")),
        ),
        (
            "in hex escapes",
            format!("X={}", each(|byte| format!("\\x{byte:02x}"), "")),
        ),
        (
            "in octal escapes",
            format!("X=$'{}'", each(|byte| format!("\\{byte:03o}"), "")),
        ),
        (
            "in the escapes of JSON",
            format!("X=\"{}\"", each(|byte| format!("\\u{byte:04x}"), "")),
        ),
        (
            "in the escapes of JavaScript",
            format!("X=\"{}\"", each(|byte| format!("\\u{{{byte:x}}}"), "")),
        ),
        (
            "in the escapes of Python",
            format!("X=\"{}\"", each(|byte| format!("\\U{byte:08x}"), "")),
        ),
        (
            "percent-encoded in every byte",
            format!("X={}", each(|byte| format!("%{byte:02x}"), "")),
        ),
        (
            "as entities",
            format!("X={}", each(|byte| format!("&#{byte};"), "")),
        ),
        ("gzipped", format!("X={}", base64(gzipped(OLD.as_bytes())))),
        (
            "in a document that is gzipped",
            format!("X={}", base64(gzipped(document.as_bytes()))),
        ),
        (
            "gzipped and encoded twice",
            format!("X={}", base64(base64(gzipped(encoded.as_bytes())))),
        ),
        ("in zlib", format!("X={}", base64(deflated(OLD.as_bytes())))),
        (
            "in hex of gzip",
            format!("X={}", hex::encode(gzipped(OLD.as_bytes()))),
        ),
        (
            "in four layers of base64",
            format!("X={}", base64(base64(base64(encoded.clone())))),
        ),
        ("in base64 of UTF-16", format!("X={}", base64(utf16))),
        (
            "in base64 of two lines",
            format!("X=\"{}\\n{}\"", &encoded[..24], &encoded[24..]),
        ),
        (
            "in base64 over lines",
            format!("x: |\n  {}\n  {}", &url_safe[..24], &url_safe[24..]),
        ),
        (
            "in base64 of UTF-16 among others",
            format!("X={}", base64(wide)),
        ),
        (
            "of a variable with a comment",
            format!("P={start} # the first half\nX=${{P}}{end}"),
        ),
        (
            "of a variable in quotes with a comment",
            format!("P='{start}' # half\nX=${{P}}{end}"),
        ),
        (
            "of a variable with a comment that touches it",
            format!("P={start}#half\nX=${{P}}{end}"),
        ),
        (
            "of two variables of one line",
            format!("export P={start} Q={end}; export X=$P$Q"),
        ),
        (
            "as Python's configparser has it",
            format!("[s]\np = {start}\nx = %(p)s{end}"),
        ),
        (
            "joined in a string of JSON",
            format!(r#"X={{"q": "\"{start}\" + \"{end}\""}}"#),
        ),
        ("joined in SQL", format!("X='{start}' || '{end}'")),
        ("joined in Lua", format!("X=\"{start}\" .. \"{end}\"")),
        (
            "as octal numbers",
            format!("X = [{}]", each(|byte| format!("0o{byte:o}"), ", ")),
        ),
        (
            "as binary numbers",
            format!("X = [{}]", each(|byte| format!("0b{byte:b}"), ", ")),
        ),
        ("of a variable that grows", format!("X={start}\nX+={end}")),
        (
            "in base64 of two pieces",
            format!("X=\"{}\" \"{}\"", &encoded[..24], &encoded[24..]),
        ),
    ]
}

fn is_found(ring: &Keyring, text: &str) -> bool {
    let around = ring.look_around(text.as_bytes(), true);
    let old = |(key, _): &(KeyId, _)| *key == KeyId::previous(OWN, 0);
    found(ring, &around).iter().any(old)
}

fn missed(ring: &Keyring, forms: Vec<(&'static str, String)>) -> Vec<&'static str> {
    let missed = forms.into_iter().filter(|(_, form)| {
        let text = format!("PORT=8080\n{form}\nALLSTAK_KEY={NEW}\n");
        !is_found(ring, &text)
    });
    missed.map(|(told, _)| told).collect()
}

#[test]
fn a_key_is_found_however_it_is_damaged_or_spelled() {
    for format in [None, Some("ask_live_[A-Za-z0-9]{20}")] {
        let known = with_old(ring(format), true);
        assert_eq!(missed(&known, damaged()), [""; 0], "{format:?}");
        assert_eq!(missed(&known, spelled()), [""; 0], "{format:?}");
        let told = with_old(ring(format), false);
        assert_eq!(missed(&told, spelled()), [""; 0], "{format:?}");
        let learned = ring(format);
        let missed = spelled().into_iter().filter(|(_, form)| {
            let text = format!("PORT=8080\n{form}\nALLSTAK_KEY={NEW}\n");
            let around = learned.look_around(text.as_bytes(), true);
            found(&with_old(ring(format), false), &around).is_empty()
        });
        let missed: Vec<_> = missed.map(|(told, _)| told).collect();
        assert_eq!(missed, [""; 0], "{format:?}");
    }
}

#[test]
fn a_value_is_recognised_in_the_same_spellings() {
    let known = with_old(ring(None), true);
    let values = spelled().into_iter().filter_map(|(told, form)| {
        let value = form
            .strip_prefix("X=")?
            .trim_matches(['"', '\''])
            .to_owned();
        Some((told, value))
    });
    let missed = values.filter(|(_, value)| {
        let found = known.explain_value(OWN, value.as_bytes());
        found.is_none_or(|found| found.keys != [KeyId::previous(OWN, 0)])
    });
    let missed: Vec<_> = missed.map(|(told, _)| told).collect();
    assert_eq!(missed, [""; 0]);
}

#[test]
fn the_current_key_alone_leaves_nothing_open() {
    let known = with_old(ring(None), true);
    let text = format!(
        "PORT=8080\nNAME=\"checkout\"\nURL=https://x.example/${{PORT}}?q=a%20b&amp;c\\n “x”\nKEY={NEW}\n"
    );
    let around = known.look_around(text.as_bytes(), true);
    let keys: Vec<_> = found(&known, &around)
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(keys, [KeyId::current(OWN)]);
    assert!(!around.cut);
}
