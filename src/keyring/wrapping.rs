use super::damage::Damage;
use super::peel::{peels, variable_prefix};
use super::wraps::BLANKS;

/// How many layers are looked under.
const MOST_LAYERS: usize = 6;

/// What a value is wrapped in that surely is no part of any key, from the outermost to the innermost:
/// blanks, invisible characters, quotes, a prefix. No known key is needed for that, so references can
/// be judged by it. `variable` is the name the key is deployed under.
#[must_use]
pub fn wrapping(value: &[u8], variable: &str) -> Box<[Damage]> {
    unwrap(value, variable).0
}

/// What is left without it.
#[must_use]
pub fn unwrapped<'v>(value: &'v [u8], variable: &str) -> &'v [u8] {
    unwrap(value, variable).1
}

fn unwrap<'v>(value: &'v [u8], variable: &str) -> (Box<[Damage]>, &'v [u8]) {
    let mut layers = Vec::new();
    let mut rest = value;
    while layers.len() < MOST_LAYERS {
        // Half a pair of quotes may be found whole one layer further in.
        let peeled = peels(rest)
            .into_iter()
            .filter(|(damage, inner)| {
                !inner.is_empty()
                    && is_sure(*damage, rest, variable)
                    && is_whole(*damage, &rest[inner.clone()])
            })
            .min_by_key(|(damage, _)| *damage == Damage::UnbalancedQuote);
        let Some((damage, inner)) = peeled else {
            break;
        };
        layers.push(damage);
        rest = &rest[inner];
    }
    (layers.into_boxed_slice(), rest)
}

/// A key may well end in punctuation, or start with what looks like some name and `=`.
fn is_sure(damage: Damage, bytes: &[u8], variable: &str) -> bool {
    match damage {
        Damage::TrailingPunctuation => false,
        Damage::VariablePrefix => {
            variable_prefix(bytes).is_some_and(|(name, _)| name == variable.as_bytes())
        }
        // The last byte of many a character of UTF-8 is a no-break space in Latin-1.
        Damage::NoBreakSpace => std::str::from_utf8(bytes)
            .is_ok_and(|text| text.starts_with('\u{a0}') || text.ends_with('\u{a0}')),
        // What is left of them without their escape character may be a key's own.
        Damage::TerminalEscapes => bytes.contains(&0x1b),
        Damage::BracketedPaste => {
            bytes.contains(&0x1b) || (bytes.starts_with(b"200~") && bytes.ends_with(b"201~"))
        }
        _ => true,
    }
}

/// Whether nothing is left of a run of blanks that was taken off.
fn is_whole(damage: Damage, rest: &[u8]) -> bool {
    let is_blank = |byte: Option<&u8>| byte.is_some_and(|byte| BLANKS.contains(&&[*byte][..]));
    match damage {
        Damage::LeadingWhitespace => !is_blank(rest.first()),
        Damage::TrailingWhitespace
        | Damage::TrailingNewline
        | Damage::TrailingCrlf
        | Damage::TrailingCarriageReturn => !is_blank(rest.last()),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_surely_is_no_part_of_a_key_is_named() {
        for (value, names) in [
            ("secret-key", &[][..]),
            ("secret-key\n", &["trailing-newline"]),
            (" secret-key", &["leading-whitespace"]),
            ("\"secret-key\"\n", &["trailing-newline", "double-quotes"]),
            ("KEY=secret-key", &["variable-prefix"]),
            (
                "export KEY='secret-key'",
                &["variable-prefix", "single-quotes"],
            ),
            ("Bearer secret-key", &["bearer-prefix"]),
            ("secret-key\"", &["unbalanced-quote"]),
            ("c2VjcmV0LWtleQ==", &[]),
            ("OTHER=secret-key", &[]),
            ("secret-key;", &[]),
            ("secret-key\r\n", &["trailing-crlf"]),
            (
                "  'secret-key' \n",
                &["leading-whitespace", "trailing-whitespace", "single-quotes"],
            ),
            (
                "\u{feff}secret-key\u{a0}",
                &["byte-order-mark", "no-break-space"],
            ),
            ("secret-voilà", &[]),
            ("\u{1b}[200~secret-key\u{1b}[201~", &["bracketed-paste"]),
            ("200~secret-key201~", &["bracketed-paste"]),
            ("\u{1b}[1msecret-key\u{1b}[m", &["terminal-escapes"]),
            ("secret[K", &[]),
            ("200~secret", &[]),
            ("\n", &[]),
        ] {
            let found: Vec<_> = wrapping(value.as_bytes(), "KEY")
                .iter()
                .map(|damage| damage.name())
                .collect();
            assert_eq!(found, names, "{value:?}");
        }
    }
}
