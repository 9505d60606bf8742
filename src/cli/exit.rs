use std::fmt::Display;

use crate::gate::ExitCode;

/// Why a command ended before its answer.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: ExitCode,
    /// As it is shown.
    pub(super) message: String,
}

impl Failure {
    /// A lowercase fragment.
    pub(super) fn new(code: ExitCode, message: impl Display) -> Self {
        Self {
            code,
            message: format!("error: {message}"),
        }
    }

    /// The command cannot be meant so; nothing was read.
    pub(super) fn usage(message: impl Display) -> Self {
        Self::new(ExitCode::Usage, message)
    }

    /// targets.yaml cannot be meant so; nothing was read. Each line says where by itself, so that
    /// editors find the place.
    pub(super) fn configuration(message: String) -> Self {
        Self {
            code: ExitCode::Usage,
            message,
        }
    }

    /// straggler could not finish its own job.
    pub(super) fn unfinished(message: impl Display) -> Self {
        Self::new(ExitCode::Unfinished, message)
    }
}

/// What a command ends with.
pub(super) type Ended = Result<ExitCode, Failure>;
