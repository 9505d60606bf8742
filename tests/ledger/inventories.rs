//! Several targets.yaml on one ledger.

use std::fs;

use straggler::key::Fingerprint;
use straggler::ledger::{Acceptance, Ledger, Recognized};

use super::ground::Ground;
use super::scene::{LOG, Scene, TARGETS, print, told};
use super::upkeep::{acceptance, with_words_of_nobody};

const NOTHING: [&str; 0] = [];

/// The same projects, and other deployments.
fn others() -> String {
    TARGETS
        .replace("name: api", "name: mail")
        .replace("name: web", "name: cart")
}

fn named(name: &str, yaml: &str) -> String {
    format!("inventory: {name}\n{yaml}")
}

fn scene(ground: &Ground, folder: &str) -> Scene {
    let folder = ground.folder().join(folder);
    fs::create_dir_all(&folder).unwrap();
    Scene::new(&folder)
}

/// One of these deployments is bad, so that it will have been told of.
async fn begin(ledger: &Ledger, scene: &Scene, yaml: &str) -> Vec<String> {
    scene.targets(yaml);
    scene.hold("web.env", "odd");
    night(ledger, scene).await
}

async fn night(ledger: &Ledger, scene: &Scene) -> Vec<String> {
    let audit = scene.night(ledger).await;
    told(ledger, &audit, LOG).await
}

/// How it is known, which is told once.
async fn recognized(ledger: &Ledger, scene: &Scene) -> Recognized {
    ledger.enter(&scene.inventory()).await.unwrap()
}

pub async fn two_tell_nothing_of_each_other(ground: &Ground) {
    let ledger = ground.ledger().await;
    let (one, other) = (scene(ground, "one"), scene(ground, "other"));
    assert_eq!(begin(&ledger, &one, TARGETS).await, ["new web - unknown"]);
    assert_eq!(
        begin(&ledger, &other, &others()).await,
        ["new cart - unknown"]
    );
    for _ in 0..2 {
        assert_eq!(night(&ledger, &one).await, NOTHING);
        assert_eq!(night(&ledger, &other).await, NOTHING);
    }
    // Even where they mean two services by one name: each has its own stretches, and counts its own audits.
    let (east, west) = (scene(ground, "east"), scene(ground, "west"));
    let (east_yaml, west_yaml) = (named("east", TARGETS), named("west", TARGETS));
    assert_eq!(
        begin(&ledger, &east, &east_yaml).await,
        ["new web - unknown"]
    );
    west.targets(&west_yaml);
    assert_eq!(night(&ledger, &west).await, NOTHING);
    east.hold("web.env", "one");
    assert_eq!(night(&ledger, &east).await, NOTHING);
    for _ in 0..3 {
        assert_eq!(night(&ledger, &west).await, NOTHING);
    }
    assert_eq!(night(&ledger, &east).await, ["better web unknown current"]);
    let spans = ledger.past("web", None).await.unwrap();
    let open = spans.iter().filter(|span| span.until.is_none()).count();
    assert_eq!(open, 3, "{spans:#?}");
    // What one names no longer is gone there, and nowhere else.
    east.targets(east_yaml.split("  - { name: web").next().unwrap());
    assert_eq!(night(&ledger, &east).await, ["gone web current -"]);
    assert_eq!(night(&ledger, &west).await, NOTHING);
}

pub async fn what_another_one_knew_is_asked_for(ground: &Ground) {
    let ledger = ground.ledger().await;
    let (one, other) = (scene(ground, "one"), scene(ground, "other"));
    begin(&ledger, &one, &named("one", TARGETS)).await;
    other.targets(&named("other", &others()));
    night(&ledger, &other).await;
    let own = ledger.number_of(&other.inventory()).await.unwrap();
    let known = ledger.inventories().await.unwrap();
    let titles: Vec<_> = known.iter().map(|one| one.title().to_owned()).collect();
    assert_eq!(titles, ["one", "other"]);
    assert_eq!(own, Some(known[1].id));
    // Keys are the ledger's: both have one project, and one history of it.
    assert_eq!(ledger.recall().await.unwrap().reigns.len(), 2);
    let places = ledger.places(&one.inventory()).await.unwrap();
    let mine = places.iter().filter(|place| Some(place.inventory) == own);
    assert_eq!(mine.count(), 3);
    let web = places
        .iter()
        .find(|place| &*place.name.title == "web (production)");
    let web = web.unwrap();
    assert_eq!((web.inventory, web.is_on_route), (known[0].id, true));
    assert_eq!(web.holds, None);
    one.hold("web.env", "one");
    night(&ledger, &one).await;
    let places = ledger.places(&one.inventory()).await.unwrap();
    let web = places
        .iter()
        .find(|place| &*place.name.title == "web (production)");
    assert_eq!(web.unwrap().holds, Some(vec![print("one")]));
}

pub async fn a_name_is_the_same_wherever_the_file_is(ground: &Ground) {
    let ledger = ground.ledger().await;
    let yaml = named("shop", TARGETS);
    let first = scene(ground, "night1");
    assert_eq!(begin(&ledger, &first, &yaml).await, ["new web - unknown"]);
    // A checkout into a new folder, with an edit.
    let second = scene(ground, "night2");
    second.targets(yaml.split("  - { name: web").next().unwrap());
    second.wait(1);
    assert_eq!(recognized(&ledger, &second).await, Recognized::Well);
    assert_eq!(night(&ledger, &second).await, ["gone web unknown -"]);
    assert_eq!(ledger.inventories().await.unwrap().len(), 1);
}

pub async fn a_file_that_moved_is_known_by_what_it_names(ground: &Ground) {
    let ledger = ground.ledger().await;
    let first = scene(ground, "night1");
    assert_eq!(begin(&ledger, &first, TARGETS).await, ["new web - unknown"]);
    // A copy of it is another one, while both are there.
    let copy = scene(ground, "copy");
    let from = first.path("targets.yaml");
    let beside = vec![from.display().to_string()];
    assert_eq!(recognized(&ledger, &copy).await, Recognized::New { beside });
    assert_eq!(recognized(&ledger, &copy).await, Recognized::Well);
    fs::remove_file(&from).unwrap();
    let second = scene(ground, "night2");
    second.hold("web.env", "odd");
    second.wait(1);
    assert_eq!(
        recognized(&ledger, &second).await,
        Recognized::Moved { from }
    );
    assert_eq!(night(&ledger, &second).await, NOTHING);
    // What names other things is no other place of it.
    fs::remove_file(second.path("targets.yaml")).unwrap();
    let other = scene(ground, "other");
    other.targets(&others());
    let beside = Vec::new();
    assert_eq!(
        recognized(&ledger, &other).await,
        Recognized::New { beside }
    );
}

pub async fn a_name_that_comes_later_keeps_the_history(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = scene(ground, "one");
    assert_eq!(begin(&ledger, &scene, TARGETS).await, ["new web - unknown"]);
    scene.targets(&named("shop", TARGETS));
    assert_eq!(recognized(&ledger, &scene).await, Recognized::Named);
    assert_eq!(recognized(&ledger, &scene).await, Recognized::Well);
    assert_eq!(night(&ledger, &scene).await, NOTHING);
    // And one that goes again.
    scene.targets(TARGETS);
    let before = "shop".to_owned();
    assert_eq!(
        recognized(&ledger, &scene).await,
        Recognized::Unsaid { before }
    );
    assert_eq!(night(&ledger, &scene).await, NOTHING);
    assert_eq!(ledger.inventories().await.unwrap().len(), 1);
}

pub async fn another_name_keeps_the_history(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = scene(ground, "one");
    begin(&ledger, &scene, &named("shop", TARGETS)).await;
    scene.targets(&named("market", TARGETS));
    let before = "shop".to_owned();
    assert_eq!(
        recognized(&ledger, &scene).await,
        Recognized::Renamed { before }
    );
    assert_eq!(night(&ledger, &scene).await, NOTHING);
    // Where another inventory lies in the file, that has its own.
    scene.targets(&named("post", &others()));
    let beside = Vec::new();
    assert_eq!(
        recognized(&ledger, &scene).await,
        Recognized::New { beside }
    );
    scene.targets(&named("market", TARGETS));
    assert_eq!(recognized(&ledger, &scene).await, Recognized::Well);
    assert_eq!(night(&ledger, &scene).await, NOTHING);
}

pub async fn history_is_carried_over_by_hand(ground: &Ground) {
    let ledger = ground.ledger().await;
    let first = scene(ground, "night1");
    assert_eq!(
        begin(&ledger, &first, &named("shop", TARGETS)).await,
        ["new web - unknown"]
    );
    // Another name in another folder may be another inventory.
    let second = scene(ground, "night2");
    let fewer = named("market", TARGETS.split("  - { name: web").next().unwrap());
    second.targets(&fewer);
    second.wait(1);
    let beside = vec!["shop".to_owned()];
    assert_eq!(
        recognized(&ledger, &second).await,
        Recognized::New { beside }
    );
    assert_eq!(night(&ledger, &second).await, NOTHING);
    assert_eq!(ledger.rename("shopp", "market").await.unwrap(), None);
    assert_eq!(ledger.rename("shop", "market").await.unwrap(), Some(1));
    assert_eq!(night(&ledger, &second).await, ["gone web unknown -"]);
    // By the file, where there was no name; and to a name that nobody has yet.
    let third = scene(ground, "night3");
    third.targets(&others());
    night(&ledger, &third).await;
    let file = third.path("targets.yaml").display().to_string();
    assert_eq!(ledger.rename(&file, "post").await.unwrap(), Some(2));
    third.targets(&named("post", &others()));
    assert_eq!(recognized(&ledger, &third).await, Recognized::Well);
}

/// As the version before left it, with what came from these files.
async fn as_before(ground: &Ground, files: &[String]) {
    let files = files
        .iter()
        .map(|file| format!("INSERT INTO targets (path, inventory) VALUES ('{file}', NULL);"));
    let files: String = files.collect();
    ground
        .sql(&format!(
            "UPDATE deployment SET inventory = 0; UPDATE told SET inventory = 0; DELETE FROM inventory; \
             DELETE FROM targets; {files}"
        ))
        .await;
}

pub async fn what_was_there_before_is_the_first_one_s(ground: &Ground) {
    for files in [vec![], vec!["one"]] {
        let ledger = ground.ledger().await;
        let scene = scene(ground, "one");
        begin(&ledger, &scene, TARGETS).await;
        let path = |folder: &&str| {
            let path = ground.folder().join(folder).join("scene/targets.yaml");
            path.display().to_string()
        };
        as_before(ground, &files.iter().map(path).collect::<Vec<_>>()).await;
        scene.targets(TARGETS.split("  - { name: web").next().unwrap());
        // What was told is remembered, and so is what is no longer named.
        assert_eq!(night(&ledger, &scene).await, ["gone web unknown -"]);
        let known = ledger.deployments(None).await.unwrap();
        assert_eq!(known.len(), 2);
        assert!(known.iter().all(|one| one.inventory == known[0].inventory));
    }
}

pub async fn what_came_from_two_files_is_whose_they_name(ground: &Ground) {
    let ledger = ground.ledger().await;
    let (one, other) = (scene(ground, "one"), scene(ground, "other"));
    begin(&ledger, &one, TARGETS).await;
    begin(&ledger, &other, &others()).await;
    let file = |scene: &Scene| scene.path("targets.yaml").display().to_string();
    as_before(ground, &[file(&one), file(&other)]).await;
    assert_eq!(night(&ledger, &other).await, NOTHING);
    assert_eq!(night(&ledger, &one).await, NOTHING);
    let known = ledger.deployments(None).await.unwrap();
    let ids: Vec<_> = known
        .iter()
        .map(|one| (&*one.name.title, one.inventory))
        .collect();
    let expected = [
        ("api (production)", 2),
        ("cart (production)", 1),
        ("mail (production)", 1),
        ("web (production)", 2),
    ];
    assert_eq!(ids, expected);
}

/// What was said in this one, each by the deployment it names.
async fn words(ledger: &Ledger, scene: &Scene) -> Vec<String> {
    let accepted = ledger.acceptances(&scene.inventory(), "checkout").await;
    let accepted = accepted.unwrap().into_iter();
    accepted.map(|word| word.deployment).collect()
}

fn word(deployment: &str) -> Acceptance {
    Acceptance {
        deployment: deployment.to_owned(),
        // No audit sees it anywhere, which would end the answer.
        key: Fingerprint::of(b"held nowhere"),
        ..acceptance("switched off")
    }
}

pub async fn a_word_is_good_where_it_was_said(ground: &Ground) {
    let ledger = ground.ledger().await;
    let (one, other) = (scene(ground, "one"), scene(ground, "other"));
    begin(&ledger, &one, &named("one", TARGETS)).await;
    let fewer = TARGETS.split("  - { name: web").next().unwrap();
    other.targets(&named("other", fewer));
    for said in ["api", "web"] {
        let said = word(said);
        ledger.accept(&one.inventory(), &said).await.unwrap();
    }
    assert_eq!(words(&ledger, &one).await, ["api", "web"]);
    // Before its first audit, and after it.
    assert_eq!(words(&ledger, &other).await, NOTHING);
    night(&ledger, &other).await;
    assert_eq!(words(&ledger, &other).await, NOTHING);
    let said = word("api");
    ledger.accept(&other.inventory(), &said).await.unwrap();
    assert_eq!(words(&ledger, &other).await, ["api"]);
    // With its deployment it is carried over, and stays with the one that stays.
    assert_eq!(ledger.rename("one", "other").await.unwrap(), Some(1));
    assert_eq!(words(&ledger, &other).await, ["api", "web"]);
    assert_eq!(words(&ledger, &one).await, ["api"]);
}

pub async fn a_word_from_before_goes_with_what_it_names(ground: &Ground) {
    let ledger = ground.ledger().await;
    let (one, other) = (scene(ground, "one"), scene(ground, "other"));
    begin(&ledger, &one, &named("one", TARGETS)).await;
    let others = others().replace("name: mail", "name: api");
    begin(&ledger, &other, &named("other", &others)).await;
    for said in ["api", "web", "cart (production)"] {
        let said = word(said);
        ledger.accept(&one.inventory(), &said).await.unwrap();
    }
    drop(ledger);
    with_words_of_nobody(ground).await;
    let ledger = ground.ledger().await;
    // Both name an `api`, and nobody knows which was meant.
    assert_eq!(words(&ledger, &one).await, ["web"]);
    assert_eq!(words(&ledger, &other).await, ["cart (production)"]);
}

pub async fn only_its_own_inventory_retires_a_deployment(ground: &Ground) {
    let ledger = ground.ledger().await;
    let (one, other) = (scene(ground, "one"), scene(ground, "other"));
    begin(&ledger, &one, &named("one", TARGETS)).await;
    other.targets(&named("other", &others()));
    night(&ledger, &other).await;
    let now = one.now();
    let retire = async |scene: &Scene| {
        let retired = ledger.retire(&scene.inventory(), None, "web", now).await;
        let retired = retired.unwrap();
        let elsewhere = retired.elsewhere.iter();
        let elsewhere: Vec<_> = elsewhere
            .map(|(name, known)| (name.title.to_string(), known.title().to_owned()))
            .collect();
        (retired.names.len(), elsewhere)
    };
    let living = async || {
        let known = ledger.deployments(None).await.unwrap();
        let web = known
            .into_iter()
            .filter(|one| &*one.name.title == "web (production)");
        web.filter(|one| one.retired_at.is_none()).count()
    };
    let known = ("web (production)".to_owned(), "one".to_owned());
    assert_eq!(retire(&other).await, (0, vec![known.clone()]));
    assert_eq!(living().await, 1);
    // Where both had one, its own is closed.
    other.targets(&named("other", TARGETS));
    night(&ledger, &other).await;
    assert_eq!(living().await, 2);
    assert_eq!(retire(&other).await, (1, vec![known]));
    assert_eq!(living().await, 1);
    assert_eq!(retire(&one).await, (1, vec![]));
    assert_eq!(living().await, 0);
    let spans = ledger.past("web", None).await.unwrap();
    let of: Vec<_> = spans.iter().map(|span| span.inventory).collect();
    assert_eq!(of, [1, 2]);
}
