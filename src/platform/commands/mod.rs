//! Programs that straggler starts.

mod children;
#[cfg(target_os = "linux")]
mod descent;
#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
mod descent;
mod execute;
mod feed;
mod login;
mod quote;
mod run;

pub use children::{end_programs, start_no_more};
pub(super) use execute::execute;
pub(super) use feed::feed;
pub(super) use login::login;
pub use quote::quoted;
pub use run::{Argv, Commands, Run, Setting};
