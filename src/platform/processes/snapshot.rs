use glob::Pattern;
use jiff::Timestamp;

use crate::key::Secret;
use crate::reading::{Found, Reading};
use crate::text::Escaped;

/// The processes that ran at one moment, without straggler itself, kernel threads and zombies.
#[derive(Default)]
pub struct Snapshot {
    /// By number.
    pub processes: Vec<Process>,
    /// Whether there may be more: /proc can hide the processes of other users (`hidepid`).
    pub partial: bool,
}

/// A process. Its number alone is not enough: numbers are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProcessId {
    /// Its number.
    pub pid: u32,
    /// When it was started, in clock ticks since the host was.
    pub started_ticks: u64,
}

/// What is known of a running process without reading its memory.
pub struct Process {
    /// Which one.
    pub id: ProcessId,
    /// The number of the process that started it, or that took it over.
    pub parent: u32,
    /// When it was started, to a second.
    pub started_at: Option<Timestamp>,
    /// The name the kernel knows it by, at most 15 bytes.
    pub name: Box<str>,
    /// The arguments, each with a NUL byte behind it. People do put keys there.
    pub arguments: Secret,
    /// The control group, in which systemd writes the unit.
    pub cgroup: Box<str>,
    /// The ids of the containers it runs in, as its control groups name them.
    pub containers: Box<[Box<str>]>,
    /// Whether it belongs to a straggler: what started this one, what this one started, another one.
    /// Only who names its number can mean it.
    pub ours: bool,
    /// Where it is left out because it started a straggler, and may do more than that: its command line without
    /// straggler's own, by which it may be meant.
    pub may_be_meant: Option<Secret>,
    /// Whether it does nothing but run straggler, again and again perhaps. It is passed over like those, and
    /// told of, since only its command line says so.
    pub runs_straggler: bool,
    /// Where its command line runs straggler, and it may do more than that, as a service with a hook does: its
    /// command line without what is straggler's.
    pub besides_straggler: Option<Secret>,
}

impl Process {
    /// What is said of one that was left out because it started straggler, and may be meant.
    #[must_use]
    pub fn left_out(&self) -> Reading {
        let why = "it started straggler, so it was left out, though it may be the service itself: read it by its \
                   `pid`, let something else start straggler, or choose the processes by what this one does not match";
        self.unseen(why)
    }

    /// What is said of one that matches by nothing but the words with which it runs straggler.
    #[must_use]
    pub fn matches_by_straggler(&self) -> Reading {
        let why = "it matches only by the words with which its command line runs straggler, so it was left out, though \
                   it may be the service itself: read it by its `pid` or `name`, or choose the processes by what this \
                   one does not match";
        self.unseen(why)
    }

    fn unseen(&self, why: &'static str) -> Reading {
        Reading::new(Found::hidden(None, why))
            .of_replica(format!("{}/{}", Escaped(&self.name), self.id.pid))
            .started_at(self.started_at)
    }

    /// Whether it is called so: by the kernel, or by the file name of its first argument. Of a title
    /// that a program gave itself, `nginx: worker process`, the first word is a name too.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        let program = self.arguments().next().unwrap_or_default();
        let names = [self.name.as_bytes(), first_word(self.name.as_bytes())];
        let files = [file_name(program), file_name(first_word(program))];
        names
            .into_iter()
            .chain(files)
            .any(|known| known == name.as_bytes())
    }

    /// Whether it belongs to a systemd unit whose name fits, directly or further down.
    #[must_use]
    pub fn is_in_unit(&self, unit: &Pattern) -> bool {
        !self.waits_for_pam() && self.cgroup.split('/').any(|step| unit.matches(step))
    }

    /// Whether it belongs to this very unit of the host's own systemd, and not to one that a user's
    /// systemd calls the same.
    #[must_use]
    pub fn is_in_system_unit(&self, unit: &str) -> bool {
        let mut steps = self.cgroup.split('/');
        !self.waits_for_pam()
            && steps.find(|step| *step == unit || step.starts_with("user@")) == Some(unit)
    }

    /// Whether it is what systemd leaves beside a service to close its PAM session: a fork of systemd itself,
    /// with the environment of that.
    fn waits_for_pam(&self) -> bool {
        &*self.name == "(sd-pam)"
    }

    /// The user whose own systemd it belongs to; `None` for the host's.
    #[must_use]
    pub fn user_of_unit(&self) -> Option<&str> {
        let mut steps = self.cgroup.split('/');
        steps.find_map(|step| step.strip_prefix("user@")?.strip_suffix(".service"))
    }

    /// Whether it runs in the container with this id, or in one inside of that.
    #[must_use]
    pub fn is_in_container(&self, id: &str) -> bool {
        self.containers.iter().any(|known| **known == *id)
    }

    /// Its arguments with a space between them, to be searched and never to be shown.
    #[must_use]
    pub fn command_line(&self) -> Secret {
        let bytes = self.arguments.expose();
        let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
        let spaced = |&byte| if byte == 0 { b' ' } else { byte };
        // The size is known, so this is written into one buffer.
        Secret::new(bytes.iter().map(spaced).collect())
    }

    /// Its arguments, the program first.
    pub fn arguments(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let bytes = self.arguments.expose();
        let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
        bytes.split(|&byte| byte == 0)
    }
}

/// What comes after the last slash.
pub(super) fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or(path)
}

/// Up to the first space, without a colon.
pub(super) fn first_word(title: &[u8]) -> &[u8] {
    let word = title.split(|&byte| byte == b' ').next().unwrap_or(title);
    word.strip_suffix(b":").unwrap_or(word)
}

#[cfg(test)]
impl Process {
    /// One that a test made up.
    pub(crate) fn made(pid: u32, name: &str, arguments: &[&str]) -> Self {
        let mut bytes = arguments.join("\0").into_bytes();
        bytes.push(0);
        Self {
            id: ProcessId {
                pid,
                started_ticks: 7,
            },
            parent: 1,
            started_at: None,
            name: name.into(),
            arguments: Secret::new(bytes),
            cgroup: "/".into(),
            containers: Box::default(),
            ours: false,
            may_be_meant: None,
            runs_straggler: false,
            besides_straggler: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(name: &str, arguments: &[u8], cgroup: &str) -> Process {
        Process {
            arguments: Secret::copied(arguments),
            cgroup: cgroup.into(),
            ..Process::made(42, name, &[])
        }
    }

    #[test]
    fn is_named_by_the_kernel_or_by_its_first_argument() {
        let node = process("MainThread", b"/usr/bin/node\0server.js\0", "/");
        assert!(node.is_named("node") && node.is_named("MainThread"));
        assert!(!node.is_named("server.js") && !node.is_named("/usr/bin/node"));
        assert!(
            process("a-very-long-nam", b"a-very-long-name\0", "/").is_named("a-very-long-name")
        );
        // Programs write titles over their arguments.
        let titled = process("node /srv/app.j", b"node /srv/app.js   \0", "/");
        assert!(titled.is_named("node") && !titled.is_named("app.js"));
        let worker = process("nginx", b"nginx: worker process\0", "/");
        assert!(worker.is_named("nginx") && !worker.is_named("nginx:"));
    }

    #[test]
    fn belongs_to_every_unit_above_it() {
        let web = process(
            "web",
            b"",
            "/user.slice/user@1000.service/app.slice/web@2.service/worker",
        );
        for unit in ["web@2.service", "web@*.service", "user@1000.service"] {
            assert!(web.is_in_unit(&Pattern::new(unit).unwrap()), "{unit}");
        }
        assert!(!web.is_in_unit(&Pattern::new("web.service").unwrap()));
    }

    #[test]
    fn a_unit_of_a_users_own_systemd_is_another_one() {
        for (cgroup, is_in) in [
            ("/system.slice/web.service", true),
            ("/system.slice/web.service/worker", true),
            ("/docker/0f/system.slice/web.service", true),
            (
                "/user.slice/user-1.slice/user@1.service/app.slice/web.service",
                false,
            ),
            ("/system.slice/web.service.d", false),
        ] {
            assert_eq!(
                process("web", b"", cgroup).is_in_system_unit("web.service"),
                is_in,
                "{cgroup}"
            );
        }
        let own = process(
            "systemd",
            b"",
            "/user.slice/user-1.slice/user@1.service/init.scope",
        );
        assert!(own.is_in_system_unit("user@1.service"));
        let waits = process("(sd-pam)", b"(sd-pam)\0", "/system.slice/web.service");
        let web = Pattern::new("web.service").unwrap();
        assert!(!waits.is_in_system_unit("web.service") && !waits.is_in_unit(&web));
    }

    #[test]
    fn the_command_line_reads_as_it_was_typed() {
        let web = process("web", b"python3\0-m\0web\0", "/");
        assert_eq!(web.command_line().expose(), b"python3 -m web");
        assert_eq!(process("x", b"", "/").command_line().expose(), b"");
    }
}
