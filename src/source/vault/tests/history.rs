use super::*;
use crate::source::testing::{history, told_versions};

#[tokio::test]
async fn history_is_the_latest_versions_of_the_field() {
    let entry = |number: u64, deleted: &str, destroyed| {
        let created = format!("2026-11-{number:02}T09:00:00Z");
        json!({"created_time": created, "deletion_time": deleted, "destroyed": destroyed})
    };
    let versions = json!({
        "1": entry(1, "", false),
        "2": entry(2, "2026-11-02T10:00:00Z", false),
        "3": entry(3, "", true),
        "9": entry(9, "2999-01-01T00:00:00Z", false),
        "10": entry(10, "", false),
        "11": entry(11, "", false),
    });
    let metadata =
        json!({"data": {"current_version": 11, "oldest_version": 1, "versions": versions}});
    let of = |number: u64, fields: Value| {
        let path: &'static str = Box::leak(format!("{DATA}?version={number}").into_boxed_str());
        (path, 200, version(number.min(9), &fields))
    };
    let server = serving(vec![
        two(),
        (METADATA, 200, metadata.to_string()),
        of(1, json!({"key": "one"})),
        of(9, json!({"key": "nine"})),
        of(10, json!({"other": "w"})),
        of(11, json!({"key": "eleven"})),
    ]);
    let connections = connections(&server, json!({}));
    let settings = json!({"store": "stand", "path": "allstak/checkout", "field": "key"});
    let hop = hop("vault", settings.clone());
    let all = history(&*hop, 10, &connections).await.unwrap();
    let expected = ["one", "absent", "absent", "nine", "absent", "eleven"];
    assert_eq!(told_versions(&all), expected);
    assert_eq!(
        all[3].created_at,
        Some("2026-11-09T09:00:00Z".parse().unwrap())
    );
    assert_eq!(paths(&server).len(), 6, "what is gone is not asked for");

    let latest = history(&*hop, 2, &connections).await.unwrap();
    assert_eq!(told_versions(&latest), ["absent", "eleven"]);

    let mut pinned = settings;
    pinned["version"] = 9.into();
    let pinned = crate::source::testing::hop("vault", pinned);
    let until = history(&*pinned, 1, &connections).await.unwrap();
    assert_eq!(told_versions(&until), ["nine"]);
}

#[tokio::test]
async fn a_history_that_is_denied_says_what_is_needed() {
    let server = serving(vec![two(), (METADATA, 403, DENIED.to_owned())]);
    let settings = json!({"store": "stand", "path": "allstak/checkout", "field": "key"});
    let hop = hop("vault", settings);
    let denied = history(&*hop, 10, &connections(&server, json!({}))).await;
    let error = denied.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert_eq!(
        error.next,
        "give the token's policy `path \"secret/metadata/allstak/checkout\" { capabilities = [\"read\"] }`"
    );
}
