//! Units that only users have.

use super::super::users::FOLDERS;
use super::*;

/// What is said of a unit that the system does not have, on a host where users have this file.
async fn of_users(unit: &str, file: Option<&str>) -> String {
    let unit = format!("{unit}.service");
    let unloaded = Unit {
        load: "not-found".into(),
        ..Unit::default()
    };
    let show = Show {
        unit: unit.as_str().into(),
    };
    let template = unit.replace("@1.", "@.");
    let mut known = Known::default().with(show, Ok(unloaded));
    for (folder, name) in FOLDERS
        .into_iter()
        .flat_map(|folder| [(folder, &unit), (folder, &template)])
    {
        let pattern: Arc<Path> = Path::new(folder).join(name).into();
        let fits = |file: &&str| {
            let pattern = glob::Pattern::new(&pattern.to_string_lossy()).unwrap();
            pattern.matches(file)
        };
        let files = file.iter().copied().filter(fits);
        let globbed = Globbed {
            files: files.map(|file| Path::new(file).into()).collect(),
            unseen: Vec::new(),
        };
        known = known.with(Glob { pattern }, Ok(globbed));
    }
    let error = read_known("systemd", json!({"unit": unit}), known).await;
    let error = error.err().unwrap();
    assert_eq!(error.kind, ErrorKind::NotFound);
    format!("{}: {}", error.message, error.next)
}

#[tokio::test]
async fn a_unit_that_only_users_have_is_said_to_be_theirs() {
    for (unit, file, expected) in [
        (
            "web",
            None,
            "the system's systemd has no unit web.service: nothing was seen: correct `unit`, or install \
             it; where a user's own manager runs it (`systemctl --user`), which is not asked, read what runs with `process: \
             { unit: web.service }`",
        ),
        (
            "web",
            Some("/home/ana/.config/systemd/user/web.service"),
            "the system's systemd has no unit web.service, but /home/ana/.config/systemd/user/web.service \
             is one of users: a user's own manager runs it (`systemctl --user`), which is not asked; nothing was seen: read \
             what runs with `process: { unit: web.service }` in its place, and the files that it names with `dotenv` and \
             `dialect: systemd`",
        ),
        (
            "web@1",
            Some("/usr/lib/systemd/user/web@.service"),
            "the system's systemd has no unit web@1.service, but /usr/lib/systemd/user/web@.service is one \
             of users: a user's own manager runs it (`systemctl --user`), which is not asked; nothing was seen: read what \
             runs with `process: { unit: web@1.service }` in its place, and the files that it names with `dotenv` and \
             `dialect: systemd`",
        ),
    ] {
        assert_eq!(of_users(unit, file).await, expected);
    }
}
