use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::{env, fmt, fs};

use percent_encoding::percent_decode_str;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::key::Secret;
use crate::text::{Escaped, is_opaque, shown_path};

/// Where a ledger is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of SQLite.
    File(PathBuf),
    /// The URL of a database of PostgreSQL, `postgres://user@host/database`. It may hold a password.
    Postgres(String),
}

const EXPECTED: &str = "expected a path, or postgres://USER@HOST/DATABASE";

const ENCODED: &str = "in this URL a user or a password holds a character that has to be percent-encoded there, \
                       as / is %2F, ? is %3F, # is %23, @ is %40, & is %26 and % is %25";

/// What may stand in a URL behind the question mark with an @ in its value.
const PARAMETERS: [&str; 4] = ["user", "password", "host", "dbname"];

impl Place {
    /// Reads what was given on the command line.
    ///
    /// # Errors
    ///
    /// A lowercase fragment that says what is expected. It never repeats the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        match scheme {
            Some("postgres" | "postgresql") if is_cut(text) => {
                Err(format!("{EXPECTED}: {ENCODED}"))
            }
            Some("postgres" | "postgresql") => match options(text) {
                Some(_) => Ok(Self::Postgres(text.to_owned())),
                None if text.contains('%') => Err(format!("{EXPECTED}: {ENCODED}")),
                None => Err(format!("{EXPECTED}: this URL cannot be read")),
            },
            Some(scheme) if scheme.chars().all(|c| c.is_ascii_alphanumeric()) => {
                Err(EXPECTED.to_owned())
            }
            _ if text.is_empty() => Err(EXPECTED.to_owned()),
            _ => Ok(Self::File(text.into())),
        }
    }

    /// The usual file in the folder that keeps the state of programs, `$XDG_STATE_HOME`.
    #[must_use]
    pub fn beneath(state_home: &Path) -> Self {
        Self::File(state_home.join("straggler").join("ledger.db"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(&shown(path)),
            Self::Postgres(url) => {
                let Some(options) = options(url) else {
                    return f.write_str("postgres");
                };
                let host = match options.get_socket() {
                    Some(folder) => folder.to_string_lossy().into_owned(),
                    None => options.get_host().to_owned(),
                };
                write!(f, "postgres://{}:{}", Escaped(&host), options.get_port())?;
                match options.get_database() {
                    Some(database) => write!(f, "/{}", Escaped(database)),
                    None => Ok(()),
                }
            }
        }
    }
}

/// A path as it may be shown. What straggler itself gives a ledger for a name ends with a few digits that look
/// like a key's.
fn shown(path: &Path) -> String {
    let name = path.file_name().and_then(|name| name.to_str());
    let parts = name
        .and_then(|name| name.strip_suffix(".db"))
        .and_then(|name| name.rsplit_once('-'))
        .filter(|(_, end)| end.len() == 8 && end.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if let Some((name, end)) = parts {
        let named = path.with_file_name(name);
        if !is_opaque(&named) {
            return format!("{}-{end}.db", shown_path(&named));
        }
    }
    shown_path(path)
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether a user or a password ends early, at a character that means something in a URL. What is left of it
/// would be taken for a host or a database, and shown.
fn is_cut(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else {
        return false;
    };
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = address.split_once('/').map_or("", |(_, path)| path);
    let is_odd = |pair: &str| match pair.split_once('=') {
        Some((name, value)) => value.contains('@') && !PARAMETERS.contains(&name),
        None => !pair.is_empty(),
    };
    rest.contains('#') || path.contains('@') || query.split('&').any(is_odd)
}

/// How to connect. Beyond this machine the server has to prove who it is, unless the URL says otherwise.
pub(super) fn options(url: &str) -> Option<PgConnectOptions> {
    let mut options: PgConnectOptions = url.parse().ok()?;
    let query = url.split_once('?').map_or("", |(_, query)| query);
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        // Else a + would be a space, as in a form, and as nowhere else with PostgreSQL.
        let decoded = || percent_decode_str(value).decode_utf8().ok();
        options = match name {
            "user" => options.username(&decoded()?),
            "password" => options.password(&decoded()?),
            _ => options,
        };
    }
    let says = ["sslmode=", "ssl-mode="].iter().any(|word| {
        url.split_once('?')
            .is_some_and(|(_, query)| query.split('&').any(|pair| pair.starts_with(word)))
    });
    let local = options.get_socket().is_some() || is_loopback(options.get_host());
    Some(match (says, local) {
        (true, _) => options,
        (false, true) => options.ssl_mode(PgSslMode::Prefer),
        (false, false) => options.ssl_mode(PgSslMode::VerifyFull),
    })
}

/// The passwords that a server of this URL may be given: what stands in it, in `PGPASSWORD`, and in the password file.
pub(super) fn passwords(url: &str) -> Vec<Secret> {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let login = address
        .split_once("://")
        .and_then(|(_, rest)| rest.rsplit_once('@'))
        .and_then(|(login, _)| login.split_once(':'));
    let within = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("password="));
    let of_url = login
        .map(|(_, password)| password)
        .into_iter()
        .chain(within);
    let of_url = of_url.map(|password| Secret::new(percent_decode_str(password).collect()));
    let set = env::var_os("PGPASSWORD").map(|password| Secret::new(password.into_encoded_bytes()));
    of_url.chain(set).chain(filed()).collect()
}

/// Those in the password file, of whatever server.
fn filed() -> Vec<Secret> {
    let named = env::var_os("PGPASSFILE").map(PathBuf::from);
    let usual = || Some(Path::new(&env::var_os("HOME")?).join(".pgpass"));
    let Some(text) = named.or_else(usual).and_then(|path| fs::read(path).ok()) else {
        return Vec::new();
    };
    let text = Secret::new(text);
    let lines = text.expose().split(|byte| *byte == b'\n');
    lines.filter_map(last_field).collect()
}

/// The fifth field of a line, which ends with it: `host:port:database:user:password`, a `:` or `\\` behind a `\\`.
fn last_field(line: &[u8]) -> Option<Secret> {
    let mut fields = 0;
    let mut password = Vec::with_capacity(line.len());
    let mut bytes = line.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b':' if fields < 4 => fields += 1,
            b'\\' => password.extend(bytes.next().filter(|_| fields == 4)),
            _ if fields == 4 => password.push(byte),
            _ => {}
        }
    }
    (!password.is_empty()).then(|| Secret::new(password))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.starts_with('/')
        || bare
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_known_to_be_taken_out_of_what_a_server_says() {
        let of = |url: &str| passwords(url).first().map(|found| found.expose().to_vec());
        for (url, password) in [
            ("postgres://ana:s%2Fx@db/team", "s/x"),
            (
                "postgres://ana@db/team?sslmode=require&password=p%40ss",
                "p@ss",
            ),
        ] {
            assert_eq!(of(url).unwrap(), password.as_bytes(), "{url}");
        }
        for (line, password) in [
            ("*:*:*:ana:secret", Some("secret")),
            (r"db:5432:team:an\:a:se\:cr\\et", Some(r"se:cr\et")),
            ("# a comment", None),
        ] {
            let found = last_field(line.as_bytes());
            let found = found.map(|found| found.expose().to_vec());
            assert_eq!(found.as_deref(), password.map(str::as_bytes), "{line}");
        }
    }

    #[test]
    fn a_place_is_a_path_or_a_url_of_postgres() {
        for (text, shown) in [
            ("ledger.db", "ledger.db"),
            (
                "/var/lib/straggler/ledger.db",
                "/var/lib/straggler/ledger.db",
            ),
            ("a:b", "a:b"),
            (
                "/x/straggler/moved-1a2b3c4d.db",
                "/x/straggler/moved-1a2b3c4d.db",
            ),
            (
                "/x/4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua-1a2b3c4d.db",
                "(a file whose name is not shown)",
            ),
            (
                "postgres://ana:secret@db.internal/team",
                "postgres://db.internal:5432/team",
            ),
            (
                "postgresql://db.internal:6432/team?password=secret",
                "postgres://db.internal:6432/team",
            ),
            (
                "postgres:///team?host=/run/postgresql&port=6000",
                "postgres:///run/postgresql:6000/team",
            ),
        ] {
            let place = Place::parse(text).unwrap();
            assert_eq!(place.to_string(), shown);
            assert_eq!(format!("{place:?}"), shown);
        }
    }

    #[test]
    fn anything_else_is_refused_without_repeating_it() {
        for text in [
            "",
            "mysql://ana:secret@host/team",
            "https://secret.example",
            "postgres://ana:secret@host:port/team",
            "postgres://ana:secret@host/team?sslmode=secret",
            "postgres://ana:secret%ff@host/team",
        ] {
            let error = Place::parse(text).unwrap_err();
            assert!(error.contains("postgres://USER@HOST/DATABASE"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_password_that_ends_early_is_told_and_never_shown() {
        for text in [
            "postgres://ana:se/cret@host/team",
            "postgres://ana:se?cret@host/team",
            "postgres://ana:se#cret@host/team",
            // What is left would be a port, a database, a parameter.
            "postgres://ana:12/cret@host/team",
            "postgres://ana:12?cret@host/team",
            "postgres://ana:12?se=cret@host/team",
            "postgres://ana:12#cret@host/team",
            "postgres://ana:s@12/cret@host/team",
            "postgres://host/team?user=ana&password=se&cret",
            "postgres://host/team?user=ana&password=se#cret",
            "postgres://ana:cret%ff@host/team",
        ] {
            let error = Place::parse(text).unwrap_err();
            assert!(error.contains("percent-encoded"), "{error}");
            assert!(!error.contains("cret") && !error.contains("12"), "{error}");
        }
        for text in [
            "postgres://ana:se%2Fcret%40@host/team",
            "postgres://ana:s@cret@host/team",
            "postgres://ana:100%@host/team",
            "postgres://host/team?user=ana@corp&password=s@cret",
        ] {
            assert_eq!(
                Place::parse(text).unwrap().to_string(),
                "postgres://host:5432/team"
            );
        }
    }

    #[test]
    fn a_server_elsewhere_has_to_prove_who_it_is() {
        for (url, verified) in [
            ("postgres://db.internal/team", true),
            ("postgres://10.0.0.5/team", true),
            ("postgres://localhost.example/team", true),
            ("postgres://db.internal/team?sslmode=require", false),
            (
                "postgres://db.internal/team?application_name=x&sslmode=disable",
                false,
            ),
            ("postgres://localhost/team", false),
            ("postgres://127.0.0.1:6000/team", false),
            ("postgres://[::1]/team", false),
            ("postgres:///team?host=/run/postgresql", false),
        ] {
            let mode = options(url).unwrap().get_ssl_mode();
            assert_eq!(
                matches!(mode, PgSslMode::VerifyFull),
                verified,
                "{url}: {mode:?}"
            );
        }
    }
}
