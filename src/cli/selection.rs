use super::exit::Failure;
use crate::inventory::{Inventory, Selection};
use crate::verdict::Stage;

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
    #[arg(long, value_name = "NAME=VALUE")]
    label: Vec<String>,

    /// Judge each route up to this stage: store, config, running or bundle
    #[arg(long, value_name = "STAGE", value_parser = stage)]
    until: Option<Stage>,
}

fn stage(name: &str) -> Result<Stage, String> {
    Stage::ALL
        .into_iter()
        .find(|stage| stage.name() == name)
        .ok_or_else(|| format!("expected one of {}", Stage::ALL.map(Stage::name).join(", ")))
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
