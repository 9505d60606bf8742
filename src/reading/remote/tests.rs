use super::*;

const VARIABLE: &str = "ALLSTAK_API_KEY";

fn understood(text: &str, yields: Option<Yields>) -> Result<Reading, ReadError> {
    understand(Secret::copied(text.as_bytes()), yields, VARIABLE)
}

fn refused(text: &str, yields: Option<Yields>) -> String {
    match understood(text, yields) {
        Ok(_) => panic!("it is believed: {text}"),
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::BadData, "{text}");
            assert!(!error.next.is_empty());
            error.message.into_owned()
        }
    }
}

#[test]
fn recognises_a_reading_a_fingerprint_and_else_a_value() {
    let json = r#"{"schema":"straggler.reading/v1","fingerprint":"sha256:ba7816bf8f01","length":3,
                   "variable":"ALLSTAK_API_KEY","replica":"host-1/42","started_at":"2026-11-20T09:00:00Z"}"#;
    let reading = understood(json, None).ok().unwrap();
    assert_eq!(reading.replica.as_deref(), Some("host-1/42"));
    assert!(reading.started_at.is_some());
    assert!(matches!(
        reading.found,
        Found::Fingerprint {
            length: Some(3),
            attested: false,
            ..
        }
    ));

    let reading = understood(" sha256:ba7816bf8f01\n", None).ok().unwrap();
    assert!(matches!(reading.found, Found::Fingerprint { .. }));

    for other in [
        r#"{"schema":"other"}"#,
        r#"{"schema":["straggler.reading/v1"]}"#,
        r#"{"kind":"straggler.reading/v1"}"#,
        "\"schema\"",
        "ask_live_x",
    ] {
        let reading = understood(other, None).ok().unwrap();
        assert!(matches!(reading.found, Found::Value(_)), "{other}");
    }
}

#[test]
fn absent_is_an_answer_and_silence_is_not() {
    for absent in [
        r#"{"schema":"straggler.reading/v1","absent":true}"#,
        r#"{"schema":"straggler.reading/v1","absent":true,"length":0,"fingerprint":null}"#,
    ] {
        assert!(matches!(
            understood(absent, None).ok().unwrap().found,
            Found::Absent
        ));
    }
    let neither = r#"{"schema":"straggler.reading/v1"}"#;
    assert!(refused(neither, None).contains("neither a fingerprint nor `absent`"));
}

#[test]
fn a_promise_is_kept_or_the_reading_failed() {
    refused("ask_live_x", Some(Yields::Fingerprint));
    refused("ask_live_x", Some(Yields::Reading));
    let value = understood("sha256:ba7816bf8f01", Some(Yields::Value))
        .ok()
        .unwrap();
    assert!(matches!(value.found, Found::Value(_)));
    let reading = r#"{"schema":"straggler.reading/v1","absent":true}"#;
    assert!(refused(reading, Some(Yields::Value)).contains("not the key"));
    assert!(refused(reading, Some(Yields::Fingerprint)).contains("no bare fingerprint"));
}

#[test]
fn a_reading_that_contradicts_itself_is_not_believed() {
    let nothing = Fingerprint::of(b"");
    for (members, why) in [
        (
            r#""absent":true,"fingerprint":"sha256:ba7816bf8f01""#.to_owned(),
            "`absent`, and a fingerprint",
        ),
        (
            r#""absent":true,"length":41"#.to_owned(),
            "`absent`, and a length",
        ),
        (
            r#""fingerprint":"sha256:ba7816bf8f01","length":0"#.to_owned(),
            "no length, and the fingerprint of something",
        ),
        (
            format!(r#""fingerprint":"{nothing}","length":41"#),
            "a length, and the fingerprint of nothing",
        ),
        (
            r#""fingerprint":"sha256:ba7816bf8f01","variable":"SECRET_NAME""#.to_owned(),
            "of another variable than ALLSTAK_API_KEY",
        ),
        (
            r#""absent":true,"variable":"allstak_api_key""#.to_owned(),
            "of another variable than ALLSTAK_API_KEY",
        ),
        (
            r#""fingerprint":"sha256:nothing""#.to_owned(),
            "a broken fingerprint",
        ),
        (
            r#""absent":true,"beside":["SECRET_NAME"]"#.to_owned(),
            "a broken fingerprint",
        ),
        (
            r#""fingerprint":"sha256:ba7816bf8f01","beside":["sha256:ba7816bf"]"#.to_owned(),
            "fingerprints of several lengths",
        ),
        (
            r#""absent":true,"beside":["sha256:ba7816bf8f01","sha256:ba7816bf"]"#.to_owned(),
            "fingerprints of several lengths",
        ),
        (
            r#""absent":true,"beside_cut":true"#.to_owned(),
            "`beside_cut`, and no `beside`",
        ),
        (
            r#""absent":true,"beside":"sha256:ba7816bf8f01""#.to_owned(),
            "not as straggler.reading/v1 wants it",
        ),
    ] {
        let text = format!(r#"{{"schema":"straggler.reading/v1",{members}}}"#);
        for yields in [None, Some(Yields::Reading)] {
            let message = refused(&text, yields);
            assert!(message.contains(why), "{text}: {message}");
            assert!(
                !message.contains("SECRET_NAME") && !message.contains("ba7816"),
                "{message}"
            );
        }
    }
    // What is empty is told without contradiction.
    let empty =
        format!(r#"{{"schema":"straggler.reading/v1","fingerprint":"{nothing}","length":0}}"#);
    assert!(understood(&empty, None).is_ok());
}

#[test]
fn what_stands_beside_it_is_taken_over_and_silence_about_it_told() {
    let of = |members: &str| {
        let text = format!(r#"{{"schema":"straggler.reading/v1",{members}}}"#);
        let reading = understood(&text, None).ok().unwrap();
        let whole = reading.whole.map(|whole| whole.expose().to_vec());
        let whole = whole.map(|whole| String::from_utf8(whole).unwrap());
        (whole.unwrap_or_default(), reading.unsearched)
    };
    let own = r#""fingerprint":"sha256:ba7816bf8f01""#;
    let some = r#""beside":["sha256:0123456789ab","sha256:ba7816bf8f02"]"#;
    let lines = "sha256:0123456789ab\nsha256:ba7816bf8f02\n";
    for (members, whole, unsearched) in [
        (own.to_owned(), "", Some(Unsearched::Untold)),
        (r#""absent":true"#.to_owned(), "", Some(Unsearched::Untold)),
        (r#""absent":true,"beside":[]"#.to_owned(), "", None),
        // A place that has a variable has room for more, and words are told by a rule.
        (
            r#""absent":true,"beside":[],"variable":"ALLSTAK_API_KEY""#.to_owned(),
            "",
            Some(Unsearched::ByRule),
        ),
        (format!("{own},{some}"), lines, Some(Unsearched::ByRule)),
        (
            format!("{own},{some},\"beside_cut\":true"),
            lines,
            Some(Unsearched::Cut),
        ),
        // What nobody here knows a meaning for may hold a key, or the fingerprint of one.
        (
            format!("{own},\"other\":\"ask_live_0\""),
            "{\"schema\":\"straggler.reading/v1\",\"fingerprint\":\"\",\"other\":\"ask_live_0\"}",
            Some(Unsearched::Untold),
        ),
        (
            "\"absent\":true,\"replica\":\"ask_live_0\"".to_owned(),
            "{\"schema\":\"straggler.reading/v1\",\"absent\":true,\"replica\":\"ask_live_0\"}",
            Some(Unsearched::Untold),
        ),
    ] {
        assert_eq!(of(&members), (whole.to_owned(), unsearched), "{members}");
    }
}

#[test]
fn what_says_that_it_is_straggler_s_is_never_taken_for_the_key() {
    for (text, why) in [
        (
            r#"{"schema":"straggler.reading/v2","key":"x"}"#,
            "straggler.reading/v2 came back, and only straggler.reading/v1 is understood",
        ),
        (
            r#"{"schema":"straggler.report/v1","deployments":[]}"#,
            "straggler.report/v1 came back",
        ),
        (
            r#"{"schema":"straggler.\u001b[31mX","key":"x"}"#,
            "a document of another kind came back",
        ),
        (
            r#"{"schema":"straggler.reading\/v2"}"#,
            "straggler.reading/v2 came back",
        ),
        (
            r#"{"s\u0063hema":"straggler.reading/v2"}"#,
            "straggler.reading/v2 came back",
        ),
        (
            "\u{feff}{\"schema\": \"straggler.reading/v2\"}",
            "straggler.reading/v2 came back",
        ),
        (
            r#"{"schema":"straggler.reading/v1","fingerprint":"sha256:ba7816bf8f01","fingerprint":"sha256:aa"}"#,
            "has a member twice",
        ),
        (
            r#"{"schema":"straggler.reading/v1","absent":true,"absent":false}"#,
            "has a member twice",
        ),
        (
            r#"{"schema":"other","schema":"straggler.reading/v1","absent":true}"#,
            "has a member twice",
        ),
        (
            r#"{"schema":"straggler.reading/v1","x":1,"x":1,"absent":true}"#,
            "has a member twice",
        ),
        (
            r#"{"schema":"straggler.reading/v1","absent":"true"}"#,
            "is not as straggler.reading/v1 wants it",
        ),
        (
            r#"{"schema":"straggler.reading/v1","fingerprint":7}"#,
            "is not as straggler.reading/v1 wants it",
        ),
        (
            r#"{"schema":"straggler.reading/v1","fingerprint":"sha256:ba7816bf8f01","length":"3"}"#,
            "is not as",
        ),
        (
            r#"{"schema":"straggler.reading/v1","fingerprint":"sha256:ba7816bf8f01","length":-3}"#,
            "is not as",
        ),
        (
            r#"{"schema":"straggler.reading/v1","fingerprint":"sha256:ba7816bf8f01","started_at":"soon"}"#,
            "is not as",
        ),
        (
            r#"{"schema":"straggler.reading/v1","fingerprint":"sha2"#,
            "is broken",
        ),
        (
            "Welcome!\n{\"schema\":\"straggler.reading/v1\",\"absent\":true}",
            "is broken",
        ),
        (
            "{\"schema\":\"straggler.reading/v1\",\"absent\":true}\n{\"schema\":\"straggler.reading/v1\",\"absent\":true}",
            "is broken",
        ),
        (
            r#"[{"schema":"straggler.reading/v1","absent":true}]"#,
            "of another shape than one reading",
        ),
        (
            r#"{"data":{"schema":"straggler.reading/v1","absent":true}}"#,
            "a document of another kind",
        ),
    ] {
        for yields in [
            None,
            Some(Yields::Reading),
            Some(Yields::Value),
            Some(Yields::Fingerprint),
        ] {
            let message = refused(text, yields);
            if matches!(yields, None | Some(Yields::Reading)) {
                assert!(message.contains(why), "{text}: {message}");
            }
        }
    }
    let marked = "\u{feff}{\"schema\":\"straggler.reading/v1\",\"absent\":true}\n";
    assert!(matches!(
        understood(marked, None).ok().unwrap().found,
        Found::Absent
    ));
}
