use std::fmt::Write;

use straggler::source::{self, Info};
use straggler::verdict::Evidence;

use super::page::check;
use super::schema::fields;

const INTRO: &str = "\
# Sources

Where straggler can read a key. Each source is one kind of hop in a [targets.yaml](targets.md); `current`, \
`next` and `previous` take the same ones. Beside the source a hop may have [`expect`, `variable`, `waive`, \
`extract`, `decode`, `trim` and `folder`](targets.md#hops).
";

const CREDENTIALS: &str = "
## Credentials

A setting never holds a credential, only a reference to it. A command runs once for all settings that name it.

| | |
|---|---|
| `{ env: NAME }` | in a variable of straggler's environment |
| `{ file: PATH }` | in a file; line breaks at its end are stripped |
| `{ command: [PROGRAM, ARGUMENT] }` | in what a program prints, started without a shell in straggler's working directory; line breaks at the end are stripped |
";

#[test]
fn every_source_has_its_chapter() {
    let mut generator = schemars::generate::SchemaSettings::draft2020_12()
        .for_deserialize()
        .into_generator();
    let schemas = source::schemas(&mut generator);
    let definitions = serde_json::to_value(generator.definitions()).unwrap();

    let mut page = INTRO.to_owned();
    page.push_str("\n| source | reads | stage | proves by |\n|---|---|---|---|\n");
    for info in source::infos() {
        let (id, title) = (info.id, info.title);
        let (stage, evidence) = (stage(&info), evidence(&info));
        writeln!(page, "| [`{id}`](#{id}) | {title} | {stage} | {evidence} |").unwrap();
    }
    for info in source::infos() {
        let (_, schema) = schemas.iter().find(|(id, _)| *id == info.id).unwrap();
        let mut schema = serde_json::to_value(schema).unwrap();
        if let Some(reference) = schema["$ref"].as_str() {
            schema = definitions[reference.rsplit('/').next().unwrap()].clone();
        }
        // What is optional may be null too, which nobody needs to know.
        let settings = fields(&schema, &definitions).replace(" or null |", " |");
        chapter(&mut page, &info, &settings);
    }
    page.push_str(CREDENTIALS);
    check("docs/sources.md", &page);
}

fn chapter(page: &mut String, info: &Info, settings: &str) {
    let credentials: Vec<_> = info
        .credentials
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    let credentials = match &credentials[..] {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    write!(
        page,
        "\n## {}\n\nReads {}.\n\n```yaml\n{}```\n\n{settings}\n{}\n\n\
         | | |\n|---|---|\n\
         | stage | {} |\n\
         | proves by | {} |\n\
         | needs permission | {} |\n\
         | honours | {credentials} |\n\
         | tested with | {} |\n",
        info.id,
        info.title,
        info.example,
        info.manual.trim(),
        stage(info),
        evidence(info),
        info.permission,
        info.tested,
    )
    .unwrap();
}

fn stage(info: &Info) -> String {
    info.stage
        .map_or("as the hop says".to_owned(), |stage| format!("`{stage}`"))
}

fn evidence(info: &Info) -> String {
    let names: Vec<_> = info.proves.iter().copied().map(Evidence::name).collect();
    names.join(", ")
}
