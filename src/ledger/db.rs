//! One set of SQL for two databases.

use std::fmt::Write as _;

use sqlx::database::HasStatementCache;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection as _, Database, Postgres, Row as _, Sqlite};

use super::error::Failure;

/// A connection.
pub(super) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
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

/// How many values go into one statement; SQLite takes no more than 32,766.
const AT_ONCE: usize = 4_000;

/// A statement with its values. Only one that comes again is worth keeping prepared.
fn bound<'q, DB: Database + HasStatementCache>(
    sql: &str,
    values: &[Value],
    again: bool,
) -> Query<'q, DB, <DB as Database>::Arguments>
where
    Option<i64>: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    Option<String>: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
{
    // Made of constants and numbers of our own; whatever comes from outside is bound.
    let query = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(again);
    values.iter().fold(query, |query, value| match value {
        Value::Int(number) => query.bind(*number),
        Value::Text(text) => query.bind(text.clone()),
    })
}

impl Connection {
    pub(super) async fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Failure> {
        Ok(match self {
            Self::Sqlite(connection) => {
                let rows = bound(sql, values, true).fetch_all(connection).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(connection) => {
                let rows = bound(sql, values, true).fetch_all(connection).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// A statement that gives nothing; how many rows it changed.
    pub(super) async fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, Failure> {
        self.execute(sql, values, true).await
    }

    async fn execute(&mut self, sql: &str, values: &[Value], again: bool) -> Result<u64, Failure> {
        Ok(match self {
            Self::Sqlite(connection) => {
                let done = bound(sql, values, again).execute(connection).await?;
                done.rows_affected()
            }
            Self::Postgres(connection) => {
                let done = bound(sql, values, again).execute(connection).await?;
                done.rows_affected()
            }
        })
    }

    /// Several statements without values.
    pub(super) async fn script(&mut self, sql: String) -> Result<(), Failure> {
        let script = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::Sqlite(connection) => script.execute(connection).await.map(|_| ())?,
            Self::Postgres(connection) => script.execute(connection).await.map(|_| ())?,
        }
        Ok(())
    }

    /// Rows for `table (column, …)`, all with the same number of values; `after` is what follows them.
    pub(super) async fn insert(
        &mut self,
        into: &str,
        rows: Vec<Vec<Value>>,
        after: &str,
    ) -> Result<(), Failure> {
        let width = rows.first().map_or(1, Vec::len);
        for rows in rows.chunks((AT_ONCE / width).max(1)) {
            let mut sql = format!("INSERT INTO {into} VALUES ");
            for row in 0..rows.len() {
                sql.push_str(if row == 0 { "(" } else { ", (" });
                for column in 0..width {
                    sql.push_str(if column == 0 { "" } else { ", " });
                    match self {
                        // SQLite compares every name with all that came before it, so it gets none.
                        Self::Sqlite(_) => sql.push('?'),
                        Self::Postgres(_) => {
                            let _ = write!(sql, "${}", row * width + column + 1);
                        }
                    }
                }
                sql.push(')');
            }
            sql.push_str(after);
            self.execute(&sql, &rows.concat(), false).await?;
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
        for ids in ids.chunks(AT_ONCE) {
            let sql = format!("{before} ({})", listed(ids));
            self.execute(&sql, values, false).await?;
        }
        Ok(())
    }

    /// Begins to write, when nobody else does anymore.
    pub(super) async fn begin(&mut self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(_) => self.script("BEGIN IMMEDIATE".to_owned()).await,
            Self::Postgres(_) => {
                self.script("BEGIN".to_owned()).await?;
                let lock = format!("SELECT pg_advisory_xact_lock({WRITERS})");
                self.script(lock).await
            }
        }
    }

    /// Begins to read one state of everything.
    pub(super) async fn begin_reading(&mut self) -> Result<(), Failure> {
        let begin = match self {
            Self::Sqlite(_) => "BEGIN",
            Self::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        self.script(begin.to_owned()).await
    }

    pub(super) async fn commit(&mut self) -> Result<(), Failure> {
        self.script("COMMIT".to_owned()).await
    }

    /// Whether it still leads anywhere.
    pub(super) async fn is_alive(&mut self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Postgres(connection) => connection.ping().await.is_ok(),
        }
    }

    /// The highest number given to a row so far.
    pub(super) async fn last_id(&mut self, table: &str) -> Result<i64, Failure> {
        let sql = format!("SELECT COALESCE(MAX(id), 0) FROM {table}");
        let rows = self.query(&sql, &[]).await?;
        rows.first().map_or(Ok(0), |row| row.get(0))
    }
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
