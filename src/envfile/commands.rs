//! Commands in values, which the dotenv of Ruby and that of Symfony run, and nothing here does.

use super::buffer::Buffer;

/// Without what stands for the output of commands, and whether there is any; and without the backslash before each
/// `$(…)` that has one, which keeps that from being a command.
pub(super) fn without_commands(value: &[u8]) -> (Buffer, bool) {
    let mut text = Buffer::with_capacity(value.len());
    let mut copied = 0;
    let mut runs = false;
    let pairs = match value.windows(2).any(|pair| pair == b"$(") {
        true => balanced(value),
        false => Vec::new(),
    };
    for (open, close) in pairs {
        let Some(dollar) = open.checked_sub(1).filter(|&at| value[at] == b'$') else {
            continue;
        };
        // Within another one.
        if dollar < copied {
            continue;
        }
        match value[copied..dollar].strip_suffix(b"\\") {
            Some(before) => {
                text.extend(before);
                text.extend(&value[dollar..=close]);
            }
            None => {
                text.extend(&value[copied..dollar]);
                runs = true;
            }
        }
        copied = close + 1;
    }
    text.extend(&value[copied..]);
    (text, runs)
}

/// The parentheses that something stands between, and so within them, in the order in which they open.
fn balanced(value: &[u8]) -> Vec<(usize, usize)> {
    let mut open: Vec<(usize, bool)> = Vec::new();
    let mut pairs = Vec::new();
    for (at, byte) in value.iter().enumerate() {
        match byte {
            b'(' => open.push((at, true)),
            b')' => {
                let Some((start, is_filled)) = open.pop() else {
                    continue;
                };
                if is_filled && at > start + 1 {
                    pairs.push((start, at));
                } else if let Some((_, is_filled)) = open.last_mut() {
                    *is_filled = false;
                }
            }
            _ => {}
        }
    }
    pairs.sort_unstable();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_stands_between_parentheses_that_match_and_hold_something() {
        for (value, rest, is_run) in [
            (&b"a$(b)c"[..], &b"ac"[..], true),
            (b"$(a $(b) (c))", b"", true),
            (b"\\$(b)$", b"$(b)$", false),
            (b"\\\\$(b)", b"\\$(b)", false),
            (b"$()", b"$()", false),
            (b"$(a()", b"$(a()", false),
            (b"$(a()$(b))", b"$(a())", true),
            (b"$(a", b"$(a", false),
            (b"(a)$)", b"(a)$)", false),
        ] {
            let (text, runs) = without_commands(value);
            assert_eq!((&*text, runs), (rest, is_run), "{}", value.escape_ascii());
        }
    }
}
