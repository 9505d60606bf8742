//! What there is to say about each kind.

use super::{Damage, Notes, Wire};

impl Damage {
    pub(super) fn notes(self) -> Notes {
        match self {
            Self::LeadingWhitespace => Notes {
                name: "leading-whitespace",
                cause: "a blank was pasted along with the key, or follows the `=` in a file that docker reads",
                effect: Wire::Blanks.effect(),
                mend: "write the key without blanks before it",
            },
            Self::TrailingWhitespace => Notes {
                name: "trailing-whitespace",
                cause: "blanks were pasted along with the key; docker's --env-file keeps what dotenv strips",
                effect: Wire::Blanks.effect(),
                mend: "write the key without blanks after it",
            },
            Self::TrailingNewline => Notes {
                name: "trailing-newline",
                cause: "`echo` or an editor ended the line, and a store or a mounted file kept it",
                effect: Wire::LineBreak.effect(),
                mend: "leave out the trailing newline (`printf %s` instead of `echo`)",
            },
            Self::TrailingCrlf => Notes {
                name: "trailing-crlf",
                cause: "the value was saved or piped on Windows",
                effect: Wire::LineBreak.effect(),
                mend: "leave out the trailing line break (`printf %s` in a Unix shell)",
            },
            Self::TrailingCarriageReturn => Notes {
                name: "trailing-carriage-return",
                cause: "a file with Windows line endings was read by something that splits at `\\n`, such as a shell",
                effect: Wire::LineBreak.effect(),
                mend: "convert the file it comes from to Unix line endings (`dos2unix`)",
            },
            Self::ByteOrderMark => Notes {
                name: "byte-order-mark",
                cause: "the file was saved as \"UTF-8 with BOM\", by Notepad or PowerShell",
                effect: Wire::NotAscii.effect(),
                mend: "save the file as UTF-8 without BOM",
            },
            Self::ZeroWidthCharacter => Notes {
                name: "zero-width-character",
                cause: "the key was copied from a chat or a web page that puts invisible characters in",
                effect: Wire::NotAscii.effect(),
                mend: "copy the key from the dashboard again",
            },
            Self::NoBreakSpace => Notes {
                name: "no-break-space",
                cause: "the key was copied from a web page, a document or a chat",
                effect: Wire::NotAscii.effect(),
                mend: "copy the key from the dashboard again",
            },
            Self::DoubleQuotes => Notes {
                name: "double-quotes",
                cause: "a quoted env-file was read by docker --env-file, kubectl or ECS, which keep quotes",
                effect: Wire::Plain.effect(),
                mend: "remove the quotes around the value",
            },
            Self::SingleQuotes => Notes {
                name: "single-quotes",
                cause: "a quoted env-file was read by docker --env-file, kubectl or ECS, which keep quotes",
                effect: Wire::Plain.effect(),
                mend: "remove the quotes around the value",
            },
            Self::Backticks => Notes {
                name: "backticks",
                cause: "the key was copied with its Markdown marks",
                effect: Wire::Plain.effect(),
                mend: "remove the backticks around the value",
            },
            Self::SmartQuotes => Notes {
                name: "smart-quotes",
                cause: "a word processor, wiki or chat turned straight quotes into typographic ones",
                effect: Wire::NotAscii.effect(),
                mend: "remove the quotes around the value",
            },
            Self::UnbalancedQuote => Notes {
                name: "unbalanced-quote",
                cause: "one quote too many or too few was copied, or a file has an unterminated quote",
                effect: Wire::Plain.effect(),
                mend: "remove the quote",
            },
            Self::VariablePrefix => Notes {
                name: "variable-prefix",
                cause: "the whole line of an env-file was stored instead of what follows its `=`",
                effect: Wire::Plain.effect(),
                mend: "store only what follows the variable's name and its `=`",
            },
            Self::BearerPrefix => Notes {
                name: "bearer-prefix",
                cause: "the value of an Authorization header was stored instead of the key",
                effect: Wire::Plain.effect(),
                mend: "store only what follows `Bearer `",
            },
            Self::TrailingPunctuation => Notes {
                name: "trailing-punctuation",
                cause: "the key was copied out of code, JSON or YAML with the punctuation after it",
                effect: Wire::Plain.effect(),
                mend: "remove the `;` or `,` at the end",
            },
            Self::TruncatedStart => Notes {
                name: "truncated-start",
                cause: "the selection missed the first characters",
                effect: Wire::Plain.effect(),
                mend: "copy the whole key again",
            },
            Self::TruncatedEnd => Notes {
                name: "truncated-end",
                cause: "the selection missed the last characters, a field was too short, or the value was cut off at a `#` or `$`",
                effect: Wire::Plain.effect(),
                mend: "copy the whole key again, in quotes where `#` or `$` has a meaning",
            },
            Self::Doubled => Notes {
                name: "doubled",
                cause: "the key was pasted twice",
                effect: Wire::Plain.effect(),
                mend: "write the key once",
            },
            Self::CaseChanged => Notes {
                name: "case-changed",
                cause: "a form, a script or autocorrection changed the case of letters",
                effect: Wire::Plain.effect(),
                mend: "copy the key again where case is kept",
            },
            Self::Base64 => Notes {
                name: "base64",
                cause: "the value was encoded once more than it is decoded, as with `data` and `stringData` of a Kubernetes Secret",
                effect: Wire::Plain.effect(),
                mend: "store the key itself, not encoded",
            },
            Self::Hex => Notes {
                name: "hex",
                cause: "the bytes were written as hex, and nothing decodes them",
                effect: Wire::Plain.effect(),
                mend: "store the key itself, not encoded",
            },
            Self::PercentEncoded => Notes {
                name: "percent-encoded",
                cause: "the key was taken out of a URL or a form without decoding it",
                effect: Wire::Plain.effect(),
                mend: "store the key decoded",
            },
            Self::JsonEscaped => Notes {
                name: "json-escaped",
                cause: "the key was cut out of a JSON text without decoding the string",
                effect: Wire::Plain.effect(),
                mend: "extract the member with a JSON parser, such as `jq -j`",
            },
            Self::BracketedPaste => BRACKETED_PASTE,
            Self::TerminalEscapes => TERMINAL_ESCAPES,
            Self::Base64Url => BASE64_URL,
            Self::Utf16 => UTF_16,
            Self::HtmlEntities => HTML_ENTITIES,
            Self::BackslashEscaped => BACKSLASH_ESCAPED,
            Self::PropertiesEscaped => PROPERTIES_ESCAPED,
            Self::Base32 => BASE_32,
            Self::ByteList => BYTE_LIST,
            Self::Compressed => COMPRESSED,
            Self::TypographicCharacters => TYPOGRAPHIC_CHARACTERS,
            Self::WhitespaceInside => WHITESPACE_INSIDE,
            Self::WhitespaceLost => WHITESPACE_LOST,
            Self::VariableInterpolation => VARIABLE_INTERPOLATION,
            Self::SystemdSpecifiers => SYSTEMD_SPECIFIERS,
            Self::NumberNotation => NUMBER_NOTATION,
            Self::CharacterMissing => Notes {
                name: "character-missing",
                cause: "a character was lost in typing or editing",
                effect: Wire::Plain.effect(),
                mend: "copy the key again instead of typing it",
            },
            Self::CharacterAdded => Notes {
                name: "character-added",
                cause: "a character slipped in while typing or editing",
                effect: Wire::Plain.effect(),
                mend: "copy the key again instead of typing it",
            },
            Self::CharacterChanged => Notes {
                name: "character-changed",
                cause: "a character was misread or mistyped, such as `0` for `O`",
                effect: Wire::Plain.effect(),
                mend: "copy the key again instead of typing it",
            },
            Self::CharactersSwapped => Notes {
                name: "characters-swapped",
                cause: "two characters were typed in the wrong order",
                effect: Wire::Plain.effect(),
                mend: "copy the key again instead of typing it",
            },
            Self::InsideJson => Notes {
                name: "inside-json",
                cause: "a whole JSON secret was injected because no member of it was named",
                effect: Wire::Plain.effect(),
                mend: "name the member that holds the key where the secret is injected, or store the key alone",
            },
            Self::InsideUrl => Notes {
                name: "inside-url",
                cause: "a whole URL, such as a DSN, was given where the key alone is expected",
                effect: Wire::Plain.effect(),
                mend: "give the part of the URL that is the key",
            },
            Self::InsideList => Notes {
                name: "inside-list",
                cause: "several keys were given, as for a program that accepts two during a rotation",
                effect: Wire::Plain.effect(),
                mend: "give the current key alone",
            },
            Self::InlineComment => Notes {
                name: "inline-comment",
                cause: "a comment on the same line was kept, as docker's --env-file and systemd do",
                effect: Wire::Plain.effect(),
                mend: "move the comment to a line of its own",
            },
            Self::Bracketed => Notes {
                name: "bracketed",
                cause: "the key was pasted between the brackets of a placeholder, such as `<…>` or `${…}`",
                effect: Wire::Plain.effect(),
                mend: "remove the brackets around the key",
            },
            Self::Surrounded => Notes {
                name: "surrounded",
                cause: "a larger text was given, such as a whole file, where the key alone is expected",
                effect: Wire::Plain.effect(),
                mend: "give the key alone",
            },
        }
    }
}

// The kinds that change what stands in a key, rather than around it.

const BRACKETED_PASTE: Notes = Notes {
    name: "bracketed-paste",
    cause: "a program read from a terminal without knowing that pasted text is put in brackets (`ESC[200~`, `ESC[201~`)",
    effect: Wire::Control.effect(),
    mend: "remove what the terminal put around the key, or set it from a file or a pipe",
};
const TERMINAL_ESCAPES: Notes = Notes {
    name: "terminal-escapes",
    cause: "the coloured output of a program, such as `grep --color=always`, was stored",
    effect: Wire::Control.effect(),
    mend: "write it again without colours (`--color=never`, `NO_COLOR=1`)",
};
const BASE64_URL: Notes = Notes {
    name: "base64url",
    cause: "the value was encoded for a URL or a token, and nothing decodes it",
    effect: Wire::Plain.effect(),
    mend: "store the key itself, not encoded",
};
const UTF_16: Notes = Notes {
    name: "utf-16",
    cause: "the file was saved as \"Unicode\" (UTF-16), as Notepad and `>` of Windows PowerShell do",
    effect: Wire::Zero.effect(),
    mend: "save the file as UTF-8 without BOM (`Out-File -Encoding ascii`, `iconv -f UTF-16 -t UTF-8`)",
};
const HTML_ENTITIES: Notes = Notes {
    name: "html-entities",
    cause: "a template or a web form escaped the key for HTML, or it was copied from a page's source",
    effect: Wire::Plain.effect(),
    mend: "store the key itself, and render it without HTML escaping",
};
const BACKSLASH_ESCAPED: Notes = Notes {
    name: "backslash-escaped",
    cause: "a chat or an editor for Markdown put backslashes before `_` and other characters, or a word quoted for a shell was taken as it is",
    effect: Wire::Plain.effect(),
    mend: "remove the backslashes that do not belong to the key",
};
const PROPERTIES_ESCAPED: Notes = Notes {
    name: "properties-escaped",
    cause: "the key was cut out of a Java properties file, which writes `=`, `:`, `#` and `!` with a backslash",
    effect: Wire::Plain.effect(),
    mend: "remove the backslashes that do not belong to the key",
};
const BASE_32: Notes = Notes {
    name: "base32",
    cause: "the value was encoded for where case does not count, such as a DNS name or a one-time password, and nothing decodes it",
    effect: Wire::Plain.effect(),
    mend: "store the key itself, not encoded",
};
const BYTE_LIST: Notes = Notes {
    name: "byte-list",
    cause: "a buffer was written where a text belongs, as JSON writers do with bytes (`[97, 115, …]`)",
    effect: Wire::Plain.effect(),
    mend: "decode the bytes to a text before they are written",
};
const COMPRESSED: Notes = Notes {
    name: "compressed",
    cause: "the value was packed with gzip or zlib before it was stored, and nothing unpacks it",
    effect: Wire::Plain.effect(),
    mend: "store the key itself, not packed",
};
const TYPOGRAPHIC_CHARACTERS: Notes = Notes {
    name: "typographic-characters",
    cause: "a word processor, wiki or chat turned hyphens, quotes or dots into typographic ones",
    effect: Wire::NotAscii.effect(),
    mend: "copy the key from the dashboard again",
};
const WHITESPACE_INSIDE: Notes = Notes {
    name: "whitespace-inside",
    cause: "the key was wrapped over lines, or copied from where blanks or invisible characters break it up",
    effect: "with a line break in it no event leaves the process, with anything else it is refused",
    mend: "write the key in one piece",
};
const WHITESPACE_LOST: Notes = Notes {
    name: "whitespace-lost",
    cause: "blanks or line breaks that belong to the key were removed, joined or turned into others, as an unquoted variable in a shell does",
    effect: Wire::Plain.effect(),
    mend: "write the key with its own blanks, and quote it wherever it passes through a shell",
};
const VARIABLE_INTERPOLATION: Notes = Notes {
    name: "variable-interpolation",
    cause: "a `$` in the key was taken for a variable's by a shell, dotenv or Compose, or was doubled where nothing halves it",
    effect: Wire::Plain.effect(),
    mend: "write the key in single quotes, or each `$` as its reader wants it (`$$` in Compose, `\\$` in a shell)",
};
const SYSTEMD_SPECIFIERS: Notes = Notes {
    name: "systemd-specifiers",
    cause: "a `%` in the key was taken for a specifier by a unit's `Environment=`, or was doubled where nothing halves it",
    effect: Wire::Plain.effect(),
    mend: "write each `%` as `%%` in a unit's `Environment=`, and once in an `EnvironmentFile=`",
};
const NUMBER_NOTATION: Notes = Notes {
    name: "number-notation",
    cause: "a key of digits was taken for a number by Helm, YAML, JSON or a spreadsheet, and written as one",
    effect: Wire::Plain.effect(),
    mend: "quote the key wherever it is written (`\"…\"` in YAML, `helm --set-string`, a text column)",
};
