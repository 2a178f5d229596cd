//! What the store promises. The suite is ordinary functions over `&Store`; each runs over each database.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod changes;
mod copies;
mod events;
mod files;
mod keys;
mod learned_counts;
mod ledger;
mod models;
mod nodes;
mod pages;
mod policies;
mod prices;
mod provider_objects;
mod records;
mod samples;
mod servers;
mod settings;
mod totals;

use baton_servers::postgres::{self, TestDatabase};
use baton_store::Store;
use tempfile::TempDir;

/// An empty store in memory.
async fn memory() -> Store {
    let store = Store::open("sqlite::memory:").await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// An empty store in a file, and the folder to keep while it is used.
async fn file() -> (Store, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite:{}/deep/baton.db", folder.path().display())).await.unwrap();
    store.migrate().await.unwrap();
    (store, folder)
}

/// An empty store on the shared server, and the database to keep while it is used.
async fn server() -> (Store, TestDatabase) {
    let database = postgres::database();
    let store = Store::open(&database.url()).await.unwrap();
    store.migrate().await.unwrap();
    (store, database)
}

/// A test for each function of the suite and each database.
macro_rules! suite {
    ($($name:ident: $function:path;)+) => {
        mod over_memory {
            $(#[tokio::test]
            async fn $name() {
                $function(&super::memory().await).await;
            })+
        }
        mod over_a_file {
            $(#[tokio::test]
            async fn $name() {
                let (store, _folder) = super::file().await;
                $function(&store).await;
            })+
        }
        mod over_postgres {
            $(#[tokio::test]
            async fn $name() {
                let (store, _database) = super::server().await;
                $function(&store).await;
                store.close().await;
            })+
        }
    };
}

suite! {
    models_are_kept_whole: crate::models::are_kept_whole;
    models_are_unique: crate::models::are_unique;
    models_change_only_as_seen: crate::models::change_only_as_seen;
    keys_are_kept_whole: crate::keys::are_kept_whole;
    keys_are_listed_in_pages: crate::keys::are_listed_in_pages;
    keys_are_renamed_revoked_deleted: crate::keys::are_renamed_revoked_deleted;
    learned_counts_are_written_only_over_what_was_read: crate::learned_counts::are_written_only_over_what_was_read;
    learned_counts_are_read_from_a_time_on_and_forgotten: crate::learned_counts::are_read_from_a_time_on_and_forgotten;
    settings_keep_the_first_or_the_last: crate::settings::keep_the_first_or_the_last;
    records_are_kept_whole: crate::ledger::records_are_kept_whole;
    writing_again_changes_nothing: crate::ledger::writing_again_changes_nothing;
    pages_cover_everything_once: crate::ledger::pages_cover_everything_once;
    filters_narrow: crate::ledger::filters_narrow;
    changes_happen_as_a_whole: crate::changes::happen_as_a_whole;
    changes_leave_nothing_when_dropped: crate::changes::leave_nothing_when_dropped;
    changes_survive_a_conflict: crate::changes::survive_a_conflict;
    changes_are_searched: crate::changes::are_searched;
    changes_are_counted_by_what_they_touch: crate::changes::are_counted_by_what_they_touch;
    providers_projects_feedback_are_kept_whole: crate::changes::of_providers_projects_feedback_are_kept_whole;
    events_are_read_in_the_order_they_were_placed: crate::events::are_read_in_the_order_they_were_placed;
    events_are_placed_in_bulk: crate::events::are_placed_in_bulk;
    events_tell_of_each_request_once: crate::events::tell_of_each_request_once;
    events_of_requests_are_read_in_any_pieces: crate::events::of_requests_are_read_in_any_pieces;
    events_of_requests_are_placed_in_part: crate::events::of_requests_are_placed_in_part;
    events_of_requests_go_to_webhooks: crate::events::of_requests_go_to_webhooks;
    events_go_when_they_are_old: crate::events::go_when_they_are_old;
    events_become_deliveries: crate::events::become_deliveries;
    events_are_told_once_whoever_is_first: crate::events::are_told_once_whoever_is_first;
    holdings_belong_to_key_and_project: crate::provider_objects::belong_to_key_and_project;
    holdings_are_listed_in_pages: crate::provider_objects::are_listed_in_pages;
    holdings_go: crate::provider_objects::go;
    responses_are_kept_for_their_time: crate::provider_objects::responses_are_kept_for_their_time;
    nodes_run_a_command_once: crate::nodes::run_a_command_once;
    nodes_take_over_a_command: crate::nodes::take_over_a_command;
    nodes_give_a_command_back: crate::nodes::give_a_command_back;
    nodes_hold_a_lease_one_at_a_time: crate::nodes::hold_a_lease_one_at_a_time;
    nodes_settle_a_race: crate::nodes::settle_a_race;
    odd_text_holds_nothing_up: crate::ledger::odd_text_holds_nothing_up;
    old_records_go: crate::ledger::old_records_go;
    keys_are_rotated: crate::keys::are_rotated;
    pages_of_records_are_bounded: crate::pages::of_records_are_bounded;
    pages_of_events_and_changes_are_bounded: crate::pages::of_events_and_changes_are_bounded;
    pages_of_a_project_hold_what_is_its_own: crate::pages::of_a_project_hold_what_is_its_own;
    pages_of_totals_are_refused_beyond_a_number: crate::pages::of_totals_are_refused_beyond_a_number;
    totals_are_those_of_a_fold: crate::totals::are_those_of_a_fold;
    totals_survive_absurd_numbers: crate::totals::survive_absurd_numbers;
    totals_book_on_the_attempts_model: crate::totals::book_on_the_attempts_model;
    policies_are_kept_whole: crate::policies::are_kept_whole;
    policies_of_projects_are_found: crate::policies::of_projects_are_found;
    prices_are_kept_whole: crate::prices::are_kept_whole;
    corrections_are_the_last_word: crate::prices::corrections_are_the_last_word_and_records_stay;
    totals_of_nothing_are_nothing: crate::totals::of_nothing_are_nothing;
}

/// Over a file alone: a database in memory lives in its one connection, and a write that is dropped at the wrong moment
/// takes the connection with it.
#[tokio::test]
async fn a_dropped_write_leaves_nothing_half() {
    let (store, _folder) = file().await;
    ledger::a_dropped_write_leaves_nothing_half(&store).await;
}
