use super::Spot;
use super::escaping::escaping;
use super::known::{name_of, site_of};
use super::reference::Reference;
use crate::judge::{Outcome, TimeProof, Why};
use crate::keyring::{Damage, KeyId, Placeholder};
use crate::source::{Case, There};
use crate::text::escape;
use crate::verdict::{Evidence, Expectation, Fault, Stage, Verdict};

/// How a place that shows only times or claims can be made to prove what it holds.
const PROVE: &str = "read the key itself where it is used: a `command` or `http` hop that gets \
                     `straggler inspect --format reading` from there";

/// How a place that hides keys can be made to prove what it holds.
const UNMASK: &str = "let it answer with the key's fingerprint instead of a masked key: a reading as \
                      `straggler inspect --format reading` prints it";

/// How many replicas that each need another remedy have theirs told.
const MOST_ALTERNATIVES: usize = 3;

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
            return Some(format!("{first}, then {}", self.follow_words()));
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
                self.take_away()
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
            (_, Verdict::Unverified) => self.unproven(lead),
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
            Why::Holds { .. } if reading.verdict != Verdict::Current => self.words_for(reading),
            Why::Holds { .. } if reading.evidence.proves() => self.other_key(),
            Why::Timed {
                proof: TimeProof::BeforeRotation,
                ..
            } => self.words_for(reading),
            _ => self.unproven(reading),
        }
    }

    /// Whether this is a key of the same project, of another environment.
    fn is_sibling(&self, key: KeyId) -> bool {
        let [own, other] = [self.owner(), key.project].map(|id| self.audit.inventory.project(id));
        own.name == other.name
    }

    /// What to do where a key is that has no place there.
    fn take_away(&self) -> String {
        let location = self.location();
        match self.stage() {
            Stage::Running => format!(
                "remove the key from where {location} gets it, then restart what runs there (a container has \
                 to be recreated)"
            ),
            Stage::Bundle => {
                format!("remove the key from what {location} is built from, then build it again")
            }
            Stage::Store | Stage::Config => format!("remove the key from {location}"),
        }
    }

    /// What to do where the key that is asked about is the right one so far.
    fn other_key(&self) -> String {
        let location = self.location();
        if self.is_live() {
            return format!(
                "put the key that takes its place where {location} gets it from, then restart what runs there"
            );
        }
        format!("put the key that takes its place into {location}")
    }

    /// What to do so that all its readings are right, each told once.
    fn own_words(&self) -> String {
        self.each(|reading| self.words_for(reading))
    }

    /// The same where an earlier hop is mended first: what happened to the key is told there.
    pub(super) fn follow_words(&self) -> String {
        self.each(|reading| self.source_words(reading))
    }

    fn each(&self, words: impl Fn(&Outcome) -> String) -> String {
        let lead = self.judged.leading();
        let others = self.judged.readings.iter();
        let others = others.filter(|reading| reading.verdict.is_drift());
        let mut told: Vec<String> = Vec::new();
        let mut more = 0;
        for reading in lead.into_iter().chain(others) {
            let words = words(reading);
            let known = told
                .iter()
                .position(|told| told.contains(&words) || words.contains(&**told));
            match known {
                Some(at) if told[at].len() < words.len() => told[at] = words,
                Some(_) => {}
                None if told.len() < MOST_ALTERNATIVES => told.push(words),
                None => more += 1,
            }
        }
        let told = told.join("; and ");
        match more {
            0 => told,
            more => format!("{told}; and likewise for {more} more"),
        }
    }

    /// What to do about one reading so that it is right.
    fn words_for(&self, reading: &Outcome) -> String {
        let words = match &reading.why {
            Why::Holds { damage, .. } if reading.verdict == Verdict::Malformed => {
                self.undamaged(reading, damage)
            }
            _ => self.source_words(reading),
        };
        match &reading.why {
            Why::NotThere => self.or_look_there(reading, words),
            Why::Holds { key, .. }
                if reading.verdict == Verdict::WrongProject && self.is_sibling(*key) =>
            {
                format!(
                    "first see which of the two is wrong, the environment of {} ({}) or the key here; only if it is \
                     the key, {words}",
                    escape(&self.deployment.name),
                    self.site()
                )
            }
            Why::Holds {
                inside: Some(_),
                damage,
                ..
            } => self.or_extract(reading, damage, words),
            Why::Placeholder(Placeholder::Resolvable(_), _) => format!(
                "if what reads it resolves the reference, leave it and declare the place that it leads to as the hop \
                 instead ({}); if nothing does, {words}",
                self.site()
            ),
            Why::Placeholder(Placeholder::Encrypted(_), _) => format!(
                "if what reads it decrypts it, leave it and read it decrypted, by a `command` hop in its place ({}); if \
                 nothing does, {words}",
                self.site()
            ),
            _ => words,
        }
    }

    /// What its source says: of what it saw when it read, else in general.
    fn source_words(&self, reading: &Outcome) -> String {
        let mend = reading.mend.as_ref();
        if let Some(words) = mend.and_then(|mend| mend.after.as_deref())
            && self.judged.fault == Some(Fault::Inherited)
            && self.cause().is_some()
        {
            return escape(words).into_owned();
        }
        if let Some(mend) = mend
            && let Some(words) = &mend.words
        {
            let then = match mend.read_at_start {
                true => self.case(reading).then_restart(),
                false => "",
            };
            return format!("{}{then}", escape(words));
        }
        let case = self.case(reading);
        let words = self.audit.remedy(&self.hop.place, self.owner(), &case);
        escape(&words).into_owned()
    }

    /// What is known of a reading that a source may want to know.
    fn case<'r>(&self, reading: &'r Outcome) -> Case<'r> {
        let (there, damage) = match &reading.why {
            Why::Holds { damage, .. } if reading.verdict == Verdict::Malformed => {
                (There::Damaged, &**damage)
            }
            Why::Holds { .. } | Why::Unexplained { .. } | Why::Placeholder(_, _) => {
                (There::Another, &[][..])
            }
            Why::NotThere => (There::Nothing, &[][..]),
            Why::NoReference | Why::Timed { .. } | Why::Failed(_) | Why::NotSelected => {
                (There::Unseen, &[][..])
            }
        };
        let mut live = self.after().filter(Self::is_live).peekable();
        let run_is_told = live.peek().is_some()
            && live.all(|later| {
                let verdict = later.judged.verdict;
                verdict == Verdict::Current || verdict.is_drift()
            });
        Case {
            there,
            damage,
            run_is_told,
        }
    }

    /// What to do about a damaged key: what its rules want, or what mends this one damage, then what any
    /// wrong value needs. What was damaged twice is written anew.
    fn undamaged(&self, reading: &Outcome, damage: &[Damage]) -> String {
        let words = self.source_words(reading);
        let written = reading.mend.as_ref().and_then(|mend| mend.written);
        let escaping = written.map_or(Vec::new(), |written| escaping(written, damage));
        if !escaping.is_empty() {
            return format!("{}, and {words}", escaping.join("; "));
        }
        match (damage, self.is_live()) {
            ([one], false) => format!("{}, and {words}", one.mend()),
            ([one], true) => format!(
                "{}, where {} gets it from; then {words}",
                one.mend(),
                self.location()
            ),
            (_, false) => words,
            (_, true) => format!(
                "write the key with nothing around it where {} gets it from; then {words}",
                self.location()
            ),
        }
    }

    /// Where a key stands in something larger, which may be meant: what to do so that the rest stays.
    fn or_extract(&self, reading: &Outcome, damage: &[Damage], words: String) -> String {
        let setting = self.setting(reading);
        let is_larger = damage.iter().any(|damage| {
            matches!(
                damage,
                Damage::InsideJson | Damage::InsideUrl | Damage::Surrounded
            )
        });
        let read = match setting {
            Some(setting) => format!("read the key in it with `{setting}` ({})", self.site()),
            None if is_larger => {
                format!(
                    "say with `extract` where the key stands in it ({})",
                    self.site()
                )
            }
            None => return words,
        };
        let change = match reading.verdict {
            Verdict::Malformed => "",
            _ => ", and change that part alone",
        };
        format!("if all of it is meant to be there, {read}{change}; else {words}")
    }

    /// Where its deployment is declared.
    pub(crate) fn site(&self) -> String {
        site_of(self.audit, self.deployment.site)
    }

    /// What would prove a reading, which its source may know better.
    fn unproven(&self, reading: &Outcome) -> String {
        let seen = reading.mend.as_ref().and_then(|mend| mend.words.as_deref());
        match (&reading.why, seen) {
            (
                Why::Timed {
                    proof: TimeProof::NoTime | TimeProof::AfterRotation,
                    ..
                },
                Some(words),
            ) => escape(words).into_owned(),
            (why, _) => self.proof(why),
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
            Why::Placeholder(Placeholder::Masked, _) => UNMASK.to_owned(),
            Why::Unexplained { .. } => format!(
                "find out what it is, and say with `extract` or `field` where the key stands in it ({})",
                self.site()
            ),
            _ => PROVE.to_owned(),
        }
    }
}
