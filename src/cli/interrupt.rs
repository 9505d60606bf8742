use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::terminal;
use crate::gate::ExitCode;

/// Listens for Ctrl-C and for the signal that ends a job. What is returned resolves at the first of
/// them; the second ends the program at once, and so does the first when nobody waits for it any more.
pub(super) fn listen() -> impl Future<Output = ()> + Send + 'static {
    let (stop, mut stopped) = watch::channel(false);
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
    async move {
        if stopped.wait_for(|stopped| *stopped).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
