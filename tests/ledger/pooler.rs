//! A ledger behind the real PgBouncer, which gives every transaction whatever connection is free.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection, Row as _};
use straggler::ledger::{Ledger, Place};
use tempfile::TempDir;

use super::SUITE;
use super::ground::Ground;
use super::server::{Server, as_postgres, as_root};

struct Pooler {
    port: u16,
    child: Child,
    #[expect(dead_code, reason = "its settings go when this is dropped")]
    folder: TempDir,
}

impl Pooler {
    fn start(server: &Server, mode: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let folder = tempfile::tempdir().unwrap();
        let users = folder.path().join("users");
        fs::write(&users, "\"postgres\" \"\"\n").unwrap();
        let settings = folder.path().join("pgbouncer.ini");
        fs::write(
            &settings,
            format!(
                "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
                 listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\n\
                 pool_mode = {mode}\ndefault_pool_size = 4\n",
                server.port,
                users.display()
            ),
        )
        .unwrap();
        as_root(
            "chown",
            ["-R".as_ref(), "postgres".as_ref(), folder.path().as_ref()],
        );
        let child = as_postgres(Path::new("/usr/sbin/pgbouncer"))
            .arg(&settings)
            .spawn()
            .expect("tests/setup/pgbouncer installs it");
        let pooler = Self {
            port,
            child,
            folder,
        };
        let patience = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < patience, "PgBouncer does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        pooler
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn everything_holds_behind_a_pooler_of_transactions() {
    let server = Server::start();
    let pooler = Pooler::start(&server, "transaction");
    for (name, test) in SUITE {
        let ground = Ground::postgres_by(&server, pooler.port).await;
        ground.runs(name, test(&ground)).await;
        let Place::Postgres(url) = &ground.place else {
            unreachable!()
        };
        // Whoever gets its connections next finds them as they were.
        let mut others = Vec::new();
        for _ in 0..4 {
            let mut other = PgConnection::connect_with(&plain(url)).await.unwrap();
            sqlx::raw_sql("BEGIN").execute(&mut other).await.unwrap();
            let row = sqlx::query(
                "SELECT current_setting('search_path') || current_setting('statement_timeout') \
                 || (SELECT COUNT(*) FROM pg_prepared_statements WHERE name <> '') \
                 || (SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' \
                     AND pid = pg_backend_pid())",
            )
            .persistent(false)
            .fetch_one(&mut other)
            .await
            .unwrap();
            let left: String = row.get(0);
            assert_eq!(left, "\"$user\", public000", "{name}");
            others.push(other);
        }
    }
}

/// As a program connects that knows of poolers.
fn plain(url: &str) -> sqlx::postgres::PgConnectOptions {
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    options.extra_float_digits(None)
}

async fn refusal(url: &str) -> String {
    let place = Place::parse(url).unwrap();
    let opened = Ledger::open(&place).await.map(drop);
    opened.unwrap_err().to_string()
}

#[tokio::test]
#[ignore = "needs PgBouncer"]
async fn what_a_pooler_refuses_is_told_as_the_poolers() {
    let server = Server::start();
    let pooler = Pooler::start(&server, "statement");
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", pooler.port);
    let refused = refusal(&url).await;
    assert!(refused.contains("behind a pooler"), "{refused}");
    assert!(refused.contains("pool_mode = transaction"), "{refused}");
    let refused = refusal(&format!("{url}?options[geqo]=off")).await;
    assert!(refused.contains("ignore_startup_parameters"), "{refused}");
    let refused = refusal(&url.replace("//postgres@", "//nobody@")).await;
    assert!(refused.contains("check the user"), "{refused}");
}
