//! What `--project`, `--deployment` and the others select.

use super::World;
use crate::inventory::Selection;
use crate::verdict::Stage;

fn world() -> World {
    World::of(
        "version: 1
projects:
  shop: { variable: KEY, format: 'ask_live_[a-z]{8}', current: { env: }, environments: { staging: { current: { env: } } } }
  blog: { variable: KEY, current: { env: } }
defaults: { route: [env: ] }
deployments:
- { name: shop-web, project: shop, environment: production, owner: ana, labels: { tier: 1, zone: a } }
- { name: shop-api, project: shop, environment: staging, owner: bob, labels: { tier: 2, zone: a } }
- { name: blog-web, project: blog, environment: production, labels: { tier: 3 } }
",
    )
}

fn select(change: impl FnOnce(&mut Selection)) -> Result<Vec<u32>, String> {
    let mut selection = Selection::default();
    change(&mut selection);
    selection
        .select(&world().inventory())
        .map_err(|error| error.to_string())
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

#[test]
fn filters_of_one_kind_are_alternatives_and_kinds_come_together() {
    assert_eq!(select(|_| {}), Ok(vec![0, 1, 2]));
    assert_eq!(
        select(|all| all.projects = texts(&["shop"])),
        Ok(vec![0, 1])
    );
    assert_eq!(
        select(|all| all.projects = texts(&["shop/staging", "b*"])),
        Ok(vec![1, 2])
    );
    assert_eq!(
        select(|all| all.deployments = texts(&["*-web"])),
        Ok(vec![0, 2])
    );
    assert_eq!(
        select(|all| all.environments = texts(&["prod*"])),
        Ok(vec![0, 2])
    );
    assert_eq!(
        select(|all| all.owners = texts(&["ana", "bob"])),
        Ok(vec![0, 1])
    );
    assert_eq!(
        select(|all| all.labels = texts(&["tier=1", "tier=2"])),
        Ok(vec![0, 1])
    );
    assert_eq!(
        select(|all| all.labels = texts(&["tier=1", "zone=a", "tier=2"])),
        Ok(vec![0, 1])
    );
    assert_eq!(
        select(|all| all.labels = texts(&["zone=a", "tier=2"])),
        Ok(vec![1])
    );
    assert_eq!(
        select(|all| {
            all.projects = texts(&["shop"]);
            all.environments = texts(&["production"]);
            all.until = Some(Stage::Config);
        }),
        Ok(vec![0])
    );
}

#[test]
fn selecting_nothing_is_a_mistake() {
    let error = |change: fn(&mut Selection)| select(change).unwrap_err();
    assert_eq!(
        error(|all| {
            all.projects = texts(&["shp"]);
            all.owners = texts(&["zzz", "[", "bob"]);
            all.labels = texts(&["tier", "tier=4"]);
            all.deployments = texts(&["web-*"]);
            all.environments = texts(&["prodction"]);
        }),
        "--owner: is no glob: unclosed character class; missing ']'\n\
         --label: expected name=value\n\
         --project: `shp` matches no deployment; did you mean `shop`?\n\
         --environment: `prodction` matches no deployment; did you mean `production`?\n\
         --deployment: `web-*` matches no deployment\n\
         --owner: `zzz` matches no deployment\n\
         --label: `tier=4` matches no deployment; did you mean `tier=1`?"
    );
    assert_eq!(
        error(|all| {
            all.projects = texts(&["blog"]);
            all.owners = texts(&["ana"]);
        }),
        "nothing is selected: no deployment matches all of --project --owner together"
    );
    assert_eq!(
        error(|all| all.until = Some(Stage::Store)),
        "nothing is selected: --until store leaves out every hop"
    );
    assert_eq!(
        error(|all| all.projects = texts(&["ask_live_abcdefgh"])),
        "--project: matches no deployment"
    );
    assert_eq!(
        error(|all| all.projects = texts(&["\u{1b}m"])),
        r"--project: `\u{1b}m` matches no deployment"
    );
}
