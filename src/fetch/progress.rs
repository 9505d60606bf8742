use std::sync::Arc;
use std::time::Duration;

use crate::keyring::Scrubber;
use crate::reading::ReadError;

/// Somebody who watches the fetcher work. Calls come from one task, in order.
pub trait Progress: Send + Sync {
    /// Every reference was read: what takes the known keys out of whatever is said of requests. Before, no
    /// key is known that a request may be named by.
    fn known(&self, _scrubber: &Arc<Scrubber>) {}

    /// More requests are to be made.
    fn planned(&self, requests: usize);

    /// A call goes out for these requests; what they ask is never secret.
    fn sent(&self, requests: &mut dyn Iterator<Item = String>);

    /// A request failed and is made again after this long.
    fn again(&self, request: &dyn Fn() -> String, wait: Duration, error: &ReadError);

    /// A request came back, after this long, with or without an answer.
    fn answered(&self, request: &dyn Fn() -> String, took: Duration, error: Option<&ReadError>);
}

/// Nobody watches.
pub struct Quiet;

impl Progress for Quiet {
    fn planned(&self, _requests: usize) {}
    fn sent(&self, _requests: &mut dyn Iterator<Item = String>) {}
    fn again(&self, _request: &dyn Fn() -> String, _wait: Duration, _error: &ReadError) {}
    fn answered(&self, _request: &dyn Fn() -> String, _took: Duration, _error: Option<&ReadError>) {
    }
}
