//! Which key a deployment is compared with, and which keys are one on purpose.

use super::World;
use crate::keyring::ProjectId;

/// These projects, with a deployment of `shop` in this environment.
fn world(projects: &str, environment: &str) -> World {
    World::of(&format!(
        "version: 1
projects:
{projects}
deployments:
- {{ name: web, project: shop, environment: '{environment}', route: [env: {{}}] }}
"
    ))
}

/// For each key, the first of those that share it.
fn shares(projects: &str) -> Vec<Option<u32>> {
    let inventory = world(projects, "production").inventory();
    let projects = inventory.projects.iter();
    projects
        .map(|project| project.shares.map(|ProjectId(first)| first))
        .collect()
}

const SHOP: &str = "  shop: { variable: K, current: { env: }, environments: { staging: { current: { env: } }EU } }";

#[test]
fn those_who_share_a_key_say_so_and_who_shares_with_one_shares_with_all() {
    let shop = SHOP.replace("EU", "");
    for (projects, expected) in [
        (shop.clone(), vec![None, None]),
        (
            shop.replace("staging: { ", "staging: { same_key_as: shop, "),
            vec![Some(0), Some(0)],
        ),
        (
            // No environment has this name, but a deployment that should hold the general key.
            shop.replace("staging: { ", "staging: { same_key_as: production, "),
            vec![Some(0), Some(0)],
        ),
        (
            format!(
                "{shop}\n  mail: {{ variable: K, current: {{ env: }}, same_key_as: shop/staging }}"
            ),
            vec![None, Some(1), Some(1)],
        ),
        (
            format!(
                "{shop}\n  mail: {{ variable: K, current: {{ env: }}, same_key_as: blog }}\n  blog: {{ \
                 variable: K, current: {{ env: }}, same_key_as: shop }}"
            ),
            vec![Some(0), None, Some(0), Some(0)],
        ),
        (
            SHOP.replace("EU", ", eu: { current: { env: }, same_key_as: staging }"),
            vec![None, Some(1), Some(1)],
        ),
        (
            // An environment that says nothing else has no key of its own.
            SHOP.replace("EU", ", eu: { same_key_as: staging }"),
            vec![None, None],
        ),
    ] {
        assert_eq!(shares(&projects), expected, "{projects}");
    }
}

#[test]
fn a_name_that_nobody_has_is_a_mistake() {
    let shop = SHOP.replace("EU", "");
    for (projects, expected) in [
        (
            format!("{shop}\n  mail: {{ variable: K, current: {{ env: }}, same_key_as: shpo }}"),
            "targets.yaml:4:56: no project and no environment with a key of its own is named `shpo`; \
             did you mean `shop`?",
        ),
        (
            shop.replace("staging: { ", "staging: { same_key_as: stagin, "),
            "targets.yaml:3:83: no project and no environment with a key of its own is named `stagin`; \
             did you mean `staging`?",
        ),
        (
            shop.replace("staging: { ", "staging: { same_key_as: staging, "),
            "targets.yaml:3:83: names its own key: expected another one that is the same",
        ),
        (
            SHOP.replace("EU", ", eu: { same_key_as: stagin }"),
            "targets.yaml:3:110: project `shop` has no key named `stagin`: an environment without \
             `current` can have only another key of its project; did you mean `staging`?",
        ),
        (
            SHOP.replace("EU", ", eu: { same_key_as: shop, variable: K }"),
            "targets.yaml:3:95: missing key `current`",
        ),
    ] {
        assert_eq!(
            world(&projects, "production").problems(),
            expected,
            "{projects}"
        );
    }
}

#[test]
fn a_misspelt_environment_gets_no_general_key() {
    let shop = SHOP.replace("EU", "");
    for environment in ["stagin", "Staging", "stage"] {
        let problems = world(&shop, environment).problems();
        let expected = format!(
            "targets.yaml:5:3: project `shop` has no key for environment `{environment}`: did you mean \
             `staging`?"
        );
        assert!(problems.starts_with(&expected), "{problems}");
    }
    for environment in ["production", "staging-eu", "eu"] {
        let inventory = world(&shop, environment).inventory();
        assert_eq!(
            inventory.deployments[0].project,
            ProjectId(0),
            "{environment}"
        );
    }
    // What only looks like a slip is said to be none.
    let said = SHOP.replace("EU", ", stage: { same_key_as: shop }");
    let inventory = world(&said, "stage").inventory();
    assert_eq!(inventory.deployments[0].project, ProjectId(0));
}

#[test]
fn what_is_compared_with_which_key_is_written_out() {
    for (environment, key) in [("production", "shop"), ("staging", "shop/staging")] {
        let text = world(&SHOP.replace("EU", ""), environment)
            .expand()
            .unwrap();
        assert!(text.contains(&format!("    # key: {key}\n")), "{text}");
    }
}
