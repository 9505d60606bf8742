//! Whatever the bytes are, nothing panics, and what is accepted is whole.

use proptest::prelude::*;

use super::World;
use super::expanding::expanded;

const SEED: &str = "version: 1
include: [a.yaml]
x-a: &a { env: { variable: \"A\\tB\" } }
projects:
  shop:
    variable: KEY
    format: 'ask_[a-z]{4}'
    current: { <<: *a, extract: { json: /a } }
    previous: [{ fingerprint: 'sha256:12345678', revoked_at: 2026-11-21T09:00:00Z }]
    environments: { eu: { current: *a } }
routes:
  r:
  - env: { variable: '${name}-${region}-${env.HOME:-x}' }
  - *a
defaults: { environment: eu, owner: 'o-${project}', route: r, labels: { l: '$${x}' } }
deployments:
- { matrix: { name: [a, b], region: [eu, us] }, project: shop }
- name: >-
    folded
    text
  project: shop
  vars: { region: 1.10, v: '${region}' }
  waive: { verdicts: [stale], reason: r, owner: o, until: 2026-12-31 }
  route: [{ <<: [*a], expect: optional }]
";
const PIECES: &[&str] = &[
    "*a",
    "&a ",
    "&b ",
    "<<: ",
    "${",
    "}",
    "${name}",
    "${v}",
    "$",
    "[",
    "]",
    "{",
    "}",
    ": ",
    ", ",
    "- ",
    "? ",
    "|\n",
    ">\n",
    "\n",
    "\r\n",
    "\t",
    "  ",
    "'",
    "\"",
    "\\",
    "#",
    "!x ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "\0",
    "\u{feff}",
    "ü",
    "~",
    "null",
    "99999999999999999999",
    "ask_abcd",
    "env",
    "env: ",
    "fingerprint: ",
    "name",
    "matrix: ",
    "x-a: ",
];

#[derive(Clone, Debug)]
enum Edit {
    Insert(prop::sample::Index, &'static str),
    Remove(prop::sample::Index, usize),
    Copy(prop::sample::Index, prop::sample::Index, usize),
    Byte(prop::sample::Index, u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), prop::sample::select(PIECES)).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        (at(), 1..30_usize).prop_map(|(at, length)| Edit::Remove(at, length)),
        (at(), at(), 1..60_usize).prop_map(|(from, to, length)| Edit::Copy(from, to, length)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Byte(at, byte)),
    ]
}

fn apply(bytes: &mut Vec<u8>, edit: &Edit) {
    let place = |at: &prop::sample::Index, bytes: &[u8]| at.index(bytes.len() + 1);
    match edit {
        Edit::Insert(at, piece) => {
            let at = place(at, bytes);
            bytes.splice(at..at, piece.bytes());
        }
        Edit::Remove(at, length) => {
            let at = place(at, bytes);
            let end = (at + length).min(bytes.len());
            bytes.drain(at..end);
        }
        Edit::Copy(from, to, length) => {
            let from = place(from, bytes);
            let end = (from + length).min(bytes.len());
            let part = bytes[from..end].to_vec();
            let to = place(to, bytes);
            bytes.splice(to..to, part);
        }
        Edit::Byte(at, byte) => {
            let at = place(at, bytes);
            bytes.splice(at..at, [*byte]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn edited_files_are_read_or_refused(edits in prop::collection::vec(edit(), 1..6)) {
        let mut bytes = SEED.as_bytes().to_vec();
        for edit in &edits {
            apply(&mut bytes, edit);
        }
        let included = "version: 1\nx-b: 1\n";
        let world = World::default().with("targets.yaml", bytes.clone()).with("a.yaml", included);
        match world.load() {
            Ok(inventory) => {
                prop_assert!(!inventory.deployments.is_empty());
                for one in &inventory.deployments {
                    prop_assert!(!one.hops.is_empty() && !one.name.trim().is_empty());
                    prop_assert!(one.site.line > 0);
                }
                expanded(&world);
            }
            Err(problems) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                for problem in problems.list() {
                    let line = problem.site.line as usize;
                    // A line break may be at the very end.
                    let lines = text.split(['\n', '\r']).count() + 1;
                    prop_assert!(line <= lines, "{problem:?}\n{text}");
                }
                prop_assert!(!problems.to_string().is_empty());
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let world = World::default().with("targets.yaml", bytes);
        prop_assert!(world.load().is_err());
    }
}
