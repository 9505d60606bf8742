//! What the deployments that serve were made with.

use std::sync::Arc;

use super::{Vercel, configured};
use crate::platform::vercel::{Alias, Deployment, Made, Project, Shown};
use crate::platform::{Asking, Stop};
use crate::reading::{ErrorKind, Found, ReadError, Reading, Taken};
use crate::text::escape;
use crate::verdict::Evidence;

use configured::Set;

/// One reading for each deployment that serves and each variable that it may have got.
pub(super) fn all(hop: &Vercel, name: &str, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
    // Both are asked for before either is waited for.
    let set = set(hop, name, asking);
    let deployments = deployments(hop, asking)?;
    set?;
    let mut readings = Vec::new();
    for made in deployments {
        // A value is taken once for each, since none is ever copied.
        for set in self::set(hop, name, asking)? {
            readings.push(got(made, set));
        }
    }
    Ok(readings)
}

/// What is set, or that it cannot be read: a deployment may be stale all the same.
fn set(hop: &Vercel, name: &str, asking: &Asking<'_>) -> Result<Vec<Set>, Stop> {
    match configured::all(hop, name, asking) {
        Err(Stop::Failed(error)) => Ok(vec![Set::unread(error)]),
        other => other,
    }
}

/// What serves now.
fn deployments<'a>(hop: &Vercel, asking: &Asking<'a>) -> Result<Vec<&'a Made>, Stop> {
    let project = asking.of(&Project {
        project: Arc::clone(&hop.project),
    })?;
    let latest = project
        .production()
        .filter(|_| hop.target() == "production");
    let domain = match &hop.domain {
        Some(domain) => domain,
        None => latest
            .and_then(|made| made.domains().first())
            .ok_or_else(|| nothing_serves(hop))?,
    };
    let served = served(hop, domain, project, asking)?;
    let served = match latest.filter(|made| made.id == served) {
        Some(made) => made,
        None => asking.of(&Deployment { id: served })?,
    };
    let beside = latest.filter(|made| made.is_rolling() && made.id != served.id);
    Ok([served].into_iter().chain(beside).collect())
}

/// The id of the deployment that a domain leads to.
fn served(
    hop: &Vercel,
    domain: &Arc<str>,
    project: &Shown,
    asking: &Asking<'_>,
) -> Result<Arc<str>, Stop> {
    let alias = asking.of(&Alias {
        domain: Arc::clone(domain),
    })?;
    let (what, next) = match (&alias.redirect, &alias.project_id, &alias.deployment_id) {
        (Some(elsewhere), _, _) => (
            format!("sends everybody to {}", escape(elsewhere)),
            "name that in `domain`",
        ),
        (None, Some(of), _) if *of != project.id => (
            "belongs to another project".to_owned(),
            "correct `domain` or `project`",
        ),
        (None, _, Some(id)) => return Ok(Arc::clone(id)),
        (None, _, None) => return Err(nothing_serves(hop).into()),
    };
    Err(ReadError::new(
        ErrorKind::NotFound,
        format!("the domain {} {what}", escape(domain)),
        next,
    )
    .into())
}

fn nothing_serves(hop: &Vercel) -> ReadError {
    ReadError::new(
        ErrorKind::NotFound,
        format!(
            "no deployment of {} serves {}",
            escape(&hop.project),
            escape(hop.target())
        ),
        "deploy it, or correct `project` or `domain`: where nothing serves nothing is proven",
    )
}

/// What a deployment got, by what is set now and when either came to be.
fn got(made: &Made, set: Set) -> Reading {
    let changed = set.updated_at;
    let fixed_at = made.fixed_at();
    let found = match set.found {
        Found::Absent => Found::hidden(
            fixed_at,
            "nothing is set any more, and the deployment keeps what it was made with: deploy again to be sure",
        ),
        Found::Failed(error) => taken(
            fixed_at,
            "a deployment keeps the variables that it was made with".to_owned(),
            Found::Failed(error),
        ),
        found => match (made.created_at(), changed) {
            (Some(created), Some(changed)) if created >= changed => taken(
                fixed_at,
                format!(
                    "the deployment was made {created}, after the variable was last changed, {changed}"
                ),
                found,
            ),
            (Some(created), Some(changed)) => Found::hidden(
                fixed_at,
                format!(
                    "the deployment was made {created}, and the variable was changed after it, {changed}, so it may \
                     have what was set before: deploy again"
                ),
            ),
            _ => Found::hidden(
                fixed_at,
                "Vercel does not say what came first, the deployment or what is set: deploy again to be sure",
            ),
        },
    };
    let reading = Reading::new(found)
        .of_replica(escape(&made.id))
        .started_at(made.created_at());
    match set.note {
        Some(note) => reading.with_note(note),
        None => reading,
    }
}

fn taken(fixed_at: Option<jiff::Timestamp>, why: String, found: Found) -> Found {
    Found::Hidden {
        fixed_at,
        why: why.into(),
        taken_for: Some(Box::new(Taken {
            found,
            evidence: Evidence::Timestamp,
        })),
    }
}
