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
unexplained. Where a known key was found, or where the text asks for one (`<…>`, `${NAME:-…}`, `{{ … }}`), \
every other word of at least 8 bytes is looked at as a value would be, so that a damaged old key beside \
the current one is found too. A word that nothing explains and that may be a key, of 16 bytes or of 8 with \
a digit in it, leaves the place open for `revoke-check`: a blind spot. Names, words with short numbers, and \
what stands in the host and the path of a URL leave nothing open; more than 256 different words do.

What a damaged key does was measured on the wire with the SDKs of the first users, AllStak's for \
Python (0.2.1) and for Rust (0.2.2). Of several kinds around one key, what the whole value does is told \
once: a line break anywhere in it decides before what is not ASCII, and that before a blank at an end.

A key that stands where blanks or line breaks were put into it is found however many there are; numbers \
are recognised as long as they still tell the key, which takes 15 digits of a longer one.

## What stands in for a key

Known keys are looked for first, and what fits the `format` of a project is taken for a key. What then \
surely is none is `missing`: nothing at all, a word for \"nothing\", a text that asks to be replaced, a \
comment, a mask, an unexpanded reference, the variable's own name, or a text that SOPS, dotenvx, Ansible \
Vault, a Spring Cloud Config server, Jasypt, hiera-eyaml, age, OpenPGP, git-crypt, Vault's transit engine \
or AWS KMS encrypted and nothing decrypted.

Two of them prove nothing in some places, and are `unverified` there: a mask (`****`, \
`ask_live_…abcd`) that an endpoint answers with or a command prints, for such are shown of good keys \
too; and, in a running place or a bundle, a reference that another program is known to turn into the key \
(`op://`, `vault:PATH#FIELD`, `ref+…`, an Azure Key Vault's, the ARN or name of a secret at AWS or \
Google Cloud, `{{resolve:…}}`), for whether it did was not seen.
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
