//! Where a ledger of its own can be kept for a test.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use futures_util::FutureExt as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use straggler::ledger::{Ledger, Place};
use tempfile::TempDir;

use super::server::Server;

pub struct Ground {
    pub place: Place,
    /// The URL that leads to the database itself, where it is on a server.
    direct: Option<String>,
    folder: TempDir,
    /// How many kills it is worth, and how many milliseconds each process has at most.
    pub kills: (usize, u64),
}

impl Ground {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            place: Place::beneath(folder.path()),
            direct: None,
            folder,
            kills: (300, 40),
        }
    }

    /// A new database on this server.
    pub async fn postgres(server: &Server) -> Self {
        Self::postgres_by(server, server.port).await
    }

    /// The same, reached by another port than the server's own.
    pub async fn postgres_by(server: &Server, port: u16) -> Self {
        let direct = server.database().await;
        let url = direct.replace(&format!(":{}/", server.port), &format!(":{port}/"));
        Self {
            place: Place::parse(&url).unwrap(),
            direct: Some(direct),
            folder: tempfile::tempdir().unwrap(),
            kills: (30, 400),
        }
    }

    pub async fn ledger(&self) -> Ledger {
        Ledger::open(&self.place).await.unwrap()
    }

    /// A folder beside it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<PathBuf> {
        match &self.place {
            Place::File(path) => Some(path.clone()),
            Place::Postgres(_) => None,
        }
    }

    /// Another program's statement.
    pub async fn sql(&self, sql: &str) {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match (&self.place, &self.direct) {
            (Place::File(path), _) => {
                let url = format!("sqlite://{}", path.display());
                let mut connection = SqliteConnection::connect(&url).await.unwrap();
                sql.execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            (Place::Postgres(url), direct) => {
                let url = direct.as_ref().unwrap_or(url);
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::raw_sql("SET search_path TO straggler")
                    .execute(&mut connection)
                    .await
                    .unwrap();
                sql.execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    /// Runs a test and checks the ledger afterwards.
    pub async fn runs(&self, name: &str, test: impl Future<Output = ()>) {
        let whole = async {
            test.await;
            if let Some(ledger) = Ledger::open_existing(&self.place).await.unwrap_or(None) {
                ledger.check().await.unwrap();
            }
        };
        let place = &self.place;
        let done = AssertUnwindSafe(whole).catch_unwind().await;
        assert!(done.is_ok(), "{name} fails on {place}");
    }
}
