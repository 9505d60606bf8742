//! The command line: what can be said to straggler, and the only place that prints.

mod args;
mod completions;
mod duration;
mod exit;
mod guard;
mod inspect;
mod interrupt;
mod man;
mod output;
mod run;
mod runtime;
mod stdin;
mod terminal;
mod usage;

pub use guard::guarded;
pub use run::run;
