use super::Spot;
use super::known::{name_of, site_of};
use super::reference::Reference;
use crate::extract::{Decode, Extract, Extraction, UrlPart};
use crate::judge::{Outcome, TimeProof, Why};
use crate::keyring::{KeyId, Placeholder};
use crate::text::escape;
use crate::verdict::{Evidence, Expectation, Fault, Stage, Verdict};

/// How a place that shows only times or claims can be made to prove what it holds.
const PROVE: &str = "read the key itself where it is used: a `command` or `http` hop that gets \
                     `straggler inspect --format reading` from there";

/// How a place that hides keys can be made to prove what it holds.
const UNMASK: &str = "let it answer with the key's fingerprint instead of a masked key: a reading as \
                      `straggler inspect --format reading` prints it";

impl Spot<'_> {
    /// What to do so that this hop is right: an imperative. `None` where nothing is to be done.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        if self.judged.fault != Some(Fault::Inherited) {
            return self.fix();
        }
        let first = match self.cause() {
            Some(cause) => format!("mend {} ({}) first", cause.source(), cause.location()),
            None => return self.fix(),
        };
        if self.is_live() {
            return Some(format!("{first}, then {}", self.own_words()));
        }
        let follows = self
            .after()
            .find(|later| later.is_live() && later.judged.verdict.is_drift());
        Some(match follows.map(|later| later.stage()) {
            Some(Stage::Bundle) => format!("{first}, then build again what was built from this"),
            Some(_) => format!("{first}, then restart what runs with this"),
            None => first,
        })
    }

    /// What to do here, whoever is to blame.
    pub(super) fn fix(&self) -> Option<String> {
        let lead = self.judged.leading()?;
        let fix = match (&lead.why, lead.verdict) {
            (Why::Failed(error), _) => escape(&error.next).into_owned(),
            (_, verdict) if verdict.is_drift() && self.hop.expect == Expectation::Absent => {
                format!("remove the key from {}", self.location())
            }
            (Why::Holds { damage, .. }, Verdict::Malformed) => {
                let mut mends: Vec<_> = damage.iter().map(|damage| damage.mend()).collect();
                mends.dedup();
                let mends = mends.join("; ");
                if self.is_live() {
                    format!(
                        "{mends}, where {} gets it from; then {}",
                        self.location(),
                        self.own_words()
                    )
                } else {
                    format!("{mends}, in {}", self.location())
                }
            }
            (Why::Holds { key, .. }, Verdict::WrongProject) if self.is_sibling(*key) => {
                self.whichever_is_wrong()
            }
            (_, verdict) if verdict.is_drift() => match &lead.mend {
                Some(mend) => escape(mend).into_owned(),
                None => self.own_words(),
            },
            (Why::Unexplained { .. }, Verdict::Unverified)
                if self.hop.expect == Expectation::Absent =>
            {
                let project = self.audit.inventory.project(self.owner());
                format!(
                    "say what a key of {} looks like with `format` ({}), so that what is none can pass; or \
                     remove the value from {}",
                    name_of(self.audit, self.owner()),
                    site_of(self.audit, project.site),
                    self.location()
                )
            }
            (_, Verdict::Unverified) => self.proof(&lead.why),
            (_, Verdict::Current) if self.is_unproven() => match lead.evidence {
                Evidence::Reference => "add the hops that come after the reference: that it is \
                                        current says nothing of what runs"
                    .to_owned(),
                _ => PROVE.to_owned(),
            },
            _ => return None,
        };
        Some(fix)
    }

    /// What to do about one of its readings, whatever the others show.
    #[must_use]
    pub fn way_out(&self, reading: &Outcome) -> String {
        match &reading.why {
            Why::Failed(error) => escape(&error.next).into_owned(),
            Why::Holds { key, .. }
                if reading.verdict == Verdict::WrongProject && self.is_sibling(*key) =>
            {
                self.whichever_is_wrong()
            }
            Why::Holds { .. } if reading.verdict != Verdict::Current => self.own_words(),
            Why::Timed {
                proof: TimeProof::BeforeRotation,
                ..
            } => self.own_words(),
            why => self.proof(why),
        }
    }

    /// Whether this is a key of the same project, of another environment.
    fn is_sibling(&self, key: KeyId) -> bool {
        let [own, other] = [self.owner(), key.project].map(|id| self.audit.inventory.project(id));
        own.name == other.name
    }

    /// What to do about a key of another environment.
    fn whichever_is_wrong(&self) -> String {
        format!(
            "first see which of the two is wrong, the environment of {} ({}) or the key here; only if it is \
             the key, {}",
            escape(&self.deployment.name),
            site_of(self.audit, self.deployment.site),
            self.own_words()
        )
    }

    /// What the source says; where the key is a part of what it reads, which part to write.
    pub(super) fn own_words(&self) -> String {
        let place = &self.hop.place;
        let Some(extraction) = &place.extraction else {
            return escape(&self.audit.remedy(place)).into_owned();
        };
        let key = match extraction.decode {
            Some(Decode::Base64) => "the current key in base64",
            None => "the current key",
        };
        let part = part_of(extraction);
        let within = format!(
            "make {part} in {} {key}, and leave the rest as it is",
            self.location()
        );
        match self.stage() {
            Stage::Store => format!("{within}, then sync or restart what reads it"),
            Stage::Config => format!("{within}, then restart what reads it"),
            Stage::Running => format!(
                "bring {key} as {part} to where {} gets it from, then restart what runs there",
                self.location()
            ),
            Stage::Bundle => format!("{within}, where it is built from, then build it again"),
        }
    }

    /// What would prove it.
    fn proof(&self, why: &Why) -> String {
        match why {
            Why::NoReference => {
                let reference = Reference::new(self.audit, self.owner());
                format!("mend the reference of {} first", reference.name())
            }
            Why::Timed {
                proof: TimeProof::RotationUnknown,
                ..
            } => {
                let project = self.audit.inventory.project(self.owner());
                let declared = site_of(self.audit, project.site);
                format!(
                    "set rotated_at of {} ({declared})",
                    name_of(self.audit, self.owner())
                )
            }
            Why::Placeholder(Placeholder::Masked) => UNMASK.to_owned(),
            _ => PROVE.to_owned(),
        }
    }
}

/// What the key is of what is read there.
fn part_of(extraction: &Extraction) -> String {
    match &extraction.extract {
        Some(Extract::Json(pointer)) if pointer.is_empty() => "the JSON string".to_owned(),
        Some(Extract::Json(pointer)) => format!("the member {}", escape(pointer)),
        Some(Extract::Dotenv(name)) => format!("the variable {}", escape(name)),
        Some(Extract::Url(UrlPart::User)) => "the user of the URL".to_owned(),
        Some(Extract::Url(UrlPart::Password)) => "the password of the URL".to_owned(),
        Some(Extract::Url(UrlPart::Path)) => "the path of the URL".to_owned(),
        Some(Extract::Url(UrlPart::Fragment)) => "the fragment of the URL".to_owned(),
        Some(Extract::Pattern(pattern)) => format!("what `{}` captures", escape(pattern)),
        None => "the value".to_owned(),
    }
}
