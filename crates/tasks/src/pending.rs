//! What is on its way into the database: visible already, and deleted for good if it is deleted before it is there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Values that are being written, by id. Cheap to clone.
///
/// Whoever writes one calls [`begin`](Self::begin), then inserts it, then asks [`Writing::finish`] whether it has to be
/// deleted again. Whoever deletes one calls [`delete`](Self::delete), then deletes it from the database. In whichever
/// order they come, it is gone in the end.
pub struct Pending<T>(Arc<Mutex<Values<T>>>);

/// `None` for one that was deleted meanwhile.
type Values<T> = HashMap<String, Option<T>>;

/// A value that is being written. It no longer is when this is dropped, also if writing panics.
pub struct Writing<T> {
    of: Pending<T>,
    id: String,
}

/// A value as far as it is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PendingValue<T> {
    /// It is being written.
    Written(T),
    /// It was deleted meanwhile. It may be in the database for a moment all the same.
    Deleted,
    /// It is not on its way: what the database says holds.
    Nowhere,
}

impl<T: Clone> Pending<T> {
    /// From now on that value is being written.
    pub fn begin(&self, id: &str, value: T) -> Writing<T> {
        self.lock().insert(id.to_owned(), Some(value));
        Writing { of: self.clone(), id: id.to_owned() }
    }

    /// The value of that id.
    pub fn find(&self, id: &str) -> PendingValue<T> {
        match self.lock().get(id) {
            Some(Some(value)) => PendingValue::Written(value.clone()),
            Some(None) => PendingValue::Deleted,
            None => PendingValue::Nowhere,
        }
    }

    /// The values that are being written and like that.
    pub fn all(&self, is_meant: impl Fn(&T) -> bool) -> Vec<T> {
        self.lock().values().flatten().filter(|value| is_meant(value)).cloned().collect()
    }
}

impl<T> Pending<T> {
    /// Whether the value of that id was deleted while it was being written.
    pub fn is_deleted(&self, id: &str) -> bool {
        matches!(self.lock().get(id), Some(None))
    }

    /// Deletes the value of that id, if it is being written.
    pub fn delete(&self, id: &str) {
        if let Some(value) = self.lock().get_mut(id) {
            // Marked and not removed: the task that writes it has to learn that it was deleted.
            *value = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Values<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Pending<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Pending<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Writing<T> {
    /// Whether it was deleted by now: then it need not be written.
    pub fn is_deleted(&self) -> bool {
        self.of.is_deleted(&self.id)
    }

    /// It is in the database. Whether it was deleted meanwhile, and so has to be deleted there: until this is dropped it
    /// is not seen.
    pub fn finish(&self) -> bool {
        // One step: a deletion in between would find it neither here nor, not having looked yet, in the database.
        let mut values = self.of.lock();
        if matches!(values.get(&self.id), Some(None)) {
            return true;
        }
        values.remove(&self.id);
        false
    }
}

impl<T> Drop for Writing<T> {
    fn drop(&mut self) {
        self.of.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deleted_on_its_way_is_deleted_there() {
        let pending = Pending::default();
        let writing = pending.begin("a", 1);
        assert_eq!(pending.find("a"), PendingValue::Written(1));
        assert_eq!(pending.all(|value| *value > 0), [1]);
        pending.delete("a");
        assert!(writing.is_deleted() && writing.finish() && pending.is_deleted("a"));
        assert_eq!((pending.find("a"), pending.all(|_| true)), (PendingValue::Deleted, Vec::new()));
        drop(writing);
        assert_eq!(pending.find("a"), PendingValue::Nowhere);
    }

    #[test]
    fn what_is_written_is_the_databases() {
        let pending = Pending::default();
        let writing = pending.begin("a", 1);
        assert!(!writing.is_deleted() && !writing.finish());
        assert_eq!(pending.find("a"), PendingValue::Nowhere);
        pending.delete("a");
        assert!(!pending.is_deleted("a"));
    }
}
