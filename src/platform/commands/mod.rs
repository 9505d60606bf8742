//! Programs that straggler starts.

mod execute;
mod quote;
mod run;

pub(super) use execute::execute;
pub use quote::quoted;
pub use run::{Argv, Commands, Run, Setting};
