use std::io;

use crate::audit::Audit;

/// Writes an audit down.
pub trait Report {
    /// Deployment by deployment, so that memory does not grow with them.
    ///
    /// # Errors
    ///
    /// When `out` cannot take it.
    fn write(&self, audit: &Audit, out: &mut dyn io::Write) -> io::Result<()>;
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
