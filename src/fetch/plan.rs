use std::collections::HashSet;
use std::sync::Arc;

use crate::platform::Request;

/// What would be asked of whom, as far as it is known before anything is.
#[derive(Default)]
pub struct Plan {
    seen: HashSet<Request>,
    requests: Vec<Request>,
}

/// What would be asked of one store, or of one kind of place that needs none.
pub struct Planned {
    /// The platform's id.
    pub platform: &'static str,
    /// The store's name.
    pub store: Option<Arc<str>>,
    /// What each call asks, in the order they would go out.
    pub calls: Vec<Vec<String>>,
}

impl Planned {
    /// How many requests the calls hold.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.calls.iter().map(Vec::len).sum()
    }
}

impl Plan {
    /// Adds requests; those that are in it already would not be sent again.
    pub fn add(&mut self, requests: Vec<Request>) {
        for request in requests {
            if self.seen.insert(request.clone()) {
                self.requests.push(request);
            }
        }
    }

    /// The calls by store, in the order in which the stores are first asked. What was taken out once
    /// does not come again.
    pub fn take(&mut self) -> Vec<Planned> {
        let requests = std::mem::take(&mut self.requests);
        let mut planned: Vec<Planned> = Vec::new();
        for call in Request::into_calls(requests.iter().map(|request| (request, request))) {
            let Some(first) = call.first() else {
                continue;
            };
            let (platform, store) = (first.platform(), first.store());
            let asks = call.iter().map(|request| request.what()).collect();
            let same = |planned: &&mut Planned| {
                planned.platform == platform && planned.store.as_ref() == store
            };
            match planned.iter_mut().find(same) {
                Some(known) => known.calls.push(asks),
                None => planned.push(Planned {
                    platform,
                    store: store.cloned(),
                    calls: vec![asks],
                }),
            }
        }
        planned
    }
}
