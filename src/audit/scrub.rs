use std::borrow::Cow;

use crate::judge::{DeploymentOutcome, Outcome, ProjectOutcome, Soundness, Timed, Warning, Why};
use crate::keyring::Scrubber;
use crate::reading::ReadError;

/// How many characters of a text from outside are shown.
pub const MOST_SHOWN: usize = 400;

/// The same of what is to be done: half a command is none.
const MOST_MENDED: usize = 4000;

/// Takes every secret out of all texts from outside that stand in what an audit found. Only when everything
/// was read is every key known that they may hold.
pub(super) struct Scrub<'a>(pub &'a Scrubber);

impl Scrub<'_> {
    pub(super) fn project(&self, project: &mut ProjectOutcome) {
        if let Soundness::Unread(error) = &mut project.reference {
            self.error(error);
        }
        self.maybe(&mut project.note);
    }

    pub(super) fn deployment(&self, deployment: &mut DeploymentOutcome) {
        let hops = deployment.hops.iter_mut();
        hops.flat_map(|hop| hop.readings.iter_mut())
            .for_each(|reading| self.reading(reading));
    }

    pub(super) fn warning(&self, warning: &mut Warning) {
        match warning {
            Warning::KeyUnread { error, .. } | Warning::HistoryUnread { error, .. } => {
                self.error(error);
            }
            Warning::NextHistoryUnread { error, .. } => {
                if let Some(error) = error {
                    self.error(error);
                }
            }
            Warning::ReferenceBehind { .. }
            | Warning::NextIsKnown { .. }
            | Warning::ReferenceChanged { .. }
            | Warning::RotationTimes { .. }
            | Warning::CurrentIsPrevious(_)
            | Warning::OldKeyBeside { .. }
            | Warning::OldKeyBesideKey { .. }
            | Warning::GuessableKey(_) => {}
        }
    }

    fn reading(&self, reading: &mut Outcome) {
        if let Some(replica) = &mut reading.replica {
            *replica = self.text(replica).into();
        }
        if let Some(mend) = &mut reading.mend {
            for words in [&mut mend.words, &mut mend.after].into_iter().flatten() {
                *words = self
                    .0
                    .text(words.as_bytes(), MOST_MENDED)
                    .to_string()
                    .into();
            }
        }
        self.maybe(&mut reading.note);
        if let Some(timed) = &mut reading.timed {
            let Timed { hidden, note, .. } = &mut **timed;
            self.made(hidden);
            self.maybe(note);
        }
        match &mut reading.why {
            Why::Failed(error) => self.error(error),
            Why::Timed { hidden, .. } => self.made(hidden),
            Why::Holds { .. }
            | Why::Unexplained { .. }
            | Why::NotThere
            | Why::Placeholder(_, _)
            | Why::NoReference
            | Why::NotSelected => {}
        }
    }

    fn error(&self, error: &mut ReadError) {
        self.made(&mut error.message);
        self.made(&mut error.next);
    }

    fn maybe(&self, text: &mut Option<Cow<'static, str>>) {
        if let Some(text) = text {
            self.made(text);
        }
    }

    /// A text, unless it stands in straggler itself.
    fn made(&self, text: &mut Cow<'static, str>) {
        if let Cow::Owned(made) = text {
            *made = self.text(made);
        }
    }

    fn text(&self, text: &str) -> String {
        self.0.text(text.as_bytes(), MOST_SHOWN).to_string()
    }
}
