//! What to do about a parameter that does not hold the current key.

use super::{At, AwsSsm};
use crate::platform::aws::{Selector, command};
use crate::text::escape;

impl AwsSsm {
    /// What to do where the parameter has another value.
    pub(super) fn write(&self, at: At<'_>) -> String {
        let Selector { name, chosen } = Selector::of(&self.name);
        if let Some(words) = self.in_words(at) {
            return words;
        }
        let put = [
            "put-parameter",
            "--overwrite",
            "--name",
            name,
            "--value",
            "file://FILE",
        ];
        let put = format!(
            "write the current key with {}, from a file without a trailing newline",
            self.aws(&put, at)
        );
        match chosen {
            Some(label) => {
                let words = ["label-parameter-version", "--name", name, "--labels", label];
                format!(
                    "{put}, then move the label to it with {}",
                    self.aws(&words, at)
                )
            }
            None => put,
        }
    }

    /// What to do where it is not there, or has no such version.
    pub(super) fn create(&self, at: At<'_>) -> String {
        let Selector { name, chosen } = Selector::of(&self.name);
        let shown = escape(name);
        if let Some(label) = chosen.filter(|_| !self.is_of_version()) {
            return format!(
                "write {} to the parameter {shown}, which is a SecureString if it has to be created, and put the label {} on that version",
                at.key_in_its_part(),
                escape(label)
            );
        }
        if name.starts_with("arn:") || self.is_of_version() {
            return self.write(at);
        }
        if at.part.is_some() {
            return format!(
                "create the parameter {shown} as a SecureString, with {}",
                at.key_in_its_part()
            );
        }
        let put = [
            "put-parameter",
            "--name",
            name,
            "--type",
            "SecureString",
            "--value",
            "file://FILE",
        ];
        format!(
            "create it with {}, from a file without a trailing newline",
            self.aws(&put, at)
        )
    }

    /// What no command can promise.
    fn in_words(&self, at: At<'_>) -> Option<String> {
        let Selector { name, chosen } = Selector::of(&self.name);
        let shown = escape(name);
        if let Some(version) = chosen.filter(|_| self.is_of_version()) {
            return Some(format!(
                "write {} to the parameter {shown}, and let the name here and whatever reads its version {} choose the new one: a version never changes",
                at.key_in_its_part(),
                escape(version)
            ));
        }
        let label =
            chosen.map(|label| format!(", and put the label {} on that version", escape(label)));
        // Commands that write take no ARN, and the parameter may be another account's.
        let own = name
            .starts_with("arn:")
            .then_some(": in its account, by its name");
        (own.is_some() || at.part.is_some()).then(|| {
            let place = format!("the parameter {shown}");
            format!(
                "{}{}{}",
                at.write_to(&place),
                label.unwrap_or_default(),
                own.unwrap_or_default()
            )
        })
    }

    fn is_of_version(&self) -> bool {
        let chosen = Selector::of(&self.name).chosen;
        chosen.is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
    }

    fn aws(&self, words: &[&str], at: At<'_>) -> String {
        let mut all = vec!["ssm"];
        all.extend(words);
        command(&all, self.region.as_deref(), at.options)
    }
}
