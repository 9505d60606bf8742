//! Several secrets in one call.

use super::*;
use crate::platform::aws::Held;
use crate::platform::{Answer, Request};

async fn ask(names: &[&str], server: &Server) -> Vec<Result<Answer, ReadError>> {
    let call: Vec<_> = names
        .iter()
        .map(|name| {
            let ask = ReadSecret {
                region: None,
                secret: (*name).into(),
            };
            Request::new(Some("stand".into()), ask)
        })
        .collect();
    Request::send(&call, &declared(&store(&server.url("")))).await
}

fn text(answer: &Result<Answer, ReadError>) -> String {
    match answer {
        Ok(answer) => match &**answer.downcast_ref::<Arc<Held>>().unwrap() {
            Held::Value { bytes, .. } => String::from_utf8(bytes.expose().to_vec()).unwrap(),
            Held::Nothing => "nothing".to_owned(),
            Held::NoVersion => "no version".to_owned(),
            Held::Deleted => "deleted".to_owned(),
        },
        Err(error) => format!("{error}"),
    }
}

#[tokio::test]
async fn answers_are_told_apart_whatever_their_order() {
    let server = acting(|action, asked| {
        assert_eq!(action, "batchgetsecretvalue");
        assert_eq!(asked["SecretIdList"].as_array().unwrap().len(), 6);
        answered(&json!({
            "SecretValues": [
                {"ARN": format!("{ARN}b-bbbbbb"), "Name": "b", "SecretString": "of b"},
                {"ARN": format!("{ARN}c-cccccc"), "Name": "c", "SecretString": "of c"},
                {"ARN": format!("{ARN}a-aaaaaa"), "Name": "a", "SecretString": "of a"},
            ],
            "Errors": [
                {"SecretId": "denied", "ErrorCode": "AccessDeniedException", "Message": "no"},
                {"SecretId": "none", "ErrorCode": "ResourceNotFoundException", "Message": "no"},
                {"SecretId": "going", "ErrorCode": "InvalidRequestException", "Message": "it was marked for deletion"},
            ],
        }))
    });
    let (b, c) = (format!("{ARN}b"), format!("{ARN}c-cccccc"));
    let answers = ask(&["a", &b, &c, "denied", "none", "going"], &server).await;
    let texts: Vec<_> = answers.iter().map(text).collect();
    assert_eq!(texts[..3], ["of a", "of b", "of c"]);
    assert!(
        texts[3].starts_with("denied: the secret denied: "),
        "{}",
        texts[3]
    );
    assert_eq!(texts[4..], ["nothing", "deleted"]);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn where_batches_are_denied_each_is_asked_for_alone_from_then_on() {
    let server = acting(|action, asked| match action {
        "batchgetsecretvalue" => refused("400 Bad Request", "AccessDeniedException"),
        _ => answered(&json!({"SecretString": asked["SecretId"]})),
    });
    let connections = declared(&store(&server.url("")));
    for (names, requests) in [(["a", "b"], 3), (["c", "d"], 5)] {
        let call = names.map(|name| {
            let ask = ReadSecret {
                region: None,
                secret: name.into(),
            };
            Request::new(Some("stand".into()), ask)
        });
        let answers = Request::send(&call, &connections).await;
        let texts: Vec<_> = answers.iter().map(text).collect();
        assert_eq!(texts, names);
        assert_eq!(server.requests().len(), requests);
    }
}

#[tokio::test]
async fn one_impossible_name_does_not_take_the_others_down() {
    let server = acting(|action, asked| match (action, asked["SecretId"].as_str()) {
        ("batchgetsecretvalue", _) | (_, Some("b")) => {
            refused("400 Bad Request", "ValidationException")
        }
        _ => answered(&json!({"SecretString": asked["SecretId"]})),
    });
    let answers = ask(&["a", "b"], &server).await;
    assert_eq!(text(&answers[0]), "a");
    assert!(text(&answers[1]).starts_with("protocol: "));
}

#[tokio::test]
async fn what_is_not_answered_is_asked_for_alone() {
    let server = acting(|action, asked| match action {
        "batchgetsecretvalue" => answered(&json!({"SecretValues": [], "Errors": []})),
        _ => answered(&json!({"SecretString": asked["SecretId"]})),
    });
    let answers = ask(&["a", "b"], &server).await;
    assert_eq!([text(&answers[0]), text(&answers[1])], ["a", "b"]);
}

#[tokio::test]
async fn a_throttled_batch_is_not_made_worse() {
    let server = acting(|_, _| refused("400 Bad Request", "ThrottlingException"));
    let answers = ask(&["a", "b"], &server).await;
    for answer in &answers {
        let error = answer.as_ref().err().unwrap();
        assert_eq!(error.retry, Retry::Later);
    }
    assert_eq!(server.requests().len(), 1);
}
