use std::fmt::Write;

use straggler::task::notify;

use super::page::check_part;
use super::schema::fields;

#[test]
fn every_field_of_a_message_is_explained() {
    let schema = serde_json::to_value(notify::schema()).unwrap();
    let definitions = &schema["$defs"];
    let mut part = fields(&schema, definitions);
    for (name, definition) in definitions.as_object().unwrap() {
        let table = fields(definition, definitions);
        if !table.is_empty() {
            let text = definition["description"].as_str().unwrap();
            write!(part, "\n### {name}\n\n{text}\n\n{table}").unwrap();
        }
    }
    check_part("docs/notifications.md", "FIELDS", &part);
}
