//! A variable that a command line sets itself: `env K=V …`, `gunicorn --env K=V`, `java -DK=V`,
//! `sh -c 'K=V node server.js'`.

/// The values that are given to a variable in arguments, as far as they stand there plainly, in their
/// order.
#[must_use]
pub fn assigned<'a>(arguments: impl Iterator<Item = &'a [u8]>, variable: &str) -> Vec<&'a [u8]> {
    let mut found = Vec::new();
    let mut before: &[u8] = b"";
    for argument in arguments {
        // `sh -c`, `bash -lc`.
        let is_script = before.len() > 1
            && before.starts_with(b"-")
            && !before.starts_with(b"--")
            && before.ends_with(b"c");
        match whole(argument, variable) {
            // What one argument sets is taken as it is, with all its spaces.
            Some(value) if !is_script => found.push(value),
            _ => found.extend(in_script(argument, variable)),
        }
        before = argument;
    }
    found.retain(|value| !value.is_empty());
    found
}

/// `K=V`, `-eK=V`, `-DK=V`, `--env=K=V`.
fn whole<'a>(argument: &'a [u8], variable: &str) -> Option<&'a [u8]> {
    let value = |text: &'a [u8]| text.strip_prefix(variable.as_bytes())?.strip_prefix(b"=");
    let Some(option) = argument.strip_prefix(b"-") else {
        return value(argument);
    };
    match option.strip_prefix(b"-") {
        Some(long) => {
            let at = long.iter().position(|&byte| byte == b'=')?;
            value(&long[at + 1..])
        }
        None => value(option.get(1..)?),
    }
}

/// Each assignment at the start of a word in a script.
fn in_script<'a>(script: &'a [u8], variable: &str) -> Vec<&'a [u8]> {
    let name = [variable.as_bytes(), b"="].concat();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = find(&script[at..], &name) {
        let start = at + next;
        at = start + name.len();
        let before = start.checked_sub(1).map(|before| script[before]);
        if before.is_none_or(|byte| b" \t\n;&|(".contains(&byte)) {
            found.extend(word(&script[at..]));
        }
    }
    found
}

/// A word of a shell, where it is plain.
fn word(text: &[u8]) -> Option<&[u8]> {
    let (quote, text) = match text.first() {
        Some(&quote @ (b'"' | b'\'')) => (Some(quote), &text[1..]),
        _ => (None, text),
    };
    let ends = |byte: &u8| match quote {
        Some(quote) => *byte == quote,
        None => b" \t\n;&|)".contains(byte),
    };
    let end = text.iter().position(ends);
    let value = match (quote, end) {
        (Some(_), None) => return None,
        (_, end) => &text[..end.unwrap_or(text.len())],
    };
    let is_plain = match quote {
        Some(b'\'') => true,
        _ => !value.iter().any(|byte| b"$`\\\"'".contains(byte)),
    };
    // A quoted part may go on.
    let rest = &text[(value.len() + usize::from(quote.is_some())).min(text.len())..];
    let is_over = rest.first().is_none_or(|byte| b" \t\n;&|)".contains(byte));
    (is_plain && is_over).then_some(value)
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(arguments: &[&str]) -> String {
        let arguments = arguments.iter().map(|argument| argument.as_bytes());
        let values = assigned(arguments, "K").into_iter();
        let values: Vec<_> = values.map(String::from_utf8_lossy).collect();
        values.join(",")
    }

    #[test]
    fn what_a_command_line_sets_plainly_is_found() {
        for (arguments, values) in [
            (&["env", "K=old", "node"][..], "old"),
            (&["gunicorn", "--env", "K=old", "app"], "old"),
            (&["gunicorn", "--env=K=old", "app"], "old"),
            (&["gunicorn", "-eK=old", "-e", "K=new"], "old,new"),
            (&["java", "-DK=old value", "-jar"], "old value"),
            (&["sh", "-c", "K=old node server.js"], "old"),
            (&["bash", "-lc", "K=old node server.js"], "old"),
            (&["sh", "-c", "export K=old; exec node"], "old"),
            (&["sh", "-c", "cd /srv && K='old one' node"], "old one"),
            (&["sh", "-c", "cd /srv\nK=\"old\" node"], "old"),
            (&["sh", "-c", "X=1 K=$(cat key) node"], ""),
            (&["sh", "-c", "X=1 K=\"$OTHER\" node"], ""),
            (&["sh", "-c", "X=1 K=a'b' node"], ""),
            (&["node", "--KK=old", "XK=old", "K=", "K"], ""),
            (&[], ""),
        ] {
            assert_eq!(told(arguments), values, "{arguments:?}");
        }
    }
}
