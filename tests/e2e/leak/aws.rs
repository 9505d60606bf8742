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

pub const LAMBDA: Kind = Kind {
    id: "aws_lambda",
    holding: |world, index, value| {
        let text = std::str::from_utf8(value).ok()?;
        let body = json!({"Version": "1", "Environment": {"Variables": {"KEY": text}}});
        Some(hop(world, "function", index, 200, &body.to_string()))
    },
    empty: |world| hop(world, "function", 999, 200, "{}"),
    broken: |world| broken(world, "function"),
};

/// One answer that is good for all that is asked.
pub const ECS: Kind = Kind {
    id: "aws_ecs",
    holding: |world, index, value| {
        let text = std::str::from_utf8(value).ok()?;
        let body = running(&json!([{"name": "KEY", "value": text}]));
        Some(hop(world, "service", index, 200, &body))
    },
    empty: |world| hop(world, "service", 999, 200, &running(&json!([]))),
    broken: |world| broken(world, "service"),
};

fn running(environment: &serde_json::Value) -> String {
    let body = json!({
        "taskArns": ["task/t"],
        "tasks": [{"taskArn": "task/t", "taskDefinitionArn": "shop:1"}],
        "taskDefinition": {"containerDefinitions": [{"name": "app", "environment": environment}]},
    });
    body.to_string()
}

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
    let (source, path) = match setting {
        "secret" => ("aws_secrets_manager", ""),
        "name" => ("aws_ssm", ""),
        "service" => ("aws_ecs", ""),
        _ => ("aws_lambda", "2015-03-31/functions/shop/configuration"),
    };
    let name = format!("{}-{index}", source.replace('_', "-"));
    world.page(&format!("/{name}/{path}"), status, None, body.as_bytes());
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
