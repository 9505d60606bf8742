use std::fs;
use std::path::Path;

use super::node::{Server, command, project, run};
use super::support::{CURRENT, OLD};
use super::{audit, finds};

const VARIABLE: &str = "NEXT_PUBLIC_ALLSTAK_API_KEY";
const NEXT: &str = "next/dist/bin/next";

/// The key is in a chunk that is loaded later.
const FILES: [(&str, &str); 5] = [
    ("package.json", r#"{ "private": true }"#),
    (
        "next.config.mjs",
        "import { fileURLToPath } from 'node:url';
export default { turbopack: { root: fileURLToPath(new URL('..', import.meta.url)) } };",
    ),
    (
        "app/layout.jsx",
        "export default function Layout({ children }) { return <html><body>{children}</body></html>; }",
    ),
    (
        "app/page.jsx",
        "'use client';
import { useState } from 'react';
import dynamic from 'next/dynamic';
const Lazy = dynamic(() => import('./lazy'), { ssr: false });
export default function Page() {
  const [shown, show] = useState(false);
  return <main><button onClick={() => show(true)}>more</button>{shown && <Lazy />}</main>;
}",
    ),
    (
        "app/lazy.jsx",
        "'use client';
export default function Lazy() {
  const headers = { 'X-AllStak-Key': process.env.NEXT_PUBLIC_ALLSTAK_API_KEY };
  return <a onClick={() => fetch('https://api.test/', { headers })}>send</a>;
}",
    ),
];

fn build(project: &Path, key: &str, bundler: &str) {
    let mut build = command(project, NEXT, &["build", bundler]);
    build.env(VARIABLE, key);
    run(build);
}

fn serve(project: &Path) -> Server {
    Server::start(command(project, NEXT, &["start", "-H", "127.0.0.1"]), "-p")
}

#[test]
#[ignore = "needs Next; tests/run has it"]
fn an_old_key_in_a_lazy_chunk_is_found_until_it_is_built_again() {
    // Webpack names its chunks by code; Turbopack lists them.
    for bundler in ["--turbopack", "--webpack"] {
        is_found_until_it_is_built_again(bundler);
    }
}

fn is_found_until_it_is_built_again(bundler: &str) {
    let project = project();
    let project = project.path();
    for (name, text) in FILES {
        let path = project.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    for (key, verdict, code) in [(OLD, "stale", 1), (CURRENT, "current", 0)] {
        build(project, key, bundler);
        let server = serve(project);
        let folder = project.join(".next/static");
        let hops = [
            format!("{{ url: '{}' }}", server.url("/")),
            format!("{{ path: '{}' }}", folder.display()),
        ];
        let ran = audit(VARIABLE, &hops).ends(code);
        finds(
            &ran,
            &[
                (verdict, &["/_next/static/chunks/"]),
                (verdict, &["chunks/"]),
            ],
        );
    }
}
