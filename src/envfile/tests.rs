//! The dialects beside each other, and what every one of them must keep to.

use super::*;

/// What a file should make of the variable K.
#[derive(Clone, Copy)]
pub(super) struct Is(pub(super) &'static str);
pub(super) struct Absent;
/// With the line where it is set.
pub(super) struct FromOutside(pub(super) u32);

pub(super) trait Expected {
    fn met_by(&self, entry: &Entry) -> bool;
}

impl Expected for Is {
    fn met_by(&self, entry: &Entry) -> bool {
        entry
            .value()
            .is_some_and(|v| v.expose() == self.0.as_bytes())
    }
}

impl Expected for Absent {
    fn met_by(&self, entry: &Entry) -> bool {
        matches!(entry, Entry::Absent)
    }
}

impl Expected for FromOutside {
    fn met_by(&self, entry: &Entry) -> bool {
        matches!(entry, Entry::Outside { line } if *line == self.0)
    }
}

#[test]
fn a_file_in_utf_16_is_never_read_as_something_else_and_its_refusal_says_what_to_do() {
    let wide = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    for (dialect, refuses) in [
        (Dialect::Docker, true),
        (Dialect::Compose, true),
        (Dialect::Systemd, true),
        (Dialect::PythonDotenv, true),
        (Dialect::RubyDotenv, true),
        (Dialect::Phpdotenv, true),
        (Dialect::Symfony, true),
        (Dialect::Shell, true),
        (Dialect::Dotenv, false),
        (Dialect::Node, false),
    ] {
        for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let file = wide("\u{feff}A=b\r\nK=value\r\n", bytes);
            match read(dialect, &file, "K", Outside::Unknown) {
                Err(rejected) => {
                    assert!(refuses, "{dialect:?}");
                    let told = rejected.to_string();
                    assert!(
                        told.contains("UTF-16: save it as UTF-8"),
                        "{dialect:?}: {told}"
                    );
                }
                Ok(entry) => {
                    assert!(!refuses, "{dialect:?} gives {}", shown(&entry));
                    assert!(matches!(entry, Entry::Absent), "{dialect:?}");
                }
            }
        }
    }
}

/// In an environment that is not known.
#[track_caller]
pub(super) fn check(dialect: Dialect, file: &[u8], expected: impl Expected) {
    check_in(dialect, file, Outside::Unknown, &expected);
}

/// In an empty environment.
#[track_caller]
pub(super) fn check_alone(dialect: Dialect, file: &[u8], expected: impl Expected) {
    check_in(dialect, file, Outside::Empty, &expected);
}

#[track_caller]
fn check_in(dialect: Dialect, file: &[u8], outside: Outside, expected: &impl Expected) {
    let text = file.escape_ascii();
    match read(dialect, file, "K", outside) {
        Ok(entry) => assert!(
            expected.met_by(&entry),
            "{dialect:?}: `{text}` gives {}",
            shown(&entry)
        ),
        Err(rejected) => panic!("{dialect:?}: `{text}` is rejected: {rejected}"),
    }
}

fn shown(entry: &Entry) -> String {
    match entry {
        Entry::Value(value) => format!("`{}`", value.expose().escape_ascii()),
        Entry::Absent => "nothing".to_owned(),
        Entry::Inherited { line } => format!("what is inherited on line {line}"),
        Entry::Command { line } => format!("what a command prints on line {line}"),
        Entry::Outside { line } => format!("what comes from outside on line {line}"),
    }
}

#[track_caller]
pub(super) fn rejects(dialect: Dialect, file: &[u8], line: u32) {
    for outside in [Outside::Unknown, Outside::Empty] {
        match read(dialect, file, "K", outside) {
            Ok(_) => panic!("{dialect:?} takes `{}`", file.escape_ascii()),
            Err(rejected) => assert_eq!(
                rejected.line,
                line,
                "{dialect:?}: `{}`: {rejected}",
                file.escape_ascii()
            ),
        }
    }
}

/// The names a file sets.
pub(super) fn names(dialect: Dialect, file: &[u8]) -> Vec<String> {
    let entries = entries(dialect, file, Outside::Empty).unwrap();
    entries.into_iter().map(|(name, _)| name).collect()
}

/// What each dialect makes of the same line, as measured with the real programs (with Compose by its
/// source). `-` is nothing, `!` a refused file, `?` a value from outside, and `$` stands for the value
/// as it is written.
#[test]
fn the_same_line_in_every_dialect() {
    const TABLE: &[(&str, [&str; 10])] = &[
        // dotenv, docker, compose, node, python-dotenv, systemd, shell, ruby-dotenv, phpdotenv, symfony
        (
            "K=\"v\"",
            ["v", "$", "v", "v", "v", "v", "v", "v", "v", "v"],
        ),
        ("K='v'", ["v", "$", "v", "v", "v", "v", "v", "v", "v", "v"]),
        ("K=v  ", ["v", "$", "v", "v", "v", "v", "v", "v", "v", "v"]),
        ("K= v", ["v", "$", "v", "v", "v", "v", "!", "v", "v", "!"]),
        ("K = v", ["v", "!", "v", "v", "v", "v", "!", "v", "v", "!"]),
        (
            "K=v\r\n",
            ["v", "v", "v", "v", "v", "v", "v\r", "v", "v", "v"],
        ),
        (
            "K=\"v\"\r\n",
            ["v", "\"v\"", "v", "v", "v", "v", "v\r", "v", "v", "v"],
        ),
        (
            "K=v # c",
            ["v", "$", "v", "v", "v", "$", "v", "v", "v", "v"],
        ),
        (
            "K=\"v\" # c",
            ["v", "$", "v", "v", "v", "v# c", "v", "v", "v", "v"],
        ),
        ("K=a#b", ["a", "$", "$", "a", "$", "$", "$", "a", "a", "$"]),
        ("K=a$B", ["$", "$", "?", "$", "$", "$", "?", "?", "$", "?"]),
        (
            "K=a${B}",
            ["$", "$", "?", "$", "?", "$", "?", "?", "?", "?"],
        ),
        (
            "K='a$B'",
            [
                "a$B", "$", "a$B", "a$B", "a$B", "a$B", "a$B", "a$B", "a$B", "a$B",
            ],
        ),
        (
            "K=\"a\\nb\"",
            [
                "a\nb", "$", "a\nb", "a\nb", "a\nb", "a\\nb", "a\\nb", "a\\nb", "a\nb", "a\nb",
            ],
        ),
        (
            "K=a\\b",
            ["$", "$", "$", "$", "$", "ab", "ab", "ab", "$", "$"],
        ),
        (
            "K=va\"lu\"e",
            ["$", "$", "$", "$", "$", "$", "value", "$", "$", "value"],
        ),
        (
            "K=\"val\"ue",
            [
                "$", "$", "val", "val", "-", "value", "value", "$", "!", "value",
            ],
        ),
        ("K=`v`", ["v", "$", "$", "v", "$", "$", "!", "$", "$", "$"]),
        (
            "export K=v",
            ["v", "!", "v", "v", "v", "-", "v", "v", "v", "v"],
        ),
        (
            "\u{feff}K=v",
            ["v", "v", "v", "-", "v", "-", "!", "v", "v", "!"],
        ),
        (
            "K=\"v\n",
            ["\"v", "\"v", "!", "\"v", "-", "v\n", "!", "\"v", "!", "!"],
        ),
        ("K: v", ["v", "!", "v", "-", "-", "-", "!", "v", "!", "!"]),
        ("K=v;", ["$", "$", "$", "$", "$", "$", "v", "$", "$", "$"]),
        (
            "K=\u{a0}v",
            ["v", "$", "v", "$", "v", "$", "$", "$", "$", "$"],
        ),
        (
            "K='a'b'",
            ["a'b", "$", "!", "a", "-", "ab'", "!", "a'b", "!", "!"],
        ),
        (
            "K=pa$$word",
            ["$", "$", "pa$word", "$", "$", "$", "?", "?", "$", "?"],
        ),
    ];
    for (line, expected) in TABLE {
        for (dialect, expected) in Dialect::ALL.into_iter().zip(expected) {
            let found = match read(dialect, line.as_bytes(), "K", Outside::Unknown) {
                Ok(Entry::Value(value)) => String::from_utf8(value.expose().to_vec()).unwrap(),
                Ok(Entry::Absent) => "-".to_owned(),
                Ok(Entry::Outside { .. } | Entry::Command { .. }) => "?".to_owned(),
                Ok(Entry::Inherited { .. }) => "inherited".to_owned(),
                Err(_) => "!".to_owned(),
            };
            let expected = match *expected {
                "$" => line.split_once('=').unwrap().1,
                other => other,
            };
            assert_eq!(found, expected, "{line:?} in {dialect:?}");
        }
    }
}

/// Bytes that mean something to some dialect.
const PIECES: &[&[u8]] = &[
    b"K",
    b"L",
    b"=",
    b"=",
    b"\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b"'",
    b"\"",
    b"`",
    b"\\",
    b"#",
    b"$",
    b"{",
    b"}",
    b":-",
    b"export ",
    b";",
    b"v",
    b"\xff",
    b"\xc3",
    "\u{feff}".as_bytes(),
    "\u{2028}".as_bytes(),
    "\u{a0}".as_bytes(),
    b"\0",
    b":",
    b"-",
    b"?",
    b"${K}",
    b"~",
];

fn files() -> impl proptest::strategy::Strategy<Value = Vec<u8>> {
    use proptest::prelude::*;
    proptest::collection::vec(proptest::sample::select(PIECES), 0..40).prop_map(|p| p.concat())
}

proptest::proptest! {
    /// Reading one variable builds less than reading all of them, and must come to the same.
    #[test]
    fn one_variable_is_what_it_is_among_all(file in files()) {
        for dialect in Dialect::ALL {
            for outside in [Outside::Unknown, Outside::Empty] {
                let all = entries(dialect, &file, outside);
                for name in ["K", "L", "KK"] {
                    let one = read(dialect, &file, name, outside);
                    match (&one, &all) {
                        (Ok(one), Ok(all)) => {
                            let among = all.iter().find(|(n, _)| n == name);
                            let same = among.map_or(matches!(one, Entry::Absent), |(_, e)| e.agrees(one));
                            proptest::prop_assert!(same, "{:?} {}", dialect, file.escape_ascii());
                        }
                        (one, all) => {
                            let one = one.as_ref().err();
                            let all = all.as_ref().err();
                            // Systemd's versions may differ about another variable only.
                            proptest::prop_assert!(one == all || (dialect == Dialect::Systemd && one.is_none()));
                        }
                    }
                }
            }
        }
    }

    /// A value that is given whatever the environment is the same in an empty one.
    #[test]
    fn what_is_known_does_not_depend_on_the_environment(file in files()) {
        for dialect in Dialect::ALL {
            let unknown = read(dialect, &file, "K", Outside::Unknown);
            let empty = read(dialect, &file, "K", Outside::Empty);
            // It fails at what is exported alone where nothing has set it.
            if dialect == Dialect::RubyDotenv && empty.is_err() {
                continue;
            }
            if let Ok(unknown @ (Entry::Value(_) | Entry::Absent)) = unknown {
                proptest::prop_assert!(empty.is_ok_and(|empty| empty.agrees(&unknown)));
            }
        }
    }
}

/// Files that make a parser that goes back, or copies, or recurses, do so all the time. In proportion to
/// its size such a file takes milliseconds, and in proportion to its square about a minute.
#[test]
fn the_time_grows_with_the_size_of_the_file_only() {
    const SIZE: usize = 128 << 10;
    let hostile: [&[u8]; 24] = [
        b"K=\"a\n",
        b"K='a\\'\n",
        b"K=`",
        b"K=\"\\\"",
        b"K\n",
        b"\n",
        b" ",
        b"#\\\n",
        b"${",
        b"K=${",
        b"K=${A:",
        b"K=${A:-",
        b"K=$K$K\n",
        b"K=${K}${K}x\n",
        b"K='",
        b"\\\n",
        b"'",
        b"export ",
        b"K= ",
        b"K=' '\n\n",
        b"K=\"\\\"\n'\\'\n",
        b"K=a #",
        b"K\r",
        b"K=${A:-x}",
    ];
    for piece in hostile {
        for start in ["", "K=\"", "K="] {
            let mut file = start.as_bytes().to_vec();
            file.extend(piece.iter().cycle().take(SIZE));
            for dialect in Dialect::ALL {
                // A reader that goes over what it read again for each piece would not end.
                let _ = read(dialect, &file, "K", Outside::Unknown);
            }
        }
    }
}
