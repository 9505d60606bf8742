use super::*;
use crate::key::Secret;
use crate::platform::Connections;
use crate::platform::docker::{Container, Details, Inspect, List};
use crate::platform::processes::{self, Environ, Process, Snapshot};

/// A process in the container `a`: its name, and its environment or that it may not be read.
type Inside<'a> = (&'a str, Option<&'a str>);

/// What a container is told to hold that was created so, with these processes on this machine.
async fn told_of(
    environment: &[&str],
    command: &[&str],
    loads: &str,
    inside: &[Inside<'_>],
) -> Vec<String> {
    let id = "a".repeat(64);
    let listed: Vec<Container> = serde_json::from_value(json!([{
        "Id": id, "Names": ["/web"], "Image": "shop:1", "State": "running",
    }]))
    .unwrap();
    let secrets = |texts: &[&str]| -> Vec<Secret> {
        texts
            .iter()
            .map(|text| Secret::copied(text.as_bytes()))
            .collect()
    };
    let details = Details {
        created_at: None,
        started_at: None,
        alive: true,
        pid: Some(1),
        image: "shop:1".into(),
        command: secrets(command),
        environment: secrets(environment),
        mounts: Vec::new(),
        restarts: None,
        podman: false,
    };
    let mut known = Known::default().with(List, Ok(listed)).with(
        Inspect {
            id: id.as_str().into(),
        },
        Ok(Some(details)),
    );
    let mut processes = vec![Process::made(9, "elsewhere", &["elsewhere"])];
    for (pid, (name, environment)) in (10..).zip(inside) {
        let process = Process {
            containers: Box::new([id.as_str().into()]),
            ..Process::made(pid, name, &[name])
        };
        let environment = match environment {
            Some(text) => Ok(Some(Secret::copied(text.as_bytes()))),
            None => Err(ReadError::new(ErrorKind::Denied, "closed", "be root")),
        };
        known = known.with(Environ(process.id), environment);
        processes.push(process);
    }
    let partial = false;
    known = known.with(processes::List, Ok(Snapshot { processes, partial }));
    let hop = hop("docker", json!({"container": "web", "loads": loads}));
    let readings = read_all(&*hop, VARIABLE, known, &Connections::default())
        .await
        .unwrap();
    let shown = |reading: &Reading| {
        let found = match &reading.found {
            Found::Hidden {
                taken_for: Some(taken),
                ..
            } => format!("perhaps {}", told(&taken.found)),
            found => told(found),
        };
        let found = found.split(':').next().unwrap().to_owned();
        format!("{} {found}", reading.replica.as_deref().unwrap())
    };
    readings.iter().map(shown).collect()
}

#[tokio::test]
async fn the_processes_of_a_container_are_looked_at() {
    let (old, new) = ("ALLSTAK_API_KEY=old", "ALLSTAK_API_KEY=new");
    for (environment, inside, found) in [
        // As it was created.
        (
            &[new][..],
            &[("web", Some(new)), ("sh", Some(new))][..],
            vec!["web new"],
        ),
        // What starts the program gives it another value.
        (
            &[new],
            &[("sh", Some(new)), ("node", Some(old))],
            vec!["web new", "web/node/11 old"],
        ),
        (
            &[old],
            &[("node", Some(new))],
            vec!["web old", "web/node/10 new"],
        ),
        (
            &["X=1"],
            &[("sh", Some("X=1")), ("node", Some(old))],
            vec!["web/node/11 old"],
        ),
        // It takes the variable away.
        (
            &[new],
            &[("node", Some("X=1")), ("sh", Some("X=1"))],
            vec!["web new", "web/node/10 absent"],
        ),
        (
            &[new],
            &[("sh", Some("X=1")), ("node", Some(new))],
            vec!["web new"],
        ),
        (&["X=1"], &[("node", Some("X=1"))], vec!["web absent"]),
        // Some may not be read.
        (
            &[new],
            &[("node", Some(new)), ("root", None)],
            vec!["web new", "web/root/11 failed"],
        ),
        // None may be: there is what the engine says.
        (&[new], &[("node", None)], vec!["web new"]),
        (&["X=1"], &[], vec!["web absent"]),
        // Podman tells only that it injects something.
        (
            &["ALLSTAK_API_KEY=*******"],
            &[("node", Some(old))],
            vec!["web/node/10 old"],
        ),
        (
            &["ALLSTAK_API_KEY=*******"],
            &[("node", Some("X=1"))],
            vec!["web hidden"],
        ),
        // A manager.
        (
            &[new],
            &[("gunicorn", Some(new))],
            vec!["web new", "web/gunicorn/10 perhaps new"],
        ),
        (
            &[new],
            &[("supervisord", Some(new)), ("node", Some(old))],
            vec!["web new", "web/node/11 old"],
        ),
    ] {
        let told = told_of(environment, &["node"], "environ", inside).await;
        assert_eq!(told, found, "{environment:?} {inside:?}");
    }
    let told = told_of(&["X=1"], &["node"], "itself", &[("node", Some("X=1"))]).await;
    assert_eq!(told, ["web hidden"]);
    let told = told_of(&["X=1"], &["node"], "itself", &[("node", Some(old))]).await;
    assert_eq!(told, ["web/node/10 old"]);
}

#[tokio::test]
async fn from_elsewhere_the_command_line_tells_what_may_be_different() {
    let new = "ALLSTAK_API_KEY=new";
    for (environment, command, found) in [
        (&[new][..], &["node", "server.js"][..], vec!["web new"]),
        (
            &[new],
            &["python3", "-m", "gunicorn", "app"],
            vec!["web perhaps new"],
        ),
        (&["X=1"], &["uwsgi", "--ini", "app.ini"], vec!["web hidden"]),
        (
            &[new],
            &["gunicorn", "--env", "ALLSTAK_API_KEY=old", "app"],
            vec!["web new", "web/arguments old"],
        ),
        (
            &[new],
            &["tini", "--", "supervisord", "-n"],
            vec!["web perhaps new"],
        ),
        (&["X=1"], &["supervisord", "-n"], vec!["web hidden"]),
        (
            &[new],
            &["env", "ALLSTAK_API_KEY=old", "node"],
            vec!["web new", "web/arguments old"],
        ),
        (
            &[new],
            &["sh", "-c", "ALLSTAK_API_KEY=old node x"],
            vec!["web new", "web/arguments old"],
        ),
    ] {
        let told = told_of(environment, command, "environ", &[]).await;
        assert_eq!(told, found, "{environment:?} {command:?}");
    }
}
