mod argued;
mod unseen;

use std::borrow::Cow;
use std::num::NonZeroU32;

use glob::Pattern;
use schemars::JsonSchema;
use serde::Deserialize;

use self::unseen::{hidden_processes, told};
use super::{At, Case, Info, Source};
use crate::extract::compile_pattern;
use crate::platform::commands::quoted;
use crate::platform::processes::{Environ, List, Looking, Process as Running, is_option};
use crate::platform::{Asking, Locator, Stop};
use crate::reading::{ErrorKind, Found, Loads, ReadError, Reading};
use crate::text::{Escaped, escape};
use crate::verdict::{Evidence, Stage};

/// The environment, or an argument, that running processes were started with. One of `pid`, `name`, `match` and
/// `unit` says which.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// The number of one process.
    #[serde(default)]
    pid: Option<NonZeroU32>,
    /// What the kernel calls it, or the file name of its first argument.
    #[serde(default)]
    name: Option<Box<str>>,
    /// A regular expression on its arguments, with a space between them.
    #[serde(default, rename = "match")]
    pattern: Option<Box<str>>,
    /// The systemd unit it belongs to; `*` matches instances.
    #[serde(default)]
    unit: Option<Box<str>>,
    /// The option that the key is given in, where it is in an argument and not in a variable: `argument: --api-key`.
    #[serde(default)]
    argument: Option<Box<str>>,
    /// Where the program takes the key from, if not from that argument.
    #[serde(default)]
    loads: Loads,
}

/// Which processes are meant, ready to be searched for.
enum Selector {
    Pid(u32),
    Name(Box<str>),
    Match(regex::bytes::Regex),
    Unit(Pattern),
}

impl Source for Process {
    const INFO: Info = Info {
        id: "process",
        title: "the environment, or an argument, that running processes were started with",
        stage: Some(Stage::Running),
        store: None,
        proves: &[Evidence::Value, Evidence::Timestamp],
        replicas: ["process", "processes"],
        permission: "the same user as the process, root, or CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH; for `argument` none, unless /proc hides others; Linux only",
        credentials: &[],
        example: "- process: { unit: web.service }\n\
                  - process: { name: node, loads: itself }\n\
                  - process: { match: 'gunicorn.*checkout' }\n\
                  - process: { name: relay, argument: --api-key }\n\
                  - process: { pid: 4242 }\n",
        tested: "real processes",
        manual: "\
Reads `/proc/PID/environ`: the environment that each matching process was started with, one replica each. A \
process keeps it until it is restarted. What a program changes in its own environment later does not show there.

| selector | matches |
|---|---|
| `pid` | one process |
| `name` | the kernel's name for it (at most 15 bytes), or the file name of its first argument; of a title, \
`nginx: worker process`, the first word |
| `match` | a regular expression found anywhere in its arguments, joined by spaces |
| `unit` | a systemd unit, with all it started; `.service` may be left out, `*` matches instances |

When nothing matches, the hop is `unreachable`, because nothing was seen.

**Never matched,** so that straggler does not take itself for the service:

- straggler itself, kernel threads and zombies;
- by name, pattern or unit, what started straggler (a shell, `timeout`, `sudo`, a session, cron), what it \
started, and other stragglers with theirs: their command lines may hold the same words as the service's. By its \
`pid` such a process can be read;
- by `name` and `match`, a `watch`, `timeout`, `sudo`, `env`, `aws-vault` or the like, or a shell with `-c`, whose \
command line runs straggler, that is, has its name as a word followed by one of its commands. The reading names it.

Any other program whose command line runs straggler (`web --on-rotate 'straggler audit'`, `sh /srv/web/start.sh \
--hook straggler audit`) is matched and judged like any other. If it fits a `match` only by the words that are \
straggler's (from its name to the end of that argument or, if the name is an argument of its own, of all arguments), \
it is one more replica, `unverified`.

A service, an application or cron may start straggler itself. So what started it and matches is one more \
replica, `unverified`, with its name and number: it was not looked at, and for `revoke-check` it is a blind spot. \
Nothing is said of a shell, `timeout`, `sudo`, `env` or the like whose command line has straggler's command line \
in it (`sh -c 'straggler audit …'`, `timeout 60 straggler …`), nor, by `match`, of another program that matches \
only by those words (`vault-run -- straggler …`). A script that runs straggler (`sh /srv/web/check.sh`) is named \
where it matches: a `match` that begins with `^` and the service's own program leaves it out.

**`loads`** says where the program takes its key from.

| `loads` | a variable that is not in the environment |
|---|---|
| `environ`, the default | `missing` |
| `itself`: the program reads a file on its own | `unverified`, because its absence proves nothing. A value in \
the environment still counts, since nearly every loader lets it win |

If a variable is set twice with different values, shells take the last one and most programs the first, so each \
is judged, the others as `…/2` and so on. The processes of a `unit` are looked at together: a helper or a shell \
that lacks the variable is no finding beside one that has it, unless they load it `itself`; what else it was given \
is searched for old keys.

**Arguments.** With `argument` the key is looked for in `/proc/PID/cmdline` instead, after the option of this \
name: `relay --api-key=…`, `relay --api-key …`, and `-k…` if the name is one letter. If the option is given \
several times with different values, each is judged. A process without the option is `missing`; in a `unit`, \
only if no process has it. An option within a script (`sh -c 'relay --api-key=…'`), one followed by another \
option, and the title that a program wrote over its arguments are `unverified`. Everybody on the host can read \
arguments. The environment, where straggler may read it, is searched for old keys all the same.

**Managers.** Some programs give the processes they start, or themselves, another environment than /proc shows.

| what runs | what is judged |
|---|---|
| a worker of PM2's cluster | the variable in its `pm2_env`, which takes the place of what the worker was \
started with |
| gunicorn with `--env NAME=…`, in its arguments or `GUNICORN_CMD_ARGS` | that value |
| else gunicorn (`raw_env`), uWSGI (`env`), PHP-FPM (`env[…]`), Apache (`SetEnv`), NGINX Unit, Passenger | its \
environment, by `timestamp`: shown, but not counted as proven, because their configuration may override it |
| supervisor, circus, foreman, honcho, PM2's daemon, monit, s6, runit | its environment, by `timestamp`, because \
it may give other values to what it starts: read those processes instead. In a `unit`, where what it started is \
seen beside it, by `value` |
| a command line that sets the variable, such as `java -DNAME=…`, `--name=…`, `env NAME=… node`, `sh -c 'NAME=… \
node'` | one more reading, `…/arguments` |
| options that set it, in another variable whose name ends in `OPTS`, `OPTIONS`, `FLAGS` or `ARGS`, such as \
`JAVA_TOOL_OPTIONS=-DNAME=…` | one more reading, named after that variable |

Processes started by supervisor and the like show what they were given in their own environment.

A program that changes its title by overwriting the memory of its environment hides the environment: that is \
`unverified` too. If /proc hides other users' processes (`hidepid`), one more replica says so, because one that \
was not seen may hold the old key.",
    };

    fn check(&self) -> Result<(), String> {
        if let Some(option) = &self.argument {
            if !is_option(option) {
                return Err(
                    "expected the name of an option in `argument`, as `--api-key`".to_owned(),
                );
            }
            if self.loads != Loads::Environ {
                return Err("expected either `argument` or `loads`".to_owned());
            }
        }
        self.selector().map(drop)
    }

    fn location(&self, at: At<'_>) -> String {
        let within = self.argument.as_deref().unwrap_or(at.variable);
        format!("process:{}#{}", self.shown(), escape(within))
    }

    fn locate(&self, _: At<'_>, to: &mut Locator) {
        to.option(self.argument.as_deref());
    }

    fn remedy(&self, at: At<'_>, _: &Case<'_>) -> String {
        if let Some(option) = &self.argument {
            return argued::remedy(option, self.unit.as_deref(), &self.shown(), at);
        }
        let fixed = "(the environment of a process is fixed when it starts)";
        match &self.unit {
            Some(unit) => format!(
                "once the unit gives it {}, `systemctl restart {}`",
                at.key_as_variable(),
                quoted([&*full_unit(unit)])
            ),
            None => format!(
                "restart the process ({}) with {} {fixed}",
                self.shown(),
                at.key_as_variable()
            ),
        }
    }

    fn remedy_for_part(&self, at: At<'_>, case: &Case<'_>) -> String {
        self.remedy(at, case)
    }

    fn follows(&self) -> Option<&'static str> {
        Some("the environments of the processes that are found")
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let selector = self.selector().map_err(|why| {
            ReadError::new(ErrorKind::BadData, why, "correct the settings of `process`")
        })?;
        let snapshot = asking.of(&List)?;
        let fitting = snapshot
            .processes
            .iter()
            .filter(|process| selector.fits(process));
        // A unit is told by more than a command line.
        let (passed_over, matching): (Vec<&Running>, Vec<_>) = fitting.partition(|process| {
            let by_words = matches!(selector, Selector::Name(_) | Selector::Match(_));
            by_words && process.runs_straggler
        });
        let (doubtful, matching): (Vec<&Running>, Vec<_>) = matching
            .into_iter()
            .partition(|process| selector.fits_straggler(process));
        let mut readings = match &self.argument {
            Some(option) => argued::read(option, &matching, self.unit.is_some(), asking)?,
            None => self.environments(at, &matching, asking)?,
        };
        if let Some(user) = self.user_of(&snapshot.processes, &selector) {
            let words = self.restarted_by(user, at);
            readings = readings
                .into_iter()
                .map(|reading| reading.mended_by(&*words))
                .collect();
        }
        if let (Some(told), Some(first)) = (told(&passed_over), readings.first_mut()) {
            first.note.get_or_insert_with(|| told.into());
        }
        let starters = snapshot.processes.iter();
        let starters: Vec<&Running> = starters
            .filter(|process| selector.may_mean(process))
            .collect();
        if readings.is_empty() {
            let passed_over = [passed_over, doubtful].concat();
            return Err(Stop::Failed(self.nothing_seen(
                snapshot.partial,
                &passed_over,
                &starters,
            )));
        }
        readings.extend(starters.into_iter().map(Running::left_out));
        readings.extend(doubtful.into_iter().map(Running::matches_by_straggler));
        if snapshot.partial && self.pid.is_none() {
            readings.push(Reading::new(Found::Failed(hidden_processes())).of_replica("hidden"));
        }
        Ok(readings)
    }
}

impl Process {
    /// What they have in the variable.
    fn environments(
        &self,
        at: At<'_>,
        matching: &[&Running],
        asking: &Asking<'_>,
    ) -> Result<Vec<Reading>, Stop> {
        let asks: Vec<Environ> = matching.iter().map(|process| Environ(process.id)).collect();
        let environments = asking.all(&asks)?;
        let looking = Looking {
            variable: at.variable,
            loads: self.loads,
            all: self.unit.is_some(),
            within: "",
        };
        let programs = looking.at(matching.iter().copied().zip(environments));
        Ok(match self.unit {
            Some(_) => programs.together(self.loads),
            None => programs.each(),
        })
    }

    fn selector(&self) -> Result<Selector, String> {
        let named = |text: &str| (!text.is_empty()).then(|| text.into());
        match (self.pid, &self.name, &self.pattern, &self.unit) {
            (Some(pid), None, None, None) => Ok(Selector::Pid(pid.get())),
            (None, Some(name), None, None) => named(name)
                .map(Selector::Name)
                .ok_or_else(|| "expected the name of a process in `name`".to_owned()),
            (None, None, Some(pattern), None) => compile_pattern(pattern).map(Selector::Match),
            (None, None, None, Some(unit)) => Pattern::new(&full_unit(unit))
                .map(Selector::Unit)
                .map_err(|error| format!("expected the name of a unit in `unit`: {}", error.msg)),
            _ => Err("expected exactly one of `pid`, `name`, `match` and `unit`".to_owned()),
        }
    }

    /// The selector as it was written.
    fn shown(&self) -> String {
        match (self.pid, &self.name, &self.pattern, &self.unit) {
            (Some(pid), ..) => format!("pid={pid}"),
            (_, Some(name), ..) => format!("name={}", Escaped(name)),
            (_, _, Some(pattern), _) => format!("match={}", Escaped(pattern)),
            (_, _, _, Some(unit)) => format!("unit={}", Escaped(&full_unit(unit))),
            (None, None, None, None) => "none".to_owned(),
        }
    }

    /// The user whose own systemd runs the unit, where that is not the host's.
    fn user_of<'p>(&self, processes: &'p [Running], selector: &Selector) -> Option<&'p str> {
        self.unit.as_ref()?;
        let mut users = processes
            .iter()
            .filter(|process| selector.fits(process))
            .map(Running::user_of_unit);
        let first = users.next()??;
        users.all(|user| user == Some(first)).then_some(first)
    }

    fn restarted_by(&self, user: &str, at: At<'_>) -> String {
        let unit = full_unit(self.unit.as_deref().unwrap_or_default());
        let unit = quoted([&*unit]);
        let given = match &self.argument {
            Some(option) => argued::given(option, at),
            None => at.key_as_variable(),
        };
        format!(
            "once the unit of user {} gives it {given}, `systemctl --user restart {unit}` as that user",
            escape(user)
        )
    }
}

impl Selector {
    /// What belongs to a straggler is meant only by its number.
    fn fits(&self, process: &Running) -> bool {
        match self {
            Self::Pid(pid) => process.id.pid == *pid,
            _ if process.ours => false,
            Self::Name(name) => process.is_named(name),
            Self::Match(pattern) => pattern.is_match(process.command_line().expose()),
            Self::Unit(unit) => process.is_in_unit(unit),
        }
    }

    /// Whether what fits is nothing but the words with which it runs straggler.
    fn fits_straggler(&self, process: &Running) -> bool {
        let rest = process.besides_straggler.as_ref();
        match (self, rest) {
            (Self::Match(pattern), Some(rest)) => !pattern.is_match(rest.expose()),
            _ => false,
        }
    }

    /// Whether it was left out because it started straggler, and may be the service itself.
    fn may_mean(&self, process: &Running) -> bool {
        let Some(rest) = &process.may_be_meant else {
            return false;
        };
        match self {
            Self::Pid(_) => false,
            Self::Name(name) => process.is_named(name),
            // What matches by the words of straggler's command line alone is not meant.
            Self::Match(pattern) => pattern.is_match(rest.expose()),
            Self::Unit(unit) => process.is_in_unit(unit),
        }
    }
}

/// A unit without a suffix is a service, as it is for systemctl.
fn full_unit(unit: &str) -> Cow<'_, str> {
    let suffixes = [".service", ".scope", ".slice", ".socket", ".mount", ".swap"];
    if suffixes.iter().any(|suffix| unit.ends_with(suffix)) {
        Cow::Borrowed(unit)
    } else {
        Cow::Owned(format!("{unit}.service"))
    }
}

#[cfg(test)]
mod tests;
