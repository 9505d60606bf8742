//! Doppler, as far as it answers one GET. Every value lies in a config of its own.

use serde_json::json;

use super::world::{Kind, World, forms};
use crate::support::CURRENT;

const STORE: &str = "doppler-stand: { doppler: { address: 'URL', token: { env: DOPPLER_STAND } } }";

pub const KIND: Kind = Kind {
    id: "doppler",
    holding: |world, index, value| {
        let value = std::str::from_utf8(value).ok()?;
        let kept = json!({"raw": value, "computed": value, "note": value});
        let body = json!({"secrets": {"KEY": kept}, "success": true});
        Some(hop(
            world,
            &index.to_string(),
            200,
            body.to_string().as_bytes(),
        ))
    },
    empty: |world| hop(world, "empty", 200, br#"{"secrets": {}, "success": true}"#),
    broken: |world| {
        let mut broken = Vec::new();
        for (index, form) in forms(CURRENT).iter().enumerate() {
            for status in [200, 400, 401, 403, 404, 429, 500] {
                let config = format!("broken-{status}-{index}");
                broken.push(hop(world, &config, status, form));
            }
            let form = String::from_utf8_lossy(form);
            let hidden = json!({"raw": form, "computed": null, "note": form});
            for (status, said) in [
                (400, json!({"messages": [form], "success": false})),
                (403, json!({"messages": [form, form], "success": false})),
                (
                    200,
                    json!({"secrets": {"KEY": hidden, form.as_ref(): hidden}}),
                ),
                (200, json!({"secrets": {"KEY": {"computed": [form]}}})),
            ] {
                let config = format!("said-{}", broken.len());
                broken.push(hop(world, &config, status, said.to_string().as_bytes()));
            }
        }
        broken
    },
};

fn hop(world: &mut World, config: &str, status: u16, body: &[u8]) -> String {
    let path = format!(
        "/v3/configs/config/secrets?project=shop&config={config}&include_dynamic_secrets=false"
    );
    world.page(&path, status, None, body);
    world.declare(STORE);
    let token = ("DOPPLER_STAND".to_owned(), b"dp.pt.made-up".to_vec());
    if !world.environment.contains(&token) {
        world.environment.push(token);
    }
    format!("{{ doppler: {{ store: doppler-stand, project: shop, config: {config} }} }}")
}
