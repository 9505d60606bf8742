//! How programs write a number that a key of digits was taken for.

use zeroize::Zeroizing;

/// Longer ones are no numbers to anybody.
const MOST_DIGITS: usize = 40;
/// With fewer digits left, too many keys would look the same.
const FEWEST: usize = 15;

/// Whether all of it are digits.
pub(super) fn is_one(key: &[u8]) -> bool {
    key.len() <= MOST_DIGITS && key.iter().all(u8::is_ascii_digit)
}

/// Every spelling that still tells which key it was.
pub(super) fn spellings(key: &[u8], mut add: impl FnMut(Zeroizing<Vec<u8>>)) {
    let Some(digits) = is_one(key).then(|| std::str::from_utf8(key).ok()).flatten() else {
        return;
    };
    let number = digits.trim_start_matches('0');
    if number.is_empty() {
        return;
    }
    write(&[number], &mut add);
    write(&[number, ".0"], &mut add);
    write(&[number, "."], &mut add);
    write(&[number, ".00"], &mut add);
    octal(digits, &mut add);
    for sign in ["_", ",", ".", " ", "'", "\u{a0}", "\u{202f}"] {
        grouped(number, sign, &mut add);
    }
    for kept in significant(number) {
        with_exponent(&kept, number.len(), &mut add);
        let zeros = Zeroizing::new("0".repeat(number.len().saturating_sub(kept.len())));
        write(&[&kept, &zeros], &mut add);
        write(&[&kept, &zeros, ".0"], &mut add);
    }
    // What is nearest to it among the numbers that have 53 bits, in full.
    if let Ok(value) = number.parse::<f64>() {
        let whole = Zeroizing::new(format!("{value:.0}"));
        write(&[&whole], &mut add);
        write(&[&whole, ".0"], &mut add);
    }
}

fn write(parts: &[&str], add: &mut impl FnMut(Zeroizing<Vec<u8>>)) {
    let length = parts.iter().map(|part| part.len()).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    for part in parts {
        bytes.extend_from_slice(part.as_bytes());
    }
    add(bytes);
}

/// What YAML 1.1 and C make of a number that starts with a zero.
fn octal(digits: &str, add: &mut impl FnMut(Zeroizing<Vec<u8>>)) {
    if digits.starts_with('0')
        && let Ok(value) = u128::from_str_radix(digits, 8)
    {
        let decimal = Zeroizing::new(value.to_string());
        write(&[&decimal], add);
    }
}

/// In groups of three.
fn grouped(number: &str, sign: &str, add: &mut impl FnMut(Zeroizing<Vec<u8>>)) {
    let mut bytes = Zeroizing::new(Vec::with_capacity(number.len() * 2));
    for (index, digit) in number.bytes().enumerate() {
        if index > 0 && (number.len() - index).is_multiple_of(3) {
            bytes.extend_from_slice(sign.as_bytes());
        }
        bytes.push(digit);
    }
    add(bytes);
}

/// The digits that are left of it, without zeros at the end: all of them, those of a double as most
/// programs and as C writes it, and the 15 that spreadsheets keep, cut and rounded.
fn significant(number: &str) -> Vec<Zeroizing<String>> {
    let mut found: Vec<Zeroizing<String>> = Vec::new();
    let mut keep = |digits: Zeroizing<String>| {
        let length = digits.trim_end_matches('0').len();
        let told = digits.get(..length).unwrap_or_default();
        let exact = number.trim_end_matches('0') == told;
        if (exact || digits.len() >= FEWEST) && !found.iter().any(|other| **other == told) {
            let mut kept = Zeroizing::new(String::with_capacity(length));
            kept.push_str(told);
            found.push(kept);
        }
    };
    let mut all = Zeroizing::new(String::with_capacity(number.len()));
    all.push_str(number);
    keep(all);
    if number.len() > FEWEST {
        let mut cut = Zeroizing::new(String::with_capacity(FEWEST));
        cut.push_str(number.get(..FEWEST).unwrap_or_default());
        keep(cut);
    }
    if let Ok(value) = number.parse::<f64>() {
        for written in [
            format!("{value:e}"),
            format!("{value:.16e}"),
            format!("{value:.14e}"),
        ] {
            let written = Zeroizing::new(written);
            let mantissa = written.split('e').next().unwrap_or_default();
            let mut digits = Zeroizing::new(String::with_capacity(mantissa.len()));
            digits.extend(mantissa.chars().filter(char::is_ascii_digit));
            // A number that rounds up to the next power of ten has an exponent of its own.
            let same_power = written.ends_with(&format!("e{}", number.len() - 1));
            if same_power && (digits.len() >= FEWEST || number.len() < FEWEST) {
                keep(digits);
            }
        }
    }
    found
}

/// As Go, C, JavaScript, Python and spreadsheets write exponents.
fn with_exponent(kept: &str, places: usize, add: &mut impl FnMut(Zeroizing<Vec<u8>>)) {
    let Some((first, rest)) = kept.split_at_checked(1) else {
        return;
    };
    let exponent = places - 1;
    for sign in ["e+", "e", "E+", "E"] {
        for padded in [format!("{exponent}"), format!("{exponent:02}")] {
            if rest.is_empty() {
                write(&[first, sign, &padded], add);
                write(&[first, ".0", sign, &padded], add);
            } else {
                write(&[first, ".", rest, sign, &padded], add);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(key: &str) -> Vec<String> {
        let mut found = Vec::new();
        spellings(key.as_bytes(), |bytes| {
            found.push(String::from_utf8(bytes.to_vec()).unwrap());
        });
        found
    }

    #[test]
    fn numbers_are_spelled_as_programs_write_them() {
        for (key, spellings) in [
            (
                "123456789012",
                &[
                    "1.23456789012e+11",
                    "1.23456789012e11",
                    "1.23456789012E+11",
                    "123456789012.0",
                    "123_456_789_012",
                    "123,456,789,012",
                ][..],
            ),
            (
                "10000000",
                &["1e+07", "1e7", "1.0E7", "1E+07", "10_000_000"],
            ),
            (
                "00123456789",
                &["123456789", "1.23456789e+08", "123456789.0"],
            ),
            ("01234567", &["342391", "1234567"]),
            (
                "12345678901234567890",
                &[
                    "12345678901234567000",
                    "12345678901234567168",
                    "1.2345678901234567e+19",
                    "1.23456789012346E+19",
                    "1.23456789012345E+19",
                    "12345678901234500000",
                ],
            ),
        ] {
            let found = all(key);
            for spelling in spellings {
                assert!(
                    found.iter().any(|found| found == spelling),
                    "{key}: {spelling} in {found:?}"
                );
            }
        }
    }

    #[test]
    fn too_few_digits_to_tell_which_key_it_was_are_no_spelling() {
        for key in ["123456789012", "12345678901234567890"] {
            assert!(!all(key).iter().any(|found| found.starts_with("1.23457")));
        }
        assert!(all("ask_live_1").is_empty() && all("00000000").is_empty());
    }
}
