use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgAction;
use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser};

use super::exit::Failure;
use super::output::{self, Output};
use super::terminal::{self, Color};
use crate::gate::{self, ExitCode};
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

    /// Writes every report, whatever becomes of the others. Files hold the whole audit.
    pub(super) fn write(
        &self,
        outputs: Vec<(&Format, Output)>,
        shown: Shown<'_>,
        color: Color,
    ) -> ExitCode {
        let mut code = gate::exit_code(shown.audit);
        let mut fail = |failure: Failure| {
            terminal::say(&failure.message);
            code = code.and(failure.code);
        };
        for (format, output) in outputs {
            let report = (format.make)(terminal::PLAIN);
            let whole = Shown::all(shown.audit);
            if let Err(error) = output.finish(|out| report.write(whole, out)) {
                fail(Failure::unfinished(error));
            }
        }
        let printed = match self.format {
            None if self.quiet => None,
            chosen => Some(chosen.unwrap_or(&FORMATS[0])),
        };
        if let Some(format) = printed {
            let look = Look {
                width: terminal::width(),
                colour: color.on_stdout(),
            };
            let report = (format.make)(look);
            if let Err(failure) = terminal::print(|out| report.write(shown, out)) {
                fail(failure);
            }
        }
        code
    }
}
