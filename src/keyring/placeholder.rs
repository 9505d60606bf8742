use zeroize::Zeroizing;

/// What stands where a key should and surely is none.
///
/// A caller looks for known keys first: whatever equals one is never a placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Placeholder {
    /// No bytes at all, or quotes around nothing.
    Empty,
    /// Blanks and invisible characters only.
    Blank,
    /// A word for "nothing", such as `undefined` or `null`.
    Nothing,
    /// A text that asks to be replaced, such as `changeme` or `<your-key>`.
    FillIn,
    /// What is shown instead of a key, such as `***` or `[REDACTED]`.
    Masked,
    /// A reference that nothing expanded, such as `${ALLSTAK_API_KEY}` or `{{ key }}`.
    Reference,
    /// The name of the variable itself.
    OwnName,
}

/// Words for "nothing".
const NOTHING: [&str; 9] = [
    "undefined",
    "null",
    "none",
    "nil",
    "nan",
    "n/a",
    "no value",
    "not set",
    "unset",
];
/// What stands in brackets instead of a key.
const INSTEAD: [&str; 9] = [
    "redacted",
    "masked",
    "hidden",
    "filtered",
    "secret",
    "sensitive",
    "sensitive value",
    "encrypted",
    "protected",
];
/// Letters of texts that ask to be replaced.
const FILL_IN: [&str; 12] = [
    "changethis",
    "changeit",
    "replaceme",
    "replacethis",
    "todo",
    "fixme",
    "tbd",
    "placeholder",
    "example",
    "dummy",
    "sample",
    "fillin",
];
/// What they start with, when they end with one of [`WHAT`].
const ASKS: [&str; 9] = [
    "your", "my", "insert", "enter", "put", "paste", "add", "replace", "some",
];
const WHAT: [&str; 6] = ["key", "token", "secret", "dsn", "value", "here"];
/// What they end with, after what a key of this kind starts with.
const ENDS: [&str; 4] = ["changeme", "keyhere", "yourkey", "yourapikey"];

impl Placeholder {
    /// Its stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Blank => "blank",
            Self::Nothing => "no-value",
            Self::FillIn => "fill-in",
            Self::Masked => "masked",
            Self::Reference => "unexpanded-reference",
            Self::OwnName => "own-name",
        }
    }

    /// What it means, as it is said of a place that holds it.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::Blank => "holds only blanks",
            Self::Nothing => {
                "holds a word for \"nothing\": a program wrote out a value it did not have"
            }
            Self::FillIn => "holds a text that asks to be replaced: a template was never filled in",
            Self::Masked => "holds a masked key: it was copied from where keys are hidden",
            Self::Reference => "holds an unexpanded reference: nothing put the key in its place",
            Self::OwnName => "holds the name of the variable instead of the key",
        }
    }
}

/// What this value is when it surely is no key. `variable` is the name it is deployed under.
#[must_use]
pub fn placeholder(value: &[u8], variable: &str) -> Option<Placeholder> {
    if value.is_empty() {
        return Some(Placeholder::Empty);
    }
    // Nothing that is no text is taken for a placeholder.
    let text = std::str::from_utf8(value).ok()?;
    let inner = trimmed(text);
    if inner.is_empty() {
        return Some(Placeholder::Blank);
    }
    let inner = trimmed(unquoted(inner));
    if inner.is_empty() {
        return Some(Placeholder::Empty);
    }
    if inner == variable {
        return Some(Placeholder::OwnName);
    }
    if is_reference(inner, variable) {
        return Some(Placeholder::Reference);
    }
    // A word in brackets says the same as the word.
    let word = unbracketed(inner);
    if is_masked(inner, word) {
        return Some(Placeholder::Masked);
    }
    if is_nothing(inner, word) {
        return Some(Placeholder::Nothing);
    }
    (is_bracketed(inner, '<', '>') || asks_to_be_filled_in(word)).then_some(Placeholder::FillIn)
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
    })
}

fn unquoted(text: &str) -> &str {
    ['"', '\'', '`']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(text)
}

fn is_bracketed(text: &str, open: char, close: char) -> bool {
    inside(text, open, close).is_some_and(|inner| !inner.contains([open, close]))
}

fn inside(text: &str, open: char, close: char) -> Option<&str> {
    text.strip_prefix(open)?.strip_suffix(close)
}

fn unbracketed(text: &str) -> &str {
    [('<', '>'), ('[', ']'), ('(', ')')]
        .into_iter()
        .find_map(|(open, close)| inside(text, open, close))
        .map_or(text, str::trim)
}

/// A whole value that something else was meant to stand for.
fn is_reference(text: &str, variable: &str) -> bool {
    let named = |inner: &str| {
        let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let name = &inner[..end.unwrap_or(inner.len())];
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    };
    // A key may start with `$` or `%`, so that a bare name must look like a variable's.
    let bare = |name: &str| {
        name == variable
            || (name.contains('_')
                && name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
                && name
                    .chars()
                    .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
    };
    let within = |open, close| {
        text.strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            .is_some_and(|inner: &str| !inner.trim().is_empty())
    };
    within("{{", "}}")
        || within("${{", "}}")
        || within("<%", "%>")
        || within("@Microsoft.KeyVault(", ")")
        || ["${", "#{", "$(", "%{"].into_iter().any(|open| {
            let close = if open == "$(" { ')' } else { '}' };
            text.strip_prefix(open)
                .and_then(|rest| rest.strip_suffix(close))
                .is_some_and(|inner| named(inner.trim_start_matches(['!', ' '])))
        })
        || text.strip_prefix('$').is_some_and(bare)
        || inside(text, '%', '%').is_some_and(bare)
        || inside(text, '@', '@').is_some_and(bare)
        || within("__", "__") && bare(text)
        || text.starts_with("op://")
        || text.starts_with("ref+")
        || text.starts_with("arn:aws:secretsmanager:")
        || text.starts_with("arn:aws:ssm:")
}

/// Only signs that hide, at least three, maybe after what a key of this kind starts with.
fn is_masked(text: &str, word: &str) -> bool {
    const SIGNS: [char; 7] = ['*', 'x', 'X', '•', '●', '.', '…'];
    let start = word.trim_end_matches(SIGNS);
    let hidden = word[start.len()..].chars().count();
    let dots = word.ends_with('…');
    let prefix_only = start.is_empty()
        || (start.len() <= 16
            && start.ends_with(['_', '-', ':', '.'])
            && start
                .chars()
                .all(|c| c.is_ascii_alphabetic() || "_-:.".contains(c)));
    (prefix_only && (hidden >= 3 || dots))
        || (text != word || word.contains(' ')) && is_one_of(word, &INSTEAD)
}

fn is_nothing(text: &str, word: &str) -> bool {
    is_one_of(word, &NOTHING)
        || (text != word && word.eq_ignore_ascii_case("empty"))
        || text == "[object Object]"
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|other| other.eq_ignore_ascii_case(word))
}

/// Words only, so that no random key is taken for one.
fn asks_to_be_filled_in(word: &str) -> bool {
    let plain = word
        .chars()
        .all(|c| c.is_ascii_alphabetic() || matches!(c, '-' | '_' | ' ' | '.'));
    if !plain {
        return false;
    }
    // It may be a key after all, so the copy is wiped.
    let mut letters = Zeroizing::new(String::with_capacity(word.len()));
    letters.extend(word.chars().filter(char::is_ascii_alphabetic));
    letters.make_ascii_lowercase();
    FILL_IN.contains(&letters.as_str())
        || ENDS.into_iter().any(|end| letters.ends_with(end))
        || ASKS.into_iter().any(|start| {
            let what = letters.strip_prefix(start);
            what.is_some_and(|what| WHAT.into_iter().any(|end| what.ends_with(end)))
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(value: &str) -> Option<Placeholder> {
        placeholder(value.as_bytes(), "ALLSTAK_API_KEY")
    }

    #[test]
    fn what_surely_is_no_key_has_a_name() {
        for (name, values) in [
            ("empty", &["", "\"\"", "''", " \"\" ", "\" \""][..]),
            (
                "blank",
                &[" ", "\n", "\t\r\n", "\u{feff}", "\u{a0}\u{200b}", "\0"],
            ),
            (
                "no-value",
                &[
                    "undefined",
                    "null",
                    "None",
                    "nil",
                    "NULL",
                    "\"null\"",
                    "<nil>",
                    "<no value>",
                    "(null)",
                    "[object Object]",
                    "NaN",
                    "null\n",
                    "(not set)",
                    "(empty)",
                ],
            ),
            (
                "fill-in",
                &[
                    "changeme",
                    "change-me",
                    "CHANGE_ME",
                    "ChangeMe",
                    "todo",
                    "TODO",
                    "<your-key>",
                    "<ALLSTAK_API_KEY>",
                    "your_api_key_here",
                    "your-api-key",
                    "YOUR_KEY_HERE",
                    "ask_live_your_key_here",
                    "example",
                    "dummy",
                    "replace-me",
                    "placeholder",
                    "insert your token here",
                    "[your-token]",
                    "my-api-key",
                    "ask_live_changeme",
                ],
            ),
            (
                "masked",
                &[
                    "***",
                    "********",
                    "xxx",
                    "XXXXXXXX",
                    "xxxx-xxxx-xxxx",
                    "•••••",
                    "ask_live_***",
                    "ask_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                    "sk-...",
                    "ask_live_…",
                    "<redacted>",
                    "[REDACTED]",
                    "(sensitive value)",
                    "[MASKED]",
                    "<hidden>",
                ],
            ),
            (
                "unexpanded-reference",
                &[
                    "${ALLSTAK_API_KEY}",
                    "$ALLSTAK_API_KEY",
                    "{{ allstak.key }}",
                    "{{key}}",
                    "%ALLSTAK_API_KEY%",
                    "%OTHER_KEY%",
                    "${OTHER:-default}",
                    "${!indirect}",
                    "$(ALLSTAK_API_KEY)",
                    "${{ secrets.KEY }}",
                    "#{ApiKey}",
                    "<%= ENV['K'] %>",
                    "@Microsoft.KeyVault(SecretUri=https://v/secrets/k/)",
                    "op://vault/item/key",
                    "\"${ALLSTAK_API_KEY}\"",
                    "__ALLSTAK_API_KEY__",
                    "@ALLSTAK_KEY@",
                    "arn:aws:secretsmanager:eu-west-1:1:secret:k",
                ],
            ),
            ("own-name", &["ALLSTAK_API_KEY", "'ALLSTAK_API_KEY'"]),
        ] {
            for value in values {
                assert_eq!(of(value).map(Placeholder::name), Some(name), "{value:?}");
            }
        }
    }

    #[test]
    fn what_could_be_a_key_is_none() {
        for value in [
            "ask_live_0123456789abcdefghijABCDEFGHIJxy",
            "test",
            "secret",
            "hidden",
            "password",
            "$2b$10$N9qo8uLOickgx2ZMRZoMye",
            "$ecret",
            "%abc%",
            "$ABCDEF",
            "${",
            "${}",
            "{{}}",
            "<a>b</a>",
            "xx",
            "abcxxx",
            "changeme1",
            "examples-of-keys",
            "mykeyboard",
            "your-k3y",
            "OTHER_API_KEY",
            "nullify",
            "-----BEGIN PRIVATE KEY-----",
        ] {
            assert_eq!(of(value), None, "{value:?}");
        }
        assert_eq!(placeholder(b"\xff\xfe", "KEY"), None);
    }

    proptest! {
        #[test]
        fn random_keys_are_never_one(key in "ask_live_[A-Za-z0-9]{32}", token in "[A-Za-z0-9+/_-]{24}") {
            prop_assert_eq!(of(&key), None);
            prop_assert_eq!(of(&token), None);
        }

        #[test]
        fn takes_anything_and_only_text_is_one(value in any::<Vec<u8>>(), text in any::<String>()) {
            let found = placeholder(&value, &text);
            prop_assert!(found.is_none() || std::str::from_utf8(&value).is_ok());
            let quoted = format!("\"{text}\"");
            if let Some(found) = placeholder(text.as_bytes(), "KEY").filter(|_| !text.contains('"')) {
                let same = placeholder(quoted.as_bytes(), "KEY");
                prop_assert!(same == Some(found) || found == Placeholder::Blank, "{:?}", text);
            }
        }
    }
}
