use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source};
use crate::extract::Trim;
use crate::key::Secret;
use crate::platform::commands::{Argv, Run, Setting, quoted};
use crate::platform::{Asking, Locator, Stop};
use crate::reading::Reading;
use crate::reading::remote::{Yields, understand};
use crate::text::escape;
use crate::verdict::{Evidence, Stage};

/// What a program prints: a key, a fingerprint or a reading.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments. No shell reads them.
    argv: Argv,
    /// What is set for it beside straggler's own environment: texts, or references to credentials.
    #[serde(default)]
    env: Arc<BTreeMap<Box<str>, Setting>>,
    /// What it prints; by default it is recognised.
    #[serde(default)]
    yields: Option<Yields>,
    /// Where on the key's way it looks; by default `running`.
    #[serde(default)]
    stage: Option<Stage>,
    /// What is stripped from what it prints; by default nothing.
    #[serde(default)]
    trim: Option<Trim>,
    /// Where it is started; where straggler is if empty.
    #[serde(skip, default = "nowhere")]
    folder: Arc<Path>,
}

fn nowhere() -> Arc<Path> {
    Path::new("").into()
}

/// How much of a command line is shown.
const SHOWN: usize = 80;

impl Source for Command {
    const INFO: Info = Info {
        id: "command",
        title: "what a program prints: a key, a fingerprint or a reading",
        stage: None,
        store: None,
        proves: &[Evidence::Value, Evidence::Fingerprint],
        replicas: ["answer", "answers"],
        permission: "to run the program",
        credentials: &[],
        example: "\
- command:
    argv: [ssh, -oBatchMode=yes, web-1, straggler, inspect, --env, ALLSTAK_API_KEY, --format, reading]
- command:
    argv: [vault-helper, read, allstak/checkout]
    env: { HELPER_TOKEN: { file: /run/secrets/helper }, HELPER_REGION: eu }
    yields: value
    trim: newline
    stage: store
",
        tested: "real programs",
        manual: "\
Starts a program, without a shell, in the folder of the targets.yaml it is written in, and reads what it prints. \
Run `straggler inspect --format reading` at the other end of `ssh` or `kubectl exec`, and the key never leaves \
its host: only its fingerprint travels. A program that goes by a variable of straggler's own environment, such as \
`KUBECONFIG`, reads another place wherever that is set to something else, and nobody can tell: set it in `env`.

| `yields` | what is printed |
|---|---|
| not said | a reading or a fingerprint if it is one, else the key itself |
| `value` | the key itself, exact to the byte |
| `fingerprint` | `sha256:` and 8 to 64 hex digits |
| `reading` | a `straggler.reading/v1` |

A reading is accepted only if it is consistent: it is of the variable that the hop asks for, is either `absent` \
or has a fingerprint, gives the length that the key of this fingerprint has, has fingerprints of one length in \
`beside`, and has every member once and of its type. Anything else is `unreachable`. So is any other document of straggler's, including a reading of a \
later version: none of them is ever taken for the key itself.

**Beside the variable.** Where the far end looks at an env file or a process, a reading also says what else stands \
there, comments and arguments included: `beside`, the sorted fingerprints of all words that may be keys. A previous \
key among them is a warning in an audit (`old-key-beside`) and a blind spot for `revoke-check`, as it is in a file \
that is read here. Told are only words that nobody guesses: of 16 characters and more, in which letters, capitals and digits take \
turns. So an old key that is shorter, reads as a password or has other signs in it (`!`, `#`, `%`, `&`, `@`), and \
one that is damaged, are not seen beside a variable at the far end. Where such a key is known by its value, \
`revoke-check` has a blind spot at every reading with `beside`; of a key that is known by its fingerprint alone, \
the project's current key tells what it looks like. What is glued to a key by `-`, `_` or `.` (`legacy-KEY`, \
`KEY_old`) does not hide it, nor does a second copy right behind it (`KEYKEY`), if the key has 20 letters and \
digits or more; what is glued to it without such a sign does, and so do more than 11 such signs around it, or 512 \
characters in all.

| a reading says | `revoke-check` |
|---|---|
| `beside`, also if it is empty | counts it as looked at; a blind spot, if the key is none of the words that are \
told, unless `beside` is empty and no `variable` is named: a file that is the key |
| `beside_cut`: more than the 1,000 words that are told stand there, or more than could be looked through | a blind spot |
| no `beside`, and the key or a value is there | counts it as looked at: what is beside is not part of the place |
| no `beside`, and `absent` (or the fingerprint of a placeholder) | a blind spot: the key may have another name \
there. A straggler from before `beside` writes such a reading; who writes one otherwise adds `\"beside\": []` if nothing \
else stands there |

`inspect --env` looks at no more than the variable, because the rest of that environment is straggler's own.

Most programs print a newline after a value: say `trim: newline` for those. `env` adds to the environment \
straggler runs in; a value is a text, or says where a credential is with `{ env: NAME }`, `{ file: PATH }` or `{ \
command: [PROGRAM, ARGUMENT] }`. The hop belongs to the `running` stage unless `stage` says otherwise.

Standard input is empty, so a program that asks for a password fails or waits until the time limit: tell it not \
to ask (`-oBatchMode=yes`). At the time limit the program and everything it started are killed. More than 1 MiB \
of output, an exit status other than 0 and a program that does not exist are `unreachable`; the last lines on \
standard error are shown.",
    };

    fn rooted_at(&mut self, folder: &Path) {
        self.folder = folder.into();
        for setting in Arc::make_mut(&mut self.env).values_mut() {
            if let Setting::Credential(credential) = setting {
                credential.rooted_at(folder);
            }
        }
    }

    fn check(&self) -> Result<(), String> {
        if self.argv.first().is_none_or(|program| program.is_empty()) {
            return Err("expected a program and its arguments in `argv`".to_owned());
        }
        for (name, setting) in &*self.env {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err("expected the names of variables in `env`".to_owned());
            }
            if let Setting::Credential(credential) = setting {
                credential.check()?;
            }
        }
        Ok(())
    }

    fn stage(&self) -> Stage {
        self.stage.unwrap_or(Stage::Running)
    }

    fn may_mask(&self) -> bool {
        true
    }

    fn location(&self, _: At<'_>) -> String {
        format!("command:{}", self.shown())
    }

    fn locate(&self, _: At<'_>, to: &mut Locator) {
        to.argv(&self.argv);
        to.path(&self.folder);
        for (name, setting) in &*self.env {
            to.text(&**name);
            to.setting(setting);
        }
    }

    fn remedy(&self, at: At<'_>, _: &Case<'_>) -> String {
        self.brought(&at.key_as_variable())
    }

    fn remedy_for_part(&self, at: At<'_>, _: &Case<'_>) -> String {
        self.brought(&at.key_in_its_part())
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let output = asking.of(&Run {
            argv: Arc::clone(&self.argv),
            env: Arc::clone(&self.env),
            folder: Arc::clone(&self.folder),
        })?;
        let output = output.expose();
        let output = self.trim.map_or(output, |trim| trim.of(output));
        let mut reading = understand(Secret::copied(output), self.yields, at.variable)?;
        reading.replica = reading.replica.map(|replica| escape(&replica).into());
        Ok(vec![reading])
    }
}

impl Command {
    fn brought(&self, key: &str) -> String {
        format!(
            "put {key} where `{}` looks, then restart what holds it",
            self.shown()
        )
    }

    fn shown(&self) -> String {
        let line = quoted(self.argv.iter().map(|word| &**word));
        let Some((end, _)) = line.char_indices().nth(SHOWN - 1) else {
            return line;
        };
        if line[end..].chars().nth(1).is_none() {
            return line;
        }
        // A part of a word would not be known for what the whole is.
        let is_in_word = |letter: char| letter.is_alphanumeric() || "_-.".contains(letter);
        let shown = match line[end..].starts_with(is_in_word) {
            true => line[..end].trim_end_matches(is_in_word),
            false => &line[..end],
        };
        format!("{shown}…")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::conformance::{Case, Conforming, KEY, Stand};
    use super::super::testing::{hop, read, read_one, told, try_hop};
    use super::*;
    use crate::reading::ErrorKind;

    impl Conforming for Command {
        fn stand(case: Case) -> Option<Stand> {
            let octal = KEY
                .iter()
                .map(|byte| format!("\\{byte:03o}"))
                .collect::<String>();
            let absent = r#"{"schema":"straggler.reading/v1","absent":true}"#;
            let argv = match case {
                Case::Present => json!(["printf", octal]),
                Case::Absent => json!(["echo", absent]),
                Case::Denied => json!(["/"]),
                Case::NotFound => json!(["straggler-no-such-program"]),
                Case::Broken => json!(["sh", "-c", "printf key; exit 1"]),
                Case::TooLarge => json!(["yes"]),
                Case::Silent => json!(["sleep", "1000"]),
                Case::Throttled | Case::Elsewhere => return None,
            };
            Some(Stand::new(json!({"argv": argv}), ()))
        }
    }

    const READING: &str = r#"{"schema":"straggler.reading/v1","fingerprint":"sha256:ba7816bf8f01",
        "length":3,"replica":"web-1/4\u001b2","started_at":"2026-11-20T09:00:00Z"}"#;

    #[tokio::test]
    async fn takes_a_value_a_fingerprint_or_a_reading() {
        let reading = read_one("command", json!({"argv": ["printf", "key\\n"]})).await;
        assert_eq!(told(&reading.found), "key\n");
        let settings = json!({"argv": ["printf", "key\\n"], "trim": "newline"});
        assert_eq!(told(&read_one("command", settings).await.found), "key");

        let reading = read_one("command", json!({"argv": ["echo", "sha256:ba7816bf8f01"]})).await;
        assert_eq!(told(&reading.found), "sha256:ba7816bf8f01");

        let reading = read_one("command", json!({"argv": ["printf", "%s", READING]})).await;
        assert_eq!(told(&reading.found), "sha256:ba7816bf8f01");
        assert_eq!(reading.replica.as_deref(), Some("web-1/4\\u{1b}2"));
        assert!(reading.started_at.is_some());
    }

    #[tokio::test]
    async fn what_was_promised_has_to_come() {
        let settings = json!({"argv": ["echo", "ask_live_x"], "yields": "fingerprint"});
        let error = read("command", settings).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::BadData);
        assert!(!error.message.contains("ask_live"), "{error}");
    }

    #[tokio::test]
    async fn its_environment_takes_texts_and_credentials() {
        let reading = read_one(
            "command",
            json!({
                "argv": ["sh", "-c", "printf %s \"$TEXT/$TOKEN/$CARGO_PKG_NAME\""],
                "env": {"TEXT": "t", "TOKEN": {"command": ["echo", "secret"]}},
            }),
        );
        assert_eq!(told(&reading.await.found), "t/secret/straggler");
    }

    #[tokio::test]
    async fn a_failing_program_is_no_empty_key() {
        let error = read("command", json!({"argv": ["false"]}))
            .await
            .err()
            .unwrap();
        assert_eq!(error.message, "`false` exited with status 1");
    }

    #[test]
    fn settings_are_checked() {
        for settings in [
            json!({"argv": []}),
            json!({"argv": [""]}),
            json!({"argv": ["x"], "env": {"A=B": "c"}}),
            json!({"argv": ["x"], "env": {"A": {"env": ""}}}),
        ] {
            let hop = try_hop("command", settings.clone()).unwrap();
            assert!(hop.check().is_err(), "{settings}");
        }
    }

    #[test]
    fn the_stage_is_said_or_running() {
        assert_eq!(
            hop("command", json!({"argv": ["x"]})).stage(),
            Stage::Running
        );
        let said = hop("command", json!({"argv": ["x"], "stage": "store"}));
        assert_eq!(said.stage(), Stage::Store);
    }

    #[test]
    fn a_long_command_line_is_cut() {
        let location =
            |argv: &[&str]| hop("command", json!({"argv": argv})).location(At::of("KEY"));
        assert_eq!(location(&["echo", "a b", "é"]), "command:echo 'a b' é");
        let long = "é".repeat(80);
        assert_eq!(location(&[&long]), format!("command:{long}"));
        assert_eq!(
            location(&["echo", &long, "x"]),
            "command:echo …",
            "a part of a word is not known for what the whole is"
        );
        let words = "ab ".repeat(40);
        assert_eq!(
            location(&[&words]),
            format!("command:'{}…", "ab ".repeat(26))
        );
    }
}
