//! All that a program started, found by whose child it is, by its group and its session, and by what marks it.
//!
//! straggler adopts what its programs leave behind (`PR_SET_CHILD_SUBREAPER`), so a process that changed its
//! session and whose parent is gone is a child of straggler and not of init, and still has the mark in its
//! environment. One that also gave itself another environment is nobody's that is known; it is told of.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use procfs::FromRead;
use procfs::process::Stat;
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, waitpid,
};

use super::children::{MARK, Run};
use crate::text::escape;

/// How often all processes are looked through for one more. What was told to die starts nothing more, so
/// this ends much sooner, unless something starts others faster than they are found.
const MOST_LOOKS: usize = 100;

/// How long the end of those that were killed is waited for. The kernel may hold one that waits for a disk.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often adopted processes that ended are looked for.
const TIDY: Duration = Duration::from_secs(30);

/// A process: its number, which is used again, and when it was started.
type Id = (i32, u64);

/// What is known of those that are no direct children of the library that starts programs.
#[derive(Default)]
struct Adopted {
    /// That have a mark of ours, or were killed.
    known: HashSet<Id>,
    /// That were killed and not seen dead.
    dying: HashMap<Id, Box<str>>,
    /// Of programs that were ended: they are reaped by the library.
    leaders: HashSet<i32>,
    /// Whether something was ended.
    forced: bool,
    tidied: Option<Instant>,
}

static ADOPTED: Mutex<Option<Adopted>> = Mutex::new(None);

fn adopted<T>(work: impl FnOnce(&mut Adopted) -> T) -> T {
    let mut adopted = ADOPTED.lock().unwrap_or_else(PoisonError::into_inner);
    work(adopted.get_or_insert_default())
}

/// Makes straggler the parent of whatever its programs leave behind.
pub(super) fn adopt() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        // Kernels that cannot do it leave those to init, as before.
        let _ = set_child_subreaper(Some(getpid()));
    });
}

/// What a program is marked with: no other one on this host, not even of another straggler.
pub(super) fn mark(number: u64) -> String {
    format!("{}{number}", prefix())
}

/// What all marks of this straggler begin with.
fn prefix() -> &'static str {
    static PREFIX: OnceLock<String> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let random = std::hash::RandomState::new().build_hasher().finish();
        format!("{}-{random:016x}-", getpid())
    })
}

/// A process as it was seen.
struct Seen {
    id: Id,
    parent: i32,
    group: i32,
    session: i32,
    name: Box<str>,
    alive: bool,
}

fn look() -> Vec<Seen> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(look_at).collect()
}

fn look_at(pid: i32) -> Option<Seen> {
    let bytes = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = Stat::from_read(&*bytes).ok()?;
    Some(Seen {
        id: (pid, stat.starttime),
        parent: stat.ppid,
        group: stat.pgrp,
        session: stat.session,
        name: stat.comm.into(),
        alive: !matches!(stat.state, 'Z' | 'X' | 'x'),
    })
}

/// What a process that straggler adopted is marked with; `None` where it is not marked by this one.
fn mark_of(pid: i32) -> Option<String> {
    let environ = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut variables = environ.split(|&byte| byte == 0);
    let mark = variables.find_map(|variable| {
        let value = variable.strip_prefix(MARK.as_bytes())?;
        value.strip_prefix(b"=")
    })?;
    let mark = std::str::from_utf8(mark).ok()?;
    mark.starts_with(prefix()).then(|| mark.to_owned())
}

/// Those that belong to these programs: by their group and session, by their mark where straggler adopted
/// them, and whatever descends from those. `killed` belonged to them before.
fn belonging<'s>(
    seen: &'s [Seen],
    runs: &[Run],
    killed: &HashSet<Id>,
    own: i32,
    mark_of: impl Fn(i32) -> Option<String>,
) -> Vec<&'s Seen> {
    let leaders: HashSet<i32> = runs
        .iter()
        .map(|run| run.leader.as_raw_nonzero().get())
        .collect();
    let is_marked = |process: &Seen| {
        let mark = mark_of(process.id.0);
        runs.iter().any(|run| mark.as_ref() == Some(&run.mark))
    };
    let mut children: HashMap<i32, Vec<usize>> = HashMap::new();
    for (index, process) in seen.iter().enumerate() {
        children.entry(process.parent).or_default().push(index);
    }
    let mut open: Vec<usize> = (0..seen.len())
        .filter(|&index| {
            let process = &seen[index];
            leaders.contains(&process.id.0)
                || leaders.contains(&process.group)
                || leaders.contains(&process.session)
                || killed.contains(&process.id)
                || (process.parent == own && is_marked(process))
        })
        .collect();
    let mut found = HashSet::new();
    while let Some(index) = open.pop() {
        if seen[index].id.0 != own && found.insert(index) {
            open.extend(children.get(&seen[index].id.0).into_iter().flatten());
        }
    }
    found.into_iter().map(|index| &seen[index]).collect()
}

/// Kills these programs and all they started, without waiting for their end. Those that may not be killed,
/// as they are told.
pub(super) fn end(runs: &[Run]) -> Vec<String> {
    let own = getpid().as_raw_nonzero().get();
    let mut killed = HashSet::new();
    let mut names = HashMap::new();
    let mut left = Vec::new();
    for _ in 0..MOST_LOOKS {
        let seen = look();
        let found = belonging(&seen, runs, &killed, own, mark_of);
        let new: Vec<&Seen> = found
            .into_iter()
            .filter(|process| process.alive && !killed.contains(&process.id))
            .collect();
        if new.is_empty() {
            break;
        }
        for process in new {
            killed.insert(process.id);
            match kill(process.id.0) {
                Err(Errno::PERM) => left.push(format!(
                    "{} could not be ended: it belongs to another user",
                    shown(process.id.0, &process.name)
                )),
                _ => {
                    names.insert(process.id, process.name.clone());
                }
            }
        }
    }
    adopted(|adopted| {
        adopted.forced = true;
        let leaders = runs.iter().map(|run| run.leader.as_raw_nonzero().get());
        adopted.leaders.extend(leaders);
        adopted.known.extend(&killed);
        adopted.dying.extend(names);
        adopted.reap();
    });
    left
}

fn kill(pid: i32) -> Result<(), Errno> {
    Pid::from_raw(pid).map_or(Ok(()), |pid| kill_process(pid, Signal::KILL))
}

fn shown(pid: i32, name: &str) -> String {
    format!("`{}` (process {pid})", escape(name))
}

impl Adopted {
    /// Takes note of those that ended, so that they do not stay as zombies.
    fn reap(&mut self) {
        let own = getpid().as_raw_nonzero().get();
        let leaders = &self.leaders;
        self.known.retain(|&(pid, started)| {
            let ours = look_at(pid).filter(|seen| seen.id.1 == started);
            match ours {
                None => false,
                Some(seen) if seen.alive || seen.parent != own || leaders.contains(&pid) => {
                    seen.alive || seen.parent == own
                }
                Some(_) => {
                    let pid = Pid::from_raw(pid);
                    !matches!(waitpid(pid, WaitOptions::NOHANG), Ok(Some(_)) | Err(_))
                }
            }
        });
        self.dying.retain(|&(pid, started), _| {
            look_at(pid).is_some_and(|seen| seen.alive && seen.id.1 == started)
        });
    }
}

/// Reaps what programs left running on purpose and what ended since, from time to time.
/// `leaders` are those that the library waits for.
pub(super) fn tidy(leaders: impl Fn() -> Vec<Pid>) {
    let now = Instant::now();
    adopted(|adopted| {
        let due = adopted.tidied.is_none_or(|last| now >= last + TIDY);
        if !due {
            return;
        }
        if adopted.tidied.replace(now).is_some() {
            let own = getpid().as_raw_nonzero().get();
            let seen = look();
            // Asked for only now: whoever was started after the look is not in it.
            let leaders = leaders();
            let is_leader = |pid| leaders.iter().any(|it| it.as_raw_nonzero().get() == pid);
            let marked = seen.iter().filter(|process| {
                let pid = process.id.0;
                process.parent == own && process.alive && !is_leader(pid) && mark_of(pid).is_some()
            });
            adopted.known.extend(marked.map(|process| process.id));
            adopted.reap();
        }
    });
}

/// Waits for the end of all that was killed. What outlived it, and what may be left of a program that was
/// ended, as it is told.
pub(super) fn outlived() -> Vec<String> {
    let patience = Instant::now() + PATIENCE;
    loop {
        let dying = adopted(|adopted| {
            adopted.reap();
            adopted.dying.len()
        });
        if dying == 0 || Instant::now() >= patience {
            break;
        }
        sleep(Duration::from_millis(5));
    }
    adopted(|adopted| {
        let held = adopted.dying.iter().map(|(id, name)| {
            format!(
                "{} could not be ended: the kernel holds it",
                shown(id.0, name)
            )
        });
        let mut left: Vec<String> = held.collect();
        if adopted.forced {
            left.extend(strangers(adopted));
        }
        left
    })
}

/// Those that straggler adopted and that no mark tells of.
fn strangers(adopted: &Adopted) -> Vec<String> {
    let own = getpid().as_raw_nonzero().get();
    let begun = look_at(own).map_or(u64::MAX, |own| own.id.1);
    let seen = look();
    let strange = seen.iter().filter(|process| {
        process.parent == own
            && process.alive
            && process.id.1 > begun
            && !adopted.leaders.contains(&process.id.0)
            && !adopted.known.contains(&process.id)
            && mark_of(process.id.0).is_none()
    });
    let strange = strange.map(|process| {
        format!(
            "{} was started by one of the programs and has left its environment: it may be left of one that \
             was ended",
            shown(process.id.0, &process.name)
        )
    });
    strange.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(pid: i32, parent: i32, group: i32, session: i32) -> Seen {
        Seen {
            id: (pid, 7),
            parent,
            group,
            session,
            name: "x".into(),
            alive: true,
        }
    }

    #[test]
    fn what_belongs_to_a_program_is_found_however_it_got_away() {
        const OWN: i32 = 10;
        let run = Run {
            leader: Pid::from_raw(20).unwrap(),
            mark: mark(1),
        };
        let all = [
            seen(1, 0, 1, 1),
            seen(OWN, 1, OWN, 5),
            // The program, a child in its group, one in another session and its child.
            seen(20, OWN, 20, 5),
            seen(21, 20, 20, 5),
            seen(22, 20, 22, 22),
            seen(23, 22, 22, 22),
            // Adopted: of its group, of its session, by its mark, and the child of that.
            seen(24, OWN, 20, 5),
            seen(25, OWN, 25, 20),
            seen(26, OWN, 26, 26),
            seen(27, 26, 27, 27),
            // Another program, what that left, and a stranger.
            seen(30, OWN, 30, 5),
            seen(31, OWN, 31, 31),
            seen(32, OWN, 32, 32),
            seen(40, 1, 40, 40),
            // Seen among them before; its number was used again since.
            seen(50, OWN, 50, 50),
            seen(51, OWN, 51, 51),
        ];
        let marks = |pid| match pid {
            26 => Some(mark(1)),
            30 | 31 => Some(mark(2)),
            _ => None,
        };
        let killed = HashSet::from([(50, 7), (51, 6)]);
        let mut found: Vec<i32> = belonging(&all, &[run], &killed, OWN, marks)
            .iter()
            .map(|process| process.id.0)
            .collect();
        found.sort_unstable();
        assert_eq!(found, [20, 21, 22, 23, 24, 25, 26, 27, 50]);
    }

    #[test]
    fn marks_are_of_one_straggler_alone() {
        assert!(mark(1).starts_with(prefix()) && mark(1) != mark(11));
        assert_eq!(mark_of(getpid().as_raw_nonzero().get()), None);
    }
}
