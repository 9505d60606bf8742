use std::collections::HashMap;

use crate::platform::{Answer, Answers, Request};
use crate::reading::ReadError;

/// The index of a request among all that were ever sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SlotId(u32);

/// Every distinct request, who waits for it, and its answer as long as somebody may still need it.
#[derive(Default)]
pub(super) struct Slots {
    ids: HashMap<Request, SlotId>,
    slots: Vec<Slot>,
}

struct Slot {
    /// `None` once the answer is gone.
    request: Option<Request>,
    answer: Option<Result<Answer, Box<ReadError>>>,
    waiting: Vec<usize>,
    users: u32,
    keep: bool,
}

impl Slots {
    /// Finds the request's slot or makes one; `true` when it is new and has to be sent. What is kept
    /// stays however many hops are done with it.
    pub(super) fn enter(&mut self, request: Request, keep: bool) -> (SlotId, bool) {
        if let Some(&id) = self.ids.get(&request) {
            return (id, false);
        }
        let id = SlotId(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        self.slots.push(Slot {
            request: Some(request.clone()),
            answer: None,
            waiting: Vec::new(),
            users: 0,
            keep: keep || request.keeps(),
        });
        self.ids.insert(request, id);
        (id, true)
    }

    /// What the slot asks.
    pub(super) fn request(&self, id: SlotId) -> Option<&Request> {
        self.slots[id.index()].request.as_ref()
    }

    /// Notes that a job uses the answer.
    pub(super) fn retain(&mut self, id: SlotId) {
        self.slots[id.index()].users += 1;
    }

    /// Notes that a job no longer uses the answer.
    pub(super) fn release(&mut self, id: SlotId) {
        let slot = &mut self.slots[id.index()];
        slot.users = slot.users.saturating_sub(1);
    }

    /// Lets go of the answer when nobody needs it. The request goes with it, so that whoever asks
    /// for it after all sends it again instead of waiting for ever.
    pub(super) fn drop_unused(&mut self, id: SlotId) {
        let slot = &mut self.slots[id.index()];
        let unused = slot.users == 0 && slot.answer.is_some() && !slot.keep;
        if let Some(request) = slot.request.take_if(|_| unused) {
            slot.answer = None;
            self.ids.remove(&request);
        }
    }

    /// Whether there is no answer yet.
    pub(super) fn is_open(&self, id: SlotId) -> bool {
        self.slots[id.index()].answer.is_none()
    }

    /// Lets a job wait for the answer.
    pub(super) fn wait(&mut self, id: SlotId, job: usize) {
        self.slots[id.index()].waiting.push(job);
    }

    /// Keeps an answer and says who waited for it.
    pub(super) fn answer(&mut self, id: SlotId, answer: Result<Answer, ReadError>) -> Vec<usize> {
        let slot = &mut self.slots[id.index()];
        slot.answer = Some(answer.map_err(Box::new));
        std::mem::take(&mut slot.waiting)
    }
}

impl SlotId {
    fn index(self) -> usize {
        self.0 as usize
    }
}

impl Answers for Slots {
    fn get<'a>(&'a self, request: &Request) -> Option<Result<&'a Answer, &'a ReadError>> {
        let id = self.ids.get(request)?;
        let answer = self.slots[id.index()].answer.as_ref()?;
        Some(answer.as_ref().map_err(|error| &**error))
    }
}
