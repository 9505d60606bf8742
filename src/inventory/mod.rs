//! targets.yaml, read and checked: the only place that knows YAML.

mod model;

pub use model::{
    Deployment, Hop, Ingest, Inventory, Origin, Place, Previous, Project, Retirement, Site, Waiver,
};
