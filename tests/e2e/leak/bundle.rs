//! Pages and built folders that hold keys, and that name files by keys.

use super::world::{Kind, World, forms};
use crate::support::{CURRENT, OLD};

pub const KIND: Kind = Kind {
    id: "bundle",
    holding: |world, index, value| {
        let value = std::str::from_utf8(value).ok()?;
        // What does not fit the format is not found.
        let bare = value.strip_prefix("KEY=").unwrap_or(value);
        let bare = bare.trim_matches(['"', '\'', ' ', '\n']);
        if bare.len() != CURRENT.len() || !bare.starts_with("ask_live_") {
            return None;
        }
        let literal = serde_json::to_string(value).ok()?;
        let text = format!("const key={literal};");
        if index.is_multiple_of(2) {
            world.write(&format!("dist-{index}/a.js"), text.as_bytes());
            return Some(format!("{{ bundle: {{ path: DIR/dist-{index} }} }}"));
        }
        world.page(&format!("/{index}/a.js"), 200, None, text.as_bytes());
        let page = format!("<script src=/{index}/a.js></script>");
        Some(page_of(world, &format!("/{index}/"), 200, page.as_bytes()))
    },
    empty: |world| {
        world.write("dist-empty/a.js", b"x");
        "{ bundle: { path: DIR/dist-empty } }".to_owned()
    },
    broken: |world| {
        let mut broken = Vec::new();
        for (index, form) in forms(CURRENT).iter().enumerate() {
            for status in [204, 206, 400, 401, 403, 404, 429, 500] {
                let path = format!("/broken/{status}-{index}");
                broken.push(page_of(world, &path, status, form));
                let script = format!("<script src=/broken/{status}-{index}></script>");
                let path = format!("/names/{status}-{index}/");
                broken.push(page_of(world, &path, 200, script.as_bytes()));
            }
            // Somebody named a script after a key.
            let text = String::from_utf8_lossy(form).replace(['"', '\n', ' '], "");
            let script =
                format!("<script src=\"/{text}.js?{text}\"></script>import('./{text}.js')");
            let path = format!("/named/{index}/");
            broken.push(page_of(world, &path, 200, script.as_bytes()));
        }
        let moved = Some(("Location", format!("http://{CURRENT}.test/{OLD}?{OLD}")));
        let url = world.page("/moved/bundle", 302, moved, b"");
        broken.push(format!("{{ bundle: {{ url: '{url}' }} }}"));
        for name in [format!("{OLD}.js"), format!("{OLD}.js.br")] {
            world.write(&format!("dist-named/{name}"), OLD.as_bytes());
        }
        broken.push("{ bundle: { path: DIR/dist-named } }".to_owned());
        broken.push("{ bundle: { path: DIR/dist-gone } }".to_owned());
        broken.push("{ bundle: { path: DIR/dist-named, most_files: 1 } }".to_owned());
        broken
    },
};

fn page_of(world: &mut World, path: &str, status: u16, body: &[u8]) -> String {
    let kind = Some(("Content-Type", "text/html".to_owned()));
    let url = world.page(path, status, kind, body);
    format!("{{ bundle: {{ url: '{url}' }} }}")
}
