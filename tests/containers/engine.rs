//! An engine of its own for a test, gone with its containers and mounts when dropped.
//!
//! It has namespaces of its own for processes and mounts: the kernel ends what is in them together
//! with their first process, also where a test is killed half-way.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// An image with nothing but busybox in it, which every engine has. Containers of it have to be
/// told their network: `none` or `host`, for the engine has no other.
pub const IMAGE: &str = "busybox:test";

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Docker,
    Podman,
}

pub struct Engine {
    kind: Kind,
    /// `unshare`, which ends what it started when it ends.
    child: Child,
    /// The first process in there, as its number is out here.
    init: u32,
    folder: TempDir,
}

impl Engine {
    /// Starts a Docker Engine.
    pub fn docker() -> Self {
        Self::docker_with(&[])
    }

    /// The same, with these options of `dockerd` beside.
    pub fn docker_with(options: &[&str]) -> Self {
        Self::docker_in(&[], options)
    }

    fn docker_in(apart: &[&str], options: &[&str]) -> Self {
        let folder = folder();
        let path = |name| folder.path().join(name).to_str().unwrap().to_owned();
        let mut command = unshare(apart, "dockerd");
        command
            .args(["--data-root", &path("data"), "--exec-root", &path("exec")])
            .args(["--pidfile", &path("pid"), "--host", &host(&folder)])
            .args(["--iptables=false", "--ip6tables=false", "--bridge=none"])
            .args(["--storage-driver=vfs"])
            .args(["--exec-opt", "native.cgroupdriver=cgroupfs"])
            .args(["--default-ulimit", "nofile=1024:1024"])
            .args(options);
        Self::start(Kind::Docker, command, folder)
    }

    /// Starts a service of Podman's API.
    pub fn podman() -> Self {
        let folder = folder();
        let path = |name| folder.path().join(name).to_str().unwrap().to_owned();
        // Its own defaults are above what an unprivileged container may raise its limits to.
        let settings = "\
[containers]
default_ulimits = ['nofile=1024:1024', 'nproc=1024:1024']
[engine]
cgroup_manager = 'cgroupfs'
runtime = 'runc'
";
        fs::write(path("containers.conf"), settings).unwrap();
        let mut command = unshare(&[], "podman");
        command
            .env("CONTAINERS_CONF", path("containers.conf"))
            .args(["--root", &path("root"), "--runroot", &path("run")])
            .args(["--tmpdir", &path("tmp"), "--storage-driver", "vfs"])
            .args(["system", "service", "--time=0", &host(&folder)]);
        Self::start(Kind::Podman, command, folder)
    }

    /// The same in a network of its own, for what listens at ports that nobody can choose.
    pub fn docker_apart() -> Self {
        let engine = Self::docker_in(&["--net"], &[]);
        let mut up = Command::new("nsenter");
        up.args(["--target", &engine.init.to_string(), "--net", "ip"]);
        let up = up.args(["link", "set", "lo", "up"]).output().unwrap();
        assert!(up.status.success(), "{}", told(&up));
        engine
    }

    fn start(kind: Kind, mut command: Command, folder: TempDir) -> Self {
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("util-linux has unshare");
        let mut engine = Self {
            kind,
            child,
            init: 0,
            folder,
        };
        let patience = Instant::now() + PATIENCE;
        while !engine.answers() {
            let ended = engine.child.try_wait().unwrap().is_some();
            if ended || Instant::now() > patience {
                panic!("no engine, run tests/setup/containers: {}", engine.log());
            }
            sleep(Duration::from_millis(50));
        }
        let parent = engine.child.id();
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
        engine.init = children.unwrap().trim().parse().unwrap();
        engine.import_busybox();
        engine
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = UnixStream::connect(self.socket()) else {
            return false;
        };
        let mut answer = String::new();
        stream
            .write_all(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")
            .and_then(|()| stream.read_to_string(&mut answer))
            .is_ok_and(|_| answer.starts_with("HTTP/1.0 200"))
    }

    fn import_busybox(&self) {
        let root = tempfile::tempdir().unwrap();
        let bin = root.path().join("bin");
        for folder in ["bin", "etc", "proc", "sys", "dev", "run", "tmp", "srv"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy("/bin/busybox", bin.join("busybox")).unwrap();
        for name in ["sh", "sleep", "cat", "ln", "mkdir", "true", "env"] {
            symlink("busybox", bin.join(name)).unwrap();
        }
        self.import(root.path(), IMAGE, &[]);
    }

    /// Makes an image of a folder, with these options of `import`, as `--change`.
    pub fn import(&self, root: &Path, image: &str, options: &[&str]) {
        let tar = Command::new("tar")
            .args(["-c", "--owner=0", "--group=0", "--numeric-owner", "-C"])
            .arg(root)
            .arg(".")
            .stdout(Stdio::piped())
            .spawn();
        let mut tar = tar.unwrap();
        let output = self
            .client()
            .arg("import")
            .args(options)
            .args(["-", image])
            .stdin(tar.stdout.take().unwrap())
            .output()
            .unwrap();
        assert!(tar.wait().unwrap().success());
        assert!(output.status.success(), "{}", told(&output));
    }

    /// Starts a container of busybox in the background, which sleeps until it is ended.
    pub fn run(&self, name: &str, options: &[&str]) {
        let mut arguments = vec!["run", "--detach", "--network=none", "--name", name];
        arguments.extend(options);
        arguments.extend([IMAGE, "sleep", "100000"]);
        self.cli(&arguments);
    }

    /// What the engine's own client prints, which has to succeed.
    #[track_caller]
    pub fn cli(&self, arguments: &[&str]) -> String {
        let output = self.client().args(arguments).output().unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}\n{}",
            told(&output),
            self.log()
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Whether the engine's own client succeeds.
    pub fn try_cli(&self, arguments: &[&str]) -> bool {
        let output = self.client().args(arguments).output();
        output.unwrap().status.success()
    }

    /// Waits until this is so.
    #[track_caller]
    pub fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let patience = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < patience, "not {what}: {}", self.log());
            sleep(Duration::from_millis(100));
        }
    }

    /// Waits until a container with this label runs.
    #[track_caller]
    pub fn wait_for(&self, label: &str) {
        let filter = format!("label={label}");
        let list = [
            "ps",
            "--quiet",
            "--filter",
            "status=running",
            "--filter",
            &filter,
        ];
        self.until(label, || !self.cli(&list).is_empty());
    }

    /// Posts JSON to the engine, past its client. It has to answer with a success.
    #[track_caller]
    pub fn post(&self, path: &str, body: &str) {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.0\r\nHost: engine\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.0 20"), "{answer}");
    }

    /// The engine's own client, out here, as the one who asks this engine.
    pub fn client(&self) -> Command {
        let mut command = match self.kind {
            Kind::Docker => {
                let mut command = Command::new("docker");
                command.args(["--host", &self.host()]);
                command
            }
            Kind::Podman => {
                let mut command = Command::new("podman");
                command.args(["--url", &self.host()]);
                command
            }
        };
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder())
            .stdin(Stdio::null());
        command
    }

    /// A program that sees what the engine sees: the same processes by the same numbers, as on the
    /// machine of an engine that was not started by a test.
    pub fn beside(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.init.to_string()])
            .args(["--mount", "--pid", "--wd=.", "--"])
            .arg(program)
            .stdin(Stdio::null());
        command
    }

    /// As `DOCKER_HOST` has it.
    pub fn host(&self) -> String {
        host(&self.folder)
    }

    pub fn socket(&self) -> PathBuf {
        self.folder().join("s")
    }

    /// What the engine has is in here, and a test may put there what it mounts.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The end of what it wrote.
    fn log(&self) -> String {
        let log = fs::read(self.folder().join("log")).unwrap_or_default();
        let end = log.len().saturating_sub(2000);
        String::from_utf8_lossy(&log[end..]).into_owned()
    }

    /// So that their cgroups go too, which are nobody's child.
    fn remove_containers(&self) {
        let Ok(output) = self.client().args(["ps", "--all", "--quiet"]).output() else {
            return;
        };
        let names = String::from_utf8_lossy(&output.stdout);
        let mut remove = self.client();
        remove.args(["rm", "--force"]);
        if self.kind == Kind::Podman {
            remove.arg("--time=0");
        }
        let _ = remove.args(names.split_whitespace()).output();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.init != 0 {
            self.remove_containers();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Its folder can only be removed when nothing is written to it any more.
        let stat = format!("/proc/{}/stat", self.init);
        let patience = Instant::now() + PATIENCE;
        while self.init != 0 && Instant::now() < patience {
            match fs::read_to_string(&stat) {
                Ok(stat) if !stat.contains(") Z ") => sleep(Duration::from_millis(10)),
                _ => break,
            }
        }
    }
}

/// Short, for the name of a socket may have 107 bytes and no more.
fn folder() -> TempDir {
    let folder = tempfile::Builder::new()
        .prefix("engine")
        .tempdir_in("/tmp")
        .unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn host(folder: &TempDir) -> String {
    format!("unix://{}", folder.path().join("s").display())
}

/// This program in namespaces of its own, where a shell takes in what others leave behind.
/// `apart` are the options for what else it has for itself.
fn unshare(apart: &[&str], program: &str) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(apart)
        .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .args(["sh", "-c", "\"$@\" & wait", "sh", program]);
    command
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
#[ignore = "needs Docker and Podman; tests/run has them"]
fn an_engine_takes_everything_with_it_when_it_goes() {
    for start in [Engine::docker, Engine::podman] {
        let engine = start();
        engine.run("web", &["--env", "MARK=seen"]);
        let pid = engine.cli(&["inspect", "--format={{.State.Pid}}", "web"]);
        let mut look = engine.beside("cat");
        let environment = look.arg(format!("/proc/{pid}/environ")).output().unwrap();
        let environment = String::from_utf8(environment.stdout).unwrap();
        assert!(environment.contains("MARK=seen"), "{environment}");

        let folder = engine.folder().to_owned();
        let test = std::thread::spawn(move || {
            let _engine = engine;
            std::panic::resume_unwind(Box::new("as a test that fails"));
        });
        assert!(test.join().is_err());
        assert!(!folder.exists());
        let mark = folder.to_str().unwrap();
        for process in fs::read_dir("/proc").unwrap() {
            let path = process.unwrap().path().join("cmdline");
            let line = fs::read(path).unwrap_or_default();
            let line = String::from_utf8_lossy(&line);
            assert!(!line.contains(mark), "left behind: {line}");
        }
    }
}
