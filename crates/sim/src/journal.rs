//! What a simulated provider remembers.

use axum::body::Bytes;
use serde_json::Value;
use std::collections::{HashMap, HashSet, VecDeque};
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
    /// The status of the reply; `None` if there was none, or not yet.
    pub status: Option<u16>,
    /// What the account is charged for it so far.
    pub billed: BilledTokens,
    /// Whether the reply said what it costs, to its regular end: what is billed is what the client was told.
    pub reported: bool,
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
#[derive(Debug, Clone)]
pub(crate) struct SimJournal {
    entries: Arc<Mutex<JournalEntries>>,
    changed: Arc<Notify>,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct JournalEntries {
    seen: VecDeque<RecordedRequest>,
    /// How many requests are no longer remembered: the number of the first that is.
    forgotten: usize,
    bytes: usize,
    cached: HashSet<String>,
    cached_bytes: usize,
    stored: HashMap<String, SimResponse>,
}

/// What a remembered request takes beside its body: its headers and the names in it, roughly.
const PER_REQUEST: usize = 1024;

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

    fn size(&self) -> usize {
        self.body.len() + PER_REQUEST
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
    /// An empty one, that forgets the oldest requests once all of them take more than that.
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { entries: Arc::default(), changed: Arc::default(), max_bytes }
    }

    pub(crate) fn open(&self, seen: RecordedRequest) -> RequestEntry {
        let mut entries = self.entries();
        let number = entries.forgotten + entries.seen.len();
        entries.bytes += seen.size();
        entries.seen.push_back(seen);
        while entries.bytes > self.max_bytes {
            let Some(oldest) = entries.seen.pop_front() else { break };
            entries.bytes -= oldest.size();
            entries.forgotten += 1;
        }
        RequestEntry { journal: self.clone(), number }
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.entries().seen.iter().cloned().collect()
    }

    /// Takes the oldest requests out, up to the first that is not over, each with its number.
    pub(crate) fn take_finished(&self) -> Vec<(usize, RecordedRequest)> {
        let mut entries = self.entries();
        let mut taken = Vec::new();
        while entries.seen.front().is_some_and(|seen| seen.complete || seen.disconnected) {
            let Some(seen) = entries.seen.pop_front() else { break };
            entries.bytes -= seen.size();
            entries.forgotten += 1;
            taken.push((entries.forgotten, seen));
        }
        taken
    }

    /// Whether that prefix of a prompt was there before; it is from now on.
    pub(crate) fn cache(&self, prefix: &str) -> bool {
        let mut entries = self.entries();
        // A vendor's cache forgets too; here all at once, which needs no order.
        if entries.cached_bytes > self.max_bytes {
            entries.cached.clear();
            entries.cached_bytes = 0;
        }
        let new = entries.cached.insert(prefix.to_owned());
        if new {
            entries.cached_bytes += prefix.len();
        }
        !new
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
            // Before looking, so that a request that ends in between is not missed.
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

    /// The reply begins, with that status, unless another was told before.
    pub(crate) fn begin(&self, status: u16) {
        self.note(|seen| seen.status = seen.status.or(Some(status)));
    }

    /// The reply has said what it costs.
    pub(crate) fn report(&self) {
        self.note(|seen| seen.reported = true);
    }

    /// The reply was given to its end.
    pub(crate) fn complete(&self) {
        self.note(|seen| seen.complete = true);
    }

    fn note(&self, change: impl FnOnce(&mut RecordedRequest)) {
        let mut entries = self.journal.entries();
        // A request that was forgotten meanwhile has nothing left to note it in.
        let place = self.number.checked_sub(entries.forgotten);
        if let Some(seen) = place.and_then(|place| entries.seen.get_mut(place)) {
            change(seen);
        }
        // Given back first: who is woken below needs the lock to look again.
        drop(entries);
        self.journal.changed.notify_waiters();
    }
}

impl Drop for RequestEntry {
    fn drop(&mut self) {
        self.note(|seen| seen.disconnected = !seen.complete);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &str) -> RecordedRequest {
        RecordedRequest {
            method: "POST".into(),
            path: "/".into(),
            query: None,
            headers: Vec::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            status: None,
            billed: BilledTokens::default(),
            reported: false,
            complete: false,
            disconnected: false,
        }
    }

    #[test]
    fn the_oldest_requests_are_forgotten_and_the_others_keep_their_numbers() {
        let journal = SimJournal::new(2 * (PER_REQUEST + 1));
        let entries: Vec<RequestEntry> = ["a", "b", "c"].map(request).map(|request| journal.open(request)).into();
        for (number, entry) in entries.iter().enumerate() {
            entry.bill(BilledTokens { output: number as u64, ..BilledTokens::default() });
        }
        let remembered: Vec<(Bytes, u64)> =
            journal.requests().into_iter().map(|request| (request.body, request.billed.output)).collect();
        assert_eq!(remembered, [(Bytes::from("b"), 1), (Bytes::from("c"), 2)]);
        assert_eq!(entries[2].number(), 3);
    }

    #[test]
    fn what_is_over_is_taken_out_up_to_the_first_that_is_not() {
        let journal = SimJournal::new(usize::MAX);
        let entries: Vec<RequestEntry> = ["a", "b", "c"].map(request).map(|request| journal.open(request)).into();
        let taken = || -> Vec<usize> { journal.take_finished().into_iter().map(|(number, _)| number).collect() };
        entries[1].complete();
        assert_eq!(taken(), Vec::<usize>::new());
        entries[0].complete();
        assert_eq!(taken(), [1, 2]);
        // It keeps its number.
        entries[2].bill(BilledTokens { output: 7, ..BilledTokens::default() });
        entries[2].complete();
        let last = journal.take_finished();
        assert_eq!((last[0].0, last[0].1.billed.output), (3, 7));
    }

    #[test]
    fn the_cache_of_prompts_starts_again_when_it_is_full() {
        let journal = SimJournal::new(5);
        assert_eq!(["one", "one", "two", "one"].map(|prefix| journal.cache(prefix)), [false, true, false, false]);
    }
}
