//! JSON as .NET, VS Code and others read it: a byte order mark, comments and commas too many are
//! passed over.

use zeroize::Zeroizing;

const MARK: &[u8] = "\u{feff}".as_bytes();

/// The text behind a byte order mark, which most readers pass over.
pub(super) fn unmarked(text: &[u8]) -> &[u8] {
    text.strip_prefix(MARK).unwrap_or(text)
}

/// The same text with blanks for comments and for commas before a closing bracket, so that every
/// place in it stays where it was; `None` where there is nothing of that.
pub(super) fn strict(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut strict = Zeroizing::new(text.to_vec());
    let mut changed = false;
    let mut comma = None;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let end = match (byte, text.get(at + 1)) {
            (b'"', _) => {
                comma = None;
                at = string_end(text, at);
                continue;
            }
            (b'/', Some(b'/')) => text[at..]
                .iter()
                .position(|&byte| byte == b'\n')
                .map_or(text.len(), |len| at + len),
            (b'/', Some(b'*')) => text[at + 2..]
                .windows(2)
                .position(|pair| pair == b"*/")
                .map_or(text.len(), |len| at + 2 + len + 2),
            _ => at,
        };
        if end > at {
            for byte in strict
                .iter_mut()
                .take(end)
                .skip(at)
                .filter(|byte| **byte != b'\n')
            {
                *byte = b' ';
            }
            changed = true;
            at = end;
            continue;
        }
        match byte {
            b',' => comma = Some(at),
            b'}' | b']' => {
                if let Some(byte) = comma.take().and_then(|comma: usize| strict.get_mut(comma)) {
                    *byte = b' ';
                    changed = true;
                }
            }
            byte if !byte.is_ascii_whitespace() => comma = None,
            _ => {}
        }
        at += 1;
    }
    changed.then_some(strict)
}

/// Where a string ends that starts here.
fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_commas_too_many_become_blanks() {
        for (text, expected) in [
            ("{\"a\": \"x\", } // end", Some("{\"a\": \"x\"  }       ")),
            ("[1, /* two\n */ 2]", Some("[1,       \n    2]")),
            ("[1,\n]", Some("[1 \n]")),
            ("{\"a//b\": \"/* c */,]\"}", None),
            ("{\"a\\\"//\": 1}", None),
            ("[1, 2]", None),
            ("/* open", Some("       ")),
        ] {
            let found =
                strict(text.as_bytes()).map(|text| String::from_utf8(text.to_vec()).unwrap());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
