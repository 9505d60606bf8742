use std::fs;
use std::os::unix::fs::symlink;

use super::*;

pub(super) fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

pub(super) fn script(key: &str) -> Vec<u8> {
    format!("const a=\"{key}\";").into_bytes()
}

#[tokio::test]
async fn every_file_that_holds_a_token_is_a_replica() {
    let (current, old) = (script(CURRENT), script(OLD));
    let thousand = format!("{CURRENT} ").repeat(1000);
    let both = format!("\"{CURRENT}\",\"{OLD}\"");
    let folder = folder(&[
        ("assets/index.js", &current),
        ("assets/Lazy.js", &old),
        ("both.json", both.as_bytes()),
        ("index.html", thousand.as_bytes()),
        ("nothing.txt", b"x"),
        ("logo.PNG", &old),
        (".vite/manifest.json", b"{}"),
    ]);
    let read = read(json!({"path": folder.path()})).await.unwrap();
    let expected = [
        ("assets/Lazy.js", "old"),
        ("assets/index.js", "current"),
        ("both.json", "current"),
        ("both.json", "old"),
        ("index.html", "current"),
        ("logo.PNG", "old"),
    ];
    assert_eq!(read, pairs(&expected));
}

#[tokio::test]
async fn damage_in_a_literal_is_seen() {
    let folder = folder(&[
        ("a.js", format!("a=\"{CURRENT}\\n\"").as_bytes()),
        ("b.js", format!("a='\"{CURRENT}\"'").as_bytes()),
        (
            "c.html",
            format!("<i data-k=\"{CURRENT}&#10;\">").as_bytes(),
        ),
    ]);
    let read = read(json!({"path": folder.path()})).await.unwrap();
    let expected = [
        ("a.js", "CURRENT\n"),
        ("b.js", "\"CURRENT\""),
        ("c.html", "CURRENT\n"),
    ];
    assert_eq!(read, pairs(&expected));
}

#[tokio::test]
async fn nothing_found_proves_nothing() {
    let folder = folder(&[("a.js", b"a"), ("b.js", b"bc")]);
    let read = read(json!({"path": folder.path()})).await.unwrap();
    assert_eq!(read.len(), 1);
    let (replica, told) = &read[0];
    assert_eq!(replica, "");
    let said = "hidden: there is no token that fits the format in 2 files, 3 bytes";
    assert!(told.starts_with(said), "{told}");
}

#[tokio::test]
async fn what_is_not_looked_into_is_told() {
    let (current, old) = (script(CURRENT), script(OLD));
    let elsewhere = folder(&[("old.js", &old)]);
    let folder = folder(&[("a.js", &current), ("logo.png", b""), ("b.js.7z", &old)]);
    let path = folder.path();
    symlink(path.join("a.js"), path.join("same.js")).unwrap();
    symlink(path.join("gone.js"), path.join("dangling.js")).unwrap();
    symlink(elsewhere.path(), path.join("out")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, path.join("pipe"), rustix::fs::Mode::RWXU).unwrap();
    let read = read(json!({"path": path})).await.unwrap();
    let replicas: Vec<_> = read.iter().map(|(replica, _)| &**replica).collect();
    assert_eq!(replicas, ["a.js", "b.js.7z", "b.js.7z", "out"]);
    for (index, said) in [
        (2, "b.js.7z is packed (7z), and was not opened"),
        (3, "out leads out of the folder"),
    ] {
        let told = &read[index].1;
        assert!(
            told.starts_with(&format!("failed: bad-data: {said}")),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_link_to_the_folder_and_a_single_file_are_as_good() {
    let folder = folder(&[("releases/7/a.js", &script(CURRENT))]);
    let link = folder.path().join("now");
    symlink(folder.path().join("releases/7"), &link).unwrap();
    let whole = read(json!({"path": link})).await.unwrap();
    assert_eq!(whole, pairs(&[("a.js", "current")]));
    let file = read(json!({"path": link.join("a.js")})).await.unwrap();
    assert_eq!(file, pairs(&[("", "current")]));
}

#[tokio::test]
async fn a_folder_that_is_not_there_or_too_large_is_no_clean_one() {
    let folder = folder(&[("a.js", &vec![b'x'; 2 << 20]), ("b.js", b""), ("c.js", b"")]);
    let path = folder.path();
    for (settings, kind) in [
        (json!({"path": path.join("dist")}), ErrorKind::NotFound),
        (json!({"path": path, "most_files": 2}), ErrorKind::TooLarge),
        (
            json!({"path": path, "most_mebibytes": 1}),
            ErrorKind::TooLarge,
        ),
    ] {
        assert_eq!(read(settings).await.unwrap_err().kind, kind);
    }
}

#[tokio::test]
async fn a_pattern_that_fits_everything_is_said_to_be_none() {
    let words: String = (0..1000).map(|word| format!("w{word:04} ")).collect();
    let folder = folder(&[("a.js", words.as_bytes())]);
    let settings = json!({"path": folder.path(), "pattern": "w[0-9]{4}"});
    let read = read(settings).await.unwrap();
    assert_eq!(read.len(), crate::platform::bundle::MOST_TOKENS + 1);
    let told = &read.last().unwrap().1;
    assert!(
        told.starts_with("failed: too-large: a.js holds over 100"),
        "{told}"
    );
}

#[tokio::test]
async fn times_come_from_the_files() {
    let folder = folder(&[("a.js", &script(OLD))]);
    let hop = hop("bundle", json!({"path": folder.path(), "pattern": FORMAT}));
    let readings = read_all(&*hop, VARIABLE, Known::default(), &connections([])).await;
    assert!(readings.unwrap()[0].started_at.is_some());
}
