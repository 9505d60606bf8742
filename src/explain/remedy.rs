use super::Spot;
use super::known::{name_of, site_of};
use super::reference::Reference;
use crate::judge::{Outcome, TimeProof, Why};
use crate::keyring::KeyId;
use crate::text::escape;
use crate::verdict::{Evidence, Expectation, Fault, Stage, Verdict};

/// How a place that shows only times or claims can be made to prove what it holds.
const PROVE: &str = "read the key itself where it is used: a `command` or `http` hop that gets \
                     `straggler inspect --format reading` from there";

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
                format!(
                    "first see which of the two is wrong, the environment of {} ({}) or the key here; only \
                     if it is the key, {}",
                    escape(&self.deployment.name),
                    site_of(self.audit, self.deployment.site),
                    self.own_words()
                )
            }
            (_, verdict) if verdict.is_drift() => self.own_words(),
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

    /// What the source says.
    pub(super) fn own_words(&self) -> String {
        let place = &self.hop.place;
        escape(&place.source.remedy(place.at())).into_owned()
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
            _ => PROVE.to_owned(),
        }
    }
}
