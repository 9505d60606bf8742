use super::*;

fn view(html: &str) -> View<'_> {
    View {
        bytes: html.as_bytes(),
        places: 0..html.len(),
        gone: 0,
    }
}

fn told(html: &str) -> Vec<String> {
    let mut told = Vec::new();
    let mut tags = Tags::default();
    tags.look(&view(html), |tag| {
        told.push(match tag {
            Tag::Base(address) => format!("base {address}"),
            Tag::Data(address) => format!("data {address}"),
            Tag::Script(address) => address,
            Tag::ImportMap(at) => format!("map {}", &html[at..at + 2]),
            Tag::Code(at) => format!("code {}", &html[at..at + 2]),
            Tag::End(at) => format!("end {at}"),
            Tag::TooLong(at) => format!("too long {at}"),
        });
    });
    told.retain(|tag| !tag.starts_with("end"));
    told
}

#[test]
fn every_tag_that_loads_a_script_is_seen() {
    for (html, names) in [
        ("<script src=/a.js></script>", &["/a.js"][..]),
        ("<SCRIPT\nTYPE=module SRC = '/a.js' />", &["/a.js"]),
        (
            r#"<script defer data-x="a > b" src="a.js?v=1&amp;w=2">"#,
            &["a.js?v=1&w=2"],
        ),
        (
            r#"<link rel="modulepreload" crossorigin href="/m.js">"#,
            &["/m.js"],
        ),
        (
            r#"<link rel="preload" as="script" href="/p.js"/>"#,
            &["/p.js"],
        ),
        (r#"<link rel="preload" as="font" href="/f.woff2">"#, &[]),
        (r#"<link rel="stylesheet" href="/a.css">"#, &[]),
        (r#"<base href="/app/">"#, &["base /app/"]),
        (
            r#"<script type="importmap">{"imports":{}}</script>"#,
            &["map {\""],
        ),
        (
            r#"<script type="application/json" data-src="/_payload.json">"#,
            &["/_payload.json"],
        ),
        (
            r#"<!-- <script src="/old.js"></script> --><script src="/new.js">"#,
            &["/new.js"],
        ),
        (
            r#"<script>document.write('<script src="/x.js">')</script><script src="/y.js">"#,
            &["code do", "/y.js"],
        ),
        (
            "<script type=text/x-template>ab</script><script type=module>cd</script>",
            &["code cd"],
        ),
        (
            "<script data-main=js/app src=/require.js></script>",
            &["/require.js", "js/app.js"],
        ),
        ("<link rel=preload as=worker href=/w.js>", &["/w.js"]),
        ("<link href=/js/a.1.js rel=prefetch>", &["/js/a.1.js"]),
        ("<link href=/next-page rel=prefetch>", &[]),
        (
            "<link rel=preload as=fetch href=a.json><link rel=prefetch as=fetch href=z.json>",
            &["data a.json", "data z.json"],
        ),
        ("<scripts src=/a.js><linker href=/b>", &[]),
        ("<script src=", &[""]),
        ("<script", &[]),
    ] {
        assert_eq!(told(html), names, "{html}");
    }
}

#[test]
fn what_only_looks_like_a_comment_hides_no_script() {
    for before in [
        "<div title=\"<!--\"></div>",
        "<div title='<!--'></div>-->",
        "<div title=<!--></div>",
        "<div title = \"a>b<!--\" x></div>",
        "</div title=\"<!--\">",
        "<a =\"x><a b='<!--'>",
        "<!-- a --!>",
        "<!-->",
        "<!--->",
        "<!---->",
        "<!-- <!-->",
        "<!doctype html><!x \"><?x <!-->",
        "</ <!-->",
        "a < b <!-- c -->",
        "<noscript><!--</noscript>",
        "<iframe><!--</iframe>",
        "<noembed><!--</noembed>",
        "<noframes><!--</noframes>",
        "<xmp><!-- </xm> </XMP >",
        "<textarea><!--</textarea>",
        "<title><!--</title a=\"<!--\">",
        "<style><!--</style>",
        "<style/><!--</style>",
        "<template><!-- --></template>",
        "<svg><title></svg>",
        "<svg><![CDATA[><!--]]></svg>",
        "<svg><p><style><!--</style></p></svg>",
        "<select><title></select>",
        "<script type=x><!-- <script> </script> <!-- </script>",
        "<script type=x><!--></script>",
        "<script type=x></scripts><!-- </script a='<!--'>",
    ] {
        for behind in ["", "<!-- b -->", "-->"] {
            let html = format!("{before}<script src=z.js></script>{behind}");
            assert_eq!(told(&html), ["z.js"], "{html}");
        }
    }
}

#[test]
fn what_is_no_tag_names_nothing() {
    for html in [
        "<!-- <script src=z.js></script> -- > <script src=z.js></script>",
        "<div title=\"<script src=z.js></script>\">",
        "<title><script src=z.js></script></title>",
        "<textarea><script src=z.js></script></textarea>",
        "<plaintext><script src=z.js></script></plaintext><script src=z.js></script>",
        "<script type=x><!--<script></script><script src=z.js></script></script>",
    ] {
        assert_eq!(told(html), [""; 0], "{html}");
    }
}

#[test]
fn what_may_be_a_tag_is_one() {
    for html in [
        "<noscript><!-- <script src=z.js></script> --></noscript>",
        "<template><script src=z.js></script></template>",
        "<svg><script href=z.js /></svg>",
        "<svg><script xlink:href=z.js></script></svg>",
        "<svg><style></svg><!-- <script src=z.js>",
    ] {
        assert_eq!(told(html)[0], "z.js", "{html}");
    }
    let mut names = Vec::new();
    let html = "<script src='a.js'/><textarea/><script src='z.js'/>";
    Tags::new(true).look(&view(html), |tag| {
        if let Tag::Script(name) = tag {
            names.push(name);
        }
    });
    assert_eq!(names, ["a.js", "z.js"]);
    let long = format!("<script data-x='{}' src=z.js>", "x".repeat(LONGEST));
    assert_eq!(told(&long), ["too long 0"]);
}

#[test]
fn tags_are_read_across_views() {
    let html =
        "<p title=\"<!--\"><!-- <script src=a.js> --!><xmp><!--</xmp><script src=z.js></script>";
    for size in 1..html.len() {
        let mut tags = Tags::default();
        let mut names = Vec::new();
        for from in (0..html.len()).step_by(size) {
            let view = View {
                places: from..html.len().min(from + size),
                ..view(html)
            };
            tags.look(&view, |tag| {
                if let Tag::Script(name) = tag {
                    names.push(name);
                }
            });
        }
        assert_eq!(names, ["z.js"], "{size}");
    }
}

#[test]
fn a_header_may_name_scripts_too() {
    let header = "</a.js>; rel=modulepreload, </b.css>; rel=preload; as=style, \
        </c.js>; as=\"script\"; rel=\"preload\", <https://cdn.test>; rel=preconnect";
    assert_eq!(linked(header).collect::<Vec<_>>(), ["/a.js", "/c.js"]);
}
