//! `docker run --env-file`: docker/cli `pkg/kvfile`.
//!
//! The plainest of all: the value is what follows the first `=`, quotes, blanks and comments
//! included. Only `\r\n` counts as a line's end, blanks before the name are dropped, and so is a byte
//! order mark. A name alone is passed on from docker's own environment.

use super::text::{find_or_end, skip};
use super::variables::Variables;
use super::{Entry, Outside, Rejected};
use crate::key::Secret;

/// Go's `bufio.MaxScanTokenSize`: a line this long is one too long.
const LINE_LIMIT: usize = 64 * 1024;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

pub(super) fn parse(file: &[u8], variables: &mut Variables<'_>) -> Result<(), Rejected> {
    let mut line = 0_u32;
    let mut at = 0;
    while at < file.len() {
        line = line.saturating_add(1);
        let end = find_or_end(file, at, |b| b == b'\n');
        let text = &file[at..end];
        at = end + 1;
        let statement = statement(text, line == 1).map_err(|reason| Rejected { line, reason })?;
        match statement {
            Statement::Nothing => {}
            Statement::Set { name, value } => {
                if variables.wants(name) {
                    variables.set(name, Entry::Value(Secret::copied(value)));
                }
            }
            // An unset one is left out, so that an earlier value stays.
            Statement::Inherit { name } => {
                if variables.outside() == Outside::Unknown {
                    variables.set(name, Entry::Inherited { line });
                }
            }
        }
    }
    Ok(())
}

enum Statement<'f> {
    Nothing,
    Set { name: &'f [u8], value: &'f [u8] },
    Inherit { name: &'f [u8] },
}

fn statement(text: &[u8], first: bool) -> Result<Statement<'_>, &'static str> {
    if text.len() >= LINE_LIMIT {
        return Err("docker refuses a line of 64 KiB or more");
    }
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if std::str::from_utf8(text).is_err() {
        return Err("docker refuses bytes that are not UTF-8");
    }
    let text = if first {
        text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
    } else {
        text
    };
    let text = &text[skip(text, 0, char::is_whitespace)..];
    if matches!(text.first(), None | Some(b'#')) {
        return Ok(Statement::Nothing);
    }
    let equals = find_or_end(text, 0, |b| b == b'=');
    let name = &text[..equals];
    if name.is_empty() {
        return Err("docker refuses a line without a name before its `=`");
    }
    if name.iter().any(|b| matches!(b, b' ' | b'\t')) {
        return Err("docker refuses a name with a blank in or after it, and `export`");
    }
    Ok(match text.get(equals + 1..) {
        Some(value) => Statement::Set { name, value },
        None => Statement::Inherit { name },
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Is, check, rejects};
    use super::super::{Dialect::Docker, Entry, Outside, read};
    use super::*;

    #[test]
    fn the_value_is_everything_after_the_first_equals_sign() {
        check(Docker, b"K=\"v\" # c\t", Is("\"v\" # c\t"));
        check(Docker, b" \t\xc2\xa0K==v=w\\n$X`y`", Is("=v=w\\n$X`y`"));
        check(Docker, b"K=", Is(""));
        check(Docker, b"#K=a\n  #K=b\nK=v", Is("v"));
        check(Docker, b"K=a\nK=b", Is("b"));
    }

    #[test]
    fn one_carriage_return_belongs_to_the_line_end() {
        check(Docker, b"K=v\r\n", Is("v"));
        check(Docker, b"K=v\r\r\n", Is("v\r"));
        check(Docker, b"K=v\r", Is("v"));
        check(Docker, b"K=v\rL=w\n", Is("v\rL=w"));
    }

    #[test]
    fn a_name_alone_is_inherited() {
        let inherits = |file: &[u8]| {
            matches!(
                read(Docker, file, "K", Outside::Unknown),
                Ok(Entry::Inherited { line: 2 })
            )
        };
        assert!(inherits(b"\nK\n"));
        assert!(inherits(b"K=v\nK"));
        assert!(!inherits(b"\nK\nK=v"));
        let empty = read(Docker, b"K=v\nK", "K", Outside::Empty).unwrap();
        assert_eq!(empty.value().map(Secret::expose), Some(&b"v"[..]));
    }

    #[test]
    fn a_byte_order_mark_is_dropped_from_the_first_line_only() {
        check(Docker, "\u{feff}K=v".as_bytes(), Is("v"));
        check(
            Docker,
            "\u{feff}\u{feff}K=v".as_bytes(),
            super::super::tests::Absent,
        );
        check(
            Docker,
            "\n\u{feff}K=v".as_bytes(),
            super::super::tests::Absent,
        );
    }

    #[test]
    fn what_docker_refuses_is_refused_with_its_line() {
        rejects(Docker, b"A=1\nexport K=v", 2);
        rejects(Docker, b"K =v", 1);
        rejects(Docker, b"K\t=v", 1);
        rejects(Docker, b"A=1\n\n=v", 3);
        rejects(Docker, b"K=v\n# \xff\n", 2);
    }

    #[test]
    fn lines_are_limited_as_by_gos_scanner() {
        let file = |length: usize, rest: &str| {
            let mut file = b"K=".to_vec();
            file.resize(length, b'v');
            file.extend_from_slice(rest.as_bytes());
            file
        };
        for rest in ["", "\n", "\nL=w"] {
            let longest = file(LINE_LIMIT - 1, rest);
            assert!(read(Docker, &longest, "K", Outside::Empty).is_ok());
            rejects(Docker, &file(LINE_LIMIT, rest), 1);
        }
    }
}
