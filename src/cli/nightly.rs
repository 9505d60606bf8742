//! What an audit with `--changed-only` does once it is in the ledger.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::exit::Failure;
use super::memory::{Memory, conclusion};
use super::terminal;
use crate::audit::Audit;
use crate::gate::ExitCode;
use crate::inventory;
use crate::ledger::{Conclusion, Ledger, Name, Receiver};
use crate::task::notify::{Sender, held_back};

/// Tells every receiver what changed since it was told last, and then whoever listens for the heartbeat that
/// all is done. Who could not be told is told again the next time.
pub(super) async fn tell(memory: &Memory, audit: &Audit) -> ExitCode {
    let Some(ledger) = memory.ledger() else {
        return ExitCode::Success;
    };
    let sender = Sender::default();
    let conclusion = conclusion(audit);
    let receivers = audit.inventory.notify.iter();
    let told = receivers.map(|receiver| told(receiver, ledger, &sender, audit, &conclusion));
    let mut code = memory.code;
    for failure in join_all(told).await.into_iter().filter_map(Result::err) {
        terminal::say(&failure.message);
        code = code.and(failure.code);
    }
    // A heartbeat that goes on while nobody is told anything would be worse than none.
    if code == ExitCode::Success
        && let Err(error) = sender.heartbeat(audit).await
    {
        let failure = Failure::unfinished(error);
        terminal::say(&failure.message);
        code = code.and(failure.code);
    }
    code
}

async fn told(
    receiver: &inventory::Receiver,
    ledger: &Ledger,
    sender: &Sender,
    audit: &Audit,
    conclusion: &Conclusion,
) -> Result<(), Failure> {
    let known = Receiver {
        name: &receiver.name,
        patient: true,
    };
    let changes = ledger.changes(audit, conclusion, &known).await;
    let changes = changes.map_err(Failure::unfinished)?;
    let sent = sender.tell(receiver, audit, &changes).await;
    sent.map_err(Failure::unfinished)?;
    let waiting = changes.iter().filter(|change| held_back(audit, change));
    let waiting: BTreeSet<Name> = waiting.map(|change| change.name.clone()).collect();
    let noted = ledger.tell(audit, conclusion, &known, &waiting).await;
    noted.map_err(Failure::unfinished)
}
