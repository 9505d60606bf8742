use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{sleep, timeout};

use super::db::{Connection, File};
use super::error::Failure;
use super::place::options;
use super::{LedgerError, Place, schema};

/// How long another program may hold the ledger before this one gives up.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How long a server may take to answer a login.
const LOGIN: Duration = Duration::from_secs(30);

/// How many rows SQLite's thread may be ahead; the fewer, the more often the two wait for each other.
const ROWS: usize = 1_000;

/// How many bytes of a file are read and written at once: larger pages are fewer, and take fewer steps to fill.
const PAGE: u32 = 8 * 1024;

/// What is remembered from one audit to the next.
///
/// Whatever it is asked is one transaction, and nobody else writes meanwhile: what is killed, runs out
/// of disk or meets another program leaves the ledger as it was before.
pub struct Ledger {
    place: Place,
    /// Taken out while it is in use, so that one in the midst of something is never used again.
    idle: Mutex<Option<Connection>>,
}

impl Ledger {
    /// Opens a ledger, and creates it where there is none.
    ///
    /// A new file is readable by its owner alone, like the folders that are made for it. PostgreSQL
    /// needs a database; the schema `straggler` is created in it.
    ///
    /// # Errors
    ///
    /// When it cannot be reached, or is none, or was written by a newer straggler.
    pub async fn open(place: &Place) -> Result<Self, LedgerError> {
        let opened = async {
            if let Place::File(path) = place {
                create(path).map_err(|error| unopened(&error))?;
            }
            let mut connection = connect(place).await?;
            schema::migrate(&mut connection).await?;
            Ok(connection)
        };
        let connection = opened.await.map_err(|failure: Failure| failure.at(place))?;
        Ok(Self::of(place, connection))
    }

    /// Opens a ledger; `None` where there is none yet.
    ///
    /// # Errors
    ///
    /// As [`Ledger::open`].
    pub async fn open_existing(place: &Place) -> Result<Option<Self>, LedgerError> {
        let opened = async {
            if let Place::File(path) = place
                && !path.try_exists().map_err(|error| unopened(&error))?
            {
                return Ok(None);
            }
            let mut connection = connect(place).await?;
            if !schema::exists(&mut connection).await? {
                return Ok(None);
            }
            schema::migrate(&mut connection).await?;
            Ok(Some(connection))
        };
        let connection = opened.await.map_err(|failure: Failure| failure.at(place))?;
        Ok(connection.map(|connection| Self::of(place, connection)))
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    fn of(place: &Place, connection: Connection) -> Self {
        Self {
            place: place.clone(),
            idle: Mutex::new(Some(connection)),
        }
    }

    /// Reads one state of the ledger.
    pub(super) async fn read(&self) -> Result<Turn<'_>, LedgerError> {
        let mut turn = self.turn().await?;
        let begun = turn.connection.begin_reading().await;
        begun.map_err(|failure| failure.at(&self.place))?;
        Ok(turn)
    }

    /// Writes all that is done in the turn, or nothing.
    pub(super) async fn write(&self) -> Result<Turn<'_>, LedgerError> {
        let mut turn = self.turn().await?;
        let begun = turn.connection.begin().await;
        begun.map_err(|failure| failure.at(&self.place))?;
        Ok(turn)
    }

    async fn turn(&self) -> Result<Turn<'_>, LedgerError> {
        let mut idle = self.idle.lock().await;
        let mut used = idle.take();
        if let Some(connection) = &mut used
            && !connection.is_alive().await
        {
            used = None;
        }
        let connection = match used {
            Some(connection) => connection,
            None => connect(&self.place)
                .await
                .map_err(|failure| failure.at(&self.place))?,
        };
        Ok(Turn {
            place: &self.place,
            idle,
            connection,
        })
    }
}

/// One transaction. Dropped before its end, it takes its connection with it, and nothing was written.
pub(super) struct Turn<'a> {
    place: &'a Place,
    idle: MutexGuard<'a, Option<Connection>>,
    pub(super) connection: Connection,
}

impl Turn<'_> {
    /// Ends it, well or not.
    pub(super) async fn end<T>(mut self, result: Result<T, Failure>) -> Result<T, LedgerError> {
        let ended = match result {
            Ok(result) => self.connection.commit().await.map(|()| result),
            Err(failure) => Err(failure),
        };
        match ended {
            Ok(result) => {
                *self.idle = Some(self.connection);
                Ok(result)
            }
            Err(failure) => Err(failure.at(self.place)),
        }
    }
}

/// A new connection.
pub(super) async fn connect(place: &Place) -> Result<Connection, Failure> {
    match place {
        Place::File(path) => {
            let patience = Instant::now() + PATIENCE;
            loop {
                match open_file(path).await {
                    // Not every lock of a file that is just being created is waited for by SQLite.
                    Err(failure) if failure.is_busy() && Instant::now() < patience => {
                        sleep(Duration::from_millis(50)).await;
                    }
                    opened => return opened,
                }
            }
        }
        Place::Postgres(url) => {
            let login = async {
                let options = options(url)
                    .ok_or(Failure::Found("cannot be opened".into(), "check its URL"))?;
                // Poolers refuse what they do not know of a session, and nothing here is a fraction.
                let options = options
                    .application_name("straggler")
                    .extra_float_digits(None);
                Ok(Connection::Postgres(
                    PgConnection::connect_with(&options).await?,
                ))
            };
            timeout(LOGIN, login)
                .await
                .unwrap_or_else(|_| Err(Failure::silent()))
        }
    }
}

async fn open_file(path: &Path) -> Result<Connection, Failure> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        // Of a new file; one that is there keeps its own.
        .page_size(PAGE)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(PATIENCE)
        .row_buffer_size(ROWS)
        .foreign_keys(true);
    let opened = SqliteConnection::connect_with(&options).await?;
    let mut connection = Connection::Sqlite(File::of(opened));
    schema::recognize(&mut connection).await?;
    // Not before it is known to be ours, for the file keeps it.
    connection
        .script("PRAGMA journal_mode = WAL".to_owned())
        .await?;
    Ok(connection)
}

/// Makes a file that nobody else may read, with the folders it stands in. SQLite gives the files it
/// puts beside it the same permissions.
fn create(path: &Path) -> io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(drop)
}

/// What hinders the use of a file.
pub(super) fn unopened(error: &io::Error) -> Failure {
    Failure::Found(
        format!("cannot be opened: {error}").into(),
        "make it and its folder writable, or name another place with --ledger",
    )
}
