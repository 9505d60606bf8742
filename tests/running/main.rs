//! What really runs: straggler beside its own surroundings, and beside managers that hand on an
//! environment of their own.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "all of this is a test, also what stands outside of its functions"
)]

mod managers;
mod pm2;
mod scene;
mod surroundings;
