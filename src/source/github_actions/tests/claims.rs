use super::*;

#[tokio::test]
async fn a_claim_counts_where_it_is_about_this_very_secret() {
    let fingerprint = "sha256:9f2c41d07a3b";
    for (claim, expected) in [
        (Some(("CLAIM", fingerprint, LATER)), Ok(())),
        (Some(("claim", fingerprint, SECRET)), Ok(())),
        (
            Some(("CLAIM", fingerprint, EARLIER)),
            Err("it says nothing of this secret"),
        ),
        (
            Some(("CLAIM", "ask_live_x", LATER)),
            Err("holds no fingerprint"),
        ),
        (
            Some(("OTHER", fingerprint, LATER)),
            Err("there is no variable CLAIM at the repository"),
        ),
        (None, Err("could not be read: denied")),
    ] {
        let claims = match claim {
            Some(claim) => variables(&[claim]),
            None => "403 Forbidden".into(),
        };
        let server = github(&[
            ("/shop/actions/secrets", secrets(&[(VARIABLE, SECRET)])),
            ("/shop/actions/variables", claims),
            // Of another place, so of another secret.
            (
                "/actions/organization-variables",
                variables(&[("CLAIM", "sha256:000000000000", LATER)]),
            ),
        ]);
        let settings = json!({"repository": "acme/shop", "fingerprint": "CLAIM"});
        let read = reading(settings, &server).await.unwrap();
        let (fixed_at, why, taken) = hidden(&read);
        assert_eq!(fixed_at.as_deref(), Some(SECRET));
        match (expected, taken) {
            (Ok(()), Some(taken)) => {
                assert_eq!(taken.evidence, Evidence::Attested);
                assert_eq!(told(&taken.found), fingerprint);
                assert!(matches!(
                    taken.found,
                    Found::Fingerprint { attested: true, .. }
                ));
            }
            (Err(told), None) => {
                assert!(why.contains(told), "{why}");
                assert!(!why.contains("ask_live_x"), "{why}");
            }
            _ => panic!("{why}"),
        }
    }
}

#[tokio::test]
async fn a_claim_is_looked_for_where_the_secret_that_wins_is() {
    let server = github(&[
        (
            "/actions/organization-secrets",
            secrets(&[(VARIABLE, SECRET)]),
        ),
        (
            "/actions/organization-variables",
            variables(&[("CLAIM", "sha256:9f2c41d07a3b", LATER)]),
        ),
    ]);
    let settings =
        json!({"repository": "acme/shop", "environment": "production", "fingerprint": "CLAIM"});
    let read = reading(settings, &server).await.unwrap();
    assert!(hidden(&read).2.is_some());

    let server = github(&[
        ("/orgs/acme/actions/secrets", secrets(&[(VARIABLE, SECRET)])),
        (
            "/orgs/acme/actions/variables",
            variables(&[("CLAIM", "sha256:9f2c41d07a3b", LATER)]),
        ),
    ]);
    let read = reading(
        json!({"organization": "acme", "fingerprint": "CLAIM"}),
        &server,
    )
    .await
    .unwrap();
    assert!(hidden(&read).2.is_some());
    assert_eq!(paths(&server).len(), 2);
}
