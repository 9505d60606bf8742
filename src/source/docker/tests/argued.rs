use super::*;

fn started(command: &[&str]) -> Made {
    web(&[]).with(|_, inspected| {
        inspected["Path"] = command[0].into();
        inspected["Args"] = json!(command[1..]);
    })
}

#[tokio::test]
async fn the_command_of_a_container_shows_what_stands_behind_an_option() {
    let hop = || json!({"container": "web", "argument": "--api-key"});
    for (command, found) in [
        (&["web", "--api-key=old"][..], "old"),
        (&["/entrypoint.sh", "web", "--api-key", "old\n"], "old\n"),
        (&["web", "--port=1"], "absent"),
    ] {
        assert_eq!(one(started(command), hop()).await, found, "{command:?}");
    }
    let script = one(started(&["sh", "-c", "web --api-key=old"]), hop()).await;
    assert!(
        script.starts_with("hidden: the option stands in a script"),
        "{script}"
    );
    let several = found(vec![started(&["web", "--api-key=a", "--api-key=b"])], hop()).await;
    assert_eq!(several, pairs(&[("web", "a"), ("web/2", "b")]));
}

#[tokio::test]
async fn a_new_container_gets_another_argument() {
    let words = |labels: Value| async move {
        let container = started(&["web", "--api-key=old"]).with(|listed, _| {
            listed["Labels"] = labels;
        });
        let settings = json!({"container": "web", "argument": "--api-key"});
        let mut readings = read_from(&engine(vec![container]), settings).await.unwrap();
        let mend = readings.remove(0).mend.unwrap();
        String::from(mend.words.unwrap())
    };
    let plain = words(json!({})).await;
    assert!(
        plain.contains("`docker rm -f web`, then `docker run`"),
        "{plain}"
    );
    assert!(
        plain.contains("the current key after `--api-key`"),
        "{plain}"
    );
    let compose =
        json!({"com.docker.compose.project": "shop", "com.docker.compose.service": "web"});
    let compose = words(compose).await;
    assert!(
        compose.contains("docker compose -p shop up -d --force-recreate web"),
        "{compose}"
    );
    let swarm = words(json!({"com.docker.swarm.service.name": "shop_web"})).await;
    assert!(swarm.contains("the command of shop_web"), "{swarm}");
}
