//! What the programs of processes have in a variable, as far as that can be told from outside.

use std::sync::Arc;

use super::assigned::{assigned, optioned};
use super::manager::{GUNICORN, Manager, manager};
use super::{Environ, LookUp, Process, look_up};
use crate::extract::{pointer_to, string_at};
use crate::key::Secret;
use crate::platform::Attempt;
use crate::reading::{Found, Loads, Reading, Taken};
use crate::text::Escaped;
use crate::verdict::Evidence;

/// Where PM2 puts what it gives to the workers of its cluster, who take it over when they start.
const PM2: &str = "pm2_env";

/// What several processes have, one reading each.
#[derive(Default)]
pub struct Programs {
    /// Those that show the variable, hide whether they have it, or could not be read.
    pub readings: Vec<Reading>,
    /// Those that have none.
    pub lacking: Vec<Reading>,
}

/// How processes are looked at.
#[derive(Clone, Copy)]
pub struct Looking<'a> {
    /// What is looked for.
    pub variable: &'a str,
    /// Where their programs take it from.
    pub loads: Loads,
    /// Whether these are all that a unit or a container has.
    pub all: bool,
    /// What stands before their names.
    pub within: &'a str,
}

impl Looking<'_> {
    /// Reads what they have. What ended meanwhile is left out.
    #[must_use]
    pub fn at<'p>(
        self,
        processes: impl IntoIterator<Item = (&'p Process, Attempt<'p, Environ>)>,
    ) -> Programs {
        let mut programs = Programs::default();
        // Managers, whose own environment says little unless what they started is seen too.
        let mut handing = Vec::new();
        for (process, environment) in processes {
            let named = |reading: Reading| {
                let reading = reading.of_replica(self.replica(process));
                reading.started_at(process.started_at)
            };
            let environment = match environment {
                Ok(Some(environment)) => environment.expose(),
                Ok(None) => continue,
                Err(error) => {
                    programs
                        .readings
                        .push(named(Reading::new(Found::Failed(error.clone()))));
                    continue;
                }
            };
            let manager = manager(&process.name, process.arguments());
            let lines = environment.split(|&byte| byte == 0);
            let whole = Arc::new(Secret::of_lines(lines.chain(process.arguments())));
            let part = |reading: Reading| reading.out_of(Arc::clone(&whole));
            let (own, beside) = self.held(process, manager, environment);
            let again = self.again(process, manager, environment);
            let options = self.options(process, manager, environment);
            for (reading, place) in again.into_iter().zip(2..) {
                let reading = reading
                    .of_replica(format!("{}/{place}", self.replica(process)))
                    .started_at(process.started_at);
                match is_handed(manager, &reading) {
                    true => handing.push(part(reading)),
                    false => programs.readings.push(part(reading)),
                }
            }
            match own {
                Some(reading) if is_handed(manager, &reading) => {
                    handing.push(named(part(reading)));
                }
                Some(reading) => programs.readings.push(named(part(reading))),
                None if beside.is_some() || !options.is_empty() => {}
                None => programs.lacking.push(named(part(self.nothing()))),
            }
            programs.readings.extend(beside.map(|reading| {
                part(reading)
                    .of_replica(format!("{}/arguments", self.replica(process)))
                    .started_at(process.started_at)
            }));
            programs.readings.extend(options.into_iter().map(part));
        }
        let others_seen = programs
            .readings
            .iter()
            .any(|reading| matches!(reading.found, Found::Value(_)));
        for reading in handing {
            programs.readings.push(match self.all && others_seen {
                true => shown(reading),
                false => reading,
            });
        }
        programs
    }

    /// Its own name and number.
    #[must_use]
    pub fn replica(self, process: &Process) -> String {
        format!(
            "{}{}/{}",
            self.within,
            Escaped(&process.name),
            process.id.pid
        )
    }

    /// What a process has, and what its arguments say beside.
    fn held(
        self,
        process: &Process,
        manager: Option<Manager>,
        environment: &[u8],
    ) -> (Option<Reading>, Option<Reading>) {
        let argued = argued(process.arguments(), self.variable);
        if let Some(reading) = self.of_pm2(environment) {
            return (Some(reading), argued.map(Reading::value));
        }
        let own = match look_up(environment, self.variable) {
            LookUp::Once(value) => Some(Reading::value(Secret::copied(value))),
            LookUp::Several(value, _) => {
                Some(Reading::value(Secret::copied(value)).with_note(MORE_THAN_ONCE))
            }
            LookUp::Overwritten => Some(Reading::new(Found::hidden(None, OVERWRITTEN))),
            LookUp::Nowhere => None,
        };
        match manager {
            Some(Manager::Overrides { name, through }) => {
                let argued = argued.map(Reading::value);
                let sure = match name {
                    // These win over everything else that gunicorn reads.
                    GUNICORN => argued.or_else(|| of_gunicorn(environment, self.variable)),
                    _ => {
                        let found = own.map(|reading| reading.found);
                        return (Some(overridden(found, name, through)), argued);
                    }
                };
                let sure = sure.map(|reading| reading.with_note("its command line sets it"));
                let hidden = || overridden(own.map(|reading| reading.found), name, through);
                (Some(sure.unwrap_or_else(hidden)), None)
            }
            Some(Manager::Hands { name, through }) => {
                let own = own.map(|reading| match reading.found {
                    found @ Found::Value(_) => handed(found, name, through),
                    found => Reading::new(found),
                });
                (own, argued.map(Reading::value))
            }
            None => (own, argued.map(Reading::value)),
        }
    }

    /// What options give it that stand in other variables.
    fn options(
        self,
        process: &Process,
        manager: Option<Manager>,
        environment: &[u8],
    ) -> Vec<Reading> {
        // What these say is judged already.
        let is_its_own =
            matches!(manager, Some(Manager::Overrides { name, .. }) if name == GUNICORN);
        let entries = environment.split(|&byte| byte == 0);
        let found = optioned(entries, self.variable).into_iter();
        let found = found.filter(|(name, _)| !is_its_own || *name != b"GUNICORN_CMD_ARGS");
        found
            .map(|(name, value)| {
                let name = String::from_utf8_lossy(name);
                Reading::value(Secret::copied(value))
                    .of_replica(format!("{}/{}", self.replica(process), Escaped(&name)))
                    .started_at(process.started_at)
            })
            .collect()
    }

    /// What else a process has in the variable, where it stands there more than once.
    fn again(
        self,
        process: &Process,
        manager: Option<Manager>,
        environment: &[u8],
    ) -> Vec<Reading> {
        let LookUp::Several(_, others) = look_up(environment, self.variable) else {
            return Vec::new();
        };
        if self.of_pm2(environment).is_some() {
            return Vec::new();
        }
        let others = others.into_iter();
        let readings = others.map(|value| Reading::value(Secret::copied(value)));
        match manager {
            Some(Manager::Overrides { name, through }) => {
                let is_set = name == GUNICORN
                    && (argued(process.arguments(), self.variable).is_some()
                        || of_gunicorn(environment, self.variable).is_some());
                match is_set {
                    true => Vec::new(),
                    false => readings
                        .map(|reading| overridden(Some(reading.found), name, through))
                        .collect(),
                }
            }
            Some(Manager::Hands { name, through }) => readings
                .map(|reading| handed(reading.found, name, through))
                .collect(),
            None => readings
                .map(|reading| reading.with_note(MORE_THAN_ONCE))
                .collect(),
        }
    }

    /// The environment that PM2 keeps of a worker, which takes the place of the one it was started with.
    fn of_pm2(self, environment: &[u8]) -> Option<Reading> {
        let (LookUp::Once(kept) | LookUp::Several(kept, _)) = look_up(environment, PM2) else {
            return None;
        };
        let member = pointer_to(self.variable);
        let found = match string_at(kept, &member) {
            Ok(None) => string_at(kept, &format!("/env{member}")),
            found => found,
        };
        match found {
            Ok(Some(value)) => Some(Reading::value(value).with_note(
                "PM2 sets it from what it keeps, `pm2 restart --update-env` changes that",
            )),
            Ok(None) => None,
            Err(_) => {
                let found = match look_up(environment, self.variable) {
                    LookUp::Once(value) | LookUp::Several(value, _) => {
                        Some(Found::Value(Secret::copied(value)))
                    }
                    _ => None,
                };
                let why = "PM2 sets what it keeps in `pm2_env`, and that cannot be read".to_owned();
                Some(taken(found, why))
            }
        }
    }

    fn nothing(self) -> Reading {
        match self.loads {
            Loads::Environ => Reading::new(Found::Absent).with_note(LOADS_ITSELF),
            Loads::Itself => Reading::new(Found::hidden(
                None,
                "the program loads its key by itself, so its environment does not show it; to prove \
                 it, let it tell the fingerprint of what it loaded",
            )),
        }
    }
}

/// What is said of a variable with several values in one environment.
pub const MORE_THAN_ONCE: &str = "the variable stands there more than once with different values: shells take the last \
                                  one, most programs the first, so each is judged";

/// Why an environment says nothing that holds nothing, or pieces of a title.
pub const OVERWRITTEN: &str = "its environment is empty or was overwritten by the program itself; compare \
                               what it was started with, and when that was";

/// What to do where a program reads a file.
pub const LOADS_ITSELF: &str =
    "a program that reads its key by itself, from a file, needs `loads: itself`";

impl Programs {
    /// One reading for each, as where each was meant.
    #[must_use]
    pub fn each(mut self) -> Vec<Reading> {
        self.readings.append(&mut self.lacking);
        self.readings
    }

    /// Those that have it. Beside them helpers and shells lack nothing, unless they load it by
    /// themselves, but what else they were given counts; where none has it, all lack it.
    #[must_use]
    pub fn together(mut self, loads: Loads) -> Vec<Reading> {
        let shown = |reading: &Reading| !matches!(reading.found, Found::Failed(_));
        match loads == Loads::Itself || !self.readings.iter().any(shown) {
            true => self.each(),
            false => {
                Reading::take_wholes(&mut self.readings, self.lacking);
                self.readings
            }
        }
    }
}

fn argued<'a>(arguments: impl Iterator<Item = &'a [u8]>, variable: &str) -> Option<Secret> {
    let values = assigned(arguments, variable);
    values.last().map(|value| Secret::copied(value))
}

/// What stands before the arguments of gunicorn, in its environment.
fn of_gunicorn(environment: &[u8], variable: &str) -> Option<Reading> {
    let (LookUp::Once(line) | LookUp::Several(line, _)) = look_up(environment, "GUNICORN_CMD_ARGS")
    else {
        return None;
    };
    let is_plain = !line.iter().any(|byte| b"\"'\\".contains(byte));
    let words = line.split(u8::is_ascii_whitespace);
    argued(words.take_while(|_| is_plain), variable).map(Reading::value)
}

/// What a place holds whose program a manager may have given something else.
#[must_use]
pub fn overridden(found: Option<Found>, name: &str, through: &str) -> Reading {
    let why = format!(
        "{name} may set another value, from {through}, which its environment does not show; to prove it, \
         have the program report the fingerprint of what it has"
    );
    match found {
        Some(Found::Hidden { .. }) | None => Reading::new(Found::hidden(None, why)),
        found => taken(found, why),
    }
}

/// What a manager holds itself, and hands on unless it is told otherwise.
#[must_use]
pub fn handed(found: Found, name: &str, through: &str) -> Reading {
    let why = format!(
        "{name} may give another value to what it starts, from {through}; look at the processes it started"
    );
    taken(Some(found), why)
}

/// Fixed when the process started, as far as nothing overrode it since: that is no proof, nor anybody's
/// claim, which a person could accept.
fn taken(found: Option<Found>, why: String) -> Reading {
    Reading::new(Found::Hidden {
        fixed_at: None,
        why: why.into(),
        taken_for: found.map(|found| {
            Box::new(Taken {
                found,
                evidence: Evidence::Timestamp,
            })
        }),
    })
}

fn is_handed(manager: Option<Manager>, reading: &Reading) -> bool {
    matches!(manager, Some(Manager::Hands { .. }))
        && matches!(
            reading.found,
            Found::Hidden {
                taken_for: Some(_),
                ..
            }
        )
}

/// What its own environment holds is sure; only what others have was not.
fn shown(mut reading: Reading) -> Reading {
    reading.found = match reading.found {
        Found::Hidden {
            taken_for: Some(taken),
            ..
        } => taken.found,
        found => found,
    };
    reading
}

#[cfg(test)]
mod tests;
