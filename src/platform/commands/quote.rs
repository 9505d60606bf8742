use crate::text::escape;

/// Words as they would be typed in a shell, with control characters escaped.
#[must_use]
pub fn quoted<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.into_iter().map(word).collect();
    words.join(" ")
}

fn word(word: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "_@%+=:,./-".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", escape(word).replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_shell_would_touch_is_quoted() {
        let words = [
            "ssh",
            "web-1",
            "echo \"it's\" $X",
            "",
            "*.service",
            "\u{1b}[31m",
        ];
        assert_eq!(
            quoted(words),
            r#"ssh web-1 'echo "it'\''s" $X' '' '*.service' '\u{1b}[31m'"#
        );
    }
}
