use std::any::Any;
use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::case::mend_part;
use super::{Case, Info};
use crate::extract::Extraction;
use crate::keyring::Format;
use crate::platform::{Asking, Locator, Stop};
use crate::reading::{Reading, Version};
use crate::text::escape;
use crate::verdict::Stage;

/// What a source is told about the hop beside its own settings.
#[derive(Clone, Copy)]
pub struct At<'a> {
    /// The variable the key is held in.
    pub variable: &'a str,
    /// What the project's keys look like, where that is known: for places that are searched.
    pub format: Option<&'a Arc<Format>>,
    /// Which part of what the source reads is the key; `None` where it is all of it.
    pub part: Option<&'a Extraction>,
    /// The options that lead the platform's own command-line tool to the declared store, each name before
    /// its value; empty without a declared store.
    pub options: &'a [Box<str>],
}

impl<'a> At<'a> {
    /// For a key of which nothing more is known.
    #[must_use]
    pub fn of(variable: &'a str) -> Self {
        Self {
            variable,
            format: None,
            part: None,
            options: &[],
        }
    }
}

/// The settings of one kind of hop, and how to read it. Pure: what it needs from outside it asks
/// for, and a platform answers.
pub trait Source: DeserializeOwned + JsonSchema + PartialEq + Send + Sync + 'static {
    /// What it is.
    const INFO: Info;

    /// Says where its relative paths start: in the folder of the file that it is written in.
    fn rooted_at(&mut self, _folder: &Path) {}

    /// What the settings must be beyond their types; a lowercase fragment that says what was expected.
    ///
    /// # Errors
    ///
    /// When they cannot be meant so.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// What it needs to be told about the hop, beyond its settings; a lowercase fragment that says
    /// what was expected.
    ///
    /// # Errors
    ///
    /// When it could not be read without that.
    fn check_for(&self, _at: At<'_>) -> Result<(), String> {
        Ok(())
    }

    /// The stage of this hop.
    fn stage(&self) -> Stage {
        Self::INFO.stage.unwrap_or(Stage::Config)
    }

    /// Whether what answers here may show a mask of a key that it holds, as people are shown keys.
    fn may_mask(&self) -> bool {
        false
    }

    /// The declared store it reads from.
    fn store(&self) -> Option<&str> {
        None
    }

    /// Its printable address. Never secret.
    fn location(&self, at: At<'_>) -> String;

    /// Takes in what decides where it reads and is not told, or not told apart, by its location. Where the
    /// declared store leads is known without.
    fn locate(&self, _at: At<'_>, _to: &mut Locator) {}

    /// What to do so that the current key gets here: an imperative. Whoever does exactly this gets a place
    /// that the next audit calls current. A command stands in backticks, and takes the key from `FILE`,
    /// which holds it without a trailing newline; where no command can promise that much, it is said in words.
    ///
    /// What was seen when the place was read has gone into [`Reading::mended_by`], which comes first.
    fn remedy(&self, at: At<'_>, case: &Case<'_>) -> String;

    /// The same where the key is only a part of what is read: never what would replace the rest.
    fn remedy_for_part(&self, at: At<'_>, case: &Case<'_>) -> String {
        let location = escape(&self.location(at)).into_owned();
        mend_part(at, case, &location, self.stage())
    }

    /// What it looks through everything for, where it sees nothing else.
    fn looks_for<'a>(&'a self, _at: At<'a>) -> Option<&'a Arc<Format>> {
        None
    }

    /// The setting that would name one member of the JSON object it reads, where it has one that is not
    /// set.
    fn member_setting(&self) -> Option<&'static str> {
        None
    }

    /// The readings, one for each replica. Runs again, from its start, whenever asks were answered.
    ///
    /// # Errors
    ///
    /// [`Stop::Pending`] while an ask has no answer, [`Stop::Failed`] when the hop cannot be read.
    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop>;

    /// Which part it reads of the place that its first answer comes from, so that hops that read the same
    /// in other words are known for that; empty for all of it. `None` where a reading comes from elsewhere,
    /// or from several places.
    fn member(&self, _at: At<'_>) -> Option<String> {
        None
    }

    /// What it asks for when its first asks are answered, in words, where those decide it.
    fn follows(&self) -> Option<&'static str> {
        None
    }

    /// The latest versions of what is here, this many at most, oldest first and the present one
    /// included; `None` where there is no history. What was never current is left out.
    ///
    /// # Errors
    ///
    /// As [`Source::read`].
    fn history(
        &self,
        _at: At<'_>,
        _most: usize,
        _asking: &Asking<'_>,
    ) -> Result<Option<Vec<Version>>, Stop> {
        Ok(None)
    }
}

/// [`Source`] without its type, so that hops of all kinds stand in one route.
#[expect(missing_docs, reason = "each is documented on Source")]
pub trait AnySource: Send + Sync {
    fn info(&self) -> Info;
    fn rooted_at(&mut self, _folder: &Path) {}
    fn check(&self) -> Result<(), String>;
    fn check_for(&self, _at: At<'_>) -> Result<(), String> {
        Ok(())
    }
    fn stage(&self) -> Stage;
    fn may_mask(&self) -> bool {
        false
    }
    fn store(&self) -> Option<&str>;
    fn location(&self, at: At<'_>) -> String;
    fn locate(&self, _at: At<'_>, _to: &mut Locator) {}
    /// What to do so that the current key gets here, as a part of what is there or as all of it. Escaped.
    fn remedy(&self, at: At<'_>, case: &Case<'_>) -> String;
    fn looks_for<'a>(&'a self, _at: At<'a>) -> Option<&'a Arc<Format>> {
        None
    }
    fn member_setting(&self) -> Option<&'static str> {
        None
    }
    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop>;
    fn follows(&self) -> Option<&'static str> {
        None
    }
    fn history(
        &self,
        at: At<'_>,
        most: usize,
        asking: &Asking<'_>,
    ) -> Result<Option<Vec<Version>>, Stop>;
    /// Whether the other one has the same kind and the same settings.
    fn same(&self, other: &dyn AnySource) -> bool;
    fn as_any(&self) -> &dyn Any;
}

impl<S: Source> AnySource for S {
    fn info(&self) -> Info {
        S::INFO
    }

    fn rooted_at(&mut self, folder: &Path) {
        Source::rooted_at(self, folder);
    }

    fn check(&self) -> Result<(), String> {
        Source::check(self)
    }

    fn check_for(&self, at: At<'_>) -> Result<(), String> {
        Source::check_for(self, at)
    }

    fn stage(&self) -> Stage {
        Source::stage(self)
    }

    fn may_mask(&self) -> bool {
        Source::may_mask(self)
    }

    fn store(&self) -> Option<&str> {
        Source::store(self)
    }

    fn location(&self, at: At<'_>) -> String {
        Source::location(self, at)
    }

    fn locate(&self, at: At<'_>, to: &mut Locator) {
        Source::locate(self, at, to);
    }

    fn remedy(&self, at: At<'_>, case: &Case<'_>) -> String {
        let words = match at.part {
            Some(_) => self.remedy_for_part(at, case),
            None => Source::remedy(self, at, case),
        };
        escape(&words).into_owned()
    }

    fn looks_for<'a>(&'a self, at: At<'a>) -> Option<&'a Arc<Format>> {
        Source::looks_for(self, at)
    }

    fn member_setting(&self) -> Option<&'static str> {
        Source::member_setting(self)
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let mut readings = Source::read(self, at, asking)?;
        if let Some(member) = self.member(at) {
            for reading in &mut readings {
                let identity = reading.identity.take().or_else(|| asking.identity());
                reading.identity = identity.map(|identity| match member.as_str() {
                    "" => identity,
                    member => identity.member(member),
                });
            }
        }
        Ok(readings)
    }

    fn follows(&self) -> Option<&'static str> {
        Source::follows(self)
    }

    fn history(
        &self,
        at: At<'_>,
        most: usize,
        asking: &Asking<'_>,
    ) -> Result<Option<Vec<Version>>, Stop> {
        Source::history(self, at, most, asking)
    }

    fn same(&self, other: &dyn AnySource) -> bool {
        other.as_any().downcast_ref::<S>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
