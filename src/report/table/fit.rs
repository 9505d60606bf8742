//! Texts by the width they take on a terminal.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// In columns.
pub fn width(text: &str) -> usize {
    text.width()
}

/// At most this wide: both ends stay, the middle goes.
pub fn shorten(text: &str, max: usize) -> Cow<'_, str> {
    if width(text) <= max {
        return text.into();
    }
    let Some(room) = max.checked_sub(1) else {
        return "".into();
    };
    // The end tells siblings apart more often than the start, so it gets the odd column.
    let start = fitting(text.chars(), room / 2);
    let end = fitting(text.chars().rev(), room - room / 2);
    let tail = text
        .char_indices()
        .rev()
        .take(end)
        .last()
        .map_or(text.len(), |(at, _)| at);
    let head = text
        .char_indices()
        .nth(start)
        .map_or(text.len(), |(at, _)| at);
    format!("{}…{}", &text[..head], &text[tail..]).into()
}

/// How many of these characters fit.
fn fitting(characters: impl Iterator<Item = char>, room: usize) -> usize {
    let mut used = 0;
    characters
        .take_while(|character| {
            used += character.width().unwrap_or(0);
            used <= room
        })
        .count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_middle_gives_way() {
        for (text, max, short) in [
            ("checkout-api", 12, "checkout-api"),
            ("checkout-api", 7, "che…api"),
            ("checkout-api", 6, "ch…api"),
            ("checkout-api", 2, "…i"),
            ("checkout-api", 1, "…"),
            ("checkout-api", 0, ""),
            ("支払いサービス", 7, "支…ス"),
            ("支払いサービス", 9, "支払…ビス"),
        ] {
            assert_eq!(shorten(text, max), short);
        }
    }

    proptest! {
        #[test]
        fn never_wider_than_asked(text in any::<String>(), max in 0_usize..40) {
            let text = crate::text::escape(&text).into_owned();
            prop_assert!(width(&shorten(&text, max)) <= max);
        }
    }
}
