use crate::extract::{Extraction, is_object};
use crate::inventory::Place;
use crate::key::Secret;
use crate::keyring::Way;
use crate::reading::{ErrorKind, ReadError};

/// How a place can be told to read one member of the JSON object that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// It is told already where the key stands.
    Named,
    /// By this setting of its source, which is not set.
    Setting(&'static str),
    /// By `extract`.
    Extract,
}

impl Member {
    /// How this place can be told.
    #[must_use]
    pub fn of(place: &Place) -> Self {
        if place.extraction.as_deref().is_some_and(Extraction::picks) {
            return Self::Named;
        }
        place
            .source
            .member_setting()
            .map_or(Self::Extract, Self::Setting)
    }
}

/// Why a JSON object cannot be judged where the place should have named a member of it: its settings are
/// to be mended first. `way` is how the key would be read, where it is known to be there.
#[must_use]
pub fn unnamed_member(value: &Secret, member: Member, way: Option<&Way>) -> Option<ReadError> {
    let Member::Setting(setting) = member else {
        return None;
    };
    if !is_object(value.expose()) {
        return None;
    }
    let next = match way {
        Some(Way::Json(pointer)) if !pointer[1..].contains('/') => {
            format!("write `{setting}: {}` in this hop", &pointer[1..])
        }
        _ => format!("write which member is the key, as `{setting}`"),
    };
    let message = format!("it is a JSON object: name its `{setting}`");
    Some(ReadError::new(ErrorKind::BadData, message, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_no_key_where_a_member_can_be_named() {
        let setting = Member::Setting("field");
        let json = |pointer: &str| Some(Way::Json(pointer.into()));
        for (value, member, way, next) in [
            (
                r#"{"k":"v"}"#,
                setting,
                None,
                Some("write which member is the key, as `field`"),
            ),
            (
                r#" {"k":"v"}"#,
                setting,
                json("/k"),
                Some("write `field: k` in this hop"),
            ),
            (
                r#"{"a":{"k":"v"}}"#,
                setting,
                json("/a/k"),
                Some("write which member is the key, as `field`"),
            ),
            (r#"{"k":"v"}"#, Member::Extract, None, None),
            (r#"{"k":"v"}"#, Member::Named, None, None),
            ("{ no object }", setting, None, None),
            ("secret-key", setting, None, None),
        ] {
            let secret = Secret::copied(value.as_bytes());
            let error = unnamed_member(&secret, member, way.as_ref());
            assert_eq!(error.as_ref().map(|error| &*error.next), next, "{value}");
            assert!(error.is_none_or(|error| error.message.contains("name its `field`")));
        }
    }
}
