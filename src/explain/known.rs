use std::fmt::Write as _;

use jiff::Timestamp;

use super::when::when;
use crate::audit::Audit;
use crate::inventory::{Retirement, Site};
use crate::judge::RotationBasis;
use crate::keyring::{KeyId, ProjectId, Role};
use crate::text::escape;

/// `checkout`, or `checkout/staging` where that environment has its own key.
#[must_use]
pub fn name_of(audit: &Audit, project: ProjectId) -> String {
    let project = audit.inventory.project(project);
    escape(&project.title()).into_owned()
}

/// `targets.yaml:4`.
pub fn site_of(audit: &Audit, site: Site) -> String {
    let file = audit.inventory.files.get(usize::from(site.file));
    format!(
        "{}:{}",
        file.map_or("targets.yaml".into(), |file| escape(file)),
        site.line
    )
}

/// Which key it is, as the project `own` would say it: `the current key`, `shop's next key`.
pub fn whose(audit: &Audit, own: ProjectId, key: KeyId) -> String {
    let role = match key.role() {
        Role::Current if key == KeyId::suspected(key.project) => "unsettled",
        Role::Current => "current",
        Role::Next => "next",
        Role::Previous => "previous",
    };
    if key.project == own {
        return format!("the {role} key");
    }
    let [mine, other] = [own, key.project].map(|id| audit.inventory.project(id));
    let name = escape(&other.name);
    match (&other.environment, &mine.environment) {
        (Some(environment), _) => {
            format!("{name}'s {role} key of environment {}", escape(environment))
        }
        (None, Some(environment)) if other.name == mine.name => {
            format!(
                "{name}'s general {role} key, not the one of environment {}",
                escape(environment)
            )
        }
        (None, _) => format!("{name}'s {role} key"),
    }
}

/// `shop's next key`, whoever asks.
#[must_use]
pub fn belonging(audit: &Audit, key: KeyId) -> String {
    let told = whose(audit, key.project, key);
    let told = told.strip_prefix("the ").unwrap_or(&told);
    format!("{}'s {told}", name_of(audit, key.project))
}

/// How old a previous key is and since when it is dead: `, 1 rotation behind, replaced 2026-11-20`.
/// Nothing for the others.
pub fn age(audit: &Audit, key: KeyId) -> String {
    if key.role() != Role::Previous {
        return String::new();
    }
    let now = audit.generated_at;
    let known = audit.previous(key);
    if known.is_some_and(|known| known.unsettled) {
        return ", replaced before anything settled that it was the project's".to_owned();
    }
    let behind = audit.behind(key);
    let rotations = if behind == 1 { "rotation" } else { "rotations" };
    let mut told = format!(", {behind} {rotations} behind");
    let came = known.and_then(|known| known.rotated_at);
    let replaced = replaced(audit, key.project, (behind, came), now);
    if let Some(replaced) = &replaced {
        told.push_str(", ");
        told.push_str(replaced);
    }
    let revoked_at = known.and_then(|known| known.revoked_at);
    let retirement = audit.inventory.project(key.project).retirement;
    // Writing to a String cannot fail.
    let _ = match (revoked_at, retirement) {
        (Some(at), _) if at <= now => write!(told, ", dead since {}", when(at, now)),
        (_, Retirement::Immediate) if replaced.is_some() => write!(told, ", dead since then"),
        (_, Retirement::Immediate) => write!(told, ", dead since it was replaced"),
        (Some(at), Retirement::Overlap) => write!(told, ", to be revoked {}", when(at, now)),
        (None, Retirement::Overlap) => Ok(()),
    };
    told
}

/// When the key after the one that is so far behind, and came to be then, came to be. One that came before it has come
/// back: nobody knows here when that was.
fn replaced(
    audit: &Audit,
    id: ProjectId,
    (behind, came): (u32, Option<Timestamp>),
    now: Timestamp,
) -> Option<String> {
    let project = audit.projects.get(id.0 as usize)?;
    let came_back = came.zip(project.rotated_at);
    if behind == 1 && came_back.is_some_and(|(came, rotated_at)| rotated_at < came) {
        return None;
    }
    if behind > 1 {
        let mut keys = project.previous.iter();
        let newer = keys.find(|newer| newer.behind == behind - 1)?;
        return Some(format!("replaced {}", when(newer.rotated_at?, now)));
    }
    let at = when(project.rotated_at?, now);
    match project.rotation {
        RotationBasis::Declared => Some(format!("replaced {at}")),
        RotationBasis::History | RotationBasis::Ledger => Some(format!("replaced {at} or earlier")),
        RotationBasis::Suspected => Some(format!("probably replaced {at}")),
        RotationBasis::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::testing::{Scene, at};

    fn audit() -> Audit {
        Scene::new()
            .project("shop")
            .project("shop/staging")
            .project("mail")
            .audit()
    }

    #[test]
    fn a_key_is_named_as_its_finder_would_name_it() {
        let audit = audit();
        for (own, key, words) in [
            (0, KeyId::current(ProjectId(0)), "the current key"),
            (0, KeyId::previous(ProjectId(0), 3), "the previous key"),
            (0, KeyId::next(ProjectId(2)), "mail's next key"),
            (
                0,
                KeyId::current(ProjectId(1)),
                "shop's current key of environment staging",
            ),
            (
                2,
                KeyId::current(ProjectId(1)),
                "shop's current key of environment staging",
            ),
            (
                1,
                KeyId::current(ProjectId(0)),
                "shop's general current key, not the one of environment staging",
            ),
            (1, KeyId::previous(ProjectId(2), 0), "mail's previous key"),
        ] {
            assert_eq!(whose(&audit, ProjectId(own), key), words);
        }
    }

    #[test]
    fn a_previous_key_is_told_with_its_age_and_its_death() {
        let mut audit = audit();
        let told = |audit: &Audit, index| age(audit, KeyId::previous(ProjectId(0), index));
        assert_eq!(age(&audit, KeyId::current(ProjectId(0))), "");
        assert_eq!(told(&audit, 0), ", 1 rotation behind, replaced 2026-11-20");
        assert_eq!(told(&audit, 1), ", 2 rotations behind, replaced 2026-08-01");
        assert_eq!(told(&audit, 9), ", 10 rotations behind");
        audit.projects[0].previous[1].unsettled = true;
        assert_eq!(
            told(&audit, 1),
            ", replaced before anything settled that it was the project's"
        );
        audit.projects[0].previous[1].unsettled = false;

        audit.projects[0].previous[0].revoked_at = Some(at("2026-11-21T09:00:00Z"));
        audit.projects[0].previous[1].revoked_at = Some(at("2026-12-24T00:00:00Z"));
        audit.projects[0].rotation = RotationBasis::History;
        assert_eq!(
            told(&audit, 0),
            ", 1 rotation behind, replaced 2026-11-20 or earlier, dead since 2026-11-21".replace(
                "2026-11-21",
                &when(at("2026-11-21T09:00:00Z"), audit.generated_at)
            )
        );
        assert_eq!(
            told(&audit, 1),
            ", 2 rotations behind, replaced 2026-08-01, to be revoked 2026-12-24"
        );
        let came = audit.projects[0].previous[0].rotated_at;
        audit.projects[0].previous[0].rotated_at = Some(at("2026-11-22T09:00:00Z"));
        let rolled_back = told(&audit, 0);
        assert!(
            rolled_back.starts_with(", 1 rotation behind, dead since"),
            "{rolled_back}"
        );
        audit.projects[0].previous[0].rotated_at = came;
        audit.inventory.projects[0].retirement = Retirement::Immediate;
        assert_eq!(
            told(&audit, 9),
            ", 10 rotations behind, dead since it was replaced"
        );
        assert_eq!(
            told(&audit, 1),
            ", 2 rotations behind, replaced 2026-08-01, dead since then"
        );
    }
}
