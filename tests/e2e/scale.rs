//! Ten thousand deployments.

use serde_json::Value;

use crate::support::{CURRENT, OLD, Scene};

/// A file for each of 10,000 deployments, made of a matrix of 100 by 100.
fn scene() -> Scene {
    let axis = |prefix: &str| {
        let names: Vec<_> = (0..100).map(|index| format!("{prefix}{index}")).collect();
        names.join(", ")
    };
    let mut scene = Scene::with(&format!(
        "version: 1
projects:
  shop:
    variable: KEY
    current: {{ file: {{ path: DIR/current }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
deployments:
  - matrix: {{ name: [{}], region: [{}] }}
    project: shop
    route: [ {{ file: {{ path: DIR/current }} }}, {{ file: {{ path: 'DIR/${{name}}/${{region}}' }} }} ]
",
        axis("n"),
        axis("r")
    ))
    .file("current", CURRENT)
    .file("old", OLD);
    for name in 0..100 {
        for region in 0..100 {
            let stale = (name, region) == (57, 91);
            let key = if stale { OLD } else { CURRENT };
            scene = scene.file(&format!("n{name}/r{region}"), key);
        }
    }
    scene
}

#[test]
fn ten_thousand_deployments_are_all_read_and_the_one_is_found() {
    let scene = scene();
    let ran = scene
        .run(["audit", "-f", "json", "-o", "table=table.txt"])
        .ends(1);
    let report = ran.json();
    let summary = &report["summary"];
    assert_eq!(summary["deployments"], 10_000);
    assert_eq!(summary["verdicts"]["current"], 9_999);
    assert_eq!(summary["verdicts"]["stale"], 1);
    assert_eq!(summary["coverage"]["hops"]["read"], 20_000);
    assert_eq!(summary["complete"], true);

    let deployments = report["deployments"].as_array().unwrap();
    let place =
        |deployment: &Value| format!("{}/{}", deployment["name"], deployment["axes"]["region"]);
    let stale: Vec<_> = deployments
        .iter()
        .filter(|deployment| deployment["verdict"] == "stale")
        .map(place)
        .collect();
    assert_eq!(stale, ["\"n57\"/\"r91\""]);
    // As declared: the first axis outermost.
    assert_eq!(place(&deployments[0]), "\"n0\"/\"r0\"");
    assert_eq!(place(&deployments[101]), "\"n1\"/\"r1\"");

    let table = std::fs::read_to_string(scene.path("table.txt")).unwrap();
    assert!(table.contains("n57"));
}
