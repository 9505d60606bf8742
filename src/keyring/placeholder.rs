mod cipher;
mod resolver;
mod template;

use zeroize::Zeroizing;

pub use cipher::Cipher;
pub use resolver::Resolver;

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
    /// A reference that some other program is known to turn into the key.
    Resolvable(Resolver),
    /// Text that was encrypted, and that nothing decrypted.
    Encrypted(Cipher),
    /// A comment, maybe behind empty quotes.
    Comment,
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
            // Whoever should have expanded it.
            Self::Reference | Self::Resolvable(_) => "unexpanded-reference",
            Self::Encrypted(_) => "encrypted",
            Self::Comment => "comment",
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
            Self::Resolvable(resolver) => resolver.meaning(),
            Self::Encrypted(cipher) => cipher.meaning(),
            Self::Comment => {
                "holds a comment and no key: its reader takes what follows a `#` for the value"
            }
            Self::OwnName => "holds the name of the variable instead of the key",
        }
    }

    /// Whether a text of this kind could be somebody's key where nothing is known of its format: there
    /// a format decides.
    #[must_use]
    pub fn may_fit_a_format(self) -> bool {
        !matches!(
            self,
            Self::Empty | Self::Blank | Self::Nothing | Self::OwnName
        )
    }
}

/// What this value is when it surely is no key. `variable` is the name it is deployed under.
#[must_use]
pub fn placeholder(value: &[u8], variable: &str) -> Option<Placeholder> {
    if value.is_empty() {
        return Some(Placeholder::Empty);
    }
    if let Some(cipher) = Cipher::of(value.trim_ascii()) {
        return Some(Placeholder::Encrypted(cipher));
    }
    // Nothing else that is no text is taken for a placeholder.
    let text = std::str::from_utf8(value).ok()?;
    let inner = trimmed(text);
    if inner.is_empty() {
        return Some(Placeholder::Blank);
    }
    if is_comment(inner) {
        return Some(Placeholder::Comment);
    }
    let inner = trimmed(unquoted(inner));
    if inner.is_empty() {
        return Some(Placeholder::Empty);
    }
    if let Some(cipher) = Cipher::of(inner.as_bytes()) {
        return Some(Placeholder::Encrypted(cipher));
    }
    if inner == variable {
        return Some(Placeholder::OwnName);
    }
    if let Some(resolver) = Resolver::of(inner) {
        return Some(Placeholder::Resolvable(resolver));
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
    (is_bracketed(inner, '<', '>') || asks_to_be_filled_in(word) || template::asks(word))
        .then_some(Placeholder::FillIn)
}

/// Behind nothing, or behind quotes around nothing.
fn is_comment(text: &str) -> bool {
    let behind = ["\"\"", "''"]
        .into_iter()
        .find_map(|quotes| text.strip_prefix(quotes))
        .filter(|rest| rest.starts_with(char::is_whitespace));
    if let Some(rest) = behind {
        return rest.trim_start().starts_with('#');
    }
    text.strip_prefix('#')
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
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
        || is_masked_within(word)
        || (text != word || word.contains(' ')) && is_one_of(word, &INSTEAD)
}

/// The first and the last signs of a key around a run that hides the others.
fn is_masked_within(word: &str) -> bool {
    const SIGNS: [char; 6] = ['*', '•', '●', '·', '.', '…'];
    /// How much masks show of a key.
    const FIRST: usize = 20;
    const LAST: usize = 8;
    let shown = |part: &str, most| {
        part.len() <= most
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-:".contains(&byte))
    };
    let first = word.find(SIGNS).unwrap_or(word.len());
    let (before, rest) = word.split_at(first);
    let after = rest.trim_start_matches(SIGNS);
    let (run, _) = rest.split_at(rest.len() - after.len());
    let hides = run.chars().count() >= 3 || run.contains('…');
    hides && shown(before, FIRST) && shown(after, LAST)
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
                    "your-super-secret-and-long-postgres-password",
                    "your-super-secret-jwt-token-with-at-least-32-characters-long",
                    "super-secret-jwt-token-with-at-least-32-characters-long",
                    "your-32-character-encryption-key",
                    "this_password_is_insecure_and_should_be_updated",
                    "user_provided",
                    "please-change-me",
                    "secret-key-change-me-in-production",
                    "YOUR_DATABASE_PASSWORD_HERE",
                    "replace-with-your-api-key",
                    "changeme_before_deploying",
                    "\"your-api-key-here\"",
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
                    "ask_live_************0gFa",
                    "****************0gFa",
                    "****0gFa",
                    "ask_live_7Qm2...0gFa",
                    "ask_live_7Qm2…0gFa",
                    "ask_live_••••••••0gFa",
                    "ask_…",
                    "7Qm2********",
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
                    "arn:aws-cn:ssm:cn-north-1:1:parameter/k",
                    "vault:secret/data/allstak#api_key",
                    ">>vault:secret/data/allstak#api_key",
                    "ref+vault://secret/allstak#/key",
                    "projects/123/secrets/allstak/versions/latest",
                    "projects/shop/locations/eu/secrets/allstak",
                    "{{resolve:secretsmanager:allstak:SecretString:key}}",
                    "keyvault:allstak-key",
                    "https://shop.vault.azure.net/secrets/allstak/1",
                    "sm://shop/allstak",
                    "'op://vault/item/key'",
                ],
            ),
            (
                "encrypted",
                &[
                    "ENC[AES256_GCM,data:Zm9v,iv:QUFB,tag:QkJC,type:str]",
                    "ENC[PKCS7,MIIBeQYJKoZIhvcNAQcDoIIBajCC]",
                    "encrypted:BDqDBibm4wsYqMpCjTQ6BsDHmMadg9K3dAt+Z9HPMfLEIRVz50hmLXPXRuDBXaJi",
                    "$ANSIBLE_VAULT;1.1;AES256\n33393061\n",
                    "{cipher}AQA1b2c3d4",
                    "'{cipher}AQA1b2c3d4'",
                    "ENC(AbCdEf123==)",
                    "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n",
                    "-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----",
                    "vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w==",
                ],
            ),
            (
                "comment",
                &[
                    "\"\" # For fetching release notes",
                    "# set this",
                    "'' #x y",
                    " #",
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
            "ENC",
            "ENC[]",
            "ENC(not base64!)",
            "encrypted:yes",
            "vault:password",
            "vault:v1",
            "{cipher}",
            "#abcdef123",
            "\"\"#x",
            "sm://",
            "projects/secrets",
            "your",
            "correct-horse-battery-staple",
            "your-horse-battery-staple",
            "example-horse",
            "a..b..c",
            "aB3*xY9*kL",
            "user.name.token.v2",
        ] {
            assert_eq!(of(value), None, "{value:?}");
        }
        assert_eq!(placeholder(b"\xff\xfe", "KEY"), None);
    }

    proptest! {
        #[test]
        fn random_keys_are_never_one(
            key in "ask_live_[A-Za-z0-9]{32}",
            token in "[A-Za-z0-9+/_-]{24}",
            short in "[A-Za-z0-9*.#!-]{16}",
            parts in "(sk|pk)-[a-z0-9]{4}(-[a-z0-9]{8}){3}",
            jwt in "eyJ[A-Za-z0-9_-]{30}\\.eyJ[A-Za-z0-9_-]{40}\\.[A-Za-z0-9_-]{43}",
        ) {
            for key in [key, token, parts, jwt] {
                prop_assert_eq!(of(&key), None);
            }
            let hides = ["***", "...", "**.", "*..", ".**", "..*", "*.*", ".*."];
            prop_assert!(of(&short).is_none() || hides.iter().any(|run| short.contains(run)));
        }

        #[test]
        fn takes_anything_and_only_text_is_one(value in any::<Vec<u8>>(), text in any::<String>()) {
            let found = placeholder(&value, &text);
            prop_assert!(found.is_none() || std::str::from_utf8(&value).is_ok());
            let quoted = format!("\"{text}\"");
            if let Some(found) = placeholder(text.as_bytes(), "KEY").filter(|_| !text.contains('"')) {
                let same = placeholder(quoted.as_bytes(), "KEY");
                // In quotes a `#` begins no comment.
                let differs = matches!(found, Placeholder::Blank | Placeholder::Comment);
                prop_assert!(same == Some(found) || differs, "{:?}", text);
            }
        }
    }
}
