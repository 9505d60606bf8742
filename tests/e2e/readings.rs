//! Readings that came from elsewhere, and whether they are believed.

use crate::support::{CURRENT, OLD, Ran, Scene, fingerprint};

/// A deployment whose hop is told this.
fn told(reading: &str) -> Scene {
    let old = fingerprint(OLD);
    Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    current: {{ file: {{ path: DIR/current }} }}
    previous: [ {{ fingerprint: '{old}' }} ]
deployments:
  - {{ name: api, project: checkout, route: [ {{ command: {{ argv: [cat, DIR/reading] }} }} ] }}
"
    ))
    .file("current", CURRENT)
    .file("reading", reading)
}

fn audit(reading: &str) -> Ran {
    told(reading).run(["audit", "-f", "json"])
}

fn verdict(ran: &Ran) -> String {
    let report = ran.json();
    let verdict = report["deployments"][0]["hops"][0]["verdict"].as_str();
    verdict.unwrap().to_owned()
}

#[test]
fn a_reading_that_contradicts_is_neither_fine_nor_drift_nor_safe() {
    let current = fingerprint(CURRENT);
    let old = fingerprint(OLD);
    let length = CURRENT.len();
    for (members, expected, code) in [
        (
            format!("'fingerprint':'{current}','length':{length},'variable':'KEY'"),
            "current",
            0,
        ),
        // Of a key that is known by its fingerprint alone no length is known either.
        (format!("'fingerprint':'{old}','length':7"), "stale", 1),
        (
            format!("'fingerprint':'{current}','length':{}", length + 1),
            "unreachable",
            3,
        ),
        (
            format!("'fingerprint':'{current}','length':0"),
            "unreachable",
            3,
        ),
        (
            format!("'fingerprint':'{current}','absent':true"),
            "unreachable",
            3,
        ),
        (
            format!("'fingerprint':'{current}','variable':'OTHER'"),
            "unreachable",
            3,
        ),
        (
            format!("'fingerprint':'{current}','fingerprint':'{current}'"),
            "unreachable",
            3,
        ),
        (
            format!("'fingerprint':'{current}','length':'{length}'"),
            "unreachable",
            3,
        ),
    ] {
        let reading = format!("{{'schema':'straggler.reading/v1',{members}}}").replace('\'', "\"");
        let ran = audit(&reading).ends(code);
        assert_eq!(verdict(&ran), expected, "{reading}");
        let asked = told(&reading).run(["revoke-check", "checkout"]);
        asked.ends(code);
    }
    let later = format!("{{\"schema\":\"straggler.reading/v2\",\"key\":\"{current}\"}}");
    let ran = audit(&later).ends(3);
    assert_eq!(verdict(&ran), "unreachable");
    assert!(
        ran.to_string().contains("straggler.reading/v2 came back"),
        "{ran}"
    );
}

#[test]
#[cfg(unix)]
fn a_link_that_leads_nowhere_is_out_of_sight_whatever_is_expected_there() {
    for expect in ["current", "optional", "absent"] {
        for hop in ["file: { path: DIR/link }", "dotenv: { path: DIR/link }"] {
            let targets = format!(
                "version: 1
projects:
  shop:
    variable: KEY
    current: {{ file: {{ path: DIR/shop }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
deployments:
  - {{ name: web, project: shop, route: [ {{ {hop}, expect: {expect} }} ] }}
"
            );
            let scene = Scene::with(&targets).file("shop", CURRENT).file("old", OLD);
            std::os::unix::fs::symlink("unmounted/key", scene.path("link")).unwrap();
            scene.run(["audit", "--no-ledger"]).ends(3);
            scene
                .run(["revoke-check", "shop", "--no-ledger"])
                .ends(3)
                .prints("is a symbolic link that leads nowhere");
        }
    }
}
