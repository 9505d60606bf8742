use std::fs;

use serde_json::json;

use super::super::conformance::{Case, Conforming, KEY, Stand};
use super::super::testing::{VARIABLE, read, read_one, told};
use super::*;

impl Conforming for Dotenv {
    fn stand(case: Case) -> Option<Stand> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".env");
        let line = [VARIABLE.as_bytes(), b"=\"", KEY, b"\"\n"].concat();
        match case {
            Case::Present => fs::write(&path, line).unwrap(),
            Case::Absent => fs::write(&path, "OTHER=x\n").unwrap(),
            Case::NotFound => {
                let settings = json!({"path": path.join(".env")});
                return Some(Stand::new(settings, directory));
            }
            Case::TooLarge => fs::write(&path, vec![b'\n'; 2 << 20]).unwrap(),
            _ => return None,
        }
        let settings = json!({"path": path, "dialect": "shell"});
        Some(Stand::new(settings, directory))
    }
}

async fn of(file: &str, dialect: &str) -> Reading {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".env");
    fs::write(&path, file).unwrap();
    read_one("dotenv", json!({"path": path, "dialect": dialect})).await
}

#[tokio::test]
async fn the_file_is_read_as_its_program_does_and_docker_s_difference_is_told() {
    for (file, dialect, found, docker) in [
        ("ALLSTAK_API_KEY=k\n", "dotenv", "k", ""),
        (
            "ALLSTAK_API_KEY=\"k\"\n",
            "dotenv",
            "k",
            "would keep the quotes around it",
        ),
        ("ALLSTAK_API_KEY=\"k\"\n", "docker", "\"k\"", ""),
        (
            "ALLSTAK_API_KEY='k' # c\n",
            "node",
            "k",
            "would keep the quotes around it and what stands behind them",
        ),
        (
            "ALLSTAK_API_KEY=k  \n",
            "dotenv",
            "k",
            "would keep the blanks behind it",
        ),
        (
            "ALLSTAK_API_KEY=k # c\n",
            "shell",
            "k",
            "would take the comment behind it along",
        ),
        (
            "ALLSTAK_API_KEY=a\\b\n",
            "systemd",
            "ab",
            "would read another value",
        ),
        (
            "export ALLSTAK_API_KEY=k\n",
            "dotenv",
            "k",
            "would refuse this file at line 1",
        ),
        ("OTHER=k\n", "dotenv", "absent", ""),
    ] {
        let reading = of(file, dialect).await;
        assert_eq!(told(&reading.found), found, "{file}");
        let note = reading.note.unwrap_or_default();
        let expected = match docker {
            "" => String::new(),
            does => format!("`docker run --env-file` {does}"),
        };
        assert_eq!(note, expected, "{file}");
    }
}

#[tokio::test]
async fn what_the_file_does_not_hold_is_hidden_and_what_is_refused_names_its_line() {
    let inherited = of("ALLSTAK_API_KEY\n", "docker").await;
    assert!(told(&inherited.found).starts_with("hidden: line 1 only names it"));
    let outside = of("X=1\nALLSTAK_API_KEY=$HOME\n", "shell").await;
    assert!(told(&outside.found).starts_with("hidden: line 2 builds it"));
    let note = outside.note.unwrap();
    assert_eq!(
        note,
        "`docker run --env-file` would take the text there as it stands"
    );
    for dialect in ["ruby-dotenv", "symfony"] {
        let command = of("X=1\nALLSTAK_API_KEY=$(id)\n", dialect).await;
        let command = told(&command.found);
        assert!(
            command.starts_with("hidden: line 2 takes it from a command, which its program runs"),
            "{command}"
        );
    }
    let refused = of("X=1\nALLSTAK_API_KEY=`id`\n", "shell").await;
    assert!(told(&refused.found).starts_with("failed: bad-data: line 2: "));
}

#[tokio::test]
async fn what_only_some_readers_put_in_is_told_and_proves_nothing() {
    let taken = |reading: &Reading| match &reading.found {
        Found::Hidden { taken_for, .. } => Some(taken_for.as_ref().map(|taken| told(&taken.found))),
        _ => None,
    };
    for (file, dialect, expected) in [
        ("O=old\nALLSTAK_API_KEY=${O}\n", "dotenv", Some(Some("old"))),
        ("ALLSTAK_API_KEY=${O}\n", "dotenv", Some(None)),
        ("ALLSTAK_API_KEY=${O}\n", "python-dotenv", Some(None)),
        ("ALLSTAK_API_KEY=${O}\n", "compose", Some(None)),
        ("ALLSTAK_API_KEY=$O\n", "shell", Some(None)),
        ("ALLSTAK_API_KEY=${ALLSTAK_API_KEY}\n", "dotenv", None),
        ("O=old\nALLSTAK_API_KEY=${O}\n", "node", None),
        (
            "\u{feff}ALLSTAK_API_KEY=k\n",
            "python-dotenv",
            Some(Some("k")),
        ),
        ("\u{feff}# c\nALLSTAK_API_KEY=k\n", "python-dotenv", None),
        ("\u{feff}ALLSTAK_API_KEY=k\n", "dotenv", None),
        ("ALLSTAK_API_KEY= # c\n", "python-dotenv", Some(Some(""))),
        ("ALLSTAK_API_KEY='\\'\n", "python-dotenv", Some(Some("\\"))),
        ("ALLSTAK_API_KEY='k' # c\n", "python-dotenv", None),
    ] {
        let reading = of(file, dialect).await;
        let expected = expected.map(|taken: Option<&str>| taken.map(str::to_owned));
        assert_eq!(taken(&reading), expected, "{dialect}: {file}");
    }
    for dialect in ["python-dotenv", "compose", "shell"] {
        let reading = of("O=old\nALLSTAK_API_KEY=${O}\n", dialect).await;
        assert_eq!(told(&reading.found), "old", "{dialect}");
    }
}

#[tokio::test]
async fn what_versions_of_ruby_dotenv_read_otherwise_is_told_and_proves_nothing() {
    let escaped = of("ALLSTAK_API_KEY=\"a\\nb\"\n", "ruby-dotenv").await;
    let found = told(&escaped.found);
    assert!(
        found.starts_with("hidden: ruby dotenv before 3.0 makes line ends"),
        "{found}"
    );
    for (file, expected) in [
        ("ALLSTAK_API_KEY='a\\nb'\n", "a\\nb"),
        ("ALLSTAK_API_KEY=\"a\"\n", "a"),
    ] {
        assert_eq!(told(&of(file, "ruby-dotenv").await.found), expected);
    }
    // Set to nothing by the latest, and not at all by earlier ones.
    let named = told(&of("ALLSTAK_API_KEY\n", "ruby-dotenv").await.found);
    assert!(!named.starts_with("hidden"), "{named}");
}

#[tokio::test]
async fn every_file_of_a_glob_is_a_replica() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["b", "a"] {
        fs::create_dir(directory.path().join(name)).unwrap();
        let line = format!("ALLSTAK_API_KEY={name}\n");
        fs::write(directory.path().join(name).join(".env"), line).unwrap();
    }
    let settings = json!({"path": directory.path().join("*/.env")});
    let readings = read("dotenv", settings).await.unwrap();
    let found: Vec<_> = readings
        .iter()
        .map(|reading| told(&reading.found))
        .collect();
    assert_eq!(found, ["a", "b"]);
    assert!(readings.iter().all(|reading| reading.replica.is_some()));
}

#[test]
fn the_address_and_the_remedy_name_the_variable() {
    let dotenv = Dotenv {
        path: Path::new("/srv/*/.env").into(),
        dialect: Dialect::Docker,
    };
    let at = At::of("KEY");
    assert_eq!(dotenv.location(at), "dotenv:/srv/*/.env#KEY");
    assert_eq!(
        dotenv.remedy(at, &crate::source::Case::default()),
        "write the current key to every file that matches /srv/*/.env as KEY, without quotes, \
             then restart what reads it"
    );
}
