use super::*;
use crate::gate::testing::{
    Judged, Scene, current, failed, foreign, hop, missing, no_reference, revoked, stale, timed,
};
use crate::judge::{Soundness, TimeProof};
use crate::verdict::Evidence;

const LATER: &str = "2026-12-31T23:59:59Z";

fn vault(outcome: crate::judge::Outcome) -> Judged {
    hop("vault", [outcome])
        .location("vault:secret/shop#key")
        .remedy("write the current key to vault:secret/shop#key")
}

/// Verdict, number of deployments, remedy and whether it applies likewise elsewhere.
fn told(audit: &Audit) -> Vec<(Verdict, usize, String, bool)> {
    groups(audit, |_| true)
        .iter()
        .map(|group| {
            let remedy = &group.remedy;
            (
                group.subject.verdict(),
                group.deployments().len(),
                remedy.text.clone(),
                remedy.likewise,
            )
        })
        .collect()
}

#[test]
fn one_broken_store_is_one_group_whatever_hangs_on_it() {
    let mut scene = Scene::new().project("shop");
    for name in ["cart", "mail", "web"] {
        let process = hop("process", [stale(0)]).inherited();
        scene = scene.deploy(name, [vault(stale(0)), process]);
    }
    let audit = scene.audit();
    let groups = groups(&audit, |_| true);
    let [group] = &groups[..] else {
        panic!("one group")
    };
    assert_eq!(group.owner.as_deref(), Some("payments"));
    assert_eq!((group.cases.len(), group.cases[0].places.len()), (1, 1));
    assert_eq!(group.cases[0].places[0].deployments, [0, 1, 2]);
    assert!(!group.remedy.likewise);
    let [("process", then)] = &group.then[..] else {
        panic!("one step afterwards")
    };
    assert_eq!(then.text, "restart it: systemctl restart cart.service");
    assert!(then.likewise, "each has its own service to restart");
}

#[test]
fn what_is_current_already_is_not_restarted() {
    let mut scene = Scene::new().project("shop");
    for (name, process) in [
        ("cart", hop("process", [stale(0)]).inherited()),
        ("mail", hop("process", [current()])),
        ("web", hop("process", [stale(0)]).inherited()),
    ] {
        scene = scene.deploy(name, [vault(stale(0)), process]);
    }
    let audit = scene.audit();
    let groups = groups(&audit, |_| true);
    let (_, then) = &groups[0].then[0];
    assert_eq!((then.likewise, &then.deployments[..]), (true, &[0, 2][..]));
}

#[test]
fn what_runs_and_what_was_built_are_two_steps_afterwards() {
    let follows = |id| hop(id, [stale(0)]).inherited();
    let audit = Scene::new()
        .project("shop")
        .deploy(
            "web",
            [vault(stale(0)), follows("process"), follows("bundle")],
        )
        .audit();
    let groups = groups(&audit, |_| true);
    let then: Vec<_> = groups[0].then.iter().map(|(source, _)| *source).collect();
    assert_eq!(then, ["process", "bundle"]);
}

#[test]
fn the_same_work_at_many_places_is_told_once_but_not_across_owners_or_kinds() {
    let audit = Scene::new()
        .project("shop")
        .deploy("cart", [hop("dotenv", [stale(0)])])
        .deploy("mail", [hop("dotenv", [stale(0)])])
        .deploy("web", [hop("dotenv", [stale(0)])])
        .declared(|deployment| deployment.owner = Some("web".into()))
        .deploy("api", [hop("env", [stale(0)])])
        .deploy("old", [hop("dotenv", [missing()])])
        .audit();
    let remedy = |place: &str| format!("write the current key to {place}");
    let or_correct = "; or correct the hop if it names the wrong place";
    let or_correct = remedy("dotenv:old") + or_correct;
    assert_eq!(
        told(&audit),
        [
            (Verdict::Stale, 2, remedy("dotenv:cart"), true),
            (Verdict::Stale, 1, remedy("dotenv:web"), false),
            (Verdict::Stale, 1, remedy("env:api"), false),
            (Verdict::Missing, 1, or_correct, false),
        ]
    );
}

#[test]
fn references_come_first_then_the_worst_then_the_unseen_and_the_waived_last() {
    let audit = Scene::new()
        .project("shop")
        .project("mail")
        .reference("mail", Verdict::Missing, Soundness::Absent)
        .unread_reference("shop")
        .deploy(
            "waived",
            [hop("process", [revoked()]).waived(&[Verdict::Revoked], LATER)],
        )
        .deploy("unproven", [hop("process", [timed(TimeProof::NoTime)])])
        .deploy("unread", [hop("process", [failed()])])
        .deploy("foreign", [hop("process", [foreign(1)])])
        .deploy("revoked", [hop("process", [revoked()])])
        .deploy("waiting", [hop("process", [no_reference()])])
        .audit();
    let subjects: Vec<_> = groups(&audit, |_| true)
        .iter()
        .map(|group| (group.subject, group.waiver.is_some()))
        .collect();
    let reference = |id, verdict| Subject::Reference(ProjectId(id), verdict);
    assert_eq!(
        subjects,
        [
            (reference(1, Verdict::Missing), false),
            (Subject::Hops(Verdict::Revoked), false),
            (Subject::Hops(Verdict::WrongProject), false),
            (reference(0, Verdict::Unreachable), false),
            (Subject::Hops(Verdict::Unreachable), false),
            (Subject::Hops(Verdict::Unverified), false),
            (Subject::Hops(Verdict::Revoked), true),
        ]
    );
}

#[test]
fn what_does_not_count_makes_no_group() {
    let claim = || current().on(Evidence::Attested);
    let quiet = [
        Scene::new().deploy("cart", [hop("env", [current()])]),
        Scene::new().deploy(
            "cart",
            [
                hop("env", [timed(TimeProof::NoTime)]),
                hop("process", [current()]),
            ],
        ),
        Scene::new().deploy(
            "cart",
            [hop("http", [claim()]), hop("process", [current()])],
        ),
    ];
    for scene in quiet {
        assert!(groups(&scene.project("shop").audit(), |_| true).is_empty());
    }
    let unproven = Scene::new()
        .project("shop")
        .deploy("cart", [hop("http", [claim()])])
        .audit();
    assert_eq!(told(&unproven)[0].0, Verdict::Unverified);
}

#[test]
fn what_inherits_a_waived_fault_without_a_waiver_is_told_by_itself() {
    let route = |second: Judged| {
        let first = hop("dotenv", [stale(0)]).waived(&[Verdict::Stale], LATER);
        Scene::new()
            .project("shop")
            .deploy("cart", [first, second.inherited()])
            .audit()
    };
    let bare = route(hop("process", [stale(0)]));
    let waivers: Vec<_> = groups(&bare, |_| true)
        .iter()
        .map(|group| group.waiver.is_some())
        .collect();
    assert_eq!(waivers, [false, true]);
    let covered = route(hop("process", [stale(0)]).waived(&[Verdict::Stale], LATER));
    assert_eq!(groups(&covered, |_| true).len(), 1);
}
