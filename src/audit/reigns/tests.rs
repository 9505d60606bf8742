//! What becomes of the reigns, one row a story.
//!
//! `A@5` is an audit, begun in minute 5, whose sound reference was the key A; `A@5.59` began 59 seconds
//! later, and `A/8@5` shows 8 digits. `h` has the key confirmed by its store,
//! `s3` has the store tell minute 3, `d3` declares it, and `A=3..9` declares of the previous key A that
//! it came in minute 3 and died in minute 9.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::key::Digits;

fn minute(text: &str) -> Timestamp {
    let (minutes, seconds) = text.split_once('.').unwrap_or((text, "0"));
    let [minutes, seconds] = [minutes, seconds].map(|number| number.parse::<i64>().unwrap());
    Timestamp::from_second(1_789_999_980 + minutes * 60 + seconds).unwrap()
}

fn key(name: &str) -> Fingerprint {
    let (name, digits) = name.split_once('/').unwrap_or((name, "12"));
    let digits = Digits::new(digits.parse().unwrap()).unwrap();
    Fingerprint::of(name.as_bytes()).cut(digits)
}

fn owner() -> Owner {
    Owner {
        project: "checkout".into(),
        environment: None,
    }
}

fn sighting(text: &str) -> Sighting {
    let mut words = text.split(',');
    let (name, at) = words.next().unwrap().split_once('@').unwrap();
    let mut seen = Sighting {
        owner: owner(),
        fingerprint: key(name),
        at: minute(at),
        declared: None,
        stored: None,
        history: false,
        previous: Vec::new(),
    };
    for word in words {
        if let Some((name, times)) = word.split_once('=') {
            let (from, to) = times.split_once("..").unwrap();
            let time = |text: &str| (!text.is_empty()).then(|| minute(text));
            seen.previous.push(Dated {
                fingerprint: key(name),
                rotated_at: time(from),
                revoked_at: time(to),
            });
            continue;
        }
        match word.split_at(1) {
            ("h", _) => seen.history = true,
            ("s", at) => {
                seen.history = true;
                seen.stored = Some(minute(at));
            }
            ("d", at) => seen.declared = Some(minute(at)),
            _ => panic!("{word}"),
        }
    }
    seen
}

fn after(story: &[Sighting]) -> Vec<Reign> {
    story.iter().fold(Vec::new(), advance)
}

/// `A 0-5 first` and what else is known.
fn told(reign: &Reign) -> String {
    let since = |time: Timestamp| {
        let seconds = time.as_second() - 1_789_999_980;
        match (seconds.div_euclid(60), seconds.rem_euclid(60)) {
            (minutes, 0) => minutes.to_string(),
            (minutes, seconds) => format!("{minutes}.{seconds}"),
        }
    };
    let mut names = ["A", "B", "C", "D"].into_iter();
    let name = names.find(|name| key(name).agrees(&reign.fingerprint));
    let mut text = name.unwrap().to_owned();
    if reign.fingerprint.digits() != Digits::DEFAULT {
        text += &format!("/{}", reign.fingerprint.digits().get());
    }
    let how = reign.confirmed.map_or("suspected", Confirmation::name);
    let (first, last) = (since(reign.first_seen), since(reign.last_seen));
    text += &format!(" {first}-{last} {how}");
    for (word, time) in [("since", reign.rotated_at), ("dead", reign.revoked_at)] {
        if let Some(time) = time {
            text += &format!(" {word} {}", since(time));
        }
    }
    text
}

#[rustfmt::skip]
const CASES: &[(&str, &str, &[&str])] = &[
    // What it shows                      what audits saw                          what is known then
    ("the first audit",                   "A@0",                                   &["A 0-0 first"]),
    ("nothing has changed",               "A@0 A@5 A@60",                          &["A 0-60 first"]),
    ("the first key is declared",         "A@5,d0",                                &["A 5-5 first since 0"]),
    ("the first key is dated later on",   "A@5 A@9,s3",                            &["A 5-9 first since 3"]),
    ("it changed",                        "A@0 B@5",                               &["A 0-0 first", "B 5-5 suspected"]),
    ("it stands for long",                "A@0 B@5 B@15 B@600",                    &["A 0-0 first", "B 5-600 suspected"]),
    ("declared at once",                  "A@0 B@5,d3",                            &["A 0-0 first", "B 5-5 declared since 3"]),
    ("declared later on",                 "A@0 B@5 B@6,d3",                        &["A 0-0 first", "B 5-6 declared since 3"]),
    ("declared after it was seen",        "A@0 B@5 B@30,d20",                      &["A 0-0 first", "B 5-30 declared since 20"]),
    ("told by the store",                 "A@0 B@5,s4",                            &["A 0-0 first", "B 5-5 history since 4"]),
    ("told without a time",               "A@0 B@5,h",                             &["A 0-0 first", "B 5-5 history"]),
    ("told by the store later on",        "A@0 B@5 B@6,s4",                        &["A 0-0 first", "B 5-6 history since 4"]),
    ("declared goes before the store",    "A@0 B@5,s4,d3",                         &["A 0-0 first", "B 5-5 declared since 3"]),
    ("declared to come",                  "A@0 B@5,d9",                            &["A 0-0 first", "B 5-5 suspected"]),
    ("declared to come, and it came",     "A@0 B@5,d9 B@10,d9",                    &["A 0-0 first", "B 5-10 declared since 9"]),
    ("declared a minute ahead",           "A@0 B@5,d6",                            &["A 0-0 first", "B 5-5 declared since 6"]),
    ("rounded down to the minute",        "A@0 A@5.50 B@9,d5",                     &["A 0-5.50 first", "B 9-9 declared since 5"]),
    ("rounded down to the second",        "A@5.59 B@9,d4.59",                      &["A 5.59-5.59 first", "B 9-9 declared since 4.59"]),
    ("within skew and precision",         "A@0 A@6.59 B@9,d5",                     &["A 0-6.59 first", "B 9-9 declared since 5"]),
    ("the former was there well after",   "A@0 A@7.1 B@9,d5",                      &["A 0-7.1 first", "B 9-9 suspected"]),
    ("well after an exact second",        "A@0 A@6.32 B@9,d5.30",                  &["A 0-6.32 first", "B 9-9 suspected"]),
    ("declared before the former came",   "A@4 B@5,d3",                            &["A 4-4 first", "B 5-5 declared since 3"]),
    ("well before the former came",       "A@40 B@50,d3",                          &["A 40-40 first", "B 50-50 suspected"]),
    ("the former one's declared time",    "A@5,d4 B@9,d4",                         &["A 5-5 first since 4", "B 9-9 suspected"]),
    ("an earlier one's declared time",    "A@5,d4 B@6,h C@7,d4",                   &["A 5-5 first since 4", "B 6-6 history", "C 7-7 suspected"]),
    ("declared before it is deployed",    "A@2 A@10,d9 B@11,d9",                   &["A 2-10 first", "B 11-11 declared since 9"]),
    ("a person's word needs no time",     "A@0 B@5 B@9,d90",                       &["A 0-0 first", "B 5-9 suspected"]),
    ("a misread",                         "A@0 B@5 A@6",                           &["A 0-6 first"]),
    ("a misread that stood for long",     "A@0 B@5 B@600 A@601",                   &["A 0-601 first"]),
    ("one misread after another",         "A@0 B@5 C@6",                           &["A 0-0 first", "C 6-6 suspected"]),
    ("misreads, and then a rotation",     "A@0 B@5 C@6 C@16,h",                    &["A 0-0 first", "C 6-16 history"]),
    ("flapping",                          "A@0 B@1 A@2 B@3 A@4 B@20 A@21",         &["A 0-21 first"]),
    ("flapping, B last",                  "A@0 B@1 A@2 B@3 A@14 B@20",             &["A 0-14 first", "B 20-20 suspected"]),
    ("rotated twice",                     "A@0 B@5,s4 C@9,s8",                     &["A 0-0 first", "B 5-5 history since 4", "C 9-9 history since 8"]),
    ("back to an earlier key",            "A@0 B@5,h A@9 A@600",                   &["A 0-0 first", "B 5-5 history", "A 9-600 suspected"]),
    ("back, whatever its store tells",    "A@0 B@5,h A@9,s8 A@10,h",               &["A 0-0 first", "B 5-5 history", "A 9-10 suspected"]),
    ("back, as declared",                 "A@0 B@5,h A@9,d8",                      &["A 0-0 first", "B 5-5 history", "A 9-9 declared"]),
    ("back keeps no time",                "A@0,d0 B@5,d4 A@90,d89 A@91,d89",       &["A 0-0 first since 0", "B 5-5 declared since 4", "A 90-91 declared"]),
    ("its own old time is no word",       "A@4,d4 B@5,h A@6,d4",                   &["A 4-4 first since 4", "B 5-5 history", "A 6-6 suspected"]),
    ("a return that is undone",           "A@0 B@5,h A@9 B@12",                    &["A 0-0 first", "B 5-12 history"]),
    ("a return, and then a rotation",     "A@0 B@5,h A@9 C@12,h",                  &["A 0-0 first", "B 5-5 history", "C 12-12 history"]),
    ("a misread after a return",          "A@0 B@5,h A@9 C@10 A@11",               &["A 0-0 first", "B 5-5 history", "A 11-11 suspected"]),
    ("a return out of a misread",         "A@0 B@5,h C@9 A@10",                    &["A 0-0 first", "B 5-5 history", "A 10-10 suspected"]),
    ("finished late, saw the former",     "A@0 B@5 A@3",                           &["A 0-3 first", "B 5-5 suspected"]),
    ("finished late, saw nothing new",    "A@5 A@3",                               &["A 3-5 first"]),
    ("finished late, saw another",        "A@5 B@3",                               &["A 5-5 first"]),
    ("begun between two that agree",      "A@0 A@9 B@5",                           &["A 0-9 first"]),
    ("between two, and declared",         "A@0 A@9 B@5,d4",                        &["A 0-9 first"]),
    ("the former between two that agree", "A@0 B@5 B@20,h A@9",                    &["A 0-0 first", "B 5-20 history"]),
    ("told late decides nothing",         "A@0 B@5 C@30 B@20,h",                   &["A 0-0 first", "C 30-30 suspected"]),
    ("more digits are kept",              "A/8@0 A/12@5 A/8@6",                    &["A 0-6 first"]),
    ("fewer digits are the same key",     "A/16@0 A/8@5",                          &["A/16 0-5 first"]),
    ("rotated with fewer digits",         "A/16@0 B/8@5,h B/12@6",                 &["A/16 0-0 first", "B 5-6 history"]),
    ("a previous key's times",            "A@5 B@9,h,A=3..9",                      &["A 5-5 first since 3 dead 9", "B 9-9 history"]),
    ("a previous key died later",         "A@0 B@5,h B@9,A=..8",                   &["A 0-0 first dead 8", "B 5-9 history"]),
    ("the time that it told itself",      "A@5 B@9,h,A=5..",                       &["A 5-5 first", "B 9-9 history"]),
    ("what is known of it stays",         "A@5,d4 B@9,h,A=3..9 B@10",              &["A 5-5 first since 4 dead 9", "B 9-10 history"]),
    ("a previous key nobody saw",         "A@5,C=3..4",                            &["A 5-5 first"]),
    ("it died in all of its reigns",      "A@0 B@5,h A@60,d60 C@90,h,A=0..90",     &["A 0-0 first dead 90", "B 5-5 history", "A 60-60 declared dead 90", "C 90-90 history"]),
];

#[test]
fn every_rule_holds() {
    for (name, story, expected) in CASES {
        let story: Vec<_> = story.split(' ').map(sighting).collect();
        let reigns: Vec<_> = after(&story).iter().map(told).collect();
        assert_eq!(reigns, *expected, "{name}");
    }
}

#[rustfmt::skip]
const FOREIGN: &[(&str, &str, &str, bool)] = &[
    // What it shows              what one saw             what the other saw       whether B is the other's
    ("a key nobody knows",        "A@0",                   "C@0",                   false),
    ("the other's, just now",     "A@0",                   "B@0",                   true),
    ("the other's, suspected",    "A@0 B@5",               "B@0",                   true),
    ("the other's former one",    "A@0",                   "B@0 C@5,h",             true),
    ("it may be the other's",     "A@0",                   "C@0 B@5",               false),
    ("the other followed",        "A@0 B@5",               "C@0 B@9,h",             false),
    ("both at once",              "A@0 B@5",               "C@0 B@5,h",             false),
    ("they had one together",     "A@0",                   "A@0 B@5,h",             false),
    ("it is settled",             "A@0 B@5,h",             "B@0",                   false),
    ("a rollback",                "B@0 A@5,h",             "B@0",                   false),
    ("nothing is known of one",   "",                      "B@0",                   false),
];

#[test]
fn a_key_of_somebody_else_is_known_as_such() {
    let story = |text: &str| {
        let words: Vec<_> = text.split_whitespace().map(sighting).collect();
        after(&words)
    };
    let other = Owner {
        environment: Some("staging".into()),
        ..owner()
    };
    for (name, mine, theirs, expected) in FOREIGN {
        let reigns = [(owner(), story(mine)), (other.clone(), story(theirs))];
        let foreign = is_foreign(&reigns.into(), &owner(), &key("B"));
        assert_eq!(foreign, *expected, "{name}");
    }
}

/// Audits as they come: most in order, some finished late.
fn stories() -> impl Strategy<Value = Vec<Sighting>> {
    let one = (
        0..4_usize,
        -3..900_i64,
        prop::option::weighted(0.1, -900..60_i64),
        prop::bool::weighted(0.1),
    );
    vec(one, 1..40).prop_map(|steps| {
        let mut now = minute("0");
        let step = |(name, seconds, declared, history): (usize, i64, Option<i64>, bool)| {
            now += SignedDuration::from_secs(if seconds < 0 { seconds * 200 } else { seconds });
            Sighting {
                history,
                declared: declared.map(|before| now + SignedDuration::from_secs(before)),
                ..sighting(&format!("{}@0", ["A", "B", "C", "A"][name]))
            }
            .begun(now)
        };
        steps.into_iter().map(step).collect()
    })
}

impl Sighting {
    fn begun(self, at: Timestamp) -> Self {
        Self { at, ..self }
    }
}

proptest! {
    #[test]
    fn only_the_last_reign_may_be_unconfirmed(story in stories()) {
        let reigns = after(&story);
        let (_, former) = reigns.split_last().unwrap();
        prop_assert!(former.iter().all(|reign| reign.confirmed.is_some()));
        prop_assert_eq!(reigns[0].confirmed, Some(Confirmation::First));
    }

    #[test]
    fn reigns_follow_each_other(story in stories()) {
        let reigns = after(&story);
        prop_assert!(reigns.iter().all(|reign| reign.first_seen <= reign.last_seen));
        for pair in reigns.windows(2) {
            prop_assert!(pair[0].last_seen <= pair[1].first_seen);
            prop_assert!(!pair[0].fingerprint.agrees(&pair[1].fingerprint));
        }
    }

    #[test]
    fn the_same_audit_twice_changes_nothing(story in stories()) {
        let once = after(&story);
        let twice = advance(once.clone(), story.last().unwrap());
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn nothing_but_a_word_or_a_store_makes_a_rotation(story in stories()) {
        for reign in after(&story) {
            let mut seen = story.iter().filter(|seen| seen.fingerprint.agrees(&reign.fingerprint));
            let told = seen.any(|seen| seen.history || seen.declared.is_some());
            let is_first = reign.confirmed == Some(Confirmation::First);
            prop_assert!(reign.confirmed.is_none() || is_first || told);
        }
    }

    #[test]
    fn a_key_never_comes_back_for_sure_by_its_store(story in stories()) {
        let reigns = after(&story);
        for (index, reign) in reigns.iter().enumerate() {
            let came_before = reigns[..index].iter().any(|other| other.is_of(&reign.fingerprint));
            prop_assert!(!came_before || reign.confirmed != Some(Confirmation::History));
        }
    }

    #[test]
    fn what_nobody_confirms_leaves_the_first_key_in_its_place(story in stories()) {
        let unconfirmed = |seen: Sighting| Sighting { history: false, declared: None, ..seen };
        let story: Vec<_> = story.into_iter().map(unconfirmed).collect();
        let reigns = after(&story);
        prop_assert!(reigns.len() <= 2);
        prop_assert!(reigns[0].fingerprint.agrees(&story[0].fingerprint));
        prop_assert!(reigns[1..].iter().all(|reign| reign.confirmed.is_none()));
    }
}

#[test]
fn a_key_that_went_before_it_was_sure_is_known_as_such() {
    for (name, story, gone) in [
        ("nothing went", "A@0 B@5", None),
        ("it was sure", "A@0 B@5,h C@9", None),
        ("it was a misread", "A@0 B@5 A@6", Some("B")),
        ("another one came", "A@0 B@5 C@6,h", Some("B")),
        ("an undone return", "A@0 B@5,h A@6 B@7", None),
        ("a late audit", "A@0 B@5 A@3", None),
    ] {
        let story: Vec<_> = story.split(' ').map(sighting).collect();
        let (last, earlier) = story.split_last().unwrap();
        let before = after(earlier);
        let reigns = advance(before.clone(), last);
        let found = unsettled(&before, &reigns).map(|reign| reign.fingerprint);
        assert_eq!(found, gone.map(key), "{name}");
    }
}
