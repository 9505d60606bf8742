use super::*;

/// One file in a tar archive, last written at this second.
fn archive(kind: u8, text: &str, modified: u64) -> Vec<u8> {
    let mut archive = vec![0; 512];
    archive[..3].copy_from_slice(b"key");
    archive[124..135].copy_from_slice(format!("{:011o}", text.len()).as_bytes());
    archive[136..147].copy_from_slice(format!("{modified:011o}").as_bytes());
    archive[156] = kind;
    archive.extend_from_slice(text.as_bytes());
    archive.resize(archive.len().next_multiple_of(512) + 1024, 0);
    archive
}

fn file_of(text: &str) -> Vec<u8> {
    response("200 OK", "", &archive(b'0', text, 0))
}

#[tokio::test]
async fn a_file_in_the_archive_is_read_and_what_it_may_hide_is_never_missing() {
    let hop = json!({"container": "web", "file": "/run/secrets/allstak"});
    let read = |container: Made| one(container, hop.clone());
    assert_eq!(read(web(&[]).holding(file_of("key\n"))).await, "key\n");

    let nothing = read(web(&[])).await;
    assert!(
        nothing.starts_with("hidden: the engine's archive has no such file"),
        "{nothing}"
    );
    assert!(nothing.contains("over the network"), "{nothing}");
    let in_memory = "hidden: the engine's archive does not show what is mounted in memory";
    let empty = read(web(&[]).holding(file_of(""))).await;
    assert!(empty.starts_with(in_memory), "{empty}");

    // What lies beneath a mount is not what the container sees.
    let beneath = web(&[]).holding(file_of("key"));
    for covered in [
        json!({"HostConfig": {"Tmpfs": {"/run": ""}}}),
        json!({"Mounts": [{"Type": "tmpfs", "Destination": "/run/secrets"}]}),
    ] {
        let container = beneath.clone().with(|_, inspected| {
            for (name, value) in covered.as_object().unwrap() {
                inspected[name] = value.clone();
            }
        });
        let told = read(container).await;
        assert!(told.starts_with(in_memory), "{covered}: {told}");
    }
    let task = beneath.clone().with(|listed, _| {
        listed["Labels"] = json!({"com.docker.swarm.task.id": "x"});
    });
    let told = read(task).await;
    assert!(told.starts_with(in_memory), "{told}");
}

#[tokio::test]
async fn of_a_mounted_file_the_archive_only_claims() {
    let container = web(&[]).holding(file_of("key")).with(|_, inspected| {
        inspected["Mounts"] = json!([{"Type": "bind", "Destination": "/run/secrets/allstak"}]);
    });
    let hop = json!({"container": "web", "file": "/run/secrets/allstak"});
    let readings = read_from(&engine(vec![container]), hop).await.unwrap();
    let Found::Hidden {
        fixed_at: None,
        why,
        taken_for: Some(taken),
    } = &readings[0].found
    else {
        panic!("{}", told(&readings[0].found))
    };
    assert!(why.contains("still the old one"), "{why}");
    assert_eq!(
        (taken.evidence, &*told(&taken.found)),
        (Evidence::Attested, "key")
    );
}

#[tokio::test]
async fn a_file_younger_than_its_program_may_not_have_been_read() {
    let started: jiff::Timestamp = "2026-11-21T09:00:00Z".parse().unwrap();
    let started = u64::try_from(started.as_second()).unwrap();
    let hop = json!({"container": "web", "file": "/key"});
    for (modified, expected) in [
        (started + 60, &["key"][..]),
        (started + 61, &["key", "hidden: the file changed after"]),
    ] {
        let answer = response("200 OK", "", &archive(b'0', "key", modified));
        let all = found(vec![web(&[]).holding(answer)], hop.clone()).await;
        assert_eq!(all.len(), expected.len());
        for ((_, told), expected) in all.iter().zip(expected) {
            assert!(told.starts_with(expected), "{told}");
        }
    }
}

#[tokio::test]
async fn links_are_followed_as_the_engine_resolves_them_and_not_for_ever() {
    let hop = json!({"container": "web", "file": "/key"});
    let link = |target: &str| {
        let stat = json!({"name": "key", "linkTarget": target}).to_string();
        let stat = data_encoding::BASE64.encode(stat.as_bytes());
        let header = format!("X-Docker-Container-Path-Stat: {stat}\r\n");
        response("200 OK", &header, &archive(b'2', "", 0))
    };
    // Every path is a link, to something else than itself or not.
    for target in ["/key", "/other", "elsewhere", ""] {
        let told = one(web(&[]).holding(link(target)), hop.clone()).await;
        assert!(
            told.starts_with("failed: bad-data: /key is a link"),
            "{target}: {told}"
        );
    }
    let (listed, inspected) = (web(&[]).listed, web(&[]).inspected.unwrap());
    let to_file = link("/data/key");
    let server = Server::start(move |head| {
        let line = head.lines().next().unwrap_or_default();
        match line {
            _ if line.contains("/containers/json") => {
                response("200 OK", "", json!([listed]).to_string().as_bytes())
            }
            _ if line.contains("path=%2fkey") => to_file.clone(),
            _ if line.contains("path=%2fdata%2fkey") => file_of("key"),
            _ => response("200 OK", "", inspected.to_string().as_bytes()),
        }
    });
    let readings = read_from(&server, hop).await.unwrap();
    assert_eq!(told(&readings[0].found), "key");
}

#[tokio::test]
async fn what_is_no_file_of_a_keys_size_is_an_error() {
    let hop = json!({"container": "web", "file": "/key"});
    let whole = archive(b'0', "key", 0);
    for (answer, expected) in [
        (
            response("200 OK", "", &archive(b'5', "", 0)),
            "failed: bad-data: /key is no regular file",
        ),
        (
            response("200 OK", "", &whole[..514]),
            "failed: bad-data: /key came as no archive",
        ),
        (
            response("200 OK", "", b""),
            "failed: bad-data: /key came as no archive",
        ),
        (
            file_of(&"x".repeat((1 << 20) + 1)),
            "failed: too-large: /key",
        ),
        (file_of(&"x".repeat(2 << 20)), "failed: too-large: /key"),
        (response("403 Forbidden", "", b""), "failed: denied"),
        (
            response("500 Internal Server Error", "", b""),
            "failed: protocol",
        ),
    ] {
        let told = one(web(&[]).holding(answer), hop.clone()).await;
        assert!(told.starts_with(expected), "{told}");
    }
    let gone = response(
        "404 Not Found",
        "",
        br#"{"message": "No such container: x"}"#,
    );
    let error = read_from(&engine(vec![web(&[]).holding(gone)]), hop)
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind, ErrorKind::NotFound);
}
