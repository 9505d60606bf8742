use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;

/// A regular expression over bytes.
///
/// Classes are ASCII unless `(?u)` says otherwise: `\S` then takes bytes that are no UTF-8 along,
/// where Unicode's `\S` would end before them and cut a key short.
///
/// # Errors
///
/// What was expected and where it breaks, a lowercase fragment that does not repeat the text.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .unicode(false)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                "expected a smaller regular expression: this one compiles to over 10 MiB".to_owned()
            }
            _ => match syntax_error(pattern) {
                Some(why) => format!("expected a regular expression: {why}"),
                None => "expected a regular expression".to_owned(),
            },
        })
}

/// Parses again, since regex's own error quotes the whole pattern.
fn syntax_error(pattern: &str) -> Option<String> {
    let error = ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern)
        .err()?;
    let (why, at) = match &error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span().start),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span().start),
        _ => return None,
    };
    Some(format!("{why} at character {}", at.column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong_and_where_but_not_the_pattern() {
        assert_eq!(
            compile("ask_live_(x").unwrap_err(),
            "expected a regular expression: unclosed group at character 10"
        );
        assert!(!compile("secret[z-a]").unwrap_err().contains("secret"));
        assert!(
            compile(r"\w{1000}{1000}{1000}")
                .unwrap_err()
                .contains("smaller")
        );
    }

    #[test]
    fn bytes_that_are_no_text_belong_to_the_key() {
        let found = compile(r"key=(\S+)").unwrap();
        let captures = found.captures(b"x key=a\xffb\n").unwrap();
        assert_eq!(&captures[1], b"a\xffb");
    }
}
