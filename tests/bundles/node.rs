//! Node, and the programs that it runs.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// Where tests/setup/bundles puts everything.
fn tools() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools");
    let tools = std::env::var_os("STRAGGLER_TOOLS").map_or_else(own, PathBuf::from);
    tools.join("bundles")
}

/// Where the packages are.
pub fn packages() -> PathBuf {
    tools().join("packages/node_modules")
}

/// A project of its own, beside the packages, since Next takes none from outside of its root.
pub fn project() -> tempfile::TempDir {
    let folder = tools().join("packages");
    tempfile::Builder::new()
        .prefix("project-")
        .tempdir_in(folder)
        .expect("tests/setup/bundles makes the folder")
}

/// A script of a package, to be run by Node in a project, with nothing of the tester's environment.
pub fn command(project: &Path, script: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(tools().join("npm/node_modules/node/bin/node"));
    command
        .arg(packages().join(script))
        .args(arguments)
        .current_dir(project)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", project)
        .env("NEXT_TELEMETRY_DISABLED", "1")
        .stdin(Stdio::null());
    command
}

/// Runs it to its end.
#[track_caller]
pub fn run(mut command: Command) {
    let output = command.output().expect("tests/setup/bundles installs it");
    assert!(output.status.success(), "{output:?}");
}

/// A server on loopback, gone when dropped with all that it started.
pub struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts one that is told its port by this option.
    pub fn start(mut command: Command, option: &str) -> Self {
        use std::os::unix::process::CommandExt;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let child = command
            .args([option, &port.to_string()])
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, port };
        let patience = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < patience, "the server does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.child);
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }
}
