use crate::text::escape;

/// What a cut leaves out.
const ELLIPSIS: &str = "…";

/// So many words of one length in a row are no coincidence.
const GROUPS: usize = 3;

/// The first words of a text from outside, on one line and harmless to show. `whole` says that the
/// bytes are all there was.
///
/// It is cut between words only: half a key no longer fits its format, so nothing after this would
/// find and remove it.
pub(super) fn first_words(bytes: &[u8], whole: bool, limit: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut words: Vec<&str> = text.split_whitespace().collect();
    if !whole {
        words.pop();
    }
    let (mut shown, cut) = fit(words.iter().copied(), limit);
    if cut || !whole {
        without_groups(&mut shown);
        shown.push(ELLIPSIS.into());
    }
    shown.join(" ")
}

/// The last words, where the end says most: a program's complaints.
pub(super) fn last_words(bytes: &[u8], whole: bool, limit: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut words: Vec<&str> = text.split_whitespace().rev().collect();
    if !whole {
        words.pop();
    }
    let (mut shown, cut) = fit(words.iter().copied(), limit);
    if cut || !whole {
        without_groups(&mut shown);
        shown.push(ELLIPSIS.into());
    }
    shown.reverse();
    shown.join(" ")
}

/// Leaves out what may be groups of one key at the cut, or its bytes one by one: words of one length, and
/// lists of numbers, which may be shorter and longer.
fn without_groups(shown: &mut Vec<std::borrow::Cow<'_, str>>) {
    let length = shown.last().map_or(0, |last| last.len());
    let words = || shown.iter().rev();
    let same = words().take_while(|word| word.len() == length).count();
    let numbers = words().take_while(|word| is_number(word)).count();
    let groups = same.max(numbers);
    if groups >= GROUPS {
        shown.truncate(shown.len() - groups);
    }
}

/// Whether a word is one byte in digits of any base, with the signs of a list around it.
fn is_number(word: &str) -> bool {
    let number = word.trim_matches(|sign: char| ",;:<>()[]{}\"'`".contains(sign));
    let marks = ["0x", "0b", "0o", "\\x", "\\u{", "\\"];
    let marked = marks.iter().find_map(|mark| number.strip_prefix(mark));
    let digits = marked.unwrap_or(number);
    (1..=8).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// As many words as fit, escaped, and whether some did not.
fn fit<'t>(
    words: impl Iterator<Item = &'t str>,
    limit: usize,
) -> (Vec<std::borrow::Cow<'t, str>>, bool) {
    let mut shown = Vec::new();
    let mut length = 0;
    for word in words.map(escape) {
        length += word.chars().count() + 1;
        if length > limit + 1 {
            return (shown, true);
        }
        shown.push(word);
    }
    (shown, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_between_words_from_either_end() {
        let text = b"one two\n three  four";
        assert_eq!(first_words(text, true, 100), "one two three four");
        assert_eq!(first_words(text, true, 7), "one two …");
        assert_eq!(first_words(text, true, 6), "one …");
        assert_eq!(last_words(text, true, 10), "… three four");
        assert_eq!(last_words(text, true, 9), "… four");
    }

    #[test]
    fn half_a_word_is_never_shown() {
        assert_eq!(first_words(b"bad key ask_li", false, 100), "bad key …");
        assert_eq!(last_words(b"ve_x is bad", false, 100), "… is bad");
        assert_eq!(first_words(b"ask_live_0123456789", true, 10), "…");
    }

    #[test]
    fn a_key_in_groups_is_not_cut_within_them() {
        let text = b"bad key 6b 71 33 2d 76 54";
        assert_eq!(first_words(text, true, 18), "bad key …");
        assert_eq!(first_words(text, true, 100), "bad key 6b 71 33 2d 76 54");
        assert_eq!(
            last_words(b"6b 71 33 2d 76 54 was bad", true, 17),
            "… was bad"
        );
    }

    #[test]
    fn a_key_in_numbers_is_not_cut_within_them() {
        let text = b"refused <107, 98, 76, 109, 78> for good";
        assert_eq!(first_words(text, true, 28), "refused …");
        assert_eq!(
            first_words(text, true, 100),
            "refused <107, 98, 76, 109, 78> for good"
        );
        assert_eq!(last_words(text, true, 30), "… for good");
        assert_eq!(
            first_words(b"error 7 of 12 more words", true, 14),
            "error 7 of 12 …"
        );
    }

    #[test]
    fn what_a_terminal_acts_on_is_escaped() {
        assert_eq!(
            first_words(b"\x1b[31mred\xff", true, 100),
            "\\u{1b}[31mred\u{fffd}"
        );
    }
}
