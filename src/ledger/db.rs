//! One set of SQL for two databases.

use std::fmt::Write as _;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures_util::{Stream, TryStreamExt as _};
use sqlx::database::HasStatementCache;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection as _, Database, Postgres, Row as _, Sqlite};
use tokio::time::timeout;

use super::error::Failure;
use super::insert::{Insert, Kind, Statement};
use super::store::PATIENCE;

/// A connection.
pub(super) enum Connection {
    Sqlite(File),
    Postgres(PgConnection),
}

/// A file that is closed, and so has everything in itself, when this is dropped.
pub(super) struct File {
    connection: Option<SqliteConnection>,
    /// Whether it is in the midst of something; given up then, it may hang for good.
    is_busy: bool,
}

impl File {
    pub(super) fn of(connection: SqliteConnection) -> Self {
        Self {
            connection: Some(connection),
            is_busy: false,
        }
    }

    /// Does something with it.
    async fn at_work<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Some(connection) = &mut self.connection else {
            return Err(Failure::Database(sqlx::Error::WorkerCrashed));
        };
        self.is_busy = true;
        let done = work(connection).await;
        self.is_busy = false;
        done
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take().filter(|_| !self.is_busy) else {
            return;
        };
        let (closed, closes) = mpsc::channel();
        // A thread of its own, for whoever drops this may be at work in a runtime already.
        let close = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let ended = runtime.map(|runtime| runtime.block_on(connection.close()));
            let _ = closed.send(ended);
        };
        if thread::Builder::new().spawn(close).is_ok() {
            // A disk that does not answer must not keep the program from its end.
            let _ = closes.recv_timeout(CLOSING);
        }
    }
}

/// What is put into a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
}

/// What a query gives.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A type that both databases know.
pub(super) trait Stored<'r>:
    sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite> + sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>
{
}

impl<'r, T> Stored<'r> for T where
    T: sqlx::Decode<'r, Sqlite>
        + sqlx::Type<Sqlite>
        + sqlx::Decode<'r, Postgres>
        + sqlx::Type<Postgres>
{
}

impl Row {
    /// The column with this number.
    pub(super) fn get<'r, T: Stored<'r>>(&'r self, column: usize) -> Result<T, Failure> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

/// Whoever writes the ledger in PostgreSQL holds this lock, as SQLite has one for writers too.
const WRITERS: i64 = 0x7374_7261_6767_6c65;

/// Whether PostgreSQL keeps statements prepared. A pooler may give each transaction another connection, which
/// knows nothing of those before it, or has another client's statement by the same name.
pub(super) const KEPT: bool = false;

/// How long closing a file may take.
const CLOSING: Duration = Duration::from_secs(10);

/// How long a server may take to answer a statement.
pub(super) const ANSWER: Duration = Duration::from_secs(30);

/// How long a server may take to bring a ledger up to date.
const MIGRATION: Duration = Duration::from_secs(60 * 60);

/// How many rows go into one statement; SQLite takes no more than 32,766 values.
pub(super) const ROWS_AT_ONCE: usize = 256;

/// How many numbers are listed in one statement.
const IDS_AT_ONCE: usize = 4_000;

/// Waits for a server no longer than this.
async fn limited<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Failure> {
    match timeout(limit, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Failure::silent()),
    }
}

/// Takes rows as they come, each within this time.
async fn drain<R>(
    limit: Duration,
    mut rows: impl Stream<Item = Result<R, sqlx::Error>> + Unpin,
    mut take: impl FnMut(R) -> Result<(), Failure>,
) -> Result<(), Failure> {
    while let Some(row) = limited(limit, rows.try_next()).await? {
        take(row)?;
    }
    Ok(())
}

/// A statement with its values. Only one that comes again is worth keeping prepared.
fn bound<'q, DB: Database + HasStatementCache>(
    sql: &str,
    values: Vec<Value>,
    again: bool,
) -> Query<'q, DB, <DB as Database>::Arguments>
where
    Option<i64>: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    Option<String>: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
{
    // Made of constants and numbers of our own; whatever comes from outside is bound.
    let query = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(again);
    values.into_iter().fold(query, |query, value| match value {
        Value::Int(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
    })
}

impl Connection {
    /// All rows at once, where there are few.
    pub(super) async fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        let take = |row| {
            rows.push(row);
            Ok(())
        };
        self.fetch(sql, values, true, take).await?;
        Ok(rows)
    }

    /// The same for a statement that does not come again.
    pub(super) async fn query_once(&mut self, sql: &str) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        let take = |row| {
            rows.push(row);
            Ok(())
        };
        self.fetch(sql, &[], false, take).await?;
        Ok(rows)
    }

    /// One row after the other, so that many take no more room than one.
    pub(super) async fn each(
        &mut self,
        sql: &str,
        values: &[Value],
        take: impl FnMut(Row) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.fetch(sql, values, true, take).await
    }

    async fn fetch(
        &mut self,
        sql: &str,
        values: &[Value],
        again: bool,
        mut take: impl FnMut(Row) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match self {
            Self::Sqlite(file) => {
                let work = async |connection: &mut SqliteConnection| {
                    let mut rows = bound(sql, values.to_vec(), again).fetch(connection);
                    // What holds a file up is told by its own limit.
                    while let Some(row) = rows.try_next().await? {
                        take(Row::Sqlite(row))?;
                    }
                    Ok(())
                };
                file.at_work(work).await
            }
            Self::Postgres(connection) => {
                let rows = bound(sql, values.to_vec(), KEPT).fetch(connection);
                drain(ANSWER, rows, |row| take(Row::Postgres(row))).await
            }
        }
    }

    /// A statement that gives nothing; how many rows it changed.
    pub(super) async fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, Failure> {
        self.execute(sql, values.to_vec(), true).await
    }

    async fn execute(
        &mut self,
        sql: &str,
        values: Vec<Value>,
        again: bool,
    ) -> Result<u64, Failure> {
        Ok(match self {
            Self::Sqlite(file) => {
                let work = async |connection: &mut SqliteConnection| {
                    let done = bound(sql, values, again).execute(connection).await?;
                    Ok(done.rows_affected())
                };
                file.at_work(work).await?
            }
            Self::Postgres(connection) => {
                let done = bound(sql, values, KEPT).execute(connection);
                limited(ANSWER, done).await?.rows_affected()
            }
        })
    }

    /// Several statements without values.
    pub(super) async fn script(&mut self, sql: String) -> Result<(), Failure> {
        self.script_within(ANSWER, sql).await
    }

    /// Several statements without values that may take their time, in the midst of a transaction.
    pub(super) async fn migrate(&mut self, sql: String) -> Result<(), Failure> {
        match self {
            Self::Sqlite(_) => self.script(sql).await,
            Self::Postgres(_) => {
                let sql = format!("SET LOCAL statement_timeout TO 0; {sql}");
                self.script_within(MIGRATION, sql).await
            }
        }
    }

    async fn script_within(&mut self, limit: Duration, sql: String) -> Result<(), Failure> {
        let script = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::Sqlite(file) => {
                let work = async |connection: &mut SqliteConnection| {
                    Ok(script.execute(connection).await.map(|_| ())?)
                };
                file.at_work(work).await?;
            }
            Self::Postgres(connection) => {
                limited(limit, script.execute(connection))
                    .await
                    .map(|_| ())?;
            }
        }
        Ok(())
    }

    /// Rows for `table (column, …)`, all with the same number of values; `after` is what follows them.
    pub(super) async fn insert(
        &mut self,
        into: &'static str,
        rows: Vec<Vec<Value>>,
        after: &'static str,
    ) -> Result<(), Failure> {
        let mut insert = Insert::of(self.kind(), into, after);
        for row in rows {
            insert.push(row)?;
        }
        self.put(insert).await
    }

    /// Rows that are made already.
    pub(super) async fn put(&mut self, insert: Insert) -> Result<(), Failure> {
        for statement in insert.finish() {
            self.send(statement).await?;
        }
        Ok(())
    }

    async fn send(&mut self, statement: Statement) -> Result<(), Failure> {
        match (self, statement) {
            (Self::Sqlite(file), Statement::Sqlite(query)) => {
                let work = async |connection: &mut SqliteConnection| {
                    Ok(query.execute(connection).await.map(|_| ())?)
                };
                file.at_work(work).await
            }
            (Self::Postgres(connection), Statement::Postgres(query)) => {
                let done = query.execute(connection);
                limited(ANSWER, done).await.map(|_| ())
            }
            (Self::Sqlite(_), _) | (Self::Postgres(_), _) => {
                let other = "a statement was made for another database".to_owned();
                Err(sqlx::Error::Protocol(other).into())
            }
        }
    }

    /// Which database it leads to.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Sqlite(_) => Kind::Sqlite,
            Self::Postgres(_) => Kind::Postgres,
        }
    }

    /// `UPDATE table SET … FROM (VALUES …) AS new WHERE …`, for rows that all have the same number of values;
    /// the columns of `new` are `column1`, `column2` and so on.
    pub(super) async fn update(
        &mut self,
        set: &str,
        rows: Vec<Vec<Value>>,
        which: &str,
    ) -> Result<(), Failure> {
        let width = rows.first().map_or(1, Vec::len);
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let count = rows.len().min(ROWS_AT_ONCE);
            let values = self.kind().rows(count, width);
            let sql = format!("UPDATE {set} FROM ({values}) AS new WHERE {which}");
            let values = rows.by_ref().take(count).flatten().collect();
            self.execute(&sql, values, count == ROWS_AT_ONCE).await?;
        }
        Ok(())
    }

    /// `before` these numbers in brackets, in as many statements as that takes.
    pub(super) async fn run_for(
        &mut self,
        before: &str,
        ids: &[i64],
        values: &[Value],
    ) -> Result<(), Failure> {
        for ids in ids.chunks(IDS_AT_ONCE) {
            let sql = format!("{before} ({})", listed(ids));
            self.execute(&sql, values.to_vec(), false).await?;
        }
        Ok(())
    }

    /// Begins to write, when nobody else does anymore.
    pub(super) async fn begin(&mut self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(_) => self.script("BEGIN IMMEDIATE".to_owned()).await,
            Self::Postgres(_) => {
                // Whoever waits for another one is no statement that takes too long.
                let answer = ANSWER.as_secs();
                let begin = format!(
                    "BEGIN; {}; SET LOCAL statement_timeout TO 0; SELECT pg_advisory_xact_lock({WRITERS}); \
                     SET LOCAL statement_timeout TO '{answer}s'",
                    settings()
                );
                self.script_within(PATIENCE + ANSWER, begin).await
            }
        }
    }

    /// Begins to read one state of everything.
    pub(super) async fn begin_reading(&mut self) -> Result<(), Failure> {
        let begin = match self {
            Self::Sqlite(_) => "BEGIN".to_owned(),
            Self::Postgres(_) => format!(
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {}",
                settings()
            ),
        };
        self.script(begin).await
    }

    /// Begins what is open as long as a lock is held, whatever limits the server has for that.
    pub(super) async fn begin_holding(&mut self) -> Result<(), Failure> {
        let begin = format!(
            "BEGIN; {}; SELECT set_config(name, '0', true) FROM pg_catalog.pg_settings \
             WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')",
            settings()
        );
        self.script(begin).await
    }

    pub(super) async fn commit(&mut self) -> Result<(), Failure> {
        self.script("COMMIT".to_owned()).await
    }

    /// Whether it still leads anywhere.
    pub(super) async fn is_alive(&mut self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Postgres(connection) => limited(ANSWER, connection.ping()).await.is_ok(),
        }
    }

    /// The highest number given to a row so far.
    pub(super) async fn last_id(&mut self, table: &str) -> Result<i64, Failure> {
        let sql = format!("SELECT COALESCE(MAX(id), 0) FROM {table}");
        let rows = self.query(&sql, &[]).await?;
        rows.first().map_or(Ok(0), |row| row.get(0))
    }
}

/// What holds for one transaction of PostgreSQL: a pooler gives the connection to somebody else after it, with
/// all that was set for longer.
fn settings() -> String {
    format!(
        "SET LOCAL search_path TO straggler; SET LOCAL lock_timeout TO '{}s'; \
         SET LOCAL statement_timeout TO '{}s'",
        PATIENCE.as_secs(),
        ANSWER.as_secs()
    )
}

/// `1, 2, 3`.
pub(super) fn listed(ids: &[i64]) -> String {
    let mut list = String::new();
    for id in ids {
        let comma = if list.is_empty() { "" } else { ", " };
        let _ = write!(list, "{comma}{id}");
    }
    list
}
