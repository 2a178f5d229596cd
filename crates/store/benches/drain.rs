//! What the drain pays for a record: into SQLite (a file) and into PostgreSQL, in batches as the drain writes them, with
//! the events that the relay then places.
//!
//! Run with `cargo bench -p baton-store --bench drain`; PostgreSQL answers on the standard port. Beside each database
//! stands a reference of the same run: one narrow row a record by one prepared insert, in transactions of the same size.
//! CPU time is that of this process, which has SQLite in it and not PostgreSQL. The figures are medians of the rounds.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "it prints what it measures, and stops at any failure")]

use baton_model::record::{AttemptRecord, Attribution, CacheUse, Outcome, RequestRecord};
use baton_model::{Capability, Cost, Nanos, RequestId, Timestamp, Usage, UsageClass, UsageOrigin};
use baton_servers::postgres;
use baton_store::Store;
use rustix::time::{ClockId, clock_gettime};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqlSafeStr as _, SqlStr};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const RECORDS: usize = 20_000;
const BATCH: usize = 2_000;
const ROUNDS: usize = 3;
/// 2026-11-23T12:00:00Z.
const NOON: i64 = 1_795_435_200_000_000;

#[tokio::main]
async fn main() {
    let records: Vec<RequestRecord> = (0..RECORDS).map(record).collect();
    println!("{RECORDS} records, {BATCH} a transaction, medians of {ROUNDS} rounds");
    let (mut sqlite, mut server) = (Measured::default(), Measured::default());
    for _ in 0..ROUNDS {
        sqlite_reference(&mut sqlite[0]).await;
        sqlite_drain(&records, &mut sqlite).await;
        postgres_reference(&mut server[0]).await;
        postgres_drain(&records, &mut server).await;
    }
    for (database, measured) in [("SQLite", sqlite), ("PostgreSQL", server)] {
        for (what, rounds) in
            ["reference", "drain", "drain, 5 at a time", "relay", "relay, no bus"].iter().zip(measured)
        {
            report(database, what, rounds);
        }
    }
}

/// The rounds of everything that is measured of one database.
type Measured = [Vec<Round>; 5];

/// One round of something.
#[derive(Debug, Clone, Copy)]
struct Round {
    wall: Duration,
    cpu: Duration,
    count: usize,
    /// What it has left on the disk; none where that is another row's.
    bytes: Option<u64>,
}

fn report(database: &str, what: &str, rounds: Vec<Round>) {
    let median = |figure: &dyn Fn(&Round) -> f64| {
        let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    let each = |time: Duration, round: &Round| time.as_secs_f64() * 1e6 / round.count as f64;
    let wall = median(&|round| each(round.wall, round));
    let cpu = median(&|round| each(round.cpu, round));
    let bytes = median(&|round| round.bytes.unwrap_or_default() as f64 / round.count as f64);
    let bytes = if bytes > 0.0 { format!("{bytes:7.0} bytes") } else { String::new() };
    println!("{database:10}  {what:20}  {:8.0}/s  {wall:6.1} µs  {cpu:6.1} µs CPU  {bytes}", 1e6 / wall);
}

/// Time that passes, and that this process computes.
struct Watch {
    wall: Instant,
    cpu: Duration,
}

impl Watch {
    fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_time() }
    }

    fn stop(&self, count: usize, bytes: Option<u64>) -> Round {
        Round { wall: self.wall.elapsed(), cpu: cpu_time() - self.cpu, count, bytes }
    }
}

fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// A chat as most are: one attempt, a key, no project, no metadata.
fn record(number: usize) -> RequestRecord {
    let arrived = NOON + number as i64 * 97;
    let model = format!("model-{}", number * 7 % 12);
    let provider = ["openai", "anthropic", "groq", "vllm"].get(number * 7 % 4).copied().unwrap_or_default();
    // As UUIDs of version 7 are: they begin with the time, and end at random.
    let random = (number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let id = uuid::Builder::from_unix_timestamp_millis(
        u64::try_from(arrived / 1_000).unwrap_or_default(),
        &random.to_le_bytes().first_chunk().copied().unwrap_or_default(),
    );
    let usage = Usage::default()
        .with(UsageClass::Input, 250 + number as u64 % 100)
        .with(UsageClass::Output, 180 + number as u64 % 70);
    RequestRecord {
        id: RequestId::from(id.into_uuid().to_string()),
        arrived: Timestamp(arrived),
        finished: Timestamp(arrived + 812_345),
        first_content: Some(Timestamp(arrived + 312_345)),
        api: "openai".to_owned(),
        capability: Capability::Chat,
        stream: false,
        requested: model.clone(),
        served: Some(model.as_str().into()),
        provider: Some(provider.into()),
        attribution: Attribution {
            key: Some(format!("key_{:016x}", number % 50).as_str().into()),
            ..Attribution::default()
        },
        outcome: Outcome::Completed,
        status: 200,
        error: None,
        cache: CacheUse::Miss,
        charge_factor: None,
        attempts: vec![AttemptRecord {
            model: model.as_str().into(),
            provider: provider.into(),
            upstream: model,
            upstream_request_id: Some(format!("req_{random:032x}")),
            started: Timestamp(arrived + 345),
            finished: Timestamp(arrived + 812_000),
            outcome: Outcome::Completed,
            error: None,
            usage,
            origin: UsageOrigin::Reported,
            cost: Cost::Known(Nanos(123_400 + number as i64 % 1_000)),
            unpriced: None,
        }],
    }
}

async fn write(store: &Store, records: &[RequestRecord], batch: usize) -> Watch {
    let watch = Watch::start();
    for batch in records.chunks(batch) {
        store.ledger().write(batch).await.unwrap();
    }
    watch
}

/// The relay's part of an event, with a bus that others hear or without; and the time of the bus itself left out.
async fn relay(store: &Store, shared: bool, count: usize) -> Round {
    let watch = Watch::start();
    loop {
        let outbox = store.events().outbox(1_000).await.unwrap();
        if outbox.is_empty() {
            return watch.stop(count, None);
        }
        black_box(store.events().read_outbox(&outbox, shared).await.unwrap());
        store.events().place_events(&outbox.ids()).await.unwrap();
    }
}

/// What is drained one round after the other: a long backlog, records as they come, and the events of both.
async fn drain(store: &Store, records: &[RequestRecord], size: impl AsyncFn() -> u64, measured: &mut Measured) {
    let (few, most) = records.split_at(RECORDS / 10);
    let before = size().await;
    let watch = write(store, most, BATCH).await;
    let round = watch.stop(most.len(), None);
    // The events' positions are part of what a request leaves behind.
    let relayed = relay(store, true, most.len()).await;
    let bytes = size().await - before;
    let watch = write(store, few, 5).await;
    measured[1].push(Round { bytes: Some(bytes), ..round });
    measured[2].push(watch.stop(few.len(), None));
    measured[3].push(relayed);
    measured[4].push(relay(store, false, few.len()).await);
}

async fn sqlite_drain(records: &[RequestRecord], measured: &mut Measured) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("baton.db");
    let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
    store.migrate().await.unwrap();
    let size = async || {
        // Pages that are still in the log of writes are moved into the file.
        store.ledger().make_durable().await.unwrap();
        path.metadata().unwrap().len()
    };
    drain(&store, records, size, measured).await;
    store.close().await;
}

async fn postgres_drain(records: &[RequestRecord], measured: &mut Measured) {
    let database = postgres::database();
    let store = Store::open(&database.url()).await.unwrap();
    store.migrate().await.unwrap();
    let size = async || postgres_size(&database);
    drain(&store, records, size, measured).await;
    store.close().await;
}

fn postgres_size(database: &postgres::TestDatabase) -> u64 {
    database.sql("SELECT pg_database_size(current_database())").parse().unwrap()
}

const TABLE: &str = "CREATE TABLE narrow (id TEXT PRIMARY KEY, arrived BIGINT, latency BIGINT, model TEXT, provider TEXT, \
    key_id TEXT, status BIGINT, cost BIGINT, input BIGINT, output BIGINT)";
const INDEXES: [&str; 5] = ["arrived", "model, arrived", "provider, arrived", "key_id, arrived", "status, arrived"];
const COLUMNS: &str = "INSERT INTO narrow (id, arrived, latency, model, provider, key_id, status, cost, input, output)";

fn sql(text: String) -> SqlStr {
    sqlx::AssertSqlSafe(Arc::<str>::from(text)).into_sql_str()
}

async fn sqlite_reference(rounds: &mut Vec<Round>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("narrow.db");
    let mut connection = connect(&path).await;
    sqlx::query(TABLE).execute(&mut connection).await.unwrap();
    for (number, columns) in INDEXES.iter().enumerate() {
        let index = format!("CREATE INDEX narrow_{number} ON narrow ({columns})");
        sqlx::query(sql(index)).execute(&mut connection).await.unwrap();
    }
    let insert = sql(format!("{COLUMNS} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    let rows: Vec<RequestRecord> = (0..RECORDS).map(record).collect();
    let before = path.metadata().unwrap().len();
    let watch = Watch::start();
    for rows in rows.chunks(BATCH) {
        let mut transaction = connection.begin().await.unwrap();
        for row in rows {
            let attempt = row.attempts.first().unwrap();
            sqlx::query(insert.clone())
                .bind(row.id.as_str())
                .bind(row.arrived.0)
                .bind(812_345_i64)
                .bind(attempt.model.as_str())
                .bind(attempt.provider.as_str())
                .bind(row.attribution.key.as_ref().map(|key| key.as_str()))
                .bind(i64::from(row.status))
                .bind(attempt.cost.known().map(|nanos| nanos.0))
                .bind(attempt.usage.get(UsageClass::Input) as i64)
                .bind(attempt.usage.get(UsageClass::Output) as i64)
                .execute(&mut *transaction)
                .await
                .unwrap();
        }
        transaction.commit().await.unwrap();
    }
    let round = watch.stop(rows.len(), None);
    // The last connection that is closed moves the log of writes into the file.
    connection.close().await.unwrap();
    rounds.push(Round { bytes: Some(path.metadata().unwrap().len() - before), ..round });
}

async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal);
    options.disable_statement_logging().connect().await.unwrap()
}

async fn postgres_reference(rounds: &mut Vec<Round>) {
    let database = postgres::database();
    database.sql(TABLE);
    for columns in INDEXES {
        database.sql(&format!("CREATE INDEX ON narrow ({columns})"));
    }
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    let insert = format!(
        "{COLUMNS} SELECT * FROM UNNEST($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], \
         $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])"
    );
    let insert = sql(insert);
    let rows: Vec<RequestRecord> = (0..RECORDS).map(record).collect();
    let before = postgres_size(&database);
    let watch = Watch::start();
    for rows in rows.chunks(BATCH) {
        let attempts = || rows.iter().filter_map(|row| row.attempts.first());
        let amounts = |class| attempts().map(|attempt| attempt.usage.get(class) as i64).collect::<Vec<_>>();
        let mut transaction = connection.begin().await.unwrap();
        sqlx::query(insert.clone())
            .bind(rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.arrived.0).collect::<Vec<_>>())
            .bind(vec![812_345_i64; rows.len()])
            .bind(attempts().map(|attempt| attempt.model.as_str()).collect::<Vec<_>>())
            .bind(attempts().map(|attempt| attempt.provider.as_str()).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.attribution.key.as_ref().map(|key| key.as_str())).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| i64::from(row.status)).collect::<Vec<_>>())
            .bind(attempts().map(|attempt| attempt.cost.known().map(|nanos| nanos.0)).collect::<Vec<_>>())
            .bind(amounts(UsageClass::Input))
            .bind(amounts(UsageClass::Output))
            .execute(&mut *transaction)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
    }
    let round = watch.stop(rows.len(), None);
    rounds.push(Round { bytes: Some(postgres_size(&database) - before), ..round });
    connection.close().await.unwrap();
}
