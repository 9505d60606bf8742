use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::terminal;
use crate::gate::ExitCode;

/// Whether the user wants to stop.
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
}

/// Listens for Ctrl-C and for the signal that ends a job: the first of them is told, the second ends
/// the program at once, and so does the first when nobody waits for it any more.
pub(super) fn listen() -> Interrupt {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        ) else {
            // Without handlers the signals end the program by themselves.
            return std::future::pending().await;
        };
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if *stop.borrow() || stop.send(true).is_err() {
                terminal::complain("interrupted; nothing more is reported");
                std::process::exit(ExitCode::Interrupted.code().into());
            }
        }
    });
    Interrupt(stopped)
}
