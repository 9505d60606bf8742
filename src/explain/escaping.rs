//! What to write otherwise, so that the rules of the text that a key is written in leave it whole.

use crate::keyring::Damage;
use crate::reading::Written;

/// What in a key, or around it, a text's rules act on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Touched {
    Dollar,
    Percent,
    Backslash,
    Quotes,
    Behind,
}

/// What was touched; `None` for damage that no such rules do.
fn touched(damage: Damage) -> Option<Touched> {
    Some(match damage {
        Damage::VariableInterpolation | Damage::TruncatedEnd => Touched::Dollar,
        Damage::SystemdSpecifiers => Touched::Percent,
        Damage::BackslashEscaped | Damage::JsonEscaped | Damage::PropertiesEscaped => {
            Touched::Backslash
        }
        Damage::DoubleQuotes
        | Damage::SingleQuotes
        | Damage::Backticks
        | Damage::UnbalancedQuote => Touched::Quotes,
        Damage::InlineComment | Damage::LeadingWhitespace | Damage::TrailingWhitespace => {
            Touched::Behind
        }
        _ => return None,
    })
}

/// What to write otherwise; empty where these rules are not what damaged the key.
pub(super) fn escaping(written: Written, damage: &[Damage]) -> Vec<&'static str> {
    let mut told = Vec::new();
    for touched in damage.iter().copied().filter_map(touched) {
        if let Some(words) = words(written, touched)
            && !told.contains(&words)
        {
            told.push(words);
        }
    }
    told
}

fn words(written: Written, touched: Touched) -> Option<&'static str> {
    Some(match (written, touched) {
        (
            Written::QuotableEnvFile,
            Touched::Dollar | Touched::Backslash | Touched::Quotes | Touched::Percent,
        ) => {
            "put the key as it is in single quotes, and no other quotes: they keep `$`, `#`, `%` and `\\`"
        }
        (Written::QuotableEnvFile | Written::UnitEnvironmentFile, Touched::Behind) => {
            "leave out blanks and comments after the key, and put it in single quotes"
        }
        (Written::PlainEnvFile, _) => {
            "remove the quotes, blanks and comments around the value, which this file keeps"
        }
        (Written::Compose, Touched::Dollar) => {
            "write each `$` of the key as `$$` in the Compose file; in an env file of Compose write it once, with the key \
             in single quotes"
        }
        (Written::Compose, Touched::Quotes) => {
            "leave out the quotes: where `environment` is a list, they are kept"
        }
        (Written::Compose, Touched::Behind) => {
            "leave out blanks and comments after the key where Compose takes it from"
        }
        (Written::ContainerOptions, Touched::Quotes | Touched::Behind | Touched::Backslash) => {
            "write the key as it is right after the `=` in the file for `--env-file`, which keeps quotes, blanks, \
             comments and escapes"
        }
        (Written::ContainerOptions, Touched::Dollar) => {
            "write each `$` of the key once: in a file for `--env-file` as it is, on a command line in single quotes"
        }
        (Written::UnitEnvironment, Touched::Percent) => {
            "write each `%` of the key as `%%` in `Environment=`"
        }
        (Written::UnitEnvironment, Touched::Dollar) => {
            "write each `$` of the key once in `Environment=`, and quote the whole assignment"
        }
        (Written::UnitEnvironment, Touched::Quotes) => {
            "leave out the quotes around the key, or put them around the whole assignment: `Environment=\"NAME=key\"`"
        }
        (Written::UnitEnvironment, Touched::Backslash) => {
            "write each `\\` of the key as `\\\\` in `Environment=`"
        }
        (Written::UnitEnvironmentFile, Touched::Percent) => {
            "write each `%` of the key once: an `EnvironmentFile=` expands none"
        }
        (Written::UnitEnvironmentFile, Touched::Dollar | Touched::Backslash | Touched::Quotes) => {
            "put the key as it is in single quotes, and no other quotes"
        }
        (Written::Compose, Touched::Percent | Touched::Backslash)
        | (Written::ContainerOptions, Touched::Percent)
        | (Written::UnitEnvironment, Touched::Behind) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_has_its_own_way_to_keep_a_key_whole() {
        for (written, damage, told) in [
            (Written::Compose, Damage::VariableInterpolation, "`$$`"),
            (
                Written::ContainerOptions,
                Damage::DoubleQuotes,
                "--env-file",
            ),
            (Written::UnitEnvironment, Damage::SystemdSpecifiers, "`%%`"),
            (
                Written::UnitEnvironmentFile,
                Damage::SystemdSpecifiers,
                "once",
            ),
            (
                Written::QuotableEnvFile,
                Damage::TruncatedEnd,
                "single quotes",
            ),
            (Written::PlainEnvFile, Damage::InlineComment, "keeps"),
        ] {
            let words = escaping(written, &[damage]);
            assert_eq!(words.len(), 1);
            assert!(words[0].contains(told), "{words:?}");
        }
    }

    #[test]
    fn what_no_rules_of_a_text_do_is_left_to_the_damage_and_nothing_is_told_twice() {
        assert!(escaping(Written::Compose, &[Damage::CaseChanged]).is_empty());
        let twice = [Damage::DoubleQuotes, Damage::InlineComment];
        assert_eq!(escaping(Written::PlainEnvFile, &twice).len(), 1);
    }
}
