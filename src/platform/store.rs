use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::credential::Credentials;
use super::{Connections, Platform};

/// The settings of one kind of store: a Vault, an AWS account. What it does not say is taken from
/// the variables that the platform's own tools use, so the default is what hops without a `store`
/// get.
pub trait Store: DeserializeOwned + JsonSchema + Default + Send + Sync + 'static {
    /// What it is.
    const INFO: StoreInfo;

    /// Who answers for it.
    type Platform: Platform;

    /// Goes through the files that it names: of credentials, certificates and the like.
    fn files(&mut self, _each: &mut dyn FnMut(&mut Arc<Path>)) {}

    /// What the settings must be beyond their types; a lowercase fragment that says what was expected.
    ///
    /// # Errors
    ///
    /// When they cannot be meant so.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// The connection. Nothing is looked up, connected or logged in to before something is asked: a
    /// variable that is missing is an error of the hops that need it, not of others.
    fn open(&self, shared: &Shared) -> Self::Platform;
}

/// What a kind of store is, for the manual, the schema and messages.
pub struct StoreInfo {
    /// The key that names it under `stores`.
    pub id: &'static str,
    /// A line for people.
    pub title: &'static str,
    /// The environment variables that stand in for what the settings do not say.
    pub variables: &'static [&'static str],
    /// Stores to paste, as YAML: a map from names.
    pub example: &'static str,
    /// The page in the manual: how it connects and logs in, its traps. Markdown.
    pub manual: &'static str,
}

/// What all connections of one audit share.
#[derive(Clone, Default)]
pub struct Shared {
    pub(super) credentials: Arc<Credentials>,
}

/// [`Store`] without its type, so that stores of all kinds stand in one list.
#[expect(missing_docs, reason = "each is documented on Store")]
pub trait AnyStore: Send + Sync {
    fn info(&self) -> StoreInfo;
    /// Says where its relative paths start, in the folder of the file that it is written in, and gives all its
    /// paths.
    fn rooted_at(&mut self, folder: &Path) -> Vec<Arc<Path>>;
    fn check(&self) -> Result<(), String>;
    /// Adds the connection, under the store's name or for all hops that name none.
    fn open(
        &self,
        name: Option<Arc<str>>,
        shared: &Shared,
        connections: Connections,
    ) -> Connections;
}

impl<S: Store> AnyStore for S {
    fn info(&self) -> StoreInfo {
        S::INFO
    }

    fn rooted_at(&mut self, folder: &Path) -> Vec<Arc<Path>> {
        let mut files = Vec::new();
        self.files(&mut |path| {
            *path = folder.join(&*path).into();
            files.push(Arc::clone(path));
        });
        files
    }

    fn check(&self) -> Result<(), String> {
        Store::check(self)
    }

    fn open(
        &self,
        name: Option<Arc<str>>,
        shared: &Shared,
        connections: Connections,
    ) -> Connections {
        connections.with(name, Store::open(self, shared))
    }
}
