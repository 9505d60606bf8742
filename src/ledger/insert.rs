//! Rows on their way into a table. They are bound as they come, so that this can be done while the database is at
//! others.

use std::fmt::Write as _;
use std::mem::take;

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Postgres, Sqlite};

use super::db::{KEPT, ROWS_AT_ONCE, Value};
use super::error::Failure;

/// Which database a statement is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sqlite,
    Postgres,
}

/// A statement with its values.
pub(super) enum Statement {
    Sqlite(Query<'static, Sqlite, SqliteArguments>),
    Postgres(Query<'static, Postgres, PgArguments>),
}

/// Rows for one table, all with the same number of values.
pub(super) struct Insert {
    kind: Kind,
    into: &'static str,
    after: &'static str,
    /// The values of those rows that are in no statement yet.
    values: Bound,
    rows: usize,
    width: usize,
    full: Vec<Statement>,
}

enum Bound {
    Sqlite(SqliteArguments),
    Postgres(PgArguments),
}

impl Kind {
    /// `VALUES (?, ?), (?, ?)`.
    pub(super) fn rows(self, rows: usize, width: usize) -> String {
        let mut sql = String::from("VALUES ");
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..width {
                sql.push_str(if column == 0 { "" } else { ", " });
                match self {
                    // SQLite compares every name with all that came before it, so it gets none.
                    Self::Sqlite => sql.push('?'),
                    Self::Postgres => {
                        let _ = write!(sql, "${}", row * width + column + 1);
                    }
                }
            }
            sql.push(')');
        }
        sql
    }

    fn none(self) -> Bound {
        match self {
            Self::Sqlite => Bound::Sqlite(SqliteArguments::default()),
            Self::Postgres => Bound::Postgres(PgArguments::default()),
        }
    }
}

impl Bound {
    fn add(&mut self, value: Value) -> Result<(), Failure> {
        let added = match (self, value) {
            (Self::Sqlite(values), Value::Int(number)) => Arguments::add(values, number),
            (Self::Sqlite(values), Value::Text(text)) => Arguments::add(values, text),
            (Self::Postgres(values), Value::Int(number)) => Arguments::add(values, number),
            (Self::Postgres(values), Value::Text(text)) => Arguments::add(values, text),
        };
        Ok(added.map_err(sqlx::Error::Encode)?)
    }
}

impl Insert {
    /// Into `table (column, …)`; `after` is what follows the rows.
    pub(super) fn of(kind: Kind, into: &'static str, after: &'static str) -> Self {
        Self {
            kind,
            into,
            after,
            values: kind.none(),
            rows: 0,
            width: 0,
            full: Vec::new(),
        }
    }

    /// Takes one more row.
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = Value>) -> Result<(), Failure> {
        if self.rows == ROWS_AT_ONCE {
            self.close();
        }
        self.rows += 1;
        self.width = 0;
        for value in row {
            self.values.add(value)?;
            self.width += 1;
        }
        Ok(())
    }

    /// Whether there are no rows.
    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0 && self.full.is_empty()
    }

    /// The statements that put the rows in.
    pub(super) fn finish(mut self) -> Vec<Statement> {
        if self.rows > 0 {
            self.close();
        }
        self.full
    }

    fn close(&mut self) {
        let (into, after) = (self.into, self.after);
        // Only what comes again is worth keeping prepared.
        let again = self.rows == ROWS_AT_ONCE;
        let values = self.kind.rows(take(&mut self.rows), self.width);
        // Made of constants and numbers of our own; whatever comes from outside is bound.
        let sql = AssertSqlSafe(format!("INSERT INTO {into} {values}{after}"));
        let bound = std::mem::replace(&mut self.values, self.kind.none());
        self.full.push(match bound {
            Bound::Sqlite(values) => {
                Statement::Sqlite(sqlx::query_with(sql, values).persistent(again))
            }
            Bound::Postgres(values) => {
                Statement::Postgres(sqlx::query_with(sql, values).persistent(KEPT))
            }
        });
    }
}
