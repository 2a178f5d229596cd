//! Sharing what replies have taught about how models count: with other nodes, and with the next process.

use baton_engine::calibration::LearnedRow;
use baton_engine::{Calibration, Engine};
use baton_model::{Clock, Timestamp};
use baton_store::{LearnedCount, Store, StoreError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often nodes tell each other.
const EVERY: Duration = Duration::from_secs(30);
/// What others wrote is read again from so long before the last look: their clocks may be behind.
const OVERLAP: Duration = Duration::from_secs(60);
/// Of how many rows the revision is remembered. One that is not known is read before it is written.
const REVISIONS: usize = 20_000;
/// How often a row is tried again that another node has changed meanwhile. After that, the next round does it.
const TRIES: usize = 3;

/// Takes over what is known, and shares what is learned every 30 seconds and at the end. Runs until stopped.
pub async fn share(engine: Engine, store: Store, stop: CancellationToken) {
    let mut sharing = Sharing::new(Arc::clone(engine.calibration()), store, Arc::clone(engine.clock()));
    loop {
        sharing.round().await;
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => break,
        }
    }
    // The last requests have taught something too.
    sharing.round().await;
}

struct Sharing {
    calibration: Arc<Calibration>,
    store: Store,
    clock: Arc<dyn Clock>,
    /// The revision of each row as it was last read or written.
    known: HashMap<String, i64>,
    /// Up to when rows were read.
    read: Timestamp,
}

impl Sharing {
    fn new(calibration: Arc<Calibration>, store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { calibration, store, clock, known: HashMap::new(), read: Timestamp(0) }
    }

    async fn round(&mut self) {
        // What is lost here is learned again, so a database that is away is no more than a line in the log.
        if let Err(error) = self.exchange().await {
            tracing::debug!(%error, "what was learned of counts can't be shared; the next try is in half a minute");
        }
    }

    async fn exchange(&mut self) -> Result<(), StoreError> {
        // Written first: what is read below then holds it, and takes nothing back.
        for row in self.calibration.take_changed() {
            self.write(row).await?;
        }
        let now = self.clock.now();
        let overlap = i64::try_from(OVERLAP.as_micros()).unwrap_or(i64::MAX);
        let rows = self.store.learned_counts().since(Timestamp(self.read.0.saturating_sub(overlap))).await?;
        for row in rows {
            // Its own come back too, and are known.
            if self.known.get(&row.id).is_none_or(|revision| *revision < row.revision) {
                self.calibration.adopt(&LearnedRow { id: row.id.clone(), body: row.body });
                self.known.insert(row.id, row.revision);
            }
        }
        self.read = now;
        // Rows of keys that ask no more would stay for ever.
        if self.known.len() > REVISIONS {
            self.known.clear();
        }
        Ok(())
    }

    async fn write(&mut self, mut row: LearnedRow) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let revision = self.known.get(&row.id).map_or(1, |revision| revision + 1);
            let (id, body) = (row.id.clone(), row.body.clone());
            let written = LearnedCount { id, body, revision, updated: self.clock.now() };
            if self.store.learned_counts().write(&written).await? {
                self.known.insert(row.id, revision);
                return Ok(());
            }
            // Another node was faster: both have learned something.
            let Some(other) = self.store.learned_counts().get(&row.id).await? else {
                // Forgotten meanwhile.
                self.known.remove(&row.id);
                continue;
            };
            self.known.insert(row.id.clone(), other.revision);
            let other = LearnedRow { id: other.id, body: other.body };
            if let Some(merged) = self.calibration.merge(&row, &other) {
                self.calibration.adopt(&merged);
                row = merged;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use baton_engine::calibration::Basis;
    use baton_model::operation::{CompletionRequest, Prompt};
    use baton_model::{Model, Operation, SystemClock};

    fn node(store: &Store) -> Sharing {
        Sharing::new(Arc::default(), store.clone(), Arc::new(SystemClock))
    }

    fn prompt(words: usize) -> Operation {
        let prompts = vec![Prompt::Text("a train to the airport ".repeat(words))];
        Operation::Completion(Box::new(CompletionRequest { prompts, ..CompletionRequest::default() }))
    }

    fn learn(node: &Sharing, key: &str, reported: u64) {
        for words in 1..20 {
            let (model, tokens) = (Model::new("house", "local"), reported * words as u64);
            node.calibration.learn(Basis::Features, &prompt(words), &model, Some(&key.into()), tokens);
        }
    }

    fn estimate(node: &Sharing, key: &str) -> u64 {
        node.calibration.estimate(&prompt(50), &Model::new("house", "local"), Some(&key.into())).tokens
    }

    #[tokio::test]
    async fn nodes_and_the_next_process_know_what_one_has_learned() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        store.migrate().await.unwrap();
        let (mut one, mut two) = (node(&store), node(&store));
        learn(&one, "a", 9);
        assert_ne!(estimate(&one, "a"), estimate(&two, "a"));
        one.round().await;
        two.round().await;
        assert_eq!(estimate(&one, "a"), estimate(&two, "a"));
        let mut next = node(&store);
        next.round().await;
        assert_eq!(estimate(&next, "a"), estimate(&one, "a"));
    }

    #[tokio::test]
    async fn what_two_nodes_learned_apart_becomes_one() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        store.migrate().await.unwrap();
        let (mut one, mut two) = (node(&store), node(&store));
        learn(&one, "a", 8);
        learn(&two, "a", 10);
        let apart = [estimate(&one, "a"), estimate(&two, "a")];
        one.round().await;
        // The first was faster, so this one finds a row that it does not know.
        two.round().await;
        one.round().await;
        let together = estimate(&two, "a");
        assert!(apart[0] < together && together < apart[1], "{apart:?} {together}");
        assert_eq!(estimate(&one, "a"), together);
    }
}
