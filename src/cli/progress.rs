use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal;
use crate::fetch::Progress;
use crate::keyring::Scrubber;
use crate::reading::ReadError;

/// How many characters of a request are shown.
const MOST_SHOWN: usize = 200;

/// Shows on standard error what is going on: a bar on a terminal, and with -v the requests.
pub(super) struct Watch {
    bar: Option<ProgressBar>,
    verbosity: u8,
    state: Mutex<State>,
}

/// A file may be named like a key, and which keys there are is known only when the references were read:
/// until then, nothing is said.
#[derive(Default)]
struct State {
    scrubber: Option<Arc<Scrubber>>,
    /// What is still to be said.
    held: Vec<Line>,
    /// What is asked and not answered, the oldest first.
    open: Vec<String>,
}

/// What is said of requests.
struct Line {
    before: String,
    request: String,
}

impl Line {
    fn told(&self, scrubber: &Scrubber) -> String {
        let request = scrubber.text(self.request.as_bytes(), MOST_SHOWN);
        format!("{}{request}", self.before)
    }
}

impl Watch {
    /// `bar` asks for one where standard error is a terminal.
    pub(super) fn new(bar: bool, verbosity: u8) -> Self {
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
            state: Mutex::default(),
        }
    }

    /// Takes the bar away, so that a report can be printed.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says something of requests, as soon as it may be said.
    fn say(&self, lines: Vec<Line>) {
        let mut state = self.state();
        state.held.extend(lines);
        let Some(scrubber) = state.scrubber.clone() else {
            return;
        };
        let held = std::mem::take(&mut state.held);
        let lines: Vec<String> = held.iter().map(|line| line.told(&scrubber)).collect();
        drop(state);
        let lines = lines.join("\n");
        match &self.bar {
            _ if lines.is_empty() => {}
            Some(bar) => bar.suspend(|| terminal::say(&lines)),
            None => terminal::say(&lines),
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
        let mut state = self.state();
        change(&mut state.open);
        let shown = |request: &str| match &state.scrubber {
            Some(scrubber) => scrubber.text(request.as_bytes(), MOST_SHOWN),
            None => Arc::from("a reference"),
        };
        let message = match &state.open[..] {
            [] => String::new(),
            [only] => format!("waiting for {}", shown(only)),
            [oldest, others @ ..] => {
                format!("waiting for {} and {} more", shown(oldest), others.len())
            }
        };
        drop(state);
        bar.set_message(message);
    }
}

impl Progress for Watch {
    fn known(&self, scrubber: &Arc<Scrubber>) {
        self.state().scrubber = Some(Arc::clone(scrubber));
        self.say(Vec::new());
    }

    fn planned(&self, requests: usize) {
        if let Some(bar) = &self.bar {
            bar.inc_length(requests as u64);
        }
    }

    fn sent(&self, requests: &mut dyn Iterator<Item = String>) {
        if self.bar.is_none() && self.verbosity < 2 {
            return;
        }
        let requests: Vec<String> = requests.collect();
        if self.verbosity > 1 {
            let asking = requests.iter().map(|request| Line {
                before: "asking ".to_owned(),
                request: request.clone(),
            });
            self.say(asking.collect());
        }
        self.waits(|open| open.extend(requests));
    }

    fn again(&self, request: &dyn Fn() -> String, wait: Duration, error: &ReadError) {
        if self.bar.is_none() && self.verbosity == 0 {
            return;
        }
        let request = request();
        self.forget(&request);
        if self.verbosity > 0 {
            let (kind, wait) = (error.kind.name(), wait.as_millis());
            let before = format!("{kind}, again in {wait} ms: ");
            self.say(vec![Line { before, request }]);
        }
    }

    fn answered(&self, request: &dyn Fn() -> String, took: Duration, error: Option<&ReadError>) {
        if self.bar.is_none() && self.verbosity == 0 {
            return;
        }
        let request = request();
        self.forget(&request);
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        if self.verbosity > 0 {
            // What the other side said is in the report, as far as it may be shown.
            let outcome = error.map_or("ok", |error| error.kind.name());
            let milliseconds = took.as_millis();
            let before = format!("{outcome} after {milliseconds} ms: ");
            self.say(vec![Line { before, request }]);
        }
    }
}
