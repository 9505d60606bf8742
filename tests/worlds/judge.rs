//! The second opinion on one reading: what the documents say of it, from what was put there.
//!
//! It knows what the place holds because the world was made so, and searches nothing. Where the
//! documents leave something open, several verdicts are allowed.

use super::forms::{Form, Kind};
use super::keys::Style;
use super::world::{
    Content, Deployment, Expect, Hop, Made, Reference, Revoked, Scope, Seen, Stage, Verdict, World,
};

/// A key that the program knows.
pub struct Entry<'a> {
    pub scope: usize,
    pub role: Role,
    pub key: &'a str,
    by_value: bool,
    /// Whether a faulty reference shows its bytes; whether they are used then is left open.
    perhaps_by_value: bool,
    /// False for what a faulty reference holds.
    pub sure: bool,
}

impl Entry<'_> {
    /// Whether neither its bytes nor what it looks like are known, so that only its whole text finds it.
    pub fn is_hidden(&self, world: &World) -> bool {
        !self.by_value && world.scopes[self.scope].style.format().is_none()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Current,
    Next,
    Previous(usize),
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Next => "next",
            Self::Previous(_) => "previous",
        }
    }

    /// How many rotations behind the current key.
    pub fn behind(self) -> u64 {
        match self {
            Self::Current | Self::Next => 0,
            Self::Previous(index) => index as u64 + 1,
        }
    }
}

/// Every key that the program knows.
pub fn keyring(world: &World) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    for (index, scope) in world.scopes.iter().enumerate() {
        if scope.dropped {
            continue;
        }
        let mut push = |role, key, by_value, sure| {
            entries.push(Entry {
                scope: index,
                role,
                key,
                by_value,
                perhaps_by_value: false,
                sure,
            });
        };
        let current = &scope.current;
        match scope.reference {
            Reference::Sound => push(Role::Current, &*current.key, current.by_value, true),
            Reference::Faulty { held: true } => {
                push(Role::Current, &*current.key, current.by_value, false);
            }
            Reference::Faulty { held: false } | Reference::Unread => {}
        }
        if let Some(next) = &scope.next {
            push(Role::Next, &*next.key, next.by_value, true);
        }
        for (number, previous) in scope.previous.iter().enumerate() {
            let known = &previous.known;
            push(Role::Previous(number), &*known.key, known.by_value, true);
        }
    }
    // A key that two share may be read at one of them, and be a fingerprint at the other.
    let read = |sure: bool| -> Vec<&str> {
        let read = entries.iter();
        let read = read.filter(|entry| entry.by_value && entry.sure == sure);
        read.map(|entry| entry.key).collect()
    };
    let (read, perhaps) = (read(true), read(false));
    for entry in &mut entries {
        entry.by_value |= read.contains(&entry.key);
        entry.perhaps_by_value = perhaps.contains(&entry.key);
    }
    entries
}

/// What is allowed to be said of a reading.
#[derive(Debug)]
pub struct Expected {
    pub verdicts: Vec<Verdict>,
    /// Those of them that other keys than the one below would give.
    pub open: Vec<Verdict>,
    /// What is said if the first of the verdicts is given.
    pub damage: Damage,
    /// Scope, and which of its keys; none where the first verdict names no key.
    pub matches: Vec<(usize, Role)>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Damage {
    None,
    Exactly(Vec<&'static str>),
    One(&'static str),
    Some,
}

fn verdicts(verdicts: &[Verdict]) -> Expected {
    Expected {
        verdicts: verdicts.to_vec(),
        open: Vec::new(),
        damage: Damage::None,
        matches: Vec::new(),
    }
}

pub fn expected(
    world: &World,
    keyring: &[Entry<'_>],
    deployment: &Deployment,
    hop: &Hop,
    content: &Content,
) -> Expected {
    let scope = world.scope(deployment);
    let expect = hop.expect.unwrap_or(deployment.expect);
    let by_value = hop.seen == Seen::Value;
    let nothing = match expect {
        Expect::Current => Verdict::Missing,
        Expect::Optional | Expect::Absent => Verdict::NotRequired,
    };
    let stand_in = match expect {
        Expect::Current | Expect::Optional => Verdict::Missing,
        Expect::Absent => Verdict::NotRequired,
    };
    let (bytes, made) = match content {
        Content::Failed => return verdicts(&[Verdict::Unreachable]),
        Content::Open => return verdicts(&[Verdict::Unverified]),
        Content::Absent => return verdicts(&[nothing]),
        Content::Bytes(bytes, made) => (bytes, made),
    };
    let unknown = unknown(world, scope, expect, hop.seen, bytes, made);
    let endpoint = matches!(hop.source, "command" | "http");
    let hidden = match expect {
        // That it hides something is said of it, or that nothing speaks against it.
        Expect::Absent => vec![Verdict::Unverified, Verdict::NotRequired],
        _ => vec![Verdict::Unverified],
    };
    match made {
        // What a fingerprint stands for may be found out, or not.
        Made::Empty if !by_value => verdicts(&[&[nothing], &unknown[..]].concat()),
        Made::Placeholder | Made::Encrypted | Made::Mask | Made::Address if !by_value => {
            verdicts(&[&[stand_in, Verdict::Unverified], &unknown[..]].concat())
        }
        Made::Empty => verdicts(&[nothing]),
        Made::Mask if endpoint => verdicts(&hidden),
        Made::Address if hop.stage == Stage::Running => verdicts(&hidden),
        Made::Placeholder | Made::Encrypted | Made::Mask | Made::Address => verdicts(&[stand_in]),
        Made::Stranger => verdicts(&unknown),
        Made::Keys(keys, form) => {
            let found = Found {
                world,
                keyring,
                own: deployment.scope,
                keys,
                form,
                seen: hop.seen,
            };
            let mut unknown = unknown;
            // Brackets around a word that nobody knows may be those of a template.
            let formats = world.scopes.iter().filter(|scope| !scope.dropped);
            let mut styles = formats.map(|scope| scope.style);
            let brackets = matches!(bytes.first(), Some(b'<' | b'[' | b'(' | b'{' | b'$'));
            if form.kind == Kind::Embedded
                && brackets
                && !styles.any(|style| fits(style, bytes, false))
            {
                unknown.push(stand_in);
            }
            found.expected(expect, &unknown)
        }
    }
}

/// What is said of a value that is no known key.
fn unknown(
    world: &World,
    scope: &Scope,
    expect: Expect,
    seen: Seen,
    bytes: &[u8],
    made: &Made,
) -> Vec<Verdict> {
    let sound = scope.reference == Reference::Sound;
    if expect != Expect::Absent {
        return vec![if sound {
            Verdict::Unknown
        } else {
            Verdict::Unverified
        }];
    }
    let (Some(_), Seen::Value) = (scope.style.format(), seen) else {
        return match scope.style.format() {
            // Whether it fits the format cannot be seen.
            Some(_) => vec![Verdict::Unknown, Verdict::Unverified],
            None => vec![Verdict::Unverified],
        };
    };
    if let Made::Keys(_, form) = made
        && form.kind != Kind::Damage
        && form.kind != Kind::Exact
    {
        return vec![Verdict::Unknown, Verdict::Unverified, Verdict::NotRequired];
    }
    // "`unknown` if the value, or a part of it, fits that or another project's `format`; else it passes."
    let formats = world.scopes.iter().filter(|scope| !scope.dropped);
    let any = |test: &dyn Fn(Style) -> bool| formats.clone().any(|scope| test(scope.style));
    if any(&|style| fits(style, bytes, true)) {
        vec![Verdict::Unknown]
    } else if any(&|style| fits(style, bytes, false) || encodes_one(style, made)) {
        // A part of a word fits. That is no token, and may be called one. So may what is one when it is
        // decoded.
        vec![Verdict::NotRequired, Verdict::Unknown]
    } else {
        vec![Verdict::NotRequired]
    }
}

/// Whether this was made of a key that fits the format.
fn encodes_one(style: Style, made: &Made) -> bool {
    matches!(made, Made::Keys(keys, form) if !form.names.is_empty()
        && keys.iter().any(|key| fits(style, key.as_bytes(), true)))
}

/// Whether a part of the value fits the format; a whole word, or any part.
fn fits(style: Style, bytes: &[u8], whole: bool) -> bool {
    let Some(format) = style.format() else {
        return false;
    };
    let mut format = format
        .trim_start_matches('^')
        .trim_end_matches('$')
        .to_owned();
    if whole {
        format = format!(r"(?:^|[^A-Za-z0-9_-]){format}(?:$|[^A-Za-z0-9_-])");
    }
    let format = regex::bytes::Regex::new(&format).unwrap();
    format.is_match(bytes)
}

/// Keys in a value, and which of them can be found there.
struct Found<'a> {
    world: &'a World,
    keyring: &'a [Entry<'a>],
    own: usize,
    keys: &'a [String],
    form: &'a Form,
    seen: Seen,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Can {
    Be,
    Perhaps,
    Not,
}

impl Found<'_> {
    /// Whether the documents say that this key is found in such a value.
    fn can(&self, entry: &Entry<'_>) -> Can {
        let style = self.world.scopes[entry.scope].style;
        let can = match (self.form.kind, self.seen) {
            (Kind::Exact, _) => Can::Be,
            // Under 12 digits damage is not searched.
            (_, Seen::Fingerprint(digits)) if digits < 12 => return Can::Not,
            (Kind::Damage, Seen::Fingerprint(_)) if !entry.by_value => Can::Not,
            (Kind::Damage, Seen::Fingerprint(_)) if self.form.listed => Can::Be,
            (_, Seen::Fingerprint(_)) => Can::Perhaps,
            (_, Seen::Value) if entry.by_value => Can::Be,
            (Kind::Damage | Kind::Markup, Seen::Value) if self.form.reversible => Can::Be,
            (Kind::Damage | Kind::Markup, Seen::Value) => Can::Perhaps,
            (Kind::Embedded, Seen::Value) if style.format().is_some() => Can::Be,
            (Kind::Embedded, Seen::Value) => Can::Perhaps,
        };
        match can {
            Can::Be if !entry.sure && entry.scope != self.own => Can::Perhaps,
            Can::Not if entry.perhaps_by_value => Can::Perhaps,
            other => other,
        }
    }

    /// Which of several entries decides: the smallest.
    fn rank(&self, entry: &Entry<'_>) -> usize {
        match entry.role {
            _ if entry.scope != self.own => 1000,
            // "An old key anywhere in a value outweighs a current one beside it", and of several old ones
            // the dead one decides: of verdicts, the worst comes first.
            Role::Previous(index) if self.keys.len() > 1 => {
                let scope = &self.world.scopes[entry.scope];
                if is_dead(scope, index) {
                    index
                } else {
                    50 + index
                }
            }
            Role::Current => 100,
            Role::Next => 101,
            Role::Previous(index) => 200 + index,
        }
    }

    fn verdict(&self, entry: &Entry<'_>, expect: Expect) -> Vec<Verdict> {
        let scope = &self.world.scopes[entry.scope];
        let exact = self.form.kind == Kind::Exact;
        if entry.scope != self.own {
            let own = &self.world.scopes[self.own];
            let shared = own.current.key == scope.current.key;
            // Whether other keys of a project that shares this one are foreign is left open.
            return match entry.role {
                Role::Previous(_) if shared => {
                    vec![Verdict::WrongProject, Verdict::Stale, Verdict::Revoked]
                }
                Role::Next if shared && expect == Expect::Absent => {
                    vec![Verdict::WrongProject, Verdict::Stale, Verdict::Malformed]
                }
                Role::Next if shared && exact => vec![Verdict::WrongProject, Verdict::Current],
                Role::Next if shared => vec![Verdict::WrongProject, Verdict::Malformed],
                _ => vec![Verdict::WrongProject],
            };
        }
        match entry.role {
            Role::Previous(index) => vec![if is_dead(scope, index) {
                Verdict::Revoked
            } else {
                Verdict::Stale
            }],
            // With nothing to compare with, no hop is current.
            Role::Next if scope.reference != Reference::Sound => match expect {
                Expect::Absent => vec![Verdict::Stale, Verdict::Malformed, Verdict::Unverified],
                // Nothing tells which of the two holds it by mistake, and neither is sound.
                _ if exact && self.is_anothers_reference(entry.key) => {
                    vec![Verdict::Unverified, Verdict::WrongProject]
                }
                _ if exact => vec![Verdict::Unverified],
                _ => vec![Verdict::Unverified, Verdict::Malformed],
            },
            // Nothing tells which of the two holds it by mistake.
            Role::Next if exact && self.is_anothers_reference(entry.key) => match expect {
                Expect::Absent => vec![Verdict::Stale, Verdict::WrongProject],
                _ => vec![Verdict::Current, Verdict::WrongProject],
            },
            _ if expect == Expect::Absent && exact => vec![Verdict::Stale],
            _ if expect == Expect::Absent => vec![Verdict::Stale, Verdict::Malformed],
            _ if exact => vec![Verdict::Current],
            _ => vec![Verdict::Malformed],
        }
    }

    fn expected(&self, expect: Expect, unknown: &[Verdict]) -> Expected {
        let unsound = self.world.scopes[self.own].reference != Reference::Sound;
        let mut candidates: Vec<(usize, &Entry<'_>, Can)> = self
            .keyring
            .iter()
            .filter(|entry| self.keys.iter().any(|key| key == entry.key))
            .filter(|entry| !(unsound && entry.scope == self.own && entry.role == Role::Current))
            .map(|entry| (self.rank(entry), entry, self.can(entry)))
            .filter(|(_, _, can)| *can != Can::Not)
            .collect();
        candidates.sort_by_key(|(rank, _, _)| *rank);
        let mut allowed = verdicts(&[]);
        let mut unsure = Vec::new();
        let decides = candidates.iter().find(|(_, _, can)| *can == Can::Be);
        for (rank, entry, can) in &candidates {
            let said = self.verdict(entry, expect);
            match decides {
                Some((best, _, _)) if rank > best => {}
                _ if *can == Can::Perhaps => {
                    unsure.extend(said);
                    // One key that two have may be told as either's.
                    if decides.is_some_and(|(best, _, _)| rank == best) {
                        allowed.matches.push((entry.scope, entry.role));
                    }
                }
                _ => {
                    allowed.verdicts.extend(said);
                    allowed.matches.push((entry.scope, entry.role));
                }
            }
        }
        if allowed.verdicts.is_empty() {
            // No match is claimed for the first verdict, which is that nothing is known.
            allowed.verdicts.extend_from_slice(unknown);
        } else {
            allowed.damage = self.damage();
        }
        // A key that should be gone is drift, though nobody is sure whose it is.
        if unsound && expect == Expect::Absent && self.holds_its_own() {
            unsure.extend([Verdict::Stale, Verdict::WrongProject, Verdict::Malformed]);
        }
        allowed.verdicts.extend_from_slice(&unsure);
        allowed.open = unsure;
        allowed
    }

    fn is_anothers_reference(&self, key: &str) -> bool {
        let mut others = self.keyring.iter();
        others
            .any(|entry| entry.scope != self.own && entry.role == Role::Current && entry.key == key)
    }

    fn holds_its_own(&self) -> bool {
        let current = &self.world.scopes[self.own].current.key;
        self.keys.contains(current)
    }

    fn damage(&self) -> Damage {
        match (self.form.kind, self.form.names.first()) {
            (Kind::Exact, _) => Damage::None,
            (Kind::Damage, _) => Damage::Exactly(self.form.names.clone()),
            (Kind::Embedded, Some(name)) => Damage::One(name),
            (Kind::Embedded | Kind::Markup, _) => Damage::Some,
        }
    }
}

/// Whether this previous key is dead.
pub fn is_dead(scope: &Scope, previous: usize) -> bool {
    scope.immediate || scope.previous[previous].revoked == Revoked::Past
}
