use super::*;

const COMPOSE: [(&str, &str); 4] = [
    ("com.docker.compose.project", "shop"),
    ("com.docker.compose.service", "web"),
    ("com.docker.compose.project.working_dir", "/srv/my shop"),
    (
        "com.docker.compose.project.config_files",
        "/srv/my shop/compose.yaml,/srv/my shop/live.yaml",
    ),
];

/// What is to be done about the first of these containers, by how it is chosen.
async fn words(containers: Vec<Made>, settings: Value) -> String {
    let readings = read_from(&engine(containers), settings).await;
    let mut readings = readings.unwrap_or_else(|error| panic!("{error}"));
    let mend = readings
        .remove(0)
        .mend
        .expect("it was seen how it is mended");
    mend.words.expect("in words").into()
}

fn labelled(id: char, name: &str, labels: &[(&str, &str)]) -> Made {
    let labels: serde_json::Map<_, _> = labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    made(id, name, &[&format!("{VARIABLE}=x")]).with(|listed, _| listed["Labels"] = labels.into())
}

#[tokio::test]
async fn compose_is_called_as_it_was_called_however_the_container_is_chosen() {
    let up = "`cd '/srv/my shop' && docker compose -f '/srv/my shop/compose.yaml' -f '/srv/my shop/live.yaml' -p shop up -d \
              --force-recreate web`";
    for settings in [
        json!({"container": "shop-web-1"}),
        json!({"project": "shop", "service": "web"}),
    ] {
        let words = words(vec![labelled('a', "shop-web-1", &COMPOSE)], settings).await;
        assert!(words.contains(up), "{words}");
    }
    let older = [&COMPOSE[..], &[("com.docker.compose.version", "1.29.2")]].concat();
    let two = vec![
        labelled('a', "shop-web-1", &older),
        labelled('b', "shop-web-2", &older),
    ];
    let words = words(two, json!({"container": "shop-web-*"})).await;
    assert!(words.contains("&& docker-compose -f"), "{words}");
    assert!(words.contains("--scale web=2 web`"), "{words}");
}

#[tokio::test]
async fn a_service_of_swarm_is_updated_and_what_has_no_owner_is_created_by_hand() {
    let swarm = [("com.docker.swarm.service.name", "shop_web")];
    let told = words(
        vec![labelled('a', "shop_web.1.x", &swarm)],
        json!({"container": "shop_web*"}),
    )
    .await;
    assert_eq!(
        told,
        "`ALLSTAK_API_KEY=\"$(cat FILE)\" docker service update --env-add ALLSTAK_API_KEY shop_web`"
    );
    let told = words(vec![web(&["OTHER=x"])], json!({"container": "web"})).await;
    assert!(told.starts_with("recreate web as it was created"), "{told}");
    assert!(
        !told.contains("swarm") && !told.contains("service"),
        "{told}"
    );
}

#[tokio::test]
async fn a_file_is_mended_where_it_is_mounted_from() {
    let held = |mount: Value| {
        let mut archive = vec![0; 512];
        archive[..3].copy_from_slice(b"key");
        archive[124..135].copy_from_slice(b"00000000001");
        archive[136..147].copy_from_slice(b"00000000000");
        archive[156] = b'0';
        archive.extend_from_slice(b"x");
        archive.resize(2048, 0);
        web(&[])
            .with(|_, inspected| inspected["Mounts"] = json!([mount]))
            .holding(response("200 OK", "", &archive))
    };
    let hop = json!({"container": "web", "file": "/etc/shop/key"});
    let bind = json!({"Type": "bind", "Source": "/srv/keys", "Destination": "/etc/shop"});
    assert_eq!(
        words(vec![held(bind)], hop.clone()).await,
        "write the current key to /srv/keys/key on the engine's machine, without a line break after it, then `docker \
         restart web`"
    );
    let none = json!({"Type": "bind", "Source": "/srv", "Destination": "/srv"});
    let told = words(vec![held(none)], hop).await;
    assert!(told.contains("/etc/shop/key in web"), "{told}");
    assert!(told.contains("what it is created from"), "{told}");
}
