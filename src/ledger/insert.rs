//! Rows on their way into a table. They are bound as they come, so that this can be done while the database is at
//! others.

use std::fmt::Write as _;
use std::mem::take;
use std::sync::Arc;

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
    Sqlite {
        values: SqliteArguments,
        /// The last text of each column: most rows have the same as the one before, and share it.
        last: Vec<Option<Arc<str>>>,
    },
    Postgres(PgArguments),
}

impl Kind {
    /// `VALUES (?, ?), (?, ?)`.
    pub(super) fn rows(self, rows: usize, width: usize) -> String {
        let mut sql = String::with_capacity(16 + rows * (4 + width * 8));
        sql.push_str("VALUES ");
        // SQLite compares every name with all that came before it, so it gets none.
        let unnamed = format!("({})", vec!["?"; width].join(", "));
        for row in 0..rows {
            sql.push_str(if row == 0 { "" } else { ", " });
            match self {
                Self::Sqlite => sql.push_str(&unnamed),
                Self::Postgres => {
                    for column in 0..width {
                        let before = if column == 0 { "(" } else { ", " };
                        let _ = write!(sql, "{before}${}", row * width + column + 1);
                    }
                    sql.push(')');
                }
            }
        }
        sql
    }

    fn none(self) -> Bound {
        match self {
            Self::Sqlite => Bound::Sqlite {
                values: SqliteArguments::default(),
                last: Vec::new(),
            },
            Self::Postgres => Bound::Postgres(PgArguments::default()),
        }
    }
}

impl Bound {
    /// Makes room for so many values.
    fn reserve(&mut self, count: usize) {
        match self {
            Self::Sqlite { values, .. } => Arguments::reserve(values, count, 0),
            Self::Postgres(values) => Arguments::reserve(values, count, 0),
        }
    }

    /// Adds the value of a column.
    fn add(&mut self, column: usize, value: Value) -> Result<(), Failure> {
        let added = match (self, value) {
            (Self::Sqlite { values, .. }, Value::Int(number)) => Arguments::add(values, number),
            (Self::Sqlite { values, .. }, Value::Text(None)) => {
                Arguments::add(values, None::<String>)
            }
            (Self::Sqlite { values, last }, Value::Text(Some(text))) => {
                if last.len() <= column {
                    last.resize(column + 1, None);
                }
                let same = last[column].take().filter(|last| **last == *text);
                let text = same.unwrap_or_else(|| text.into());
                last[column] = Some(Arc::clone(&text));
                Arguments::add(values, text)
            }
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
        let row = row.into_iter();
        if self.rows == 1 {
            // A second row, and there are many more as a rule.
            self.values.reserve(row.size_hint().0 * ROWS_AT_ONCE);
        }
        self.rows += 1;
        self.width = 0;
        for value in row {
            self.values.add(self.width, value)?;
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
            Bound::Sqlite { values, .. } => {
                Statement::Sqlite(sqlx::query_with(sql, values).persistent(again))
            }
            Bound::Postgres(values) => {
                Statement::Postgres(sqlx::query_with(sql, values).persistent(KEPT))
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Place;
    use crate::ledger::db::Row;
    use crate::ledger::store::connect;

    #[tokio::test]
    async fn what_goes_in_comes_out_whatever_stood_in_the_row_before() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::File(folder.path().join("ledger.db"));
        std::fs::write(folder.path().join("ledger.db"), "").unwrap();
        let mut connection = connect(&place).await.unwrap();
        let table = "CREATE TABLE notes (id INTEGER PRIMARY KEY, one TEXT, other TEXT)";
        connection.script(table.to_owned()).await.unwrap();
        let texts = [
            [Some("same"), None],
            [Some("same"), Some("same")],
            [None, Some("same")],
            [Some("same"), Some("another")],
            [Some("another"), Some("another")],
            [Some(""), None],
        ];
        // More than one statement holds, the last of them with a single row.
        let rows: Vec<_> = texts
            .into_iter()
            .cycle()
            .take(2 * ROWS_AT_ONCE + 1)
            .collect();
        let mut insert = Insert::of(Kind::Sqlite, "notes (id, one, other)", "");
        for (id, texts) in (0_i64..).zip(&rows) {
            let [one, other] = texts.map(|text| Value::Text(text.map(str::to_owned)));
            insert.push([id.into(), one, other]).unwrap();
        }
        connection.put(insert).await.unwrap();
        let sql = "SELECT one, other FROM notes ORDER BY id";
        let found = connection.query(sql, &[]).await.unwrap();
        let text = |row: &Row, column| row.get::<Option<&str>>(column).unwrap().map(str::to_owned);
        assert_eq!(found.len(), rows.len());
        for (row, expected) in found.iter().zip(rows) {
            let expected = expected.map(|text| text.map(str::to_owned));
            assert_eq!([text(row, 0), text(row, 1)], expected);
        }
    }

    #[test]
    fn postgres_numbers_its_values_and_sqlite_does_not() {
        assert_eq!(Kind::Sqlite.rows(2, 2), "VALUES (?, ?), (?, ?)");
        assert_eq!(Kind::Postgres.rows(2, 2), "VALUES ($1, $2), ($3, $4)");
        assert_eq!(Kind::Postgres.rows(1, 1), "VALUES ($1)");
    }
}
