use data_encoding::{BASE64, BASE64URL_NOPAD};

use super::*;
use crate::key::Secret;
use crate::keyring::{KeyId, Known, ProjectId};

const OWN: ProjectId = ProjectId(0);

/// Letters and digits without a pattern, the same ones for each seed.
fn noise(seed: u64, length: usize) -> String {
    let mut bytes = Vec::new();
    for number in 0.. {
        bytes.extend_from_slice(Fingerprint::of(format!("{seed} {number}").as_bytes()).bytes());
        if bytes.len() >= length {
            break;
        }
    }
    BASE64.encode(&bytes)[..length].to_owned()
}

fn pem(seed: u64, lines: usize) -> String {
    let body: Vec<_> = (0..lines as u64)
        .map(|line| noise(100 * seed + line, 64))
        .collect();
    let body = body.join("\n");
    format!("-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----")
}

/// Two of one service, which differ in when they were made and in their signature.
fn jwt(seed: u64) -> String {
    let head = BASE64URL_NOPAD.encode(br#"{"alg":"RS256","typ":"JWT"}"#);
    let body = format!(
        r#"{{"iss":"https://auth.example.com/realms/production","sub":"shop","iat":{seed}}}"#
    );
    let body = BASE64URL_NOPAD.encode(body.as_bytes());
    format!(
        "{head}.{body}.{}",
        noise(seed, 512).replace(['+', '/'], "-")
    )
}

fn ring(new: &str, old: &str) -> Keyring {
    let known = |id, key: &str| Known::by_value(id, Secret::copied(key.as_bytes()));
    let keys = vec![
        known(KeyId::current(OWN), new),
        known(KeyId::previous(OWN, 0), old),
    ];
    Keyring::new(keys, &[])
}

fn finds(ring: &Keyring, text: &[u8]) -> bool {
    let around = ring.look_around(text, true);
    let mut found = ring.explain_around(OWN, &around);
    found.any(|seen| seen.explanation.keys == [KeyId::previous(OWN, 0)])
}

fn each_line(key: &str, form: impl Fn(&str) -> String, between: &str) -> String {
    let lines: Vec<_> = key.lines().map(form).collect();
    lines.join(between)
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[test]
fn a_key_of_several_lines_is_found_whatever_becomes_of_its_line_ends() {
    for lines in [2, 12] {
        let (new, old) = (pem(1, lines), pem(2, lines));
        let ring = ring(&new, &old);
        let plain = |line: &str| line.to_owned();
        let quoted = |line: &str| format!("\"{line}\"");
        let list = format!("[{}]", each_line(&old, quoted, ","));
        let crlf = old.replace('\n', "\r\n");
        let forms = [
            (
                "a block of YAML",
                format!(
                    "k: |-\n{}\nold: |-\n{}\n",
                    each_line(&new, |line| format!("  {line}"), "\n"),
                    each_line(&old, |line| format!("  {line}"), "\n")
                ),
            ),
            (
                "an env-file of Windows",
                format!("K=\"{}\"\r\nOLD=\"{crlf}\"\r\n", new.replace('\n', "\r\n")),
            ),
            (
                "behind comment signs",
                each_line(&old, |line| format!("# {line}"), "\n"),
            ),
            (
                "behind other signs",
                each_line(&old, |line| format!("| {line}"), "\n"),
            ),
            ("joined by commas", each_line(&old, plain, ",")),
            ("joined by bars", each_line(&old, plain, "|")),
            (
                "as a form has it",
                old.replace('+', "%2B")
                    .replace('/', "%2F")
                    .replace('=', "%3D")
                    .replace(' ', "+")
                    .replace('\n', "%0A"),
            ),
            ("a list", list.clone()),
            (
                "without its first and last line",
                format!("X={}", old.lines().skip(1).take(lines).collect::<String>()),
            ),
            (
                "a list in a string",
                format!("{{\"o\": \"{}\"}}", escaped(&list)),
            ),
            ("a list in a string of YAML", format!("o: '{list}'")),
            (
                "encoded with the line ends of Windows",
                format!("O={}", BASE64.encode(crlf.as_bytes())),
            ),
            (
                "far to the right",
                each_line(&old, |line| format!("        {line}"), "\n"),
            ),
            ("put together", each_line(&old, quoted, " +\n  ")),
            ("of Lua", each_line(&old, quoted, " .. ")),
        ];
        for (told, form) in forms {
            let text = format!("PORT=80\n{form}\nK=1\n");
            assert!(finds(&ring, text.as_bytes()), "{told}, {lines} lines");
        }
        for other in [new, pem(3, lines)] {
            let text = format!(
                "k: |-\n{}\n",
                each_line(&other, |line| format!("  {line}"), "\n")
            );
            assert!(!finds(&ring, text.as_bytes()), "{lines} lines");
        }
    }
}

#[test]
fn a_key_that_says_where_it_ends_is_found_by_its_fingerprint_alone() {
    let old = pem(2, 3);
    let text = |key: &str| {
        format!(
            "a: 1\nold: |\n{}\nb: 2\n",
            each_line(key, |line| format!("  {line}"), "\n")
        )
    };
    for (told, form) in [
        ("a block of YAML", text(&old)),
        (
            "an env-file of Windows",
            format!("OLD=\"{}\"\r\nK=1\r\n", old.replace('\n', "\r\n")),
        ),
        (
            "behind comment signs",
            each_line(&old, |line| format!("# {line}"), "\n"),
        ),
        (
            "a block of YAML in base64",
            format!("x: {}\n", BASE64.encode(text(&old).as_bytes())),
        ),
    ] {
        for key in [old.clone(), format!("{old}\n")] {
            let id = KeyId::previous(OWN, 0);
            let known = Known::by_fingerprint(id, Fingerprint::of(key.as_bytes()));
            let ring = Keyring::new(vec![known], &[]);
            if key.ends_with('\n') && form.starts_with("OLD") {
                continue;
            }
            assert!(finds(&ring, format!("{form}\n").as_bytes()), "{told}");
            assert!(!finds(&ring, text(&pem(3, 3)).as_bytes()), "{told}");
        }
    }
}

#[test]
fn a_letter_that_is_none_of_ascii_hides_no_key() {
    let latin = |text: &str| {
        text.chars()
            .map(|sign| u8::try_from(u32::from(sign)).unwrap())
            .collect::<Vec<_>>()
    };
    let utf16 = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<_>>()
    };
    let json = |text: &str| {
        let units = |sign: char| {
            sign.encode_utf16(&mut [0; 2])
                .iter()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect::<String>()
        };
        text.chars()
            .map(|sign| {
                if sign.is_ascii() {
                    sign.to_string()
                } else {
                    units(sign)
                }
            })
            .collect::<String>()
    };
    let bytes_as = |text: &str, form: fn(u8) -> String| {
        text.bytes()
            .map(|byte| {
                if byte.is_ascii() {
                    char::from(byte).to_string()
                } else {
                    form(byte)
                }
            })
            .collect::<String>()
    };
    for old in [
        "Pass-w\u{f6}rd-47x11q-8822",
        "schl\u{fc}ssel-\u{17c}\u{f3}\u{142}\u{107}-4711",
        "k3y-\u{1f511}-a8s7d6f5-\u{1f680}",
    ] {
        let ring = ring("n3w-brand-82k33z-7711", old);
        let mut forms = vec![
            ("JSON", json(old).into_bytes()),
            (
                "JSON in base64",
                BASE64
                    .encode(format!("{{\"k\": \"{}\"}}", json(old)).as_bytes())
                    .into_bytes(),
            ),
            (
                "HTML",
                old.chars()
                    .map(|sign| {
                        if sign.is_ascii() {
                            sign.to_string()
                        } else {
                            format!("&#{};", u32::from(sign))
                        }
                    })
                    .collect::<String>()
                    .into_bytes(),
            ),
            (
                "hexadecimal escapes",
                bytes_as(old, |byte| format!("\\x{byte:02x}")).into_bytes(),
            ),
            (
                "octal escapes",
                bytes_as(old, |byte| format!("\\{byte:03o}")).into_bytes(),
            ),
            (
                "percent signs",
                bytes_as(old, |byte| format!("%{byte:02X}")).into_bytes(),
            ),
            ("UTF-16 in base64", BASE64.encode(&utf16(old)).into_bytes()),
            (
                "read as Latin-1",
                old.bytes().map(char::from).collect::<String>().into_bytes(),
            ),
        ];
        if old.contains('\u{f6}') {
            forms.push(("Latin-1", latin(old)));
            forms.push((
                "two characters for one",
                old.replace('\u{f6}', "o\u{308}").into_bytes(),
            ));
            forms.push((
                "two characters in JSON",
                json(&old.replace('\u{f6}', "o\u{308}")).into_bytes(),
            ));
        }
        for (told, form) in forms {
            let text = [
                b"{\"k\":\"n3w-brand-82k33z-7711\",\"old\":\"",
                &form[..],
                b"\"}",
            ]
            .concat();
            assert!(finds(&ring, &text), "{told} of {old}");
        }
    }
}

#[test]
fn most_of_a_long_key_is_found_and_another_one_of_its_kind_is_not() {
    for (new, old, other) in [
        (jwt(1), jwt(2), jwt(3)),
        (noise(1, 900), noise(2, 900), noise(3, 900)),
        (pem(1, 14), pem(2, 14), pem(3, 14)),
    ] {
        let ring = ring(&new, &old);
        let middle = old.len() / 2;
        for (told, damaged) in [
            (
                "without its last character",
                old[..old.len() - 1].to_owned(),
            ),
            ("without its first one", old[1..].to_owned()),
            (
                "without its last quarter",
                old[..old.len() * 3 / 4].to_owned(),
            ),
            ("in small letters", old.to_lowercase()),
            (
                "with one character missing",
                format!("{}{}", &old[..middle], &old[middle + 1..]),
            ),
            (
                "with one changed",
                format!("{}#{}", &old[..middle], &old[middle + 1..]),
            ),
            (
                "with one changed near its start",
                format!("{}q{}", &old[..40], &old[41..]),
            ),
            (
                "with one more",
                format!("{}Qq{}", &old[..middle], &old[middle..]),
            ),
        ] {
            let text = format!("K={new}\nOLD={damaged}\nX=1\n");
            assert!(finds(&ring, text.as_bytes()), "{told}: {old}");
        }
        for other in [new, other] {
            let text = format!("K={other}\nX={}\n", &other[..other.len() - 3]);
            assert!(!finds(&ring, text.as_bytes()), "{other}");
        }
    }
}

#[test]
fn words_with_other_signs_between_them_are_no_key() {
    let ring = ring("n3w-brand-82k33z-7711", "my-api-key-2024");
    assert!(!finds(&ring, b"MY_API_KEY=2024\nmy.api/key 2024"));
}
