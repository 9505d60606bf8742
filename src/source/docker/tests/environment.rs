use super::*;

#[tokio::test]
async fn the_last_of_a_variable_counts_and_one_without_a_value_takes_it_away() {
    let hop = json!({"container": "web"});
    for (environment, expected) in [
        (&["ALLSTAK_API_KEY=old", "ALLSTAK_API_KEY=new"][..], "new"),
        (&["ALLSTAK_API_KEY=a=b\n"], "a=b\n"),
        (&["ALLSTAK_API_KEY="], ""),
        (&["ALLSTAK_API_KEY=old", "ALLSTAK_API_KEY"], "absent"),
        (
            &[
                "XALLSTAK_API_KEY=x",
                "ALLSTAK_API_KEY_OLD=x",
                "allstak_api_key=x",
            ],
            "absent",
        ),
        (&[], "absent"),
    ] {
        assert_eq!(
            one(web(environment), hop.clone()).await,
            expected,
            "{environment:?}"
        );
    }
    let twice = web(&["ALLSTAK_API_KEY=old", "ALLSTAK_API_KEY=new"]);
    let readings = read_from(&engine(vec![twice]), hop).await.unwrap();
    assert!(
        readings[0]
            .note
            .as_deref()
            .unwrap()
            .contains("the last one counts")
    );
    // As it was created, not as it was started.
    assert_eq!(
        readings[0].started_at,
        "2026-11-20T09:00:00.5Z".parse().ok()
    );
}

#[tokio::test]
async fn absence_proves_nothing_where_the_program_loads_its_key_itself() {
    let hop = json!({"container": "web", "loads": "itself"});
    let told = one(web(&[]), hop.clone()).await;
    assert!(told.starts_with("hidden: the program loads"), "{told}");
    assert_eq!(one(web(&["ALLSTAK_API_KEY=x"]), hop).await, "x");
}

#[tokio::test]
async fn a_secret_that_podman_injects_is_hidden_and_as_old_as_the_last_start() {
    // Podman shows the secret's name, which need not be the variable's.
    for entry in ["allstak=*******", "ALLSTAK_API_KEY=*******"] {
        let server = engine(vec![web(&["PATH=/bin", entry])]);
        let readings = read_from(&server, json!({"container": "web"}))
            .await
            .unwrap();
        let Found::Hidden { fixed_at, why, .. } = &readings[0].found else {
            panic!("{}", told(&readings[0].found))
        };
        assert_eq!(*fixed_at, "2026-11-21T09:00:00Z".parse().ok());
        assert!(why.contains("Podman injects"), "{why}");
    }
}

#[tokio::test]
async fn an_old_engine_tells_enough() {
    let old = web(&[]).with(|listed, inspected| {
        *listed = json!({"Id": listed["Id"], "Names": ["/web"], "Image": "shop"});
        *inspected = json!({
            "Created": "2014-11-20T09:00:00Z", "State": {"Running": true},
            "Config": {"Env": null},
        });
    });
    assert_eq!(one(old, json!({"container": "web"})).await, "absent");
}
