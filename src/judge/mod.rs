//! Readings to verdicts: pure, and total.

pub mod history;
mod hop;
mod member;
mod outcome;
mod reading;
pub mod reference;
mod route;
mod scope;
mod sight;
mod time;

pub use hop::combine;
pub use member::{Member, unnamed_member};
pub use outcome::{
    DeploymentOutcome, Elsewhere, HopOutcome, KeyBeside, KnownKey, Outcome, ProjectOutcome,
    RotationBasis, Soundness, TimeProof, Timed, Warning, Why,
};
pub use reading::{Judged, explain, judge, time_again, without_reference};
pub use route::trace;
pub use scope::{Bench, Circumstances, Scope};
pub use sight::{is_explained, is_nothing};
pub use time::{Rotation, SKEW, prove};
