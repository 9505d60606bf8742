use super::*;

/// What is to be done where this is answered.
async fn remedy(routes: Vec<Route>, more: Value) -> String {
    let server = serving(routes);
    let reading = read(&connections(&server, json!({})), more).await.unwrap();
    reading.mend.unwrap().words.unwrap().into()
}

/// The mount, as OpenBao tells of it.
fn openbao() -> Route {
    let data = json!({
        "type": "kv", "options": {"version": "2"}, "running_plugin_version": "v2.7.2+builtin.bao",
    });
    (MOUNT, 200, json!({"data": data}).to_string())
}

#[tokio::test]
async fn the_command_is_for_what_was_seen() {
    let stale = || (DATA, 200, version(3, &json!({"key": "v", "other": "w"})));
    let file = "=@FILE`, from a file without a trailing newline";
    let alone = "; it writes this field alone, so name the others that are needed beside it";
    for (routes, more, expected) in [
        (
            vec![two(), stale()],
            json!({}),
            format!(
                "write the current key with `vault kv patch -method=rw -mount=secret allstak/checkout key{file}"
            ),
        ),
        (
            vec![openbao(), stale()],
            json!({"namespace": "team/a/"}),
            format!(
                "write the current key with `bao kv patch -method=rw -namespace=team/a -mount=secret \
                 allstak/checkout key{file}"
            ),
        ),
        (
            vec![two(), stale()],
            json!({"namespace": ""}),
            format!(
                "write the current key with `vault kv patch -method=rw -namespace= -mount=secret \
                 allstak/checkout key{file}"
            ),
        ),
        (
            vec![two()],
            json!({}),
            format!(
                "write the current key with `vault kv put -cas=0 -mount=secret allstak/checkout key{file}"
            ),
        ),
        (
            vec![two(), (DATA, 404, gone(4, "2026-11-03T10:00:00Z", false))],
            json!({}),
            format!(
                "write the current key with `vault kv put -cas=4 -mount=secret allstak/checkout key{file}{alone}"
            ),
        ),
    ] {
        assert_eq!(remedy(routes, more).await, expected);
    }
}

#[tokio::test]
async fn where_a_command_would_do_something_else_it_is_words() {
    let stale = || {
        (
            DATA,
            200,
            version(3, &json!({"key": "v", "a=b": "w", "@c": "w"})),
        )
    };
    let one = |fields: Value| {
        let body = json!({"data": fields}).to_string();
        vec![
            mounted("kv", None),
            ("/v1/secret/allstak/checkout", 200, body),
        ]
    };
    let alone = remedy(one(json!({"key": "v"})), json!({})).await;
    assert!(
        alone.contains("`vault kv put -mount=secret allstak/checkout key=@FILE`"),
        "{alone}"
    );
    for (routes, more) in [
        (one(json!({"key": "v", "other": "w"})), json!({})),
        (vec![two(), stale()], json!({"field": "a=b"})),
        (vec![two(), stale()], json!({"field": "@c"})),
        (vec![two()], json!({"path": "-allstak"})),
        (vec![two()], json!({"field": "a\u{202e}b"})),
    ] {
        let words = remedy(routes, more.clone()).await;
        assert!(
            words.starts_with("write the current key as "),
            "{more}: {words}"
        );
        assert!(!words.contains("@FILE"), "{more}: {words}");
    }
    let at = "/v1/secret/data/allstak/checkout?version=3";
    let pinned = vec![two(), (at, 200, version(3, &json!({"key": "v"})))];
    let words = remedy(pinned, json!({"version": 3})).await;
    assert!(
        words.starts_with("no write changes version 3: leave `version` out"),
        "{words}"
    );
}
