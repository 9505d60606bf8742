use std::io;

use anstyle::Style;

use super::paint::Paint;
use super::prose::Prose;

/// What is written on, line by line.
pub struct Page<'a> {
    pub out: &'a mut dyn io::Write,
    /// In columns.
    pub width: usize,
    pub paint: Paint,
}

impl Page<'_> {
    /// Lines, the first indented by `first`, the others by `rest`.
    pub fn prose(&mut self, prose: &Prose, first: usize, rest: usize) -> io::Result<()> {
        let lines = prose.lines(self.width.saturating_sub(first.max(rest)), self.paint);
        for (index, line) in lines.iter().enumerate() {
            let indent = if index == 0 { first } else { rest };
            self.line(&format!("{:indent$}{line}", ""))?;
        }
        Ok(())
    }

    /// Lines of one style, all indented alike.
    pub fn text(&mut self, text: &str, indent: usize) -> io::Result<()> {
        self.prose(&Prose::new(Style::new(), text), indent, indent)
    }

    /// One line, however wide.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{}", line.trim_end())
    }

    /// An empty one.
    pub fn blank(&mut self) -> io::Result<()> {
        self.line("")
    }
}
