use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::log::Log;
use super::template::{Outside, Scope};
use crate::source::{self, AnySource};

/// What checking any part of the files needs.
pub(super) struct Ground<'a> {
    pub log: &'a Log,
    pub outside: &'a Outside<'a>,
    pub now: Timestamp,
    /// The ids of all sources.
    pub sources: Vec<&'static str>,
    /// The names of all declared stores, in order, and their kinds where those could be told.
    pub stores: Vec<(String, Option<&'static str>)>,
    /// How the platforms' own command-line tools get to them, where that has to be said.
    pub options: HashMap<String, Arc<[Box<str>]>>,
    /// Whether every file could be read. If not, a name that is not declared may be in one of those.
    pub whole: bool,
    texts: RefCell<HashSet<Arc<str>>>,
}

impl<'a> Ground<'a> {
    pub fn new(log: &'a Log, outside: &'a Outside<'a>, now: Timestamp, whole: bool) -> Self {
        Self {
            log,
            outside,
            now,
            sources: source::infos().into_iter().map(|info| info.id).collect(),
            stores: Vec::new(),
            options: HashMap::new(),
            whole,
            texts: RefCell::default(),
        }
    }

    /// One copy of a text, however often it is said.
    pub fn shared(&self, text: &str) -> Arc<str> {
        let mut texts = self.texts.borrow_mut();
        if let Some(known) = texts.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        texts.insert(Arc::clone(&text));
        text
    }

    /// How the platform's own command-line tool gets to the store of a source.
    pub fn options(&self, source: &dyn AnySource) -> Arc<[Box<str>]> {
        let declared = source.store().and_then(|name| self.options.get(name));
        declared.cloned().unwrap_or_default()
    }

    /// A scope with nothing but the environment.
    pub fn scope(&self) -> Scope<'a> {
        Scope::new(self.outside)
    }
}
