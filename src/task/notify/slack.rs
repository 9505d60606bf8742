use serde::Serialize;

use super::text::fitted;

/// Slack cuts longer texts off, or refuses them, depending on where they go.
const ROOM: usize = 3_800;

/// What an incoming webhook takes.
#[derive(Serialize)]
pub struct Payload {
    text: String,
    unfurl_links: bool,
    unfurl_media: bool,
}

/// One block of code, in which nothing is a mention, a link or a style, at Slack and at what takes
/// Slack's format.
pub fn payload(headline: &str, lines: &[String], total: usize) -> Payload {
    let text = fitted(headline, lines, total, ROOM, harmless);
    Payload {
        text: format!("```\n{text}\n```"),
        unfurl_links: false,
        unfurl_media: false,
    }
}

/// What Slack takes for its own is written as it says, and nothing ends the block.
fn harmless(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => harmless.push_str("&amp;"),
            '<' => harmless.push_str("&lt;"),
            '>' => harmless.push_str("&gt;"),
            '`' => harmless.push('\''),
            other => harmless.push(other),
        }
    }
    harmless
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_ping_link_or_leave_the_block() {
        let line =
            "new  stale  <!channel> ```@here <https://evil.example|x> & *b*  at x".to_owned();
        let payload = payload("p: 1 new stale", &[line], 1);
        assert_eq!(
            payload.text,
            "```\np: 1 new stale\nnew  stale  &lt;!channel&gt; '''@here \
             &lt;https://evil.example|x&gt; &amp; *b*  at x\n```"
        );
    }

    #[test]
    fn it_stays_under_the_limit_whatever_it_escapes() {
        let lines = vec!["&".repeat(600); 30];
        let payload = payload(&"<".repeat(600), &lines, 30);
        assert!(payload.text.chars().count() < 4_000);
        assert!(payload.text.ends_with(" more\n```"), "{}", payload.text);
        let whole = ["a".to_owned()];
        assert!(!super::payload("h", &whole, 1).text.contains("more"));
    }
}
