//! A folder with the targets.yaml of a recipe, and the programs it needs.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::CURRENT;

const REFERENCE: &str = "current: { file: { path: /run/secrets/checkout.key } }";

pub struct Scene {
    folder: TempDir,
    variables: BTreeMap<&'static str, String>,
}

impl Scene {
    /// What the manual shows under this heading; what it takes from `/run/secrets` stands in the
    /// folder.
    pub fn of(heading: &str) -> Scene {
        let recipe = recipe(heading);
        assert!(recipe.contains(REFERENCE), "{recipe}");
        let folder = tempfile::tempdir().unwrap();
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/recipes/bin");
        let path = [
            folder.path().join("bin"),
            tools,
            "/usr/bin".into(),
            "/bin".into(),
        ];
        let path = std::env::join_paths(path).unwrap().into_string().unwrap();
        let home = folder.path().to_str().unwrap().to_owned();
        let variables = BTreeMap::from([("PATH", path), ("HOME", home)]);
        let scene = Scene { folder, variables };
        scene.folder("bin");
        scene.write("targets.yaml", &recipe.replace("/run/secrets/", ""));
        scene.write("checkout.key", CURRENT);
        scene.write("web.env", &format!("ALLSTAK_API_KEY={CURRENT}\n"));
        scene
    }

    /// Does as the manual says of a store that is right by definition.
    pub fn move_first_hop_to_current(&self) {
        let file = self.folder.path().join("targets.yaml");
        let targets = fs::read_to_string(&file).unwrap();
        let (before, rest) = targets.split_once("      - command:\n").unwrap();
        let (settings, after) = rest.split_once("      - ").unwrap();
        let current = REFERENCE.replace("/run/secrets/", "");
        let command = format!("current:\n      command:\n{settings}");
        let moved = before.replace(&format!("{current}\n"), &command);
        assert_ne!(moved, before);
        fs::write(file, format!("{moved}      - {after}")).unwrap();
    }

    pub fn set(&mut self, variable: &'static str, value: &str) {
        self.variables.insert(variable, value.to_owned());
    }

    pub fn write(&self, file: &str, text: &str) {
        fs::write(self.folder.path().join(file), text).unwrap();
    }

    pub fn rename(&self, from: &str, to: &str) {
        let folder = self.folder.path();
        fs::rename(folder.join(from), folder.join(to)).unwrap();
    }

    /// A folder that nobody else may read, as gpg wants it.
    pub fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        folder
    }

    /// A process in the place of a pod's, whose number is in a file; it ends when dropped.
    pub fn container(&self, pod: &str, key: Option<&str>) -> Container {
        let mut command = Command::new("sleep");
        command.arg("600").env_clear().stdin(Stdio::null());
        // No container is without it.
        command.env("HOSTNAME", pod);
        if let Some(key) = key {
            command.env("ALLSTAK_API_KEY", key);
        }
        let child = command.spawn().unwrap();
        self.write(&format!("{pod}.pid"), &child.id().to_string());
        Container(child)
    }

    pub fn remove(&self, file: &str) {
        fs::remove_file(self.folder.path().join(file)).unwrap();
    }

    /// A program that is found by its name.
    pub fn program(&self, name: &str, script: &str) {
        let file = self.folder.path().join("bin").join(name);
        fs::write(&file, script).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What the program prints.
    #[track_caller]
    pub fn run(&self, program: &str, arguments: &[&str], input: &str) -> String {
        let mut child = self
            .command(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}: run tests/setup/recipes"));
        let mut stdin = child.stdin.take().unwrap();
        // A program that reads nothing may have ended by now.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The report, which holds none of the secrets.
    #[track_caller]
    pub fn audit(&self, secrets: &[&str]) -> Value {
        let output = self
            .command(env!("CARGO_BIN_EXE_straggler"))
            .args(["audit", "-vvv", "--format", "json"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let [report, errors] =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        for secret in secrets {
            assert!(!report.contains(secret) && !errors.contains(secret));
        }
        serde_json::from_str(&report).unwrap_or_else(|_| panic!("{errors}"))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.folder)
            .env_clear()
            .envs(&self.variables);
        command
    }
}

/// What stands in for a container.
pub struct Container(Child);

impl Drop for Container {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The targets.yaml under this heading of docs/recipes.md.
fn recipe(heading: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recipes.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, section) = page
        .split_once(&format!("\n## {heading}\n"))
        .unwrap_or_else(|| panic!("docs/recipes.md has no {heading:?}"));
    let section = section
        .split_once("\n## ")
        .map_or(section, |(section, _)| section);
    let (_, block) = section.split_once("```yaml\n").unwrap();
    block.split_once("```").unwrap().0.to_owned()
}
