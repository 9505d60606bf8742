use std::fmt::Write as _;

use clap::ValueEnum;
use jiff::Timestamp;
use serde::Serialize;

use super::exit::{Ended, Failure};
use super::{duration, interrupt, runtime, stdin, terminal};
use crate::fetch::Limits;
use crate::gate::ExitCode;
use crate::key::{Digits, Fingerprint, Secret};
use crate::keyring::{Damage, Scrubber, Wire};
use crate::platform;
use crate::reading::{ErrorKind, ReadError, Reading};
use crate::task::inspect::{Comparison, Held, Oddity, Place, Seen, Side, Sight, given};
use crate::text::{escape, opaque};

/// Look at one key here without showing it
///
/// Says how long it is, what its fingerprint is, and where newlines, quotes, blanks and other
/// oddities sit. With --expect it says whether this is the key you expect, or what happened to it.
/// Without --env, --file or a process it looks at standard input, exactly as it comes.
#[derive(clap::Args)]
#[command(
    override_usage = "\
straggler inspect [--env NAME | --file FILE | --pid PID | --name NAME | --unit UNIT] [OPTIONS]
       … | straggler inspect [OPTIONS]",
    after_help = "\
Examples:
  straggler inspect --env ALLSTAK_API_KEY --expect sha256:9f2c41d07a3b
  straggler inspect --file .env --variable ALLSTAK_API_KEY --dialect docker
  straggler inspect --unit web.service --variable ALLSTAK_API_KEY
  kubectl get secret allstak -o jsonpath='{.data.api_key}' | base64 -d | straggler inspect
  ssh web-1 straggler inspect --pid 4242 --variable ALLSTAK_API_KEY --format reading

Exit codes: 0 it is the expected key, or, with nothing expected, it may be a key; 1 it is not;
2 usage error; 3 it could not be read. A reading says `absent` where there is no key, with 0."
)]
pub(super) struct Args {
    #[command(flatten)]
    place: PlaceArgs,

    /// The variable that holds the key, in an env file or a process
    #[arg(long, value_name = "NAME")]
    variable: Option<String>,

    /// Read --file as an env file, as this parser does: dotenv, docker, compose, node,
    /// python-dotenv, systemd or shell
    #[arg(long, value_name = "DIALECT", requires = "file", requires = "variable")]
    dialect: Option<String>,

    /// The fingerprint of the key that should be here
    #[arg(short, long, value_name = "FINGERPRINT")]
    expect: Option<Fingerprint>,

    /// How many digits of the fingerprint to show, 8 to 64
    #[arg(long, value_name = "N", default_value = "12", value_parser = digits)]
    digits: Digits,

    /// How long the read may take
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::duration)]
    timeout: std::time::Duration,

    /// How to print it
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
}

#[derive(clap::Args)]
#[group(multiple = false)]
struct PlaceArgs {
    /// A variable of this environment
    #[arg(long, value_name = "NAME", conflicts_with = "variable")]
    env: Option<String>,

    /// A file that holds nothing but the key; an env file with --variable
    #[arg(long, value_name = "FILE")]
    file: Option<String>,

    /// A running process
    #[arg(long, requires = "variable")]
    pid: Option<u32>,

    /// Every running process of this name
    #[arg(long, requires = "variable")]
    name: Option<String>,

    /// Every running process of this systemd unit
    #[arg(long, requires = "variable")]
    unit: Option<String>,
}

/// How many characters of a text from outside are shown.
const MOST_SHOWN: usize = 1000;

impl Args {
    /// What stands where a name belongs and may be the key itself: it is never repeated.
    fn withheld(&self) -> Vec<Secret> {
        let place = &self.place;
        let variables = [&place.env, &self.variable].into_iter().flatten();
        let names = [&place.name, &place.unit, &self.dialect]
            .into_iter()
            .flatten();
        let names = names.filter(|name| opaque(name));
        let file = place.file.iter().flat_map(|path| path.split('/'));
        let texts = variables
            .filter(|name| may_be_key(name))
            .chain(names)
            .map(String::as_str)
            .chain(file.filter(|name| opaque(name)))
            // A key may have a slash in it.
            .chain(
                place
                    .file
                    .as_deref()
                    .filter(|path| opaque(path) && path.len() <= 64),
            );
        texts.map(|text| Secret::copied(text.as_bytes())).collect()
    }
}

/// Whether what should be the name of a variable is none, or looks like a key.
fn may_be_key(name: &str) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    opaque(name) || !name.bytes().all(is_name)
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// Everything, as JSON.
    Json,
    /// A straggler.reading/v1, for the `command` and `http` sources of another straggler.
    Reading,
}

fn digits(text: &str) -> Result<Digits, String> {
    text.parse()
        .ok()
        .and_then(Digits::new)
        .ok_or_else(|| "expected a number from 8 to 64".to_owned())
}

pub(super) fn run(args: Args) -> Ended {
    if args.format == Format::Reading && args.expect.is_some() {
        return Err(Failure::usage(
            "a reading only says what is there: leave out --expect or --format reading",
        ));
    }
    let variable = args.place.env.clone().or_else(|| args.variable.clone());
    let (location, readings) = read(&args, variable.as_deref().unwrap_or_default())?;
    let withheld = args.withheld();
    let scrubber = Scrubber::default().knowing(withheld, Vec::new());
    let location = scrubber.text(location.as_bytes(), MOST_SHOWN);
    let seen: Vec<Seen> = readings
        .into_iter()
        .map(|reading| {
            let variable = variable.as_deref().unwrap_or_default();
            Seen::of(reading, variable, args.expect, args.digits, &scrubber)
        })
        .collect();
    match args.format {
        Format::Text => {
            terminal::print(|out| out.write_all(text(&location, &seen, args.expect).as_bytes()))?
        }
        Format::Json => {
            let all = Report::new(&location, &seen);
            terminal::print(|out| {
                serde_json::to_writer_pretty(&mut *out, &all)?;
                writeln!(out)
            })?;
        }
        Format::Reading => {
            let variable = variable.filter(|name| !may_be_key(name));
            return print_reading(&seen, variable.as_deref());
        }
    }
    Ok(code(&seen))
}

/// The worst of them: something else is worse than something unseen.
fn code(seen: &[Seen]) -> ExitCode {
    seen.iter()
        .map(|seen| match &seen.sight {
            Sight::Failed(_) | Sight::Hidden(_) => ExitCode::Incomplete,
            _ if seen.passes() => ExitCode::Success,
            _ => ExitCode::Drift,
        })
        .fold(ExitCode::Success, ExitCode::and)
}

fn read(args: &Args, variable: &str) -> Result<(String, Vec<Reading>), Failure> {
    let place = &args.place;
    let place = if let Some(name) = &place.env {
        Place::env(name)
    } else if let Some(path) = &place.file {
        match (&args.variable, &args.dialect) {
            (None, _) => Place::file(path, ""),
            (Some(name), dialect) => {
                Place::dotenv(path, dialect.as_deref().unwrap_or("dotenv"), name)
            }
        }
    } else if let Some(pid) = place.pid {
        Place::process("pid", pid.into(), variable)
    } else if let Some(name) = &place.name {
        Place::process("name", name.as_str().into(), variable)
    } else if let Some(unit) = &place.unit {
        Place::process("unit", unit.as_str().into(), variable)
    } else {
        let reading = given(stdin::read()?);
        return Ok(("standard input".to_owned(), vec![reading]));
    };
    let scrubber = Scrubber::default().knowing(args.withheld(), Vec::new());
    let place =
        place.map_err(|error| Failure::usage(scrubber.text(error.as_bytes(), MOST_SHOWN)))?;
    let limits = Limits {
        timeout: args.timeout,
        ..Limits::DEFAULT
    };
    let read = runtime::run(async {
        place
            .read(
                platform::connections([]),
                limits,
                interrupt::listen().happens(),
            )
            .await
    })?;
    let readings = read.map_err(|error| unread(&error, &scrubber))?;
    Ok((place.location(), readings))
}

fn unread(error: &ReadError, scrubber: &Scrubber) -> Failure {
    let code = if error.kind == ErrorKind::Interrupted {
        ExitCode::Interrupted
    } else {
        ExitCode::Incomplete
    };
    let text = format!("{}; {}", error.message, error.next);
    Failure::new(code, scrubber.text(text.as_bytes(), MOST_SHOWN))
}

fn print_reading(seen: &[Seen], variable: Option<&str>) -> Ended {
    let [seen] = seen else {
        let argued = |seen: &Seen| {
            let replica = seen.replica.as_deref().unwrap_or_default();
            replica.ends_with("/arguments")
        };
        return Err(Failure::usage(match seen.iter().any(argued) {
            true => "a reading is of one value, and the command line sets the variable beside the environment: \
                     look without `--format reading`"
                .to_owned(),
            false => format!(
                "a reading is of one process, and these are {}: choose one by --pid",
                seen.len()
            ),
        }));
    };
    let mut remote = seen
        .to_remote(variable)
        .map_err(|error| unread(&error, &Scrubber::default()))?;
    remote.replica = remote.replica.map(|replica| match host() {
        Some(host) => format!("{host}/{replica}"),
        None => replica,
    });
    terminal::print(|out| {
        serde_json::to_writer(&mut *out, &remote)?;
        writeln!(out)
    })?;
    Ok(ExitCode::Success)
}

fn host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn text(location: &str, all: &[Seen], expected: Option<Fingerprint>) -> String {
    let mut text = escape(location).into_owned();
    for seen in all {
        text.push('\n');
        if let Some(replica) = &seen.replica {
            let _ = write!(text, "  {}", escape(replica));
            if let Some(time) = seen.started_at {
                let _ = write!(text, ", started {time}");
            }
            text.push('\n');
        }
        match &seen.sight {
            Sight::Held(held) => describe(held, expected, &mut text),
            Sight::Absent => line(&mut text, "missing", "the key is not there"),
            Sight::Hidden(why) => line(&mut text, "hidden", why),
            Sight::Failed(error) => {
                line(&mut text, "not read", &error.message);
                line(&mut text, "to do", &error.next);
            }
        }
        if let Some(note) = &seen.note {
            line(&mut text, "note", note);
        }
    }
    text
}

fn describe(held: &Held, expected: Option<Fingerprint>, text: &mut String) {
    if let Some(length) = held.length {
        let bytes = if length == 1 { "byte" } else { "bytes" };
        line(text, "length", &format!("{length} {bytes}"));
    }
    line(text, "fingerprint", &held.fingerprint.to_string());
    match &held.oddities[..] {
        [] => line(text, "oddities", "none"),
        oddities => {
            for (index, oddity) in oddities.iter().enumerate() {
                let label = if index == 0 { "oddities" } else { "" };
                line(text, label, &told(oddity));
            }
        }
    }
    if let Some(placeholder) = held.placeholder {
        line(text, "no key", &format!("it {}", placeholder.meaning()));
    }
    let (Some(expected), Some(comparison)) = (expected, &held.comparison) else {
        return;
    };
    let (answer, damage, wire): (_, &[Damage], _) = match comparison {
        Comparison::Equal => ("yes, this is the key", &[], Wire::Plain),
        Comparison::Damaged(damage, wire) => ("no: this is that key, damaged", damage, *wire),
        Comparison::ExpectedDamaged(damage, wire) => (
            "no: this fingerprint was taken from a damaged copy of the key here",
            damage,
            *wire,
        ),
        Comparison::Different { .. } => ("no: this is something else", &[], Wire::Plain),
    };
    line(text, "expected", &format!("{expected}: {answer}"));
    if let Comparison::Different {
        lengthen_to: Some(digits),
    } = comparison
    {
        let advice = format!(
            "expect {} digits to learn whether it is that key, damaged",
            digits.get()
        );
        line(text, "", &advice);
    }
    for damage in damage {
        line(text, "damage", damage.name());
        line(text, "  cause", damage.cause());
    }
    // What the whole value does, as an audit says it; and several are mended at once.
    match damage {
        [] => {}
        [one] => {
            line(text, "  effect", wire.effect());
            line(text, "  mend", one.mend());
        }
        _ => {
            line(text, "effect", wire.effect());
            line(text, "mend", "write the key itself, with nothing around it");
        }
    }
}

fn line(text: &mut String, label: &str, said: &str) {
    let _ = writeln!(text, "  {label:<11}  {}", escape(said));
}

/// `2 double quotes inside, bytes 3 and 9`.
fn told(oddity: &Oddity) -> String {
    let [one, many] = oddity.kind.names();
    let name = if oddity.count == 1 { one } else { many };
    let side = match oddity.side {
        Side::Start => "at the start",
        Side::Inside => "inside",
        Side::End => "at the end",
    };
    let mut offsets: Vec<String> = oddity.offsets.iter().map(usize::to_string).collect();
    let more = oddity.count - offsets.len();
    if more > 0 {
        offsets.push(format!("{more} more"));
    }
    let last = offsets.pop().unwrap_or_default();
    if offsets.is_empty() {
        format!("{} {name} {side}, byte {last}", oddity.count)
    } else {
        let first = offsets.join(", ");
        format!("{} {name} {side}, bytes {first} and {last}", oddity.count)
    }
}

/// What `--format json` prints.
#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    location: &'a str,
    readings: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    replica: Option<&'a str>,
    started_at: Option<Timestamp>,
    note: Option<&'a str>,
    absent: bool,
    error: Option<Error<'a>>,
    length: Option<u64>,
    fingerprint: Option<Fingerprint>,
    oddities: &'a [Oddity],
    placeholder: Option<&'static str>,
    expected: Option<Expected>,
}

#[derive(Serialize)]
struct Error<'a> {
    kind: &'static str,
    message: &'a str,
    next: &'a str,
}

#[derive(Serialize)]
struct Expected {
    equal: bool,
    /// Whose damage it is, where damage explains the difference.
    damaged: Option<&'static str>,
    damage: Vec<Damage>,
    lengthen_to: Option<u8>,
}

impl<'a> Report<'a> {
    fn new(location: &'a str, seen: &'a [Seen]) -> Self {
        Self {
            schema: "straggler.inspect/v1",
            location,
            readings: seen.iter().map(Entry::new).collect(),
        }
    }
}

impl<'a> Entry<'a> {
    fn new(seen: &'a Seen) -> Self {
        let held = match &seen.sight {
            Sight::Held(held) => Some(held),
            _ => None,
        };
        let error = match &seen.sight {
            Sight::Failed(error) => Some(Error {
                kind: error.kind.name(),
                message: &error.message,
                next: &error.next,
            }),
            Sight::Hidden(why) => Some(Error {
                kind: "hidden",
                message: why,
                next: "look where the key itself can be seen",
            }),
            _ => None,
        };
        Self {
            replica: seen.replica.as_deref(),
            started_at: seen.started_at,
            note: seen.note.as_deref(),
            absent: matches!(seen.sight, Sight::Absent),
            error,
            length: held.and_then(|held| held.length),
            fingerprint: held.map(|held| held.fingerprint),
            oddities: held.map_or(&[], |held| &held.oddities),
            placeholder: held.and_then(|held| Some(held.placeholder?.name())),
            expected: held.and_then(|held| Some(Expected::new(held.comparison.as_ref()?))),
        }
    }
}

impl Expected {
    fn new(comparison: &Comparison) -> Self {
        let (damaged, damage): (_, &[Damage]) = match comparison {
            Comparison::Damaged(damage, _) => (Some("here"), damage),
            Comparison::ExpectedDamaged(damage, _) => (Some("expected"), damage),
            Comparison::Equal | Comparison::Different { .. } => (None, &[]),
        };
        Self {
            equal: *comparison == Comparison::Equal,
            damaged,
            damage: damage.to_vec(),
            lengthen_to: match comparison {
                Comparison::Different { lengthen_to } => lengthen_to.map(Digits::get),
                _ => None,
            },
        }
    }
}
