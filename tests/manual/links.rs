//! The links of the manual.

use std::collections::BTreeSet;
use std::fs;

use super::page::all;

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let link = regex::Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    for (page, text) in all() {
        for found in link.captures_iter(&text) {
            let target = &found[1];
            if target.contains("://") {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = match path {
                "" => page.clone(),
                path => page.parent().unwrap().join(path),
            };
            assert!(file.exists(), "{}: {target} leads nowhere", page.display());
            if !heading.is_empty() {
                let text = fs::read_to_string(file).unwrap();
                assert!(
                    headings(&text).contains(heading),
                    "{}: {target} has no such heading",
                    page.display()
                );
            }
        }
    }
}

/// As they are named in links.
fn headings(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| line.starts_with('#'));
    lines
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title
                .chars()
                .filter(|&c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}
