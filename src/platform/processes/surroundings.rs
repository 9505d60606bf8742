//! Which processes belong to a straggler, and are nobody's service.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::ops::Range;

use super::Process;
use super::snapshot::file_name;
use crate::key::Secret;

/// As many ancestors as are followed. What is read one after the other may seem to go round.
const MOST_ANCESTORS: usize = 256;

/// Marks what belongs to stragglers. `own` is the number of this one, which is listed too;
/// `is_straggler` says which other processes are one, and `program` which file a process runs.
pub(super) fn mark(
    processes: &mut [Process],
    own: u32,
    is_straggler: impl Fn(&Process) -> bool,
    program: impl Fn(&Process) -> Option<OsString>,
) {
    let at: HashMap<u32, usize> = processes
        .iter()
        .enumerate()
        .map(|(index, process)| (process.id.pid, index))
        .collect();
    let mut children: HashMap<u32, Vec<usize>> = HashMap::new();
    for (index, process) in processes.iter().enumerate() {
        children.entry(process.parent).or_default().push(index);
    }
    let ancestors = |index: usize| {
        let next = |&index: &usize| at.get(&processes[index].parent).copied();
        std::iter::successors(next(&index), next).take(MOST_ANCESTORS)
    };

    let mut ours = HashSet::new();
    let mut doubtful = HashMap::new();
    let mut open = Vec::new();
    for (index, process) in processes.iter().enumerate() {
        let is_own = process.id.pid == own;
        if !is_own && !is_straggler(process) {
            continue;
        }
        open.push(index);
        let mut stragglers = vec![process.command_line()];
        for above in ancestors(index) {
            let starter = &processes[above];
            // Its shell, `timeout`, `sudo`, the session it was started in. Of another one only those that name it: a
            // service may start stragglers too.
            if !is_own && !names_straggler(starter) {
                break;
            }
            ours.insert(above);
            if is_straggler(starter) {
                stragglers.push(starter.command_line());
            } else if let Some(rest) = beside_straggler(starter, &stragglers, &program) {
                doubtful.entry(above).or_insert(rest);
            }
        }
    }
    // With everything they started.
    let mut started = HashSet::new();
    while let Some(index) = open.pop() {
        if started.insert(index) {
            open.extend(children.get(&processes[index].id.pid).into_iter().flatten());
        }
    }
    doubtful.retain(|index, _| !started.contains(index));
    for index in ours.into_iter().chain(started) {
        processes[index].ours = true;
        processes[index].may_be_meant = doubtful.remove(&index);
    }
    // `watch`, `timeout`, a shell that sleeps between two of them: one that will run straggler again has no
    // straggler under it just now. A service may have a hook that does.
    for process in processes.iter_mut().filter(|process| !process.ours) {
        let Some(part) = part_of_straggler(process) else {
            continue;
        };
        if is_runner(process, &program) {
            process.runs_straggler = true;
        } else {
            process.besides_straggler = Some(without(&process.command_line(), part));
        }
    }
}

/// The commands of straggler that wait for something or are run again and again.
const COMMANDS: [&[u8]; 9] = [
    b"audit",
    b"wait",
    b"revoke-check",
    b"config",
    b"history",
    b"inspect",
    b"schema",
    b"completions",
    b"man",
];

/// Where a command line runs straggler: its name, as a word of its own or as the last one of a path, and one of its
/// commands behind it. What only speaks of straggler, as in the name of a folder, does not. What follows is straggler's
/// too, up to the end of the script or of the whole line.
fn part_of_straggler(process: &Process) -> Option<Range<usize>> {
    let line = process.command_line();
    let line = line.expose();
    let mut ranges = words(line).peekable();
    while let Some(range) = ranges.next() {
        if file_name(&line[range.clone()]) != b"straggler" {
            continue;
        }
        // `straggler --color never audit`
        let color = ranges.next_if(|range| line[range.clone()].starts_with(b"--color"));
        if color.is_some_and(|color| !line[color].contains(&b'=')) {
            ranges.next();
        }
        if ranges
            .peek()
            .is_some_and(|range| COMMANDS.contains(&&line[range.clone()]))
        {
            let behind = process.arguments.expose().get(range.end..);
            let ends = behind.and_then(|behind| behind.iter().position(|&byte| byte == 0));
            // The name ends its argument, so others follow it.
            let end = ends.filter(|&ends| ends > 0).map(|ends| range.end + ends);
            return Some(range.start..end.unwrap_or(line.len()).min(line.len()));
        }
    }
    None
}

fn without(line: &Secret, part: Range<usize>) -> Secret {
    let line = line.expose();
    Secret::new([&line[..part.start], &line[part.end..]].concat())
}

/// The words of a command line, as a shell or straggler itself would divide it: quotes come away.
fn words(line: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || b";|&(){}`'\"$".contains(byte);
    let mut end = 0;
    std::iter::from_fn(move || {
        let start = end + line[end..].iter().position(|byte| !is_between(byte))?;
        let length = line[start..].iter().position(is_between);
        end = length.map_or(line.len(), |length| start + length);
        Some(start..end)
    })
}

/// What runs another program that its arguments name, and is nobody's service.
const RUNNERS: [&str; 30] = [
    "timeout",
    "sudo",
    "doas",
    "su",
    "runuser",
    "setpriv",
    "env",
    "nice",
    "ionice",
    "chrt",
    "taskset",
    "nohup",
    "setsid",
    "stdbuf",
    "time",
    "watch",
    "flock",
    "xargs",
    "parallel",
    "chronic",
    "script",
    "strace",
    "unshare",
    "nsenter",
    "systemd-run",
    "systemd-inhibit",
    "aws-vault",
    "tini",
    "dumb-init",
    "tmux",
];

/// What does so where its arguments say `-c`. A script that they run is a program of its own.
const SHELLS: [&str; 8] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish"];

/// Whether it is known to do nothing but run what its arguments name.
fn is_runner(process: &Process, program: impl Fn(&Process) -> Option<OsString>) -> bool {
    let mut arguments = process.arguments();
    let first = file_name(arguments.next().unwrap_or_default());
    let mut first = first.strip_prefix(b"-").unwrap_or(first);
    if first == b"busybox" {
        first = arguments.next().unwrap_or_default();
    }
    let file = program(process).unwrap_or_default();
    // What BusyBox is just now, its first argument says.
    let file = file.as_encoded_bytes();
    let file = if file == b"busybox" { b"" } else { file };
    let is_one_of = |names: &[&str]| {
        let mut names = names.iter().map(|name| name.as_bytes());
        names.any(|name| name == first || name == file)
    };
    is_one_of(&RUNNERS) || is_one_of(&SHELLS) && has_script(arguments)
}

/// Whether the options of a shell, before anything else, have a `-c`.
fn has_script<'a>(mut arguments: impl Iterator<Item = &'a [u8]>) -> bool {
    while let Some(option) = arguments.next() {
        match option {
            [b'-', b'-', _, ..] => {}
            [b'-' | b'+', letters @ ..] if letters.contains(&b'c') => return option[0] == b'-',
            // `-o pipefail`
            [b'-' | b'+', .., b'o'] => drop(arguments.next()),
            [b'-' | b'+', ..] => {}
            _ => return false,
        }
    }
    false
}

/// What may be the service itself, though it started one of these stragglers: its command line without straggler's.
/// `None` where it surely does nothing but run that, as `sh -c 'straggler audit …'` and `timeout 60 straggler …` do.
fn beside_straggler(
    process: &Process,
    stragglers: &[Secret],
    program: impl Fn(&Process) -> Option<OsString>,
) -> Option<Secret> {
    let line = process.command_line();
    let carried = stragglers.iter().find_map(|one| carried(&line, one));
    let runs_it = carried.is_some() || part_of_straggler(process).is_some();
    if runs_it && is_runner(process, program) {
        return None;
    }
    Some(match carried {
        Some(carried) => without(&line, carried),
        None => line,
    })
}

/// Where a command line has straggler's own, behind straggler's name.
fn carried(line: &Secret, straggler: &Secret) -> Option<Range<usize>> {
    let (line, own) = (line.expose(), straggler.expose());
    let ranges: Vec<_> = words(line).collect();
    let mut own = words(own).map(|range| &own[range]);
    let name = file_name(own.next()?);
    let arguments: Vec<&[u8]> = own.collect();
    let named = ranges
        .iter()
        .position(|range| file_name(&line[range.clone()]) == name)?;
    let behind = &ranges[named + 1..];
    let is_here = |part: &[Range<usize>]| {
        let words = part.iter().map(|range| &line[range.clone()]);
        words.eq(arguments.iter().copied())
    };
    let at = behind
        .windows(arguments.len().max(1))
        .position(|part| !arguments.is_empty() && is_here(part))?;
    // The name comes along where it stands right before.
    let before = ranges[named + at].clone();
    let start = match file_name(&line[before.clone()]) == name {
        true => before.start,
        false => behind[at].start,
    };
    Some(start..behind[at + arguments.len() - 1].end)
}

fn names_straggler(process: &Process) -> bool {
    const NAME: &[u8] = b"straggler";
    let line = process.command_line();
    line.expose().windows(NAME.len()).any(|part| part == NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number, parent, name, arguments, and whether it is straggler's.
    const PROCESSES: &[(u32, u32, &str, &[&str], bool)] = &[
        (1, 0, "systemd", &["/sbin/init"], true),
        (10, 1, "sshd", &["sshd: ana"], true),
        (11, 10, "bash", &["bash"], true),
        (
            12,
            11,
            "timeout",
            &["timeout", "9", "straggler", "audit", "gunicorn.yaml"],
            true,
        ),
        (
            13,
            12,
            "straggler",
            &["straggler", "audit", "gunicorn.yaml"],
            true,
        ),
        (14, 13, "sh", &["sh", "-c", "cat gunicorn.key"], true),
        (15, 14, "cat", &["cat", "gunicorn.key"], true),
        // Beside it, from the same shell.
        (16, 11, "gunicorn", &["gunicorn", "app"], false),
        // Another one, which a service started.
        (20, 1, "node", &["node", "service.js"], false),
        (
            21,
            20,
            "sh",
            &["sh", "-c", "straggler probe gunicorn"],
            true,
        ),
        (
            22,
            21,
            "straggler",
            &["straggler", "probe", "gunicorn"],
            true,
        ),
        (23, 22, "ssh", &["ssh", "host", "gunicorn"], true),
        (24, 20, "node", &["node", "worker.js"], false),
        // One that only speaks of it.
        (30, 1, "vim", &["vim", "straggler.yaml"], false),
        // Whose parent is out of sight.
        (40, 39, "gunicorn", &["gunicorn", "app"], false),
    ];

    #[test]
    fn what_started_one_and_what_one_started_is_its_own() {
        let mut processes: Vec<_> = PROCESSES
            .iter()
            .map(|(pid, parent, name, arguments, _)| Process {
                parent: *parent,
                ..Process::made(*pid, name, arguments)
            })
            .collect();
        mark(&mut processes, 13, is_straggler, |_| None);
        for (process, (pid, .., ours)) in processes.iter().zip(PROCESSES) {
            assert_eq!(process.ours, *ours, "{pid}");
        }
        let doubtful = processes.iter().filter(|one| one.may_be_meant.is_some());
        let doubtful: Vec<u32> = doubtful.map(|one| one.id.pid).collect();
        assert_eq!(
            doubtful,
            [1, 10, 11],
            "who does not carry the command line of straggler may do something else"
        );
    }

    fn is_straggler(process: &Process) -> bool {
        &*process.name == "straggler"
    }

    #[test]
    fn what_only_runs_straggler_is_told_from_what_may_be_the_service() {
        const OWN: [&str; 4] = ["straggler", "audit", "-c", "my web.yaml"];
        for (arguments, file, rest) in [
            (
                &["timeout", "60", "straggler", "audit", "-c", "my web.yaml"][..],
                "",
                None,
            ),
            (
                &["sh", "-c", "cd /srv/web; straggler audit -c 'my web.yaml'"],
                "",
                None,
            ),
            (
                &["/bin/sh", "-c", "/opt/straggler audit -c \"$X\" | mail web"],
                "",
                None,
            ),
            (
                &[
                    "-bash",
                    "-c",
                    "straggler \"$@\"",
                    "web",
                    "audit",
                    "-c",
                    "my web.yaml",
                ],
                "",
                None,
            ),
            (
                &["web-sh", "-c", "straggler audit -c 'my web.yaml'"],
                "dash",
                None,
            ),
            (
                &[
                    "vault-run",
                    "web",
                    "--",
                    "straggler",
                    "audit",
                    "-c",
                    "my web.yaml",
                ],
                "",
                Some("vault-run web -- "),
            ),
            (
                &[
                    "web",
                    "--each-night",
                    "straggler audit -c 'my web.yaml'",
                    "--port=80",
                ],
                "web",
                Some("web --each-night ' --port=80"),
            ),
            (
                &["gunicorn", "web:app"],
                "python3",
                Some("gunicorn web:app"),
            ),
            (
                &["sh", "/srv/web/start.sh"],
                "dash",
                Some("sh /srv/web/start.sh"),
            ),
            (&["bash"], "bash", Some("bash")),
            (
                &["node", "audit", "-c", "my", "web.yaml"],
                "",
                Some("node audit -c my web.yaml"),
            ),
        ] {
            let starter = Process::made(2, "x", arguments);
            let own = Process {
                parent: 2,
                ..Process::made(3, "straggler", &OWN)
            };
            let mut processes = [starter, own];
            mark(&mut processes, 3, is_straggler, |_| Some(file.into()));
            assert!(processes[0].ours);
            let found = processes[0].may_be_meant.as_ref();
            let found =
                found.map(|rest| String::from_utf8_lossy(rest.expose()).replace("'my", "my"));
            assert_eq!(found.as_deref(), rest, "{arguments:?}");
        }
    }

    #[test]
    fn a_service_that_started_another_straggler_and_names_it_may_be_meant() {
        let made = |pid, parent, name, arguments: &[&str]| Process {
            parent,
            ..Process::made(pid, name, arguments)
        };
        let mut processes = [
            made(2, 1, "node", &["node", "/srv/straggler/web.js"]),
            made(3, 2, "straggler", &["straggler", "audit"]),
            made(9, 1, "straggler", &["straggler", "audit"]),
        ];
        mark(&mut processes, 9, is_straggler, |_| None);
        let rest = processes[0].may_be_meant.as_ref().unwrap();
        assert_eq!(rest.expose(), b"node /srv/straggler/web.js");
    }

    #[test]
    fn who_will_run_straggler_again_is_told_from_who_only_speaks_of_it() {
        let told: [(&[&str], bool); 12] = [
            (&["watch", "-n", "60", "straggler", "audit", "web"], true),
            (
                &[
                    "sh",
                    "-c",
                    "while sleep 60; do straggler audit -c web.yaml; done",
                ],
                true,
            ),
            (
                &[
                    "/bin/sh",
                    "-c",
                    "cd /srv && /usr/local/bin/straggler --color never wait",
                ],
                true,
            ),
            (
                &[
                    "timeout",
                    "60",
                    "./straggler",
                    "--color=never",
                    "revoke-check",
                    "web",
                ],
                true,
            ),
            (&["sudo", "-u", "web", "straggler", "history"], true),
            (&["bash", "-c", "(straggler audit)"], true),
            (&["gunicorn", "--chdir", "/srv/straggler", "app"], false),
            (&["node", "straggler-report.js", "audit"], false),
            (&["web", "--config", "/etc/straggler/targets.yaml"], false),
            (&["vim", "straggler"], false),
            (&["straggler.py", "audit"], false),
            (&["web", "--tell", "straggler", "of", "audit"], false),
        ];
        for (arguments, runs) in told {
            let mut processes = [Process::made(9, arguments[0], arguments)];
            mark(&mut processes, 1, |_| false, |_| None);
            assert_eq!(processes[0].runs_straggler, runs, "{arguments:?}");
            assert!(!processes[0].ours && processes[0].besides_straggler.is_none());
        }
    }

    #[test]
    fn a_service_with_a_hook_that_runs_straggler_is_told_from_what_only_runs_it() {
        for (arguments, file, rest) in [
            (
                &["python3", "srv.py", "web", "--on-rotate", "straggler audit"][..],
                "python3",
                Some("python3 srv.py web --on-rotate "),
            ),
            (
                &["web", "--hook", "straggler", "audit", "--port=80"],
                "web",
                Some("web --hook "),
            ),
            (
                &["web", "--hook=/usr/bin/straggler audit", "--port=80"],
                "web",
                Some("web  --port=80"),
            ),
            (
                &["run", "p", "--", "straggler", "audit", "web"],
                "run",
                Some("run p -- "),
            ),
            (
                &["aws-vault", "exec", "p", "--", "straggler", "audit"],
                "",
                None,
            ),
            // A script that is the service, and one that is given with `-c`.
            (
                &["/bin/sh", "/srv/web", "--hook", "straggler audit"],
                "dash",
                Some("/bin/sh /srv/web --hook "),
            ),
            (
                &["/bin/sh", "-ec", "straggler audit | mail web"],
                "dash",
                None,
            ),
            (
                &["bash", "--norc", "-o", "pipefail", "-c", "straggler audit"],
                "bash",
                None,
            ),
            (
                &["httpd", "--hook", "straggler audit"],
                "busybox",
                Some("httpd --hook "),
            ),
            (
                &["busybox", "httpd", "straggler audit"],
                "busybox",
                Some("busybox httpd "),
            ),
            (
                &["busybox", "timeout", "9", "straggler", "audit"],
                "busybox",
                None,
            ),
        ] {
            let mut processes = [Process::made(9, "x", arguments)];
            mark(&mut processes, 1, |_| false, |_| Some(file.into()));
            let found = processes[0].besides_straggler.as_ref();
            let found = found.map(|rest| String::from_utf8_lossy(rest.expose()).into_owned());
            assert_eq!(found.as_deref(), rest, "{arguments:?}");
            assert_eq!(processes[0].runs_straggler, rest.is_none(), "{arguments:?}");
        }
    }

    #[test]
    fn parents_in_a_circle_end() {
        let mut processes = [(1, 2), (2, 1)].map(|(pid, parent)| Process {
            parent,
            ..Process::made(pid, "x", &[])
        });
        mark(&mut processes, 1, |_| true, |_| None);
        assert!(processes.iter().all(|process| process.ours));
    }
}
