//! AWS, as far as it answers one request for each hop.

use serde_json::json;

use super::world::{Kind, World, forms};
use crate::support::CURRENT;

pub const SECRETS_MANAGER: Kind = Kind {
    id: "aws_secrets_manager",
    holding: |world, index, value| {
        let body = match std::str::from_utf8(value) {
            Ok(text) => json!({"SecretString": text}),
            Err(_) => json!({"SecretBinary": data_encoding::BASE64.encode(value)}),
        };
        Some(hop(world, "secret", index, 200, &body.to_string()))
    },
    empty: |world| {
        let body = json!({"__type": "ResourceNotFoundException"}).to_string();
        hop(world, "secret", 999, 400, &body)
    },
    broken: |world| broken(world, "secret"),
};

pub const SSM: Kind = Kind {
    id: "aws_ssm",
    holding: |world, index, value| {
        let text = std::str::from_utf8(value).ok()?;
        let body = json!({"Parameters": [{"Name": "shop", "Version": 1, "Value": text}]});
        Some(hop(world, "name", index, 200, &body.to_string()))
    },
    empty: |world| {
        let body = json!({"InvalidParameters": ["shop"]}).to_string();
        hop(world, "name", 999, 200, &body)
    },
    broken: |world| broken(world, "name"),
};

/// Error bodies of both kinds with a key in them, and answers that are none.
fn broken(world: &mut World, setting: &str) -> Vec<String> {
    let mut broken = Vec::new();
    for form in forms(CURRENT) {
        let form = String::from_utf8_lossy(&form).into_owned();
        let json = json!({"__type": "ValidationException", "message": form}).to_string();
        let denied = json!({"__type": form, "Message": form}).to_string();
        let xml = format!("<Error><Code>AccessDenied</Code><Message>{form}</Message></Error>");
        for (status, body) in [
            (400, json),
            (403, denied),
            (403, xml),
            (500, form.clone()),
            (200, form),
        ] {
            let index = 1000 + broken.len();
            broken.push(hop(world, setting, index, status, &body));
        }
    }
    broken
}

/// A hop in a store of its own: AWS is asked at one address whatever is asked for.
fn hop(world: &mut World, setting: &str, index: usize, status: u16, body: &str) -> String {
    let source = match setting {
        "secret" => "aws_secrets_manager",
        _ => "aws_ssm",
    };
    let name = format!("{}-{index}", source.replace('_', "-"));
    world.page(&format!("/{name}/"), status, None, body.as_bytes());
    world.declare(&format!(
        "{name}: {{ aws: {{ region: eu-west-1, endpoint: 'URL/{name}', access_key_id: {{ env: KEY_ID }}, secret_access_key: {{ env: KEY_SECRET }} }} }}"
    ));
    for (name, value) in [("KEY_ID", "AKIAEXAMPLE"), ("KEY_SECRET", "a-secret-of-aws")] {
        let set = (name.to_owned(), value.as_bytes().to_vec());
        if !world.environment.contains(&set) {
            world.environment.push(set);
        }
    }
    format!("{{ {source}: {{ store: {name}, {setting}: shop }} }}")
}
