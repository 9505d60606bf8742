use super::reader::Reader;
use super::tree::Id;
use crate::platform;

/// Checks a declared store: one kind, with its settings.
pub(super) fn store(reader: &Reader<'_>, id: Id) {
    let Some(entries) = reader.entries(id, "a map with one kind of store") else {
        return;
    };
    let kinds = platform::kinds();
    for [key, _] in entries {
        let kind = reader.tree.text(*key);
        if !kinds.contains(&kind) {
            let message = format!("unknown kind of store {}", reader.log.name(kind));
            reader.log.report_with(reader.tree.site(*key), message, || {
                let suggestion = reader.log.suggestion(kind, kinds.iter().copied());
                Some(suggestion.unwrap_or_else(|| "there is none yet".to_owned()))
            });
        }
    }
    if entries.len() != 1 {
        let message = format!("expected one kind of store, found {}", entries.len());
        reader.log.report(reader.tree.site(id), message);
    }
}
