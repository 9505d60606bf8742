//! The versions of a secret.

use super::super::super::testing::history as past;
use super::*;

/// The versions, told as `time value`.
async fn history(most: usize, versions: Value, pages: bool) -> Vec<String> {
    let server = acting(move |action, asked| match action {
        "listsecretversionids" => {
            assert_eq!(asked["IncludeDeprecated"], true);
            let versions = versions.as_array().unwrap();
            let (page, next) = match (pages, asked["NextToken"].as_str()) {
                (false, _) => (&versions[..], json!("")),
                (true, None) => (&versions[..1], json!("more")),
                (true, Some(_)) => (&versions[1..], Value::Null),
            };
            answered(&json!({"Versions": page, "NextToken": next}))
        }
        "getsecretvalue" => {
            let id = asked["VersionId"].as_str().unwrap();
            match id.split_once('=') {
                Some((_, "denied")) => refused("400 Bad Request", "DecryptionFailure"),
                Some((created, value)) => {
                    let text = json!({"key": value}).to_string();
                    let created: f64 = created.parse().unwrap();
                    answered(&json!({"SecretString": text, "CreatedDate": created}))
                }
                None => answered(&json!({"SecretString": r#"{"other": "x"}"#})),
            }
        }
        other => panic!("{other}"),
    });
    let settings = json!({"store": "stand", "secret": "shop", "field": "key"});
    let hop = hop("aws_secrets_manager", settings);
    let connections = declared(&store(&server.url("")));
    let versions = past(&*hop, most, &connections).await.unwrap();
    let versions = versions.into_iter().map(|version| {
        let created = version.created_at.map_or(-1, |time| time.as_second());
        format!("{created} {}", told(&version.found))
    });
    versions.collect()
}

fn listed(id: &str, created: i64, stages: &[&str]) -> Value {
    json!({"VersionId": id, "CreatedDate": created, "VersionStages": stages})
}

#[tokio::test]
async fn the_history_is_what_was_ever_current() {
    let versions = json!([
        listed("30=three", 30, &["AWSCURRENT"]),
        listed("10=one", 10, &[]),
        listed("40=next", 40, &["AWSPENDING"]),
        listed("20=denied", 20, &["AWSPREVIOUS"]),
        listed("15", 15, &["marked"]),
        listed("50=canary", 50, &["canary"]),
    ]);
    for pages in [false, true] {
        let told = history(10, versions.clone(), pages).await;
        assert_eq!(told.len(), 4, "{told:?}");
        assert_eq!(told[0], "10 one");
        assert_eq!(told[1], "15 absent");
        assert!(told[2].starts_with("20 failed: denied: "), "{}", told[2]);
        assert_eq!(told[3], "30 three");
    }
}

#[tokio::test]
async fn the_history_is_bounded_and_keeps_the_present_one() {
    let versions = json!([
        listed("10=one", 10, &["AWSCURRENT"]),
        listed("20=two", 20, &[]),
        listed("30=three", 30, &[]),
        listed("40=four", 40, &["AWSPREVIOUS"]),
    ]);
    let told = history(2, versions, false).await;
    assert_eq!(told, ["10 one", "40 four"]);
}

#[tokio::test]
async fn a_denied_list_is_an_error_and_a_chosen_version_has_no_history() {
    let server = acting(|_, _| refused("400 Bad Request", "AccessDeniedException"));
    let connections = declared(&store(&server.url("")));
    let current = hop(
        "aws_secrets_manager",
        json!({"store": "stand", "secret": "shop"}),
    );
    let error = past(&*current, 10, &connections).await.err().unwrap();
    assert!(
        error.next.contains("ListSecretVersionIds"),
        "{}",
        error.next
    );
    let settings = json!({"store": "stand", "secret": "shop", "version": "AWSPREVIOUS"});
    let chosen = hop("aws_secrets_manager", settings);
    let known = Known::default();
    let at = At::of(VARIABLE);
    let history = chosen.history(at, 10, &Asking::new(&known, None));
    assert!(history.unwrap().is_none());
}
