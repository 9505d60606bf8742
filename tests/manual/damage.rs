use std::fmt::Write;

use straggler::keyring::Damage;

use super::page::{cell, check, sentence};

const INTRO: &str = "\
# Damage

What can happen to a key on its way, by its stable name. Damage is recognised in a value, and found \
by search where only a fingerprint of 12 digits or more is known. Several may lie around one key; a \
report lists them from the outermost to the innermost.

A damaged current or next key is `malformed`. A damaged previous or foreign key keeps its verdict \
(`stale`, `revoked`, `wrong-project`), and the damage is told beside it.

A key may also stand inside a larger value: a JSON object, a URL, a list, a whole file. Every known key \
is looked for there, in what the value says and in what it decodes to: keys known by value by their \
bytes, the others by the parts that fit a project's `format`, by the words of a value where a project \
has no format, and by as many bytes as other keys have. An old key found so decides, even beside the \
current one. At most 8,192 parts of a text and 65,536 runs of bytes are compared; what is beyond stays \
unexplained.

What a damaged key does was measured on the wire with the SDKs of the first users, AllStak's for \
Python (0.2.1) and for Rust (0.2.2).
";

#[test]
fn of_every_kind_is_explained() {
    let mut page = INTRO.to_owned();
    for damage in Damage::ALL {
        let [cause, effect, mend] =
            [damage.cause(), damage.effect(), damage.mend()].map(|text| cell(&sentence(text)));
        write!(
            page,
            "\n## `{}`\n\n| | |\n|---|---|\n| cause | {cause} |\n| effect | {effect} |\n| mend | {mend} |\n",
            damage.name()
        )
        .unwrap();
    }
    check("docs/damage.md", &page);
}
