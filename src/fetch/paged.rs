//! Lists that come in pages, on a clock that only tests move.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Fetcher, Limits, Quiet, Work};
use crate::platform::{Ask, Asking, Connections, List, Page, Platform, Portion, Stop, pages};
use crate::reading::{ErrorKind, ReadError};

/// A server with a list of numbers, which gives so many at once.
#[derive(Clone)]
struct Lister(Arc<Mutex<Seen>>);

struct Seen {
    asked: Vec<String>,
    /// How long a page takes that holds so many at most.
    takes: fn(usize) -> Duration,
    /// Which call fails, by its number.
    fails: fn(usize) -> Option<ReadError>,
}

const ALL: usize = 30;
const AT_ONCE: usize = 10;

impl Platform for Lister {
    const ID: &'static str = "lister";
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Numbers(Page);

impl Ask for Numbers {
    type Platform = Lister;
    type Answer = Portion<Vec<usize>>;
    const PAGED: bool = true;

    fn host(&self, _: &Lister) -> Option<Arc<str>> {
        Some("lister".into())
    }

    fn divides(&self) -> bool {
        self.0.divides()
    }

    fn describe(&self) -> String {
        format!(
            "{} from {}",
            self.0.most,
            self.0.from.as_deref().unwrap_or("0")
        )
    }

    async fn send(lister: &Lister, asks: Vec<Self>) -> Vec<Result<Portion<Vec<usize>>, ReadError>> {
        let ask = &asks[0];
        let (takes, failure) = {
            let mut seen = lister.0.lock().unwrap();
            seen.asked.push(ask.describe());
            ((seen.takes)(ask.0.most), (seen.fails)(seen.asked.len()))
        };
        tokio::time::sleep(takes).await;
        if let Some(failure) = failure {
            return vec![Err(failure)];
        }
        let from = ask
            .0
            .from
            .as_deref()
            .map_or(0, |from| from.parse().unwrap());
        let end = (from + ask.0.most.min(AT_ONCE)).min(ALL);
        vec![Ok(Portion::Of {
            items: (from..end).collect(),
            next: (end < ALL).then(|| end.to_string().into()),
        })]
    }
}

impl List for Numbers {
    type Items = Vec<usize>;
    const TOOL: &'static str = "`seq`";

    fn at(&self, page: Page) -> Self {
        Self(page)
    }

    fn page(&self) -> &Page {
        &self.0
    }

    fn of(&self) -> String {
        "numbers".to_owned()
    }
}

/// Something else that is asked, and takes its time.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Slow;

impl Ask for Slow {
    type Platform = Lister;
    type Answer = ();

    fn describe(&self) -> String {
        "slow".to_owned()
    }

    async fn send(_: &Lister, _: Vec<Self>) -> Vec<Result<(), ReadError>> {
        tokio::time::sleep(Duration::from_secs(9)).await;
        vec![Ok(())]
    }
}

/// Each reads the list, and some what is slow beside it.
struct Readers(Vec<bool>, HashMap<usize, Result<Vec<usize>, ReadError>>);

impl Work for Readers {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn store(&self, _: usize) -> Option<&str> {
        None
    }

    fn attempt(&mut self, job: usize, asking: &Asking<'_>) -> Result<(), Stop> {
        let slow = self.0[job].then(|| asking.of(&Slow));
        let numbers = pages(&Numbers(Page::first(500)), asking);
        slow.transpose()?;
        let numbers = numbers?.into_iter().flatten().copied().collect();
        self.1.insert(job, Ok(numbers));
        Ok(())
    }

    fn failed(&mut self, job: usize, error: ReadError) {
        self.1.insert(job, Err(error));
    }
}

/// What these readers get, and what was asked.
async fn read(
    readers: &[bool],
    takes: fn(usize) -> Duration,
    fails: fn(usize) -> Option<ReadError>,
) -> (Vec<Result<Vec<usize>, ReadError>>, Vec<String>) {
    let lister = Lister(Arc::new(Mutex::new(Seen {
        asked: Vec::new(),
        takes,
        fails,
    })));
    let connections = Connections::default().with(None, lister.clone());
    let never = std::future::pending();
    let mut fetcher = Fetcher::new(connections, Limits::DEFAULT, &Quiet, never);
    let mut work = Readers(readers.to_vec(), HashMap::new());
    fetcher.read(&mut work).await;
    let got = (0..readers.len()).map(|job| work.1.remove(&job).unwrap());
    let asked = std::mem::take(&mut lister.0.lock().unwrap().asked);
    (got.collect(), asked)
}

fn all() -> Vec<usize> {
    (0..ALL).collect()
}

#[tokio::test(start_paused = true)]
async fn each_page_has_the_whole_time_limit() {
    let (got, asked) = read(&[false], |_| Duration::from_secs(8), |_| None).await;
    assert_eq!(got, [Ok(all())]);
    assert_eq!(asked, ["500 from 0", "500 from 10", "500 from 20"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_something_else_asks_for_no_page_again() {
    for readers in [[false, true], [true, false]] {
        let (got, asked) = read(&readers, |_| Duration::from_secs(1), |_| None).await;
        assert_eq!(got, [Ok(all()), Ok(all())]);
        assert_eq!(asked.len(), 3, "{asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_is_asked_again_and_not_the_list() {
    let busy = |call| {
        let error = |kind| ReadError::new(kind, "no", "ask nicely").transient();
        match call {
            2 => Some(error(ErrorKind::Throttled)),
            3 => Some(error(ErrorKind::Protocol)),
            _ => None,
        }
    };
    let (got, asked) = read(&[false], |_| Duration::from_secs(1), busy).await;
    assert_eq!(got, [Ok(all())]);
    assert_eq!(
        asked,
        [
            "500 from 0",
            "500 from 10",
            "500 from 10",
            "500 from 10",
            "500 from 20"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_page_for_which_there_is_no_time_is_asked_for_in_parts() {
    let takes = |most| match most {
        0..=100 => Duration::from_secs(1),
        _ => Duration::from_secs(100),
    };
    let (got, asked) = read(&[false], takes, |_| None).await;
    assert_eq!(got, [Ok(all())]);
    assert_eq!(
        asked,
        [
            "500 from 0",
            "62 from 0",
            "124 from 10",
            "15 from 10",
            "30 from 20"
        ]
    );
    let (got, asked) = read(&[false], |_| Duration::from_secs(100), |_| None).await;
    assert_eq!(got[0].as_ref().unwrap_err().kind, ErrorKind::Timeout);
    // The last one is asked for as often as any other.
    assert_eq!(asked.len(), 3 + 4, "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_midway_gives_nothing() {
    let breaks = |call| (call >= 3).then(|| ReadError::new(ErrorKind::Denied, "no", "ask nicely"));
    let (got, asked) = read(&[false, true], |_| Duration::from_secs(1), breaks).await;
    for got in got {
        assert_eq!(got.unwrap_err().kind, ErrorKind::Denied);
    }
    assert_eq!(asked.len(), 3);
}
