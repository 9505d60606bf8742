//! What a page asks for while it runs by an address that code puts together.

use super::argument::{LONGEST, argument_text, constant};
use super::reference::Strength;

/// What files of a page's own configuration end in.
const ENDINGS: [&str; 14] = [
    ".json",
    ".js",
    ".mjs",
    ".cjs",
    ".env",
    ".txt",
    ".yaml",
    ".yml",
    ".toml",
    ".xml",
    ".ini",
    ".conf",
    ".properties",
    ".jsonc",
];

/// Folders and files that hold configuration, by the beginnings of their names.
const CONFIGURATION: [&str; 5] = ["config", "conf", "env", "settings", "runtime-config"];

/// What other pages are made of, which are not looked at: Next's, Gatsby's.
const OTHER_PAGES: [&str; 2] = ["/_next/data/", "/page-data/"];

/// Folders of translations, which are no part of a page's code.
const TRANSLATIONS: [&str; 5] = ["locales", "locale", "i18n", "lang", "translations"];

/// What a call asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Files at these addresses.
    At(Vec<(String, Strength)>),
    /// A file of the page's own, by an address that cannot be told.
    Computed,
    /// Something else, such as an API.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Code,
}

/// What a call asks for whose brackets open before this text; how many bytes its first argument takes.
pub(super) fn asked(text: &[u8]) -> (Asked, usize) {
    let text = &text[..text.len().min(LONGEST)];
    let Some((argument, length)) = argument_text(text) else {
        return (Asked::Other, 0);
    };
    let mut found = Vec::new();
    for sum in sums(&argument) {
        match judge(sum) {
            Asked::Computed => return (Asked::Computed, length),
            Asked::At(addresses) => found.extend(addresses),
            Asked::Other => {}
        }
    }
    match found.is_empty() {
        true => (Asked::Other, length),
        false => (Asked::At(found), length),
    }
}

/// Whether a text ends in a sum, but for its last literal, that begins with an address on the page's own host.
pub(super) fn begins_here(before: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&before[before.len().saturating_sub(300)..]).into_owned();
    let end = text.trim_end();
    let Some(quote) = end.rfind(['"', '\'', '`']) else {
        return false;
    };
    let (inside, code) = (&end[..quote], end[quote + 1..].trim_start());
    let Some(start) = inside.rfind(['"', '\'', '`']) else {
        return false;
    };
    let is_sum = code.starts_with('+') && !code.contains([';', '{', '}', '=']);
    is_sum && is_own(&inside[start + 1..])
}

/// Whether a template that ends here begins with an address on the page's own host.
pub(super) fn template_begins_here(before: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&before[before.len().saturating_sub(300)..]).into_owned();
    let start = text.rfind('`');
    start.is_some_and(|start| is_own(&text[start + 1..]))
}

fn is_own(address: &str) -> bool {
    let is_rooted = address.starts_with('/') && !address.starts_with("//")
        || address.starts_with("./")
        || address.starts_with("../");
    is_rooted && !is_no_code(address)
}

/// Whether it leads to other pages or to translations.
fn is_no_code(address: &str) -> bool {
    // What stands behind the last sign may go on in code.
    let folders = address.rsplit_once('/').map_or("", |(folders, _)| folders);
    OTHER_PAGES.iter().any(|other| address.contains(other))
        || folders
            .split('/')
            .any(|folder| TRANSLATIONS.contains(&folder))
}

/// The sums in an expression, each with its parts.
fn sums(expression: &str) -> Vec<Vec<Part>> {
    let mut rest = expression.trim();
    // What only makes an address of one.
    for call in ["new URL(", "new Request(", "String(", "encodeURI("] {
        rest = rest.strip_prefix(call).unwrap_or(rest);
    }
    let mut sums = vec![Vec::new()];
    let mut depth = 0_u32;
    let mut in_code = false;
    while let Some(sign) = rest.chars().next() {
        let sum = sums.last_mut();
        match sign {
            '"' | '\'' | '`' => {
                let (parts, behind) = literal(rest, sign);
                match sum {
                    Some(sum) if depth == 0 => sum.extend(parts),
                    _ => {}
                }
                in_code = false;
                rest = behind;
                continue;
            }
            '[' if depth == 0
                && !in_code
                && let Some((parts, behind)) = list(rest) =>
            {
                sum.into_iter().for_each(|sum| sum.extend(parts.clone()));
                rest = behind;
                continue;
            }
            '(' | '[' | '{' => {
                if let Some(sum) = sum.filter(|_| depth == 0 && !in_code) {
                    sum.push(Part::Code);
                }
                in_code = true;
                depth += 1;
            }
            // The rest of what was opened before this expression.
            ')' | ']' | '}' if depth == 0 => break,
            ')' | ']' | '}' => depth -= 1,
            '?' if depth == 0 && rest.starts_with("?.") => {}
            '?' | ':' | ',' | '|' | '&' if depth == 0 => {
                sums.push(Vec::new());
                in_code = false;
            }
            '+' if depth == 0 => in_code = false,
            blank if blank.is_whitespace() => {}
            _ if depth == 0 && !in_code => {
                in_code = true;
                sum.into_iter().for_each(|sum| sum.push(Part::Code));
            }
            _ => {}
        }
        rest = &rest[sign.len_utf8()..];
    }
    sums
}

/// The parts of a list at the start of a text that is joined right there, and what is behind it.
fn list(text: &str) -> Option<(Vec<Part>, &str)> {
    let mut parts = Vec::new();
    let mut rest = &text[1..];
    while !rest.trim_start().starts_with(']') {
        let (_, length) = argument_text(rest.as_bytes())?;
        let element = sums(rest.get(..length)?);
        match element.as_slice() {
            [sum] => parts.push(sum.clone()),
            // One of several.
            _ => parts.push(vec![Part::Code]),
        }
        rest = rest.get(length..)?;
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    let rest = rest.trim_start().strip_prefix(']')?.trim_start();
    let call = rest.strip_prefix(".join")?.trim_start().strip_prefix('(')?;
    let (separator, length) = argument_text(call.as_bytes())?;
    let between = match separator.as_str() {
        "" => Part::Text(",".to_owned()),
        written => constant(written).map_or(Part::Code, Part::Text),
    };
    let behind = call.get(length..)?.strip_prefix(')')?;
    Some((parts.join(&between), behind))
}

/// The parts of a literal at the start of a text, and what is behind it.
fn literal(text: &str, quote: char) -> (Vec<Part>, &str) {
    let mut parts = Vec::new();
    let mut rest = &text[1..];
    if quote != '`' {
        let (inside, behind) = rest.split_once(quote).unwrap_or((rest, ""));
        return (vec![Part::Text(inside.to_owned())], behind);
    }
    loop {
        let end = rest.find(['`', '$']).unwrap_or(rest.len());
        let (inside, behind) = rest.split_at(end);
        if !inside.is_empty() {
            parts.push(Part::Text(inside.to_owned()));
        }
        let Some(code) = behind.strip_prefix("${") else {
            match behind.strip_prefix('$') {
                Some(behind) => {
                    rest = behind;
                    continue;
                }
                None => return (parts, behind.get(1..).unwrap_or_default()),
            }
        };
        parts.push(Part::Code);
        let mut depth = 0_u32;
        let end = code.find(|sign| {
            match sign {
                '{' => depth += 1,
                '}' if depth == 0 => return true,
                '}' => depth -= 1,
                _ => {}
            }
            false
        });
        rest = end.map_or("", |end| &code[end + 1..]);
    }
}

/// What is asked for at the address that these parts make.
fn judge(parts: Vec<Part>) -> Asked {
    let mut address: Vec<Part> = Vec::new();
    // A query chooses nothing among files.
    for part in parts {
        match (part, address.last_mut()) {
            (Part::Text(text), last) => {
                let path = text.split(['?', '#']).next().unwrap_or_default();
                match last {
                    Some(Part::Text(before)) => before.push_str(path),
                    _ => address.push(Part::Text(path.to_owned())),
                }
                if path.len() < text.len() {
                    break;
                }
            }
            (Part::Code, Some(Part::Code)) => {}
            (Part::Code, _) => address.push(Part::Code),
        }
    }
    let is_elsewhere = |text: &str| text.contains("://") || text.starts_with("//");
    let texts = || {
        address.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Code => None,
        })
    };
    if texts().next().is_none_or(is_elsewhere)
        || texts().any(is_no_code)
        || texts().any(|text| text.starts_with("data:") || text.starts_with("blob:"))
    {
        return Asked::Other;
    }
    let ends = |text: &str| ENDINGS.iter().any(|ending| text.ends_with(ending));
    match address.as_slice() {
        [Part::Text(whole)] if ends(whole) => Asked::At(vec![(whole.clone(), Strength::Named)]),
        // A variable before an address is the page's base as a rule.
        [Part::Code, Part::Text(rest)] if ends(rest) => {
            let file = rest.trim_start_matches('/');
            match file.starts_with(|first: char| first.is_ascii_alphanumeric()) || is_hidden(file) {
                true => Asked::At(vec![(rest.clone(), Strength::Guess)]),
                false => Asked::Computed,
            }
        }
        [.., Part::Text(rest)] if address.len() > 1 && ends(rest) => Asked::Computed,
        [Part::Text(start), .., Part::Code] if is_configuration(start) => Asked::Computed,
        [Part::Text(start), Part::Code, Part::Text(_)] if is_configuration(start) => {
            Asked::Computed
        }
        _ => Asked::Other,
    }
}

/// `.env` is a whole name.
fn is_hidden(file: &str) -> bool {
    file == ".env"
}

/// Whether an address leads to configuration, and to no API.
fn is_configuration(address: &str) -> bool {
    let address = address.to_ascii_lowercase();
    let mut segments = address.split('/');
    let is_api = |segment: &str| {
        let is_version = segment.strip_prefix('v').is_some_and(|version| {
            !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit())
        });
        is_version || ["api", "apis", "rest", "rpc", "graphql"].contains(&segment)
    };
    let is_named = |segment: &str| {
        CONFIGURATION.iter().any(|word| {
            segment.strip_prefix(word).is_some_and(|rest| {
                ["", "s", "uration", "urations", "ironment", "ironments"].contains(&rest)
                    || rest.starts_with(['-', '.', '_'])
            })
        })
    };
    !segments.clone().any(is_api) && segments.any(is_named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Asked {
        Asked::At(vec![(address.to_owned(), Strength::Named)])
    }

    fn perhaps_at(address: &str) -> Asked {
        Asked::At(vec![(address.to_owned(), Strength::Guess)])
    }

    #[test]
    fn an_address_that_code_puts_together_is_told_from_one_that_is_there() {
        for (text, expected) in [
            ("\"/config/\"+env+\".json\")", Asked::Computed),
            ("`/config/${env}.json`)", Asked::Computed),
            ("`/config/${env()}.json?v=${n}`,{a:1})", Asked::Computed),
            ("'./config.' + e + '.js')", Asked::Computed),
            ("\"env/\"+f(a,\"b\")+\".txt\")", Asked::Computed),
            (
                "new URL(\"config/\"+e+\".json\",import.meta.url))",
                Asked::Computed,
            ),
            ("new Request(`/c/${e}.env`))", Asked::Computed),
            ("e+\".json\")", Asked::Computed),
            ("`${e}-config.json`)", Asked::Computed),
            ("b+\"/config/\"+e+\".json\")", Asked::Computed),
            ("\"/config/\"+e)", Asked::Computed),
            ("`/env-${e}`)", Asked::Computed),
            ("`/settings/${e}/app`)", Asked::Computed),
            ("x?\"/a.json\":\"/b/\"+e+\".json\")", Asked::Computed),
            ("\"/config/\"+env})", Asked::Computed),
            ("[\"/config/\",e,\".json\"].join(\"\"))", Asked::Computed),
            ("[b, \"config\", `${e}.json`].join('/'))", Asked::Computed),
            ("[\"/config\",x?\"a\":\"b\"].join(\"/\"))", Asked::Computed),
            (
                "[\"/config\",\"prod.json\"].join(\"/\"))",
                at("/config/prod.json"),
            ),
            ("\"/conf\"+\"ig.json\")", at("/config.json")),
            ("\"/config.json?v=\"+Date.now())", at("/config.json")),
            ("`/config.json?v=${n}`)", at("/config.json")),
            ("b+\"config.json\")", perhaps_at("config.json")),
            ("`${b}/env.txt`)", perhaps_at("/env.txt")),
            ("\"/.env\")", at("/.env")),
            (
                "x?\"/a.json\":\"/b.json\")",
                Asked::At(vec![
                    ("/a.json".to_owned(), Strength::Named),
                    ("/b.json".to_owned(), Strength::Named),
                ]),
            ),
        ] {
            assert_eq!(asked(text.as_bytes()).0, expected, "{text}");
        }
    }

    #[test]
    fn what_an_api_answers_is_nothing_to_say() {
        for text in [
            "\"/api/users/\"+id)",
            "`/api/users/${id}`)",
            "`/api/config/${id}`)",
            "\"/v1/settings/\"+id)",
            "\"/users/\"+id+\"/settings\")",
            "\"/search?q=\"+e+\".json\")",
            "`https://host.test/${e}.json`)",
            "\"//host.test/\"+e+\".json\")",
            "`/_next/data/${b}${p}.json`)",
            "`/locales/${lang}/common.json`)",
            "\"./assets/i18n/\"+e+\".json\")",
            "e)",
            "e.request)",
            "e,{method:\"GET\"})",
            "`${e}/users/${id}`)",
            "\"/contact/\"+e)",
            "[\"/api\",e].join(\"/\"))",
            "[1,2])",
            "[\"a\"",
            "\"/environmental/\"+e)",
            ")",
            "\"unfinished",
        ] {
            assert_eq!(asked(text.as_bytes()).0, Asked::Other, "{text}");
        }
    }

    #[test]
    fn sums_before_a_literal_begin_here_or_elsewhere() {
        for (text, is) in [
            ("u=\"/config/\"+e+", true),
            ("u=\"/config/\"+e+'/'+n+", true),
            ("u=\"./\"+e+", true),
            ("u=\"no \"+e+", false),
            ("u=e+", false),
            ("u=\"/a/\";x=e+", false),
            ("u=\"https://h/\"+e+", false),
            ("u=\"/_next/data/\"+e+", false),
            ("u=\"/lang/\"+e+", false),
            ("u=\"/golang/\"+e+", true),
        ] {
            let before = text.strip_suffix('+').unwrap();
            assert_eq!(begins_here(before.as_bytes()), is, "{text}");
        }
        assert!(template_begins_here(b"u=`/config/"));
        assert!(!template_begins_here(b"u=`"));
        assert!(!template_begins_here(b"`/a/`;u=`no "));
    }
}
