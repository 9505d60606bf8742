//! What a container's command does to its environment.

use super::*;

/// What a container holds with this command, whose variable is this entry if any.
async fn holds(command: Value, entry: Option<Value>, settings: Value) -> String {
    let mut container = entry.map_or(json!({}), env);
    container["command"] = command;
    let mut settings = settings;
    settings["selector"] = "app=api".into();
    let world = World::default().pods(&[pod("api-1", LATER, container)]);
    let lines = world.told_by(settings).await;
    lines[0].strip_prefix("api-1: ").unwrap().to_owned()
}

/// The same without and with a value in the specification.
async fn both(command: Value) -> [String; 2] {
    let plain = || Some(json!({"value": "plain"}));
    [
        holds(command.clone(), None, json!({})).await,
        holds(command, plain(), json!({})).await,
    ]
}

#[tokio::test]
async fn absence_proves_nothing_where_the_command_brings_the_variable() {
    let script = |text: &str| json!(["/bin/sh", "-c", text]);
    for (command, why) in [
        (
            json!(["op", "run", "--", "node", "app.js"]),
            "resolves secrets when it starts (`op run`)",
        ),
        (
            json!([
                "/usr/bin/tini",
                "--",
                "/usr/local/bin/op",
                "run",
                "--env-file=x",
                "--",
                "app"
            ]),
            "(`op run`)",
        ),
        (
            json!(["/vault/vault-env", "node", "app.js"]),
            "(`vault-env`)",
        ),
        (json!(["berglas", "exec", "--", "app"]), "(`berglas exec`)"),
        (
            json!(["node", "--env-file=/etc/app/.env", "app.js"]),
            "reads a file of variables",
        ),
        (
            json!(["node", "-r", "dotenv/config", "app.js"]),
            "reads a file of variables",
        ),
        (script("exec op run -- node app.js"), "(`op run`)"),
    ] {
        let [absent, present] = both(command.clone()).await;
        assert!(
            absent.starts_with("loose: its command ") && absent.contains(why),
            "{command}: {absent}"
        );
        assert_eq!(present, "plain", "{command}");
    }
}

#[tokio::test]
async fn a_value_proves_nothing_where_the_command_may_put_another_in_its_place() {
    let script = |text: &str| json!(["/bin/sh", "-c", text]);
    for command in [
        json!(["doppler", "run", "--project", "x", "--", "app"]),
        json!(["chamber", "exec", "checkout", "--", "app"]),
        json!(["infisical", "run", "--", "app"]),
        json!(["envconsul", "-config", "/etc/x", "app"]),
        json!(["vault", "agent", "-config=/etc/x"]),
        json!(["dotenvx", "run", "--", "app"]),
        script("set -a; . /vault/secrets/config && exec app"),
        script("if true; then source ./env; fi\nexec app"),
        script("export ALLSTAK_API_KEY=$(cat /run/secrets/key); exec app"),
        script("ALLSTAK_API_KEY=\"$OTHER\" exec app"),
        script("unset ALLSTAK_API_KEY; exec app"),
        json!(["env", "-u", "ALLSTAK_API_KEY", "app"]),
        json!(["env", "-i", "app"]),
        json!(["gunicorn", "--env", "ALLSTAK_API_KEY=elsewhere", "app"]),
        json!(["env", "ALLSTAK_API_KEY=$(OTHER)", "app"]),
        json!(["env", "bash", "script", "ALLSTAK_API_KEY=elsewhere"]),
        json!(["app", "env", "ALLSTAK_API_KEY=elsewhere"]),
    ] {
        let [absent, present] = both(command.clone()).await;
        assert!(
            absent.starts_with("loose: its command "),
            "{command}: {absent}"
        );
        assert_eq!(present, "loose, by none: plain", "{command}");
    }
}

#[tokio::test]
async fn a_value_that_the_command_sets_is_the_one_that_counts() {
    for command in [
        json!(["env", "ALLSTAK_API_KEY=of-command", "app"]),
        json!([
            "tini",
            "--",
            "/usr/bin/env",
            "-S",
            "A=b",
            "ALLSTAK_API_KEY=of-command",
            "app"
        ]),
    ] {
        let [absent, present] = both(command).await;
        assert_eq!([&*absent, &*present], ["of-command", "of-command"]);
    }
}

#[tokio::test]
async fn other_commands_change_nothing() {
    for command in [
        json!(["node", "."]),
        json!(["app", "--key=$(ALLSTAK_API_KEY)"]),
        json!(["sh", "-c", "cp -r . /srv && exec app \"$ALLSTAK_API_KEY\""]),
        json!(["env", "OTHER_ALLSTAK_API_KEY=x", "app"]),
        json!(["op", "read"]),
        json!(["vault", "server"]),
    ] {
        assert_eq!(
            both(command.clone()).await,
            ["absent", "plain"],
            "{command}"
        );
    }
}

#[tokio::test]
async fn absence_is_missing_unless_the_program_loads_its_key_by_itself() {
    let none = || json!(["app"]);
    let plain = Some(json!({"value": "plain"}));
    let itself = || json!({"loads": "itself"});
    let hidden = holds(none(), None, itself()).await;
    assert!(
        hidden.starts_with("loose: the program loads its key by itself"),
        "{hidden}"
    );
    assert_eq!(holds(none(), plain, itself()).await, "plain");
    assert_eq!(
        holds(none(), None, json!({"loads": "environ"})).await,
        "absent"
    );
    let (readings, _) = World::default()
        .pods(&[pod("api-1", LATER, json!({}))])
        .read(json!({"selector": "app=api"}))
        .await;
    let note = readings.unwrap().remove(0).note.unwrap();
    assert!(
        note.ends_with("if the program takes the key from elsewhere, say `loads: itself`"),
        "{note}"
    );
}

#[tokio::test]
async fn a_helper_that_brings_something_does_not_count_beside_what_has_the_variable() {
    let mut helped = pod("api-1", LATER, env(json!({"value": "plain"})));
    helped["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "agent", "args": ["vault", "agent"]}));
    helped["status"]["containerStatuses"]
        .as_array_mut()
        .unwrap()
        .push(running("agent", LATER));
    assert_eq!(
        World::default().pods(&[helped]).told().await,
        ["api-1: plain"]
    );
}
