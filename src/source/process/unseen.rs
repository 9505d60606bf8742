//! What is said of processes that were not looked at.

use super::Process;
use crate::platform::processes::Process as Running;
use crate::reading::{ErrorKind, ReadError};
use crate::text::Escaped;

impl Process {
    /// Why there is no reading at all.
    pub(super) fn nothing_seen(
        &self,
        partial: bool,
        passed_over: &[&Running],
        starters: &[&Running],
    ) -> ReadError {
        let selector = self.shown();
        if !starters.is_empty() {
            return ReadError::new(
                ErrorKind::NotFound,
                format!(
                    "no running process matches {selector} but what started straggler: {}",
                    names(starters)
                ),
                "start it, or let something else start straggler; if one of those is the service, name it by `pid`",
            );
        }
        if let Some(told) = told(passed_over) {
            return ReadError::new(
                ErrorKind::NotFound,
                format!("no running process matches {selector} but what runs straggler: {told}"),
                "start it, or name the process by `pid` or `unit` if one of those is meant",
            );
        }
        if partial {
            return ReadError::new(
                ErrorKind::Denied,
                format!("no process that straggler can see matches {selector}: nothing was seen"),
                "run straggler as root, or mount /proc without hidepid",
            );
        }
        ReadError::new(
            ErrorKind::NotFound,
            format!("no running process matches {selector}: nothing was seen"),
            "start it, or correct what it is selected by",
        )
    }
}

/// Those that were not counted because their command lines run straggler; `None` where there are none.
pub(super) fn told(passed_over: &[&Running]) -> Option<String> {
    (!passed_over.is_empty()).then(|| {
        format!(
            "not counted, since it runs straggler: {}",
            names(passed_over)
        )
    })
}

/// Their names and numbers; never their arguments.
fn names(processes: &[&Running]) -> String {
    let names = processes
        .iter()
        .map(|process| format!("{} (process {})", Escaped(&process.name), process.id.pid));
    names.collect::<Vec<_>>().join(", ")
}

pub(super) fn hidden_processes() -> ReadError {
    ReadError::new(
        ErrorKind::Denied,
        "/proc hides other users' processes from straggler, so there may be more",
        "run straggler as root, or mount /proc without hidepid",
    )
}
