use super::Inventory;
use super::log::opaque;
use crate::keyring::ProjectId;
use crate::text::nearest;

/// No project goes by a name, and what was probably meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnknownProject(String);

impl Inventory {
    /// The keys of a project and of all its environments, or the one of a single environment: the key of
    /// its own, else the general one if a deployment there should hold that.
    ///
    /// # Errors
    ///
    /// When there are none; the nearest name is told.
    pub fn keys_of(
        &self,
        project: &str,
        environment: Option<&str>,
    ) -> Result<Vec<ProjectId>, UnknownProject> {
        let Some(environment) = environment else {
            let all = (0..).map(ProjectId).zip(&self.projects);
            let keys: Vec<_> = all
                .filter(|(_, owner)| *owner.name == *project)
                .map(|(id, _)| id)
                .collect();
            return match keys.as_slice() {
                [] => Ok(vec![self.project_named(project)?]),
                _ => Ok(keys),
            };
        };
        match self.project_named(&format!("{project}/{environment}")) {
            Ok(id) => Ok(vec![id]),
            Err(unknown) => self
                .deployments
                .iter()
                .find(|deployment| {
                    deployment.environment.as_deref() == Some(environment)
                        && *self.project(deployment.project).name == *project
                })
                .map(|deployment| vec![deployment.project])
                .ok_or(unknown),
        }
    }

    /// The project that goes by `project`, or by `project/environment` where an environment has a
    /// key of its own.
    ///
    /// # Errors
    ///
    /// When there is none; the nearest name is told.
    pub fn project_named(&self, name: &str) -> Result<ProjectId, UnknownProject> {
        let titles: Vec<String> = self
            .projects
            .iter()
            .map(|project| project.title())
            .collect();
        if let Some(id) = (0..).zip(&titles).find(|(_, title)| *title == name) {
            return Ok(ProjectId(id.0));
        }
        // The environments of a project that has no key by itself.
        let environments: Vec<String> = titles
            .iter()
            .zip(&self.projects)
            .filter(|(_, project)| *project.name == *name)
            .map(|(title, _)| format!("`{title}`"))
            .collect();
        let may_be_key = opaque(name)
            || self.projects.iter().any(|project| {
                let format = project.format.as_ref();
                format.is_some_and(|format| format.find_in(name.as_bytes()).next().is_some())
            });
        let mut message = if may_be_key {
            "no project is named so".to_owned()
        } else {
            format!("no project is named `{name}`")
        };
        if !environments.is_empty() {
            message = format!(
                "project `{name}` has keys for single environments only: name {}",
                environments.join(" or ")
            );
        } else if let Some(near) = nearest(name, titles.iter().map(String::as_str)) {
            message = format!("{message}; did you mean `{near}`?");
        }
        Err(UnknownProject(crate::text::escape(&message).into_owned()))
    }
}
