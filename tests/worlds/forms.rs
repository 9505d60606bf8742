//! What can become of a key on its way: makers of damage and of what surrounds a key.
//!
//! Written from docs/damage.md alone, so that a name, an order or a form that the program has wrong
//! is not wrong here as well.

use data_encoding::{BASE64, HEXLOWER};

use super::dice::Dice;
use super::kinds::Kinds;

/// How a key stands in a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Form {
    /// The names of the damage, from the outermost. Empty for the key itself.
    pub names: Vec<&'static str>,
    /// Whether the key can be got back out of the value by who does not know it.
    pub reversible: bool,
    /// Whether it can be found by a fingerprint alone.
    pub listed: bool,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Exact,
    /// Its names are settled.
    Damage,
    /// Damage whose name is not checked, only that there is one.
    Markup,
    /// A larger value with the key in it. Its names are checked where there are any.
    Embedded,
}

impl Form {
    pub fn exact() -> Self {
        Self {
            names: Vec::new(),
            reversible: true,
            listed: true,
            kind: Kind::Exact,
        }
    }

    pub fn damage(names: &[&'static str], reversible: bool) -> Self {
        Self {
            names: names.to_vec(),
            reversible,
            listed: true,
            kind: Kind::Damage,
        }
    }

    pub fn embedded(name: Option<&'static str>) -> Self {
        Self {
            names: name.into_iter().collect(),
            reversible: true,
            listed: false,
            kind: Kind::Embedded,
        }
    }
}

type Wrap = (&'static str, fn(&str) -> String);

const OUTER: &[Wrap] = &[
    ("leading-whitespace", |k| format!(" {k}")),
    ("leading-whitespace", |k| format!("\t{k}")),
    ("trailing-whitespace", |k| format!("{k} ")),
    ("trailing-newline", |k| format!("{k}\n")),
    ("trailing-crlf", |k| format!("{k}\r\n")),
    ("trailing-carriage-return", |k| format!("{k}\r")),
    ("byte-order-mark", |k| format!("\u{feff}{k}")),
    ("zero-width-character", |k| format!("{k}\u{200b}")),
    ("no-break-space", |k| format!("{k}\u{a0}")),
    ("no-break-space", |k| format!("\u{a0}{k}")),
];

const INNER: &[Wrap] = &[
    ("double-quotes", |k| format!("\"{k}\"")),
    ("single-quotes", |k| format!("'{k}'")),
    ("backticks", |k| format!("`{k}`")),
    ("smart-quotes", |k| format!("\u{201c}{k}\u{201d}")),
];

const SINGLE: &[Wrap] = &[
    ("unbalanced-quote", |k| format!("\"{k}")),
    ("unbalanced-quote", |k| format!("{k}'")),
    ("bearer-prefix", |k| format!("Bearer {k}")),
    ("trailing-punctuation", |k| format!("{k};")),
    ("trailing-punctuation", |k| format!("{k},")),
];

/// A damaged form of the key, in a variable of this name.
pub fn damaged(key: &str, variable: &str, kinds: &Kinds, dice: &mut Dice) -> (Vec<u8>, Form) {
    match dice.below(10) {
        0..3 => {
            let wraps = [OUTER, INNER, SINGLE].concat();
            let (name, wrap) = *dice.pick(&wraps);
            (wrap(key).into(), Form::damage(&[name], true))
        }
        3 => {
            let (inner, within) = *dice.pick(INNER);
            let (outer, around) = *dice.pick(OUTER);
            let value = around(&within(key));
            (value.into(), Form::damage(&[outer, inner], true))
        }
        4 if kinds.has(Kinds::PREFIX) => {
            let line = format!("{variable}={key}");
            let mut form = Form::damage(&["variable-prefix"], true);
            if dice.percent(40) {
                form.names.push("double-quotes");
                return (format!("{variable}=\"{key}\"").into(), form);
            }
            (line.into(), form)
        }
        5 => encoded(key, dice),
        6 => truncated(key, dice),
        _ => mistyped(key, dice),
    }
}

fn encoded(key: &str, dice: &mut Dice) -> (Vec<u8>, Form) {
    let base64 = BASE64.encode(key.as_bytes());
    let special = key.contains(['+', '/']);
    let (name, value) = match dice.below(if special { 5 } else { 3 }) {
        0 => ("base64", base64),
        1 => ("base64", BASE64.encode(format!("{key}\n").as_bytes())),
        2 => ("hex", HEXLOWER.encode(key.as_bytes())),
        3 => (
            "percent-encoded",
            key.replace('+', "%2B").replace('/', "%2F"),
        ),
        _ => ("json-escaped", key.replace('/', "\\/")),
    };
    let mut form = Form::damage(&[name], true);
    // What was encoded may be damaged, and then that is told, too.
    if value == BASE64.encode(format!("{key}\n").as_bytes()) {
        form.kind = Kind::Markup;
        form.names.clear();
    }
    (value.into(), form)
}

fn truncated(key: &str, dice: &mut Dice) -> (Vec<u8>, Form) {
    let cut = dice.between(1, key.len() / 2 - 1);
    if dice.percent(50) {
        let form = Form::damage(&["truncated-start"], false);
        (key[cut..].into(), form)
    } else {
        let form = Form::damage(&["truncated-end"], false);
        (key[..key.len() - cut].into(), form)
    }
}

fn mistyped(key: &str, dice: &mut Dice) -> (Vec<u8>, Form) {
    let mut bytes = key.as_bytes().to_vec();
    // Neither the first nor the last: that would be a truncation.
    let at = dice.between(1, key.len() - 3);
    let name = match dice.below(6) {
        0 => {
            bytes.remove(at);
            "character-missing"
        }
        1 => {
            bytes.insert(at, *dice.pick(b"acegX2468"));
            "character-added"
        }
        2 => {
            let others: Vec<u8> = b"acegX2468"
                .iter()
                .copied()
                .filter(|&other| !other.eq_ignore_ascii_case(&bytes[at]))
                .collect();
            bytes[at] = *dice.pick(&others);
            "character-changed"
        }
        // Two that differ in case alone make a change of case.
        3 if !bytes[at].eq_ignore_ascii_case(&bytes[at + 1]) => {
            bytes.swap(at, at + 1);
            "characters-swapped"
        }
        4 => {
            bytes.make_ascii_uppercase();
            "case-changed"
        }
        _ => {
            let twice = key.repeat(2);
            return (twice.into(), Form::damage(&["doubled"], true));
        }
    };
    // Where the last characters are alike, one of them is missing at the end.
    let name = match key.as_bytes().starts_with(&bytes) {
        true => "truncated-end",
        false => name,
    };
    (bytes, Form::damage(&[name], false))
}

/// The key as terminals, markup and other encodings spoil it.
pub fn marked_up(key: &str, dice: &mut Dice) -> (Vec<u8>, Form) {
    let middle = key.len() / 2;
    let (left, right) = key.split_at(middle);
    let value: Vec<u8> = match dice.below(6) {
        0 => key.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        1 => {
            let marked = format!("\u{feff}{key}");
            marked.encode_utf16().flat_map(u16::to_be_bytes).collect()
        }
        2 => format!("\u{1b}[200~{key}\u{1b}[201~").into(),
        3 => format!("\u{1b}[32m{key}\u{1b}[0m").into(),
        4 if key.contains('_') => key.replace('_', "\\_").into(),
        4 if key.contains('-') => key.replace('-', "\u{2011}").into(),
        4 if key.contains('/') => key.replace('/', "&#x2F;").replace('+', "&#43;").into(),
        _ => format!("{left} {right}").into(),
    };
    let form = Form {
        names: Vec::new(),
        reversible: true,
        listed: false,
        kind: Kind::Markup,
    };
    (value, form)
}

/// A larger value with the key in it.
pub fn embedded(key: &str, variable: &str, dice: &mut Dice) -> (Vec<u8>, Form) {
    let (name, value) = match dice.below(16) {
        0 => (Some("inside-json"), format!(r#"{{"api_key":"{key}"}}"#)),
        1 => (
            Some("inside-json"),
            format!("{{\n  \"region\": \"eu\",\n  \"key\": \"{key}\"\n}}\n"),
        ),
        2 => (Some("inside-url"), format!("https://{key}@ingest.test/1")),
        3 => (
            Some("inside-url"),
            format!("https://ingest.test/v1?key={key}&region=eu"),
        ),
        4 => (Some("inline-comment"), format!("{key} # prod")),
        5 => (Some("inline-comment"), format!("{key} # since May, ana")),
        6 => (Some("bracketed"), format!("<{key}>")),
        7 => (Some("bracketed"), format!("[{key}]")),
        8 => (Some("bracketed"), format!("({key})")),
        9 => (None, format!("${{{key}}}")),
        10 => (None, format!("[allstak]\nregion = eu\nkey = {key}\n")),
        11 => (None, format!("REGION=eu\n{variable}={key}\nLEVEL=info\n")),
        12 => (None, format!("%22{key}%22")),
        13 => (None, format!("the key is {key} since May")),
        14 => (None, format!("%3D{key}")),
        _ => (None, format!("{{\\\"key\\\":\\\"{key}\\\"}}")),
    };
    (value.into(), Form::embedded(name))
}

/// Both keys in one value.
pub fn beside(first: &str, second: &str, dice: &mut Dice) -> (Vec<u8>, Form) {
    let (name, value) = match dice.below(5) {
        0 => (Some("inside-list"), format!("{first},{second}")),
        1 => (None, format!("{first} {second}")),
        2 => (
            Some("inside-json"),
            format!(r#"{{"new":"{first}","old":"{second}"}}"#),
        ),
        3 => (None, format!("{first} # was {second}")),
        _ => (None, format!("{first}\n{second}\n")),
    };
    (value.into(), Form::embedded(name))
}
