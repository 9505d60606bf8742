//! A line as a POSIX shell takes it apart, and Python's `shlex` with it.

/// The words of a line: blanks separate them, quotes and backslashes keep what they protect. `None` where a
/// quote is not closed.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character.is_ascii_whitespace() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_default();
        match character {
            '\'' => loop {
                match characters.next()? {
                    '\'' => break,
                    other => word.push(other),
                }
            },
            '"' => loop {
                match characters.next()? {
                    '"' => break,
                    '\\' => match characters.next()? {
                        protected @ ('"' | '\\') => word.push(protected),
                        other => word.extend(['\\', other]),
                    },
                    other => word.push(other),
                }
            },
            '\\' => word.push(characters.next()?),
            other => word.push(other),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn quotes_keep_words_together() {
        for (line, expected) in [
            ("a  b\tc", vec!["a", "b", "c"]),
            (
                r#"p --x "a b" 'c "d"'"#,
                vec!["p", "--x", "a b", r#"c "d""#],
            ),
            (r#"a\ b "c\"d\e" ''"#, vec!["a b", r#"c"d\e"#, ""]),
            ("a # b", vec!["a", "#", "b"]),
            ("", vec![]),
        ] {
            assert_eq!(words(line).unwrap(), expected, "{line}");
        }
        for open in ["'a", "\"a", "a\\"] {
            assert_eq!(words(open), None, "{open}");
        }
    }
}
