use std::path::PathBuf;
use std::sync::Arc;

use super::ground::Ground;
use super::reader::Reader;
use super::tree::{Id, Tree};

/// How an inventory is known again at the next audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// What its main file calls it, wherever that file is.
    pub name: Option<Arc<str>>,
    /// Where the main file really is.
    pub path: PathBuf,
}

/// Reads what a file calls its inventory.
pub(super) fn name(tree: &Tree, id: Id, ground: &Ground<'_>) -> Option<Arc<str>> {
    let scope = ground.scope();
    let reader = Reader::new(tree, ground.log, Some(&scope));
    Some(reader.name(id)?.as_ref().into())
}
