//! Consul, as far as it answers one GET.

use super::world::{Kind, World, forms};
use crate::support::CURRENT;

const STORE: &str = "consul-stand: { consul: { address: 'URL', token: { env: TOKEN } } }";

pub const KIND: Kind = Kind {
    id: "consul",
    holding: |world, index, value| {
        world.page(&path(&index.to_string()), 200, None, value);
        Some(hop(world, &index.to_string()))
    },
    empty: |world| hop(world, "not-there"),
    broken: |world| {
        let mut broken = Vec::new();
        for (index, form) in forms(CURRENT).iter().enumerate() {
            for status in [400, 403, 429, 500] {
                let key = format!("broken-{status}-{index}");
                world.page(&path(&key), status, None, form);
                broken.push(hop(world, &key));
            }
        }
        broken
    },
};

fn path(key: &str) -> String {
    format!("/v1/kv/{key}?raw=true")
}

fn hop(world: &mut World, key: &str) -> String {
    world.declare(STORE);
    let token = ("TOKEN".to_owned(), b"a-token-of-consul".to_vec());
    if !world.environment.contains(&token) {
        world.environment.push(token);
    }
    format!("{{ consul: {{ store: consul-stand, key: {key} }} }}")
}
