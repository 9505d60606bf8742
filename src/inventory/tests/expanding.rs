//! What `config expand` prints is the same inventory.

use super::{PROJECT, World};
use crate::inventory::{Inventory, Origin, Place};

/// Everything but where it stands.
fn summary(inventory: &Inventory) -> String {
    let place = |place: &Place| {
        format!(
            "{} {} {:?}",
            place.location(),
            place.variable,
            place.extraction
        )
    };
    let origin = |origin: &Origin| match origin {
        Origin::Place(known) => place(known),
        Origin::Fingerprint(fingerprint) => fingerprint.to_string(),
        Origin::Given { .. } => "given".to_owned(),
    };
    let mut text = format!("{}\n", inventory.digits.get());
    for project in &inventory.projects {
        text += &format!(
            "{} {} {} {:?} {} {:?} {:?} {:?}\n",
            project.title(),
            project.variable,
            project.format.is_some(),
            project.retirement,
            origin(&project.current),
            project.next.as_ref().map(origin),
            project.rotated_at,
            project.ingest,
        );
        for previous in &project.previous {
            let (rotated, revoked) = (previous.rotated_at, previous.revoked_at);
            text += &format!("  {} {rotated:?} {revoked:?}\n", origin(&previous.origin));
        }
    }
    for one in &inventory.deployments {
        let waiver = |waiver: &crate::inventory::Waiver| {
            format!(
                "{:?} {} {} {}",
                waiver.verdicts, waiver.reason, waiver.owner, waiver.until
            )
        };
        text += &format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?}\n",
            one.name,
            one.project,
            one.environment,
            one.owner,
            one.labels,
            one.axes,
            one.waiver.as_deref().map(waiver),
        );
        for hop in &one.hops {
            let waiver = hop.waiver.as_deref().map(waiver);
            text += &format!("  {} {:?} {waiver:?}\n", place(&hop.place), hop.expect);
        }
    }
    text
}

/// The expanded file, which must be the same inventory, and must not change when it is expanded again.
pub(super) fn expanded(world: &World) -> String {
    let text = world
        .expand()
        .unwrap_or_else(|problems| panic!("{problems}"));
    let again = World::of(&text);
    let inventory = again
        .load()
        .unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    assert_eq!(summary(&world.inventory()), summary(&inventory), "{text}");
    assert_eq!(again.expand().unwrap(), text);
    text
}

#[test]
fn templates_matrices_routes_and_includes_are_written_out() {
    let world = World::of(
        "version: 1
include: [team.yaml]
x-hop: &hop { env: }
fingerprint_digits: 16
projects:
  shop:
    variable: KEY
    format: '^k[a-z${]{4}$'
    current: { env: { variable: '${project}' }, extract: { pattern: 'key=(\\S+)$' } }
    environments: { eu: { current: { fingerprint: 'sha256:12345678' }, variable: 'K_${environment}' } }
routes:
  r: [*hop, { env: { variable: '${name}${env.X:-: #}' }, expect: absent }]
defaults: { route: r, environment: us, labels: { l: '${name}' } }
deployments:
- { matrix: { name: [a, 'b''s'], region: [eu, '1'] }, project: shop, vars: { v: \"x\\ny\" } }
",
    )
    .with(
        "team.yaml",
        "version: 1
projects: { blog: { variable: B, current: { env: } } }
deployments:
- name: '$${c}'
  project: blog
  environment: 'null'
  waive: { verdicts: [stale], reason: '# no', owner: o, until: 2026-12-31 }
  expect: optional
  variable: V
  route: [{ <<: *none, variable: W }]
"
        .replace("<<: *none", "env: {}"),
    );
    assert_eq!(
        expanded(&world),
        r##"version: 1
fingerprint_digits: 16

projects:
  shop:
    variable: KEY
    format: '^k[a-z${]{4}$'
    current:
      env:
        variable: shop
      extract:
        pattern: 'key=(\S+)$'
    environments:
      eu:
        current:
          fingerprint: 'sha256:12345678'
        variable: K_eu
  blog:
    variable: B
    current:
      env: null

deployments:
  - name: a
    # key: shop
    project: shop
    environment: us
    labels:
      l: a
    vars:
      region: eu
      v: "x\ny"
    route:
      - env: null
      - env:
          variable: 'a: #'
        expect: absent
  - name: a
    # key: shop
    project: shop
    environment: us
    labels:
      l: a
    vars:
      region: 1
      v: "x\ny"
    route:
      - env: null
      - env:
          variable: 'a: #'
        expect: absent
  - name: 'b''s'
    # key: shop
    project: shop
    environment: us
    labels:
      l: 'b''s'
    vars:
      region: eu
      v: "x\ny"
    route:
      - env: null
      - env:
          variable: 'b''s: #'
        expect: absent
  - name: 'b''s'
    # key: shop
    project: shop
    environment: us
    labels:
      l: 'b''s'
    vars:
      region: 1
      v: "x\ny"
    route:
      - env: null
      - env:
          variable: 'b''s: #'
        expect: absent
  - name: '$${c}'
    # key: blog
    project: blog
    environment: 'null'
    owner: null
"##
        .replace("    owner: null\n", "")
            + r#"    variable: V
    expect: optional
    labels:
      l: '$${c}'
    waive:
      verdicts:
        - stale
      reason: '# no'
      owner: o
      until: 2026-12-31
    route:
      - env: {}
        variable: W
"#
    );
}

#[test]
fn odd_texts_come_back() {
    for name in [
        "~x",
        "- a",
        "a: b",
        "#",
        "'",
        "\"",
        "1.10",
        "true",
        "<<",
        "...",
        "---",
        "a\u{85}b",
        "\u{1f}\u{7f}x",
        "a\tb",
        " lead",
        "trail ",
        "ü",
        "${x}",
        "$${",
        "%",
        "@a",
        "[a]",
        "\u{feff}z",
        "a\\b",
    ] {
        let quoted: String = name
            .chars()
            .flat_map(|c| match c {
                '"' | '\\' => vec!['\\', c],
                c if c.is_control() || c == '\u{feff}' => {
                    format!("\\u{:04x}", u32::from(c)).chars().collect()
                }
                c => vec![c],
            })
            .collect();
        let quoted = quoted.replace("${", "$${");
        let world = World::of(&format!(
            "{PROJECT}deployments:\n- {{ name: \"{quoted}\", project: shop, owner: \"{quoted}\", route: [env: ] }}\n"
        ));
        assert_eq!(&*world.inventory().deployments[0].name, name);
        expanded(&world);
    }
}

#[test]
fn relative_paths_of_other_folders_start_where_they_did() {
    let world = World::of(
        "version: 1
include: [teams/a.yaml]
projects: { shop: { variable: KEY, current: { file: { path: shop.key } } } }
deployments: [{ name: a, project: shop, route: [{ file: { path: a.key }, folder: '${project}' }] }]
",
    )
    .with(
        "teams/a.yaml",
        "projects: { blog: { variable: KEY, current: { file: { path: blog.key } } } }
deployments: [{ name: b, project: blog, route: [{ dotenv: { path: b.env } }, { env: , folder: sub }] }]
",
    );
    let text = expanded(&world);
    let again = World::of(&text).inventory();
    let locations = |inventory: &Inventory| -> Vec<String> {
        let hops = inventory.deployments.iter().flat_map(|one| &one.hops);
        hops.map(|hop| hop.place.location()).collect()
    };
    assert_eq!(locations(&again), locations(&world.inventory()));
    assert_eq!(
        locations(&again)[..2],
        ["file:shop/a.key", "dotenv:teams/b.env#KEY"]
    );
    assert!(text.contains("folder: teams/sub"), "{text}");
}
