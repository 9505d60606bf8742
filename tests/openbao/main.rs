//! A real OpenBao, whose API is Vault's: what it holds, who may read it, and what its refusals mean.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where its world breaks"
)]

mod certificates;
mod door;
#[expect(dead_code, reason = "these tests need its TokenReview alone")]
#[path = "../kubernetes/fake.rs"]
mod fake;
mod login;
#[path = "../kubernetes/protobuf.rs"]
mod protobuf;
#[expect(dead_code, reason = "these tests need its TokenReview alone")]
#[path = "../kubernetes/rbac.rs"]
mod rbac;
mod reading;
mod refusals;
mod remedies;
#[expect(dead_code, reason = "these tests need its TokenReview alone")]
#[path = "../kubernetes/rollout.rs"]
mod rollout;
mod scene;
mod secure;
mod server;
#[expect(dead_code, reason = "these tests need a part of it")]
#[path = "../e2e/support/mod.rs"]
mod support;
#[expect(dead_code, reason = "these tests need its TokenReview alone")]
#[path = "../kubernetes/tls.rs"]
mod tls;
#[path = "../kubernetes/write.rs"]
mod write;

/// Who may ask the cluster whose token it is: OpenBao.
const USER: &str = "system:serviceaccount:openbao:openbao";
