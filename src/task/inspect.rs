//! Looks at one key where it is deployed, without showing it.

mod oddity;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fetch::{Fetcher, Limits, Quiet, Work};
use crate::key::{Digits, Fingerprint, Secret};
use crate::keyring::{
    Damage, KeyId, Keyring, Known, Placeholder, ProjectId, Scrubber, SearchOutcome, Tellable, Wire,
    placeholder,
};
use crate::platform::{Asking, Connections, Stop};
use crate::reading::remote::{self, RemoteReading};
use crate::reading::{ErrorKind, Found, ReadError, Reading};
use crate::source::{self, AnySource, At};

pub use oddity::{Oddity, OddityKind, Side};

/// How many characters of a text from outside are shown.
const MOST_SHOWN: usize = 1000;

/// Where to look: the settings of a hop, which is read as an audit would read it.
pub struct Place {
    source: Box<dyn AnySource>,
    variable: Arc<str>,
    /// Whether it stands in something that is nobody else's: a file, the environment of one program.
    is_in_document: bool,
}

impl Place {
    /// A variable of straggler's own environment.
    ///
    /// # Errors
    ///
    /// As [`Place::process`].
    pub fn env(variable: &str) -> Result<Self, String> {
        let place = Self::parse("env", json!({ "variable": variable }), variable)?;
        // Whoever calls straggler made its environment, for more than this.
        Ok(Self {
            is_in_document: false,
            ..place
        })
    }

    /// The exact bytes of one file. `variable` is the name the key is deployed under, if any.
    ///
    /// # Errors
    ///
    /// As [`Place::process`].
    pub fn file(path: &str, variable: &str) -> Result<Self, String> {
        // A file source reads globs; this is one file, whatever it is called.
        let path = glob::Pattern::escape(path);
        Self::parse("file", json!({ "path": path }), variable)
    }

    /// A variable of an env file, as the parser of this name reads it.
    ///
    /// # Errors
    ///
    /// As [`Place::process`].
    pub fn dotenv(path: &str, dialect: &str, variable: &str) -> Result<Self, String> {
        let settings = json!({ "path": path, "dialect": dialect });
        Self::parse("dotenv", settings, variable)
    }

    /// A variable of running processes, chosen by `pid`, `name` or `unit`.
    ///
    /// # Errors
    ///
    /// What the source says of the settings: a lowercase fragment.
    pub fn process(chosen_by: &str, value: Value, variable: &str) -> Result<Self, String> {
        Self::parse("process", json!({ chosen_by: value }), variable)
    }

    fn parse(id: &str, settings: Value, variable: &str) -> Result<Self, String> {
        let source = source::parse(id, settings)
            .ok_or_else(|| format!("this straggler cannot read `{id}`"))?
            .map_err(|error| error.to_string())?;
        source.check()?;
        Ok(Self {
            source,
            variable: variable.into(),
            is_in_document: true,
        })
    }

    fn at(&self) -> At<'_> {
        At::of(&self.variable)
    }

    /// Its printable address.
    #[must_use]
    pub fn location(&self) -> String {
        self.source.location(self.at())
    }

    /// Reads it: one reading for each replica.
    ///
    /// # Errors
    ///
    /// When it could not be read, or the user interrupted.
    pub async fn read(
        &self,
        connections: Connections,
        limits: Limits,
        interrupt: impl Future<Output = ()> + Send,
    ) -> Result<Vec<Reading>, ReadError> {
        let mut one = One {
            place: self,
            readings: None,
        };
        let mut fetcher = Fetcher::new(connections, limits, &Quiet, interrupt);
        fetcher.read(&mut one).await;
        let mut readings = one.readings.unwrap_or_else(|| Ok(Vec::new()))?;
        for reading in &mut readings {
            match self.is_in_document {
                // A file that is the key has nothing beside it.
                true => reading.whole = reading.whole.take().or_else(|| Some(nothing())),
                false => reading.whole = None,
            }
        }
        Ok(readings)
    }
}

/// What stands beside a key that stands alone.
fn nothing() -> Arc<Secret> {
    Arc::new(Secret::new(Vec::new()))
}

/// What somebody gives to be looked at, with nothing beside it.
#[must_use]
pub fn given(value: Secret) -> Reading {
    Reading::value(value).out_of(nothing())
}

/// A single hop to be read.
struct One<'a> {
    place: &'a Place,
    readings: Option<Result<Vec<Reading>, ReadError>>,
}

impl Work for One<'_> {
    fn len(&self) -> usize {
        1
    }

    fn store(&self, _job: usize) -> Option<&str> {
        self.place.source.store()
    }

    fn attempt(&mut self, _job: usize, asking: &Asking<'_>) -> Result<(), Stop> {
        self.readings = Some(Ok(self.place.source.read(self.place.at(), asking)?));
        Ok(())
    }

    fn failed(&mut self, _job: usize, error: ReadError) {
        self.readings = Some(Err(error));
    }
}

/// What can be said of one reading. It holds no key.
pub struct Seen {
    /// Which one, where there are several.
    pub replica: Option<Box<str>>,
    /// When it was started, where that is known.
    pub started_at: Option<Timestamp>,
    /// What the source had to say.
    pub note: Option<Box<str>>,
    /// What was there.
    pub sight: Sight,
    /// What else stands there that may be a key; `None` where it was not looked for.
    pub beside: Option<Tellable>,
}

/// What was there.
pub enum Sight {
    /// Something.
    Held(Held),
    /// The place was read, and the key is not there.
    Absent,
    /// The place was read, but it does not show what it holds; a lowercase fragment says why.
    Hidden(Box<str>),
    /// It could not be read.
    Failed(ReadError),
}

/// What is held there.
pub struct Held {
    /// At the digits that were asked for.
    pub fingerprint: Fingerprint,
    /// In bytes; `None` where only a fingerprint came.
    pub length: Option<u64>,
    /// What no key has.
    pub oddities: Vec<Oddity>,
    /// What it surely is instead of a key.
    pub placeholder: Option<Placeholder>,
    /// What became of the comparison; `None` without an expectation.
    pub comparison: Option<Comparison>,
}

/// How what is held relates to an expected fingerprint.
#[derive(Debug, PartialEq, Eq)]
pub enum Comparison {
    /// It is the expected key.
    Equal,
    /// It is the expected key with this damage, from the outermost to the innermost, and what becomes of the
    /// whole value when it is sent.
    Damaged(Box<[Damage]>, Wire),
    /// The expectation is the one that was taken from a damaged copy: of the key that is here.
    ExpectedDamaged(Box<[Damage]>, Wire),
    /// Something else, as far as it can be told.
    Different {
        /// With this many digits in the expectation more damage could be told.
        lengthen_to: Option<Digits>,
    },
}

impl Seen {
    /// Looks at a reading and lets its bytes go. Nothing that is said of it repeats them, or what the
    /// scrubber knows.
    #[must_use]
    pub fn of(
        reading: Reading,
        variable: &str,
        expected: Option<Fingerprint>,
        digits: Digits,
        scrubber: &Scrubber,
    ) -> Self {
        let Reading {
            replica,
            found,
            started_at,
            note,
            whole,
            ..
        } = reading;
        let beside = whole.map(|whole| {
            let itself = match &found {
                Found::Value(secret) => Some(secret.expose()),
                _ => None,
            };
            Tellable::of(whole.expose(), itself, digits)
        });
        let own = match &found {
            Found::Value(secret) => vec![Secret::copied(secret.expose())],
            _ => Vec::new(),
        };
        let scrubber = scrubber.knowing(own, Vec::new());
        let shown = |text: &str| scrubber.text(text.as_bytes(), MOST_SHOWN).to_string();
        let sight = match found {
            Found::Value(secret) => Sight::Held(Held::of(secret, variable, expected, digits)),
            Found::Fingerprint {
                fingerprint,
                length,
                ..
            } => Sight::Held(Held {
                fingerprint: fingerprint.cut(digits),
                length,
                oddities: Vec::new(),
                placeholder: None,
                comparison: expected.map(|expected| {
                    if expected.agrees(&fingerprint) {
                        Comparison::Equal
                    } else {
                        Comparison::Different { lengthen_to: None }
                    }
                }),
            }),
            Found::Absent => Sight::Absent,
            Found::Hidden { why, .. } => Sight::Hidden(shown(&why).into()),
            Found::Failed(error) => Sight::Failed(ReadError {
                message: shown(&error.message).into(),
                next: shown(&error.next).into(),
                ..error
            }),
        };
        Self {
            replica: replica.map(|replica| shown(&replica).into()),
            started_at,
            note: note.map(|note| shown(&note).into()),
            sight,
            beside,
        }
    }

    /// Whether this is the expected key; without an expectation, whether it may be a key at all.
    #[must_use]
    pub fn passes(&self) -> bool {
        match &self.sight {
            Sight::Held(held) => match &held.comparison {
                Some(comparison) => *comparison == Comparison::Equal,
                None => held.placeholder.is_none(),
            },
            _ => false,
        }
    }

    /// The same as a `straggler.reading/v1`.
    ///
    /// # Errors
    ///
    /// Where there is nothing that it could say: the place was not read, or shows no key.
    pub fn to_remote(&self, variable: Option<&str>) -> Result<RemoteReading, ReadError> {
        let mut remote = RemoteReading {
            schema: remote::SCHEMA.to_owned(),
            variable: variable.map(str::to_owned),
            replica: self.replica.as_deref().map(str::to_owned),
            started_at: self.started_at,
            ..RemoteReading::default()
        };
        match &self.sight {
            Sight::Held(held) => {
                remote.fingerprint = Some(held.fingerprint.to_string());
                remote.length = held.length;
            }
            Sight::Absent => remote.absent = true,
            Sight::Hidden(why) => {
                return Err(ReadError::new(
                    ErrorKind::NotFound,
                    why.to_string(),
                    "look where the key itself can be seen",
                ));
            }
            Sight::Failed(error) => return Err(error.clone()),
        }
        if let Some(beside) = &self.beside {
            let prints = beside.fingerprints.iter();
            remote.beside = Some(prints.map(ToString::to_string).collect());
            remote.beside_cut = beside.cut;
        }
        Ok(remote)
    }
}

impl Held {
    fn of(secret: Secret, variable: &str, expected: Option<Fingerprint>, digits: Digits) -> Self {
        let fingerprint = secret.fingerprint().cut(digits);
        let length = Some(secret.len() as u64);
        let oddities = Oddity::all_in(secret.expose());
        let placeholder = placeholder(secret.expose(), variable);
        let comparison = expected.map(|expected| Comparison::of(secret, variable, expected));
        let is_key = matches!(
            comparison,
            Some(Comparison::Equal | Comparison::Damaged(..))
        );
        Self {
            fingerprint,
            length,
            oddities,
            // Whatever stands around it, a key is a key.
            placeholder: placeholder.filter(|_| !is_key),
            comparison,
        }
    }
}

impl Comparison {
    /// Compares by all the digits of the expectation, then looks for the damage on either side.
    #[must_use]
    pub fn of(here: Secret, variable: &str, expected: Fingerprint) -> Self {
        if here.fingerprint().agrees(&expected) {
            return Self::Equal;
        }
        let key = KeyId::current(ProjectId(0));
        // Undoing damage hashes a few hundred candidates at most, which is no search; but with few
        // digits even that may hit by chance.
        if expected.digits() >= Digits::DEFAULT {
            let known = Keyring::new(vec![Known::by_fingerprint(key, expected)], &[variable]);
            if let Some(found) = known.explain_value(key.project, here.expose()) {
                return Self::Damaged(found.damage, found.wire);
            }
        }
        if placeholder(here.expose(), variable).is_some() {
            return Self::Different { lengthen_to: None };
        }
        let known = Keyring::new(vec![Known::by_value(key, here)], &[variable]);
        let mut search = known.search(&[(key.project, expected)]);
        match search.outcomes.pop() {
            Some(SearchOutcome::Explained(found)) => {
                Self::ExpectedDamaged(found.damage, found.wire)
            }
            Some(SearchOutcome::Lengthen(digits)) => Self::Different {
                lengthen_to: Some(digits),
            },
            Some(SearchOutcome::Unexplained) | None => Self::Different { lengthen_to: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"ask_live_4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua";

    fn compare(here: &[u8], expected: &[u8], digits: u8) -> Comparison {
        let expected = Fingerprint::of(expected).cut(Digits::new(digits).unwrap());
        Comparison::of(Secret::copied(here), "ALLSTAK_API_KEY", expected)
    }

    fn with(before: &str, after: &str) -> Vec<u8> {
        [before.as_bytes(), KEY, after.as_bytes()].concat()
    }

    #[test]
    fn the_key_itself_is_equal_at_any_digits() {
        for digits in [8, 9, 12, 64] {
            assert_eq!(compare(KEY, KEY, digits), Comparison::Equal);
        }
    }

    #[test]
    fn damage_is_told_on_whichever_side_it_is() {
        let wrapped = with("\"", "\"\n");
        let damage: Box<[_]> = [Damage::TrailingNewline, Damage::DoubleQuotes].into();
        assert_eq!(
            compare(&wrapped, KEY, 12),
            Comparison::Damaged(damage.clone(), Wire::LineBreak)
        );
        assert_eq!(
            compare(KEY, &wrapped, 16),
            Comparison::ExpectedDamaged(damage, Wire::LineBreak)
        );
        let named = with("ALLSTAK_API_KEY=", "");
        assert_eq!(
            compare(&named, KEY, 12),
            Comparison::Damaged([Damage::VariablePrefix].into(), Wire::Plain)
        );
        assert_eq!(
            compare(KEY, &KEY[..30], 12),
            Comparison::ExpectedDamaged([Damage::TruncatedEnd].into(), Wire::Plain)
        );
    }

    #[test]
    fn chance_is_not_taken_for_damage() {
        let newline = with("", "\n");
        assert!(matches!(
            compare(&newline, KEY, 8),
            Comparison::Different { lengthen_to: Some(digits) } if digits > Digits::MIN
        ));
        let other = b"ask_live_9Xw2LpQ8nVb4TcZ7mKdR1yHs5JfGe3Ua";
        assert_eq!(
            compare(other, KEY, 64),
            Comparison::Different { lengthen_to: None }
        );
    }

    fn seen(found: Found, expected: Option<&[u8]>) -> Seen {
        let expected = expected.map(Fingerprint::of);
        let scrubber = Scrubber::default();
        Seen::of(
            Reading::new(found),
            "KEY",
            expected,
            Digits::DEFAULT,
            &scrubber,
        )
    }

    #[test]
    fn only_a_key_passes() {
        let value = |bytes: &[u8]| Found::Value(Secret::copied(bytes));
        assert!(seen(value(KEY), None).passes());
        assert!(seen(value(KEY), Some(KEY)).passes());
        assert!(!seen(value(KEY), Some(b"other")).passes());
        assert!(!seen(value(b"undefined"), None).passes());
        assert!(!seen(value(b""), None).passes());
        assert!(!seen(Found::Absent, None).passes());
    }

    #[test]
    fn a_reading_says_what_was_seen_and_nothing_else() {
        let reading = seen(Found::Value(Secret::copied(KEY)), None);
        let remote = reading.to_remote(Some("KEY")).ok().unwrap();
        let json = serde_json::to_value(&remote).unwrap();
        let fingerprint = Fingerprint::of(KEY).cut(Digits::DEFAULT).to_string();
        assert_eq!(
            json,
            json!({
                "schema": "straggler.reading/v1",
                "variable": "KEY",
                "fingerprint": fingerprint,
                "length": KEY.len(),
            })
        );
        let absent = seen(Found::Absent, None).to_remote(None).ok().unwrap();
        let json = serde_json::to_value(&absent).unwrap();
        assert_eq!(
            json,
            json!({ "schema": "straggler.reading/v1", "absent": true })
        );
        let failed = ReadError::new(ErrorKind::Denied, "permission denied", "ask");
        assert!(seen(Found::Failed(failed), None).to_remote(None).is_err());
    }
}
