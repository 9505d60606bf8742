use super::document::{Digest, HopRow, Kind, ReferenceRow, Row};
use crate::audit::Audit;
use crate::explain::{Spot, notice, spots};
use crate::judge::{DeploymentOutcome, Warning};
use crate::keyring::ProjectId;
use crate::ledger::{Change, ChangeKind};
use crate::text::escape;
use crate::verdict::{Fault, Verdict};

/// What became of a deployment, in words.
pub fn row(audit: &Audit, change: &Change) -> Row {
    let outcome = change
        .outcome
        .and_then(|index| audit.deployments.get(index));
    let spot = outcome.and_then(|outcome| decisive(audit, outcome, change.now));
    let environment = outcome.and_then(|outcome| {
        let deployment = &audit.inventory.deployments[outcome.deployment as usize];
        deployment.environment.as_deref()
    });
    let fingerprint = spot
        .and_then(|spot| spot.judged.leading())
        .and_then(|lead| lead.fingerprint);
    Row {
        kind: kind(change.kind),
        project: escape(&change.name.project).into_owned(),
        environment: environment.map(|environment| escape(environment).into_owned()),
        deployment: escape(&change.name.title).into_owned(),
        before: change.before,
        now: change.now,
        hop: spot.map(|spot| HopRow {
            source: spot.source(),
            stage: spot.stage(),
            location: spot.location(),
        }),
        fingerprint: fingerprint.map(Digest),
        message: spot.map(|spot| spot.message()),
        remedy: spot.and_then(|spot| spot.remedy()),
    }
}

/// A changed reference, in words.
pub fn reference(audit: &Audit, id: ProjectId) -> Option<ReferenceRow> {
    let mut warnings = audit.warnings.iter();
    let (warning, former) = warnings.find_map(|warning| match warning {
        Warning::ReferenceChanged {
            project, former, ..
        } if *project == id => Some((warning, *former)),
        _ => None,
    })?;
    let project = audit.inventory.project(id);
    let notice = notice(audit, warning);
    Some(ReferenceRow {
        project: escape(&project.name).into_owned(),
        environment: project
            .environment
            .as_deref()
            .map(|name| escape(name).into_owned()),
        before: Digest(former),
        now: Digest(audit.projects.get(id.0 as usize)?.held?),
        message: notice.message,
        remedy: notice.remedy,
    })
}

/// The worst come first, then what is better, then what is gone.
pub fn order(change: &Change) -> impl Ord + use<'_> {
    let class = match change.kind {
        ChangeKind::New | ChangeKind::Worse => 0,
        ChangeKind::Better => 1,
        ChangeKind::Gone => 2,
    };
    (class, change.now, change.kind, &change.name)
}

fn kind(kind: ChangeKind) -> Kind {
    match kind {
        ChangeKind::New => Kind::New,
        ChangeKind::Worse => Kind::Worse,
        ChangeKind::Better => Kind::Better,
        ChangeKind::Gone => Kind::Gone,
    }
}

/// The hop that a verdict is about: the first that went wrong by itself, else the first that has it;
/// where nothing is wrong, the last.
fn decisive<'a>(
    audit: &'a Audit,
    outcome: &'a DeploymentOutcome,
    now: Option<Verdict>,
) -> Option<Spot<'a>> {
    let last = || spots(audit, outcome).rfind(Spot::is_last);
    let now = now?;
    if !now.is_finding() {
        return last();
    }
    let has_it = |spot: &Spot<'a>| {
        spot.judged.verdict == now || now == Verdict::Unverified && spot.is_unproven()
    };
    let own = |spot: &Spot<'a>| spot.judged.fault == Some(Fault::Own);
    let broken = || spots(audit, outcome).nth(usize::from(outcome.broken_at?));
    spots(audit, outcome)
        .find(|spot| has_it(spot) && own(spot))
        .or_else(|| spots(audit, outcome).find(has_it))
        .or_else(broken)
        .or_else(last)
}
