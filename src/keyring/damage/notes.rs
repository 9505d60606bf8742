//! What there is to say about the kinds that change what stands in a key, rather than around it.

use super::{Notes, Wire};

pub(super) const BRACKETED_PASTE: Notes = Notes {
    name: "bracketed-paste",
    cause: "a program read from a terminal without knowing that pasted text is put in brackets (`ESC[200~`, `ESC[201~`)",
    effect: Wire::Control.effect(),
    mend: "remove what the terminal put around the key, or set it from a file or a pipe",
};
pub(super) const TERMINAL_ESCAPES: Notes = Notes {
    name: "terminal-escapes",
    cause: "the output of a program that colours its output, such as `grep --color=always`, was stored",
    effect: Wire::Control.effect(),
    mend: "write it again without colours (`--color=never`, `NO_COLOR=1`)",
};
pub(super) const BASE64_URL: Notes = Notes {
    name: "base64url",
    cause: "the value was encoded for a URL or a token, and nothing decodes it",
    effect: Wire::Plain.effect(),
    mend: "store the key itself, or have the reader decode the URL-safe alphabet",
};
pub(super) const UTF_16: Notes = Notes {
    name: "utf-16",
    cause: "the file was saved as \"Unicode\" (UTF-16), as Notepad and `>` of Windows PowerShell do",
    effect: Wire::Zero.effect(),
    mend: "save the file as UTF-8 without BOM (`Out-File -Encoding ascii`, `iconv -f UTF-16 -t UTF-8`)",
};
pub(super) const HTML_ENTITIES: Notes = Notes {
    name: "html-entities",
    cause: "a template or a web form escaped the key for HTML, or it was copied from a page's source",
    effect: Wire::Plain.effect(),
    mend: "store the key itself, and render it without HTML escaping",
};
pub(super) const BACKSLASH_ESCAPED: Notes = Notes {
    name: "backslash-escaped",
    cause: "a chat or an editor for Markdown put backslashes before `_` and other signs, or a quoted word of a shell was taken as it is",
    effect: Wire::Plain.effect(),
    mend: "remove the backslashes that are not the key's own",
};
pub(super) const PROPERTIES_ESCAPED: Notes = Notes {
    name: "properties-escaped",
    cause: "the key was cut out of a Java properties file, which writes `=`, `:`, `#` and `!` with a backslash",
    effect: Wire::Plain.effect(),
    mend: "remove the backslashes, or read the file as properties",
};
pub(super) const TYPOGRAPHIC_CHARACTERS: Notes = Notes {
    name: "typographic-characters",
    cause: "a word processor, wiki or chat turned hyphens, quotes or dots into typographic ones",
    effect: Wire::NotAscii.effect(),
    mend: "copy the key from the dashboard again",
};
pub(super) const WHITESPACE_INSIDE: Notes = Notes {
    name: "whitespace-inside",
    cause: "the key was wrapped over lines, or copied from where blanks or invisible characters break it up",
    effect: "with a line break in it no event leaves the process, with anything else it is refused",
    mend: "write the key in one piece",
};
pub(super) const WHITESPACE_LOST: Notes = Notes {
    name: "whitespace-lost",
    cause: "blanks or line breaks that belong to the key were removed, joined or turned into others, as an unquoted variable in a shell does",
    effect: Wire::Plain.effect(),
    mend: "write the key with its own blanks, and quote it wherever it passes through a shell",
};
pub(super) const VARIABLE_INTERPOLATION: Notes = Notes {
    name: "variable-interpolation",
    cause: "a `$` in the key was taken for a variable's by a shell, dotenv or Compose, or was doubled where nothing halves it",
    effect: Wire::Plain.effect(),
    mend: "write the key in single quotes, or each `$` as its reader wants it (`$$` in Compose, `\\$` in a shell)",
};
pub(super) const SYSTEMD_SPECIFIERS: Notes = Notes {
    name: "systemd-specifiers",
    cause: "a `%` in the key was taken for a specifier by a unit's `Environment=`, or was doubled where nothing halves it",
    effect: Wire::Plain.effect(),
    mend: "write each `%` as `%%` in a unit's `Environment=`, and once in an `EnvironmentFile=`",
};
pub(super) const NUMBER_NOTATION: Notes = Notes {
    name: "number-notation",
    cause: "a key of digits was taken for a number by Helm, YAML, JSON or a spreadsheet, and written as one",
    effect: Wire::Plain.effect(),
    mend: "quote the key wherever it is written (`\"…\"` in YAML, `helm --set-string`, a text column)",
};
