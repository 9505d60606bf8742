use super::*;
use crate::key::Secret;
use crate::keyring::{KeyId, Known};

const KEY: &str = "ask_live_0123456789abcdefghijABCDEFGHIJxy";
const OWN: ProjectId = ProjectId(0);

fn ring(keys: &[&str]) -> Keyring {
    let known = keys
        .iter()
        .zip(0..)
        .map(|(key, project)| {
            Known::by_value(
                KeyId::current(ProjectId(project)),
                Secret::copied(key.as_bytes()),
            )
        })
        .collect();
    Keyring::new(known, &["KEY"])
}

fn cut(text: &str, digits: u8) -> (ProjectId, Fingerprint) {
    let digits = Digits::new(digits).unwrap();
    (OWN, Fingerprint::of(text.as_bytes()).cut(digits))
}

fn outcome(ring: &Keyring, text: &str, digits: u8) -> Outcome {
    let mut search = ring.search(&[cut(text, digits)]);
    search.outcomes.remove(0)
}

fn named(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Explained(found) => {
            let names: Vec<_> = found.damage.iter().map(|damage| damage.name()).collect();
            names.join(" ")
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn a_trailing_newline_is_proven_from_twelve_digits() {
    let ring = ring(&[KEY]);
    for digits in [12, 13, 64] {
        assert_eq!(
            named(&outcome(&ring, &format!("{KEY}\n"), digits)),
            "trailing-newline"
        );
    }
    assert_eq!(outcome(&ring, "something else", 12), Outcome::Unexplained);
    assert_eq!(named(&outcome(&ring, KEY, 8)), "", "exact needs no search");
}

#[test]
fn under_twelve_digits_nothing_is_searched() {
    let form = format!("{KEY}\n");
    assert_eq!(
        outcome(&ring(&[KEY]), &form, 11),
        Outcome::Lengthen(Digits::DEFAULT)
    );
    // Longer ones would not help where no key is known by value.
    assert_eq!(outcome(&ring(&[]), &form, 11), Outcome::Unexplained);
}

#[test]
fn what_could_be_chance_is_not_claimed_and_the_advice_would_do() {
    let ring = ring(&[KEY]);
    let forms: u64 = Tier::ALL
        .into_iter()
        .map(|tier| ring.plan([OWN]).forms(tier))
        .sum();
    // So many fingerprints that 12 digits are enough for the first tiers only.
    let mut wanted: Vec<_> = (0..40_000)
        .map(|index| cut(&format!("stranger {index}"), 12))
        .collect();
    let changed = KEY.replacen('0', "!", 1);
    wanted.push(cut(&format!("{KEY}\n"), 12));
    wanted.push(cut(&changed, 12));
    wanted.push(cut(&changed, 13));
    assert!(forms * 40_000 > 281_474_976);
    let search = ring.search(&wanted);
    let [strangers @ .., newline, short, long] = &search.outcomes[..] else {
        unreachable!()
    };
    let lengthen = Outcome::Lengthen(Digits::new(13).unwrap());
    assert!(strangers.iter().all(|outcome| *outcome == lengthen));
    assert_eq!(named(newline), "trailing-newline");
    assert_eq!(*short, lengthen);
    assert_eq!(named(long), "character-changed");
}

#[test]
fn the_answer_does_not_depend_on_the_number_of_threads() {
    let other = KEY.replace('0', "z");
    let ring = ring(&[KEY, &other, "0123456789abcdef0123456789abcdef", KEY]);
    let wanted = [
        cut(&format!("\"{KEY}\"\n"), 14),
        cut(&KEY[..20], 14),
        cut(&KEY[..21], 14),
        cut(&KEY[20..], 14),
        cut(&KEY.replace("abc", "xbc"), 14),
        cut("stranger", 14),
    ];
    let alone = ring.search_on(1, &Tier::ALL, CHANCE, &wanted);
    for threads in [2, 3, 16] {
        assert_eq!(ring.search_on(threads, &Tier::ALL, CHANCE, &wanted), alone);
    }
    let keys = |outcome: &Outcome| match outcome {
        Outcome::Explained(found) => found.keys.iter().map(|key| key.project.0).collect(),
        _ => Vec::new(),
    };
    let keys: Vec<_> = alone.outcomes.iter().map(keys).collect();
    assert_eq!(
        keys,
        [
            vec![0, 3],
            vec![],
            vec![0, 3],
            vec![0, 1, 3],
            vec![0, 3],
            vec![]
        ]
    );
}

/// Projects that each have a key and a variable of their own.
fn many(projects: u32) -> Keyring {
    let known = (0..projects).map(|project| {
        let key = format!("{project:08}");
        Known::by_value(
            KeyId::current(ProjectId(project)),
            Secret::copied(key.as_bytes()),
        )
    });
    let names: Vec<_> = (0..projects)
        .map(|project| format!("KEY_{project}"))
        .collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    Keyring::new(known.collect(), &names)
}

#[test]
fn forms_grow_with_the_keys_and_not_with_the_names() {
    let forms = |projects| {
        let ring = many(projects);
        let plan = ring.plan((0..projects).map(ProjectId));
        let forms: u64 = Tier::ALL.into_iter().map(|tier| plan.forms(tier)).sum();
        forms / u64::from(projects)
    };
    let few = forms(20);
    assert!(forms(100) < 3 * few && forms(2000) <= 2 * few, "{few}");
}

#[test]
fn everybody_finds_their_key_behind_their_own_name_however_many_ask() {
    let ring = many(150);
    let asking = |project, text: &str| {
        let digits = Digits::new(20).unwrap();
        let print = Fingerprint::of(text.as_bytes()).cut(digits);
        (ProjectId(project), print)
    };
    let mut wanted: Vec<_> = (0..150)
        .map(|project| asking(project, &format!("stranger {project}")))
        .collect();
    for text in [
        "KEY_7=00000007",
        "'export KEY_7=00000007'",
        "KEY_8=00000007",
    ] {
        wanted.push(asking(7, text));
    }
    let found = ring.search(&wanted).outcomes;
    let [.., once, twice, other] = &found[..] else {
        unreachable!()
    };
    assert_eq!(named(once), "variable-prefix");
    assert_eq!(named(twice), "single-quotes variable-prefix");
    assert_eq!(
        named(other),
        "variable-prefix",
        "with one name in it pairs are few"
    );
    // By value every name is recognised.
    for text in ["KEY_8=00000007", "'export KEY_8=00000007'"] {
        let found = ring.explain_value(ProjectId(7), text.as_bytes()).unwrap();
        assert_eq!(found.keys, [KeyId::current(ProjectId(7))]);
    }
}

#[test]
fn an_early_answer_ends_the_search() {
    let ring = ring(&[KEY]);
    let search = ring.search(&[cut(&format!("{KEY}\n"), 12)]);
    assert_eq!(search.forms, ring.plan([OWN]).forms(Tier::Wrapped));
    assert_eq!(ring.search(&[]).forms, 0);
    assert_eq!(ring.search(&[cut(KEY, 12)]).forms, 0);
}

#[test]
fn the_planned_number_of_forms_is_never_exceeded() {
    for len in [1, 7, 8, 9, 41, 512, 513, 5000] {
        let ring = ring(&[&"ask_live-%".repeat(500)[..len]]);
        let planned: u64 = Tier::ALL
            .into_iter()
            .map(|tier| ring.plan([OWN]).forms(tier))
            .sum();
        let made: u64 = ring.form_lengths(OWN).values().sum();
        let searched = ring.search(&[cut("stranger", 64)]).forms;
        assert!(
            made <= planned && made == searched,
            "{len}: {made} {planned} {searched}"
        );
        assert_eq!(made == 0, len < 8);
        assert_eq!(
            ring.plan([OWN]).forms(Tier::Swapped) > 0,
            (8..=512).contains(&len)
        );
    }
}

#[test]
fn buffers_never_move_so_that_nothing_of_a_key_stays_behind() {
    for len in [8, 512, 513, 5000] {
        let ring = ring(&[&"\"%\u{1}".repeat(2000)[..len]]);
        let plan = ring.plan([OWN]);
        let mut workspace = Workspace::new(len, &plan.names);
        for tier in Tier::ALL {
            let mut places = BTreeSet::new();
            for share in plan.shares(tier) {
                share.make(tier, &mut workspace, &mut |form, _| {
                    places.insert(form.bytes().as_ptr());
                });
            }
            assert!(places.len() <= 1);
        }
    }
}

#[test]
fn the_advice_grows_with_what_is_compared() {
    let digits = |forms, fingerprints| digits_for(forms, fingerprints, CHANCE).get();
    assert_eq!(digits(0, 0), 12);
    assert_eq!(digits(281_474_976, 1), 12);
    assert_eq!(digits(281_474_977, 1), 13);
    assert_eq!(digits(80_000, 1_000_000), 15);
    assert_eq!(digits(u64::MAX, usize::MAX), 37);
}
