use std::fmt::Write as _;

use super::fit::{shorten, width};
use super::paint::Paint;
use super::route::Route;
use super::sight::Sight;
use crate::audit::Audit;
use crate::gate::waived;
use crate::judge::DeploymentOutcome;
use crate::text::Escaped;
use crate::verdict::Verdict;

/// What is said of one deployment in its row.
pub struct Row {
    sight: Sight,
    verdict: Verdict,
    /// What is said beside the verdict, where there is room.
    remark: &'static str,
    name: String,
    route: Route,
}

/// How wide the columns are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    pub verdict: usize,
    pub name: usize,
    pub route: usize,
}

/// Between two columns.
pub const GAP: usize = 2;

/// What names deployments need for being told apart.
#[derive(Clone, Copy)]
pub struct Naming<'a> {
    pub audit: &'a Audit,
    /// Whether there is more than one environment.
    environments: bool,
}

impl<'a> Naming<'a> {
    pub fn new(audit: &'a Audit) -> Self {
        let mut environments = audit
            .deployments
            .iter()
            .map(|outcome| &audit.inventory.deployments[outcome.deployment as usize].environment);
        let first = environments.next();
        Self {
            audit,
            environments: environments.any(|other| Some(other) != first),
        }
    }

    /// The name with its environment and axes: `cart (staging, prod-eu)`. Escaped.
    pub fn of(&self, outcome: &DeploymentOutcome) -> String {
        let declared = &self.audit.inventory.deployments[outcome.deployment as usize];
        let mut name = Escaped(&declared.name).to_string();
        let environment = declared.environment.as_ref().filter(|_| self.environments);
        let axes = declared.axes.iter().map(|(_, value)| value);
        let mut open = false;
        for part in environment.into_iter().chain(axes) {
            // Writing to a String cannot fail.
            let _ = write!(name, "{}{}", if open { ", " } else { " (" }, Escaped(part));
            open = true;
        }
        if open {
            name.push(')');
        }
        name
    }
}

impl Row {
    pub fn of(naming: &Naming<'_>, outcome: &DeploymentOutcome) -> Self {
        let audit = naming.audit;
        let route = Route::of(audit, outcome);
        let is_waived = waived(audit, outcome).is_some();
        let unproven = outcome.verdict == Verdict::Current
            && route.sights().any(|sight| sight == Sight::Unproven);
        let sight = match outcome.verdict {
            _ if is_waived => Sight::Waived,
            Verdict::Current if unproven => Sight::Unproven,
            verdict => Sight::of_verdict(verdict),
        };
        let remark = match sight {
            Sight::Waived => ", waived",
            Sight::Unproven if unproven => ", unproven",
            _ => "",
        };
        Self {
            sight,
            verdict: outcome.verdict,
            remark,
            name: naming.of(outcome),
            route,
        }
    }

    /// Every glyph in it.
    pub fn sights(&self) -> impl Iterator<Item = Sight> + '_ {
        std::iter::once(self.sight).chain(self.route.sights())
    }

    /// What it takes to show everything.
    pub fn columns(&self) -> Columns {
        Columns {
            verdict: 2 + self.verdict.name().len() + self.remark.len(),
            name: width(&self.name),
            route: self.route.full_width(),
        }
    }

    /// Its cells, none wider than its column.
    pub fn cells(&self, columns: Columns, paint: Paint) -> [String; 3] {
        let mut verdict = format!("{} {}{}", self.sight.glyph(), self.verdict, self.remark);
        if width(&verdict) > columns.verdict {
            // The glyph tells it too.
            verdict.truncate(verdict.len() - self.remark.len());
        }
        let verdict = paint.style(self.sight.style(), &shorten(&verdict, columns.verdict));
        let name = shorten(&self.name, columns.name);
        let name = match name.find(" (") {
            Some(at) => format!("{}{}", &name[..at], paint.dim(&name[at..])),
            None => name.into_owned(),
        };
        [verdict, name, self.route.draw(columns.route, paint)]
    }
}

impl Columns {
    /// Wide enough for both.
    pub fn cover(self, other: Self) -> Self {
        Self {
            verdict: self.verdict.max(other.verdict),
            name: self.name.max(other.name),
            route: self.route.max(other.route),
        }
    }

    /// Shared out of this width. A route tells its essence in little room, but needs some of it.
    pub fn fit(self, total: usize) -> Self {
        let verdict = self.verdict.min((total / 3).max(15));
        let rest = total.saturating_sub(verdict + 2 * GAP).max(2);
        let most = (rest * 3 / 5).max(rest.saturating_sub(self.route));
        let name = self.name.min(most).max(1);
        Self {
            verdict,
            name,
            route: rest - name,
        }
    }
}
