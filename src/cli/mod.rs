//! The command line: what can be said to straggler, and the only place that prints.

mod args;
mod audit;
mod completions;
mod config;
mod draft;
mod dry_run;
mod duration;
mod effort;
mod exit;
mod finish;
mod given;
mod guard;
mod history;
mod inspect;
mod interrupt;
mod judgement;
mod man;
mod memory;
mod nightly;
mod output;
mod progress;
mod reports;
mod reserved;
mod revoke_check;
mod run;
mod runtime;
mod schema;
mod selection;
mod stdin;
mod terminal;
mod usage;
mod wait;

pub use guard::guarded;
pub use run::run;
