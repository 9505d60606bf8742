//! Several files.

use std::os::unix::ffi::OsStrExt;

use super::{DEPLOYMENT, PROJECT, World};

const MAIN: &str = "version: 1
include: [teams/*.yaml]
projects: { shop: { variable: KEY, current: { env: } } }
routes: { ci: [env: ] }
defaults: { environment: production, owner: platform, route: ci, labels: { a: main, b: main } }
";

#[test]
fn an_included_file_belongs_to_the_inventory() {
    let inventory = World::of(MAIN)
        .with(
            "teams/b.yaml",
            "version: 1
include: [more/x.yaml]
defaults: { owner: b, labels: { b: team } }
deployments: [{ name: b, project: blog }]
",
        )
        .with(
            "teams/a.yaml",
            "version: 1
projects: { blog: { variable: BLOG, current: { env: } } }
deployments: [{ name: a, project: shop, labels: { c: own } }]
",
        )
        .with(
            "teams/more/x.yaml",
            "version: 1
defaults: { environment: staging }
deployments: [{ name: x, project: shop, route: cd }]
routes: { cd: [env: , env: ] }
",
        )
        .with("other/never.yaml", "][")
        .inventory();
    let files: Vec<&str> = inventory.files.iter().map(|name| &**name).collect();
    assert_eq!(
        files,
        [
            "targets.yaml",
            "teams/a.yaml",
            "teams/b.yaml",
            "teams/more/x.yaml"
        ]
    );
    let all: Vec<_> = inventory
        .deployments
        .iter()
        .map(|one| {
            let labels = one.labels.values().map(String::as_str).collect::<Vec<_>>();
            let (owner, environment) = (one.owner.as_deref(), one.environment.as_deref());
            (
                &*one.name,
                one.site.file,
                owner.unwrap(),
                environment.unwrap(),
                labels.join(" "),
            )
        })
        .collect();
    assert_eq!(
        all,
        [
            ("a", 1, "platform", "production", "main main own".to_owned()),
            ("b", 2, "b", "production", "main team".to_owned()),
            ("x", 3, "b", "staging", "main team".to_owned()),
        ]
    );
    let projects: Vec<String> = inventory
        .projects
        .iter()
        .map(|project| project.title())
        .collect();
    assert_eq!(projects, ["shop", "blog"]);
}

#[test]
fn mistakes_keep_their_file() {
    let said = World::of(MAIN)
        .with(
            "teams/a.yaml",
            "version: 1
projects: { shop: { variable: KEY, current: { env: } } }
routes: { ci: [env: ] }
deployments:
- { name: a, projct: shop }
- { name: '${env.TEAM}', project: shop }
",
        )
        .with(
            "teams/b.yaml",
            "version: 1\nfingerprint_digits: 9\ndeployments: []\n",
        )
        .problems();
    assert_eq!(
        said,
        "teams/a.yaml:2:13: project `shop` is declared twice: first at targets.yaml:3:13\n\
         teams/a.yaml:3:11: route `ci` is declared twice: first at targets.yaml:4:11\n\
         teams/a.yaml:5:14: unknown key `projct`: expected one of `name`, `matrix`, `project`, \
         `environment`, `owner`, `labels`, `vars`, `route`, `expect`, `variable`, `waive`; did you \
         mean `project`?\n\
         teams/a.yaml:6:12: the environment variable `TEAM` is not set; set it, or give a default: \
         `${env.NAME:-default}`\n\
         teams/b.yaml:2:21: `fingerprint_digits` is for the main file\n\
         teams/b.yaml:3:14: is empty: expected one deployment at least"
    );
}

#[test]
fn a_broken_file_does_not_make_others_seem_wrong() {
    let said = World::of(&MAIN.replace("ci: [env: ]", "x: [env: ]"))
        .with("teams/a.yaml", "version: 1\nroutes: [\n")
        .with(
            "teams/b.yaml",
            "version: 1\ndeployments: [{ name: b, project: blog }]\n",
        )
        .problems();
    assert_eq!(
        said,
        "teams/a.yaml:2:9: a bracket is opened and never closed"
    );
}

#[test]
fn patterns_that_match_nothing_or_too_much() {
    let main = format!("include: HERE\n{PROJECT}{DEPLOYMENT}");
    for (include, expected) in [
        (
            "[teams/*.yaml]",
            "targets.yaml:1:11: matches no file, from where this file is",
        ),
        (
            "[targets.yaml]",
            "targets.yaml:1:11: includes a file that is including this one, or itself",
        ),
        (
            "['[']",
            "targets.yaml:1:11: is no glob: invalid range pattern",
        ),
        (
            "teams",
            "targets.yaml:1:10: expected a list of patterns, found a string",
        ),
        (
            "[[a]]",
            "targets.yaml:1:11: expected a string, found a list",
        ),
        (
            "['${env.TEAMS}', '${name}']",
            "targets.yaml:1:12: the environment variable `TEAMS` is not set; set it, or give a \
             default: `${env.NAME:-default}`\n\
             targets.yaml:1:28: nothing here is named `name`; write `$${` where a literal `${` is \
             meant",
        ),
    ] {
        let said = World::of(&main.replace("HERE", include)).problems();
        assert_eq!(said, expected, "{include}");
    }
    let world = World::of(&main.replace("HERE", "[a.yaml]"))
        .with("a.yaml", "version: 1\ninclude: [targets.yaml]\n");
    assert_eq!(
        world.problems(),
        "a.yaml:2:11: includes a file that is including this one, or itself"
    );
    // Once is enough.
    let world = World::of(&main.replace("HERE", "[a.yaml, '*a.yaml', '?.yaml']")).with(
        "a.yaml",
        "version: 1\ndeployments: [{ name: a, project: shop, route: [env: ] }]\n",
    );
    assert_eq!(world.inventory().deployments.len(), 2);
}

#[test]
fn includes_are_found_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    // A name that is a glob by itself.
    let root = directory.path().join("a[1]");
    std::fs::create_dir_all(root.join("teams/deep")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(root.join(name), text).unwrap();
    let main = format!("include: ['teams/**/*.yaml', ./teams/../b.yaml]\n{PROJECT}");
    write("targets.yaml", &main);
    let one = |name: &str| {
        format!("version: 1\ndeployments: [{{ name: {name}, project: shop, route: [env: ] }}]\n")
    };
    write("teams/a.yaml", &one("a"));
    write("teams/deep/c.yaml", &one("c"));
    write("teams/.#a.yaml", "not for us");
    write("b.yaml", &format!("include: [teams/a.yaml]\n{}", one("b")));
    let load = || crate::inventory::load(&root.join("targets.yaml"), &|_| None);
    let inventory = load().unwrap_or_else(|problems| panic!("{problems}"));
    let names: Vec<&str> = inventory.deployments.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["a", "c", "b"]);

    // A name that is no text is passed over, or taken, like any other one.
    let odd = std::ffi::OsStr::from_bytes(b"teams/odd\xff.yaml");
    std::fs::write(root.join(odd), one("odd")).unwrap();
    let inventory = load().unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(inventory.deployments.len(), 4);

    // The same file by another name is the same file.
    write(
        "b.yaml",
        &format!("include: [teams/../targets.yaml]\n{}", one("b")),
    );
    let said = load().err().unwrap().to_string();
    assert!(
        said.ends_with("b.yaml:1:11: includes a file that is including this one, or itself"),
        "{said}"
    );
    write("targets.yaml", &main.replace("./teams/../b.yaml", "teams"));
    let said = load().err().unwrap().to_string();
    assert!(
        said.ends_with("teams: cannot be read: it is a directory"),
        "{said}"
    );
}
