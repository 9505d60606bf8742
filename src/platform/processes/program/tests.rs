use super::*;
use crate::reading::{ErrorKind, ReadError};

const K: &str = "K";

/// A process that a test made up: name, arguments, and its environment.
type Made<'a> = (&'a str, &'a [&'a str], &'a str);

fn told(reading: &Reading) -> String {
    let found = match &reading.found {
        Found::Value(value) => String::from_utf8_lossy(value.expose()).into_owned(),
        Found::Hidden {
            taken_for: Some(taken),
            ..
        } => match &taken.found {
            Found::Value(value) => format!("perhaps {}", String::from_utf8_lossy(value.expose())),
            _ => "perhaps something".to_owned(),
        },
        Found::Hidden { .. } => "hidden".to_owned(),
        Found::Absent => "absent".to_owned(),
        Found::Failed(_) => "failed".to_owned(),
        Found::Fingerprint { .. } => "a fingerprint".to_owned(),
    };
    format!("{} {found}", reading.replica.as_deref().unwrap())
}

fn looked(processes: &[Made<'_>], all: bool, loads: Loads) -> Programs {
    let made: Vec<_> = (1..)
        .zip(processes)
        .map(|(pid, (name, arguments, environment))| {
            let environment = Some(Secret::copied(environment.as_bytes()));
            (Process::made(pid, name, arguments), environment)
        })
        .collect();
    let looking = Looking {
        variable: K,
        loads,
        all,
        within: "",
    };
    let pairs = made
        .iter()
        .map(|(process, environment)| (process, Ok(environment)));
    looking.at(pairs)
}

/// What one process has.
fn one(made: Made<'_>) -> String {
    let readings = looked(&[made], false, Loads::Environ).each();
    readings.iter().map(told).collect::<Vec<_>>().join(", ")
}

#[test]
fn what_pm2_keeps_takes_the_place_of_what_a_worker_was_started_with() {
    for (environment, found) in [
        (r#"K=new|pm2_env={"K":"old","env":{"K":"older"}}"#, "old"),
        (r#"K=old|pm2_env={"K":"new"}"#, "new"),
        (r#"pm2_env={"K":"old\n"}"#, "old\n"),
        (r#"K=new|pm2_env={"env":{"K":"old"}}"#, "old"),
        // It says nothing of the variable, so what was there stays.
        (r#"K=new|pm2_env={"name":"web","env":{}}"#, "new"),
        (r#"PATH=/bin|pm2_env={}"#, "absent"),
        // What cannot be read may set anything.
        (r#"K=new|pm2_env={"K":"#, "perhaps new"),
        (r#"K=new|pm2_env={"K":{"deep":"old"}}"#, "perhaps new"),
        (r#"PATH=/bin|pm2_env=no JSON"#, "hidden"),
    ] {
        let environment = environment.replace('|', "\0") + "\0";
        let title = &["node /srv/app.js"];
        assert_eq!(
            one(("node /srv/app.j", title, &environment)),
            format!("node /srv/app.j/1 {found}")
        );
    }
}

#[test]
fn every_value_of_a_variable_that_stands_twice_is_told() {
    let environment = "K=new\0K=old\0K=new\0K=older\0";
    let node: &[&str] = &["node", "app.js"];
    assert_eq!(
        one(("node", node, environment)),
        "node/1/2 old, node/1/3 older, node/1 new"
    );
    let readings = looked(&[("node", node, environment)], false, Loads::Environ).each();
    let told = |reading: &Reading| reading.note.as_deref() == Some(MORE_THAN_ONCE);
    assert!(readings.iter().all(told));
    assert_eq!(one(("node", node, "K=new\0K=new\0")), "node/1 new");
    // Where the command line sets it, it does not matter what stands there.
    let gunicorn: &[&str] = &["gunicorn", "--env", "K=new", "app"];
    assert_eq!(one(("gunicorn", gunicorn, environment)), "gunicorn/1 new");
    assert_eq!(
        one(("gunicorn", &["gunicorn", "app"], "K=new\0K=old\0")),
        "gunicorn/1/2 perhaps old, gunicorn/1 perhaps new"
    );
}

#[test]
fn what_a_manager_may_override_is_never_sure() {
    for (name, arguments, environment, found) in [
        (
            "gunicorn",
            &["python3", "/usr/bin/gunicorn", "app"][..],
            "K=new\0",
            "gunicorn/1 perhaps new",
        ),
        (
            "gunicorn",
            &["python3", "/usr/bin/gunicorn", "app"],
            "X=1\0",
            "gunicorn/1 hidden",
        ),
        (
            "gunicorn",
            &["gunicorn", "--env", "K=old", "app"],
            "K=new\0",
            "gunicorn/1 old",
        ),
        (
            "gunicorn",
            &["gunicorn", "-e", "K=new", "--env=K=old", "app"],
            "X=1\0",
            "gunicorn/1 old",
        ),
        (
            "gunicorn",
            &["gunicorn", "app"],
            "K=new\0GUNICORN_CMD_ARGS=--env K=old -w 2\0",
            "gunicorn/1 old",
        ),
        (
            "gunicorn",
            &["gunicorn", "app"],
            "K=new\0GUNICORN_CMD_ARGS=--env 'K=old'\0",
            "gunicorn/1 perhaps new",
        ),
        (
            "gunicorn",
            &["gunicorn", "-eK=new", "app"],
            "GUNICORN_CMD_ARGS=-eK=old\0",
            "gunicorn/1 new",
        ),
        (
            "uwsgi",
            &["uwsgi", "--ini", "app.ini"],
            "K=new\0",
            "uwsgi/1 perhaps new",
        ),
        (
            "uwsgi",
            &["uwsgi", "--env", "K=old"],
            "K=new\0",
            "uwsgi/1 perhaps new, uwsgi/1/arguments old",
        ),
        (
            "php-fpm8.2",
            &["php-fpm: pool www"],
            "K=new\0",
            "php-fpm8.2/1 perhaps new",
        ),
        (
            "php-fpm8.2",
            &["php-fpm: pool www"],
            "",
            "php-fpm8.2/1 hidden",
        ),
        (
            "apache2",
            &["apache2", "-k", "start"],
            "K=old\0",
            "apache2/1 perhaps old",
        ),
        (
            "supervisord",
            &["python3", "/usr/bin/supervisord"],
            "K=old\0",
            "supervisord/1 perhaps old",
        ),
        (
            "supervisord",
            &["python3", "/usr/bin/supervisord"],
            "X=1\0",
            "supervisord/1 absent",
        ),
        ("node", &["node", "app.js"], "K=new\0", "node/1 new"),
    ] {
        assert_eq!(
            one((name, arguments, environment)),
            found,
            "{arguments:?} {environment}"
        );
    }
}

#[test]
fn what_a_command_line_sets_stands_beside_the_environment() {
    for (name, arguments, environment, found) in [
        (
            "java",
            &["java", "-DK=old", "-jar", "a.jar"][..],
            "K=new\0",
            "java/1 new, java/1/arguments old",
        ),
        (
            "java",
            &["java", "-DK=old", "-jar", "a.jar"],
            "X=1\0",
            "java/1/arguments old",
        ),
        (
            "sh",
            &["sh", "-c", "K=old node server.js"],
            "X=1\0",
            "sh/1/arguments old",
        ),
        (
            "timeout",
            &["timeout", "9", "env", "K=old", "node"],
            "K=new\0",
            "timeout/1 new, timeout/1/arguments old",
        ),
    ] {
        assert_eq!(one((name, arguments, environment)), found, "{arguments:?}");
    }
}

#[test]
fn a_managers_own_environment_is_sure_where_what_it_started_is_seen() {
    let manager: Made<'_> = ("supervisord", &["supervisord"], "K=new\0");
    let child: Made<'_> = ("web", &["web"], "K=old\0");
    let bare: Made<'_> = ("web", &["web"], "X=1\0");
    let told = |processes: &[Made<'_>], all| -> Vec<String> {
        let programs = looked(processes, all, Loads::Environ);
        programs.readings.iter().map(told).collect()
    };
    assert_eq!(
        told(&[manager, child], true),
        ["web/2 old", "supervisord/1 new"]
    );
    assert_eq!(
        told(&[manager, child], false),
        ["web/2 old", "supervisord/1 perhaps new"]
    );
    assert_eq!(told(&[manager, bare], true), ["supervisord/1 perhaps new"]);
}

#[test]
fn helpers_lack_nothing_beside_a_process_that_has_it() {
    let shell: Made<'_> = ("sh", &["sh", "start"], "X=1\0");
    let child: Made<'_> = ("node", &["node"], "K=old\0");
    let titled: Made<'_> = ("nginx", &["nginx: worker"], "");
    let told = |processes: &[Made<'_>], loads| -> Vec<String> {
        let readings = looked(processes, true, loads).together(loads);
        readings.iter().map(told).collect()
    };
    assert_eq!(told(&[shell, child], Loads::Environ), ["node/2 old"]);
    assert_eq!(told(&[shell, titled], Loads::Environ), ["nginx/2 hidden"]);
    assert_eq!(
        told(&[shell, shell], Loads::Environ),
        ["sh/1 absent", "sh/2 absent"]
    );
    // What loads its key by itself may have another one.
    assert_eq!(
        told(&[shell, child], Loads::Itself),
        ["node/2 old", "sh/1 hidden"]
    );
}

#[test]
fn what_a_helper_was_given_is_searched_with_the_process_that_has_it() {
    let shell: Made<'_> = ("sh", &["sh", "start"], "OTHER=old\0");
    let child: Made<'_> = ("node", &["node"], "K=new\0");
    for processes in [vec![shell, child], vec![child, shell, shell, child]] {
        let readings = looked(&processes, true, Loads::Environ).together(Loads::Environ);
        let whole = readings[0].whole.as_ref().unwrap();
        let whole = String::from_utf8_lossy(whole.expose());
        assert_eq!(whole.matches("OTHER=old").count(), 1, "{whole}");
        assert_eq!(whole.matches("K=new").count(), 1, "{whole}");
    }
}

#[test]
fn what_may_not_be_read_is_said_and_what_ended_is_gone() {
    let made = [1, 2, 3].map(|pid| Process::made(pid, "web", &["web"]));
    let denied = ReadError::new(ErrorKind::Denied, "closed", "be root");
    let (gone, none) = (None, Some(Secret::copied(b"X=1\0")));
    let environments = [Ok(&gone), Err(&denied), Ok(&none)];
    let looking = Looking {
        variable: K,
        loads: Loads::Environ,
        all: true,
        within: "shop/",
    };
    let programs = looking.at(made.iter().zip(environments));
    let readings = programs.together(Loads::Environ);
    let found: Vec<_> = readings.iter().map(told).collect();
    assert_eq!(found, ["shop/web/2 failed", "shop/web/3 absent"]);
    assert_eq!(readings[1].note.as_deref(), Some(LOADS_ITSELF));
}

#[test]
fn what_options_set_that_stand_in_another_variable_is_judged_too() {
    let java: &[&str] = &["java", "-jar", "app.jar"];
    let options = "K=new\0JAVA_TOOL_OPTIONS=-Xmx1g -DK=old\0NODE_OPTIONS=--inspect\0";
    assert_eq!(
        one(("java", java, options)),
        "java/1 new, java/1/JAVA_TOOL_OPTIONS old"
    );
    // Beside it the variable is not missing.
    let alone = "X=1\0JAVA_TOOL_OPTIONS=-DK=old\0";
    assert_eq!(one(("java", java, alone)), "java/1/JAVA_TOOL_OPTIONS old");
}
