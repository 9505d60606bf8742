//! What a report, and the ledger, must not be written over.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::args::Config;
use super::exit::Failure;
use super::memory::LedgerFlags;
use super::output;
use crate::audit;
use crate::inventory::Inventory;
use crate::ledger::Place;
use crate::platform::Here;

/// What stands beside a ledger under its name.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// How every database of SQLite begins.
const SQLITE: &[u8; 16] = b"SQLite format 3\0";

const DECLARED: &str = "a file of this targets.yaml";
const READ: &str = "a file that the audit reads";
const OF_STORE: &str = "a file that a store of this targets.yaml names";

/// The files that an audit reads and writes by itself.
pub(super) struct Reserved<'a> {
    inventory: &'a Inventory,
    targets: PathBuf,
    ledger: Option<PathBuf>,
}

impl<'a> Reserved<'a> {
    /// # Errors
    ///
    /// As [`LedgerFlags::place`], and when the ledger cannot be meant to be there.
    pub(super) fn new(
        config: &Config,
        inventory: &'a Inventory,
        ledger: &LedgerFlags,
    ) -> Result<Self, Failure> {
        let ledger = match ledger.place(config, inventory)? {
            Some(Place::File(path)) => Some(path),
            _ => None,
        };
        let reserved = Self {
            inventory,
            targets: config.config.clone(),
            ledger,
        };
        if let Some(path) = &reserved.ledger
            && let Some(what) = reserved.hinders_ledger(path)
        {
            let path = output::shown(path);
            return Err(Failure::usage(format!(
                "the ledger cannot be {path}: it is {what}; name another place with --ledger"
            )));
        }
        Ok(reserved)
    }

    /// What a path is, where no ledger may be. Opening a pipe would wait for somebody at its other end.
    fn hinders_ledger(&self, path: &Path) -> Option<&'static str> {
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Some("no regular file");
        }
        if self.declares(path) {
            return Some(DECLARED);
        }
        if self.is_of_store(path) {
            return Some(OF_STORE);
        }
        // What is a database already holds no key, and is looked for by its path alone: after a first audit no hop
        // needs to be looked at for it.
        let file = match is_database(path) {
            true => Here::path_alone(path),
            false => Here::of(path),
        };
        audit::reads(self.inventory, &file).then_some(READ)
    }

    /// Whether targets.yaml or what it includes is there.
    fn declares(&self, path: &Path) -> bool {
        let included = self.inventory.files.iter().map(|file| Path::new(&**file));
        let mut declared = included.chain([&*self.targets]);
        declared.any(|file| same(file, path))
    }

    /// Whether a credential, a certificate or the like of a store is there.
    fn is_of_store(&self, path: &Path) -> bool {
        let stores = self.inventory.stores.iter();
        let mut files = stores.flat_map(|store| &store.files);
        files.any(|file| same(file, path))
    }

    /// What a path is, where no report may go there.
    pub(super) fn is(&self, path: &Path) -> Option<String> {
        if self.declares(path) {
            return Some(DECLARED.to_owned());
        }
        if self.is_of_store(path) {
            return Some(OF_STORE.to_owned());
        }
        if let Some(ledger) = &self.ledger
            && is_of_ledger(ledger, path)
        {
            return Some("the ledger, or belongs to it".to_owned());
        }
        let reads = fs::metadata(path).is_ok_and(|found| found.is_file())
            && audit::reads(self.inventory, &Here::of(path));
        reads.then(|| READ.to_owned())
    }
}

/// Whether SQLite wrote it.
fn is_database(path: &Path) -> bool {
    let mut start = [0; SQLITE.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *SQLITE
}

/// Whether both lead to one place, or to one file.
fn same(one: &Path, other: &Path) -> bool {
    let file = |path| {
        let found = fs::metadata(path).ok()?;
        Some((found.dev(), found.ino()))
    };
    output::spelled_out(one) == output::spelled_out(other)
        || file(one).is_some_and(|one| file(other) == Some(one))
}

/// The ledger itself, what SQLite keeps beside it, and its locks.
fn is_of_ledger(ledger: &Path, path: &Path) -> bool {
    if same(ledger, path) {
        return true;
    }
    let beside = |end: &str| {
        let mut name = OsString::from(ledger);
        name.push(end);
        PathBuf::from(name)
    };
    let (ledger_place, place) = (output::spelled_out(ledger), output::spelled_out(path));
    let name = place.file_name().unwrap_or_default().as_encoded_bytes();
    let ledger_name = ledger_place.file_name().unwrap_or_default();
    let is_lock = place.parent() == ledger_place.parent()
        && name.starts_with(ledger_name.as_encoded_bytes())
        && name.ends_with(b".lock");
    is_lock || BESIDE.iter().any(|end| same(&beside(end), path))
}
