//! What a container's command does to its environment before the program starts.

use crate::key::Secret;
use crate::platform::kubernetes::Container;

/// What becomes of a variable on the way from the pod's specification to the program.
pub(super) enum Effect {
    /// Nothing, as far as the specification shows.
    None,
    /// The command sets it to this.
    Sets(Secret),
    /// The command may bring it: why.
    Brings(String),
    /// The command may bring it, and may put another value in the place of the one that is there: why.
    Replaces(String),
}

/// A program that starts another one with more in its environment.
struct Wrapper {
    name: &'static str,
    /// The word that makes it do so; any use of it does where there is none.
    word: Option<&'static str>,
    /// Whether what it brings wins over what is there.
    wins: bool,
}

const fn wrapper(name: &'static str, word: Option<&'static str>, wins: bool) -> Wrapper {
    Wrapper { name, word, wins }
}

const WRAPPERS: &[Wrapper] = &[
    wrapper("op", Some("run"), false),
    wrapper("vault-env", None, false),
    wrapper("secrets-init", None, false),
    wrapper("azure-keyvault-env", None, false),
    wrapper("berglas", Some("exec"), false),
    wrapper("dotenv", None, false),
    wrapper("dotenvx", Some("run"), true),
    wrapper("env-cmd", None, true),
    wrapper("doppler", Some("run"), true),
    wrapper("infisical", Some("run"), true),
    wrapper("chamber", Some("exec"), true),
    wrapper("envconsul", None, true),
    wrapper("consul-template", None, true),
    wrapper("vault", Some("agent"), true),
    wrapper("bao", Some("agent"), true),
    wrapper("teller", Some("run"), true),
    wrapper("bws", Some("run"), true),
    wrapper("phase", Some("run"), true),
    wrapper("summon", None, true),
    wrapper("sops", Some("exec-env"), true),
    wrapper("direnv", Some("exec"), true),
    wrapper("ssm-env", None, true),
    wrapper("aws-env", None, true),
];

/// What `command` and `args` show. What an image runs by itself is not seen.
pub(super) fn effect(container: &Container, variable: &str) -> Effect {
    let words: Vec<&str> = container
        .words
        .iter()
        // What is no text names no program.
        .map(|word| std::str::from_utf8(word.expose()).unwrap_or_default())
        .collect();
    let set = format!("{variable}=");
    for (at, word) in words.iter().enumerate() {
        let Some(value) = word.strip_prefix(&*set) else {
            if names(word, &set) {
                return Effect::Replaces("its command sets the variable itself".to_owned());
            }
            continue;
        };
        return match is_set_by_env(&words[..at]) && !value.contains("$(") {
            true => Effect::Sets(Secret::copied(value.as_bytes())),
            false => Effect::Replaces("its command names a value for the variable".to_owned()),
        };
    }
    let scripts = words.iter().flat_map(|word| commands(word));
    if scripts.clone().any(|command| sources(&command)) {
        return Effect::Replaces("its command sources a file before the program starts".to_owned());
    }
    let parts: Vec<&str> = scripts.flatten().collect();
    let mut brings = None;
    for (at, part) in parts.iter().enumerate() {
        let rest = &parts[at + 1..];
        if takes_away(part, rest, variable) {
            return Effect::Replaces("its command removes the variable".to_owned());
        }
        let known = WRAPPERS.iter().find(|wrapper| {
            wrapper.name == program(part) && wrapper.word.is_none_or(|word| rest.contains(&word))
        });
        if let Some(Wrapper { name, word, wins }) = known {
            let word = word.map_or(String::new(), |word| format!(" {word}"));
            let why = format!("its command resolves secrets when it starts (`{name}{word}`)");
            if *wins {
                return Effect::Replaces(why);
            }
            brings.get_or_insert(why);
        }
        if *part == "dotenv/config" || *part == "--env-file" || part.starts_with("--env-file=") {
            brings.get_or_insert_with(|| "its command reads a file of variables".to_owned());
        }
    }
    brings.map_or(Effect::None, Effect::Brings)
}

/// The commands in a word, each in its own words: a script that a shell is given is one word.
fn commands(word: &str) -> impl Iterator<Item = Vec<&str>> + Clone {
    let ends = |sign: char| matches!(sign, ';' | '&' | '|' | '(' | ')' | '\n');
    word.split(ends)
        .map(|command| command.split_whitespace().collect())
}

/// Whether a command of a script reads another script into its own shell.
fn sources(command: &[&str]) -> bool {
    let keyword = |word: &&&str| matches!(**word, "if" | "then" | "else" | "do" | "!" | "{");
    let mut words = command.iter().skip_while(keyword);
    matches!(words.next(), Some(&("." | "source"))) && words.next().is_some()
}

fn takes_away(part: &str, rest: &[&str], variable: &str) -> bool {
    match program(part) {
        "unset" | "-u" | "--unset" => rest.first() == Some(&variable),
        "env" => matches!(rest.first(), Some(&("-i" | "-" | "--ignore-environment"))),
        _ => false,
    }
}

/// Whether these words are `env`, its options and other assignments, behind an init program perhaps.
fn is_set_by_env(words: &[&str]) -> bool {
    let Some(env) = words.iter().rposition(|word| program(word) == "env") else {
        return false;
    };
    let starts = env == 0 || words[env - 1] == "--";
    let own = |word: &&str| word.starts_with('-') || word.contains('=');
    starts && words[env + 1..].iter().all(own)
}

/// Whether a text assigns the variable, and not another one whose name ends alike.
fn names(text: &str, set: &str) -> bool {
    text.match_indices(set).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|sign| sign.is_ascii_alphanumeric() || sign == '_')
    })
}

/// The name of a program, without its folder.
fn program(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}
