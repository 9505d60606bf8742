//! Vercel's projects, each with one variable, and what serves them.

use serde_json::{Value, json};

use super::world::{Kind, World, forms};
use crate::support::{CURRENT, OLD};

const STORE: &str = "vercel-stand: { vercel: { address: 'URL', token: { env: VERCEL_STAND } } }";

pub const KIND: Kind = Kind {
    id: "vercel",
    holding: |world, index, value| {
        let value = std::str::from_utf8(value).ok()?;
        let project = format!("held-{index}");
        // Every other one by itself, as values come that are kept encrypted.
        if index % 2 == 0 {
            set(world, &project, &variable("plain", value));
        } else {
            set(world, &project, &variable("encrypted", "ciphertext"));
            let mut alone = variable("encrypted", value);
            alone["decrypted"] = true.into();
            page(world, &format!("/v1/projects/{project}/env/a"), 200, &alone);
        }
        Some(hop(world, &format!("project: {project}")))
    },
    empty: |world| {
        page(world, "/v10/projects/empty/env", 200, &json!({"envs": []}));
        let project = json!({"id": "prj_1", "accountId": "person"});
        page(world, "/v9/projects/empty", 200, &project);
        hop(world, "project: empty")
    },
    broken: |world| {
        let mut broken = Vec::new();
        for (index, form) in forms(CURRENT).iter().enumerate() {
            let text = String::from_utf8_lossy(form);
            for status in [200, 400, 401, 403, 404, 429, 500] {
                let project = format!("broken-{status}-{index}");
                let path = format!("/v10/projects/{project}/env");
                world.page(&path, status, None, form);
                broken.push(hop(world, &format!("project: {project}")));
                if status != 200 {
                    let project = format!("said-{status}-{index}");
                    let path = format!("/v10/projects/{project}/env");
                    let said = json!({"error": {"code": text, "message": text}});
                    page(world, &path, status, &said);
                    broken.push(hop(world, &format!("project: {project}")));
                }
            }
            // Shown to nobody, whatever stands there.
            for kind in ["sensitive", "system"] {
                let project = format!("{kind}-{index}");
                set(world, &project, &variable(kind, &text));
                broken.push(hop(world, &format!("project: {project}")));
            }
            let project = format!("serving-{index}");
            set(world, &project, &variable("plain", &text));
            let deployed = json!({"id": "dpl_1", "createdAt": 1_800_000_000_000_i64, "alias": [format!("{project}.example")]});
            let shown =
                json!({"id": "prj_1", "accountId": "person", "targets": {"production": deployed}});
            page(world, &format!("/v9/projects/{project}"), 200, &shown);
            let alias = json!({"deploymentId": "dpl_1", "projectId": "prj_1"});
            page(
                world,
                &format!("/v4/aliases/{project}.example"),
                200,
                &alias,
            );
            broken.push(hop(world, &format!("project: {project}, stage: running")));
        }
        broken
    },
};

fn variable(kind: &str, value: &str) -> Value {
    json!({
        "id": "a", "key": "KEY", "type": kind, "value": value, "legacyValue": value, "vsmValue": value,
        "comment": value, "target": ["production"], "updatedAt": 1_790_000_000_000_i64,
    })
}

fn set(world: &mut World, project: &str, variable: &Value) {
    let list = json!({"envs": [variable], "hiddenProductionEnvCount": 0});
    page(world, &format!("/v10/projects/{project}/env"), 200, &list);
}

fn page(world: &mut World, path: &str, status: u16, body: &Value) {
    world.page(path, status, None, body.to_string().as_bytes());
}

fn hop(world: &mut World, settings: &str) -> String {
    world.declare(STORE);
    let token = ("VERCEL_STAND".to_owned(), OLD.as_bytes().to_vec());
    if !world.environment.contains(&token) {
        world.environment.push(token);
    }
    format!("{{ vercel: {{ store: vercel-stand, {settings} }} }}")
}
