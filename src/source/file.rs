use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source};
use crate::extract::Trim;
use crate::key::Secret;
use crate::platform::files::{check_glob, is_glob, readings, rooted};
use crate::platform::{Asking, Stop};
use crate::reading::Reading;
use crate::text::escape;
use crate::verdict::{Evidence, Stage};

/// A file whose content is the key.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its path, or a glob that matches one file for each replica.
    path: Arc<Path>,
    /// What the program that reads it strips; by default nothing.
    #[serde(default)]
    trim: Option<Trim>,
}

impl Source for File {
    const INFO: Info = Info {
        id: "file",
        title: "a file whose content is the key",
        stage: Some(Stage::Config),
        store: None,
        proves: &[Evidence::Value],
        replicas: ["file", "files"],
        permission: "read on the file, search (x) on its directories",
        credentials: &[],
        example: "- file: { path: /run/secrets/allstak_api_key }\n\
                  - file: { path: '/srv/*/allstak.key', trim: newline }\n",
        tested: "real files, pipes, devices and links",
        manual: "\
Reads a file and takes its bytes exactly as they are. A trailing newline that an editor or `echo` left is \
damage, because most programs send it along. Set `trim` only if the program that reads the file really strips \
it:

| `trim` | strips |
|---|---|
| not said | nothing |
| `newline` | every line feed at the end, as `$(cat file)` does |
| `whitespace` | ASCII blanks, tabs and line breaks at both ends |

Relative paths start in the folder of the targets.yaml they are written in. `*`, `?` and `[…]` match within one \
name and `**` directories of any depth, as in a shell: a leading dot must be written, and `**` doesn't follow \
symbolic links to folders. Each matching file is one replica. A file that was there and that the glob no longer \
finds is not missed: give what may be away, such as a disk that is not mounted, a hop of its own.

Only a file that does not exist is `missing`. A glob that matches nothing, a directory that does not exist or \
may not be entered, a symbolic link that leads nowhere, a pipe, a device and a file over 1 MiB are `unreachable`.

A file shows what the next process to read it gets. Whether a running process has read it again is for a later \
hop to show.",
    };

    fn rooted_at(&mut self, folder: &Path) {
        self.path = rooted(folder, &self.path);
    }

    fn check(&self) -> Result<(), String> {
        check_glob(&self.path)
    }

    fn location(&self, _: At<'_>) -> String {
        format!("file:{}", self.shown())
    }

    fn remedy(&self, _: At<'_>, case: &Case<'_>) -> String {
        let files = if is_glob(&self.path) {
            "every file that matches "
        } else {
            ""
        };
        let exactly = match self.trim {
            None => ", without a line break after it",
            Some(_) => "",
        };
        format!(
            "write the current key to {files}{}{exactly}{}",
            self.shown(),
            case.then_restart()
        )
    }

    fn read(&self, _: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        readings(&self.path, asking, |file| {
            let bytes = file.bytes.expose();
            let key = self.trim.map_or(bytes, |trim| trim.of(bytes));
            Reading::value(Secret::copied(key))
        })
    }
}

impl File {
    fn shown(&self) -> String {
        escape(&self.path.to_string_lossy()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::super::conformance::{Case, Conforming, KEY, Stand};
    use super::super::testing::{Known, read, read_known, read_one, told};
    use super::*;
    use crate::platform::files::ReadFile;
    use crate::reading::{ErrorKind, ReadError};

    impl Conforming for File {
        fn stand(case: Case) -> Option<Stand> {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("key");
            match case {
                Case::Present => fs::write(&path, KEY).unwrap(),
                Case::Absent => {}
                Case::NotFound => {
                    let settings = json!({"path": path.join("key")});
                    return Some(Stand::new(settings, directory));
                }
                Case::TooLarge => fs::write(&path, vec![b'x'; 2 << 20]).unwrap(),
                _ => return None,
            }
            Some(Stand::new(json!({"path": path}), directory))
        }
    }

    #[tokio::test]
    async fn denied_stays_denied() {
        let path = Path::new("/srv/key").into();
        let denied = ReadError::new(ErrorKind::Denied, "closed", "open it");
        let known = Known::default().with(ReadFile { path }, Err(denied.clone()));
        let read = read_known("file", json!({"path": "/srv/key"}), known).await;
        assert_eq!(read.err(), Some(denied));
    }

    #[tokio::test]
    async fn the_bytes_are_exact_unless_the_reader_trims() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, " key\r\n").unwrap();
        for (settings, key) in [
            (json!({"path": file.path()}), " key\r\n"),
            (json!({"path": file.path(), "trim": "newline"}), " key\r"),
            (json!({"path": file.path(), "trim": "whitespace"}), "key"),
        ] {
            assert_eq!(told(&read_one("file", settings).await.found), key);
        }
    }

    #[tokio::test]
    async fn every_file_of_a_glob_is_a_replica() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["b", "a"] {
            fs::create_dir(directory.path().join(name)).unwrap();
            fs::write(directory.path().join(name).join("key"), name).unwrap();
        }
        let readings = read("file", json!({"path": directory.path().join("*/key")}))
            .await
            .unwrap();
        let found: Vec<_> = readings
            .iter()
            .map(|reading| (reading.replica.as_deref().unwrap(), told(&reading.found)))
            .collect();
        let path = |name: &str| {
            directory
                .path()
                .join(name)
                .join("key")
                .display()
                .to_string()
        };
        assert_eq!(
            found,
            [(&*path("a"), "a".to_owned()), (&*path("b"), "b".to_owned())]
        );
    }

    #[tokio::test]
    async fn a_missing_file_is_an_answer_and_an_empty_glob_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let missing = read_one("file", json!({"path": directory.path().join("key")})).await;
        assert_eq!(told(&missing.found), "absent");
        assert_eq!(missing.note.as_deref(), Some("there is no such file"));

        let nothing = read("file", json!({"path": directory.path().join("*")})).await;
        assert_eq!(nothing.err().unwrap().kind, ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn a_bad_replica_stands_beside_the_good_ones() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("good"), "key").unwrap();
        std::os::unix::fs::symlink("nowhere", directory.path().join("gone")).unwrap();
        fs::write(directory.path().join("large"), vec![b'x'; (1 << 20) + 1]).unwrap();
        let readings = read("file", json!({"path": directory.path().join("*")}))
            .await
            .unwrap();
        let found: Vec<_> = readings
            .iter()
            .map(|reading| told(&reading.found))
            .collect();
        assert!(found[0].starts_with("failed: not-found: "), "{found:?}");
        assert_eq!(found[1], "key");
        assert!(found[2].starts_with("failed: too-large: "), "{found:?}");
    }
}
