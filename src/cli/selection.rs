use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::exit::Failure;
use crate::inventory::{Inventory, Selection};
use crate::verdict::{Stage, Verdict};

/// Which deployments, and how far along their routes.
#[derive(clap::Args)]
#[command(next_help_heading = "Selection")]
pub(super) struct SelectionArgs {
    /// Only deployments of these projects, a glob; may be given again
    #[arg(long, value_name = "GLOB")]
    project: Vec<String>,

    /// Only deployments in these environments, a glob; may be given again
    #[arg(long, value_name = "GLOB")]
    environment: Vec<String>,

    /// Only deployments of these names, a glob; may be given again
    #[arg(long, value_name = "GLOB")]
    deployment: Vec<String>,

    /// Only deployments of these owners, a glob; may be given again
    #[arg(long, value_name = "GLOB")]
    owner: Vec<String>,

    /// Only deployments with this label; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = label)]
    label: Vec<String>,

    /// Judge each route up to this stage: store, config, running or bundle
    #[arg(long, value_name = "STAGE", value_parser = stage(), hide_possible_values = true)]
    until: Option<Stage>,
}

fn stage() -> impl TypedValueParser<Value = Stage> {
    PossibleValuesParser::new(Stage::ALL.map(Stage::name)).try_map(|name| {
        Stage::ALL
            .into_iter()
            .find(|stage| stage.name() == name)
            .ok_or("expected a stage")
    })
}

/// The verdicts that an exit code may be made to depend on.
pub(super) fn finding() -> impl TypedValueParser<Value = Verdict> {
    let findings = Verdict::ALL
        .into_iter()
        .filter(|verdict| verdict.is_finding());
    PossibleValuesParser::new(findings.map(Verdict::name)).try_map(|name| {
        Verdict::ALL
            .into_iter()
            .find(|verdict| verdict.name() == name)
            .ok_or("expected a verdict")
    })
}

fn label(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((name, _)) if !name.is_empty() => Ok(text.to_owned()),
        _ => Err("expected a name and a value: NAME=VALUE".to_owned()),
    }
}

impl SelectionArgs {
    /// The last stage that is judged.
    pub(super) fn until(&self) -> Option<Stage> {
        self.until
    }

    /// Indices of the selected deployments.
    ///
    /// # Errors
    ///
    /// Selecting nothing is one.
    pub(super) fn select(&self, inventory: &Inventory) -> Result<Vec<u32>, Failure> {
        let selection = Selection {
            projects: self.project.clone(),
            environments: self.environment.clone(),
            deployments: self.deployment.clone(),
            owners: self.owner.clone(),
            labels: self.label.clone(),
            until: self.until,
        };
        selection.select(inventory).map_err(Failure::usage)
    }
}
