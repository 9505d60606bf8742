//! What stands beside the part of a place that a hop takes.

use super::Spot;
use super::clause::beside;
use super::known::age;
use crate::judge::{Elsewhere, Member, Outcome};
use crate::keyring::{KeyId, Role, Way};
use crate::reading::Unsearched;
use crate::text::escape;

/// The sources that take a part of what they read by settings of their own.
const TAKES_A_PART: [&str; 12] = [
    "aws_ecs",
    "aws_lambda",
    "aws_secrets_manager",
    "docker",
    "doppler",
    "dotenv",
    "http",
    "kubernetes_configmap",
    "kubernetes_secret",
    "process",
    "systemd",
    "vault",
];

/// How many keys are named.
const MOST: usize = 3;

impl Spot<'_> {
    /// The known keys that stand there, and where.
    pub(super) fn elsewhere(&self, reading: &Outcome) -> Option<String> {
        let Elsewhere {
            keys,
            asked,
            open,
            within,
        } = &**reading.elsewhere.as_ref()?;
        if keys.is_empty() && asked.is_empty() {
            let told = match (*open)? {
                Unsearched::TooLarge => {
                    "the rest of what was read is too large, or packed in too many layers, to be searched for keys"
                }
                Unsearched::Cut => "more stands beside it than its reading names",
                Unsearched::Untold => "its reading does not say what stands beside it",
                Unsearched::ByRule if self.audit.untold.is_empty() => return None,
                Unsearched::ByRule => {
                    "its reading tells no words like this key, so it may stand beside what was read"
                }
            };
            return Some(told.to_owned());
        }
        let mut told: Vec<String> = keys
            .iter()
            .take(MOST)
            .map(|seen| {
                let age = age(self.audit, seen.key);
                let at = seen.way.as_ref().map_or_else(String::new, at);
                let copy = if seen.damaged {
                    "a damaged copy of "
                } else {
                    ""
                };
                format!("{copy}{}{age}{at}", beside(self, seen.key))
            })
            .collect();
        told.extend(asked.iter().map(ToString::to_string));
        match keys.len().saturating_sub(MOST) {
            0 => {}
            1 => told.push("one more".to_owned()),
            more => told.push(format!("{more} more")),
        }
        let whole = match within {
            true => "a part of it is",
            false => "the rest of what was read holds",
        };
        Some(format!("{whole} {}", told.join(", and ")))
    }

    /// What to change in targets.yaml where the key is not missing and the hop looks in the wrong part, with what
    /// to do if it does not.
    pub(super) fn or_look_there(&self, reading: &Outcome, words: String) -> String {
        let seen = reading.mend.as_ref().and_then(|mend| mend.words.as_ref());
        if self.source() == "dotenv" && seen.is_some() {
            // The file names the variable, and its reader does not see it.
            return words;
        }
        let site = self.site();
        match self.better(reading) {
            Some((key, setting)) => {
                let change = match key.role() {
                    Role::Previous => ", and put the current key there",
                    _ => "",
                };
                format!(
                    "if what reads it takes the key from there, write `{setting}` ({site}){change}; else {words}"
                )
            }
            None => format!("{words}; or correct the hop if it names the wrong place"),
        }
    }

    /// The project's own key that stands where the hop does not look, and what would lead there.
    fn better(&self, reading: &Outcome) -> Option<(KeyId, String)> {
        let keys = &reading.elsewhere.as_ref()?.keys;
        let own = keys
            .iter()
            .filter(|seen| seen.key.project == self.owner() && !seen.damaged);
        own.filter_map(|seen| Some((seen.key, self.leading_to(seen.way.as_ref()?)?)))
            .next()
    }

    /// The setting that reads the key there, in place of the one that the hop has.
    fn leading_to(&self, way: &Way) -> Option<String> {
        let source = self.source();
        let extracts = Member::of(&self.hop.place) == Member::Named;
        let (setting, name) = match (way, source) {
            // What `extract` takes a part of is then itself only a part of what was searched.
            _ if extracts && TAKES_A_PART.contains(&source) => return None,
            (Way::Json(pointer), _) if extracts => {
                return Some(format!("extract: {{ json: {} }}", escape(pointer)));
            }
            (Way::Dotenv(name), _) if extracts => {
                return Some(format!("extract: {{ dotenv: {} }}", escape(name)));
            }
            (Way::Dotenv(name), "process" | "docker") if name.starts_with('-') => {
                ("argument", &**name)
            }
            (Way::Dotenv(name), "dotenv" | "process" | "docker" | "systemd") => {
                ("variable", &**name)
            }
            (Way::Dotenv(name), "kubernetes_secret" | "kubernetes_configmap") => ("key", &**name),
            (Way::Dotenv(name), "aws_lambda" | "aws_ecs" | "doppler") => ("name", &**name),
            (Way::Json(pointer), "http") => ("pointer", &**pointer),
            (Way::Json(pointer), "vault" | "aws_secrets_manager")
                if !pointer[1..].contains('/') =>
            {
                ("field", &pointer[1..])
            }
            _ => return None,
        };
        Some(format!("{setting}: {}", escape(name)))
    }
}

fn at(way: &Way) -> String {
    match way {
        Way::Json(pointer) => format!(", at {}", escape(pointer)),
        Way::Dotenv(name) => format!(", as {}", escape(name)),
        Way::Url(part) => format!(", as the {part} of a URL"),
    }
}
