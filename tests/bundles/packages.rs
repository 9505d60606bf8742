use super::audit;
use super::node::packages;

#[test]
#[ignore = "needs Next and Vite; tests/run has it"]
fn real_code_of_every_kind_leaves_nothing_unread() {
    let hops = [
        "next/dist/compiled",
        "react-dom",
        "vite/dist",
        "caniuse-lite",
    ]
    .map(|name| format!("{{ path: '{}' }}", packages().join(name).display()));
    let ran = audit("KEY", &hops).ends(3);
    for deployment in ran.json()["deployments"].as_array().unwrap() {
        let readings = deployment["hops"][0]["readings"].as_array().unwrap();
        // That there is no token, and nothing else.
        assert_eq!(readings.len(), 1, "{ran}");
        assert_eq!(readings[0]["verdict"], "unverified", "{ran}");
    }
}
