//! How much is asked for.

use k8s_openapi::api::apps::v1::Deployment;

use crate::fake::Api;
use crate::objects::{AFTER, from_secret, pod, secret};
use crate::rbac::usual;
use crate::scene::Scene;
use crate::{CURRENT, TOKEN, USER};

#[test]
fn two_thousand_pods_are_one_list_for_each_namespace_and_one_get_for_each_secret() {
    let mut api = Api::default().user(TOKEN, USER).serve::<Deployment>();
    let mut hops = Vec::new();
    let mut expected = Vec::new();
    for index in 0..50 {
        let namespace = format!("team-{index:02}");
        api = api.allow(usual(&namespace, "allstak"));
        api = api.with(&secret(&namespace, "allstak", "api_key", CURRENT));
        for pods in 0..40 {
            let app = if pods < 20 { "api" } else { "web" };
            let name = format!("{app}-{pods:02}");
            let env = vec![from_secret("allstak", "api_key")];
            api = api.with(&pod((&namespace, &name), app, AFTER, env));
        }
        for app in ["api", "web"] {
            hops.push(format!(
                "{{ kubernetes_secret: {{ namespace: {namespace}, name: allstak, key: api_key }} }}, \
                 {{ kubernetes_pods: {{ namespace: {namespace}, selector: 'app={app}' }} }}"
            ));
        }
        expected.push(format!("/api/v1/namespaces/{namespace}/pods?limit=500"));
        expected.push(format!("/api/v1/namespaces/{namespace}/secrets/allstak"));
    }
    expected.sort();
    let fake = api.start();
    // What only time speaks for is shown, and not counted as proven.
    let ran = Scene::of(&fake).audit("", &hops).ends(3);
    assert_eq!(fake.asked(), expected);
    let mut pods = 0;
    for deployment in 0..hops.len() {
        ran.says(
            deployment,
            "current",
            "timestamp",
            "unchanged since before it started",
        );
        pods += ran.hop(deployment)["readings"].as_array().unwrap().len();
    }
    assert_eq!(pods, 2000);
}

#[test]
fn a_namespace_of_many_pages_is_still_one_list() {
    let mut api = Api::default();
    api.page = Some(7);
    api = api.user(TOKEN, USER).allow(usual("shop", "allstak"));
    api = api.with(&secret("shop", "allstak", "api_key", CURRENT));
    for index in 0..20 {
        let env = vec![from_secret("allstak", "api_key")];
        api = api.with(&pod(
            ("shop", &format!("api-{index:02}")),
            "api",
            AFTER,
            env,
        ));
    }
    let fake = api.start();
    let hop = "{ kubernetes_pods: { namespace: shop, selector: app=api } }";
    let ran = Scene::of(&fake).audit("", &[hop, hop]).ends(3);
    assert_eq!(ran.hop(1)["readings"].as_array().unwrap().len(), 20);
    assert_eq!(
        fake.asked(),
        [
            "/api/v1/namespaces/shop/pods?limit=500",
            "/api/v1/namespaces/shop/pods?limit=500&continue=from%3D14",
            "/api/v1/namespaces/shop/pods?limit=500&continue=from%3D7",
            "/api/v1/namespaces/shop/secrets/allstak",
        ]
    );
}
