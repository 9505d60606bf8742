//! Wherever a key is put by mistake, no message holds it or a part of it.

use super::World;
use crate::inventory::tree::{Form, Tree};

/// Says everything that can be said, so that there is a place for every mistake.
const FILE: &str = "version: 1
include: ['teams/*.yaml']
fingerprint_digits: 12
projects:
  shop:
    variable: KEY
    format: '^ask_live_[a-z0-9]{32}$'
    rotation: immediate
    current: { env: { variable: A }, extract: { json: /key }, decode: base64 }
    next: { fingerprint: 'sha256:9f2c41d07a3b' }
    rotated_at: 2026-11-20T09:00:00Z
    previous:
    - { env: { variable: B }, rotated_at: 2026-11-19T00:00:00Z, revoked_at: 2026-11-21T09:00:00Z }
    ingest: { allstak: { host: 'https://api.allstak.sa' } }
    environments: { staging: { current: { env: } } }
routes:
  ci:
  - env: { variable: '${name}-${env.HOME:-x}' }
    variable: C
    expect: optional
    waive: { verdicts: [missing], reason: r, owner: o, until: 2026-12-31 }
defaults: { environment: production, owner: ana, route: ci, labels: { a: b } }
deployments:
- { matrix: { name: [cart, mail], region: [eu] }, project: shop, vars: { v: w } }
- name: web # a note
  project: shop
  labels: { tier: '1' }
  route: [env: ]
  waive: { verdicts: [stale], reason: r, owner: o, until: 2026-12-31 }
notify:
- { name: chat, owner: ana, slack: { url: { env: E } } }
- { project: shop, webhook: { url: 'https://hooks.example.com/straggler', secret: { file: s } } }
- command: { argv: [/usr/local/bin/page, --team] }
heartbeat: { url: 'https://beat.example.com' }
grace: 15m
ledger: { at: ledger.db, retention: 90d }
";
const TEAM: &str = "version: 1
deployments:
- { name: team, project: shop, variable: D }
";
const RANDOM: &str = "q7w8e9r0t1y2u3i4o5p6a7s8d9f0g1h2";

fn world(main: &str) -> World {
    World::of(main).with("teams/a.yaml", TEAM)
}

fn check(main: &str, place: &str, must_fail: bool) {
    match world(main).load() {
        Err(problems) => {
            let said = format!("{problems}\n{problems:?}");
            let leaks = RANDOM.as_bytes().windows(6).any(|part| {
                let part = std::str::from_utf8(part).unwrap();
                said.contains(part)
            });
            assert!(!leaks, "{place}\n{main}\n{said}");
        }
        Ok(_) => assert!(!must_fail, "{place} accepted\n{main}"),
    }
}

#[test]
fn a_key_in_any_place_is_refused_and_never_shown() {
    assert!(world(FILE).load().is_ok());
    let tree = Tree::parse(0, FILE.into()).ok().unwrap();
    let key = format!("ask_live_{RANDOM}");
    let mut places = 0;
    for node in &tree.nodes {
        let Form::Scalar {
            unescaped: false, ..
        } = node.form
        else {
            continue;
        };
        let (before, rest) = FILE.split_at(node.start as usize);
        let (old, after) = rest.split_at((node.end - node.start) as usize);
        if old.is_empty() {
            continue;
        }
        places += 1;
        let place = format!("for {old} at {}:{}", node.line, node.column);
        let quotes: &[_] = &['\'', '"'];
        for text in [
            key.clone(),
            format!("{old}{key}"),
            format!("{key}}}"),
            format!("${{{key}}}"),
            format!("${{env.{key}}}"),
            format!("[{key}]"),
            format!("{{ {key}: {key} }}"),
            format!("!{key} x"),
            format!("*{key}"),
            format!("\"ask_live\\x5f{RANDOM}\""),
        ] {
            // Glued to another word, it is no key by the format's neighbours.
            let whole = !text.starts_with(old) && !text.contains(['!', '*', '\\']);
            check(&format!("{before}{text}{after}"), &place, whole);
            // Nobody knows what a key looks like here, so it may even be accepted.
            let without =
                format!("{before}{text}{after}").replace("ask_live_[a-z0-9]{32}", "zz[0-9]{9}");
            check(&without, &place, false);
            // Without the quotes around it.
            let bare = before.trim_end_matches(quotes);
            let rest = after.trim_start_matches(quotes);
            if bare != before {
                check(&format!("{bare}{text}{rest}"), &place, false);
            }
        }
    }
    assert!(places > 80, "{places}");
}

#[test]
fn a_key_in_a_comment_is_refused_with_its_place() {
    let main = FILE.replace("# a note", &format!("# was ask_live_{RANDOM}"));
    assert_eq!(
        world(&main).problems(),
        "targets.yaml:25:19: a key stands here: it fits the `format` of project `shop`; keys are \
         never written into this file: say where it is read from; if this is no key, make the \
         format tell keys from other words"
    );
    let team = format!("{TEAM}# ü\n# ü ask_live_{RANDOM}\n");
    let world = World::of(FILE).with("teams/a.yaml", team);
    assert!(
        world
            .problems()
            .starts_with("teams/a.yaml:5:5: a key stands here: ")
    );
}

#[test]
fn a_key_that_is_written_with_escapes_is_found() {
    let main = FILE.replace(
        "region: [eu]",
        &format!("region: [\"ask\\x5flive_{RANDOM}\"]"),
    );
    let said = world(&main).problems();
    assert!(
        said.starts_with("targets.yaml:24:44: a key stands here: "),
        "{said}"
    );
}

#[test]
fn what_is_hidden_once_is_hidden_everywhere() {
    // The unknown key is a part of the key in the comment.
    let main = FILE
        .replace("# a note", &format!("# ask_live_{RANDOM}"))
        .replace("labels: { a: b } }", "labels: { a: b }, q7w8e9: 1 }");
    let said = world(&main).problems();
    assert!(
        said.contains("unknown key (a name that is not shown): expected one of"),
        "{said}"
    );
    assert!(!said.contains("q7w8e9"), "{said}");
}

#[test]
fn a_file_that_is_named_like_a_key_is_not_named() {
    let name = format!("teams/ask_live_{RANDOM}.yaml");
    let said = World::of(FILE).with(&name, "version: 2\n").problems();
    assert_eq!(
        said,
        "(a file whose name is not shown):1:10: expected 1, the only version there is"
    );
}

#[test]
fn a_key_from_the_environment_is_refused() {
    let main = FILE.replace("${env.HOME:-x}", "${env.SECRET}");
    let key: &'static str = Box::leak(format!("ask_live_{RANDOM}").into_boxed_str());
    let said = world(&main).set("SECRET", key).problems();
    assert_eq!(
        said,
        "targets.yaml:18:23: a key comes in from the environment here: the text fits the `format` \
         of project `shop`; say where the key is read from instead"
    );
}

#[test]
fn a_whole_fingerprint_is_no_key() {
    let digits = "0123456789abcdef".repeat(4);
    let main = FILE
        .replace("ask_live_[a-z0-9]{32}", "[0-9a-f]{64}")
        .replace("9f2c41d07a3b", &digits);
    assert!(world(&main).load().is_ok());
    let main = main.replace("# a note", &format!("# {digits}"));
    assert!(world(&main).problems().contains("a key stands here"));
}

#[test]
fn what_people_see_is_free_of_control_characters() {
    let main = "version: 1\n\"\\e[31mred\\u202e\": 1\n";
    let said = World::of(main).problems();
    assert!(
        said.contains(r"unknown key `\u{1b}[31mred\u{202e}`"),
        "{said}"
    );
}
