//! Bundles through the program: what is told of files, and what is never called fine.

use serde_json::Value;

use crate::support::server::{Answer, Server};
use crate::support::{CURRENT, OLD, Ran, SIBLING, Scene, fingerprint};

/// Two projects with one format, and these hops of the first.
fn scene(hops: &[String]) -> Scene {
    let deployments: String = hops
        .iter()
        .enumerate()
        .map(|(index, hop)| {
            format!("  - {{ name: d{index}, project: checkout, route: [ {{ bundle: {hop} }} ] }}\n")
        })
        .collect();
    Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: VITE_KEY
    format: '^ask_live_[A-Za-z0-9]{{32}}$'
    current: {{ file: {{ path: DIR/current }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
  shop:
    variable: VITE_KEY
    current: {{ file: {{ path: DIR/sibling }} }}
deployments:
{deployments}"
    ))
    .file("current", CURRENT)
    .file("old", OLD)
    .file("sibling", SIBLING)
}

fn verdicts(ran: &Ran) -> Vec<String> {
    let report = ran.json();
    let deployments = report["deployments"].as_array().unwrap();
    let verdict = |deployment: &Value| deployment["verdict"].as_str().unwrap().to_owned();
    deployments.iter().map(verdict).collect()
}

#[test]
fn folders_are_judged_by_their_worst_file() {
    let hops = ["good", "old", "both", "sibling", "newline", "nothing"];
    let scene = scene(&hops.map(|name| format!("{{ path: dist/{name} }}")))
        .file("dist/good/a.js", format!("a=\"{CURRENT}\""))
        .file("dist/old/a.js", format!("a=`{OLD}`"))
        .file("dist/both/a.js", format!("a=\"{CURRENT}\""))
        .file("dist/both/old/b.js", format!("b=\"{OLD}\""))
        .file("dist/sibling/a.js", format!("a=\"{SIBLING}\""))
        .file("dist/newline/a.js", format!("a=`{CURRENT}\n`"))
        .file("dist/nothing/a.js", "a=process.env[name]");
    let ran = scene.run(["audit", "-f", "json"]).ends(1);
    let expected = [
        "current",
        "stale",
        "stale",
        "wrong-project",
        "malformed",
        "unverified",
    ];
    assert_eq!(verdicts(&ran), expected, "{ran}");
    let hop = &ran.json()["deployments"][2]["hops"][0];
    assert_eq!(hop["stage"], "bundle");
    assert_eq!(hop["readings"][1]["replica"], "old/b.js");
    assert_eq!(hop["readings"][1]["evidence"], "fingerprint");
    assert_eq!(
        ran.json()["deployments"][4]["hops"][0]["damage"][0],
        "trailing-newline"
    );
    scene
        .run(["audit"])
        .ends(1)
        .prints("no token that fits the format in 1 files")
        .prints("build again with the current key");
}

#[test]
fn nothing_found_or_something_unseen_is_never_fine() {
    let server = Server::new(|asked| match &*asked.path {
        "/" => Answer::status(
            200,
            "<script src=/a.js></script><script src=/gone.js></script>",
        )
        .header("Content-Type", "text/html"),
        "/a.js" => Answer::status(200, format!("a=\"{CURRENT}\"")),
        _ => Answer::status(404, ""),
    });
    let hops = [
        format!("{{ url: '{}' }}", server.url("/")),
        "{ path: dist }".to_owned(),
    ];
    let scene = scene(&hops).file("dist/a.js", "x");
    let ran = scene.run(["audit", "-f", "json", "--retries", "0"]).ends(3);
    assert_eq!(verdicts(&ran), ["unreachable", "unverified"], "{ran}");
}

#[test]
fn pages_that_share_scripts_share_requests() {
    let asked = std::sync::Arc::<std::sync::Mutex<Vec<String>>>::default();
    let log = std::sync::Arc::clone(&asked);
    let server = Server::new(move |asked| {
        log.lock().unwrap().push(asked.path.clone());
        let page = |text: &str| Answer::status(200, text).header("Content-Type", "text/html");
        match &*asked.path {
            "/a/" | "/b/" => page("<script src=/assets/a.js></script>"),
            "/assets/a.js" => Answer::status(200, "import('./lazy.js')"),
            "/assets/lazy.js" => Answer::status(200, format!("a=\"{CURRENT}\"")),
            _ => Answer::status(404, ""),
        }
    });
    let hops = ["/a/", "/b/"].map(|path| format!("{{ url: '{}' }}", server.url(path)));
    let ran = scene(&hops).run(["audit", "-f", "json"]).ends(0);
    assert_eq!(verdicts(&ran), ["current", "current"]);
    let lazy = asked
        .lock()
        .unwrap()
        .iter()
        .filter(|path| *path == "/assets/lazy.js")
        .count();
    assert_eq!(lazy, 1);
}

#[test]
fn without_a_format_or_a_pattern_nothing_is_read() {
    let scene = Scene::with(
        "version: 1
projects: { shop: { variable: KEY, current: { env: { variable: KEY } } } }
deployments:
  - { name: web, project: shop, route: [ { bundle: { path: dist } } ] }
",
    );
    scene
        .run(["config", "check"])
        .ends(2)
        .complains("expected a `format` of the project, or a `pattern` here");
}

#[test]
fn a_dry_run_says_what_would_follow() {
    let hops = [
        "{ url: 'http://127.0.0.1:9/' }".to_owned(),
        "{ path: dist }".to_owned(),
    ];
    scene(&hops)
        .run(["audit", "--dry-run"])
        .ends(0)
        .prints("GET http://127.0.0.1:9/")
        .prints("the scripts that the page names")
        .prints("search ");
}

/// A key from before the format.
const OLDER: &str = "legacy-0123456789-abcdefghij-KLMNOPQ";

#[test]
fn a_key_that_does_not_fit_is_never_called_absent_from_a_bundle() {
    let bundle = format!("a=\"{CURRENT}\",b=\"{OLDER}\"");
    let both = "'ask_live_[A-Za-z0-9]{32}|legacy-[0-9A-Za-z-]{29}'";
    let scene = |hop: &str| {
        Scene::with(&format!(
            "version: 1
projects:
  checkout:
    variable: VITE_KEY
    format: {both}
    current: {{ file: {{ path: DIR/current }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
deployments:
  - {{ name: web, project: checkout, route: [ {{ bundle: {hop} }} ] }}
"
        ))
        .file("current", CURRENT)
        .file("old", OLDER)
        .file("dist/a.js", &bundle)
    };
    // It saw the current key, and says no more.
    let plain = scene("{ path: dist, pattern: 'ask_live_[A-Za-z0-9]{32}' }");
    let ran = plain.run(["audit", "-f", "json"]).ends(0);
    assert_eq!(verdicts(&ran), ["current"], "{ran}");
    let ran = plain
        .run(["revoke-check", "checkout"])
        .ends(3)
        .prints("nobody can tell")
        .prints("a key that doesn't fit the format")
        .prints("search for it by hand");
    assert!(!ran.to_string().contains(OLDER), "{ran}");
    let print = fingerprint(OLDER);
    let ran = plain
        .run(["revoke-check", "checkout", "--key", &print, "-f", "json"])
        .ends(3);
    let spot = &ran.json()["blind_spots"][0];
    let told = spot["not_looked_for"][0].as_str().unwrap().to_owned();
    assert!(print.starts_with(&told), "{ran}");
    // Looked for by the format that both fit, it is found.
    let wide = scene("{ path: dist }");
    wide.run(["revoke-check", "checkout"])
        .ends(1)
        .prints("not safe to revoke");
    std::fs::write(wide.path("dist/a.js"), format!("a=\"{CURRENT}\"")).unwrap();
    wide.run(["revoke-check", "checkout"])
        .ends(0)
        .prints("safe to revoke");
}

#[test]
fn a_key_known_by_its_fingerprint_is_taken_to_look_as_its_project_says() {
    let with = |hop: &str, format: &str| {
        let old = fingerprint(OLD);
        Scene::with(&format!(
            "version: 1
projects:
  checkout:
    variable: VITE_KEY
    {format}
    current: {{ file: {{ path: DIR/current }} }}
    previous: [ {{ fingerprint: '{old}' }} ]
deployments:
  - {{ name: web, project: checkout, route: [ {{ bundle: {hop} }} ] }}
"
        ))
        .file("current", CURRENT)
        .file("dist/a.js", format!("a=\"{CURRENT}\""))
    };
    let pattern = "'ask_live_[A-Za-z0-9]{32}'";
    let format = format!("format: {pattern}");
    let plain = "{ path: dist }";
    let patterned = format!("{{ path: dist, pattern: {pattern} }}");
    for (hop, format, code) in [
        (plain, &*format, 0),
        (&*patterned, &*format, 0),
        // Nobody says what the old key looks like.
        (&*patterned, "", 3),
    ] {
        let ran = with(hop, format)
            .run(["revoke-check", "checkout"])
            .ends(code);
        let is_told = ran.to_string().contains("it is taken to fit that");
        assert_eq!(is_told, code == 0, "{ran}");
    }
}

#[test]
fn data_that_a_page_asks_for_while_it_runs_is_read() {
    let server = Server::new(|asked| match &*asked.path {
        "/" | "/preloaded" | "/none" | "/denied" => {
            let link = "<link rel=preload as=fetch href=/late/settings.json>";
            let link = if asked.path == "/preloaded" { link } else { "" };
            let script = if asked.path == "/" {
                "a.js"
            } else {
                &asked.path[1..]
            };
            let text = format!("{link}<script src=/assets/{script}></script>");
            Answer::status(200, text).header("Content-Type", "text/html")
        }
        // As Vite writes `import.meta.env.BASE_URL + "config.json"`.
        "/assets/a.js" => {
            let text =
                format!("const k=\"{CURRENT}\";fetch(\"/\"+\"config.json\").then(r=>r.json())");
            Answer::status(200, text)
        }
        "/assets/preloaded" => Answer::status(200, format!("a=\"{CURRENT}\"")),
        "/assets/none" => Answer::status(200, format!("a=\"{CURRENT}\";b=\"./not-there.json\"")),
        "/assets/denied" => Answer::status(200, format!("a=\"{CURRENT}\";fetch('/private.json')")),
        "/config.json" | "/late/settings.json" => {
            Answer::status(200, format!("{{\"key\": \"{OLD}\"}}"))
        }
        "/private.json" => Answer::status(403, ""),
        // What a tag or a service worker names, from where the page is.
        "/tags" => {
            let text = "<script src=/js/tags.js></script><script>navigator.serviceWorker.register('/sw.js')</script>";
            Answer::status(200, text).header("Content-Type", "text/html")
        }
        // As browsers are kept from using an old copy.
        "/buster" => {
            let text = "<script>fetch(`/config.json?at=${Date.now()}`)</script><script src=/js/based.js></script>";
            Answer::status(200, text).header("Content-Type", "text/html")
        }
        "/based" => {
            let text = "<script src=/js/based.js></script>";
            Answer::status(200, text).header("Content-Type", "text/html")
        }
        "/js/based.js" => {
            Answer::status(200, format!("a=\"{CURRENT}\";fetch(`${{b}}config.json`)"))
        }
        path if path.starts_with("/config.json?at=") => Answer::status(200, format!("\"{OLD}\"")),
        "/js/tags.js" => Answer::status(
            200,
            format!("a=\"{CURRENT}\";t=d.createElement(n);t.src='late.js'"),
        ),
        "/sw.js" => Answer::status(200, "precacheAndRoute([{url:\"parts/old.js\"}])"),
        "/late.js" | "/parts/old.js" => Answer::status(200, format!("a=\"{OLD}\"")),
        _ => Answer::status(404, ""),
    });
    let hops = ["", "preloaded", "none", "denied", "tags", "buster", "based"];
    let scene =
        scene(&hops.map(|page| format!("{{ url: '{}' }}", server.url(&format!("/{page}")))));
    let ran = scene.run(["audit", "-f", "json"]).ends(1);
    let expected = [
        "stale",
        "stale",
        "current",
        "unreachable",
        "stale",
        "stale",
        "stale",
    ];
    assert_eq!(verdicts(&ran), expected, "{ran}");
    let readings = &ran.json()["deployments"][4]["hops"][0]["readings"];
    let names: Vec<_> = readings
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["replica"])
        .collect();
    assert_eq!(names, ["/js/tags.js", "/late.js", "/parts/old.js"], "{ran}");
}

#[test]
fn data_by_an_address_that_code_puts_together_is_said_and_what_data_names_is_read() {
    let server = Server::new(|asked| {
        let script = |text: &str| Answer::status(200, format!("k=\"{CURRENT}\";{text}"));
        match &*asked.path {
            "/api.js" => script("fetch(\"/api/users/\"+id);fetch(`/api/users/${id}`)"),
            "/sum.js" => script("fetch(\"/config/\"+env+\".json\")"),
            "/template.js" => script("fetch(`/config/${env}.json`)"),
            "/folder.js" => script("axios.get(\"/config/\"+env)"),
            "/json.js" => script("fetch(\"/config.json\")"),
            "/remote.js" => script("fetch(\"/mf/manifest.json\")"),
            "/amd.js" => script("require([\"app/main\"])"),
            "/system.js" => script("System.import(\"./app\")"),
            "/config.json" => Answer::status(200, "{\"configUrl\": \"/env/prod.json\"}"),
            "/mf/manifest.json" => Answer::status(200, "{\"remoteEntry\":\"remoteEntry.js\"}"),
            "/env/prod.json" | "/mf/remoteEntry.js" | "/app/main.js" | "/app.js" => {
                Answer::status(200, format!("{{\"k\": \"{OLD}\"}}"))
            }
            path if path.starts_with("/page/") => {
                let text = format!("<script src=/{}.js></script>", &path[6..]);
                Answer::status(200, text).header("Content-Type", "text/html")
            }
            _ => Answer::status(404, ""),
        }
    });
    let pages = [
        ("api", "current"),
        ("sum", "unverified"),
        ("template", "unverified"),
        ("folder", "unverified"),
        ("json", "stale"),
        ("remote", "stale"),
        ("amd", "stale"),
        ("system", "stale"),
    ];
    let hops = pages.map(|(page, _)| {
        let url = server.url(&format!("/page/{page}"));
        format!("{{ url: '{url}' }}")
    });
    let ran = scene(&hops).run(["audit", "-f", "json"]).ends(1);
    assert_eq!(verdicts(&ran), pages.map(|(_, verdict)| verdict), "{ran}");
    // No page with a part that was not read is called safe.
    let ran = scene(&hops[1..2]).run(["revoke-check", "checkout"]).ends(3);
    assert!(ran.to_string().contains("could not be followed"), "{ran}");
}

#[test]
fn a_page_that_was_not_read_completely_is_answered_for_beside_its_built_folder() {
    let server = Server::new(|asked| {
        let script = |text: &str| Answer::status(200, format!("k=\"{CURRENT}\";{text}"));
        match &*asked.path {
            "/" => Answer::status(
                200,
                "<p title=\"<!--\"></p><noscript><!--</noscript><script src=/a.js></script>",
            )
            .header("Content-Type", "text/html"),
            "/a.js" => script("s.src=\"/c/\"+n+\".js\""),
            "/plain" => Answer::status(200, "<script src=/b.js></script>")
                .header("Content-Type", "text/html"),
            "/b.js" => script("const f=n+\".js\",g=x.replace(/\\.js$/,\"\")+\".js\""),
            _ => Answer::status(404, ""),
        }
    });
    let page = |path: &str| format!("{{ url: '{}' }}", server.url(path));
    let both = format!("{} }}, {{ bundle: {{ path: dist }}", page("/"));
    let dist = format!("k=\"{CURRENT}\"");
    let scene_of = |hop: &str| scene(&[hop.to_owned()]).file("dist/a.js", &dist);
    let both = scene_of(&both);
    let ran = both.run(["revoke-check", "checkout"]).ends(3);
    assert!(ran.to_string().contains("answer for this page"), "{ran}");
    let accept = ["--accept", "d0", "--reason", "read in dist"];
    let accepting = both.straggler(["revoke-check", "checkout"].into_iter().chain(accept));
    let state = both.path("state");
    accepting.env("XDG_STATE_HOME", state).run().ends(0);
    let plain = scene_of(&page("/plain"));
    plain.run(["revoke-check", "checkout"]).ends(0);
}
