use super::*;

/// What is found of these processes: control group, name and arguments.
async fn found(settings: Value, processes: &[(&str, &[&str])]) -> Vec<Reading> {
    let listed = (7..)
        .zip(processes)
        .map(|(pid, (cgroup, arguments))| Running {
            cgroup: (*cgroup).into(),
            ..Running::made(pid, arguments[0], arguments)
        });
    let snapshot = Snapshot {
        processes: listed.collect(),
        partial: false,
    };
    // No environment is asked for.
    let known = Known::default().with(List, Ok(snapshot));
    read_known("process", settings, known).await.unwrap()
}

fn shown(readings: &[Reading]) -> Vec<String> {
    let shown = |reading: &Reading| {
        let found = told(&reading.found);
        let found = found.split(':').next().unwrap();
        format!("{} {found}", reading.replica.as_deref().unwrap())
    };
    readings.iter().map(shown).collect()
}

const WEB: &str = "/system.slice/web.service";

#[tokio::test]
async fn the_key_is_found_in_an_argument() {
    let processes = [
        (WEB, &["web", "--api-key=old", "--api-key", "new"][..]),
        (WEB, &["web", "--port", "1"]),
        (WEB, &["sh", "-c", "web --api-key=old"]),
    ];
    let by_name = json!({"name": "web", "argument": "--api-key"});
    assert_eq!(
        shown(&found(by_name, &processes).await),
        ["web/7 old", "web/7/2 new", "web/8 absent"]
    );
    // A helper of a unit lacks nothing, and what a script says is not known.
    let by_unit = json!({"unit": "web", "argument": "--api-key"});
    assert_eq!(
        shown(&found(by_unit.clone(), &processes).await),
        ["web/7 old", "web/7/2 new", "sh/9 hidden"]
    );
    assert_eq!(
        shown(&found(by_unit, &processes[1..2]).await),
        ["web/7 absent"]
    );
}

#[tokio::test]
async fn a_real_process_shows_its_arguments() {
    let program = std::process::Command::new("sh")
        .args([
            "-c",
            "read -r line",
            "straggler-argued",
            "--api-key",
            "old\n",
        ])
        .env_clear()
        .stdin(std::process::Stdio::piped())
        .spawn();
    let mut program = program.unwrap();
    let settings = json!({"pid": program.id(), "argument": "--api-key"});
    let told_of = |readings: Vec<Reading>| told(&readings[0].found);
    // It is this test's own program until it becomes the shell.
    let mut told = String::new();
    for _ in 0..1000 {
        told = told_of(read("process", settings.clone()).await.unwrap());
        if told != "absent" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    program.kill().unwrap();
    program.wait().unwrap();
    assert_eq!(told, "old\n");
}

#[tokio::test]
async fn what_is_to_be_done_names_the_option() {
    let at = At::of(VARIABLE);
    for (settings, place, words) in [
        (
            json!({"name": "web", "argument": "-k"}),
            "process:name=web#-k",
            "restart the process (name=web) with the current key after `-k`",
        ),
        (
            json!({"unit": "web", "argument": "--api-key"}),
            "process:unit=web.service#--api-key",
            "`systemctl cat web.service` shows its `ExecStart=`",
        ),
    ] {
        let hop = hop("process", settings);
        assert_eq!(hop.location(at), place);
        let readings = "arguments, so its environment or a file";
        let remedy = hop.remedy(at, &super::super::Case::default());
        assert!(
            remedy.contains(words) && remedy.contains(readings),
            "{remedy}"
        );
    }
    let user = "/user.slice/user-1.slice/user@1.service/app.slice/web.service";
    let settings = json!({"unit": "web", "argument": "--api-key"});
    let readings = found(settings, &[(user, &["web", "--api-key=old"])]).await;
    let words = readings[0].mend.as_ref().unwrap().words.as_deref().unwrap();
    assert!(
        words.contains("after `--api-key`") && words.contains("systemctl --user restart"),
        "{words}"
    );
    for settings in [
        json!({"name": "web", "argument": "api-key"}),
        json!({"name": "web", "argument": "--api-key=x"}),
        json!({"name": "web", "argument": "-k", "loads": "itself"}),
    ] {
        let hop = try_hop("process", settings.clone()).unwrap();
        assert!(hop.check().is_err(), "{settings}");
    }
}
