//! What a place may hold.

use super::dice::Dice;
use super::forms::{self, Form};
use super::keys::Style;
use super::kinds::Kinds;
use super::world::{Content, Made, Scope};

fn exact(key: &str) -> Content {
    Content::Bytes(
        key.as_bytes().to_vec(),
        Made::Keys(vec![key.to_owned()], Form::exact()),
    )
}

/// The key that should be there.
pub fn right(scope: &Scope) -> Content {
    exact(&scope.current.key)
}

/// Anything, seen from the deployments of one scope.
pub fn any(scopes: &[Scope], own: usize, dice: &mut Dice, kinds: &Kinds) -> Content {
    let scope = &scopes[own];
    let key = match dice.below(100) {
        0..40 => return exact(&scope.current.key),
        40..65 => some_key(scopes, own, dice),
        _ => None,
    };
    if let Some(key) = key {
        return exact(&key);
    }
    let key = match dice.percent(60) {
        true => scope.current.key.clone(),
        false => some_key(scopes, own, dice).unwrap_or_else(|| scope.current.key.clone()),
    };
    let made = |(value, form), keys| Content::Bytes(value, Made::Keys(keys, form));
    match dice.below(20) {
        0..6 => made(
            forms::damaged(&key, &scope.variable, kinds, dice),
            vec![key],
        ),
        6..9 if kinds.has(Kinds::EMBEDDED) => {
            made(forms::embedded(&key, &scope.variable, dice), vec![key])
        }
        9 if kinds.has(Kinds::EMBEDDED) => match scope.previous.first() {
            Some(former) if former.known.key != scope.current.key => {
                let (new, old) = (scope.current.key.clone(), former.known.key.clone());
                made(forms::beside(&new, &old, dice), vec![new, old])
            }
            _ => Content::Absent,
        },
        10 if kinds.has(Kinds::MARKUP) => made(forms::marked_up(&key, dice), vec![key]),
        11 => Content::Absent,
        12 => Content::Bytes(Vec::new(), Made::Empty),
        13 => placeholder(dice, kinds),
        14 if kinds.has(Kinds::STAND_INS) => stand_in(dice),
        15 | 16 => {
            let style = *dice.pick(&[scope.style, Style::Plain, Style::Prefixed]);
            let stranger = style.key(dice);
            Content::Bytes(stranger.into(), Made::Stranger)
        }
        _ => Content::Failed,
    }
}

const ENCRYPTED: &str = "ENC[AES256_GCM,data:Tr7o1,iv:1vXk,tag:xk0=,type:str]";

fn placeholder(dice: &mut Dice, kinds: &Kinds) -> Content {
    let words: &[&str] = match kinds.has(Kinds::STAND_INS) {
        true => &[
            "undefined",
            "null",
            "changeme",
            ENCRYPTED,
            "your-api-key-here",
        ],
        false => &["undefined", "null", "changeme"],
    };
    let word = *dice.pick(words);
    let made = match word {
        ENCRYPTED => Made::Encrypted,
        _ => Made::Placeholder,
    };
    Content::Bytes(word.as_bytes().to_vec(), made)
}

fn stand_in(dice: &mut Dice) -> Content {
    match dice.percent(50) {
        true => Content::Bytes(b"********".to_vec(), Made::Mask),
        false => Content::Bytes(b"op://prod/allstak/key".to_vec(), Made::Address),
    }
}

/// A key that somebody knows, but not the one that should be there.
fn some_key(scopes: &[Scope], own: usize, dice: &mut Dice) -> Option<String> {
    let scope = match dice.percent(65) {
        true => &scopes[own],
        false => dice.pick(scopes),
    };
    let previous = scope.previous.iter().map(|key| &key.known.key);
    let next = scope.next.iter().map(|next| &next.key);
    let keys: Vec<&String> = previous.chain(next).chain([&scope.current.key]).collect();
    Some((*dice.pick(&keys)).clone())
}
