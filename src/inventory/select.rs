use std::fmt;

use globset::{GlobBuilder, GlobMatcher};

use super::log::opaque;
use super::{Deployment, Inventory};
use crate::text::Escaped;
use crate::text::nearest;
use crate::verdict::Stage;

/// Which deployments an audit is about. What is left empty selects all of them; of one kind any is
/// enough, and all kinds must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Globs over `project`, and `project/environment` where an environment has a key of its own.
    pub projects: Vec<String>,
    /// Globs over environments; an empty one for those that have none.
    pub environments: Vec<String>,
    /// Globs over names and titles.
    pub deployments: Vec<String>,
    /// Globs over owners.
    pub owners: Vec<String>,
    /// `name=value`. Of one name any value is enough, and all names must hold.
    pub labels: Vec<String>,
    /// The last stage that is looked at.
    pub until: Option<Stage>,
}

/// Why a selection selects nothing, or something else than was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectionError(Vec<String>);

impl SelectionError {
    /// Lowercase fragments, one for each filter.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for SelectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index > 0 { "\n" } else { "" };
            write!(f, "{separator}{}", Escaped(problem))?;
        }
        Ok(())
    }
}

impl std::error::Error for SelectionError {}

/// One filter, as it was given.
struct Filter<'a> {
    option: &'static str,
    text: &'a str,
    /// Filters of one group are alternatives.
    group: (&'static str, &'a str),
    test: Test<'a>,
}

/// What a glob is matched against.
type Names = fn(&Inventory, &Deployment) -> Vec<String>;

enum Test<'a> {
    Glob(GlobMatcher, Names),
    Label(&'a str, &'a str),
}

impl Selection {
    /// The selected deployments: indices into [`Inventory::deployments`], in order.
    ///
    /// # Errors
    ///
    /// When a filter is malformed, matches nothing by itself, or nothing matches all of them.
    pub fn select(&self, inventory: &Inventory) -> Result<Vec<u32>, SelectionError> {
        let mut problems = Vec::new();
        let filters = self.filters(&mut problems);
        for filter in &filters {
            let matches = |deployment| filter.matches(inventory, deployment);
            if !inventory.deployments.iter().any(matches) {
                problems.push(filter.nothing(inventory));
            }
        }
        if !problems.is_empty() {
            return Err(SelectionError(problems));
        }
        let selected: Vec<u32> = (0..)
            .zip(&inventory.deployments)
            .filter(|(_, deployment)| selects(&filters, inventory, deployment))
            .map(|(index, _)| index)
            .collect();
        if selected.is_empty() {
            let options: Vec<&str> = filters.iter().map(|filter| filter.option).collect();
            let message = format!(
                "nothing is selected: no deployment matches all of {} together",
                options.join(" ")
            );
            return Err(SelectionError(vec![message]));
        }
        self.check_until(inventory, &selected)?;
        Ok(selected)
    }

    fn check_until(&self, inventory: &Inventory, selected: &[u32]) -> Result<(), SelectionError> {
        let Some(until) = self.until else {
            return Ok(());
        };
        let hops = selected
            .iter()
            .flat_map(|index| &inventory.deployments[*index as usize].hops);
        if hops
            .into_iter()
            .any(|hop| hop.place.source.stage() <= until)
        {
            return Ok(());
        }
        Err(SelectionError(vec![format!(
            "nothing is selected: --until {until} leaves out every hop"
        )]))
    }

    fn filters<'a>(&'a self, problems: &mut Vec<String>) -> Vec<Filter<'a>> {
        let globs: [(&'static str, &'a [String], Names); 4] = [
            ("--project", &self.projects, |inventory, deployment| {
                let project = inventory.project(deployment.project);
                vec![project.name.to_string(), project.title()]
            }),
            ("--environment", &self.environments, |_, deployment| {
                // One without an environment is named by nothing, and by `*`.
                let environment = deployment.environment.as_deref();
                vec![environment.unwrap_or_default().to_owned()]
            }),
            ("--deployment", &self.deployments, |_, deployment| {
                vec![deployment.name.to_string(), deployment.title()]
            }),
            ("--owner", &self.owners, |_, deployment| {
                deployment.owner.iter().map(ToString::to_string).collect()
            }),
        ];
        let mut filters = Vec::new();
        for (option, texts, names) in globs {
            for text in texts {
                // `*` matches any part of a name, whatever is in it.
                match GlobBuilder::new(text).literal_separator(false).build() {
                    Ok(glob) => filters.push(Filter {
                        option,
                        text,
                        group: (option, ""),
                        test: Test::Glob(glob.compile_matcher(), names),
                    }),
                    Err(error) => problems.push(format!("{option}: is no glob: {}", error.kind())),
                }
            }
        }
        for text in &self.labels {
            match text.split_once('=') {
                Some((name, value)) => filters.push(Filter {
                    option: "--label",
                    text,
                    group: ("--label", name),
                    test: Test::Label(name, value),
                }),
                None => problems.push("--label: expected name=value".to_owned()),
            }
        }
        filters
    }
}

/// Whether each group has a filter that matches.
fn selects(filters: &[Filter<'_>], inventory: &Inventory, deployment: &Deployment) -> bool {
    filters
        .chunk_by(|one, other| one.group.0 == other.group.0)
        .all(|option| {
            option.iter().all(|filter| {
                option
                    .iter()
                    .filter(|other| other.group == filter.group)
                    .any(|other| other.matches(inventory, deployment))
            })
        })
}

impl Filter<'_> {
    fn matches(&self, inventory: &Inventory, deployment: &Deployment) -> bool {
        match &self.test {
            // A title may hold what means something in a glob, and stands for itself as well.
            Test::Glob(glob, names) => names(inventory, deployment)
                .iter()
                .any(|name| glob.is_match(name) || name == self.text),
            Test::Label(name, value) => {
                deployment.labels.get(*name).map(String::as_str) == Some(*value)
            }
        }
    }

    /// That nothing matches, and what was probably meant.
    fn nothing(&self, inventory: &Inventory) -> String {
        let mut names: Vec<String> = inventory
            .deployments
            .iter()
            .flat_map(|deployment| match &self.test {
                Test::Glob(_, names) => names(inventory, deployment),
                Test::Label(..) => deployment
                    .labels
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect(),
            })
            .collect();
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        names.dedup();
        let message = if opaque(self.text) || fits(self.text, inventory) {
            format!("{}: matches no deployment", self.option)
        } else {
            format!("{}: `{}` matches no deployment", self.option, self.text)
        };
        match nearest(self.text, names.iter().map(String::as_str)) {
            Some(near) => format!("{message}; did you mean `{near}`?"),
            None => message,
        }
    }
}

/// Whether the text may be a key, which somebody pasted into the wrong place.
fn fits(text: &str, inventory: &Inventory) -> bool {
    let formats = inventory
        .projects
        .iter()
        .filter_map(|project| project.format.as_ref());
    formats
        .into_iter()
        .any(|format| format.find_in(text.as_bytes()).next().is_some())
}
