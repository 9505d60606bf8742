//! `extract: properties` beside `java.util.Properties`.

use straggler::extract::{Extraction, Step};
use straggler::key::Secret;
use straggler::reading::Found;

use crate::generate::{Random, count};
use crate::oracle::{self, Answer};

/// What means something to Java.
const PIECES: &[&str] = &[
    "K",
    "K",
    "a.k",
    "x",
    "=",
    "=",
    ":",
    " ",
    "\t",
    "\u{c}",
    "\n",
    "\n",
    "\n",
    "\r\n",
    "\r",
    "\\",
    "\\\n",
    "\\\r\n",
    "\\\n  ",
    "\\\n#",
    "\\\\",
    "#",
    "!",
    "\\n",
    "\\t",
    "\\f",
    "\\q",
    "\\=",
    "\\:",
    "\\ ",
    "\\#",
    "\\u0041",
    "\\u00e4",
    "\\ud83d\\ude00",
    "\\ud83d",
    "\\ude00",
    "\\u12",
    "\\u00fg",
    "\\uuu0041",
    "ä",
    "\u{feff}",
    "\u{1f600}",
    "\u{b}",
    "\u{0}",
    "'",
    "\"",
];

fn files() -> Vec<Vec<u8>> {
    let mut random = Random::new(10);
    let pieces = |_| {
        let pieces = (0..random.below(25)).map(|_| random.pick(PIECES));
        pieces.collect::<String>().into_bytes()
    };
    let mut files: Vec<_> = (0..count(12_000)).map(pieces).collect();
    files.extend(crate::files(10, 12_000));
    // Java has one character for a byte of Latin-1 and for its escape, so that they cannot be told apart again.
    files.retain(|file| {
        std::str::from_utf8(file).is_ok() || !file.windows(2).any(|pair| pair == b"\\u")
    });
    files
}

fn ours(file: &[u8], name: &str) -> Found {
    let steps = vec![Step::Properties(name.into())];
    Extraction { steps }.apply(Secret::copied(file)).found
}

fn differs(file: &[u8], theirs: &Answer) -> bool {
    let Some(theirs) = theirs else {
        return !matches!(ours(file, "K"), Found::Failed(_));
    };
    let is_there = theirs.iter().all(|(name, value)| {
        let Ok(name) = std::str::from_utf8(name) else {
            return true;
        };
        // No hop can ask for it.
        name.is_empty()
            || matches!(ours(file, name), Found::Value(found) if found.expose() == value)
    });
    let mut others = ["K", "a.k", "L", "x"].into_iter();
    let is_absent = others.all(|name| {
        theirs.contains_key(name.as_bytes()) || matches!(ours(file, name), Found::Absent)
    });
    !is_there || !is_absent
}

#[test]
#[ignore = "needs the real program, which tests/run installs"]
fn properties() {
    let files = files();
    let script = oracle::script("PropertiesOracle.java");
    let answers = oracle::ask("/usr/bin/java".as_ref(), &[script], &files);
    let mut different: Vec<_> = files.iter().zip(&answers).collect();
    different.retain(|(file, theirs)| differs(file, theirs));
    different.sort_by_key(|(file, _)| file.len());
    let told = different.iter().take(8).map(|(file, theirs)| {
        let theirs = theirs.as_ref().map(|theirs| {
            let pairs = theirs.iter();
            pairs
                .map(|(name, value)| format!("{}={}", name.escape_ascii(), value.escape_ascii()))
                .collect::<Vec<_>>()
        });
        format!("\n  {}\n  theirs {theirs:?}\n", file.escape_ascii())
    });
    let told: String = told.collect();
    assert!(
        different.is_empty(),
        "{} of {} differ\n{told}",
        different.len(),
        files.len()
    );
    let refused = answers.iter().filter(|answer| answer.is_none()).count();
    println!(
        "Properties: {} files agree, {refused} are refused",
        files.len()
    );
    assert!(refused > 0 && refused * 2 < files.len());
}
