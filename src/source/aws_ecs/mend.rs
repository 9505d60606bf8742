//! What to do about tasks that do not hold the current key.

use super::{At, AwsEcs, Task};
use crate::platform::aws::command;
use crate::text::escape;

impl AwsEcs {
    /// Where nothing more is known.
    pub(super) fn renew(&self, at: At<'_>) -> String {
        format!(
            "make sure that {} in the task definition, or what it names there, is {}, then {}",
            escape(self.name(at)),
            at.key_in_its_part(),
            self.start(at)
        )
    }

    /// Where the value stands in the definition itself, or nowhere: the same revision starts the same again.
    pub(super) fn revise(&self, task: &Task, container: &str, at: At<'_>) -> String {
        let family = task.definition.rsplit('/').next().unwrap_or_default();
        let family = family.split(':').next().unwrap_or_default();
        let place = format!(
            "{} of the container {} in a new revision of the task definition {}",
            escape(self.name(at)),
            escape(container),
            escape(family)
        );
        let written = at.write_to(&place);
        match &self.service {
            Some(service) => format!(
                "{written}, and update the service {} to it",
                escape(service)
            ),
            None => format!("{written}, and start its tasks from it"),
        }
    }

    /// Where whoever started the task gave it the variable.
    pub(super) fn start_otherwise(&self, container: &str, at: At<'_>) -> String {
        format!(
            "stop the task and start it with {} of the container {} overridden by {}: whoever started it gave it another",
            escape(self.name(at)),
            escape(container),
            at.key_in_its_part()
        )
    }

    /// Starts tasks that fetch what the definition names.
    pub(super) fn start(&self, at: At<'_>) -> String {
        let Some(service) = &self.service else {
            return format!("restart its tasks in {}", escape(&self.cluster));
        };
        let mut words = vec!["ecs", "update-service", "--force-new-deployment"];
        words.extend(["--cluster", &*self.cluster, "--service", &**service]);
        let command = command(&words, self.region().as_deref(), at.options);
        format!("start new tasks with {command}")
    }
}
