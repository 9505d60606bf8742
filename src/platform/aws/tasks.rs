use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Account;
use super::call::{Action, Service};
use super::refusal::Refusal;
use super::secrets::{next, time};
use crate::extract::SecretText;
use crate::key::Secret;
use crate::platform::http::{MAX_PAGE, Reply};
use crate::platform::{Ask, List, Page, Portion};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// Whose tasks are meant.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Tasks {
    /// Those of a service.
    Service(Arc<str>),
    /// Those of a task definition's family, whoever started them.
    Family(Arc<str>),
}

/// Asks for the tasks that should be running, a page of them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ListTasks {
    /// The region, unless the store's own.
    pub region: Option<Arc<str>>,
    /// The cluster.
    pub cluster: Arc<str>,
    /// Whose.
    pub of: Tasks,
    /// Which page.
    pub page: Page,
}

/// Asks for a hundred tasks at most.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DescribeTasks {
    /// The region, unless the store's own.
    pub region: Option<Arc<str>>,
    /// The cluster.
    pub cluster: Arc<str>,
    /// Their ARNs.
    pub tasks: Arc<[Arc<str>]>,
}

/// Asks for a revision of a task definition.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReadDefinition {
    /// The region, unless the store's own.
    pub region: Option<Arc<str>>,
    /// Its ARN.
    pub definition: Arc<str>,
}

/// Variables by their names.
pub type Variables = HashMap<Box<str>, Secret>;

/// A task.
pub struct Task {
    /// Its ARN.
    pub arn: Box<str>,
    /// The ARN of the revision that it was made from.
    pub definition: Arc<str>,
    /// Where it stands: `RUNNING` and so on.
    pub status: Box<str>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When its containers ran.
    pub started_at: Option<Timestamp>,
    /// The variables that it was given in place of its definition's, by container.
    pub overrides: Vec<(Box<str>, Variables)>,
}

/// A revision of a task definition.
pub struct Definition {
    /// Its containers.
    pub containers: Vec<Container>,
}

/// A container in it.
pub struct Container {
    /// Its name.
    pub name: Box<str>,
    /// The variables that stand in the definition itself.
    pub environment: Variables,
    /// The variables that are fetched when a task starts, and from where.
    pub secrets: HashMap<Box<str>, Arc<str>>,
    /// The files of variables, in S3.
    pub files: Vec<Box<str>>,
}

impl Ask for ListTasks {
    type Platform = Account;
    type Answer = Portion<Vec<Arc<str>>>;
    const PAGED: bool = true;

    fn host(&self, account: &Account) -> Option<Arc<str>> {
        account.host(Service::Ecs, self.region.as_deref())
    }

    fn divides(&self) -> bool {
        self.page.divides()
    }

    fn describe(&self) -> String {
        let (Tasks::Service(of) | Tasks::Family(of)) = &self.of;
        let (cluster, of) = (escape(&self.cluster), escape(of));
        format!("ListTasks {cluster}/{of}{}", self.page.shown())
    }

    async fn send(
        account: &Account,
        asks: Vec<Self>,
    ) -> Vec<Result<Portion<Vec<Arc<str>>>, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.list(account).await);
        }
        answers
    }
}

impl List for ListTasks {
    type Items = Vec<Arc<str>>;
    const TOOL: &'static str = "`aws ecs list-tasks`";

    fn at(&self, page: Page) -> Self {
        Self {
            page,
            ..self.clone()
        }
    }

    fn page(&self) -> &Page {
        &self.page
    }

    fn of(&self) -> String {
        let (Tasks::Service(of) | Tasks::Family(of)) = &self.of;
        format!("tasks of {} in {}", escape(of), escape(&self.cluster))
    }
}

impl Ask for DescribeTasks {
    type Platform = Account;
    type Answer = Vec<Task>;

    fn host(&self, account: &Account) -> Option<Arc<str>> {
        account.host(Service::Ecs, self.region.as_deref())
    }

    fn describe(&self) -> String {
        let count = self.tasks.len();
        format!("DescribeTasks {} ({count})", escape(&self.cluster))
    }

    async fn send(account: &Account, asks: Vec<Self>) -> Vec<Result<Vec<Task>, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.get(account).await);
        }
        answers
    }
}

impl Ask for ReadDefinition {
    type Platform = Account;
    type Answer = Definition;
    // The tasks of other hops may be of it too, and are known only later.
    const KEEP: bool = true;

    fn host(&self, account: &Account) -> Option<Arc<str>> {
        account.host(Service::Ecs, self.region.as_deref())
    }

    fn describe(&self) -> String {
        format!("DescribeTaskDefinition {}", escape(&self.definition))
    }

    async fn send(account: &Account, asks: Vec<Self>) -> Vec<Result<Definition, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.get(account).await);
        }
        answers
    }
}

impl ListTasks {
    async fn list(&self, account: &Account) -> Result<Portion<Vec<Arc<str>>>, ReadError> {
        let mut json = json!({
            "cluster": &*self.cluster,
            "desiredStatus": "RUNNING",
            "maxResults": self.page.most,
        });
        match &self.of {
            Tasks::Service(name) => json["serviceName"] = (&**name).into(),
            Tasks::Family(name) => json["family"] = (&**name).into(),
        }
        if let Some(token) = &self.page.from {
            json["nextToken"] = (&**token).into();
        }
        let permission = "allow `ecs:ListTasks`";
        let reply = act(account, &self.region, "ListTasks", json, permission).await?;
        let listed: Listed<'_> = reply.json()?;
        Ok(Portion::Of {
            items: listed.tasks.into_iter().map(Arc::from).collect(),
            next: next(listed.next),
        })
    }
}

impl DescribeTasks {
    async fn get(&self, account: &Account) -> Result<Vec<Task>, ReadError> {
        let tasks: Vec<&str> = self.tasks.iter().map(|task| &**task).collect();
        let json = json!({"cluster": &*self.cluster, "tasks": tasks});
        let permission = "allow `ecs:DescribeTasks` on the cluster's tasks";
        let reply = act(account, &self.region, "DescribeTasks", json, permission).await?;
        let described: Described<'_> = reply.json()?;
        // One that is gone since it was listed is nothing to worry about.
        let failed = described.failures.iter();
        if let Some(failure) = failed.into_iter().find(|it| it.reason != "MISSING") {
            return Err(ReadError::new(
                ErrorKind::Protocol,
                format!("a task cannot be described: {}", escape(&failure.reason)),
                "run `aws ecs describe-tasks` by hand",
            ));
        }
        Ok(described.tasks.into_iter().map(SaidTask::task).collect())
    }
}

impl ReadDefinition {
    async fn get(&self, account: &Account) -> Result<Definition, ReadError> {
        let json = json!({"taskDefinition": &*self.definition});
        let permission = "allow `ecs:DescribeTaskDefinition`";
        let name = "DescribeTaskDefinition";
        let reply = act(account, &self.region, name, json, permission).await?;
        let defined: Defined = reply.json()?;
        let containers = defined.definition.containers.into_iter();
        Ok(Definition {
            containers: containers.map(SaidContainer::container).collect(),
        })
    }
}

async fn act(
    account: &Account,
    region: &Option<Arc<str>>,
    name: &'static str,
    json: Value,
    permission: &str,
) -> Result<Reply, Refusal> {
    let action = Action {
        service: Service::Ecs,
        region: region.as_deref(),
        name,
        json,
        permission,
        most: MAX_PAGE,
    };
    account.act(action).await
}

#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(rename = "taskArns", default)]
    tasks: Vec<Box<str>>,
    #[serde(rename = "nextToken", borrow)]
    next: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Described<'a> {
    #[serde(default)]
    tasks: Vec<SaidTask>,
    #[serde(borrow, default)]
    failures: Vec<Failure<'a>>,
}

#[derive(Deserialize)]
struct Failure<'a> {
    #[serde(borrow, default)]
    reason: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SaidTask {
    task_arn: Box<str>,
    task_definition_arn: Arc<str>,
    #[serde(default)]
    last_status: Box<str>,
    created_at: Option<f64>,
    started_at: Option<f64>,
    #[serde(default)]
    overrides: Overrides,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Overrides {
    container_overrides: Vec<Override>,
}

#[derive(Deserialize)]
struct Override {
    #[serde(default)]
    name: Box<str>,
    #[serde(default)]
    environment: Vec<Pair>,
}

#[derive(Deserialize)]
struct Pair {
    name: Box<str>,
    value: SecretText,
}

impl SaidTask {
    fn task(self) -> Task {
        let overrides = self.overrides.container_overrides.into_iter();
        Task {
            arn: self.task_arn,
            definition: self.task_definition_arn,
            status: self.last_status,
            created_at: self.created_at.and_then(time),
            started_at: self.started_at.and_then(time),
            overrides: overrides.map(|it| (it.name, map(it.environment))).collect(),
        }
    }
}

#[derive(Deserialize)]
struct Defined {
    #[serde(rename = "taskDefinition")]
    definition: SaidDefinition,
}

#[derive(Deserialize)]
struct SaidDefinition {
    #[serde(rename = "containerDefinitions", default)]
    containers: Vec<SaidContainer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SaidContainer {
    name: Box<str>,
    #[serde(default)]
    environment: Vec<Pair>,
    #[serde(default)]
    secrets: Vec<From>,
    #[serde(default)]
    environment_files: Vec<EnvironmentFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct From {
    name: Box<str>,
    value_from: Arc<str>,
}

#[derive(Deserialize)]
struct EnvironmentFile {
    #[serde(default)]
    value: Box<str>,
}

impl SaidContainer {
    fn container(self) -> Container {
        let secrets = self.secrets.into_iter();
        let files = self.environment_files.into_iter();
        Container {
            name: self.name,
            environment: map(self.environment),
            secrets: secrets.map(|it| (it.name, it.value_from)).collect(),
            files: files.map(|it| it.value).collect(),
        }
    }
}

fn map(pairs: Vec<Pair>) -> Variables {
    let pairs = pairs.into_iter();
    pairs.map(|pair| (pair.name, pair.value.0)).collect()
}
