//! What the start of a request costs: a line in the journal, written before anything is sent to a provider.
//!
//! Run with `cargo bench -p baton-engine --bench ledger`. It reports CPU time of all threads, the journal's own included,
//! for one start among 64 at a time.

use baton_engine::{JournalSettings, Ledger};
use baton_model::record::{Attribution, CacheUse, Outcome, RequestRecord};
use baton_model::schema::journal::RequestStart;
use baton_model::{Capability, Model, RequestId, SystemClock, Timestamp};
use baton_store::Store;
use criterion::{Criterion, criterion_group, criterion_main};
use futures::future::join_all;
use rustix::time::{ClockId, clock_gettime};
use std::sync::Arc;
use std::time::Duration;

/// How many requests start at the same time.
const AT_ONCE: u64 = 64;

fn record(number: u64) -> RequestRecord {
    RequestRecord {
        id: RequestId::from(format!("01a21d45-117f-745b-a925-{number:012}")),
        arrived: Timestamp(1_795_444_148_000_000),
        finished: Timestamp(1_795_444_148_000_000),
        first_content: None,
        api: "openai".to_owned(),
        capability: Capability::Chat,
        stream: true,
        requested: "gpt-4o-mini".to_owned(),
        served: Some("gpt-4o-mini".into()),
        provider: Some("openai".into()),
        attribution: Attribution { key: Some("bench".into()), ..Attribution::default() },
        outcome: Outcome::Interrupted,
        status: 0,
        error: None,
        cache: CacheUse::Miss,
        charge_factor: None,
        attempts: Vec::new(),
    }
}

/// CPU time of this process so far.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn starts(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let (Ok(runtime), Ok(folder)) = (runtime, tempfile::tempdir()) else { return };
    let ledger = runtime.block_on(async {
        let store = Store::open("sqlite::memory:").await.ok()?;
        store.migrate().await.ok()?;
        Ledger::open(JournalSettings::in_folder(folder.path()), store, Arc::new(SystemClock)).ok()
    });
    let Some(ledger) = ledger.map(Arc::new) else { return };
    let model = Model { upstream: "gpt-4o-mini-2024-07-18".to_owned(), ..Model::new("gpt-4o-mini", "openai") };
    let mut number = 0;
    criterion.bench_function("start of a request, CPU time", |bencher| {
        bencher.iter_custom(|iterations| {
            let before = cpu_time();
            let mut left = iterations;
            while left > 0 {
                let batch = left.min(AT_ONCE);
                let records: Vec<_> = (number..number + batch).map(record).collect();
                number += batch;
                left -= batch;
                let starts = records.iter().map(|record| RequestStart::new(record, &model, record.arrived, None));
                runtime.block_on(join_all(starts.map(|start| ledger.start(&start))));
            }
            cpu_time() - before
        });
    });
    runtime.block_on(ledger.close());
}

criterion_group!(benches, starts);
criterion_main!(benches);
