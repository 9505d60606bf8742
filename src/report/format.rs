use std::io;

use crate::audit::Audit;
use crate::ledger::{Change, Changes};

/// Writes an audit down.
pub trait Report {
    /// Deployment by deployment, so that memory does not grow with them.
    ///
    /// # Errors
    ///
    /// When `out` cannot take it.
    fn write(&self, shown: Shown<'_>, out: &mut dyn io::Write) -> io::Result<()>;
}

/// What is told of an audit. Its summary, its references and its coverage always are.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The audit.
    pub audit: &'a Audit,
    /// The deployments that are told of; every one where this is `None`.
    pub changes: Option<&'a Changes>,
}

impl<'a> Shown<'a> {
    /// Everything.
    #[must_use]
    pub fn all(audit: &'a Audit) -> Self {
        Self {
            audit,
            changes: None,
        }
    }

    /// Indices into the audit's deployments, each with what became of it.
    pub(super) fn deployments(&self) -> Vec<(usize, Option<&'a Change>)> {
        match self.changes {
            None => (0..self.audit.deployments.len())
                .map(|index| (index, None))
                .collect(),
            Some(changes) => changes
                .list
                .iter()
                .filter_map(|change| Some((change.outcome?, Some(change))))
                .collect(),
        }
    }
}

/// What a report is shown on. Formats for machines take no notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// In columns; 80 where there is no terminal.
    pub width: usize,
    /// Whether colours are understood and wanted.
    pub colour: bool,
}

/// A kind of report.
pub struct Format {
    /// The name used on the command line.
    pub id: &'static str,
    /// A line for people.
    pub title: &'static str,
    /// Makes one.
    pub make: fn(Look) -> Box<dyn Report>,
}
