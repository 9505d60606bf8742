use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Limits;
use super::slots::SlotId;
use super::window::Window;
use crate::inventory::Manners;
use crate::platform::Rate;
use crate::reading::ReadError;

/// Requests that go out together, and how often they went.
pub(super) struct Call {
    pub slots: Vec<SlotId>,
    pub tried: u32,
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

/// All that waits to be sent, in one lane for each host of each store, so that no host is asked too
/// hard and a slow one holds up nobody else.
pub(super) struct Lanes {
    limits: Limits,
    manners: HashMap<Arc<str>, Manners>,
    ids: HashMap<Key, LaneId>,
    lanes: Vec<Lane>,
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

struct Lane {
    host: Option<Arc<str>>,
    queue: VecDeque<Call>,
    window: Option<Window>,
    paused: Option<Instant>,
    most: usize,
    under_way: usize,
    /// How many attempts in a row met nobody.
    silence: u32,
    /// Why nothing is sent anymore.
    closed: Option<ReadError>,
    /// Whether it stands in `ready` or `later`.
    listed: bool,
}

#[derive(Default)]
struct Host {
    under_way: usize,
    lanes: Vec<LaneId>,
}

impl Lanes {
    pub fn new(limits: Limits, manners: HashMap<Arc<str>, Manners>) -> Self {
        Self {
            limits,
            manners,
            ids: HashMap::new(),
            lanes: Vec::new(),
            hosts: HashMap::new(),
            ready: VecDeque::new(),
            later: BinaryHeap::new(),
            delayed: BinaryHeap::new(),
            waiting: HashMap::new(),
            delays: 0,
        }
    }

    /// The lane of a store and a host; `rate` is the platform's own limit.
    pub fn lane(
        &mut self,
        store: Option<&Arc<str>>,
        host: Option<Arc<str>>,
        rate: Option<Rate>,
    ) -> LaneId {
        let key = (store.cloned(), host);
        if let Some(&id) = self.ids.get(&key) {
            return id;
        }
        let id = LaneId(self.lanes.len());
        let manners = store
            .and_then(|store| self.manners.get(store))
            .copied()
            .unwrap_or_default();
        let rate = manners.requests_per_second.map(Rate::per_second).or(rate);
        let most = match &key.1 {
            Some(_) => manners
                .concurrency
                .map_or(self.limits.per_host, |most| most as usize)
                .max(1),
            None => usize::MAX,
        };
        if let Some(host) = &key.1 {
            let host = self.hosts.entry(Arc::clone(host)).or_default();
            host.lanes.push(id);
        }
        self.lanes.push(Lane {
            host: key.1.clone(),
            queue: VecDeque::new(),
            window: rate.filter(|_| key.1.is_some()).map(Window::new),
            paused: None,
            most,
            under_way: 0,
            silence: 0,
            closed: None,
            listed: false,
        });
        self.ids.insert(key, id);
        id
    }

    /// Puts a call at the end of its lane.
    pub fn push(&mut self, lane: LaneId, call: Call) {
        self.lanes[lane.0].queue.push_back(call);
        self.list(lane);
    }

    /// Puts a call aside for so long; the whole lane waits as long when it is to be paused.
    pub fn delay(&mut self, lane: LaneId, call: Call, now: Instant, wait: Duration, pause: bool) {
        let end = now + wait;
        if pause {
            let paused = &mut self.lanes[lane.0].paused;
            *paused = Some(paused.map_or(end, |paused| paused.max(end)));
        }
        self.delays += 1;
        self.delayed.push(Reverse((end, self.delays)));
        self.waiting.insert(self.delays, (lane, call));
    }

    /// Sends nothing more on this lane; the calls that were waiting.
    pub fn close(&mut self, id: LaneId, why: ReadError) -> Vec<Call> {
        let lane = &mut self.lanes[id.0];
        lane.closed = Some(why);
        let queued = std::mem::take(&mut lane.queue);
        let (delayed, others) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition::<HashMap<_, _>, _>(|(_, (other, _))| *other == id);
        self.waiting = others;
        let delayed = delayed.into_values().map(|(_, call)| call);
        queued.into_iter().chain(delayed).collect()
    }

    /// Why nothing is sent on this lane anymore.
    pub fn closed(&self, lane: LaneId) -> Option<&ReadError> {
        self.lanes[lane.0].closed.as_ref()
    }

    /// Counts the attempts in a row that met nobody at the other end.
    pub fn silence(&mut self, lane: LaneId, met_nobody: bool) -> u32 {
        let silence = &mut self.lanes[lane.0].silence;
        *silence = if met_nobody { *silence + 1 } else { 0 };
        *silence
    }

    /// The host it leads to.
    pub fn host(&self, lane: LaneId) -> Option<&Arc<str>> {
        self.lanes[lane.0].host.as_ref()
    }

    /// Notes that a call of this lane came back.
    pub fn returned(&mut self, lane: LaneId) {
        let one = &mut self.lanes[lane.0];
        one.under_way = one.under_way.saturating_sub(1);
        let Some(host) = one.host.as_ref().and_then(|host| self.hosts.get_mut(host)) else {
            return;
        };
        host.under_way = host.under_way.saturating_sub(1);
        for lane in host.lanes.clone() {
            self.list(lane);
        }
    }

    /// Takes the next call that may go, each lane in its turn.
    pub fn next(&mut self, now: Instant) -> Due {
        self.wake(now);
        while let Some(id) = self.ready.pop_front() {
            let lane = &mut self.lanes[id.0];
            lane.listed = false;
            let busy = lane.host.as_ref().and_then(|host| self.hosts.get(host));
            let busy = busy.map_or(0, |host| host.under_way);
            // Both were listed when there was room; another lane of the same host may have taken it.
            if lane.queue.is_empty() || busy.max(lane.under_way) >= lane.most {
                continue;
            }
            let opens = lane.window.as_mut().and_then(|window| window.opens(now));
            let paused = lane.paused.filter(|&paused| paused > now);
            if let Some(at) = opens.max(paused) {
                lane.listed = true;
                self.later.push(Reverse((at, id)));
                continue;
            }
            let Some(call) = lane.queue.pop_front() else {
                continue;
            };
            lane.under_way += 1;
            if let Some(window) = &mut lane.window {
                window.pass(now);
            }
            if let Some(host) = lane.host.as_ref().and_then(|host| self.hosts.get_mut(host)) {
                host.under_way += 1;
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
                self.lanes[lane.0].queue.push_front(call);
                self.list(lane);
            }
        }
    }

    fn list(&mut self, id: LaneId) {
        let lane = &mut self.lanes[id.0];
        if !lane.listed && !lane.queue.is_empty() {
            lane.listed = true;
            self.ready.push_back(id);
        }
    }
}
