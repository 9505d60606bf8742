use std::collections::BTreeMap;

use anstyle::Style;
use jiff::SignedDuration;

use super::paint;
use super::prose::Prose;
use super::sight::Sight;
use crate::audit::Audit;
use crate::explain::{coverage, standing};
use crate::gate::{Coverage, Decision, ExitCode, waived};
use crate::judge::{DeploymentOutcome, Why};
use crate::keyring::Role;
use crate::verdict::Verdict;

/// How many of the current ones have the key to come.
fn early(audit: &Audit) -> String {
    let has_next = |outcome: &&DeploymentOutcome| {
        let readings = outcome.hops.iter().flat_map(|hop| &hop.readings);
        let mut keys = readings.map(|reading| &reading.why);
        outcome.verdict == Verdict::Current
            && keys.any(|why| matches!(why, Why::Holds { key, .. } if key.role() == Role::Next))
    };
    match audit.deployments.iter().filter(has_next).count() {
        0 => String::new(),
        count => format!(" ({count} with the next key)"),
    }
}

fn time_is_up(audit: &Audit) -> Option<Prose> {
    let waited = audit.waited.as_ref()?;
    let left = waited.left.as_ref()?;
    let limit = SignedDuration::try_from(waited.limit).unwrap_or(SignedDuration::MAX);
    let told = format!("the time to wait is up, after {limit:#}: {left}");
    Some(Prose::new(paint::DOUBTFUL, &told))
}

/// What was found and how much was seen, what nobody waited for any longer, then what that comes to.
pub fn summary(audit: &Audit) -> Vec<Prose> {
    let mut counts = BTreeMap::<Verdict, (usize, usize)>::new();
    for outcome in &audit.deployments {
        let (count, accepted) = counts.entry(outcome.verdict).or_default();
        *count += 1;
        *accepted += usize::from(waived(audit, outcome).is_some());
    }
    let all = audit.deployments.len();
    let plural = if all == 1 {
        "deployment"
    } else {
        "deployments"
    };
    let colon = if counts.is_empty() { "" } else { ":" };
    let mut found = Prose::default().unit(Style::new().bold(), format!("{all} {plural}{colon}"));
    let last = counts.keys().next_back().copied();
    for (verdict, (count, accepted)) in counts {
        let sight = if count == accepted {
            Sight::Waived
        } else {
            Sight::of_verdict(verdict)
        };
        let waived = match accepted {
            0 => String::new(),
            accepted if accepted == count => " (waived)".to_owned(),
            accepted => format!(" ({accepted} waived)"),
        };
        let early = match verdict {
            Verdict::Current => early(audit),
            _ => String::new(),
        };
        let comma = if Some(verdict) == last { "" } else { "," };
        found = found.unit(
            sight.style(),
            format!("{count} {verdict}{waived}{early}{comma}"),
        );
    }
    let seen = Coverage::of(audit);
    let style = if seen.is_complete(audit) {
        Style::new()
    } else {
        paint::DOUBTFUL
    };
    found = found.unit(Style::new(), "·");
    for part in coverage(&seen).split_inclusive(", ") {
        found = found.unit(style, part.trim_end());
    }

    let decision = Decision::of(audit);
    let code = decision.code();
    let style = match code {
        ExitCode::Success => paint::GOOD.bold(),
        ExitCode::Incomplete | ExitCode::Unfinished => paint::DOUBTFUL.bold(),
        ExitCode::Drift | ExitCode::Usage | ExitCode::Interrupted => paint::BAD,
    };
    let told = Prose::default()
        .unit(style, format!("exit {}:", code.code()))
        .text(Style::new(), &standing(&decision, &audit.policy));
    std::iter::once(found)
        .chain(time_is_up(audit))
        .chain([told])
        .collect()
}
