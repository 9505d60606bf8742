//! A Docker Engine, as far as it lists a container, inspects it and packs a file of it. Every value
//! lies in an engine of its own.

use serde_json::{Value, json};

use super::world::{Kind, World, forms};
use crate::support::{CURRENT, OLD};

pub const KIND: Kind = Kind {
    id: "docker",
    holding: |world, index, value| {
        // Every other one in a file, where any bytes can stand.
        if index.is_multiple_of(2) {
            let hop = engine(world, &format!("file-{index}"), &["KEY=x"]);
            page(
                world,
                &format!("file-{index}"),
                "archive?path=%2Fkey",
                200,
                &archive(value),
            );
            return (!value.is_empty()).then(|| format!("{{ docker: {{ {hop}, file: /key }} }}"));
        }
        let value = std::str::from_utf8(value).ok()?;
        let hop = engine(world, &index.to_string(), &[&format!("KEY={value}")]);
        Some(format!("{{ docker: {{ {hop} }} }}"))
    },
    empty: |world| {
        let hop = engine(world, "empty", &[&format!("OTHER={CURRENT}")]);
        format!("{{ docker: {{ {hop} }} }}")
    },
    broken: |world| {
        let mut broken = Vec::new();
        for (index, form) in forms(CURRENT).iter().enumerate() {
            for status in [200, 403, 404, 500] {
                for (what, file) in [
                    ("list", ""),
                    ("json", ""),
                    ("archive?path=%2Fkey", ", file: /key"),
                ] {
                    let name = format!("broken-{status}-{index}-{}", broken.len());
                    let hop = engine(world, &name, &[]);
                    match what {
                        "list" => world.page(
                            &format!("/{name}/containers/json?all=true"),
                            status,
                            None,
                            form,
                        ),
                        what => page(world, &name, what, status, form),
                    };
                    broken.push(format!("{{ docker: {{ {hop}{file} }} }}"));
                }
            }
            let form = String::from_utf8_lossy(form);
            for answer in [
                json!({"message": form}),
                json!({"Config": {"Env": [form], "Image": form}, "State": {"Running": true}}),
                json!({"Config": {"Env": {"KEY": form}}, "State": {"Running": true}}),
                json!({"Created": form, "State": form}),
            ] {
                for status in [200, 404] {
                    let name = format!("said-{}", broken.len());
                    let hop = engine(world, &name, &[]);
                    page(world, &name, "json", status, answer.to_string().as_bytes());
                    broken.push(format!("{{ docker: {{ {hop} }} }}"));
                }
            }
        }
        // What Podman hides, and a file that is empty.
        let hop = engine(world, "podman", &[&format!("{OLD}=*******")]);
        broken.push(format!("{{ docker: {{ {hop} }} }}"));
        let hop = engine(world, "hollow", &[&format!("KEY={CURRENT}")]);
        page(world, "hollow", "archive?path=%2Fkey", 200, &archive(b""));
        broken.push(format!("{{ docker: {{ {hop}, file: /key }} }}"));
        broken
    },
};

const ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Sets up an engine with one container; the settings of a hop that means it.
fn engine(world: &mut World, name: &str, environment: &[&str]) -> String {
    let list: Value = json!([{"Id": ID, "Names": ["/web"], "Image": "shop", "State": "running"}]);
    let list = list.to_string();
    world.page(
        &format!("/{name}/containers/json?all=true"),
        200,
        None,
        list.as_bytes(),
    );
    let inspected = json!({
        "Created": "2026-11-20T09:00:00Z", "State": {"Running": true},
        "Config": {"Image": "shop", "Env": environment},
    });
    page(world, name, "json", 200, inspected.to_string().as_bytes());
    world.declare(&format!(
        "docker-{name}: {{ docker: {{ host: 'URL/{name}' }} }}"
    ));
    format!("store: docker-{name}, container: web")
}

fn page(world: &mut World, name: &str, what: &str, status: u16, body: &[u8]) -> String {
    world.page(
        &format!("/{name}/containers/{ID}/{what}"),
        status,
        None,
        body,
    )
}

/// A tar archive with one file.
fn archive(bytes: &[u8]) -> Vec<u8> {
    let mut archive = vec![0; 512];
    archive[..3].copy_from_slice(b"key");
    archive[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
    archive[156] = b'0';
    archive.extend_from_slice(bytes);
    archive.resize(archive.len().next_multiple_of(512) + 1024, 0);
    archive
}
