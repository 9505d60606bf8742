use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::keys::Guard;
use super::problem::Spot;
use super::{Problem, Problems, Site};
use crate::text::escape;
use crate::text::is_opaque;
use crate::text::nearest;
pub(super) use crate::text::opaque;

/// More than anybody corrects at once.
const KEPT: usize = 500;
/// A longer list of names helps nobody.
const LISTED: usize = 12;

/// Where everything that is found wrong goes, so that one mistake does not hide the others.
#[derive(Default)]
pub(super) struct Log {
    files: RefCell<Vec<Box<str>>>,
    problems: RefCell<BTreeMap<(Site, String), Option<String>>>,
    faults: Cell<u64>,
    more: Cell<bool>,
    guard: OnceCell<Guard>,
}

impl Log {
    /// Registers a file and gives its number.
    pub fn file(&self, name: &str) -> u16 {
        let mut files = self.files.borrow_mut();
        files.push(name.into());
        u16::try_from(files.len() - 1).unwrap_or(u16::MAX)
    }

    /// The folder a file lies in; empty for the one straggler is started in.
    pub fn folder(&self, file: u16) -> PathBuf {
        let files = self.files.borrow();
        let name = files.get(usize::from(file)).map_or("", |name| name);
        Path::new(name).parent().unwrap_or(Path::new("")).to_owned()
    }

    /// The same, as it is written in the main file.
    pub fn folder_from_main(&self, file: u16) -> PathBuf {
        let folder = self.folder(file);
        match folder.strip_prefix(self.folder(0)) {
            Ok(below) => below.to_owned(),
            Err(_) => folder,
        }
    }

    /// What is known of keys. Whatever shows a name comes after this.
    pub fn set_guard(&self, guard: Guard) {
        // There is one guard for one load, and who came first is as good.
        drop(self.guard.set(guard));
    }

    pub fn guard(&self) -> Option<&Guard> {
        self.guard.get()
    }

    pub fn report(&self, site: Site, message: impl Into<String>) {
        self.report_with(site, message, || None);
    }

    /// `help` is made only for a problem that is new.
    pub fn report_with(
        &self,
        site: Site,
        message: impl Into<String>,
        help: impl FnOnce() -> Option<String>,
    ) {
        self.faults.set(self.faults.get() + 1);
        let key = (site, message.into());
        let mut problems = self.problems.borrow_mut();
        if problems.contains_key(&key) {
            return;
        }
        if problems.len() >= KEPT {
            self.more.set(true);
            return;
        }
        drop(problems);
        let help = help();
        problems = self.problems.borrow_mut();
        problems.insert(key, help);
    }

    /// Whether nothing more is told, so that no trouble need be taken with it.
    pub fn is_full(&self) -> bool {
        self.more.get()
    }

    /// How often something was reported, the same thing again included.
    pub fn faults(&self) -> u64 {
        self.faults.get()
    }

    /// A name from the file in backticks, unless it may be a key or a part of one.
    pub fn name(&self, name: &str) -> String {
        let shown = self.shown_name(name);
        shown.unwrap_or_else(|| "(a name that is not shown)".to_owned())
    }

    /// The same, where there is nothing to say without it.
    pub fn shown_name(&self, name: &str) -> Option<String> {
        let hidden = opaque(name) || self.guard().is_some_and(|guard| guard.hides(name));
        (!hidden).then(|| format!("`{}`", escape(name)))
    }

    /// `did you mean …?`, or else what there is.
    pub fn suggestion<'a>(
        &self,
        name: &str,
        candidates: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Option<String> {
        match nearest(name, candidates.clone()) {
            Some(near) => Some(format!("did you mean {}?", self.name(near))),
            None => {
                let list = self.list(candidates);
                (!list.is_empty()).then(|| format!("there is {list}"))
            }
        }
    }

    /// Names in backticks, with commas.
    pub fn list<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> String {
        let mut names = names.into_iter();
        let mut list: Vec<String> = names
            .by_ref()
            .take(LISTED)
            .map(|name| self.name(name))
            .collect();
        if names.next().is_some() {
            list.push("…".to_owned());
        }
        list.join(", ")
    }

    /// `targets.yaml:12:7`.
    pub fn place(&self, site: Site) -> String {
        let files = self.files.borrow();
        let file = files
            .get(usize::from(site.file))
            .map_or_else(String::new, |name| self.shown_file(name));
        Spot { file: &file, site }.to_string()
    }

    fn shown_file(&self, name: &str) -> String {
        if is_opaque(Path::new(name)) || self.guard().is_some_and(|guard| guard.hides(name)) {
            "(a file whose name is not shown)".to_owned()
        } else {
            name.to_owned()
        }
    }

    /// The files when nothing is wrong, else what is.
    pub fn finish(self) -> Result<Vec<Box<str>>, Problems> {
        let files: Vec<Box<str>> = self
            .files
            .borrow()
            .iter()
            .map(|name| self.shown_file(name).into())
            .collect();
        if self.faults.get() == 0 {
            return Ok(files);
        }
        Err(Problems {
            files,
            list: self
                .problems
                .into_inner()
                .into_iter()
                .map(|((site, message), help)| Problem {
                    site,
                    message,
                    help,
                })
                .collect(),
            more: self.more.get(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_and_what_looks_like_a_key_is_not() {
        let log = Log::default();
        for name in [
            "rout",
            "checkout-api",
            "kubernetes_cronjob_secret",
            "größe",
            "Checkout-API-v2 (k8s, eu-west-1)",
        ] {
            assert_eq!(log.name(name), format!("`{name}`"));
        }
        assert_eq!(log.name("a\u{1b}[1m"), r"`a\u{1b}[1m`");
        for name in [
            "ask_live_4f9a2c81d07b3e6a",
            "AKIAIOSFODNN7EXAMPLEAB",
            "abcdEFGHijklMNOPqrstUVWX",
            "Kq3-vT9_mW2x+Z7rB5yL8/nQ4",
            &"very-long-".repeat(8),
        ] {
            assert_eq!(log.name(name), "(a name that is not shown)");
        }
    }

    #[test]
    fn the_same_problem_is_told_once_and_floods_are_cut() {
        let log = Log::default();
        log.file("targets.yaml");
        let site = |line| Site {
            file: 0,
            line,
            column: 1,
        };
        log.report(site(2), "wrong");
        log.report_with(site(2), "wrong", || panic!("help for what is known"));
        for line in 3..1000 {
            log.report(site(line), "wrong");
        }
        assert_eq!(log.faults(), 999);
        let problems = log.finish().unwrap_err();
        assert_eq!(problems.list().len(), KEPT);
        let text = problems.to_string();
        assert!(text.starts_with("targets.yaml:2:1: wrong\ntargets.yaml:3:1: wrong\n"));
        assert!(text.ends_with("\n… and others: correct these first"));
    }
}
