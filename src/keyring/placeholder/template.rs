//! The texts that templates have where a secret belongs: words, and nothing a generator would make.

/// Words that ask to be replaced by themselves, in a text of several.
const ASK: [&str; 6] = [
    "changeme",
    "changethis",
    "replaceme",
    "replacethis",
    "fixme",
    "placeholder",
];
/// Words that do so beside one of [`BESIDE`].
const MAY_ASK: [&str; 14] = [
    "change",
    "changed",
    "replace",
    "replaced",
    "update",
    "updated",
    "insecure",
    "example",
    "dummy",
    "sample",
    "fill",
    "character",
    "characters",
    "chars",
];
const BESIDE: [&str; 17] = [
    "me",
    "this",
    "it",
    "your",
    "key",
    "token",
    "secret",
    "password",
    "passphrase",
    "dsn",
    "should",
    "must",
    "please",
    "default",
    "production",
    "here",
    "value",
];
/// What such texts start with, when one of [`WHAT`] follows.
const STARTS: [&str; 8] = [
    "your", "insert", "enter", "put", "paste", "add", "replace", "some",
];
const WHAT: [&str; 9] = [
    "key",
    "token",
    "secret",
    "password",
    "passphrase",
    "dsn",
    "here",
    "credential",
    "credentials",
];
/// Whole texts that big projects' templates are known for.
const WHOLE: [&str; 7] = [
    "user_provided",
    "userprovided",
    "this_password_is_insecure_and_should_be_updated",
    "not_needed",
    "secret_key_here",
    "no_key_required",
    "fake_api_key",
];
/// Longer words are none.
const LONGEST: usize = 14;

/// Whether several words, and numbers of up to four digits, ask to be replaced.
pub(super) fn asks(text: &str) -> bool {
    if WHOLE.into_iter().any(|whole| same(text, whole)) {
        return true;
    }
    let words = || {
        text.split(['-', '_', ' ', '.'])
            .filter(|word| !word.is_empty())
    };
    let is_word = |word: &str| {
        let letters = word.bytes().all(|byte| byte.is_ascii_alphabetic()) && word.len() <= LONGEST;
        letters || word.bytes().all(|byte| byte.is_ascii_digit()) && word.len() <= 4
    };
    let any = |list: &[&str]| {
        words().any(|word| list.iter().any(|other| word.eq_ignore_ascii_case(other)))
    };
    if !words().all(is_word) || words().nth(1).is_none() {
        return false;
    }
    let first = words().next().unwrap_or_default();
    let starts = STARTS
        .into_iter()
        .any(|start| first.eq_ignore_ascii_case(start));
    any(&ASK) || any(&MAY_ASK) && any(&BESIDE) || starts && any(&WHAT)
}

/// But for case, and for which sign stands between words.
fn same(text: &str, whole: &str) -> bool {
    text.len() == whole.len()
        && text
            .bytes()
            .zip(whole.bytes())
            .all(|(a, b)| a.eq_ignore_ascii_case(&b) || b == b'_' && b"-. ".contains(&a))
}
