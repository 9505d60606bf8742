//! How a value is written into an env file, and what ten programs make of one line.
//!
//! Written from docs/dialects.md: its table is repeated here, as what a key becomes.

use super::dice::Dice;
use super::forms::Form;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    Dotenv,
    Docker,
    Compose,
    Node,
    Python,
    Systemd,
    Shell,
    Ruby,
    Php,
    Symfony,
}

use Dialect::{Compose, Docker, Dotenv, Node, Php, Python, Ruby, Shell, Symfony, Systemd};

impl Dialect {
    pub const ALL: [Self; 10] = [
        Dotenv, Docker, Compose, Node, Python, Systemd, Shell, Ruby, Php, Symfony,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Dotenv => "dotenv",
            Docker => "docker",
            Compose => "compose",
            Node => "node",
            Python => "python-dotenv",
            Systemd => "systemd",
            Shell => "shell",
            Ruby => "ruby-dotenv",
            Php => "phpdotenv",
            Symfony => "symfony",
        }
    }
}

/// The line that gives the variable exactly this value, if this dialect has one.
pub fn line(dialect: Dialect, variable: &str, value: &[u8]) -> Option<String> {
    let value = std::str::from_utf8(value).ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+/=.:".contains(c);
    if value.chars().all(plain) {
        return Some(format!("{variable}={value}\n"));
    }
    if value.contains(['\0', '\r', '\u{1b}', '\u{feff}', '\\', '$']) {
        return None;
    }
    if dialect == Docker {
        // Blanks at the end belong to the value; a line end cannot.
        return (!value.contains('\n')).then(|| format!("{variable}={value}\n"));
    }
    if value.contains('\n') {
        let escapes = matches!(dialect, Dotenv | Compose | Node | Python | Php | Symfony);
        if !escapes || value.contains('"') {
            return None;
        }
        return Some(format!("{variable}=\"{}\"\n", value.replace('\n', "\\n")));
    }
    // It looks for the end of what is no value on later lines.
    if dialect == Php && value.contains("=\"") {
        return None;
    }
    // White space that is none in ASCII is no blank to everybody.
    if value.contains(|c: char| !c.is_ascii() && (c.is_whitespace() || c == '\u{200b}')) {
        return None;
    }
    (!value.contains('\'')).then(|| format!("{variable}='{value}'\n"))
}

/// What becomes of a key that stands in a line of some shape.
pub enum Becomes {
    Key(String, Form),
    Absent,
    Failed,
    Open,
}

/// A line that not everybody reads alike, and what this dialect makes of it.
pub fn odd_line(
    dialect: Dialect,
    variable: &str,
    key: &str,
    comments: bool,
    dice: &mut Dice,
) -> (String, Becomes) {
    let whole = || Becomes::Key(key.to_owned(), Form::exact());
    let with = |name, value| Becomes::Key(value, Form::damage(&[name], true));
    let (line, becomes) = match dice.below(if comments { 13 } else { 12 }) {
        0 => (
            format!("{variable}=\"{key}\""),
            match dialect {
                Docker => with("double-quotes", format!("\"{key}\"")),
                _ => whole(),
            },
        ),
        1 => (
            format!("{variable}='{key}'"),
            match dialect {
                Docker => with("single-quotes", format!("'{key}'")),
                _ => whole(),
            },
        ),
        2 => (
            format!("{variable}=`{key}`"),
            match dialect {
                Dotenv | Node => whole(),
                Shell => Becomes::Failed,
                _ => with("backticks", format!("`{key}`")),
            },
        ),
        3 => (
            format!("{variable}={key}  "),
            match dialect {
                Docker => with("trailing-whitespace", format!("{key}  ")),
                _ => whole(),
            },
        ),
        4 => (
            format!("{variable}= {key}"),
            match dialect {
                Docker => with("leading-whitespace", format!(" {key}")),
                Shell | Symfony => Becomes::Failed,
                _ => whole(),
            },
        ),
        5 => (
            format!("{variable} = {key}"),
            match dialect {
                Docker | Shell | Symfony => Becomes::Failed,
                _ => whole(),
            },
        ),
        6 => (
            format!("{variable}={key}\r"),
            match dialect {
                Shell => with("trailing-carriage-return", format!("{key}\r")),
                _ => whole(),
            },
        ),
        7 => (
            format!("{variable}=\"{key}\"\r"),
            match dialect {
                Docker => with("double-quotes", format!("\"{key}\"")),
                Shell => with("trailing-carriage-return", format!("{key}\r")),
                _ => whole(),
            },
        ),
        8 => (
            format!("{variable}=\"{key}"),
            match dialect {
                Dotenv | Docker | Node | Ruby => with("unbalanced-quote", format!("\"{key}")),
                Compose | Shell | Php | Symfony => Becomes::Failed,
                Python => Becomes::Absent,
                Systemd => whole(),
            },
        ),
        9 => (
            format!("export {variable}={key}"),
            match dialect {
                Docker => Becomes::Failed,
                Systemd => Becomes::Absent,
                _ => whole(),
            },
        ),
        // The versions of python-dotenv differ in it, so it proves nothing; see the tests of that source.
        10 if dialect == Python => (format!("{variable}={key}"), whole()),
        10 => (
            format!("\u{feff}{variable}={key}"),
            match dialect {
                Node | Systemd => Becomes::Absent,
                Shell | Symfony => Becomes::Failed,
                _ => whole(),
            },
        ),
        // Nor do those of Ruby's agree here.
        11 if dialect == Ruby => (format!("{variable}={key}"), whole()),
        11 => (
            variable.to_owned(),
            match dialect {
                Docker | Compose => Becomes::Open,
                Shell | Symfony => Becomes::Failed,
                _ => Becomes::Absent,
            },
        ),
        _ => (
            format!("{variable}={key} # c"),
            match dialect {
                Docker | Systemd => {
                    Becomes::Key(format!("{key} # c"), Form::embedded(Some("inline-comment")))
                }
                _ => whole(),
            },
        ),
    };
    // systemd takes the end of the line for a part of what an open quote holds.
    let open = dialect == Systemd && line.ends_with(key) && line.contains('"');
    let end = if open { "" } else { "\n" };
    (format!("{line}{end}"), becomes)
}
