//! No key ever leaves where no project has a format: whatever is repeated, by whom, in which encoding, and
//! whoever is told of it.

use std::fs;
use std::path::Path;

use data_encoding::{
    BASE32, BASE32_NOPAD, BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER, HEXUPPER,
};

use super::needles::Needles;
use super::world::World;
use crate::support::{Ran, Scene, fingerprint};

/// What may be repeated, and what it is to straggler.
const SECRETS: [(&str, &str); 13] = [
    ("the current key", "Kq3-vT9_mW2xZ7rB5yL8nQ4hJ6d"),
    ("another project's", "f81d4fae7dec11d0a76500a0c91e6bf6"),
    ("the next key", "pw+Xe4/Rt6=Yu8-Io0_Pa2.Sd4~Fg6"),
    ("a previous key", "zmxncbvlaksjdhfgqpwoeiruty"),
    ("one in quotes", "Wb5!Nc7@Xd9#Ye1$Zf3%Ag5^Bh7"),
    ("one with its line end", "u1H3s5G7k9F2d4S6a8P0o2I4u6Y8"),
    ("a previous one in quotes", "Qz1Wx3Ec5Rv7Tb9Yn2Um4Ik6Ol8"),
    ("known by its fingerprint", "LmNoPqRsTuVwXyZ0918273645abc"),
    ("the token of a header", "tok.Vd8Sg2Hj4Kl6Zx1Cv3Bn5Mq7"),
    ("what a program is given", "G4s6D8f0H2j4K6l8Q1w3E5r7T9y"),
    ("what stands in an address", "M2n4B6v8C0x1Z3l5K7j9H8g6F4d"),
    ("the token of a store", "hvs.Ru4Ty6Ui8Op0As2Df4Gh6Jk8"),
    ("the end of an address", "Zk8Wn3Rb6Td1Yh5Jc9Lf2Gv4"),
];

/// Where those stand that are written in targets.yaml, which `config expand` prints as it is.
const WRITTEN: [usize; 2] = [10, 12];

/// The token that messages are signed with is no one's but the notifications'.
const SIGNS: &str = "Tt5Rr4Ee3Ww2Qq1Yy6Uu7Ii8Oo9";

/// Only hashed parts of a text are known of this one, so halves of it are nobody's.
const HASHED: &str = "known by its fingerprint";

/// How somebody else may write a secret.
fn encodings(secret: &str) -> Vec<(&'static str, String)> {
    let bytes = secret.as_bytes();
    let each = |form: fn(u8) -> String| bytes.iter().copied().map(form).collect::<String>();
    vec![
        ("plain", secret.to_owned()),
        ("base64", BASE64.encode(bytes)),
        ("base64 without padding", BASE64_NOPAD.encode(bytes)),
        ("base64 for URLs", BASE64URL.encode(bytes)),
        ("the same without padding", BASE64URL_NOPAD.encode(bytes)),
        (
            "base64 twice",
            BASE64.encode(BASE64.encode(bytes).as_bytes()),
        ),
        ("hex", HEXLOWER.encode(bytes)),
        ("upper hex", HEXUPPER.encode(bytes)),
        ("percent", each(|byte| format!("%{byte:02X}"))),
        ("JSON", each(|byte| format!("\\u{byte:04x}"))),
        ("decimal HTML", each(|byte| format!("&#{byte};"))),
        ("hexadecimal HTML", each(|byte| format!("&#x{byte:x};"))),
        ("its first half", secret[..secret.len() / 2].to_owned()),
        ("its second half", secret[secret.len() / 2..].to_owned()),
        ("half in base64", BASE64.encode(&bytes[..bytes.len() / 2])),
        ("half in hex", HEXLOWER.encode(&bytes[bytes.len() / 2..])),
    ]
}

/// How somebody may spell one so that no program would take it for one.
fn spellings(secret: &str) -> Vec<(&'static str, String)> {
    let bytes = secret.as_bytes();
    let joined = |form: fn(u8) -> String, separator: &str| {
        let all: Vec<_> = bytes.iter().copied().map(form).collect();
        all.join(separator)
    };
    let grouped = |text: &str, length: usize, separator: &str| {
        let groups = text.as_bytes().chunks(length).map(String::from_utf8_lossy);
        groups.collect::<Vec<_>>().join(separator)
    };
    let hex = |byte: u8| format!("{byte:02x}");
    let wide: Vec<u8> = bytes.iter().flat_map(|&byte| [byte, 0]).collect();
    vec![
        ("base32", BASE32.encode(bytes)),
        ("small base32", BASE32_NOPAD.encode(bytes).to_lowercase()),
        ("base32 in groups", grouped(&BASE32.encode(bytes), 4, "-")),
        ("base64 in groups", grouped(&BASE64.encode(bytes), 4, " ")),
        ("base64 of UTF-16", BASE64.encode(&wide)),
        ("hex with colons", joined(hex, ":")),
        ("hex with blanks", joined(hex, " ")),
        ("hex with dashes", joined(hex, "-")),
        ("hex in groups", grouped(&HEXUPPER.encode(bytes), 4, " ")),
        (
            "hexadecimal numbers",
            joined(|byte| format!("0x{byte:02x}"), ", "),
        ),
        ("decimal numbers", joined(|byte| byte.to_string(), ", ")),
        ("as Go prints bytes", joined(|byte| byte.to_string(), " ")),
        ("octal escapes", joined(|byte| format!("\\{byte:03o}"), "")),
        (
            "escapes of source code",
            joined(|byte| format!("\\x{byte:02x}"), ""),
        ),
        (
            "quoted-printable",
            joined(|byte| format!("={byte:02X}"), ""),
        ),
        ("percent twice", joined(|byte| format!("%25{byte:02X}"), "")),
        (
            "JSON in JSON",
            joined(|byte| format!("\\\\u{byte:04x}"), ""),
        ),
        ("letter by letter", grouped(secret, 1, " ")),
        ("in groups", grouped(secret, 4, " ")),
        ("in lines", grouped(secret, 8, "\n")),
        (
            "half of it, in groups",
            grouped(&secret[..secret.len() / 2], 4, " "),
        ),
        (
            "half in hex with blanks",
            grouped(&HEXLOWER.encode(&bytes[..bytes.len() / 2]), 2, " "),
        ),
        ("half in base32", BASE32.encode(&bytes[bytes.len() / 2..])),
        ("more than half", secret[..secret.len() * 3 / 4].to_owned()),
    ]
}

/// One text, and what it should not say.
struct Said {
    what: String,
    text: String,
}

/// Every secret in every encoding, or in every spelling.
fn texts(written: fn(&str) -> Vec<(&'static str, String)>) -> Vec<Said> {
    let mut texts = Vec::new();
    for (name, secret) in SECRETS {
        for (encoding, written) in written(secret) {
            if name == HASHED && encoding.contains("half") {
                continue;
            }
            texts.push(Said {
                what: format!("{name}, {encoding}"),
                text: format!("refused <{written}> for good"),
            });
        }
    }
    texts
}

fn needles() -> Needles {
    needles_but(&[])
}

/// Of all secrets but these.
fn needles_but(left_out: &[usize]) -> Needles {
    let secrets = SECRETS.iter().enumerate();
    let secrets = secrets.filter(|(at, _)| !left_out.contains(at));
    let secrets = secrets.map(|(_, (_, secret))| *secret);
    let all: Vec<&str> = secrets.chain([SIGNS]).collect();
    let encoded = all.iter().map(|secret| BASE64.encode(secret.as_bytes()));
    let encoded: Vec<String> = encoded.collect();
    // What is encoded twice is told by what was encoded once.
    let encoded = encoded.iter().map(String::as_str);
    Needles::of(&all.iter().copied().chain(encoded).collect::<Vec<_>>())
}

#[test]
fn the_check_finds_every_text_that_must_not_be_told() {
    let needles = needles();
    for said in texts(encodings).into_iter().chain(texts(spellings)) {
        let found = needles.find(said.text.as_bytes());
        assert!(
            found.is_some(),
            "{} would not be seen: {}",
            said.what,
            said.text
        );
    }
    assert_eq!(needles.find(b"refused <[redacted]> for good"), None);
}

/// Who says a text: a hop, a reference, another known key, or somebody who should be told.
struct Speakers {
    world: World,
    projects: Vec<String>,
    previous: Vec<String>,
    receivers: Vec<String>,
    deployments: Vec<String>,
}

impl Speakers {
    fn new() -> Self {
        let mut world = World::new();
        world.environment = [("HEADER", 8), ("GIVEN", 9), ("STORE", 11)]
            .map(|(name, at)| (name.to_owned(), SECRETS[at].1.as_bytes().to_vec()))
            .into();
        world
            .environment
            .push(("SIGNS".to_owned(), SIGNS.as_bytes().to_vec()));
        for (name, text) in [
            ("current", SECRETS[0].1.to_owned()),
            ("other", SECRETS[1].1.to_owned()),
            ("next", SECRETS[2].1.to_owned()),
            ("old", SECRETS[3].1.to_owned()),
            ("quoted", format!("\"{}\"", SECRETS[4].1)),
            ("line", format!(" {}\n", SECRETS[5].1)),
            ("old-quoted", format!("'{}'\n", SECRETS[6].1)),
        ] {
            world.write(&format!("in/{name}"), text.as_bytes());
        }
        Self {
            world,
            projects: Vec::new(),
            previous: vec![
                "{ file: { path: DIR/in/old } }".to_owned(),
                "{ file: { path: DIR/in/old-quoted } }".to_owned(),
                format!("{{ fingerprint: '{}' }}", fingerprint(SECRETS[7].1)),
            ],
            receivers: Vec::new(),
            deployments: Vec::new(),
        }
    }

    /// Lets somebody say a text of each kind that there is.
    fn say(&mut self, index: usize, said: &Said) {
        let text = said.text.as_bytes();
        let world = &mut self.world;
        world.write(&format!("in/said-{index}"), text);
        world.script(
            &format!("in/fails-{index}"),
            &format!("cat DIR/in/said-{index} >&2; exit 3"),
        );
        let program = format!(
            "{{ command: {{ argv: [sh, DIR/in/fails-{index}], env: {{ T: {{ env: GIVEN }} }} }} }}"
        );
        let page = format!("/said/{index}/{}?key={}", SECRETS[12].1, SECRETS[10].1);
        let url = world.page(&page, 403, None, text);
        let server =
            format!("{{ http: {{ url: '{url}', headers: {{ X-Key: {{ env: HEADER }} }} }} }}");
        world.declare("stand: { vault: { address: 'URL', token: { env: STORE } } }");
        let refusal = serde_json::json!({ "errors": [said.text] }).to_string();
        let path = format!("/v1/secret/data/said-{index}");
        world.page(&path, 403, None, refusal.as_bytes());
        let store = format!("{{ vault: {{ store: stand, path: said-{index}, field: key }} }}");
        // It succeeds, and calls itself so.
        let reading = serde_json::json!({
            "schema": "straggler.reading/v1",
            "fingerprint": fingerprint(SECRETS[0].1),
            "replica": said.text,
        });
        world.write(
            &format!("in/reading-{index}"),
            reading.to_string().as_bytes(),
        );
        let replica = format!("{{ command: {{ argv: [cat, DIR/in/reading-{index}] }} }}");
        for hop in [&program, &server, &store, &replica] {
            let name = self.deployments.len();
            self.deployments.push(format!(
                "  - {{ name: d{name}, project: shop, route: [ {hop} ] }}"
            ));
        }
        let told = world.page(&format!("/told/{index}"), 400, None, text);
        self.receivers.push(match index % 3 {
            0 => format!("{{ command: {{ argv: [sh, DIR/in/fails-{index}] }} }}"),
            1 => format!("{{ webhook: {{ url: '{told}', secret: {{ env: SIGNS }} }} }}"),
            _ => {
                world.write(&format!("in/slack-{index}"), told.as_bytes());
                format!("{{ slack: {{ url: {{ file: DIR/in/slack-{index} }} }} }}")
            }
        });
        let speaker = if index.is_multiple_of(2) {
            &program
        } else {
            &server
        };
        match index % 3 {
            0 => self.previous.push(speaker.clone()),
            1 => self.projects.push(format!(
                "  p{index}: {{ variable: KEY, current: {speaker} }}"
            )),
            _ => self.projects.push(format!(
                "  p{index}: {{ variable: KEY, current: {{ file: {{ path: DIR/in/own-{index} }} }}, next: {speaker} }}"
            )),
        }
        self.world.write(
            &format!("in/own-{index}"),
            format!("own-key-of-{index:04}").as_bytes(),
        );
    }

    fn targets(&self) -> String {
        let list = |items: &[String]| items.join("\n      - ");
        format!(
            "version: 1
projects:
  shop:
    variable: KEY
    current: {{ file: {{ path: DIR/in/current }} }}
    next: {{ file: {{ path: DIR/in/next }} }}
    previous:
      - {}
  bank: {{ variable: KEY, current: {{ file: {{ path: DIR/in/other }} }} }}
  quoted: {{ variable: KEY, current: {{ file: {{ path: DIR/in/quoted }} }} }}
  line: {{ variable: KEY, current: {{ file: {{ path: DIR/in/line }} }} }}
{}
notify:
      - {}
      - {{ name: well, command: {{ argv: [ sh, -c, 'cat > DIR/out/told' ] }} }}
{}deployments:
{}
",
            list(&self.previous),
            self.projects.join("\n"),
            list(&self.receivers),
            self.world.stores(),
            self.deployments.join("\n"),
        )
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut straggler = self.world.scene.straggler(arguments);
        for (name, value) in &self.world.environment {
            straggler = straggler.env(name, String::from_utf8(value.clone()).unwrap());
        }
        for (name, folder) in [("XDG_STATE_HOME", "out/state"), ("TMPDIR", "out/tmp")] {
            straggler = straggler.env(name, self.world.scene.path(folder));
        }
        straggler.run()
    }
}

/// Everything that was written, file by file, names included.
fn written(folder: &Path, all: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            written(&path, all);
        } else {
            let name = path.to_string_lossy().into_owned();
            let mut bytes = name.clone().into_bytes();
            bytes.extend(fs::read(&path).unwrap());
            all.push((name, bytes));
        }
    }
}

#[test]
fn nobody_repeats_a_secret_of_projects_without_a_format() {
    nobody_repeats(&texts(encodings));
}

#[test]
fn nobody_spells_a_secret_of_projects_without_a_format() {
    nobody_repeats(&texts(spellings));
}

fn nobody_repeats(texts: &[Said]) {
    let needles = needles();
    let mut speakers = Speakers::new();
    for (index, said) in texts.iter().enumerate() {
        speakers.say(index, said);
    }
    // Something to tell.
    let stale = "  - { name: stale, project: shop, route: [ { file: { path: DIR/in/old } } ] }";
    speakers.deployments.push(stale.to_owned());
    for folder in ["out/state", "out/tmp"] {
        fs::create_dir_all(speakers.world.scene.path(folder)).unwrap();
    }
    let folder = speakers.world.scene.folder().to_str().unwrap().to_owned();
    let targets = speakers.targets().replace("DIR", &folder);
    speakers.world.write("targets.yaml", targets.as_bytes());

    // Every hop spoke, and was understood as far as that goes.
    let report = speakers
        .run(&["audit", "-f", "json", "--retries", "0", "--no-ledger"])
        .ends(1);
    let report_of = report.json();
    for (at, deployment) in report_of["deployments"]
        .as_array()
        .unwrap()
        .iter()
        .take(4 * texts.len())
        .enumerate()
    {
        let reading = &deployment["hops"][0]["readings"][0];
        let told = reading.to_string();
        // What was sent is taken out before anything else, and a word that is too long is left out.
        let hidden = ["[redacted]", "<*", "*>", " …"];
        assert!(
            hidden.iter().any(|sign| told.contains(sign)),
            "{} by the hop {}: {reading}",
            texts[at / 4].what,
            at % 4
        );
    }
    needles.are_not_in(&report, "the report");

    for (at, format) in straggler::report::FORMATS.iter().enumerate() {
        let out = format!("{}=out/report.{}", format.id, format.id);
        let loud = ["-v", "-vv", "-vvv", "-q"][at % 4];
        let arguments = ["audit", "-f", format.id, "-o", &out, "--retries", "0", loud];
        let ran = speakers.run(&[&arguments[..], &["--ledger", "out/ledger.db"]].concat());
        needles.are_not_in(&ran, format.id);
    }
    let night = [
        "audit",
        "--changed-only",
        "-vv",
        "--retries",
        "0",
        "--ledger",
        "out/night.db",
    ];
    let night = speakers.run(&night).ends(1);
    for index in 0..texts.len() {
        let kind = ["command", "webhook", "slack"][index % 3];
        assert!(night.stderr.contains(kind), "{night}");
    }
    let failures = night.stderr.matches("was not told").count();
    assert_eq!(failures, texts.len(), "{night}");
    assert!(night.stderr.matches("[redacted]").count() > texts.len() / 2);
    needles.are_not_in(&night, "notifications");
    for asked in [
        &["revoke-check", "shop", "-vv", "--retries", "0"][..],
        &["revoke-check", "shop", "-f", "json", "--retries", "0"],
        &[
            "wait",
            "-vv",
            "--retries",
            "0",
            "--every",
            "1s",
            "--timeout",
            "2s",
        ],
        &["history"],
        &["history", "--deployment", "stale"],
        &["history", "--deployment", "d1", "-f", "json"],
    ] {
        let ran = speakers.run(&[asked, &["--ledger", "out/night.db"]].concat());
        assert_ne!(ran.status.code(), Some(2), "{ran}");
        needles.are_not_in(&ran, asked[0]);
    }
    let planned = speakers.run(&["audit", "--dry-run"]).ends(0);
    needles.are_not_in(&planned, "what would be asked");
    let expanded = speakers.run(&["config", "expand"]).ends(0);
    needles_but(&WRITTEN).are_not_in(&expanded, "targets.yaml written out");

    let mut all = Vec::new();
    written(&speakers.world.scene.path("out"), &mut all);
    let is_there = |name: &str| all.iter().any(|(path, _)| path.contains(name));
    assert!(is_there("night.db") && is_there("told") && is_there("report.json"));
    for (name, bytes) in &all {
        assert_eq!(needles.find(bytes), None, "{name}");
    }
}

#[test]
fn what_is_pasted_where_a_name_belongs_is_not_repeated() {
    let needles = needles();
    for (name, secret) in SECRETS {
        let scene = Scene::with(
            "version: 1
projects:
  shop: { variable: KEY, current: { file: { path: DIR/key } } }
deployments:
  - { name: web, project: shop, route: [ { file: { path: DIR/key } } ] }
",
        )
        .file("key", SECRETS[0].1);
        let within = format!("json=missing/{secret}");
        let label = format!("team={secret}");
        for arguments in [
            &["inspect", "--env", secret][..],
            &["inspect", "--env", secret, "-f", "json"],
            &["inspect", "--env", secret, "-f", "reading"],
            &["inspect", "--file", secret],
            &["inspect", "--file", secret, "--variable", "KEY"],
            &["inspect", "--file", "key", "--variable", secret],
            &[
                "inspect",
                "--file",
                "key",
                "--variable",
                "KEY",
                "--dialect",
                secret,
            ],
            &["inspect", "--name", secret, "--variable", "KEY"],
            &["inspect", "--unit", secret, "--variable", "KEY"],
            &["inspect", "--name", "none-is-so", "--variable", secret],
            &["config", "check", "-c", secret],
            &["config", "expand", "-c", secret],
            &["audit", "-c", secret],
            &["audit", "--project", secret],
            &["audit", "--environment", secret],
            &["audit", "--deployment", secret],
            &["audit", "--owner", secret],
            &["audit", "--label", &label],
            &["audit", "-o", &within],
            &["audit", "--ledger", "missing/folder", "--project", secret],
            &["wait", "--project", secret],
            &["revoke-check", secret],
            &["revoke-check", "shop", "--environment", secret],
            &[
                "revoke-check",
                "shop",
                "--accept",
                secret,
                "--reason",
                "it is off",
            ],
            &["history", "--project", secret],
            &["history", "--deployment", secret],
            &["history", "confirm", secret],
            &["history", "confirm", "shop", "--environment", secret],
            &["history", "retire", secret],
        ] {
            let ran = scene.run([arguments, &["--color", "never"]].concat());
            needles.are_not_in(&ran, &format!("{name} in {arguments:?}"));
        }
    }
}

#[test]
fn no_reason_holds_a_key_or_half_of_one() {
    let mut speakers = Speakers::new();
    speakers.deployments.push(
        "  - { name: kiosk, project: shop, route: [ { file: { path: DIR/in/next } } ] }".to_owned(),
    );
    speakers
        .receivers
        .push("{ command: { argv: ['true'] } }".to_owned());
    fs::create_dir_all(speakers.world.scene.path("out")).unwrap();
    let folder = speakers.world.scene.folder().to_str().unwrap().to_owned();
    let targets = speakers.targets().replace("DIR", &folder);
    speakers.world.write("targets.yaml", targets.as_bytes());
    let accept = |reason: &str| {
        let asked = [
            "revoke-check",
            "shop",
            "--accept",
            "kiosk",
            "--reason",
            reason,
        ];
        speakers.run(&[&asked[..], &["--ledger", "out/ledger.db"]].concat())
    };
    let needles = needles();
    // By value, by its fingerprint alone, and what an unsound reference holds.
    for at in [0, 4, 7] {
        let (name, secret) = SECRETS[at];
        for (encoding, written) in [encodings(secret), spellings(secret)].concat() {
            if name == HASHED && encoding.contains("half") {
                continue;
            }
            let ran = accept(&format!("it had {written} before"));
            let ran = ran
                .ends(2)
                .complains("--reason holds a key or a part of one");
            needles.are_not_in(&ran, encoding);
        }
    }
    let kept = fs::read(speakers.world.scene.path("out/ledger.db")).unwrap();
    assert_eq!(needles.find(&kept), None);
    let ran = accept("it was switched off in May");
    assert!(ran.stdout.contains("it was switched off in May"), "{ran}");
}
