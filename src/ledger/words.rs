//! How what the judge says is written down.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use super::db::{Row, Value};
use super::error::Failure;
use crate::audit::{Confirmation, Owner};
use crate::key::{Digits, Fingerprint};
use crate::platform::PlaceId;

/// No more digits than this are kept, whatever is shown: a whole digest is nobody's business.
const MOST: u8 = 32;

/// A fingerprint as it may be kept.
pub(super) fn kept(fingerprint: &Fingerprint, digits: Digits) -> Fingerprint {
    fingerprint.cut(Digits::new(MOST).map_or(digits, |most| most.min(digits)))
}

pub(super) fn micros(time: Timestamp) -> Value {
    time.as_microsecond().into()
}

pub(super) fn micros_of(time: Option<Timestamp>) -> Value {
    time.map(Timestamp::as_microsecond).into()
}

/// As it comes back from the ledger.
pub(super) fn rounded(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}

pub(super) fn environment(owner: &Owner) -> &str {
    owner.environment.as_deref().unwrap_or_default()
}

impl Row {
    pub(super) fn time(&self, column: usize) -> Result<Timestamp, Failure> {
        time(self.get(column)?)
    }

    pub(super) fn time_or_none(&self, column: usize) -> Result<Option<Timestamp>, Failure> {
        self.get::<Option<i64>>(column)?.map(time).transpose()
    }

    pub(super) fn owner(&self, project: usize, environment: usize) -> Result<Owner, Failure> {
        let environment: &str = self.get(environment)?;
        Ok(Owner {
            project: self.get::<&str>(project)?.into(),
            environment: (!environment.is_empty()).then(|| environment.into()),
        })
    }

    pub(super) fn fingerprint(&self, column: usize) -> Result<Fingerprint, Failure> {
        fingerprint(self.get(column)?)
    }

    pub(super) fn fingerprint_or_none(
        &self,
        column: usize,
    ) -> Result<Option<Fingerprint>, Failure> {
        let text: Option<&str> = self.get(column)?;
        text.map(fingerprint).transpose()
    }

    /// A verdict, a stage, or what else has a name.
    pub(super) fn word<'r, T: Deserialize<'r>>(&'r self, column: usize) -> Result<T, Failure> {
        word(self.get(column)?)
    }

    pub(super) fn word_or_none<'r, T: Deserialize<'r>>(
        &'r self,
        column: usize,
    ) -> Result<Option<T>, Failure> {
        let text: Option<&str> = self.get(column)?;
        text.map(word).transpose()
    }

    pub(super) fn confirmation(&self, column: usize) -> Result<Option<Confirmation>, Failure> {
        let text: Option<&str> = self.get(column)?;
        let Some(text) = text else {
            return Ok(None);
        };
        let mut all = Confirmation::ALL.into_iter();
        match all.find(|confirmation| confirmation.name() == text) {
            Some(confirmation) => Ok(Some(confirmation)),
            None => Err(Failure::damaged("holds an unknown confirmation")),
        }
    }

    pub(super) fn place_id_or_none(&self, column: usize) -> Result<Option<PlaceId>, Failure> {
        let text: Option<&str> = self.get(column)?;
        text.map(place_id).transpose()
    }

    pub(super) fn count(&self, column: usize) -> Result<usize, Failure> {
        let number: i64 = self.get(column)?;
        usize::try_from(number).map_err(|_| Failure::damaged("holds a number below zero"))
    }
}

fn time(micros: i64) -> Result<Timestamp, Failure> {
    Timestamp::from_microsecond(micros).map_err(|_| Failure::damaged("holds a time out of range"))
}

fn fingerprint(text: &str) -> Result<Fingerprint, Failure> {
    text.parse()
        .map_err(|_| Failure::damaged("holds what is no fingerprint"))
}

/// A place, as it is written down.
pub(super) fn place_id(text: &str) -> Result<PlaceId, Failure> {
    text.parse()
        .map_err(|_| Failure::damaged("holds what names no place"))
}

fn word<'r, T: Deserialize<'r>>(text: &'r str) -> Result<T, Failure> {
    let text: StrDeserializer<'r, Error> = text.into_deserializer();
    T::deserialize(text).map_err(|_| Failure::damaged("holds an unknown word"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Evidence, Fault, Stage, Verdict};

    #[test]
    fn what_is_written_by_name_is_read_by_name() {
        for verdict in Verdict::ALL {
            assert_eq!(word::<Verdict>(verdict.name()).unwrap(), verdict);
        }
        for stage in Stage::ALL {
            assert_eq!(word::<Stage>(stage.name()).unwrap(), stage);
        }
        for evidence in [
            Evidence::Value,
            Evidence::Fingerprint,
            Evidence::Timestamp,
            Evidence::Attested,
            Evidence::Reference,
            Evidence::None,
        ] {
            assert_eq!(word::<Evidence>(evidence.name()).unwrap(), evidence);
        }
        for fault in [Fault::Own, Fault::Inherited] {
            assert_eq!(word::<Fault>(fault.name()).unwrap(), fault);
        }
        assert!(word::<Verdict>("fine").is_err());
    }

    #[test]
    fn no_whole_digest_is_kept() {
        let whole = Fingerprint::of(b"a key");
        assert_eq!(kept(&whole, Digits::MAX).digits().get(), MOST);
        assert_eq!(kept(&whole, Digits::DEFAULT).digits(), Digits::DEFAULT);
    }
}
