use super::*;

/// A container that is in this state, with this restart policy.
fn resting(id: char, name: &str, environment: &[&str], state: &str, policy: &str) -> Made {
    made(id, name, environment).with(|listed, inspected| {
        listed["State"] = state.into();
        inspected["State"] = json!({"Running": false, "Pid": 0});
        inspected["HostConfig"] = json!({"RestartPolicy": {"Name": policy}});
    })
}

const OLD: &str = "ALLSTAK_API_KEY=old";
const NEW: &str = "ALLSTAK_API_KEY=new";

#[tokio::test]
async fn what_the_engine_may_bring_back_stands_beside_what_runs() {
    let hop = || json!({"container": "web-*"});
    for (stopped, returns) in [
        (resting('b', "web-2", &[OLD], "exited", "always"), true),
        (
            resting('b', "web-2", &[OLD], "created", "unless-stopped"),
            true,
        ),
        (resting('b', "web-2", &[OLD], "exited", "no"), false),
        (resting('b', "web-2", &[OLD], "exited", ""), false),
        // It would bring nothing new.
        (resting('b', "web-2", &[NEW], "exited", "always"), false),
        (resting('b', "web-2", &["X=1"], "exited", "always"), false),
        // Nobody starts these again.
        (resting('b', "web-2", &[OLD], "dead", "always"), false),
        (
            resting('b', "web-2", &[OLD], "exited", "always").with(|listed, _| {
                listed["Labels"] = json!({"com.docker.swarm.task.id": "x"});
            }),
            false,
        ),
    ] {
        let server = engine(vec![made('a', "web-1", &[NEW]), stopped]);
        let readings = read_from(&server, hop()).await.unwrap();
        assert_eq!(told(&readings[0].found), "new");
        assert_eq!(readings.len(), 1 + usize::from(returns));
        let Some(reading) = readings.get(1) else {
            continue;
        };
        let why = told(&reading.found);
        assert!(why.starts_with("hidden: it is "), "{why}");
        assert!(why.contains("restart policy"), "{why}");
        let words = reading.mend.as_ref().unwrap().words.as_deref().unwrap();
        assert!(words.contains("`docker rm web-2`"), "{words}");
    }
}

#[tokio::test]
async fn what_somebody_would_have_to_start_is_named() {
    let mut containers = vec![made('a', "web-1", &["X=1"])];
    for (id, name) in ('b'..).zip(["web-2", "web-3", "web-4", "web-5"]) {
        containers.push(resting(id, name, &[OLD], "exited", "no"));
    }
    let server = engine(containers.clone());
    let readings = read_from(&server, json!({"container": "web-*"}))
        .await
        .unwrap();
    let note = readings[0].note.as_deref().unwrap();
    let told =
        "; not counted: web-2 is exited, web-3 is exited, web-4 is exited, 1 more do not run";
    assert!(note.ends_with(told), "{note}");

    // Where nothing runs, starting it again brings back what it was created with.
    let server = engine(containers.split_off(4));
    let error = read_from(&server, json!({"container": "web-5"})).await;
    let error = error.err().unwrap();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(
        error.message,
        "no running container fits container=web-5 (web-5 is exited): nothing was seen"
    );
    assert!(error.next.starts_with("recreate it"), "{}", error.next);
}
