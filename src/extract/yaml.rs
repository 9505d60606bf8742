//! YAML, of which only what its readers agree on is a string.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_yaml::granit_parser::{Event, Parser, ScalarStyle, Tag, options};
use zeroize::Zeroize;

use super::pointer::{self, broken, index, shown, tokens, unfit, unreadable};
use super::relaxed;
use crate::key::Secret;
use crate::reading::{ErrorKind, ReadError};

/// How deep lists and maps may be nested.
const DEEPEST: usize = 128;

/// The string a JSON pointer leads to in a YAML text; `None` where nothing or null stands there. Aliases and
/// `<<` are followed.
///
/// # Errors
///
/// [`ErrorKind::BadData`] when the text is no YAML or several documents, names a member on the way twice, or
/// leads to something that is not a string for every reader.
pub(super) fn string_at(text: &[u8], pointer: &str) -> Result<Option<Secret>, ReadError> {
    let text = std::str::from_utf8(relaxed::unmarked(text))
        .map_err(|_| broken("YAML", "it is not UTF-8"))?;
    let tree = Tree::parse(text)?;
    let Some(mut here) = tree.root else {
        return Ok(None);
    };
    for name in tokens(pointer) {
        let node = tree.node(here, pointer, "passes through")?;
        let next = match &node.form {
            Form::Map(_) => tree.member(here, &name)?,
            Form::List(items) => match index(&name) {
                Some(index) => items.get(index).copied(),
                None => return Err(unfit(pointer, "passes through", "a list")),
            },
            Form::Scalar { text, plain } if *plain && is_null(text) => return Ok(None),
            Form::Scalar { .. } => return Err(unfit(pointer, "passes through", "a string")),
        };
        match next {
            Some(next) => here = next,
            None => return Ok(None),
        }
    }
    match &tree.node(here, pointer, "leads to")?.form {
        Form::Scalar { text, plain } if *plain && is_null(text) => Ok(None),
        Form::Scalar { text, plain } if *plain && may_be_no_string(text) => Err(ReadError::new(
            ErrorKind::BadData,
            format!(
                "{} leads to a text without quotes that some readers take for a number, a time or a yes or no",
                shown(pointer)
            ),
            "write it between quotes, if it is the key",
        )),
        Form::Scalar { text, .. } => Ok(Some(Secret::copied(text.as_bytes()))),
        Form::List(_) => Err(unfit(pointer, "leads to", "a list")),
        Form::Map(_) => Err(unfit(pointer, "leads to", "a map")),
    }
}

/// A document. An alias is one more reference to its node, so it is never larger than its text.
#[derive(Default)]
struct Tree<'t> {
    nodes: Vec<Node<'t>>,
    root: Option<usize>,
}

struct Node<'t> {
    form: Form<'t>,
    /// Whether it has a tag that only its own reader understands.
    tagged: bool,
}

enum Form<'t> {
    /// Its text, and whether it stands without quotes.
    Scalar {
        text: Cow<'t, str>,
        plain: bool,
    },
    List(Vec<usize>),
    /// Keys and values by turns.
    Map(Vec<usize>),
}

/// Texts that do not stand in the file as they are meant are copies.
impl Drop for Tree<'_> {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Form::Scalar {
                text: Cow::Owned(text),
                ..
            } = &mut node.form
            {
                text.zeroize();
            }
        }
    }
}

impl<'t> Tree<'t> {
    fn parse(text: &'t str) -> Result<Self, ReadError> {
        let mut tree = Self::default();
        // What is open, with its anchor.
        let mut open: Vec<(usize, usize)> = Vec::new();
        let mut anchors: HashMap<usize, usize> = HashMap::new();
        let mut documents = 0;
        let options = options! {
            emit_comments: false,
            flow_nesting_limit: DEEPEST,
            block_nesting_limit: DEEPEST,
        };
        for event in Parser::new_from_str_with_options(text, options) {
            let (event, span) = event.map_err(|error| {
                // The error's own text may quote what it read.
                unreadable("YAML", error.marker().line(), error.marker().col() + 1)
            })?;
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(ReadError::new(
                            ErrorKind::BadData,
                            format!(
                                "what was read is more than one YAML document: a second begins at line {}",
                                span.start.line()
                            ),
                            "leave one document there, or take the key out of it with `pattern`",
                        ));
                    }
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let is_text = is_core(tag.as_deref(), "str");
                    let plain = style == ScalarStyle::Plain && tag.is_none();
                    let id = tree.add(Form::Scalar { text, plain }, !is_text);
                    tree.hang(&open, id);
                    anchors.insert(anchor, id);
                }
                Event::SequenceStart(_, anchor, tag) => {
                    let is_list = is_core(tag.as_deref(), "seq");
                    open.push((tree.add(Form::List(Vec::new()), !is_list), anchor));
                }
                Event::MappingStart(_, anchor, tag) => {
                    let is_map = is_core(tag.as_deref(), "map");
                    open.push((tree.add(Form::Map(Vec::new()), !is_map), anchor));
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    if let Some((id, anchor)) = open.pop() {
                        tree.hang(&open, id);
                        anchors.insert(anchor, id);
                    }
                }
                Event::Alias(anchor) => match anchors.get(&anchor) {
                    Some(id) => tree.hang(&open, *id),
                    None => {
                        return Err(unreadable("YAML", span.start.line(), span.start.col() + 1));
                    }
                },
                Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
                // Asked for by no option of ours.
                _ => return Err(unreadable("YAML", span.start.line(), span.start.col() + 1)),
            }
        }
        Ok(tree)
    }

    fn add(&mut self, form: Form<'t>, tagged: bool) -> usize {
        self.nodes.push(Node { form, tagged });
        self.nodes.len() - 1
    }

    /// Puts a whole node into what is open.
    fn hang(&mut self, open: &[(usize, usize)], id: usize) {
        match open
            .last()
            .and_then(|(parent, _)| self.nodes.get_mut(*parent))
        {
            Some(Node {
                form: Form::List(children) | Form::Map(children),
                ..
            }) => children.push(id),
            _ => self.root = Some(id),
        }
    }

    fn node(&self, id: usize, pointer: &str, how: &str) -> Result<&Node<'t>, ReadError> {
        match self.nodes.get(id) {
            Some(node) if !node.tagged => Ok(node),
            _ => Err(unfit(pointer, how, "something with a tag of its own")),
        }
    }

    /// A member of a map: its own, else the first that `<<` brings in.
    fn member(&self, map: usize, name: &str) -> Result<Option<usize>, ReadError> {
        let mut waiting = vec![map];
        let mut seen = HashSet::new();
        while let Some(map) = waiting.pop() {
            if !seen.insert(map) {
                continue;
            }
            let mut found = None;
            let merged = waiting.len();
            for [key, value] in self.entries(map) {
                match self.nodes.get(*key).map(|key| &key.form) {
                    Some(Form::Scalar { text, .. })
                        if *text == name && found.replace(*value).is_some() =>
                    {
                        return Err(pointer::twice("YAML", name));
                    }
                    Some(Form::Scalar { text, plain: true }) if text == "<<" => {
                        match self.nodes.get(*value).map(|value| &value.form) {
                            Some(Form::List(maps)) => waiting.extend(maps),
                            _ => waiting.push(*value),
                        }
                    }
                    _ => {}
                }
            }
            if found.is_some() {
                return Ok(found);
            }
            // The first of them counts most.
            waiting[merged..].reverse();
        }
        Ok(None)
    }

    fn entries(&self, id: usize) -> &[[usize; 2]] {
        match self.nodes.get(id).map(|node| &node.form) {
            Some(Form::Map(children)) => children.as_chunks().0,
            _ => &[],
        }
    }
}

fn is_core(tag: Option<&Tag>, suffix: &str) -> bool {
    tag.is_none_or(|tag| tag.is_yaml_core_schema_tag(suffix))
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Whether a reader of YAML 1.1 or 1.2 takes this plain text for something else than a string, or may.
fn may_be_no_string(text: &str) -> bool {
    const WORDS: [&str; 8] = ["true", "false", "yes", "no", "on", "off", "y", "n"];
    let is = |word: &&str| text.eq_ignore_ascii_case(word);
    if WORDS.iter().any(is) {
        return true;
    }
    let number = text.trim_start_matches(['+', '-']);
    if [".inf", ".nan"]
        .iter()
        .any(|word| number.eq_ignore_ascii_case(word))
    {
        return true;
    }
    if let Some(digits) = number.strip_prefix("0x") {
        return digits
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'_');
    }
    if is_time(text) {
        return true;
    }
    let number = number
        .strip_prefix("0o")
        .or_else(|| number.strip_prefix("0b"))
        .unwrap_or(number);
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let is_number = |text: &str, signs: &[u8]| {
        text.bytes().any(|byte| byte.is_ascii_digit())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || signs.contains(&byte))
    };
    is_number(mantissa, b"_.,:") && is_number(exponent.trim_start_matches(['+', '-']), b"_")
}

/// Whether it begins as a date does that is alone or has a time behind it.
fn is_time(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let day = rest.split(['T', 't', ' ', '\t']).next().unwrap_or_default();
    year.len() == 4
        && is_number(year)
        && month.len() <= 2
        && is_number(month)
        && day.len() <= 2
        && is_number(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, pointer: &str) -> Result<Option<String>, String> {
        let found = string_at(text.as_bytes(), pointer).map_err(|error| error.message.to_string());
        Ok(found?.map(|key| String::from_utf8(key.expose().to_vec()).unwrap()))
    }

    #[track_caller]
    fn assert_gives(text: &str, pointer: &str, value: &str) {
        assert_eq!(at(text, pointer), Ok(Some(value.to_owned())), "{text:?}");
    }

    #[test]
    fn a_pointer_leads_to_strings_however_they_are_written() {
        for (text, value) in [
            ("a: { k: v }", "v"),
            ("a:\n  k: v w # c\n", "v w"),
            ("a:\n  k: 'it''s'\n", "it's"),
            ("a:\n  k: \"v\\n\"\n", "v\n"),
            ("a:\n  k: |\n    v\n", "v\n"),
            ("a:\n  k: |-\n    v\n", "v"),
            ("a:\n  k: >-\n    v\n    w\n", "v w"),
            ("a:\n  k: '123'\n", "123"),
            ("a:\n  k: !!str 123\n", "123"),
            ("{\"a\": {\"k\": \"v\"}}", "v"),
            ("\u{feff}---\na: { k: v }\n...\n", "v"),
        ] {
            assert_gives(text, "/a/k", value);
        }
        assert_gives("a: [x, { k: v }]", "/a/1/k", "v");
        assert_gives("a.b: v", "/a.b", "v");
        assert_gives("v", "", "v");
    }

    #[test]
    fn aliases_and_merges_are_followed() {
        assert_gives("x: &x v\na: { k: *x }", "/a/k", "v");
        assert_gives("x: &x { k: v }\na: *x", "/a/k", "v");
        assert_gives("x: &x { k: v }\na: { <<: *x, l: w }", "/a/k", "v");
        assert_gives("x: &x { k: v }\na: { <<: *x, k: w }", "/a/k", "w");
        let lists = "x: &x { k: v }\ny: &y { k: w }\na: { <<: [*x, *y] }";
        assert_gives(lists, "/a/k", "v");
        // Twice as much at each line, if it were filled in.
        let mut bomb = "m0: &m0 { x: 1 }\n".to_owned();
        for level in 1..100 {
            let below = level - 1;
            bomb += &format!("m{level}: &m{level} {{ <<: [*m{below}, *m{below}] }}\n");
        }
        assert_eq!(at(&bomb, "/m99/k"), Ok(None));
    }

    #[test]
    fn what_is_not_there_or_null_is_absent() {
        for text in [
            "",
            "# c",
            "a: {}",
            "a:",
            "a: ~",
            "a: { k: }",
            "a: { k: null }",
        ] {
            assert_eq!(at(text, "/a/k"), Ok(None), "{text:?}");
        }
        assert_eq!(at("a: [x]", "/a/1"), Ok(None));
    }

    #[test]
    fn what_is_not_a_string_for_every_reader_is_told() {
        for plain in [
            "yes",
            "No",
            "true",
            "12",
            "-1_000",
            "1.5",
            "1e5",
            "0x1f",
            "0o17",
            ".inf",
            "190:20:30",
            "2026-11-28",
            "2026-11-28T10:00:00Z",
            "2026-1-2 10:00:00",
        ] {
            let error = at(&format!("k: {plain}"), "/k").unwrap_err();
            assert!(error.contains("some readers"), "{plain}: {error}");
            assert_gives(&format!("k: '{plain}'"), "/k", plain);
        }
        for plain in [
            "91e5d0",
            "0xkey",
            "1-2-3",
            "ask_live_1",
            "v1.2",
            "2026-11-28x",
            "nope",
            "e5",
        ] {
            assert_gives(&format!("k: {plain}"), "/k", plain);
        }
        for (text, told) in [
            ("k: [x]", "leads to a list"),
            ("k: { x: y }", "leads to a map"),
            ("k: !vault v", "leads to something with a tag"),
            ("k: !!binary dg==", "leads to something with a tag"),
        ] {
            let error = at(text, "/k").unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
        for (text, told) in [
            ("k: v", "passes through a string"),
            ("k: [x]", "passes through a list"),
            ("k: !x { l: v }", "passes through something with a tag"),
        ] {
            let error = at(text, "/k/l").unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn a_member_on_the_way_that_stands_twice_is_told() {
        let error = at("k: old\nk: new\n", "/k").unwrap_err();
        assert!(error.starts_with("the YAML names k twice"), "{error}");
        assert_gives("b: 1\nb: 2\nk: v\n", "/k", "v");
    }

    #[test]
    fn what_is_no_yaml_is_said_with_its_place_and_nothing_else() {
        for (text, told) in [
            ("a: 1\nk: \"ask_live_x\n", "no valid YAML: from line "),
            ("k: *ask_live_x", "no valid YAML: from line 1, column "),
            ("k: v\n---\nk: w\n", "a second begins at line 2"),
        ] {
            let error = at(text, "/k").unwrap_err();
            assert!(
                error.contains(told) && !error.contains("ask_live"),
                "{error}"
            );
        }
        assert!(string_at(b"k: \xff", "/k").is_err());
    }
}
