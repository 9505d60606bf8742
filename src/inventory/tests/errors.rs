//! Every mistake with the words that are said about it.

use super::{DEPLOYMENT, PROJECT, World};

/// Whole files.
#[test]
fn files_that_cannot_be_used_at_all() {
    for (main, expected) in [
        ("", "targets.yaml: is empty"),
        ("# only a comment\n", "targets.yaml: is empty"),
        ("- a\n", "targets.yaml:1:1: expected a map, found a list"),
        ("text", "targets.yaml:1:1: expected a map, found a string"),
        (
            "version: 1\n",
            "targets.yaml: declares no deployment: expected `deployments`",
        ),
        (
            "version: 1\n---\nversion: 1\n",
            "targets.yaml:2:1: a second document begins here: one file holds one document",
        ),
        (
            "version: 1\nx-a: !secret text\n",
            "targets.yaml:2:6: a tag: targets.yaml has none, leave it out",
        ),
        (
            "version: 1\nx-a:\n\t- b\n",
            "targets.yaml:3:2: a tab: YAML is indented with spaces",
        ),
        (
            "version: 1\r\nx-ä: [b\r\n",
            "targets.yaml:2:6: a bracket is opened and never closed",
        ),
        (
            "version: 1\nx-a: 'b\n",
            "targets.yaml:2:6: a quote is opened here and never closed",
        ),
        (
            "version: 1\nx-a: *b\n",
            "targets.yaml:2:6: an alias whose anchor is not defined above",
        ),
        (
            "version: 1\nx-a: &a [*a]\n",
            "targets.yaml:2:10: an alias inside the very node that its anchor names",
        ),
        (
            "version: 1\nx-a: @b\n",
            "targets.yaml:2:6: a character that no plain text begins with: put the text into quotes",
        ),
        (
            "version: 1\nx-a: b: c\n",
            "targets.yaml:2:7: a colon where none may be: put the text into quotes, or check the \
             indentation",
        ),
        (
            "version: 1\nx-a: { ? [b] : c }\n",
            "targets.yaml:2:10: a key must be a text, not a list or a map",
        ),
        (
            "version: 1\nx-a: { <<: b }\n",
            "targets.yaml:2:12: `<<` merges a map or a list of maps",
        ),
        (
            "version: 1\nx-a: \"\0\"\n",
            "targets.yaml:2:7: a control character, U+0000, which YAML does not allow",
        ),
    ] {
        assert_eq!(World::of(main).problems(), expected, "{main:?}");
    }
    for (bytes, expected) in [
        (
            &b"version: 1\nx-\xc3\xa4: '\xff'\n"[..],
            "targets.yaml:2:7: is not UTF-8 here",
        ),
        (
            &b"\xff\xfev\0e\0"[..],
            "targets.yaml:1:1: is UTF-16: save it as UTF-8",
        ),
    ] {
        let world = World::default().with("targets.yaml", bytes);
        assert_eq!(world.problems(), expected);
    }
    assert_eq!(
        World::default().problems(),
        "targets.yaml: cannot be read: there is no such file; name another with --config"
    );
}

/// Names the sources there are, so that one more does not change what is said here.
fn with_sources(text: &str) -> String {
    let ids: Vec<String> = crate::source::infos()
        .iter()
        .map(|info| format!("`{}`", info.id))
        .collect();
    text.replace("SOURCES", &ids.join(", "))
}

/// Puts each text where the mark is and compares all that is said.
fn check(around: &str, cases: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let said = World::of(&around.replace("HERE", text)).problems();
        let expected = with_sources(expected);
        if said != expected {
            wrong.push(format!(
                "{text}\n said     {said:?}\n expected {expected:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_top_of_a_file() {
    let project = &PROJECT["version: 1\n".len()..];
    check(
        &format!("HERE\n{project}{DEPLOYMENT}"),
        &[
            ("x-version: 1", "targets.yaml:1:1: missing key `version`"),
            (
                "version: 2",
                "targets.yaml:1:10: expected 1, the only version there is",
            ),
            (
                "version: latest",
                "targets.yaml:1:10: expected a whole number from 0 to 18446744073709551615, found a \
             string",
            ),
            (
                "version: '1'",
                "targets.yaml:1:10: expected a whole number from 0 to 18446744073709551615, found a string",
            ),
            (
                "version: 1\nroute: {}",
                "targets.yaml:2:1: unknown key `route`: expected one of `version`, `include`, `inventory`, \
             `fingerprint_digits`, `notify`, `heartbeat`, `grace`, `ledger`, `projects`, `stores`, `routes`, `defaults`, `deployments`; did \
             you mean `routes`?",
            ),
            (
                "version: 1\nversion: 1",
                "targets.yaml:2:1: key `version` is written twice in one map: first at targets.yaml:1:1",
            ),
            (
                "version: 1\nfingerprint_digits: 7",
                "targets.yaml:2:21: expected a whole number from 8 to 64",
            ),
            (
                "version: 1\nroutes: [a]",
                "targets.yaml:2:9: expected a map of routes, found a list",
            ),
            (
                "version: 1\ndefaults: { region: eu, owner: [] }",
                "targets.yaml:2:13: unknown key `region`: expected one of `environment`, `owner`, \
             `route`, `variable`, `expect`, `labels`\n\
             targets.yaml:2:32: expected a string, found a list",
            ),
            (
                "version: 1\nstores: { prod: { consol: {} }, other: {} }",
                "targets.yaml:2:19: unknown kind of store `consol`; did you mean `consul`?\n\
             targets.yaml:2:40: expected one kind of store, found 0",
            ),
            (
                "version: 1\nroutes: { a: [], b: { env: {} }, c: [evn: {}], d: [env: { variable: [] }] }",
                "targets.yaml:2:14: an empty route: expected one hop at least\n\
             targets.yaml:2:21: expected a list of hops, found a map\n\
             targets.yaml:2:38: unknown source `evn`: expected one of SOURCES; did you mean `env`?\n\
             targets.yaml:2:69: expected a string, found a list",
            ),
        ],
    );
}

#[test]
fn projects() {
    check(
        &format!("version: 1\nprojects:\n  shop: HERE\n{DEPLOYMENT}"),
        &[
            (
                "{}",
                "targets.yaml:3:9: missing key `current`, and `environments` that have one\n\
             targets.yaml:3:9: missing key `variable`",
            ),
            ("[]", "targets.yaml:3:9: expected a map, found a list"),
            (
                "{ varible: KEY, current: { env: } }",
                "targets.yaml:3:11: unknown key `varible`: expected one of `variable`, `format`, \
             `rotation`, `current`, `history`, `next`, `rotated_at`, `previous`, `ingest`, `same_key_as`, `environments`; \
             did you mean `variable`?",
            ),
            (
                "{ variable: 'KEY=x', current: { env: } }",
                "targets.yaml:3:21: expected the name of a variable, without a value",
            ),
            (
                "{ variable: '', current: { env: { name: KEY, varaible: KEY } } }",
                "targets.yaml:3:21: expected a name, found an empty string\n\
             targets.yaml:3:43: unknown key `name`: expected `variable`\n\
             targets.yaml:3:54: unknown key `varaible`: expected `variable`; did you mean \
             `variable`?",
            ),
            (
                "{ variable: KEY, current: { envv: } }",
                "targets.yaml:3:37: unknown source `envv`: expected one of SOURCES; did you mean `env`?",
            ),
            (
                "{ variable: KEY, current: { extract: { json: /key } } }",
                "targets.yaml:3:35: no source: expected one of `fingerprint`, SOURCES",
            ),
            (
                "{ variable: KEY, current: { env: , expect: absent } }",
                "targets.yaml:3:44: unknown key `expect`: expected one of `fingerprint`, `variable`, \
             `extract`, `decode`, `trim`, `folder`",
            ),
            (
                "{ variable: KEY, current: { env: , fingerprint: 'sha256:12345678' } }",
                "targets.yaml:3:37: a key is given by its fingerprint or by a source, not by both",
            ),
            (
                "{ variable: KEY, current: { fingerprint: 'sha256:1234' } }",
                "targets.yaml:3:50: expected `sha256:` and 8 to 64 hex digits",
            ),
            (
                "{ variable: KEY, current: env }",
                "targets.yaml:3:35: expected a map with one source, found a string",
            ),
            (
                "{ variable: KEY, current: { env: }, rotation: imediate }",
                "targets.yaml:3:55: expected one of `overlap`, `immediate`; did you mean `immediate`?",
            ),
            (
                "{ variable: KEY, current: { env: }, rotated_at: yesterday }",
                "targets.yaml:3:57: expected a time like 2026-11-20T09:00:00Z",
            ),
            (
                "{ variable: KEY, current: { env: }, rotated_at: 2026-11-25T12:00:00Z }",
                "targets.yaml:3:57: lies in the future: expected when the key came to be",
            ),
            (
                "{ variable: KEY, current: { env: }, format: '(' }",
                "targets.yaml:3:53: expected a regular expression: unclosed group at character 1",
            ),
            (
                "{ variable: KEY, current: { env: }, ingest: { allstack: { host: x } } }",
                "targets.yaml:3:55: unknown key `allstack`: expected `allstak`; did you mean `allstak`?",
            ),
            (
                "{ variable: KEY, current: { env: }, ingest: { allstak: { host: 'http://a.b' } } }",
                "targets.yaml:3:72: expected an https address: keys are sent there",
            ),
            (
                "{ variable: KEY, current: { env: }, previous: { env: } }",
                "targets.yaml:3:55: expected a list of keys, the latest first, found a map",
            ),
            (
                "{ variable: KEY, current: { env: }, previous: [{ env: , revoked_at: 2026-01-01T00:00:00Z, \
             rotated_at: 2026-01-02T00:00:00Z }] }",
                "targets.yaml:3:56: `revoked_at` is before `rotated_at`: a key dies after it came to be",
            ),
            (
                "{ variable: KEY, current: { env: }, previous: [{ env: , revoked_at: 2026-01-01T00:00:00Z }, \
             { env: , revoked_at: 2026-02-01T00:00:00Z }] }",
                "targets.yaml:3:101: is later than the key above: list the latest first",
            ),
            (
                "{ variable: KEY, environments: { eu: {}, us: { current: { env: }, environments: {} } } }",
                "targets.yaml:3:46: missing key `current`\n\
             targets.yaml:3:89: environments have none of their own",
            ),
            (
                "{ environments: { eu: { current: { env: } } } }",
                "targets.yaml:3:31: missing key `variable`",
            ),
            (
                "{ variable: KEY, environments: { eu: { current: { env: } }, us: { current: { env: } } } }",
                "targets.yaml:5:3: project `shop` has no key for deployments without an environment; \
             it has one for `eu`, `us`",
            ),
            (
                "{ variable: KEY, current: { env: { variable: '${owner}' } } }",
                "targets.yaml:3:55: nothing here is named `owner`; there is `project`, `environment`; \
             write `$${` where a literal `${` is meant",
            ),
            (
                "{ variable: KEY, current: { env: { variable: '${environment}' } } }",
                "targets.yaml:3:55: `environment` is not set here",
            ),
        ],
    );
}

#[test]
fn deployments() {
    check(
        &format!("{PROJECT}routes: {{ ci: [env: {{}}] }}\ndeployments:\n- HERE\n"),
        &[
            (
                "{}",
                "targets.yaml:5:3: missing key `name`\n\
             targets.yaml:5:3: missing key `project`\n\
             targets.yaml:5:3: missing key `route`, and no default says one",
            ),
            ("web", "targets.yaml:5:3: expected a map, found a string"),
            (
                "{ name: web, project: shpo, route: cii }",
                "targets.yaml:5:25: no project is named `shpo`; did you mean `shop`?\n\
             targets.yaml:5:38: no route is named `cii`; did you mean `ci`?",
            ),
            (
                "{ name: web, project: zzz, rout: ci }",
                "targets.yaml:5:25: no project is named `zzz`; there is `shop`\n\
             targets.yaml:5:30: unknown key `rout`: expected one of `name`, `matrix`, `project`, \
             `environment`, `owner`, `labels`, `vars`, `route`, `expect`, `variable`, `waive`; did \
             you mean `route`?",
            ),
            (
                "{ name: web, project: zzz, route: ci }",
                "targets.yaml:5:25: no project is named `zzz`; there is `shop`",
            ),
            (
                "{ name: [web], project: shop, route: ci, expect: absnt, labels: [a], owner: '' }",
                "targets.yaml:5:11: expected a string, found a list\n\
             targets.yaml:5:52: expected one of `current`, `optional`, `absent`; did you mean \
             `absent`?\n\
             targets.yaml:5:67: expected a map of labels, found a list\n\
             targets.yaml:5:79: expected a name, found an empty string",
            ),
            (
                "{ name: [web], project: shop, route: ci, labels: [a], owner: '', vars: { a b: 1, name: x } }",
                "targets.yaml:5:11: expected a string, found a list\n\
             targets.yaml:5:52: expected a map of labels, found a list\n\
             targets.yaml:5:64: expected a name, found an empty string\n\
             targets.yaml:5:76: `a b` cannot be used in `${…}`: expected letters, digits, `-` and `_`\n\
             targets.yaml:5:84: `name` is set already: take another name",
            ),
            (
                "{ name: web, project: shop, route: [] }",
                "targets.yaml:5:38: an empty route: expected one hop at least",
            ),
            (
                "{ name: web, project: shop, route: [env: {}, env] }",
                "targets.yaml:5:48: expected a map with one source, found a string",
            ),
            (
                "{ name: web, project: shop, route: [{ dotenv: .env }] }",
                "targets.yaml:5:49: expected a map, found a string; write it as in \
             `dotenv: { path: /srv/web/.env }`",
            ),
            (
                "{ name: web, project: shop, route: [{ env: {}, expcet: absent, extract: 5, decode: gzip }] }",
                "targets.yaml:5:50: unknown key `expcet`: expected one of `expect`, `variable`, `waive`, \
             `extract`, `decode`, `trim`, `folder`; did you mean `expect`?\n\
             targets.yaml:5:75: expected a map with one of `json`, `yaml`, `toml`, `ini`, `properties`, \
             `dotenv`, `url`, `pattern`, `decode`, `trim`, or a list of such steps, found a number\n\
             targets.yaml:5:86: expected `base64`",
            ),
            (
                "{ name: web, project: shop, route: [{ env: {}, extract: { json: a, url: user } }] }",
                "targets.yaml:5:59: 2 steps in one: write a list, in the order in which they are taken",
            ),
            (
                "{ name: web, project: shop, route: [{ env: {}, extract: [{ json: a }, { jsn: /a }, x, {}, { ini: /a/b/c }] }] }",
                "targets.yaml:5:68: expected a JSON pointer, which starts with `/`; did you mean `/a`?\n\
             targets.yaml:5:75: unknown key `jsn`: expected one of `json`, `yaml`, `toml`, `ini`, `properties`, \
             `dotenv`, `dialect`, `url`, `pattern`, `decode`, `trim`; did you mean `json`?\n\
             targets.yaml:5:86: expected a map with one of `json`, `yaml`, `toml`, `ini`, `properties`, `dotenv`, \
             `url`, `pattern`, `decode`, `trim`, found a string\n\
             targets.yaml:5:89: expected a step: one of `json`, `yaml`, `toml`, `ini`, `properties`, `dotenv`, \
             `url`, `pattern`, `decode`, `trim`\n\
             targets.yaml:5:100: expected `/section/key`, or `/key` for one above the first section",
            ),
            (
                "{ name: web, project: shop, route: [{ env: {}, extract: [{ yaml: allstak/key }, { toml: allstak.key }, { ini: section/key }] }] }",
                "targets.yaml:5:68: expected a JSON pointer, which starts with `/`; did you mean `/allstak/key`?\n\
             targets.yaml:5:91: expected a JSON pointer, which starts with `/`; did you mean `/allstak/key`?\n\
             targets.yaml:5:113: expected a JSON pointer, which starts with `/`; did you mean `/section/key`?",
            ),
            (
                "{ name: web, project: shop, route: [{ env: {}, extract: { json: sk_4f9a2c81d07b3e6a } }] }",
                "targets.yaml:5:67: expected a JSON pointer, which starts with `/`",
            ),
            (
                "{ name: web, project: shop, route: [{ env: {}, extract: { json: /a, dialect: docker } }] }",
                "targets.yaml:5:80: `dialect` without `dotenv`: only env files have one",
            ),
            (
                "{ name: web, project: shop, route: [{ env: {}, extract: { dotenv: A, dialect: dokcer } }] }",
                "targets.yaml:5:81: expected one of `dotenv`, `docker`, `compose`, `node`, `python-dotenv`, `systemd`, \
             `shell`, `ruby-dotenv`, `phpdotenv`, `symfony`; did you mean `docker`?",
            ),
            (
                "{ name: web, project: shop, route: [{ env: {}, extract: [] }] }",
                "targets.yaml:5:59: an empty list: expected one step at least",
            ),
            (
                "{ name: web, project: shop, route: [{ env: {}, extract: json }] }",
                "targets.yaml:5:59: expected a map with one of `json`, `yaml`, `toml`, `ini`, `properties`, \
             `dotenv`, `url`, `pattern`, `decode`, `trim`, or a list of such steps, found a string",
            ),
            (
                "{ name: web, project: shop, route: [{ env: {}, extract: { url: { user: 1 } } }] }",
                "targets.yaml:5:66: `user` takes no value: write it alone",
            ),
            (
                "{ name: web, project: shop, route: [env: { variable: '${nam}-${' }] }",
                "targets.yaml:5:57: nothing here is named `nam`; did you mean `name`?; write `$${` where \
             a literal `${` is meant\n\
             targets.yaml:5:64: a `${` without its `}`; write `$${` where a literal `${` is meant",
            ),
            (
                "{ name: web, project: shop, route: [env: { variable: '${owner}${env.NO}${a:-b}' }] }",
                "targets.yaml:5:57: `owner` is not set here\n\
             targets.yaml:5:65: the environment variable `NO` is not set; set it, or give a default: \
             `${env.NAME:-default}`\n\
             targets.yaml:5:74: a default is for variables of the environment only: \
             `${env.NAME:-default}`; write `$${` where a literal `${` is meant",
            ),
            (
                "{ name: '${tier}', vars: { tier: '${name}' }, project: shop, route: ci }",
                "targets.yaml:5:37: `name` is not known yet here: it is filled in later",
            ),
            (
                "{ name: web, project: shop, route: ci, waive: {} }",
                "targets.yaml:5:49: missing key `owner`\n\
             targets.yaml:5:49: missing key `reason`\n\
             targets.yaml:5:49: missing key `until`\n\
             targets.yaml:5:49: missing key `verdicts`",
            ),
            (
                "{ name: web, project: shop, route: ci, waive: { verdicts: [current, stal], reason: ' ', \
             owner: '${owner}', until: soon } }",
                "targets.yaml:5:62: `current` is nothing to be waived: expected one of `revoked`, \
             `stale`, `wrong-project`, `malformed`, `missing`, `unknown`, `unreachable`, \
             `unverified`\n\
             targets.yaml:5:71: expected one of `revoked`, `stale`, `wrong-project`, `malformed`, \
             `missing`, `unknown`, `unreachable`, `unverified`, `current`, `not-required`, \
             `not-selected`; did you mean `stale`?\n\
             targets.yaml:5:86: expected a name, found an empty string\n\
             targets.yaml:5:98: nothing is filled in inside `waive`: write it out\n\
             targets.yaml:5:117: expected a day like 2026-12-31, or a time like 2026-12-31T18:00:00Z",
            ),
            (
                "{ name: web, project: shop, route: ci, waive: { verdicts: [], reason: a, owner: b, until: 2026-02-30 } }",
                "targets.yaml:5:49: `verdicts` is empty: expected one of `revoked`, `stale`, \
             `wrong-project`, `malformed`, `missing`, `unknown`, `unreachable`, `unverified`\n\
             targets.yaml:5:93: expected a day like 2026-12-31, or a time like 2026-12-31T18:00:00Z",
            ),
            (
                "{ name: web, project: shop, route: ci }\n- { name: web, project: shop, route: ci }",
                "targets.yaml:6:3: deployment `web` is declared twice: first at targets.yaml:5:3; a \
             deployment is its name, environment and axes together",
            ),
            (
                "{ name: web, project: shop, route: ci, environment: eu }\n- { name: web (eu), project: shop, route: ci }",
                "targets.yaml:6:3: deployment `web (eu)` has the title of the one at targets.yaml:5:3: \
             `web (eu)`; every report, flag and the ledger name a deployment by its title, so give one of \
             them another name",
            ),
            (
                "{ name: web, project: shop, route: ci, environment: eu }\n- { name: web, project: shop, route: ci, vars: { region: eu } }",
                "targets.yaml:6:3: deployment `web` has the title of the one at targets.yaml:5:3: `web (eu)`; \
             every report, flag and the ledger name a deployment by its title, so give one of them another \
             name",
            ),
        ],
    );
}

#[test]
fn matrices() {
    check(
        &format!("{PROJECT}deployments:\n- {{ HERE, project: shop, route: [env: {{}}] }}\n"),
        &[
            (
                "matrix: {}",
                "targets.yaml:4:13: an empty matrix: expected one axis at least",
            ),
            (
                "matrix: [a]",
                "targets.yaml:4:13: expected a map of axes, found a list",
            ),
            (
                "matrix: { name: a }",
                "targets.yaml:4:21: expected a list of values, found a string",
            ),
            (
                "matrix: { name: [] }",
                "targets.yaml:4:21: an axis without values makes no deployment",
            ),
            (
                "matrix: { name: [a, a] }",
                "targets.yaml:4:25: this value stands in the axis twice",
            ),
            (
                "matrix: { name: [a], 'b c': [d] }",
                "targets.yaml:4:26: `b c` cannot be used in `${…}`: expected letters, digits, `-` and `_`",
            ),
            (
                "name: x, vars: { region: eu }, matrix: { name: [a], region: [us] }",
                "targets.yaml:4:11: `name` is an axis of the matrix as well\n\
             targets.yaml:4:22: `region` is set already: take another name",
            ),
            (
                "name: x, matrix: { owner: [a, b] }",
                "targets.yaml:4:3: the matrix makes deployment `x` more than once; a deployment is its \
             name, environment and axes: put what differs into the name, as in `name: \
             'api-${project}'`",
            ),
        ],
    );
    // Once for each place, not for each of the deployments.
    let names: Vec<String> = (0..500).map(|index| format!("n{index}")).collect();
    let main = format!(
        "{PROJECT}routes:\n  r:\n  - env: {{ variable: '${{regoin}}' }}\n  - evn: {{}}\ndeployments:\n- \
         {{ matrix: {{ name: [{}], region: [a, b] }}, project: shop, route: r }}\n",
        names.join(", ")
    );
    assert_eq!(
        World::of(&main).problems(),
        with_sources(
            "targets.yaml:5:23: nothing here is named `regoin`; did you mean `region`?; write `$${` \
         where a literal `${` is meant; as used by the deployment at targets.yaml:8:3\n\
         targets.yaml:6:5: unknown source `evn`: expected one of SOURCES; did you mean `env`?"
        )
    );
}

/// What does not depend on each other is told at once.
#[test]
fn a_mistake_hides_no_other_one() {
    let said = World::of(
        "version: 1
projects:
  shop: { variable: KEY, current: { file: { pth: a } } }
stores: {}
routes:
  spare: [ { vault: { store: nosuch, path: a, field: b } }, { file: { path: a }, extract: { json: a/b } } ]
deployments:
  - { name: one, project: shop, route: [ { env: { nam: a } }, { file: { path: '${y}' } } ] }
  - { name: two, project: shp, expect: never, route: [ { file: { path: a, b: c }, variable: 'a=b', waive: { verdicts: [stal], reason: x, owner: y, until: 2999-01-01 }, extract: { json: a }, decode: base65 } ] }
  - { name: three, project: shop, labels: 3, route: spar }
",
    )
    .problems();
    for told in [
        "3:45: unknown key `pth`",
        "6:30: no store is named `nosuch`",
        "6:99: expected a JSON pointer",
        "8:51: unknown key `nam`",
        "8:80: nothing here is named `y`",
        "9:27: no project is named `shp`; did you mean `shop`?",
        "9:40: expected one of `current`",
        "9:75: unknown key `b`",
        "9:120: expected one of `revoked`",
        "9:186: expected a JSON pointer",
        "9:199: expected `base64`",
        "9:93: expected the name of a variable",
        "10:43: expected a map of labels",
        "10:53: no route is named `spar`; did you mean `spare`?",
    ] {
        assert!(
            said.contains(&format!("targets.yaml:{told}")),
            "{told}\n{said}"
        );
    }
    // A fault in the defaults neither.
    let said = World::of(
        "version: 1
projects: { shop: { variable: KEY, current: { env: {} } } }
defaults: { route: { a: b } }
deployments:
  - { name: one, project: shp, route: [ { file: { pth: a } } ] }
",
    )
    .problems();
    for told in [
        "3:20: expected a list of hops",
        "5:27: no project",
        "5:51: unknown key `pth`",
    ] {
        assert!(
            said.contains(&format!("targets.yaml:{told}")),
            "{told}\n{said}"
        );
    }
}
