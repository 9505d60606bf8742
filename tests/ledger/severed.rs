//! Connections that break by number: with the first message to the server, then with the second one, and so on
//! until an audit is recorded without a break.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use straggler::ledger::{Ledger, LedgerError, Place};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

use super::ground::Ground;
use super::scene::{Scene, conclusion};
use super::server::Server;

/// What stands between the program and the server.
struct Between {
    port: u16,
    /// How many messages are left until the break.
    left: Arc<AtomicI64>,
    /// Whether that message reaches the server, so that only its answer is lost.
    arrives: Arc<AtomicBool>,
}

impl Between {
    async fn start(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let between = Self {
            port: listener.local_addr().unwrap().port(),
            left: Arc::default(),
            arrives: Arc::default(),
        };
        let (left, arrives) = (Arc::clone(&between.left), Arc::clone(&between.arrives));
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (left, arrives) = (Arc::clone(&left), Arc::clone(&arrives));
                // A connection that breaks is what this is for.
                tokio::spawn(async move { pass(client, server, &left, &arrives).await });
            }
        });
        between
    }
}

async fn pass(
    client: TcpStream,
    server: u16,
    left: &AtomicI64,
    arrives: &AtomicBool,
) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", server)).await?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = async { copy(&mut from_server, &mut to_client).await.map(|_| ()) };
    let asks = async {
        // The first message has no letter before its length.
        let mut head = 4;
        loop {
            let mut message = vec![0; head];
            from_client.read_exact(&mut message).await?;
            let length = message[head - 4..].try_into().map_or(0, u32::from_be_bytes);
            let mut rest = vec![0; length.saturating_sub(4) as usize];
            from_client.read_exact(&mut rest).await?;
            message.append(&mut rest);
            let breaks = left.fetch_sub(1, Ordering::SeqCst) == 1;
            if !breaks || arrives.load(Ordering::SeqCst) {
                to_server.write_all(&message).await?;
            }
            if breaks {
                return Ok(());
            }
            head = 5;
        }
    };
    // Whichever ends first, both connections end.
    tokio::select! {
        ended = answers => ended,
        ended = asks => ended,
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn whichever_message_is_the_last_nothing_is_lost() {
    let server = Server::start();
    for arrives in [false, true] {
        let ground = Ground::postgres(&server).await;
        let Place::Postgres(url) = &ground.place else {
            unreachable!()
        };
        let between = Between::start(server.port).await;
        between.arrives.store(arrives, Ordering::SeqCst);
        let (own, other) = (format!(":{}/", server.port), format!(":{}/", between.port));
        let place =
            Place::parse(&format!("{}?sslmode=disable", url.replace(&own, &other))).unwrap();
        let scene = Scene::new(ground.folder());
        let direct = ground.ledger().await;
        let mut kept = 0;
        for at in 1.. {
            scene.wait(1);
            scene.hold("web.env", if at % 2 == 0 { "one" } else { "odd" });
            between.left.store(at, Ordering::SeqCst);
            let night = async {
                let ledger = Ledger::open(&place).await?;
                let audit = scene.audit(&ledger.recall().await?).await;
                ledger.record(&audit, &conclusion(&audit)).await
            };
            let done: Result<(), LedgerError> = night.await;
            direct.check().await.unwrap();
            let now = direct.audits(u32::MAX).await.unwrap().len();
            assert!(now == kept || now == kept + 1, "{now} after {kept}");
            assert!(done.is_err() || now == kept + 1, "lost with message {at}");
            kept = now;
            if between.left.load(Ordering::SeqCst) > 0 {
                assert!(at > 30, "it broke {at} times");
                assert!(done.is_ok());
                break;
            }
        }
        scene.night(&direct).await;
    }
}
