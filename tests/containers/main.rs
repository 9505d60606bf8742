//! What runs in real containers: of a real Docker Engine, a real Podman, and a real systemd.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "all of this is a test, also what stands outside of its functions"
)]

mod alike;
mod docker;
mod engine;
mod machine;
mod pki;
mod podman;
mod scene;
mod systemd;
