//! The programs that are under way. Each ends with all that it started, unless it came to its own end.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use super::descent;

/// What marks a program and whatever it starts, so that they are known by it when their parents are gone.
pub(super) const MARK: &str = "STRAGGLER_RUN";

/// A program that was started and did not come to its own end.
#[derive(Clone)]
pub(super) struct Run {
    /// The number of the process, which leads a group of its own.
    pub leader: Pid,
    /// What [`MARK`] is set to.
    pub mark: String,
}

struct Running {
    /// Whether nothing more is started.
    closed: bool,
    next: u64,
    runs: BTreeMap<u64, Run>,
    /// Those of them that are to end.
    ending: Vec<u64>,
    /// What could not be ended, as it is told.
    left: Vec<String>,
}

static RUNNING: Mutex<Running> = Mutex::new(Running {
    closed: false,
    next: 0,
    runs: BTreeMap::new(),
    ending: Vec::new(),
    left: Vec::new(),
});

/// Held by whoever looks through all processes: one look serves all that are to end.
static SWEEP: Mutex<()> = Mutex::new(());

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a program as the leader of a group.
///
/// # Errors
///
/// Those of the system, and [`io::ErrorKind::Interrupted`] when nothing more is to be started.
pub(super) fn start(command: &mut Command) -> io::Result<(Child, Group)> {
    // Nobody closes it between the question and the start.
    let mut running = running();
    if running.closed {
        return Err(io::ErrorKind::Interrupted.into());
    }
    descent::adopt();
    let number = running.next;
    running.next += 1;
    let mark = descent::mark(number);
    let child = command
        .env(MARK, &mark)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let leader = child.id().and_then(|pid| i32::try_from(pid).ok());
    let leader = leader.and_then(Pid::from_raw);
    if let Some(leader) = leader {
        running.runs.insert(number, Run { leader, mark });
    }
    Ok((child, Group(leader.map(|leader| (number, leader)))))
}

/// A program and all it started, which end when this is dropped before the program is done.
pub(super) struct Group(Option<(u64, Pid)>);

impl Group {
    /// What the program leaves running on purpose may go on, and its number may be used again.
    pub fn is_done(&mut self) {
        if let Some((number, _)) = self.0.take() {
            running().runs.remove(&number);
            descent::tidy(leaders);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some((number, leader)) = self.0.take() else {
            return;
        };
        // It fails only when nothing is left to kill.
        let _ = kill_process_group(leader, Signal::KILL);
        running().ending.push(number);
        sweep();
    }
}

/// Who the library that starts programs waits for.
fn leaders() -> Vec<Pid> {
    running().runs.values().map(|run| run.leader).collect()
}

/// Ends what is to end, unless somebody else did so meanwhile.
fn sweep() {
    let _alone = SWEEP.lock().unwrap_or_else(PoisonError::into_inner);
    let ending = std::mem::take(&mut running().ending);
    let runs: Vec<Run> = {
        let running = running();
        let known = |number| running.runs.get(number).cloned();
        ending.iter().filter_map(known).collect()
    };
    if runs.is_empty() {
        return;
    }
    let left = descent::end(&runs);
    let mut running = running();
    running.left.extend(left);
    for number in ending {
        running.runs.remove(&number);
    }
}

/// Starts no program from now on, for the user wants to stop.
pub fn start_no_more() {
    running().closed = true;
}

/// Ends every program that is still under way, and starts no other. What could not be ended, each in a
/// fragment that may be shown.
#[must_use]
pub fn end_programs() -> Vec<String> {
    {
        let mut running = running();
        running.closed = true;
        let numbers: Vec<u64> = running.runs.keys().copied().collect();
        running.ending.extend(numbers);
    }
    sweep();
    // Whoever sweeps beside this one is done as well.
    let _alone = SWEEP.lock().unwrap_or_else(PoisonError::into_inner);
    let mut left = std::mem::take(&mut running().left);
    left.extend(descent::outlived());
    left.sort();
    left.dedup();
    left
}
