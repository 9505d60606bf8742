//! Programs that a real PM2 runs.

use std::path::Path;
use std::process::Command;

use crate::scene::{NEW, OLD, Scene, VARIABLE, says, tool, until};

/// A PM2 of its own, which ends with its programs when dropped.
struct Pm2<'s>(&'s Scene);

impl Pm2<'_> {
    fn command(&self, key: &str) -> Command {
        let node = tool("node_modules/node/bin/node");
        let mut command = Command::new(&node);
        let path = [
            node.parent().unwrap(),
            Path::new("/usr/bin"),
            Path::new("/bin"),
        ];
        command
            .arg(tool("node_modules/pm2/bin/pm2"))
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("PM2_HOME", self.0.path("pm2"))
            .env(VARIABLE, key)
            .current_dir(self.0.path(""));
        command
    }

    #[track_caller]
    fn run(&self, key: &str, arguments: &[&str]) {
        let output = self.command(key).args(arguments).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

impl Drop for Pm2<'_> {
    fn drop(&mut self) {
        let killed = self.command("").arg("kill").output().unwrap();
        if !std::thread::panicking() {
            assert!(killed.status.success());
        }
    }
}

/// A program that tells its number and its key.
const APP: &str = "\
require('fs').writeFileSync(process.env.TELL, process.pid + ' ' + process.env.ALLSTAK_API_KEY);
setInterval(() => {}, 1000);
";

#[test]
#[ignore = "needs PM2; tests/run has it"]
fn the_environment_that_pm2_keeps_is_the_one_its_workers_have() {
    let scene = Scene::new();
    scene.write("app.js", APP);
    let pm2 = Pm2(&scene);
    let apps = |key: &str| {
        let app = |name: &str, mode: &str| {
            let tell = scene.path(name);
            let tell = tell.display();
            format!(
                "{{ name: '{name}', script: 'app.js', exec_mode: '{mode}', instances: 1, \
                 env: {{ {VARIABLE}: '{key}', TELL: '{tell}' }} }}"
            )
        };
        let apps = [app("clustered", "cluster"), app("forked", "fork")].join(", ");
        scene.write(
            "apps.config.js",
            &format!("module.exports = {{ apps: [{apps}] }};"),
        );
    };
    let holds = |name: &str, key: &str| {
        until(
            || std::fs::read_to_string(scene.path(name)).is_ok_and(|told| told.ends_with(key)),
            || format!("{name} has another key"),
        );
        let told = scene.written(name);
        told.split_once(' ').unwrap().0.to_owned()
    };
    let audit = |pid: &str| scene.audit(&format!("{{ process: {{ pid: {pid} }} }}"));
    let environ = |pid: &str, key: &str| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
        let entry = format!("{VARIABLE}={key}");
        environment
            .split(|&byte| byte == 0)
            .any(|known| known == entry.as_bytes())
    };

    // The daemon has the new key, and its programs are given the old one.
    apps(OLD);
    pm2.run(NEW, &["start", "apps.config.js"]);
    let (clustered, forked) = (holds("clustered", OLD), holds("forked", OLD));
    assert!(
        environ(&clustered, NEW),
        "PM2 has changed, and this test shows nothing"
    );
    says(&audit(&clustered), "stale", "value", 1);
    says(&audit(&forked), "stale", "value", 1);
    // By the title that PM2 gives it.
    let app = scene.path("app.js");
    let found = scene.audit(&format!(
        "{{ process: {{ match: 'node {}' }} }}",
        app.display()
    ));
    says(&found, "stale", "value", 1);
    assert_eq!(
        found.0["readings"].as_array().unwrap().len(),
        2,
        "{:#}",
        found.0
    );

    // A restart alone keeps what PM2 keeps.
    for name in ["clustered", "forked"] {
        std::fs::remove_file(scene.path(name)).unwrap();
    }
    pm2.run(NEW, &["restart", "all"]);
    let (clustered, forked) = (holds("clustered", OLD), holds("forked", OLD));
    says(&audit(&clustered), "stale", "value", 1);
    says(&audit(&forked), "stale", "value", 1);

    apps(NEW);
    pm2.run(NEW, &["restart", "apps.config.js", "--update-env"]);
    let (clustered, forked) = (holds("clustered", NEW), holds("forked", NEW));
    says(&audit(&clustered), "current", "value", 0);
    says(&audit(&forked), "current", "value", 0);

    // Its daemon tells nothing of its programs.
    let daemon = std::fs::read_to_string(scene.path("pm2/pm2.pid")).unwrap();
    says(&audit(daemon.trim()), "current", "timestamp", 3);
}
