//! The modules stand in floors, each importing only what lies below it. This reads every path in
//! src/ and fails on one that runs up, or between two files that should not know each other.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

use std::fs;
use std::path::{Path, PathBuf};

/// Top to bottom.
const FLOORS: [&str; 22] = [
    "main",
    "lib",
    "cli",
    "task",
    "report",
    "explain",
    "gate",
    "ledger",
    "audit",
    "judge",
    "fetch",
    "inventory",
    "source",
    "platform",
    "extract",
    "envfile",
    "keyring",
    "reading",
    "verdict",
    "key",
    "text",
    "cores",
];

/// Folders whose files must not know each other, and what in them is there to be shared.
const APART: [(&str, &[&str]); 3] = [
    (
        "source",
        &[
            "case",
            "conformance",
            "hop",
            "info",
            "kubernetes",
            "registry",
            "testing",
        ],
    ),
    ("report", &["format", "testing"]),
    ("task", &[]),
];

#[test]
fn no_import_runs_up_or_between_siblings() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut arrows = 0;
    for file in files(&src) {
        let here = module(&src, &file);
        let exports = exports(&src, &here);
        for (line, target) in paths(&fs::read_to_string(&file).unwrap(), &here) {
            arrows += 1;
            if let Some(problem) = problem(&here, &target, &exports) {
                wrong.push(format!("{}:{line}: {problem}", file.display()));
            }
        }
    }
    assert!(
        arrows > 50,
        "only {arrows} paths were found: the scan is broken"
    );
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_file_stands_on_a_floor() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in files(&src) {
        let here = module(&src, &file);
        assert!(
            FLOORS.contains(&&*here[0]),
            "{} is on no floor: give `{}` one in ARCHITECTURE.md and here",
            file.display(),
            here[0]
        );
    }
}

#[test]
fn main_only_starts_and_only_the_command_line_prints() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let main = fs::read_to_string(src.join("main.rs")).unwrap();
    assert!(main.lines().count() < 20, "main.rs has grown");

    for file in files(&src) {
        let here = module(&src, &file);
        if here[0] == "cli" || here[0] == "main" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = before_tests(&text);
        for word in [
            "println!",
            "eprintln!",
            "print!(",
            "stdout()",
            "stderr()",
            "dbg!",
        ] {
            assert!(!code.contains(word), "{} says `{word}`", file.display());
        }
    }
}

#[test]
fn files_stay_small() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (folder, limit) in [("src/source", 400), ("src", 600), ("tests", 600)] {
        for file in files(&root.join(folder)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines < limit, "{} has {lines} lines", file.display());
        }
    }
}

#[test]
fn the_scan_sees_what_it_should() {
    let here = ["judge".to_owned(), "route".to_owned()];
    let text = "
        // use crate::cli::Nothing;
        use crate::{audit::Audit, key};
        use super::super::gate;
        const TEXT: &str = \"crate::report::x\";
        fn f(x: crate::verdict::Verdict) -> super::Outcome { '{'; crate::report::write(x) }
        mod tests { use super::*; use super::super::Outcome; }
    ";
    let found: Vec<String> = paths(text, &here)
        .into_iter()
        .map(|(line, path)| format!("{line} {}", path.join("::")))
        .collect();
    assert_eq!(
        found,
        [
            "3 audit::Audit",
            "3 key",
            "4 gate",
            "6 verdict::Verdict",
            "6 judge::Outcome",
            "6 report::write",
            "7 judge::route",
            "7 judge::Outcome",
        ]
    );
    let ups = ["3 audit", "4 gate", "6 report"];
    let problems: Vec<_> = paths(text, &here)
        .into_iter()
        .filter_map(|(line, path)| {
            problem(&here, &path, &[]).map(|_| format!("{line} {}", path[0]))
        })
        .collect();
    assert_eq!(problems, ups);

    let env = ["source".to_owned(), "env".to_owned()];
    let path = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<_>>();
    let exports = [
        ("Dotenv".to_owned(), "dotenv".to_owned()),
        ("At".to_owned(), "hop".to_owned()),
    ];
    assert!(problem(&env, &path("source::dotenv::Dotenv"), &exports).is_some());
    assert!(problem(&env, &path("source::Dotenv"), &exports).is_some());
    assert!(problem(&env, &path("source::At"), &exports).is_none());
    assert!(problem(&env, &path("source::env::Env"), &exports).is_none());
}

/// What is wrong with a path from here to there.
fn problem(here: &[String], target: &[String], exports: &[(String, String)]) -> Option<String> {
    let floor = |name: &str| FLOORS.iter().position(|floor| *floor == name);
    let (own, other) = (floor(&here[0])?, floor(target.first()?)?);
    if other < own {
        return Some(format!("{} may not know {}", here[0], target[0]));
    }
    let (_, shared) = APART.iter().find(|(folder, _)| here[0] == *folder)?;
    if here[0] != target[0] || here.len() < 2 {
        return None;
    }
    let named = target.get(1)?;
    let child = exports
        .iter()
        .find(|(item, _)| item == named)
        .map_or(named, |(_, child)| child);
    let is_child = exports.iter().any(|(_, module)| module == child) || target.len() > 2;
    (is_child && *child != here[1] && !shared.contains(&&**child))
        .then(|| format!("{} may not know its sibling {child}", here.join("::")))
}

/// What the folder's mod.rs lends out, and the child it comes from.
fn exports(src: &Path, here: &[String]) -> Vec<(String, String)> {
    let Ok(text) = fs::read_to_string(src.join(&here[0]).join("mod.rs")) else {
        return Vec::new();
    };
    let tokens = tokens(&text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].1 == "mod" {
            found.push((tokens[at + 1].1.clone(), tokens[at + 1].1.clone()));
        }
        if tokens[at].1 == "use" {
            let mut paths = Vec::new();
            at = tree(&tokens, at + 1, &[], &mut paths);
            for (_, path) in paths {
                if let (Some(child), Some(item)) = (path.first(), path.last()) {
                    found.push((item.clone(), child.clone()));
                }
            }
        }
        at += 1;
    }
    found
}

/// Every path into this crate, as the absolute modules it names, with its line.
fn paths(text: &str, here: &[String]) -> Vec<(usize, Vec<String>)> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    // The inline modules that are open, and the brace depth each ends at.
    let mut inside: Vec<(String, usize)> = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while at < tokens.len() {
        match &*tokens[at].1 {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                inside.pop_if(|(_, end)| *end == depth);
            }
            "mod" if tokens.get(at + 2).is_some_and(|next| next.1 == "{") => {
                inside.push((tokens[at + 1].1.clone(), depth));
            }
            "crate" | "super" if tokens.get(at + 1).is_some_and(|next| next.1 == "::") => {
                let mut base = Vec::new();
                let mut next = at + 2;
                if tokens[at].1 == "super" {
                    base = here.to_vec();
                    base.extend(inside.iter().map(|(name, _)| name.clone()));
                    base.pop();
                    while tokens.get(next).is_some_and(|token| token.1 == "super") {
                        base.pop();
                        next += 2;
                    }
                }
                at = tree(&tokens, next, &base, &mut found);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Reads a path, or a braced group of paths, from a token on; gives the token after it.
fn tree(
    tokens: &[(usize, String)],
    mut at: usize,
    base: &[String],
    found: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    let mut path = base.to_vec();
    let line = tokens.get(at).map_or(0, |token| token.0);
    loop {
        match tokens.get(at).map(|token| &*token.1) {
            Some("{") => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token.1 != "}") {
                    at = if tokens[at].1 == "," {
                        at + 1
                    } else {
                        tree(tokens, at, &path, found)
                    };
                }
                return at + 1;
            }
            Some("self" | "*") => at += 1,
            Some(name) if name.starts_with(|c: char| c.is_alphanumeric() || c == '_') => {
                path.push(name.to_owned());
                at += 1;
            }
            // Something this scan does not know, such as `crate::$x`.
            _ => return at + 1,
        }
        if tokens.get(at).is_some_and(|token| token.1 == "::") {
            at += 1;
        } else {
            if tokens.get(at).is_some_and(|token| token.1 == "as") {
                at += 2;
            }
            found.push((line, path));
            return at;
        }
    }
}

/// Words, `::` and single signs with their lines; no comments, texts or characters.
fn tokens(text: &str) -> Vec<(usize, String)> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    let skip_to = |at: usize, end: &str| {
        let end: Vec<char> = end.chars().collect();
        (at..chars.len())
            .find(|&start| chars[start..].starts_with(&end))
            .map_or(chars.len(), |start| start + end.len())
    };
    while at < chars.len() {
        let start = at;
        let next = chars.get(at + 1).copied().unwrap_or(' ');
        match chars[at] {
            '/' if next == '/' => at = skip_to(at, "\n") - 1,
            '/' if next == '*' => at = skip_to(at, "*/"),
            'r' if next == '#' || next == '"' => {
                let marks = chars[at + 1..].iter().take_while(|c| **c == '#').count();
                if chars.get(at + 1 + marks) == Some(&'"') {
                    at = skip_to(at + marks + 2, &format!("\"{}", "#".repeat(marks)));
                } else {
                    at += 1 + marks;
                }
            }
            '"' => {
                at += 1;
                while at < chars.len() && chars[at] != '"' {
                    at += if chars[at] == '\\' { 2 } else { 1 };
                }
                at += 1;
            }
            '\'' if next == '\\' => at = skip_to(at + 3, "'"),
            '\'' if chars.get(at + 2) == Some(&'\'') => at += 3,
            c if c.is_alphanumeric() || c == '_' => {
                while at < chars.len() && (chars[at].is_alphanumeric() || chars[at] == '_') {
                    at += 1;
                }
                found.push((line, chars[start..at].iter().collect()));
            }
            ':' if next == ':' => {
                at += 2;
                found.push((line, "::".to_owned()));
            }
            c => {
                at += 1;
                if !c.is_whitespace() {
                    found.push((line, c.to_string()));
                }
            }
        }
        line += chars[start..at.min(chars.len())]
            .iter()
            .filter(|c| **c == '\n')
            .count();
    }
    found
}

fn before_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(text)
}

/// `src/judge/route.rs` is `[judge, route]`; `mod.rs` is its folder.
fn module(src: &Path, file: &Path) -> Vec<String> {
    let mut path: Vec<String> = file
        .strip_prefix(src)
        .unwrap()
        .with_extension("")
        .iter()
        .map(|part| part.to_str().unwrap().to_owned())
        .collect();
    if path.last().is_some_and(|last| last == "mod") {
        path.pop();
    }
    path
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
