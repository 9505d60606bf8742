mod follow;
mod mend;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source};
use crate::key::Secret;
use crate::platform::aws::{
    Container, Definition, DescribeTasks, ListTasks, ReadDefinition, Task, Tasks, check_region,
    region_of_arn,
};
use crate::platform::{Asking, Locator, Page, Stop, pages};
use crate::reading::{ErrorKind, Found, ReadError, Reading};
use crate::text::{Escaped, escape};
use crate::verdict::{Evidence, Stage};

/// A variable of the running tasks of an Amazon ECS service. One of `service` and `family` says which.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsEcs {
    /// The declared store; by default what the environment and `~/.aws` name.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// The region, unless the store's own or the one in the cluster's ARN.
    #[serde(default)]
    region: Option<Arc<str>>,
    /// The cluster's name or ARN; by default `default`.
    #[serde(default = "default_cluster")]
    cluster: Arc<str>,
    /// The service whose tasks to read.
    #[serde(default)]
    service: Option<Arc<str>>,
    /// The task definition's family whose tasks to read, however they were started.
    #[serde(default)]
    family: Option<Arc<str>>,
    /// The container; by default every one that has the variable.
    #[serde(default)]
    container: Option<Box<str>>,
    /// The variable; by default the hop's.
    #[serde(default)]
    name: Option<Box<str>>,
}

fn default_cluster() -> Arc<str> {
    "default".into()
}

/// How many tasks are described in one call.
const AT_ONCE: usize = 100;

impl Source for AwsEcs {
    const INFO: Info = Info {
        id: "aws_ecs",
        title: "a variable of the running tasks of an Amazon ECS service",
        stage: Some(Stage::Running),
        store: Some("aws"),
        proves: &[Evidence::Value, Evidence::Timestamp],
        replicas: ["task", "tasks"],
        permission: "`ecs:ListTasks`, `ecs:DescribeTasks` and `ecs:DescribeTaskDefinition`, and to read the secret or parameter that the definition names",
        credentials: &[
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
        ],
        example: "\
- aws_ecs: { store: prod-eu, cluster: prod, service: checkout, container: app }
- aws_ecs: { cluster: prod, family: nightly, name: API_KEY }
",
        tested: "moto, with its signature and permission checks off and on, which gives no times of tasks; those, overrides and files against a fake shaped by AWS's API documentation",
        manual: "\
Looks at every running task, and at the revision of the task definition that this task was made from, which is \
often not the latest. One reading for each task.

- `environment` in the definition, or an override that the task was started with: the task's value, seen.
- `secrets` in the definition: ECS fetched the value when the task started and never again, and shows it to \
nobody. A task that ran before the rotation is `stale` by time; a later one is `unverified`, because only its \
start time is known. What the definition names in Secrets Manager or Parameter Store is read too: a further \
reading, `new tasks`, is what a task would get that starts now.
- only `environmentFiles`: the variable may stand in a file in S3, so the hop is `unverified`.
- none of these: `missing`.

If no task runs, nothing is proven, so the hop is `unreachable`. To see what an entrypoint changes, audit the \
service's process or image.

The least privilege, as a policy, beside that of `aws_secrets_manager` or `aws_ssm`:

```json
{
  \"Version\": \"2012-10-17\",
  \"Statement\": [
    {
      \"Effect\": \"Allow\",
      \"Action\": [\"ecs:ListTasks\", \"ecs:DescribeTasks\"],
      \"Resource\": \"*\",
      \"Condition\": { \"ArnEquals\": { \"ecs:cluster\": \"arn:aws:ecs:eu-central-1:123456789012:cluster/prod\" } }
    },
    { \"Effect\": \"Allow\", \"Action\": \"ecs:DescribeTaskDefinition\", \"Resource\": \"*\" }
  ]
}
```

The task's execution role needs its own permission to fetch the secret; straggler does not check it.",
    };

    fn check(&self) -> Result<(), String> {
        self.region.as_deref().map_or(Ok(()), check_region)?;
        match (&self.service, &self.family) {
            (Some(named), None) | (None, Some(named)) if !named.is_empty() => {}
            _ => return Err("expected one of `service` and `family`".to_owned()),
        }
        if self.cluster.is_empty() {
            return Err("expected a cluster's name, not an empty text".to_owned());
        }
        Ok(())
    }

    fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    fn location(&self, at: At<'_>) -> String {
        let store = self.store.as_deref().unwrap_or_default();
        let mut location = format!("aws_ecs:{}", Escaped(store));
        for part in self.region.iter().chain([&self.cluster]) {
            location.push_str(&format!("/{}", Escaped(part)));
        }
        match &self.family {
            Some(family) => location.push_str(&format!("/family/{}", Escaped(family))),
            None => {
                let service = self.service.as_deref().unwrap_or_default();
                location.push_str(&format!("/{}", Escaped(service)));
            }
        }
        if let Some(container) = &self.container {
            location.push_str(&format!("/{}", Escaped(container)));
        }
        format!("{location}#{}", Escaped(self.name(at)))
    }

    fn locate(&self, _: At<'_>, to: &mut Locator) {
        let container = self.container.as_deref();
        to.options([
            self.region.as_deref(),
            Some(&*self.cluster),
            self.service.as_deref(),
            container,
        ]);
    }

    fn remedy(&self, at: At<'_>, _: &Case<'_>) -> String {
        self.renew(at)
    }

    fn remedy_for_part(&self, at: At<'_>, _: &Case<'_>) -> String {
        self.renew(at)
    }

    fn follows(&self) -> Option<&'static str> {
        Some("the tasks that are found, their definitions, and the secrets these name")
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let listed = pages(&self.tasks(), asking)?;
        let listed: Vec<_> = listed.into_iter().flatten().cloned().collect();
        let asks: Vec<_> = listed
            .chunks(AT_ONCE)
            .map(|tasks| DescribeTasks {
                region: self.region(),
                cluster: Arc::clone(&self.cluster),
                tasks: tasks.into(),
            })
            .collect();
        let mut tasks = Vec::new();
        for described in asking.all(&asks)? {
            tasks.extend(described.map_err(Clone::clone)?);
        }
        tasks.retain(|task| &*task.status != "STOPPED");
        if tasks.is_empty() {
            return Err(self.nothing_runs().into());
        }
        let mut asks: Vec<_> = tasks.iter().map(|task| self.definition(task)).collect();
        asks.sort_by(|one, other| one.definition.cmp(&other.definition));
        asks.dedup();
        let answers = asking.all(&asks)?;
        let definitions: Vec<_> = asks.iter().zip(answers).collect();
        let mut readings = Vec::new();
        let mut sources: Vec<Arc<str>> = Vec::new();
        for task in tasks {
            let wanted = self.definition(task);
            let found = definitions.iter().find(|(ask, _)| **ask == wanted);
            match found.map(|(_, answer)| *answer) {
                Some(Ok(definition)) => {
                    self.look(task, definition, at, &mut readings, &mut sources);
                }
                Some(Err(error)) => readings.push(self.of(task, Found::Failed(error.clone()))),
                None => {}
            }
        }
        let then = self.start(at);
        readings.extend(follow::all(&sources, self.region(), &then, at, asking)?);
        Ok(readings)
    }
}

impl AwsEcs {
    fn name<'a>(&'a self, at: At<'a>) -> &'a str {
        self.name.as_deref().unwrap_or(at.variable)
    }

    fn region(&self) -> Option<Arc<str>> {
        let region = self.region.as_deref().or(region_of_arn(&self.cluster));
        region.map(Into::into)
    }

    fn tasks(&self) -> ListTasks {
        let of = match (&self.service, &self.family) {
            (Some(service), _) => Tasks::Service(Arc::clone(service)),
            (None, family) => Tasks::Family(family.clone().unwrap_or_default()),
        };
        ListTasks {
            region: self.region(),
            cluster: Arc::clone(&self.cluster),
            of,
            page: Page::first(AT_ONCE),
        }
    }

    fn definition(&self, task: &Task) -> ReadDefinition {
        ReadDefinition {
            region: self.region(),
            definition: Arc::clone(&task.definition),
        }
    }

    fn nothing_runs(&self) -> ReadError {
        let of = self.service.as_deref().or(self.family.as_deref());
        ReadError::new(
            ErrorKind::NotFound,
            format!(
                "no task of {} is running in {}",
                escape(of.unwrap_or_default()),
                escape(&self.cluster)
            ),
            "start it, or correct its name, the cluster or the region: where nothing runs, nothing is proven",
        )
    }

    /// What one task holds, and from where new ones would get it.
    fn look(
        &self,
        task: &Task,
        definition: &Definition,
        at: At<'_>,
        readings: &mut Vec<Reading>,
        sources: &mut Vec<Arc<str>>,
    ) {
        let meant = |container: &&Container| match &self.container {
            Some(named) => container.name == *named,
            None => true,
        };
        let containers: Vec<_> = definition.containers.iter().filter(meant).collect();
        if containers.is_empty() {
            readings.push(self.of(task, Found::Failed(self.no_container(definition))));
            return;
        }
        let name = self.name(at);
        let first = readings.len();
        let mut held = Vec::new();
        for container in &containers {
            let given = task.overrides.iter().find(|(of, _)| *of == container.name);
            let value = given
                .and_then(|(_, variables)| variables.get(name))
                .or_else(|| container.environment.get(name));
            if let Some(value) = value {
                let words = match given.is_some_and(|(_, variables)| variables.contains_key(name)) {
                    true => self.start_otherwise(&container.name, at),
                    false => self.revise(task, &container.name, at),
                };
                let found = Found::Value(Secret::copied(value.expose()));
                held.push((container, self.of(task, found).mended_by(words)));
            } else if let Some(source) = container.secrets.get(name) {
                if !sources.contains(source) {
                    sources.push(Arc::clone(source));
                }
                held.push((container, self.of(task, injected(task))));
            }
        }
        if held.is_empty() {
            let files = containers.iter().find_map(|it| it.files.first());
            readings.push(match files {
                Some(file) => self.of(task, in_file(file)),
                None => self.of(task, Found::Absent).mended_by(self.revise(
                    task,
                    &containers[0].name,
                    at,
                )),
            });
        }
        let several = held.len() > 1;
        for (container, mut reading) in held {
            if several {
                let replica = format!("{}/{}", id(task), container.name);
                reading = reading.of_replica(replica);
            }
            readings.push(reading);
        }
        let own = containers.iter().map(|container| &container.environment);
        let given = task.overrides.iter().map(|(_, variables)| variables);
        let entries = own.chain(given).flatten();
        let entries = entries.map(|(name, value)| (name.as_bytes(), value.expose()));
        for reading in readings.drain(first..).collect::<Vec<_>>() {
            readings.push(reading.out_of_entries(entries.clone()));
        }
    }

    fn of(&self, task: &Task, found: Found) -> Reading {
        Reading::new(found)
            .of_replica(id(task))
            .started_at(task.started_at.or(task.created_at))
    }

    fn no_container(&self, definition: &Definition) -> ReadError {
        let names: Vec<_> = definition
            .containers
            .iter()
            .map(|container| escape(&container.name))
            .collect();
        ReadError::new(
            ErrorKind::NotFound,
            format!(
                "the task has no container {}, only {}",
                escape(self.container.as_deref().unwrap_or_default()),
                names.join(", ")
            ),
            "correct `container`",
        )
    }
}

/// The last part of a task's ARN.
fn id(task: &Task) -> &str {
    task.arn.rsplit('/').next().unwrap_or_default()
}

/// A value that ECS fetched between the making of the task and the start of its containers.
fn injected(task: &Task) -> Found {
    let waits = matches!(&*task.status, "PROVISIONING" | "PENDING" | "ACTIVATING");
    Found::hidden(
        task.started_at.or(task.created_at.filter(|_| !waits)),
        "ECS injected the key when the task started and shows it to nobody: start new tasks to be sure, or look with `process` on the host",
    )
}

fn in_file(file: &str) -> Found {
    Found::hidden(
        None,
        format!(
            "the variable may stand in {}, which ECS read when the task started: audit that file",
            escape(file)
        ),
    )
}

#[cfg(test)]
mod tests;
