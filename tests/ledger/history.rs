//! What the ledger tells of the past.

use jiff::{SignedDuration, Timestamp};
use straggler::inventory::Inventory;
use straggler::ledger::{Converged, Ledger, Retired, Span};
use straggler::verdict::{Stage, Verdict};

use super::ground::Ground;
use super::scene::{self, LOG, Scene, TARGETS, checkout, conclusion, print};

/// `0 current 9:01-` is the first hop, current from 9:01 on.
fn told(spans: &[Span]) -> Vec<String> {
    let clock = |time: Timestamp| time.strftime("%-H:%M").to_string();
    let span = |span: &Span| {
        let until = span.until.map(clock).unwrap_or_default();
        format!(
            "{} {} {}-{until}",
            span.hop,
            span.verdict,
            clock(span.since)
        )
    };
    spans.iter().map(span).collect()
}

async fn past(ledger: &Ledger, name: &str) -> Vec<String> {
    told(&ledger.past(name, None).await.unwrap())
}

pub async fn an_unchanged_audit_adds_an_audit_alone(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    for _ in 0..5 {
        scene.night(&ledger).await;
    }
    assert_eq!(ledger.audits(99).await.unwrap().len(), 5);
    assert_eq!(
        past(&ledger, "api").await,
        ["0 current 9:01-", "1 current 9:01-"]
    );
}

pub async fn the_past_of_a_deployment_is_told_hop_by_hop(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.night(&ledger).await;
    scene.hold("api.env", "odd");
    scene.night(&ledger).await;
    scene.night(&ledger).await;
    scene.hold("api.env", "odder");
    scene.night(&ledger).await;
    scene.hold("api.env", "one");
    scene.night(&ledger).await;
    let expected = [
        "0 current 9:01-",
        "1 current 9:01-9:02",
        "1 unknown 9:02-9:04",
        "1 unknown 9:04-9:05",
        "1 current 9:05-",
    ];
    for name in ["api", "api (production)"] {
        assert_eq!(past(&ledger, name).await, expected);
    }
    let spans = ledger.past("api", Some("checkout")).await.unwrap();
    assert_eq!(spans[2].fingerprint, Some(print("odd")));
    assert_eq!(
        (&*spans[2].source, spans[2].stage),
        ("dotenv", Stage::Config)
    );
    assert!(
        spans[2].location.ends_with("api.env#KEY"),
        "{}",
        spans[2].location
    );
    assert!(ledger.past("api", Some("shop")).await.unwrap().is_empty());
    assert!(ledger.past("nobody", None).await.unwrap().is_empty());
}

pub async fn a_rotation_is_followed_stage_by_stage(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    // One of them runs.
    let run = "{ command: { argv: [cat, web.env], stage: running } }";
    let targets = TARGETS.replace("{ dotenv: { path: web.env } }", run);
    scene.targets(&targets);
    let hold_running = |name: &str| scene.write("web.env", &print(name).to_string());
    hold_running("one");
    scene.night(&ledger).await;

    scene.reference("two");
    scene.night(&ledger).await;
    scene.wait(9);
    scene.hold("api.env", "two");
    scene.night(&ledger).await;
    scene.wait(9);
    scene.hold("api.store", "two");
    scene.night(&ledger).await;
    scene.wait(9);
    let stages = async || {
        let rotations = ledger.rotations(Some("checkout")).await.unwrap();
        assert_eq!(rotations.len(), 2);
        assert_eq!(rotations[0].until, Some(rotations[1].reign.first_seen));
        rotations[1].stages.clone()
    };
    let minutes = |minutes| Some(SignedDuration::from_mins(minutes));
    let config = Converged {
        stage: Stage::Config,
        hops: 2,
        left: 0,
        unseen: 0,
        took: minutes(20),
    };
    let running = Converged {
        stage: Stage::Running,
        hops: 1,
        left: 1,
        unseen: 0,
        took: None,
    };
    assert_eq!(stages().await, [config.clone(), running.clone()]);
    hold_running("two");
    scene.night(&ledger).await;
    let arrived = Converged {
        left: 0,
        took: minutes(30),
        ..running
    };
    assert_eq!(stages().await, [config, arrived]);
}

pub async fn a_hop_that_moved_is_another_one(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.night(&ledger).await;
    scene.targets(&TARGETS.replace("web.env", "web2.env"));
    scene.hold("web2.env", "one");
    scene.night(&ledger).await;
    let spans = ledger.past("web", None).await.unwrap();
    assert_eq!(told(&spans), ["0 current 9:01-9:02", "0 current 9:02-"]);
    assert!(spans[1].location.contains("web2.env"));
    // And back.
    scene.targets(TARGETS);
    scene.night(&ledger).await;
    let expected = [
        "0 current 9:01-9:02",
        "0 current 9:02-9:03",
        "0 current 9:03-",
    ];
    assert_eq!(past(&ledger, "web").await, expected);
    // A shorter route.
    scene.targets(&TARGETS.replace("{ file: { path: api.store } }, ", ""));
    scene.night(&ledger).await;
    let open = ledger.past("api", None).await.unwrap();
    let open: Vec<_> = open
        .into_iter()
        .filter(|span| span.until.is_none())
        .collect();
    assert_eq!(told(&open), ["0 current 9:04-"]);
}

pub async fn what_a_place_held_is_known_when_it_has_left(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    let holds = async || {
        let places = ledger.places(&scene.inventory()).await.unwrap();
        let at = |file: &str| {
            let place = places.iter().find(|place| place.location.contains(file));
            place.unwrap().holds.clone()
        };
        [at("api.store"), at("web.env")]
    };
    scene.night(&ledger).await;
    let one = Some(vec![print("one")]);
    assert_eq!(holds().await, [one.clone(), one.clone()]);
    // Nobody can say what an unknown value is.
    scene.hold("web.env", "odd");
    scene.night(&ledger).await;
    assert_eq!(holds().await, [one.clone(), None]);
    // What a damaged key is of is known, and an empty file holds what was last seen there.
    scene.write("web.env", "KEY=\n");
    scene.write("api.store", &format!("'{}'", scene::key("one")));
    scene.night(&ledger).await;
    let [damaged, empty] = holds().await;
    assert!(damaged.unwrap().contains(&print("one")));
    assert_eq!(empty, None);
    scene.hold("web.env", "one");
    scene.night(&ledger).await;
    assert_eq!(holds().await[1], one);
    scene.write("web.env", "KEY=\n");
    scene.night(&ledger).await;
    assert_eq!(holds().await[1], one);
    scene.hold("web.env", "one");
    scene.night(&ledger).await;
    // Off the route, and long ago.
    scene.targets(&TARGETS.replace("web.env", "web2.env"));
    scene.hold("web2.env", "one");
    scene.wait(1000 * 24 * 60);
    scene.night(&ledger).await;
    ledger
        .retain(std::time::Duration::from_secs(1), scene.now())
        .await
        .unwrap();
    assert_eq!(holds().await[1], one);
    ledger
        .retire(&scene.inventory(), None, "web", scene.now())
        .await
        .unwrap();
    let mut without = scene.inventory();
    without.deployments.retain(|one| *one.name != *"web");
    let places = ledger.places(&without).await.unwrap();
    assert!(
        places
            .iter()
            .all(|place| &*place.name.title == "api (production)")
    );
}

pub async fn a_late_audit_changes_nothing(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.night(&ledger).await;
    scene.hold("web.env", "odd");
    scene.wait(1);
    let late = scene.audit(&ledger.recall().await.unwrap()).await;
    scene.hold("web.env", "one");
    scene.night(&ledger).await;
    ledger.record(&late, &conclusion(&late)).await.unwrap();
    assert_eq!(past(&ledger, "web").await, ["0 current 9:01-"]);
    assert_eq!(ledger.audits(99).await.unwrap().len(), 3);
    let known = ledger.deployments(None).await.unwrap();
    assert_eq!(known[1].verdict, Some(Verdict::Current));
    assert_eq!(known[1].last_seen, scene.now());
}

/// Audits of all and of a part by turns, as a nightly audit and a pipeline make them, more of them than sets are
/// kept.
pub async fn who_was_seen_when_is_told_by_sets_of_audits(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    let (all, api) = (
        TARGETS,
        &TARGETS[..TARGETS.find("  - { name: web").unwrap()],
    );
    let seen = async |name: &str| {
        let known = ledger.deployments(None).await.unwrap();
        let mut named = known
            .into_iter()
            .filter(|known| known.name.title.starts_with(name));
        named.next().unwrap().last_seen
    };
    scene.night(&ledger).await;
    let first = scene.now();
    scene.targets(api);
    scene.night(&ledger).await;
    assert_eq!((seen("api").await, seen("web").await), (scene.now(), first));
    scene.targets(all);
    scene.night(&ledger).await;
    let both = scene.now();
    assert_eq!((seen("api").await, seen("web").await), (both, both));
    scene.targets(api);
    let audit = scene.night(&ledger).await;
    scene::told(&ledger, &audit, LOG).await;
    assert_eq!((seen("api").await, seen("web").await), (scene.now(), both));

    // Out of reach counts from the third time on, whichever audits saw it.
    scene.lose("api.env");
    let mut news = Vec::new();
    for yaml in [all, api, all, api] {
        scene.targets(yaml);
        let audit = scene.night(&ledger).await;
        let told = scene::told(&ledger, &audit, LOG).await;
        news.push(told.iter().filter(|told| told.contains("api")).count());
    }
    assert_eq!(news, [0, 0, 1, 0]);
    // Another one changes meanwhile: what a set was is not taken for what it is.
    scene.targets(all);
    scene.night(&ledger).await;
    scene.find("api.env");
    scene.hold("api.env", "one");
    scene.targets(api);
    scene.night(&ledger).await;
    scene.lose("api.env");
    scene.targets(all);
    scene.night(&ledger).await;
    let spans = past(&ledger, "api").await;
    assert_eq!(spans.len(), 5, "{spans:?}");

    for number in 0..60 {
        let more = format!(
            "{all}  - {{ name: more{number}, project: checkout, route: [ {{ dotenv: {{ path: web.env }} }} ] }}\n"
        );
        scene.targets(&more);
        scene.night(&ledger).await;
    }
    assert_eq!(
        seen("more0 ").await,
        seen("more59").await - SignedDuration::from_mins(59)
    );
    assert_eq!(seen("web").await, scene.now());
}

pub async fn a_project_that_is_retired_is_no_more_until_it_is_seen_again(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.night(&ledger).await;
    let is_retired = async || ledger.recall().await.unwrap().is_retired(&checkout());
    let retire = async |inventory: &Inventory, environment| {
        let retired = ledger.retire_project(inventory, "checkout", environment, scene.now());
        retired.await.unwrap()
    };
    // What targets.yaml names stays, and so does who has no key of this environment.
    let inventory = scene.inventory();
    assert_eq!(
        retire(&inventory, Some("staging")).await,
        Retired::default()
    );
    assert!(!is_retired().await);
    let mut without = scene.inventory();
    without.deployments.retain(|one| *one.name != *"web");
    let retired = retire(&without, None).await;
    assert_eq!(retired.owners, [checkout()]);
    let titles: Vec<_> = retired.names.iter().map(|name| &*name.title).collect();
    assert_eq!(titles, ["web (production)"]);
    assert!(is_retired().await);
    scene.night(&ledger).await;
    assert!(!is_retired().await);
}

pub async fn what_is_retired_is_no_more_until_it_is_seen_again(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.night(&ledger).await;
    scene.wait(4);
    let retire = async |project, name| {
        let inventory = scene.inventory();
        let retired = ledger.retire(&inventory, project, name, scene.now());
        let retired = retired.await.unwrap();
        assert_eq!(retired.elsewhere, []);
        retired
            .names
            .iter()
            .map(|name| name.title.to_string())
            .collect::<Vec<_>>()
    };
    let nobody: [&str; 0] = [];
    assert_eq!(retire(None, "nobody").await, nobody);
    assert_eq!(retire(Some("shop"), "web").await, nobody);
    assert_eq!(retire(Some("checkout"), "web").await, ["web (production)"]);
    assert_eq!(retire(None, "api (production)").await, ["api (production)"]);
    let known = ledger.deployments(Some("checkout")).await.unwrap();
    assert!(
        known
            .iter()
            .all(|known| known.retired_at == Some(scene.now()))
    );
    assert_eq!(past(&ledger, "web").await, ["0 current 9:01-9:05"]);

    scene.night(&ledger).await;
    let known = ledger.deployments(None).await.unwrap();
    assert!(known.iter().all(|known| known.retired_at.is_none()));
    assert_eq!(
        past(&ledger, "web").await,
        ["0 current 9:01-9:05", "0 current 9:06-"]
    );
}
