//! What straggler remembers from one audit to the next.

mod change;
mod db;
mod difference;
mod error;
mod keys;
mod lock;
mod past;
mod people;
mod place;
mod record;
mod retain;
mod rotations;
mod schema;
mod spans;
mod store;
mod told;
mod words;

pub use change::{Change, ChangeKind, Name};
pub use error::LedgerError;
pub use keys::Confirmed;
pub use lock::Lock;
pub use past::{KnownDeployment, PastAudit, Span};
pub use people::Acceptance;
pub use place::Place;
pub use record::Conclusion;
pub use rotations::{Converged, Rotation};
pub use store::Ledger;
pub use told::Receiver;
