use memchr::memmem;

use super::{Dialect, Entry, Outside, read};

/// Why a file does not give what somebody sees who looks at it.
#[derive(Debug, PartialEq, Eq)]
pub struct Cause {
    /// What stands where: a lowercase fragment without any text of the file.
    pub told: String,
    /// What to do about it, before the path of the file.
    pub mend: String,
}

/// Why a variable that the file names is absent, or which line wins where it is set to several values.
/// `entry` is what the reader of this dialect makes of the file.
#[must_use]
pub fn visible_cause(
    dialect: Dialect,
    file: &[u8],
    variable: &str,
    entry: &Entry,
) -> Option<Cause> {
    match entry {
        Entry::Absent => not_seen(file, variable),
        Entry::Value(_) => overridden(dialect, file, variable, entry),
        Entry::Inherited { .. } | Entry::Outside { .. } | Entry::Command { .. } => None,
    }
}

/// How a line names a variable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Oddity {
    Mark,
    Invisible,
    Set,
    PowerShell,
    Export,
    Quoted,
    Case,
    Colon,
    Blank,
}

impl Oddity {
    fn told(self) -> &'static str {
        match self {
            Self::Mark => {
                "has a byte order mark before the name, which its reader takes for a part of it"
            }
            Self::Invisible => {
                "has an invisible character beside the name, which its reader takes for a part of it"
            }
            Self::Set => "has `set ` before the name, as a batch file does",
            Self::PowerShell => "has `$env:` before the name, as PowerShell does",
            Self::Export => {
                "has a word before the name, as a shell does, which its reader does not take"
            }
            Self::Quoted => "has the name in quotes, as JSON does",
            Self::Case => "names it in another case, which makes it another variable",
            Self::Colon => "has `:` instead of `=` after the name",
            Self::Blank => "has a blank beside the name or its `=`",
        }
    }

    fn mend(self) -> &'static str {
        match self {
            Self::Mark => "save without a byte order mark",
            Self::Case => "write the name in the case that its program asks for",
            Self::Colon => "write `=` after the name",
            _ => "write the name at the start of the line and `=` right behind it",
        }
    }
}

fn not_seen(file: &[u8], variable: &str) -> Option<Cause> {
    if is_utf_16(file) {
        return Some(Cause {
            told: "the file is in UTF-16, in which its reader finds no variable".to_owned(),
            mend: "save it as UTF-8 without a byte order mark:".to_owned(),
        });
    }
    let (line, oddity) = lines(file)
        .filter_map(|(number, _, line)| Some((number, named(line, variable)?)))
        .last()?;
    Some(match oddity {
        Some(oddity) => Cause {
            told: format!("line {line} {}", oddity.told()),
            mend: format!("correct line {line}: {}, in", oddity.mend()),
        },
        None => Cause {
            told: format!(
                "line {line} looks as if it set it, but its reader takes it for something else"
            ),
            mend: format!("correct line {line}, and what comes before it, of"),
        },
    })
}

/// Which line wins, where others set it to something else.
fn overridden(dialect: Dialect, file: &[u8], variable: &str, entry: &Entry) -> Option<Cause> {
    // Most files set it once.
    memmem::find_iter(file, variable).nth(1)?;
    let sets: Vec<_> = lines(file)
        .filter(|(_, _, line)| {
            matches!(
                named(line, variable),
                Some(None | Some(Oddity::Export | Oddity::Blank))
            )
        })
        .collect();
    let [.., (_, last, _)] = sets[..] else {
        return None;
    };
    if sets.len() < 2 {
        return None;
    }
    let alone = |bytes: &[u8]| read(dialect, bytes, variable, Outside::Unknown).ok();
    let before = file.get(..last).and_then(alone)?;
    let after = file.get(last..).and_then(alone)?;
    if matches!(before, Entry::Absent) || before.agrees(entry) || !after.agrees(entry) {
        return None;
    }
    let numbers: Vec<_> = sets.iter().map(|(number, ..)| number.to_string()).collect();
    let (winner, others) = numbers.split_last()?;
    let lines = if others.len() == 1 { "line" } else { "lines" };
    Some(Cause {
        told: format!(
            "line {winner} sets it again, to something else than {lines} {}, and wins",
            others.join(" and ")
        ),
        mend: format!("keep one line of it, with the current key (line {winner} wins now), in"),
    })
}

/// Each line with its number from 1 and where it starts.
fn lines(file: &[u8]) -> impl Iterator<Item = (u32, usize, &[u8])> {
    let mut start = 0;
    (1..)
        .zip(file.split(|&byte| byte == b'\n'))
        .map(move |(number, line)| {
            let here = start;
            start += line.len() + 1;
            (number, here, line)
        })
}

/// How a line names a variable: `None` where it does not, `Some(None)` where it does so plainly.
fn named(line: &[u8], variable: &str) -> Option<Option<Oddity>> {
    let line = String::from_utf8_lossy(line);
    let mut rest: &str = &line;
    let mut oddity = None;
    let mut odd = |new| oddity = oddity.or(Some(new));
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t']);
        if trimmed.len() < rest.len() {
            rest = trimmed;
        } else if let Some(tail) = rest.strip_prefix('\u{feff}') {
            odd(Oddity::Mark);
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix(is_invisible) {
            odd(Oddity::Invisible);
            rest = tail;
        } else if let Some((tail, new)) = prefixed(rest) {
            odd(new);
            rest = tail;
        } else {
            break;
        }
    }
    let (name, mut behind) = rest.split_at_checked(variable.len())?;
    if !name.eq_ignore_ascii_case(variable) {
        return None;
    }
    if name != variable {
        odd(Oddity::Case);
    }
    loop {
        if let Some(tail) = behind.strip_prefix(['"', '\'']) {
            odd(Oddity::Quoted);
            behind = tail;
        } else if let Some(tail) = behind.strip_prefix([' ', '\t']) {
            odd(Oddity::Blank);
            behind = tail;
        } else if let Some(tail) = behind.strip_prefix(|c| c == '\u{feff}' || is_invisible(c)) {
            odd(Oddity::Invisible);
            behind = tail;
        } else {
            break;
        }
    }
    match behind.chars().next() {
        Some('=') => Some(oddity),
        Some(':') => Some(oddity.or(Some(Oddity::Colon))),
        _ => None,
    }
}

/// What other readers want before a name.
fn prefixed(rest: &str) -> Option<(&str, Oddity)> {
    const WORDS: [(&str, Oddity); 9] = [
        ("export ", Oddity::Export),
        ("declare -x ", Oddity::Export),
        ("setenv ", Oddity::Export),
        ("env ", Oddity::Export),
        ("set ", Oddity::Set),
        ("setx ", Oddity::Set),
        ("$env:", Oddity::PowerShell),
        ("\"", Oddity::Quoted),
        ("'", Oddity::Quoted),
    ];
    WORDS.into_iter().find_map(|(word, oddity)| {
        let (start, tail) = rest.split_at_checked(word.len())?;
        start.eq_ignore_ascii_case(word).then_some((tail, oddity))
    })
}

fn is_invisible(character: char) -> bool {
    matches!(character, '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{2064}' | '\u{3000}')
        || character.is_control() && character != '\r'
}

/// By its mark, or by the zero bytes that no other text has.
pub(super) fn is_utf_16(file: &[u8]) -> bool {
    let zeros = file.iter().filter(|byte| **byte == 0).count();
    file.starts_with(b"\xff\xfe") || file.starts_with(b"\xfe\xff") || zeros * 3 > file.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(dialect: Dialect, file: impl AsRef<[u8]>) -> Option<String> {
        let file = file.as_ref();
        let entry = read(dialect, file, "API_KEY", Outside::Unknown).unwrap();
        visible_cause(dialect, file, "API_KEY", &entry).map(|cause| cause.told)
    }

    #[test]
    fn a_name_that_its_reader_does_not_see_is_told_with_its_line() {
        for (dialect, file, expected) in [
            (
                Dialect::Systemd,
                "\u{feff}API_KEY=new\n",
                "line 1 has a byte order mark before the name",
            ),
            (
                Dialect::Dotenv,
                "X=1\n\u{200b}API_KEY=new\n",
                "line 2 has an invisible character",
            ),
            (
                Dialect::Dotenv,
                "API_KEY\u{200b}=new\n",
                "line 1 has an invisible character",
            ),
            (
                Dialect::Dotenv,
                "set API_KEY=new\n",
                "line 1 has `set ` before the name",
            ),
            (
                Dialect::Dotenv,
                "$env:API_KEY=\"new\"\n",
                "line 1 has `$env:` before the name",
            ),
            (
                Dialect::Systemd,
                "export API_KEY=new\n",
                "line 1 has a word before the name",
            ),
            (
                Dialect::Dotenv,
                "X=1\napi_key=new\n",
                "line 2 names it in another case",
            ),
            (
                Dialect::Node,
                "{\n\"API_KEY\": \"new\"\n",
                "line 2 has the name in quotes",
            ),
        ] {
            let told = told(dialect, file).unwrap_or_default();
            assert!(told.starts_with(expected), "{file:?}: {told}");
        }
        let wide: Vec<u8> = "\u{feff}API_KEY=new\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(
            told(Dialect::Dotenv, wide)
                .unwrap()
                .starts_with("the file is in UTF-16")
        );
    }

    #[test]
    fn the_line_that_wins_is_told_where_the_others_differ() {
        for (dialect, file, expected) in [
            (
                Dialect::Dotenv,
                "API_KEY=new\nX=1\nAPI_KEY=old\n",
                Some("line 3 sets it again, to something else than line 1, and wins"),
            ),
            (
                Dialect::Docker,
                "API_KEY=new\nAPI_KEY=other\nAPI_KEY=old\n",
                Some("line 3 sets it again, to something else than lines 1 and 2, and wins"),
            ),
            (Dialect::Dotenv, "API_KEY=new\nAPI_KEY=new\n", None),
            (Dialect::Dotenv, "#API_KEY=old\nAPI_KEY=new\n", None),
            (Dialect::Dotenv, "API_KEY=new\napi_key=old\n", None),
            (Dialect::Dotenv, "API_KEY=new\n", None),
        ] {
            assert_eq!(told(dialect, file).as_deref(), expected, "{file:?}");
        }
    }

    #[test]
    fn what_the_file_does_not_name_is_just_absent() {
        for file in [
            "",
            "OTHER=x\n",
            "# API_KEY=x\n",
            "API_KEY_2=x\n",
            "MY_API_KEY=x\n",
        ] {
            assert_eq!(told(Dialect::Dotenv, file), None, "{file:?}");
        }
    }
}
