//! End to end: the real program over real files, processes and servers.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where its world breaks"
)]

mod accepted;
mod answered;
mod around;
mod azure;
mod bundle;
mod config_errors;
mod doppler;
mod dry_run;
mod exit_codes;
mod extract;
mod gcp;
mod github;
mod gone;
mod inside;
mod inspect;
mod inventories;
mod leak;
mod ledger;
mod lessons;
mod night;
mod outputs;
mod readings;
mod revoke_check;
mod same_place;
mod scale;
mod schema;
mod screen;
mod settling;
mod signals;
mod stdin;
mod support;
mod vercel;
mod visible;
mod wait;
