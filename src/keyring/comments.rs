//! Lines that a sign at their start takes out of a text, or marks: a key of several lines that somebody commented
//! out, quoted in a mail or left in a diff is whole again without the signs.

use zeroize::Zeroizing;

const SIGNS: [&[u8]; 8] = [b"#", b"//", b"--", b";", b">", b"+", b"-", b"*"];

/// The lines of each sign without it and without the blanks around it, where there are two or more; and the same
/// where another sign stands behind it, as in a quotation that was commented out.
pub(super) fn uncommented(text: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut all = without_signs(text);
    for index in 0..all.len() {
        let behind = without_signs(&all[index]);
        all.extend(behind);
    }
    all
}

fn without_signs(text: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let lines = || {
        text.split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii_start)
    };
    let is_marked = |line: &[u8]| SIGNS.iter().any(|sign| line.starts_with(sign));
    if lines().filter(|line| is_marked(line)).take(2).count() < 2 {
        return Vec::new();
    }
    let of = |sign: &&[u8]| {
        let rest = lines().filter_map(|line| line.strip_prefix(*sign));
        if rest.clone().take(2).count() < 2 {
            return None;
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() + 1));
        for line in rest {
            let mut line = line.trim_ascii_start();
            // Commented out once more. A dash may be the key's own.
            while let Some(rest) = line.strip_prefix(*sign).filter(|_| !sign.starts_with(b"-")) {
                line = rest.trim_ascii_start();
            }
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        Some(bytes)
    };
    SIGNS.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_is_taken_off_where_several_lines_have_it() {
        for (text, expected) in [
            ("#A=1\n#B=2", &["A=1\nB=2\n"][..]),
            ("  # A\nC\n  #  B\n", &["A\nB\n"]),
            ("// A\n// B", &["A\nB\n"]),
            ("## A\n# # B", &["A\nB\n"]),
            ("#--A--\n#B", &["--A--\nB\n"]),
            ("-A\n-B\n+C\n+D", &["C\nD\n", "A\nB\n"]),
            ("# > A\n# > B", &["> A\n> B\n", "A\nB\n"]),
            ("// # A\n// # B", &["# A\n# B\n", "A\nB\n"]),
            ("#A\nB", &[]),
            ("A\nB", &[]),
        ] {
            let found = uncommented(text.as_bytes());
            let found: Vec<_> = found
                .iter()
                .map(|one| str::from_utf8(one).unwrap())
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
