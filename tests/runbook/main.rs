//! The runbook of docs/rotation.md, command by command, on real stores and real processes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "all of this is a test, also what stands outside of its functions"
)]

#[path = "../etcd/certificates.rs"]
mod certificates;
#[path = "../etcd/server.rs"]
#[expect(dead_code, reason = "more than is needed here")]
mod etcd;
#[path = "../aws/moto.rs"]
#[expect(dead_code, reason = "more than is needed here")]
mod moto;
mod page;
#[path = "../e2e/support/mod.rs"]
#[expect(dead_code, reason = "more than is needed here")]
mod support;

use page::Story;

#[test]
#[ignore = "needs etcd"]
fn a_rotation_with_both_keys_alive() {
    let server = etcd::Server::start();
    let story = Story::of("## With both keys alive");
    let told = story.run(&[
        ("ETCDCTL_API", "3".into()),
        ("ETCDCTL_ENDPOINTS", server.endpoint()),
    ]);
    told.has("exit 0: every selected deployment is proven current");
    told.has("2 deployments: 2 current (1 with the next key)");
    told.has("1 rotation behind");
    told.has("safe to revoke: sha256:");
    told.has("not safe to revoke");
    // An edit that finds no line to change fails nothing by itself.
    assert!(story.file("targets.yaml").contains("revoked_at: 20"));
}

#[test]
#[ignore = "needs moto and the AWS CLI"]
fn a_rotation_that_kills_the_old_key_at_once() {
    let moto = moto::Moto::start();
    let told = Story::of("## When the old key dies at once").run(&[
        ("AWS_ENDPOINT_URL", moto.url()),
        ("AWS_REGION", moto::REGION.into()),
        ("AWS_DEFAULT_REGION", moto::REGION.into()),
        ("AWS_ACCESS_KEY_ID", "anybody".into()),
        ("AWS_SECRET_ACCESS_KEY", "anything".into()),
    ]);
    told.has("revoked");
    told.has("dead already, and held nowhere: sha256:");
    told.has("exit 0: every selected deployment is proven current");
}
