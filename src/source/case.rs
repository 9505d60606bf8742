use crate::extract::{Decode, Extraction, Step, UrlPart};
use crate::keyring::Damage;
use crate::text::escape;
use crate::verdict::Stage;

use super::At;

/// What is known of a place that needs a remedy, beside what its source is told anyway.
#[derive(Clone, Copy, Debug, Default)]
pub struct Case<'a> {
    /// What stands there instead of the current key.
    pub there: There,
    /// What happened to the current key that stands there, from the outermost to the innermost; empty unless
    /// it is damaged.
    pub damage: &'a [Damage],
    /// Whether what runs with it is a hop of its own: it has the current key already, or what to do with it
    /// is said there.
    pub run_is_told: bool,
}

/// What stands where the current key should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum There {
    /// Nobody saw: it could not be read, or does not show what it holds.
    #[default]
    Unseen,
    /// Nothing: the place, or the entry in it, does not exist.
    Nothing,
    /// Another value: another key, a placeholder, or something unknown.
    Another,
    /// The current key, damaged.
    Damaged,
}

impl Case<'_> {
    /// The end of a remedy for what is read when something starts; empty where that is said elsewhere.
    #[must_use]
    pub fn then_restart(&self) -> &'static str {
        match self.run_is_told {
            true => "",
            false => ", then restart what reads it",
        }
    }
}

impl At<'_> {
    /// The key in the form in which it stands there.
    #[must_use]
    pub fn key(&self) -> &'static str {
        let steps = self.part.map_or(&[][..], |part| part.steps.as_slice());
        match steps.iter().rfind(|step| !matches!(step, Step::Trim(_))) {
            Some(Step::Decode(Decode::Base64)) => "the current key in base64",
            _ => "the current key",
        }
    }

    /// The key, and as what it stands in the value: `the current key as the member /api_key`.
    #[must_use]
    pub fn key_in_its_part(&self) -> String {
        match self.part.and_then(part_of) {
            Some(part) => format!("{} as {part}", self.key()),
            None => self.key().to_owned(),
        }
    }

    /// The key, and as what it stands in the variable: `the current key as KEY`, `the current key as the user
    /// of the URL of DSN`.
    #[must_use]
    pub fn key_as_variable(&self) -> String {
        let variable = escape(self.variable);
        match self.part.and_then(part_of) {
            Some(part) => format!("{} as {part} of {variable}", self.key()),
            None => format!("{} as {variable}", self.key()),
        }
    }

    /// `write the current key to PLACE`; where the key is a part of what is there, which part to change, so
    /// that the rest stays.
    #[must_use]
    pub fn write_to(&self, place: &str) -> String {
        match self.part.and_then(part_of) {
            Some(part) if self.part.is_some_and(is_in_encoded) => format!(
                "make {part} in {place} {}, leave the rest as it is, and put it back in base64",
                self.key()
            ),
            Some(part) => format!(
                "make {part} in {place} {}, and leave the rest as it is",
                self.key()
            ),
            None => format!("write {} to {place}", self.key()),
        }
    }
}

/// What to do about a place of which the key is a part, where its source knows nothing better.
pub(super) fn mend_part(at: At<'_>, case: &Case<'_>, location: &str, stage: Stage) -> String {
    let within = at.write_to(location);
    match stage {
        Stage::Store if case.run_is_told => within,
        Stage::Store => format!("{within}, then sync or restart what reads it"),
        Stage::Config => format!("{within}{}", case.then_restart()),
        Stage::Running => format!(
            "put {} where {location} gets it from, then restart what runs there",
            at.key_in_its_part()
        ),
        Stage::Bundle => format!("{within}, where it is built from, then build it again"),
    }
}

/// What the key is of what is read there, the innermost first; `None` where it is all of it.
fn part_of(extraction: &Extraction) -> Option<String> {
    let mut whole: Option<String> = None;
    let mut decoded = false;
    for step in &extraction.steps {
        let Some(part) = picked(step) else {
            decoded |= matches!(step, Step::Decode(_));
            continue;
        };
        whole = Some(match (whole, std::mem::take(&mut decoded)) {
            (None, false) => part,
            (None, true) => format!("{part} in its decoded form"),
            (Some(whole), false) => format!("{part} in {whole}"),
            (Some(whole), true) => format!("{part} in the decoded form of {whole}"),
        });
    }
    whole
}

/// Whether the part is one of what is encoded.
fn is_in_encoded(extraction: &Extraction) -> bool {
    let is_decoded = |step: &Step| matches!(step, Step::Decode(_));
    let mut after = extraction.steps.iter().skip_while(|step| !is_decoded(step));
    after.any(Step::picks)
}

/// What a step takes out; `None` where it takes the whole.
fn picked(step: &Step) -> Option<String> {
    Some(match step {
        Step::Json(pointer) if pointer.is_empty() => "the JSON string".to_owned(),
        Step::Yaml(pointer) if pointer.is_empty() => "the YAML string".to_owned(),
        Step::Json(pointer) | Step::Yaml(pointer) | Step::Toml(pointer) | Step::Ini(pointer) => {
            format!("the member {}", escape(pointer))
        }
        Step::Properties(name) => format!("the property {}", escape(name)),
        Step::Dotenv(name, _) => format!("the variable {}", escape(name)),
        Step::Url(UrlPart::User) => "the user of the URL".to_owned(),
        Step::Url(UrlPart::Password) => "the password of the URL".to_owned(),
        Step::Url(UrlPart::Path) => "the path of the URL".to_owned(),
        Step::Url(UrlPart::Fragment) => "the fragment of the URL".to_owned(),
        Step::Pattern(pattern) => format!("what `{}` captures", escape(pattern)),
        Step::Decode(_) | Step::Trim(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envfile::Dialect;
    use crate::extract::Trim;

    #[test]
    fn the_words_name_the_part_from_the_inside_out() {
        let json = || Step::Json("/auths/r/auth".into());
        let base64 = || Step::Decode(Decode::Base64);
        let user = || Step::Url(UrlPart::User);
        for (steps, words) in [
            (
                vec![json()],
                "make the member /auths/r/auth in PLACE the current key, and leave the rest as it is",
            ),
            (
                vec![json(), base64(), Step::Trim(Trim::Newline)],
                "make the member /auths/r/auth in PLACE the current key in base64, and leave the rest as it is",
            ),
            (
                vec![json(), user()],
                "make the user of the URL in the member /auths/r/auth in PLACE the current key, and leave the \
                 rest as it is",
            ),
            (
                vec![json(), base64(), user()],
                "make the user of the URL in the decoded form of the member /auths/r/auth in PLACE the current key, \
                 leave the rest as it is, and put it back in base64",
            ),
            (
                vec![base64(), Step::Dotenv("KEY".into(), Dialect::Docker)],
                "make the variable KEY in its decoded form in PLACE the current key, leave the rest as it is, \
                 and put it back in base64",
            ),
            (vec![base64()], "write the current key in base64 to PLACE"),
            (vec![], "write the current key to PLACE"),
        ] {
            let extraction = Extraction { steps };
            let at = At {
                part: Some(&extraction),
                ..At::of("KEY")
            };
            assert_eq!(at.write_to("PLACE"), words);
        }
    }
}
