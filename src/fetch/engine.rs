use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

use super::slots::{SlotId, Slots};
use super::{Limits, Progress};
use crate::platform::{Answer, Asking, Connections, Request, Stop};
use crate::reading::{ErrorKind, ReadError};

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

    /// Takes note that there will be no result.
    fn failed(&mut self, job: usize, error: ReadError);
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
}

/// Why nothing more is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stopped {
    Deadline,
    Interrupt,
}

/// Whether answers stay when their hops are done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answered {
    Stay,
    Go,
}

impl<'a> Fetcher<'a> {
    /// `interrupt` resolves when the user wants to stop.
    pub fn new(
        connections: Connections,
        limits: Limits,
        progress: &'a dyn Progress,
        interrupt: impl Future<Output = ()> + Send + 'a,
    ) -> Self {
        Self {
            connections: Arc::new(connections),
            limits,
            deadline: limits.deadline.map(|deadline| Instant::now() + deadline),
            progress,
            interrupt: Box::pin(interrupt),
            stopped: None,
            slots: Slots::default(),
        }
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
        }
        while self.stopped.is_none() {
            self.send(&mut round);
            let Some(slots) = self.receive(&mut round).await else {
                break;
            };
            for job in slots {
                round.jobs[job].unanswered -= 1;
                if round.jobs[job].unanswered == 0 {
                    self.step(work, job, &mut round);
                }
            }
        }
        for job in (0..work.len()).filter(|&job| !round.jobs[job].done) {
            work.failed(job, self.unread());
        }
    }

    /// Runs a job as far as its answers go.
    fn step(&mut self, work: &mut dyn Work, job: usize, round: &mut Round) {
        let asking = Asking::new(&self.slots, work.store(job).map(Into::into));
        let outcome = work.attempt(job, &asking);
        let asked = asking.into_asked();

        let before = std::mem::take(&mut round.jobs[job].uses);
        match outcome {
            Ok(()) => {}
            Err(Stop::Failed(error)) => work.failed(job, error),
            Err(Stop::Pending) => {
                self.ask(asked, job, round);
                if round.jobs[job].unanswered > 0 {
                    before.iter().for_each(|&slot| self.slots.release(slot));
                    return;
                }
                work.failed(job, stuck());
            }
        }
        round.jobs[job].done = true;
        for slot in before {
            self.slots.release(slot);
            self.slots.drop_unused(slot);
        }
    }

    /// Lets a job wait for what it asked; what is new is to be sent.
    fn ask(&mut self, asked: Vec<Request>, job: usize, round: &mut Round) {
        let mut uses = Vec::with_capacity(asked.len());
        for request in asked {
            let alone = request.is_alone();
            let (slot, new) = self.slots.enter(request, round.answered == Answered::Stay);
            if new {
                self.progress.planned(1);
                let queue = if alone {
                    &mut round.alone
                } else {
                    &mut round.sharing
                };
                queue.push_back(slot);
            }
            self.slots.retain(slot);
            if self.slots.wait(slot, job) {
                round.jobs[job].unanswered += 1;
            }
            uses.push(slot);
        }
        round.jobs[job].uses = uses.into_boxed_slice();
    }

    /// Sends as many calls as may be under way. Requests that can share a call wait until the round
    /// is over, so that all that are known go together; the others go at once.
    fn send(&mut self, round: &mut Round) {
        while round.under_way.len() < self.limits.concurrency.max(1) {
            let call = if let Some(slot) = round.alone.pop_front() {
                vec![slot]
            } else if let Some(call) = round.calls.pop_front() {
                call
            } else if round.under_way.is_empty() && !round.sharing.is_empty() {
                round.calls = self.share(std::mem::take(&mut round.sharing));
                continue;
            } else {
                return;
            };
            let requests: Vec<Request> = call
                .iter()
                .filter_map(|&slot| self.slots.request(slot).cloned())
                .collect();
            self.progress
                .sent(&mut requests.iter().map(Request::describe));
            let connections = Arc::clone(&self.connections);
            let timeout = self.limits.timeout;
            let task = round.tasks.spawn(async move {
                let begun = Instant::now();
                let answers =
                    match tokio::time::timeout(timeout, Request::send(&requests, &connections))
                        .await
                    {
                        Ok(answers) => answers,
                        Err(_) => requests
                            .iter()
                            .map(|request| Err(late(request, timeout)))
                            .collect(),
                    };
                (answers, begun.elapsed())
            });
            round.under_way.insert(task.id(), call);
        }
    }

    fn share(&self, slots: VecDeque<SlotId>) -> VecDeque<Vec<SlotId>> {
        let requests = slots
            .iter()
            .filter_map(|&slot| Some((slot, self.slots.request(slot)?)));
        Request::into_calls(requests)
    }

    /// Waits for a call and keeps its answers; the jobs that waited for them, or `None` when nothing
    /// is under way or the time is up.
    async fn receive(&mut self, round: &mut Round) -> Option<Vec<usize>> {
        let deadline = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let joined = tokio::select! {
            biased;
            () = &mut self.interrupt => {
                self.stopped = Some(Stopped::Interrupt);
                return None;
            }
            () = deadline => {
                self.stopped = Some(Stopped::Deadline);
                return None;
            }
            joined = round.tasks.join_next_with_id() => joined?,
        };
        let (task, mut answers, took) = match joined {
            Ok((task, (answers, took))) => (task, answers, took),
            Err(error) => (error.id(), Vec::new(), Duration::ZERO),
        };
        let call = round.under_way.remove(&task)?;
        // A call that panicked has no answers at all; its hops are unreachable like any other's.
        answers.resize_with(call.len(), || Err(broken()));
        let mut waited = Vec::new();
        for (slot, answer) in call.into_iter().zip(answers) {
            let describe = || {
                self.slots
                    .request(slot)
                    .map(Request::describe)
                    .unwrap_or_default()
            };
            self.progress
                .answered(&describe, took, answer.as_ref().err());
            waited.extend(self.slots.answer(slot, answer));
        }
        Some(waited)
    }

    fn unread(&self) -> ReadError {
        match self.stopped {
            Some(Stopped::Interrupt) => ReadError::new(
                ErrorKind::Interrupted,
                "the audit was interrupted before this was read",
                "run it again",
            ),
            _ => ReadError::new(
                ErrorKind::Timeout,
                "the audit's deadline passed before this was read",
                "give it more time with --deadline",
            ),
        }
    }
}

fn late(request: &Request, timeout: Duration) -> ReadError {
    ReadError::new(
        ErrorKind::Timeout,
        format!("no answer from {} within {timeout:?}", request.describe()),
        "run again, or give each read more time with --timeout",
    )
}

fn stuck() -> ReadError {
    ReadError::new(
        ErrorKind::Protocol,
        "the source waits for an answer it never asked for",
        "report it",
    )
}

fn broken() -> ReadError {
    ReadError::new(
        ErrorKind::Protocol,
        "straggler failed while it read this",
        "report it with the output of -vv",
    )
}

/// What is going on while a phase is read.
struct Round {
    jobs: Vec<JobState>,
    answered: Answered,
    /// Requests that go by themselves.
    alone: VecDeque<SlotId>,
    /// Requests that may share a call.
    sharing: VecDeque<SlotId>,
    calls: VecDeque<Vec<SlotId>>,
    tasks: JoinSet<(Vec<Result<Answer, ReadError>>, Duration)>,
    under_way: HashMap<Id, Vec<SlotId>>,
}

#[derive(Default)]
struct JobState {
    uses: Box<[SlotId]>,
    unanswered: u32,
    done: bool,
}

impl Round {
    fn new(jobs: usize, answered: Answered) -> Self {
        Self {
            jobs: std::iter::repeat_with(JobState::default)
                .take(jobs)
                .collect(),
            answered,
            alone: VecDeque::new(),
            sharing: VecDeque::new(),
            calls: VecDeque::new(),
            tasks: JoinSet::new(),
            under_way: HashMap::new(),
        }
    }
}
