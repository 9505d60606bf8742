//! A real etcd.

use std::process::Command;

use crate::server::Server;
use crate::table::{Followed, Table, commands};
use crate::values::{CURRENT, OLD, WRONG};
use crate::world::World;

#[test]
#[ignore = "needs etcd"]
fn a_key_is_put_and_a_member_leaves_its_document() {
    let server = Server::start();
    let mut world = World::new();
    world.stores = format!(
        "stores: {{ eu: {{ etcd: {{ address: '{}' }} }} }}",
        server.url()
    );
    let endpoint = server.endpoint();
    let mut table = Table::of("etcd");
    let put = |remedy: &str| {
        let commands = commands(remedy);
        assert_eq!(commands.len(), 1, "{remedy}");
        world.run(
            &commands[0],
            &[("ETCDCTL_ENDPOINTS", &endpoint), ("ETCDCTL_API", "3")],
        );
        Followed::Run
    };
    let hop = "{ etcd: { store: eu, key: 'allstak/it''s a key' } }";
    let audit = || world.audit(hop);
    table.tries("no key", "missing", audit, put);
    let newline = format!("{CURRENT}\n");
    for (what, value, verdict) in
        WRONG
            .into_iter()
            .chain([("a trailing newline", &*newline, "malformed")])
    {
        server.put("allstak/it's a key", value);
        table.tries(what, verdict, audit, put);
    }

    let member = "{ etcd: { store: eu, key: json }, extract: { json: /api_key } }";
    server.put("json", &format!(r#"{{"port":1,"api_key":"{OLD}"}}"#));
    table.tries("a member of JSON with an old key", "stale", || world.audit(member), |remedy| {
        assert!(commands(remedy).is_empty(), "{remedy}");
        assert!(
            remedy.contains("make the member /api_key in etcd:eu/json the current key, and leave the rest as it is"),
            "{remedy}"
        );
        let text = serde_json::json!({"port": 1, "api_key": CURRENT}).to_string();
        server.put("json", &text);
        Followed::Instruction
    });
    let output = Command::new("etcdctl")
        .args([
            "--endpoints",
            &endpoint,
            "get",
            "--print-value-only",
            "json",
        ])
        .env("ETCDCTL_API", "3")
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"port\":1"));
}
