//! JSON pointers (RFC 6901), which lead through YAML and TOML as well, and what is said where they fail.

use crate::reading::{ErrorKind, ReadError};
use crate::text::{Escaped, escape};

/// Whether a text is a JSON pointer.
///
/// # Errors
///
/// What was expected, a lowercase fragment.
pub fn check(pointer: &str) -> Result<(), String> {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err("expected a JSON pointer, which starts with `/`".to_owned());
    }
    let broken = |(at, _)| !pointer[at + 1..].starts_with(['0', '1']);
    if pointer.match_indices('~').any(broken) {
        return Err(
            "expected a JSON pointer, in which `~` is written ~0 and a `/` in a name ~1".to_owned(),
        );
    }
    Ok(())
}

/// The pointer that was probably meant by a text that lacks the first slash, or has dots or `$.` as other
/// ways of writing paths have.
#[must_use]
pub fn meant(text: &str) -> Option<String> {
    if text.is_empty() || text.starts_with('/') {
        return None;
    }
    let path = text.trim_start_matches(['$', '#', '.']);
    let path = path.strip_prefix('/').unwrap_or(path);
    let pointer = match path.contains('/') {
        true => format!("/{path}"),
        false => format!("/{}", path.replace('.', "/")),
    };
    let is_whole = !path.is_empty() && !pointer.contains("//") && !pointer.ends_with('/');
    (is_whole && check(&pointer).is_ok()).then_some(pointer)
}

/// The pointer to a member of the outermost object.
#[must_use]
pub fn pointer_to(member: &str) -> String {
    format!("/{}", member.replace('~', "~0").replace('/', "~1"))
}

/// The names that it leads through, from the outermost.
pub(super) fn tokens(pointer: &str) -> impl Iterator<Item = String> {
    let tokens = pointer.split('/').skip(1);
    tokens.map(|token| token.replace("~1", "/").replace("~0", "~"))
}

/// An index into a list, as RFC 6901 writes it: no sign, no leading zero.
pub(super) fn index(token: &str) -> Option<usize> {
    let plain = token == "0" || !token.starts_with(['0', '+']);
    plain.then(|| token.parse().ok()).flatten()
}

/// The text cannot be parsed, from here on.
pub(super) fn unreadable(what: &str, line: usize, column: usize) -> ReadError {
    broken(what, &format!("from line {line}, column {column} on"))
}

/// The text is not written the way it is read, whatever the pointer is.
pub(super) fn broken(what: &str, how: &str) -> ReadError {
    let other = match what {
        "JSON" => "`yaml` or `dotenv`",
        "YAML" => "`toml` or `ini`",
        _ => "`yaml` or `ini`",
    };
    ReadError::new(
        ErrorKind::BadData,
        format!("what was read is no valid {what}: {how}"),
        format!(
            "correct the document; if it is not meant to be {what}, say how it is written with another step of \
             `extract`, such as {other}, or read it whole"
        ),
    )
}

/// A name on the way stands twice.
pub(super) fn twice(what: &str, name: &str) -> ReadError {
    ReadError::new(
        ErrorKind::BadData,
        format!(
            "the {what} names {} twice, and not every reader takes the same of the two",
            escape(name)
        ),
        "write it once, with the current key",
    )
}

/// It leads to something else than a string.
pub(super) fn unfit(pointer: &str, how: &str, kind: &str) -> ReadError {
    bad(format!("{} {how} {kind}, not to a string", shown(pointer)))
}

pub(super) fn shown(pointer: &str) -> String {
    format!("the pointer `{}`", Escaped(pointer))
}

pub(super) fn bad(message: String) -> ReadError {
    ReadError::new(
        ErrorKind::BadData,
        message,
        "look at what is deployed there, or correct the pointer",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_checked() {
        for pointer in ["key", "/a~", "/a~2b"] {
            assert!(check(pointer).is_err(), "{pointer}");
        }
        assert!(check("").is_ok() && check("/a~0~1/0").is_ok());
    }

    #[test]
    fn what_is_meant_is_told_where_one_can_see_it() {
        for (text, pointer) in [
            ("allstak/key", Some("/allstak/key")),
            ("key", Some("/key")),
            ("allstak.key", Some("/allstak/key")),
            ("$.allstak.key", Some("/allstak/key")),
            ("#/allstak/key", Some("/allstak/key")),
            ("conf.d/key", Some("/conf.d/key")),
            ("/allstak/key", None),
            ("", None),
            ("$", None),
            ("a..b", None),
            ("a~b", None),
        ] {
            assert_eq!(meant(text).as_deref(), pointer, "{text}");
        }
    }

    #[test]
    fn names_come_out_as_they_went_in() {
        let pointer = pointer_to("a/b~c") + "/0";
        assert!(tokens(&pointer).eq(["a/b~c", "0"]));
        assert_eq!(tokens("").count(), 0);
    }
}
