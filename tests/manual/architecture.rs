use std::fs;

use super::page::root;

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn the_floors_are_those_that_are_checked() {
    let page = text("ARCHITECTURE.md");
    let (_, rows) = page.split_once("## Floors").unwrap();
    let (rows, _) = rows.split_once("\n## ").unwrap();
    let drawn: Vec<_> = rows
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(floor, _)| floor)
        .collect();
    let test = text("tests/floors.rs");
    let (_, list) = test.split_once("const FLOORS").unwrap();
    let (list, _) = list.split_once("];").unwrap();
    let checked: Vec<_> = list
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","))
        // It only lists the modules.
        .filter(|floor| *floor != "lib")
        .collect();
    assert_eq!(drawn, checked);
}

#[test]
fn every_library_has_its_reason() {
    let page = text("ARCHITECTURE.md");
    let manifest = text("Cargo.toml");
    let (_, libraries) = page.split_once("## Libraries").unwrap();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]") && !line.contains("dev-");
        } else if inside && let Some((name, _)) = line.split_once(" = ") {
            assert!(libraries.contains(&format!("`{name}`")), "{name}");
        }
    }
}
