//! Single signs that a text processor replaces or puts a backslash before.

use zeroize::Zeroizing;

use super::damage::Damage;

/// Which signs a writer puts a backslash before. Each set holds the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Backslashes {
    /// `_` alone.
    Underscores,
    /// What means emphasis in Markdown.
    Emphasis,
    /// What means anything in Markdown.
    Markdown,
    /// Every sign, as careful writers and shells do.
    Every,
}

impl Backslashes {
    fn escapes(self, byte: u8) -> bool {
        match self {
            Self::Underscores => byte == b'_',
            Self::Emphasis => b"_*`~".contains(&byte),
            Self::Markdown => b"_*`~\\[]()#+-.!|<>{}".contains(&byte),
            Self::Every => byte.is_ascii_punctuation(),
        }
    }

    fn smaller(self) -> Option<Self> {
        match self {
            Self::Underscores => None,
            Self::Emphasis => Some(Self::Underscores),
            Self::Markdown => Some(Self::Emphasis),
            Self::Every => Some(Self::Markdown),
        }
    }

    /// Writes after `out`. `false` when a smaller set, or none, gives the same, and where a backslash
    /// of the key's own would be taken for one that was put in.
    pub(super) fn write(self, bytes: &[u8], out: &mut Zeroizing<Vec<u8>>) -> bool {
        if !self.escapes(b'\\') && bytes.contains(&b'\\') {
            return false;
        }
        let smaller = |byte| self.smaller().is_some_and(|set| set.escapes(byte));
        let is_new = bytes
            .iter()
            .any(|&byte| self.escapes(byte) && !smaller(byte));
        // What only a properties file would escape is named after that.
        let is_other = bytes
            .iter()
            .any(|&byte| self.escapes(byte) && !is_properties(byte) && byte != b'\\');
        let is_plain = !bytes.iter().any(|&byte| is_properties(byte));
        is_new && (is_other || is_plain) && {
            write_escaped(bytes, |byte| self.escapes(byte), out);
            true
        }
    }
}

/// Whether a Java properties file escapes this byte within a value.
fn is_properties(byte: u8) -> bool {
    b"=:#!".contains(&byte)
}

/// Writes after `out` as a Java properties file does. `false` when nothing had to be escaped.
pub(super) fn write_properties(bytes: &[u8], out: &mut Zeroizing<Vec<u8>>) -> bool {
    bytes.iter().any(|&byte| is_properties(byte)) && {
        write_escaped(bytes, |byte| is_properties(byte) || byte == b'\\', out);
        true
    }
}

fn write_escaped(bytes: &[u8], escapes: impl Fn(u8) -> bool, out: &mut Zeroizing<Vec<u8>>) {
    for &byte in bytes {
        if escapes(byte) {
            out.push(b'\\');
        }
        out.push(byte);
    }
}

/// Takes the backslash from before every sign and blank, and says which writer that looks like.
pub(super) fn read_backslashes(text: &[u8]) -> Option<(Damage, Zeroizing<Vec<u8>>)> {
    if !text.contains(&b'\\') {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let (mut found, mut properties, mut own) = (false, true, false);
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match tail.split_first() {
            Some((&sign, tail))
                if first == b'\\' && (sign.is_ascii_punctuation() || sign == b' ') =>
            {
                found = true;
                properties &= is_properties(sign) || sign == b'\\' || sign == b' ';
                own |= is_properties(sign);
                bytes.push(sign);
                rest = tail;
            }
            _ => bytes.push(first),
        }
    }
    let damage = if properties && own {
        Damage::PropertiesEscaped
    } else {
        Damage::BackslashEscaped
    };
    found.then_some((damage, bytes))
}

/// The dashes that stand in for a hyphen.
const DASHES: [char; 8] = [
    '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2015}', '\u{2212}', '\u{fe63}',
];
/// How typographic text is written, each with one kind of dash.
pub(super) const TYPOGRAPHIES: usize = DASHES.len() + 2;

/// Writes after `out` with typographic signs: one kind of dash for every hyphen, or an en or em dash
/// for two of them, and typographic quotes and ellipses. `false` when nothing changes.
pub(super) fn write_typographic(text: &str, style: usize, out: &mut Zeroizing<Vec<u8>>) -> bool {
    let (hyphen, two) = match (DASHES.get(style), style - style.min(DASHES.len())) {
        (Some(dash), _) => (*dash, None),
        (None, 0) => ('-', Some('\u{2013}')),
        (None, _) => ('-', Some('\u{2014}')),
    };
    // What has no hyphens is the same in every style.
    if style > 0 && !text.contains(if two.is_some() { "--" } else { "-" }) {
        return false;
    }
    let mut changed = false;
    let mut rest = text;
    let mut before = None;
    while let Some(plain) = rest.chars().next() {
        let opens = before.is_none_or(|before: char| " ([{-".contains(before));
        let (sign, len) = match plain {
            '-' if two.is_some() && rest.starts_with("--") => (two.unwrap_or(plain), 2),
            '-' => (hyphen, 1),
            '.' if rest.starts_with("...") => ('…', 3),
            '\'' if opens => ('‘', 1),
            '\'' => ('’', 1),
            '"' if opens => ('“', 1),
            '"' => ('”', 1),
            _ => (plain, plain.len_utf8()),
        };
        changed |= sign != plain;
        out.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes());
        before = Some(plain);
        rest = rest.get(len..).unwrap_or_default();
    }
    changed
}

/// What typographic text may have been in plain signs: an en or em dash stands for one hyphen or two.
pub(super) fn read_typographic(text: &[u8]) -> [Option<Zeroizing<Vec<u8>>>; 2] {
    let Ok(text) = std::str::from_utf8(text) else {
        return [None, None];
    };
    if text.is_ascii() {
        return [None, None];
    }
    let plain = |long: &str| {
        let mut changed = false;
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
        for character in text.chars() {
            let plain = match character {
                '\u{2013}' | '\u{2014}' => long,
                dash if DASHES.contains(&dash) => "-",
                '‘' | '’' | '‚' | '‛' | '′' => "'",
                '“' | '”' | '„' | '‟' | '″' => "\"",
                '…' => "...",
                '\u{2044}' | '\u{2215}' => "/",
                _ => {
                    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    continue;
                }
            };
            changed = true;
            bytes.extend_from_slice(plain.as_bytes());
        }
        changed.then_some(bytes)
    };
    let two = text.contains(['\u{2013}', '\u{2014}']);
    [plain("-"), two.then(|| plain("--")).flatten()]
}
