//! What a container does, in words.

use crate::platform::kubernetes::{Container, Pod, State};
use crate::text::Escaped;

/// What is out of the ordinary with a container that runs, or will.
pub(super) fn told(pod: &Pod, container: &Container) -> Option<String> {
    let leaves = pod.terminating.then_some("its pod is Terminating");
    let does = match &container.state {
        State::Running(_) if !container.ready => Some("it runs, but is not ready".to_owned()),
        State::Running(_) | State::Ended => None,
        State::Waiting(reason) if reason.is_empty() => Some(match &*pod.phase {
            "" | "Running" => "it has not started".to_owned(),
            phase => format!("it has not started, its pod is {}", Escaped(phase)),
        }),
        State::Waiting(reason) => Some(format!("it does not run now ({})", Escaped(reason))),
    };
    match (does, leaves) {
        (Some(does), Some(leaves)) => Some(format!("{does}, and {leaves}")),
        (Some(does), None) => Some(does),
        (None, leaves) => leaves.map(|leaves| format!("{leaves} and still runs")),
    }
}
