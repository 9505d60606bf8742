//! What the versions of stores tell, and when they are asked.

use super::*;

#[tokio::test]
async fn a_store_tells_how_many_rotations_behind_and_since_when() {
    let row = "reference v:first@1 v:older@5 v:old@8 v:older@9 v:now@20 now";
    let report = audit(inventory(row, &["config first", "config older"])).await;
    let checkout = &report.projects[0];
    let behind = |hop: usize| match report.deployments[0].hops[hop].readings[0].why {
        Why::Holds { key, .. } => report.behind(key),
        _ => panic!("it holds a known key"),
    };
    // The declared `old` and `older` have their places in the history.
    assert_eq!((behind(0), behind(1)), (3, 1));
    let days: Vec<_> = checkout
        .previous
        .iter()
        .map(|known| known.rotated_at.unwrap().strftime("%d").to_string())
        .collect();
    assert_eq!(days, ["05", "08", "01"]);
    assert_eq!(checkout.rotation, RotationBasis::History);
    assert_eq!(
        checkout.rotated_at.unwrap().strftime("%d").to_string(),
        "20"
    );
}

#[tokio::test]
async fn a_key_that_only_the_history_knows_is_found_inside_and_beside() {
    for held in [
        "first+json",
        "first+braces",
        "now+beside-first",
        "now+beside-stranger",
    ] {
        let row = "reference v:first@1 v:now@20 now";
        let report = audit(inventory(row, &[&format!("config {held}")])).await;
        let expected = if held.contains("first") {
            "stale"
        } else {
            "malformed"
        };
        assert_eq!(told(&report, &[expected]), [expected], "{held}");
    }
}

#[tokio::test]
async fn a_history_is_read_only_when_something_needs_it() {
    for (route, read) in [
        ("config now", false),
        ("config old", false),
        ("config denied", false),
        ("running hidden-before", false),
        ("config stranger", true),
    ] {
        let report = audit(inventory("reference h:denied now", &[route])).await;
        let warned = report
            .warnings
            .iter()
            .any(|warning| matches!(warning, Warning::HistoryUnread { .. }));
        assert_eq!(warned, read, "{route}");
    }
    let mut switched_off = inventory("reference h:denied now", &["config stranger"]);
    switched_off.projects[0].versions = 0;
    assert!(audit(switched_off).await.warnings.is_empty());
}

#[tokio::test]
async fn what_nothing_tells_of_a_next_keys_age_is_told_and_asked_only_when_needed() {
    let unread = |report: &Audit| {
        let told = report.warnings.iter().filter_map(|warning| match warning {
            Warning::NextHistoryUnread { error, .. } => Some(error.is_some()),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    let reference = "v:past@1 v:now@20 now";
    let route = format!("store {reference}");
    for (next, hop, told) in [
        ("h:denied coming", "running hidden-before", vec![true]),
        ("coming", "running hidden-before", vec![false]),
        (
            "v:now@15 v:coming@20 coming",
            "running hidden-before",
            vec![false],
        ),
        ("v:earlier@1 v:now@15 now", "running hidden-before", vec![]),
        ("h:denied coming", "running now", vec![]),
    ] {
        let facts = format!("reference {reference}, next {next}");
        let report = audit(inventory(&facts, &[&route, hop])).await;
        assert_eq!(unread(&report), told, "{next} {hop}");
    }
    // Where the reference's own store tells no time, that of the next key is not asked.
    let facts = "reference v:now@20 now, next h:denied coming";
    let report = audit(inventory(
        facts,
        &["store v:now@20 now", "running hidden-before"],
    ))
    .await;
    assert!(unread(&report).is_empty());
    let facts = format!("reference {reference}, next v:earlier@1 v:now@15 now");
    let report = audit(inventory(&facts, &[&route, "running hidden-before"])).await;
    let rotated_at = report.projects[0].rotated_at.unwrap();
    assert_eq!(rotated_at.strftime("%d").to_string(), "15");
}
