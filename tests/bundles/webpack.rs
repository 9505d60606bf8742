use std::fs;
use std::path::Path;
use std::process::Stdio;

use super::node::{Server, command, project, run};
use super::support::{CURRENT, OLD};
use super::{audit, finds};

/// Builds in the folder `dist` what is set in the environment, and serves it.
const BUILD: &str = "
const webpack = require('webpack');
const options = JSON.parse(process.env.OPTIONS);
options.output = { ...options.output, path: __dirname + '/dist' };
const define = new webpack.DefinePlugin({ KEY: JSON.stringify(process.env.KEY) });
webpack({ mode: 'production', context: __dirname, entry: './main.js', plugins: [define], ...options }, (error, stats) => {
  if (error || stats.hasErrors()) { console.error(error || stats.toString()); process.exit(1); }
});";

const SERVE: &str = "
const fs = require('fs');
require('http').createServer((request, response) => {
  const path = __dirname + '/dist' + request.url;
  if (request.url === '/') {
    response.setHeader('Content-Type', 'text/html');
    response.end('<script type=module src=/main.js></script>');
  } else if (fs.existsSync(path)) response.end(fs.readFileSync(path));
  else { response.statusCode = 404; response.end(); }
}).listen(process.argv[3], '127.0.0.1');";

/// The key is in a chunk that is loaded later, by a worker.
const FILES: [(&str, &str); 6] = [
    ("package.json", r#"{ "private": true }"#),
    (
        "main.js",
        "new Worker(new URL('./work.js', import.meta.url));
document.onclick = async () => (await import(`./parts/${location.hash.slice(1)}.js`)).go();",
    ),
    ("work.js", "onmessage = () => import('./lazy.js');"),
    ("parts/a.js", "export const go = () => 1;"),
    ("parts/b.js", "export const go = () => 2;"),
    (
        "lazy.js",
        "fetch('https://api.test/', { headers: { 'X-AllStak-Key': KEY } });",
    ),
];

fn build(project: &Path, key: &str, options: &str) {
    let name = project.file_name().unwrap().to_str().unwrap();
    let mut build = command(project, &format!("../{name}/build.cjs"), &[]);
    build.env("KEY", key).env("OPTIONS", options);
    run(build);
}

#[test]
#[ignore = "needs webpack; tests/run has it"]
fn an_old_key_in_a_chunk_that_code_names_is_found_until_it_is_built_again() {
    for options in [
        "{}",
        r#"{"mode":"development"}"#,
        r#"{"output":{"chunkFilename":"js/[name].[contenthash:8].chunk.js","publicPath":"/"}}"#,
        r#"{"output":{"chunkFilename":"c/[name].js","publicPath":""},"optimization":{"chunkIds":"named"}}"#,
    ] {
        let project = project();
        let project = project.path();
        let files = FILES
            .into_iter()
            .chain([("build.cjs", BUILD), ("serve.cjs", SERVE)]);
        for (name, text) in files {
            let path = project.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let name = project.file_name().unwrap().to_str().unwrap();
        let mut serve = command(project, &format!("../{name}/serve.cjs"), &[]);
        serve.stderr(Stdio::inherit());
        let server = Server::start(serve, "--port");
        let hop = [format!("{{ url: '{}' }}", server.url("/"))];
        for (key, verdict, code) in [(OLD, "stale", 1), (CURRENT, "current", 0)] {
            let _ = fs::remove_dir_all(project.join("dist"));
            build(project, key, options);
            let ran = audit("KEY", &hop).ends(code);
            finds(&ran, &[(verdict, &[".js"])]);
        }
    }
}
