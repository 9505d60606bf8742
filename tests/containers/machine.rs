//! A real systemd, booted in a container.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::engine::Engine;

/// A machine that systemd runs.
pub struct Machine(Engine);

impl Machine {
    pub fn boot() -> Self {
        let engine = Engine::docker();
        let root = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/target/test-tools/systemd/root.tar"
        );
        assert!(Path::new(root).exists(), "run tests/setup/systemd");
        engine.cli(&["import", root, "systemd:test"]);
        let bin = Path::new(env!("CARGO_BIN_EXE_straggler")).parent().unwrap();
        let mount = format!("{}:/opt/straggler:ro", bin.display());
        engine.cli(&[
            "run",
            "--detach",
            "--name=machine",
            "--network=none",
            "--cap-add=SYS_ADMIN",
            "--security-opt=seccomp=unconfined",
            "--cgroupns=private",
            "--tmpfs=/run",
            "--tmpfs=/run/lock",
            "--tmpfs=/tmp",
            "--env=container=docker",
            // What systemd itself is started with.
            "--env=ALLSTAK_API_KEY=of-the-first-process",
            &format!("--volume={mount}"),
            "systemd:test",
            "/lib/systemd/systemd",
            "--unit=multi-user.target",
        ]);
        let machine = Self(engine);
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            // Consoles that a container has not may keep the rest from being done.
            let (up, state) = machine.try_run("systemctl is-active basic.target dbus.socket");
            if up {
                // As systemd itself does where it is not in a container: credentials are mounted by a
                // process of their own.
                machine.run("mount --make-rshared /");
                return machine;
            }
            assert!(Instant::now() < patience, "it does not boot: {state}");
            sleep(Duration::from_millis(100));
        }
    }

    /// What a shell there prints, and whether it succeeds.
    pub fn try_run(&self, script: &str) -> (bool, String) {
        let output = self
            .0
            .client()
            .args(["exec", "machine", "sh", "-c", script])
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    #[track_caller]
    pub fn run(&self, script: &str) -> String {
        let (success, text) = self.try_run(script);
        assert!(success, "{script}: {text}");
        text
    }

    /// Writes a file there.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let mut child = self
            .0
            .client()
            .args(["exec", "--interactive", "machine", "sh", "-c"])
            .arg(format!("mkdir -p $(dirname {path}) && cat >{path}"))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(text.as_ref()).unwrap();
        drop(stdin);
        assert!(child.wait().unwrap().success());
    }

    /// Declares a service that sleeps, with these lines.
    pub fn unit(&self, name: &str, lines: &str) {
        let text = format!(
            "[Service]\nType=exec\nExecStart=/bin/sleep infinity\nTimeoutStopSec=1\n{lines}\n"
        );
        self.write(&format!("/etc/systemd/system/{name}.service"), text);
    }
}
