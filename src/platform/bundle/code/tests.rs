use super::*;

/// What is seen when the script comes in parts of this size.
fn seen(text: &str, size: usize) -> Code {
    let mut coded = Coded::default();
    let mut window = super::super::window::Window::new(512, LONGEST);
    for part in text.as_bytes().chunks(size) {
        window.push(part, &mut |view| coded.look(view, |_| true));
        window.show(false, &mut |view| coded.look(view, |_| true));
    }
    window.show(true, &mut |view| coded.look(view, |_| true));
    coded.finish()
}

fn written(list: &[Box<str>]) -> Vec<&str> {
    list.iter().map(|text| &**text).collect()
}

#[test]
fn what_code_loads_by_name_is_followed() {
    for (text, imports, workers) in [
        ("import(\"./a.js\")", &["./a.js"][..], &[][..]),
        ("import a from\"./b\";import'/c.js'", &["./b", "/c.js"], &[]),
        ("x=\"./a\"+\".js\"", &["./a.js"], &[]),
        ("importScripts('/w.js')", &["/w.js"], &[]),
        ("new Worker(\"w.js\")", &[], &["w.js"]),
        (
            "new Worker(new URL(\"w-1.js\",import.meta.url))",
            &["./w-1.js"],
            &[],
        ),
        (
            "navigator.serviceWorker.register('/sw.js')",
            &[],
            &["/sw.js"],
        ),
        (
            "navigator.serviceWorker?.register('/sw.js')",
            &[],
            &["/sw.js"],
        ),
        ("importScripts('w.js',\"/x.js\")", &["./w.js", "/x.js"], &[]),
        ("a.audioWorklet.addModule(\"/w.js\")", &[], &["/w.js"]),
        (
            "s=document.createElement(\"script\");s.async=1;s.src=\"/loader\";b.append(s)",
            &[],
            &["/loader"],
        ),
        (
            "s=d.createElement('script'),s.setAttribute('src','/loader')",
            &[],
            &["/loader"],
        ),
        (
            "document.write('<script src=\"/w\"></scr'+'ipt>')",
            &[],
            &["/w"],
        ),
        (
            "eval(await(await fetch('/t.txt')).text())",
            &[],
            &["/t.txt"],
        ),
        (
            "fetch('/t.txt').then(e=>e.text()).then(eval)",
            &[],
            &["/t.txt"],
        ),
        (
            "r.l(\"https://other.test/remoteEntry.js\",e=>{})",
            &["https://other.test/remoteEntry.js"],
            &[],
        ),
    ] {
        let code = seen(text, 1000);
        assert_eq!(written(&code.imports), imports, "{text}");
        assert_eq!(written(&code.workers), workers, "{text}");
        assert_eq!(code.unfollowed, [], "{text}");
    }
}

#[test]
fn data_is_followed_wherever_its_address_is_written_out() {
    for text in [
        "$.ajax({type:'GET',url:'/config/prod.json'})",
        "axios({method:\"get\",url:\"/config/\"+\"prod.json\"})",
        "fetch([\"/config\",\"prod.json\"].join(\"/\"))",
        "self['fetch']('/config/prod.json')",
    ] {
        let code = seen(text, 1000);
        assert_eq!(code.data.len(), 1, "{text}");
        assert_eq!(&*code.data[0].0, "/config/prod.json", "{text}");
        assert_eq!(code.unfollowed, [], "{text}");
    }
}

#[test]
fn modules_are_looked_for_where_they_may_be() {
    let code = seen(
        "System.import('./app');require(['lib/a','text!b.json'])",
        1000,
    );
    assert_eq!(written(&code.workers), ["./app"]);
    assert_eq!(
        written(&code.imports),
        ["./app.js", "./app", "./lib/a.js", "./b.json.js"]
    );
    let data: Vec<_> = code.data.iter().map(|(address, _)| &**address).collect();
    assert_eq!(
        data,
        ["./app.js", "lib/a", "lib/a.js", "b.json", "b.json.js"]
    );
    let code = seen("System.register('x',['./y.js',\"../z\",'react'],f)", 1000);
    assert_eq!(written(&code.imports), ["./y.js", "../z"]);
    assert_eq!(code.unfollowed, []);
}

#[test]
fn what_code_loads_by_a_name_that_it_makes_is_said() {
    for (text, how) in [
        ("import(`./x-${n}.js`)", "import(…)"),
        ("await import(base+n)", "import(…)"),
        ("import(e)", "import(…)"),
        ("System.import(e)", "import(…)"),
        ("importScripts(e)", "importScripts(…)"),
        ("new Worker(e)", "new Worker(…)"),
        ("new SharedWorker(u+'w.js')", "new Worker(…)"),
        ("s.src=\"/c/\"+n+\".js\"", "… + \".js\""),
        ("s.src=\"/c/\"+n+'-x.js?v=1'", "… + \".js\""),
        ("s.src=`/c/${n}.js`", "`${…}.js`"),
        ("f(x)(y);s.src=`./${n}.js`", "`${…}.js`"),
        ("importScripts('./a.js',e)", "importScripts(…)"),
        ("a.serviceWorker.register(e+'/sw')", "new Worker(…)"),
        (
            "s=document.createElement(\"script\");s.src=\"/l/\"+e;b.append(s)",
            "a script's src",
        ),
        (
            "document.write(\"<script src='\"+e+\"'>\")",
            "document.write(…)",
        ),
        ("eval((await(await fetch(e)).text()))", "eval(…)"),
        ("fetch(e).then(e=>e.text()).then(eval)", "eval(…)"),
        ("require.config({baseUrl:x})", "require.config(…)"),
        ("requirejs({baseUrl:x},['a'])", "require.config(…)"),
        ("var require = { baseUrl: '/js' }", "require.config(…)"),
        ("System.config({map:{a:'./a.js'}})", "require.config(…)"),
        ("require(['app/main'],m=>m())", "require([…])"),
        ("requirejs([x])", "require([…])"),
        ("fetch(\"/config/\"+env+\".json\")", "data that it asks for"),
        ("fetch(`/config/${env}.json`)", "data that it asks for"),
        (
            "x.open(\"GET\",\"/config/\"+e+\".json\")",
            "data that it asks for",
        ),
        (
            "axios.get(\"config/\"+e+\".json\")",
            "data that it asks for",
        ),
        ("axios(\"/config/\"+e)", "data that it asks for"),
        (
            "$.ajax({type:\"GET\",headers:{a:1},url:\"config/\"+env+\".json\"})",
            "data that it asks for",
        ),
        ("axios({url:\"/config/\"+env})", "data that it asks for"),
        (
            "axios.request({\"url\": `/config/${e}`})",
            "data that it asks for",
        ),
        (
            "fetch([\"/config/\",e,\".json\"].join(\"\"))",
            "data that it asks for",
        ),
        (
            "x[\"open\"](\"GET\",\"config/\"+e+\".json\")",
            "data that it asks for",
        ),
        ("u=\"/config/\"+e+\".json\"", "… + \".json\""),
        ("u=`/config/${e}.json`;fetch(u)", "`${…}.json`"),
        ("r.u=e=>q(e)+\".js\",r.o=1", "a function that names chunks"),
    ] {
        let code = seen(text, 1000);
        let told: Vec<_> = code.unfollowed.iter().map(|one| one.how).collect();
        assert_eq!(told, [how], "{text}");
    }
}

#[test]
fn what_loads_nothing_that_was_not_seen_is_passed_over() {
    for text in [
        "r.u=function(e){var t=d.get(e);return void 0!==t?t:p(e)}",
        "r.u=(...r)=>t(...r)+e",
        "a.import(x)",
        "class A{import(x){return x}}",
        "// the import(s) of a file",
        "importScripts()",
        "new Worker(URL.createObjectURL(b))",
        "let u=URL.createObjectURL(b);new Worker(u)",
        "\"function\"==typeof importScripts",
        "import(\"./\"+r.u(e))",
        "throw Error(\"no \"+e+\".json\")",
        "throw Error(\"cannot find ./\"+n+\".js\")",
        "console.warn(`cannot find ./${n}.js`)",
        "e.endsWith(n+\".js\")||m[`./${n}.js`]",
        "s.src=e",
        "s=document.createElement(\"script\");s.charset=\"utf-8\";s.src=e;b.append(s)",
        "j=d.createElement('script');j.src='https://tags.test/gtm?id='+i",
        "eval(e);(0,eval)(\"this\");document.write(e)",
        "await o(280)(`./${e}.js`)",
        "o(280)(\"./\"+e+\".js\").then(f)",
        "self.TURBOPACK_NEXT_CHUNK_URLS.push(t);try{importScripts(t)}catch(n){}",
        "a=b+\"https://host.test/a.js\"",
        "fetch(\"/api/users/\"+id);fetch(`/api/users/${id}`);fetch(e,t)",
        "fetch(\"/config.json?v=\"+Date.now())",
        "m.get(e+\"x\");m.get(\"/users/\"+e)",
        "u=`/_next/data/${b}${t}.json`;v=e+\".json\";w=\"/page-data/\"+e+\"/page-data.json\"",
        "await o(280)(`./${e}.json`)",
        "\"function\"==typeof define&&define.amd?define([\"exports\",\"react\"],t):t(e)",
        "require(280)([1]);n.require(\"x\")",
    ] {
        let code = seen(text, 1000);
        assert_eq!(code.unfollowed, [], "{text}");
        assert!(code.chunks.is_empty() && code.imports.is_empty(), "{text}");
    }
}

#[test]
fn names_that_only_a_loader_makes_an_address_of_are_told_apart() {
    for (text, needs) in [
        ("const f=n+\".js\"", true),
        ("f=x.replace(/\\.js$/,\"\")+\".js\"", true),
        ("f=`${n}.js`", true),
        ("s.src=\"/c/\"+n+\".js\"", false),
        ("s.src=`/c/${n}.js`", false),
        ("require([n])", false),
    ] {
        let code = seen(text, 1000);
        let told: Vec<_> = code.unfollowed.iter().map(|one| one.needs_loader).collect();
        assert_eq!(told, [needs], "{text}");
    }
}

#[test]
fn runtimes_are_read_however_they_arrive() {
    let hashes: Vec<_> = (0..20_000).map(|id| format!("{id}:\"h{id}\"")).collect();
    let text = format!(
        "(()=>{{o.e(480).then(()=>o(480));o.e(\"a_b\");o.e(/*! import() */ \\\"c\\\");var m={{\"./a.js\":[266,[267]]}};\
         o.u=e=>\"static/\"+e+\".\"+{{{}}}[e]+\".js\",o.p=\"/_next/\";new Worker(new URL(o.p+o.u(331),o.b))}})()",
        hashes.join(",")
    );
    for size in [500, 70_000, 10_000_000] {
        let code = seen(&text, size);
        assert_eq!(code.chunks.len(), 1);
        let known = code.chunks[0].known();
        assert_eq!(known.len(), 20_000);
        assert_eq!(known["19999"], "static/19999.h19999.js");
        assert_eq!(written(&code.public_paths), ["/_next/"]);
        assert_eq!(written(&code.ids), ["480", "a_b", "c", "331"]);
        assert_eq!(written(&code.loose_ids), ["266", "267"]);
        assert_eq!(code.unfollowed, []);
    }
    let auto = seen(
        "r.u=e=>e+\".js\";r.p=e.replace(/a/,\"/\")+\"../../\";",
        1000,
    );
    assert_eq!(&*auto.upwards, "../../");
    let module = seen("r.u=e=>e+\".mjs\";import(\"./\"+r.u(e))", 1000);
    assert!(module.from_script && module.chunks[0].takes_any());
}
