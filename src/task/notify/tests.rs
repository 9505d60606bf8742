//! What receivers are told, word for word.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Message, due, schema};
use crate::audit::Audit;
use crate::gate::testing::{Scene, at, current, failed, foreign, hop, missing, revoked, stale};
use crate::inventory::{Means, Receiver, Site};
use crate::judge::Warning;
use crate::key::Fingerprint;
use crate::ledger::{Change, ChangeKind, Changes, Name};
use crate::platform::Credential;
use crate::verdict::Verdict;

/// Two projects, one deployment of each verdict that matters, and one that another team has.
fn audit() -> Audit {
    Scene::new()
        .project("checkout")
        .project("shop")
        .deploy(
            "api",
            [
                hop("vault", [current()]).location("vault:secret/checkout#api_key"),
                hop("process", [stale(0).of("1"), current().of("2")]),
            ],
        )
        .deploy("dead", [hop("process", [revoked()])])
        .deploy("fine", [hop("process", [current()])])
        .deploy("dark", [hop("process", [failed()])])
        .deploy("cart", [hop("process", [missing()])])
        .declared(|deployment| {
            deployment.project = crate::keyring::ProjectId(1);
            deployment.owner = Some("growth".into());
        })
        .audit()
}

fn change(
    kind: ChangeKind,
    audit: &Audit,
    outcome: usize,
    before: impl Into<Option<Verdict>>,
) -> Change {
    let judged = &audit.deployments[outcome];
    let deployment = &audit.inventory.deployments[judged.deployment as usize];
    let project = &audit.inventory.project(deployment.project).name;
    Change {
        kind,
        name: Name::of(project, deployment),
        outcome: Some(outcome),
        before: before.into(),
        now: Some(judged.verdict),
    }
}

fn gone(project: &str, title: &str, before: Verdict) -> Change {
    Change {
        kind: ChangeKind::Gone,
        name: Name {
            project: project.into(),
            title: title.into(),
        },
        outcome: None,
        before: Some(before),
        now: None,
    }
}

fn receiver(owner: Option<&str>, project: Option<&str>) -> Receiver {
    Receiver {
        name: "slack".into(),
        means: Means::Slack {
            url: Credential::Env("SLACK_WEBHOOK".into()),
        },
        owner: owner.map(Arc::from),
        project: project.map(Arc::from),
        site: Site::default(),
    }
}

fn everything(audit: &Audit) -> Vec<Change> {
    vec![
        change(ChangeKind::New, audit, 0, None),
        change(ChangeKind::Worse, audit, 1, Verdict::Stale),
        change(ChangeKind::Better, audit, 2, Verdict::Stale),
        change(ChangeKind::New, audit, 3, Verdict::Current),
        change(ChangeKind::New, audit, 4, Verdict::Missing),
        gone("shop", "mail (production)", Verdict::Unknown),
    ]
}

fn message(audit: &Audit, changes: &[Change]) -> Option<Message> {
    Message::of(audit, &listed(changes), &receiver(None, None))
}

fn listed(changes: &[Change]) -> Changes {
    Changes {
        list: changes.to_vec(),
        ..Changes::default()
    }
}

const IN_ALL: &str = "in all 1 of 5 deployments current, 5 of 6 hops read, 5 proven; exit 1";

#[test]
fn people_read_a_sum_and_then_the_worst_first() {
    let audit = audit();
    let told = message(&audit, &everything(&audit)).unwrap();
    assert_eq!(
        told.text(),
        format!(
            "checkout, shop: 1 now revoked, 1 new stale, 1 new missing, 1 new unreachable, 1 better, 1 \
             gone; {IN_ALL}
worse  revoked  dead (production) of checkout  was stale; at process:dead: holds the previous key, 1 \
             rotation behind, replaced 2026-11-20; events are being lost now: the key is refused, after \
             which the Python SDK stays off until the process restarts and the Rust SDK drops every event; \
             restart it: systemctl restart dead.service
new  stale  api (production) of checkout  at process:api: 1 of 2 processes holds the previous key, 1 \
             rotation behind, replaced 2026-11-20; process 1; 1 current; restart it: systemctl restart \
             api.service
new  missing  cart (production) of shop  at process:cart: does not have the key; restart it: \
             systemctl restart cart.service; or correct the hop if it names the wrong place
new  unreachable  dark (production) of checkout  was current; at process:dark: could not be read: denied: secret/data/shop: 403 \
             permission denied; grant read on secret/data/shop
better  current  fine (production) of checkout  was stale
gone  mail (production) of shop  was unknown; targets.yaml does not name it anymore"
        )
    );
}

#[test]
fn a_receiver_is_told_of_its_own_deployments() {
    let audit = audit();
    let changes = everything(&audit);
    for (owner, project, told) in [
        (Some("growth"), None, Some("shop: 1 new missing, 1 gone")),
        (
            Some("payments"),
            Some("checkout"),
            Some("checkout: 1 now revoked, 1 new stale, 1 new unreachable, 1 better"),
        ),
        (Some("growth"), Some("checkout"), None),
        (None, Some("mail"), None),
        (Some("nobody"), Some("checkout"), None),
    ] {
        let message = Message::of(&audit, &listed(&changes), &receiver(owner, project));
        let text = message.as_ref().map(Message::text);
        assert_eq!(
            text.and_then(|text| text.split("; in all").next()),
            told,
            "{owner:?} {project:?}"
        );
    }
    assert!(message(&audit, &[]).is_none());
}

#[test]
fn while_a_rotation_is_young_only_what_is_gone_is_told() {
    let mut audit = audit();
    let changes = everything(&audit);
    audit.inventory.grace = Duration::from_secs(900);
    audit.projects[1].rotated_at = None;
    for (rotated_at, held) in [
        ("2026-11-23T11:45:01Z", true),
        ("2026-11-23T12:00:30Z", true),
        ("2026-11-23T11:45:00Z", false),
        ("2026-11-20T09:00:00Z", false),
    ] {
        audit.projects[0].rotated_at = Some(at(rotated_at));
        let (told, waiting) = due(&audit, listed(&changes));
        let (held, names) = if held { (4, 4) } else { (0, 0) };
        assert_eq!(
            (told.held_back, waiting.len()),
            (held, names),
            "{rotated_at}"
        );
        assert_eq!(told.list, changes[held..], "{rotated_at}");
    }
    audit.projects[0].rotated_at = Some(at("2026-11-23T11:59:00Z"));
    let (told, _) = due(&audit, listed(&changes));
    let told = message(&audit, &told.list).unwrap();
    assert!(told.text().starts_with("shop: 1 new missing, 1 gone;"));
    audit.inventory.grace = Duration::ZERO;
    assert!(due(&audit, listed(&changes)).1.is_empty());
}

#[test]
fn a_reference_that_changed_is_told_though_all_follow_it() {
    let mut audit = audit();
    let checkout = crate::keyring::ProjectId(0);
    audit.warnings.push(Warning::ReferenceChanged {
        project: checkout,
        former: Fingerprint::of(b"former"),
        last_seen: at("2026-11-22T12:00:00Z"),
        returned: false,
        declared: None,
    });
    let now = audit.projects[0].held.unwrap();
    let changes = Changes {
        references: vec![checkout],
        ..Changes::default()
    };
    let told = Message::of(&audit, &changes, &receiver(None, None)).unwrap();
    let text = told.text();
    assert!(text.starts_with(&format!("checkout: 1 changed reference; {IN_ALL}\nthe reference of checkout changed: it was sha256:")), "{text}");
    assert!(
        text.contains("`straggler history confirm checkout`"),
        "{text}"
    );
    let value: Value = serde_json::from_slice(&told.json().unwrap()).unwrap();
    assert_eq!(value["summary"]["changes"]["references"], 1);
    assert_eq!(value["references"][0]["project"], "checkout");
    assert_eq!(value["references"][0]["now"], now.to_string());
    for (owner, project, is_told) in [
        (None, Some("checkout"), true),
        (None, Some("shop"), false),
        (Some("growth"), None, false),
    ] {
        let message = Message::of(&audit, &changes, &receiver(owner, project));
        assert_eq!(message.is_some(), is_told, "{owner:?} {project:?}");
    }
}

#[test]
fn whoever_is_told_for_the_first_time_is_told_so() {
    let audit = audit();
    let changes = Changes {
        first: true,
        ..listed(&everything(&audit))
    };
    let first = Message::of(&audit, &changes, &receiver(None, None)).unwrap();
    let first_line = first.text().lines().next().unwrap();
    assert!(
        first_line.ends_with("; nothing was told before to compare with"),
        "{first_line}"
    );
    for (told, expected) in [
        (&first, true),
        (&message(&audit, &changes.list).unwrap(), false),
    ] {
        let value: Value = serde_json::from_slice(&told.json().unwrap()).unwrap();
        assert_eq!(value["first"], expected);
    }
}

#[test]
fn programs_are_told_every_field_by_the_schema() {
    let audit = audit();
    let told = message(&audit, &everything(&audit)).unwrap();
    let value: Value = serde_json::from_slice(&told.json().unwrap()).unwrap();
    let mut compiler = boon::Compiler::new();
    let mut schemas = boon::Schemas::new();
    let schema = serde_json::to_value(schema()).unwrap();
    compiler.add_resource("changes.json", schema).unwrap();
    let index = compiler.compile("changes.json", &mut schemas).unwrap();
    if let Err(error) = schemas.validate(&value, index) {
        panic!("{error:#}\n{value:#}");
    }
    assert_eq!(value["schema"], "straggler.changes/v1");
    assert_eq!(value["id"], told.delivery());
    assert_eq!(value["generated_at"], "2026-11-23T12:00:00Z");
    assert_eq!(value["text"], told.text());
    let summary = json!({
        "changes": {"new": 3, "worse": 1, "better": 1, "gone": 1, "references": 0},
        "left_out": 0,
        "deployments": 5,
        "verdicts": {"revoked": 1, "stale": 1, "missing": 1, "unreachable": 1, "current": 1},
        "coverage": {
            "hops": {"declared": 6, "selected": 6, "read": 5, "proven": 5},
            "readings": {"read": 6, "failed": 1, "proven": 6},
        },
        "exit_code": 1,
    });
    assert_eq!(value["summary"], summary);
    let stale = &value["changes"][1];
    assert_eq!(
        [&stale["kind"], &stale["project"], &stale["environment"]],
        ["new", "checkout", "production"]
    );
    assert_eq!(stale["deployment"], "api (production)");
    assert_eq!(
        [&stale["before"], &stale["now"]],
        [&Value::Null, &json!("stale")]
    );
    let hop = json!({"source": "process", "stage": "running", "location": "process:api"});
    assert_eq!(stale["hop"], hop);
    assert!(
        stale["fingerprint"]
            .as_str()
            .unwrap()
            .starts_with("sha256:")
    );
    let gone = &value["changes"][5];
    let bare = json!({
        "kind": "gone", "project": "shop", "environment": null, "deployment": "mail (production)",
        "before": "unknown", "now": null, "hop": null, "fingerprint": null, "message": null,
        "remedy": null,
    });
    assert_eq!(*gone, bare);
}

#[test]
fn a_message_has_one_id_and_no_other_has_it() {
    let audit = audit();
    let changes = everything(&audit);
    let id = |audit: &Audit, changes: &[Change], receiver: &Receiver| {
        let message = Message::of(audit, &listed(changes), receiver).unwrap();
        message.delivery().to_owned()
    };
    let all = receiver(None, None);
    let first = id(&audit, &changes, &all);
    assert_eq!(first.len(), 32);
    assert_eq!(first, id(&audit, &changes, &all));
    let reversed: Vec<_> = changes.iter().rev().cloned().collect();
    assert_eq!(first, id(&audit, &reversed, &all));
    assert_ne!(first, id(&audit, &changes[1..], &all));
    let other = Receiver {
        name: "other".into(),
        ..receiver(None, None)
    };
    assert_ne!(first, id(&audit, &changes, &other));
    let mut later = super::tests::audit();
    later.generated_at += Duration::from_millis(1);
    assert_ne!(first, id(&later, &changes, &all));
}

#[test]
fn a_flood_is_cut_and_counted() {
    let mut scene = Scene::new().project("shop");
    for number in 0..1_200 {
        scene = scene.deploy(&format!("web-{number}"), [hop("process", [stale(0)])]);
    }
    let audit = scene.audit();
    let changes: Vec<_> = (0..1_200)
        .map(|index| change(ChangeKind::New, &audit, index, None))
        .collect();
    let told = message(&audit, &changes).unwrap();
    assert!(
        told.text()
            .starts_with("shop: 1200 new stale; in all 0 of 1200")
    );
    assert_eq!(told.text().lines().count(), 22);
    assert!(told.text().ends_with("\nand 1180 more"));
    let value: Value = serde_json::from_slice(&told.json().unwrap()).unwrap();
    assert_eq!(value["changes"].as_array().unwrap().len(), 1_000);
    assert_eq!(value["summary"]["left_out"], 200);
    assert_eq!(value["summary"]["changes"]["new"], 1_200);
    let slack: Value = serde_json::from_slice(&told.slack().unwrap()).unwrap();
    let text = slack["text"].as_str().unwrap();
    assert!(text.chars().count() < 4_000);
    let shown = text.lines().filter(|line| line.starts_with("new ")).count();
    assert!(shown > 5 && text.ends_with(&format!("and {} more\n```", 1_200 - shown)));
}

#[test]
fn names_from_outside_are_harmless_everywhere() {
    let audit = Scene::new()
        .project("a\u{1b}[2J<!here>")
        .deploy(
            "x\n<!channel>```@here",
            [hop("process", [foreign(0).noted("n\u{202e}\u{7}")]).location("p:\u{1b}]8;;<x|y>")],
        )
        .audit();
    let changes = [
        change(ChangeKind::New, &audit, 0, None),
        gone("a\u{1b}[2J<!here>", "y\r<@U1>", Verdict::Stale),
    ];
    let told = message(&audit, &changes).unwrap();
    assert!(
        !told
            .text()
            .contains(|c: char| crate::text::acts(c) && c != '\n')
    );
    assert_eq!(told.text().lines().count(), 3);
    let json = String::from_utf8(told.json().unwrap()).unwrap();
    // serde would have written the character as `\u001b`; the backslash of the escaped text is doubled.
    assert!(
        json.contains(r"\\u{1b}[2J") && !json.contains(r"\u001b"),
        "{json}"
    );
    let slack: Value = serde_json::from_slice(&told.slack().unwrap()).unwrap();
    let text = slack["text"].as_str().unwrap();
    assert!(!text.contains(['<', '>']), "{text}");
    assert_eq!(text.matches("```").count(), 2, "{text}");
    assert!(!text.contains(|c: char| crate::text::acts(c) && c != '\n'));
}
