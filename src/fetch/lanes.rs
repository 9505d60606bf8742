use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Limits;
use super::ease::{Ease, Refusal};
use super::retry::{Tries, backoff};
use super::slots::SlotId;
use super::window::Window;
use crate::inventory::Manners;
use crate::platform::Rate;
use crate::reading::ReadError;

/// Requests that go out together.
pub(super) struct Call {
    pub slots: Vec<SlotId>,
    pub tries: Tries,
    /// How its host was asked when it went out; see [`Ease::stamp`].
    pub stamp: u64,
    /// What it failed with, if it is to go again for another reason than that too much was asked.
    pub failed: Option<Box<ReadError>>,
}

impl Call {
    pub fn of(slots: Vec<SlotId>) -> Self {
        Self {
            slots,
            tries: Tries::default(),
            stamp: 0,
            failed: None,
        }
    }
}

/// What a call came back with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// Whoever answered was not asked too much.
    Served,
    /// Too much was asked; for how long the host wants to be left alone, where it says that.
    Refused(Option<Duration>),
    /// Nothing that says anything about that.
    Nothing,
}

/// Index of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LaneId(usize);

/// What can be done now.
pub(super) enum Due {
    /// This call may go.
    Go(LaneId, Call),
    /// Nothing before this moment.
    At(Instant),
    /// Nothing before something that is under way comes back.
    Nothing,
}

/// All that waits to be sent, in one lane for each host of each store and each rate it may be asked at, so
/// that no host is asked too hard and a slow one holds up nobody else. How many calls are under way at once
/// is counted by host, whoever asks.
pub(super) struct Lanes {
    limits: Limits,
    manners: HashMap<Arc<str>, Manners>,
    ids: HashMap<(WayId, Option<Rate>), LaneId>,
    lanes: Vec<Lane>,
    way_ids: HashMap<Key, WayId>,
    ways: Vec<Way>,
    hosts: HashMap<Arc<str>, Host>,
    /// Lanes that may have something to send, in turn.
    ready: VecDeque<LaneId>,
    /// Lanes that have to wait for a moment.
    later: BinaryHeap<Reverse<(Instant, LaneId)>>,
    /// Calls that have to wait for a moment, each with its lane.
    delayed: BinaryHeap<Reverse<(Instant, u64)>>,
    waiting: HashMap<u64, (LaneId, Call)>,
    delays: u64,
}

/// The store, and the host; `None` for this machine.
type Key = (Option<Arc<str>>, Option<Arc<str>>);

/// The index of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct WayId(usize);

/// A store's way to a host.
#[derive(Default)]
struct Way {
    lanes: Vec<LaneId>,
    /// How many attempts in a row met nobody.
    silence: u32,
    /// Why nothing is sent anymore.
    closed: Option<ReadError>,
}

struct Lane {
    way: WayId,
    host: Option<Arc<str>>,
    queue: VecDeque<Call>,
    /// What was refused time and again: it goes when nothing else waits, so that it holds up nothing.
    last: VecDeque<Call>,
    window: Option<Window>,
    most: usize,
    /// Whether it stands in `ready` or `later`.
    listed: bool,
}

impl Lane {
    fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.last.is_empty()
    }
}

#[derive(Default)]
struct Host {
    under_way: usize,
    /// The most that any of its lanes may have under way.
    most: usize,
    ease: Ease,
    paused: Option<Instant>,
    /// For how long it was left alone since it answered anything.
    left_alone: Duration,
    /// In the order of their turns.
    lanes: Vec<LaneId>,
}

impl Lanes {
    pub fn new(limits: Limits, manners: HashMap<Arc<str>, Manners>) -> Self {
        Self {
            limits,
            manners,
            ids: HashMap::new(),
            lanes: Vec::new(),
            way_ids: HashMap::new(),
            ways: Vec::new(),
            hosts: HashMap::new(),
            ready: VecDeque::new(),
            later: BinaryHeap::new(),
            delayed: BinaryHeap::new(),
            waiting: HashMap::new(),
            delays: 0,
        }
    }

    /// The lane of a store, a host and a rate, which is the platform's own limit for this kind of request.
    pub fn lane(
        &mut self,
        store: Option<&Arc<str>>,
        host: Option<Arc<str>>,
        rate: Option<Rate>,
    ) -> LaneId {
        let manners = store
            .and_then(|store| self.manners.get(store))
            .copied()
            .unwrap_or_default();
        // What a store says holds for all that is asked of it together.
        let rate = manners.requests_per_second.map(Rate::per_second).or(rate);
        let rate = rate.filter(|_| host.is_some());
        let ways = &mut self.ways;
        let key = (store.cloned(), host.clone());
        let way = *self.way_ids.entry(key).or_insert_with(|| {
            ways.push(Way::default());
            WayId(ways.len() - 1)
        });
        if let Some(&id) = self.ids.get(&(way, rate)) {
            return id;
        }
        let id = LaneId(self.lanes.len());
        let most = match &host {
            Some(_) => manners
                .concurrency
                .map_or(self.limits.per_host, |most| most as usize)
                .max(1),
            None => usize::MAX,
        };
        if let Some(host) = &host {
            let host = self.hosts.entry(Arc::clone(host)).or_default();
            host.lanes.push(id);
            host.most = host.most.max(most);
        }
        self.lanes.push(Lane {
            way,
            host,
            queue: VecDeque::new(),
            last: VecDeque::new(),
            window: rate.map(Window::new),
            most,
            listed: false,
        });
        self.ways[way.0].lanes.push(id);
        self.ids.insert((way, rate), id);
        id
    }

    /// Puts a call at the end of its lane.
    pub fn push(&mut self, lane: LaneId, call: Call) {
        self.lanes[lane.0].queue.push_back(call);
        self.list(lane);
    }

    /// Puts a call aside for so long.
    pub fn delay(&mut self, lane: LaneId, call: Call, now: Instant, wait: Duration) {
        self.delays += 1;
        self.delayed.push(Reverse((now + wait, self.delays)));
        self.waiting.insert(self.delays, (lane, call));
    }

    /// Sends nothing more from this lane's store to its host; the calls that were waiting.
    pub fn close(&mut self, id: LaneId, why: ReadError) -> Vec<Call> {
        let id = self.lanes[id.0].way;
        let way = &mut self.ways[id.0];
        way.closed = Some(why);
        let mut calls = Vec::new();
        for lane in &way.lanes {
            let lane = &mut self.lanes[lane.0];
            calls.extend(lane.queue.drain(..).chain(lane.last.drain(..)));
        }
        let (delayed, others) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition::<HashMap<_, _>, _>(|(_, (lane, _))| self.lanes[lane.0].way == id);
        self.waiting = others;
        calls.extend(delayed.into_values().map(|(_, call)| call));
        calls
    }

    /// Why nothing is sent on this lane anymore.
    pub fn closed(&self, lane: LaneId) -> Option<&ReadError> {
        self.ways[self.lanes[lane.0].way.0].closed.as_ref()
    }

    /// Counts the attempts in a row that met nobody at the other end.
    pub fn silence(&mut self, lane: LaneId, met_nobody: bool) -> u32 {
        let silence = &mut self.ways[self.lanes[lane.0].way.0].silence;
        *silence = if met_nobody { *silence + 1 } else { 0 };
        *silence
    }

    /// The host it leads to.
    pub fn host(&self, lane: LaneId) -> Option<&Arc<str>> {
        self.lanes[lane.0].host.as_ref()
    }

    /// Notes that a call of this lane came back, and how its host is to be asked after that; how often in a row
    /// the host refused everything, and for how long it was left alone for that, where this tells something new.
    pub fn returned(
        &mut self,
        lane: LaneId,
        call: &Call,
        came: Came,
        now: Instant,
    ) -> Option<(u32, Duration)> {
        let name = self.lanes[lane.0].host.as_ref();
        let host = name.and_then(|host| self.hosts.get_mut(host))?;
        let mut in_a_row = None;
        match came {
            Came::Served => {
                host.ease.served(host.most);
                host.left_alone = Duration::ZERO;
            }
            Came::Refused(wait) => {
                let again = call.tries.were_refused();
                let refusal = host.ease.refused(call.stamp, host.under_way, again);
                let wait = match refusal {
                    Refusal::Fewer(times) => {
                        in_a_row = Some((times, host.left_alone));
                        let wait = wait.unwrap_or_else(|| backoff(times));
                        host.left_alone += wait;
                        Some(wait)
                    }
                    Refusal::Known => wait,
                    Refusal::OfOne => None,
                };
                host.paused = host.paused.max(wait.map(|wait| now + wait));
            }
            // A server that does not answer in between is not one that refuses everything.
            Came::Nothing => host.left_alone = Duration::ZERO,
        }
        host.under_way = host.under_way.saturating_sub(1);
        for lane in host.lanes.clone() {
            self.list(lane);
        }
        in_a_row
    }

    /// Takes the next call that may go, each lane in its turn.
    pub fn next(&mut self, now: Instant) -> Due {
        self.wake(now);
        while let Some(id) = self.ready.pop_front() {
            let lane = &mut self.lanes[id.0];
            lane.listed = false;
            let mut host = lane.host.as_ref().and_then(|host| self.hosts.get_mut(host));
            let full = host
                .as_ref()
                .is_some_and(|host| host.under_way >= host.ease.room(lane.most));
            // It was listed when there was room; another lane of the same host may have taken it.
            if lane.is_empty() || full {
                continue;
            }
            let opens = lane.window.as_mut().and_then(|window| window.opens(now));
            let paused = host.as_ref().and_then(|host| host.paused);
            if let Some(at) = opens.max(paused.filter(|&paused| paused > now)) {
                lane.listed = true;
                self.later.push(Reverse((at, id)));
                continue;
            }
            let call = lane.queue.pop_front().or_else(|| lane.last.pop_front());
            let Some(mut call) = call else {
                continue;
            };
            if let Some(window) = &mut lane.window {
                window.pass(now);
            }
            if let Some(host) = &mut host {
                host.under_way += 1;
                call.stamp = host.ease.stamp();
                // Where only one may be under way, the first that is listed takes it: each is first in turn.
                host.lanes.retain(|&lane| lane != id);
                host.lanes.push(id);
            }
            self.list(id);
            return Due::Go(id, call);
        }
        let later = self.later.peek().map(|Reverse((at, _))| *at);
        let delayed = self.delayed.peek().map(|Reverse((at, _))| *at);
        match later.into_iter().chain(delayed).min() {
            Some(at) => Due::At(at),
            None => Due::Nothing,
        }
    }

    /// Brings back what has waited long enough.
    fn wake(&mut self, now: Instant) {
        while let Some(&Reverse((at, id))) = self.later.peek()
            && at <= now
        {
            self.later.pop();
            self.ready.push_back(id);
        }
        while let Some(&Reverse((at, delay))) = self.delayed.peek()
            && at <= now
        {
            self.delayed.pop();
            if let Some((lane, call)) = self.waiting.remove(&delay) {
                let queues = &mut self.lanes[lane.0];
                match call.tries.were_refused_again() {
                    true => queues.last.push_back(call),
                    false => queues.queue.push_front(call),
                }
                self.list(lane);
            }
        }
    }

    fn list(&mut self, id: LaneId) {
        let lane = &mut self.lanes[id.0];
        if !lane.listed && !lane.is_empty() {
            lane.listed = true;
            self.ready.push_back(id);
        }
    }
}
