use std::fmt::Write;

use straggler::envfile::{Dialect, Entry, Outside, read};

use super::page::check_part;

/// Lines that the programs read differently, each the whole of a file.
const LINES: [&str; 22] = [
    "K=v\n",
    "K=\"v\"\n",
    "K='v'\n",
    "K=`v`\n",
    "K=v  \n",
    "K= v\n",
    "K = v\n",
    "K=v\r\n",
    "K=\"v\"\r\n",
    "K=v # c\n",
    "K=\"v\" # c\n",
    "K=a#b\n",
    "K=a$B\n",
    "K='a$B'\n",
    "K=\"a\\nb\"\n",
    "K=a\\b\n",
    "K=va\"lu\"e\n",
    "K=\"val\"ue\n",
    "export K=v\n",
    "\u{feff}K=v\n",
    "K=\"v\n",
    "K\n",
];

#[test]
fn are_told_apart_by_a_table_that_is_made_by_reading() {
    let mut table = "| the file |".to_owned();
    for dialect in Dialect::ALL {
        write!(table, " {} |", dialect.id()).unwrap();
    }
    write!(table, "\n|---|{}\n", "---|".repeat(Dialect::ALL.len())).unwrap();
    for line in LINES {
        write!(table, "| {} |", shown(line)).unwrap();
        for dialect in Dialect::ALL {
            write!(table, " {} |", told(dialect, line)).unwrap();
        }
        table.push('\n');
    }
    check_part("docs/dialects.md", "table", &table);
}

/// What `K` is after the program has read the file.
fn told(dialect: Dialect, line: &str) -> String {
    match read(dialect, line.as_bytes(), "K", Outside::Unknown) {
        Ok(Entry::Value(value)) if value.expose().is_empty() => "*empty*".to_owned(),
        Ok(Entry::Value(value)) => shown(std::str::from_utf8(value.expose()).unwrap()),
        Ok(Entry::Absent) => "*not set*".to_owned(),
        Ok(Entry::Inherited { .. }) => "*inherited*".to_owned(),
        Ok(Entry::Outside { .. } | Entry::Command { .. }) => "*depends*".to_owned(),
        Err(_) => "**error**".to_owned(),
    }
}

/// As code, with what cannot be seen made visible.
fn shown(text: &str) -> String {
    let text = text
        .strip_suffix('\n')
        .unwrap_or(text)
        .replace(' ', "␠")
        .replace('\r', "␍")
        .replace('\n', "␊")
        .replace('\u{feff}', "<BOM>")
        .replace('|', "\\|");
    let fence = if text.contains('`') { "``" } else { "`" };
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}
