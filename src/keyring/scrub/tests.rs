use std::sync::atomic::Ordering;

use data_encoding::{BASE32, BASE32_NOPAD, BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use proptest::prelude::*;

use super::formats::MANY;
use super::*;

const KEY: &str = "ask_live_0123456789abcdefghijABCDEFGHIJxy";
/// Of a project without a format.
const PLAIN: &str = "Kq3-vT9_mW2x+Z7rB5yL8/nQ4";

fn formats() -> Scrubber {
    let format = Format::new("^ask_live_[A-Za-z0-9]{32}$").unwrap();
    Scrubber::new(vec![Arc::new(format)])
}

fn knowing(secret: &str) -> Scrubber {
    let secret = Secret::copied(secret.as_bytes());
    Scrubber::default().knowing(vec![secret], Vec::new())
}

fn fingerprint(secret: &str) -> Scrubber {
    let fingerprint = Fingerprint::of(secret.as_bytes()).cut(Digits::DEFAULT);
    Scrubber::default().knowing(Vec::new(), vec![fingerprint])
}

fn scrub(text: &str) -> Arc<str> {
    formats().text(text.as_bytes(), 1000)
}

/// A key as somebody else may write it.
fn encodings(key: &str) -> Vec<String> {
    let bytes = key.as_bytes();
    let joined = |form: fn(u8) -> String, separator: &str| {
        let all: Vec<_> = key.bytes().map(form).collect();
        all.join(separator)
    };
    let each = |form| joined(form, "");
    let grouped = |text: &str, length: usize, separator: &str| {
        let groups: Vec<_> = text
            .as_bytes()
            .chunks(length)
            .map(String::from_utf8_lossy)
            .collect();
        groups.join(separator)
    };
    let wide: Vec<u8> = bytes.iter().flat_map(|&byte| [byte, 0]).collect();
    let mut all = vec![
        key.to_owned(),
        BASE64.encode(bytes),
        BASE64.encode(format!("{key}\n").as_bytes()),
        BASE64URL_NOPAD.encode(bytes),
        BASE64.encode(&wide),
        HEXLOWER.encode(bytes),
        HEXUPPER.encode(bytes),
        BASE32.encode(bytes),
        BASE32_NOPAD.encode(bytes).to_lowercase(),
        each(|byte| format!("%{byte:02x}")),
        each(|byte| format!("%u{byte:04x}")),
        each(|byte| format!("=%{byte:02X}")).replace('%', ""),
        each(|byte| format!("\\u{byte:04x}")),
        each(|byte| format!("\\u{{{byte:x}}}")),
        each(|byte| format!("\\U{byte:08x}")),
        each(|byte| format!("\\x{byte:02X}")),
        each(|byte| format!("\\{byte:03o}")),
        each(|byte| format!("&#{byte};")),
        each(|byte| format!("&#x{byte:X};")),
        each(|byte| format!("&#{byte}")),
        each(|byte| format!("%25{byte:02x}")),
        each(|byte| format!("\\\\u{byte:04x}")),
        each(|byte| format!("&amp;#{byte};")),
        joined(|byte| byte.to_string(), ", "),
        joined(|byte| byte.to_string(), " "),
        joined(|byte| format!("0x{byte:02x}"), ", "),
        joined(|byte| format!("{byte:03o}"), " "),
        joined(|byte| format!("{byte:08b}"), " "),
        BASE64.encode(BASE64.encode(bytes).as_bytes()),
        BASE64.encode(HEXLOWER.encode(bytes).as_bytes()),
        HEXLOWER.encode(BASE64.encode(bytes).as_bytes()),
        BASE64.encode(format!("{{\"key\": \"{key}\"}}").as_bytes()),
        BASE64.encode(bytes).replace('+', "%2B").replace('/', "%2F"),
    ];
    for separator in [":", " ", "-", "\n", ", ", "."] {
        all.push(joined(|byte| format!("{byte:02x}"), separator));
        all.push(grouped(&HEXUPPER.encode(bytes), 8, separator));
        all.push(grouped(&BASE32.encode(bytes), 4, separator));
    }
    for separator in [" ", ":", "|", "\n  "] {
        all.push(grouped(key, 1, separator));
        all.push(grouped(key, 4, separator));
        all.push(grouped(key, 8, separator));
        all.push(grouped(&BASE64.encode(bytes), 4, separator));
    }
    all
}

#[test]
fn keys_are_taken_out_wherever_they_stand() {
    let text = format!("bad key \"{KEY}\", x{KEY}{KEY}9 and no more");
    assert_eq!(
        &*scrub(&text),
        r#"bad key "[redacted]", x[redacted][redacted]9 and no more"#
    );
}

#[test]
fn encoded_keys_are_taken_out_whatever_they_are_known_by() {
    for (scrubber, key) in [
        (formats(), KEY),
        (knowing(PLAIN), PLAIN),
        (fingerprint(PLAIN), PLAIN),
    ] {
        for encoded in encodings(key) {
            for (before, after) in [
                ("{\"key\":\"", "\"}"),
                ("key=", "."),
                ("\\\"", "\\\""),
                ("it was ", " "),
            ] {
                let text = format!("{before}{encoded}{after}");
                let shown = scrubber.text(text.as_bytes(), 1000);
                assert!(
                    shown.contains(REDACTED) && !shown.contains(&encoded),
                    "{text} as {shown}"
                );
            }
        }
    }
}

#[test]
fn half_a_known_key_is_taken_out_in_every_encoding() {
    let scrubber = knowing(PLAIN);
    for half in [&PLAIN[..12], &PLAIN[12..], &PLAIN[6..18]] {
        for encoded in encodings(half) {
            let shown = scrubber.text(format!("<{encoded}>").as_bytes(), 1000);
            assert!(shown.contains(REDACTED), "{encoded} as {shown}");
        }
    }
    for encoded in encodings(PLAIN) {
        let cut = format!("refused: {}…", &encoded[..encoded.len() * 2 / 3]);
        let shown = scrubber.text(cut.as_bytes(), 1000);
        assert!(shown.contains(REDACTED), "{cut} as {shown}");
    }
}

#[test]
fn a_key_in_uneven_pieces_is_taken_out() {
    for text in [
        "Kq3-vT9 _mW2x+Z7r B5yL 8/nQ4",
        "Kq3\u{200b}-vT9_mW2x+\u{200b}Z7rB5yL8/nQ4",
        "K*q*3-v**T9_mW2x+Z7r...B5yL8/nQ4",
    ] {
        let text = format!("refused <{text}> for good");
        let shown = knowing(PLAIN).text(text.as_bytes(), 1000);
        assert_eq!(&*shown, "refused <[redacted]> for good");
    }
}

#[test]
fn names_are_told_apart_without_the_secret_in_them() {
    let scrubber = knowing(PLAIN);
    let plain = "http:https://host/a/b#/key".to_owned();
    assert_eq!(scrubber.name(plain.clone()), plain);
    let [one, other] = ["one", "two"].map(|end| scrubber.name(format!("file:/srv/{PLAIN}/{end}")));
    assert!(
        one.starts_with("file:/srv/[redacted]/one (sha256:"),
        "{one}"
    );
    assert_ne!(one, other);
    assert_eq!(
        knowing("s3cret-word").name("file:/srv/s3cret-word".to_owned()),
        "file:/srv/[redacted]"
    );
}

#[test]
fn no_more_of_a_key_than_four_characters_is_shown_behind_what_all_begin_with() {
    let shown = scrub("no ask_live_0123456789abcdefghijABCDEF, but ask_live_0123 is");
    assert_eq!(&*shown, "no [redacted], but ask_live_0123 is");
}

#[test]
fn what_others_say_stays_as_it_is() {
    let known = [
        KEY,
        PLAIN,
        "correct-horse-battery-staple",
        "prod-db-2024-secret",
    ];
    let known = known.map(|key| Secret::copied(key.as_bytes())).into();
    let print = Fingerprint::of(b"something else");
    let scrubber = formats().knowing(known, vec![print]);
    for text in [
        "https://vault.internal:8200/v1/secret/data/checkout answered 403 Forbidden: permission denied",
        "no connection to 10.0.12.7:5432: connection refused (os error 111) after 3 attempts",
        "User: arn:aws:sts::123456789012:assumed-role/ci/i-0a1b2c3d4e5f67890 is not authorized to perform: \
         secretsmanager:GetSecretValue on resource: checkout because no identity-based policy allows it",
        "2026-11-28T00:45:25.123456Z request id 8f14e45f-ceea-467f-a8d5-6c1f4b1a2b3c failed with code 0x80070005",
        "pods \"api-7f9c5d8b6-x2x4z\" is forbidden: User \"system:serviceaccount:ops:straggler\" cannot get",
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad is not the expected digest",
        "the battery of the horse in prod is correct, and the password of 2024 is not",
        "expected a key that begins with ask_live_, not ask_test_",
    ] {
        assert_eq!(&*scrubber.text(text.as_bytes(), 1000), text);
    }
}

#[test]
fn words_and_digests_stay() {
    let text = "permission denied: policy AllowReadOnlyForEveryone, sha256:ba7816bf8f01cfea, a%20b";
    for scrubber in [formats(), knowing(PLAIN), fingerprint(PLAIN)] {
        assert_eq!(&*scrubber.text(text.as_bytes(), 1000), text);
        assert!(!scrubber.finds(text.as_bytes()));
    }
}

#[test]
fn what_is_known_later_is_known_beside_the_rest() {
    let secret = Secret::copied(PLAIN.as_bytes());
    let scrubber = formats().knowing(vec![secret], Vec::new());
    let scrubber = scrubber.knowing(vec![Secret::copied(b"s3cret")], Vec::new());
    let text = format!("{KEY} {PLAIN} s3cret");
    assert_eq!(
        &*scrubber.text(text.as_bytes(), 100),
        "[redacted] [redacted] [redacted]"
    );
}

#[test]
fn what_acts_is_escaped_and_the_rest_is_cut_by_characters() {
    assert_eq!(&*scrub("\u{1b}[2Jgone\n"), r"\u{1b}[2Jgone\n");
    let nothing = Scrubber::default();
    assert_eq!(&*nothing.text(b"\xff\x00", 100), "\u{fffd}\\u{0}");
    assert_eq!(&*nothing.text("éééé".as_bytes(), 4), "éééé");
    assert_eq!(&*nothing.text("ééééé".as_bytes(), 4), "ééé…");
    assert_eq!(&*nothing.text(b"abc", 0), "…");
}

#[test]
fn a_key_across_the_cut_is_not_shown_by_half() {
    let text = format!("no such key: {KEY}");
    assert_eq!(
        &*formats().text(text.as_bytes(), 30),
        "no such key: [redacted]"
    );
    assert_eq!(&*formats().text(text.as_bytes(), 18), "no such key: [red…");
}

#[test]
fn a_thousand_formats_take_one_pass_and_the_same_text_takes_none() {
    let passes = |formats: usize| {
        let format = |number| Format::new(&format!("^k{number}_[A-Za-z0-9]{{32}}$")).unwrap();
        let formats = (0..formats).map(|number| Arc::new(format(number)));
        let scrubber = Scrubber::new(formats.collect());
        let counted = || scrubber.formats.passes.load(Ordering::Relaxed);
        let key = "k3_0123456789abcdefghijABCDEFGHIJxy";
        let text = format!("https://host/v1/secret answered 403: no {key}, c2VjcmV0LXZhbHVl");
        let shown = scrubber.text(text.as_bytes(), 400);
        assert!(!shown.contains("0123"), "{shown}");
        let first = counted();
        assert_eq!(scrubber.text(text.as_bytes(), 400), shown);
        assert_eq!(counted(), first, "it was looked at again");
        first
    };
    assert_eq!(passes(1000), passes(MANY));
}

proptest! {
    #[test]
    fn takes_anything_and_shows_no_key(
        before in prop::collection::vec(any::<u8>(), 0..30),
        after in prop::collection::vec(any::<u8>(), 0..30),
        characters in 0_usize..100,
    ) {
        for (scrubber, key) in [(formats(), KEY), (knowing(PLAIN), PLAIN)] {
            let text = [&before[..], key.as_bytes(), &after].concat();
            let shown = scrubber.text(&text, characters);
            prop_assert!(!shown.contains(&key[9..]));
            prop_assert!(shown.chars().count() <= characters.max(1));
        }
    }
}
