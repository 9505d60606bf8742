//! Servers with every fault there is, and what the real program makes of them.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "all of this is a test, also what stands outside of its functions"
)]

mod alone;
mod fault;
mod mixed;
mod nginx;
mod place;
mod run;
mod secured;
mod server;
mod tls;

/// The key that is right, and the one before it.
const CURRENT: &str = "ask_live_4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua";
const OLD: &str = "ask_live_Zp3LmX8vQe5TnC1yWk7HdRs2JbGf6Ua9";

/// What goes along with every request, to one host only.
const TOKEN: &str = "a-token-for-nobody-else";
