use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Error, Parser};

use super::args::Cli;
use crate::gate;
use crate::text::nearest;

/// Reads the arguments. A mistake in them is told without repeating what may be a key: people paste
/// keys where a file name or a fingerprint is asked for.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, Error> {
    Cli::try_parse_from(arguments).map_err(withhold)
}

/// Shows help, the version or what is wrong with the arguments.
pub(super) fn tell(error: &Error) -> ExitCode {
    // Whoever closed the stream does not want to know.
    let _ = error.print();
    if error.use_stderr() {
        gate::ExitCode::Usage.into()
    } else {
        gate::ExitCode::Success.into()
    }
}

/// Replaces what the user wrote in an error's message, unless it is nearly a word that was expected, or a flag
/// that is made of words.
fn withhold(mut error: Error) -> Error {
    let is_near = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ]
    .into_iter()
    .any(|kind| error.get(kind).is_some());
    for kind in [
        ContextKind::InvalidValue,
        ContextKind::InvalidSubcommand,
        ContextKind::InvalidArg,
    ] {
        let Some(ContextValue::String(text)) = error.get(kind) else {
            continue;
        };
        // This one is ours when a value is at fault: `--until <STAGE>`.
        let ours = kind == ContextKind::InvalidArg
            && error.get(ContextKind::InvalidValue).is_some()
            || text.contains(" <");
        if kind == ContextKind::InvalidArg && !ours && is_flag(text) {
            if !is_near && let Some(told) = elsewhere(text) {
                error.insert(ContextKind::Suggested, told);
            }
            continue;
        }
        if !(ours || is_near && is_word(text)) {
            error.remove(ContextKind::Suggested);
            error.insert(kind, ContextValue::String("(not shown)".to_owned()));
        }
    }
    error
}

/// Whether an argument is surely meant for a flag: a letter, or a few words that one can pronounce.
fn is_flag(text: &str) -> bool {
    let Some(name) = text.strip_prefix("--") else {
        return text.len() == 2 && text.starts_with('-');
    };
    let name = name.replace('_', "-");
    let can_be_said = |part: &str| {
        let between_vowels = part.split(['a', 'e', 'i', 'o', 'u', 'y']).map(str::len);
        (1..=12).contains(&part.len()) && between_vowels.max() <= Some(4)
    };
    is_word(&name) && name.split('-').all(can_be_said)
}

/// Which commands have a flag that the one that was called lacks.
fn elsewhere(flag: &str) -> Option<ContextValue> {
    let cli = Cli::command();
    let flags = |command: &clap::Command| -> Vec<String> {
        let flags = command.get_arguments().filter_map(clap::Arg::get_long);
        flags.map(str::to_owned).collect()
    };
    let all: Vec<String> = cli.get_subcommands().flat_map(flags).collect();
    let near = nearest(flag.strip_prefix("--")?, all.iter().map(String::as_str))?;
    let commands: Vec<String> = cli
        .get_subcommands()
        .filter(|command| flags(command).iter().any(|known| known == near))
        .map(|command| format!("`{} {}`", cli.get_name(), command.get_name()))
        .collect();
    let told = format!("'--{near}' is an option of {}", commands.join(", "));
    Some(ContextValue::StyledStrs(vec![told.into()]))
}

fn is_word(text: &str) -> bool {
    text.len() <= 20
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(arguments: &[&str]) -> String {
        let all = ["straggler"].iter().chain(arguments).map(Into::into);
        match parse(all) {
            Err(error) => error.render().to_string(),
            Ok(_) => panic!("{arguments:?} were taken"),
        }
    }

    #[test]
    fn a_key_in_the_wrong_place_is_not_repeated() {
        let key = "ask_live_4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua";
        let shapes = [
            vec![key],
            vec!["audit", key],
            vec!["inspect", key],
            vec!["inspect", "--expect", key],
            vec!["schema", key],
            vec!["audit", "--until", key],
            vec!["audit", "--fail-on", key],
            vec!["audit", "--timeout", key],
            vec!["audit", "--concurrency", key],
            vec!["audit", "--current", key],
            vec!["audit", "--label", key],
            vec!["audit", "-o", key],
            vec!["audit", "-f", key],
            vec!["audit", "--accept", key],
            vec!["completions", key],
            vec!["inspect", "--digits", key],
            vec!["inspect", "--pid", key],
            vec!["history", "--audits", key],
            vec!["revoke-check", "checkout", "--key", key],
            vec!["revoke-check", "checkout", key],
            vec!["audit", "--ledger", "ask://x", key],
            vec!["audit", "--color", key],
            vec!["wait", "--timeout", key],
        ];
        let dashed = format!("--{key}");
        let assigned = format!("--key={key}");
        let given = format!("checkout={key}");
        let listed = format!("stale,{key}");
        let more = [
            vec![&*dashed],
            vec!["audit", &dashed],
            vec!["audit", &assigned],
            vec!["audit", "--current", &given],
            vec!["audit", "--previous", &given],
            vec!["audit", "--fail-on", &listed],
            vec!["inspect", "-e", &assigned],
            vec!["audit", "--no-progress", &given],
        ];
        for arguments in shapes.iter().chain(&more) {
            let message = message(arguments);
            assert!(!message.contains(&key[9..20]), "{arguments:?}: {message}");
            // One that is nothing but small letters.
            let plain = |argument: &str| argument.replace(key, "qhzwkxvjpmbgtc");
            let plain: Vec<String> = arguments.iter().map(|argument| plain(argument)).collect();
            let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
            let text = self::message(&plain);
            assert!(!text.contains("qhzwkxv"), "{plain:?}: {text}");
        }
    }

    #[test]
    fn a_misspelt_word_is_repeated_and_mended() {
        let text = message(&["audti"]);
        assert!(
            text.contains("'audti'") && text.contains("'audit'"),
            "{text}"
        );
        let text = message(&["audit", "--until", "conf"]);
        assert!(text.contains("'conf'") && text.contains("config"), "{text}");
        let text = message(&["audit", "--untill", "config"]);
        assert!(
            text.contains("'--untill'") && text.contains("'--until'"),
            "{text}"
        );
    }

    #[test]
    fn a_flag_that_is_made_of_words_is_named_though_nothing_is_like_it() {
        for (arguments, named) in [
            (&["audit", "--completely-else"][..], "'--completely-else'"),
            (&["audit", "--verify=on"], "'--verify'"),
            (&["audit", "-Z"], "'-Z'"),
            (&["--dry-runn"], "'--dry-runn'"),
            (&["audit", "--dry_run"], "'--dry_run'"),
        ] {
            let text = message(arguments);
            assert!(text.contains(named), "{text}");
        }
        let text = message(&["wait", "--dry-runn"]);
        assert!(
            text.contains("'--dry-run' is an option of `straggler audit`"),
            "{text}"
        );
        for flag in ["--qhzwkxvjpmb", "--ask-live-x4q9", "--Kqvt", "-kqvt"] {
            let text = message(&["audit", flag]);
            assert!(!text.contains(flag), "{text}");
        }
    }
}
