//! A folder of files, the program run in it, and what came of that.

pub mod server;
pub mod terminal;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use serde_json::Value;

/// Keys in the shape of AllStak's.
pub const CURRENT: &str = "ask_live_4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua";
pub const OLD: &str = "ask_live_Zp3LmX8vQe5TnC1yWk7HdRs2JbGf6Ua9";
pub const SIBLING: &str = "ask_live_Gx7BnP4wLs9KjV2tCm6QfYh1RdZe8Ta5";
pub const NEXT: &str = "ask_live_Hd5TvW1zRb8MkS3pXn7LgCq2FyJe4Ua6";
pub const STRANGE: &str = "ask_live_Qw2ErT5yUi8OpA1sDf4GhJ7kLz0XcVb3";

/// A folder with files in it, gone when dropped.
pub struct Scene(tempfile::TempDir);

impl Scene {
    /// An empty folder.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with this targets.yaml. `DIR` in it becomes the folder.
    pub fn with(targets: &str) -> Self {
        let scene = Self::new();
        let folder = scene.folder().to_str().unwrap().to_owned();
        scene.file("targets.yaml", targets.replace("DIR", &folder))
    }

    /// Writes a file, and the folders above it.
    pub fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    /// A file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// The names of what lies directly in it, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Runs the program there.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        self.straggler(arguments).run()
    }

    /// The program, to be run there.
    pub fn straggler<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Straggler {
        let mut straggler = Straggler::new(arguments);
        straggler.command.current_dir(self.folder());
        straggler
    }
}

/// The program in an environment that holds nothing of the tester's.
pub struct Straggler {
    pub command: Command,
    stdin: Option<Vec<u8>>,
}

impl Straggler {
    pub fn new<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_straggler"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self {
            command,
            stdin: None,
        }
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// What is piped into it.
    pub fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.command.stdin(Stdio::piped());
        self.stdin = Some(bytes.as_ref().to_owned());
        self
    }

    pub fn spawn(mut self) -> Child {
        let mut child = self.command.spawn().unwrap();
        if let Some(bytes) = self.stdin {
            let mut stdin = child.stdin.take().unwrap();
            // Whoever does not read it has a reason.
            thread::spawn(move || stdin.write_all(&bytes));
        }
        child
    }

    pub fn run(self) -> Ran {
        let output = self.spawn().wait_with_output().unwrap();
        Ran {
            status: output.status,
            stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Ran {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Fails unless it ended with this code.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{self}");
        self
    }

    /// Fails unless standard output has this.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "no {text:?} in {self}");
        self
    }

    /// Fails unless standard error has this.
    #[track_caller]
    pub fn complains(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no {text:?} in {self}");
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}\n--- stdout\n{}\n--- stderr\n{}",
            self.status, self.stdout, self.stderr
        )
    }
}

/// A key's fingerprint as it is shown.
pub fn fingerprint(key: impl AsRef<[u8]>) -> String {
    fingerprint_of(key, straggler::key::Digits::DEFAULT.get())
}

/// A key's fingerprint with so many digits.
pub fn fingerprint_of(key: impl AsRef<[u8]>, digits: u8) -> String {
    use straggler::key::{Digits, Fingerprint};
    Fingerprint::of(key.as_ref())
        .cut(Digits::new(digits).unwrap())
        .to_string()
}
