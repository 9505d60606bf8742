//! Readings to verdicts: pure, and total.

mod outcome;

pub use outcome::{
    DeploymentOutcome, HopOutcome, KnownKey, Outcome, ProjectOutcome, RotationBasis, Soundness,
    TimeProof, Warning, Why,
};
