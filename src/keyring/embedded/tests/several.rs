//! Values that several keys explain.

use super::*;
use crate::keyring::SearchOutcome;

#[test]
fn a_key_that_stands_whole_outweighs_one_that_would_have_to_be_damaged() {
    let old = "correct horse battery";
    let new = format!("{old} 2026");
    let one_more = format!("{old} staple 2026-11");
    for (what, value_of, keys, damage) in [
        (
            "cut off at its end",
            format!("{old} 202"),
            vec![PREVIOUS, CURRENT],
            "surrounded",
        ),
        (
            "a character missing",
            format!("{old} 226"),
            vec![PREVIOUS, CURRENT],
            "surrounded",
        ),
        (
            "another character",
            format!("{old} 2027"),
            vec![PREVIOUS, CURRENT],
            "surrounded",
        ),
        (
            "cut off, of somebody else",
            format!("{old} staple 2026"),
            vec![PREVIOUS, FOREIGN],
            "surrounded",
        ),
        (
            "cut off, of somebody else too",
            format!("{old} stapl"),
            vec![PREVIOUS, FOREIGN],
            "surrounded",
        ),
        (
            "one more character",
            format!("{old}!"),
            vec![PREVIOUS],
            "character-added",
        ),
        (
            "cut off before the other one ends",
            old[..20].to_owned(),
            vec![CURRENT, PREVIOUS, FOREIGN],
            "truncated-end",
        ),
    ] {
        let ring = Keyring::new(
            vec![
                value(CURRENT, &new),
                value(PREVIOUS, old),
                value(FOREIGN, &one_more),
            ],
            &["KEY"],
        );
        let found = ring.explain_value(OWN, value_of.as_bytes()).unwrap();
        assert_eq!((&found.keys, &*names(&found)), (&keys, damage), "{what}");
        let print = Fingerprint::of(value_of.as_bytes());
        let search = ring.search(&[(OWN, print)]);
        match &search.outcomes[..] {
            [SearchOutcome::Explained(told)] => assert_eq!(told.keys, keys, "{what}"),
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[test]
fn a_key_that_is_the_name_of_another_one_is_named_too() {
    let ring = Keyring::new(vec![value(PREVIOUS, OLD), value(FOREIGN, OTHER)], &["KEY"]);
    let found = ring.explain_value(OWN, format!("{OTHER}={OLD}").as_bytes());
    assert_eq!(found.unwrap().keys, [PREVIOUS, FOREIGN]);
}

#[test]
fn an_old_key_outweighs_everything_beside_it_and_all_are_named() {
    for (how, ring) in rings() {
        for (value, keys) in [
            (format!("{NEW},{OLD}"), vec![PREVIOUS, CURRENT]),
            (format!("{OLD},{NEW}"), vec![PREVIOUS, CURRENT]),
            (format!("{OTHER} {NEW}"), vec![FOREIGN, CURRENT]),
            (
                format!("{NEW};{OTHER};{OLD}"),
                vec![PREVIOUS, FOREIGN, CURRENT],
            ),
            (format!("{OLD}={NEW}"), vec![PREVIOUS, CURRENT]),
            (format!("{NEW} # was {OLD}"), vec![PREVIOUS, CURRENT]),
            (format!("{NEW}{OLD}"), vec![PREVIOUS, CURRENT]),
            (format!("{NEW},{STRANGER}"), vec![CURRENT]),
            (
                format!("{NEW} {}", BASE64.encode(format!("{OLD}:").as_bytes())),
                vec![PREVIOUS, CURRENT],
            ),
        ] {
            let found = ring.explain_value(OWN, value.as_bytes()).unwrap();
            assert_eq!(found.keys, keys, "{how}: {value}");
        }
    }
}
