//! targets.yaml, read and checked: the only place that knows YAML.

mod astray;
mod blank;
mod check;
mod de;
mod defaults;
mod deployment;
mod distinct;
mod duration;
mod expand;
mod extraction;
mod failure;
mod files;
mod ground;
mod held;
mod history;
mod hop;
mod identity;
mod include;
mod ingest;
mod keys;
mod ledger;
mod load;
mod log;
mod matrix;
mod model;
mod named;
mod notify;
mod parse;
mod plan;
mod problem;
mod project;
mod raw;
mod reader;
mod route;
mod schema;
mod select;
mod sharing;
mod stores;
mod template;
#[cfg(test)]
mod tests;
mod tree;
mod waiver;
mod yaml;

pub use files::{Disk, Files};
pub use identity::Identity;
pub use ledger::{LedgerAt, LedgerSettings};
pub use load::{Surroundings, expand, expand_from, load, load_from};
pub use model::{
    Deployment, Hop, Ingest, Inventory, Origin, Place, Previous, Project, Retirement, Site, Waiver,
};
pub use named::UnknownProject;
pub use notify::{Heartbeat, Means, Receiver};
pub use problem::{Problem, Problems};
pub use schema::schema;
pub use select::{Selection, SelectionError};
pub use stores::{Manners, Store};
