use super::*;

/// What runs while the variable is plain, unless its members say otherwise, and was changed on 20 November.
async fn running(
    members: Value,
    deployed: Value,
    alias_says: Value,
) -> Result<Vec<Reading>, ReadError> {
    let mut plain = json!({"type": "plain", "value": "key"});
    for (name, value) in members.as_object().unwrap() {
        plain[name] = value.clone();
    }
    let server = vercel([
        (LIST, listed(&[variable("a", &plain)])),
        (PROJECT, project(&deployed)),
        (SHARED, json!({"data": []})),
        (ALIAS, alias(&alias_says)),
        (
            "/v13/deployments/dpl_old",
            json!({"id": "dpl_old", "createdAt": milliseconds("2026-10-01T00:00:00Z"), "buildingAt": milliseconds("2026-10-01T00:01:00Z")}),
        ),
    ]);
    all(json!({"stage": "running"}), &server).await
}

#[tokio::test]
async fn a_deployment_from_after_the_last_change_takes_the_variables_verdict() {
    let readings = running(json!({}), json!({}), json!({})).await.unwrap();
    let (fixed_at, why, taken) = hidden(&readings[0]);
    assert_eq!(
        fixed_at.as_deref(),
        Some("2026-11-21T00:00:05Z"),
        "variables are fixed when it is built"
    );
    assert!(why.contains("after the variable was last changed"), "{why}");
    let taken = taken.unwrap();
    assert_eq!(
        (taken.evidence, told(&taken.found)),
        (Evidence::Timestamp, "key".to_owned())
    );
    assert_eq!(readings[0].replica.as_deref(), Some("dpl_latest"));

    let sensitive = running(json!({"type": "sensitive"}), json!({}), json!({}))
        .await
        .unwrap();
    let taken = hidden(&sensitive[0]).2.unwrap();
    assert!(matches!(
        taken.found,
        Found::Hidden {
            fixed_at: Some(_),
            ..
        }
    ));
}

#[tokio::test]
async fn after_a_rollback_the_old_deployment_serves_whatever_is_the_latest() {
    let readings = running(json!({}), json!({}), json!({"deploymentId": "dpl_old"}))
        .await
        .unwrap();
    assert_eq!(readings.len(), 1);
    let (fixed_at, why, taken) = hidden(&readings[0]);
    assert_eq!(fixed_at.as_deref(), Some("2026-10-01T00:01:00Z"));
    assert!(why.contains("deploy again") && taken.is_none(), "{why}");
    assert_eq!(readings[0].replica.as_deref(), Some("dpl_old"));
}

#[tokio::test]
async fn while_a_release_is_rolled_out_both_deployments_are_judged() {
    let rolling = json!({"targets": {"production": {
        "id": "dpl_latest", "createdAt": milliseconds("2026-11-21T00:00:00Z"), "readySubstate": "ROLLING", "alias": ["shop.example.com"],
    }}});
    let readings = running(json!({}), rolling, json!({"deploymentId": "dpl_old"}))
        .await
        .unwrap();
    let replicas: Vec<_> = readings
        .iter()
        .map(|reading| reading.replica.as_deref().unwrap())
        .collect();
    assert_eq!(replicas, ["dpl_old", "dpl_latest"]);
    assert!(hidden(&readings[0]).2.is_none() && hidden(&readings[1]).2.is_some());
}

#[tokio::test]
async fn where_nothing_serves_nothing_is_proven() {
    for (deployed, alias_says, message) in [
        (
            json!({"targets": {}}),
            json!({}),
            "no deployment of shop serves production",
        ),
        (
            json!({"targets": {"production": null}}),
            json!({}),
            "no deployment of shop serves production",
        ),
        (
            json!({}),
            json!({"deploymentId": null}),
            "no deployment of shop serves production",
        ),
        (
            json!({}),
            json!({"redirect": "www.example.com"}),
            "the domain shop.example.com sends everybody to www.example.com",
        ),
        (
            json!({}),
            json!({"projectId": "prj_2"}),
            "the domain shop.example.com belongs to another project",
        ),
    ] {
        let error = running(json!({}), deployed, alias_says)
            .await
            .err()
            .unwrap();
        assert_eq!(
            (error.kind, &*error.message),
            (ErrorKind::NotFound, message)
        );
    }
}

#[tokio::test]
async fn a_deployment_may_have_what_is_set_no_more() {
    let readings = running(json!({"key": "OTHER"}), json!({}), json!({}))
        .await
        .unwrap();
    let (fixed_at, why, taken) = hidden(&readings[0]);
    assert!(fixed_at.is_some() && taken.is_none());
    assert!(why.starts_with("nothing is set any more"), "{why}");

    // What cannot be read now says nothing of the deployment, except by its time.
    let server = vercel([
        (LIST, "403 Forbidden".into()),
        (PROJECT, project(&json!({}))),
        (ALIAS, alias(&json!({}))),
    ]);
    let readings = all(json!({"stage": "running"}), &server).await.unwrap();
    let (fixed_at, _, taken) = hidden(&readings[0]);
    assert!(fixed_at.is_some() && matches!(taken.unwrap().found, Found::Failed(_)));
}
