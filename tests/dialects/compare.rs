//! Ours beside theirs.

use std::collections::BTreeMap;
use std::fmt::Write;

use straggler::envfile::{Dialect, Entry, Outside, Rejected, entries};

use crate::oracle::Answer;

/// Fails with the first few files that ours and theirs read differently.
pub fn compare(dialect: Dialect, files: &[Vec<u8>], theirs: &[Answer]) {
    compare_by(dialect, files, theirs, |file| {
        entries(dialect, file, Outside::Empty)
    });
}

/// The same for what else ours reads by.
pub fn compare_by(
    dialect: Dialect,
    files: &[Vec<u8>],
    theirs: &[Answer],
    read: impl Fn(&[u8]) -> Result<Vec<(String, Entry)>, Rejected>,
) {
    let mut differences = Vec::new();
    let mut set = 0;
    let mut refused = 0;
    let mut undecided = 0;
    for (file, theirs) in files.iter().zip(theirs) {
        let ours = read(file);
        // Here the versions of systemd differ, and ours says so.
        if dialect == Dialect::Systemd && ours.as_ref().is_err_and(|e| e.reason.contains("254")) {
            undecided += 1;
            assert!(
                file.windows(2)
                    .any(|pair| pair == b"\\\n" || pair == b"\\\r")
            );
            continue;
        }
        set += usize::from(ours.as_ref().is_ok_and(|entries| !entries.is_empty()));
        refused += usize::from(ours.is_err());
        let same = match (&ours, theirs) {
            (Ok(ours), Some(theirs)) => agrees(ours, theirs),
            (Err(_), None) => true,
            _ => false,
        };
        if !same {
            differences.push((file, ours.ok(), theirs));
        }
    }
    differences.sort_by_key(|(file, ..)| file.len());
    let mut message = format!("{} of {} differ\n", differences.len(), files.len());
    for (file, ours, theirs) in differences.iter().take(8) {
        let ours = ours
            .as_ref()
            .map(|o| o.iter().map(shown).collect::<Vec<_>>());
        let theirs = theirs
            .as_ref()
            .map(|t| t.iter().map(pair).collect::<Vec<_>>());
        let text = file.escape_ascii().to_string();
        let text = text.get(..400).unwrap_or(&text);
        writeln!(
            message,
            "\n  {text}\n  ours   {ours:?}\n  theirs {theirs:?}"
        )
        .unwrap();
    }
    assert!(differences.is_empty(), "{dialect:?}: {message}");
    // A corpus on which everything is refused, or nothing, would show little.
    println!(
        "{dialect:?}: {} files agree, {set} set something, {refused} are refused, {undecided} are undecided",
        files.len()
    );
    // What PHP's cannot parse refuses the whole file, and so most of those that are no real ones.
    let times = match dialect {
        Dialect::Phpdotenv | Dialect::Symfony => 5,
        _ => 2,
    };
    assert!(
        set * times > files.len(),
        "only {set} of {} files set a variable",
        files.len()
    );
    let refuses = !matches!(dialect, Dialect::Dotenv | Dialect::Node | Dialect::Shell);
    assert_eq!(refuses, refused > 0);
    assert!(undecided * 20 < files.len());
}

fn agrees(ours: &[(String, Entry)], theirs: &BTreeMap<Vec<u8>, Vec<u8>>) -> bool {
    let named = |theirs: &[u8]| ours.iter().any(|(name, _)| name.as_bytes() == theirs);
    theirs.keys().all(|name| named(name))
        && ours
            .iter()
            .all(|(name, entry)| match (entry, theirs.get(name.as_bytes())) {
                (Entry::Value(value), Some(theirs)) => value.expose() == theirs,
                // In an empty environment this is left for what only a shell knows, such as `$$`, and
                // for what it sets by itself, such as `$_`.
                (Entry::Outside { .. } | Entry::Command { .. }, _) => true,
                _ => false,
            })
}

fn shown((name, entry): &(String, Entry)) -> String {
    match entry {
        Entry::Value(value) => pair((&name.clone().into_bytes(), &value.expose().to_vec())),
        _ => format!("{name} from outside"),
    }
}

fn pair((name, value): (&Vec<u8>, &Vec<u8>)) -> String {
    let value = value.escape_ascii().to_string();
    let value = value.get(..200).unwrap_or(&value);
    format!("{}={value}", name.escape_ascii())
}
