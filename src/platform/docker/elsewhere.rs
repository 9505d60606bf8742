use super::{Look, Seen};
use crate::reading::ReadError;

/// Containers are processes of Linux, so their engine is on another machine, if only a virtual one.
pub(super) fn look(_: &Look) -> Result<Seen, ReadError> {
    Ok(Seen::Unseen("it runs on another machine"))
}
