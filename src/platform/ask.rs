use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::credential::Credentials;
use super::{Here, Locator, Rate};
use crate::key::Secret;
use crate::reading::{ErrorKind, ReadError};

/// A kind of connection. Retry, limits and logging are wrapped around it; it only makes calls.
pub trait Platform: Send + Sync + 'static {
    /// The name shown in plans and logs.
    const ID: &'static str;

    /// Takes in where it leads, with all that the environment stands in for.
    fn locate(&self, _to: &mut Locator) {}
}

/// One thing to ask a platform. Equal asks are sent once per store and audit.
pub trait Ask: Clone + Eq + Hash + Send + Sync + 'static {
    /// Who answers it.
    type Platform: Platform;
    /// What comes back.
    type Answer: Send + Sync + 'static;
    /// How many asks of one group may share a call.
    const BATCH: usize = 1;

    /// Whether hops may come to ask this only after others that asked it are done, so that the answer
    /// has to stay until the audit ends. Answers of first-round asks need not.
    const KEEP: bool = false;

    /// Whether it is a page of a list, behind which others may come: whoever waits for it goes on as soon as it
    /// is there, so that all who read the list ask for each of its pages together.
    const PAGED: bool = false;

    /// How many calls the platform takes, unless the store says otherwise; `None` where it sets no
    /// limit that an audit could reach.
    const RATE: Option<Rate> = None;

    /// The server that is asked, as `host` or `host:port`, so that none gets too many calls at once and
    /// each is left alone when it asks for that. `None` for whatever is on this machine: that is never
    /// asked twice.
    fn host(&self, _platform: &Self::Platform) -> Option<Arc<str>> {
        None
    }

    /// Whether less of it can be asked for, so that it is not asked again as it is when there was no time for
    /// it.
    fn divides(&self) -> bool {
        false
    }

    /// Only asks of the same group share a call: a region, an account.
    fn group(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    /// Where the answer comes from, resolved with all that the connection and the answer tell, so that two
    /// spellings of one place are equal. `None` where an ask is about no place that a key is kept in.
    fn place(&self, _platform: &Self::Platform, _answer: &Self::Answer) -> Option<String> {
        None
    }

    /// Whether this file of this host may be read for it.
    fn reads(&self, _file: &Here<'_>) -> bool {
        false
    }

    /// What is asked, for plans and logs. Never a secret.
    fn describe(&self) -> String;

    /// Makes one call for at most [`Ask::BATCH`] asks of one group: one result for each, in order.
    fn send(
        platform: &Self::Platform,
        asks: Vec<Self>,
    ) -> impl Future<Output = Vec<Result<Self::Answer, ReadError>>> + Send;
}

/// An answer of whichever type its ask has.
pub type Answer = Box<dyn Any + Send + Sync>;

/// An ask of any type, at the store it goes to. Cheap to clone.
#[derive(Clone)]
pub struct Request {
    store: Option<Arc<str>>,
    ask: Arc<dyn AnyAsk>,
}

impl Request {
    /// `store` is the name of a declared store; hops without one share a connection.
    pub fn new<A: Ask>(store: Option<Arc<str>>, ask: A) -> Self {
        Self {
            store,
            ask: Arc::new(ask),
        }
    }

    /// The platform's id, the store's name and what is asked.
    #[must_use]
    pub fn describe(&self) -> String {
        let platform = self.ask.platform_id();
        let what = self.ask.describe();
        match &self.store {
            Some(store) => format!("{platform}:{store} {what}"),
            None => format!("{platform} {what}"),
        }
    }

    /// What is asked.
    #[must_use]
    pub fn what(&self) -> String {
        self.ask.describe()
    }

    /// The ask, where it is of this type.
    #[cfg(test)]
    pub(crate) fn ask<A: Ask>(&self) -> Option<&A> {
        self.ask.as_any().downcast_ref()
    }

    /// Whether it never shares a call.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.ask.batch() <= 1
    }

    /// Sorts requests into calls that they may share, keeping their order.
    pub fn into_calls<'a, T>(
        requests: impl IntoIterator<Item = (T, &'a Self)>,
    ) -> VecDeque<Vec<T>> {
        let mut open: HashMap<(TypeId, Option<Arc<str>>, String), usize> = HashMap::new();
        let mut calls: VecDeque<Vec<T>> = VecDeque::new();
        for (tag, request) in requests {
            let group = (
                request.ask.as_any().type_id(),
                request.store.clone(),
                request.ask.group().into_owned(),
            );
            match open.get(&group).map(|&at| &mut calls[at]) {
                Some(call) if call.len() < request.ask.batch() => call.push(tag),
                _ => {
                    open.insert(group, calls.len());
                    calls.push_back(vec![tag]);
                }
            }
        }
        calls
    }

    /// The server it goes to; `None` for this machine.
    #[must_use]
    pub fn host(&self, connections: &Connections) -> Option<Arc<str>> {
        let platform = connections.find(self.ask.platform_type(), self.store.as_ref())?;
        self.ask.host(platform)
    }

    /// Where the answer comes from; see [`Ask::place`].
    #[must_use]
    pub fn place(&self, connections: &Connections, answer: &Answer) -> Option<String> {
        let platform = connections.find(self.ask.platform_type(), self.store.as_ref())?;
        self.ask.place(platform, &**answer)
    }

    /// Whether this file of this host may be read for it.
    #[must_use]
    pub fn reads(&self, file: &Here<'_>) -> bool {
        self.ask.reads(file)
    }

    /// The store it goes to, where one is named.
    #[must_use]
    pub fn store(&self) -> Option<&Arc<str>> {
        self.store.as_ref()
    }

    /// The platform's id.
    #[must_use]
    pub fn platform(&self) -> &'static str {
        self.ask.platform_id()
    }

    /// How many calls may go out, unless the store says otherwise.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        self.ask.rate()
    }

    /// Makes the call that these requests share: one result for each, in order.
    pub async fn send(call: &[Self], connections: &Connections) -> Vec<Result<Answer, ReadError>> {
        let Some(first) = call.first() else {
            return Vec::new();
        };
        let asks = call.iter().map(|request| &*request.ask).collect();
        let Some(platform) = connections.find(first.ask.platform_type(), first.store.as_ref())
        else {
            let error = ReadError::new(
                ErrorKind::Connect,
                format!("no connection is open for {}", first.describe()),
                "declare it under `stores`",
            );
            return call.iter().map(|_| Err(error.clone())).collect();
        };
        let mut answers = first.ask.send(platform, asks).await;
        answers.resize_with(call.len(), || {
            Err(ReadError::new(
                ErrorKind::Protocol,
                format!("{} was not answered", first.describe()),
                "run again with -v and report it",
            ))
        });
        answers
    }

    /// Whether it is a page of a list; see [`Ask::PAGED`].
    #[must_use]
    pub fn is_paged(&self) -> bool {
        self.ask.paged()
    }

    /// Whether less of it can be asked for; see [`Ask::divides`].
    #[must_use]
    pub fn divides(&self) -> bool {
        self.ask.divides()
    }

    /// Whether the answer has to stay until the audit ends; see [`Ask::KEEP`].
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.ask.keep()
    }
}

impl PartialEq for Request {
    fn eq(&self, other: &Self) -> bool {
        self.store == other.store && self.ask.equals(&*other.ask)
    }
}

impl Eq for Request {}

impl Hash for Request {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.store.hash(state);
        self.ask.hash_into(state);
    }
}

/// The open connections: one for each kind of platform without a store, one for each store.
#[derive(Default)]
pub struct Connections {
    open: HashMap<ConnectionKey, Open>,
    credentials: Arc<Credentials>,
}

/// The platform's type and the store's name.
type ConnectionKey = (TypeId, Option<Arc<str>>);

/// A connection without its type.
struct Open {
    id: &'static str,
    platform: Box<dyn Any + Send + Sync>,
    locate: fn(&(dyn Any + Send + Sync), &mut Locator),
}

impl Connections {
    /// Adds a connection, under a store's name or for all hops that name no store.
    #[must_use]
    pub fn with<P: Platform>(mut self, store: Option<Arc<str>>, platform: P) -> Self {
        let open = Open {
            id: P::ID,
            platform: Box::new(platform),
            locate: |platform, to| {
                if let Some(platform) = platform.downcast_ref::<P>() {
                    platform.locate(to);
                }
            },
        };
        self.open.insert((TypeId::of::<P>(), store), open);
        self
    }

    /// The same, whose credentials are these.
    #[must_use]
    pub(super) fn with_credentials(mut self, credentials: &Arc<Credentials>) -> Self {
        self.credentials = Arc::clone(credentials);
        self
    }

    /// Every credential that was used so far, whenever that is asked.
    pub fn credentials(&self) -> impl Fn() -> Vec<Secret> + Send + use<> {
        let credentials = Arc::clone(&self.credentials);
        move || credentials.used()
    }

    fn find(&self, platform: TypeId, store: Option<&Arc<str>>) -> Option<&(dyn Any + Send + Sync)> {
        self.open
            .get(&(platform, store.cloned()))
            .map(|found| &*found.platform)
    }

    /// Takes in where the connections of a store lead, or of hops that name none.
    pub fn locate(&self, kind: &str, store: Option<&str>, to: &mut Locator) {
        let found = self
            .open
            .iter()
            .find(|((_, name), open)| open.id == kind && name.as_deref() == store);
        if let Some((_, open)) = found {
            (open.locate)(&*open.platform, to);
        }
    }
}

/// [`Ask`] without its types, so that asks of all platforms stand in one queue.
trait AnyAsk: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn equals(&self, other: &dyn AnyAsk) -> bool;
    fn hash_into(&self, state: &mut dyn Hasher);
    fn platform_id(&self) -> &'static str;
    fn platform_type(&self) -> TypeId;
    fn describe(&self) -> String;
    fn reads(&self, file: &Here<'_>) -> bool;
    fn batch(&self) -> usize;
    fn keep(&self) -> bool;
    fn paged(&self) -> bool;
    fn divides(&self) -> bool;
    fn group(&self) -> Cow<'_, str>;
    fn rate(&self) -> Option<Rate>;
    fn host(&self, platform: &(dyn Any + Send + Sync)) -> Option<Arc<str>>;
    fn place(
        &self,
        platform: &(dyn Any + Send + Sync),
        answer: &(dyn Any + Send + Sync),
    ) -> Option<String>;
    fn send<'a>(
        &self,
        platform: &'a (dyn Any + Send + Sync),
        asks: Vec<&'a dyn AnyAsk>,
    ) -> BoxFuture<'a, Vec<Result<Answer, ReadError>>>;
}

impl<A: Ask> AnyAsk for A {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn equals(&self, other: &dyn AnyAsk) -> bool {
        other.as_any().downcast_ref::<A>() == Some(self)
    }

    fn hash_into(&self, mut state: &mut dyn Hasher) {
        TypeId::of::<A>().hash(&mut state);
        self.hash(&mut state);
    }

    fn platform_id(&self) -> &'static str {
        A::Platform::ID
    }

    fn platform_type(&self) -> TypeId {
        TypeId::of::<A::Platform>()
    }

    fn describe(&self) -> String {
        Ask::describe(self)
    }

    fn reads(&self, file: &Here<'_>) -> bool {
        Ask::reads(self, file)
    }

    fn batch(&self) -> usize {
        A::BATCH
    }

    fn keep(&self) -> bool {
        A::KEEP
    }

    fn paged(&self) -> bool {
        A::PAGED
    }

    fn divides(&self) -> bool {
        Ask::divides(self)
    }

    fn group(&self) -> Cow<'_, str> {
        Ask::group(self)
    }

    fn rate(&self) -> Option<Rate> {
        A::RATE
    }

    fn host(&self, platform: &(dyn Any + Send + Sync)) -> Option<Arc<str>> {
        Ask::host(self, platform.downcast_ref()?)
    }

    fn place(
        &self,
        platform: &(dyn Any + Send + Sync),
        answer: &(dyn Any + Send + Sync),
    ) -> Option<String> {
        Ask::place(self, platform.downcast_ref()?, answer.downcast_ref()?)
    }

    fn send<'a>(
        &self,
        platform: &'a (dyn Any + Send + Sync),
        asks: Vec<&'a dyn AnyAsk>,
    ) -> BoxFuture<'a, Vec<Result<Answer, ReadError>>> {
        let asks: Vec<A> = asks
            .into_iter()
            .filter_map(|ask| ask.as_any().downcast_ref::<A>().cloned())
            .collect();
        let Some(platform) = platform.downcast_ref::<A::Platform>() else {
            return async { Vec::new() }.boxed();
        };
        async move {
            A::send(platform, asks)
                .await
                .into_iter()
                .map(|answer| answer.map(|answer| Box::new(answer) as Answer))
                .collect()
        }
        .boxed()
    }
}
