use std::hash::{Hash, Hasher};
use std::ops::Range;

use regex::bytes::Regex;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Capture, Class, Hir, HirKind, Look, Repetition};

/// What a project's keys look like: a regular expression over bytes, compiled from its text. Two are
/// equal when their texts are.
#[derive(Debug)]
pub struct Format {
    text: Box<str>,
    whole: Regex,
    bounded: Regex,
    /// As `bounded`, whatever stands before.
    ended: Regex,
    anywhere: Regex,
    shortest: usize,
    longest: usize,
    /// What every key begins with that fits.
    prefix: Box<[u8]>,
    /// What every text that fits begins with, if that is long enough to stand nowhere by chance.
    prefixes: Box<[Box<[u8]>]>,
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Format {}

impl Hash for Format {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// Why a text cannot be a format. It never repeats the text, which may be a key in the wrong place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It is no regular expression.
    #[error("expected a regular expression: {what} at character {at}")]
    Syntax {
        /// What the parser says about it.
        what: String,
        /// Where, from 1.
        at: usize,
    },
    /// It has no upper bound, or one that is too high.
    #[error(
        "expected a format that matches at most {max} bytes; bound every repetition, as in `{{32}}` instead of `+`",
        max = Format::LONGEST
    )]
    Unbounded,
    /// The empty text fits, and so would every place in a text.
    #[error("expected a format that does not match the empty text")]
    Empty,
    /// Nothing fits.
    #[error("expected a format that something can match")]
    Nothing,
    /// It names its texts one by one, so it is a key or a list of keys.
    #[error(
        "expected a format with something variable in it: a fixed text would be the key itself"
    )]
    Fixed,
    /// It would take too much memory.
    #[error("expected a smaller format: this one is too large to compile")]
    TooLarge,
}

impl Format {
    /// The most bytes that a key may have to fit a format.
    pub const LONGEST: usize = 4096;

    /// How many bytes beside a place can matter for whether it fits: one character.
    pub const SIGHT: usize = 4;

    /// Compiles a format.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as a fragment that does not repeat it.
    pub fn new(pattern: &str) -> Result<Self, FormatError> {
        // Bytes, since a key need not be UTF-8.
        let hir = ParserBuilder::new()
            .utf8(false)
            .build()
            .parse(pattern)
            .map_err(|error| syntax_error(pattern, &error))?;
        let bare = without_anchors(&hir);
        let properties = bare.properties();
        let (shortest, longest) = match (properties.minimum_len(), properties.maximum_len()) {
            (None, _) => return Err(FormatError::Nothing),
            (Some(0), Some(..=Self::LONGEST)) => return Err(FormatError::Empty),
            (Some(shortest), Some(longest @ ..=Self::LONGEST)) => (shortest, longest),
            _ => return Err(FormatError::Unbounded),
        };
        if properties.is_alternation_literal() {
            return Err(FormatError::Fixed);
        }
        let between = |before, hir: &Hir, after| {
            compiled(&Hir::concat(vec![
                Hir::look(before),
                hir.clone(),
                Hir::look(after),
            ]))
        };
        let ended = Hir::concat(vec![bare.clone(), Hir::look(Look::WordEndHalfAscii)]);
        Ok(Self {
            text: pattern.into(),
            whole: between(Look::Start, &hir, Look::End)?,
            bounded: between(Look::WordStartHalfAscii, &bare, Look::WordEndHalfAscii)?,
            ended: compiled(&ended)?,
            anywhere: compiled(&bare)?,
            shortest,
            longest,
            prefix: prefix(&bare).0.into(),
            prefixes: prefixes(&bare),
        })
    }

    /// The text it was made from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether every key that fits it is made of letters, digits, `-` and `_`, so that nothing takes a sign of it
    /// for something else.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let hir = ParserBuilder::new().utf8(false).build().parse(&self.text);
        hir.is_ok_and(|hir| is_plain(&hir))
    }

    /// How many bytes a key has at most that fits it.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// How many bytes a key has at least that fits it.
    #[must_use]
    pub fn shortest(&self) -> usize {
        self.shortest
    }

    /// What every key begins with that fits it, and is no secret.
    pub(super) fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// What every key that fits begins with, one of these, if that is telling: `ask_live_`.
    #[must_use]
    pub fn prefixes(&self) -> &[Box<[u8]>] {
        &self.prefixes
    }

    /// What fits and starts at this very place, whatever stands beside it.
    #[must_use]
    pub fn at(&self, text: &[u8], at: usize) -> Option<Range<usize>> {
        let end = text.len().min(at + self.longest + Self::SIGHT);
        let found = self.anywhere.find_at(&text[..end], at)?.range();
        (found.start == at).then_some(found)
    }

    /// The first place of [`Format::find_in`] that starts at `from` or later. One more counts: where a
    /// letter or digit stands before it that `excused` says is none, such as the end of an escape. It
    /// is given everything before the place.
    ///
    /// What is found at a place depends on no more than [`Format::SIGHT`] bytes before it, those that
    /// `excused` looks at, and [`Format::longest`] with [`Format::SIGHT`] more behind.
    #[must_use]
    pub fn find_from(
        &self,
        text: &[u8],
        mut from: usize,
        excused: impl Fn(&[u8]) -> bool,
    ) -> Option<Range<usize>> {
        let stands_free = |at: usize| {
            !at.checked_sub(1).is_some_and(|last| is_word(text[last])) || excused(&text[..at])
        };
        loop {
            let found = self.ended.find_at(text, from)?.range();
            if stands_free(found.start) {
                return Some(found);
            }
            from = (found.start + 1..text.len()).find(|&at| stands_free(at))?;
        }
    }

    /// Whether this is what a key looks like. A format describes the whole key, so one without
    /// anchors does not fit a longer text that holds a key.
    #[must_use]
    pub fn fits(&self, value: &[u8]) -> bool {
        self.whole.is_match(value)
    }

    /// Where something stands that looks like a key, whatever the format's anchors say, with
    /// neither a letter, a digit nor `_` (in ASCII) beside it.
    pub fn find_in<'t>(&'t self, text: &'t [u8]) -> impl Iterator<Item = Range<usize>> + 't {
        self.bounded.find_iter(text).map(|found| found.range())
    }

    /// What [`Format::find_anywhere`] looks for.
    pub(super) fn anywhere(&self) -> &str {
        self.anywhere.as_str()
    }

    /// The same whatever stands beside it: for hiding, where too much is better than too little.
    pub(super) fn find_anywhere<'t>(
        &'t self,
        text: &'t [u8],
    ) -> impl Iterator<Item = Range<usize>> + 't {
        self.anywhere.find_iter(text).map(|found| found.range())
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_plain(hir: &Hir) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.iter().all(|&byte| plain(byte)),
        HirKind::Class(Class::Unicode(class)) => class.ranges().iter().all(|range| {
            let ends = [range.start(), range.end()].map(|end| u8::try_from(end).ok());
            matches!(ends, [Some(start), Some(end)] if (start..=end).all(plain))
        }),
        HirKind::Class(Class::Bytes(class)) => {
            let mut ranges = class.ranges().iter();
            ranges.all(|range| (range.start()..=range.end()).all(plain))
        }
        HirKind::Repetition(Repetition { sub, .. }) | HirKind::Capture(Capture { sub, .. }) => {
            is_plain(sub)
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(is_plain),
    }
}

fn syntax_error(pattern: &str, error: &regex_syntax::Error) -> FormatError {
    let (what, offset) = match error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span().start.offset),
        regex_syntax::Error::Translate(error) => {
            (error.kind().to_string(), error.span().start.offset)
        }
        _ => (String::from("not understood"), 0),
    };
    let before = pattern.get(..offset).unwrap_or_default();
    FormatError::Syntax {
        what,
        at: before.chars().count() + 1,
    }
}

fn compiled(hir: &Hir) -> Result<Regex, FormatError> {
    Regex::new(&hir.to_string()).map_err(|_| FormatError::TooLarge)
}

/// The fewest bytes that are telling, and the most different ones of them.
const TELLING: usize = 4;
const MOST_PREFIXES: usize = 8;

fn prefixes(hir: &Hir) -> Box<[Box<[u8]>]> {
    let found = Extractor::new().limit_class(1).extract(hir);
    let literals = found.literals().unwrap_or_default();
    let mut prefixes: Vec<Box<[u8]>> = literals.iter().map(|one| one.as_bytes().into()).collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    let is_telling =
        prefixes.len() <= MOST_PREFIXES && prefixes.iter().all(|one| one.len() >= TELLING);
    match is_telling {
        true => prefixes.into(),
        false => Box::default(),
    }
}

fn without_anchors(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(look) if is_anchor(*look) => Hir::empty(),
        HirKind::Look(_) | HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            sub: Box::new(without_anchors(&repetition.sub)),
            ..repetition.clone()
        }),
        HirKind::Capture(capture) => Hir::capture(Capture {
            sub: Box::new(without_anchors(&capture.sub)),
            ..capture.clone()
        }),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(without_anchors).collect()),
        HirKind::Alternation(parts) => {
            Hir::alternation(parts.iter().map(without_anchors).collect())
        }
    }
}

/// What everything begins with that matches, and whether that is all of it.
fn prefix(hir: &Hir) -> (Vec<u8>, bool) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => (Vec::new(), true),
        HirKind::Literal(literal) => (literal.0.to_vec(), true),
        HirKind::Capture(capture) => prefix(&capture.sub),
        HirKind::Concat(parts) => {
            let mut all = Vec::new();
            for part in parts {
                let (bytes, whole) = prefix(part);
                all.extend(bytes);
                if !whole {
                    return (all, false);
                }
            }
            (all, true)
        }
        HirKind::Class(_) | HirKind::Repetition(_) | HirKind::Alternation(_) => (Vec::new(), false),
    }
}

fn is_anchor(look: Look) -> bool {
    matches!(
        look,
        Look::Start | Look::End | Look::StartLF | Look::EndLF | Look::StartCRLF | Look::EndCRLF
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ask_live_0123456789abcdefghijABCDEFGHIJxy";

    fn format(pattern: &str) -> Format {
        Format::new(pattern).unwrap()
    }

    fn found<'t>(pattern: &str, text: &'t str) -> Vec<&'t str> {
        format(pattern)
            .find_in(text.as_bytes())
            .map(|range| &text[range])
            .collect()
    }

    #[test]
    fn keys_of_letters_and_digits_are_told_from_others() {
        for (pattern, plain) in [
            ("^ask_live_[A-Za-z0-9]{32}$", true),
            ("(?:sk|pk)-[0-9a-f_]{8,16}", true),
            ("(?-u:[a-z]{8})", true),
            ("ask.live_[a-z]{8}", false),
            ("[A-Za-z0-9+/=]{44}", false),
            (r"k\$[a-z]{8}", false),
            (r"\w{8}", false),
        ] {
            assert_eq!(format(pattern).is_plain(), plain, "{pattern}");
        }
    }

    #[test]
    fn describes_the_whole_key_with_or_without_anchors() {
        for pattern in [
            "^ask_live_[A-Za-z0-9]{32}$",
            "ask_live_[A-Za-z0-9]{32}",
            "(?:^ask_live_|^ask_test_)[A-Za-z0-9]{32}$",
        ] {
            let format = format(pattern);
            assert!(format.fits(KEY.as_bytes()));
            for wrong in [
                format!("{KEY}x"),
                format!("{KEY}\n"),
                format!("\"{KEY}\""),
                KEY[1..].to_owned(),
                String::new(),
            ] {
                assert!(!format.fits(wrong.as_bytes()), "{wrong:?}");
            }
        }
        assert!(format("a|ab[cd]").fits(b"abc"), "the longer alternative");
        assert!(format("(?m)^key[0-9]$").fits(b"key1"));
        assert!(!format("(?m)^key[0-9]$").fits(b"key1\nkey2"));
    }

    #[test]
    fn keys_that_are_not_utf_8_fit_too() {
        let format = format(r"^(?-u:\xff[\x80-\xff]{8})$");
        assert!(format.fits(b"\xff\x80\x81\x82\x83\x84\x85\x86\x87"));
        assert_eq!(
            format
                .find_in(b"\xfe \xff\x80\x81\x82\x83\x84\x85\x86\x87;")
                .next(),
            Some(2..11)
        );
    }

    #[test]
    fn searches_drop_the_anchors_and_look_at_the_neighbours() {
        let pattern = "^ask_live_[A-Za-z0-9]{32}$";
        let text = format!("a={KEY}; b=\"{KEY}\",{KEY}x,x{KEY},{KEY}_,-{KEY}-é{KEY}");
        assert_eq!(found(pattern, &text), [KEY; 4]);
        assert_eq!(found(pattern, &format!("{KEY} {KEY}")), [KEY; 2]);
        assert_eq!(found("^k[a-z]{2,8}$", "kabcdefghijk kabc"), ["kabc"]);
        // A shorter match that ends well counts where the longest does not.
        assert_eq!(found("k-[a-z-]{2,8}", "k-abc-defghijk"), ["k-abc"]);
    }

    #[test]
    fn one_by_one_the_same_is_found() {
        let texts = [
            format!("a={KEY}; b=\"{KEY}\",{KEY}x,x{KEY},{KEY}_,-{KEY}-é{KEY}"),
            "kabcdefghijk kabc".to_owned(),
            "aab ab aaab_aab xaab".to_owned(),
        ];
        for pattern in [
            "^ask_live_[A-Za-z0-9]{32}$",
            "k[a-z]{2,8}",
            "a{1,3}b?",
            r"\ba?b",
        ] {
            for text in &texts {
                let format = format(pattern);
                let text = text.as_bytes();
                let mut found = Vec::new();
                let mut from = 0;
                while let Some(range) = format.find_from(text, from, |_| false) {
                    from = range.end;
                    found.push(range);
                }
                assert_eq!(found, format.find_in(text).collect::<Vec<_>>(), "{pattern}");
            }
        }
        let text = format!("n{KEY}");
        let found = format("ask_live_[A-Za-z0-9]{32}")
            .find_from(text.as_bytes(), 0, |before| before == b"n");
        assert_eq!(found, Some(1..42));
    }

    #[test]
    fn what_all_keys_begin_with_is_told() {
        for (pattern, prefix, shortest) in [
            ("^ask_live_[A-Za-z0-9]{32}$", "ask_live_", 41),
            ("^(sk-(proj-)?)[a-z]{8,9}", "sk-", 11),
            ("^(?:ask_live_|ask_test_)[0-9]{8}$", "ask_", 17),
            ("[a-z]{3}_x", "", 5),
        ] {
            let format = format(pattern);
            let told = String::from_utf8_lossy(format.prefix());
            // The parser may have taken out what alternatives begin with.
            assert!(prefix.starts_with(&*told), "{pattern}: {told}");
            assert_eq!(format.shortest(), shortest);
        }
        assert_eq!(format("^ask_live_[a-z]{32}$").prefix(), b"ask_live_");
    }

    #[test]
    fn formats_are_equal_by_their_texts() {
        assert_eq!(format("k[a-z]{2,8}"), format("k[a-z]{2,8}"));
        assert_ne!(format("k[a-z]{2,8}"), format("k[a-z]{2,9}"));
        assert_eq!(format("k[a-z]{2,8}").longest(), 9);
    }

    #[test]
    fn only_bounded_formats_are_taken() {
        for pattern in [
            "^ask_[a-z]+$",
            "a*b",
            "^.{5000}$",
            "(a{100}){100}",
            "[a-z]{1,}",
        ] {
            assert_eq!(
                Format::new(pattern).err(),
                Some(FormatError::Unbounded),
                "{pattern}"
            );
        }
        assert!(Format::new("^[a-z]{4096}$").is_ok());
        assert!(Format::new("^[é]?[a-z]{4094}$").is_ok());
        assert_eq!(
            Format::new("^[éè][a-z]{4095}$").err(),
            Some(FormatError::Unbounded)
        );
    }

    #[test]
    fn formats_that_say_nothing_are_refused() {
        for (pattern, error) in [
            ("", FormatError::Empty),
            ("^$", FormatError::Empty),
            ("^[a-z]{0,9}$", FormatError::Empty),
            ("[a&&b]", FormatError::Nothing),
            (KEY, FormatError::Fixed),
            ("^ask_live_(?:one|two)$", FormatError::Fixed),
        ] {
            assert_eq!(Format::new(pattern).err(), Some(error), "{pattern}");
        }
    }

    #[test]
    fn errors_say_what_and_where_without_repeating_it() {
        for (pattern, message) in [
            (
                "é(secret",
                "expected a regular expression: unclosed group at character 2",
            ),
            (
                "a{2,1}",
                "expected a regular expression: invalid repetition count range, the start must be <= the end at character 2",
            ),
            (
                r"\p{Klingon}",
                "expected a regular expression: Unicode property not found at character 1",
            ),
        ] {
            assert_eq!(Format::new(pattern).err().unwrap().to_string(), message);
        }
    }
}
