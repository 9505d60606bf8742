//! What programs make of a key that looks like something else to them: a variable, a specifier, a
//! number, words. The forms are few, and made from the key.

mod number;

use std::ops::Range;

use zeroize::Zeroizing;

use super::damage::Damage;
use super::spaced;
use super::wraps::{MAX_EDITED, MIN_KEY};

/// The most forms that one key has.
pub(super) const MOST: usize = 128;
/// How many places of one kind are looked at one by one.
const MOST_PLACES: usize = 12;

/// A form, and what made it.
pub(super) type Form = (Damage, Zeroizing<Vec<u8>>);

/// Whether a key has any such forms.
pub(super) fn applies_to(key: &[u8]) -> bool {
    (MIN_KEY..=MAX_EDITED).contains(&key.len())
        && (key.iter().any(|byte| b"$% \t\n\r".contains(byte)) || number::is_one(key))
}

/// Every form of this key, each once and none equal to it.
pub(super) fn forms(key: &[u8]) -> Vec<Form> {
    let mut forms = Vec::new();
    if !applies_to(key) {
        return forms;
    }
    let mut add = |damage, bytes: Zeroizing<Vec<u8>>| {
        let known = |(_, other): &Form| **other == *bytes;
        if forms.len() < MOST && bytes.len() >= MIN_KEY && *bytes != key && !forms.iter().any(known)
        {
            forms.push((damage, bytes));
        }
    };
    number::spellings(key, |bytes| add(Damage::NumberNotation, bytes));
    interpolated(key, |bytes| add(Damage::VariableInterpolation, bytes));
    specified(key, |bytes| add(Damage::SystemdSpecifiers, bytes));
    unspaced(key, |bytes| add(Damage::WhitespaceLost, bytes));
    forms
}

/// What a piece of a key is replaced by.
struct Piece {
    range: Range<usize>,
    becomes: &'static [u8],
}

/// All of them replaced, then each alone.
fn replace(key: &[u8], pieces: &[Piece], mut add: impl FnMut(Zeroizing<Vec<u8>>)) {
    let made = |chosen: &[Piece]| {
        let longer: usize = chosen.iter().map(|piece| piece.becomes.len()).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(key.len() + longer));
        let mut from = 0;
        for Piece { range, becomes } in chosen {
            bytes.extend_from_slice(key.get(from..range.start).unwrap_or_default());
            bytes.extend_from_slice(becomes);
            from = range.end;
        }
        bytes.extend_from_slice(key.get(from..).unwrap_or_default());
        bytes
    };
    if pieces.is_empty() {
        return;
    }
    add(made(pieces));
    for piece in pieces.chunks(1).take(MOST_PLACES) {
        add(made(piece));
    }
}

fn positions(key: &[u8], sign: u8) -> impl Iterator<Item = usize> {
    let places = key.iter().enumerate();
    places.filter_map(move |(at, &byte)| (byte == sign).then_some(at))
}

/// Where a sign stands twice, which some readers make one of.
fn twice(key: &[u8], sign: u8) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for at in positions(key, sign) {
        let free = found.last().is_none_or(|last| last.end <= at);
        if free && key.get(at + 1) == Some(&sign) {
            found.push(at..at + 2);
        }
    }
    found
}

fn doubled(key: &[u8], sign: u8, becomes: &'static [u8]) -> Vec<Piece> {
    positions(key, sign)
        .map(|at| Piece {
            range: at..at + 1,
            becomes,
        })
        .collect()
}

/// What a shell, dotenv or Compose makes of `$NAME`, `${NAME}` and `$$` when there is no such variable.
fn interpolated(key: &[u8], mut add: impl FnMut(Zeroizing<Vec<u8>>)) {
    if !key.contains(&b'$') {
        return;
    }
    let pairs = twice(key, b'$');
    let mut names = Vec::new();
    let mut from = 0;
    for at in positions(key, b'$') {
        if at < from || pairs.iter().any(|pair| pair.contains(&at)) {
            continue;
        }
        if let Some(end) = reference_end(key, at) {
            from = end;
            names.push(at..end);
        }
    }
    let gone = |range: &Range<usize>| Piece {
        range: range.clone(),
        becomes: b"",
    };
    let halved = |range: &Range<usize>| Piece {
        range: range.clone(),
        becomes: b"$",
    };
    let eaten: Vec<_> = names.iter().map(gone).collect();
    let half: Vec<_> = pairs.iter().map(halved).collect();
    // What Compose does to both at once.
    let mut both: Vec<_> = names
        .iter()
        .map(gone)
        .chain(pairs.iter().map(halved))
        .collect();
    both.sort_by_key(|piece| piece.range.start);
    replace(key, &both, &mut add);
    replace(key, &eaten, &mut add);
    replace(key, &half, &mut add);
    replace(key, &doubled(key, b'$', b"$$"), &mut add);
}

/// Where the variable ends that starts with the `$` here.
fn reference_end(key: &[u8], at: usize) -> Option<usize> {
    let rest = key.get(at + 1..)?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let len = match rest.first()? {
        b'{' => rest.iter().position(|&byte| byte == b'}')? + 1,
        byte if byte.is_ascii_digit() || b"@*#?!-".contains(byte) => 1,
        byte if is_name(byte) => rest.iter().take_while(|byte| is_name(byte)).count(),
        _ => return None,
    };
    Some(at + 1 + len)
}

/// What systemd makes of `%x` in a unit: of those that are the same on most machines by what they
/// stand for there, of all as if they stood for nothing.
fn specified(key: &[u8], mut add: impl FnMut(Zeroizing<Vec<u8>>)) {
    if !key.contains(&b'%') {
        return;
    }
    let pairs = twice(key, b'%');
    let half: Vec<_> = pairs
        .iter()
        .map(|range| Piece {
            range: range.clone(),
            becomes: b"%",
        })
        .collect();
    let letters: Vec<_> = positions(key, b'%')
        .filter(|at| !pairs.iter().any(|pair| pair.contains(at)))
        .filter(|at| key.get(at + 1).is_some_and(u8::is_ascii_alphabetic))
        .collect();
    let with = |becomes: fn(u8) -> &'static [u8]| -> Vec<_> {
        letters
            .iter()
            .map(|&at| Piece {
                range: at..at + 2,
                becomes: becomes(key.get(at + 1).copied().unwrap_or_default()),
            })
            .collect()
    };
    let eaten = with(|_| b"");
    let expanded = with(stands_for);
    replace(key, &half, &mut add);
    replace(key, &expanded, &mut add);
    replace(key, &eaten, &mut add);
    replace(key, &doubled(key, b'%', b"%%"), &mut add);
}

/// What systemd's specifiers are for the system manager, where the machine does not matter.
fn stands_for(specifier: u8) -> &'static [u8] {
    match specifier {
        b'h' => b"/root",
        b'u' | b'g' => b"root",
        b'U' | b'G' => b"0",
        b't' => b"/run",
        b'T' => b"/tmp",
        b'V' => b"/var/tmp",
        b'S' => b"/var/lib",
        b'C' => b"/var/cache",
        b'L' => b"/var/log",
        b'E' => b"/etc",
        b's' => b"/bin/sh",
        _ => b"",
    }
}

/// What is left of a key with blanks: none, or one for each run.
fn unspaced(key: &[u8], mut add: impl FnMut(Zeroizing<Vec<u8>>)) {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, byte) in key.iter().enumerate() {
        if byte.is_ascii_whitespace() {
            match runs.last_mut().filter(|run| run.end == at) {
                Some(run) => run.end = at + 1,
                None => runs.push(at..at + 1),
            }
        }
    }
    // What stands at an end is lost with the ends.
    runs.retain(|run| run.start > 0 && run.end < key.len());
    for becomes in [&b""[..], b" ", b"\n", b"\r\n", b"\\n"] {
        let pieces: Vec<_> = runs
            .iter()
            .map(|range| Piece {
                range: range.clone(),
                becomes,
            })
            .collect();
        replace(key, &pieces, &mut add);
    }
}

/// Whether the two are the same but for their blanks.
pub(super) fn differ_in_blanks(key: &[u8], bytes: &[u8]) -> Option<Damage> {
    let own = spaced::removed(key);
    let here = spaced::removed(bytes);
    let same = own.as_ref().map_or(key, |own| own) == here.as_ref().map_or(bytes, |here| here);
    let damage = if bytes.len() > key.len() {
        Damage::WhitespaceInside
    } else {
        Damage::WhitespaceLost
    };
    (same && key != bytes).then_some(damage)
}
