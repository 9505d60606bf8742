use std::time::Duration;

use tokio::time::Instant;

/// Of the time that a call has, so much is for a login, so that who is late can be named before the call ends.
const SHARE: f64 = 0.9;

tokio::task_local! {
    static END: Instant;
}

/// Makes a call that knows how long it may take.
pub async fn within<F: Future>(limit: Duration, call: F) -> F::Output {
    // A limit beyond all times is none.
    match Instant::now().checked_add(limit) {
        Some(end) => END.scope(end, call).await,
        None => call.await,
    }
}

/// How long a login may take which this call waits for; `None` where the call knows no limit.
pub(super) fn for_a_login() -> Option<Duration> {
    let left = |end: &Instant| end.saturating_duration_since(Instant::now());
    END.try_with(left).ok().map(|left| left.mul_f64(SHARE))
}
