use std::fmt::Write;

use straggler::platform;
use straggler::source;

use super::page::check;
use super::schema::fields;

const INTRO: &str = "\
# Stores

A store is a connection that hops name: a Vault, an AWS account. Declare it once, under `stores`, by a name \
of your choice. A hop that names no store uses what the environment variables of the platform's own tools say, \
so many stores need not be declared at all.

```yaml
stores:
  vault-prod: { vault: { address: https://vault.internal:8200 }, requests_per_second: 50, concurrency: 5 }
```

Beside its kind, a store may say:

| | |
|---|---|
| `requests_per_second` | how many calls may go out within any second; by default the platform's own limit |
| `concurrency` | how many calls each of its hosts may get at once; by default `--per-host` |
| `folder` | where relative paths start, itself relative to the file that names it |

- **Logins.** straggler connects and logs in only when a hop needs the store. All hops of a store share a \
login; one that is refused is not tried again in the same audit.
- **TLS.** Certificates are always verified. `tls: { ca: PATH, certificate: PATH, key: PATH }` names a private \
authority to trust instead of the system's, and a client certificate.
- **Proxies** are taken from `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`. A redirect to another host is never \
followed.
";

#[test]
fn every_kind_of_store_has_its_chapter() {
    let mut generator = schemars::generate::SchemaSettings::draft2020_12()
        .for_deserialize()
        .into_generator();
    let schemas = platform::store_schemas(&mut generator);
    let definitions = serde_json::to_value(generator.definitions()).unwrap();

    let mut page = INTRO.to_owned();
    for info in platform::store_infos() {
        let (_, schema) = schemas.iter().find(|(id, _)| *id == info.id).unwrap();
        let mut schema = serde_json::to_value(schema).unwrap();
        if let Some(reference) = schema["$ref"].as_str() {
            schema = definitions[reference.rsplit('/').next().unwrap()].clone();
        }
        let settings = fields(&schema, &definitions).replace(" or null |", " |");
        let variables: Vec<_> = info
            .variables
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let readers: Vec<_> = source::infos()
            .iter()
            .filter(|source| source.store == Some(info.id))
            .map(|source| format!("[`{0}`](sources.md#{0})", source.id))
            .collect();
        write!(
            page,
            "\n## {}\n\n{}, read by {}.\n\n```yaml\nstores:\n  {}\n```\n\n{settings}\n{}\n\nHonours {}.\n",
            info.id,
            info.title,
            readers.join(", "),
            info.example.trim_end().replace('\n', "\n  "),
            info.manual.trim(),
            variables.join(", "),
        )
        .unwrap();
    }
    check("docs/stores.md", &page);
}
