//! Kubernetes: what the API server holds of Secrets, ConfigMaps, pods and what starts them.

mod call;
mod config;
mod connect;
mod external;
mod failure;
mod keeper;
mod kubectl;
mod list;
mod names;
mod object;
mod ownership;
mod plugin;
mod pod;
mod pods;
mod selector;
mod settings;
#[cfg(test)]
pub(crate) mod testing;
mod token;
mod volume;
mod workload;
mod written;

pub use external::{ExternalSecret, Refreshed};
pub use keeper::Keeper;
pub use kubectl::Kubectl;
pub use names::{check_key, check_name};
pub use object::{External, Get, Got, Object, Resource};
pub use pod::{
    Container, EnvFile, EnvFrom, Item, Mount, Owner, Part, Pod, Projected, ProjectedObject, State,
    ValueFrom, Variable, Volume, VolumeKind,
};
pub use pods::{ListPods, ListedPods};
pub use selector::Selector;
pub use settings::{Cluster, Kubernetes};
pub use workload::{ListWorkloads, Workload, WorkloadKind};
