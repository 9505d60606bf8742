//! What is shown in the manual is tried.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use super::page::{all, root};

#[test]
fn every_whole_targets_yaml_is_sound() {
    let mut tried = 0;
    for (page, text) in all() {
        for block in blocks(&text, "yaml") {
            if !block.starts_with("version: 1") {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("targets.yaml");
            fs::write(&file, block).unwrap();
            // What the page includes.
            fs::create_dir(folder.path().join("teams")).unwrap();
            fs::write(folder.path().join("teams/a.yaml"), "version: 1\n").unwrap();
            let output = straggler(&["config", "check", "--config", file.to_str().unwrap()]);
            assert!(output.is_ok(), "{}: {block}\n{output:?}", page.display());
            tried += 1;
        }
    }
    assert!(tried > 5);
}

#[test]
fn every_command_and_option_exists() {
    let option = regex::Regex::new(r"(?:^|[\s`\[])(--?[a-z][a-z-]*)").unwrap();
    let mut tried = 0;
    for (page, text) in all() {
        for (line, command) in commands(&text) {
            let help = match straggler(&[&command[..], &["--help"]].concat()) {
                Ok(help) => help,
                Err(error) => panic!("{}: {line}\n{error}", page.display()),
            };
            for found in option.captures_iter(line) {
                let known = help.split([' ', ',', '[', '=', '\n']);
                assert!(
                    known.into_iter().any(|word| *word == found[1]),
                    "{}: `{}` in {line}",
                    page.display(),
                    &found[1]
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 10);
}

#[test]
fn every_option_that_is_named_by_itself_exists() {
    let option = regex::Regex::new(r"`(--[a-z][a-z-]*)").unwrap();
    let help: String = ["audit", "inspect", "wait", "revoke-check", "history"]
        .map(|command| straggler(&[command, "--help"]).unwrap())
        .concat();
    let known: BTreeSet<_> = help.split([' ', ',', '[', '=', '\n']).collect();
    for (page, text) in all() {
        for found in option.captures_iter(&text) {
            let option = &found[1];
            assert!(known.contains(option), "{}: `{option}`", page.display());
        }
    }
}

/// What is called in a text, each up to its end, with the command and its subcommand.
fn commands(text: &str) -> Vec<(&str, Vec<&str>)> {
    let call =
        regex::Regex::new(r"\bstraggler ((?:config |history |)[a-z]+(?:-[a-z]+)*\b)([^|`#\n;>]*)")
            .unwrap();
    let names = BTreeSet::from([
        "audit",
        "config check",
        "config expand",
        "inspect",
        "schema",
        "completions",
        "wait",
        "revoke-check",
        "history",
        "history confirm",
        "history retire",
        "man",
    ]);
    call.captures_iter(text)
        .filter_map(|found| {
            let name = found.get(1).unwrap().as_str();
            let command = name.split(' ').collect();
            names
                .contains(name)
                .then(|| (found.get(2).unwrap().as_str(), command))
        })
        .collect()
}

/// The code of this language.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let start = format!("```{language}\n");
    text.split(&start)
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("```")?.0))
        .collect()
}

/// What the program prints, or why it failed.
fn straggler(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_straggler"))
        .args(arguments)
        .env_clear()
        .current_dir(root())
        .output()
        .unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    match output.status.success() {
        true => Ok(stdout),
        false => Err(stderr),
    }
}
