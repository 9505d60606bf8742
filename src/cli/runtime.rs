use super::exit::Failure;
use super::terminal;
use crate::platform;

/// Runs what has to wait.
///
/// # Errors
///
/// When the system gives no threads.
pub(super) fn run<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::unfinished(format!("no threads could be started: {error}")))?;
    let result = runtime.block_on(future);
    end_programs();
    // A read that hangs in the kernel, such as one of a dead network file system, must not keep
    // what is known from being told.
    runtime.shutdown_background();
    Ok(result)
}

/// Ends the programs that nobody waits for any more, and says what could not be ended.
fn end_programs() {
    for left in platform::end_programs() {
        terminal::say(&left);
    }
}
