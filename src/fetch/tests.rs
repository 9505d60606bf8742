//! Toy sources of every shape a real one may have, on a platform that counts its calls.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Fetcher, Gathered, Limits, Quiet, Work};
use crate::key::Secret;
use crate::platform::{Ask, Asking, Connections, Platform, Stop};
use crate::reading::{ErrorKind, Found, ReadError, Reading, Version};
use crate::source::{At, Case, Info, Source};
use crate::verdict::{Evidence, Stage};

/// What the toy platform saw.
#[derive(Clone, Default)]
struct Toy(Arc<Seen>);

#[derive(Default)]
struct Seen {
    calls: Mutex<Vec<Vec<String>>>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
    alive_answers: AtomicUsize,
}

impl Platform for Toy {
    const ID: &'static str = "toy";
}

impl Toy {
    fn calls(&self) -> Vec<Vec<String>> {
        self.0.calls.lock().unwrap().clone()
    }

    fn asked(&self, name: &str) -> usize {
        let is_it = |asked: &&String| asked.as_str() == name;
        self.calls().iter().flatten().filter(is_it).count()
    }

    /// Answers `x` with `x!`, but for names that ask for trouble.
    async fn answer(&self, names: Vec<String>) -> Vec<Result<Text, ReadError>> {
        self.0.calls.lock().unwrap().push(names.clone());
        let under_way = self.0.under_way.fetch_add(1, SeqCst) + 1;
        self.0.most_under_way.fetch_max(under_way, SeqCst);
        if names.iter().any(|name| name == "stall") {
            tokio::time::sleep(Duration::from_secs(3600)).await;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.0.under_way.fetch_sub(1, SeqCst);
        names
            .into_iter()
            .map(|name| match name.as_str() {
                "panic" => panic!("a platform with a bug"),
                "denied" => Err(ReadError::new(ErrorKind::Denied, "no", "ask nicely")),
                _ => {
                    self.0.alive_answers.fetch_add(1, SeqCst);
                    Ok(Text(format!("{name}!"), self.clone()))
                }
            })
            .collect()
    }
}

/// An answer that notes when it goes.
struct Text(String, Toy);

impl Drop for Text {
    fn drop(&mut self) {
        self.1.0.alive_answers.fetch_sub(1, SeqCst);
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct One(String);

impl Ask for One {
    type Platform = Toy;
    type Answer = Text;

    fn describe(&self) -> String {
        self.0.clone()
    }

    async fn send(toy: &Toy, asks: Vec<Self>) -> Vec<Result<Text, ReadError>> {
        toy.answer(asks.into_iter().map(|ask| ask.0).collect())
            .await
    }
}

/// Shares calls of up to ten within one region, the part before the slash.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Shared(String);

impl Ask for Shared {
    type Platform = Toy;
    type Answer = Text;
    const BATCH: usize = 10;

    fn group(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.0.split('/').next().unwrap_or_default())
    }

    fn describe(&self) -> String {
        self.0.clone()
    }

    async fn send(toy: &Toy, asks: Vec<Self>) -> Vec<Result<Text, ReadError>> {
        toy.answer(asks.into_iter().map(|ask| ask.0).collect())
            .await
    }
}

type Shape = dyn Fn(&Asking<'_>) -> Result<Vec<String>, Stop>;
type Outcome = Result<Vec<String>, ErrorKind>;

/// Jobs made of closures, and what became of them.
#[derive(Default)]
struct Jobs {
    shapes: Vec<(Option<&'static str>, Box<Shape>)>,
    outcomes: HashMap<usize, Outcome>,
    /// What could be read before a job was attempted again.
    ahead: HashMap<usize, Vec<String>>,
}

impl Jobs {
    fn with(mut self, shape: impl Fn(&Asking<'_>) -> Result<Vec<String>, Stop> + 'static) -> Self {
        self.shapes.push((None, Box::new(shape)));
        self
    }

    fn at_store(
        mut self,
        store: &'static str,
        shape: impl Fn(&Asking<'_>) -> Result<Vec<String>, Stop> + 'static,
    ) -> Self {
        self.shapes.push((Some(store), Box::new(shape)));
        self
    }

    fn texts(&self, job: usize) -> Vec<&str> {
        self.outcomes[&job]
            .as_ref()
            .unwrap()
            .iter()
            .map(String::as_str)
            .collect()
    }
}

impl Work for Jobs {
    fn len(&self) -> usize {
        self.shapes.len()
    }

    fn store(&self, job: usize) -> Option<&str> {
        self.shapes[job].0
    }

    fn ahead(&mut self, jobs: &[usize], answers: Gathered<'_>) {
        for &job in jobs {
            let (store, shape) = &self.shapes[job];
            if let Ok(texts) = shape(&answers.asking(*store)) {
                self.ahead.insert(job, texts);
            }
        }
    }

    fn attempt(&mut self, job: usize, asking: &Asking<'_>) -> Result<(), Stop> {
        let texts = (self.shapes[job].1)(asking)?;
        assert!(
            self.outcomes.insert(job, Ok(texts)).is_none(),
            "a job is done once"
        );
        Ok(())
    }

    fn failed(&mut self, job: usize, error: ReadError) {
        let before = self.outcomes.insert(job, Err(error.kind));
        assert!(before.is_none(), "a job is done once");
    }
}

fn one(name: &'static str) -> impl Fn(&Asking<'_>) -> Result<Vec<String>, Stop> {
    move |asking| Ok(vec![asking.of(&One(name.to_owned()))?.0.clone()])
}

async fn fetch(toy: &Toy, limits: Limits, mut jobs: Jobs) -> Jobs {
    let connections = Connections::default()
        .with(None, toy.clone())
        .with(Some("eu".into()), toy.clone())
        .with(Some("us".into()), toy.clone());
    let never = std::future::pending();
    let mut fetcher = Fetcher::new(connections, limits, &Quiet, never);
    fetcher.read(&mut jobs).await;
    assert_eq!(jobs.outcomes.len(), jobs.len(), "every job has an outcome");
    assert_eq!(
        toy.0.alive_answers.load(SeqCst),
        0,
        "no answer outlives its last job"
    );
    jobs
}

#[tokio::test]
async fn answers_can_be_looked_at_before_each_job_goes_on() {
    let toy = Toy::default();
    let both = |asking: &Asking<'_>| {
        let first = asking.of(&One("first".to_owned()))?.0.clone();
        let second = asking.of(&One(format!("{first}-second")))?.0.clone();
        Ok(vec![first, second])
    };
    let jobs = Jobs::default().with(one("same")).with(both);
    let jobs = jobs.with(one("same")).at_store("eu", one("other"));
    let jobs = fetch(&toy, Limits::DEFAULT, jobs).await;
    for job in 0..4 {
        assert_eq!(jobs.ahead[&job], jobs.texts(job), "{job}");
    }
}

#[tokio::test]
async fn many_hops_from_one_ask() {
    let toy = Toy::default();
    let jobs = (0..50).fold(Jobs::default(), |jobs, _| jobs.with(one("same")));
    let jobs = fetch(&toy, Limits::DEFAULT, jobs).await;
    assert_eq!(toy.calls(), [["same"]]);
    assert!((0..50).all(|job| jobs.texts(job) == ["same!"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_answer_waits_for_hops_that_nobody_looked_at_yet() {
    let toy = Toy::default();
    let slow = |asking: &Asking<'_>| {
        std::thread::sleep(Duration::from_micros(100));
        one("same")(asking)
    };
    let jobs = (0..500).fold(Jobs::default(), |jobs, _| jobs.with(slow));
    fetch(&toy, Limits::DEFAULT, jobs).await;
    assert_eq!(toy.asked("same"), 1);
}

#[tokio::test]
async fn equal_asks_to_two_stores_are_two() {
    let toy = Toy::default();
    let jobs = Jobs::default()
        .at_store("eu", one("same"))
        .at_store("us", one("same"));
    fetch(&toy, Limits::DEFAULT, jobs).await;
    assert_eq!(toy.asked("same"), 2);
}

#[tokio::test]
async fn one_hop_from_several_asks_of_one_round() {
    let toy = Toy::default();
    let pods = |asking: &Asking<'_>| {
        let asks = ["a", "b", "c"].map(|name| One(name.to_owned()));
        let answers = asking.all(&asks)?;
        Ok(answers
            .into_iter()
            .map(|answer| answer.unwrap().0.clone())
            .collect())
    };
    let jobs = fetch(&toy, Limits::DEFAULT, Jobs::default().with(pods)).await;
    assert_eq!(jobs.texts(0), ["a!", "b!", "c!"]);
    assert_eq!(toy.0.most_under_way.load(SeqCst), 3, "they go side by side");
}

#[tokio::test]
async fn asks_that_depend_on_answers_come_in_later_rounds_and_still_once() {
    let toy = Toy::default();
    let task = |asking: &Asking<'_>| {
        let definition = asking.of(&One("task".to_owned()))?.0.clone();
        let parameter = asking.of(&One(definition))?.0.clone();
        Ok(vec![asking.of(&One(parameter))?.0.clone()])
    };
    let jobs = Jobs::default().with(task).with(task).with(one("task!"));
    let jobs = fetch(&toy, Limits::DEFAULT, jobs).await;
    assert_eq!(jobs.texts(0), ["task!!!"]);
    assert_eq!(jobs.texts(1), ["task!!!"]);
    assert_eq!(
        (toy.asked("task"), toy.asked("task!"), toy.asked("task!!")),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn asks_share_calls_within_their_group() {
    let toy = Toy::default();
    let shared = |name: String| {
        move |asking: &Asking<'_>| Ok(vec![asking.of(&Shared(name.clone()))?.0.clone()])
    };
    let names = (0..25)
        .map(|n| format!("eu/{n}"))
        .chain((0..5).map(|n| format!("us/{n}")));
    let jobs = names
        .clone()
        .fold(Jobs::default(), |jobs, name| jobs.with(shared(name)));
    let jobs = fetch(&toy, Limits::DEFAULT, jobs).await;
    let mut sizes: Vec<usize> = toy.calls().iter().map(Vec::len).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [5, 5, 10, 10]);
    for (job, name) in names.enumerate() {
        assert_eq!(
            jobs.texts(job),
            [format!("{name}!")],
            "answers go to whoever asked"
        );
    }
}

#[tokio::test]
async fn a_shared_failure_fails_every_hop_and_no_other() {
    let toy = Toy::default();
    let jobs = Jobs::default()
        .with(one("denied"))
        .with(one("denied"))
        .with(one("fine"));
    let jobs = fetch(&toy, Limits::DEFAULT, jobs).await;
    assert_eq!(jobs.outcomes[&0], Err(ErrorKind::Denied));
    assert_eq!(jobs.outcomes[&1], Err(ErrorKind::Denied));
    assert_eq!(jobs.texts(2), ["fine!"]);
    assert_eq!(toy.asked("denied"), 1);
}

#[tokio::test]
async fn a_hop_may_go_on_without_one_of_its_answers() {
    let toy = Toy::default();
    let partial = |asking: &Asking<'_>| {
        let asks = ["a", "denied"].map(|name| One(name.to_owned()));
        let answers = asking.all(&asks)?;
        let text = |answer: Result<&Text, &ReadError>| match answer {
            Ok(text) => text.0.clone(),
            Err(error) => error.kind.name().to_owned(),
        };
        Ok(answers.into_iter().map(text).collect())
    };
    let jobs = fetch(&toy, Limits::DEFAULT, Jobs::default().with(partial)).await;
    assert_eq!(jobs.texts(0), ["a!", "denied"]);
}

#[tokio::test]
async fn a_bug_in_a_platform_is_an_unread_hop_not_a_crash() {
    let toy = Toy::default();
    let jobs = Jobs::default().with(one("panic")).with(one("fine"));
    let jobs = fetch(&toy, Limits::DEFAULT, jobs).await;
    assert_eq!(jobs.outcomes[&0], Err(ErrorKind::Protocol));
    assert_eq!(jobs.texts(1), ["fine!"]);
}

#[tokio::test]
async fn a_source_that_waits_for_nothing_is_told_apart_from_one_that_waits() {
    let toy = Toy::default();
    let jobs = Jobs::default().with(|_: &Asking<'_>| Err(Stop::Pending));
    let jobs = fetch(&toy, Limits::DEFAULT, jobs).await;
    assert_eq!(jobs.outcomes[&0], Err(ErrorKind::Protocol));
}

#[tokio::test]
async fn no_more_calls_are_under_way_than_the_limit() {
    let toy = Toy::default();
    let names: Vec<&'static str> = vec!["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let jobs = names
        .into_iter()
        .fold(Jobs::default(), |jobs, name| jobs.with(one(name)));
    let limits = Limits {
        concurrency: 3,
        ..Limits::DEFAULT
    };
    fetch(&toy, limits, jobs).await;
    assert_eq!(toy.0.most_under_way.load(SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_times_out_alone() {
    let toy = Toy::default();
    let jobs = Jobs::default().with(one("stall")).with(one("fine"));
    let jobs = fetch(&toy, Limits::DEFAULT, jobs).await;
    assert_eq!(jobs.outcomes[&0], Err(ErrorKind::Timeout));
    assert_eq!(jobs.texts(1), ["fine!"]);
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_everything_unread_is_told_so() {
    let toy = Toy::default();
    let jobs = Jobs::default().with(one("fine")).with(one("stall"));
    let limits = Limits {
        timeout: Duration::from_secs(600),
        deadline: Some(Duration::from_secs(2)),
        ..Limits::DEFAULT
    };
    let jobs = fetch(&toy, limits, jobs).await;
    assert_eq!(jobs.texts(0), ["fine!"]);
    assert_eq!(jobs.outcomes[&1], Err(ErrorKind::Timeout));
}

#[tokio::test(start_paused = true)]
async fn an_interruption_keeps_what_is_known() {
    let toy = Toy::default();
    let mut jobs = Jobs::default().with(one("fine")).with(one("stall"));
    let connections = Connections::default().with(None, toy.clone());
    let interrupt = tokio::time::sleep(Duration::from_secs(1));
    let mut fetcher = Fetcher::new(connections, Limits::DEFAULT, &Quiet, interrupt);
    fetcher.read(&mut jobs).await;
    assert!(fetcher.interrupted());
    assert_eq!(jobs.texts(0), ["fine!"]);
    assert_eq!(jobs.outcomes[&1], Err(ErrorKind::Interrupted));

    let mut later = Jobs::default().with(one("later"));
    fetcher.read(&mut later).await;
    assert_eq!(later.outcomes[&0], Err(ErrorKind::Interrupted));
    assert_eq!(toy.asked("later"), 0, "nothing more is sent");
}

#[tokio::test]
async fn what_one_phase_asked_the_next_does_not_ask_again() {
    let toy = Toy::default();
    let connections = Connections::default().with(None, toy.clone());
    let mut fetcher = Fetcher::new(connections, Limits::DEFAULT, &Quiet, std::future::pending());
    let mut references = Jobs::default().with(one("reference")).with(one("other"));
    fetcher.read_and_keep(&mut references).await;
    assert_eq!(toy.0.alive_answers.load(SeqCst), 2);

    let both = |asking: &Asking<'_>| {
        let fresh = asking.of(&One("fresh".to_owned()))?.0.clone();
        Ok(vec![
            asking.of(&One("reference".to_owned()))?.0.clone(),
            fresh,
        ])
    };
    let mut hops = Jobs::default().with(both).with(one("reference"));
    fetcher.read(&mut hops).await;
    assert_eq!(hops.texts(0), ["reference!", "fresh!"]);
    assert_eq!(hops.texts(1), ["reference!"]);
    assert_eq!((toy.asked("fresh"), toy.asked("reference")), (1, 1));
    assert_eq!(
        toy.0.alive_answers.load(SeqCst),
        2,
        "known keys stay, the others are gone"
    );
}

#[tokio::test]
async fn an_undeclared_connection_is_an_error_not_a_hang() {
    let mut jobs = Jobs::default().at_store("nowhere", one("x"));
    let mut fetcher = Fetcher::new(
        Connections::default(),
        Limits::DEFAULT,
        &Quiet,
        std::future::pending(),
    );
    fetcher.read(&mut jobs).await;
    assert_eq!(jobs.outcomes[&0], Err(ErrorKind::Connect));
}

/// A store that keeps versions: the history takes a list, and then each version.
#[derive(PartialEq, serde::Deserialize, schemars::JsonSchema)]
struct Versioned {
    path: String,
}

impl Source for Versioned {
    const INFO: Info = Info {
        id: "versioned",
        title: "a toy store with versions",
        stage: Some(Stage::Store),
        store: None,
        proves: &[Evidence::Value],
        replicas: ["version", "versions"],
        permission: "none",
        credentials: &[],
        example: "",
        tested: "nothing",
        manual: "",
    };

    fn location(&self, _at: At<'_>) -> String {
        format!("toy:{}", self.path)
    }

    fn remedy(&self, _at: At<'_>, _: &Case<'_>) -> String {
        "write it".to_owned()
    }

    fn read(&self, _at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let text = asking.of(&One(self.path.clone()))?;
        Ok(vec![Reading::value(Secret::copied(text.0.as_bytes()))])
    }

    fn history(
        &self,
        _at: At<'_>,
        _most: usize,
        asking: &Asking<'_>,
    ) -> Result<Option<Vec<Version>>, Stop> {
        let list = asking.of(&One(format!("{}/versions", self.path)))?;
        let asks = [1, 2].map(|number| Shared(format!("{}{number}", list.0)));
        let versions = asking.all(&asks)?.into_iter().zip(1..);
        let version = |(text, number): (Result<&Text, &ReadError>, i64)| Version {
            created_at: jiff::Timestamp::from_second(number).ok(),
            found: Found::Value(Secret::copied(text.unwrap().0.as_bytes())),
        };
        Ok(Some(versions.map(version).collect()))
    }
}

/// Reads the history of one source.
struct Histories(Versioned, Vec<(i64, Vec<u8>)>);

impl Work for Histories {
    fn len(&self) -> usize {
        1
    }

    fn store(&self, _job: usize) -> Option<&str> {
        None
    }

    fn attempt(&mut self, _job: usize, asking: &Asking<'_>) -> Result<(), Stop> {
        let versions = self.0.history(At::of("KEY"), 10, asking)?;
        self.1 = versions
            .into_iter()
            .flatten()
            .map(|version| match version.found {
                Found::Value(value) => (
                    version.created_at.unwrap().as_second(),
                    value.expose().to_vec(),
                ),
                _ => panic!("it has values"),
            })
            .collect();
        Ok(())
    }

    fn failed(&mut self, _job: usize, error: ReadError) {
        panic!("{error}");
    }
}

#[tokio::test]
async fn a_history_is_read_by_asks_of_its_own() {
    let toy = Toy::default();
    let connections = Connections::default().with(None, toy.clone());
    let mut fetcher = Fetcher::new(connections, Limits::DEFAULT, &Quiet, std::future::pending());
    let path = "key".to_owned();
    let mut work = Histories(Versioned { path }, Vec::new());
    fetcher.read(&mut work).await;
    let first = b"key/versions!1!".to_vec();
    let second = b"key/versions!2!".to_vec();
    assert_eq!(work.1, [(1, first), (2, second)], "oldest first");
    assert_eq!(toy.asked("key"), 0, "the current value is not read for it");
    assert_eq!(toy.calls().len(), 2, "the versions share a call");
}
