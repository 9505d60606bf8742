use std::collections::HashMap;
use std::sync::Mutex;

use super::*;

/// Answers by their paths; everything else is not there.
pub(super) struct Site {
    pub server: Server,
    pages: Arc<Mutex<HashMap<String, Vec<u8>>>>,
}

impl Site {
    pub fn new() -> Self {
        let pages: Arc<Mutex<HashMap<String, Vec<u8>>>> = Arc::default();
        let served = Arc::clone(&pages);
        let server = Server::start(move |head| {
            let path = head.split(' ').nth(1).unwrap();
            let found = served.lock().unwrap().get(path).cloned();
            found.unwrap_or_else(|| response("404 Not Found", "", OLD.as_bytes()))
        });
        Self { server, pages }
    }

    /// The server tells paths in lower case.
    pub fn answer(self, path: &str, answer: Vec<u8>) -> Self {
        self.pages
            .lock()
            .unwrap()
            .insert(path.to_lowercase(), answer);
        self
    }

    pub fn page(self, html: &str) -> Self {
        self.answer("/", page(html))
    }

    pub fn file(self, path: &str, text: &str) -> Self {
        self.answer(path, response("200 OK", "", text.as_bytes()))
    }

    pub async fn read(&self) -> Vec<(String, String)> {
        read(json!({"url": self.server.url("/")})).await.unwrap()
    }

    pub async fn read_at_most(&self, mebibytes: u32, files: u32) -> Vec<(String, String)> {
        let url = self.server.url("/");
        let settings = json!({"url": url, "most_mebibytes": mebibytes, "most_files": files});
        read(settings).await.unwrap()
    }

    /// The replicas, where all hold the current key.
    async fn replicas(&self) -> Vec<String> {
        let read = self.read().await;
        assert!(read.iter().all(|(_, told)| told == "current"), "{read:?}");
        read.into_iter().map(|(replica, _)| replica).collect()
    }

    pub fn asked(&self) -> Vec<String> {
        let path = |head: &String| head.split(' ').nth(1).unwrap().to_owned();
        self.server.requests().iter().map(path).collect()
    }
}

fn page(html: &str) -> Vec<u8> {
    response(
        "200 OK",
        "Content-Type: text/html; charset=utf-8\r\n",
        html.as_bytes(),
    )
}

pub(super) fn key() -> String {
    format!("k=\"{CURRENT}\";")
}

/// A page, the files that are there with the key before their text, and those that are found.
type Named<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);

const NAMED: &[Named<'_>] = &[
    (
        "<script src='/a.js'></script>",
        &[("/a.js", "")],
        &["/a.js"],
    ),
    (
        "<script src='a.js?v=1&amp;x'></script>",
        &[("/a.js?v=1&x", "")],
        &["/a.js"],
    ),
    (
        "<base href='/app/'><script src=a.js></script>",
        &[("/app/a.js", "")],
        &["/app/a.js"],
    ),
    (
        "<link rel=modulepreload href=/m.js>",
        &[("/m.js", "")],
        &["/m.js"],
    ),
    (
        "<link rel=preload as=script href=/p>",
        &[("/p", "")],
        &["/p"],
    ),
    (
        "<script type=importmap>{\"imports\":{\"a\": \"/lib/a\", \"b/c\": \"/b/\"}}</script>",
        &[("/lib/a", "")],
        &["/lib/a"],
    ),
    (
        "<script type=module>import('/in.js')</script>",
        &[("/in.js", "")],
        &["/in.js"],
    ),
    (
        "<script type=module src=/assets/index.js></script>",
        &[
            (
                "/assets/index.js",
                "m.f=[\"assets/dep.js\"];()=>import(\"./lazy.js\")",
            ),
            ("/assets/lazy.js", "import{a}from\"./deep.js\""),
            ("/assets/deep.js", ""),
            ("/assets/dep.js", ""),
        ],
        &[
            "/assets/deep.js",
            "/assets/dep.js",
            "/assets/index.js",
            "/assets/lazy.js",
        ],
    ),
    (
        "<script src=/_next/static/chunks/main.js></script>\
         <script src=/_next/static/b1/_buildmanifest.js></script>\
         <script>self.__next_f.push([1,\"I[\\\"static/chunks/flight.js\\\"]\"])</script>",
        &[
            ("/_next/static/chunks/main.js", ""),
            (
                "/_next/static/b1/_buildmanifest.js",
                "self.__BUILD_MANIFEST={\"/a\":[\"static/chunks/pages/a.js\"]}",
            ),
            ("/_next/static/chunks/pages/a.js", ""),
            ("/_next/static/chunks/flight.js", ""),
        ],
        &[
            "/_next/static/b1/_buildmanifest.js",
            "/_next/static/chunks/flight.js",
            "/_next/static/chunks/main.js",
            "/_next/static/chunks/pages/a.js",
        ],
    ),
    (
        "<script src=/assets/a.js></script>",
        &[
            ("/assets/a.js", "//# sourceMappingURL=a.js.map"),
            ("/assets/a.js.map", ""),
            (
                "/.vite/manifest.json",
                "{\"src/x.js\": {\"file\": \"assets/x.js\", \"src\": \"src/x.js\"}}",
            ),
            ("/assets/x.js", ""),
        ],
        &[
            "/.vite/manifest.json",
            "/assets/a.js",
            "/assets/a.js.map",
            "/assets/x.js",
        ],
    ),
    (
        "<script src=/static/js/main.js></script>",
        &[
            ("/static/js/main.js", ""),
            (
                "/asset-manifest.json",
                "{\"files\":{\"lazy.js\":\"/static/js/lazy.js\"}}",
            ),
            ("/static/js/lazy.js", ""),
        ],
        &[
            "/asset-manifest.json",
            "/static/js/lazy.js",
            "/static/js/main.js",
        ],
    ),
    (
        "<link rel=modulepreload href=/base/_app/immutable/start.js>",
        &[
            ("/base/_app/immutable/start.js", ""),
            ("/base/_app/env.js", ""),
        ],
        &["/base/_app/env.js", "/base/_app/immutable/start.js"],
    ),
];

#[tokio::test]
async fn every_kind_of_reference_leads_to_its_file() {
    for (page, files, replicas) in NAMED {
        let mut site = Site::new().page(page);
        for (path, text) in *files {
            site = site.file(path, &format!("{}{text}\n", key()));
        }
        assert_eq!(site.replicas().await, *replicas, "{page}");
    }
}

#[tokio::test]
async fn what_stands_in_the_page_itself_counts() {
    let nuxt = format!("<script>window.__NUXT__={{config:{{public:{{key:\"{OLD}\"}}}}}}</script>");
    let site = Site::new().page(&nuxt);
    assert_eq!(site.read().await, pairs(&[("/", "old")]));
}

#[tokio::test]
async fn a_source_map_may_be_named_in_a_header_and_hold_what_the_script_does_not() {
    let map = format!("{{\"sourcesContent\":[\"const k = \\\"{OLD}\\\";\\n\"]}}");
    let script = response("200 OK", "SourceMap: maps/a\r\n", key().as_bytes());
    let site = Site::new()
        .page("<script src=/a.js></script>")
        .answer("/a.js", script)
        .file("/maps/a", &map);
    assert_eq!(
        site.read().await,
        pairs(&[("/a.js", "current"), ("/maps/a", "old")])
    );
}

#[tokio::test]
async fn loops_end_and_nothing_is_asked_twice() {
    let site = Site::new()
        .page("<script src=/a.js></script><script src=./a.js#x></script>")
        .file("/a.js", &format!("{}import(\"./b.js\")", key()))
        .file(
            "/b.js",
            "import(\"./a.js\");import(\"/\");import(\"./b.js\")",
        );
    assert_eq!(site.replicas().await, ["/a.js"]);
    let mut asked = site.asked();
    asked.sort();
    let once = [
        "/",
        "/.vite/manifest.json",
        "/a.js",
        "/asset-manifest.json",
        "/b.js",
    ];
    assert_eq!(asked, once);
}

#[tokio::test]
async fn a_script_that_a_tag_names_has_to_be_there_and_one_that_a_text_names_need_not() {
    let named = "import(\"./maybe.js\")//# sourceMappingURL=a.js.map";
    let site = Site::new()
        .page("<script src=/a.js></script><script src=/gone.js></script>")
        .file("/a.js", &format!("{}{named}", key()));
    let read = site.read().await;
    assert_eq!(read[..1], pairs(&[("/a.js", "current")]));
    assert_eq!(read[1].0, "/gone.js");
    assert!(read[1].1.starts_with("failed: not-found: "), "{read:?}");
    assert_eq!(read.len(), 2);
    let asked = site.asked();
    assert!(asked.contains(&"/maybe.js".to_owned()) && asked.contains(&"/a.js.map".to_owned()));
}

#[tokio::test]
async fn a_page_in_place_of_a_script_is_no_script() {
    let site = Site::new()
        .page("<script src=/a.js></script><script src=/gone.js></script>")
        .file("/a.js", &format!("{}import(\"./maybe.js\")", key()))
        .answer("/maybe.js", page(OLD))
        .answer("/.vite/manifest.json", page(OLD))
        .answer("/gone.js", page(OLD));
    let read = site.read().await;
    assert_eq!(read.len(), 2, "{read:?}");
    let said = "failed: bad-data: /gone.js should be a script";
    assert!(read[1].1.starts_with(said), "{read:?}");
}

#[tokio::test]
async fn a_script_that_is_refused_or_broken_is_never_passed_over() {
    for (status, kind) in [
        ("403 Forbidden", "denied"),
        ("500 Internal Server Error", "protocol"),
        ("429 Too Many Requests", "throttled"),
    ] {
        let site = Site::new()
            .page("<script src=/a.js></script>")
            .file("/a.js", "import(\"./b.js\")")
            .answer("/b.js", response(status, "", OLD.as_bytes()));
        let read = site.read().await;
        assert_eq!(read.len(), 1, "{read:?}");
        assert!(
            read[0].1.starts_with(&format!("failed: {kind}: ")),
            "{read:?}"
        );
    }
}

#[tokio::test]
async fn hosts_that_the_page_names_are_asked_without_credentials_and_no_others() {
    let other = Site::new().file("/x.js", &key());
    let script = format!("import(\"./b.js\")+\"{}\"", other.server.url("/x.js"));
    let cdn = Site::new()
        .file("/lib/a.js", &script)
        .file("/lib/b.js", &key());
    let (a, b) = (cdn.server.url("/lib/a.js"), cdn.server.url("/lib/b.js"));
    let site = Site::new().page(&format!("<script src='{a}'></script><script src=/own.js>"));
    let site = site.file("/own.js", &key());
    let settings = json!({
        "url": site.server.url("/"),
        "headers": {"X-Token": {"env": "CARGO_PKG_NAME"}},
    });
    let mut read = read(settings).await.unwrap();
    read.sort();
    assert_eq!(read, pairs(&[("/own.js", "current"), (&b, "current")]));
    assert!(other.asked().is_empty());
    let with = |head: &String| head.contains("x-token: straggler");
    assert!(site.asked().len() >= 2 && site.server.requests().iter().all(with));
    assert!(cdn.asked().len() == 2 && !cdn.server.requests().iter().any(with));
}

#[tokio::test]
async fn a_page_that_leads_elsewhere_says_where() {
    let moved = |to: &str| response("301 Moved Permanently", &format!("Location: {to}\r\n"), b"");
    let site = Site::new().answer("/", moved("https://www.shop.test/"));
    let error = read(json!({"url": site.server.url("/")}))
        .await
        .unwrap_err();
    assert!(
        error.message.contains("redirects to https://www.shop.test"),
        "{error}"
    );
    assert!(
        error.next.contains("write that address in `url`"),
        "{}",
        error.next
    );

    let site = Site::new()
        .answer("/old", moved("/new/"))
        .answer("/new/", page("<script src=a.js></script>"))
        .file("/new/a.js", &key());
    let read = read(json!({"url": site.server.url("/old")})).await.unwrap();
    assert_eq!(read, pairs(&[("/new/a.js", "current")]));
}
