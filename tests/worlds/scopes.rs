//! Projects and their environments: keys, references, and what is wrong with those.

use super::dice::Dice;
use super::envfile::{self, Dialect};
use super::keys::{Style, fingerprint};
use super::kinds::Kinds;
use super::world::{Artifact, Known, Previous, Reference, Revoked, Scope};

const PROJECTS: [&str; 6] = ["checkout", "shop", "mail", "search", "billing", "ads"];

/// The scopes of a world. In a tidy one, hardly anything is wrong with the references.
pub fn scopes(dice: &mut Dice, kinds: &Kinds, tidy: bool) -> Vec<Scope> {
    let count = if tidy {
        dice.between(1, 3)
    } else {
        dice.between(2, 5)
    };
    let mut scopes = Vec::new();
    for project in &PROJECTS[..count] {
        let style = *dice.pick(&Style::ALL);
        let variable = *dice.pick(&["API_KEY", "ALLSTAK_API_KEY", "SERVICE_KEY"]);
        let immediate = dice.percent(25);
        scopes.push(scope(
            project, None, style, variable, immediate, dice, kinds,
        ));
        if dice.percent(if tidy { 20 } else { 40 }) {
            let environment = Some("staging".to_owned());
            scopes.push(scope(
                project,
                environment,
                style,
                variable,
                immediate,
                dice,
                kinds,
            ));
        }
    }
    for index in 0..scopes.len() {
        if dice.percent(if tidy { 4 } else { 28 }) {
            spoil(&mut scopes, index, dice, kinds);
        }
    }
    scopes
}

fn scope(
    project: &str,
    environment: Option<String>,
    style: Style,
    variable: &str,
    immediate: bool,
    dice: &mut Dice,
    kinds: &Kinds,
) -> Scope {
    let mut scope = Scope {
        project: project.to_owned(),
        style,
        variable: variable.to_owned(),
        current: Known {
            key: style.key(dice),
            by_value: true,
            yaml: String::new(),
            artifacts: Vec::new(),
        },
        reference: Reference::Sound,
        next: None,
        previous: Vec::new(),
        immediate,
        same_key_as: None,
        rotated_at: dice.percent(40),
        previous_nothing: kinds.has(Kinds::REFERENCES) && dice.percent(4),
        environment,
        leans_on: Vec::new(),
        dropped: false,
    };
    let key = scope.current.key.clone();
    sound(&mut scope, &key, dice);
    if dice.percent(25) {
        let key = style.key(dice);
        scope.next = Some(known(&scope, "next", key, dice));
    }
    let mut dead = false;
    for number in 0..dice.weighed(&[(25, 0), (40, 1), (25, 2), (10, 3)]) {
        let key = style.key(dice);
        let known = known(&scope, &format!("previous-{number}"), key, dice);
        // The latest comes first, and an earlier one does not die later.
        let later = !dead && (!immediate || kinds.has(Kinds::DEAD_LATER));
        let revoked = match dice.below(6) {
            0 | 1 => Revoked::Past,
            2 if later => Revoked::ToCome,
            _ => Revoked::No,
        };
        dead |= revoked == Revoked::Past;
        scope.previous.push(Previous { known, revoked });
    }
    scope
}

/// Where the files of this scope lie.
fn path(scope: &Scope, what: &str) -> String {
    let environment = scope.environment.as_deref().unwrap_or("general");
    format!("keys/{}-{environment}-{what}", scope.project)
}

/// A key that is read from a file, or given by its fingerprint.
fn known(scope: &Scope, what: &str, key: String, dice: &mut Dice) -> Known {
    if dice.percent(50) {
        let path = path(scope, what);
        return Known {
            by_value: true,
            yaml: format!("file: {{ path: {path} }}"),
            artifacts: vec![Artifact::File(path, key.clone().into())],
            key,
        };
    }
    let digits = *dice.pick(&[12, 12, 16, 64]);
    Known {
        by_value: false,
        yaml: format!("fingerprint: '{}'", fingerprint(key.as_bytes(), digits)),
        artifacts: Vec::new(),
        key,
    }
}

/// A reference that shows exactly this key.
fn sound(scope: &mut Scope, key: &str, dice: &mut Dice) {
    let path = path(scope, "current");
    let bytes = key.as_bytes().to_vec();
    let mut by_value = true;
    let (yaml, artifact) = match dice.below(12) {
        0..4 => (
            format!("file: {{ path: {path} }}"),
            Artifact::File(path, bytes),
        ),
        4 | 5 => (
            format!("file: {{ path: {path}, trim: newline }}"),
            Artifact::File(path, [&bytes[..], b"\n"].concat()),
        ),
        6 => {
            let dialect = *dice.pick(&Dialect::ALL);
            let line = envfile::line(dialect, &scope.variable, &bytes).unwrap();
            (
                format!("dotenv: {{ path: {path}, dialect: {} }}", dialect.name()),
                Artifact::File(path, line.into()),
            )
        }
        7 => (
            format!("command: {{ argv: [cat, {path}], yields: value, stage: store }}"),
            Artifact::File(path, bytes),
        ),
        8 => (
            format!("http: {{ url: 'SERVER/{path}', yields: value, stage: store }}"),
            Artifact::Answer(format!("/{path}"), 200, bytes),
        ),
        9 => {
            let name = path.replace(['/', '-'], "_");
            (
                format!("env: {{ variable: {name} }}"),
                Artifact::Variable(name, bytes),
            )
        }
        10 => {
            by_value = false;
            let digits = *dice.pick(&[12, 64]);
            let yaml = format!("fingerprint: '{}'", fingerprint(&bytes, digits));
            scope.current = Known {
                key: key.to_owned(),
                by_value,
                yaml,
                artifacts: Vec::new(),
            };
            return;
        }
        _ => {
            by_value = false;
            (
                format!("command: {{ argv: [cat, {path}], yields: fingerprint, stage: store }}"),
                Artifact::File(path, fingerprint(&bytes, 64).into()),
            )
        }
    };
    scope.current = Known {
        key: key.to_owned(),
        by_value,
        yaml,
        artifacts: vec![artifact],
    };
}

/// Makes something wrong with a reference, or at least unusual.
fn spoil(scopes: &mut [Scope], index: usize, dice: &mut Dice, kinds: &Kinds) {
    let others: Vec<usize> = (0..index)
        .filter(|&other| {
            scopes[other].reference == Reference::Sound && holds_its_key_alone(scopes, other)
        })
        .collect();
    let path = path(&scopes[index], "current");
    let file = |bytes: Vec<u8>| Known {
        key: scopes[index].current.key.clone(),
        by_value: true,
        yaml: format!("file: {{ path: {path} }}"),
        artifacts: vec![Artifact::File(path.clone(), bytes)],
    };
    let nothing = Reference::Faulty { held: false };
    let (known, reference) = match dice.below(12) {
        0 => (file(Vec::new()), nothing),
        1 => (
            file(dice.pick(&["changeme", "undefined"]).as_bytes().into()),
            nothing,
        ),
        2 | 3 => {
            let key = &scopes[index].current.key;
            let value = match dice.below(4) {
                0 => format!("\"{key}\""),
                1 => format!("{key}\n"),
                2 => format!(" {key}"),
                _ => format!("Bearer {key}"),
            };
            (file(value.into()), Reference::Faulty { held: true })
        }
        4 if scopes[index].style.format().is_some() => {
            let stranger = Style::Plain.key(dice);
            (file(stranger.into()), nothing)
        }
        5 => {
            let mut known = file(Vec::new());
            known.artifacts.clear();
            (known, nothing)
        }
        6 => {
            let mut known = file(Vec::new());
            known.artifacts = vec![Artifact::Folder(path)];
            (known, Reference::Unread)
        }
        7 if kinds.has(Kinds::REFERENCES) => {
            let nothing_at_all = *dice.pick(&["", "undefined", "changeme"]);
            let known = Known {
                key: scopes[index].current.key.clone(),
                by_value: false,
                yaml: format!(
                    "fingerprint: '{}'",
                    fingerprint(nothing_at_all.as_bytes(), *dice.pick(&[12, 64]))
                ),
                artifacts: Vec::new(),
            };
            (known, nothing)
        }
        8 | 9 => return of_another(scopes, index, &others, dice, kinds),
        10 => return of_its_own(scopes, index, dice),
        _ if kinds.has(Kinds::REFERENCES) => return shared(scopes, index, &others, dice),
        _ => return,
    };
    scopes[index].current = known;
    scopes[index].reference = reference;
}

/// Whether its current key is nobody's key besides, not even its own previous one.
fn holds_its_key_alone(scopes: &[Scope], index: usize) -> bool {
    let key = &scopes[index].current.key;
    let currents = scopes.iter().filter(|scope| scope.current.key == *key);
    let previous = scopes.iter().flat_map(|scope| &scope.previous);
    currents.count() == 1 && !previous.into_iter().any(|former| former.known.key == *key)
}

/// The reference holds a key of another project or environment.
fn of_another(
    scopes: &mut [Scope],
    index: usize,
    others: &[usize],
    dice: &mut Dice,
    kinds: &Kinds,
) {
    if others.is_empty() {
        return;
    }
    let other = *dice.pick(others);
    // A key that the format of this project rules out is the other's alone.
    let style = scopes[index].style;
    let fits = style.format().is_none() || style == scopes[other].style;
    let (key, is_current) = match dice.below(3) {
        0 if kinds.has(Kinds::REFERENCES) => (Some(scopes[other].current.key.clone()), true),
        1 if kinds.has(Kinds::HELD_NEXT) => (
            scopes[other].next.as_ref().map(|next| next.key.clone()),
            false,
        ),
        _ => (
            scopes[other]
                .previous
                .first()
                .map(|key| key.known.key.clone()),
            false,
        ),
    };
    let Some(key) = key else { return };
    sound(&mut scopes[index], &key, dice);
    scopes[index].reference = Reference::Faulty { held: true };
    scopes[index].leans_on.push(other);
    // Of what was declared by its fingerprint alone, the format tells "wherever the value itself is seen".
    let is_seen = scopes[index].current.by_value || scopes[other].current.by_value;
    // "Two projects with the same current key are both faulty."
    if is_current && (fits || !is_seen) {
        scopes[other].leans_on.push(index);
        scopes[other].reference = Reference::Faulty { held: true };
    }
}

/// The reference went back to an earlier key.
fn of_its_own(scopes: &mut [Scope], index: usize, dice: &mut Dice) {
    let Some(former) = scopes[index].previous.last() else {
        return;
    };
    let dead = scopes[index].immediate || former.revoked == Revoked::Past;
    let key = former.known.key.clone();
    sound(&mut scopes[index], &key, dice);
    if dead {
        scopes[index].reference = Reference::Faulty { held: true };
    }
}

/// Two projects share their key, and say so.
fn shared(scopes: &mut [Scope], index: usize, others: &[usize], dice: &mut Dice) {
    let same_format: Vec<usize> = others
        .iter()
        .copied()
        .filter(|&other| scopes[other].style == scopes[index].style)
        .collect();
    if same_format.is_empty() {
        return;
    }
    let other = *dice.pick(&same_format);
    let key = scopes[other].current.key.clone();
    sound(&mut scopes[index], &key, dice);
    let named = match &scopes[other].environment {
        Some(environment) => format!("{}/{environment}", scopes[other].project),
        None => scopes[other].project.clone(),
    };
    scopes[index].same_key_as = Some(named);
    scopes[index].leans_on.push(other);
}
