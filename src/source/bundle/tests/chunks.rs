use super::pages::{Site, key};
use super::*;

const OLD_IN: &str = "a=\"ask_live_Zp3LmX8vQe5TnC1yWk7HdRs2JbGf6Ua9\"";

/// A page, its scripts, the chunk that holds the old key, and how it is called.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

/// Ways to name a chunk by code, or relative to something else than the script.
const ROWS: &[Row<'_>] = &[
    (
        "<script src=/main.js></script>",
        &[(
            "/main.js",
            "o.u=e=>\"static/js/\"+e+\".\"+{2:\"aa\",480:\"bb\"}[e]+\".chunk.js\",o.p=\"/\"",
        )],
        "/static/js/480.bb.chunk.js",
    ),
    (
        "<base href=/sub/><script src=/js/main.js></script>",
        &[(
            "/js/main.js",
            "o.u=e=>({7:\"lazy\"}[e]||e)+\".js\";o.p=\"\"",
        )],
        "/sub/lazy.js",
    ),
    (
        "<script src=/js/main.js></script>",
        &[(
            "/js/main.js",
            "o.e(480).then(o);o.u=e=>e+\".js\";o.p=e.replace(/[^/]+$/,\"\")",
        )],
        "/js/480.js",
    ),
    (
        "<script src=/js/main.js></script>",
        &[(
            "/js/main.js",
            "o.e(480).then(o);o.u=e=>e+\".js\";o.p=e.replace(/[^/]+$/,\"\")+\"../\"",
        )],
        "/480.js",
    ),
    (
        "<script src=/runtime.js></script><script src=/app.js></script>",
        &[
            ("/runtime.js", "o.u=e=>\"c/\"+e+\".js\",o.p=\"/x/\""),
            (
                "/app.js",
                "Promise.all([n.e(\"src_lazy_js\"),n.e(9)]).then(n)",
            ),
        ],
        "/x/c/src_lazy_js.js",
    ),
    (
        "<script src=/main.js></script>",
        &[(
            "/main.js",
            "const r={\"./a.js\":[266,[267]]};o.e(t[1][0]);o.u=e=>e+\".js\";o.p=\"/\"",
        )],
        "/267.js",
    ),
    (
        "<script src=/main.js></script>",
        &[(
            "/main.js",
            "i.src=function(e){return s.p+\"js/\"+({}[e]||e)+\".\"+{3:\"cc\"}[e]+\".chunk.js\"}(e);s.p=\"/\"",
        )],
        "/js/3.cc.chunk.js",
    ),
    (
        "<script src=/main.js></script>",
        &[(
            "/main.js",
            "o.u=e=>\"w-\"+e+\".js\";o.p=\"/\";new Worker(new URL(o.p+o.u(331),o.b))",
        )],
        "/w-331.js",
    ),
    (
        "<script type=module src=/m/main.mjs></script>",
        &[(
            "/m/main.mjs",
            "o.e(5).then(o);o.u=e=>e+\".mjs\";import(\"./\"+o.u(e)).then(i)",
        )],
        "/m/5.mjs",
    ),
    (
        "<script>o.u=e=>({1:\"in\"})[e]+\".js\";o.p=\"/\"</script>",
        &[],
        "/in.js",
    ),
    (
        "<script type=importmap>{\"imports\":{\"app/\":\"/lib/v2/\"}}</script><script type=module>import(\"app/lazy\")</script>",
        &[],
        "/lib/v2/lazy",
    ),
    (
        "<script type=importmap>{\"imports\":{\"app/\":\"/lib/\", \"app/x/\": \"/y/\"}}</script><script type=module src=/a.js></script>",
        &[("/a.js", "import{a}from\"app/x/lazy.js\"")],
        "/y/lazy.js",
    ),
    (
        "<script src=/js/a.js></script>",
        &[("/js/a.js", "new Worker(\"work.js\")")],
        "/work.js",
    ),
    (
        "<script src=/js/a.js></script>",
        &[("/js/a.js", "navigator.serviceWorker.register(\"sw.js\")")],
        "/sw.js",
    ),
    (
        "<script src=/js/a.js></script>",
        &[(
            "/js/a.js",
            "new Worker(new URL(\"work.js\",import.meta.url))",
        )],
        "/js/work.js",
    ),
    (
        "<script src=/a.js></script>",
        &[("/a.js", "import(\"./b-\"+'c.js')")],
        "/b-c.js",
    ),
    (
        "<script src=/a.js></script>",
        &[(
            "/a.js",
            "register(JSON.parse('{\"x\":\"lazy.4fe28a1b.js\"}'))",
        )],
        "/lazy.4fe28a1b.js",
    ),
    (
        "<script data-main=/js/app src=/require.js></script>",
        &[("/require.js", "")],
        "/js/app.js",
    ),
];

#[tokio::test]
async fn chunks_that_code_names_are_read() {
    for (page, scripts, chunk) in ROWS {
        let mut site = Site::new().page(page).file(chunk, OLD_IN);
        for (path, text) in *scripts {
            site = site.file(path, text);
        }
        let read = site.read().await;
        let found: Vec<_> = read.iter().filter(|(_, told)| told == "old").collect();
        assert_eq!(found.len(), 1, "{page} {scripts:?}: {read:?}");
        assert_eq!(found[0].0, *chunk, "{page}: {read:?}");
        let blind = read
            .iter()
            .any(|(_, told)| told.contains("by names that its code"));
        assert!(!blind, "{page} {scripts:?}: {read:?}");
    }
}

#[tokio::test]
async fn a_header_of_the_page_names_scripts_too() {
    let link = "Content-Type: text/html\r\nLink: </a.js>; rel=modulepreload\r\n";
    let site = Site::new()
        .answer("/", response("200 OK", link, b""))
        .file("/a.js", OLD_IN);
    assert_eq!(site.read().await, pairs(&[("/a.js", "old")]));
}

#[tokio::test]
async fn chunks_lie_where_the_public_path_says_even_on_another_host() {
    let cdn = Site::new().file("/x/7.js", OLD_IN);
    let runtime = format!(
        "o.e(7).then(o);o.u=e=>e+\".js\";o.p=\"{}\"",
        cdn.server.url("/x/")
    );
    let site = Site::new()
        .page("<script src=/main.js></script>")
        .file("/main.js", &runtime);
    let expected = [(&*cdn.server.url("/x/7.js"), "old")];
    assert_eq!(site.read().await, pairs(&expected));
}

#[tokio::test]
async fn what_cannot_be_followed_is_said_beside_what_was_found() {
    for text in [
        "import(`./x-${n}.js`)",
        "importScripts(base+e)",
        "new Worker(e)",
        "let s=document.createElement(\"script\");s.src=\"/c/\"+n+\".js\"",
        "r.u=e=>hash(e)+\".js\";r.p=\"/\"",
    ] {
        let site = Site::new()
            .page("<script src=/a.js></script>")
            .file("/a.js", &format!("{}{text}", key()));
        let read = site.read().await;
        assert_eq!(read[..1], pairs(&[("/a.js", "current")]), "{text}");
        let said = "hidden: it loads further scripts or data by names that its code puts together";
        assert!(read.len() == 2 && read[1].0 == "/a.js", "{text}: {read:?}");
        assert!(read[1].1.starts_with(said), "{text}: {read:?}");
    }
    let inline = format!("<script>{}import(x)</script><p>import(x)", key());
    let read = Site::new().page(&inline).read().await;
    assert!(
        read.len() == 2 && read[1].1.contains("import(…) at byte "),
        "{read:?}"
    );
    // What is no script does not run.
    let texts = format!(
        "<p>import(x)</p><script type=text/plain>import(x)</script>{}",
        key()
    );
    let site = Site::new()
        .page(&format!("{texts}<script src=/a.js></script>"))
        .file("/a.js", "//# sourceMappingURL=a.js.map")
        .file("/a.js.map", "{\"sourcesContent\":[\"import(x)\"]}");
    assert_eq!(site.read().await, pairs(&[("/", "current")]));
}

#[tokio::test]
async fn a_runtime_whose_chunks_are_not_there_is_not_proven() {
    for (runtime, said) in [
        (
            "o.u=e=>e+\".\"+{1:\"a\",2:\"b\"}[e]+\".js\";o.p=\"/\"",
            "failed: not-found: 1 of the 2 chunks",
        ),
        (
            "o.e(2).then(o);o.e(1).then(o);o.u=e=>e+\".\"+\"b.js\";o.p=\"/\"",
            "failed: not-found: 1 of the 2 chunks",
        ),
        (
            "o.u=e=>e+\".js\";o.p=\"/\"",
            "hidden: its runtime names chunks by code, and nothing that was seen says which",
        ),
    ] {
        let site = Site::new()
            .page("<script src=/main.js></script>")
            .file("/main.js", &format!("{}{runtime}", key()))
            .file("/2.b.js", &key());
        let read = site.read().await;
        let told = &read.last().unwrap();
        assert!(told.0 == "/main.js" && told.1.starts_with(said), "{read:?}");
    }
}

#[tokio::test]
async fn scripts_of_hosts_that_the_page_does_not_name_are_said_to_be_unread() {
    let other = Site::new().file("/x.js", OLD_IN);
    let address = other.server.url("/x.js");
    let site = Site::new()
        .page("<script src=/a.js></script>")
        .file("/a.js", &format!("{}import(\"{address}\")", key()));
    let read = site.read().await;
    assert_eq!(read[..1], pairs(&[("/a.js", "current")]));
    assert_eq!(read[1].0, address);
    assert!(
        read[1]
            .1
            .starts_with("hidden: a script loads it from a host"),
        "{read:?}"
    );
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn a_script_in_utf_16_is_searched_and_its_names_are_said_to_be_unread() {
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let script = wide(&format!("{OLD_IN};import(\"./b.js\")"));
    let site = Site::new()
        .page("<script src=/a.js></script>")
        .answer("/a.js", response("200 OK", "", &script));
    let read = site.read().await;
    assert_eq!(read[..1], pairs(&[("/a.js", "old")]));
    assert!(read[1].1.contains("is written in UTF-16"), "{read:?}");
}
