//! Keys that don't fit what bundles are looked through for.

use std::sync::Arc;

use super::*;
use crate::audit::Sought;
use crate::keyring::Format;

/// A bundle of `shop` in which the current key was seen. `shop` and `mail` have these formats, and the first
/// of `shop`'s two previous keys fits its own as told.
fn bundle(formats: [Option<&str>; 2], fits: bool) -> Scene {
    let formats = formats.map(|format| format.map(|text| Arc::new(Format::new(text).unwrap())));
    Scene::new()
        .project("shop")
        .project("mail")
        .deploy("cart", [hop("bundle", [current()])])
        .with(move |audit| {
            let known = audit.projects[0].previous.iter();
            let mut keys: Vec<_> = known.map(|known| known.fingerprint).collect();
            if !fits {
                keys.remove(0);
            }
            let projects = audit.inventory.projects.iter_mut();
            for (project, format) in projects.zip(&formats) {
                project.format.clone_from(format);
            }
            let format = formats[0].clone();
            audit.sought.extend(format.map(|format| Sought {
                format,
                keys,
                assumed: Vec::new(),
            }));
        })
}

const FORMAT: Option<&str> = Some("ask_[a-z]{9}");
const OTHER: Option<&str> = Some("mail_[a-z]{9}");

#[test]
fn a_bundle_is_blind_for_a_key_that_is_not_looked_for() {
    for (name, scene, expected) in [
        ("it fits", bundle([FORMAT, OTHER], true), (0, 0, 0)),
        ("it does not", bundle([FORMAT, OTHER], false), (3, 0, 1)),
    ] {
        assert_eq!(told(&scene.audit(), question(&[])), expected, "{name}");
    }
    let audit = bundle([FORMAT, OTHER], false).audit();
    let asked = question(&[]);
    let answer = asked.ask(&audit);
    let unsought = answer.blind[0].unsought.as_ref().unwrap();
    assert_eq!(unsought.keys, [audit.projects[0].previous[0].fingerprint]);
    assert!(unsought.alone);
    let [message, remedy] = unsought.told(&answer.blind[0].spot);
    assert!(
        message.contains("doesn't fit the format `ask_[a-z]{9}`"),
        "{message}"
    );
    assert!(remedy.contains("--accept 'cart (production)'"), "{remedy}");
}

#[test]
fn each_key_is_asked_for_by_itself() {
    let audit = bundle([FORMAT, OTHER], false).audit();
    for (age, code) in [(0, 3), (1, 0)] {
        let asked = Question {
            key: Some(audit.projects[0].previous[age].fingerprint),
            ..question(&[])
        };
        assert_eq!(asked.ask(&audit).code().code(), code, "{age}");
    }
}

#[test]
fn a_bundle_of_another_project_sees_what_fits_its_own_format() {
    let of_mail = |formats, fits| {
        let scene = bundle(formats, fits).declared(|deployment| deployment.project = ProjectId(1));
        let scene = scene.deploy("cart", [hop("env", [current()])]);
        told(&scene.audit(), question(&[]))
    };
    assert_eq!(of_mail([FORMAT, FORMAT], true), (0, 0, 0));
    assert_eq!(of_mail([FORMAT, OTHER], true), (3, 0, 1));
}

#[test]
fn a_key_that_no_project_has_looks_as_those_it_is_asked_for_with() {
    let stranger = |owners: &'static [ProjectId]| {
        let audit = bundle([FORMAT, OTHER], true).audit();
        let asked = Question {
            owners,
            key: Some(print_of("nobody's")),
            ..question(&[])
        };
        let answer = asked.ask(&audit);
        answer.blind.len()
    };
    assert_eq!(stranger(&[OWN]), 0);
    assert_eq!(stranger(&[ProjectId(1)]), 1);
}

#[test]
fn a_holder_stays_one_and_what_was_unseen_anyway_keeps_its_remedy() {
    let scene = |reading: Outcome| {
        bundle([FORMAT, OTHER], false).with(|audit| {
            let hop = &mut audit.deployments[0].hops[0];
            hop.readings = Box::new([reading]);
        })
    };
    assert_eq!(told(&scene(stale(1)).audit(), question(&[])), (1, 1, 1));
    let audit = scene(failed()).audit();
    let asked = question(&[]);
    let answer = asked.ask(&audit);
    assert!(!answer.blind[0].unsought.as_ref().unwrap().alone);
}

#[test]
fn somebody_may_answer_for_it() {
    let audit = bundle([FORMAT, OTHER], false).audit();
    let accepted = [0, 1].map(|age: usize| Accepted {
        key: audit.projects[0].previous[age].fingerprint,
        deployment: "cart".to_owned(),
        reason: "searched by hand".to_owned(),
        places: None,
    });
    assert_eq!(told(&audit, question(&accepted)), (0, 0, 0));
}

#[test]
fn a_bundle_that_left_its_route_was_not_looked_through_for_it_either() {
    let left = |source: &str, name: &str| Question {
        past: Past {
            places: vec![LastSeen {
                name: Name {
                    project: name.into(),
                    title: "cart".into(),
                },
                inventory: 1,
                is_on_route: true,
                deployment: "cart".to_owned(),
                source: source.to_owned(),
                location: "bundle:gone".to_owned(),
                id: None,
                holds: Some(vec![print_of("other")]),
            }],
            ..Past::default()
        },
        ..question(&[])
    };
    for (source, project, fits, is_left) in [
        ("bundle", "shop", true, false),
        ("bundle", "shop", false, true),
        ("bundle", "mail", true, true),
        ("bundle", "gone", true, true),
        ("env", "shop", false, false),
    ] {
        let audit = bundle([FORMAT, OTHER], fits).audit();
        let asked = left(source, project);
        let answer = asked.ask(&audit);
        assert_eq!(
            answer.left.len(),
            usize::from(is_left),
            "{source} {project}"
        );
    }
}
