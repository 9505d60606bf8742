use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ArgAction;
use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser};

use super::exit::Failure;
use super::output::{self, Kind, Output};
use super::terminal::{self, Color};
use crate::audit::Audit;
use crate::explain::notices;
use crate::gate::{self, ExitCode};
use crate::ledger::Changes;
use crate::report::{FORMATS, Format, Look, Shown};

/// Where reports go.
#[derive(clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct Reports {
    /// What to print; by default a table
    #[arg(short, long, value_name = "FORMAT", value_parser = format())]
    format: Option<&'static Format>,

    /// Write a report to a file as well; one audit, many reports
    ///
    /// Opened before the work starts. A new file is readable by its owner alone. A symbolic link, a folder and
    /// a file that the audit itself reads or writes are refused.
    #[arg(short, long, value_name = "FORMAT=PATH", value_parser = report())]
    output: Vec<(&'static Format, PathBuf)>,

    /// Print nothing but errors and what -f asks for: the exit code and the files of -o speak
    ///
    /// That a reference changed, or may be behind, is an error here until something settles it: all that is found
    /// to be current may be wrong.
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// Show no progress bar
    #[arg(long)]
    pub(super) no_progress: bool,

    /// List the requests on standard error, each with its outcome and time; twice, also when each goes out
    #[arg(short, long, action = ArgAction::Count)]
    pub(super) verbose: u8,
}

/// What became of the reports.
pub(super) struct Written {
    /// What straggler ends with.
    pub(super) code: ExitCode,
    /// Whether there was one for standard output, and all of it was taken.
    pub(super) is_printed: bool,
}

fn named(id: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.id == id)
}

fn format() -> impl TypedValueParser<Value = &'static Format> {
    PossibleValuesParser::new(FORMATS.iter().map(|format| format.id))
        .try_map(|id| named(&id).ok_or("expected a format"))
}

fn report() -> impl TypedValueParser<Value = (&'static Format, PathBuf)> {
    OsStringValueParser::new().try_map(|text: OsString| {
        let formats: Vec<&str> = FORMATS.iter().map(|format| format.id).collect();
        let (id, path) = output::split(&text)
            .ok_or_else(|| format!("expected a format and a path: `{}=PATH`", formats[0]))?;
        let format = named(id)
            .ok_or_else(|| format!("expected one of the formats {}", formats.join(", ")))?;
        Ok::<_, String>((format, path))
    })
}

impl Reports {
    /// Opens every report file. `reserved` says what else a path belongs to, which no report may take.
    pub(super) fn open(
        &self,
        reserved: impl Fn(&Path) -> Option<String>,
    ) -> Result<Vec<(&'static Format, Output)>, Failure> {
        let named = self.output.iter().map(|(_, path)| path);
        let named = named.filter(|path| terminal::is_stdout(path)).count();
        if named > 0 && named + usize::from(self.printed().is_some()) > 1 {
            return Err(Failure::usage(
                "two reports would go to standard output: choose the one there with -f, or give -q with a \
                 single -o that leads there",
            ));
        }
        let mut places = HashSet::new();
        for (_, path) in &self.output {
            if !places.insert(output::spelled_out(path)) {
                let path = output::shown(path);
                return Err(Failure::usage(format!("two reports would go to {path}")));
            }
            if let Some(what) = reserved(path) {
                let path = output::shown(path);
                return Err(Failure::usage(format!(
                    "no report can go to {path}: it is {what}"
                )));
            }
        }
        let outputs = self.output.iter();
        outputs
            .map(|(format, path)| Ok((*format, Output::open(path)?)))
            .collect()
    }

    /// Writes every report, whatever becomes of the others, and tells what straggler ends with. Files hold
    /// the whole audit.
    ///
    /// Every report says that code, so the one of a report that failed as well. What cannot be taken back is
    /// therefore written last: devices, which may fail, after the drafts of files, and pipes, which cannot but
    /// lose their reader, when the files are in their places.
    pub(super) fn write(
        &self,
        outputs: Vec<(&Format, Output)>,
        audit: &mut Audit,
        changes: Option<&Changes>,
        color: Color,
    ) -> Written {
        let (files, direct): (Vec<_>, Vec<_>) = outputs
            .into_iter()
            .partition(|(_, output)| output.kind() == Kind::File);
        let (pipes, devices): (Vec<_>, Vec<_>) = direct
            .into_iter()
            .partition(|(_, output)| output.kind() == Kind::Pipe);
        let printed_first = !terminal::prints_to_pipe();
        let was_unfinished = audit.unfinished;
        let mut files = fill(files, audit);
        fill(devices, audit);
        let mut is_printed = false;
        if printed_first {
            is_printed = self.print(audit, changes, color);
        }
        if audit.unfinished != was_unfinished {
            files = fill(files, audit);
        }
        place(files, audit);
        fill(pipes, audit);
        if !printed_first {
            is_printed = self.print(audit, changes, color);
        }
        Written {
            code: gate::exit_code(audit),
            is_printed,
        }
    }

    /// Whether there was something for standard output, and all of it was taken.
    fn print(&self, audit: &mut Audit, changes: Option<&Changes>, color: Color) -> bool {
        let Some(format) = self.printed() else {
            let notices = notices(audit);
            for notice in notices.iter().filter(|notice| notice.is_urgent()) {
                terminal::say(&format!("{}; {}", notice.message, notice.remedy));
            }
            return false;
        };
        let look = Look {
            width: terminal::width(),
            colour: color.on_stdout(),
        };
        let report = (format.make)(look);
        let shown = Shown { audit, changes };
        terminal::deliver(|out| report.write(shown, out)).unwrap_or_else(|failure| {
            fail(audit, &failure);
            false
        })
    }

    fn printed(&self) -> Option<&'static Format> {
        match self.format {
            None if self.quiet => None,
            chosen => Some(chosen.unwrap_or(&FORMATS[0])),
        }
    }
}

/// Writes each of these reports; those that could be written come back.
fn fill<'f>(outputs: Vec<(&'f Format, Output)>, audit: &mut Audit) -> Vec<(&'f Format, Output)> {
    let mut filled = Vec::with_capacity(outputs.len());
    for (format, output) in outputs {
        let report = (format.make)(terminal::PLAIN);
        match output.fill(|out| report.write(Shown::all(audit), out)) {
            Ok(()) => filled.push((format, output)),
            Err(error) => fail(audit, &Failure::unfinished(error)),
        }
    }
    filled
}

/// Puts files in their places. Those that are there already are written again when one cannot be put in its.
fn place(files: Vec<(&Format, Output)>, audit: &mut Audit) {
    let was_unfinished = audit.unfinished;
    let mut placed = Vec::with_capacity(files.len());
    for (format, mut file) in files {
        match file.place() {
            Ok(()) => placed.push((format, file)),
            Err(error) => fail(audit, &Failure::unfinished(error)),
        }
    }
    if audit.unfinished == was_unfinished {
        return;
    }
    let mut again = Vec::with_capacity(placed.len());
    for (format, file) in placed {
        match file.again() {
            Ok(file) => again.push((format, file)),
            Err(error) => fail(audit, &Failure::unfinished(error)),
        }
    }
    for (_, mut file) in fill(again, audit) {
        if let Err(error) = file.place() {
            fail(audit, &Failure::unfinished(error));
        }
    }
}

fn fail(audit: &mut Audit, failure: &Failure) {
    terminal::say(&failure.message);
    audit.unfinished = true;
}
