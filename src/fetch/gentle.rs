//! How gently hosts are asked: limits, rates, retries and giving up, on a clock that only tests move.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::{Fetcher, Limits, Quiet, Work};
use crate::inventory::Manners;
use crate::platform::{Ask, Asking, Connections, Platform, Rate, Stop};
use crate::reading::{ErrorKind, ReadError};

/// A platform on other machines. It takes 100 ms for an answer, unless a name asks for trouble.
#[derive(Clone, Default)]
struct Far(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    /// What was asked when.
    calls: Vec<(Instant, String)>,
    under_way: HashMap<Arc<str>, usize>,
    most: HashMap<Arc<str>, usize>,
}

impl Platform for Far {
    const ID: &'static str = "far";
}

/// `host/trouble-number`.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Page(String);

impl Page {
    fn to(&self) -> Arc<str> {
        self.0.split('/').next().unwrap().into()
    }

    fn trouble(&self) -> &str {
        let name = self.0.split('/').nth(1).unwrap();
        name.split('-').next().unwrap()
    }
}

impl Ask for Page {
    type Platform = Far;
    type Answer = ();
    const RATE: Option<Rate> = Some(Rate::per_second(1000));

    fn host(&self, _: &Far) -> Option<Arc<str>> {
        Some(self.to()).filter(|host| &**host != "here")
    }

    fn describe(&self) -> String {
        self.0.clone()
    }

    async fn send(far: &Far, asks: Vec<Self>) -> Vec<Result<(), ReadError>> {
        let [ask] = &asks[..] else {
            panic!("each goes alone")
        };
        let before = {
            let mut seen = far.0.lock().unwrap();
            let before = seen.calls.iter().filter(|(_, name)| *name == ask.0).count();
            seen.calls.push((Instant::now(), ask.0.clone()));
            let now = seen.under_way.entry(ask.to()).or_default();
            *now += 1;
            let now = *now;
            let most = seen.most.entry(ask.to()).or_default();
            *most = now.max(*most);
            before
        };
        tokio::time::sleep(Duration::from_millis(100)).await;
        *far.0.lock().unwrap().under_way.get_mut(&ask.to()).unwrap() -= 1;
        let error = |kind| ReadError::new(kind, "no", "ask nicely");
        vec![match (ask.trouble(), before) {
            ("twice", 0 | 1) => Err(error(ErrorKind::Protocol).transient()),
            ("busy", 0) => Err(error(ErrorKind::Throttled).after(Duration::from_secs(5))),
            ("hours", _) => Err(error(ErrorKind::Throttled).after(Duration::from_secs(7200))),
            ("ever", _) => Err(error(ErrorKind::Protocol).transient()),
            ("denied", _) => Err(error(ErrorKind::Denied)),
            ("nobody", _) => Err(error(ErrorKind::Connect)),
            ("slow", _) => Err(error(ErrorKind::Timeout).answered()),
            _ => Ok(()),
        }]
    }
}

/// Asks for one page each.
struct Pages(Vec<Page>, HashMap<usize, Result<(), ReadError>>);

impl Work for Pages {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn store(&self, _: usize) -> Option<&str> {
        Some("far")
    }

    fn attempt(&mut self, job: usize, asking: &Asking<'_>) -> Result<(), Stop> {
        asking.of(&self.0[job])?;
        self.1.insert(job, Ok(()));
        Ok(())
    }

    fn failed(&mut self, job: usize, error: ReadError) {
        self.1.insert(job, Err(error));
    }
}

impl Far {
    /// Asks for these pages; the outcomes, and how long it took.
    async fn fetch(
        &self,
        limits: Limits,
        manners: Manners,
        pages: impl IntoIterator<Item = String>,
    ) -> (Vec<Result<(), ReadError>>, Duration) {
        let begun = Instant::now();
        let connections = Connections::default().with(Some("far".into()), self.clone());
        let mut fetcher = Fetcher::new(connections, limits, &Quiet, std::future::pending())
            .gently(HashMap::from([("far".into(), manners)]));
        let mut work = Pages(pages.into_iter().map(Page).collect(), HashMap::new());
        fetcher.read(&mut work).await;
        let outcomes = (0..work.len()).map(|job| work.1.remove(&job).unwrap());
        (outcomes.collect(), begun.elapsed())
    }

    fn times(&self, name: &str) -> Vec<Instant> {
        let seen = self.0.lock().unwrap();
        let calls = seen.calls.iter().filter(|(_, called)| called == name);
        calls.map(|(at, _)| *at).collect()
    }

    fn calls(&self) -> usize {
        self.0.lock().unwrap().calls.len()
    }
}

fn pages(host: &str, trouble: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("{host}/{trouble}-{number}"))
        .collect()
}

fn kinds(outcomes: &[Result<(), ReadError>]) -> Vec<Option<ErrorKind>> {
    let kind = |outcome: &Result<(), ReadError>| outcome.as_ref().err().map(|error| error.kind);
    outcomes.iter().map(kind).collect()
}

#[tokio::test(start_paused = true)]
async fn a_host_gets_only_its_share_and_holds_up_no_other() {
    let far = Far::default();
    let both = [pages("one", "fine", 100), pages("two", "fine", 20)].concat();
    let (outcomes, took) = far.fetch(Limits::DEFAULT, Manners::default(), both).await;
    assert!(outcomes.iter().all(Result::is_ok));
    let most = far.0.lock().unwrap().most.clone();
    assert_eq!((most["one"], most["two"]), (10, 10));
    let last_of_two = far.times("two/fine-19")[0] - far.times("one/fine-0")[0];
    assert!(last_of_two < Duration::from_millis(150), "{last_of_two:?}");
    assert!(took < Duration::from_millis(1050), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_says_how_gently_it_is_to_be_asked() {
    let far = Far::default();
    let manners = Manners {
        requests_per_second: Some(7),
        concurrency: Some(2),
    };
    let (_, took) = far
        .fetch(Limits::DEFAULT, manners, pages("one", "fine", 30))
        .await;
    assert_eq!(far.0.lock().unwrap().most["one"], 2);
    let calls: Vec<Instant> = far
        .0
        .lock()
        .unwrap()
        .calls
        .iter()
        .map(|(at, _)| *at)
        .collect();
    for eight in calls.windows(8) {
        assert!(eight[7] - eight[0] >= Duration::from_secs(1));
    }
    assert!(
        took > Duration::from_secs(4) && took < Duration::from_secs(5),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_and_what_may_not_is_not() {
    let far = Far::default();
    let names = ["one/twice-0", "one/denied-0", "one/ever-0", "one/fine-0"];
    let (outcomes, _) = far
        .fetch(
            Limits::DEFAULT,
            Manners::default(),
            names.map(str::to_owned),
        )
        .await;
    assert_eq!(
        kinds(&outcomes),
        [
            None,
            Some(ErrorKind::Denied),
            Some(ErrorKind::Protocol),
            None
        ]
    );
    assert_eq!(names.map(|name| far.times(name).len()), [3, 1, 4, 1]);
}

#[tokio::test(start_paused = true)]
async fn nothing_on_this_machine_is_asked_twice() {
    let far = Far::default();
    far.fetch(
        Limits::DEFAULT,
        Manners::default(),
        pages("here", "ever", 1),
    )
    .await;
    assert_eq!(far.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_says_when_is_left_alone_until_then() {
    let far = Far::default();
    let all = [
        pages("one", "busy", 1),
        pages("one", "fine", 40),
        pages("two", "fine", 1),
    ]
    .concat();
    let (outcomes, _) = far.fetch(Limits::DEFAULT, Manners::default(), all).await;
    assert!(outcomes.iter().all(Result::is_ok));
    let busy = far.times("one/busy-0");
    let told = busy[0] + Duration::from_millis(100);
    let seen = far.0.lock().unwrap();
    let meanwhile = |(at, name): &&(Instant, String)| {
        name.starts_with("one/") && *at > told && *at < told + Duration::from_secs(5)
    };
    assert_eq!(seen.calls.iter().filter(meanwhile).count(), 0);
    assert_eq!(busy.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_wants_hours_is_not_waited_for() {
    let far = Far::default();
    let all = [pages("one", "hours", 50), pages("two", "fine", 1)].concat();
    let (outcomes, took) = far.fetch(Limits::DEFAULT, Manners::default(), all).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    let (one, two) = outcomes.split_at(50);
    assert!(
        kinds(one)
            .iter()
            .all(|kind| *kind == Some(ErrorKind::Throttled))
    );
    let last = one[49].as_ref().unwrap_err();
    assert!(
        last.message
            .starts_with("one wants to be left alone for 7200 s"),
        "{last}"
    );
    assert!(two[0].is_ok());
    assert!(far.calls() <= 12, "{}", far.calls());
}

#[tokio::test(start_paused = true)]
async fn a_host_where_nobody_is_met_is_given_up() {
    let far = Far::default();
    let (outcomes, _) = far
        .fetch(
            Limits::DEFAULT,
            Manners::default(),
            pages("one", "nobody", 200),
        )
        .await;
    assert!(
        kinds(&outcomes)
            .iter()
            .all(|kind| *kind == Some(ErrorKind::Connect))
    );
    assert!(far.calls() < 40, "{}", far.calls());
    let last = outcomes[199].as_ref().unwrap_err();
    assert!(
        last.message
            .starts_with("one was not asked anymore after 20 attempts"),
        "{last}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_host_that_says_it_is_slow_is_there() {
    let far = Far::default();
    let all = [pages("one", "slow", 50), pages("one", "fine", 50)].concat();
    let (outcomes, _) = far.fetch(Limits::DEFAULT, Manners::default(), all).await;
    let (slow, fine) = outcomes.split_at(50);
    assert_eq!(kinds(slow), [Some(ErrorKind::Timeout); 50]);
    assert_eq!(kinds(fine), [None; 50]);
    assert_eq!(far.calls(), 50 * 4 + 50);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_again_of_a_host_that_is_left_alone() {
    let far = Far::default();
    let all = [pages("one", "hours", 1), pages("one", "ever", 9)].concat();
    let (outcomes, _) = far.fetch(Limits::DEFAULT, Manners::default(), all).await;
    assert!(outcomes.iter().all(Result::is_err));
    assert_eq!(far.calls(), 10);
}

#[tokio::test(start_paused = true)]
async fn no_wait_outlasts_the_deadline() {
    let far = Far::default();
    let limits = Limits {
        deadline: Some(Duration::from_secs(3)),
        ..Limits::DEFAULT
    };
    let all = [
        pages("one", "busy", 1),
        pages("one", "fine", 5),
        pages("two", "ever", 1),
    ]
    .concat();
    let (outcomes, took) = far.fetch(limits, Manners::default(), all).await;
    assert!(took <= Duration::from_millis(3010), "{took:?}");
    let busy = outcomes[0].as_ref().unwrap_err();
    assert_eq!(busy.kind, ErrorKind::Throttled, "{busy}");
}
