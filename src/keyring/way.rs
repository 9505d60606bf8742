use std::fmt::Write;
use std::ops::Range;

use super::peel::variable_prefix;
use super::surroundings::{Looks, unquoted};
use super::wraps::BYTE_ORDER_MARK;

/// How a key could be read out of the text that it stands in, if that text was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// By a JSON pointer.
    Json(Box<str>),
    /// As a part of a URL: `user`, `password`, `path` or `fragment`.
    Url(&'static str),
    /// As a variable of an env file.
    Dotenv(Box<str>),
}

/// How deep in a JSON text a key may stand to be told where.
const DEPTH: usize = 6;
/// The longest name that is told.
const NAME: usize = 40;

/// How the key is read out of the text. `may_be_told` says whether a name is surely no key itself.
pub(super) fn way(
    text: &[u8],
    key: &Range<usize>,
    looks: &Looks,
    may_be_told: impl Fn(&[u8]) -> bool,
) -> Option<Way> {
    let told = |name: &[u8]| is_plain(name) && may_be_told(name);
    if looks.is_json {
        return pointer(text, key, told).map(Way::Json);
    }
    if let Some(part) = looks.url.and_then(|start| url_part(text, start, key)) {
        return Some(Way::Url(part));
    }
    let variable = looks.has_assignments.then(|| variable(text, key, told));
    variable.flatten().map(Way::Dotenv)
}

/// Whether a name has nothing of a key.
fn is_plain(name: &[u8]) -> bool {
    let digits = name.iter().any(u8::is_ascii_digit);
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    (1..=NAME).contains(&name.len()) && name.iter().all(in_name) && !(digits && name.len() >= 16)
}

/// One object or list that the scan is in.
enum Level {
    Object(Option<Range<usize>>),
    List(usize),
}

/// The JSON pointer to the string that is the key, nothing but the key. The text is scanned where it
/// lies, so that no copy is made of anything in it.
fn pointer(
    text: &[u8],
    key: &Range<usize>,
    may_be_told: impl Fn(&[u8]) -> bool,
) -> Option<Box<str>> {
    let mut levels: Vec<Level> = Vec::new();
    let mut at = 0;
    while at < key.end {
        match text.get(at)? {
            b'{' => levels.push(Level::Object(None)),
            b'[' => levels.push(Level::List(0)),
            b'}' | b']' => {
                levels.pop()?;
            }
            b',' => {
                if let Some(Level::List(index)) = levels.last_mut() {
                    *index += 1;
                }
            }
            b'"' => {
                let string = at + 1..string_end(text, at + 1)?;
                if string == *key {
                    return told(text, &levels, may_be_told);
                }
                let follows = text.get(string.end + 1..)?.trim_ascii_start().first();
                if let (Some(Level::Object(name)), Some(b':')) = (levels.last_mut(), follows) {
                    *name = Some(string.clone());
                }
                at = string.end;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where a JSON string ends that starts here.
fn string_end(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn told(text: &[u8], levels: &[Level], may_be_told: impl Fn(&[u8]) -> bool) -> Option<Box<str>> {
    if levels.is_empty() || levels.len() > DEPTH {
        return None;
    }
    let mut pointer = String::new();
    for level in levels {
        match level {
            Level::Object(name) => {
                let name = text.get(name.clone()?).filter(|name| may_be_told(name))?;
                write!(pointer, "/{}", std::str::from_utf8(name).ok()?).ok()?;
            }
            Level::List(index) => write!(pointer, "/{index}").ok()?,
        }
    }
    Some(pointer.into())
}

/// Which part the key is of a text that is a URL, whose authority starts here.
fn url_part(text: &[u8], start: usize, key: &Range<usize>) -> Option<&'static str> {
    let rest = text.get(start..)?;
    let authority = start
        + rest
            .iter()
            .position(|byte| b"/?#".contains(byte))
            .unwrap_or(rest.len());
    let fragment = text.iter().position(|&byte| byte == b'#');
    if let Some(at) = text[start..authority]
        .iter()
        .rposition(|&byte| byte == b'@')
    {
        let at = start + at;
        let colon = text[start..at].iter().position(|&byte| byte == b':');
        let user_end = colon.map_or(at, |colon| start + colon);
        if *key == (start..user_end) {
            return Some("user");
        }
        if colon.is_some() && *key == (user_end + 1..at) {
            return Some("password");
        }
    }
    if key.end == text.len() {
        if Some(key.start) == fragment.map(|fragment| fragment + 1) {
            return Some("fragment");
        }
        let is_path = text.get(authority) == Some(&b'/') && key.start == authority + 1;
        let whole = !text[key.clone()].iter().any(|byte| b"?#".contains(byte));
        return (is_path && whole).then_some("path");
    }
    None
}

/// The variable whose line gives the key, the last of this name.
fn variable(
    text: &[u8],
    key: &Range<usize>,
    may_be_told: impl Fn(&[u8]) -> bool,
) -> Option<Box<str>> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).map_or(text, |_| text);
    let start = text[..key.start]
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |at| at + 1);
    let end = text[key.end..]
        .iter()
        .position(|&byte| byte == b'\n')
        .map_or(text.len(), |at| key.end + at);
    let line = text[start..end].trim_ascii();
    let (name, value) = assignment(line)?;
    let value = value.trim_ascii();
    let bare = match value.windows(2).position(|signs| signs == b" #") {
        Some(comment) => value[..comment].trim_ascii_end(),
        None => value,
    };
    let again = || {
        text[end..]
            .split(|&byte| byte == b'\n')
            .filter_map(|line| assignment(line.trim_ascii()))
            .any(|(other, _)| other == name)
    };
    (unquoted(bare) == &text[key.clone()] && !again() && may_be_told(name))
        .then(|| std::str::from_utf8(name).ok().map(Into::into))?
}

/// A line's `NAME=value`, maybe with blanks around the sign.
fn assignment(line: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some((name, length)) = variable_prefix(line)
        && line.get(length - 1) == Some(&b'=')
    {
        return Some((name, &line[length..]));
    }
    let sign = line.iter().position(|&byte| byte == b'=')?;
    let name = line[..sign].trim_ascii_end();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    (!name.is_empty() && name.iter().all(is_name)).then(|| (name, &line[sign + 1..]))
}
