//! How the current key gets to a place, by what was seen there.

use std::collections::HashMap;

use serde::de::IgnoredAny;

use super::Vault;
use crate::platform::commands::quoted;
use crate::platform::vault::{Held, Stored};
use crate::text::{acts, escape};

/// How to write the hop's field at a path that was read, as an imperative.
pub(super) fn remedy(hop: &Vault, path: &str, held: &Held) -> String {
    let path = path.trim_matches('/');
    if let Some(version) = hop.version {
        return format!(
            "no write changes version {version}: leave `version` out of the hop, or name a later version, and \
             write the current key as {} at {} unless the latest one holds it",
            escape(&hop.field),
            escape(path)
        );
    }
    if let (Stored::Fields { json, .. }, false) = (&held.stored, held.is_versioned)
        && has_others(json.expose(), &hop.field)
    {
        return format!(
            "write the current key as {} at {} in the mount {}, together with its other fields: in version 1 of \
             the key-value store, what `{} kv put` leaves out is lost",
            escape(&hop.field),
            escape(path),
            escape(&held.mount),
            held.tool
        );
    }
    let alone = match held.stored {
        Stored::Gone { .. } => {
            "; it writes this field alone, so name the others that are needed beside it"
        }
        Stored::Fields { .. } | Stored::Nothing => "",
    };
    match command(hop, path, held) {
        Some(command) => {
            format!(
                "write the current key with `{command}`, from a file without a trailing newline{alone}"
            )
        }
        None => format!(
            "write the current key as {} at {} in the mount {}, without a trailing newline{alone}",
            escape(&hop.field),
            escape(path),
            escape(&held.mount)
        ),
    }
}

/// The command that writes it; `None` where none says what is meant.
fn command(hop: &Vault, path: &str, held: &Held) -> Option<String> {
    let field = &*hop.field;
    // Up to the first `=` it is the name, `@` in front is a file of names and values, and `-` a flag.
    if field.contains('=') || field.starts_with('@') || path.starts_with('-') {
        return None;
    }
    let mount = format!("-mount={}", held.mount);
    let namespace = held.namespace.as_deref();
    let namespace =
        namespace.map(|namespace| format!("-namespace={}", namespace.trim_matches('/')));
    // Where check-and-set is required, a write has to say which version it follows. What is not there
    // follows none, and a patch that reads and writes says so itself.
    let how = match (&held.stored, held.is_versioned) {
        (Stored::Fields { .. }, true) => "-method=rw".to_owned(),
        (Stored::Gone { version, .. }, true) => format!("-cas={version}"),
        (Stored::Nothing, true) => "-cas=0".to_owned(),
        (_, false) => String::new(),
    };
    let verb = match how.as_str() {
        "-method=rw" => "patch",
        _ => "put",
    };
    let value = format!("{field}=@FILE");
    let words = [held.tool, "kv", verb, &how].into_iter();
    let words = words
        .chain(namespace.as_deref())
        .chain([&*mount, path, &value]);
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    // Escaped, they would be others.
    if words.iter().any(|word| word.contains(acts)) {
        return None;
    }
    Some(quoted(words))
}

/// Whether a JSON object has other members than this one.
fn has_others(json: &[u8], field: &str) -> bool {
    let members = serde_json::from_slice::<HashMap<Box<str>, IgnoredAny>>(json);
    members.map_or(true, |members| members.keys().any(|name| &**name != field))
}
