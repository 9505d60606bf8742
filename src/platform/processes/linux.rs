use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind as Io, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use procfs::FromRead;
use procfs::process::{Stat, StatFlags};
use rustix::io::Errno;

use super::{Process, ProcessId, Snapshot, surroundings};
use crate::key::Secret;
use crate::platform::buffer::Buffer;
use crate::platform::reason::reason;
use crate::platform::user;
use crate::reading::{ErrorKind, ReadError};

/// Where Linux tells of processes.
const PROC: &str = "/proc";
/// As much of a command line as is searched.
const MOST_ARGUMENTS: usize = 128 << 10;
/// Linux allows 6 MiB of arguments and environment together.
const MOST_ENVIRONMENT: usize = 8 << 20;
/// How often a process is looked at anew whose threads end meanwhile.
const TRIES: usize = 5;

/// Every process that straggler's user can see, but for the one that looks.
pub(super) fn list(own: u32) -> Result<Snapshot, ReadError> {
    let entries =
        fs::read_dir(PROC).map_err(|error| unreadable("the list of processes", &error))?;
    let clock = Clock::read();
    let program = program(own);
    let mut pids: Vec<u32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    pids.sort_unstable();
    // Every host and every container has a first process; where it is not seen, others are not either.
    let mut partial = pids.first() != Some(&1);
    let mut processes = Vec::with_capacity(pids.len());
    for pid in pids {
        // The thread that was looked at may have ended, and others go on.
        let seen = match look(pid, &clock) {
            Err(error) if is_gone(&error) => look(pid, &clock),
            seen => seen,
        };
        match seen {
            Ok(process) => processes.extend(process),
            Err(error) if is_gone(&error) => {}
            Err(_) => partial = true,
        }
    }
    // A name is anybody's, and the file it runs is not.
    let is_named = |process: &Process| {
        let runs_it = |file: OsString| file.to_string_lossy().contains("straggler");
        process.is_named("straggler") && program_name(process).is_none_or(runs_it)
    };
    let is_straggler = |process: &Process| {
        is_named(process) || (program.is_some() && self::program(process.id.pid) == program)
    };
    surroundings::mark(&mut processes, own, is_straggler, program_name);
    processes.retain(|process| process.id.pid != own);
    Ok(Snapshot { processes, partial })
}

/// The file that a process runs, where that may be told.
fn program(pid: u32) -> Option<(u64, u64)> {
    let file = fs::metadata(folder(pid).join("exe")).ok()?;
    Some((file.dev(), file.ino()))
}

/// What that file is called.
fn program_name(process: &Process) -> Option<OsString> {
    let file = fs::read_link(folder(process.id.pid).join("exe")).ok()?;
    file.file_name().map(ToOwned::to_owned)
}

fn folder(pid: u32) -> PathBuf {
    Path::new(PROC).join(pid.to_string())
}

/// Where the memory of a process shows: in its own folder, or in that of a thread that goes on though the first
/// one has ended. `None` where none does.
fn living(pid: u32, stat: &Stat) -> io::Result<Option<PathBuf>> {
    let own = folder(pid);
    if is_alive(stat) {
        return Ok(Some(own));
    }
    for thread in fs::read_dir(own.join("task"))? {
        let thread = thread?.path();
        match self::stat(&thread) {
            Ok(stat) if is_alive(&stat) => return Ok(Some(thread)),
            Err(error) if !is_gone(&error) => return Err(error),
            _ => {}
        }
    }
    Ok(None)
}

/// The initial environment of a process; `None` when it is gone.
pub(super) fn environ(id: ProcessId) -> Result<Option<Secret>, ReadError> {
    let shown = || match stat(&folder(id.pid)) {
        Ok(stat) if stat.starttime == id.started_ticks => living(id.pid, &stat),
        Ok(_) => Ok(None),
        Err(error) => Err(error),
    };
    let failed = |error: io::Error| match is_gone(&error) {
        true => Ok(None),
        false => Err(environ_unreadable(id.pid, &error)),
    };
    for _ in 0..TRIES {
        let place = match shown() {
            Ok(Some(place)) => place,
            Ok(None) => return Ok(None),
            Err(error) => return failed(error),
        };
        let read = read(&place, "environ", MOST_ENVIRONMENT);
        // The number may have gone to another process in between, whose environment this would be; and the memory
        // of a thread that ended shows nothing.
        match shown() {
            Ok(Some(still)) if still == place => {}
            Ok(Some(_)) => continue,
            Ok(None) => return Ok(None),
            Err(error) => return failed(error),
        }
        return match read {
            // A part of it would make what is missing look absent.
            Ok(bytes) if bytes.len() >= MOST_ENVIRONMENT => Err(ReadError::new(
                ErrorKind::TooLarge,
                format!("process {} has an environment of over 8 MiB", id.pid),
                "look at what starts it",
            )),
            Ok(bytes) => Ok(Some(bytes.into_secret())),
            Err(error) => failed(error),
        };
    }
    Err(ReadError::new(
        ErrorKind::Protocol,
        format!(
            "the threads of process {} ended faster than its environment could be read",
            id.pid
        ),
        "look at it again",
    )
    .transient())
}

/// `None` for what runs no program: a kernel thread, a zombie.
fn look(pid: u32, clock: &Clock) -> io::Result<Option<Process>> {
    let stat = stat(&folder(pid))?;
    if StatFlags::from_bits_retain(stat.flags).contains(StatFlags::PF_KTHREAD) {
        return Ok(None);
    }
    let Some(place) = living(pid, &stat)? else {
        return Ok(None);
    };
    let groups = read(&place, "cgroup", 64 << 10)?.into_secret();
    Ok(Some(Process {
        id: ProcessId {
            pid,
            started_ticks: stat.starttime,
        },
        parent: u32::try_from(stat.ppid).unwrap_or(0),
        started_at: clock.at(stat.starttime),
        name: stat.comm.into(),
        arguments: read(&place, "cmdline", MOST_ARGUMENTS)?.into_secret(),
        cgroup: cgroup(groups.expose()).into(),
        containers: containers(groups.expose()),
        ours: false,
        may_be_meant: None,
        runs_straggler: false,
        besides_straggler: None,
    }))
}

fn stat(place: &Path) -> io::Result<Stat> {
    let bytes = read(place, "stat", 4096)?.into_secret();
    Stat::from_read(bytes.expose()).map_err(|_| Io::InvalidData.into())
}

fn is_alive(stat: &Stat) -> bool {
    !matches!(stat.state, 'Z' | 'X' | 'x')
}

/// Reads up to `cap` bytes of a file of a process or a thread and leaves the rest.
fn read(place: &Path, name: &str, cap: usize) -> io::Result<Buffer> {
    let mut file = File::open(place.join(name))?;
    let mut buffer = Buffer::new(4095, cap);
    while buffer.len() < cap
        && let Ok(room) = buffer.room()
    {
        match file.read(room) {
            Ok(0) => break,
            Ok(count) => buffer.advance(count),
            Err(error) if error.kind() == Io::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(buffer)
}

/// systemd's own control group: of the hierarchy it names, unless nothing is told apart there, or else
/// of the unified one.
fn cgroup(lines: &[u8]) -> String {
    let text = String::from_utf8_lossy(lines);
    let path_of = |hierarchy: &str| {
        text.lines().find_map(|line| {
            let (_, line) = line.split_once(':')?;
            line.strip_prefix(hierarchy)?.strip_prefix(':')
        })
    };
    path_of("name=systemd")
        .filter(|path| *path != "/")
        .or_else(|| path_of(""))
        .unwrap_or_default()
        .to_owned()
}

/// What engines name control groups by: the container's whole id, which nobody guesses.
fn containers(lines: &[u8]) -> Box<[Box<str>]> {
    const DIGITS: usize = 64;
    let text = String::from_utf8_lossy(lines);
    let mut found: Vec<Box<str>> = Vec::new();
    for step in text.split(['/', '\n']) {
        // Podman's monitor of a container is outside of it.
        if step.starts_with("libpod-conmon-") {
            continue;
        }
        for word in step.split(|sign: char| !sign.is_ascii_hexdigit()) {
            if word.len() == DIGITS && !found.iter().any(|known| **known == *word) {
                found.push(word.into());
            }
        }
    }
    found.into()
}

fn is_gone(error: &io::Error) -> bool {
    error.kind() == Io::NotFound || error.raw_os_error() == Some(Errno::SRCH.raw_os_error())
}

fn unreadable(what: &str, error: &io::Error) -> ReadError {
    let kind = match error.kind() {
        Io::PermissionDenied => ErrorKind::Denied,
        Io::NotFound => ErrorKind::NotFound,
        _ => ErrorKind::Protocol,
    };
    ReadError::new(
        kind,
        format!("{what} could not be read from {PROC}: {}", reason(error)),
        format!("mount {PROC} and let straggler's user read it"),
    )
}

fn environ_unreadable(pid: u32, error: &io::Error) -> ReadError {
    if error.kind() != Io::PermissionDenied {
        return unreadable(&format!("the environment of process {pid}"), error);
    }
    let owner = fs::metadata(folder(pid)).map(|folder| folder.uid());
    let reader = user::current();
    match owner {
        Ok(owner) if owner != user::current_uid() => ReadError::new(
            ErrorKind::Denied,
            format!(
                "process {pid} belongs to user {}, and user {reader} may not read its environment",
                user::named(owner)
            ),
            "run straggler as the process's own user or as root, or grant it CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
        ),
        _ => ReadError::new(
            ErrorKind::Denied,
            format!("process {pid} is protected even from user {reader}, who runs it"),
            "run straggler as root outside of any container, or grant it CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
        ),
    }
}

/// Turns ticks since the start of the host into times.
struct Clock {
    booted_at: Option<Timestamp>,
    ticks_per_second: u64,
}

impl Clock {
    fn read() -> Self {
        let seconds = procfs::boot_time_secs().ok();
        Self {
            booted_at: seconds
                .and_then(|seconds| Timestamp::from_second(i64::try_from(seconds).ok()?).ok()),
            ticks_per_second: procfs::ticks_per_second(),
        }
    }

    fn at(&self, ticks: u64) -> Option<Timestamp> {
        let milliseconds = ticks
            .checked_mul(1000)?
            .checked_div(self.ticks_per_second)?;
        let since = SignedDuration::from_millis(i64::try_from(milliseconds).ok()?);
        self.booted_at?.checked_add(since).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// A process that runs until it is dropped.
    struct Sleeper(Child);

    impl Sleeper {
        fn start() -> Self {
            let mut command = Command::new("sleep");
            command
                .arg("1000")
                .env_clear()
                .env("KEY", "old\n")
                .env("PATH", "/bin");
            Self(command.stdin(Stdio::null()).spawn().unwrap())
        }

        fn find(&self) -> Option<Process> {
            find(self.0.id())
        }
    }

    fn find(pid: u32) -> Option<Process> {
        let snapshot = list(std::process::id()).ok().unwrap();
        let mut processes = snapshot.processes.into_iter();
        processes.find(|process| process.id.pid == pid)
    }

    impl Drop for Sleeper {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    #[test]
    fn a_process_is_found_with_its_name_arguments_and_start() {
        let sleeper = Sleeper::start();
        let found = sleeper.find().unwrap();
        assert!(found.is_named("sleep"));
        assert_eq!(found.command_line().expose(), b"sleep 1000");
        let age = Timestamp::now().duration_since(found.started_at.unwrap());
        assert!(age.as_secs().abs() < 60, "started {age:?} ago");
    }

    #[test]
    fn the_environment_is_the_one_it_was_started_with() {
        let sleeper = Sleeper::start();
        let id = sleeper.find().unwrap().id;
        let environment = environ(id).ok().unwrap().unwrap();
        let mut variables: Vec<_> = environment.expose().split(|&byte| byte == 0).collect();
        variables.sort_unstable();
        assert_eq!(variables, [&b""[..], b"KEY=old\n", b"PATH=/bin"]);
    }

    #[test]
    fn another_process_under_the_same_number_is_not_taken_for_it() {
        let sleeper = Sleeper::start();
        let mut id = sleeper.find().unwrap().id;
        id.started_ticks -= 1;
        assert!(environ(id).ok().unwrap().is_none());
    }

    #[test]
    fn what_has_ended_is_gone_even_as_a_zombie() {
        let mut ended = Command::new("true").spawn().unwrap();
        let pid = ended.id();
        while stat(&folder(pid)).is_ok_and(|stat| is_alive(&stat)) {
            std::thread::yield_now();
        }
        let started_ticks = stat(&folder(pid)).unwrap().starttime;
        let id = ProcessId { pid, started_ticks };
        assert!(environ(id).ok().unwrap().is_none(), "a zombie");
        assert!(
            list(std::process::id())
                .ok()
                .unwrap()
                .processes
                .iter()
                .all(|process| process.id.pid != pid)
        );
        ended.wait().unwrap();
        assert!(environ(id).ok().unwrap().is_none(), "nothing");
    }

    #[test]
    fn straggler_itself_and_kernel_threads_are_left_out() {
        let snapshot = list(std::process::id()).ok().unwrap();
        let own = std::process::id();
        assert!(
            snapshot
                .processes
                .iter()
                .all(|process| process.id.pid != own)
        );
        assert!(
            !snapshot
                .processes
                .iter()
                .any(|process| process.is_named("kthreadd"))
        );
    }

    #[test]
    fn the_control_group_is_systemds() {
        assert_eq!(
            cgroup(b"0::/system.slice/web.service\n"),
            "/system.slice/web.service"
        );
        let both = b"12:cpu:/x\n1:name=systemd:/system.slice/web.service\n0::/\n";
        assert_eq!(cgroup(both), "/system.slice/web.service");
        let unified = b"9:name=systemd:/\n8:pids:/\n0::/system.slice/web.service\n";
        assert_eq!(cgroup(unified), "/system.slice/web.service");
        assert_eq!(cgroup(b""), "");
    }

    #[test]
    fn what_started_this_one_and_what_this_one_started_is_marked() {
        let sleeper = Sleeper::start();
        let child = sleeper.find().unwrap();
        assert_eq!(child.parent, std::process::id());
        assert!(child.ours);
        assert!(find(std::os::unix::process::parent_id()).unwrap().ours);
        // For another straggler it is as good as any.
        let snapshot = list(u32::MAX).ok().unwrap();
        let mut processes = snapshot.processes.iter();
        let child = processes.find(|process| process.id == child.id).unwrap();
        assert!(!child.ours);
    }

    #[test]
    fn a_control_group_names_its_containers() {
        let (one, two) = ("0f".repeat(32), "a1".repeat(32));
        for (lines, ids) in [
            (format!("0::/system.slice/docker-{one}.scope\n"), vec![&one]),
            (
                format!("4:cpu:/docker/{one}\n0::/docker/{one}\n"),
                vec![&one],
            ),
            (
                format!("0::/machine.slice/libpod-{one}.scope/container\n"),
                vec![&one],
            ),
            (format!("0::/docker/{one}/docker/{two}\n"), vec![&one, &two]),
            (
                format!("0::/machine.slice/libpod-conmon-{one}.scope\n"),
                vec![],
            ),
            (format!("0::/docker/{}\n", &one[1..]), vec![]),
            (format!("0::/docker/{one}0\n"), vec![]),
        ] {
            let found = containers(lines.as_bytes());
            let found: Vec<_> = found.iter().map(|id| id.to_string()).collect();
            let ids: Vec<_> = ids.into_iter().cloned().collect();
            assert_eq!(found, ids, "{lines}");
        }
    }

    #[test]
    fn denied_says_what_is_needed() {
        let denied = environ_unreadable(std::process::id(), &Io::PermissionDenied.into());
        assert_eq!(denied.kind, ErrorKind::Denied);
        assert!(
            denied.message.contains("is protected even from"),
            "{denied}"
        );
        assert!(denied.next.contains("CAP_SYS_PTRACE"));
    }
}
