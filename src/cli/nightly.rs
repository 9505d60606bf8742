//! What an audit with `--changed-only` does once it is in the ledger.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::exit::Failure;
use super::memory::{Memory, conclusion};
use super::terminal;
use crate::audit::Audit;
use crate::gate::ExitCode;
use crate::inventory;
use crate::ledger::{ChangeSet, Changes, Ledger, Name};
use crate::task::notify::{Sender, concerns, due};

/// Whoever reads standard output is a receiver like those of targets.yaml, none of which has an empty name.
const SCREEN: &str = "";

/// What came of telling people.
pub(super) struct Told {
    /// What straggler ends with.
    pub(super) code: ExitCode,
    /// What standard output is told; `None` where nobody knows.
    pub(super) screen: Option<Screen>,
}

/// What standard output is told.
pub(super) struct Screen {
    pub(super) changes: Changes,
    set: ChangeSet,
    waiting: BTreeSet<Name>,
}

/// Tells every receiver what changed since it was told last, and then whoever listens for the heartbeat that
/// all is done. Who could not be told is told again the next time.
pub(super) async fn tell(memory: &Memory, audit: &Audit) -> Told {
    let mut told = Told {
        code: memory.code,
        screen: None,
    };
    let Some(ledger) = memory.ledger() else {
        return told;
    };
    let receivers = &audit.inventory.notify;
    let names = receivers.iter().map(|receiver| &*receiver.name);
    let names: Vec<&str> = std::iter::once(SCREEN).chain(names).collect();
    let conclusion = conclusion(audit);
    let sets = ledger.changes(audit, &conclusion, &names);
    let sets = memory.limited(ledger, sets).await;
    let mut sets = match sets {
        Ok(sets) => sets.into_iter(),
        Err(error) => {
            fail(&mut told, &Failure::unfinished(error));
            return told;
        }
    };
    told.screen = sets.next().map(|mut set| {
        let (changes, waiting) = due(audit, std::mem::take(&mut set.changes));
        Screen {
            changes,
            set,
            waiting,
        }
    });
    let sender = Sender::default();
    let sent = receivers.iter().zip(sets);
    let sent = sent.map(|(receiver, set)| send(receiver, memory, ledger, &sender, audit, set));
    for failure in join_all(sent).await.into_iter().filter_map(Result::err) {
        fail(&mut told, &failure);
    }
    // A heartbeat that goes on while nobody is told anything would be worse than none.
    if told.code == ExitCode::Success
        && let Err(error) = sender.heartbeat(audit).await
    {
        fail(&mut told, &Failure::unfinished(error));
    }
    told
}

/// Notes that standard output took what it was told. What cannot be noted is told again, and the reports have
/// said already what straggler ends with.
pub(super) async fn printed(memory: &Memory, screen: Screen) {
    if let Some(ledger) = memory.ledger()
        && let noted = ledger.tell(screen.set, &screen.waiting, |_, _| true)
        && let Err(error) = memory.limited(ledger, noted).await
    {
        terminal::say(&format!(
            "what was printed will be told again by the next `--changed-only`: {error}"
        ));
    }
}

async fn send(
    receiver: &inventory::Receiver,
    memory: &Memory,
    ledger: &Ledger,
    sender: &Sender,
    audit: &Audit,
    mut set: ChangeSet,
) -> Result<(), Failure> {
    let (changes, waiting) = due(audit, std::mem::take(&mut set.changes));
    let sent = sender.tell(receiver, audit, &changes).await;
    sent.map_err(Failure::unfinished)?;
    let is_told = |name: &Name, outcome| concerns(audit, name, outcome, receiver);
    let noted = ledger.tell(set, &waiting, is_told);
    let noted = memory.limited(ledger, noted).await;
    noted.map_err(Failure::unfinished)
}

fn fail(told: &mut Told, failure: &Failure) {
    terminal::say(&failure.message);
    told.code = told.code.and(failure.code);
}
