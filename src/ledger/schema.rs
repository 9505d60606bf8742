use super::db::{Connection, Value};
use super::error::Failure;

/// What each version of the schema adds to the one before: to both databases, to SQLite and to PostgreSQL.
const MIGRATIONS: [[&str; 3]; 8] = [
    [include_str!("migrations/1.sql"), "", ""],
    [include_str!("migrations/2.sql"), "", ""],
    [
        include_str!("migrations/3.sql"),
        include_str!("migrations/3.sqlite.sql"),
        include_str!("migrations/3.postgres.sql"),
    ],
    [include_str!("migrations/4.sql"), "", ""],
    [include_str!("migrations/5.sql"), "", ""],
    [include_str!("migrations/6.sql"), "", ""],
    [include_str!("migrations/7.sql"), "", ""],
    [include_str!("migrations/8.sql"), "", ""],
];

/// Marks a file of SQLite as a ledger: `strg`.
const MARK: i64 = 0x7374_7267;

/// Brings the schema up to date.
pub(super) async fn migrate(connection: &mut Connection) -> Result<(), Failure> {
    let newest = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let version = version_now(connection).await?;
    if version == Some(newest) {
        return Ok(());
    }
    newer(version, newest)?;
    connection.begin().await?;
    // Another program may have been faster.
    let version = self::version(connection).await?;
    newer(version, newest)?;
    if version.is_none() {
        let first = match connection {
            Connection::Sqlite(_) => format!("PRAGMA application_id = {MARK};"),
            Connection::Postgres(_) => "CREATE SCHEMA IF NOT EXISTS straggler;".to_owned(),
        };
        let table = "CREATE TABLE ledger (version BIGINT NOT NULL)";
        connection.script(format!("{first} {table}")).await?;
        connection.run("INSERT INTO ledger VALUES (0)", &[]).await?;
    }
    let done = usize::try_from(version.unwrap_or(0)).unwrap_or(0);
    for [both, sqlite, postgres] in &MIGRATIONS[done..] {
        let sql = match connection {
            // Under this name SQLite numbers its rows itself, without an index beside.
            Connection::Sqlite(_) => {
                format!("{both}{sqlite}").replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY")
            }
            Connection::Postgres(_) => format!("{both}{postgres}"),
        };
        connection.migrate(sql).await?;
    }
    let set = "UPDATE ledger SET version = $1";
    connection.run(set, &[Value::from(newest)]).await?;
    connection.commit().await
}

/// Whether there is a ledger at all.
pub(super) async fn exists(connection: &mut Connection) -> Result<bool, Failure> {
    Ok(version_now(connection).await?.is_some())
}

fn newer(version: Option<i64>, newest: i64) -> Result<(), Failure> {
    match version {
        Some(version) if version > newest => Err(Failure::Found(
            format!("has version {version} of its schema, and this straggler knows {newest}")
                .into(),
            "update straggler, or name another place with --ledger",
        )),
        _ => Ok(()),
    }
}

/// Refuses a file of SQLite that is no ledger and will not become one.
pub(super) async fn recognize(connection: &mut Connection) -> Result<(), Failure> {
    // First, for whoever makes a ledger of it meanwhile marks it as well.
    let all = "SELECT name FROM sqlite_schema LIMIT 1";
    let is_empty = connection.query(all, &[]).await?.is_empty();
    let marks = connection.query("PRAGMA application_id", &[]).await?;
    let mark: i64 = marks.first().map_or(Ok(0), |row| row.get(0))?;
    if mark == MARK || (mark == 0 && is_empty) {
        return Ok(());
    }
    Err(Failure::Found(
        "is the database of another program".into(),
        "name another place with --ledger",
    ))
}

/// Which version is there, asked in a transaction of its own.
async fn version_now(connection: &mut Connection) -> Result<Option<i64>, Failure> {
    connection.begin_reading().await?;
    let version = version(connection).await?;
    connection.commit().await?;
    Ok(version)
}

/// Which version is there; `None` where there is no ledger yet.
async fn version(connection: &mut Connection) -> Result<Option<i64>, Failure> {
    let own = match connection {
        Connection::Sqlite(_) => "SELECT name FROM sqlite_schema WHERE name = 'ledger'",
        Connection::Postgres(_) => {
            "SELECT tablename::TEXT FROM pg_catalog.pg_tables \
             WHERE schemaname = 'straggler' AND tablename = 'ledger'"
        }
    };
    if connection.query(own, &[]).await?.is_empty() {
        return Ok(None);
    }
    let rows = connection.query("SELECT version FROM ledger", &[]).await?;
    match rows.first() {
        Some(row) => row.get(0).map(Some),
        None => Err(Failure::damaged("does not say the version of its schema")),
    }
}
