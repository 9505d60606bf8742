use std::fmt;

use super::Site;
use super::template::Outside;
use crate::text::Escaped;

/// One thing that is wrong in targets.yaml or in a file it includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where; line 0 stands for the whole file.
    pub site: Site,
    /// What is wrong and what was expected: a lowercase fragment that never holds a value.
    pub message: String,
    /// What may help.
    pub help: Option<String>,
}

/// Everything that is wrong, by file, line and column.
#[derive(Debug)]
pub struct Problems {
    /// [`Site::file`] counts into them.
    pub(super) files: Vec<Box<str>>,
    /// Sorted, each once.
    pub(super) list: Vec<Problem>,
    /// Whether there were too many to tell.
    pub(super) more: bool,
}

impl Problems {
    /// The problems, by file, line and column.
    #[must_use]
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// The same with nothing in it that the environment brought in and nobody should see.
    pub(super) fn shown(mut self, outside: &Outside<'_>) -> Self {
        for problem in &mut self.list {
            problem.message = outside.shown(&problem.message);
            problem.help = problem.help.take().map(|help| outside.shown(&help));
        }
        self
    }

    /// The file a site lies in, as it is named in messages.
    #[must_use]
    pub fn file(&self, site: Site) -> &str {
        self.files
            .get(usize::from(site.file))
            .map_or("", |name| name)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            let site = problem.site;
            let file = self.file(site);
            write!(f, "{}: {}", Spot { file, site }, Escaped(&problem.message))?;
            if let Some(help) = &problem.help {
                write!(f, "; {}", Escaped(help))?;
            }
        }
        if self.more {
            f.write_str("\n… and others: correct these first")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Shows `targets.yaml:12:7`.
pub(super) struct Spot<'a> {
    pub file: &'a str,
    pub site: Site,
}

impl fmt::Display for Spot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Escaped(self.file))?;
        if self.site.line > 0 {
            write!(f, ":{}:{}", self.site.line, self.site.column)?;
        }
        Ok(())
    }
}
