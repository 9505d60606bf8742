//! What an API server refuses, and what it is not well enough for.

use std::sync::atomic::AtomicUsize;

use crate::fake::Api;
use crate::objects::{AFTER, from_secret, plain, pod, secret};
use crate::rbac::{Rule, usual};
use crate::scene::Scene;
use crate::{CURRENT, TOKEN, USER};

fn hops(namespace: &str) -> [String; 2] {
    [
        format!(
            "{{ kubernetes_secret: {{ namespace: {namespace}, name: allstak, key: api_key }} }}"
        ),
        format!("{{ kubernetes_pods: {{ namespace: {namespace}, selector: app=api }} }}"),
    ]
}

fn two_namespaces() -> Api {
    ["open", "closed"]
        .into_iter()
        .fold(Api::default().user(TOKEN, USER), |api, namespace| {
            api.with(&secret(namespace, "allstak", "api_key", CURRENT))
                .with(&pod(
                    (namespace, "api-1"),
                    "api",
                    AFTER,
                    vec![plain(CURRENT)],
                ))
        })
}

#[test]
fn a_namespace_that_may_not_be_read_costs_its_own_hops_only() {
    let fake = two_namespaces().allow(usual("open", "allstak")).start();
    let ran = Scene::of(&fake)
        .audit("", &[hops("open"), hops("closed")].concat())
        .ends(3);
    ran.says(0, "current", "value", "")
        .says(1, "current", "value", "")
        .says(2, "unreachable", "none", "denied: ")
        .says(
            2,
            "unreachable",
            "none",
            "a Role in the namespace closed with { apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [allstak] }",
        )
        .says(
            3,
            "unreachable",
            "none",
            "a Role in the namespace closed with { apiGroups: [''], resources: [pods], verbs: [list] }",
        );
    // Nobody asks twice what was refused.
    assert_eq!(fake.asked().len(), 4);
}

#[test]
fn who_may_not_read_a_secret_is_not_told_whether_it_is_there() {
    let fake = two_namespaces()
        .allow([Rule::new(
            "open",
            ("", "secrets"),
            "get",
            &["allstak", "gone"],
        )])
        .start();
    let named = |name: &str| {
        format!("{{ kubernetes_secret: {{ namespace: open, name: {name}, key: api_key }} }}")
    };
    let ran = Scene::of(&fake)
        .audit("", &[named("allstak"), named("gone"), named("other")])
        .ends(1);
    ran.says(0, "current", "value", "")
        .says(1, "missing", "value", "there is no such Secret")
        .says(2, "unreachable", "none", "denied");
}

#[test]
fn pods_whose_secret_may_not_be_read_are_not_fine() {
    let fake = Api::default()
        .user(TOKEN, USER)
        .allow([Rule::new("shop", ("", "pods"), "list", &[])])
        .with(&secret("shop", "allstak", "api_key", CURRENT))
        .with(&pod(
            ("shop", "api-1"),
            "api",
            AFTER,
            vec![from_secret("allstak", "api_key")],
        ))
        .with(&pod(
            ("shop", "old-1"),
            "old",
            crate::objects::BEFORE,
            vec![from_secret("allstak", "api_key")],
        ))
        .start();
    let hop =
        |app: &str| format!("{{ kubernetes_pods: {{ namespace: shop, selector: app={app} }} }}");
    let ran = Scene::of(&fake)
        .audit("", &[hop("api"), hop("old")])
        .ends(1);
    ran.says(0, "unreachable", "none", "resourceNames: [allstak]")
        .says(1, "stale", "timestamp", "");
}

#[test]
fn a_server_that_is_busy_or_not_well_is_asked_again_and_one_list_starts_anew() {
    for (busy, broken) in [(1, 0), (0, 1)] {
        let mut api = two_namespaces();
        api.busy = AtomicUsize::new(busy);
        api.broken = AtomicUsize::new(broken);
        let fake = api.allow(usual("open", "allstak")).start();
        Scene::of(&fake).audit("", &hops("open")[..1]).ends(0);
        assert_eq!(fake.asked().len(), 2, "{busy} {broken}");
    }
    let mut api = two_namespaces();
    api.page = Some(1);
    api.expired = AtomicUsize::new(1);
    let fake = api
        .allow(usual("open", "allstak"))
        .with(&pod(("open", "api-2"), "api", AFTER, vec![plain(CURRENT)]))
        .start();
    let ran = Scene::of(&fake).audit("", &hops("open")[1..]).ends(0);
    assert_eq!(ran.hop(0)["readings"].as_array().unwrap().len(), 2);
    assert_eq!(fake.asked().len(), 4, "{:?}", fake.asked());
}

#[test]
fn labels_that_nothing_has_are_no_success() {
    let fake = two_namespaces().allow(usual("open", "allstak")).start();
    let hop = "{ kubernetes_pods: { namespace: open, selector: app=none } }";
    let ran = Scene::of(&fake).audit("", &[hop]).ends(3);
    ran.says(
        0,
        "unreachable",
        "none",
        "no pod with these labels runs in open",
    );
}
