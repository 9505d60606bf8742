mod forms;

use std::sync::Arc;

use super::*;
use crate::key::Secret;
use crate::keyring::{Format, KeyId, Known};

const OWN: ProjectId = ProjectId(0);
const OLD: &str = "ask_live_Zq81LpT04vNw7yXbR2cK";
const NEW: &str = "ask_live_m5DfG9hJ3kQs6tUw8xYz";

fn ring(format: Option<&str>) -> Keyring {
    let format = format.map(|format| Arc::new(Format::new(format).unwrap()));
    let mut ring = Keyring::default().with_formats([format.as_ref()]);
    let new = Secret::copied(NEW.as_bytes());
    ring.add(Known::by_value(KeyId::current(OWN), new));
    ring
}

fn with_old(mut ring: Keyring, by_value: bool) -> Keyring {
    let id = KeyId::previous(OWN, 0);
    ring.add(match by_value {
        true => Known::by_value(id, Secret::copied(OLD.as_bytes())),
        false => Known::by_fingerprint(id, Fingerprint::of(OLD.as_bytes())),
    });
    ring
}

fn found(ring: &Keyring, around: &Around) -> Vec<(KeyId, Option<Way>)> {
    let found = ring.explain_around(OWN, around);
    found
        .map(|seen| (seen.explanation.keys[0], seen.way.cloned()))
        .collect()
}

#[test]
fn a_key_is_found_with_what_leads_to_it_known_by_value_or_not_and_with_a_format_or_none() {
    let json = format!(r#"{{"allstak": {{"key": "{OLD}"}}, "n": 1}}"#);
    let env = format!("PORT=80\nALLSTAK_KEY=\"{OLD}\"\nOTHER=1\n");
    let comment = format!("A=b\n# was {OLD} until May\n");
    for (text, way) in [
        (json, Some(Way::Json("/allstak/key".into()))),
        (env, Some(Way::Dotenv("ALLSTAK_KEY".into()))),
        (comment, None),
    ] {
        for format in [None, Some("ask_live_[A-Za-z0-9]{20}")] {
            for by_value in [true, false] {
                let ring = with_old(ring(format), by_value);
                let around = ring.look_around(text.as_bytes(), false);
                let expected = vec![(KeyId::previous(OWN, 0), way.clone())];
                assert_eq!(
                    found(&ring, &around),
                    expected,
                    "{text} {format:?} {by_value}"
                );
            }
        }
    }
}

#[test]
fn a_key_that_is_learned_later_is_found_too() {
    let text = format!("A=b\nALLSTAK_KEY={OLD}\n");
    for format in [None, Some("ask_live_[A-Za-z0-9]{20}")] {
        let ring = ring(format);
        let around = ring.look_around(text.as_bytes(), true);
        assert_eq!(found(&ring, &around), []);
        let learned = with_old(ring, false);
        let expected = vec![(KeyId::previous(OWN, 0), None)];
        assert_eq!(found(&learned, &around), expected, "{format:?}");
    }
}

#[test]
fn what_is_encoded_twice_or_wrapped_is_looked_at_where_that_is_wanted() {
    let encoded = |text: &[u8]| data_encoding::BASE64.encode(text);
    let once = encoded(OLD.as_bytes());
    let twice = encoded(once.as_bytes());
    let wrapped = format!("{}\\\n{}", &OLD[..15], &OLD[15..]);
    let ring = with_old(ring(None), true);
    for (form, quickly) in [(once, true), (twice, false), (wrapped, false)] {
        let text = format!("A=b\nK={form}\n");
        let is_found = |thorough| {
            let around = ring.look_around(text.as_bytes(), thorough);
            !found(&ring, &around).is_empty()
        };
        assert_eq!(is_found(false), quickly, "{text}");
        assert!(is_found(true), "{text}");
    }
}

#[test]
fn copies_of_a_key_are_told_from_the_one_that_is_meant() {
    let ring = with_old(ring(None), true);
    let encoded = data_encoding::BASE64.encode(OLD.as_bytes());
    for (text, once) in [
        (format!("A=b\nK={OLD}\nX=y\n"), true),
        (format!("A=b\nK={encoded}\n"), true),
        (format!("A=b\nK={OLD}\n# {OLD}\n"), false),
        (format!("A=b\nK={OLD}\nB={encoded}\n"), false),
        (format!("A=https://{OLD}@host\nK=\"{OLD}\"\n"), false),
    ] {
        for thorough in [false, true] {
            let around = ring.look_around(text.as_bytes(), thorough);
            let seen: Vec<_> = ring.explain_around(OWN, &around).collect();
            assert_eq!(seen.len(), 1, "{text}");
            assert_eq!(seen[0].once, once, "{text} {thorough}");
        }
    }
}

#[test]
fn a_text_with_nothing_but_the_key_that_is_taken_has_nothing_around_it() {
    let ring = with_old(ring(Some("ask_live_[A-Za-z0-9]{20}")), true);
    let around = |text: &str| ring.look_around(text.as_bytes(), false);
    let own = Fingerprint::of(NEW.as_bytes());
    let alone = around(&format!("PORT=8080\nALLSTAK_API_KEY={NEW}\n"));
    assert!(alone.is_only(Some(&own)) && !alone.is_only(None));
    let both = around(&format!("A={OLD}\nALLSTAK_API_KEY={NEW}\n"));
    assert!(!both.is_only(Some(&own)));
}

#[test]
fn whoever_has_the_only_key_needs_no_more_and_anybody_else_is_told_where_it_stands() {
    let ring = with_old(ring(None), true);
    let [old, new] = [OLD, NEW].map(|key| Fingerprint::of(key.as_bytes()));
    let of = |own, text: &str| ring.look_around_for(own, text.as_bytes(), false);
    let one = format!("PORT=80\nKEY={NEW}\n");
    let around = of(Some(&new), &one);
    assert!(around.is_only(Some(&new)) && around.answers(Some(&new)));
    assert!(!around.is_only(None) && !around.answers(None));
    assert!(!around.is_only(Some(&old)) && !around.answers(Some(&old)));
    let whole = vec![(KeyId::current(OWN), Some(Way::Dotenv("KEY".into())))];
    for own in [None, Some(&old)] {
        let around = of(own, &one);
        assert_eq!(found(&ring, &around), whole);
        assert!(around.answers(None) && around.answers(Some(&new)));
        assert!(around.is_only(Some(&new)) && !around.is_only(own));
    }
    let both = of(Some(&new), &format!("{one}OLD_KEY={OLD}\n"));
    assert!(both.answers(None) && !both.is_only(Some(&new)));
    assert_eq!(found(&ring, &both).len(), 2);
    let none = of(Some(&new), "PORT=80\n");
    assert!(none.answers(None) && none.is_only(None) && none.is_only(Some(&old)));
}
