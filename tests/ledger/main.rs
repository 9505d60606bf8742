//! The ledger on real databases: what it remembers, who may use it at once, and what kills, full disks and
//! misread references do to it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "all of this is a test, also what stands outside of its functions"
)]

mod changes;
mod clock;
mod disk;
mod ground;
mod history;
mod inventories;
mod kills;
mod login;
mod numbered;
mod poison;
mod pooler;
mod remembers;
mod scene;
mod secrecy;
mod server;
mod severed;
mod upkeep;

use std::pin::Pin;

use ground::Ground;
use server::Server;

/// A test that holds on every database.
type Test = for<'a> fn(&'a Ground) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

macro_rules! suite {
    ($($module:ident::$name:ident,)*) => {
        &[$((stringify!($name), |ground| Box::pin($module::$name(ground)))),*]
    };
}

#[rustfmt::skip]
const SUITE: &[(&str, Test)] = suite![
    remembers::what_was_recorded_is_recalled,
    remembers::an_interrupted_audit_leaves_nothing,
    remembers::neither_time_nor_deployments_settle_a_changed_reference,
    remembers::a_return_is_open_until_it_is_undone_or_said_to_be_right,
    remembers::a_key_that_went_unsettled_is_told_of_its_holders,
    remembers::a_next_key_is_known_since_it_was_announced,
    remembers::a_person_confirms_what_nothing_proves,
    remembers::what_was_declared_once_is_known_for_good,
    remembers::environments_have_keys_of_their_own,
    remembers::digits_may_change,
    remembers::two_record_at_once,
    changes::what_is_new_worse_better_or_gone_is_told_once,
    changes::receivers_are_told_apart,
    changes::the_first_time_all_that_is_not_fine_is_told,
    changes::what_flaps_is_told_once,
    changes::what_is_out_of_reach_counts_from_the_third_time_on,
    changes::a_reference_that_changed_is_told_once,
    changes::what_a_waiver_accepts_is_fine,
    changes::what_was_not_told_comes_later,
    changes::nothing_is_told_that_was_not_compared,
    changes::a_part_of_a_route_changes_nothing,
    inventories::two_tell_nothing_of_each_other,
    inventories::what_another_one_knew_is_asked_for,
    inventories::a_name_is_the_same_wherever_the_file_is,
    inventories::a_file_that_moved_is_known_by_what_it_names,
    inventories::a_name_that_comes_later_keeps_the_history,
    inventories::another_name_keeps_the_history,
    inventories::history_is_carried_over_by_hand,
    inventories::what_was_there_before_is_the_first_one_s,
    inventories::what_came_from_two_files_is_whose_they_name,
    inventories::a_word_is_good_where_it_was_said,
    inventories::a_word_from_before_goes_with_what_it_names,
    inventories::only_its_own_inventory_retires_a_deployment,
    history::an_unchanged_audit_adds_an_audit_alone,
    history::the_past_of_a_deployment_is_told_hop_by_hop,
    history::a_rotation_is_followed_stage_by_stage,
    history::a_hop_that_moved_is_another_one,
    history::a_late_audit_changes_nothing,
    history::a_project_that_is_retired_is_no_more_until_it_is_seen_again,
    history::what_is_retired_is_no_more_until_it_is_seen_again,
    upkeep::retention_drops_audits_but_no_fingerprints,
    upkeep::what_was_accepted_is_kept_for_its_key,
    upkeep::there_may_be_no_ledger_yet,
    upkeep::a_newer_schema_is_refused,
    upkeep::a_ledger_without_inventories_is_taken_over,
    upkeep::a_ledger_of_an_earlier_version_is_taken_over,
    upkeep::the_released_format_keeps_its_history,
    history::who_was_seen_when_is_told_by_sets_of_audits,
    clock::an_audit_with_its_clock_ahead_is_dated_back,
    clock::a_ledger_begun_ahead_is_dated_back,
    clock::what_was_declared_before_an_audit_that_was_dated_back_settles_nothing,
    clock::a_clock_that_is_behind_spoils_nothing,
    history::what_a_place_held_is_known_when_it_has_left,
    upkeep::a_lock_is_held_by_one,
    poison::a_misread_reference_never_makes_the_live_key_a_previous_one,
    kills::killed_at_any_moment_it_keeps_what_was_reported,
];

#[tokio::test]
async fn everything_holds_on_sqlite() {
    for (name, test) in SUITE {
        let ground = Ground::sqlite();
        ground.runs(name, test(&ground)).await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn everything_holds_on_postgresql() {
    let server = Server::start();
    for (name, test) in SUITE {
        let ground = Ground::postgres(&server).await;
        ground.runs(name, test(&ground)).await;
    }
}
