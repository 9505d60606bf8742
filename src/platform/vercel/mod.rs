//! Vercel: the variables of projects and teams, and the deployments that serve.

mod failure;
mod project;
mod settings;
mod variables;

pub use project::{Alias, Custom, Deployment, Made, Project, Serving, Shown};
pub use settings::{Server, Vercel};
pub use variables::{Listed, Shared, Value, Variable, Variables};
