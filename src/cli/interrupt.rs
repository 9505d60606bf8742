use std::fs;

use futures_util::future::select_all;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::{draft, terminal};
use crate::gate::ExitCode;
use crate::platform;

/// Ctrl-C, the end of a job, and the end of the terminal or session that straggler was started in.
const SIGNALS: [SignalKind; 3] = [
    SignalKind::interrupt(),
    SignalKind::terminate(),
    SignalKind::hangup(),
];

/// Whether the user wants to stop. Kept until the command's end: it is the one who waits for the first signal.
#[derive(Clone)]
pub(super) struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Resolves when the user wants to stop, also to those who come late.
    pub(super) fn happens(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopped = self.0.clone();
        async move {
            if stopped.wait_for(|stopped| *stopped).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whether the user wants to stop by now.
    pub(super) fn has_happened(&self) -> bool {
        *self.0.borrow()
    }

    /// Does this work unless the user wants to stop; `None` where it was cut short.
    pub(super) async fn unless<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.happens() => None,
            done = work => Some(done),
        }
    }
}

/// Listens for the signals that end a program: the first of them is told, and starts no program any more;
/// the second ends straggler at once, and so does the first when nobody has the [`Interrupt`] any more.
/// Whatever it started ends with it.
pub(super) fn listen() -> Interrupt {
    let (stop, stopped) = watch::channel(false);
    let ignored = ignored();
    let heard = SIGNALS.into_iter().filter(|kind| {
        // Who starts it with `nohup`, or behind a script, wants it to go on.
        ignored & (1_u64 << (kind.as_raw_value() - 1)) == 0
    });
    // Without a handler a signal ends the program by itself.
    let mut heard: Vec<Signal> = heard.filter_map(|kind| signal(kind).ok()).collect();
    tokio::spawn(async move {
        if heard.is_empty() {
            return std::future::pending().await;
        }
        loop {
            let any = heard.iter_mut().map(|signal| Box::pin(signal.recv()));
            select_all(any).await;
            if *stop.borrow() || stop.send(true).is_err() {
                terminal::last_words("error: interrupted; nothing more is reported");
                draft::forget_drafts();
                for left in platform::end_programs() {
                    terminal::last_words(&left);
                }
                std::process::exit(ExitCode::Interrupted.code().into());
            }
            platform::start_no_more();
        }
    });
    Interrupt(stopped)
}

/// The signals that were ignored when straggler was started, a bit for each.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
