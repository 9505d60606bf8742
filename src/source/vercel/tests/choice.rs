use super::*;

#[tokio::test]
async fn a_branch_comes_before_all_previews_and_the_rest_is_told() {
    let plain = |id: &str, value: &str, members: Value| {
        let mut variable = variable(
            id,
            &json!({"type": "plain", "value": value, "target": ["preview", "development"]}),
        );
        for (name, value) in members.as_object().unwrap() {
            variable[name] = value.clone();
        }
        variable
    };
    let server = vercel([(
        LIST,
        listed(&[
            plain("a", "of production", json!({"target": "production"})),
            plain("b", "of next", json!({"gitBranch": "next"})),
            plain(
                "c",
                "of all previews",
                json!({"updatedAt": milliseconds("2026-11-22T00:00:00Z")}),
            ),
            plain("d", "of another name", json!({"key": "OTHER"})),
        ]),
    )]);
    for (settings, value, note) in [
        (json!({}), "of production", None),
        (
            json!({"target": "preview", "branch": "next"}),
            "of next",
            Some("a newer one for all previews, changed 2026-11-22"),
        ),
        (
            json!({"target": "preview", "branch": "main"}),
            "of all previews",
            None,
        ),
        (
            json!({"target": "preview"}),
            "of all previews",
            Some("the branch next has one of its own"),
        ),
        (
            json!({"target": "development"}),
            "of all previews",
            Some("the branch next"),
        ),
        (
            json!({"name": "OTHER", "target": "preview"}),
            "of another name",
            None,
        ),
    ] {
        let read = reading(settings.clone(), &server).await.unwrap();
        assert_eq!(told(&read.found), value, "{settings}");
        match note {
            Some(note) => assert!(read.note.unwrap().contains(note), "{settings}"),
            None => assert_eq!(read.note, None, "{settings}"),
        }
    }
}

#[tokio::test]
async fn two_of_the_same_rank_are_both_judged() {
    let plain = |id: &str, value: &str| variable(id, &json!({"type": "plain", "value": value}));
    let server = vercel([(LIST, listed(&[plain("a", "one"), plain("b", "other")]))]);
    let readings = all(json!({}), &server).await.unwrap();
    let told: Vec<_> = readings
        .iter()
        .map(|reading| (reading.replica.as_deref().unwrap(), told(&reading.found)))
        .collect();
    assert_eq!(told, [("a", "one".to_owned()), ("b", "other".to_owned())]);
}

#[tokio::test]
async fn a_custom_environment_is_looked_up_by_its_name() {
    let of = |id: &str, value: &str| {
        variable(
            value,
            &json!({"type": "plain", "value": value, "target": [], "customEnvironmentIds": [id]}),
        )
    };
    let server = vercel([
        (
            LIST,
            listed(&[of("env_2", "of qa"), of("env_1", "of staging")]),
        ),
        (PROJECT, project(&json!({}))),
    ]);
    let read = reading(json!({"target": "staging"}), &server)
        .await
        .unwrap();
    assert_eq!(told(&read.found), "of staging");
    assert!(server.requests().iter().any(|head| {
        head.starts_with("get /v10/projects/shop/env?customenvironmentslug=staging&teamid=team_1 ")
    }));

    let error = reading(json!({"target": "stagign"}), &server)
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(
        error.next.ends_with("development, staging, qa"),
        "{}",
        error.next
    );
}

#[tokio::test]
async fn what_the_team_shares_counts_where_the_project_has_none() {
    let shared = |members: &Value| json!({"data": [variable("s", members)], "pagination": {"count": 1, "next": null, "prev": null}});
    let pages = |shared: Value| {
        [
            (
                LIST,
                listed(&[variable("a", &json!({"target": ["preview"]}))]),
            ),
            (PROJECT, project(&json!({}))),
            (SHARED, shared),
            (
                "/v1/env/s",
                variable("s", &json!({"decrypted": true, "value": "shared"})),
            ),
        ]
    };
    let server = vercel(pages(shared(&json!({}))));
    let read = reading(json!({}), &server).await.unwrap();
    assert_eq!(told(&read.found), "shared");
    assert_eq!(
        read.note.as_deref(),
        Some("the team shares it with the project")
    );
    assert!(
        server
            .requests()
            .iter()
            .any(|head| head.starts_with("get /v1/env?projectid=prj_1&teamid=team_1 "))
    );

    let server = vercel(pages(shared(&json!({"target": ["development"]}))));
    assert_eq!(
        told(&reading(json!({}), &server).await.unwrap().found),
        "absent"
    );
    let server = vercel(pages(shared(
        &json!({"target": [], "applyToAllCustomEnvironments": true}),
    )));
    assert_eq!(
        told(
            &reading(json!({"target": "qa"}), &server)
                .await
                .unwrap()
                .found
        ),
        "shared"
    );

    // Nobody knows then what the team would have shared.
    let server = vercel(pages("403 Forbidden".into()));
    let error = reading(json!({}), &server).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Denied);

    // A person has nobody to share with.
    let server = vercel([
        (LIST, listed(&[])),
        (PROJECT, project(&json!({"accountId": "a1B2"}))),
    ]);
    assert_eq!(
        told(&reading(json!({}), &server).await.unwrap().found),
        "absent"
    );
}
