//! Programs that give others, or themselves, another environment than the one that /proc shows.

use super::snapshot::{file_name, first_word};

/// A program whose own environment does not tell what the programs it runs have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// It sets variables in the very process, after its start.
    Overrides {
        /// What it is called.
        name: &'static str,
        /// Where it takes them from.
        through: &'static str,
    },
    /// It starts other processes with an environment of its own making, which theirs show.
    Hands {
        /// What it is called.
        name: &'static str,
        /// Where it takes them from.
        through: &'static str,
    },
}

/// Gunicorn's name here.
pub const GUNICORN: &str = "gunicorn";

/// Names of programs, or of titles that they give themselves.
const OVERRIDES: &[(&str, &str, &str)] = &[
    ("gunicorn", GUNICORN, "`raw_env` of its configuration"),
    ("gunicorn3", GUNICORN, "`raw_env` of its configuration"),
    ("uwsgi", "uWSGI", "`env` of its configuration"),
    ("uwsgi-core", "uWSGI", "`env` of its configuration"),
    ("uWSGI", "uWSGI", "`env` of its configuration"),
    ("apache2", "Apache", "`SetEnv` of its configuration"),
    ("httpd", "Apache", "`SetEnv` of its configuration"),
    ("unitd", "NGINX Unit", "`environment` of its configuration"),
    ("unit", "NGINX Unit", "`environment` of its configuration"),
    ("PassengerAgent", "Passenger", "`passenger_env_var`"),
    ("Passenger", "Passenger", "`passenger_env_var`"),
];
const HANDS: &[(&str, &str, &str)] = &[
    (
        "supervisord",
        "supervisor",
        "`environment` of its configuration",
    ),
    ("circusd", "circus", "`env` of its configuration"),
    ("foreman", "foreman", "its .env file"),
    ("honcho", "honcho", "its .env file"),
    ("PM2", "PM2", "the environment it keeps of each program"),
    ("pm2", "PM2", "the environment it keeps of each program"),
    (
        "pm2-runtime",
        "PM2",
        "the environment it keeps of each program",
    ),
    (
        "pm2-docker",
        "PM2",
        "the environment it keeps of each program",
    ),
    ("monit", "monit", "its configuration"),
    ("s6-svscan", "s6", "the scripts of its services"),
    ("runsvdir", "runit", "the scripts of its services"),
    ("runsv", "runit", "the scripts of its services"),
];
/// What runs a program that its first arguments name.
const INTERPRETERS: &[&str] = &[
    "python", "pypy", "ruby", "node", "nodejs", "bun", "sh", "bash", "dash", "ash", "env",
];
/// What only waits for the program that its arguments name.
const WAITERS: &[&str] = &["tini", "dumb-init", "docker-init", "catatonit", "init"];
/// As many arguments as can come before the name of what is run.
const MOST_OPTIONS: usize = 8;

/// Which of them a command line runs.
pub fn manager<'a>(name: &str, arguments: impl Iterator<Item = &'a [u8]>) -> Option<Manager> {
    let mut arguments = arguments.take(MOST_OPTIONS);
    let program = arguments.next().unwrap_or_default();
    let titles = [name.as_bytes(), program].map(first_word);
    if let Some(found) = titles.into_iter().find_map(known) {
        return Some(found);
    }
    let program = without_version(file_name(first_word(program)));
    let runs = |names: &[&str]| names.iter().any(|name| name.as_bytes() == program);
    if !runs(INTERPRETERS) && !runs(WAITERS) {
        return None;
    }
    // `python -m gunicorn`, `ruby /usr/bin/foreman`, `tini -- supervisord`.
    arguments.find_map(known)
}

fn known(word: &[u8]) -> Option<Manager> {
    let word = file_name(word);
    let plain = without_version(word);
    // `php-fpm8.2`, and `php-fpm: pool www`.
    if plain == b"php-fpm" {
        return Some(Manager::Overrides {
            name: "PHP-FPM",
            through: "`env[…]` of its pool, or the server before it",
        });
    }
    let is = |name: &&str| name.as_bytes() == word || name.as_bytes() == plain;
    let find = |list: &'static [(&str, &'static str, &'static str)]| {
        list.iter().find(|(called, ..)| is(called))
    };
    let overrides = find(OVERRIDES).map(|&(_, name, through)| Manager::Overrides { name, through });
    overrides.or_else(|| find(HANDS).map(|&(_, name, through)| Manager::Hands { name, through }))
}

/// `python3.12` is `python`.
fn without_version(name: &[u8]) -> &[u8] {
    let is_version = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let end = name.iter().rposition(|byte| !is_version(byte));
    end.map_or(name, |end| &name[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str, arguments: &[&str]) -> String {
        let arguments = arguments.iter().map(|argument| argument.as_bytes());
        match manager(name, arguments) {
            Some(Manager::Overrides { name, .. }) => format!("{name} overrides"),
            Some(Manager::Hands { name, .. }) => format!("{name} hands on"),
            None => "none".to_owned(),
        }
    }

    #[test]
    fn managers_are_known_by_their_names_titles_and_arguments() {
        for (name, arguments, found) in [
            (
                "gunicorn",
                &["/usr/bin/python3", "/usr/bin/gunicorn", "app:app"][..],
                "gunicorn overrides",
            ),
            (
                "python3",
                &["python3", "-m", "gunicorn", "app:app"],
                "gunicorn overrides",
            ),
            (
                "python3.12",
                &["/opt/bin/python3.12", "-X", "dev", "/opt/bin/gunicorn", "a"],
                "gunicorn overrides",
            ),
            (
                "gunicorn: worke",
                &["gunicorn: worker [shop]"],
                "gunicorn overrides",
            ),
            ("uwsgi", &["uwsgi", "--ini", "app.ini"], "uWSGI overrides"),
            ("uwsgi", &["uWSGI worker 1"], "uWSGI overrides"),
            (
                "uwsgi_python3",
                &["/usr/bin/uwsgi-core", "x.ini"],
                "uWSGI overrides",
            ),
            ("php-fpm8.2", &["php-fpm: pool www"], "PHP-FPM overrides"),
            (
                "php-fpm",
                &["php-fpm: master process (/etc/php/php-fpm.conf)"],
                "PHP-FPM overrides",
            ),
            (
                "apache2",
                &["/usr/sbin/apache2", "-k", "start"],
                "Apache overrides",
            ),
            (
                "ruby",
                &["Passenger AppPreloader: /srv/app"],
                "Passenger overrides",
            ),
            (
                "supervisord",
                &["/usr/bin/python3", "/usr/bin/supervisord", "-n"],
                "supervisor hands on",
            ),
            (
                "tini",
                &["/sbin/tini", "--", "supervisord", "-n"],
                "supervisor hands on",
            ),
            (
                "ruby3.1",
                &["ruby3.1", "/usr/local/bin/foreman", "start"],
                "foreman hands on",
            ),
            (
                "PM2 v7.0.4: God",
                &["PM2 v7.0.4: God Daemon (/root/.pm2)   "],
                "PM2 hands on",
            ),
            (
                "node",
                &["node", "/usr/local/bin/pm2-runtime", "app.js"],
                "PM2 hands on",
            ),
            ("node", &["node", "server.js"], "none"),
            ("node", &["node", "gunicorn.js"], "none"),
            ("python3", &["python3", "manage.py", "runserver"], "none"),
            ("vim", &["vim", "supervisord"], "none"),
            ("tini", &["/sbin/tini", "--", "node", "server.js"], "none"),
            ("sleep", &["sleep", "9"], "none"),
            ("", &[], "none"),
        ] {
            assert_eq!(told(name, arguments), found, "{name} {arguments:?}");
        }
    }
}
