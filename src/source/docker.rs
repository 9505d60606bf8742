mod argued;
mod environment;
mod file;
mod inside;
mod renew;
mod select;
mod stopped;

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use self::select::Selection;
use super::{At, Case, Info, Source};
use crate::platform::docker::{Container, Details, Inspect, List};
use crate::platform::processes::is_option;
use crate::platform::{Asking, Locator, Stop};
use crate::reading::{ErrorKind, Found, Loads, ReadError, Reading};
use crate::text::{Escaped, escape};
use crate::verdict::{Evidence, Stage};

/// What running containers of Docker or Podman were created with. What is given of `container`,
/// `project`, `service`, `image` and `label` has to fit together; at least one has to be given.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Docker {
    /// The declared store; by default the engine that the Docker client would ask.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// A container's name, in which `*` and `?` stand for others, or at least 12 digits of its id.
    #[serde(default)]
    container: Option<Box<str>>,
    /// The Compose project.
    #[serde(default)]
    project: Option<Box<str>>,
    /// The service in it.
    #[serde(default)]
    service: Option<Box<str>>,
    /// The image as the container was created from it, in which `*` and `?` stand for others; with any
    /// tag, unless one is said.
    #[serde(default)]
    image: Option<Box<str>>,
    /// Labels and their values.
    #[serde(default)]
    label: BTreeMap<Box<str>, Box<str>>,
    /// An absolute path in the container, where the key is in a file: a mounted secret.
    #[serde(default)]
    file: Option<Arc<str>>,
    /// The option that the key is given in, where it is in an argument: `argument: --api-key`.
    #[serde(default)]
    argument: Option<Box<str>>,
    /// Where the program takes the key from, if not from that file or argument.
    #[serde(default)]
    loads: Loads,
}

impl Source for Docker {
    const INFO: Info = Info {
        id: "docker",
        title: "what running containers of Docker or Podman were created with",
        stage: Some(Stage::Running),
        store: Some("docker"),
        proves: &[Evidence::Value, Evidence::Timestamp, Evidence::Attested],
        replicas: ["container", "containers"],
        permission: "`GET /containers/json` and `GET /containers/*/json`, for `file` also `GET /containers/*/archive`, through a proxy before the socket that passes nothing else; the group `docker` is root. To look into the processes of containers on this machine, root, or CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
        credentials: &["DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_CONTEXT"],
        example: "\
- docker: { project: shop, service: web }
- docker: { store: build-1, container: 'checkout-*' }
- docker: { image: registry.internal/checkout, label: { stage: live }, loads: itself }
- docker: { project: shop, service: web, file: /run/secrets/allstak }
- docker: { container: relay, argument: --api-key }
",
        tested: "a real Docker Engine and a real Podman, their containers, Compose's labels, mounted files, and a Swarm secret",
        manual: "\
Asks the engine which containers run, and what each of them was created with; one reading for each. A paused \
container holds its key, and so does one that the engine is about to restart. One that has ended holds none. If \
nothing runs, nothing is proven: the hop is `unreachable`, and stopped containers are named.

**Stopped containers** keep what they were created with, for when they are started again. One with a restart \
policy that was created with another value than all that run is one more reading, `unverified`: the engine may \
bring it back. One without a policy is only named. What Swarm and Kubernetes leave behind is never started \
again, and does not count.

| setting | which containers |
|---|---|
| `container` | the one of this name, in which `*` and `?` are wildcards; or at least 12 digits of its id |
| `project`, `service` | those that Compose labelled so: `com.docker.compose.project` and `.service`, which \
podman-compose sets too |
| `image` | those created from this image, by the name it had then, even if that name now belongs to a newer image |
| `label` | those that have all these labels, as `com.docker.swarm.service.name: shop_web` |

**Environment.** It is fixed when a container is *created*: `docker restart` and a restart policy keep it, so \
only a new container gets a new key. What an image sets with `ENV` shows here too. Quotes that `docker run \
--env-file` kept are part of the value, and are found as damage. If a variable is set twice, the last one \
counts; a name without `=` removes the image's variable. `started_at` is when the container was created.

**Processes.** An entrypoint can give the container's program another value.

- If the containers run on this machine, and straggler may read their processes, it looks at each process too. \
One that has another value than its container was created with is one more reading, and so is one that may not \
be read beside others that may. A helper or a shell that lacks the variable is no finding. If no process has it, \
it is `missing`, whatever the container was created with.
- From another machine, or without permission to read any process, there is only what the engine shows: the \
value that the container was created with, and its command line. If that starts a manager such as gunicorn, \
uWSGI or supervisor, which may give its program another value, nothing is proven; see [`process`](#process).

A variable that is not set is `missing`, unless `loads: itself` says that the program or its entrypoint takes \
the key from elsewhere: then its absence proves nothing and is `unverified`.

**Podman's secrets.** What `podman run --secret …,type=env` injects is looked up at every start, and fixed until \
the next one. Podman 4.3 shows it to everybody who may ask the engine, so it is compared like any other value. \
Newer versions show `*******` instead, some of them under the secret's name and not the variable's. If the \
container's processes may be read, they still show it; otherwise it is `unverified`, or `stale` if the container \
was last started before the rotation. What the *next* start would inject is not part of this hop: since Podman \
4.7, `podman secret inspect --showsecret` prints it, for a `command` hop before this one.

**Files.** With `file` the key is read where the program reads it. On the engine's own machine, through its \
socket, that is `/proc/PID/root`: with every mount, and only if the process's control group is the container's. \
It needs root, or CAP_SYS_PTRACE and read access. From another machine it is the engine's archive, which shows \
less. What it does not show is never taken for missing or fine:

- what is mounted in memory (tmpfs, a Swarm secret) is not in it, or is an empty file: `unverified`;
- of a mounted file it shows what is on the host now. If the file was replaced there, as editors do, the \
container still has the old one: the value is shown, but proves nothing;
- what is in no layer and no mount is `unverified`, because a program may have mounted something there.

A file that changed more than a minute after its container was started may not have been reread: that is one \
more reading, `unverified`, until the container is restarted. Here `started_at` is when the container was last \
started.

**Arguments.** With `argument` the key is looked for after the option of this name in the command that a \
container was created with, and, on the engine's own machine, in the arguments of each of its processes; see \
[`process`](#process).

**Swarm.** A manager shows no secret's value. Read a service's secret with `file: /run/secrets/NAME`, with \
straggler on the node that runs the task.",
    };

    fn check(&self) -> Result<(), String> {
        if self.file.is_some() && self.loads != Loads::Environ {
            return Err("expected either `file` or `loads`".to_owned());
        }
        if let Some(option) = &self.argument {
            if self.file.is_some() || self.loads != Loads::Environ {
                return Err("expected `argument` without `file` and `loads`".to_owned());
            }
            if !is_option(option) {
                return Err(
                    "expected the name of an option in `argument`, as `--api-key`".to_owned(),
                );
            }
        }
        if let Some(file) = self.file.as_deref() {
            file::check(file)?;
        }
        self.selection().map(drop)
    }

    fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    fn location(&self, at: At<'_>) -> String {
        let store = self.store.as_deref();
        let store = store.map_or(String::new(), |store| format!("{}/", Escaped(store)));
        let shown = self.shown();
        match &self.file {
            Some(file) => format!("docker:{store}{shown}:{}", Escaped(file)),
            None => {
                let within = self.argument.as_deref().unwrap_or(at.variable);
                format!("docker:{store}{shown}#{}", Escaped(within))
            }
        }
    }

    fn locate(&self, _: At<'_>, to: &mut Locator) {
        to.options([self.file.as_deref(), self.argument.as_deref()]);
    }

    fn remedy(&self, at: At<'_>, _: &Case<'_>) -> String {
        self.general(at)
    }

    fn remedy_for_part(&self, at: At<'_>, _: &Case<'_>) -> String {
        self.general(at)
    }

    fn follows(&self) -> Option<&'static str> {
        Some("what the containers that are found were created with")
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let selection = self.selection().map_err(|why| {
            ReadError::new(ErrorKind::BadData, why, "correct the settings of `docker`")
        })?;
        let listed = asking.of(&List)?;
        let candidates: Vec<&Container> = listed
            .iter()
            .filter(|container| selection.may_fit(container))
            .collect();
        let asks: Vec<_> = candidates
            .iter()
            .map(|container| Inspect {
                id: Arc::clone(&container.id),
            })
            .collect();
        let mut failed = Vec::new();
        let (mut alive, mut stopped) = (Vec::new(), Vec::new());
        for (container, details) in candidates.into_iter().zip(asking.all(&asks)?) {
            match details {
                Ok(Some(details)) if selection.fits(container, details) => match details.alive {
                    true => alive.push((container, details)),
                    false => stopped.push((container, details)),
                },
                // It is gone meanwhile, or was created from another image.
                Ok(_) => {}
                Err(error) => failed.push(of(container, Found::Failed(error.clone()))),
            }
        }
        let mut readings = match (&self.file, &self.argument) {
            (Some(path), _) => file::read(path, at, &alive, listed, asking)?,
            (None, Some(option)) => argued::read(option, at, &alive, listed, asking)?,
            (None, None) => inside::read(at, self.loads, &alive, listed, asking)?,
        };
        readings.extend(failed);
        if readings.is_empty() {
            return Err(self.nothing_runs(&stopped).into());
        }
        let of_variables = self.file.is_none() && self.argument.is_none();
        if of_variables && !alive.is_empty() {
            readings.extend(stopped::starting(at, &stopped, &alive, listed));
        }
        let waiting = stopped
            .iter()
            .filter(|(_, details)| details.restarts.is_none());
        let waiting = stopped::told(waiting.copied());
        if let (false, Some(first)) = (waiting.is_empty(), readings.first_mut()) {
            let before = first.note.take().map(|note| format!("{note}; "));
            let before = before.unwrap_or_default();
            first.note = Some(format!("{before}not counted: {waiting}").into());
        }
        Ok(readings)
    }
}

impl Docker {
    fn selection(&self) -> Result<Selection<'_>, String> {
        let mut labels: Vec<(&str, &str)> = self
            .label
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        for (label, value) in [
            ("com.docker.compose.project", &self.project),
            ("com.docker.compose.service", &self.service),
        ] {
            labels.extend(value.as_deref().map(|value| (label, value)));
        }
        Selection::new(self.container.as_deref(), self.image.as_deref(), labels)
    }

    /// What to do with containers of which nothing more is known than how they are chosen.
    fn general(&self, at: At<'_>) -> String {
        let key = at.key_in_its_part();
        match &self.file {
            None if self.argument.is_some() => format!(
                "recreate the containers ({}) with {key} after `{}`: a restart keeps the old arguments",
                self.shown(),
                escape(self.argument.as_deref().unwrap_or_default())
            ),
            Some(file) => format!(
                "put {key} where {} of the containers ({}) is mounted from, then restart them",
                escape(file),
                self.shown()
            ),
            None => format!(
                "put {} where the containers ({}) get it when they are created, then recreate them: a restart keeps the \
                 old environment",
                at.key_as_variable(),
                self.shown()
            ),
        }
    }

    /// The selection as it was written.
    fn shown(&self) -> String {
        let named = [
            ("container", &self.container),
            ("project", &self.project),
            ("service", &self.service),
            ("image", &self.image),
        ];
        let named = named.into_iter().filter_map(|(name, value)| {
            let value = value.as_deref()?;
            Some(format!("{name}={}", Escaped(value)))
        });
        let labels = self
            .label
            .iter()
            .map(|(name, value)| format!("label.{}={}", Escaped(name), Escaped(value)));
        named.chain(labels).collect::<Vec<_>>().join(",")
    }

    fn nothing_runs(&self, stopped: &[(&Container, &Details)]) -> ReadError {
        let shown = self.shown();
        let told = stopped::told(stopped.iter().copied());
        if told.is_empty() {
            return ReadError::new(
                ErrorKind::NotFound,
                format!("no running container fits {shown}: nothing was seen"),
                "start it, or correct what it is selected by: where nothing runs, nothing is proven",
            );
        }
        let next = match self.file {
            Some(_) => "start it: where nothing runs, nothing is proven",
            None => {
                "recreate it with the current key, for a stopped container is started with what it was created with; or \
                 correct what it is selected by"
            }
        };
        ReadError::new(
            ErrorKind::NotFound,
            format!("no running container fits {shown} ({told}): nothing was seen"),
            next,
        )
    }
}

fn replica(container: &Container) -> String {
    Escaped(container.name()).to_string()
}

fn of(container: &Container, found: Found) -> Reading {
    Reading::new(found).of_replica(replica(container))
}

#[cfg(test)]
mod tests;
