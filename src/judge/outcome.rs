use std::borrow::Cow;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::key::{Digits, Fingerprint};
use crate::keyring::{Damage, Inside, KeyId, Placeholder, ProjectId, Role, Way, Wire};
use crate::reading::{Mend, ReadError, Unsearched};
use crate::verdict::{Evidence, Fault, Verdict};

/// One judged reading. It carries codes, ids and digests; sentences are made when it is shown.
pub struct Outcome {
    /// Which replica, where the hop has several.
    pub replica: Option<Box<str>>,
    /// When it was started, where that is known.
    pub started_at: Option<Timestamp>,
    /// What it holds, at the digits that are shown; `None` where nothing was there or visible.
    pub fingerprint: Option<Fingerprint>,
    /// What it is.
    pub verdict: Verdict,
    /// What that rests on.
    pub evidence: Evidence,
    /// Why.
    pub why: Why,
    /// What its source had to say.
    pub note: Option<Cow<'static, str>>,
    /// What its source saw of how the value gets here, if this is not what it should be.
    pub mend: Option<Box<Mend>>,
    /// What time says of a place that was taken for something it does not show.
    pub timed: Option<Box<Timed>>,
    /// What else was seen there, where the hop takes only a part of what was read; `None` where that is
    /// nothing to speak of.
    pub elsewhere: Option<Box<Elsewhere>>,
}

/// The known keys that stand beside the part of a place that a hop takes.
#[derive(Default)]
pub struct Elsewhere {
    /// Each once.
    pub keys: Vec<KeyBeside>,
    /// The keys that were asked for by their fingerprints and are nobody's.
    pub asked: Vec<Fingerprint>,
    /// Why there may be more than was looked at, if there may.
    pub open: Option<Unsearched>,
    /// Whether they stand in that part itself, which is a known key as a whole.
    pub within: bool,
}

impl Elsewhere {
    /// Takes in what was seen elsewhere still.
    pub fn add(&mut self, other: Self) {
        let is_new =
            |seen: &KeyBeside, known: &[KeyBeside]| known.iter().all(|one| one.key != seen.key);
        for seen in other.keys {
            if is_new(&seen, &self.keys) {
                self.keys.push(seen);
            }
        }
        for key in other.asked {
            if !self.asked.contains(&key) {
                self.asked.push(key);
            }
        }
        let sure = self.open.filter(|why| *why != Unsearched::ByRule);
        self.open = sure.or(other.open).or(self.open);
        self.within &= other.within;
    }
}

/// A known key that stands beside the part of a place that a hop takes.
pub struct KeyBeside {
    /// Which.
    pub key: KeyId,
    /// How it could be read, where that is known.
    pub way: Option<Way>,
    /// Whether it is damaged wherever it was seen.
    pub damaged: bool,
}

/// What time says of a place that does not show its key, kept until it is known when the key came to be.
pub struct Timed {
    /// Since when what it holds cannot have changed.
    pub fixed_at: Option<Timestamp>,
    /// What that proves.
    pub proof: TimeProof,
    /// Why the key itself cannot be seen.
    pub hidden: Cow<'static, str>,
    /// What its source had to say beside that.
    pub note: Option<Cow<'static, str>>,
}

/// What a verdict was made from.
pub enum Why {
    /// It holds a known key.
    Holds {
        /// The best match.
        key: KeyId,
        /// Other keys that explain it just as well, or stand beside it.
        also: Box<[KeyId]>,
        /// From the outermost to the innermost; empty when it is the key itself.
        damage: Box<[Damage]>,
        /// Where the keys stand inside a larger value; all of them are named.
        inside: Option<Box<Inside>>,
        /// What becomes of the whole value, damage and all, when it is sent.
        wire: Wire,
    },
    /// It holds nothing that is known.
    Unexplained {
        /// Length in bytes, where it is known.
        length: Option<u64>,
        /// Whether it fits the project's format; `None` without a format or from a fingerprint.
        fits: Option<bool>,
        /// Damage could not be searched with so few digits; with this many it could.
        lengthen_to: Option<Digits>,
    },
    /// The key is not there at all.
    NotThere,
    /// Something that is no key stands where the key should: what, and what tells it from another text.
    Placeholder(Placeholder, u64),
    /// It holds something, but the project's reference is not sound, so nothing can be compared.
    NoReference,
    /// Only times can be seen.
    Timed {
        /// Since when what it holds cannot have changed.
        fixed_at: Option<Timestamp>,
        /// What the times say.
        proof: TimeProof,
        /// Why the key itself cannot be seen.
        hidden: Cow<'static, str>,
    },
    /// It could not be read. Shared, since one failed request may fail many hops.
    Failed(Box<ReadError>),
    /// `--until` left the hop out.
    NotSelected,
}

/// What times say about a place that does not show its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeProof {
    /// It was fixed before the key existed.
    BeforeRotation,
    /// It was fixed after, which proves nothing by itself.
    AfterRotation,
    /// Nobody knows when the key came to be.
    RotationUnknown,
    /// The place shows no time.
    NoTime,
}

/// One judged hop.
pub struct HopOutcome {
    /// The worst of its readings.
    pub verdict: Verdict,
    /// What that rests on.
    pub evidence: Evidence,
    /// Whose fault a bad hop is; `None` where nothing is wrong, or nothing was seen.
    pub fault: Option<Fault>,
    /// Index of the reading that decides.
    pub lead: u32,
    /// By replica. One for a hop that could not be read at all; empty when not selected.
    pub readings: Box<[Outcome]>,
}

impl HopOutcome {
    /// The reading that decides; `None` when the hop was not selected.
    #[must_use]
    pub fn leading(&self) -> Option<&Outcome> {
        self.readings.get(self.lead as usize)
    }
}

/// One judged deployment.
pub struct DeploymentOutcome {
    /// Index into the inventory's deployments.
    pub deployment: u32,
    /// The worst of its hops.
    pub verdict: Verdict,
    /// The first own drift, else the first hop that could not be read: where the fix goes.
    pub broken_at: Option<u16>,
    /// Every own fault.
    pub causes: Box<[u16]>,
    /// By route.
    pub hops: Box<[HopOutcome]>,
}

/// What became of a project's reference and what else is known of its keys.
pub struct ProjectOutcome {
    /// Whose.
    pub project: ProjectId,
    /// Whether any selected deployment should hold this key. The others are read all the same, so
    /// that a sibling's key is recognised, but do not count.
    pub selected: bool,
    /// The reference's verdict: `current` when it is sound.
    pub verdict: Verdict,
    /// Why.
    pub reference: Soundness,
    /// What its source had to say.
    pub note: Option<Cow<'static, str>>,
    /// The current key, when it is sound.
    pub current: Option<Fingerprint>,
    /// The key that the reference held, sound or not, as far as one was seen.
    pub held: Option<Fingerprint>,
    /// The last key that past audits were sure of, while the reference is not sound, or changed and nothing
    /// settled that.
    pub last_sure: Option<Fingerprint>,
    /// What the reference had changed to before it was lost, while nothing settled that.
    pub suspected: Option<Fingerprint>,
    /// The next key.
    pub next: Option<Fingerprint>,
    /// The known keys that stand in its reference or in the place of its next key in another form: in
    /// something larger, encoded or in another case. Whoever reads them there lives by them.
    pub within: Vec<(Role, KeyId)>,
    /// T₀, or its bound.
    pub rotated_at: Option<Timestamp>,
    /// Where that comes from.
    pub rotation: RotationBasis,
    /// The latest first.
    pub previous: Vec<KnownKey>,
}

/// A previous key, as far as it is known.
pub struct KnownKey {
    /// What it is called.
    pub key: KeyId,
    /// How many rotations behind the current key it is.
    pub behind: u32,
    /// At the digits that are shown.
    pub fingerprint: Fingerprint,
    /// When it came to be.
    pub rotated_at: Option<Timestamp>,
    /// When it died, or will.
    pub revoked_at: Option<Timestamp>,
    /// Whether it stood in the reference and was replaced before anything settled that it belonged there.
    pub unsettled: bool,
}

/// What is wrong with a reference.
pub enum Soundness {
    /// Nothing.
    Sound,
    /// It could not be read.
    Unread(Box<ReadError>),
    /// It gives several readings, or one that shows no key.
    NotOneKey,
    /// There is nothing.
    Absent,
    /// Something that is no key stands there.
    Placeholder(Placeholder),
    /// Wrapped in something that is not part of a key, from the outermost to the innermost.
    Damaged(Box<[Damage]>),
    /// Outside the project's format.
    OutsideFormat {
        /// Length in bytes.
        length: u64,
    },
    /// It is another known key in another form: in something larger, encoded, in another case, or declared by
    /// the fingerprint of one with something around it.
    Pasted {
        /// Which key.
        key: KeyId,
        /// What happened to it, from the outermost to the innermost.
        damage: Box<[Damage]>,
    },
    /// It is another project's key, or one of another environment.
    Foreign(KeyId),
    /// It is a key that is declared dead.
    Dead(KeyId),
    /// It is a key that was current before and died when it was replaced, and nobody said that this is right.
    Returned {
        /// The key that it was until then.
        former: Fingerprint,
    },
    /// It is another key than this one, which it is declared to share (`same_key_as`).
    NotShared(KeyId),
    /// It was stored before the declared rotation.
    BeforeRotation {
        /// When it was stored.
        stored_at: Timestamp,
    },
}

impl Soundness {
    /// Whether hops may be compared with this reference.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        matches!(self, Self::Sound)
    }
}

/// Where T₀ comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RotationBasis {
    /// `rotated_at` in targets.yaml.
    Declared,
    /// The store's versions.
    History,
    /// Past audits.
    Ledger,
    /// The reference changed, and nothing confirms yet that this was a rotation.
    Suspected,
    /// Nowhere.
    Unknown,
}

/// Something to tell that is no verdict.
pub enum Warning {
    /// Most hops share one unknown, well-formed key: the reference may be behind.
    ReferenceBehind {
        /// Whose reference.
        project: ProjectId,
        /// The key they share.
        fingerprint: Fingerprint,
        /// How many hops hold it.
        hops: u32,
        /// Of how many that were read.
        of: u32,
    },
    /// A declared next or previous key, or the reference of a project that is not selected, could
    /// not be read: whoever holds it is `unknown` here.
    KeyUnread {
        /// Which key.
        key: KeyId,
        /// Why.
        error: Box<ReadError>,
    },
    /// A next key is also another key that is known, so that nobody who holds it can be called current.
    NextIsKnown {
        /// The next key.
        key: KeyId,
        /// What it is as well.
        also: KeyId,
    },
    /// The history of a reference could not be read, though something needed it: earlier keys and the
    /// time of the rotation are unknown here.
    HistoryUnread {
        /// Whose reference.
        project: ProjectId,
        /// Why.
        error: Box<ReadError>,
    },
    /// Nothing tells since when the place of a project's next key may have held the key that is current
    /// now, though something needed it: the time of the rotation is unknown here.
    NextHistoryUnread {
        /// Whose next key.
        project: ProjectId,
        /// Why its place's history could not be read; `None` where no version is kept from before.
        error: Option<Box<ReadError>>,
    },
    /// The reference is another key than at the last audit, and nothing tells whether it was rotated or
    /// is misread.
    ReferenceChanged {
        /// Whose reference.
        project: ProjectId,
        /// What it was.
        former: Fingerprint,
        /// When it was last seen to be that.
        last_seen: Timestamp,
        /// Whether it is a key again that was current before.
        returned: bool,
        /// `rotated_at`, where it cannot be about this change.
        declared: Option<Timestamp>,
    },
    /// `rotated_at` is not what past audits saw. It is somebody's word, and taken.
    RotationTimes {
        /// Whose reference.
        project: ProjectId,
        /// What is declared.
        declared: Timestamp,
        /// When an audit saw otherwise.
        seen: Timestamp,
        /// Whether it saw the key before this one, after that time; else this one, before that time.
        former: bool,
    },
    /// The current key is also declared as a previous one: a rollback, or a store that nobody wrote.
    CurrentIsPrevious(KeyId),
    /// A previous key stands beside a part of a place that is right by itself.
    OldKeyBeside {
        /// The key.
        key: KeyId,
        /// The first such place: the deployment, by its index among those that were declared, and the hop.
        at: (u32, u16),
        /// At how many hops.
        hops: u32,
    },
    /// A previous key stands beside a known key in what that is read from, and targets.yaml does not say so.
    OldKeyBesideKey {
        /// The key; `None` where it is one that was asked for and is nobody's.
        key: Option<KeyId>,
        /// The key that is read from there.
        beside: KeyId,
    },
    /// The key is so short that its fingerprint gives it away.
    GuessableKey(KeyId),
}
