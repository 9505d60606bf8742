use std::path::Path;
use std::time::Duration;

use tokio::process::Command;

use super::execute::execute_in;
use crate::key::Secret;
use crate::platform::patience::for_a_login;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// Runs a program that gives a credential, for as long as the call may take that needs it. When it is late,
/// it ends with all it started, and the error names it: asking it again would take as long.
pub(in crate::platform) async fn login(
    program: &str,
    command: Command,
) -> Result<Secret, ReadError> {
    let printed = execute_in(program, command, Path::new(""));
    let Some(limit) = for_a_login() else {
        return printed.await;
    };
    let outcome = tokio::time::timeout(limit, printed).await;
    outcome.unwrap_or_else(|_| Err(late(program, limit)))
}

fn late(program: &str, limit: Duration) -> ReadError {
    let program = escape(program);
    let limit = (limit.as_secs_f64() * 10.0).round() / 10.0;
    ReadError::new(
        ErrorKind::Denied,
        format!("`{program}` gave no credential within {limit} s, and was ended"),
        format!(
            "run `{program}` by hand as the same user: it may wait for an answer; or set a longer --timeout"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::patience::within;

    #[tokio::test]
    async fn who_is_late_is_named_and_ended() {
        let mut command = Command::new("sleep");
        command.arg("1000");
        let call = login("sleep", command);
        let error = within(Duration::from_millis(200), call)
            .await
            .err()
            .unwrap();
        assert_eq!(error.kind, ErrorKind::Denied);
        assert_eq!(
            error.message,
            "`sleep` gave no credential within 0.2 s, and was ended"
        );
    }
}
