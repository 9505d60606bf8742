use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal;
use crate::fetch::Progress;
use crate::reading::ReadError;

/// Shows on standard error how the reading goes: a bar for people, or a line for every request.
pub(super) struct Watcher {
    bar: ProgressBar,
    lines: bool,
    /// What is under way, with a number that tells its age. Kept only for the bar.
    waiting: Option<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    sent: u64,
    since: HashMap<String, u64>,
}

const TEMPLATE: &str = "reading {bar:24} {pos}/{len} {per_sec:.dim} {wide_msg:.dim}";

impl Watcher {
    /// With a bar, with a line for every request, or with neither.
    pub(super) fn new(bar: bool, lines: bool) -> Self {
        let target = if bar {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let progress = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            progress.set_style(style);
        }
        Self {
            bar: progress,
            lines,
            waiting: bar.then(Mutex::default),
        }
    }

    /// Takes the bar away, so that the report starts on a clean line.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Watcher {
    fn planned(&self, requests: usize) {
        self.bar.inc_length(requests as u64);
    }

    fn sent(&self, requests: &mut dyn Iterator<Item = String>) {
        let Some(waiting) = &self.waiting else {
            return;
        };
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for request in requests {
            waiting.sent += 1;
            let number = waiting.sent;
            waiting.since.insert(request, number);
        }
    }

    fn answered(&self, request: &dyn Fn() -> String, took: Duration, error: Option<&ReadError>) {
        self.bar.inc(1);
        if self.lines {
            let status = error.map_or("ok", |error| error.kind.name());
            let milliseconds = took.as_secs_f64() * 1e3;
            terminal::say(&format!(
                "{milliseconds:>9.1} ms  {status:<11}  {}",
                request()
            ));
        }
        if let Some(waiting) = &self.waiting {
            let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.since.remove(&request());
            let oldest = waiting.since.iter().min_by_key(|(_, number)| **number);
            let oldest =
                oldest.map_or_else(String::new, |(request, _)| format!("waiting for {request}"));
            self.bar.set_message(oldest);
        }
    }
}
