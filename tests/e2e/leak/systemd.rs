//! systemd, as a `busctl` that prints what it is told of each unit.

use super::world::{Kind, World, forms};
use crate::support::CURRENT;

pub const KIND: Kind = Kind {
    id: "systemd",
    holding: |world, index, value| {
        // It tells of texts alone.
        let text = std::str::from_utf8(value).ok()?;
        Some(unit(
            world,
            &format!("held{index}"),
            &[&format!("KEY={text}")],
        ))
    },
    empty: |world| unit(world, "empty", &["OTHER=x"]),
    broken: |world| {
        let mut broken = Vec::new();
        for (index, form) in forms(CURRENT).iter().enumerate() {
            let name = format!("broken{index}");
            broken.push(unit(world, &name, &[]));
            world.write(&format!("units/{name}_2eservice.service"), form);
            let name = format!("state{index}");
            broken.push(unit(world, &name, &[]));
            let state = String::from_utf8_lossy(form);
            let line = serde_json::json!({"type": "s", "data": state});
            let lines = format!("{line}\n{line}\n{}", STATE.replace(LOADED, ""));
            world.write(&format!("units/{name}_2eservice.unit"), lines.as_bytes());
        }
        // A program that fails with a key on its lips.
        broken.push("{ systemd: { unit: nothing } }".to_owned());
        broken
    },
};

const LOADED: &str = r#"{"type":"s","data":"loaded"}
{"type":"s","data":"active"}
"#;

const STATE: &str = r#"{"type":"s","data":"loaded"}
{"type":"s","data":"active"}
{"type":"b","data":false}
{"type":"s","data":""}
{"type":"as","data":[]}
"#;

/// A hop of a unit with this environment.
fn unit(world: &mut World, name: &str, environment: &[&str]) -> String {
    let folder = world.scene.folder().to_str().unwrap().to_owned();
    let busctl = format!(
        "#!/bin/sh
name={folder}/units/${{4##*/}}
case \"$5\" in *.Unit) kind=unit ;; *.Manager) name={folder}/manager kind=unit ;; *) kind=service ;; esac
cat \"$name.$kind\" 2>/dev/null || {{ echo 'no unit {CURRENT}' >&2; exit 1; }}
"
    );
    world.write("bin/busctl", busctl.as_bytes());
    world.write("manager.unit", b"{\"type\":\"as\",\"data\":[]}\n");
    let path = world.scene.path("bin/busctl");
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{folder}/bin:/usr/bin:/bin").into_bytes();
    world.environment.push(("PATH".to_owned(), path));

    let environment = serde_json::json!({"type": "as", "data": environment});
    let service = format!(
        r#"{{"type":"u","data":0}}
{{"type":"t","data":0}}
{environment}
{{"type":"a(sb)","data":[]}}
{{"type":"as","data":[]}}
{{"type":"as","data":[]}}
{{"type":"s","data":""}}
{{"type":"s","data":""}}
{{"type":"b","data":false}}
"#
    );
    world.write(&format!("units/{name}_2eservice.unit"), STATE.as_bytes());
    world.write(
        &format!("units/{name}_2eservice.service"),
        service.as_bytes(),
    );
    format!("{{ systemd: {{ unit: {name}, stage: config }} }}")
}
