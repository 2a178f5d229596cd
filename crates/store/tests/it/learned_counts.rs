//! What was learned of counts.

use baton_model::Timestamp;
use baton_store::{LearnedCount, Store};

fn row(id: &str, revision: i64, updated: i64) -> LearnedCount {
    LearnedCount { id: id.into(), body: format!("{id} {revision}"), revision, updated: Timestamp(updated) }
}

pub async fn are_written_only_over_what_was_read(store: &Store) {
    let learned = store.learned_counts();
    assert!(learned.write(&row("a", 1, 10)).await.unwrap());
    assert!(!learned.write(&row("a", 1, 11)).await.unwrap(), "another node has written it");
    assert!(!learned.write(&row("a", 3, 12)).await.unwrap(), "nobody has written the second yet");
    assert!(learned.write(&row("a", 2, 13)).await.unwrap());
    assert_eq!(learned.get("a").await.unwrap(), Some(row("a", 2, 13)));
    assert_eq!(learned.get("b").await.unwrap(), None);
}

pub async fn are_read_from_a_time_on_and_forgotten(store: &Store) {
    let learned = store.learned_counts();
    for (id, updated) in [("a", 10), ("b", 30), ("c", 20)] {
        assert!(learned.write(&row(id, 1, updated)).await.unwrap());
    }
    assert_eq!(learned.since(Timestamp(20)).await.unwrap(), [row("b", 1, 30), row("c", 1, 20)]);
    assert_eq!(learned.forget_before(Timestamp(20)).await.unwrap(), 1);
    assert_eq!(learned.since(Timestamp(0)).await.unwrap().len(), 2);
}
