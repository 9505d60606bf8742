use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Identity, Mend, ReadError, Unsearched, Written};
use crate::key::{Fingerprint, Secret};
use crate::verdict::Evidence;

/// What one replica at one hop gave.
pub struct Reading {
    /// Which one, where a hop has several: a pod, a process, a file.
    pub replica: Option<Box<str>>,
    /// What was there.
    pub found: Found,
    /// When whatever holds the key was started, so that its environment was fixed.
    pub started_at: Option<Timestamp>,
    /// When these bytes were stored, where the store itself keeps that.
    pub stored_at: Option<Timestamp>,
    /// What a person should know beside the verdict. Never a value.
    pub note: Option<Cow<'static, str>>,
    /// Where it was really found, as far as the platform tells.
    pub identity: Option<Identity>,
    /// All that was read, where the key is only a part of it. Hops that read the same share it.
    pub whole: Option<Arc<Secret>>,
    /// Why that is not all there is, where a reading from elsewhere says so or says nothing of it.
    pub unsearched: Option<Unsearched>,
    /// What was seen of how the value gets here, which says how to mend it.
    pub mend: Option<Box<Mend>>,
}

/// What was found at a place.
pub enum Found {
    /// The bytes, exactly as deployed.
    Value(Secret),
    /// A fingerprint, made where the key lives.
    Fingerprint {
        /// As many digits as were given.
        fingerprint: Fingerprint,
        /// Length of the key in bytes, where it was told.
        length: Option<u64>,
        /// Whether this is only a claim: a label beside the secret, not a hash of what is deployed.
        attested: bool,
    },
    /// The place was read, but it does not show what it holds.
    Hidden {
        /// Since when what it holds cannot have changed.
        fixed_at: Option<Timestamp>,
        /// Why it cannot be seen and what would make it provable, a lowercase fragment.
        why: Cow<'static, str>,
        /// What it can be taken for, unless its time proves it stale.
        taken_for: Option<Box<Taken>>,
    },
    /// The place was read, and the key is not there.
    Absent,
    /// It could not be read.
    Failed(ReadError),
}

/// What a place that does not show its key can be taken for: what it is fed from and has not changed
/// since, or what somebody claims.
pub struct Taken {
    /// What is there in all likelihood.
    pub found: Found,
    /// What that rests on: a time, or a claim. It proves nothing.
    pub evidence: Evidence,
}

impl Found {
    /// A place that does not show what it holds; see [`Found::Hidden`].
    #[must_use]
    pub fn hidden(fixed_at: Option<Timestamp>, why: impl Into<Cow<'static, str>>) -> Self {
        Self::Hidden {
            fixed_at,
            why: why.into(),
            taken_for: None,
        }
    }
}

impl Reading {
    /// A reading of a hop that has just one replica.
    #[must_use]
    pub fn new(found: Found) -> Self {
        Self {
            replica: None,
            found,
            started_at: None,
            stored_at: None,
            note: None,
            identity: None,
            whole: None,
            unsearched: None,
            mend: None,
        }
    }

    /// The bytes found there.
    #[must_use]
    pub fn value(secret: Secret) -> Self {
        Self::new(Found::Value(secret))
    }

    /// Names the replica.
    #[must_use]
    pub fn of_replica(mut self, replica: impl Into<Box<str>>) -> Self {
        self.replica = Some(replica.into());
        self
    }

    /// Adds when it was started.
    #[must_use]
    pub fn started_at(mut self, time: Option<Timestamp>) -> Self {
        self.started_at = time;
        self
    }

    /// Adds what a person should know.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<Cow<'static, str>>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Adds all that was read, of which only a part was looked at.
    #[must_use]
    pub fn out_of(mut self, whole: Arc<Secret>) -> Self {
        self.whole = Some(whole);
        self
    }

    /// Lets the first of these readings answer for what was read around others that are left out.
    pub fn take_wholes(readings: &mut [Self], left_out: impl IntoIterator<Item = Self>) {
        let kept: Vec<_> = readings.iter().flat_map(|one| &one.whole).collect();
        let mut others: Vec<Arc<Secret>> = Vec::new();
        for whole in left_out.into_iter().filter_map(|one| one.whole) {
            let is_same = |other: &Arc<Secret>| other.expose() == whole.expose();
            if !kept.iter().any(|kept| is_same(kept)) && !others.iter().any(is_same) {
                others.push(whole);
            }
        }
        if let Some(first) = readings.first_mut()
            && !others.is_empty()
        {
            let all = first.whole.iter().chain(&others);
            first.whole = Some(Arc::new(Secret::of_lines(all.map(|whole| whole.expose()))));
        }
    }

    /// The same of lines, such as the entries of an environment.
    #[must_use]
    pub fn out_of_lines<'l>(self, lines: impl Iterator<Item = &'l [u8]> + Clone) -> Self {
        self.out_of(Arc::new(Secret::of_lines(lines)))
    }

    /// The same of variables or fields, each with its name.
    #[must_use]
    pub fn out_of_entries<'e>(
        self,
        entries: impl Iterator<Item = (&'e [u8], &'e [u8])> + Clone,
    ) -> Self {
        let length = entries
            .clone()
            .map(|(name, value)| name.len() + value.len() + 2);
        let mut whole = Vec::with_capacity(length.sum());
        for (name, value) in entries {
            whole.extend_from_slice(name);
            whole.push(b'=');
            whole.extend_from_slice(value);
            whole.push(b'\n');
        }
        self.out_of(Arc::new(Secret::new(whole)))
    }

    /// Adds what to do here if this is not what it should be, instead of the general remedy of its source.
    /// It has to be right for the part of the place that is the key.
    #[must_use]
    pub fn mended_by(mut self, words: impl Into<Box<str>>) -> Self {
        self.mend.get_or_insert_default().words = Some(words.into());
        self
    }

    /// Adds the words where an earlier hop is mended first, and what gets here is right by then.
    #[must_use]
    pub fn mended_after_by(mut self, words: impl Into<Box<str>>) -> Self {
        self.mend.get_or_insert_default().after = Some(words.into());
        self
    }

    /// Adds that what reads it does so when it starts, so that a restart has to follow the words.
    #[must_use]
    pub fn read_at_start(mut self) -> Self {
        self.mend.get_or_insert_default().read_at_start = true;
        self
    }

    /// Adds in what the value was written before it came here.
    #[must_use]
    pub fn written_in(mut self, written: Written) -> Self {
        self.mend.get_or_insert_default().written = Some(written);
        self
    }
}

/// One version in a store's history, oldest first in a list.
pub struct Version {
    /// When it was written, where the store keeps that.
    pub created_at: Option<Timestamp>,
    /// What it held in the very field the hop names.
    pub found: Found,
}
