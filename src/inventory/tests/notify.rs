//! Who is told, and what is remembered.

use std::path::Path;
use std::time::Duration;

use super::{DEPLOYMENT, PROJECT, World};
use crate::inventory::{Inventory, LedgerAt, LedgerSettings, Means};
use crate::platform::Credential;
use crate::platform::deliver::Target;

fn with(top: &str) -> World {
    World::of(&format!("{PROJECT}{top}\n{DEPLOYMENT}"))
}

fn names(inventory: &Inventory) -> Vec<&str> {
    let receivers = inventory.notify.iter();
    receivers.map(|receiver| &*receiver.name).collect()
}

#[test]
fn nobody_is_told_and_audits_are_kept_for_400_days_unless_said() {
    let inventory = with("").inventory();
    assert!(inventory.notify.is_empty() && inventory.heartbeat.is_none());
    assert_eq!(inventory.grace, Duration::ZERO);
    let kept = LedgerSettings {
        at: None,
        retention: Duration::from_hours(24 * 400),
    };
    assert_eq!(inventory.ledger, kept);
}

#[test]
fn all_that_can_be_said() {
    let top = "notify:
- slack: { url: { file: slack.url } }
- { webhook: { url: 'https://${env.HOST}/a', secret: { env: S } }, project: shop }
- { name: webhook-2, webhook: { url: { env: HOOK } } }
- { webhook: { url: 'http://127.0.0.1:9/x' } }
- command: { argv: [page, '${env.HOST}'] }
heartbeat: { url: { env: BEAT } }
grace: 1h30m
ledger: { at: state/ledger.db, retention: 90d }";
    let text = format!("{PROJECT}{top}\n{DEPLOYMENT}");
    let inventory = World::of(&text)
        .set("HOST", "hooks.example.com")
        .inventory();
    assert_eq!(
        names(&inventory),
        ["slack", "webhook", "webhook-2", "webhook-3", "command"]
    );
    let means: Vec<_> = inventory.notify.iter().map(|one| &one.means).collect();
    let Means::Slack { url } = means[0] else {
        panic!("no slack")
    };
    assert!(*url == Credential::File(Path::new("slack.url").into()));
    let Means::Webhook { url, secret } = means[1] else {
        panic!("no webhook")
    };
    assert!(*url == Target::Url("https://hooks.example.com/a".into()));
    assert!(*secret == Some(Credential::Env("S".into())));
    let Means::Webhook { url, secret } = means[2] else {
        panic!("no webhook")
    };
    assert!(*url == Target::Credential(Credential::Env("HOOK".into())) && secret.is_none());
    let Means::Command { argv, .. } = means[4] else {
        panic!("no command")
    };
    assert_eq!(&*argv[1], "hooks.example.com");
    assert_eq!(inventory.notify[1].project.as_deref(), Some("shop"));
    let beat = inventory.heartbeat.unwrap().url;
    assert!(beat == Target::Credential(Credential::Env("BEAT".into())));
    assert_eq!(inventory.grace, Duration::from_secs(5_400));
    let at = LedgerAt::Path(Path::new("state/ledger.db").into());
    assert_eq!(inventory.ledger.at, Some(at));
    assert_eq!(inventory.ledger.retention, Duration::from_hours(24 * 90));
    let shared = with("ledger: { at: { env: LEDGER_URL } }").inventory();
    assert_eq!(shared.ledger.at, Some(LedgerAt::Env("LEDGER_URL".into())));
}

#[test]
fn what_is_expanded_says_the_same() {
    let top = "grace: 15m
inventory: 'shop of ${env.HOST}'
notify: [{ command: { argv: [page, '${env.HOST}'] } }]
ledger: { at: x.db }";
    let text = format!("{PROJECT}{top}\n{DEPLOYMENT}");
    let world = World::of(&text).set("HOST", "h");
    let written = world
        .expand()
        .unwrap_or_else(|problems| panic!("{problems}"));
    assert!(!written.contains("env.HOST"), "{written}");
    let again = World::of(&written).inventory();
    assert_eq!(names(&again), ["command"]);
    assert_eq!(again.grace, Duration::from_secs(900));
    assert_eq!(again.ledger, world.inventory().ledger);
    assert_eq!(again.identity.name.as_deref(), Some("shop of h"));
    assert_eq!(world.inventory().identity.name, again.identity.name);
}

#[test]
fn every_mistake_has_its_words() {
    const SLACK: &str = "slack: { url: { env: A } }";
    let mut wrong = Vec::new();
    for (top, expected) in [
        (
            "notify: { slack: 1 }".to_owned(),
            "targets.yaml:3:9: expected a list of receivers, found a map",
        ),
        (
            "notify: [slack]".to_owned(),
            "targets.yaml:3:10: expected a map with one of `slack`, `webhook` and `command`, found a \
             string",
        ),
        (
            "notify: [{ name: x }]".to_owned(),
            "targets.yaml:3:10: expected one of `slack`, `webhook`, `command`, found 0",
        ),
        (
            "notify: [{ slak: { url: { env: A } } }]".to_owned(),
            "targets.yaml:3:12: unknown key `slak`: expected one of `name`, `owner`, `project`, `slack`, \
             `webhook`, `command`; did you mean `slack`?",
        ),
        (
            "notify: [{ slack: { url: 'https://hooks.slack.com/services/T0/B0/x' } }]".to_owned(),
            "targets.yaml:3:26: expected a reference to the credential: { env: NAME }, { file: PATH } or \
             { command: [PROGRAM, ARGUMENT] }; never the credential itself",
        ),
        (
            "notify: [{ webhook: { url: 'http://hooks.example.com/x' } }]".to_owned(),
            "targets.yaml:3:21: expected a URL that starts with https://, or one of this very host",
        ),
        (
            "notify: [{ webhook: { url: 'https://u:p@hooks.example.com/x' } }]".to_owned(),
            "targets.yaml:3:21: expected a URL without a user or password: a credential belongs into \
             `headers`",
        ),
        (
            "notify: [{ command: { argv: [] } }]".to_owned(),
            "targets.yaml:3:21: expected a program and its arguments in `argv`",
        ),
        (
            format!("notify: [{{ {SLACK}, project: shpo }}]"),
            "targets.yaml:3:49: no project is named `shpo`; did you mean `shop`?",
        ),
        (
            format!("notify: [{{ {SLACK}, owner: ana }}]"),
            "targets.yaml:3:10: no deployment has the owner `ana`",
        ),
        (
            format!("notify: [{{ {SLACK}, name: a }}, {{ {SLACK}, name: a }}]"),
            "targets.yaml:3:51: receiver `a` is declared twice: first at targets.yaml:3:10",
        ),
        (
            "heartbeat: https://example.com".to_owned(),
            "targets.yaml:3:12: expected a map, found a string",
        ),
        (
            "heartbeat: { url: 'ftp://example.com' }".to_owned(),
            "targets.yaml:3:12: expected a URL that starts with https:// or http://",
        ),
        (
            "grace: 15".to_owned(),
            "targets.yaml:3:8: expected a duration such as `15m`, `2h` or `400d`",
        ),
        (
            "grace: 40d".to_owned(),
            "targets.yaml:3:8: expected more than nothing and no more than 31 days",
        ),
        (
            "ledger: { at: 'postgres://u:p@db/x' }".to_owned(),
            "targets.yaml:3:15: expected a path; give the URL of a server by a variable: { env: NAME }",
        ),
        (
            "inventory: ''".to_owned(),
            "targets.yaml:3:12: expected a name, found an empty string",
        ),
        (
            "inventry: shop".to_owned(),
            "targets.yaml:3:1: unknown key `inventry`: expected one of `version`, `include`, `inventory`, \
             `fingerprint_digits`, `notify`, `heartbeat`, `grace`, `ledger`, `projects`, `stores`, `routes`, \
             `defaults`, `deployments`; did you mean `inventory`?",
        ),
        (
            "ledger: { retention: 0d }".to_owned(),
            "targets.yaml:3:22: expected more than nothing and no more than 36600 days",
        ),
    ] {
        let said = with(&top).problems();
        if said != expected {
            wrong.push(format!("{top}\n said     {said}\n expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn only_the_main_file_says_who_is_told() {
    let team = "notify: []\nheartbeat: { url: 'https://x.example' }\ngrace: 1m\nledger: {}\ninventory: x\n";
    let main = format!("{PROJECT}include: [a.yaml]\n{DEPLOYMENT}");
    let said = World::of(&main).with("a.yaml", team).problems();
    for (line, name) in [
        (1, "notify"),
        (2, "heartbeat"),
        (3, "grace"),
        (4, "ledger"),
        (5, "inventory"),
    ] {
        let told = said
            .lines()
            .any(|said| said.starts_with(&format!("a.yaml:{line}:")) && said.contains(name));
        assert!(told, "{name}: {said}");
    }
}
