use std::fmt::Display;

use crate::text::escape;

/// An error of somebody else as a lowercase fragment that is harmless to show.
pub(super) fn reason(error: &dyn Display) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    let fragment: String = first.into_iter().chain(characters).collect();
    escape(&fragment).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_letter_is_lowered() {
        assert_eq!(
            reason(&"Peer said UnknownIssuer\n"),
            "peer said UnknownIssuer\\n"
        );
        assert_eq!(reason(&""), "");
    }
}
