use super::placeholder::{Placeholder, placeholder};
use crate::key::Fingerprint;

/// The texts that stand for no key often enough to be known by their fingerprints.
const TEXTS: [&str; 44] = [
    "",
    " ",
    "\n",
    "\"\"",
    "''",
    "undefined",
    "null",
    "None",
    "nil",
    "none",
    "NULL",
    "changeme",
    "CHANGEME",
    "change-me",
    "change_me",
    "todo",
    "TODO",
    "xxx",
    "***",
    "********",
    "[REDACTED]",
    "***\n",
    "<nil>",
    "<no value>",
    "NaN",
    "(null)",
    "[object Object]",
    "Null",
    "<redacted>",
    "replace-me",
    "REPLACE_ME",
    "replaceme",
    "changethis",
    "placeholder",
    "PLACEHOLDER",
    "your-api-key",
    "your_api_key",
    "YOUR_API_KEY",
    "your-api-key-here",
    "your_api_key_here",
    "YOUR_API_KEY_HERE",
    "user_provided",
    "dummy",
    "example",
];

/// The placeholder that has this fingerprint, where it is one of the usual ones.
#[must_use]
pub fn placeholder_by_fingerprint(
    fingerprint: &Fingerprint,
    variable: &str,
) -> Option<Placeholder> {
    let own = [
        variable.to_owned(),
        format!("${variable}"),
        format!("${{{variable}}}"),
        format!("$({variable})"),
        format!("%{variable}%"),
        format!("<{variable}>"),
        format!("{{{{{variable}}}}}"),
        format!("{{{{ {variable} }}}}"),
        format!("__{variable}__"),
    ];
    let texts = TEXTS.into_iter().chain(own.iter().map(String::as_str));
    texts
        .flat_map(|text| [text.to_owned(), format!("{text}\n")])
        .filter(|text| Fingerprint::of(text.as_bytes()).agrees(fingerprint))
        .find_map(|text| placeholder(text.as_bytes(), variable))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Digits;

    #[test]
    fn the_usual_ones_are_known_without_their_text() {
        let seen = |text: &str| Fingerprint::of(text.as_bytes()).cut(Digits::DEFAULT);
        for (text, name) in [
            ("", "empty"),
            ("undefined", "no-value"),
            ("changeme\n", "fill-in"),
            ("${KEY}", "unexpanded-reference"),
            ("KEY", "own-name"),
        ] {
            let found = placeholder_by_fingerprint(&seen(text), "KEY");
            assert_eq!(found.map(Placeholder::name), Some(name), "{text:?}");
        }
        assert_eq!(placeholder_by_fingerprint(&seen("a-real-key"), "KEY"), None);
        for text in TEXTS {
            assert!(placeholder(text.as_bytes(), "KEY").is_some(), "{text:?}");
        }
    }
}
