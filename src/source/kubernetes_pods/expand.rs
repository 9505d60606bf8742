//! `$(NAME)` in the value of a variable, as the kubelet puts it in.

use crate::key::Secret;

/// What a variable that is referred to has.
pub(super) enum Referred {
    /// This.
    Value(Secret),
    /// It is not set, so the reference stays as it is.
    Unset,
    /// What is not known here.
    Unknown,
}

/// What a value comes to.
pub(super) enum Expanded {
    /// The text with everything put in.
    Value(Secret),
    /// The value of this other variable and nothing else.
    Alias(Box<str>),
    /// Something that a variable of unknown value is a part of. Its name is a part of the value that it
    /// stands in, so it is not told.
    Mixed,
}

pub(super) fn expand(value: &[u8], mut look: impl FnMut(&str) -> Referred) -> Expanded {
    let mut text = Vec::with_capacity(value.len());
    // What was put together so far is wiped with what it becomes.
    let mut rest = value;
    while let Some(at) = rest.iter().position(|byte| *byte == b'$') {
        push(&mut text, &rest[..at]);
        rest = &rest[at + 1..];
        match rest.first() {
            Some(b'$') => {
                push(&mut text, b"$");
                rest = &rest[1..];
            }
            Some(b'(') => {
                let end = rest.iter().position(|byte| *byte == b')');
                let name = end.and_then(|end| std::str::from_utf8(&rest[1..end]).ok());
                let (Some(end), Some(name)) = (end, name) else {
                    push(&mut text, b"$(");
                    rest = &rest[1..];
                    continue;
                };
                match look(name) {
                    Referred::Value(value) => push(&mut text, value.expose()),
                    Referred::Unset => {
                        push(&mut text, b"$");
                        push(&mut text, &rest[..=end]);
                    }
                    Referred::Unknown => {
                        let whole = value.len() == name.len() + b"$()".len();
                        drop(Secret::new(text));
                        return match whole {
                            true => Expanded::Alias(name.into()),
                            false => Expanded::Mixed,
                        };
                    }
                }
                rest = &rest[end + 1..];
            }
            _ => push(&mut text, b"$"),
        }
    }
    push(&mut text, rest);
    Expanded::Value(Secret::new(text))
}

/// Appends, and wipes what growing leaves behind.
fn push(text: &mut Vec<u8>, more: &[u8]) {
    if text.capacity() - text.len() < more.len() {
        let mut larger = Vec::with_capacity((text.len() + more.len()) * 2);
        larger.extend_from_slice(text);
        drop(Secret::new(std::mem::replace(text, larger)));
    }
    text.extend_from_slice(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(value: &str) -> String {
        let look = |name: &str| match name {
            "A" => Referred::Value(Secret::copied(b"one")),
            "LONG" => Referred::Value(Secret::copied(&[b'x'; 100])),
            "SECRET" => Referred::Unknown,
            _ => Referred::Unset,
        };
        match expand(value.as_bytes(), look) {
            Expanded::Value(value) => String::from_utf8(value.expose().to_vec()).unwrap(),
            Expanded::Alias(name) => format!("alias {name}"),
            Expanded::Mixed => "mixed".to_owned(),
        }
    }

    #[test]
    fn references_are_put_in_as_the_kubelet_does() {
        let long = "x".repeat(100);
        for (value, result) in [
            ("plain", "plain"),
            ("", ""),
            ("$(A)", "one"),
            ("a$(A)b$(A)", "aonebone"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$one"),
            ("a$$b", "a$b"),
            ("a$b", "a$b"),
            ("$", "$"),
            ("$(", "$("),
            ("$(A", "$(A"),
            ("$()", "$()"),
            ("$(NONE)", "$(NONE)"),
            ("$(LONG)", &long),
            ("$(SECRET)", "alias SECRET"),
            ("x$(SECRET)", "mixed"),
            ("$(A)$(SECRET)", "mixed"),
        ] {
            assert_eq!(expanded(value), result, "{value}");
        }
    }
}
