//! The ledger: once each, whatever crashes.

use crate::bench::{Bench, chat, model, usage};
use baton_engine::{EngineSettings, JournalSettings, Ledger};
use baton_model::record::Outcome;
use baton_model::schema::journal::{JournalEntry, JournalFormat, JournalPiece, JournalReader};
use baton_model::{Code, Dialect, RequestId, SystemClock};
use baton_provider_api::fake::{FakeAct, FakeProvider, FakeReply};
use baton_store::Store;
use baton_store::ledger::{RequestFilter, RequestPage};
use std::path::Path;
use std::sync::Arc;

fn replying() -> Arc<FakeProvider> {
    Arc::new(FakeProvider::new("one", Dialect::OpenAi).always(FakeReply::text(&["hi"], usage())))
}

async fn store() -> Store {
    let store = Store::open("sqlite::memory:").await.unwrap();
    store.migrate().await.unwrap();
    store
}

async fn list_requests(store: &Store) -> RequestPage {
    store.ledger().list(&RequestFilter::default(), None, 100).await.unwrap()
}

/// The whole entries of a segment.
fn read(segment: &Path) -> Vec<JournalEntry> {
    let bytes = std::fs::read(segment).unwrap();
    let entry = |piece| match piece {
        JournalPiece::Entry(entry) => Some(entry),
        JournalPiece::Damage => None,
    };
    JournalReader::new(&bytes, JournalFormat::Frames, false).filter_map(entry).collect()
}

#[tokio::test]
async fn the_record_is_in_the_journal_before_the_end_of_the_reply() {
    let bench = Bench::new(vec![model("a", "one")], vec![replying()]).await;
    let call = chat("a");
    let id = call.identity.id.to_string();
    bench.ask(call).await.unwrap();
    let journal = std::fs::read_dir(bench.folder.path().join("journal")).unwrap();
    let entries: Vec<_> = journal.flat_map(|segment| read(&segment.unwrap().path())).collect();
    let ended = |entry: &JournalEntry| matches!(entry, JournalEntry::End(record) if record.id.as_str() == id);
    assert!(entries.iter().any(ended), "{entries:?}");
}

#[tokio::test]
async fn a_process_that_died_is_made_good_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    // The first process writes a whole record and a start, and dies in the middle of a line; its database never saw
    // anything.
    let (ended, open) = (chat("a"), chat("a"));
    let (ended_id, open_id) = (ended.identity.id.clone(), open.identity.id.clone());
    {
        let hangs = Arc::new(
            FakeProvider::new("one", Dialect::OpenAi).then(FakeReply::text(&["hi"], usage())).then(FakeAct::Hang),
        );
        let lost = store().await;
        let bench = Bench::over(vec![model("a", "one")], vec![hangs], EngineSettings::default(), folder, lost);
        bench.ask(ended).await.unwrap();
        let engine = bench.engine.clone();
        let waiting = tokio::spawn(async move { engine.serve(open).await.map(|_| ()) });
        let segment = || journal.join("0000000000000001.journal");
        let started = |entry: &JournalEntry| matches!(entry, JournalEntry::Start(start) if start.id == open_id);
        while !read(&segment()).iter().any(started) {
            tokio::task::yield_now().await;
        }
        // A copy, because the lock of this process would keep a second one from opening the folder.
        let mut copy = std::fs::read(segment()).unwrap();
        let torn = copy[..copy.len() / 3].to_vec();
        copy.extend(torn);
        let kept = tempfile::tempdir().unwrap();
        std::fs::write(kept.path().join("0000000000000001.journal"), copy).unwrap();
        waiting.abort();
        let _ = waiting.await;

        // The second process starts over what the first left on its disk.
        let fresh = store().await;
        // Twice: a start after the one that recorded them must record nothing again.
        for _ in 0..2 {
            let settings = JournalSettings::in_folder(kept.path());
            let ledger = Ledger::open(settings, fresh.clone(), Arc::new(SystemClock)).unwrap();
            ledger.close().await;
        }
        let page = list_requests(&fresh).await;
        let found: Vec<(&RequestId, Outcome)> = page.items.iter().map(|record| (&record.id, record.outcome)).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.contains(&(&ended_id, Outcome::Completed)));
        assert!(found.contains(&(&open_id, Outcome::Interrupted)));
        let left = std::fs::read_dir(kept.path()).unwrap().map(|entry| entry.unwrap().path());
        let left: Vec<_> = left.filter(|path| path.extension().is_some()).collect();
        assert_eq!(left.len(), 1, "only the segment being written is left: {left:?}");
    }
}

#[tokio::test]
async fn a_journal_has_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let open = |store| Ledger::open(JournalSettings::in_folder(folder.path()), store, Arc::new(SystemClock));
    let first = open(store().await).unwrap();
    // The first still writes here.
    let refused = open(store().await).err().unwrap();
    assert!(refused.to_string().contains("another process uses it"), "{refused}");
    first.close().await;
    drop(first);
    open(store().await).unwrap();
}

#[tokio::test]
async fn a_full_journal_refuses_requests_rather_than_lose_their_records() {
    let folder = tempfile::tempdir().unwrap();
    let settings = JournalSettings { max_bytes: 1, ..JournalSettings::in_folder(folder.path().join("journal")) };
    // The tables are missing, so nothing can be moved into this database.
    let away = Store::open("sqlite::memory:").await.unwrap();
    let ledger = Ledger::open(settings, away, Arc::new(SystemClock)).unwrap();
    assert_eq!(ledger.recording_problem(), None);
    let bench = Bench::new(vec![model("a", "one")], vec![replying()]).await;
    let call = chat("a");
    let id = call.identity.id.clone();
    bench.ask(call).await.unwrap();
    let record = bench.record(&id).await;
    ledger.append(&record).await.unwrap();
    assert!(
        ledger
            .recording_problem()
            .is_some_and(|trouble| trouble.contains("its records could not be written to the database"))
    );
    assert!(ledger.pending_bytes() > 1);
}

#[tokio::test]
async fn requests_are_slowed_down_before_they_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let settings = JournalSettings { max_bytes: 8000, ..JournalSettings::in_folder(folder.path().join("journal")) };
    // The tables are missing, so nothing can be moved into this database.
    let away = Store::open("sqlite::memory:").await.unwrap();
    let ledger = Ledger::open(settings, away, Arc::new(SystemClock)).unwrap();
    let bench = Bench::new(vec![model("a", "one")], vec![replying()]).await;
    let call = chat("a");
    let id = call.identity.id.clone();
    bench.ask(call).await.unwrap();
    let record = bench.record(&id).await;
    let mut waits = vec![ledger.slowdown()];
    while ledger.recording_problem().is_none() {
        ledger.append(&record).await.unwrap();
        waits.push(ledger.slowdown());
    }
    assert!(waits.is_sorted(), "{waits:?}");
    assert_eq!(waits[waits.len() / 2 - 1], std::time::Duration::ZERO, "half full it is not felt: {waits:?}");
    assert_eq!(waits.last(), Some(&std::time::Duration::from_secs(2)));
}

#[tokio::test]
async fn a_segment_is_deleted_only_when_its_records_outlive_a_power_cut() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("baton.db");
    let store = Store::open(&format!("sqlite:{}", file.display())).await.unwrap();
    store.migrate().await.unwrap();
    let journal = folder.path().join("journal");
    // Each batch closes a segment.
    let settings = JournalSettings { segment_bytes: 1, ..JournalSettings::in_folder(&journal) };
    let ledger = Ledger::open(settings, store.clone(), Arc::new(SystemClock)).unwrap();
    let bench = Bench::new(vec![model("a", "one")], vec![replying()]).await;
    let call = chat("a");
    let id = call.identity.id.clone();
    bench.ask(call).await.unwrap();
    let record = bench.record(&id).await;
    let first = std::fs::read_dir(&journal).unwrap().map(|entry| entry.unwrap().path());
    let first = first.filter(|path| path.extension().is_some_and(|extension| extension == "journal")).min().unwrap();
    ledger.append(&record).await.unwrap();
    while first.exists() {
        // Every append closes a segment and wakes the drain.
        ledger.append(&record).await.unwrap();
        tokio::task::yield_now().await;
    }
    // What a power cut leaves at least: the file without its log.
    let copy = folder.path().join("copy.db");
    std::fs::copy(&file, &copy).unwrap();
    let left = Store::open(&format!("sqlite:{}", copy.display())).await.unwrap();
    assert_eq!(left.ledger().get(&id).await.unwrap().id, id);
}

#[tokio::test]
async fn a_call_is_sent_only_when_its_start_is_in_the_journal() {
    let fake = replying();
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    // Every batch begins a new file.
    let settings = JournalSettings { segment_bytes: 1, reserve_bytes: 0, ..JournalSettings::in_folder(&journal) };
    let bench = Bench::journaled(vec![model("a", "one")], vec![Arc::clone(&fake)], settings, folder, store().await);
    bench.ask(chat("a")).await.unwrap();
    // The next batch needs a new file, which can't be made without the folder.
    std::fs::remove_dir_all(&journal).unwrap();
    let refused = bench.ask(chat("a")).await.err().unwrap();
    assert_eq!((refused.code, fake.calls().len()), (Code::Overloaded, 1));
}

#[tokio::test]
async fn a_request_that_was_refused_is_recorded_with_its_error() {
    let bench = Bench::new(vec![model("a", "one")], vec![replying()]).await;
    let mut call = chat("a");
    call.routing.fallbacks = None;
    call.wire.capability = baton_model::Capability::Rerank;
    let mut cannot = model("b", "one");
    cannot.capabilities = vec![baton_model::Capability::Chat];
    bench.engine.registry().update(|snapshot| {
        snapshot.models.insert("b".into(), Arc::new(cannot.clone()));
    });
    call.routing.selector = baton_engine::ModelSelector::Model("b".into());
    let id = call.identity.id.clone();
    assert_eq!(bench.ask(call).await.err().unwrap().code, Code::InvalidRequest);
    let record = bench.record(&id).await;
    assert_eq!((record.outcome, record.status), (Outcome::Failed, 400));
}

#[tokio::test]
async fn many_at_once_are_recorded_once_each() {
    let bench = Bench::new(vec![model("a", "one")], vec![replying()]).await;
    let asked = (0..200).map(|_| bench.ask(chat("a")));
    for told in futures::future::join_all(asked).await {
        told.unwrap();
    }
    bench.engine.close().await;
    let usage = bench.store.ledger().list(&RequestFilter::default(), None, 1000).await.unwrap();
    assert_eq!(usage.items.len(), 200);
}
