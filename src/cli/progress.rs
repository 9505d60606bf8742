use std::sync::{Arc, Mutex};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal;
use crate::fetch::Progress;
use crate::inventory::Inventory;
use crate::keyring::{Format, scrubbed};
use crate::reading::ReadError;

/// How many characters of a request are shown.
const MOST_SHOWN: usize = 200;

/// Shows on standard error what is going on: a bar on a terminal, and with -v the requests.
pub(super) struct Watch {
    bar: Option<ProgressBar>,
    verbosity: u8,
    /// What no line may hold: a file may be named like a key.
    formats: Vec<Arc<Format>>,
    /// What is asked and not answered, the oldest first.
    open: Mutex<Vec<String>>,
}

impl Watch {
    /// `bar` asks for one where standard error is a terminal.
    pub(super) fn new(inventory: &Inventory, bar: bool, verbosity: u8) -> Self {
        let bar = bar.then(|| {
            // At most ten times a second, so that drawing costs nothing beside ten thousand files.
            let target = ProgressDrawTarget::stderr_with_hz(10);
            let bar = ProgressBar::with_draw_target(Some(0), target);
            // A template that did not parse would leave the default style, which does too.
            if let Ok(style) =
                ProgressStyle::with_template("{bar:20} {pos}/{len} {per_sec} {wide_msg}")
            {
                bar.set_style(style.progress_chars("━╸ "));
            }
            bar
        });
        Self {
            bar: bar.filter(|bar| !bar.is_hidden()),
            verbosity,
            formats: inventory.formats(),
            open: Mutex::default(),
        }
    }

    /// Takes the bar away, so that a report can be printed.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn shown(&self, request: &str) -> String {
        let formats = self.formats.iter().map(|format| &**format);
        scrubbed(request.as_bytes(), formats, MOST_SHOWN)
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| terminal::say(line)),
            None => terminal::say(line),
        }
    }

    fn forget(&self, request: &str) {
        self.waits(|open| {
            if let Some(at) = open.iter().position(|candidate| candidate == request) {
                open.remove(at);
            }
        });
    }

    fn waits(&self, change: impl FnOnce(&mut Vec<String>)) {
        let Some(bar) = &self.bar else {
            return;
        };
        let mut open = self
            .open
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        change(&mut open);
        let message = match &open[..] {
            [] => String::new(),
            [only] => format!("waiting for {only}"),
            [oldest, others @ ..] => format!("waiting for {oldest} and {} more", others.len()),
        };
        bar.set_message(message);
    }
}

impl Progress for Watch {
    fn planned(&self, requests: usize) {
        if let Some(bar) = &self.bar {
            bar.inc_length(requests as u64);
        }
    }

    fn sent(&self, requests: &mut dyn Iterator<Item = String>) {
        if self.bar.is_none() && self.verbosity < 2 {
            return;
        }
        let requests: Vec<String> = requests.map(|request| self.shown(&request)).collect();
        if self.verbosity > 1 {
            let lines: Vec<String> = requests
                .iter()
                .map(|request| format!("asking {request}"))
                .collect();
            self.say(&lines.join("\n"));
        }
        self.waits(|open| open.extend(requests));
    }

    fn again(&self, request: &dyn Fn() -> String, wait: Duration, error: &ReadError) {
        if self.bar.is_none() && self.verbosity == 0 {
            return;
        }
        let request = self.shown(&request());
        if self.verbosity > 0 {
            let (kind, wait) = (error.kind.name(), wait.as_millis());
            self.say(&format!("{kind}, again in {wait} ms: {request}"));
        }
        self.forget(&request);
    }

    fn answered(&self, request: &dyn Fn() -> String, took: Duration, error: Option<&ReadError>) {
        if self.bar.is_none() && self.verbosity == 0 {
            return;
        }
        let request = self.shown(&request());
        if self.verbosity > 0 {
            // What the other side said is in the report, as far as it may be shown.
            let outcome = error.map_or("ok", |error| error.kind.name());
            let milliseconds = took.as_millis();
            self.say(&format!("{outcome} after {milliseconds} ms: {request}"));
        }
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        self.forget(&request);
    }
}
