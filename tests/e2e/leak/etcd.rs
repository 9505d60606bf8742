//! etcd, as far as it answers one request: each key on a member of its own.

use super::world::{Kind, World, forms};
use crate::support::CURRENT;

pub const KIND: Kind = Kind {
    id: "etcd",
    holding: |world, index, value| {
        let value = data_encoding::BASE64.encode(value);
        let pair = format!(r#"{{"mod_revision": "7", "version": "1", "value": "{value}"}}"#);
        let body = format!(r#"{{"kvs": [{pair}], "count": "1"}}"#);
        Some(hop(world, &format!("held-{index}"), 200, body.as_bytes()))
    },
    empty: |world| hop(world, "empty", 200, br#"{"header": {"revision": "7"}}"#),
    broken: |world| {
        let mut broken = Vec::new();
        for (index, form) in forms(CURRENT).iter().enumerate() {
            for status in [200, 400, 401, 403, 429, 500] {
                let name = format!("broken-{status}-{index}");
                broken.push(hop(world, &name, status, form));
            }
            let said = serde_json::json!({"message": String::from_utf8_lossy(form), "code": 7});
            let name = format!("said-{index}");
            broken.push(hop(world, &name, 403, said.to_string().as_bytes()));
            // Its login is refused, with a key for a token or in what is said.
            let login = format!("/login-{index}/v3/auth/authenticate");
            world.page(&login, 400, None, said.to_string().as_bytes());
            world.declare(&format!(
                "login-{index}: {{ etcd: {{ address: 'URL/login-{index}', user: x, password: {{ env: TOKEN }} }} }}"
            ));
            broken.push(format!("{{ etcd: {{ store: login-{index}, key: key }} }}"));
        }
        let password = ("TOKEN".to_owned(), CURRENT.as_bytes().to_vec());
        world.environment.push(password);
        broken
    },
};

fn hop(world: &mut World, name: &str, status: u16, body: &[u8]) -> String {
    world.page(&format!("/{name}/v3/kv/range"), status, None, body);
    world.declare(&format!("{name}: {{ etcd: {{ address: 'URL/{name}' }} }}"));
    format!("{{ etcd: {{ store: {name}, key: key }} }}")
}
