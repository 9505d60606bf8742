//! What people make up where they need a long password: it looks like a key, and is tried first.

use std::ops::Range;

use zeroize::Zeroizing;

/// So long is what is no repetition of something shorter.
const UNIT: usize = 16;
/// How many characters may stand around repetitions.
const AROUND: usize = 6;
/// The keys of a keyboard, row by row, each row beginning half a key further right.
const ROWS: [&[u8]; 4] = [b"1234567890", b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];
/// The longest account number of a bank, and the shortest one.
const LONGEST_IBAN: usize = 34;
const SHORTEST_IBAN: usize = 15;

/// Whether a word was made of a short one by repeating it, by walking over the keyboard or the alphabet, or is the
/// number of a bank account. Signs between and case make no difference.
pub(super) fn is_guessable(word: &[u8]) -> bool {
    let bare = word.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let bare: Vec<u8> = bare.map(u8::to_ascii_lowercase).collect();
    let bare = Zeroizing::new(bare);
    is_repeated(&bare) || is_walk(&bare) || is_iban(word)
}

/// Whether all of a text but a few characters around are copies of something short.
fn is_repeated(text: &[u8]) -> bool {
    (1..UNIT.min(text.len() / 2 + 1)).any(|length| {
        let same = text
            .iter()
            .zip(&text[length..])
            .map(|(one, other)| one == other);
        let (mut run, mut longest) = (0, 0);
        for same in same {
            run = if same { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        let copies = longest + length;
        let is_most = text.len() - copies <= AROUND && copies * 3 >= text.len() * 2;
        longest >= length && is_most
    })
}

/// What a text is nothing but copies of, if that has at least so many characters.
pub(super) fn copied(text: &[u8], shortest: usize) -> Option<Range<usize>> {
    let mut lengths = shortest..=text.len() / 2;
    let is_unit = |length: &usize| text[*length..] == text[..text.len() - length];
    lengths.find(is_unit).map(|length| 0..length)
}

/// Whether most of its characters lie side by side on the keyboard or follow each other.
fn is_walk(word: &[u8]) -> bool {
    let places: Vec<_> = word.iter().map(place).collect();
    let pairs = word.windows(2).zip(places.windows(2));
    let steps = pairs.filter(|(signs, places)| {
        let follows = signs[0].abs_diff(signs[1]) <= 1;
        let beside = match places {
            [Some((row, at)), Some((other, next))] => {
                row.abs_diff(*other) <= 1 && at.abs_diff(*next) <= 1
            }
            _ => false,
        };
        follows || beside
    });
    word.len() > 1 && steps.count() * 4 >= (word.len() - 1) * 3
}

fn place(byte: &u8) -> Option<(usize, usize)> {
    let mut rows = ROWS.iter().enumerate();
    rows.find_map(|(row, keys)| Some((row, keys.iter().position(|key| key == byte)?)))
}

/// Whether it is the number of a bank account, which has a check sum.
fn is_iban(word: &[u8]) -> bool {
    let (Some((country, rest)), SHORTEST_IBAN..=LONGEST_IBAN) =
        (word.split_at_checked(2), word.len())
    else {
        return false;
    };
    let is_sign = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    let (check, account) = rest.split_at(2);
    let turned = account.iter().chain(country).chain(check);
    let remainder = turned.fold(0_u32, |remainder, &byte| match byte {
        b'0'..=b'9' => (remainder * 10 + u32::from(byte - b'0')) % 97,
        _ => (remainder * 100 + u32::from(byte.wrapping_sub(b'A')) + 10) % 97,
    });
    country.iter().all(u8::is_ascii_uppercase)
        && check.iter().all(u8::is_ascii_digit)
        && account.iter().all(is_sign)
        && remainder == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_make_up_is_told_from_keys() {
        for word in [
            "1q2w3e4r5t6y7u8i",
            "1qaz2wsx3edc4rfv",
            "1QAZ2wsx-3EDC4rfv",
            "qwertyuiop123456",
            "r00tr00tr00tr00t",
            "S3cr3tS3cr3tS3cr3t",
            "P4ssw0rdP4ssw0rd1",
            "P4ssw0rd-p4ssw0rd",
            "xP4ssw0rdP4ssw0rd",
            "Abc123Abc123Abc123",
            "1234abcd1234abcd",
            "1234abcd",
            "p0stgr3sp0stgr3s",
            "0123456789abcdef",
            "DE89370400440532013000",
            "GB82WEST12345698765432",
            "FR1420041010050500013M02606",
            "MT84MALT011000012345MTLCAST001S",
        ] {
            assert!(is_guessable(word.as_bytes()), "{word}");
        }
        for word in [
            "",
            "a",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "9b2d1c3e-77aa-4f10-9d2e-0a23b5c789ab",
            "AKIA5XQ7ZB2N4JW8M3TD",
            "4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua",
            "4Vq8ZkT2mWc7RbX14Vq8ZkT2mWc7RbX1",
            "q8ad7v2mz1kx05tr9wye6bnu3hjc4p",
            "DE89370400440532013001",
        ] {
            assert!(!is_guessable(word.as_bytes()), "{word}");
        }
    }
}
