//! Kubernetes through the program. The API server is a stand-in made from the API's own types.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "all of this is a test, also what stands outside of its functions"
)]

mod fake;
mod login;
mod objects;
mod policy;
mod protobuf;
mod rbac;
mod remedies;
mod rollout;
mod running;
mod scale;
mod scene;
mod secured;
mod states;
mod tls;
mod trouble;
mod world;
mod write;

const CURRENT: &str = "ask_live_Zx81QmTn04LrVbWc6YhKsUe2DpJgAoFi";
const OLD: &str = "ask_live_n3WqLt57RkXe0HvBsYzCmJ2uAdGfPo9I";

/// Who straggler is to the cluster, and how it shows that.
const USER: &str = "system:serviceaccount:straggler:straggler";
const TOKEN: &str = "made-up-token-of-straggler";
