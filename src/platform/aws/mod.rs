//! Amazon Web Services: one account and region, and the services in it that hold keys.

mod call;
mod command;
mod functions;
mod login;
mod parameters;
mod refusal;
mod secrets;
mod settings;
mod tasks;

pub use command::command;
pub use functions::{Alias, Function, ReadAlias, ReadFunction};
pub use parameters::{Parameter, ParameterHistory, ReadParameter, Selector};
pub use secrets::{Held, ListVersions, ListedVersion, ReadSecret, ReadVersion, Which};
pub use settings::{Account, Aws, check_region, region_of_arn};
pub use tasks::{Container, Definition, DescribeTasks, ListTasks, ReadDefinition, Task, Tasks};
