use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::Site;
use super::log::Log;
use super::tree::{Id, Tree};
use crate::key::{Digits, Fingerprint, Secret};
use crate::platform::EnvSecret;
use crate::text::opaque;

/// The longest string a template may be filled in to, in bytes.
const LONGEST: usize = 16 << 10;
/// How much text all templates together may be filled in to, in bytes.
const MOST_TEXT: usize = 1 << 30;
/// What a filled-in value costs beside its text.
const EACH: usize = 32;

/// What `${…}` stands for at one place.
pub(super) struct Scope<'a> {
    /// The names, and what they stand for.
    pub names: Vec<(&'a str, Slot)>,
    /// Where the deployment is declared, when what is filled in stands elsewhere.
    pub user: Option<Site>,
    pub outside: &'a Outside<'a>,
}

/// What a name stands for.
#[derive(Clone)]
pub(super) enum Slot {
    Set(Arc<str>),
    /// The name is known, but nothing is said here.
    Unset,
    /// It is made of what is being filled in.
    Later,
    /// What is wrong with it was reported.
    Faulty,
}

impl From<Option<Arc<str>>> for Slot {
    fn from(value: Option<Arc<str>>) -> Self {
        value.map_or(Self::Unset, Self::Set)
    }
}

/// What all scopes of a load share.
pub(super) struct Outside<'a> {
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// How much text was made so far.
    spent: Cell<usize>,
    /// What was filled in from the environment and may be a credential.
    secrets: RefCell<Vec<EnvSecret>>,
}

impl<'a> Outside<'a> {
    pub fn new(environment: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            environment,
            spent: Cell::new(0),
            secrets: RefCell::default(),
        }
    }

    /// What was filled in from the environment and may be a credential.
    pub fn secrets(self) -> Vec<EnvSecret> {
        self.secrets.into_inner()
    }

    /// A text as reports may show it and ledgers keep it. What looks like a key is told by its fingerprint, so that
    /// two deployments stay two; what a credential's variable holds may be guessed, and is told by its variable.
    pub fn shown(&self, text: &str) -> String {
        let secrets = self.secrets.borrow();
        without(&secrets, text, |variable, value| match opaque(value) {
            true => Fingerprint::of(value.as_bytes())
                .cut(Digits::MIN)
                .to_string(),
            false => format!("${{env.{variable}}}"),
        })
    }

    /// Whether anything that may be a credential came in yet.
    pub fn has_secrets(&self) -> bool {
        !self.secrets.borrow().is_empty()
    }

    /// A variable of the environment.
    fn variable(&self, name: &str) -> Option<String> {
        let value = (self.environment)(name)?;
        if may_be_credential(name, &value) {
            let mut secrets = self.secrets.borrow_mut();
            if !secrets.iter().any(|known| *known.variable == *name) {
                secrets.push(EnvSecret {
                    variable: name.into(),
                    value: Secret::copied(value.as_bytes()),
                });
            }
        }
        Some(value)
    }

    /// Whether there is room for this much more.
    fn spend(&self, bytes: usize) -> bool {
        self.spent
            .set(self.spent.get().saturating_add(bytes + EACH));
        self.spent.get() <= MOST_TEXT
    }
}

/// A text in which credentials of the environment are not filled in.
pub(super) fn unfilled(text: &str, secrets: &[EnvSecret]) -> String {
    without(secrets, text, |variable, _| format!("${{env.{variable}}}"))
}

fn without(secrets: &[EnvSecret], text: &str, instead: impl Fn(&str, &str) -> String) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.is_told_apart()) {
        if let Ok(value) = str::from_utf8(secret.value.expose()) {
            text = text.replace(value, &instead(&secret.variable, value));
        }
    }
    text
}

impl<'a> Scope<'a> {
    pub fn new(outside: &'a Outside<'a>) -> Self {
        Self {
            names: Vec::new(),
            user: None,
            outside,
        }
    }

    /// What a name stands for, where it is set.
    pub fn get(&self, name: &str) -> Option<Arc<str>> {
        match self.slot(name) {
            Some(Slot::Set(value)) => Some(Arc::clone(value)),
            Some(Slot::Unset | Slot::Later | Slot::Faulty) | None => None,
        }
    }

    /// Says what a name stands for from now on.
    pub fn set(&mut self, name: &'a str, slot: Slot) {
        match self.names.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = slot,
            None => self.names.push((name, slot)),
        }
    }

    fn slot(&self, name: &str) -> Option<&Slot> {
        let named = self.names.iter().find(|(known, _)| *known == name);
        named.map(|(_, slot)| slot)
    }

    /// Fills a scalar in; `None` when that was reported as a problem.
    pub fn fill<'t>(&self, tree: &'t Tree, id: Id, log: &Log) -> Option<Cow<'t, str>> {
        let text = tree.text(id);
        if !self.outside.spend(text.len()) {
            self.report(tree, id, 0, log, too_much(), None);
            return None;
        }
        if !has_template(text) {
            return Some(Cow::Borrowed(text));
        }
        let mut filled = String::new();
        let mut from_environment = false;
        let mut whole = true;
        for (offset, piece) in pieces(text) {
            match self.piece(&piece) {
                Ok(value) => filled.push_str(&value),
                Err(Wrong::Known) => whole = false,
                Err(wrong) => {
                    let (message, help) = self.explain(&piece, wrong, log);
                    self.report(tree, id, offset, log, message, help);
                    whole = false;
                }
            }
            from_environment |= matches!(piece, Piece::Environment { .. });
            if filled.len() > LONGEST {
                let message = format!("is longer than {LONGEST} bytes when it is filled in");
                self.report(tree, id, 0, log, message, None);
                return None;
            }
        }
        if !self.outside.spend(filled.len()) {
            self.report(tree, id, 0, log, too_much(), None);
            return None;
        }
        if from_environment
            && let Some(guard) = log.guard()
            && let Some(project) = guard.fits(&filled)
        {
            let message = format!(
                "a key comes in from the environment here: the text fits the `format` of project {}",
                log.name(project)
            );
            let help = "say where the key is read from instead".to_owned();
            self.report(tree, id, 0, log, message, Some(help));
            return None;
        }
        whole.then_some(Cow::Owned(filled))
    }

    fn piece<'p>(&self, piece: &Piece<'p>) -> Result<Cow<'p, str>, Wrong> {
        match *piece {
            Piece::Text(text) => Ok(Cow::Borrowed(text)),
            Piece::Name(name) => match self.slot(name) {
                Some(Slot::Set(value)) => Ok(Cow::Owned(value.to_string())),
                Some(Slot::Unset) => Err(Wrong::Unset),
                Some(Slot::Later) => Err(Wrong::Later),
                Some(Slot::Faulty) => Err(Wrong::Known),
                None => Err(Wrong::Unknown),
            },
            Piece::Environment { name, default } => {
                // As in a shell, `:-` also replaces what is empty.
                match (self.outside.variable(name), default) {
                    (Some(value), default) if !value.is_empty() || default.is_none() => {
                        Ok(Cow::Owned(value))
                    }
                    (_, Some(default)) => Ok(Cow::Borrowed(default)),
                    (_, None) => Err(Wrong::Unset),
                }
            }
            Piece::Wrong(why) => Err(Wrong::Syntax(why)),
        }
    }

    fn explain(&self, piece: &Piece<'_>, wrong: Wrong, log: &Log) -> (String, Option<String>) {
        let literal = "write `$${` where a literal `${` is meant";
        match (wrong, piece) {
            (Wrong::Syntax(why), _) => (why.to_owned(), Some(literal.to_owned())),
            (Wrong::Unset, Piece::Environment { name, .. }) => (
                format!("the environment variable {} is not set", log.name(name)),
                Some("set it, or give a default: `${env.NAME:-default}`".to_owned()),
            ),
            (Wrong::Unset, Piece::Name(name)) => (
                format!("{} is not set here", log.name(name)),
                self.used_by(log),
            ),
            (Wrong::Later, Piece::Name(name)) => (
                format!(
                    "{} is not known yet here: it is filled in later",
                    log.name(name)
                ),
                None,
            ),
            (_, Piece::Name(name)) => {
                let names = self.names.iter().map(|(name, _)| *name);
                let mut help = match log.suggestion(name, names) {
                    Some(suggestion) => format!("{suggestion}; {literal}"),
                    None => literal.to_owned(),
                };
                if let Some(user) = self.used_by(log) {
                    help = format!("{help}; {user}");
                }
                let message = format!("nothing here is named {}", log.name(name));
                (message, Some(help))
            }
            (_, Piece::Environment { .. } | Piece::Text(_) | Piece::Wrong(_)) => {
                ("is no template".to_owned(), Some(literal.to_owned()))
            }
        }
    }

    fn used_by(&self, log: &Log) -> Option<String> {
        let user = self.user?;
        Some(format!("as used by the deployment at {}", log.place(user)))
    }

    fn report(
        &self,
        tree: &Tree,
        id: Id,
        offset: usize,
        log: &Log,
        message: String,
        help: Option<String>,
    ) {
        log.report_with(tree.site_within(id, offset), message, || help);
    }
}

/// Whether somebody who sees a variable's value may be able to use it: by its name, or by its looks.
fn may_be_credential(name: &str, value: &str) -> bool {
    const WORDS: [&str; 25] = [
        "APIKEY",
        "AUTH",
        "BEARER",
        "COOKIE",
        "CRED",
        "CREDENTIAL",
        "CREDENTIALS",
        "CREDS",
        "DSN",
        "JWT",
        "KEY",
        "OTP",
        "PASS",
        "PASSPHRASE",
        "PASSWD",
        "PASSWORD",
        "PAT",
        "PIN",
        "PSK",
        "PW",
        "SALT",
        "SAS",
        "SECRET",
        "TOKEN",
        "WEBHOOK",
    ];
    const ENDS: [&str; 7] = [
        "KEY", "PASS", "PASSWD", "PASSWORD", "PHRASE", "SECRET", "TOKEN",
    ];
    let is_path = value.starts_with(['/', '.', '~']);
    let words = name.split(|sign: char| !sign.is_ascii_alphanumeric());
    let mut words = words.map(str::to_ascii_uppercase);
    let is_secret = |word: &str| {
        WORDS.contains(&word) || ENDS.iter().any(|end| word.len() > 6 && word.ends_with(end))
    };
    // `PWD` alone is a folder.
    let is_password = name.to_ascii_uppercase().ends_with("_PWD");
    !is_path && (is_password || words.any(|word| is_secret(&word))) || opaque(value)
}

enum Wrong {
    Syntax(&'static str),
    Unknown,
    Unset,
    Later,
    Known,
}

fn too_much() -> String {
    format!("the templates make more than {MOST_TEXT} bytes of text in all: split the inventory")
}

/// A part of a text with templates.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    Name(&'t str),
    Environment {
        name: &'t str,
        default: Option<&'t str>,
    },
    Wrong(&'static str),
}

/// Whether there is anything to fill in.
pub(super) fn has_template(text: &str) -> bool {
    text.contains("${")
}

/// The names that a text uses, but for those of the environment.
pub(super) fn names(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).filter_map(|(_, piece)| match piece {
        Piece::Name(name) => Some(name),
        Piece::Text(_) | Piece::Environment { .. } | Piece::Wrong(_) => None,
    })
}

/// Whether an axis or a variable of this name can be used as `${name}`.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// Writes a text so that filling it in gives the text again.
pub(super) fn literal(text: &str) -> Cow<'_, str> {
    if has_template(text) {
        Cow::Owned(text.replace("${", "$${"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A text in its pieces, each with where it begins.
fn pieces(text: &str) -> impl Iterator<Item = (usize, Piece<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let start = at;
        let piece = if let Some(after) = rest.strip_prefix("$${") {
            at = text.len() - after.len();
            Piece::Text("${")
        } else if let Some(body) = rest.strip_prefix("${") {
            match body.split_once('}') {
                Some((inside, after)) => {
                    at = text.len() - after.len();
                    template(inside)
                }
                None => {
                    at = text.len();
                    Piece::Wrong("a `${` without its `}`")
                }
            }
        } else {
            // One `$` at least, so that this ends.
            let skipped = usize::from(rest.starts_with('$'));
            let end = rest[skipped..]
                .find('$')
                .map_or(rest.len(), |end| end + skipped);
            at += end;
            Piece::Text(&rest[..end])
        };
        Some((start, piece))
    })
}

fn template(inside: &str) -> Piece<'_> {
    if let Some(body) = inside.strip_prefix("env.") {
        let (name, default) = match body.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (body, None),
        };
        if is_variable(name) {
            Piece::Environment { name, default }
        } else {
            Piece::Wrong("expected `${env.NAME}` or `${env.NAME:-default}`")
        }
    } else if is_name(inside) {
        Piece::Name(inside)
    } else if inside.contains(":-") {
        Piece::Wrong("a default is for variables of the environment only: `${env.NAME:-default}`")
    } else {
        Piece::Wrong("expected a name of letters, digits, `-` and `_` in `${…}`")
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<Piece<'_>> {
        pieces(text).map(|(_, piece)| piece).collect()
    }

    #[test]
    fn a_text_falls_into_its_pieces() {
        assert_eq!(
            parts("plain $ text $5"),
            [
                Piece::Text("plain "),
                Piece::Text("$ text "),
                Piece::Text("$5"),
            ]
        );
        assert_eq!(
            parts("a/${project}/b${name}"),
            [
                Piece::Text("a/"),
                Piece::Name("project"),
                Piece::Text("/b"),
                Piece::Name("name"),
            ]
        );
        assert_eq!(parts("$${name}"), [Piece::Text("${"), Piece::Text("name}")]);
        assert_eq!(
            parts("$$${name}"),
            [Piece::Text("$"), Piece::Text("${"), Piece::Text("name}"),]
        );
        assert_eq!(
            parts("${env.HOME}${env.X:-a:-b}"),
            [
                Piece::Environment {
                    name: "HOME",
                    default: None,
                },
                Piece::Environment {
                    name: "X",
                    default: Some("a:-b"),
                },
            ]
        );
        for wrong in [
            "${",
            "${}",
            "${a b}",
            "${env.}",
            "${owner:-me}",
            "${${name}}",
            "${ß}",
        ] {
            assert!(matches!(parts(wrong)[0], Piece::Wrong(_)), "{wrong}");
        }
    }

    #[test]
    fn a_literal_is_filled_in_to_itself() {
        for text in ["${name}", "$${name}", "$", "a${b", "$$$${x}$"] {
            let back: String = pieces(&literal(text))
                .map(|(_, piece)| match piece {
                    Piece::Text(text) => text,
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(back, text);
        }
    }
}
