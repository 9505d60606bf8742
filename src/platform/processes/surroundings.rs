//! Which processes belong to a straggler, and are nobody's service.

use std::collections::{HashMap, HashSet};

use super::Process;
use super::snapshot::file_name;

/// As many ancestors as are followed. What is read one after the other may seem to go round.
const MOST_ANCESTORS: usize = 256;

/// Marks what belongs to stragglers. `own` is the number of this one, which is listed too;
/// `is_straggler` says which other processes are one.
pub(super) fn mark(processes: &mut [Process], own: u32, is_straggler: impl Fn(&Process) -> bool) {
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
    let mut open = Vec::new();
    for (index, process) in processes.iter().enumerate() {
        if process.id.pid == own {
            // Its shell, `timeout`, `sudo`, the session it was started in.
            ours.extend(ancestors(index));
            open.push(index);
        } else if is_straggler(process) {
            // Of another one only those that name it: a service may start stragglers too.
            ours.extend(ancestors(index).take_while(|&index| names_straggler(&processes[index])));
            open.push(index);
        }
    }
    // With everything they started.
    let mut started = HashSet::new();
    while let Some(index) = open.pop() {
        if started.insert(index) {
            open.extend(children.get(&processes[index].id.pid).into_iter().flatten());
        }
    }
    for index in ours.into_iter().chain(started) {
        processes[index].ours = true;
    }
    // `watch`, `timeout`, a shell that sleeps between two of them: one that will run straggler again has no
    // straggler under it just now.
    for process in processes.iter_mut().filter(|process| !process.ours) {
        process.runs_straggler = runs_straggler(process);
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

/// Whether a command line runs straggler: its name, as a word of its own or as the last one of a path, and one
/// of its commands behind it. What only speaks of straggler, as in the name of a folder, does not.
fn runs_straggler(process: &Process) -> bool {
    let line = process.command_line();
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || b";|&(){}`'\"$".contains(byte);
    let words = line.expose().split(is_between);
    let mut words = words.filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        if file_name(word) != b"straggler" {
            continue;
        }
        // `straggler --color never audit`
        let color = words.next_if(|word| word.starts_with(b"--color"));
        if color.is_some_and(|color| !color.contains(&b'=')) {
            words.next();
        }
        if words.peek().is_some_and(|word| COMMANDS.contains(word)) {
            return true;
        }
    }
    false
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
        mark(&mut processes, 13, |process| &*process.name == "straggler");
        for (process, (pid, .., ours)) in processes.iter().zip(PROCESSES) {
            assert_eq!(process.ours, *ours, "{pid}");
        }
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
            mark(&mut processes, 1, |_| false);
            assert_eq!(processes[0].runs_straggler, runs, "{arguments:?}");
            assert!(!processes[0].ours);
        }
    }

    #[test]
    fn parents_in_a_circle_end() {
        let mut processes = [(1, 2), (2, 1)].map(|(pid, parent)| Process {
            parent,
            ..Process::made(pid, "x", &[])
        });
        mark(&mut processes, 1, |_| true);
        assert!(processes.iter().all(|process| process.ours));
    }
}
