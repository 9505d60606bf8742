//! `set -a; . file` in a POSIX shell, without ever running anything.
//!
//! Understood are assignments, several on a line, `export`, comments, and in values quotes, escapes
//! and references to earlier assignments. Anything else would need the shell: a file with a command
//! in it is refused, and so is what dash and bash read differently.

use super::shell_word::{Live, Place};
use super::text::Lines;
use super::variables::{Expansion, Variables};
use super::{Entry, Rejected};

/// Why a file cannot be read without running it.
pub(super) type Refused = &'static str;

pub(super) fn parse(file: &[u8], variables: &mut Variables<'_>) -> Result<(), Rejected> {
    let mut shell = Shell {
        file,
        at: 0,
        lines: Lines::new(file),
        variables,
        depth: 0,
        after_semicolon: false,
    };
    if let Some(nul) = file.iter().position(|&b| b == 0) {
        shell.at = nul;
        return Err(shell.rejected("shells disagree about a NUL byte"));
    }
    if file.starts_with("\u{feff}".as_bytes()) {
        return Err(shell.rejected(
            "the file starts with a byte order mark, which makes its first word a command",
        ));
    }
    while shell.next_command() {
        shell.command().map_err(|reason| shell.rejected(reason))?;
    }
    Ok(())
}

pub(super) struct Shell<'f, 'v, 'w> {
    pub(super) file: &'f [u8],
    pub(super) at: usize,
    lines: Lines<'f>,
    pub(super) variables: &'v mut Variables<'w>,
    /// How many `${` are open.
    pub(super) depth: u32,
    /// Whether a command stands before this one on its line.
    after_semicolon: bool,
}

impl Shell<'_, '_, '_> {
    const COMMAND: Refused = "a command stands here, and nothing is run to read a file";

    fn rejected(&mut self, reason: Refused) -> Rejected {
        Rejected {
            line: self.line(),
            reason,
        }
    }

    pub(super) fn line(&mut self) -> u32 {
        self.lines.of(self.at)
    }

    /// The next byte, line continuations removed.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while self.file[self.at..].starts_with(b"\\\n") {
            self.at += 2;
        }
        self.raw()
    }

    /// The next byte as it stands.
    pub(super) fn raw(&self) -> Option<u8> {
        self.file.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// Goes to where a command starts. False at the end of the file.
    fn next_command(&mut self) -> bool {
        loop {
            self.skip_blanks();
            match self.peek() {
                None => return false,
                Some(b'\n') => {
                    self.at += 1;
                    self.after_semicolon = false;
                }
                Some(b'#') => self.skip_comment(),
                Some(_) => return true,
            }
        }
    }

    /// A comment is not continued by a backslash at its end.
    fn skip_comment(&mut self) {
        while self.raw().is_some_and(|b| b != b'\n') {
            self.at += 1;
        }
    }

    fn command(&mut self) -> Result<(), Refused> {
        // An empty line of a file with Windows line endings: no such command, and the shell goes on.
        let after_semicolon = std::mem::take(&mut self.after_semicolon);
        if !after_semicolon
            && self.peek() == Some(b'\r')
            && matches!(self.file.get(self.at + 1), None | Some(b'\n'))
        {
            self.at += 1;
            return Ok(());
        }
        if self.peek() == Some(b';') {
            return Err("the shell refuses a `;` with nothing before it");
        }
        let start = self.at;
        let name = self.name();
        if name == b"export" && matches!(self.peek(), Some(b' ' | b'\t')) {
            return self.export();
        }
        self.at = start;
        self.assignments()
    }

    fn assignments(&mut self) -> Result<(), Refused> {
        let mut any = false;
        while !self.command_ends()? {
            let name = self.name();
            if name.is_empty() || self.peek() != Some(b'=') {
                return Err(if any {
                    "text after a blank is run as a command; put the value in quotes"
                } else {
                    Self::COMMAND
                });
            }
            self.at += 1;
            let entry = self.value()?;
            self.set(&name, entry);
            any = true;
        }
        Ok(())
    }

    pub(super) fn set(&mut self, name: &[u8], entry: Entry) {
        let entry = if belongs_to_a_shell(name) {
            let line = self.line();
            Entry::Outside { line }
        } else {
            entry
        };
        self.variables.set(name, entry);
    }

    /// All words are expanded before the first is assigned.
    fn export(&mut self) -> Result<(), Refused> {
        let mut exported = Vec::new();
        let mut any = false;
        loop {
            self.skip_blanks();
            if self.command_ends()? {
                break;
            }
            any = true;
            let start = self.at;
            let name = self.name();
            match self.peek() {
                Some(b'=') if !name.is_empty() => {
                    self.at += 1;
                    let entry = self.value()?;
                    exported.push((name, entry));
                }
                // Marks a variable; with `set -a` it is marked already.
                None | Some(b' ' | b'\t' | b'\n' | b';') if !name.is_empty() => {}
                _ => {
                    self.at = start;
                    exported.extend(self.quoted_assignment()?);
                }
            }
        }
        if !any {
            return Err(Self::COMMAND);
        }
        for (name, entry) in exported {
            self.set(&name, entry);
        }
        Ok(())
    }

    /// `export "NAME=value"`: an ordinary word, which happens to be an assignment when it is done.
    fn quoted_assignment(&mut self) -> Result<Option<(Vec<u8>, Entry)>, Refused> {
        const NO_NAME: Refused = "`export` refuses what is no name, and its options are commands";
        let line = self.line();
        let mut word = Expansion::default();
        self.word(Place::Argument, Live::Yes, &mut word)?;
        let end = word.bytes.iter().position(|&b| b == b'=');
        let name = &word.bytes[..end.unwrap_or(word.bytes.len())];
        if !name.first().is_some_and(|&b| starts_name(b)) || !name.iter().all(|&b| is_name(b)) {
            return Err(NO_NAME);
        }
        let Some(end) = end else {
            return Ok(None);
        };
        let name = name.to_vec();
        let mut value = Expansion {
            unknown: word.unknown,
            ..Expansion::default()
        };
        value.bytes.extend(&word.bytes[end + 1..]);
        Ok(Some((name, value.into_entry(line))))
    }

    fn value(&mut self) -> Result<Entry, Refused> {
        let line = self.line();
        let mut value = Expansion::default();
        self.word(Place::Value, Live::Yes, &mut value)?;
        Ok(value.into_entry(line))
    }

    /// Whether the command ends here, passing over what ends it.
    fn command_ends(&mut self) -> Result<bool, Refused> {
        self.skip_blanks();
        match self.peek() {
            None => Ok(true),
            Some(b'\n') => {
                self.at += 1;
                Ok(true)
            }
            Some(b'#') => {
                self.skip_comment();
                Ok(true)
            }
            Some(b';') => {
                self.at += 1;
                self.after_semicolon = true;
                match self.peek() {
                    Some(b';') => Err("the shell refuses a `;` with nothing before it"),
                    _ => Ok(true),
                }
            }
            Some(b'&' | b'|' | b'(' | b')' | b'<' | b'>') => Err(
                "one of & | ( ) < > stands here outside of quotes, which only a shell can follow",
            ),
            Some(_) => Ok(false),
        }
    }

    /// The name that starts here, perhaps none.
    pub(super) fn name(&mut self) -> Vec<u8> {
        let mut name = Vec::new();
        while let Some(byte) = self.peek() {
            if !(if name.is_empty() {
                starts_name(byte)
            } else {
                is_name(byte)
            }) {
                break;
            }
            name.push(byte);
            self.at += 1;
        }
        name
    }
}

/// Variables to which some shell gives values of its own, or that it lets nobody set.
fn belongs_to_a_shell(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 16] = [
        b"_",
        b"LINENO",
        b"OPTIND",
        b"PPID",
        b"UID",
        b"EUID",
        b"GROUPS",
        b"RANDOM",
        b"SRANDOM",
        b"SECONDS",
        b"EPOCHSECONDS",
        b"EPOCHREALTIME",
        b"SHELLOPTS",
        b"BASHOPTS",
        b"DIRSTACK",
        b"FUNCNAME",
    ];
    NAMES.contains(&name) || name.starts_with(b"BASH_") || name == b"BASHPID"
}

fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::super::Dialect::Shell;
    use super::super::tests::{Absent, FromOutside, Is, check, names, rejects};

    #[test]
    fn assignments_stand_on_lines_or_between_blanks_and_semicolons() {
        check(Shell, b"A=1 K=v;B=2", Is("v"));
        check(Shell, b"  K=v  # c\n#K=w\n\t# K=x", Is("v"));
        check(Shell, b"A=1;\nK=v;", Is("v"));
        check(Shell, b"K=a\nK=b", Is("b"));
        check(Shell, b"K=", Is(""));
        check(Shell, b"K=a A=$K K=b B=$A$K\nK=$B", Is("ab"));
    }

    #[test]
    fn export_takes_assignments_and_names() {
        check(Shell, b"export K=v", Is("v"));
        check(Shell, b"export\tA=1 K='a b' C", Is("a b"));
        check(Shell, b"K=v; export K", Is("v"));
        check(Shell, b"export K", Absent);
        check(Shell, b"A=1\nexport A=2 K=$A", Is("1"));
        check(Shell, b"export \"K=a b\"", Is("a b"));
        check(Shell, b"A=1\nexport 'K'=\"$A\"", Is("1"));
        check(Shell, b"export 'K'", Absent);
        check(Shell, b"export=1 K=v", Is("v"));
        for file in [
            "export",
            "export ;",
            "export -p",
            "export 1=a",
            "export K\r",
            "exportK v",
        ] {
            rejects(Shell, file.as_bytes(), 1);
        }
    }

    #[test]
    fn a_file_with_a_command_is_refused() {
        for file in [
            "K= v",
            "K = v",
            "K=v w",
            "echo",
            "K=v w=1 x",
            "1K=v",
            "A-B=v",
            "if true",
            "'K'=v",
            "K+=v",
            "K[0]=v",
            "K=(a b)",
            "K=v&",
            "K=v|cat",
            "K=v>f",
            "<f",
            ";",
            "K=v;;",
            "{",
            "!",
            "set -a",
            "unset K",
            "readonly K=v",
            "K=`x`",
            "K=$(x)",
            "K=$((1))",
            "\"\"",
            "K=v \r\n",
            "K=v;\r\n",
        ] {
            rejects(Shell, format!("A=1\n\n{file}\nK=z").as_bytes(), 3);
        }
    }

    #[test]
    fn line_continuations_vanish_even_within_a_name() {
        check(Shell, b"K\\\n=v\\\nw\\\n\n", Is("vw"));
        check(Shell, b"ex\\\nport K=v", Is("v"));
        check(Shell, b"# c\\\nK=v", Is("v"));
        check(Shell, b"K=\"a\\\nb\"'c\\\nd'", Is("abc\\\nd"));
    }

    #[test]
    fn windows_line_ends_stay_in_the_value() {
        check(Shell, b"K=v\r\n", Is("v\r"));
        check(Shell, b"\r\nK=v\r\n \r\n\r", Is("v\r"));
        check(Shell, b"K=v;\n\r\n", Is("v"));
        check(Shell, b"K=\"v\"\r\nL=w\r\n", Is("v\r"));
    }

    #[test]
    fn what_comes_before_the_first_word_can_spoil_it() {
        rejects(Shell, "\u{feff}K=v".as_bytes(), 1);
        rejects(Shell, b"K=v\n\0", 2);
    }

    #[test]
    fn a_hash_within_a_word_is_no_comment() {
        check(Shell, b"K=a#b #c", Is("a#b"));
        check(Shell, b"K=#a", Is("#a"));
        check(Shell, b"K='a'#b", Is("a#b"));
        check(Shell, b"K=v;#L=w", Is("v"));
    }

    #[test]
    fn only_the_wanted_value_has_to_be_in_the_file() {
        check(Shell, b"A=$HOME\nK=v", Is("v"));
        check(Shell, b"A=$HOME\n\nK=$A", FromOutside(3));
        check(Shell, b"K=pa$$word", FromOutside(1));
        check(Shell, b"UID=1000\nK=$UID", FromOutside(2));
        assert_eq!(names(Shell, b"A=$HOME B=2"), ["A", "B"]);
    }
}
