//! The places of a route: which source reads them, and what has to be there for it.

use data_encoding::BASE64;

use super::dice::Dice;
use super::envfile::{self, Becomes, Dialect};
use super::forms::{Form, Kind};
use super::keys::fingerprint;
use super::kinds::Kinds;
use super::server::UNDECODED;
use super::world::{Artifact, Content, Hop, Made, Reference, Scope, Seen, Stage};

/// Where a hop stands, and how it is called.
pub struct Spot<'a> {
    pub scope: &'a Scope,
    pub variable: &'a str,
    /// No other hop of any world has this number.
    pub number: u64,
    pub stage: Stage,
    pub kinds: &'a Kinds,
}

/// A hop with this content, or with others where the source can hold no such thing.
pub fn hop(spot: &Spot<'_>, contents: Vec<Content>, processes: bool, dice: &mut Dice) -> Hop {
    let several = contents.len() > 1;
    let plain = match spot.stage {
        Stage::Store => 1,
        Stage::Config => *dice.pick(&[2, 2, 2, 3, 3, 3, 3, 4, 1]),
        Stage::Running if processes && dice.percent(40) => 5,
        Stage::Running => 1,
    };
    let first = contents[0].clone();
    let made = match (plain, several) {
        (2, true) => files(spot, &contents, dice),
        (3, true) => env_files(spot, &contents, dice),
        (5, true) => process(spot, &contents, dice),
        (2, false) => file(spot, &first, dice),
        (3, false) => env_file(spot, &first, dice),
        (4, _) => variable(spot, &first),
        (5, false) => process(spot, &contents, dice),
        _ => None,
    };
    let mut hop = made.unwrap_or_else(|| remote(spot, first, dice));
    if spot.kinds.has(Kinds::BESIDE) && dice.percent(15) {
        put_beside(spot, &mut hop, dice);
    }
    hop
}

/// Puts another key of the same owner, or what nobody knows, beside the part that the hop takes.
fn put_beside(spot: &Spot<'_>, hop: &mut Hop, dice: &mut Dice) {
    let Scope { previous, .. } = spot.scope;
    let key = match dice.below(4) {
        0 => spot.scope.style.key(dice),
        1 => spot.scope.current.key.clone(),
        _ if previous.is_empty() => return,
        _ => dice.pick(previous).known.key.clone(),
    };
    let Some(Artifact::File(_, text)) = hop.artifacts.first_mut() else {
        return;
    };
    // Behind the rest it could end up in quotes that somebody forgot to close.
    let before = match (hop.source, text.first()) {
        ("dotenv", Some(first)) if first.is_ascii_graphic() => match dice.below(3) {
            0 => format!("# was {key}\n"),
            _ => format!("OTHER_KEY={key}\n"),
        },
        ("file", Some(b'{')) if hop.yaml.contains("json: /allstak/key") => {
            text.remove(0);
            format!("{{ \"other\": \"{key}\",")
        }
        _ => return,
    };
    text.splice(0..0, before.into_bytes());
    hop.beside.push(key);
}

fn made(
    source: &'static str,
    stage: Stage,
    yaml: String,
    artifacts: Vec<Artifact>,
    replicas: Vec<Content>,
) -> Option<Hop> {
    Some(Hop {
        source,
        stage,
        yaml,
        artifacts,
        replicas,
        seen: Seen::Value,
        at_reference: false,
        beside: Vec::new(),
        expect: None,
        waive: None,
    })
}

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// The hop at the reference's own place, if that is one that hops can read.
pub fn at_reference(spot: &Spot<'_>, dice: &mut Dice) -> Option<Hop> {
    let known = &spot.scope.current;
    let (source, _) = known.yaml.split_once(':')?;
    let source = ["file", "dotenv", "env"]
        .into_iter()
        .find(|name| *name == source)?;
    let mut yaml = known.yaml.clone();
    let mut artifacts = known.artifacts.clone();
    let spelt = source != "env" && spot.kinds.has(Kinds::SPELLING) && dice.percent(60);
    if spelt {
        let path = yaml.split(['{', '}', ',']).nth(1)?.trim();
        let path = path.strip_prefix("path: ")?.to_owned();
        let other = match dice.below(4) {
            0 => format!("./{path}"),
            1 => {
                artifacts.push(Artifact::Folder("sub".to_owned()));
                format!("sub/../{path}")
            }
            2 => format!("DIR/{path}"),
            _ => format!("{}[{}]", &path[..path.len() - 1], &path[path.len() - 1..]),
        };
        yaml = yaml.replace(&path, &text(&other));
    }
    let key = known.key.clone();
    let content = Content::Bytes(key.clone().into(), Made::Keys(vec![key], Form::exact()));
    let mut hop = made(source, Stage::Config, yaml, artifacts, vec![content])?;
    hop.at_reference = true;
    Some(hop)
}

fn file(spot: &Spot<'_>, content: &Content, dice: &mut Dice) -> Option<Hop> {
    let path = format!("files/{}", spot.number);
    if dice.percent(20)
        && let Some(hop) = extracted(content, &path, dice)
    {
        return Some(hop);
    }
    let (artifact, trim) = match content {
        Content::Bytes(bytes, _) => {
            let (bytes, trim) = trimmed(bytes, dice);
            (Some(Artifact::File(path.clone(), bytes)), trim)
        }
        Content::Absent => (None, ""),
        Content::Failed => (Some(Artifact::Folder(path.clone())), ""),
        Content::Open => return None,
    };
    let yaml = format!("file: {{ path: '{path}'{trim} }}");
    // The folder is there even if the file is not.
    let folder = Artifact::Folder("files".to_owned());
    let artifacts = artifact.into_iter().chain([folder]).collect();
    made(
        "file",
        Stage::Config,
        yaml,
        artifacts,
        vec![content.clone()],
    )
}

/// The bytes with what a setting strips again.
fn trimmed(bytes: &[u8], dice: &mut Dice) -> (Vec<u8>, &'static str) {
    let blank = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
    match dice.below(6) {
        0 if bytes.last() != Some(&b'\n') => ([bytes, b"\n"].concat(), ", trim: newline"),
        1 if !blank(bytes.first()) && !blank(bytes.last()) => {
            ([b" ", bytes, b"\t\n"].concat(), ", trim: whitespace")
        }
        _ => (bytes.to_vec(), ""),
    }
}

/// A document with the value in it, and how it is got out.
fn extracted(content: &Content, path: &str, dice: &mut Dice) -> Option<Hop> {
    let (document, how): (Vec<u8>, &str) = match (dice.below(4), content) {
        (0, Content::Bytes(bytes, _)) => (BASE64.encode(bytes).into(), "decode: base64"),
        (0, Content::Failed) => (b"%%%".to_vec(), "decode: base64"),
        (1, Content::Bytes(bytes, _)) => {
            let value = std::str::from_utf8(bytes).ok()?;
            let word = !value.is_empty() && !value.contains(char::is_whitespace);
            let document = format!("level=3 key={value}\n");
            (
                word.then_some(document)?.into(),
                r"extract: { pattern: 'key=(\S+)' }",
            )
        }
        (2, Content::Bytes(bytes, _)) => {
            let value = std::str::from_utf8(bytes).ok()?;
            let document = serde_json::json!({ "level": 3, "allstak": { "key": value } });
            (
                document.to_string().into(),
                "extract: { json: /allstak/key }",
            )
        }
        (_, Content::Absent) => (
            br#"{ "level": 3 }"#.to_vec(),
            "extract: { json: /allstak/key }",
        ),
        (_, Content::Failed) => (
            br#"{ "level": "#.to_vec(),
            "extract: { json: /allstak/key }",
        ),
        (_, Content::Bytes(bytes, _)) => (
            envfile::line(Dialect::Dotenv, "KEY_IN_FILE", bytes)?.into(),
            "extract: { dotenv: KEY_IN_FILE }",
        ),
        (_, Content::Open) => return None,
    };
    let yaml = format!("file: {{ path: '{path}' }}, {how}");
    let artifact = Artifact::File(path.to_owned(), document);
    made(
        "file",
        Stage::Config,
        yaml,
        vec![artifact],
        vec![content.clone()],
    )
}

fn files(spot: &Spot<'_>, contents: &[Content], dice: &mut Dice) -> Option<Hop> {
    let folder = format!("files/{}", spot.number);
    let mut artifacts = Vec::new();
    let mut replicas = Vec::new();
    for (index, content) in contents.iter().enumerate() {
        let path = format!("{folder}/{index}.key");
        match content {
            Content::Bytes(bytes, _) => artifacts.push(Artifact::File(path, bytes.clone())),
            // Larger than any key.
            Content::Failed if dice.percent(25) => {
                artifacts.push(Artifact::File(path, vec![b'a'; (1 << 20) + 1]));
            }
            _ => continue,
        }
        replicas.push(content.clone());
    }
    if replicas.is_empty() {
        // The glob matches nothing, so nothing was seen.
        replicas.push(Content::Failed);
    }
    let yaml = format!("file: {{ path: '{folder}/*.key' }}");
    made("file", Stage::Config, yaml, artifacts, replicas)
}

/// The text of an env file that gives the variable this content.
fn env_text(
    spot: &Spot<'_>,
    dialect: Dialect,
    content: &Content,
    dice: &mut Dice,
) -> Option<(String, Content, Option<String>)> {
    if let Content::Bytes(_, Made::Keys(keys, form)) = content
        && form.kind == Kind::Exact
        && dice.percent(35)
    {
        let comments = spot.kinds.has(Kinds::EMBEDDED);
        let (line, becomes) = envfile::odd_line(dialect, spot.variable, &keys[0], comments, dice);
        // What its program does not take from there stands there all the same.
        let beside = matches!(becomes, Becomes::Absent) && line.contains(&keys[0]);
        let beside = beside.then(|| keys[0].clone());
        let content = match becomes {
            Becomes::Key(value, form) => {
                Content::Bytes(value.into(), Made::Keys(keys.clone(), form))
            }
            Becomes::Absent => Content::Absent,
            Becomes::Failed => Content::Failed,
            Becomes::Open => Content::Open,
        };
        return Some((line, content, beside));
    }
    let line = match content {
        Content::Bytes(bytes, _) => envfile::line(dialect, spot.variable, bytes)?,
        Content::Absent => "UNRELATED=1\n".to_owned(),
        Content::Failed if dialect == Dialect::Docker => "export UNRELATED=1\n".to_owned(),
        Content::Open if dialect == Dialect::Docker => format!("{}\n", spot.variable),
        _ => return None,
    };
    let around = dice.percent(50);
    let text = match around {
        true => format!("LEVEL=info\n{line}REGION=eu\n"),
        false => line,
    };
    Some((text, content.clone(), None))
}

fn env_file(spot: &Spot<'_>, content: &Content, dice: &mut Dice) -> Option<Hop> {
    let path = format!("files/{}.env", spot.number);
    let dialect = *dice.pick(&Dialect::ALL);
    let (text, content, beside) = env_text(spot, dialect, content, dice)?;
    let yaml = format!("dotenv: {{ path: '{path}', dialect: {} }}", dialect.name());
    let artifact = Artifact::File(path, text.into());
    let made = made("dotenv", Stage::Config, yaml, vec![artifact], vec![content])?;
    Some(Hop {
        beside: beside.into_iter().collect(),
        ..made
    })
}

fn env_files(spot: &Spot<'_>, contents: &[Content], dice: &mut Dice) -> Option<Hop> {
    let folder = format!("files/{}", spot.number);
    let dialect = *dice.pick(&Dialect::ALL);
    let mut artifacts = Vec::new();
    let mut replicas = Vec::new();
    let mut beside = Vec::new();
    for (index, content) in contents.iter().enumerate() {
        let (text, content, hidden) = env_text(spot, dialect, content, dice)?;
        beside.extend(hidden);
        let path = format!("{folder}/{index}.env");
        artifacts.push(Artifact::File(path, text.into()));
        replicas.push(content);
    }
    let dialect = dialect.name();
    let yaml = format!("dotenv: {{ path: '{folder}/*.env', dialect: {dialect} }}");
    let made = made("dotenv", Stage::Config, yaml, artifacts, replicas)?;
    Some(Hop { beside, ..made })
}

/// A variable of the program's own environment.
fn variable(spot: &Spot<'_>, content: &Content) -> Option<Hop> {
    let name = format!("OWN_{}", spot.number);
    let artifacts = match content {
        Content::Bytes(bytes, _) if !bytes.contains(&0) => {
            vec![Artifact::Variable(name.clone(), bytes.clone())]
        }
        Content::Absent => Vec::new(),
        _ => return None,
    };
    let yaml = format!("env: {{ variable: '{name}' }}");
    made("env", Stage::Config, yaml, artifacts, vec![content.clone()])
}

fn process(spot: &Spot<'_>, contents: &[Content], dice: &mut Dice) -> Option<Hop> {
    // A time to sleep that no other process has.
    let argument = format!(
        "{}.{:09}",
        100_000 + std::process::id(),
        spot.number % 1_000_000_000
    );
    let itself = contents.contains(&Content::Absent) && dice.percent(40);
    let mut artifacts = Vec::new();
    let mut replicas = Vec::new();
    for content in contents {
        let variable = match content {
            Content::Bytes(bytes, _) if !bytes.contains(&0) => {
                Some((spot.variable.to_owned(), bytes.clone()))
            }
            Content::Absent => None,
            // Nothing matches, so nothing was seen.
            Content::Failed if contents.len() == 1 => {
                replicas.push(Content::Failed);
                continue;
            }
            _ => return None,
        };
        artifacts.push(Artifact::Process(argument.clone(), variable));
        replicas.push(match content {
            Content::Absent if itself => Content::Open,
            _ => content.clone(),
        });
    }
    let pattern = format!("^sleep {}$", argument.replace('.', "\\."));
    let loads = if itself { ", loads: itself" } else { "" };
    let yaml = format!("process: {{ match: '{pattern}'{loads} }}");
    made("process", Stage::Running, yaml, artifacts, replicas)
}

/// What a program prints, or a server answers.
fn remote(spot: &Spot<'_>, content: Content, dice: &mut Dice) -> Hop {
    let content = match content {
        Content::Open => Content::Absent,
        other => other,
    };
    let mut printed = Printed::of(spot, &content, dice);
    let path = format!("out/{}", spot.number);
    let stage = spot.stage.name();
    let (source, yaml, artifact) = if dice.percent(60) {
        let status = match printed.fails {
            true if spot.kinds.has(Kinds::UNDECODED) && dice.percent(30) => {
                printed.bytes = spot.scope.current.key.clone().into();
                UNDECODED
            }
            true => *dice.pick(&[401, 403, 404]),
            false => 200,
        };
        let settings = &printed.settings;
        let yaml = format!("http: {{ url: 'SERVER/{path}', stage: {stage}{settings} }}");
        let body = std::mem::take(&mut printed.bytes);
        let answer = Artifact::Answer(format!("/{path}"), status, body);
        ("http", yaml, answer)
    } else if let Some(pointer) = printed.pointer {
        let settings = printed
            .settings
            .replace(&format!(", pointer: {pointer}"), "");
        let extract = format!(", extract: {{ json: {pointer} }}");
        let yaml =
            format!("command: {{ argv: [cat, '{path}'], stage: {stage}{settings} }}{extract}");
        ("command", yaml, Artifact::File(path, printed.bytes))
    } else {
        let settings = printed.settings;
        let program = if printed.fails { "'false'" } else { "cat" };
        let yaml = format!("command: {{ argv: [{program}, '{path}'], stage: {stage}{settings} }}");
        ("command", yaml, Artifact::File(path, printed.bytes))
    };
    Hop {
        source,
        stage: spot.stage,
        yaml,
        artifacts: vec![artifact],
        replicas: vec![printed.content],
        seen: printed.seen,
        at_reference: false,
        beside: Vec::new(),
        expect: None,
        waive: None,
    }
}

/// What comes out of a program or a server.
struct Printed {
    bytes: Vec<u8>,
    settings: String,
    pointer: Option<&'static str>,
    seen: Seen,
    fails: bool,
    content: Content,
}

impl Printed {
    fn of(spot: &Spot<'_>, content: &Content, dice: &mut Dice) -> Self {
        let mut printed = Self {
            bytes: Vec::new(),
            settings: String::new(),
            pointer: None,
            seen: Seen::Value,
            fails: false,
            content: content.clone(),
        };
        let reading = |more: String| {
            format!(
                r#"{{"schema":"straggler.reading/v1","variable":"{}",{more}}}"#,
                spot.variable
            )
        };
        match content {
            Content::Failed | Content::Open => printed.failed(spot, &reading, dice),
            Content::Absent if dice.percent(50) => {
                printed.bytes = reading(r#""absent":true,"beside":[]"#.to_owned()).into();
                ", yields: reading".clone_into(&mut printed.settings);
            }
            Content::Absent => {
                printed.bytes = br#"{"other":"1"}"#.to_vec();
                printed.pointer = Some("/k");
                ", yields: value, pointer: /k".clone_into(&mut printed.settings);
            }
            Content::Bytes(bytes, _) => printed.shown(bytes, &reading, dice),
        }
        printed
    }

    fn shown(&mut self, bytes: &[u8], reading: &dyn Fn(String) -> String, dice: &mut Dice) {
        match dice.below(10) {
            0 | 1 => {
                let digits = *dice.pick(&[8, 12, 16, 64, 64]);
                self.seen = Seen::Fingerprint(digits);
                self.bytes = fingerprint(bytes, digits).into();
                if dice.percent(60) {
                    ", yields: fingerprint".clone_into(&mut self.settings);
                }
            }
            2 | 3 => {
                let digits = *dice.pick(&[12, 64]);
                self.seen = Seen::Fingerprint(digits);
                let fingerprint = fingerprint(bytes, digits);
                let length = match dice.percent(50) {
                    true => format!(r#","length":{}"#, bytes.len()),
                    false => String::new(),
                };
                self.bytes = reading(format!(
                    r#""fingerprint":"{fingerprint}"{length},"replica":"host-1/42","started_at":"2026-01-05T08:00:00Z""#
                ))
                .into();
                if dice.percent(60) {
                    ", yields: reading".clone_into(&mut self.settings);
                }
            }
            4 | 5 if std::str::from_utf8(bytes).is_ok() => {
                let value = String::from_utf8_lossy(bytes);
                self.bytes = serde_json::json!({ "k": value }).to_string().into();
                self.pointer = Some("/k");
                ", yields: value, pointer: /k".clone_into(&mut self.settings);
            }
            _ => {
                let (bytes, trim) = trimmed(bytes, dice);
                self.bytes = bytes;
                self.settings = format!("{trim}, yields: value");
            }
        }
    }

    fn failed(&mut self, spot: &Spot<'_>, reading: &dyn Fn(String) -> String, dice: &mut Dice) {
        if !spot.kinds.has(Kinds::CONTRADICTIONS) || dice.percent(60) {
            self.fails = true;
            return;
        }
        // It says two things at once, so nothing is known.
        let key = &spot.scope.current.key;
        let digits = fingerprint(key.as_bytes(), 64);
        let sure = spot.scope.current.by_value && spot.scope.reference == Reference::Sound;
        self.bytes = match dice.below(if sure { 3 } else { 2 }) {
            0 => reading(format!(r#""absent":true,"fingerprint":"{digits}""#)),
            1 => reading(format!(r#""fingerprint":"{digits}""#))
                .replace(spot.variable, "ANOTHER_NAME"),
            _ => reading(format!(
                r#""fingerprint":"{digits}","length":{}"#,
                key.len() + 3
            )),
        }
        .into();
        ", yields: reading".clone_into(&mut self.settings);
    }
}
