use anstyle::Style;

use super::fit::width;
use super::paint::Paint;

/// A text of several styles that can be broken into lines between its words.
#[derive(Default)]
pub struct Prose {
    words: Vec<(Style, String)>,
}

impl Prose {
    pub fn new(style: Style, text: &str) -> Self {
        Self::default().text(style, text)
    }

    /// Adds words.
    pub fn text(mut self, style: Style, text: &str) -> Self {
        let words = text.split(' ').map(|word| (style, word.to_owned()));
        self.words.extend(words);
        self
    }

    /// Adds words that stay together.
    pub fn unit(mut self, style: Style, text: impl Into<String>) -> Self {
        self.words.push((style, text.into()));
        self
    }

    /// Lines of at most this width. A longer word stands whole on a line of its own, since it may
    /// be something to copy.
    pub fn lines(&self, max: usize, paint: Paint) -> Vec<String> {
        let mut lines = Vec::new();
        let (mut line, mut used) = (Vec::new(), 0);
        for (style, word) in &self.words {
            let wide = width(word);
            if !line.is_empty() && used + 1 + wide > max {
                lines.push(join(&line, paint));
                line.clear();
                used = 0;
            }
            used += wide + usize::from(!line.is_empty());
            line.push((*style, word.as_str()));
        }
        lines.push(join(&line, paint));
        lines
    }
}

/// Words of one style are coloured in one go.
fn join(words: &[(Style, &str)], paint: Paint) -> String {
    let runs = words.chunk_by(|(one, _), (other, _)| one == other);
    let runs = runs.map(|run| {
        let words: Vec<_> = run.iter().map(|(_, word)| *word).collect();
        paint.style(
            run.first().map(|(style, _)| *style).unwrap_or_default(),
            &words.join(" "),
        )
    });
    runs.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::paint;
    use super::*;

    const PLAIN: Paint = Paint { colour: false };

    fn lines(text: &str, max: usize) -> Vec<String> {
        Prose::new(Style::new(), text).lines(max, PLAIN)
    }

    #[test]
    fn lines_break_between_words_and_long_words_stay_whole() {
        assert_eq!(lines("one two three", 7), ["one two", "three"]);
        assert_eq!(
            lines("to vault:secret/shop now", 9),
            ["to", "vault:secret/shop", "now"]
        );
        assert_eq!(lines("", 9), [""]);
        let unit = Prose::new(Style::new(), "one").unit(Style::new(), "two three");
        assert_eq!(unit.lines(10, PLAIN), ["one", "two three"]);
    }

    #[test]
    fn a_style_never_runs_over_a_line_or_into_another() {
        let prose = Prose::new(paint::GOOD, "one two").text(Style::new(), "three");
        let lines = prose.lines(9, Paint { colour: true });
        assert_eq!(lines, ["\u{1b}[32mone two\u{1b}[0m", "three"]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked_but_for_a_long_word(text in "[a-z支 ]{0,60}", max in 0_usize..40) {
            let lines = lines(&text, max);
            for line in &lines {
                prop_assert!(width(line) <= max || !line.trim().contains(' '));
            }
            prop_assert_eq!(lines.join(" "), text);
        }
    }
}
