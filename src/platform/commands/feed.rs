use std::path::Path;
use std::pin::pin;
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStdin, Command};

use super::children::start;
use super::execute::{Complaints, GRACE, failed, not_started};
use crate::platform::reason::reason;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// Runs a program to its end with this on its standard input. What it prints is nobody's business; its
/// complaints are told when it fails. When this is dropped before, the program and all it started are
/// killed.
pub(in crate::platform) async fn feed(
    argv: &[Box<str>],
    folder: &Path,
    input: &[u8],
) -> Result<(), ReadError> {
    let (program, arguments) = argv.split_first().ok_or_else(|| {
        let what = "an empty command cannot be run";
        ReadError::new(ErrorKind::BadData, what, "name a program in `argv`")
    })?;
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let mut command = Command::new(&**program);
    command
        .current_dir(folder)
        .args(arguments.iter().map(|argument| &**argument))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let (mut child, mut group) =
        start(&mut command).map_err(|error| not_started(program, &error))?;
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());

    let mut complaints = Complaints::from(stderr);
    let status = {
        // Its status says all: what it left running may hold its pipes open, and it need not read to
        // the end of what it is told.
        let mut end = pin!(child.wait());
        let mut telling = pin!(tell(stdin, input));
        let mut told = false;
        loop {
            tokio::select! {
                status = &mut end => break status,
                () = &mut telling, if !told => told = true,
                () = complaints.hear(), if complaints.open() => {}
            }
        }
    };
    let status = status.map_err(|error| {
        let what = format!(
            "`{}` was lost while it ran: {}",
            escape(program),
            reason(&error)
        );
        ReadError::new(ErrorKind::Protocol, what, "run it by hand")
    })?;
    group.is_done();
    if status.success() {
        return Ok(());
    }
    let rest = async {
        while complaints.open() {
            complaints.hear().await;
        }
    };
    // Running out of patience only leaves the message shorter.
    let _ = tokio::time::timeout(GRACE, rest).await;
    Err(failed(program, status, &complaints.told()))
}

/// Writes all of it and closes the pipe. A program that does not read it is a program's right.
async fn tell(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(input).await;
        let _ = stdin.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn sh(script: &str, input: &[u8]) -> Result<(), ReadError> {
        let argv = ["sh", "-c", script].map(Box::from);
        let limit = Duration::from_secs(120);
        tokio::time::timeout(limit, feed(&argv, Path::new(""), input))
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_program_gets_every_byte_and_then_the_end() {
        let input = vec![b'x'; 1 << 20];
        sh("test $(wc -c) = 1048576", &input).await.unwrap();
        sh("true", &input).await.unwrap();
        sh("exec <&-; sleep 0.1", &input).await.unwrap();
    }

    #[tokio::test]
    async fn what_it_prints_and_leaves_running_is_its_own_affair() {
        sh("cat /dev/zero | head -c 9000000", b"").await.unwrap();
        sh("sleep 300 & true", b"").await.unwrap();
        let error = sh("sleep 300 & echo no pager >&2; exit 3", b"")
            .await
            .unwrap_err();
        assert_eq!(error.message, "`sh` exited with status 3: no pager");
    }

    #[tokio::test]
    async fn complaints_are_cut_and_harmless() {
        let script =
            "head -c 200000 /dev/zero | tr '\\0' ' ' >&2; printf 'x a\\033[31m b' >&2; exit 1";
        let error = sh(script, b"").await.unwrap_err();
        assert!(error.message.ends_with("a\\u{1b}[31m b"), "{error}");
        assert!(error.message.len() < 400, "{error}");
    }
}
