//! Servers that refuse what is too much, on a clock that only tests move.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::{Fetcher, Limits, Quiet, Work};
use crate::inventory::Manners;
use crate::platform::{Ask, Asking, Connections, Platform, Rate, Stop};
use crate::reading::{ErrorKind, ReadError};

const HOPS: usize = 500;
const TAKES: Duration = Duration::from_millis(20);
const REFUSES: Duration = Duration::from_millis(5);

/// Servers that take so much.
#[derive(Clone)]
struct Busy(Arc<Mutex<Seen>>);

struct Seen {
    /// How many at once.
    at_once: usize,
    /// How many within any second.
    a_second: usize,
    /// After so many answers, it takes any number.
    until: usize,
    /// Which refusal it is.
    refusal: fn() -> ReadError,
    hosts: HashMap<Arc<str>, Host>,
}

#[derive(Default)]
struct Host {
    under_way: usize,
    at_work: usize,
    /// How many were under way when each was asked.
    levels: Vec<(Instant, usize)>,
    answered: VecDeque<Instant>,
    answers: usize,
    refusals: usize,
}

impl Busy {
    fn new(at_once: usize) -> Self {
        Self(Arc::new(Mutex::new(Seen {
            at_once,
            a_second: usize::MAX,
            until: usize::MAX,
            refusal: || ReadError::new(ErrorKind::Throttled, "slow down", "wait").answered(),
            hosts: HashMap::new(),
        })))
    }

    fn with(self, change: impl FnOnce(&mut Seen)) -> Self {
        change(&mut self.0.lock().unwrap());
        self
    }

    /// Whether it refuses one more.
    fn begin(&self, name: &Arc<str>) -> Option<ReadError> {
        let mut seen = self.0.lock().unwrap();
        let (at_once, a_second, until) = (seen.at_once, seen.a_second, seen.until);
        let refusal = seen.refusal;
        let host = seen.hosts.entry(Arc::clone(name)).or_default();
        host.under_way += 1;
        let now = Instant::now();
        host.levels.push((now, host.under_way));
        let is_old = |at: &Instant| *at + Duration::from_secs(1) <= now;
        while host.answered.front().is_some_and(is_old) {
            host.answered.pop_front();
        }
        let limited = &**name != "free" && host.answers < until;
        if limited && (host.at_work >= at_once || host.answered.len() >= a_second) {
            host.refusals += 1;
            return Some(refusal());
        }
        host.at_work += 1;
        host.answered.push_back(now);
        None
    }

    fn of<T>(&self, host: &str, look: impl FnOnce(&Host) -> T) -> T {
        look(&self.0.lock().unwrap().hosts[host])
    }
}

impl Platform for Busy {
    const ID: &'static str = "busy";
}

/// A page of a host, of a kind.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Page<const KIND: u32>(&'static str, usize);

impl<const KIND: u32> Ask for Page<KIND> {
    type Platform = Busy;
    type Answer = ();
    const RATE: Option<Rate> = match KIND {
        0 => None,
        calls => Some(Rate::per_second(calls)),
    };

    fn host(&self, _: &Busy) -> Option<Arc<str>> {
        Some(self.0.into())
    }

    fn describe(&self) -> String {
        format!("{}/{}", self.0, self.1)
    }

    async fn send(busy: &Busy, asks: Vec<Self>) -> Vec<Result<(), ReadError>> {
        let name: Arc<str> = asks[0].0.into();
        let refusal = busy.begin(&name);
        if let Some(refusal) = refusal {
            tokio::time::sleep(REFUSES).await;
            busy.0
                .lock()
                .unwrap()
                .hosts
                .get_mut(&name)
                .unwrap()
                .under_way -= 1;
            return vec![Err(refusal)];
        }
        tokio::time::sleep(TAKES).await;
        let mut seen = busy.0.lock().unwrap();
        let host = seen.hosts.get_mut(&name).unwrap();
        host.under_way -= 1;
        host.at_work -= 1;
        host.answers += 1;
        vec![Ok(())]
    }
}

/// Asks for one page.
type OnePage = Box<dyn Fn(&Asking<'_>) -> Result<(), Stop>>;

/// Asks for one page each.
#[derive(Default)]
struct Pages {
    ask: Vec<OnePage>,
    outcomes: HashMap<usize, Result<Instant, ReadError>>,
}

impl Pages {
    fn of<const KIND: u32>(mut self, host: &'static str, count: usize) -> Self {
        for page in 0..count {
            self.ask.push(Box::new(move |asking| {
                asking.of(&Page::<KIND>(host, page)).map(drop)
            }));
        }
        self
    }

    /// The errors, and when the last of these was read.
    fn told(&self, jobs: std::ops::Range<usize>) -> (Vec<&ReadError>, Option<Instant>) {
        let outcomes = || jobs.clone().map(|job| &self.outcomes[&job]);
        let errors = outcomes().filter_map(|outcome| outcome.as_ref().err());
        let last = outcomes().filter_map(|outcome| outcome.as_ref().ok());
        (errors.collect(), last.max().copied())
    }
}

impl Work for Pages {
    fn len(&self) -> usize {
        self.ask.len()
    }

    fn store(&self, _: usize) -> Option<&str> {
        Some("busy")
    }

    fn attempt(&mut self, job: usize, asking: &Asking<'_>) -> Result<(), Stop> {
        self.ask[job](asking)?;
        self.outcomes.insert(job, Ok(Instant::now()));
        Ok(())
    }

    fn failed(&mut self, job: usize, error: ReadError) {
        self.outcomes.insert(job, Err(error));
    }
}

async fn fetch(busy: &Busy, limits: Limits, mut work: Pages) -> Pages {
    let connections = Connections::default().with(Some("busy".into()), busy.clone());
    let mut fetcher = Fetcher::new(connections, limits, &Quiet, std::future::pending())
        .gently(HashMap::from([("busy".into(), Manners::default())]));
    fetcher.read(&mut work).await;
    work
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_few_at_once_gives_everything() {
    for at_once in [1, 2, 5] {
        let busy = Busy::new(at_once);
        let work = fetch(
            &busy,
            Limits::DEFAULT,
            Pages::default().of::<0>("one", HOPS),
        )
        .await;
        assert_eq!(work.told(0..HOPS).0, Vec::<&ReadError>::new(), "{at_once}");
        busy.of("one", |host| {
            assert_eq!(host.answers, HOPS);
            let most =
                |levels: &[(Instant, usize)]| levels.iter().map(|(_, at)| *at).max().unwrap();
            assert_eq!(most(&host.levels[..10]), 10, "it begins as it may");
            let later = &host.levels[host.levels.len() / 2..];
            assert!(most(later) <= at_once + 1, "{at_once}: {}", most(later));
            assert!(host.refusals < 40, "{at_once}: {}", host.refusals);
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_few_a_second_gives_everything() {
    let busy = Busy::new(usize::MAX).with(|seen| seen.a_second = 50);
    let work = fetch(
        &busy,
        Limits::DEFAULT,
        Pages::default().of::<0>("one", HOPS),
    )
    .await;
    assert_eq!(work.told(0..HOPS).0, Vec::<&ReadError>::new());
    busy.of("one", |host| {
        assert_eq!(host.answers, HOPS);
        assert!(host.refusals < HOPS / 2, "{}", host.refusals);
    });
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_more_again_when_it_takes_more() {
    let busy = Busy::new(2).with(|seen| seen.until = 100);
    fetch(
        &busy,
        Limits::DEFAULT,
        Pages::default().of::<0>("one", HOPS),
    )
    .await;
    busy.of("one", |host| {
        assert_eq!(host.answers, HOPS);
        let (before, after) = host.levels.split_at(100 + host.refusals);
        let most = |levels: &[(Instant, usize)]| levels.iter().map(|(_, at)| *at).max().unwrap();
        assert!(most(&before[60..]) <= 3, "{}", most(&before[60..]));
        assert_eq!(most(after), 10);
    });
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_for_ever_is_given_up_and_holds_up_no_other() {
    let busy = Busy::new(0);
    let work = Pages::default().of::<0>("one", HOPS).of::<0>("free", 100);
    let begun = Instant::now();
    let work = fetch(&busy, Limits::DEFAULT, work).await;
    let (errors, _) = work.told(0..HOPS);
    assert_eq!(errors.len(), HOPS);
    assert!(
        errors
            .iter()
            .all(|error| error.kind == ErrorKind::Throttled)
    );
    let left_alone = errors.iter().find_map(|error| {
        let rest = error
            .message
            .strip_prefix("one refused everything though it was left alone for ")?;
        let (seconds, rest) = rest.split_once(" s, ")?;
        assert!(rest.ends_with("so: slow down"), "{rest}");
        seconds.parse::<u64>().ok()
    });
    // At least half a minute, and at most two more waits: one that passes it, one for a call that is new.
    let seconds = left_alone.expect("somebody is told that it was given up");
    assert!((30..=46).contains(&seconds), "{seconds}");
    busy.of("one", |host| {
        assert!(host.refusals < 60, "{}", host.refusals)
    });
    let (errors, read) = work.told(HOPS..HOPS + 100);
    assert!(errors.is_empty());
    assert_eq!(read.unwrap() - begun, TAKES * 10, "as if it were alone");
}

#[tokio::test(start_paused = true)]
async fn what_it_asks_for_is_kept_by_all_who_ask_it() {
    let busy = Busy::new(2).with(|seen| {
        seen.refusal = || {
            ReadError::new(ErrorKind::Protocol, "503", "wait")
                .answered()
                .after(Duration::from_secs(5))
        };
    });
    // Two kinds of ask, whose rates are their own.
    let work = Pages::default().of::<0>("one", 60).of::<1000>("one", 60);
    let work = fetch(&busy, Limits::DEFAULT, work).await;
    assert_eq!(work.told(0..120).0, Vec::<&ReadError>::new());
    busy.of("one", |host| {
        let refused = host.levels.iter().find(|(_, level)| *level > 2).unwrap().0;
        let meanwhile =
            |(at, _): &&(Instant, usize)| *at > refused && *at < refused + Duration::from_secs(5);
        assert_eq!(host.levels.iter().filter(meanwhile).count(), 0);
    });
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_ask_keeps_its_own_rate_and_the_host_its_number_at_once() {
    let busy = Busy::new(usize::MAX);
    let begun = Instant::now();
    // The slow kind comes first, and its rate is not that of what comes after.
    let work = Pages::default().of::<5>("one", 11).of::<0>("one", 300);
    let work = fetch(&busy, Limits::DEFAULT, work).await;
    let (_, slow) = work.told(0..11);
    let (_, fast) = work.told(11..311);
    assert!(slow.unwrap() - begun >= Duration::from_secs(2));
    assert!(
        fast.unwrap() - begun < Duration::from_secs(1),
        "{:?}",
        fast.unwrap() - begun
    );
    busy.of("one", |host| {
        let most = host.levels.iter().map(|(_, at)| *at).max();
        assert_eq!(most, Some(10));
    });
}

#[tokio::test(start_paused = true)]
async fn where_one_goes_at_a_time_each_kind_of_ask_has_its_turn() {
    let busy = Busy::new(1);
    let work = Pages::default().of::<1000>("one", 60).of::<0>("one", 60);
    let work = fetch(&busy, Limits::DEFAULT, work).await;
    let mut answered: Vec<_> = work
        .outcomes
        .iter()
        .map(|(&job, outcome)| (*outcome.as_ref().unwrap(), job))
        .collect();
    answered.sort_unstable();
    let of_the_second = answered[..60].iter().filter(|(_, job)| *job >= 60).count();
    assert!((20..=40).contains(&of_the_second), "{of_the_second}");
}
