use super::known::site_of;
use super::reference::Reference;
use crate::audit::Audit;
use crate::judge::Soundness;
use crate::keyring::ProjectId;
use crate::text::escape;

/// How somebody settles that a reference changed: by the dashboard, and with one command.
#[must_use]
pub fn settling(audit: &Audit, id: ProjectId) -> String {
    let reference = Reference::new(audit, id);
    let confirm = confirming(audit, id);
    let outcome = &audit.projects[id.0 as usize];
    if let Soundness::Returned { .. } = outcome.reference {
        return format!(
            "compare it with the dashboard, which shows the current key; if that is this one, `{confirm}`, else {}",
            reference.renew()
        );
    }
    format!(
        "compare it with the dashboard, which shows the current key; if that is this one, `{confirm}` or set rotated_at ({}), else {}",
        site_of(audit, audit.inventory.project(id).site),
        reference.renew()
    )
}

/// The command that confirms what a project's reference is now.
pub(super) fn confirming(audit: &Audit, id: ProjectId) -> String {
    let project = audit.inventory.project(id);
    let mut command = format!("straggler history confirm {}", word(&project.name));
    if let Some(environment) = &project.environment {
        command.push_str(" --environment ");
        command.push_str(&word(environment));
    }
    command
}

/// As a shell takes it for one word.
#[must_use]
pub fn word(text: &str) -> String {
    let text = escape(text);
    let is_plain =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '/');
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::testing::Scene;

    #[test]
    fn the_command_can_be_pasted() {
        let audit = Scene::new().project("shop").project("it's/my shop").audit();
        for (id, told) in [
            (
                0,
                "`straggler history confirm shop` or set rotated_at (targets.yaml:4)",
            ),
            (
                1,
                r"`straggler history confirm 'it'\''s' --environment 'my shop'`",
            ),
        ] {
            let settling = settling(&audit, ProjectId(id));
            assert!(settling.contains(told), "{settling}");
            assert!(
                settling.starts_with("compare it with the dashboard, which shows the current key;"),
                "{settling}"
            );
        }
    }
}
