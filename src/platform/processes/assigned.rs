//! A variable that a command line sets itself: `env K=V …`, `gunicorn --env K=V`, `java -DK=V`,
//! `--k=V`, `sh -c 'K=V node server.js'`; and one that options set which stand in another variable.

/// How long a name is, without its signs, that means the variable however it is written.
const TELLING: usize = 6;
/// How the names of variables end that hold options for what is started.
const OPTIONS: [&[u8]; 5] = [b"OPTS", b"OPTIONS", b"OPTION", b"FLAGS", b"ARGS"];

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
            _ if !is_script && is_option(before, variable) && !argument.starts_with(b"-") => {
                found.push(argument);
            }
            _ => found.extend(in_script(argument, variable)),
        }
        before = argument;
    }
    // What refers to a variable is told by that.
    let refers = |value: &[u8]| find(value, b"${").is_some();
    found.retain(|value| !value.is_empty() && !refers(value));
    found
}

/// The values that options give to a variable, which stand in other variables of this environment, as in
/// `JAVA_TOOL_OPTIONS=-DK=V`; each with the name of the other one.
#[must_use]
pub fn optioned<'a>(
    environment: impl Iterator<Item = &'a [u8]>,
    variable: &str,
) -> Vec<(&'a [u8], &'a [u8])> {
    let mut found = Vec::new();
    for entry in environment {
        let Some(at) = entry.iter().position(|&byte| byte == b'=') else {
            continue;
        };
        let (name, options) = (&entry[..at], &entry[at + 1..]);
        if name == variable.as_bytes() || !OPTIONS.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let words = options.split(u8::is_ascii_whitespace);
        let values = assigned(words.map(unquoted), variable).into_iter();
        found.extend(values.map(|value| (name, unquoted(value))));
    }
    found
}

/// Without quotes at its ends, which whoever splits it takes away.
fn unquoted(word: &[u8]) -> &[u8] {
    let is_quote = |byte: &&u8| b"\"'".contains(byte);
    let start = word.iter().take_while(is_quote).count();
    let end = word[start..].iter().rev().take_while(is_quote).count();
    &word[start..word.len() - end]
}

/// Whether these are one name, whatever its case and its signs: `ALLSTAK_API_KEY`, `allstak.apiKey`.
fn is_named(name: &[u8], variable: &str) -> bool {
    let bare = |name: &[u8]| -> Vec<u8> {
        let letters = name.iter().filter(|byte| !b"_-.".contains(byte));
        letters.map(u8::to_ascii_lowercase).collect()
    };
    let bare_name = bare(name);
    bare_name.len() >= TELLING && bare_name == bare(variable.as_bytes())
}

/// `--allstak-api-key`, with the value behind it.
fn is_option(argument: &[u8], variable: &str) -> bool {
    let name = argument.strip_prefix(b"--");
    name.is_some_and(|name| is_named(name, variable))
}

/// `K=V`, `-eK=V`, `-DK=V`, `--env=K=V`, `--k=V`.
fn whole<'a>(argument: &'a [u8], variable: &str) -> Option<&'a [u8]> {
    let value = |text: &'a [u8]| text.strip_prefix(variable.as_bytes())?.strip_prefix(b"=");
    let Some(option) = argument.strip_prefix(b"-") else {
        return value(argument);
    };
    match option.strip_prefix(b"-") {
        Some(long) => {
            let at = long.iter().position(|&byte| byte == b'=')?;
            match is_named(&long[..at], variable) {
                true => Some(&long[at + 1..]),
                false => value(&long[at + 1..]),
            }
        }
        None if option.starts_with(b"D") => {
            let property = &option[1..];
            let at = property.iter().position(|&byte| byte == b'=')?;
            let is_it = &property[..at] == variable.as_bytes();
            (is_it || is_named(&property[..at], variable)).then_some(&property[at + 1..])
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

    #[test]
    fn a_property_and_an_option_may_be_written_otherwise() {
        for (arguments, expected) in [
            (&["java", "-Dallstak.api.key=old"][..], &["old"][..]),
            (&["java", "-Dallstak.apiKey=old"], &["old"]),
            (&["java", "-DALLSTAK_API_KEY=old"], &["old"]),
            (&["web", "--allstak-api-key=old"], &["old"]),
            (&["web", "--allstak-api-key", "old"], &["old"]),
            (&["web", "--allstak-api-key", "--verbose"], &[]),
            (&["web", "--allstak-api-key-file", "/run/key"], &[]),
            (&["java", "-Dallstak.api.key=${ALLSTAK_API_KEY}"], &[]),
            (&["web", "--api-key=old"], &[]),
        ] {
            let arguments = arguments.iter().map(|argument| argument.as_bytes());
            let values = assigned(arguments.clone(), "ALLSTAK_API_KEY");
            let expected: Vec<_> = expected.iter().map(|value| value.as_bytes()).collect();
            assert_eq!(values, expected, "{:?}", arguments.collect::<Vec<_>>());
        }
    }

    #[test]
    fn options_that_stand_in_other_variables_are_found() {
        for (entry, expected) in [
            ("JAVA_TOOL_OPTIONS=-Xmx1g -DALLSTAK_API_KEY=old", "old"),
            ("JAVA_TOOL_OPTIONS=\"-Dallstak.api.key=old\"", "old"),
            ("_JAVA_OPTIONS=-DALLSTAK_API_KEY='old'", "old"),
            ("CATALINA_OPTS=-DALLSTAK_API_KEY=old", "old"),
            ("NODE_OPTIONS=--allstak-api-key old", "old"),
            ("ALLSTAK_API_KEY=old", ""),
            ("SUDO_COMMAND=/usr/bin/env ALLSTAK_API_KEY=old web", ""),
            ("JAVA_TOOL_OPTIONS=-Xmx1g", ""),
            ("JAVA_TOOL_OPTIONS", ""),
        ] {
            let found = optioned([entry.as_bytes()].into_iter(), "ALLSTAK_API_KEY");
            let values: Vec<_> = found.iter().map(|(_, value)| *value).collect();
            assert_eq!(values.concat(), expected.as_bytes(), "{entry}");
            let name = entry.split('=').next().unwrap().as_bytes();
            assert!(found.iter().all(|(other, _)| *other == name), "{entry}");
        }
    }
}
