use std::fmt::Write;

use straggler::keyring::Damage;

use super::page::{cell, check, sentence};

const INTRO: &str = "\
# Damage

What can happen to a key on its way, by its stable name. Look up the name that a report gave you below: \
each has its cause, its effect and the way to mend it. If several kinds of damage lie around one key, a \
report lists them from the outermost to the innermost.

Damage is recognised in a value. Where only a fingerprint is known, it is found by search, which takes a \
fingerprint of 12 digits or more; `base32`, `byte-list`, `compressed` and what surrounds a key are seen in values \
alone.

| what is damaged | verdict |
|---|---|
| the current or next key | `malformed` |
| a previous key, or another project's | that key's own: `stale`, `revoked` or `wrong-project`. The damage is shown beside it |

The effects were measured on the wire with the SDKs of the first users, AllStak's for Python (0.2.1) and \
for Rust (0.2.2). Of several kinds around one key, the effect of the whole value is reported once: a line \
break anywhere in it comes first, then characters that are not ASCII, then a blank at either end.

## A key inside a larger value

Every known key is also looked for inside a JSON object, a URL, a list or a whole file, in the text itself \
and in what it decodes to:

- keys known by value, by their bytes;
- keys known by fingerprint, by the parts of the value that fit a project's `format`; where a project has \
no format, by the words of the value, and by as many bytes as other keys have.

An old key found so decides the verdict, even beside the current one. Where a known key was found, or where \
the text asks for one (`<…>`, `${NAME:-…}`, `{{ … }}`), every other word of at least 8 bytes is examined like \
a value, so that a damaged old key beside the current one is found too.

At most 8,192 parts of a text and 65,536 runs of bytes are compared; the rest stays unexplained.

**What leaves a blind spot for `revoke-check`:** a word that nothing explains and that may be a key, because \
it has 16 bytes, or 8 with a digit among them; and more than 256 different words. Names, words with short \
numbers, and the host and path of a URL leave none.

**Limits.** A key into which blanks or line breaks were inserted is found however many there are. A key \
written as a number is recognised as long as the number still identifies it, which takes 15 digits of a \
longer one.

## Placeholders, masks and references

Known keys are looked for first, and what fits the `format` of a project is taken for a key. These are \
not keys, so the verdict is `missing`:

- nothing at all, a word for \"nothing\", a text that asks to be replaced, a comment, a mask, an unexpanded \
reference, or the variable's own name;
- a text that was encrypted and not decrypted: by SOPS, dotenvx, Ansible Vault, a Spring Cloud Config server, \
Jasypt, hiera-eyaml, age, OpenPGP, git-crypt, Vault's transit engine or AWS KMS.

Two of them are `unverified` in some places:

| what | where | why |
|---|---|---|
| a mask: `****`, `ask_live_…abcd` | an endpoint answers with it, or a command prints it | good keys are masked too |
| a reference that another program is known to turn into the key: `op://`, `vault:PATH#FIELD`, `ref+…`, an Azure Key Vault's, the ARN or name of a secret at AWS or Google Cloud, `{{resolve:…}}` | in a running place or a bundle | whether the program did so was not seen |
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
