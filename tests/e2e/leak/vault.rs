//! Vault, as far as it answers GETs of one mount.

use super::world::{Kind, World, forms};
use crate::support::CURRENT;

const STORE: &str =
    "vault-stand: { vault: { address: 'URL', token: { env: VAULT_TOKEN_OF_TEST } } }";

const MOUNT: &str = r#"{"data": {"path": "secret/", "type": "kv", "options": {"version": "2"}}}"#;

pub const KIND: Kind = Kind {
    id: "vault",
    holding: |world, index, value| {
        let fields = serde_json::json!({"key": std::str::from_utf8(value).ok()?});
        let body = serde_json::json!({"data": {"data": fields, "metadata": {
            "created_time": "2026-11-20T09:00:00Z", "deletion_time": "", "destroyed": false, "version": 1,
        }}});
        let path = index.to_string();
        world.page(&api(&path), 200, None, body.to_string().as_bytes());
        Some(hop(world, &path))
    },
    empty: |world| {
        world.page(&api("empty"), 404, None, br#"{"errors":[]}"#);
        hop(world, "empty")
    },
    broken: |world| {
        let mut broken = Vec::new();
        for (index, form) in forms(CURRENT).iter().enumerate() {
            for status in [200, 400, 403, 404, 429, 500, 503] {
                let path = format!("broken-{status}-{index}");
                world.page(&api(&path), status, None, form);
                broken.push(hop(world, &path));

                let path = format!("told-{status}-{index}");
                let text = String::from_utf8_lossy(form);
                let body = serde_json::json!({"errors": [text], "warnings": [text], "data": text});
                world.page(&api(&path), status, None, body.to_string().as_bytes());
                broken.push(hop(world, &path));
            }
        }
        for (index, value) in [format!("[\"{CURRENT}\"]"), format!("{{\"{CURRENT}\": 1}}")]
            .iter()
            .enumerate()
        {
            let path = format!("shape-{index}");
            let metadata =
                r#"{"created_time": "", "deletion_time": "", "destroyed": false, "version": 1}"#;
            let body =
                format!(r#"{{"data": {{"data": {{"key": {value}}}, "metadata": {metadata}}}}}"#);
            world.page(&api(&path), 200, None, body.as_bytes());
            broken.push(hop(world, &path));
        }
        broken
    },
};

fn api(path: &str) -> String {
    format!("/v1/secret/data/{path}")
}

fn hop(world: &mut World, path: &str) -> String {
    world.declare(STORE);
    world.page(
        "/v1/sys/internal/ui/mounts/secret",
        200,
        None,
        MOUNT.as_bytes(),
    );
    let token = (
        "VAULT_TOKEN_OF_TEST".to_owned(),
        b"hvs.a-token-of-vault".to_vec(),
    );
    if !world.environment.contains(&token) {
        world.environment.push(token);
    }
    format!("{{ vault: {{ store: vault-stand, path: {path}, field: key }} }}")
}
