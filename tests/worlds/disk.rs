//! A world on disk: targets.yaml, files, processes, and a server.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use super::keys::fingerprint;
use super::server::{Answers, Server};
use super::world::{Artifact, Deployment, Expect, Known, Revoked, Scope, Spelling, Waive, World};

/// A world that is there until it is dropped.
pub struct Standing {
    pub folder: tempfile::TempDir,
    pub variables: Vec<(String, OsString)>,
    processes: Vec<Child>,
    _server: Server,
}

impl Drop for Standing {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Makes everything that the world speaks of.
pub fn stand(world: &World) -> Standing {
    let folder = tempfile::tempdir().unwrap();
    let mut answers: Answers = HashMap::new();
    let mut variables = BTreeMap::new();
    let mut processes = Vec::new();
    // A file that is not there is missing only where its folder is.
    fs::create_dir(folder.path().join("keys")).unwrap();
    for artifact in artifacts(world) {
        match artifact {
            Artifact::File(path, bytes) => {
                let path = folder.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
            Artifact::Folder(path) => fs::create_dir_all(folder.path().join(path)).unwrap(),
            Artifact::Variable(name, bytes) => {
                variables.insert(name.clone(), OsString::from_vec(bytes.clone()));
            }
            Artifact::Process(argument, variable) => {
                processes.push(sleep(argument, variable.as_ref()));
            }
            Artifact::Answer(path, status, bytes) => {
                answers.insert(path.clone(), (*status, bytes.clone()));
            }
        }
    }
    let server = Server::new(Arc::new(answers));
    let yaml = targets(world)
        .replace("SERVER", &server.address())
        .replace("DIR", folder.path().to_str().unwrap());
    fs::write(folder.path().join("targets.yaml"), yaml).unwrap();
    Standing {
        folder,
        variables: variables.into_iter().collect(),
        processes,
        _server: server,
    }
}

fn sleep(argument: &str, variable: Option<&(String, Vec<u8>)>) -> Child {
    let mut command = Command::new("sleep");
    command
        .arg(argument)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some((name, value)) = variable {
        command.env(name, OsString::from_vec(value.clone()));
    }
    command.spawn().unwrap()
}

fn artifacts(world: &World) -> impl Iterator<Item = &Artifact> {
    let scopes = world.scopes.iter().filter(|scope| !scope.dropped);
    let known = scopes.flat_map(|scope| {
        let previous = scope.previous.iter().map(|key| &key.known);
        previous.chain(&scope.next).chain([&scope.current])
    });
    let hops = world.deployments.iter().flat_map(|one| &one.hops);
    let known = known.flat_map(|known: &Known| &known.artifacts);
    known.chain(hops.flat_map(|hop| &hop.artifacts))
}

/// The targets.yaml of a world.
pub fn targets(world: &World) -> String {
    let mut text = "version: 1\nprojects:\n".to_owned();
    let kept: Vec<&Scope> = world.scopes.iter().filter(|one| !one.dropped).collect();
    for scope in kept.iter().filter(|scope| scope.environment.is_none()) {
        writeln!(text, "  {}:", scope.project).unwrap();
        writeln!(text, "    variable: {}", scope.variable).unwrap();
        if let Some(format) = scope.style.format() {
            writeln!(text, "    format: '{format}'").unwrap();
        }
        if scope.immediate {
            writeln!(text, "    rotation: immediate").unwrap();
        }
        keys(&mut text, scope, "    ");
        for inner in &kept {
            if inner.project == scope.project
                && let Some(environment) = &inner.environment
            {
                writeln!(text, "    environments:\n      {environment}:").unwrap();
                keys(&mut text, inner, "        ");
            }
        }
    }
    let routes = |spelling| {
        let all = world.deployments.iter();
        all.filter(move |one| one.spelling == spelling)
    };
    for (index, deployment) in routes(Spelling::Matrix).enumerate() {
        if index == 0 {
            text.push_str("routes:\n");
        }
        writeln!(text, "  route-of-{}:", deployment.name).unwrap();
        route(&mut text, deployment, "    ");
    }
    text.push_str("deployments:\n");
    for deployment in &world.deployments {
        let scope = world.scope(deployment);
        write!(
            text,
            "  - name: {}\n    project: {}\n    environment: {}\n    owner: {}\n",
            deployment.name, scope.project, deployment.environment, deployment.owner
        )
        .unwrap();
        if let Some(variable) = &deployment.variable {
            writeln!(text, "    variable: {variable}").unwrap();
        }
        if deployment.expect != Expect::Current {
            writeln!(text, "    expect: {}", deployment.expect.name()).unwrap();
        }
        if let Some(waive) = &deployment.waive {
            writeln!(text, "    {}", waiver(waive)).unwrap();
        }
        let place = &deployment.place;
        match deployment.spelling {
            Spelling::Plain => {}
            Spelling::Vars => writeln!(text, "    vars: {{ place: '{place}' }}").unwrap(),
            Spelling::Matrix => {
                writeln!(text, "    matrix: {{ place: ['{place}'] }}").unwrap();
                writeln!(text, "    route: route-of-{}", deployment.name).unwrap();
                continue;
            }
        }
        text.push_str("    route:\n");
        route(&mut text, deployment, "      ");
    }
    text
}

/// The hops of a deployment, one a line.
fn route(text: &mut String, deployment: &Deployment, indent: &str) {
    for hop in &deployment.hops {
        let yaml = match deployment.spelling {
            Spelling::Plain => hop.yaml.clone(),
            _ => hop.yaml.replace(&deployment.place, "${place}"),
        };
        write!(text, "{indent}- {{ {yaml}").unwrap();
        if let Some(expect) = hop.expect {
            write!(text, ", expect: {}", expect.name()).unwrap();
        }
        if let Some(waive) = &hop.waive {
            write!(text, ", {}", waiver(waive)).unwrap();
        }
        text.push_str(" }\n");
    }
}

fn keys(text: &mut String, scope: &Scope, indent: &str) {
    writeln!(text, "{indent}current: {{ {} }}", scope.current.yaml).unwrap();
    if let Some(same) = &scope.same_key_as {
        writeln!(text, "{indent}same_key_as: {same}").unwrap();
    }
    if scope.rotated_at {
        writeln!(text, "{indent}rotated_at: 2025-11-20T09:00:00Z").unwrap();
    }
    if let Some(next) = &scope.next {
        writeln!(text, "{indent}next: {{ {} }}", next.yaml).unwrap();
    }
    if scope.previous.is_empty() && !scope.previous_nothing {
        return;
    }
    writeln!(text, "{indent}previous:").unwrap();
    for key in &scope.previous {
        let revoked = match key.revoked {
            Revoked::No => "",
            Revoked::Past => ", revoked_at: 2025-11-21T09:00:00Z",
            Revoked::ToCome => ", revoked_at: 2999-01-01T00:00:00Z",
        };
        writeln!(text, "{indent}  - {{ {}{revoked} }}", key.known.yaml).unwrap();
    }
    if scope.previous_nothing {
        let nothing = fingerprint(b"", 64);
        writeln!(text, "{indent}  - {{ fingerprint: '{nothing}' }}").unwrap();
    }
}

fn waiver(waive: &Waive) -> String {
    let verdicts: Vec<&str> = waive.verdicts.iter().map(|one| one.name()).collect();
    let until = if waive.over {
        "2025-01-31"
    } else {
        "2999-01-01"
    };
    format!(
        "waive: {{ verdicts: [{}], reason: known, owner: ana, until: {until} }}",
        verdicts.join(", ")
    )
}
