use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgAction;
use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser};

use super::exit::Failure;
use super::output::{self, Output};
use super::terminal::{self, Color};
use crate::audit::Audit;
use crate::gate::{self, ExitCode};
use crate::ledger::Changes;
use crate::report::{FORMATS, Format, Look, Shown};

/// Where reports go.
#[derive(clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct Reports {
    /// What to print; a table unless said
    #[arg(short, long, value_name = "FORMAT", value_parser = format())]
    format: Option<&'static Format>,

    /// Write a report to a file as well; one audit, many reports
    ///
    /// Opened before the work starts. A new file is readable by its owner alone.
    #[arg(short, long, value_name = "FORMAT=PATH", value_parser = report())]
    output: Vec<(&'static Format, PathBuf)>,

    /// Print nothing but errors and what -f asks for: the exit code and the files of -o speak
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
    pub(super) fn open(&self) -> Result<Vec<(&'static Format, Output)>, Failure> {
        let mut outputs: Vec<(&Format, Output)> = Vec::new();
        for (format, path) in &self.output {
            if outputs.iter().any(|(_, output)| output.path() == path) {
                let path = output::shown(path);
                return Err(Failure::usage(format!("two reports would go to {path}")));
            }
            // The contract has one code for a report that failed, early or late.
            outputs.push((format, Output::open(path).map_err(Failure::unfinished)?));
        }
        Ok(outputs)
    }

    /// Writes every report, whatever becomes of the others, and tells what straggler ends with. Files hold
    /// the whole audit.
    ///
    /// Every report says that code, so the one of a report that failed as well. What cannot be taken back is
    /// therefore written last, standard output after pipes and devices, and files are written again before
    /// they are put in their places.
    pub(super) fn write(
        &self,
        outputs: Vec<(&Format, Output)>,
        audit: &mut Audit,
        changes: Option<&Changes>,
        color: Color,
    ) -> Written {
        let (files, direct): (Vec<_>, Vec<_>) = outputs
            .into_iter()
            .partition(|(_, output)| output.is_draft());
        let was_unfinished = audit.unfinished;
        let mut files = fill(files, audit);
        fill(direct, audit);
        let mut is_printed = false;
        if let Some(format) = self.printed() {
            let look = Look {
                width: terminal::width(),
                colour: color.on_stdout(),
            };
            let report = (format.make)(look);
            let shown = Shown { audit, changes };
            match terminal::deliver(|out| report.write(shown, out)) {
                Ok(taken) => is_printed = taken,
                Err(failure) => fail(audit, &failure),
            }
        }
        if audit.unfinished != was_unfinished {
            files = fill(files, audit);
        }
        for (_, file) in files {
            if let Err(error) = file.place() {
                fail(audit, &Failure::unfinished(error));
            }
        }
        Written {
            code: gate::exit_code(audit),
            is_printed,
        }
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

fn fail(audit: &mut Audit, failure: &Failure) {
    terminal::say(&failure.message);
    audit.unfinished = true;
}
