//! What is set for a target.

use std::sync::Arc;

use jiff::Timestamp;

use super::Vercel;
use crate::key::Secret;
use crate::platform::vercel::{Custom, Listed, Project, Shared, Shown, Value, Variable, Variables};
use crate::platform::{Asking, MAX_BYTES, Stop};
use crate::reading::{ErrorKind, Found, ReadError, Reading};
use crate::text::escape;

/// A variable that is set, or that none is.
pub(super) struct Set {
    pub found: Found,
    /// When that was last changed; `None` also where nothing is set.
    pub updated_at: Option<Timestamp>,
    /// What a person should know beside it.
    pub note: Option<String>,
    id: Option<Arc<str>>,
}

impl Set {
    /// One that could not be read.
    pub fn unread(error: ReadError) -> Self {
        Self {
            found: Found::Failed(error),
            updated_at: None,
            note: None,
            id: None,
        }
    }

    pub fn into_reading(self) -> Reading {
        let reading = Reading {
            replica: self.id.as_deref().map(|id| escape(id).into()),
            stored_at: self.updated_at,
            ..Reading::new(self.found)
        };
        match self.note {
            Some(note) => reading.with_note(note),
            None => reading,
        }
    }
}

/// Whose variables are looked through.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    Project,
    Team,
}

/// What wins of all that is set under this name: usually one.
pub(super) fn all(hop: &Vercel, name: &str, asking: &Asking<'_>) -> Result<Vec<Set>, Stop> {
    let project = Project {
        project: Arc::clone(&hop.project),
    };
    // Both are asked for before either is waited for.
    let shown = hop.custom().map(|_| asking.of(&project));
    let own = asking.of(&Variables {
        project: Arc::clone(&hop.project),
        custom: hop.custom().cloned(),
    });
    let custom = match shown {
        Some(shown) => Some(custom(hop, shown?)?),
        None => None,
    };
    let own = own?;
    let (winners, notes) = choose(hop, name, custom, own);
    if !winners.is_empty() {
        return looked_at(hop, Owner::Project, &winners, &notes, asking);
    }
    all_listed(hop, own)?;
    let shown = asking.of(&project)?;
    if shown.account_id.starts_with("team_") {
        let shared = asking.of(&Shared {
            project: Arc::clone(&shown.id),
        })?;
        let (winners, mut told) = choose(hop, name, custom, shared);
        if !winners.is_empty() {
            told.insert(0, "the team shares it with the project".to_owned());
            told.extend(notes);
            return looked_at(hop, Owner::Team, &winners, &told, asking);
        }
        all_listed(hop, shared)?;
    }
    Ok(vec![Set {
        found: Found::Absent,
        updated_at: None,
        id: None,
        note: told(&notes),
    }])
}

/// The id of the custom environment that the hop names.
fn custom<'p>(hop: &Vercel, project: &'p Shown) -> Result<&'p str, ReadError> {
    let named = |custom: &&Custom| *custom.slug == *hop.target();
    if let Some(custom) = project.custom().iter().find(named) {
        return Ok(&custom.id);
    }
    let known: Vec<_> = project
        .custom()
        .iter()
        .map(|custom| escape(&custom.slug))
        .collect();
    Err(ReadError::new(
        ErrorKind::NotFound,
        format!(
            "the project {} has no environment {}",
            escape(&hop.project),
            escape(hop.target())
        ),
        format!(
            "correct `target`: production, preview, development{}{}",
            if known.is_empty() { "" } else { ", " },
            known.join(", ")
        ),
    ))
}

/// The variables that win, and what is to be said of those that do not.
fn choose<'l>(
    hop: &Vercel,
    name: &str,
    custom: Option<&str>,
    listed: &'l Listed,
) -> (Vec<&'l Variable>, Vec<String>) {
    let meant = |variable: &&Variable| match custom {
        Some(id) => variable.every_custom || variable.custom.iter().any(|of| **of == *id),
        None => variable
            .targets
            .iter()
            .any(|target| **target == *hop.target()),
    };
    let named = listed
        .variables
        .iter()
        .filter(|variable| *variable.key == *name);
    let (general, of_branches): (Vec<_>, Vec<_>) = named
        .filter(meant)
        .partition(|variable| variable.branch.is_none());
    let (of_branch, of_others): (Vec<_>, Vec<_>) = of_branches
        .into_iter()
        .partition(|variable| variable.branch.as_deref() == hop.branch.as_deref());
    if of_branch.is_empty() {
        let branches = of_others
            .iter()
            .filter_map(|variable| variable.branch.as_deref());
        let notes = branches.filter(|_| hop.branch.is_none()).map(|branch| {
            format!(
                "the branch {} has one of its own, which was not judged",
                escape(branch)
            )
        });
        return (general, notes.collect());
    }
    let newest = of_branch
        .iter()
        .filter_map(|variable| variable.updated_at)
        .max();
    let notes = general.iter().map(|variable| {
        let newer = variable.updated_at > newest;
        let written = variable
            .updated_at
            .map_or_else(String::new, |at| format!(", changed {at}"));
        match newer {
            true => format!(
                "there is a newer one for all previews{written}, which loses to that of the branch: it may have been \
                 rotated where this branch does not read it"
            ),
            false => format!("there is an older one for all previews{written}, which loses to that of the branch"),
        }
    });
    let notes = notes.collect();
    (of_branch, notes)
}

/// What is found in each of these.
fn looked_at(
    hop: &Vercel,
    owner: Owner,
    variables: &[&Variable],
    notes: &[String],
    asking: &Asking<'_>,
) -> Result<Vec<Set>, Stop> {
    // Each is asked for before any is waited for.
    let found: Vec<_> = variables
        .iter()
        .map(|variable| found(hop, owner, variable, asking))
        .collect();
    let set = found.into_iter().zip(variables).map(|(found, variable)| {
        let found = match found {
            Err(Stop::Pending) => return Err(Stop::Pending),
            Err(Stop::Failed(error)) => Found::Failed(error),
            Ok(found) => found,
        };
        Ok(Set {
            found,
            updated_at: variable.updated_at,
            id: Some(Arc::clone(&variable.id)),
            note: told(notes),
        })
    });
    set.collect()
}

fn found(
    hop: &Vercel,
    owner: Owner,
    listed: &Variable,
    asking: &Asking<'_>,
) -> Result<Found, Stop> {
    if let Some(value) = &listed.value {
        return Ok(value_of(hop, value)?);
    }
    if let Some(hidden) = never_shown(listed) {
        return Ok(hidden);
    }
    let alone = asking.of(&Value {
        project: (owner == Owner::Project).then(|| Arc::clone(&hop.project)),
        id: Arc::clone(&listed.id),
    })?;
    if let Some(value) = &alone.value {
        return Ok(value_of(hop, value)?);
    }
    Ok(never_shown(alone).unwrap_or_else(|| {
        Found::hidden(
            listed.updated_at,
            "Vercel gave it encrypted: let the token's member see the values of the project's environment variables",
        )
    }))
}

/// What can be said of a variable whose value Vercel shows to nobody.
fn never_shown(variable: &Variable) -> Option<Found> {
    if variable.write_only {
        let why = "Vercel shows no sensitive variable: let the deployment say its fingerprint, and read that with `http`";
        return Some(Found::hidden(variable.updated_at, why));
    }
    (&*variable.kind == "system").then(|| {
        Found::hidden(
            None,
            "it is a system variable, which Vercel fills in by itself: give the key a variable of its own",
        )
    })
}

fn value_of(hop: &Vercel, value: &Secret) -> Result<Found, ReadError> {
    if value.len() <= MAX_BYTES {
        return Ok(Found::Value(Secret::copied(value.expose())));
    }
    Err(ReadError::new(
        ErrorKind::TooLarge,
        format!(
            "a variable of {} is over {} MiB",
            escape(&hop.project),
            MAX_BYTES >> 20
        ),
        "name the variable that holds the key",
    ))
}

/// Whether a list that does not have the name proves that it is not there.
fn all_listed(hop: &Vercel, listed: &Listed) -> Result<(), ReadError> {
    let hidden = hop.target() == "production" && listed.hidden_of_production > 0;
    if !hidden && !listed.is_part {
        return Ok(());
    }
    Err(ReadError::new(
        ErrorKind::Denied,
        format!(
            "Vercel listed only some of the variables of {}, and this one is not among them",
            escape(&hop.project)
        ),
        "let the token's member see all environment variables of the project, those of production too",
    ))
}

fn told(notes: &[String]) -> Option<String> {
    (!notes.is_empty()).then(|| notes.join("; "))
}
