mod credential;
mod next;
mod outside;
mod processes;
mod renew;
mod users;

use std::borrow::Cow;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source};
use crate::platform::commands::quoted;
use crate::platform::systemd::{Show, Unit};
use crate::platform::{Asking, Stop};
use crate::reading::{ErrorKind, Loads, ReadError, Reading};
use crate::text::{Escaped, escape};
use crate::verdict::{Evidence, Stage};

/// What a systemd service is given: a variable of its environment, or a credential.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Systemd {
    /// The service; `.service` may be left out.
    unit: Box<str>,
    /// `running`, the default: what its processes were started with. `config`: what the next start
    /// would give it.
    #[serde(default)]
    stage: Option<Stage>,
    /// The name of a credential (`LoadCredential=`), where the key is in one and not in a variable.
    #[serde(default)]
    credential: Option<Box<str>>,
    /// Where the program takes the key from, if not from that credential.
    #[serde(default)]
    loads: Loads,
}

impl Source for Systemd {
    const INFO: Info = Info {
        id: "systemd",
        title: "what a systemd service is given: a variable, or a credential",
        stage: None,
        store: None,
        proves: &[Evidence::Value, Evidence::Timestamp],
        replicas: ["process", "processes"],
        permission: "for `config` read on the files that the unit names, and on systemd's configuration; for `running` the same user as the \
                     service, root, or CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
        credentials: &[],
        example: "- systemd: { unit: web, stage: config }\n\
                  - systemd: { unit: web }\n\
                  - systemd: { unit: worker, loads: itself }\n\
                  - systemd: { unit: web@1.service, credential: allstak }\n",
        tested: "systemd 252 itself, booted in a container, over a corpus of units",
        manual: "\
Looks at one service, at one of two moments, so a route has two hops for it.

**`stage: config`** is what the **next** start would give the service, put together as systemd does it. Each of \
these overrides the ones before it:

1. what `systemctl set-environment` and `DefaultEnvironment=` give to all services,
2. what `PassEnvironment=` takes from systemd's own environment,
3. `Environment=` of the unit and its drop-ins,
4. every `EnvironmentFile=` in its order, read by systemd's own rules.

In the end `UnsetEnvironment=` removes variables. A variable that nothing sets is `missing`. An \
`EnvironmentFile=` that does not exist, without a `-` before its name, keeps the service from starting: that is \
`unreachable`, with the file. Two things that no unit shows may change the result; `stage: running` includes \
both:

- PAM, in a unit with a user and `PAMName=`, may set or remove any variable, except those that \
`UnsetEnvironment=` removes afterwards. What the unit gives then has evidence `timestamp`, and does not count as \
proven; a variable that the unit does not give is `unverified`.
- `ManagerEnvironment=` in systemd's own configuration changes what `PassEnvironment=` passes on. `system.conf` \
and its drop-ins are read for it: if one of them may set the variable, and the unit itself does not, the \
variable is `unverified`. A setting that was removed there keeps its effect until systemd itself is restarted, \
and shows nowhere.

**`stage: running`**, the default, is the environment that its processes were started with: its **main \
process**, and all others in its control group that have the variable, one reading each.

- A helper or a shell that lacks the variable, where another process has it, is no finding. If no process has \
it, the service lacks it.
- A child that a script started with the old key is `stale`, whatever the main process has.
- What started straggler itself does not count.
- A process that may not be read is `unreachable`. The start time of the main process still proves a key that is \
older than the rotation.
- A service without a running process is `unreachable`.
- Notes say what the next start will change: a file that was written after the process started, or a unit that \
changed on disk and waits for `systemctl daemon-reload`.

A program that loads a file by itself needs `loads: itself`: an absent variable is then `unverified`, and not \
`missing`. What managers such as gunicorn, uWSGI, PM2 or supervisor do with the environment is described under \
[`process`](#process).

The **system's** systemd is asked, and no manager of a user (`systemctl --user`). A unit that only users have is \
`unreachable`, and the message names the file that declares it; `process: { unit: … }` reads what runs of it.

With `credential` straggler reads a file instead of a variable: for `config` what `LoadCredential=` or \
`SetCredential=` names, for `running` the file in `/run/credentials`. What `LoadCredentialEncrypted=` names is \
`unverified` before the start, because only systemd can decrypt it.

systemd shows `Environment=` to everybody on the host, whatever the permissions of the unit file: put keys into \
`EnvironmentFile=` or, better, `LoadCredential=`.",
    };

    fn check(&self) -> Result<(), String> {
        if self.unit.is_empty() || self.unit.contains(['/', '*', '?', '\0']) {
            return Err("expected the name of one service in `unit`".to_owned());
        }
        if let Some((_, suffix)) = self.unit.rsplit_once('.')
            && matches!(
                suffix,
                "socket" | "timer" | "path" | "mount" | "slice" | "scope" | "target"
            )
        {
            return Err("expected a service in `unit`: others have no environment".to_owned());
        }
        if matches!(self.stage, Some(Stage::Store | Stage::Bundle)) {
            return Err("expected `config` or `running` in `stage`".to_owned());
        }
        if self.loads != Loads::Environ
            && (self.credential.is_some() || self.stage() == Stage::Config)
        {
            return Err(
                "expected `loads` only where the environment of what runs is read".to_owned(),
            );
        }
        if self
            .credential
            .as_deref()
            .is_some_and(|name| name.is_empty() || name.contains('/'))
        {
            return Err("expected the name of a credential in `credential`".to_owned());
        }
        Ok(())
    }

    fn stage(&self) -> Stage {
        self.stage.unwrap_or(Stage::Running)
    }

    fn location(&self, at: At<'_>) -> String {
        let unit = self.unit();
        let next = match self.stage() {
            Stage::Config => "?stage=config",
            _ => "",
        };
        match &self.credential {
            Some(name) => format!(
                "systemd:{}{next}#credential/{}",
                Escaped(&unit),
                Escaped(name)
            ),
            None => format!("systemd:{}{next}#{}", Escaped(&unit), Escaped(at.variable)),
        }
    }

    fn remedy(&self, at: At<'_>, _: &Case<'_>) -> String {
        let unit = self.unit();
        let unit = quoted([&*unit]);
        let what = match &self.credential {
            Some(name) => format!("the credential {}", escape(name)),
            None => escape(at.variable).into_owned(),
        };
        format!(
            "put {} where {what} comes from (`systemctl cat {unit}` shows that), then `systemctl daemon-reload` and \
             `systemctl restart {unit}`",
            at.key_in_its_part()
        )
    }

    fn remedy_for_part(&self, at: At<'_>, case: &Case<'_>) -> String {
        self.remedy(at, case)
    }

    fn follows(&self) -> Option<&'static str> {
        Some("the files that the unit names, and the environments of its processes")
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let name: Arc<str> = self.unit().into();
        let unit = asking.of(&Show {
            unit: Arc::clone(&name),
        })?;
        if &*unit.load == "not-found" {
            return Err(users::unknown(&name, asking)?.into());
        }
        loaded(&name, unit)?;
        let readings = match (&self.credential, self.stage()) {
            (Some(credential), Stage::Config) => {
                vec![credential::next(&name, credential, at, asking)?]
            }
            (Some(credential), _) => {
                vec![credential::held(&name, unit, credential, at, asking)?]
            }
            (None, Stage::Config) => {
                vec![next::next(&name, unit, at, asking)?.into_reading(&name, at)]
            }
            (None, _) => processes::held(&name, unit, at, self.loads, asking)?,
        };
        let told = readings.into_iter().map(|reading| told_of(unit, reading));
        Ok(told.collect())
    }
}

impl Systemd {
    /// A unit without a suffix is a service, as it is for systemctl.
    fn unit(&self) -> Cow<'_, str> {
        match self.unit.ends_with(".service") {
            true => Cow::Borrowed(&*self.unit),
            false => Cow::Owned(format!("{}.service", self.unit)),
        }
    }
}

/// Whether such a service can be at all.
fn loaded(name: &str, unit: &Unit) -> Result<(), ReadError> {
    let name = escape(name);
    let (kind, message, next) = match &*unit.load {
        "loaded" => return Ok(()),
        "masked" => (
            ErrorKind::NotFound,
            format!("{name} is masked, so it never starts: nothing was seen"),
            format!("`systemctl unmask {name}`, or take it off the route"),
        ),
        other => (
            ErrorKind::BadData,
            format!("systemd cannot load {name}: {}", escape(other)),
            format!("`systemctl status {name}` says why"),
        ),
    };
    Err(ReadError::new(kind, message, next))
}

/// Says that what systemd goes by is no longer what stands in the unit's files.
fn told_of(unit: &Unit, reading: Reading) -> Reading {
    if !unit.needs_reload {
        return reading;
    }
    noted(
        reading,
        "the unit changed on disk, and systemd waits for `systemctl daemon-reload`",
    )
}

/// Adds to what there is to say.
fn noted(mut reading: Reading, note: &str) -> Reading {
    reading.note = Some(match reading.note {
        Some(before) => format!("{before}; {note}").into(),
        None => note.to_owned().into(),
    });
    reading
}

/// Nobody has it now.
fn nothing_runs(name: &str, unit: &Unit) -> ReadError {
    let name = escape(name);
    let state = escape(&unit.active);
    ReadError::new(
        ErrorKind::NotFound,
        format!("{name} is {state}, and no process of it runs: nothing was seen"),
        format!("`systemctl start {name}`, or say `stage: config` for what it would get"),
    )
}

#[cfg(test)]
mod tests;
