//! What to do about a secret that does not hold the current key.

use super::{At, AwsSecretsManager, CURRENT, PENDING, PREVIOUS, Which};
use crate::platform::aws::{Held, command};
use crate::text::escape;

impl AwsSecretsManager {
    /// What to do where there is nothing to be read; `None` where the secret has a value.
    pub(super) fn mend(&self, held: &Held, at: At<'_>) -> Option<String> {
        match held {
            Held::Value { .. } => None,
            Held::Nothing => Some(self.create(at)),
            Held::NoVersion => Some(match (&self.field, at.part) {
                (None, None) => self.write(at),
                _ => self.fill(at),
            }),
            Held::Deleted => {
                let restore = self.aws("restore-secret", &["--secret-id", &self.secret], at);
                Some(format!(
                    "bring it back with {restore}, then {}",
                    self.write(at)
                ))
            }
        }
    }

    /// What to do where there is a secret with another value.
    pub(super) fn write(&self, at: At<'_>) -> String {
        let secret = escape(&self.secret);
        if let Some(words) = self.fixed(at) {
            return words;
        }
        match (&self.field, at.part, self.label()) {
            (Some(_), ..) | (_, Some(_), _) => {
                let place = match self.label() {
                    Some(label) => format!("the version {} of the secret {secret}", escape(label)),
                    None => format!("the secret {secret}"),
                };
                match &self.field {
                    Some(field) => format!(
                        "make the field `{}` in {place} {}, and leave its other fields as they are",
                        escape(field),
                        at.key()
                    ),
                    None => at.write_to(&place),
                }
            }
            (None, None, label) => self.put(label, at),
        }
    }

    fn put(&self, label: Option<&str>, at: At<'_>) -> String {
        let mut words = vec!["--secret-id", &*self.secret];
        words.extend(["--secret-string", "file://FILE"]);
        words.extend(
            label
                .into_iter()
                .flat_map(|label| ["--version-stages", label]),
        );
        let put = self.aws("put-secret-value", &words, at);
        format!("write the current key with {put}, from a file without a trailing newline")
    }

    fn create(&self, at: At<'_>) -> String {
        let secret = escape(&self.secret);
        if let Some(words) = self.fixed(at) {
            return words;
        }
        if self.secret.starts_with("arn:") {
            return format!(
                "recreate the secret with {}, and correct the ARN here and in what reads it: a new secret gets another one than {secret}",
                self.content(at)
            );
        }
        if self.field.is_some() || at.part.is_some() {
            return format!("create the secret {secret} with {}", self.content(at));
        }
        let words = ["--name", &*self.secret, "--secret-string", "file://FILE"];
        let create = self.aws("create-secret", &words, at);
        let create = format!("create it with {create}, from a file without a trailing newline");
        match self.label() {
            Some(label) => format!("{create}, then {}", self.put(Some(label), at)),
            None => create,
        }
    }

    /// Where the secret is there and the version is not.
    fn fill(&self, at: At<'_>) -> String {
        if let Some(words) = self.fixed(at) {
            return words;
        }
        let label = self
            .label()
            .map(|label| format!(", as a new version with the label {}", escape(label)));
        format!(
            "write {} to the secret {}{}",
            self.content(at),
            escape(&self.secret),
            label.unwrap_or_default()
        )
    }

    /// What a new secret has to hold.
    fn content(&self, at: At<'_>) -> String {
        match &self.field {
            Some(field) => format!("a JSON object in which `{}` is {}", escape(field), at.key()),
            None => at.key_in_its_part(),
        }
    }

    /// What to do where writing changes nothing: the hop names a version that stays what it is.
    fn fixed(&self, at: At<'_>) -> Option<String> {
        let secret = escape(&self.secret);
        let version = self.version.as_deref().unwrap_or(CURRENT);
        if let Some(Which::Id(id)) = self.which() {
            let field = self.field.as_ref().map_or(String::new(), |field| {
                format!(" as the field `{}`", escape(field))
            });
            return Some(format!(
                "write {}{field} to the secret {secret} as a new version, and let `version` here and whatever reads {} name that one: a version never changes",
                at.key_in_its_part(),
                escape(&id)
            ));
        }
        match version {
            PREVIOUS => Some(format!(
                "let what reads {PREVIOUS} of the secret {secret} read its current version, and take `version` out here: {PREVIOUS} is what it held before"
            )),
            PENDING => Some(format!(
                "let the rotation of the secret {secret} come to its end, and take `version` out here: what is {PENDING} is nobody's yet"
            )),
            _ => None,
        }
    }

    /// The label of the version that is read, if it is one that people put on.
    fn label(&self) -> Option<&str> {
        let version = self.version.as_deref()?;
        (version != CURRENT).then_some(version)
    }

    fn aws(&self, action: &str, words: &[&str], at: At<'_>) -> String {
        let mut all = vec!["secretsmanager", action];
        all.extend(words);
        let region = self.secret().region;
        command(&all, region.as_deref(), at.options)
    }
}
