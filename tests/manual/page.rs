//! Files of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// The top of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Fails unless the file says exactly this; writes it if `UPDATE` is set.
#[track_caller]
pub fn check(path: &str, made: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, made).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == made,
        "{path} is not what the code says: run `UPDATE=1 cargo test --test manual`"
    );
}

/// As [`check`], for what stands between `<!-- NAME -->` and `<!-- /NAME -->`.
#[track_caller]
pub fn check_part(path: &str, name: &str, made: &str) {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let [start, end] = [format!("<!-- {name} -->\n"), format!("<!-- /{name} -->")];
    let (before, rest) = text.split_once(&start).expect("the part begins");
    let (_, after) = rest.split_once(&end).expect("the part ends");
    check(path, &format!("{before}{start}{made}{end}{after}"));
}

/// Every page for people, from the top of the repository.
pub fn all() -> Vec<(PathBuf, String)> {
    let mut paths: Vec<_> = [root().to_owned(), root().join("docs")]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

/// A cell of a table.
pub fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// The first letter as it begins a sentence.
pub fn sentence(fragment: &str) -> String {
    let mut characters = fragment.chars();
    let first: String = characters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}", characters.as_str())
}
