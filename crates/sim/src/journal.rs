//! What a simulated provider remembers.

use axum::body::Bytes;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A request as it came, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRequest {
    /// `GET`, `POST` …
    pub method: String,
    /// The path.
    pub path: String,
    /// The query, without the question mark.
    pub query: Option<String>,
    /// Lower-case name and value, in order; a value that is no text reads as empty.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Bytes,
    /// What the account is charged for it so far.
    pub billed: BilledTokens,
    /// Whether the reply was given to its end.
    pub complete: bool,
    /// Whether the client left before the end.
    pub disconnected: bool,
}

/// What an account is charged for, in [tokens](crate::tokens).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BilledTokens {
    /// Read, fresh.
    pub input: u64,
    /// Read from the cache.
    pub cache_read: u64,
    /// Written to the cache.
    pub cache_write: u64,
    /// Produced, reasoning included.
    pub output: u64,
    /// Of these, produced while reasoning.
    pub reasoning: u64,
}

/// All requests, and the prompts that are in the cache.
#[derive(Debug, Clone, Default)]
pub(crate) struct SimJournal {
    entries: Arc<Mutex<JournalEntries>>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct JournalEntries {
    seen: Vec<RecordedRequest>,
    cached: HashSet<String>,
    stored: HashMap<String, SimResponse>,
}

/// A response that OpenAI keeps.
#[derive(Debug, Clone)]
pub(crate) struct SimResponse {
    pub(crate) body: Value,
    /// All that the model was given, that of earlier responses included.
    pub(crate) context: Vec<Value>,
    /// What was given with this request.
    pub(crate) input: Vec<Value>,
}

/// The place of one request in the journal. Dropped before [`Self::complete`], it notes that the client left.
pub(crate) struct RequestEntry {
    journal: SimJournal,
    number: usize,
}

impl RecordedRequest {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the body has that text.
    pub(crate) fn contains(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.body).contains(text)
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl SimJournal {
    pub(crate) fn open(&self, seen: RecordedRequest) -> RequestEntry {
        let mut entries = self.entries();
        entries.seen.push(seen);
        RequestEntry { journal: self.clone(), number: entries.seen.len() - 1 }
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.entries().seen.clone()
    }

    /// Whether that prefix of a prompt was there before; it is from now on.
    pub(crate) fn cache(&self, prefix: &str) -> bool {
        !self.entries().cached.insert(prefix.to_owned())
    }

    /// Keeps a response.
    pub(crate) fn store(&self, id: &str, stored: SimResponse) {
        self.entries().stored.insert(id.to_owned(), stored);
    }

    pub(crate) fn find_response(&self, id: &str) -> Option<SimResponse> {
        self.entries().stored.get(id).cloned()
    }

    /// Whether there was such a response; there is none from now on.
    pub(crate) fn forget(&self, id: &str) -> bool {
        self.entries().stored.remove(id).is_some()
    }

    /// The requests whose body has that text, as soon as there is one and the last of them is over.
    pub(crate) async fn finished_requests(&self, text: &str) -> Vec<RecordedRequest> {
        loop {
            let changed = self.changed.notified();
            let mut seen = self.requests();
            seen.retain(|seen| seen.contains(text));
            if seen.last().is_some_and(|last| last.complete || last.disconnected) {
                return seen;
            }
            changed.await;
        }
    }

    fn entries(&self) -> MutexGuard<'_, JournalEntries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RequestEntry {
    /// A number for ids, from 1.
    pub(crate) fn number(&self) -> usize {
        self.number + 1
    }

    /// Sets what was charged so far.
    pub(crate) fn bill(&self, billed: BilledTokens) {
        self.note(|seen| seen.billed = billed);
    }

    /// The reply was given to its end.
    pub(crate) fn complete(&self) {
        self.note(|seen| seen.complete = true);
    }

    fn note(&self, change: impl FnOnce(&mut RecordedRequest)) {
        if let Some(seen) = self.journal.entries().seen.get_mut(self.number) {
            change(seen);
        }
        self.journal.changed.notify_waiters();
    }
}

impl Drop for RequestEntry {
    fn drop(&mut self) {
        self.note(|seen| seen.disconnected = !seen.complete);
    }
}
