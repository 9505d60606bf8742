//! The systemd of this host, asked through `busctl`.

mod show;
mod unit;

pub use show::{Show, ShowCredentials, ShowManager, Systemd};
pub use unit::{Credentials, Inherited, Unit, assigned, shown};
