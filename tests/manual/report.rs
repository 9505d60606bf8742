use std::fmt::Write;

use straggler::report;

use super::page::check;
use super::schema::fields;

const INTRO: &str = "\
# straggler.report/v1

What `straggler audit --format json` and `-o json=PATH` write: one JSON document, with a line for each \
project, each warning and each deployment, so that a big one can be searched line by line. Its JSON \
Schema is printed by `straggler schema report` and lies in [report.schema.json](report.schema.json).

Under this name fields may be added, but none is changed or removed. The order is always the same: \
deployments as declared, hops by route, readings by replica. Every text is escaped: it holds no \
control characters, and no key.

```sh
# who must act, on what
jq -r '.deployments[] | select(.verdict != \"current\") | [.owner, .name, .verdict] | @tsv' report.json
# every place that was not seen
jq -r '.deployments[].hops[] | select(.verdict == \"unreachable\") | .location' report.json
```
";

#[test]
fn every_field_is_explained() {
    let schema = serde_json::to_value(report::schema()).unwrap();
    let definitions = &schema["$defs"];
    let mut page = INTRO.to_owned();
    write!(
        page,
        "\n## The document\n\n{}",
        fields(&schema, definitions)
    )
    .unwrap();
    for (name, definition) in definitions.as_object().unwrap() {
        let table = fields(definition, definitions);
        if !table.is_empty() {
            let text = definition["description"].as_str().unwrap();
            write!(page, "\n## {name}\n\n{text}\n\n{table}").unwrap();
        }
    }
    check("docs/report.md", &page);
}
