//! What can be seen where a key goes wrong is said there: the line, the stand-in, the part to mend.

use serde_json::Value;

use crate::support::{CURRENT, OLD, Scene};

const PROJECT: &str = "version: 1
projects:
  checkout:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{32}$'
    current: { file: { path: current } }
    previous: [ { file: { path: old } } ]
";

/// The one hop of a deployment that reads this file so.
fn hop(hop: &str, file: impl AsRef<[u8]>) -> Value {
    let targets =
        format!("{PROJECT}deployments: [ {{ name: web, project: checkout, route: [ {hop} ] }} ]\n");
    let scene = Scene::with(&targets)
        .file("current", CURRENT)
        .file("old", OLD)
        .file("here", file);
    let mut report = scene.run(["audit", "-f", "json"]).json();
    report["deployments"][0]["hops"][0].take()
}

fn said(hop: &Value, member: &str) -> String {
    hop[member].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_line_that_its_reader_does_not_see_is_named_and_is_to_be_corrected() {
    for (dialect, file, cause) in [
        (
            "dotenv",
            format!("X=1\nset KEY={CURRENT}\n"),
            "line 2 has `set `",
        ),
        (
            "dotenv",
            format!("key={CURRENT}\n"),
            "line 1 names it in another case",
        ),
        (
            "dotenv",
            format!("\u{200b}KEY={CURRENT}\n"),
            "line 1 has an invisible character",
        ),
        (
            "systemd",
            format!("export KEY={CURRENT}\n"),
            "line 1 has a word before the name",
        ),
        (
            "dotenv",
            format!("$env:KEY = \"{CURRENT}\"\n"),
            "line 1 has `$env:`",
        ),
    ] {
        let hop = hop(
            &format!("{{ dotenv: {{ path: here, dialect: {dialect} }} }}"),
            &file,
        );
        assert_eq!(hop["verdict"], "missing", "{cause}");
        let message = said(&hop, "message");
        assert!(message.contains(cause), "{message}");
        let remedy = said(&hop, "remedy");
        assert!(
            remedy.starts_with("correct line ") && remedy.contains("here;"),
            "{remedy}"
        );
    }
    let wide: Vec<u8> = format!("\u{feff}KEY={CURRENT}\r\n")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let hop = hop("{ dotenv: { path: here } }", wide);
    assert_eq!(hop["verdict"], "missing");
    assert!(said(&hop, "message").contains("in UTF-16"));
    assert!(said(&hop, "remedy").starts_with("save it as UTF-8"));
}

#[test]
fn the_later_line_that_wins_is_named() {
    let file = format!("KEY={CURRENT}\nX=1\nKEY={OLD}\n");
    let hop = hop("{ dotenv: { path: here } }", file);
    assert_eq!(hop["verdict"], "stale");
    let message = said(&hop, "message");
    assert!(
        message.contains("line 3 sets it again, to something else than line 1"),
        "{message}"
    );
    assert!(said(&hop, "remedy").starts_with("keep one line of it, with the current key"));
}

#[test]
fn a_stand_in_is_judged_by_where_it_stands() {
    let file = "{ file: { path: here } }";
    let shown = "{ command: { argv: [cat, here] } }";
    for (text, at_rest, shown_as) in [
        ("ask_live_************0gFa", "missing", "unverified"),
        ("ask_live_7Qm2...0gFa", "missing", "unverified"),
        ("********", "missing", "unverified"),
        ("op://shop/checkout/key", "missing", "unverified"),
        ("vault:secret/data/checkout#key", "missing", "unverified"),
        (
            "projects/1/secrets/checkout/versions/latest",
            "missing",
            "unverified",
        ),
        (
            "ENC[AES256_GCM,data:Zm9v,iv:QUFB,tag:QkJC,type:str]",
            "missing",
            "missing",
        ),
        ("your-32-character-encryption-key", "missing", "missing"),
        ("${KEY}", "missing", "missing"),
        ("ask_live_...-unlike-any", "unknown", "unknown"),
    ] {
        assert_eq!(hop(file, text)["verdict"], at_rest, "{text}");
        let shown = hop(shown, text);
        assert_eq!(shown["verdict"], shown_as, "{text}");
        assert!(
            shown["verdict"] != "unverified" || shown["evidence"] == "none",
            "{text}"
        );
    }
}

#[test]
fn the_remedy_names_the_part_that_the_hop_extracts() {
    let json = format!("\u{feff}{{\"AllStak\": {{\"ApiKey\": \"{OLD}\", }} /* prod */}}");
    let member = hop(
        "{ file: { path: here }, extract: { json: /AllStak/ApiKey } }",
        json,
    );
    assert_eq!(member["verdict"], "stale");
    let remedy = said(&member, "remedy");
    assert!(
        remedy.contains("the member /AllStak/ApiKey") && remedy.contains("leave the rest"),
        "{remedy}"
    );
    assert!(said(&member, "message").contains("byte order mark, comments"));

    let dsn = format!("KEY=https://{OLD}@api.allstak.sa/1\n");
    let user = hop("{ dotenv: { path: here }, extract: { url: user } }", dsn);
    assert!(said(&user, "remedy").contains("the user of the URL"));
}

#[test]
fn what_several_layers_do_is_told_once() {
    let hop = hop("{ file: { path: here } }", format!("\"{CURRENT}\"\n"));
    assert_eq!(hop["damage"].as_array().unwrap().len(), 2);
    let message = said(&hop, "message");
    assert!(message.contains("no event leaves the process"), "{message}");
    assert!(!message.contains("sent as it is"), "{message}");
}
