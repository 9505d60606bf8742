//! What stands behind an option of a command line: `--api-key=V`, `--api-key V`, `-k V`, `-kV`.

use crate::key::Secret;
use crate::reading::Found;

/// Whether this is the name of an option, as it is typed.
#[must_use]
pub fn is_option(option: &str) -> bool {
    option.len() > 1
        && option != "--"
        && option.starts_with('-')
        && !option.contains(['=', '\0'])
        && !option.contains(char::is_whitespace)
}

/// What a program was given behind an option: each value that differs, and behind them what may hide another
/// one; or that there is none.
/// The first argument is the program.
#[must_use]
pub fn argued<'a>(arguments: impl Iterator<Item = &'a [u8]>, option: &str) -> Vec<Found> {
    let arguments: Vec<&[u8]> = arguments.collect();
    if let [title] = &arguments[..]
        && title.contains(&b' ')
    {
        return vec![Found::hidden(
            None,
            "its program wrote a title over its arguments, so they do not show; look at what it was started with",
        )];
    }
    let mut values: Vec<&[u8]> = Vec::new();
    let mut unclear = None;
    let mut rest = arguments.into_iter().skip(1).peekable();
    while let Some(argument) = rest.next() {
        let value = match argument.strip_prefix(option.as_bytes()) {
            Some([]) => match rest.peek() {
                // What follows may be another option, or a key.
                Some(next) if next.starts_with(b"-") => {
                    unclear = Some("what follows the option may be another one");
                    continue;
                }
                _ => rest.next().unwrap_or_default(),
            },
            Some([b'=', value @ ..]) => value,
            // Only an option of one letter has its value right behind it.
            Some(value) if option.len() == 2 => value,
            _ => {
                if is_script(argument) && has(argument, option.as_bytes()) {
                    unclear = Some(
                        "the option stands in a script, which is not worked out; look at what the script starts",
                    );
                }
                continue;
            }
        };
        if !values.contains(&value) {
            values.push(value);
        }
    }
    let values = values.into_iter();
    let mut found: Vec<Found> = values
        .map(|value| Found::Value(Secret::copied(value)))
        .collect();
    found.extend(unclear.map(|why| Found::hidden(None, why)));
    if found.is_empty() {
        found.push(Found::Absent);
    }
    found
}

/// Whether it is more than one word.
fn is_script(argument: &[u8]) -> bool {
    argument.iter().any(u8::is_ascii_whitespace)
}

fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(arguments: &[&str], option: &str) -> String {
        let arguments = arguments.iter().map(|argument| argument.as_bytes());
        let told = |found: &Found| match found {
            Found::Value(value) => String::from_utf8_lossy(value.expose()).into_owned(),
            Found::Absent => "absent".to_owned(),
            Found::Hidden { .. } => "hidden".to_owned(),
            _ => "something else".to_owned(),
        };
        let found = argued(arguments, option);
        found.iter().map(told).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn what_stands_behind_an_option_is_its_value() {
        for (arguments, option, expected) in [
            (&["web", "--api-key=old"][..], "--api-key", "old"),
            (&["web", "--api-key", "old", "x"], "--api-key", "old"),
            (&["web", "--api-key=a b=c\n"], "--api-key", "a b=c\n"),
            (&["web", "-api-key=old"], "-api-key", "old"),
            (&["web", "-k", "old"], "-k", "old"),
            (&["web", "-kold"], "-k", "old"),
            (&["tini", "--", "web", "--api-key=old"], "--api-key", "old"),
            (
                &["web", "--api-key=old", "--api-key", "new", "--api-key=old"],
                "--api-key",
                "old,new",
            ),
            (&["web", "--api-key="], "--api-key", ""),
            (&["web", "--api-key"], "--api-key", ""),
            (&["web", "--api-key-file=x", "--api"], "--api-key", "absent"),
            (&["web", "--api-key-file", "x"], "--api-key", "absent"),
            (&["--api-key=old"], "--api-key", "absent"),
            (&["web", "--api-key", "--verbose"], "--api-key", "hidden"),
            (&["sh", "-c", "web --api-key=old"], "--api-key", "hidden"),
            (
                &["sh", "-c", "web --api-key=old", "web", "--api-key=new"],
                "--api-key",
                "new,hidden",
            ),
            (&["web: worker --api-key=x"], "--api-key", "hidden"),
            (&[], "--api-key", "absent"),
        ] {
            assert_eq!(told(arguments, option), expected, "{arguments:?}");
        }
    }

    #[test]
    fn the_name_of_an_option_is_one_word_with_a_dash() {
        for option in ["--api-key", "-k", "-api-key"] {
            assert!(is_option(option), "{option}");
        }
        for option in ["", "-", "--", "api-key", "--api-key=x", "--api key", "-k\0"] {
            assert!(!is_option(option), "{option:?}");
        }
    }
}
