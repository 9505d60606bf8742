use std::ffi::OsStr;
use std::io::{self, ErrorKind as Io};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use zeroize::Zeroizing;

use super::children::start;
use crate::key::Secret;
use crate::platform::buffer::{Buffer, MAX_BYTES, Overflow};
use crate::platform::excerpt::last_words;
use crate::platform::reason::reason;
use crate::platform::user;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// How much of what a program complains about is kept, and how much of that is told.
const KEPT: usize = 4096;
const TOLD: usize = 300;

/// How long a failed program's last complaints are waited for. What it left running may hold its
/// standard error open for ever: `ssh` with ControlPersist does.
pub(super) const GRACE: Duration = Duration::from_millis(100);

/// Runs a program to its end and takes what it prints. When this is dropped before, the program and
/// all it started are killed.
pub(in crate::platform) async fn execute(
    argv: &[Box<str>],
    env: &[(&str, Arc<Secret>)],
    folder: &Path,
) -> Result<Secret, ReadError> {
    let (program, arguments) = argv.split_first().ok_or_else(|| {
        let what = "an empty command cannot be run";
        ReadError::new(ErrorKind::BadData, what, "name a program in `argv`")
    })?;
    let mut command = Command::new(&**program);
    command
        .args(arguments.iter().map(|argument| &**argument))
        .envs(
            env.iter()
                .map(|(name, value)| (name, OsStr::from_bytes(value.expose()))),
        );
    execute_in(program, command, folder).await
}

/// The same with a command that is made ready, whose program is told by this name.
pub(super) async fn execute_in(
    program: &str,
    mut command: Command,
    folder: &Path,
) -> Result<Secret, ReadError> {
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let (mut child, mut group) =
        start(&mut command).map_err(|error| not_started(program, &error))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());

    let mut complaints = Complaints::from(stderr);
    let mut answer = pin!(async {
        let output = drain(stdout).await;
        // An overflow is told at once: the program may go on printing for ever.
        let status = match output {
            Ok(Ok(_)) => child.wait().await,
            _ => Ok(ExitStatus::default()),
        };
        (output, status)
    });
    let (output, status) = loop {
        tokio::select! {
            answer = &mut answer => break answer,
            () = complaints.hear(), if complaints.open() => {}
        }
    };
    let lost = |error: io::Error| {
        let what = format!(
            "`{}` was lost while it ran: {}",
            escape(program),
            reason(&error)
        );
        ReadError::new(ErrorKind::Protocol, what, "run it by hand")
    };
    let output = output
        .map_err(lost)?
        .map_err(|Overflow| too_large(program))?;
    let status = status.map_err(lost)?;
    group.is_done();
    if status.success() {
        return Ok(output);
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

async fn drain(stdout: Option<impl AsyncRead + Unpin>) -> io::Result<Result<Secret, Overflow>> {
    let mut buffer = Buffer::new(4095, MAX_BYTES);
    let Some(mut stdout) = stdout else {
        return Ok(Ok(buffer.into_secret()));
    };
    loop {
        let room = match buffer.room() {
            Ok(room) => room,
            Err(overflow) => return Ok(Err(overflow)),
        };
        match stdout.read(room).await? {
            0 => return Ok(Ok(buffer.into_secret())),
            count => buffer.advance(count),
        }
    }
}

/// The end of what a program writes to standard error.
pub(super) struct Complaints<R> {
    from: Option<R>,
    kept: Zeroizing<Vec<u8>>,
    whole: bool,
}

impl<R: AsyncRead + Unpin> From<Option<R>> for Complaints<R> {
    fn from(from: Option<R>) -> Self {
        Self {
            from,
            kept: Zeroizing::new(Vec::with_capacity(2 * KEPT)),
            whole: true,
        }
    }
}

impl<R: AsyncRead + Unpin> Complaints<R> {
    pub fn open(&self) -> bool {
        self.from.is_some()
    }

    /// Takes what comes next. Nothing is lost when this is dropped while it waits.
    pub async fn hear(&mut self) {
        let mut chunk = Zeroizing::new([0; KEPT]);
        let Some(from) = &mut self.from else {
            return;
        };
        match from.read(&mut chunk[..]).await {
            Ok(count) if count > 0 => {
                // The room is never passed, so nothing is left behind by growing.
                self.kept.extend_from_slice(&chunk[..count]);
                if let Some(surplus) = self.kept.len().checked_sub(KEPT) {
                    self.whole &= surplus == 0;
                    self.kept.copy_within(surplus.., 0);
                    self.kept.truncate(KEPT);
                }
            }
            _ => self.from = None,
        }
    }

    pub fn told(&self) -> String {
        last_words(&self.kept, self.whole, TOLD)
    }
}

pub(super) fn not_started(program: &str, error: &io::Error) -> ReadError {
    let shown = escape(program);
    match error.kind() {
        Io::NotFound if Path::new(program).is_file() && program.contains('/') => ReadError::new(
            ErrorKind::NotFound,
            format!("`{shown}` cannot be started: what its first line names is not there"),
            "install its interpreter",
        ),
        Io::NotFound => ReadError::new(
            ErrorKind::NotFound,
            format!("there is no program `{shown}`"),
            "install it, or write its full path",
        ),
        Io::Interrupted => ReadError::new(
            ErrorKind::Interrupted,
            format!("`{shown}` was not started any more"),
            "run it again",
        ),
        Io::PermissionDenied => ReadError::new(
            ErrorKind::Denied,
            format!("`{shown}` may not be run by user {}", user::current()),
            format!("let that user execute {shown}"),
        ),
        _ => ReadError::new(
            ErrorKind::Protocol,
            format!("`{shown}` cannot be started: {}", reason(error)),
            "run it by hand",
        ),
    }
}

fn too_large(program: &str) -> ReadError {
    ReadError::new(
        ErrorKind::TooLarge,
        format!("`{}` printed over 1 MiB", escape(program)),
        "let it print the key and nothing else",
    )
}

pub(super) fn failed(program: &str, status: ExitStatus, complaints: &str) -> ReadError {
    let program = escape(program);
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "failed".to_owned(),
    };
    let colon = if complaints.is_empty() { "" } else { ": " };
    ReadError::new(
        ErrorKind::Protocol,
        format!("`{program}` {how}{colon}{complaints}"),
        "run it by hand, as the same user",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    async fn sh(script: &str) -> Result<Vec<u8>, ReadError> {
        run(&["sh", "-c", script]).await
    }

    async fn run(argv: &[&str]) -> Result<Vec<u8>, ReadError> {
        let argv: Vec<Box<str>> = argv.iter().map(|&word| word.into()).collect();
        let output = execute(&argv, &[], Path::new("")).await?;
        Ok(output.expose().to_vec())
    }

    #[tokio::test]
    async fn takes_what_is_printed_to_the_byte() {
        assert_eq!(
            sh("printf 'a\\n\\377'; echo noise >&2").await.unwrap(),
            b"a\n\xff"
        );
        assert_eq!(run(&["printf", "%s", "$HOME *"]).await.unwrap(), b"$HOME *");
        assert_eq!(run(&["cat"]).await.unwrap(), b"", "standard input is empty");
    }

    #[tokio::test]
    async fn the_environment_is_straggler_s_and_what_is_set() {
        let argv = ["sh", "-c", "printf %s \"$CARGO_PKG_NAME $TOKEN\""].map(Box::from);
        let token = Arc::new(Secret::copied(b"t\xff"));
        let output = execute(&argv, &[("TOKEN", token)], Path::new(""))
            .await
            .ok()
            .unwrap();
        assert_eq!(output.expose(), b"straggler t\xff");
    }

    #[tokio::test]
    async fn a_failure_says_how_and_with_which_last_words() {
        let error = sh("echo printed; printf 'no\\033 route\\n' >&2; exit 3")
            .await
            .unwrap_err();
        assert_eq!(error.message, "`sh` exited with status 3: no\\u{1b} route");
        let error = sh("kill -9 $$").await.unwrap_err();
        assert_eq!(error.message, "`sh` was killed by signal 9");
        let error = sh("seq -f '%g of a hundred thousand' 1 100000 >&2; exit 1")
            .await
            .unwrap_err();
        assert!(
            error.message.ends_with(" 100000 of a hundred thousand"),
            "{error}"
        );
        assert!(
            error.message.contains(": … ") && error.message.len() < 400,
            "{error}"
        );
    }

    #[tokio::test]
    async fn what_cannot_be_started_is_told_apart() {
        let error = run(&["no-such-program"]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound);
        let error = run(&["/"]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied);
        assert_eq!(run(&[]).await.unwrap_err().kind, ErrorKind::BadData);
        let error = run(&["printf", "a\0b"]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol);
    }

    #[tokio::test]
    async fn printing_for_ever_is_stopped() {
        let error = sh("yes").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLarge);
    }

    /// Waits until a file holds so many numbers of processes, and gives them.
    async fn pids(path: &Path, count: usize) -> Vec<String> {
        let patience = Instant::now() + Duration::from_secs(120);
        loop {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let lines: Vec<_> = text.lines().map(str::to_owned).collect();
            if lines.len() == count && text.ends_with('\n') {
                return lines;
            }
            assert!(Instant::now() < patience, "they do not start: {text}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    #[tokio::test]
    async fn what_is_dropped_is_killed_with_all_it_started() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pids");
        let note = format!("echo $$ >> {}", file.display());
        // In its group, in a session of its own, with its parents gone, and deaf to what asks it to end.
        let script = format!(
            "sh -c '{note}; sleep 1000; true' &
             setsid sh -c '{note}; sleep 1000; true' &
             (setsid sh -c '(setsid sh -c \"{note_inside}; sleep 1000; true\" &); exit' &)
             sh -c 'trap \"\" TERM HUP INT; {note}; setsid sleep 1000; true' &
             {note}; wait",
            note_inside = note.replace('$', "\\$"),
        );
        let run = tokio::spawn(async move { sh(&script).await });
        let pids = pids(&file, 5).await;
        run.abort();
        assert!(run.await.is_err());
        let patience = Instant::now() + Duration::from_secs(120);
        let lives = |pid: &&String| {
            std::fs::read_to_string(format!("/proc/{pid}/stat"))
                .is_ok_and(|stat| !stat.contains(") Z "))
        };
        while let Some(pid) = pids.iter().find(lives) {
            assert!(Instant::now() < patience, "{pid} of {pids:?} lives on");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    #[tokio::test]
    async fn what_is_left_running_on_purpose_is_neither_waited_for_nor_killed() {
        // Were it waited for, this would take a quarter of an hour, and its end be the end of the pipe.
        let script = "sleep 1000 >/dev/null & echo $!; echo complaint >&2";
        let pid = String::from_utf8(sh(script).await.unwrap()).unwrap();
        let error = sh("sleep 1000 >/dev/null & echo $! complaint >&2; exit 1")
            .await
            .unwrap_err();
        let told = error.message.strip_prefix("`sh` exited with status 1: ");
        let other = told.unwrap().strip_suffix(" complaint").unwrap();
        for pid in [pid.trim(), other] {
            let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL)
                .expect("it still runs");
        }
    }
}
