//! Text from outside, made harmless to show.

mod nearest;

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::path::Path;

pub use nearest::nearest;

/// A text with every character escaped that a terminal, a log or a page would act on instead of
/// showing: C0 and C1 controls, DEL, line and paragraph separators, what changes the direction of
/// writing, and what takes no room at all.
///
/// Joiners are left alone, since names in many scripts need them.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(acts) {
            let (shown, tail) = rest.split_at(at);
            f.write_str(shown)?;
            let mut characters = tail.chars();
            for escape in characters.by_ref().take(1).flat_map(char::escape_default) {
                f.write_char(escape)?;
            }
            rest = characters.as_str();
        }
        f.write_str(rest)
    }
}

/// The text of [`Escaped`], copied only where something has to be escaped.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if text.contains(acts) {
        Cow::Owned(Escaped(text).to_string())
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether a terminal, a log or a page would act on a character instead of showing it.
#[must_use]
pub fn acts(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
                | '\u{2028}' | '\u{2029}'
                | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// Whether a name looks more like a key than like a name: somebody pasted it into the wrong place.
#[must_use]
pub fn opaque(name: &str) -> bool {
    let parts = || name.split(|character: char| !character.is_alphanumeric());
    // In words, digits stand at the end.
    let scrambled = parts().filter(|part| {
        let digits = part.find(|c: char| c.is_ascii_digit());
        digits.is_some_and(|at| part[at..].contains(char::is_alphabetic))
    });
    let scrambled: usize = scrambled.map(str::len).sum();
    let is_mixed = |part: &&str| {
        part.contains(|c: char| c.is_ascii_digit()) && part.contains(char::is_alphabetic)
    };
    let mixed = parts().filter(is_mixed).count();
    name.len() > 64
        || name.len() >= 16 && (scrambled >= 8 || mixed >= 5)
        || parts().any(|part| {
            part.len() >= 24
                || part.len() >= 16
                    && part.contains(|c: char| c.is_ascii_digit())
                    && part.contains(char::is_alphabetic)
        })
}

/// The same of a file, by its own name.
#[must_use]
pub fn is_opaque(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Ledgers are named so where nobody names them, and so short a part of a key tells nothing.
    let is_short = |end: &str| end.len() == 8 && end.bytes().all(|byte| byte.is_ascii_hexdigit());
    let stem = name
        .strip_suffix(".db")
        .and_then(|stem| stem.rsplit_once('-'));
    match stem {
        Some((folder, end)) if is_short(end) => opaque(folder),
        _ => opaque(&name),
    }
}

/// A path as it may be shown: a folder whose name looks like a key is left out.
#[must_use]
pub fn shown_path(path: &Path) -> String {
    if is_opaque(path) {
        return "(a file whose name is not shown)".to_owned();
    }
    let text = path.to_string_lossy();
    let names = text.split('/').map(|name| match opaque(name) {
        true => "…".into(),
        false => escape(name),
    });
    names.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_part_of_a_path_shows_what_looks_like_a_key() {
        let key = "ask_live_4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua";
        for (path, shown) in [
            ("/srv/app\u{1b}/x.json".to_owned(), r"/srv/app\u{1b}/x.json"),
            (format!("{key}/x"), "…/x"),
            (format!("/srv/{key}/"), "(a file whose name is not shown)"),
            (format!("/{key}/{key}/a/b"), "/…/…/a/b"),
        ] {
            assert_eq!(shown_path(Path::new(&path)), shown);
        }
    }

    #[test]
    fn what_a_terminal_acts_on_is_spelled_out() {
        for (raw, shown) in [
            ("\u{1b}[31mred", r"\u{1b}[31mred"),
            ("two\nlines\r\tand a tab", r"two\nlines\r\tand a tab"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("\u{7f}", r"\u{7f}"),
            ("a\u{202e}b\u{2066}c", r"a\u{202e}b\u{2066}c"),
            ("a\u{2028}b", r"a\u{2028}b"),
            ("pay\u{200b}ments", r"pay\u{200b}ments"),
            ("\u{e0041}", r"\u{e0041}"),
        ] {
            assert_eq!(escape(raw), shown);
        }
    }

    #[test]
    fn names_people_really_use_stay_as_they_are() {
        for name in [
            "checkout-api",
            "Zahlungen/Münster",
            "支払い",
            "👩\u{200d}💻",
            r"C:\keys",
        ] {
            assert!(matches!(escape(name), Cow::Borrowed(same) if same == name));
        }
    }

    proptest! {
        #[test]
        fn nothing_that_acts_is_left(text in any::<String>()) {
            prop_assert!(!escape(&text).contains(acts));
        }
    }
}
