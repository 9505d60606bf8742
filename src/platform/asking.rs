use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use super::ask::{Answer, Ask, Connections, Request};
use crate::reading::{ErrorKind, Identity, ReadError, Retry};

/// Why a source has no readings yet.
#[derive(Debug)]
pub enum Stop {
    /// An ask is not answered yet; it has been noted, and the source runs again when it is.
    Pending,
    /// The hop cannot be read.
    Failed(ReadError),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Failed(error)
    }
}

/// The answers there are so far.
pub trait Answers {
    /// `None` while a request has no answer.
    fn get<'a>(&'a self, request: &Request) -> Option<Result<&'a Answer, &'a ReadError>>;
}

/// What a source reads through: it asks as if every answer were there, and returns with `?` when
/// one is not.
pub struct Asking<'a> {
    answers: &'a dyn Answers,
    store: Option<Arc<str>>,
    asked: RefCell<Vec<Request>>,
    connections: Option<&'a Connections>,
}

impl<'a> Asking<'a> {
    /// `store` is the one the hop names.
    #[must_use]
    pub fn new(answers: &'a dyn Answers, store: Option<Arc<str>>) -> Self {
        Self {
            answers,
            store,
            asked: RefCell::default(),
            connections: None,
        }
    }

    /// Knows by which connections the answers came, and so where they come from.
    #[must_use]
    pub fn through(mut self, connections: &'a Connections) -> Self {
        self.connections = Some(connections);
        self
    }

    /// Where the first answer comes from that comes from a place; see [`Ask::place`].
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        let connections = self.connections?;
        self.asked.borrow().iter().find_map(|request| {
            let answer = self.answers.get(request)?.ok()?;
            request.place(connections, answer).map(Identity::of)
        })
    }

    /// The answer, where the hop is lost without it.
    ///
    /// # Errors
    ///
    /// [`Stop::Pending`] until it is answered, [`Stop::Failed`] when it failed.
    pub fn of<A: Ask>(&self, ask: &A) -> Result<&'a A::Answer, Stop> {
        Ok(self.attempt(ask)?.map_err(Clone::clone)?)
    }

    /// The answer or its failure, where the hop can go on without it.
    ///
    /// # Errors
    ///
    /// [`Stop::Pending`] until it is answered.
    pub fn attempt<A: Ask>(&self, ask: &A) -> Result<Attempt<'a, A>, Stop> {
        self.look(ask).ok_or(Stop::Pending)
    }

    /// Several answers that can be fetched side by side, one for each ask, in order.
    ///
    /// # Errors
    ///
    /// [`Stop::Pending`] until all are answered.
    pub fn all<A: Ask>(&self, asks: &[A]) -> Result<Vec<Attempt<'a, A>>, Stop> {
        // Every ask is looked up before any is given up on, so that all go out in one round.
        let found: Vec<_> = asks.iter().map(|ask| self.look(ask)).collect();
        found
            .into_iter()
            .collect::<Option<_>>()
            .ok_or(Stop::Pending)
    }

    /// Like [`Asking::attempt`], of this machine and not of the hop's store.
    ///
    /// # Errors
    ///
    /// [`Stop::Pending`] until it is answered.
    pub fn attempt_here<A: Ask>(&self, ask: &A) -> Result<Attempt<'a, A>, Stop> {
        self.look_at(None, ask).ok_or(Stop::Pending)
    }

    /// Like [`Asking::all`], of this machine and not of the hop's store.
    ///
    /// # Errors
    ///
    /// [`Stop::Pending`] until all are answered.
    pub fn all_here<A: Ask>(&self, asks: &[A]) -> Result<Vec<Attempt<'a, A>>, Stop> {
        let found: Vec<_> = asks.iter().map(|ask| self.look_at(None, ask)).collect();
        found
            .into_iter()
            .collect::<Option<_>>()
            .ok_or(Stop::Pending)
    }

    /// Everything that was asked for, answered or not.
    #[must_use]
    pub fn into_asked(self) -> Vec<Request> {
        self.asked.into_inner()
    }

    fn look<A: Ask>(&self, ask: &A) -> Option<Attempt<'a, A>> {
        self.look_at(self.store.clone(), ask)
    }

    fn look_at<A: Ask>(&self, store: Option<Arc<str>>, ask: &A) -> Option<Attempt<'a, A>> {
        let request = Request::new(store, ask.clone());
        let answer = self.answers.get(&request);
        self.asked.borrow_mut().push(request);
        Some(answer?.and_then(|answer| answer.downcast_ref::<A::Answer>().ok_or(&MISTYPED)))
    }
}

/// An answer to an ask, or why there is none.
pub type Attempt<'a, A> = Result<&'a <A as Ask>::Answer, &'a ReadError>;

/// Cannot happen: an answer has the type of the ask that it is kept under.
static MISTYPED: ReadError = ReadError {
    kind: ErrorKind::Protocol,
    message: Cow::Borrowed("an answer came back under the wrong request"),
    next: Cow::Borrowed("report it"),
    retry: Retry::Never,
    answered: false,
};
