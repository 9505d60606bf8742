use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

use super::lanes::{Call, LaneId};
use super::slots::SlotId;
use crate::platform::Answer;
use crate::reading::ReadError;

/// Whether answers stay when their hops are done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    Stay,
    Go,
}

/// What is going on while a phase is read.
pub(super) struct Round {
    pub jobs: Vec<JobState>,
    pub answered: Answered,
    /// Whether every job was looked at once; before, nobody knows who could share a call or an answer.
    pub looked_at: bool,
    /// Whose users were done before that.
    pub idle: Vec<SlotId>,
    /// Requests that may share a call.
    pub sharing: VecDeque<SlotId>,
    /// When those go out, with whom they found.
    pub share_at: Instant,
    /// Requests that will not be sent, and why.
    pub refused: VecDeque<(SlotId, ReadError)>,
    pub tasks: JoinSet<(Vec<Result<Answer, ReadError>>, Duration)>,
    pub under_way: HashMap<Id, (LaneId, Call)>,
}

#[derive(Default)]
pub(super) struct JobState {
    pub uses: Box<[SlotId]>,
    /// Whether it goes on with the answers there are, though others are to come; see [`Ask::PAGED`].
    ///
    /// [`Ask::PAGED`]: crate::platform::Ask::PAGED
    pub goes_on: bool,
    pub done: bool,
}

impl Round {
    pub fn new(jobs: usize, answered: Answered) -> Self {
        Self {
            jobs: std::iter::repeat_with(JobState::default)
                .take(jobs)
                .collect(),
            answered,
            looked_at: false,
            idle: Vec::new(),
            sharing: VecDeque::new(),
            share_at: Instant::now(),
            refused: VecDeque::new(),
            tasks: JoinSet::new(),
            under_way: HashMap::new(),
        }
    }
}
