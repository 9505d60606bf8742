//! Programs that straggler starts.

mod execute;
mod feed;
mod quote;
mod run;

pub(super) use execute::execute;
pub(super) use feed::feed;
pub use quote::quoted;
pub use run::{Argv, Commands, Run, Setting};
