//! A section of the page as a script, and what came of it.

use std::env;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

const OLD: &str = "ask_live_n3WqLt57RkXe0HvBsYzCmJ2uAdGfPo9I";
const NEW: &str = "ask_live_Zx81QmTn04LrVbWc6YhKsUe2DpJgAoFi";

pub struct Story {
    script: String,
    /// A copy of docs/example/rotation, gone when dropped.
    folder: tempfile::TempDir,
}

pub struct Told(String);

impl Story {
    /// Every command of the section under this heading, each with the code it has to end with: the page
    /// says `# exits 1`, or it is 0.
    pub fn of(heading: &str) -> Self {
        let page = fs::read_to_string(root().join("docs/rotation.md")).unwrap();
        let (_, section) = page.split_once(heading).expect("the page has this section");
        let section = section.split("\n## ").next().unwrap();
        let mut script = String::from("set -uo pipefail\n");
        let mut commands = 0;
        for block in section.split("```sh\n").skip(1) {
            let block = block.split("```").next().unwrap();
            for line in block.lines().filter(|line| !line.is_empty()) {
                let (command, code) = match line.split_once("# exits ") {
                    Some((command, code)) => (command, code.split(':').next().unwrap()),
                    None => (line, "0"),
                };
                script.push_str(&format!(
                    "echo '$' {quoted}\n{command}\ncode=$?; [ $code = {code} ] || {{ echo \"ended with $code, \
                     not {code}\"; exit 99; }}\n",
                    quoted = quote(line),
                ));
                commands += 1;
            }
        }
        assert!(commands > 8, "only {commands} commands were found");
        let folder = tempfile::tempdir().unwrap();
        let example = root().join("docs/example/rotation");
        for file in ["deploy", "overlap.yaml", "immediate.yaml"] {
            fs::copy(example.join(file), folder.path().join(file)).unwrap();
        }
        Self { script, folder }
    }

    /// What a file says when the story is over.
    pub fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Runs it with what the page takes for granted: the programs, the two keys, and these variables.
    pub fn run(&self, variables: &[(&str, String)]) -> Told {
        let bin = Path::new(env!("CARGO_BIN_EXE_straggler")).parent().unwrap();
        let aws = root().join("target/test-tools/aws/bin");
        let mut path = vec![bin.to_owned()];
        path.extend(env::split_paths(&env::var_os("PATH").unwrap()));
        // Last, for it has a Python of its own.
        path.push(aws);
        let output = Command::new("bash")
            .args(["-c", &self.script])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", env::join_paths(path).unwrap())
            .env("HOME", self.folder.path())
            .env("OLD_KEY", OLD)
            .env("NEW_KEY", NEW)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .process_group(0)
            .output()
            .unwrap();
        let told = format!(
            "{}\n--- stderr\n{}",
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap()
        );
        assert!(output.status.success(), "{told}");
        for key in [OLD, NEW] {
            assert!(!told.contains(key), "a key was shown");
        }
        Told(told)
    }
}

impl Drop for Story {
    /// The services of the story end with it.
    fn drop(&mut self) {
        let Ok(files) = fs::read_dir(self.folder.path().join("run")) else {
            return;
        };
        let pids = files
            .filter_map(|file| Some(file.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|ending| ending == "pid"))
            .filter_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
        for pid in pids.filter_map(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

impl Told {
    #[track_caller]
    pub fn has(&self, text: &str) {
        assert!(self.0.contains(text), "no {text:?} in {}", self.0);
    }
}

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// As the shell takes it for one word.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
