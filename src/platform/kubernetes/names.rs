/// Whether a text can be the name of a namespace, a container or an object.
///
/// # Errors
///
/// What was expected, a lowercase fragment that does not repeat it.
pub fn check_name(what: &str, name: &str) -> Result<(), String> {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    let ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let (first, last) = (name.bytes().next(), name.bytes().last());
    if name.len() <= 253 && name.bytes().all(fits) && ends(first) && ends(last) {
        return Ok(());
    }
    Err(format!(
        "expected a {what}'s name: lower-case letters, digits, `-` and `.`"
    ))
}

/// Whether a text can be a key of a Secret or a ConfigMap.
///
/// # Errors
///
/// What was expected, a lowercase fragment that does not repeat it.
pub fn check_key(key: &str) -> Result<(), String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if (1..=253).contains(&key.len()) && key.bytes().all(fits) {
        return Ok(());
    }
    Err("expected a key: letters, digits, `-`, `_` and `.`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_kubernetes_takes() {
        for name in ["a", "checkout-api", "a.b.c", "7up"] {
            assert_eq!(check_name("pod", name), Ok(()));
        }
        for name in [
            "",
            "-a",
            "a-",
            "A",
            "a/b",
            "..",
            ".",
            "a b",
            "a\u{1b}",
            &"a".repeat(254),
        ] {
            assert!(check_name("pod", name).is_err(), "{name:?}");
        }
        assert!(check_key("API_KEY.txt").is_ok());
        for key in ["", "a/b", "a b", "é"] {
            assert!(check_key(key).is_err(), "{key:?}");
        }
    }
}
