//! A PostgreSQL of its own, on loopback and a socket, gone when dropped.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

pub struct Server {
    pub port: u16,
    child: Child,
    folder: TempDir,
    databases: AtomicUsize,
}

impl Server {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With these settings, as `-c` takes them. What it may read is put into its folder by `with`.
    pub fn start_with(settings: &[String]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), settings)
    }

    /// In this folder, which becomes its user's.
    pub fn start_in(folder: TempDir, settings: &[String]) -> Self {
        as_root(
            "chown",
            [
                OsStr::new("-R"),
                "postgres".as_ref(),
                folder.path().as_ref(),
            ],
        );
        let data = folder.path().join("data");
        let ended = as_postgres(&program("initdb"))
            .args([
                "--no-sync",
                "--auth",
                "trust",
                "--encoding",
                "UTF8",
                "--pgdata",
            ])
            .arg(&data)
            .status();
        assert!(ended.unwrap().success(), "initdb");
        fs::write(
            data.join("pg_hba.conf"),
            "local all all trust\nhost all postgres 127.0.0.1/32 trust\n\
             host all all 127.0.0.1/32 scram-sha-256\n",
        )
        .unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut command = as_postgres(&program("postgres"));
        command.arg("-D").arg(&data).arg("-k").arg(folder.path());
        command.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        command.args(["-c", "fsync=off"]);
        for setting in settings {
            command.args(["-c", setting]);
        }
        let server = Self {
            port,
            child: command.spawn().expect("tests/setup/postgres installs it"),
            folder,
            databases: AtomicUsize::new(0),
        };
        let patience = Instant::now() + Duration::from_secs(30);
        while !server.answers() {
            assert!(Instant::now() < patience, "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn answers(&self) -> bool {
        let mut command = Command::new(program("pg_isready"));
        command.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
        command.status().unwrap().success()
    }

    /// The superuser's way in, by the socket.
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.path().display();
        format!(
            "postgres:///{database}?user=postgres&host={folder}&port={}",
            self.port
        )
    }

    /// A statement of the superuser.
    pub async fn sql(&self, sql: &str) {
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    /// A new database, reached over the network.
    pub async fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        self.sql(&format!("CREATE DATABASE team{number}")).await;
        format!("postgres://postgres@127.0.0.1:{}/team{number}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In the newest version's folder, which is on no search path.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("tests/setup/postgres installs it");
    let mut found: Vec<PathBuf> = versions
        .map(|version| version.unwrap().path().join("bin").join(name))
        .filter(|program| program.exists())
        .collect();
    found.sort();
    found.pop().expect("tests/setup/postgres installs it")
}

/// It refuses to run as root, and goes with the thread that began it.
pub(super) fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    command.args(["--pdeathsig=KILL", "--"]).arg(program);
    command
        .env_clear()
        .env("LC_ALL", "C.UTF-8")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

pub(super) fn as_root<'a>(program: &str, arguments: impl IntoIterator<Item = &'a OsStr>) {
    let ended = Command::new(program).args(arguments).status();
    assert!(ended.unwrap().success(), "{program}");
}
