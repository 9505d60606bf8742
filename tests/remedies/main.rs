//! Whoever does exactly what a remedy says gets a deployment that the next audit calls current: each source
//! and each verdict, mended on the real thing. Commands are run as they are written; where a remedy is in
//! words, a person in here does what it says.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "all of this is a test, also what stands outside of its functions"
)]

#[path = "../etcd/certificates.rs"]
mod certificates;
mod containers;
#[expect(dead_code, reason = "other suites need more of it")]
#[path = "../containers/engine.rs"]
mod engine;
mod etcd;
mod files;
#[path = "../containers/machine.rs"]
mod machine;
#[expect(dead_code, reason = "tests/etcd needs more of it")]
#[path = "../etcd/server.rs"]
mod server;
mod systemd;
mod table;
mod values;
mod world;
