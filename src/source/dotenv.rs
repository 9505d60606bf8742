use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source, There};
use crate::envfile::{self, Cause, Dialect, Entry, Expanded, Outside, Rejected};
use crate::key::Secret;
use crate::platform::files::{self, check_glob, is_glob, rooted};
use crate::platform::{Asking, Stop};
use crate::reading::{ErrorKind, Found, ReadError, Reading, Taken, Written};
use crate::text::{Escaped, escape};
use crate::verdict::{Evidence, Stage};

/// A variable in an env file.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dotenv {
    /// The file's path, or a glob that matches one file for each replica.
    path: Arc<Path>,
    /// Whose rules the file is read by; by default `dotenv`.
    #[serde(default)]
    dialect: Dialect,
}

impl Source for Dotenv {
    const INFO: Info = Info {
        id: "dotenv",
        title: "a variable in an env file",
        stage: Some(Stage::Config),
        store: None,
        proves: &[Evidence::Value],
        replicas: ["file", "files"],
        permission: "read on the file, search (x) on its directories",
        credentials: &[],
        example: "- dotenv: { path: /srv/web/.env }\n\
                  - dotenv: { path: '/srv/*/.env', dialect: docker }\n",
        tested: "npm dotenv, Node, python-dotenv, docker, systemd, sh, and the dotenv of Ruby, PHP and Symfony themselves; \
                 Compose by its published rules",
        manual: "\
Reads a variable from an env file exactly as the program that loads the file does. Programs agree on \
`NAME=value` and on little else, so say whose rules count ([how they differ](dialects.md)):

| `dialect` | whose rules |
|---|---|
| `dotenv` (default) | npm dotenv |
| `docker` | `docker run --env-file`, `kubectl create … --from-env-file`, ECS environment files: quotes and \
blanks are part of the value |
| `compose` | `env_file` and `.env` of Docker Compose 2 |
| `node` | `node --env-file` |
| `python-dotenv` | python-dotenv |
| `systemd` | `EnvironmentFile=` |
| `shell` | `set -a; . file` in a POSIX shell |
| `ruby-dotenv` | the dotenv gem of Ruby |
| `phpdotenv` | `vlucas/phpdotenv`, which Laravel loads |
| `symfony` | Symfony's Dotenv component |

If docker would read the file differently, a note says so: a file that works on a laptop and is then given to \
`docker run --env-file` is how quotes get into keys. Nothing is ever run: what a shell would have to execute is \
an error, and what `ruby-dotenv` and `symfony` take from a command is `unverified`.

**References to other variables,** as `${OTHER}`, are expanded by `compose`, `python-dotenv`, `shell`, \
`ruby-dotenv`, `phpdotenv` and `symfony`, and not by `docker`, `node` and `systemd`. npm dotenv does not expand them either, but dotenv-expand does, which \
Vite, Next and Create React App use: under `dotenv` the expanded value is judged, but not counted as proven. \
What versions of python-dotenv read differently is judged by 1.2.4, what those of ruby-dotenv do by 3.2, and not \
counted as proven either.

A variable that is not set is `missing`, and so is a file that does not exist. A variable that is only named, or \
built from something outside the file like `$HOME`, is `unverified`. A file that its program refuses is \
`unreachable`, with the line. Globs and relative paths work as in [`file`](#file).",
    };

    fn rooted_at(&mut self, folder: &Path) {
        self.path = rooted(folder, &self.path);
    }

    fn check(&self) -> Result<(), String> {
        check_glob(&self.path)
    }

    fn location(&self, at: At<'_>) -> String {
        format!("dotenv:{}#{}", self.shown(), escape(at.variable))
    }

    fn remedy(&self, at: At<'_>, case: &Case<'_>) -> String {
        let files = if is_glob(&self.path) {
            "every file that matches "
        } else {
            ""
        };
        format!(
            "write the current key to {files}{} as {}{}{}",
            self.shown(),
            Escaped(at.variable),
            self.quoting(at, case),
            case.then_restart()
        )
    }

    fn member(&self, at: At<'_>) -> Option<String> {
        Some(at.variable.to_owned())
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        files::readings(&self.path, asking, |file| {
            self.understand(file.bytes.expose(), at)
                .out_of(Arc::clone(&file.bytes))
        })
    }
}

impl Dotenv {
    fn understand(&self, file: &[u8], at: At<'_>) -> Reading {
        let variable = at.variable;
        let entry = envfile::read(self.dialect, file, variable, Outside::Unknown);
        let note = match self.dialect {
            Dialect::Docker => None,
            _ => {
                let docker = envfile::read(Dialect::Docker, file, variable, Outside::Unknown);
                under_docker(&entry, &docker)
            }
        };
        let cause = entry
            .as_ref()
            .ok()
            .and_then(|entry| envfile::visible_cause(self.dialect, file, variable, entry));
        let elsewhere = match &entry {
            Ok(Entry::Inherited { line }) => Some((line, "")),
            Ok(Entry::Outside { line } | Entry::Command { line }) => {
                Some((line, ", in single quotes if a `$` belongs to it"))
            }
            _ => None,
        };
        let elsewhere = elsewhere.map(|(line, quoted)| {
            format!(
                "{} as {}{quoted}; or add the place that line {line} takes it from as a hop",
                at.write_to(&self.shown()),
                Escaped(variable)
            )
        });
        let earlier = entry.as_ref().ok().and_then(|latest| {
            let earlier = envfile::earlier_entries(self.dialect, file, Outside::Unknown)?;
            let mut entries = earlier.ok()?.into_iter();
            let earlier = entries.find(|(name, _)| name == variable);
            let earlier = earlier.map_or(Entry::Absent, |(_, entry)| entry);
            let is_same = latest.agrees(&earlier) || (is_nothing(latest) && is_nothing(&earlier));
            (!is_same).then_some(earlier)
        });
        let mut reading = Reading::new(match (entry, earlier) {
            (Ok(latest @ (Entry::Value(_) | Entry::Absent)), Some(earlier)) => {
                let has_mark = file.starts_with("\u{feff}".as_bytes());
                let why = differing(self.dialect, has_mark);
                either(into_value(latest), into_value(earlier), why)
            }
            (entry, _) => self.found(entry, file, variable),
        });
        reading = reading.written_in(match self.dialect {
            Dialect::Docker => Written::PlainEnvFile,
            Dialect::Systemd => Written::UnitEnvironmentFile,
            _ => Written::QuotableEnvFile,
        });
        if let Some(words) = elsewhere {
            reading = reading.mended_by(words);
        }
        let mut notes = Vec::new();
        if let Some(Cause { told, mend }) = cause {
            let files = if is_glob(&self.path) {
                "the file, of those that match "
            } else {
                ""
            };
            let key = match at.part {
                Some(_) => format!(", with {} in it", at.key_in_its_part()),
                None => String::new(),
            };
            let mend = format!(
                "{mend} {files}{}{key}; then restart what reads it",
                self.shown()
            );
            reading = reading.mended_by(mend);
            notes.push(told);
        }
        notes.extend(note);
        if notes.is_empty() {
            return reading;
        }
        reading.with_note(notes.join("; "))
    }

    fn found(&self, entry: Result<Entry, Rejected>, file: &[u8], variable: &str) -> Found {
        match entry {
            Ok(Entry::Value(value)) if self.dialect == Dialect::Dotenv => {
                match envfile::expanded(file, variable, value) {
                    Expanded::Plain(value) => Found::Value(value),
                    Expanded::Referring { value } => referring(value),
                }
            }
            Ok(Entry::Value(value)) => Found::Value(value),
            Ok(Entry::Absent) => Found::Absent,
            Ok(Entry::Inherited { line }) => hidden(format!(
                "line {line} only names it, so its value comes from whatever starts the program; \
                 write the value there, or audit that place"
            )),
            Ok(Entry::Command { line }) => hidden(format!(
                "line {line} takes it from a command, which its program runs and straggler does not; write \
                 the value there, or audit the place that the command reads"
            )),
            Ok(Entry::Outside { line }) => hidden(format!(
                "line {line} builds it from something that is not in the file; write it out, and a \
                 `$` that belongs to the key as its program wants it"
            )),
            Err(Rejected { line, reason }) => Found::Failed(ReadError::new(
                ErrorKind::BadData,
                format!("line {line}: {reason}"),
                format!("correct line {line} of {}", self.shown()),
            )),
        }
    }

    /// How the key is to be written so that it comes through whole.
    fn quoting(&self, at: At<'_>, case: &Case<'_>) -> &'static str {
        match (self.dialect, at.format) {
            (Dialect::Docker, _) if case.there == There::Damaged => "",
            (Dialect::Docker, _) => ", without quotes",
            (_, Some(format)) if format.is_plain() => "",
            (_, _) => {
                ", in single quotes if it has characters other than letters, digits, `-` and `_`"
            }
        }
    }

    fn shown(&self) -> String {
        escape(&self.path.to_string_lossy()).into_owned()
    }
}

/// Why not all versions of its program take it alike.
fn differing(dialect: Dialect, has_mark: bool) -> &'static str {
    match (dialect, has_mark) {
        (Dialect::RubyDotenv, _) => {
            "ruby dotenv before 3.0 makes line ends of `\\n` and `\\r` in double quotes, which later ones leave as they \
             are; write line ends as such, and a value with backslashes in single quotes"
        }
        (_, true) => {
            "the file starts with a byte order mark, which python-dotenv before 1.2.3 takes for a part of the \
             first name; save it as UTF-8 without a byte order mark"
        }
        (_, false) => {
            "python-dotenv before 1.2.4 reads something else there, as it does with a `#` after `= ` and with a \
             backslash before a quote; write it so that neither stands there"
        }
    }
}

/// What versions of its program take differently: here what the latest makes of it, else earlier ones.
fn either(latest: Option<Secret>, earlier: Option<Secret>, why: &'static str) -> Found {
    Found::Hidden {
        fixed_at: None,
        why: why.into(),
        taken_for: latest.or(earlier).map(|value| {
            Box::new(Taken {
                found: Found::Value(value),
                evidence: Evidence::Timestamp,
            })
        }),
    }
}

/// A value that readers of one dialect do not take alike.
fn referring(value: Option<Secret>) -> Found {
    let why = match value {
        Some(_) => {
            "it refers to another variable: npm dotenv leaves that as it stands, and dotenv-expand, \
                    which Vite, Next and Create React App carry, puts the value in"
        }
        None => {
            "it refers to a variable that is not in the file: npm dotenv leaves that as it stands, and \
                 dotenv-expand, which Vite, Next and Create React App carry, puts in what it was started with"
        }
    };
    Found::Hidden {
        fixed_at: None,
        why: format!("{why}; write the key itself there").into(),
        taken_for: value.map(|value| {
            Box::new(Taken {
                found: Found::Value(value),
                evidence: Evidence::Timestamp,
            })
        }),
    }
}

fn is_nothing(entry: &Entry) -> bool {
    match entry {
        Entry::Absent => true,
        entry => entry.value().is_some_and(|value| value.expose().is_empty()),
    }
}

fn into_value(entry: Entry) -> Option<Secret> {
    match entry {
        Entry::Value(value) => Some(value),
        _ => None,
    }
}

fn hidden(why: String) -> Found {
    Found::hidden(None, why)
}

/// What docker would make of the file, where that is something else.
fn under_docker(
    entry: &Result<Entry, Rejected>,
    docker: &Result<Entry, Rejected>,
) -> Option<String> {
    let does = match (entry.as_ref().ok()?, docker) {
        (entry, Ok(docker)) if entry.agrees(docker) => return None,
        (Entry::Absent, Err(_)) => return None,
        (Entry::Value(value), Ok(Entry::Value(docker))) => {
            differently(value.expose(), docker).to_owned()
        }
        (_, Ok(Entry::Value(_))) => "would take the text there as it stands".to_owned(),
        (_, Ok(Entry::Inherited { .. })) => "would take it from its own environment".to_owned(),
        (_, Ok(_)) => "would not set it from this file".to_owned(),
        (_, Err(rejected)) => format!("would refuse this file at line {}", rejected.line),
    };
    Some(format!("`docker run --env-file` {does}"))
}

/// How docker's value differs, without either of them.
fn differently(value: &[u8], docker: &Secret) -> &'static str {
    let docker = docker.expose();
    let quoted = docker.first().filter(|first| b"\"'`".contains(first));
    let behind = docker.strip_prefix(value).map(<[u8]>::trim_ascii_start);
    match (quoted, behind) {
        (Some(quote), _) if docker.last() == Some(quote) => "would keep the quotes around it",
        (Some(_), _) => "would keep the quotes around it and what stands behind them",
        (None, Some([])) => "would keep the blanks behind it",
        (None, Some([b'#', ..])) => "would take the comment behind it along",
        (None, _) => "would read another value",
    }
}

#[cfg(test)]
mod tests;
