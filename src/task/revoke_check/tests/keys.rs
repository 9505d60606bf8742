//! Which keys are in question, which of them live, and of which nobody can tell.

use super::*;
use crate::audit::Owner;
use crate::judge::{ProjectOutcome, Warning};

#[test]
fn a_reference_that_changed_back_is_a_doubt_however_long_ago() {
    for returned in [false, true] {
        let audit = Scene::new()
            .project("shop")
            .deploy("cart", [hop("env", [current()])])
            .with(|audit| {
                let former = audit.projects[0].previous[0].fingerprint;
                audit.projects[0].rotation = RotationBasis::Suspected;
                audit.projects[0].last_sure = Some(former);
                audit.warnings.push(Warning::ReferenceChanged {
                    project: OWN,
                    former,
                    last_seen: at("2026-01-01T00:00:00Z"),
                    returned,
                    declared: None,
                });
            })
            .audit();
        let question = question(&[]);
        let answer = question.ask(&audit);
        assert_eq!(answer.code(), ExitCode::Incomplete);
        let [[message, remedy]] = answer.doubts.as_slice() else {
            panic!("{:?}", answer.doubts);
        };
        assert_eq!(message.contains("changed back to an earlier key"), returned);
        assert!(
            remedy.contains("`straggler history confirm shop`"),
            "{remedy}"
        );
        // It may be the live one still.
        assert_eq!(answer.alive[0].life, Life::LastSure);
        assert!(!answer.alive[0].is_sure);
    }
}

#[test]
fn a_key_is_alive_wherever_somebody_needs_it() {
    let with = |change: &dyn Fn(&mut ProjectOutcome, Fingerprint)| {
        Scene::new()
            .project("shop")
            .project("mail")
            .deploy("cart", [hop("env", [current()])])
            .with(|audit| {
                let old = audit.projects[0].previous[0].fingerprint;
                change(&mut audit.projects[1], old);
            })
            .audit()
    };
    let lost = |outcome: &mut ProjectOutcome| {
        outcome.current = None;
        outcome.held = None;
        outcome.reference = Soundness::Absent;
    };
    for (name, change, life, code) in [
        (
            "current",
            &(|outcome: &mut ProjectOutcome, old| outcome.current = Some(old))
                as &dyn Fn(&mut ProjectOutcome, Fingerprint),
            Life::Current,
            1,
        ),
        (
            "next",
            &|outcome, old| outcome.next = Some(old),
            Life::Next,
            1,
        ),
        (
            "held by an unsound reference",
            &|outcome, old| {
                lost(outcome);
                outcome.reference = Soundness::Foreign(key(0));
                outcome.held = Some(old);
            },
            Life::Held,
            1,
        ),
        (
            "the last that was sure of an empty reference",
            &|outcome, old| {
                lost(outcome);
                outcome.last_sure = Some(old);
            },
            Life::LastSure,
            1,
        ),
        (
            "the last that was sure of one that changed",
            &|outcome, old| {
                outcome.rotation = RotationBasis::Suspected;
                outcome.last_sure = Some(old);
            },
            Life::LastSure,
            3,
        ),
    ] {
        let audit = with(change);
        let old = audit.projects[0].previous[0].fingerprint;
        for key in [None, Some(old)] {
            let asked = Question {
                key,
                ..question(&[])
            };
            let answer = asked.ask(&audit);
            let lives: Vec<_> = answer.alive.iter().map(|alive| alive.life).collect();
            assert_eq!(lives, [life], "{name}");
            assert_eq!(answer.code().code(), code, "{name}");
        }
    }
}

#[test]
fn a_named_key_that_nobody_knows_is_looked_for_as_it_stands() {
    let nobody = print_of("nobody's");
    let asked = || Question {
        key: Some(nobody),
        ..question(&[])
    };
    let scene = |reading: Outcome| {
        let scene = Scene::new().project("shop");
        scene.deploy("cart", [hop("env", [reading])]).audit()
    };
    let audit = scene(current());
    let asked_once = asked();
    let answer = asked_once.ask(&audit);
    assert_eq!(answer.code(), ExitCode::Incomplete);
    assert!(answer.doubts[0][0].contains("no key with this fingerprint is known"));
    assert_eq!((answer.keys.len(), answer.unknown), (0, Some(nobody)));
    let mut held = unknown();
    held.fingerprint = Some(nobody);
    assert_eq!(told(&scene(held), asked()), (1, 1, 0));
    // Past audits saw it, be it of a project that is no more.
    let remembered = Remembered {
        others: vec![(
            Owner {
                project: "gone".into(),
                environment: None,
            },
            nobody,
        )],
        ..Remembered::default()
    };
    let known = Question {
        remembered: &remembered,
        ..asked()
    };
    assert_eq!(told(&audit, known), (0, 0, 0));
}

#[test]
fn keys_that_were_never_sure_are_no_answer_by_themselves() {
    let scene = |unsettled: [bool; 2]| {
        Scene::new()
            .project("shop")
            .deploy("cart", [hop("env", [current()])])
            .with(|audit| {
                for (known, unsettled) in audit.projects[0].previous.iter_mut().zip(unsettled) {
                    known.unsettled = unsettled;
                }
            })
            .audit()
    };
    assert_eq!(told(&scene([false, true]), question(&[])), (0, 0, 0));
    let none_sure = scene([true, true]);
    assert_eq!(told(&none_sure, question(&[])), (3, 0, 0));
    let named = Question {
        key: Some(none_sure.projects[0].previous[0].fingerprint),
        ..question(&[])
    };
    assert_eq!(told(&none_sure, named), (0, 0, 0));
}

#[test]
fn a_key_that_could_not_be_read_may_be_the_one_in_question() {
    let scene = || {
        let scene = Scene::new().project("shop").project("mail");
        scene.deploy("cart", [hop("env", [current()])])
    };
    assert_eq!(told(&scene().audit(), question(&[])).0, 0);
    let reference = scene().unread_reference("mail").audit();
    assert_eq!(told(&reference, question(&[])).0, 3);
    let next = scene()
        .with(|audit| {
            let Why::Failed(error) = failed().why else {
                unreachable!()
            };
            let key = KeyId::next(ProjectId(1));
            audit.warnings.push(Warning::KeyUnread { key, error });
        })
        .audit();
    assert_eq!(told(&next, question(&[])).0, 3);
}

#[test]
fn who_holds_a_key_that_only_an_unsound_reference_has_is_named() {
    let mut reading = damaged(foreign(1));
    reading.fingerprint = Some(print_of("the key and what stands around it"));
    let before = print_of("the key before it");
    let audit = Scene::new()
        .project("shop")
        .project("mail")
        .deploy("cart", [hop("env", [reading])])
        .with(|audit| {
            let mail = &mut audit.projects[1];
            mail.reference = Soundness::Foreign(key(0));
            mail.current = None;
            mail.last_sure = Some(before);
        })
        .audit();
    let asked = |key| Question {
        key,
        ..question(&[])
    };
    assert_eq!(told(&audit, asked(audit.projects[1].held)), (1, 1, 0));
    // It does not hold the last key that was sure.
    assert_eq!(told(&audit, asked(Some(before))), (1, 0, 0));
}

/// Another reference or next key is an old key in something, or encoded.
#[test]
fn a_key_is_alive_in_whatever_form_somebody_reads_it() {
    for (role, life) in [(Role::Current, Life::Held), (Role::Next, Life::Next)] {
        let audit = Scene::new()
            .project("shop")
            .project("mail")
            .deploy("cart", [hop("env", [current()])])
            .with(|audit| audit.projects[1].within = vec![(role, key(0)), (role, key(0))])
            .audit();
        let question = question(&[]);
        let answer = question.ask(&audit);
        let lives: Vec<_> = answer.alive.iter().map(|alive| alive.life).collect();
        assert_eq!(lives, [life]);
        assert_eq!(answer.alive[0].project, ProjectId(1));
        assert_eq!(answer.code(), ExitCode::Drift);
    }
}

#[test]
fn a_key_of_another_environment_asks_which_is_wrong() {
    let audit = Scene::new()
        .project("shop")
        .project("shop/staging")
        .deploy("cart", [hop("env", [foreign(1)])])
        .audit();
    let question = Question {
        key: audit.projects[1].current,
        ..question(&[])
    };
    let answer = question.ask(&audit);
    let [holder] = answer.holders.as_slice() else {
        panic!("nobody holds it")
    };
    let way = way_out(&holder.spot, holder.readings[0]);
    assert!(
        way.starts_with("first see which of the two is wrong"),
        "{way}"
    );
}

#[test]
fn what_stands_for_a_key_in_another_reference_may_be_the_one_in_question() {
    let placeholders = [
        Placeholder::Resolvable(Resolver::OnePassword),
        Placeholder::Encrypted(Cipher::Sops),
        Placeholder::Masked,
        Placeholder::Reference,
        Placeholder::FillIn,
        Placeholder::Empty,
        Placeholder::Nothing,
    ];
    let shows_nothing = placeholders.len() - 3;
    let reference = |nth: usize| match placeholders.get(nth) {
        Some(placeholder) => Soundness::Placeholder(*placeholder),
        None => Soundness::Absent,
    };
    for nth in 0..=placeholders.len() {
        // Where nothing is, the last sure key of past audits is it.
        for last_sure in [None, Some(print_of("mail's"))] {
            let told = if nth >= shows_nothing && last_sure.is_some() {
                0
            } else {
                3
            };
            let scene = Scene::new().project("shop").project("mail");
            let scene = scene.deploy("cart", [hop("env", [current()])]);
            let scene = scene.reference("mail", Verdict::Missing, reference(nth));
            let audit = scene.with(|audit| audit.projects[1].last_sure = last_sure);
            let audit = audit.audit();
            let question = question(&[]);
            let answer = question.ask(&audit);
            assert_eq!(answer.code().code(), told, "{nth}");
            assert_eq!(answer.doubts.len(), usize::from(told == 3));
        }
    }
}

#[test]
fn only_keys_that_may_live_are_in_question() {
    let scene = |deaths: [Option<&str>; 2], reading: Outcome| {
        Scene::new()
            .project("shop")
            .deploy("cart", [hop("env", [reading])])
            .with(|audit| {
                for (known, death) in audit.projects[0].previous.iter_mut().zip(deaths) {
                    known.revoked_at = death.map(at);
                }
            })
            .audit()
    };
    let accepted = [];
    let one_dead = [None, Some("2026-08-02T00:00:00Z")];
    let audit = scene(one_dead, stale(1));
    let every = question(&accepted);
    let answer = every.ask(&audit);
    assert_eq!((answer.keys.clone(), answer.dead), (vec![key(0)], false));
    assert_eq!(answer.code(), ExitCode::Success);

    // Named, a dead one is looked for as well.
    let fingerprint = audit.projects[0].previous[1].fingerprint;
    let asked = Question {
        key: Some(fingerprint),
        ..question(&accepted)
    };
    let answer = asked.ask(&audit);
    assert_eq!((answer.keys.clone(), answer.dead), (vec![key(1)], true));
    assert_eq!(answer.code(), ExitCode::Drift);

    // Of two dead ones, whoever holds one is told.
    let all_dead = [Some("2026-11-21T00:00:00Z"), Some("2026-08-02T00:00:00Z")];
    let audit = scene(all_dead, revoked());
    let every = question(&accepted);
    let answer = every.ask(&audit);
    assert_eq!((answer.keys.len(), answer.dead), (2, true));
    assert_eq!(answer.code(), ExitCode::Drift);
    assert_eq!(told(&scene(all_dead, current()), question(&accepted)).0, 0);
}
