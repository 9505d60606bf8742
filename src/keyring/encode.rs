use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};
use zeroize::Zeroizing;

use super::damage::Damage;
use super::html::{self, Html};
use super::signs::{self, Backslashes, TYPOGRAPHIES};
use super::utf16::Utf16;

/// One way of writing a key in other characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Base64 {
        url: bool,
        padded: bool,
    },
    /// With a line end after so many characters, as `base64` and `openssl base64` do.
    WrappedBase64 {
        columns: usize,
        crlf: bool,
    },
    Hex {
        upper: bool,
    },
    Percent(Percent),
    Json(Json),
    Utf16(Utf16),
    Html(Html),
    Backslashes(Backslashes),
    Properties,
    /// By the kind of dash.
    Typographic(usize),
}

/// What percent-encoding leaves as it is, which differs by where it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Percent {
    /// Unreserved characters of RFC 3986.
    Strict,
    /// The same with lower-case digits.
    StrictLower,
    /// JavaScript's `encodeURIComponent`.
    Component,
    /// Unreserved characters and the slash.
    Path,
    /// A form's: a space becomes `+`.
    Form,
}

/// What a JSON writer escapes besides what it must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Json {
    /// Nothing.
    Least,
    /// Everything outside ASCII.
    Ascii,
    /// The slash and everything outside ASCII.
    Slash,
    /// `<`, `>` and `&`.
    Html,
}

impl Encoding {
    /// Those that write every byte, or those that mean something, anew.
    pub(super) const ALPHABETS: [Self; 19] = [
        Self::Base64 {
            url: false,
            padded: true,
        },
        Self::Base64 {
            url: false,
            padded: false,
        },
        Self::Base64 {
            url: true,
            padded: true,
        },
        Self::Base64 {
            url: true,
            padded: false,
        },
        Self::WrappedBase64 {
            columns: 76,
            crlf: false,
        },
        Self::WrappedBase64 {
            columns: 76,
            crlf: true,
        },
        Self::WrappedBase64 {
            columns: 64,
            crlf: false,
        },
        Self::WrappedBase64 {
            columns: 64,
            crlf: true,
        },
        Self::Hex { upper: false },
        Self::Hex { upper: true },
        Self::Percent(Percent::Strict),
        Self::Percent(Percent::StrictLower),
        Self::Percent(Percent::Component),
        Self::Percent(Percent::Path),
        Self::Percent(Percent::Form),
        Self::Json(Json::Least),
        Self::Json(Json::Ascii),
        Self::Json(Json::Slash),
        Self::Json(Json::Html),
    ];

    /// Those that are searched.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let orders = [(false, true), (false, false), (true, true), (true, false)];
        let html = [
            Html::Decimal,
            Html::Hexadecimal,
            Html::Xml,
            Html::Careful,
            Html::AllDecimal,
            Html::AllHexadecimal,
            Html::AllHexadecimalUpper,
        ];
        let backslashes = [
            Backslashes::Underscores,
            Backslashes::Emphasis,
            Backslashes::Markdown,
            Backslashes::Every,
        ];
        Self::ALPHABETS
            .into_iter()
            .chain(orders.map(|(big, mark)| Self::Utf16(Utf16 { big, mark })))
            .chain(html.map(Self::Html))
            .chain(backslashes.map(Self::Backslashes))
            .chain([Self::Properties])
            .chain((0..TYPOGRAPHIES).map(Self::Typographic))
    }

    /// The most bytes that one byte becomes, line ends included.
    pub(super) const MOST: usize = 6;

    pub(super) fn damage(self) -> Damage {
        match self {
            Self::Base64 { url: false, .. } | Self::WrappedBase64 { .. } => Damage::Base64,
            Self::Base64 { url: true, .. } => Damage::Base64Url,
            Self::Hex { .. } => Damage::Hex,
            Self::Percent(_) => Damage::PercentEncoded,
            Self::Json(_) => Damage::JsonEscaped,
            Self::Utf16(_) => Damage::Utf16,
            Self::Html(_) => Damage::HtmlEntities,
            Self::Backslashes(_) => Damage::BackslashEscaped,
            Self::Properties => Damage::PropertiesEscaped,
            Self::Typographic(_) => Damage::TypographicCharacters,
        }
    }

    /// Writes the encoded bytes over `out`, which must have room for [`Self::MOST`] times as many so
    /// that it never moves. `false` when they cannot be written so, or when nothing would change.
    pub(super) fn write(self, bytes: &[u8], out: &mut Zeroizing<Vec<u8>>) -> bool {
        out.clear();
        match self {
            Self::Base64 { url, padded } => {
                let encoding = match (url, padded) {
                    (false, true) => &BASE64,
                    (false, false) => &BASE64_NOPAD,
                    (true, true) => &BASE64URL,
                    (true, false) => &BASE64URL_NOPAD,
                };
                out.resize(encoding.encode_len(bytes.len()), 0);
                encoding.encode_mut(bytes, out);
                // Where the alphabets do not differ it is plain base64.
                !url || out.iter().any(|digit| b"-_".contains(digit))
            }
            Self::WrappedBase64 { columns, crlf } => write_wrapped(bytes, columns, crlf, out),
            Self::Hex { upper } => {
                for &byte in bytes {
                    out.extend(hex_digits(byte, upper));
                }
                true
            }
            Self::Percent(style) => write_percent(bytes, style, out),
            Self::Json(style) => {
                std::str::from_utf8(bytes).is_ok_and(|text| write_json(text, style, out))
            }
            Self::Utf16(style) => {
                std::str::from_utf8(bytes).is_ok_and(|text| style.write(text, out))
            }
            Self::Html(style) => html::write(bytes, style, out),
            Self::Backslashes(set) => set.write(bytes, out),
            Self::Properties => signs::write_properties(bytes, out),
            Self::Typographic(style) => std::str::from_utf8(bytes)
                .is_ok_and(|text| signs::write_typographic(text, style, out)),
        }
    }
}

fn hex_digits(byte: u8, upper: bool) -> [u8; 2] {
    let digits: &[u8; 16] = if upper {
        b"0123456789ABCDEF"
    } else {
        b"0123456789abcdef"
    };
    [byte >> 4, byte & 15].map(|nibble| digits[usize::from(nibble)])
}

/// Lines of whole groups of four characters, so each is the encoding of its own bytes.
fn write_wrapped(bytes: &[u8], columns: usize, crlf: bool, out: &mut Zeroizing<Vec<u8>>) -> bool {
    let per_line = columns / 4 * 3;
    if bytes.len() <= per_line {
        return false;
    }
    for (index, line) in bytes.chunks(per_line).enumerate() {
        if index > 0 {
            out.extend_from_slice(if crlf { b"\r\n" } else { b"\n" });
        }
        let start = out.len();
        out.resize(start + BASE64.encode_len(line.len()), 0);
        BASE64.encode_mut(line, &mut out[start..]);
    }
    true
}

fn write_percent(bytes: &[u8], style: Percent, out: &mut Zeroizing<Vec<u8>>) -> bool {
    let mut changed = false;
    for &byte in bytes {
        let kept = byte.is_ascii_alphanumeric()
            || match style {
                Percent::Strict | Percent::StrictLower => b"-._~".contains(&byte),
                Percent::Component => b"-._~!*'()".contains(&byte),
                Percent::Path => b"-._~/".contains(&byte),
                Percent::Form => b"-._*".contains(&byte),
            };
        changed |= !kept;
        if kept {
            out.push(byte);
        } else if style == Percent::Form && byte == b' ' {
            out.push(b'+');
        } else {
            out.push(b'%');
            out.extend(hex_digits(byte, style != Percent::StrictLower));
        }
    }
    changed
}

fn write_json(text: &str, style: Json, out: &mut Zeroizing<Vec<u8>>) -> bool {
    let mut changed = false;
    for character in text.chars() {
        let short = match character {
            '"' => Some(b'"'),
            '\\' => Some(b'\\'),
            '/' if style == Json::Slash => Some(b'/'),
            '\u{8}' => Some(b'b'),
            '\u{c}' => Some(b'f'),
            '\n' => Some(b'n'),
            '\r' => Some(b'r'),
            '\t' => Some(b't'),
            _ => None,
        };
        let spelled = match character {
            '\0'..='\u{1f}' => true,
            '<' | '>' | '&' => style == Json::Html,
            '\u{7f}'.. => matches!(style, Json::Ascii | Json::Slash) && character > '\u{7f}',
            _ => false,
        };
        changed |= short.is_some() || spelled;
        if let Some(short) = short {
            out.extend_from_slice(&[b'\\', short]);
        } else if spelled {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(b"\\u");
                out.extend(
                    unit.to_be_bytes()
                        .into_iter()
                        .flat_map(|byte| hex_digits(byte, false)),
                );
            }
        } else {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(encoding: Encoding, bytes: &[u8]) -> Option<String> {
        let mut out = Zeroizing::new(Vec::with_capacity(bytes.len() * Encoding::MOST));
        let before = out.as_ptr();
        let written = encoding.write(bytes, &mut out);
        assert_eq!(out.as_ptr(), before, "the buffer moved");
        written.then(|| String::from_utf8(out.to_vec()).unwrap())
    }

    #[test]
    fn base64_comes_in_every_alphabet_and_wrapped() {
        let bytes = b"\xfb\xff\xfe-key";
        let all: Vec<_> = Encoding::ALPHABETS[..8]
            .iter()
            .map(|&encoding| encoded(encoding, bytes))
            .collect();
        let one_line = ["+//+LWtleQ==", "+//+LWtleQ", "-__-LWtleQ==", "-__-LWtleQ"];
        assert_eq!(all[..4], one_line.map(|text| Some(text.to_owned())));
        assert_eq!(all[4..], [const { None }; 4]);
        let wrapped = encoded(Encoding::ALPHABETS[4], &[b'a'; 60]).unwrap();
        assert_eq!(wrapped, format!("{}\nYWFh", "YWFh".repeat(19)));
        let wrapped = encoded(Encoding::ALPHABETS[7], &[b'a'; 48 * 2]).unwrap();
        assert_eq!(wrapped, format!("{0}\r\n{0}", "YWFh".repeat(16)));
    }

    #[test]
    fn hex_comes_in_both_cases() {
        assert_eq!(
            encoded(Encoding::Hex { upper: false }, b"\x0aZ").unwrap(),
            "0a5a"
        );
        assert_eq!(
            encoded(Encoding::Hex { upper: true }, b"\xabZ").unwrap(),
            "AB5A"
        );
    }

    #[test]
    fn percent_encoding_differs_by_where_it_is_done() {
        let key = b"a b/c'~\n";
        for (style, expected) in [
            (Percent::Strict, "a%20b%2Fc%27~%0A"),
            (Percent::StrictLower, "a%20b%2fc%27~%0a"),
            (Percent::Component, "a%20b%2Fc'~%0A"),
            (Percent::Path, "a%20b/c%27~%0A"),
            (Percent::Form, "a+b%2Fc%27%7E%0A"),
        ] {
            assert_eq!(encoded(Encoding::Percent(style), key).unwrap(), expected);
        }
        assert_eq!(
            encoded(Encoding::Percent(Percent::Strict), b"ask_live_1"),
            None
        );
    }

    #[test]
    fn json_escapes_differ_by_writer() {
        let key = "a\"\\/<é😀\u{1}\n".as_bytes();
        for (style, expected) in [
            (Json::Least, r#"a\"\\/<é😀\u0001\n"#),
            (Json::Ascii, r#"a\"\\/<\u00e9\ud83d\ude00\u0001\n"#),
            (Json::Slash, r#"a\"\\\/<\u00e9\ud83d\ude00\u0001\n"#),
            (Json::Html, r#"a\"\\/\u003cé😀\u0001\n"#),
        ] {
            assert_eq!(encoded(Encoding::Json(style), key).unwrap(), expected);
        }
        assert_eq!(encoded(Encoding::Json(Json::Slash), b"ask_live_1"), None);
        assert_eq!(encoded(Encoding::Json(Json::Least), b"\xff\n"), None);
    }
}
