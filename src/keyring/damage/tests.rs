use super::*;

#[test]
fn names_are_the_contract_of_the_report() {
    let names: Vec<_> = Damage::ALL.into_iter().map(Damage::name).collect();
    let contract = "leading-whitespace trailing-whitespace trailing-newline trailing-crlf \
        trailing-carriage-return byte-order-mark zero-width-character no-break-space \
        double-quotes single-quotes backticks smart-quotes unbalanced-quote variable-prefix \
        bearer-prefix trailing-punctuation bracketed-paste terminal-escapes truncated-start truncated-end doubled case-changed \
        base64 hex percent-encoded json-escaped base64url utf-16 html-entities backslash-escaped \
        properties-escaped base32 byte-list compressed typographic-characters whitespace-inside whitespace-lost \
        variable-interpolation systemd-specifiers number-notation character-missing \
        character-added character-changed characters-swapped inside-json inside-url inside-list \
        inline-comment bracketed surrounded";
    assert_eq!(names.join(" "), contract);
}

#[test]
fn every_kind_is_listed_once_in_declared_order_and_serializes_as_its_name() {
    for (index, damage) in Damage::ALL.into_iter().enumerate() {
        assert_eq!(damage as usize, index);
        assert_eq!(serde_json::to_value(damage).unwrap(), damage.name());
    }
    assert_eq!(Damage::Surrounded as usize + 1, Damage::ALL.len());
}

#[test]
fn every_line_is_one_fragment() {
    for damage in Damage::ALL {
        for line in [damage.cause(), damage.effect(), damage.mend()] {
            assert!(!line.is_empty() && !line.contains('\n') && !line.ends_with('.'));
            assert!(!line.starts_with(|c: char| c.is_uppercase()) || line.starts_with("UTF"));
        }
    }
}
