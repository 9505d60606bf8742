use std::borrow::Cow;
use std::time::Duration;
use std::{fmt, io};

use super::Place;
use super::place::passwords;
use crate::keyring::Scrubber;
use crate::text::escape;

/// Why the ledger could not be read or written: what, where, and what to do next. It shows no password
/// and no value.
#[derive(Debug, thiserror::Error)]
#[error("the ledger {place} {what}: {next}")]
pub struct LedgerError {
    place: String,
    what: Cow<'static, str>,
    next: Cow<'static, str>,
    interrupted: bool,
}

impl LedgerError {
    /// The user did not want to wait for it any longer; `during` is what was done.
    #[must_use]
    pub fn interrupted(place: &Place, during: &'static str) -> Self {
        Self {
            place: place.to_string(),
            what: "was given up".into(),
            next: format!("interrupted while {during}").into(),
            interrupted: true,
        }
    }

    /// Whether the user did not want to wait for it any longer.
    #[must_use]
    pub fn is_interrupt(&self) -> bool {
        self.interrupted
    }

    /// What was to be done took longer than this, and was given up.
    #[must_use]
    pub fn slow(place: &Place, limit: Duration) -> Self {
        Self {
            place: place.to_string(),
            what: format!("took longer than {} s", limit.as_secs()).into(),
            next: "find out who holds it, or what keeps its disk or server so busy".into(),
            interrupted: false,
        }
    }
}

/// The same before it is known where.
#[derive(Debug)]
pub(super) enum Failure {
    /// What the database said.
    Database(sqlx::Error),
    /// What straggler found, and what to do next.
    Found(Cow<'static, str>, &'static str),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl Failure {
    /// A ledger that does not say what it should.
    pub(super) fn damaged(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Found(what.into(), RESTORE)
    }

    /// A server that does not answer.
    pub(super) fn silent() -> Self {
        Self::Found(
            "does not answer".into(),
            "check that the server runs, its host and its port",
        )
    }

    /// Whether another program is at it, so that it may pass.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error))
            if matches!(primary(error.as_ref()), Some(5 | 6)))
    }

    pub(super) fn at(self, place: &Place) -> LedgerError {
        let (what, next) = match self {
            Self::Found(what, next) => (what, next),
            Self::Database(error) => told(&error, place),
        };
        LedgerError {
            place: place.to_string(),
            what,
            next: next.into(),
            interrupted: false,
        }
    }
}

/// How many characters of what a server says are shown.
const LONGEST: usize = 400;
const RESTORE: &str = "restore it from a backup, or move it away to begin a new one";
const CREDENTIALS: &str = "check the user and its password: PGPASSWORD, ~/.pgpass, or what stands in the URL, \
                           where special characters are percent-encoded and a % is %25";
const AGAIN: &str = "run straggler again";

/// SQLite's primary result code.
fn primary(error: &(dyn sqlx::error::DatabaseError + 'static)) -> Option<i32> {
    let is_sqlite = error
        .try_downcast_ref::<sqlx::sqlite::SqliteError>()
        .is_some();
    let code = error.code()?.parse::<i32>().ok()?;
    is_sqlite.then_some(code & 0xff)
}

fn told(error: &sqlx::Error, place: &Place) -> (Cow<'static, str>, &'static str) {
    match error {
        sqlx::Error::Database(error) => match place {
            Place::File(_) => of_sqlite(error.as_ref()),
            Place::Postgres(url) => of_postgres(error.as_ref(), url),
        },
        sqlx::Error::Io(error) if is_distrust(error) => untrusted(error),
        sqlx::Error::Tls(error) => untrusted(error),
        sqlx::Error::Io(error) => (
            format!("cannot be reached: {error}").into(),
            "check that the server runs, its host and its port",
        ),
        // It may hold parts of the URL.
        sqlx::Error::Configuration(_) => ("cannot be opened".into(), "check its URL"),
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => {
            ("holds what is no ledger's".into(), RESTORE)
        }
        error => (
            format!("failed: {}", escape(&error.to_string())).into(),
            AGAIN,
        ),
    }
}

/// What goes wrong with TLS comes as a failed read.
fn is_distrust(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<rustls::Error>())
}

fn untrusted(error: &dyn fmt::Display) -> (Cow<'static, str>, &'static str) {
    (
        format!(
            "has no connection that can be trusted: {}",
            escape(&error.to_string())
        )
        .into(),
        "name its authority with sslrootcert=FILE in the URL",
    )
}

fn of_sqlite(
    error: &(dyn sqlx::error::DatabaseError + 'static),
) -> (Cow<'static, str>, &'static str) {
    match primary(error) {
        Some(3 | 8 | 14 | 23) => (
            "cannot be opened for writing".into(),
            "make it and its folder writable, or name another place with --ledger",
        ),
        Some(5 | 6) => ("is held by another program".into(), AGAIN),
        Some(10 | 13) => (
            format!("could not be written: {}", escape(error.message())).into(),
            "make room on its disk, then run straggler again",
        ),
        Some(11 | 26) => (
            format!("is damaged: {}", escape(error.message())).into(),
            RESTORE,
        ),
        _ => (format!("failed: {}", escape(error.message())).into(), AGAIN),
    }
}

fn of_postgres(
    error: &(dyn sqlx::error::DatabaseError + 'static),
    url: &str,
) -> (Cow<'static, str>, &'static str) {
    let code = error.code();
    let code = code.as_deref().unwrap_or_default();
    // A server may repeat what it was sent.
    let scrubber = Scrubber::default().knowing(passwords(url), Vec::new());
    let message = scrubber.text(error.message().as_bytes(), LONGEST);
    // What stood in one transaction is not known in the next message, or is somebody else's.
    if matches!(code, "26000" | "42P05") || message.contains("statement pooling mode") {
        return (
            format!("is behind a pooler that keeps no transaction on one connection: {message}")
                .into(),
            "let the pooler keep transactions: in PgBouncer `pool_mode = transaction`, or `session`",
        );
    }
    // A table that is there already, or has other columns than ours.
    if code.starts_with("42") && !matches!(code, "42501" | "42601") {
        return (
            format!("has tables of another program in its schema straggler: {message}").into(),
            "name another place with --ledger",
        );
    }
    let next = match code {
        // Poolers have one code for everything.
        _ if message.starts_with("unsupported startup parameter") => {
            "take that parameter out of the URL, or let the pooler ignore it: in PgBouncer \
             `ignore_startup_parameters`"
        }
        "08P01" if message.contains("no such database") => {
            "create the database, and name it in the pooler's settings"
        }
        "08P01"
            if message.contains("no such user") || message.contains("authentication failed") =>
        {
            CREDENTIALS
        }
        code if code.starts_with("28") => CREDENTIALS,
        "3D000" => "create the database",
        "42601" => "look at the server's log: it may be another database than PostgreSQL",
        "42501" => "grant CREATE on the database, or all on the schema straggler and its tables",
        "57014" => "find out what keeps the server so busy, then run straggler again",
        "53100" => "make room on its disk, then run straggler again",
        "55P03" => "find out who holds the lock, then run straggler again",
        _ => AGAIN,
    };
    (format!("refused: {message}").into(), next)
}
