mod argued;
mod environment;
mod files;
mod inside;
mod renew;
mod stopped;

use serde_json::{Value, json};

use super::super::conformance::{Case, Conforming, Stand, TEXT};
use super::super::testing::{Known, VARIABLE, declared, hop, read_all, told, try_hop};
use super::*;
use crate::platform::http::testing::{Server, redirect_elsewhere, response, silent};

impl Conforming for Docker {
    fn stand(case: Case) -> Option<Stand> {
        let server = match case {
            Case::Present => engine(vec![web(&[&format!("{VARIABLE}={TEXT}")])]),
            Case::Absent => engine(vec![web(&["PATH=/bin"])]),
            Case::NotFound => engine(Vec::new()),
            Case::Denied => Server::answering("403 Forbidden", b"denied by the proxy"),
            Case::Throttled => Server::answering("429 Too Many Requests", b""),
            Case::Broken => Server::answering("500 Internal Server Error", b""),
            Case::TooLarge => engine(vec![web(&["OTHER=", &"x".repeat(1 << 20)])]),
            Case::Silent => silent(),
            Case::Elsewhere => redirect_elsewhere(),
        };
        let store = json!({"docker": {"host": server.url("")}});
        Some(Stand::at(store, json!({"container": "web"}), server).of_text())
    }
}

/// A container of an engine that a test made up.
#[derive(Clone)]
struct Made {
    id: String,
    listed: Value,
    /// What inspecting gives; nothing for one that ends in between.
    inspected: Option<Value>,
    /// The answer to a question for a file.
    archive: Vec<u8>,
}

/// A running container with this environment.
fn made(id: char, name: &str, environment: &[&str]) -> Made {
    let id = id.to_string().repeat(64);
    Made {
        listed: json!({
            "Id": id, "Names": [format!("/{name}")], "Image": "shop:1", "Labels": {"tier": "1"},
            "State": "running",
        }),
        inspected: Some(json!({
            "Id": id, "Created": "2026-11-20T09:00:00.5Z", "Image": "sha256:0f",
            "State": {"Running": true, "Pid": 4_000_000, "StartedAt": "2026-11-21T09:00:00Z"},
            "Config": {"Image": "shop:1", "Env": environment},
        })),
        archive: response(
            "404 Not Found",
            "",
            br#"{"message": "Could not find the file"}"#,
        ),
        id,
    }
}

fn web(environment: &[&str]) -> Made {
    made('a', "web", environment)
}

impl Made {
    fn with(mut self, change: impl FnOnce(&mut Value, &mut Value)) -> Self {
        change(&mut self.listed, self.inspected.as_mut().unwrap());
        self
    }

    fn holding(mut self, archive: Vec<u8>) -> Self {
        self.archive = archive;
        self
    }
}

/// An engine with these containers.
fn engine(containers: Vec<Made>) -> Server {
    Server::start(move |head| {
        let line = head.lines().next().unwrap_or_default();
        if line.starts_with("get /containers/json?all=true ") {
            let list: Vec<_> = containers.iter().map(|made| &made.listed).collect();
            return response("200 OK", "", json!(list).to_string().as_bytes());
        }
        let asked = containers.iter().find(|made| line.contains(&made.id));
        match asked.map(|made| (made, made.inspected.as_ref())) {
            Some((made, _)) if line.contains("/archive?path=") => made.archive.clone(),
            Some((_, Some(inspected))) if line.contains("/json ") => {
                response("200 OK", "", inspected.to_string().as_bytes())
            }
            _ => response(
                "404 Not Found",
                "",
                br#"{"message": "No such container: x"}"#,
            ),
        }
    })
}

async fn read_from(server: &Server, settings: Value) -> Result<Vec<Reading>, ReadError> {
    let connections = declared(&json!({"docker": {"host": server.url("")}}));
    let mut settings = settings;
    settings["store"] = "stand".into();
    read_all(
        &*hop("docker", settings),
        VARIABLE,
        Known::default(),
        &connections,
    )
    .await
}

/// Replicas and what was found of them.
async fn found(containers: Vec<Made>, settings: Value) -> Vec<(String, String)> {
    let readings = read_from(&engine(containers), settings).await;
    let readings = readings.unwrap_or_else(|error| panic!("{error}"));
    let pair = |reading: &Reading| {
        let replica = reading.replica.as_deref().unwrap().to_owned();
        (replica, told(&reading.found))
    };
    readings.iter().map(pair).collect()
}

/// What is found of the one that fits.
async fn one(container: Made, settings: Value) -> String {
    let mut all = found(vec![container], settings).await;
    assert_eq!(all.len(), 1);
    all.remove(0).1
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(replica, found): &(&str, &str)| ((*replica).to_owned(), (*found).to_owned());
    expected.iter().map(owned).collect()
}

#[tokio::test]
async fn each_setting_selects_and_all_that_are_given_have_to_fit() {
    let labelled = |id, name, project: &str, service: &str| {
        made(id, name, &[&format!("{VARIABLE}={name}")]).with(|listed, _| {
            listed["Labels"] = json!({
                "com.docker.compose.project": project, "com.docker.compose.service": service,
            });
        })
    };
    let containers = vec![
        labelled('a', "shop-web-1", "shop", "web"),
        labelled('b', "shop-web-2", "shop", "web"),
        labelled('c', "shop-mail-1", "shop", "mail"),
        labelled('d', "other-web-1", "other", "web"),
        made('e', "plain", &[&format!("{VARIABLE}=plain")]).with(|listed, _| {
            // What another container calls it comes first.
            listed["Names"] = json!(["/shop-web-1/linked", "/plain"]);
            listed["Labels"] = Value::Null;
        }),
    ];
    for (settings, names) in [
        (json!({"container": "plain"}), &["plain"][..]),
        (
            json!({"container": "shop-web-?"}),
            &["shop-web-1", "shop-web-2"],
        ),
        (json!({"container": "c".repeat(12)}), &["shop-mail-1"]),
        (
            json!({"project": "shop", "service": "web"}),
            &["shop-web-1", "shop-web-2"],
        ),
        (
            json!({"service": "web", "container": "*-1"}),
            &["shop-web-1", "other-web-1"],
        ),
        (
            json!({"label": {"com.docker.compose.project": "other"}}),
            &["other-web-1"],
        ),
        (
            json!({"image": "shop", "project": "shop", "service": "mail"}),
            &["shop-mail-1"],
        ),
        (json!({"image": "s*:1", "container": "plain"}), &["plain"]),
    ] {
        let expected: Vec<_> = names.iter().map(|name| (*name, *name)).collect();
        assert_eq!(
            found(containers.clone(), settings.clone()).await,
            pairs(&expected),
            "{settings}"
        );
    }
    for settings in [
        json!({"container": "c".repeat(11)}),
        json!({"container": "linked"}),
        json!({"image": "shop:2"}),
        json!({"project": "web"}),
    ] {
        let error = read_from(&engine(containers.clone()), settings)
            .await
            .err()
            .unwrap();
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert!(error.message.ends_with("nothing was seen"), "{error}");
    }
}

#[tokio::test]
async fn an_image_that_lost_its_name_is_found_by_the_name_it_had() {
    let moved = |id, name, was: &str| {
        made(id, name, &[&format!("{VARIABLE}=old")]).with(|listed, inspected| {
            listed["Image"] = "sha256:1cd21709bf109951".into();
            inspected["Config"]["Image"] = was.into();
        })
    };
    let containers = vec![moved('a', "web", "shop:1"), moved('b', "mail", "post:1")];
    assert_eq!(
        found(containers, json!({"image": "shop"})).await,
        pairs(&[("web", "old")])
    );
}

#[tokio::test]
async fn one_list_and_one_question_for_each_container_are_enough() {
    let containers: Vec<_> = ('a'..='p')
        .map(|id| made(id, &format!("web-{id}"), &[&format!("{VARIABLE}=x")]))
        .collect();
    let server = engine(containers);
    let readings = read_from(&server, json!({"container": "web-*"}))
        .await
        .unwrap();
    assert_eq!((readings.len(), server.requests().len()), (16, 17));
}

#[tokio::test]
async fn what_ended_is_left_out_and_what_is_denied_stands_beside_the_rest() {
    let gone = Made {
        inspected: None,
        ..made('b', "web-2", &[])
    };
    let ended = made('c', "web-3", &[]).with(|_, inspected| {
        inspected["State"] = json!({"Running": false, "Pid": 0});
    });
    let exited = made('d', "web-4", &[]).with(|listed, inspected| {
        listed["State"] = "exited".into();
        inspected["State"] = json!({"Running": false, "Pid": 0});
    });
    let containers = vec![
        made('a', "web-1", &["ALLSTAK_API_KEY=x"]),
        gone.clone(),
        ended,
        exited,
    ];
    assert_eq!(
        found(containers, json!({"container": "web-*"})).await,
        pairs(&[("web-1", "x")])
    );
    let error = read_from(&engine(vec![gone]), json!({"container": "web-2"})).await;
    assert_eq!(error.err().unwrap().kind, ErrorKind::NotFound);

    // A proxy that passes the list alone.
    let list = json!([web(&[]).listed]).to_string();
    let server = Server::start(move |head| match head.contains("/containers/json") {
        true => response("200 OK", "", list.as_bytes()),
        false => response("403 Forbidden", "", b"no"),
    });
    let readings = read_from(&server, json!({"container": "web"}))
        .await
        .unwrap();
    let Found::Failed(error) = &readings[0].found else {
        panic!("{}", told(&readings[0].found))
    };
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(
        error.next.contains("GET /containers/*/json"),
        "{}",
        error.next
    );
}

#[tokio::test]
async fn what_pauses_or_starts_again_holds_its_environment() {
    for state in ["paused", "restarting", "stopping"] {
        let container = web(&["ALLSTAK_API_KEY=x"]).with(|listed, inspected| {
            listed["State"] = state.into();
            inspected["State"]["Pid"] = 0.into();
        });
        assert_eq!(one(container, json!({"container": "web"})).await, "x");
    }
}

#[tokio::test]
async fn what_is_no_answer_of_an_engine_is_not_repeated() {
    for body in [
        "<html>s3cret",
        "{\"s3cret\": 1}",
        "[{\"Id\": [\"s3cret\"]}]",
        "[\"s3cret\"]",
    ] {
        let server = Server::answering("200 OK", body.as_bytes());
        let error = read_from(&server, json!({"container": "web"}))
            .await
            .err()
            .unwrap();
        assert_eq!(error.kind, ErrorKind::BadData);
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    let broken = web(&[]).with(|_, inspected| inspected["Config"]["Env"] = json!([7, "K=s3cret"]));
    let told = one(broken, json!({"container": "web"})).await;
    assert!(
        told.starts_with("failed: bad-data") && !told.contains("s3cret"),
        "{told}"
    );
}

#[test]
fn settings_that_select_nothing_are_refused() {
    for (settings, expected) in [
        (json!({}), "at least one of"),
        (json!({"file": "/key"}), "at least one of"),
        (json!({"container": ""}), "a name in `container`"),
        (json!({"container": "[x"}), "a name in `container`"),
        (json!({"project": ""}), "not nothing"),
        (json!({"label": {"tier": ""}}), "not nothing"),
        (json!({"container": "x", "file": "key"}), "absolute path"),
        (json!({"container": "x", "file": "/run/"}), "absolute path"),
        (
            json!({"container": "x", "file": "/run/../key"}),
            "without `.`",
        ),
        (
            json!({"container": "x", "file": "/key", "loads": "itself"}),
            "either `file` or `loads`",
        ),
        (
            json!({"container": "x", "file": "/key", "argument": "--key"}),
            "without `file` and `loads`",
        ),
        (json!({"container": "x", "argument": "key"}), "an option"),
    ] {
        let why = try_hop("docker", settings.clone())
            .unwrap()
            .check()
            .unwrap_err();
        assert!(
            why.starts_with("expected") && why.contains(expected),
            "{settings}: {why}"
        );
    }
}

#[test]
fn a_place_is_told_with_its_store_and_all_that_selects_it() {
    for (settings, location) in [
        (
            json!({"store": "eu", "project": "shop", "service": "web"}),
            "docker:eu/project=shop,service=web#ALLSTAK_API_KEY",
        ),
        (
            json!({"container": "web", "label": {"tier": "1"}}),
            "docker:container=web,label.tier=1#ALLSTAK_API_KEY",
        ),
        (
            json!({"image": "shop", "file": "/run/secrets/allstak"}),
            "docker:image=shop:/run/secrets/allstak",
        ),
        (
            json!({"image": "shop", "argument": "--api-key"}),
            "docker:image=shop#--api-key",
        ),
    ] {
        assert_eq!(hop("docker", settings).location(At::of(VARIABLE)), location);
    }
}
