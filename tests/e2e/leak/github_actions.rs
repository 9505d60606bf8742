//! GitHub's lists. Every value lies in a variable of a repository of its own; secrets are never shown, but
//! what is said about them may be.

use serde_json::{Value, json};

use super::world::{Kind, World, forms};
use crate::support::{CURRENT, OLD};

const STORE: &str = "github-stand: { github: { address: 'URL', token: { env: GITHUB_STAND } } }";

const WRITTEN: &str = "2026-11-20T09:00:00Z";

pub const KIND: Kind = Kind {
    id: "github_actions",
    holding: |world, index, value| {
        let value = std::str::from_utf8(value).ok()?;
        let repository = format!("acme/held-{index}");
        let list = json!([{"name": "KEY", "value": value, "updated_at": WRITTEN}]);
        variables(world, &repository, 200, &list);
        Some(hop(
            world,
            &format!("repository: {repository}, kind: variable"),
        ))
    },
    empty: |world| {
        variables(world, "acme/empty", 200, &json!([]));
        let above = "/repos/acme/empty/actions/organization-variables?per_page=30&page=1";
        world.page(above, 200, None, br#"{"total_count": 0, "variables": []}"#);
        hop(world, "repository: acme/empty, kind: variable")
    },
    broken: |world| {
        let mut broken = Vec::new();
        for (index, form) in forms(CURRENT).iter().enumerate() {
            let text = String::from_utf8_lossy(form);
            for status in [200, 400, 401, 403, 404, 422, 429, 500] {
                let repository = format!("acme/broken-{status}-{index}");
                let path = format!("/repos/{repository}/actions/secrets?per_page=100&page=1");
                world.page(&path, status, None, form);
                broken.push(hop(world, &format!("repository: {repository}")));
                if status != 200 {
                    let repository = format!("acme/said-{status}-{index}");
                    let path = format!("/repos/{repository}/actions/secrets?per_page=100&page=1");
                    let said = json!({"message": text, "documentation_url": text});
                    world.page(&path, status, None, said.to_string().as_bytes());
                    broken.push(hop(world, &format!("repository: {repository}")));
                }
            }
            // A rotation that wrote the key where its fingerprint belongs.
            let repository = format!("acme/claim-{index}");
            let path = format!("/repos/{repository}/actions/secrets?per_page=100&page=1");
            let secrets = json!({"total_count": 1, "secrets": [{"name": "KEY", "updated_at": WRITTEN, "value": text}]});
            world.page(&path, 200, None, secrets.to_string().as_bytes());
            let claims = json!([{"name": "CLAIM", "value": text, "updated_at": WRITTEN}]);
            variables(world, &repository, 200, &claims);
            broken.push(hop(
                world,
                &format!("repository: {repository}, fingerprint: CLAIM"),
            ));
        }
        broken
    },
};

fn variables(world: &mut World, repository: &str, status: u16, list: &Value) {
    let path = format!("/repos/{repository}/actions/variables?per_page=30&page=1");
    let count = list.as_array().unwrap().len();
    let body = json!({"total_count": count, "variables": list});
    world.page(&path, status, None, body.to_string().as_bytes());
}

fn hop(world: &mut World, settings: &str) -> String {
    world.declare(STORE);
    let token = ("GITHUB_STAND".to_owned(), OLD.as_bytes().to_vec());
    if !world.environment.contains(&token) {
        world.environment.push(token);
    }
    format!("{{ github_actions: {{ store: github-stand, {settings} }} }}")
}
