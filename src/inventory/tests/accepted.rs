//! What the words of targets.yaml mean.

use super::{DEPLOYMENT, PROJECT, World};
use crate::inventory::{Deployment, Ingest, Inventory, Origin, Retirement};
use crate::key::Fingerprint;
use crate::keyring::ProjectId;
use crate::verdict::{Expectation, Verdict};

fn locations(deployment: &Deployment) -> Vec<String> {
    deployment
        .hops
        .iter()
        .map(|hop| hop.place.location())
        .collect()
}

fn axes(deployment: &Deployment) -> Vec<(&str, &str)> {
    deployment
        .axes
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect()
}

fn origin(inventory: &Inventory, project: &str) -> String {
    let id = inventory.project_named(project).unwrap();
    match &inventory.project(id).current {
        Origin::Place(place) => place.location(),
        Origin::Fingerprint(fingerprint) => fingerprint.to_string(),
        Origin::Given { .. } => "given".to_owned(),
    }
}

#[test]
fn a_project_with_everything() {
    let inventory = World::of(
        "version: 1
fingerprint_digits: 16
projects:
  shop:
    variable: KEY
    format: '^ask_live_[a-z0-9]{4}$'
    rotation: immediate
    current: { env: { variable: '${project}_${env.SUFFIX:-now}' }, extract: { json: /key } }
    next: { env: , variable: NEXT, decode: base64 }
    rotated_at: 2026-11-20T09:00:00Z
    previous:
      - { fingerprint: 'sha256:9f2c41d07a3b', rotated_at: 2026-11-19T00:00:00+03:00, revoked_at: 2026-11-21T09:00:00Z }
      - { env: { variable: OLD } }
    ingest: { allstak: { host: 'https://api.allstak.sa/' } }
    environments:
      staging:
        current: { fingerprint: 'sha256:0123456789ABCDEF0' }
        variable: STAGING_${environment}
deployments:
- { name: web, project: shop, route: [env: ] }
- { name: web, project: shop, environment: staging, route: [env: ] }
- { name: web, project: shop, environment: production, route: [env: ] }
",
    )
    .inventory();
    assert_eq!(inventory.digits.get(), 16);
    let [shop, staging] = &inventory.projects[..] else {
        panic!("{}", inventory.projects.len());
    };
    assert_eq!(
        (shop.title(), staging.title()),
        ("shop".into(), "shop/staging".into())
    );
    assert_eq!(
        (&*shop.variable, &*staging.variable),
        ("KEY", "STAGING_staging")
    );
    assert!(shop.format.as_ref().unwrap().fits(b"ask_live_ab12"));
    assert!(staging.format.is_some());
    assert_eq!(
        (shop.retirement, staging.retirement),
        (Retirement::Immediate, Retirement::Immediate)
    );
    assert_eq!(origin(&inventory, "shop"), "env:shop_now");
    assert_eq!(
        origin(&inventory, "shop/staging"),
        "sha256:0123456789abcdef0"
    );
    let Some(Origin::Place(next)) = &shop.next else {
        panic!("no next");
    };
    assert_eq!(next.location(), "env:NEXT");
    assert!(next.extraction.is_some());
    assert_eq!(
        shop.rotated_at,
        Some("2026-11-20T09:00:00Z".parse().unwrap())
    );
    let [first, second] = &shop.previous[..] else {
        panic!("{}", shop.previous.len());
    };
    let fingerprint: Fingerprint = "sha256:9f2c41d07a3b".parse().unwrap();
    assert!(matches!(first.origin, Origin::Fingerprint(known) if known == fingerprint));
    assert_eq!(
        first.rotated_at,
        Some("2026-11-18T21:00:00Z".parse().unwrap())
    );
    assert_eq!(
        first.revoked_at,
        Some("2026-11-21T09:00:00Z".parse().unwrap())
    );
    assert!(matches!(&second.origin, Origin::Place(place) if place.location() == "env:OLD"));
    let host = "https://api.allstak.sa".into();
    assert_eq!(shop.ingest, Some(Ingest::AllStak { host }));
    assert_eq!(staging.ingest, shop.ingest);
    assert!(staging.next.is_none() && staging.previous.is_empty() && staging.rotated_at.is_none());
    assert_eq!(shop.site.line, 5);

    let projects: Vec<_> = inventory
        .deployments
        .iter()
        .map(|one| one.project)
        .collect();
    assert_eq!(projects, [ProjectId(0), ProjectId(1), ProjectId(0)]);
    assert_eq!(
        locations(&inventory.deployments[1]),
        ["env:STAGING_staging"]
    );
}

#[test]
fn a_project_may_have_keys_for_its_environments_only() {
    let inventory = World::of(
        "version: 1
projects:
  shop:
    variable: KEY
    environments: { eu: { current: { env: } }, us: { current: { env: { variable: US } } } }
deployments:
- { matrix: { environment: [us, eu] }, name: web, project: shop, route: [env: ] }
",
    )
    .inventory();
    assert_eq!(inventory.projects.len(), 2);
    assert_eq!(inventory.deployments[0].project, ProjectId(1));
    assert_eq!(origin(&inventory, "shop/us"), "env:US");
    assert_eq!(
        inventory.project_named("shop").unwrap_err().to_string(),
        "project `shop` has keys for single environments only: name `shop/eu` or `shop/us`"
    );
    assert_eq!(
        inventory.project_named("shop/uss").unwrap_err().to_string(),
        "no project is named `shop/uss`; did you mean `shop/us`?"
    );
}

#[test]
fn a_matrix_goes_in_the_order_of_its_axes() {
    let inventory = World::of(&format!(
        "{PROJECT}  # {{}}
routes:
  r:
  - env: {{ variable: '${{project}}/${{name}}/${{region}}/${{tier}}/${{owner}}' }}
deployments:
- matrix: {{ name: [cart, mail], region: [eu, us], owner: [ana] }}
  project: shop
  vars: {{ tier: '${{region}}-1', unit: '${{name}}.service' }}
  labels: {{ region: '${{region}}', tier: 1.10 }}
  route: r
- {{ name: 'x-${{unit}}', vars: {{ unit: 007 }}, project: '${{env.P:-shop}}', owner: 'o-${{project}}', route: [env: {{}}] }}
"
    ))
    .inventory();
    let names: Vec<&str> = inventory.deployments.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["cart", "cart", "mail", "mail", "x-007"]);
    let third = &inventory.deployments[2];
    assert_eq!(locations(third), ["env:shop/mail/eu/eu-1/ana"]);
    assert_eq!(
        axes(third),
        [("region", "eu"), ("tier", "eu-1"), ("unit", "mail.service")]
    );
    assert_eq!(third.owner.as_deref(), Some("ana"));
    assert_eq!(third.labels["region"], "eu");
    assert_eq!(third.labels["tier"], "1.10");
    assert_eq!(inventory.deployments[4].owner.as_deref(), Some("o-shop"));
    // Those that are filled in alike are one.
    let [a, b] = [0, 2].map(|index| &inventory.deployments[index].labels);
    assert!(std::sync::Arc::ptr_eq(a, b));
}

#[test]
fn hops_that_say_the_same_are_one() {
    let inventory = World::of(&format!(
        "{PROJECT}routes: {{ r: [env: , env: {{ variable: '${{region}}' }}] }}
deployments:
- {{ matrix: {{ name: [a, b], region: [eu, us] }}, project: shop, route: r }}
"
    ))
    .inventory();
    let source =
        |deployment: usize, hop: usize| &inventory.deployments[deployment].hops[hop].place.source;
    let same = std::sync::Arc::ptr_eq;
    assert!(same(source(0, 0), source(3, 0)));
    assert!(same(source(0, 1), source(2, 1)));
    assert!(!same(source(0, 1), source(1, 1)));
}

#[test]
fn what_is_not_said_falls_through() {
    let inventory = World::of(
        "version: 1
projects: { shop: { variable: FROM_PROJECT, current: { env: } } }
routes: { r: [env: , { env: , variable: FROM_HOP, expect: absent }] }
defaults: { environment: production, owner: platform, route: r, expect: optional, labels: { a: 1, b: 1 } }
deployments:
- { name: one, project: shop }
- { name: two, project: shop, variable: 'FROM_${name}', expect: current, owner: ana, environment: staging, labels: { b: 2 } }
- { name: three, project: shop, environment: ~, owner: null, route: }
",
    )
    .inventory();
    let [one, two, three] = &inventory.deployments[..] else {
        panic!();
    };
    assert_eq!(locations(one), ["env:FROM_PROJECT", "env:FROM_HOP"]);
    assert_eq!(one.hops[0].expect, Expectation::Optional);
    assert_eq!(one.hops[1].expect, Expectation::Absent);
    assert_eq!(one.environment.as_deref(), Some("production"));
    assert_eq!(one.labels["b"], "1");
    assert_eq!(locations(two), ["env:FROM_two", "env:FROM_HOP"]);
    assert_eq!(two.hops[0].expect, Expectation::Current);
    assert_eq!(
        (two.owner.as_deref(), two.environment.as_deref()),
        (Some("ana"), Some("staging"))
    );
    assert_eq!((&*two.labels["a"], &*two.labels["b"]), ("1", "2"));
    // Nothing said is nothing said.
    assert_eq!(three.owner.as_deref(), Some("platform"));
}

#[test]
fn waivers_end_with_their_day() {
    let inventory = World::of(&format!(
        "{PROJECT}deployments:
- name: web
  project: shop
  waive: {{ verdicts: [stale, unverified], reason: 'by hand', owner: ana, until: 2026-12-31 }}
  route:
  - env:
    waive: {{ verdicts: [missing], reason: r, owner: o, until: '2026-12-31T12:00:00+03:00' }}
"
    ))
    .inventory();
    let web = &inventory.deployments[0];
    let waiver = web.waiver.as_ref().unwrap();
    assert_eq!(waiver.verdicts, [Verdict::Stale, Verdict::Unverified]);
    assert_eq!((&*waiver.reason, &*waiver.owner), ("by hand", "ana"));
    assert_eq!(waiver.until, "2026-12-31T23:59:59Z".parse().unwrap());
    assert_eq!((waiver.site.line, waiver.site.column), (6, 10));
    let hop = web.hops[0].waiver.as_ref().unwrap();
    assert_eq!(hop.until, "2026-12-31T09:00:00Z".parse().unwrap());
}

#[test]
fn yaml_is_taken_as_it_is_written() {
    let inventory = World::of(&format!(
        "\u{feff}{PROJECT}x-anchors:\r
  base: &base {{ project: shop, owner: ana }}
  more: &more {{ owner: bob, environment: no, labels: {{ v: 0x10, w: 1e3 }} }}
  name: &name \"tab\\there ü\"
  hops: &hops [env: &env {{ variable: K }}]
deployments:
- {{ <<: *base, name: *name, route: *hops }}
- <<: [*base, *more]
  name: >-
    folded
    name
  route: [env: *env]
- {{ name: !!str true, project: !!str shop, route: !!seq [env: !!map {{}}] }}
- {{ name: '$${{name}}', project: shop, route: [env: {{ variable: '$$${{name}}$' }}] }}
"
    ))
    .inventory();
    let names: Vec<&str> = inventory.deployments.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["tab\there ü", "folded name", "true", "${name}"]);
    let owners: Vec<_> = inventory
        .deployments
        .iter()
        .map(|one| one.owner.as_deref())
        .collect();
    assert_eq!(owners, [Some("ana"), Some("ana"), None, None]);
    assert_eq!(inventory.deployments[1].environment.as_deref(), Some("no"));
    assert_eq!(inventory.deployments[1].labels["v"], "0x10");
    assert_eq!(locations(&inventory.deployments[1]), ["env:K"]);
    assert_eq!(locations(&inventory.deployments[3]), ["env:$${name}$"]);
    assert_eq!(inventory.deployments[0].site.line, 9);
}

#[test]
fn five_hundred_deployments_read_as_ten_lines() {
    let services: Vec<String> = (0..100).map(|index| format!("s{index}")).collect();
    let main = format!(
        "version: 1
projects:
  shop: {{ variable: KEY, current: {{ env: }} }}
routes:
  r: [env: {{ variable: '${{name}}_${{region}}' }}, env: ]
defaults: {{ route: r, environment: production }}
deployments:
- project: shop
  matrix: {{ name: [{}], region: [a, b, c, d, e] }}
",
        services.join(", ")
    );
    let inventory = World::of(&main).inventory();
    assert_eq!(inventory.deployments.len(), 500);
    assert_eq!(
        locations(&inventory.deployments[499]),
        ["env:s99_e", "env:KEY"]
    );
    let world = World::of(&format!("{PROJECT}{DEPLOYMENT}"));
    assert_eq!(world.inventory().files, ["targets.yaml".into()]);
}

#[test]
fn every_source_is_read_with_its_own_example() {
    // Some search for whatever looks like a key.
    let project = PROJECT.replace("KEY,", "KEY, format: '^ask_live_[a-z]{8}$',");
    for info in crate::source::infos() {
        let hops = info.example.replace('\n', "\n  ");
        let stores: String = crate::platform::store_infos()
            .iter()
            .map(|kind| format!("  {}\n", kind.example.trim_end().replace('\n', "\n  ")))
            .collect();
        let main = format!(
            "{project}stores:\n{stores}deployments:\n- name: web\n  project: shop\n  route:\n  {hops}\n"
        );
        let inventory = World::of(&main).inventory();
        for hop in &inventory.deployments[0].hops {
            assert_eq!(hop.place.source.info().id, info.id);
        }
        super::expanding::expanded(&World::of(&main));
    }
}

#[test]
fn settings_of_sources_are_filled_in_and_checked() {
    let main = format!(
        "{PROJECT}routes:
  host:
  - dotenv: {{ path: '/srv/${{name}}/.env', dialect: '${{dialect}}' }}
  - process: {{ pid: '${{pid}}' }}
deployments:
- {{ name: web, project: shop, vars: {{ dialect: docker, pid: 42 }}, route: host }}
"
    );
    let inventory = World::of(&main).inventory();
    let locations = locations(&inventory.deployments[0]);
    assert_eq!(locations[0], "dotenv:/srv/web/.env#KEY");
    let said = World::of(
        &main
            .replace("pid: 42", "pid: all")
            .replace("docker", "dokcer"),
    )
    .problems();
    assert_eq!(
        said,
        "targets.yaml:5:51: expected one of `dotenv`, `docker`, `compose`, `node`, `python-dotenv`, \
         `systemd`, `shell`, `ruby-dotenv`, `phpdotenv`, `symfony`; did you mean `docker`?\n\
         targets.yaml:6:21: expected a whole number from 0 to 4294967295, found a string"
    );
    // What no deployment uses is looked at all the same.
    let said = World::of(
        &main
            .replace("route: host", "route: [env: ]")
            .replace("pid: '$", "pdi: '$"),
    )
    .problems();
    assert!(
        said.starts_with("targets.yaml:6:16: unknown key `pdi`: expected one of `pid`"),
        "{said}"
    );
}
