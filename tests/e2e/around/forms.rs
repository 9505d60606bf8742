//! Forms of a key, or of its fingerprint, beside what a hop takes.

use super::*;
use crate::support::fingerprint_of;

/// What is read, the step that takes the current key from it, and both keys.
fn answers_for(text: &str, step: &str, [new, old]: [&str; 2], code: i32) {
    let scene = scene(&format!("{{ file: {{ path: DIR/app }}, extract: {step} }}"));
    let scene = scene.file("shop", new).file("old", old).file("app", text);
    revoke(&scene, code);
}

#[test]
fn a_key_of_several_lines_or_with_a_letter_that_is_none_of_ascii_is_seen_beside_another_one() {
    let key = |seed: &str| {
        let line = data_encoding::BASE64.encode(seed.repeat(6).as_bytes());
        format!("-----BEGIN KEY-----\n{line}\nMHcCAQEE{line}\n-----END KEY-----")
    };
    let (new, old) = (key("Zk3MpB8v"), key("Qw7ZxT4m"));
    let block = |key: &str| key.replace('\n', "\n  ");
    let yaml = |beside: &str| format!("k: |-\n  {}\nold: |-\n  {}\n", block(&new), block(beside));
    answers_for(&yaml(&old), "{ yaml: /k }", [&new, &old], 3);
    answers_for(&yaml(&new), "{ yaml: /k }", [&new, &old], 0);
    let (new, old) = ("n3w-brand-82k33z-7711", "Pass-w\u{f6}rd-47x11q-8822");
    let json = |beside: &str| format!("{{\"k\":\"{new}\",\"old\":\"{beside}\"}}");
    let escaped = json(r"Pass-w\u00f6rd-47x11q-8822");
    answers_for(&escaped, "{ json: /k }", [new, old], 3);
    answers_for(
        &json(r"ein-anderes-W\u00f6rt-77"),
        "{ json: /k }",
        [new, old],
        0,
    );
}

#[test]
fn another_fingerprint_in_the_answer_of_a_server_is_seen() {
    let [old, strange] = [OLD, STRANGE].map(fingerprint);
    let damaged = fingerprint_of(format!("{OLD}\n"), 64);
    let bare = damaged.trim_start_matches("sha256:").to_owned();
    for (other, code) in [
        (old.replace(':', "\\u003a"), 3),
        (old.to_uppercase(), 3),
        (old, 3),
        (bare.to_uppercase(), 3),
        (bare, 3),
        (damaged, 3),
        (fingerprint(&OLD[..OLD.len() - 1]), 3),
        (fingerprint_of(format!("{STRANGE}\n"), 64), 0),
        (strange, 0),
    ] {
        let body = format!(
            "{{\"key\": \"{}\", \"fallback\": [\"{other}\"]}}",
            fingerprint(CURRENT)
        );
        let server = Server::new(move |_| Answer::status(200, body.clone()));
        let hop = format!(
            "{{ http: {{ url: '{}', pointer: /key, yields: fingerprint }} }}",
            server.url("/")
        );
        revoke(&scene(&hop), code);
    }
}
