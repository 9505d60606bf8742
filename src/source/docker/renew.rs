//! How a container gets another key: whoever created it creates it anew.

use super::At;
use crate::platform::commands::quoted;
use crate::platform::docker::{Container, Details, Mount};
use crate::reading::{Reading, Written};
use crate::text::escape;

/// `docker restart` is what most people try first.
const FIXED: &str = "a restart keeps the old environment";

/// Who created a container.
enum Creator<'a> {
    /// A service of Swarm.
    Swarm { service: &'a str, stack: bool },
    /// A service of a Compose project.
    Compose { project: &'a str, service: &'a str },
    /// Somebody by hand, or a program that leaves no mark.
    Unknown,
}

/// How one container gets another key.
pub(super) struct Renewal<'a> {
    container: &'a Container,
    details: &'a Details,
    creator: Creator<'a>,
    /// How many containers of its service run.
    count: usize,
}

impl<'a> Renewal<'a> {
    /// `all` are the containers that the engine has.
    pub fn of(container: &'a Container, details: &'a Details, all: &[Container]) -> Self {
        let label = |name| container.label(name).filter(|value| !value.is_empty());
        let swarm = label("com.docker.swarm.service.name");
        let [project, service] =
            ["com.docker.compose.project", "com.docker.compose.service"].map(label);
        let creator = match (swarm, project, service) {
            (Some(service), ..) => Creator::Swarm {
                service,
                stack: label("com.docker.stack.namespace").is_some(),
            },
            (None, Some(project), Some(service)) => Creator::Compose { project, service },
            _ => Creator::Unknown,
        };
        let is_alike = |other: &&Container| {
            ["com.docker.compose.project", "com.docker.compose.service"]
                .iter()
                .all(|name| other.label(name) == container.label(name))
        };
        Self {
            container,
            details,
            count: all
                .iter()
                .filter(|other| other.runs())
                .filter(is_alike)
                .count(),
            creator,
        }
    }

    /// Says how a variable of its environment is mended.
    pub fn of_variable(&self, at: At<'_>, reading: Reading) -> Reading {
        let key = at.key_as_variable();
        let (words, written) = match &self.creator {
            Creator::Swarm { service, stack } => (swarm_variable(at, service, *stack), None),
            Creator::Compose { .. } => (
                format!(
                    "put {key} where Compose takes it from, then recreate the containers: `{}`; \
                     {FIXED}",
                    self.compose_up()
                ),
                Some(Written::Compose),
            ),
            Creator::Unknown => (
                format!(
                    "recreate {} as it was created, with {key}: `{}`, then `{} run` with all its options; {FIXED}",
                    self.name(),
                    quoted([self.program(), "rm", "-f", self.container.name()]),
                    self.program()
                ),
                Some(Written::ContainerOptions),
            ),
        };
        let reading = reading.mended_by(words);
        match written {
            Some(written) => reading.written_in(written),
            None => reading,
        }
    }

    /// Says how what stands behind an option of its command is mended.
    pub fn of_argument(&self, option: &str, at: At<'_>, reading: Reading) -> Reading {
        let given = format!("{} after `{}`", at.key_in_its_part(), escape(option));
        let words = match &self.creator {
            Creator::Swarm { service, .. } => format!(
                "let the command of {} have {given}: `docker service update --args` replaces all its arguments",
                escape(service)
            ),
            Creator::Compose { .. } => format!(
                "let it be {given} where Compose takes the command from, then {}; a restart keeps the old arguments",
                self.anew()
            ),
            Creator::Unknown => format!(
                "recreate {} as it was created, with {given}: `{}`, then `{} run` with all its options; a restart keeps the \
                 old arguments",
                self.name(),
                quoted([self.program(), "rm", "-f", self.container.name()]),
                self.program()
            ),
        };
        reading.mended_by(words)
    }

    /// Says how a variable is mended that what starts the program sets, whatever the container was created
    /// with.
    pub fn of_started(&self, at: At<'_>, reading: Reading) -> Reading {
        reading.mended_by(format!(
            "what starts the program in {} sets {} itself: let it be {} there, then {}",
            self.name(),
            escape(at.variable),
            at.key_in_its_part(),
            self.anew()
        ))
    }

    /// Says how a file in it is mended.
    pub fn of_file(&self, path: &str, at: At<'_>, reading: Reading) -> Reading {
        let mount = covering(&self.details.mounts, path);
        let words = match (&self.creator, mount) {
            (Creator::Swarm { service, .. }, None) => swarm_secret(path, at, service),
            (_, Some(mount)) if mount.is_bind() => {
                let source = mount.beneath(path);
                format!(
                    "{}{}, then `{}`",
                    at.write_to(&format!("{} on the engine's machine", escape(&source))),
                    exactly(at),
                    self.restart()
                )
            }
            (_, mount) => {
                let kept = match mount {
                    Some(_) => "",
                    None => {
                        ", and into what it is created from, or the next container has the old one"
                    }
                };
                format!(
                    "{}{}{kept}; then `{}`",
                    at.write_to(&format!("{} in {}", escape(path), self.name())),
                    exactly(at),
                    self.restart()
                )
            }
        };
        reading.mended_by(words)
    }

    /// Says what to do with one that does not run, beside others that do.
    pub fn of_stopped(&self, at: At<'_>, reading: Reading) -> Reading {
        reading.mended_by(format!(
            "if nobody needs {} anymore, remove it (`{}` does); else put {} into what it is created from, and {}",
            self.name(),
            quoted([self.program(), "rm", self.container.name()]),
            at.key_as_variable(),
            self.anew()
        ))
    }

    /// Says that its program may have read a file before it changed.
    pub fn of_program(&self, reading: Reading) -> Reading {
        reading.mended_by(format!("`{}`", self.restart()))
    }

    fn name(&self) -> String {
        escape(self.container.name()).into_owned()
    }

    fn program(&self) -> &'static str {
        match self.details.podman {
            true => "podman",
            false => "docker",
        }
    }

    fn restart(&self) -> String {
        match &self.creator {
            Creator::Swarm { service, .. } => {
                format!("docker service update --force {}", quoted([*service]))
            }
            _ => quoted([self.program(), "restart", self.container.name()]),
        }
    }

    /// How it is created anew, as the end of a sentence.
    fn anew(&self) -> String {
        match &self.creator {
            Creator::Swarm { .. } => format!("`{}`", self.restart()),
            Creator::Compose { .. } => {
                format!("recreate the containers: `{}`", self.compose_up())
            }
            Creator::Unknown => "recreate the container".to_owned(),
        }
    }

    /// Compose as it was called: in its folder, with its files, by its name. Without the number of
    /// containers it would go back to the one that its file says.
    fn compose_up(&self) -> String {
        let Creator::Compose { project, service } = &self.creator else {
            return String::new();
        };
        let label = |name| self.container.label(name).filter(|value| !value.is_empty());
        let mut words: Vec<&str> = Vec::new();
        if let Some(folder) = label("com.docker.compose.project.working_dir") {
            words.extend(["cd", folder, "&&"]);
        }
        let version = label("com.docker.compose.version").unwrap_or_default();
        let podman = label("io.podman.compose.project").is_some();
        if podman {
            words.push("podman-compose");
        } else if version.starts_with("1.") {
            words.push("docker-compose");
        } else {
            words.extend(["docker", "compose"]);
        }
        let files = label("com.docker.compose.project.config_files").unwrap_or_default();
        for file in files.split(',').filter(|file| !file.is_empty()) {
            words.extend(["-f", file]);
        }
        let environment = label("com.docker.compose.project.environment_file").unwrap_or_default();
        for file in environment.split(',').filter(|file| !file.is_empty()) {
            words.extend(["--env-file", file]);
        }
        words.extend(["-p", project, "up", "-d", "--force-recreate"]);
        let scale = format!("{service}={}", self.count);
        if self.count > 1 {
            words.extend(["--scale", &scale]);
        }
        words.push(service);
        // The one word that is not to be quoted.
        quoted(words).replacen(" '&&' ", " && ", 1)
    }
}

fn exactly(at: At<'_>) -> &'static str {
    match at.part {
        Some(_) => "",
        None => ", without a line break after it",
    }
}

/// The key comes out of the client's environment, and so stands on no command line.
fn swarm_variable(at: At<'_>, service: &str, stack: bool) -> String {
    let (variable, service) = (escape(at.variable), quoted([service]));
    let update = match at.part {
        None => format!(
            "`{variable}=\"$(cat FILE)\" docker service update --env-add {variable} {service}`"
        ),
        Some(_) => format!(
            "set {}, leaving the rest of it as it is: `docker service update --env-add` on {service}",
            at.key_as_variable()
        ),
    };
    match stack {
        true => format!(
            "{update}; and correct it where the stack is declared, or the next `docker stack deploy` brings the old one back"
        ),
        false => update,
    }
}

/// A secret cannot be changed, and without its target the new one would stand in another file.
fn swarm_secret(path: &str, at: At<'_>, service: &str) -> String {
    let target = path.strip_prefix("/run/secrets/").unwrap_or(path);
    let service = quoted([service]);
    let content = match at.part {
        None => String::new(),
        Some(_) => format!(" (FILE is all of it, with {} in it)", at.key_in_its_part()),
    };
    let add = quoted([&*format!("source=NEW,target={target}")]);
    format!(
        "make a secret of the current key by a new name, `docker secret create NEW FILE`{content}, and exchange it for the one \
         that `docker service inspect {service}` shows for {}: `docker service update --secret-rm OLD --secret-add {add} \
         {service}`",
        escape(target)
    )
}

/// The innermost mount that a path lies in.
pub(super) fn covering<'m>(mounts: &'m [Mount], path: &str) -> Option<&'m Mount> {
    let covers = |mount: &&Mount| {
        let rest = path.strip_prefix(mount.path.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let covering = mounts.iter().filter(covers);
    covering.max_by_key(|mount| mount.path.trim_end_matches('/').len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_counts() {
        let mount = |path: &str| Mount {
            path: path.into(),
            in_memory: false,
            source: None,
        };
        let mounts = [mount("/run"), mount("/run/secrets/key"), mount("/srv/")];
        for (path, of) in [
            ("/run/secrets/key", Some("/run/secrets/key")),
            ("/run/secrets/key2", Some("/run")),
            ("/running", None),
            ("/srv/key", Some("/srv/")),
            ("/key", None),
        ] {
            let found = covering(&mounts, path).map(|mount| &*mount.path);
            assert_eq!(found, of, "{path}");
        }
    }
}
