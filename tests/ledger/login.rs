//! Who may use a ledger in PostgreSQL, and who it is that answers.

use std::fs;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use straggler::ledger::{Ledger, Place};

use super::scene::Scene;
use super::server::Server;

async fn refusal(url: &str) -> String {
    let place = Place::parse(url).unwrap();
    let message = Ledger::open(&place)
        .await
        .map(drop)
        .unwrap_err()
        .to_string();
    assert!(!message.contains("hunter"), "{message}");
    message
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_login_that_fails_says_what_to_do_and_no_password() {
    let server = Server::start();
    let port = server.port;
    server.sql("CREATE USER ana PASSWORD 'hunter2'").await;
    server.sql("CREATE DATABASE team").await;
    let url = |password: &str, database: &str| {
        format!("postgres://ana:{password}@127.0.0.1:{port}/{database}")
    };
    let refused = refusal(&url("hunter3", "team")).await;
    assert!(refused.contains("PGPASSWORD"), "{refused}");
    let refused = refusal(&url("hunter2", "nothing")).await;
    assert!(refused.contains("create the database"), "{refused}");
    // Since PostgreSQL 15 nobody may create anything in a database that is not theirs.
    let refused = refusal(&url("hunter2", "team")).await;
    assert!(
        refused.contains("grant CREATE on the database"),
        "{refused}"
    );
    let refused = refusal("postgres://ana:hunter2@127.0.0.1:1/team").await;
    assert!(refused.contains("check that the server runs"), "{refused}");

    server.sql("GRANT CREATE ON DATABASE team TO ana").await;
    let place = Place::parse(&url("hunter2", "team")).unwrap();
    let ledger = Ledger::open(&place).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    Scene::new(folder.path()).night(&ledger).await;
    // Where there is a ledger, whoever may use it needs no more than that.
    server.sql("REVOKE CREATE ON DATABASE team FROM ana").await;
    let again = Ledger::open_existing(&place).await.unwrap().unwrap();
    assert_eq!(again.audits(9).await.unwrap().len(), 1);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_password_may_hold_any_character() {
    let server = Server::start();
    let host = format!("127.0.0.1:{}", server.port);
    for (number, (password, url)) in [
        (
            "a@b:c/d?e#f%g&h+i",
            "postgres://USER:a%40b%3Ac%2Fd%3Fe%23f%25g%26h%2Bi@HOST/team",
        ),
        // What can only be meant so is taken so.
        ("a@b:c+d&e=f", "postgres://USER:a@b:c+d&e=f@HOST/team"),
        ("100%", "postgres://USER:100%@HOST/team"),
        (
            "a+b c=d@e",
            "postgres://HOST/team?user=USER&password=a+b%20c=d@e",
        ),
        (
            "é\"\\[ ]",
            "postgres://USER:%C3%A9%22%5C%5B%20%5D@HOST/team",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let (user, database) = (format!("ana{number}"), format!("team{number}"));
        server.sql(&format!("CREATE DATABASE {database}")).await;
        server
            .sql(&format!(
                "CREATE USER {user} PASSWORD '{password}'; GRANT CREATE ON DATABASE {database} TO {user}"
            ))
            .await;
        let url = url.replace("team", &database).replace("USER", &user);
        let url = url.replace("HOST", &host);
        let opened = Ledger::open(&Place::parse(&url).unwrap()).await.map(drop);
        assert!(opened.is_ok(), "{password}: {opened:?}");
    }
    // What the server never sees as it was meant is told with how it is written.
    server.sql("CREATE USER eve PASSWORD 'hunter%41'").await;
    let refused = refusal(&format!("postgres://eve:hunter%41@{host}/postgres")).await;
    assert!(refused.contains("a % is %25"), "{refused}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_connection_that_broke_is_made_again() {
    let server = Server::start();
    let place = Place::parse(&server.database().await).unwrap();
    let ledger = Ledger::open(&place).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::new(folder.path());
    scene.night(&ledger).await;
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                  WHERE application_name = 'straggler'";
    server.sql(others).await;
    scene.night(&ledger).await;
    assert_eq!(ledger.audits(9).await.unwrap().len(), 2);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn only_a_server_that_proves_who_it_is_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let authority = |name: &str| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    };
    let (ours, other) = (authority("ours"), authority("another"));
    let key = KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned()];
    let params = CertificateParams::new(names).unwrap();
    let certificate = params.signed_by(&key, &ours).unwrap();
    let outside = tempfile::tempdir().unwrap();
    let write = |folder: &tempfile::TempDir, name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let certificate = write(&folder, "server.crt", certificate.pem());
    let key = write(&folder, "server.key", key.serialize_pem());
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let ours = write(&outside, "ours.pem", ours.pem());
    let other = write(&outside, "other.pem", other.pem());
    let settings = [
        "ssl=on".to_owned(),
        format!("ssl_cert_file={certificate}"),
        format!("ssl_key_file={key}"),
    ];
    let server = Server::start_in(folder, &settings);
    let url = server.database().await;
    for (mode, authority, trusted) in [
        ("verify-full", Some(&ours), true),
        ("verify-full", Some(&other), false),
        ("verify-full", None, false),
        ("verify-ca", Some(&other), false),
        ("require", None, true),
    ] {
        let root = authority.map(|path| format!("&sslrootcert={path}"));
        let url = format!("{url}?sslmode={mode}{}", root.unwrap_or_default());
        let opened = Ledger::open(&Place::parse(&url).unwrap()).await.map(drop);
        assert_eq!(opened.is_ok(), trusted, "{mode}: {opened:?}");
        if let Err(error) = opened {
            let message = error.to_string();
            assert!(message.contains("sslrootcert=FILE"), "{message}");
        }
    }
}
