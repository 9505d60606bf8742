//! Secret Manager, as far as it answers one GET.

use super::world::{Kind, World, forms};
use crate::support::CURRENT;

const STORE: &str =
    "gcp-stand: { gcp: { project: p, endpoint: 'URL', token: { env: GCP_TOKEN } } }";

pub const KIND: Kind = Kind {
    id: "gcp_secret_manager",
    holding: |world, index, value| {
        let value = data_encoding::BASE64.encode(value);
        let body = format!(r#"{{"payload": {{"data": "{value}"}}}}"#);
        Some(hop(world, &index.to_string(), 200, body.as_bytes()))
    },
    empty: |world| {
        let body = br#"{"error": {"message": "not found", "status": "NOT_FOUND"}}"#;
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
            let said =
                serde_json::json!({"error": {"message": form, "status": "PERMISSION_DENIED"}});
            let name = format!("said-{index}");
            broken.push(hop(world, &name, 403, said.to_string().as_bytes()));

            let said = serde_json::json!({"error": "invalid_grant", "error_description": form});
            let place = world.page(
                &format!("/login-{index}"),
                400,
                None,
                said.to_string().as_bytes(),
            );
            let user = serde_json::json!({
                "type": "authorized_user", "client_id": "c", "client_secret": CURRENT,
                "refresh_token": CURRENT, "token_uri": place,
            });
            world.write(&format!("user-{index}.json"), user.to_string().as_bytes());
            world.declare(&format!(
                "gcp-{index}: {{ gcp: {{ project: p, endpoint: 'URL', credentials: DIR/user-{index}.json }} }}"
            ));
            broken.push(format!(
                "{{ gcp_secret_manager: {{ store: gcp-{index}, secret: any }} }}"
            ));
        }
        broken
    },
};

fn hop(world: &mut World, name: &str, status: u16, body: &[u8]) -> String {
    let path = format!("/v1/projects/p/secrets/{name}/versions/latest:access");
    world.page(&path, status, None, body);
    world.declare(STORE);
    let token = ("GCP_TOKEN".to_owned(), b"a-token-of-google".to_vec());
    if !world.environment.contains(&token) {
        world.environment.push(token);
    }
    format!("{{ gcp_secret_manager: {{ store: gcp-stand, secret: {name} }} }}")
}
