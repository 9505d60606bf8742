use anstyle::{AnsiColor, Style};

/// Colours texts, or leaves them alone.
#[derive(Clone, Copy)]
pub struct Paint {
    pub colour: bool,
}

impl Paint {
    /// The text in this style.
    pub fn style(self, style: Style, text: &str) -> String {
        if self.colour && !text.is_empty() && !style.is_plain() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// The text, as something that matters less.
    pub fn dim(self, text: &str) -> String {
        self.style(Style::new().dimmed(), text)
    }

    /// The text, as something to look at.
    pub fn bold(self, text: &str) -> String {
        self.style(Style::new().bold(), text)
    }
}

pub const GOOD: Style = AnsiColor::Green.on_default();
pub const BAD: Style = AnsiColor::Red.on_default().bold();
pub const FOLLOWS: Style = AnsiColor::Red.on_default();
pub const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
pub const ACCEPTED: Style = AnsiColor::Cyan.on_default();
pub const IDLE: Style = Style::new().dimmed();
