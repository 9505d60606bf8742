//! What an audit with `--changed-only` does once it is in the ledger.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::exit::Failure;
use super::interrupt::Interrupt;
use super::memory::{Memory, conclusion, failure};
use super::terminal;
use crate::audit::Audit;
use crate::gate::ExitCode;
use crate::inventory;
use crate::ledger::{ChangeSet, Changes, Ledger, Name};
use crate::task::notify::{Sender, concerns, due};
use crate::text::escape;

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
/// all is done. Who could not be told is told again the next time; so is who was being told when the user
/// wanted to stop.
pub(super) async fn tell(memory: &Memory, audit: &Audit, interrupt: &Interrupt) -> Told {
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
    let sets = memory
        .limited(ledger, "it was asked what changed", sets)
        .await;
    let mut sets = match sets {
        Ok(sets) => sets.into_iter(),
        Err(error) => {
            fail(&mut told, &failure(&error));
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
    let night = Night {
        memory,
        ledger,
        sender: &sender,
        audit,
        interrupt,
    };
    let sent = receivers.iter().zip(sets);
    let sent = sent.map(|(receiver, set)| night.send(receiver, set));
    for failure in join_all(sent).await.into_iter().filter_map(Result::err) {
        fail(&mut told, &failure);
    }
    // A heartbeat that goes on while nobody is told anything would be worse than none.
    if told.code == ExitCode::Success {
        match interrupt.unless(sender.heartbeat(audit)).await {
            Some(Ok(())) => {}
            Some(Err(error)) => fail(&mut told, &Failure::unfinished(error)),
            None => fail(&mut told, &interrupted("the heartbeat was sent")),
        }
    }
    told
}

/// Notes that standard output took what it was told. What cannot be noted is told again, and the reports have
/// said already what straggler ends with.
pub(super) async fn printed(memory: &Memory, screen: Screen) {
    if let Some(ledger) = memory.ledger()
        && let noted = ledger.tell(screen.set, &screen.waiting, |_, _| true)
        && let Err(error) = memory
            .limited(ledger, "it noted what was printed", noted)
            .await
    {
        terminal::say(&format!(
            "what was printed will be told again by the next `--changed-only`: {error}"
        ));
    }
}

/// What all receivers have in common.
struct Night<'n> {
    memory: &'n Memory,
    ledger: &'n Ledger,
    sender: &'n Sender,
    audit: &'n Audit,
    interrupt: &'n Interrupt,
}

impl Night<'_> {
    async fn send(
        &self,
        receiver: &inventory::Receiver,
        mut set: ChangeSet,
    ) -> Result<(), Failure> {
        let audit = self.audit;
        let (changes, waiting) = due(audit, std::mem::take(&mut set.changes));
        // A program that is cut short ends with all that it started.
        let sent = self.sender.tell(receiver, audit, &changes);
        match self.interrupt.unless(sent).await {
            Some(sent) => sent.map_err(Failure::unfinished)?,
            None => {
                let name = escape(&receiver.name);
                return Err(interrupted(&format!(
                    "the receiver \"{name}\" was told, which the next `--changed-only` does again"
                )));
            }
        }
        let is_told = |name: &Name, outcome| concerns(audit, name, outcome, receiver);
        let noted = self.ledger.tell(set, &waiting, is_told);
        let during = "it noted who was told";
        let noted = self.memory.limited(self.ledger, during, noted).await;
        noted.map_err(|error| failure(&error))
    }
}

fn interrupted(during: &str) -> Failure {
    Failure::new(ExitCode::Interrupted, format!("interrupted while {during}"))
}

fn fail(told: &mut Told, failure: &Failure) {
    terminal::say(&failure.message);
    told.code = told.code.and(failure.code);
}
