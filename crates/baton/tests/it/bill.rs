//! A short run of what `cargo xtask bill` does for long: after mixed traffic with faults, kills and a database that goes away,
//! ledger and budgets say what the providers billed, to the nano-dollar.

use crate::running::BINARY;
use baton_servers::postgres;
use xtask_bill::{DatabaseChoice, Options, run};

async fn no_difference(database: DatabaseChoice) {
    let options = Options {
        binary: BINARY.into(),
        requests: 300,
        kills: 2,
        seed: 1,
        clients: 16,
        database,
        small_disk: None,
        folder: None,
    };
    let report = run(&options, |_| {}).await.unwrap();
    assert!(report.differences().is_empty(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ledger_and_budgets_say_what_was_billed_on_sqlite() {
    no_difference(DatabaseChoice::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ledger_and_budgets_say_what_was_billed_on_postgresql() {
    no_difference(DatabaseChoice::PostgresAt(postgres::url())).await;
}
