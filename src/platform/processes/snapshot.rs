use glob::Pattern;
use jiff::Timestamp;

use crate::key::Secret;

/// The processes that ran at one moment, without straggler itself, kernel threads and zombies.
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
    /// When it was started, to a second.
    pub started_at: Option<Timestamp>,
    /// The name the kernel knows it by, at most 15 bytes.
    pub name: Box<str>,
    /// The arguments, each with a NUL byte behind it. People do put keys there.
    pub arguments: Secret,
    /// The control group, in which systemd writes the unit.
    pub cgroup: Box<str>,
}

impl Process {
    /// Whether it is called so: by the kernel, or by the file name of its first argument.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        let program = self.arguments().next().unwrap_or_default();
        let file_name = program.rsplit(|&byte| byte == b'/').next();
        *self.name == *name || file_name == Some(name.as_bytes())
    }

    /// Whether it belongs to a systemd unit whose name fits, directly or further down.
    #[must_use]
    pub fn is_in_unit(&self, unit: &Pattern) -> bool {
        self.cgroup.split('/').any(|step| unit.matches(step))
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

    fn arguments(&self) -> impl Iterator<Item = &[u8]> {
        self.arguments.expose().split(|&byte| byte == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(name: &str, arguments: &[u8], cgroup: &str) -> Process {
        Process {
            id: ProcessId {
                pid: 42,
                started_ticks: 1,
            },
            started_at: None,
            name: name.into(),
            arguments: Secret::copied(arguments),
            cgroup: cgroup.into(),
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
    fn the_command_line_reads_as_it_was_typed() {
        let web = process("web", b"python3\0-m\0web\0", "/");
        assert_eq!(web.command_line().expose(), b"python3 -m web");
        assert_eq!(process("x", b"", "/").command_line().expose(), b"");
    }
}
