use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many files a process may want open that has thousands of connections.
const WANTED: u64 = 8192;

/// How many are open beside those of calls: reports, certificates, the runtime's own.
const OTHERS: u64 = 48;

/// The most that one call opens: a program's three pipes, and what passes while it is started.
const EACH: u64 = 6;

/// How many calls may be under way at once so that the limit on open files is not met. Raises the
/// limit as far as that is allowed.
#[must_use]
pub fn most_calls() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let now = limit.current.unwrap_or(u64::MAX);
    let allowed = limit.maximum.unwrap_or(u64::MAX);
    let wanted = now.max(WANTED.min(allowed));
    let raised = Rlimit {
        current: Some(wanted),
        maximum: limit.maximum,
    };
    let have = if wanted > now && setrlimit(Resource::Nofile, raised).is_ok() {
        wanted
    } else {
        now
    };
    usize::try_from(have.saturating_sub(OTHERS) / EACH)
        .unwrap_or(usize::MAX)
        .max(1)
}
