//! Places of every kind of source that hold whatever bytes they are told to, and places of every
//! kind that break with a key in their mouth.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use crate::support::server::{Answer, Server};
use crate::support::{CURRENT, OLD, Scene};

/// The hops of a test, and what keeps them alive.
pub struct World {
    pub scene: Scene,
    pub environment: Vec<(String, Vec<u8>)>,
    programs: Vec<Child>,
    stores: Vec<String>,
    pages: Arc<Mutex<HashMap<String, Page>>>,
    server: Server,
}

#[derive(Clone)]
struct Page {
    status: u16,
    header: Option<(&'static str, String)>,
    body: Vec<u8>,
}

/// A kind of source, in the terms of targets.yaml.
pub struct Kind {
    /// The source's id.
    pub id: &'static str,
    /// A hop that holds these bytes; `None` where they cannot be.
    pub holding: fn(&mut World, usize, &[u8]) -> Option<String>,
    /// A hop that holds nothing.
    pub empty: fn(&mut World) -> String,
    /// Hops that cannot be read and have a key in what they say about it.
    pub broken: fn(&mut World) -> Vec<String>,
}

/// The kinds of source that need no store.
pub const KINDS: &[Kind] = &[
    Kind {
        id: "env",
        holding: |world, index, value| {
            let name = format!("HELD_{index}");
            world.environment.push((name.clone(), no_nul(value)?));
            Some(format!("{{ env: {{ variable: {name} }} }}"))
        },
        empty: |_| "{ env: { variable: NOT_SET } }".to_owned(),
        broken: |world| {
            let held = [b"\xff\xfe".as_slice(), CURRENT.as_bytes()].concat();
            world.environment.push(("NOT_TEXT".to_owned(), held));
            vec![
                "{ env: { variable: NOT_TEXT }, decode: base64 }".to_owned(),
                "{ env: { variable: NOT_TEXT }, extract: { json: /key } }".to_owned(),
            ]
        },
    },
    Kind {
        id: "file",
        holding: |world, index, value| {
            let name = format!("held-{index}");
            world.write(&name, value);
            Some(format!("{{ file: {{ path: DIR/{name} }} }}"))
        },
        empty: |_| "{ file: { path: DIR/not-there } }".to_owned(),
        broken: |world| {
            world.write("huge", CURRENT.repeat(60_000).as_bytes());
            world.write("folder/inside", b"");
            // Somebody saved a key under its own name.
            world.write(&format!("named/{OLD}"), b"x");
            world.write("text", format!("\"{CURRENT} not base64\"").as_bytes());
            let mut broken: Vec<String> = ["huge", "folder", "named/*"]
                .iter()
                .map(|name| format!("{{ file: {{ path: 'DIR/{name}' }} }}"))
                .collect();
            let extracts = [
                "decode: base64",
                "extract: { json: /key }",
                "extract: { url: user }",
                "extract: { pattern: 'key=(.*)' }",
                "extract: { dotenv: KEY }",
                "extract: { yaml: /key }",
                "extract: { toml: /key }",
                "extract: { ini: /key }",
                "extract: [{ trim: newline }, { decode: base64 }, { properties: key }]",
            ];
            broken.extend(
                extracts.map(|extract| format!("{{ file: {{ path: DIR/text }}, {extract} }}")),
            );
            broken
        },
    },
    Kind {
        id: "dotenv",
        holding: |world, index, value| {
            let name = format!("held-{index}.env");
            let value = no_nul(value).filter(|value| !value.contains(&b'\n'))?;
            // Docker's parser takes nothing but UTF-8.
            std::str::from_utf8(&value).ok()?;
            world.write(&name, &[b"KEY=".as_slice(), &value, b"\n"].concat());
            Some(format!(
                "{{ dotenv: {{ path: DIR/{name}, dialect: docker }} }}"
            ))
        },
        empty: |world| {
            world.write("other.env", b"OTHER=x\n");
            "{ dotenv: { path: DIR/other.env } }".to_owned()
        },
        broken: |world| {
            let texts = [
                format!("{CURRENT} KEY=x\nKEY = {CURRENT}\n"),
                format!("KEY=$(echo {CURRENT})\n"),
                format!("KEY=`echo {CURRENT}`\n"),
                format!("KEY=\"{CURRENT}\n"),
                format!("KEY='{CURRENT}'{OLD}\" ${{ {CURRENT}\n"),
                format!("KEY=${{{CURRENT}:?{OLD}}}\n"),
                format!("\u{feff}KEY\u{0}={CURRENT}\n"),
            ];
            let mut texts: Vec<_> = texts.into_iter().map(String::into_bytes).collect();
            texts.push([b"KEY=\xff", CURRENT.as_bytes(), b"\n"].concat());
            let mut broken = Vec::new();
            for (index, text) in texts.iter().enumerate() {
                let name = format!("broken-{index}.env");
                world.write(&name, text);
                for dialect in [
                    "dotenv",
                    "docker",
                    "compose",
                    "node",
                    "python-dotenv",
                    "systemd",
                    "shell",
                    "ruby-dotenv",
                    "phpdotenv",
                    "symfony",
                ] {
                    broken.push(format!(
                        "{{ dotenv: {{ path: DIR/{name}, dialect: {dialect} }} }}"
                    ));
                }
            }
            broken
        },
    },
    Kind {
        id: "process",
        holding: |world, _, value| {
            let pid = world.program(&["sleep", "600"], &no_nul(value)?);
            Some(format!("{{ process: {{ pid: {pid} }} }}"))
        },
        empty: |world| {
            let pid = world.program(&["sleep", "600"], b"");
            format!("{{ process: {{ pid: {pid} }}, variable: OTHER }}")
        },
        broken: |world| {
            // People do put keys there.
            let argv = ["sh", "-c", "read line; true", CURRENT];
            let pid = world.program(&argv, b"x");
            let set = format!("KEY={CURRENT}\x1b");
            let argued = world.program(&["sh", "-c", "read line; true", &set], b"x");
            let option = format!("--key={CURRENT}\x1b");
            let option = world.program(&["sh", "-c", "read line; true", &option], b"x");
            // What PM2 keeps of a worker, cut off.
            let kept = format!("pm2_env={{\"KEY\":\"{CURRENT}");
            let kept = world.program(&["env", &kept, "sleep", "600"], OLD.as_bytes());
            vec![
                format!("{{ process: {{ pid: {pid} }}, variable: OTHER }}"),
                format!("{{ process: {{ pid: {argued} }} }}"),
                format!("{{ process: {{ pid: {option}, argument: --key }} }}"),
                format!("{{ process: {{ pid: {kept} }} }}"),
                "{ process: { name: straggler-nothing-is-called-so } }".to_owned(),
                "{ process: { match: 'straggler-nothing-is-called-so$' } }".to_owned(),
            ]
        },
    },
    Kind {
        id: "command",
        holding: |world, index, value| {
            let name = format!("printed-{index}");
            world.write(&name, value);
            Some(format!(
                "{{ command: {{ argv: [cat, DIR/{name}], yields: value }} }}"
            ))
        },
        empty: |_| "{ command: { argv: ['true'], yields: value } }".to_owned(),
        broken: |world| {
            let mut broken = Vec::new();
            for (index, form) in forms(CURRENT).iter().enumerate() {
                let (fails, prints) = (format!("fails-{index}"), format!("prints-{index}"));
                world.write(&format!("said-{index}"), form);
                world.script(&fails, &format!("cat DIR/said-{index} >&2; exit 3"));
                world.script(&prints, &format!("cat DIR/said-{index}"));
                broken.push(format!("{{ command: {{ argv: [sh, DIR/{fails}] }} }}"));
                for yields in ["fingerprint", "reading"] {
                    broken.push(format!(
                        "{{ command: {{ argv: [sh, DIR/{prints}], yields: {yields} }} }}"
                    ));
                }
            }
            let reading = format!(
                r#"{{"schema":"straggler.reading/v1","fingerprint":"{CURRENT}","replica":"{OLD}"}}"#
            );
            world.write("reading", reading.as_bytes());
            broken.push("{ command: { argv: [cat, DIR/reading] } }".to_owned());
            broken.push("{ command: { argv: [straggler-no-such-program] } }".to_owned());
            broken
        },
    },
    Kind {
        id: "http",
        holding: |world, index, value| {
            let url = world.page(&format!("/{index}"), 200, None, value);
            Some(format!("{{ http: {{ url: '{url}', yields: value }} }}"))
        },
        empty: |world| {
            let url = world.page("/empty", 200, None, br#"{"other": 1}"#);
            format!("{{ http: {{ url: '{url}', pointer: /key }} }}")
        },
        broken: |world| {
            world
                .environment
                .push(("TOKEN".to_owned(), OLD.as_bytes().to_vec()));
            let mut broken = Vec::new();
            for (index, form) in forms(CURRENT).iter().enumerate() {
                for status in [200, 400, 401, 403, 404, 429, 500, 503] {
                    let url = world.page(&format!("/{status}/{index}"), status, None, form);
                    broken.push(format!(
                        "{{ http: {{ url: '{url}', yields: fingerprint, headers: {{ X-Key: {{ env: TOKEN }} }} }} }}"
                    ));
                }
                let url = world.page(&format!("/pointer/{index}"), 200, None, form);
                broken.push(format!("{{ http: {{ url: '{url}', pointer: /key }} }}"));
            }
            for place in [
                format!("/{CURRENT}"),
                format!("http://{CURRENT}@127.0.0.1:9/"),
            ] {
                let header = Some(("Location", place));
                let url = world.page(&format!("/moved/{}", broken.len()), 302, header, b"");
                broken.push(format!("{{ http: {{ url: '{url}' }} }}"));
            }
            broken.push("{ http: { url: 'http://127.0.0.1:9/' } }".to_owned());
            broken
        },
    },
];

/// A key as an error message may have it.
pub fn forms(key: &str) -> Vec<Vec<u8>> {
    let texts = [
        format!("the key {key} was refused\n"),
        format!("{{\"error\": \"bad key\", \"got\": \"{key}\"}}"),
        format!("{}{key}", "x".repeat(390)),
        format!("{key}{key} {key}={key}"),
        data_encoding::BASE64.encode(key.as_bytes()),
        data_encoding::BASE64.encode(format!("user:{key}").as_bytes()),
        data_encoding::HEXLOWER.encode(key.as_bytes()),
        key.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        key.bytes().map(|byte| format!("\\u{byte:04x}")).collect(),
    ];
    let mut forms: Vec<_> = texts.into_iter().map(String::into_bytes).collect();
    forms.push([b"\xff\x00\x1b[31m", key.as_bytes(), b"\xff"].concat());
    forms
}

fn no_nul(value: &[u8]) -> Option<Vec<u8>> {
    (!value.contains(&0)).then(|| value.to_owned())
}

impl World {
    pub fn new() -> Self {
        let pages: Arc<Mutex<HashMap<String, Page>>> = Arc::default();
        let served = Arc::clone(&pages);
        let server = Server::new(move |asked| {
            let pages = served.lock().unwrap();
            let Some(page) = pages.get(&asked.path) else {
                // Somebody was sent here by another page.
                return Answer::status(404, asked.path.clone());
            };
            let answer = Answer::status(page.status, page.body.clone());
            match &page.header {
                Some((name, value)) => answer.header(name, value),
                None => answer,
            }
        });
        Self {
            scene: Scene::new(),
            environment: Vec::new(),
            programs: Vec::new(),
            stores: Vec::new(),
            pages,
            server,
        }
    }

    pub fn write(&mut self, name: &str, bytes: &[u8]) {
        let path = self.scene.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Declares a store, `name: { kind: { … } }`, once; `URL` in it stands for the server's address.
    pub fn declare(&mut self, store: &str) {
        let store = store.replace("URL", &self.server.url(""));
        if !self.stores.contains(&store) {
            self.stores.push(store);
        }
    }

    /// The section of targets.yaml that declares the stores.
    pub fn stores(&self) -> String {
        match &self.stores[..] {
            [] => String::new(),
            stores => format!("stores:\n  {}\n", stores.join("\n  ")),
        }
    }

    pub fn script(&mut self, name: &str, text: &str) {
        let text = text.replace("DIR", self.scene.folder().to_str().unwrap());
        self.write(name, text.as_bytes());
    }

    /// Starts a program with this value in its environment.
    fn program(&mut self, argv: &[&str], value: &[u8]) -> u32 {
        let child = Command::new(argv[0])
            .args(&argv[1..])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("KEY", OsStr::from_bytes(value))
            // Open as long as the world is, and nothing of the tester's is held open.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pid = child.id();
        self.programs.push(child);
        pid
    }

    pub fn page(
        &mut self,
        path: &str,
        status: u16,
        header: Option<(&'static str, String)>,
        body: &[u8],
    ) -> String {
        let page = Page {
            status,
            header,
            body: body.to_owned(),
        };
        self.pages.lock().unwrap().insert(path.to_owned(), page);
        self.server.url(path)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for program in &mut self.programs {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}
