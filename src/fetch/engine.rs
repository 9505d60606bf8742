use std::collections::{HashMap, HashSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::{Id, JoinError};
use tokio::time::Instant;

use super::errors;
use super::lanes::{Call, Came, Due, LaneId, Lanes};
use super::retry::{self, Next, PATIENCE, Tries};
use super::round::{Answered, Round};
use super::slots::{SlotId, Slots};
use super::{Limits, Progress};
use crate::inventory::Manners;
use crate::platform::{self, Answer, Asking, Connections, Request, Stop};
use crate::reading::{ErrorKind, ReadError, Retry};

/// How long requests that can share a call wait for each other.
const LINGER: Duration = Duration::from_millis(20);

/// After so many jobs were looked at for the first time, what they ask may go out.
const AHEAD: usize = 16;

/// So many jobs go on side by side, so that little of what was done of them ahead is held.
const SIDE_BY_SIDE: usize = 1024;

/// After so many attempts in a row that met nobody, a host is taken for gone.
const GONE: u32 = 20;

/// A list of hops to be read, or of their histories. The fetcher keeps only their numbers, so that a
/// hundred thousand of them cost little.
pub trait Work {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there is nothing to do.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The declared store that the job with this number asks.
    fn store(&self, job: usize) -> Option<&str>;

    /// Goes as far as the answers do, and keeps the result once they are complete. It runs again,
    /// from its start, when what it asked for has been answered.
    ///
    /// # Errors
    ///
    /// [`Stop::Pending`] while an ask has no answer; a failure comes back through [`Work::failed`].
    fn attempt(&mut self, job: usize, asking: &Asking<'_>) -> Result<(), Stop>;

    /// Hears which jobs are attempted next, with the answers that they may wait for: what takes long and needs
    /// nothing else can be done beforehand, on all cores.
    fn ahead(&mut self, _jobs: &[usize], _answers: Gathered<'_>) {}

    /// Takes note that there will be no result.
    fn failed(&mut self, job: usize, error: ReadError);
}

/// The answers that are there by now.
#[derive(Clone, Copy)]
pub struct Gathered<'a> {
    slots: &'a Slots,
    connections: &'a Connections,
}

impl<'a> Gathered<'a> {
    /// What a job asks through that asks this store.
    #[must_use]
    pub fn asking(&self, store: Option<&str>) -> Asking<'a> {
        Asking::new(self.slots, store.map(Into::into)).through(self.connections)
    }
}

/// Reads hops. It outlives a phase, so that what was asked in one is not asked again in the next.
pub struct Fetcher<'a> {
    connections: Arc<Connections>,
    limits: Limits,
    deadline: Option<Instant>,
    progress: &'a dyn Progress,
    interrupt: Pin<Box<dyn Future<Output = ()> + Send + 'a>>,
    stopped: Option<Stopped>,
    slots: Slots,
    lanes: Lanes,
}

/// What became of a call: its answers and how long they took, unless it panicked.
type Joined = Result<(Id, (Vec<Result<Answer, ReadError>>, Duration)), JoinError>;

/// Why nothing more is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stopped {
    Deadline,
    Interrupt,
}

impl<'a> Fetcher<'a> {
    /// `interrupt` resolves when the user wants to stop.
    pub fn new(
        connections: Connections,
        limits: Limits,
        progress: &'a dyn Progress,
        interrupt: impl Future<Output = ()> + Send + 'a,
    ) -> Self {
        let concurrency = limits.concurrency.clamp(1, platform::most_calls());
        let limits = Limits {
            concurrency,
            ..limits
        };
        Self {
            connections: Arc::new(connections),
            limits,
            deadline: limits.deadline.map(|deadline| Instant::now() + deadline),
            progress,
            interrupt: Box::pin(interrupt),
            stopped: None,
            slots: Slots::default(),
            lanes: Lanes::new(limits, HashMap::new()),
        }
    }

    /// Asks these stores as they want to be asked.
    #[must_use]
    pub fn gently(mut self, manners: HashMap<Arc<str>, Manners>) -> Self {
        self.lanes = Lanes::new(self.limits, manners);
        self
    }

    /// What it asks through.
    #[must_use]
    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Whether the user stopped it.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        self.stopped == Some(Stopped::Interrupt)
    }

    /// Reads the places of known keys. Their answers stay, since the keys in them do too, and hops may
    /// come to ask for them at any time.
    pub async fn read_and_keep(&mut self, work: &mut dyn Work) {
        self.run(work, Answered::Stay).await;
    }

    /// Reads hops, letting go of every answer once the last hop that needs it is done.
    pub async fn read(&mut self, work: &mut dyn Work) {
        self.run(work, Answered::Go).await;
    }

    async fn run(&mut self, work: &mut dyn Work, answered: Answered) {
        let mut round = Round::new(work.len(), answered);
        for job in 0..work.len() {
            self.step(work, job, &mut round);
            // Others are at work while the rest is looked at.
            if job % AHEAD == AHEAD - 1 {
                let jobs = self.taken(&mut round);
                self.advance(work, jobs, &mut round);
                self.send(&mut round);
            }
        }
        // Whatever can be known without an answer is known now.
        round.looked_at = true;
        for slot in std::mem::take(&mut round.idle) {
            self.slots.drop_unused(slot);
        }
        self.share(&mut round);
        while self.stopped.is_none() {
            let wake = self.send(&mut round);
            let Some(jobs) = self.receive(wake, &mut round).await else {
                break;
            };
            self.advance(work, jobs, &mut round);
        }
        for job in (0..work.len()).filter(|&job| !round.jobs[job].done) {
            work.failed(job, self.unread());
        }
    }

    /// Goes on with jobs, each of which got one more answer.
    fn advance(&mut self, work: &mut dyn Work, jobs: Vec<usize>, round: &mut Round) {
        let goes_on = |job: &usize| {
            let state = &round.jobs[*job];
            let waits = || state.uses.iter().any(|&slot| self.slots.is_open(slot));
            !state.done && (state.goes_on || !waits())
        };
        let mut jobs: Vec<usize> = jobs.into_iter().filter(goes_on).collect();
        // Two answers for one may have come together.
        jobs.sort_unstable();
        jobs.dedup();
        for jobs in jobs.chunks(SIDE_BY_SIDE) {
            work.ahead(jobs, self.gathered());
            for &job in jobs {
                self.step(work, job, round);
            }
        }
    }

    fn gathered(&self) -> Gathered<'_> {
        Gathered {
            slots: &self.slots,
            connections: &self.connections,
        }
    }

    /// Runs a job as far as its answers go.
    fn step(&mut self, work: &mut dyn Work, job: usize, round: &mut Round) {
        let asking = self.gathered().asking(work.store(job));
        let outcome = work.attempt(job, &asking);
        let asked = asking.into_asked();

        let before = std::mem::take(&mut round.jobs[job].uses);
        let goes_on = std::mem::take(&mut round.jobs[job].goes_on);
        match outcome {
            Ok(()) => {}
            Err(Stop::Failed(error)) => work.failed(job, error),
            Err(Stop::Pending) => {
                // Where it went on, it may be waiting for some of them already.
                let waits = before.iter().copied().filter(|_| goes_on).collect();
                if self.ask(asked, job, &waits, round) {
                    before.iter().for_each(|&slot| self.slots.release(slot));
                    return;
                }
                work.failed(job, errors::stuck());
            }
        }
        round.jobs[job].done = true;
        for &slot in &before {
            self.slots.release(slot);
        }
        if round.looked_at {
            before.iter().for_each(|&slot| self.slots.drop_unused(slot));
        } else {
            round.idle.extend(before);
        }
    }

    /// Lets a job wait for what it asked, unless it does already; what is new is to be sent. Whether there is
    /// anything to wait for.
    fn ask(
        &mut self,
        asked: Vec<Request>,
        job: usize,
        waits: &HashSet<SlotId>,
        round: &mut Round,
    ) -> bool {
        let mut open = false;
        let mut uses = Vec::with_capacity(asked.len());
        for request in asked {
            let alone = request.is_alone();
            let (slot, new) = self.slots.enter(request, round.answered == Answered::Stay);
            if new {
                self.progress.planned(1);
                if alone {
                    self.queue(vec![slot], round);
                } else {
                    if round.sharing.is_empty() {
                        round.share_at = Instant::now() + LINGER;
                    }
                    round.sharing.push_back(slot);
                }
            }
            self.slots.retain(slot);
            if self.slots.is_open(slot) {
                open = true;
                if !waits.contains(&slot) {
                    self.slots.wait(slot, job);
                }
            }
            uses.push(slot);
        }
        round.jobs[job].uses = uses.into_boxed_slice();
        open
    }

    /// Puts requests that go together into their lane.
    fn queue(&mut self, slots: Vec<SlotId>, round: &mut Round) {
        let Some(request) = slots.first().and_then(|&slot| self.slots.request(slot)) else {
            return;
        };
        let host = request.host(&self.connections);
        let lane = self.lanes.lane(request.store(), host, request.rate());
        match self.lanes.closed(lane) {
            Some(why) => {
                let refused = slots.into_iter().map(|slot| (slot, why.clone()));
                round.refused.extend(refused);
            }
            None => self.lanes.push(lane, Call::of(slots)),
        }
    }

    /// Sorts the requests that can share a call into calls.
    fn share(&mut self, round: &mut Round) {
        let slots = std::mem::take(&mut round.sharing);
        let requests = slots
            .iter()
            .filter_map(|&slot| Some((slot, self.slots.request(slot)?)));
        for call in Request::into_calls(requests) {
            self.queue(call, round);
        }
    }

    /// Sends as many calls as may be under way; the moment at which there may be more to send.
    fn send(&mut self, round: &mut Round) -> Option<Instant> {
        self.notice();
        let mut wake = None;
        while self.stopped.is_none() && round.under_way.len() < self.limits.concurrency {
            let now = Instant::now();
            let due = round.under_way.is_empty() || round.share_at <= now;
            if round.looked_at && due && !round.sharing.is_empty() {
                self.share(round);
            }
            match self.lanes.next(now) {
                Due::Go(lane, call) => self.start(lane, call, round),
                Due::At(at) => {
                    wake = Some(at);
                    break;
                }
                Due::Nothing => break,
            }
        }
        let share_at = (!round.sharing.is_empty()).then_some(round.share_at);
        wake.into_iter().chain(share_at).min()
    }

    /// Takes note of an interrupt and of the deadline, also where nothing is waited for.
    fn notice(&mut self) {
        if self.stopped.is_some() {
            return;
        }
        if (&mut self.interrupt).now_or_never().is_some() {
            self.stopped = Some(Stopped::Interrupt);
        } else if self.deadline.is_some_and(|end| Instant::now() >= end) {
            self.stopped = Some(Stopped::Deadline);
        }
    }

    fn start(&mut self, lane: LaneId, call: Call, round: &mut Round) {
        let requests: Vec<Request> = call
            .slots
            .iter()
            .filter_map(|&slot| self.slots.request(slot).cloned())
            .collect();
        self.progress
            .sent(&mut requests.iter().map(Request::describe));
        let connections = Arc::clone(&self.connections);
        let timeout = self.limits.timeout;
        let task = round.tasks.spawn(async move {
            let begun = Instant::now();
            let sending = platform::within(timeout, Request::send(&requests, &connections));
            let answers = match tokio::time::timeout(timeout, sending).await {
                Ok(answers) => answers,
                Err(_) => requests
                    .iter()
                    .map(|request| Err(errors::late(request, timeout)))
                    .collect(),
            };
            (answers, begun.elapsed())
        });
        round.under_way.insert(task.id(), (lane, call));
    }

    /// Waits for a call and keeps its answers; the jobs that waited for them, or `None` when nothing
    /// is left to wait for or the time is up.
    async fn receive(&mut self, wake: Option<Instant>, round: &mut Round) -> Option<Vec<usize>> {
        if !round.refused.is_empty() {
            let refused = std::mem::take(&mut round.refused);
            return Some(self.refuse(refused));
        }
        let at = async |moment: Option<Instant>| match moment {
            Some(moment) => tokio::time::sleep_until(moment).await,
            None => std::future::pending().await,
        };
        let idle = round.under_way.is_empty();
        if idle && wake.is_none() {
            return None;
        }
        if self.stopped.is_some() {
            return None;
        }
        let joined = tokio::select! {
            biased;
            () = &mut self.interrupt => {
                self.stopped = Some(Stopped::Interrupt);
                return None;
            }
            () = at(self.deadline) => {
                self.stopped = Some(Stopped::Deadline);
                return None;
            }
            joined = round.tasks.join_next_with_id(), if !idle => joined?,
            () = at(wake) => return Some(Vec::new()),
        };
        let mut jobs = self.take(joined, round);
        // Whatever else is there is taken along: waking up costs more than an answer.
        jobs.extend(self.taken(round));
        Some(jobs)
    }

    /// Takes all that is there without waiting.
    fn taken(&mut self, round: &mut Round) -> Vec<usize> {
        let mut jobs = Vec::new();
        while let Some(joined) = round.tasks.try_join_next_with_id() {
            jobs.extend(self.take(joined, round));
        }
        jobs
    }

    /// Keeps what a call gave, or sends it again; the jobs that waited for it.
    fn take(&mut self, joined: Joined, round: &mut Round) -> Vec<usize> {
        let (task, mut answers, took) = match joined {
            Ok((task, (answers, took))) => (task, answers, took),
            Err(error) => (error.id(), Vec::new(), Duration::ZERO),
        };
        let Some((lane, call)) = round.under_way.remove(&task) else {
            return Vec::new();
        };
        // A call that panicked has no answers at all; its hops are unreachable like any other's.
        answers.resize_with(call.slots.len(), || Err(errors::broken()));
        let (came, refused) = came(&answers);
        let in_a_row = self.lanes.returned(lane, &call, came, Instant::now());

        // Nothing more is asked on a lane that was closed meanwhile, not even what was asked before.
        let over = self.lanes.closed(lane).is_some();
        let mut closed = self.gone(lane, answers.first());
        // Whatever was refused only once may be what it would answer.
        let had_its_chance = call.tries.were_refused() || self.limits.retries == 0;
        if let (Some((times, lasts)), Some(error)) = (in_a_row, refused)
            && had_its_chance
            && retry::is_enough(times, lasts, self.limits.retries)
            && let Some(host) = self.lanes.host(lane)
        {
            closed = Some(errors::refusing(host, lasts, error));
        }
        let mut again: Vec<SlotId> = Vec::new();
        let mut failed = None;
        let (mut tries, mut longest) = (call.tries, Duration::ZERO);
        let mut jobs = Vec::new();
        for (slot, answer) in call.slots.into_iter().zip(answers) {
            let next = match &answer {
                Err(error) if closed.is_none() && !over => {
                    tries = call.tries.and(error);
                    self.after(error, lane, slot, tries)
                }
                _ => Next::Fail,
            };
            if let (Next::Close(wait), Some(host)) = (&next, self.lanes.host(lane)) {
                closed = Some(errors::left_alone(host, *wait));
            }
            if let (Next::Again(wait), Err(error)) = (&next, &answer) {
                let describe = || self.describe(slot);
                self.progress.again(&describe, *wait, error);
                again.push(slot);
                failed = Some(error)
                    .filter(|error| error.kind != ErrorKind::Throttled)
                    .cloned();
                longest = longest.max(*wait);
                continue;
            }
            self.progress
                .answered(&|| self.describe(slot), took, answer.as_ref().err());
            let goes_on = self.slots.request(slot).is_some_and(Request::is_paged);
            for job in self.slots.answer(slot, answer) {
                round.jobs[job].goes_on |= goes_on;
                jobs.push(job);
            }
        }
        if !again.is_empty() {
            let mut call = Call::of(again);
            call.tries = tries.after(longest);
            call.failed = failed.map(Box::new);
            self.lanes.delay(lane, call, Instant::now(), longest);
        }
        if let Some(why) = closed {
            let calls = self.lanes.close(lane, why.clone());
            for call in calls {
                // What it met itself says more.
                let why = call.failed.as_deref().unwrap_or(&why);
                let slots = call.slots.iter();
                round.refused.extend(slots.map(|&slot| (slot, why.clone())));
            }
        }
        jobs
    }

    /// What becomes of a request that failed.
    fn after(&self, error: &ReadError, lane: LaneId, slot: SlotId, tries: Tries) -> Next {
        // What is on this machine would answer the same.
        if self.lanes.host(lane).is_none() {
            return Next::Fail;
        }
        // Who asked for much at once asks for less now.
        let divides = || self.slots.request(slot).is_some_and(Request::divides);
        if error.kind == ErrorKind::Timeout && divides() {
            return Next::Fail;
        }
        let now = Instant::now();
        let left = self
            .deadline
            .map(|deadline| deadline.saturating_duration_since(now));
        retry::next(error, tries, self.limits.retries, left)
    }

    /// Why a host that nobody met for long is not asked anymore.
    fn gone(
        &mut self,
        lane: LaneId,
        answer: Option<&Result<Answer, ReadError>>,
    ) -> Option<ReadError> {
        let host = Arc::clone(self.lanes.host(lane)?);
        let error = answer?.as_ref().err();
        let nobody = |error: &&ReadError| {
            let kinds = [ErrorKind::Timeout, ErrorKind::Connect, ErrorKind::Tls];
            !error.answered && kinds.contains(&error.kind)
        };
        let error = error.filter(nobody);
        let silence = self.lanes.silence(lane, error.is_some());
        error
            .filter(|_| silence >= GONE)
            .map(|error| errors::gone(&host, GONE, error))
    }

    fn refuse(&mut self, refused: VecDeque<(SlotId, ReadError)>) -> Vec<usize> {
        let mut jobs = Vec::new();
        for (slot, why) in refused {
            self.progress
                .answered(&|| self.describe(slot), Duration::ZERO, Some(&why));
            jobs.extend(self.slots.answer(slot, Err(why)));
        }
        jobs
    }

    fn describe(&self, slot: SlotId) -> String {
        self.slots
            .request(slot)
            .map(Request::describe)
            .unwrap_or_default()
    }

    fn unread(&self) -> ReadError {
        match self.stopped {
            Some(Stopped::Interrupt) => errors::interrupted(),
            _ => errors::deadline(),
        }
    }
}

/// What a call came back with, and the error that refused it for asking too much at once.
fn came(answers: &[Result<Answer, ReadError>]) -> (Came, Option<&ReadError>) {
    let errors = || answers.iter().filter_map(|answer| answer.as_ref().err());
    if let Some(error) = errors().find(|error| retry::is_busy(error)) {
        let throttled = error.kind == ErrorKind::Throttled;
        return match error.retry {
            // Nobody waits as long.
            Retry::After(wait) if wait > PATIENCE => (Came::Nothing, None),
            Retry::After(wait) => (Came::Refused(Some(wait)), Some(error).filter(|_| throttled)),
            Retry::Never | Retry::Later => (Came::Refused(None), Some(error)),
        };
    }
    let served = errors().count() < answers.len() || errors().any(|error| error.answered);
    match served {
        true => (Came::Served, None),
        false => (Came::Nothing, None),
    }
}
