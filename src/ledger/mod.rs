//! What straggler remembers from one audit to the next.

mod announced;
mod change;
mod clock;
mod db;
mod difference;
mod error;
mod inventories;
mod keys;
mod left;
mod lock;
mod past;
mod people;
mod place;
mod record;
mod retain;
mod rotations;
mod schema;
mod search;
mod spans;
mod store;
mod told;
mod words;

pub use change::{Change, ChangeKind, Changes, Name};
pub use clock::Ahead;
pub use error::LedgerError;
pub use inventories::{KnownInventory, Recognized};
pub use keys::Confirmed;
pub use left::LastSeen;
pub use lock::Lock;
pub use past::{KnownDeployment, PastAudit, Span};
pub use people::Acceptance;
pub use place::Place;
pub use record::Conclusion;
pub use rotations::{Converged, Rotation};
pub use store::Ledger;
pub use told::ChangeSet;
