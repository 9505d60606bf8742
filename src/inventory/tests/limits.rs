//! What is meant to exhaust the reader is refused at once; what is merely large is read.

use super::{DEPLOYMENT, PROJECT, World};

fn refused(main: &str) -> String {
    // Were it not refused, the memory of no machine would be enough.
    World::of(main).problems()
}

#[test]
fn a_billion_laughs() {
    let mut main = "version: 1\nx-0: &a0 [l, l, l, l, l, l, l, l, l, l]\n".to_owned();
    for level in 1..10 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        main += &format!("x-{level}: &a{level} [{below}]\n");
    }
    assert_eq!(
        refused(&main),
        "targets.yaml:8:46: the file is too large from here on, its aliases filled in: at most \
         10000000 nodes are read; write a matrix, or split it with `include`"
    );
}

#[test]
fn a_billion_merges() {
    let keys: String = (0..1000).map(|index| format!("k{index}: v, ")).collect();
    let merges = "*a, ".repeat(10_000);
    let main = format!("version: 1\nx-a: &a {{ {keys} }}\nx-b: {{ <<: [{merges}] }}\n");
    assert!(refused(&main).contains("the file is too large from here on"));
}

#[test]
fn a_deep_well() {
    for main in [
        format!("version: 1\nx-a: {}", "[".repeat(100_000)),
        format!("version: 1\nx-a: {}", "{ a: ".repeat(100_000)),
        (0..5000).fold("version: 1\n".to_owned(), |main, depth| {
            format!("{main}{}x-a:\n", " ".repeat(depth % 200))
        }),
        format!("version: 1\nx-a:\n{}", "- ".repeat(50_000)),
    ] {
        let said = refused(&main);
        assert!(said.contains("nested more than 64 deep"), "{said}");
    }
    // Each alias is one deeper than the one above.
    let mut main = "version: 1\nx-0: &a0 []\n".to_owned();
    for level in 1..1000 {
        main += &format!("x-{level}: &a{level} [*a{}]\n", level - 1);
    }
    assert!(refused(&main).contains("nested more than 64 deep"));
}

#[test]
fn a_matrix_of_all_matrices() {
    let values: String = (0..100).map(|index| format!("v{index}, ")).collect();
    let axes: String = (0..30)
        .map(|index| format!("a{index}: [{values}], "))
        .collect();
    let main = format!(
        "{PROJECT}deployments:\n- {{ name: x, matrix: {{ {axes} }}, project: shop, route: [env: ] }}\n"
    );
    assert_eq!(
        refused(&main),
        "targets.yaml:4:3: makes more deployments than an audit holds: 1000000"
    );
}

#[test]
fn templates_that_grow() {
    let mut vars = "a0: 0123456789012345".to_owned();
    for level in 1..40 {
        let below = level - 1;
        vars += &format!(", a{level}: '${{a{below}}}${{a{below}}}'");
    }
    let main = format!(
        "{PROJECT}deployments:\n- {{ name: x, vars: {{ {vars} }}, project: shop, route: [env: ] }}\n"
    );
    assert!(refused(&main).contains("is longer than 16384 bytes when it is filled in"));
}

#[test]
fn a_route_without_end() {
    let hops = "env: , ".repeat(200);
    let main = format!("{PROJECT}routes: {{ r: [{hops}] }}\n{DEPLOYMENT}");
    assert!(refused(&main).contains("a route has 100 hops at most"));
}

#[test]
fn a_file_that_is_too_large() {
    let main = format!("{PROJECT}{DEPLOYMENT}{}", "#".repeat(65 << 20));
    assert_eq!(
        refused(&main),
        "targets.yaml: is larger than 64 MiB; write a matrix, or split it with `include`"
    );
}

#[test]
fn a_flood_of_mistakes() {
    let mut main = format!("{PROJECT}deployments:\n");
    for index in 0..3000 {
        main += &format!("- {{ name: n{index}, projct: shop, route: [env: ] }}\n");
    }
    let said = refused(&main);
    assert_eq!(said.lines().count(), 501);
    assert!(said.ends_with("\n… and others: correct these first"));
}

#[test]
fn an_honest_large_file() {
    let mut main =
        format!("{PROJECT}x-hops: &hops [env: , env: {{ variable: K }}]\ndeployments:\n");
    for index in 0..10_000 {
        main += &format!(
            "- {{ name: n{index}, project: shop, owner: o{}, route: *hops }}\n",
            index % 7
        );
    }
    let inventory = World::of(&main).inventory();
    assert_eq!(inventory.deployments.len(), 10_000);
    assert_eq!(inventory.deployments[9_999].site.line, 10_004);
}
