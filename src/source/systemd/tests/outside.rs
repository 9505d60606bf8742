use super::*;
use crate::verdict::Evidence;

/// Adds systemd's own configuration, of which no other file is there.
pub(super) fn configured(mut known: Known, path: &str, text: &str) -> Known {
    let etc = "/etc/systemd";
    let others = ["/run", "/usr/local/lib", "/usr/lib", "/lib"].map(|at| format!("{at}/systemd"));
    for folder in others.iter().map(String::as_str).chain([etc]) {
        let files = match folder == etc && path.contains("system.conf.d") {
            true => vec![Path::new(path).into()],
            false => Vec::new(),
        };
        let pattern = Path::new(folder).join("system.conf.d/*.conf").into();
        let unseen = Vec::new();
        known = known.with(Glob { pattern }, Ok(Globbed { files, unseen }));
        known = known.file(&format!("{folder}/system.conf"), None);
    }
    known.file(path, Some((text, EARLY)))
}

/// What is found for the next start, with what it can be taken for; and what is to be done.
async fn perhaps(known: Known) -> (String, String) {
    let settings = json!({"unit": "web", "stage": "config"});
    let readings = read_known("systemd", settings, known).await.unwrap();
    let mend = readings[0].mend.as_ref().unwrap();
    let words = mend.words.as_deref().unwrap().to_owned();
    let found = match &readings[0].found {
        Found::Hidden {
            fixed_at: None,
            taken_for: Some(taken),
            why,
        } => {
            assert_eq!(taken.evidence, Evidence::Timestamp);
            format!("perhaps {}: {why}", told(&taken.found))
        }
        found => told(found),
    };
    (found, words)
}

#[tokio::test]
async fn pam_has_the_last_word_but_for_what_is_unset() {
    let under_pam = |environment: &[&str], unset: &[&str]| {
        Known::default().told(Unit {
            pam: Some("allstak".into()),
            unset: secrets(unset),
            ..unit(environment)
        })
    };
    let own = "ALLSTAK_API_KEY=own";
    let (found, words) = perhaps(under_pam(&[own], &[])).await;
    assert!(found.starts_with("perhaps own: PAM may set"), "{found}");
    assert!(found.contains("`PAMName=allstak`"), "{found}");
    assert!(words.contains("systemctl cat web.service"), "{words}");
    assert!(words.contains("/etc/pam.d/allstak"), "{words}");
    for unset in [&[][..], &[own]] {
        let (found, words) = perhaps(under_pam(&[], unset)).await;
        assert!(found.starts_with("hidden: PAM may set"), "{found}");
        assert!(words.contains("/etc/pam.d/allstak"), "{words}");
    }
    // That comes after PAM.
    let (found, words) = perhaps(under_pam(&[own], &["ALLSTAK_API_KEY"])).await;
    assert_eq!(found, "absent");
    assert!(!words.contains("pam.d"), "{words}");
}

#[tokio::test]
async fn what_runs_under_pam_is_seen_and_no_restart_is_promised() {
    let known = Known::default()
        .told(Unit {
            pam: Some("allstak".into()),
            ..unit(&["ALLSTAK_API_KEY=own"])
        })
        .process(STARTED, Ok(Some("ALLSTAK_API_KEY=of-pam\0")));
    assert_eq!(held(known).await, "of-pam []");
}

#[tokio::test]
async fn what_systemds_own_configuration_hands_on_is_not_known() {
    let passing = |environment: &[&str], path: &str, text: &str| {
        let unit = Unit {
            passed: vec![VARIABLE.into()],
            ..unit(environment)
        };
        let known = Known::default().told(unit);
        let known = known.process_of(1, STARTED, Ok(Some("ALLSTAK_API_KEY=passed\0")));
        configured(known, path, text)
    };
    let setting = "[Manager]\nManagerEnvironment=ALLSTAK_API_KEY=other\n";
    for path in [
        "/usr/lib/systemd/system.conf",
        "/etc/systemd/system.conf.d/key.conf",
    ] {
        let (found, words) = perhaps(passing(&[], path, setting)).await;
        let expected = format!("hidden: `ManagerEnvironment=` in {path} may set");
        assert!(found.starts_with(&expected), "{found}");
        assert!(words.contains("add an `EnvironmentFile=`"), "{words}");
        // What the unit sets goes over that.
        let (found, _) = perhaps(passing(&["ALLSTAK_API_KEY=own"], path, setting)).await;
        assert_eq!(found, "own");
        let other = "[Manager]\nManagerEnvironment=OTHER=x\n";
        let (found, _) = perhaps(passing(&[], path, other)).await;
        assert_eq!(found, "passed");
    }
    // One that may not be read may set it too.
    let denied = ReadError::new(ErrorKind::Denied, "closed", "open it");
    let path = Path::new("/etc/systemd/system.conf");
    let known = passing(&[], "/usr/lib/systemd/system.conf", "");
    let known = known.with(ReadFile { path: path.into() }, Err(denied));
    assert_eq!(next(known).await, "failed: denied: closed");
}
