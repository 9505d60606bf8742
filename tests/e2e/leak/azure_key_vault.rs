//! Key Vault, as far as it answers one GET, and the place where one logs in to it.

use super::world::{Kind, World, forms};
use crate::support::CURRENT;

const STORE: &str = "kv-stand: { azure: { vault: 'URL', token: { env: KV_TOKEN } } }";

pub const KIND: Kind = Kind {
    id: "azure_key_vault",
    holding: |world, index, value| {
        // Secrets are texts there.
        let value = std::str::from_utf8(value).ok()?;
        let body = serde_json::json!({"value": value, "attributes": {"created": 1_493_938_410}});
        let body = body.to_string();
        Some(hop(world, &index.to_string(), 200, body.as_bytes()))
    },
    empty: |world| {
        let body =
            br#"{"error": {"code": "SecretNotFound", "message": "A secret was not found."}}"#;
        hop(world, "not-there", 404, body)
    },
    broken: |world| {
        let mut broken = Vec::new();
        for (index, form) in forms(CURRENT).iter().enumerate() {
            for status in [200, 400, 401, 403, 404, 429, 500] {
                let name = format!("broken-{status}-{index}");
                broken.push(hop(world, &name, status, form));
            }
            let form = String::from_utf8_lossy(form);
            let said = serde_json::json!({"error": {"code": "Forbidden", "message": form}});
            let name = format!("said-{index}");
            broken.push(hop(world, &name, 403, said.to_string().as_bytes()));

            let said = serde_json::json!({"error": "invalid_client", "error_description": form});
            let login = format!("/login-{index}/t/oauth2/v2.0/token");
            world.page(&login, 401, None, said.to_string().as_bytes());
            world.declare(&format!(
                "kv-{index}: {{ azure: {{ vault: 'URL', authority: 'URL/login-{index}', tenant: t, client_id: c, client_secret: {{ env: KV_SECRET }} }} }}"
            ));
            broken.push(format!(
                "{{ azure_key_vault: {{ store: kv-{index}, secret: any }} }}"
            ));
        }
        let secret = ("KV_SECRET".to_owned(), CURRENT.as_bytes().to_vec());
        world.environment.push(secret);
        broken
    },
};

fn hop(world: &mut World, name: &str, status: u16, body: &[u8]) -> String {
    world.page(
        &format!("/secrets/{name}?api-version=7.4"),
        status,
        None,
        body,
    );
    world.declare(STORE);
    let token = ("KV_TOKEN".to_owned(), b"a-token-of-azure".to_vec());
    if !world.environment.contains(&token) {
        world.environment.push(token);
    }
    format!("{{ azure_key_vault: {{ store: kv-stand, secret: {name} }} }}")
}
