//! Whoever does what a remedy says gets a deployment that the next audit calls current.

use std::fs;

use serde_json::{Value, json};

use crate::scene::{Told, audit, key, named, scene, store, told, with_token};
use crate::server::{Asker, Bao};
use crate::support::{CURRENT, OLD, Scene};

/// The verdict that one deployment gets, and what to do about it.
#[track_caller]
fn audited(scene: &Scene, bao: &Bao) -> Told {
    let ran = audit(scene, bao.root()).run();
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains(CURRENT) && !text.contains(OLD), "{ran}");
    }
    told(&ran).pop().unwrap()
}

/// The command in a remedy, with the file that holds the current key.
fn command(remedy: &str, file: &str) -> Option<String> {
    let quoted = remedy.split('`').skip(1).step_by(2);
    let mut commands = quoted.filter(|text| text.contains("@FILE"));
    let command = commands.next()?.replace("@FILE", &format!("@{file}"));
    assert!(commands.next().is_none(), "one command: {remedy}");
    Some(command)
}

/// Runs the command in a remedy, as it is.
#[track_caller]
fn run(remedy: &str, scene: &Scene, bao: &Bao) {
    let file = scene.path("current");
    let command = command(remedy, file.to_str().unwrap());
    let command = command.unwrap_or_else(|| panic!("no command in {remedy:?}"));
    let output = bao.shell(&command);
    assert!(
        output.status.success(),
        "{command}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

struct Case<'c> {
    name: &'c str,
    /// The hop, beside its store and its field.
    path: &'c str,
    more: &'c str,
    verdict: &'c str,
    /// What the remedy is or starts with.
    command: &'c str,
}

/// Whatever else is there stays there, except where nothing was.
fn cases() -> Vec<Case<'static>> {
    let case = |name, path, more, verdict, command| Case {
        name,
        path,
        more,
        verdict,
        command,
    };
    vec![
        case(
            "stale",
            "stale",
            "",
            "stale",
            "bao kv patch -method=rw -mount=secret stale api_key=@FILE",
        ),
        case(
            "the hop names the mount",
            "stale",
            ", mount: shop/kv",
            "stale",
            "bao kv patch -method=rw -mount=shop/kv stale api_key=@FILE",
        ),
        case(
            "the hop names the namespace",
            "stale",
            ", namespace: /team/a/",
            "stale",
            "bao kv patch -method=rw -namespace=team/a -mount=secret stale api_key=@FILE",
        ),
        case(
            "no such field",
            "field",
            "",
            "missing",
            "bao kv patch -method=rw -mount=secret field api_key=@FILE",
        ),
        case(
            "no such path",
            "absent",
            "",
            "missing",
            "bao kv put -cas=0 -mount=secret absent api_key=@FILE",
        ),
        case(
            "a path that has metadata alone",
            "described",
            "",
            "missing",
            "bao kv put -cas=0 -mount=secret described api_key=@FILE",
        ),
        case(
            "deleted",
            "deleted",
            "",
            "missing",
            "bao kv put -cas=2 -mount=secret deleted api_key=@FILE",
        ),
        case(
            "destroyed",
            "destroyed",
            "",
            "missing",
            "bao kv put -cas=2 -mount=secret destroyed api_key=@FILE",
        ),
        case(
            "check-and-set of the path",
            "guarded",
            "",
            "stale",
            "bao kv patch -method=rw -mount=secret guarded api_key=@FILE",
        ),
        case(
            "check-and-set of the path, deleted",
            "guarded-gone",
            "",
            "missing",
            "bao kv put -cas=1 -mount=secret guarded-gone api_key=@FILE",
        ),
        case(
            "check-and-set of the mount, no such path",
            "absent",
            ", mount: guarded",
            "missing",
            "bao kv put -cas=0 -mount=guarded absent api_key=@FILE",
        ),
        case(
            "version 1, alone",
            "alone",
            ", mount: old",
            "stale",
            "bao kv put -mount=old alone api_key=@FILE",
        ),
        case(
            "version 1, no such path",
            "absent",
            ", mount: old",
            "missing",
            "bao kv put -mount=old absent api_key=@FILE",
        ),
        case(
            "names that a shell would take apart",
            "it''s $HOME/a b",
            "",
            "stale",
            r"bao kv patch -method=rw -mount=secret 'it'\''s $HOME/a b' api_key=@FILE",
        ),
        case("damaged", "damaged", "", "malformed", ""),
    ]
}

fn fill(bao: &Bao) {
    let top = bao.within("");
    let delete = |path: &str| top.asks("DELETE", &format!("secret/data/{path}"), &Value::Null);
    top.put("stale", &key(OLD));
    top.put("field", &json!({"owner": "payments"}));
    top.put("deleted", &key(OLD)).put("deleted", &key(OLD));
    delete("deleted");
    top.put("destroyed", &key(OLD)).put("destroyed", &key(OLD));
    top.asks("PUT", "secret/destroy/destroyed", &json!({"versions": [2]}));
    for path in ["guarded", "guarded-gone"] {
        top.put(path, &key(OLD));
        let guarded = json!({"cas_required": true});
        top.asks("POST", &format!("secret/metadata/{path}"), &guarded);
    }
    delete("guarded-gone");
    top.put("it's%20$HOME/a%20b", &key(OLD));
    top.put("damaged", &key(&format!("{CURRENT}\n")));
    let described = json!({"custom_metadata": {"owner": "payments"}, "cas_required": true});
    top.asks("POST", "secret/metadata/described", &described);
    top.mount("shop/kv", 2);
    top.asks("POST", "shop/kv/data/stale", &json!({"data": key(OLD)}));
    top.mount("guarded", 2);
    top.asks("POST", "guarded/config", &json!({"cas_required": true}));
    top.mount("old", 1);
    top.asks("POST", "old/alone", &json!({"api_key": OLD}));
    top.asks("POST", "old/shared", &key(OLD));
    top.namespace("team");
    bao.within("team").namespace("a");
    bao.within("team/a")
        .mount("secret", 2)
        .put("stale", &key(OLD));
}

#[test]
#[ignore = "needs OpenBao"]
fn what_a_remedy_says_is_run_and_the_deployment_is_current() {
    let bao = Bao::start();
    fill(&bao);
    for case in cases() {
        let hop = named("web", case.path, case.more);
        let scene = scene(&with_token(&bao), &[hop]);
        let before = audited(&scene, &bao);
        assert_eq!(before.verdict, case.verdict, "{}: {before:?}", case.name);
        assert!(
            before.remedy.contains(case.command),
            "{}: {before:?}",
            case.name
        );
        if command(&before.remedy, "FILE").is_some() {
            run(&before.remedy, &scene, &bao);
        } else {
            // A damaged key is mended in words: it is written without its line end.
            bao.within("").put(case.path, &key(CURRENT));
        }
        let after = audited(&scene, &bao);
        assert_eq!(after.verdict, "current", "{}: {after:?}", case.name);
    }
    // What else a path has is left alone.
    let top = bao.within("");
    for path in ["stale", "field", "guarded"] {
        assert_eq!(top.fields(path), key(CURRENT), "{path}");
    }
    assert_eq!(bao.within("team/a").fields("stale"), key(CURRENT));
}

#[test]
#[ignore = "needs OpenBao"]
fn two_fields_of_one_path_are_written_one_after_the_other() {
    let bao = Bao::start();
    let top = bao.within("");
    top.put("both", &json!({"api_key": OLD, "second": OLD}));
    top.asks(
        "POST",
        "secret/metadata/both",
        &json!({"cas_required": true}),
    );
    let second = named("second", "both", "").replace("api_key", "second");
    let scene = scene(&with_token(&bao), &[named("first", "both", ""), second]);
    for hop in told(&audit(&scene, bao.root()).run().ends(1)) {
        run(&hop.remedy, &scene, &bao);
    }
    audit(&scene, bao.root()).run().ends(0);
    assert_eq!(
        top.fields("both"),
        json!({"api_key": CURRENT, "second": CURRENT})
    );
}

#[test]
#[ignore = "needs OpenBao"]
fn the_tool_is_called_vault_where_nobody_said_that_it_is_openbao() {
    let bao = Bao::start();
    let top = bao.within("");
    top.namespace("team");
    let inner = bao.within("team");
    inner.mount("kv", 2);
    inner.asks("POST", "kv/data/web", &json!({"data": key(OLD)}));
    let settings = "version: 2, mount: kv, namespace: team, token: { env: TOKEN }";
    let scene = scene(&store(&bao, settings), &[named("web", "web", "")]);
    let before = audited(&scene, &bao);
    let expected = "`vault kv patch -method=rw -namespace=team -mount=kv web api_key=@FILE`";
    assert!(before.remedy.contains(expected), "{before:?}");
    run(&before.remedy, &scene, &bao);
    assert_eq!(audited(&scene, &bao).verdict, "current");
}

/// What a person does where no command can.
type Deed<'d> = &'d dyn Fn(&Asker<'_>);

#[test]
#[ignore = "needs OpenBao"]
fn where_no_command_can_the_remedy_is_in_words() {
    let bao = Bao::start();
    fill(&bao);
    let top = bao.within("");
    top.put("pinned", &key(OLD)).put("pinned", &key(CURRENT));
    top.put("pinned-only", &key(OLD));
    top.put("odd", &json!({"a=b": OLD, "@c": OLD}));
    top.put(
        "document",
        &json!({"api_key": json!({"key": OLD, "url": "u"}).to_string()}),
    );
    let nothing = |_: &Asker<'_>| {};
    let shared = |top: &Asker<'_>| {
        top.asks("POST", "old/shared", &key(CURRENT));
    };
    let pinned = |top: &Asker<'_>| {
        top.put("pinned-only", &key(CURRENT));
    };
    let odd = |top: &Asker<'_>| {
        top.put("odd", &json!({"a=b": CURRENT, "@c": CURRENT}));
    };
    let document = |top: &Asker<'_>| {
        let text = json!({"key": CURRENT, "url": "u"}).to_string();
        top.put("document", &json!({"api_key": text}));
    };
    let hop = |path: &str, more: &str| named("web", path, more);
    let cases: [(&str, String, &[&str], Deed<'_>, String); 6] = [
        (
            "version 1 with other fields",
            hop("shared", ", mount: old"),
            &[
                "together with its other fields",
                "what `bao kv put` leaves out is lost",
            ],
            &shared,
            hop("shared", ", mount: old"),
        ),
        (
            "pinned, and the latest version holds the key",
            hop("pinned", ", version: 1"),
            &["no write changes version 1: leave `version` out"],
            &nothing,
            hop("pinned", ""),
        ),
        (
            "pinned, and no version holds the key",
            hop("pinned-only", ", version: 1"),
            &[
                "no write changes version 1: leave `version` out",
                "unless the latest one holds it",
            ],
            &pinned,
            hop("pinned-only", ""),
        ),
        (
            "a field that the tool would read otherwise",
            hop("odd", "").replace("api_key", "a=b"),
            &["write the current key as a=b at odd in the mount secret"],
            &odd,
            hop("odd", "").replace("api_key", "a=b"),
        ),
        (
            "another one",
            hop("odd", "").replace("api_key", "'@c'"),
            &["write the current key as @c at odd in the mount secret"],
            &odd,
            hop("odd", "").replace("api_key", "'@c'"),
        ),
        (
            "a part of what the field holds",
            hop("document", "").replace(" } } ] }", " }, extract: { json: /key } } ] }"),
            &["the member /key"],
            &document,
            hop("document", "").replace(" } } ] }", " }, extract: { json: /key } } ] }"),
        ),
    ];
    for (name, hop, words, deed, mended) in cases {
        top.put("odd", &json!({"a=b": OLD, "@c": OLD}));
        let before = audited(&scene(&with_token(&bao), &[hop]), &bao);
        assert_eq!(before.verdict, "stale", "{name}: {before:?}");
        assert_eq!(command(&before.remedy, "FILE"), None, "{name}");
        for words in words {
            assert!(before.remedy.contains(words), "{name}: {before:?}");
        }
        deed(&top);
        let after = audited(&scene(&with_token(&bao), &[mended]), &bao);
        assert_eq!(after.verdict, "current", "{name}: {after:?}");
    }
}

#[test]
#[ignore = "needs OpenBao"]
fn a_path_with_the_data_of_the_api_is_corrected_and_then_written_to() {
    let bao = Bao::start();
    let top = bao.within("");
    top.put("there", &key(CURRENT))
        .put("stale", &key(OLD))
        .put("gone", &key(CURRENT));
    top.asks("DELETE", "secret/data/gone", &Value::Null);
    for (path, expected) in [
        (
            "there",
            "bao kv patch -method=rw -mount=secret there api_key=@FILE",
        ),
        (
            "stale",
            "bao kv patch -method=rw -mount=secret stale api_key=@FILE",
        ),
        ("gone", "bao kv put -cas=1 -mount=secret gone api_key=@FILE"),
        (
            "absent",
            "bao kv put -cas=0 -mount=secret absent api_key=@FILE",
        ),
    ] {
        let wrong = scene(
            &with_token(&bao),
            &[named("web", &format!("data/{path}"), "")],
        );
        let before = audited(&wrong, &bao);
        assert_eq!(before.verdict, "missing", "{before:?}");
        assert!(
            before.remedy.starts_with("leave the `data/` out of `path`"),
            "{before:?}"
        );
        assert!(before.remedy.contains(expected), "{before:?}");
        let right = scene(&with_token(&bao), &[named("web", path, "")]);
        // Where the key is there already, that is all.
        if path != "there" {
            run(&before.remedy, &right, &bao);
        }
        assert_eq!(audited(&right, &bao).verdict, "current", "{path}");
    }
}

#[test]
#[ignore = "needs OpenBao"]
fn a_file_with_a_line_end_is_what_the_remedy_warns_of() {
    let bao = Bao::start();
    bao.within("").put("web", &key(OLD));
    let scene = scene(&with_token(&bao), &[named("web", "web", "")]);
    let remedy = audited(&scene, &bao).remedy;
    assert!(
        remedy.contains("from a file without a trailing newline"),
        "{remedy}"
    );
    let file = scene.path("with-line-end");
    fs::write(&file, format!("{CURRENT}\n")).unwrap();
    let command = command(&remedy, file.to_str().unwrap()).unwrap();
    assert!(bao.shell(&command).status.success());
    assert_eq!(audited(&scene, &bao).verdict, "malformed");
}
