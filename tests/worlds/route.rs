//! The second opinion on a route: whose fault each hop is, and what that makes of the deployment.

use serde_json::Value;

use super::forms::Kind;
use super::judge::Entry;
use super::kinds::Kinds;
use super::world::{Content, Made, Verdict};

/// What was said of a hop, found right so far.
#[derive(Debug)]
pub struct JudgedHop {
    pub verdict: Verdict,
    /// Verdict and evidence of each replica.
    pub readings: Vec<(Verdict, String)>,
    /// What the worst of them hold.
    pub identities: Vec<Identity>,
}

impl Default for JudgedHop {
    fn default() -> Self {
        Self {
            verdict: Verdict::NotSelected,
            readings: Vec::new(),
            identities: Vec::new(),
        }
    }
}

impl JudgedHop {
    pub fn left_out() -> Self {
        Self::default()
    }
}

/// What a place holds, as far as that decides whether the next one got it from there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Identity {
    Absent,
    /// Something that stands for a key: nothing, a word, stars.
    StandsFor(Vec<u8>),
    /// Bytes, what they were made of, and the keys of it that are surely known.
    Value(Vec<u8>, Made, Vec<String>),
}

impl Identity {
    pub fn of(content: &Content, keyring: &[Entry<'_>]) -> Self {
        match content {
            Content::Bytes(bytes, made @ (Made::Keys(..) | Made::Stranger)) => {
                let mut known = match made {
                    Made::Keys(keys, _) => keys.clone(),
                    _ => Vec::new(),
                };
                known.retain(|key| keyring.iter().any(|entry| entry.sure && entry.key == key));
                Self::Value(bytes.clone(), made.clone(), known)
            }
            Content::Bytes(bytes, _) => Self::StandsFor(bytes.clone()),
            _ => Self::Absent,
        }
    }

    /// Whether it may be called the same: two ways to hold no key, or one key damaged twice in
    /// ways that have one name.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Value(_, Made::Keys(keys, form), known),
                Self::Value(_, Made::Keys(others, another), known_others),
            ) => {
                // A key that nobody is sure of may not be seen beside another one.
                (keys == others || (!known.is_empty() && known == known_others))
                    && form.kind == another.kind
                    && (form.kind == Kind::Embedded || form.names == another.names)
            }
            _ => self.is_nothing() && other.is_nothing(),
        }
    }

    fn is_nothing(&self) -> bool {
        !matches!(self, Self::Value(..))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Blame {
    Own,
    Inherited,
    Either,
    Nobody,
}

/// Whose fault a hop is. Trouble is inherited from trouble alone, and only with the same key.
fn blame(hops: &[JudgedHop], index: usize) -> Blame {
    let hop = &hops[index];
    if !hop.verdict.is_drift() {
        return Blame::Nobody;
    }
    let Some(before) = hops[..index]
        .iter()
        .rev()
        .find(|before| before.verdict != Verdict::Unreachable)
    else {
        return Blame::Own;
    };
    if !before.verdict.is_drift() {
        return Blame::Own;
    }
    let (Some(first), Some(second)) = (one(&hop.identities), one(&before.identities)) else {
        return Blame::Either;
    };
    if first != second {
        return match first.is_like(second) {
            true => Blame::Either,
            false => Blame::Own,
        };
    }
    match hop.verdict == before.verdict {
        true => Blame::Inherited,
        // One value that two expectations see differently.
        false => Blame::Either,
    }
}

/// The one thing that the worst readings hold, if it is one.
fn one(identities: &[Identity]) -> Option<&Identity> {
    let (first, rest) = identities.split_first()?;
    rest.iter().all(|other| other == first).then_some(first)
}

/// Compares fault, causes, where it is broken, and the verdict of the deployment.
pub fn check(hops: &[JudgedHop], kinds: &Kinds, row: &Value, faults: &mut Vec<String>) {
    let worst = hops.iter().map(|hop| hop.verdict).min();
    if worst.map(Verdict::name) != row["verdict"].as_str() {
        faults.push(format!(
            "its worst hop is {worst:?}, and it is {}",
            row["verdict"]
        ));
    }
    if !kinds.has(Kinds::BLAME) {
        return;
    }
    let mut causes = Vec::new();
    for index in 0..hops.len() {
        let said = row["hops"][index]["fault"].as_str();
        let blame = blame(hops, index);
        let right = match blame {
            Blame::Own => said == Some("own"),
            Blame::Inherited => said == Some("inherited"),
            Blame::Either => said.is_some(),
            Blame::Nobody => said.is_none(),
        };
        if !right {
            faults.push(format!(
                "the fault of hop {index} is {blame:?}, not {said:?}"
            ));
            return;
        }
        if said == Some("own") {
            causes.push(index);
        }
    }
    let said: Vec<usize> = row["causes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .map(|index| index as usize)
        .collect();
    if said != causes {
        faults.push(format!("its causes are {causes:?}, not {said:?}"));
    }
    let unread = hops
        .iter()
        .position(|hop| hop.verdict == Verdict::Unreachable);
    let broken = causes.first().copied().or(unread);
    if row["broken_at"].as_u64() != broken.map(|index| index as u64) {
        faults.push(format!(
            "it is broken at {broken:?}, not {}",
            row["broken_at"]
        ));
    }
}
