//! Prompts and replies for the log files, by opt-in: redacted and written by a thread of their own, so that no request
//! waits for it.

use super::redact::Redactor;
use crate::config::sections::ContentSection;
use anyhow::Context;
use baton_engine::observe::EndedRequest;
use baton_model::chat::PartKind;
use baton_model::event::CollectedReply;
use baton_model::{ReplyEvent, RequestId, TraceId};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The target of its lines, which the terminal does not show.
pub const TARGET: &str = "baton::content";

/// The most requests whose content waits to be written.
const QUEUE: usize = 1000;
/// The most bytes of it.
const MOST_BYTES: usize = 32 << 20;

/// Where prompts and replies go.
pub struct ContentLog {
    projects: Vec<String>,
    /// A permit for each byte that may wait.
    room: Arc<Semaphore>,
    writer: Mutex<Option<(SyncSender<Item>, JoinHandle<()>)>>,
}

/// What one request said, and was told.
struct Item {
    id: RequestId,
    trace: TraceId,
    prompt: Option<Bytes>,
    reply: Vec<ReplyEvent>,
    /// Its place among what waits.
    _room: OwnedSemaphorePermit,
}

impl ContentLog {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// If a rule can't be understood, or there is no thread to be had.
    pub fn start(section: &ContentSection) -> anyhow::Result<Self> {
        let redactor = section
            .redactor()
            .map_err(|(number, problem)| anyhow::anyhow!("logs.content.redact[{number}].pattern: {problem}"))?;
        let (sender, receiver) = sync_channel(QUEUE);
        let most = section.max_bytes;
        let thread = std::thread::Builder::new()
            .name("content-log".into())
            .spawn(move || write(&receiver, &redactor, most))
            .context("the thread of the content log can't be started")?;
        let room = Arc::new(Semaphore::new(MOST_BYTES));
        Ok(Self { projects: section.projects.clone(), room, writer: Mutex::new(Some((sender, thread))) })
    }

    /// Takes what a request said. Where the writer is too far behind, it is left out, and that is said.
    pub fn take(&self, ended: &EndedRequest<'_>) {
        let project = ended.record.attribution.project.as_ref();
        if !self.projects.is_empty() && project.is_none_or(|project| !self.projects.contains(project)) {
            return;
        }
        let (id, prompt) = (&ended.record.id, ended.call.content.body().map(|body| &body.bytes));
        let bytes = prompt.map_or(0, Bytes::len) + ended.reply.iter().map(size).sum::<usize>();
        // Tried and never waited for: no request is slowed by the log.
        let room =
            u32::try_from(bytes).ok().and_then(|bytes| Arc::clone(&self.room).try_acquire_many_owned(bytes).ok());
        let sent = room.is_some_and(|room| {
            let (prompt, reply) = (prompt.cloned(), ended.reply.to_vec());
            let item = Item { id: id.clone(), trace: ended.call.identity.trace.id, prompt, reply, _room: room };
            let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            // Where there is no writer any more, the process ends.
            !matches!(writer.as_ref().map(|(sender, _)| sender.try_send(item)), Some(Err(TrySendError::Full(_))))
        });
        if !sent {
            tracing::warn!(request.id = %id, "the content of a request is not logged: too much is waiting to be written");
        }
    }

    /// Writes what is left.
    pub fn close(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((sender, thread)) = writer {
            // The thread ends when the last sender is gone and the queue is empty.
            drop(sender);
            // A thread that panicked has nothing left to write.
            let _ = thread.join();
        }
    }
}

fn write(items: &Receiver<Item>, redactor: &Redactor, most: usize) {
    for Item { id, trace, prompt, reply, _room } in items {
        let prompt = prompt.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let prompt = prompt.map(|prompt| redact_document(prompt, redactor, most));
        let reply = (!reply.is_empty()).then(|| redact_document(reply_document(&reply), redactor, most));
        tracing::info!(target: TARGET, { request.id = %id, trace.id = %trace, prompt, reply }, "content");
    }
}

/// A document as it is logged. What is secret goes before anything is cut, so that no half of it is left.
fn redact_document(mut document: Value, redactor: &Redactor, most: usize) -> String {
    redactor.json(&mut document);
    let mut text = document.to_string();
    if text.len() > most {
        let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// What an event takes, in bytes.
fn size(event: &ReplyEvent) -> usize {
    let text = match event {
        ReplyEvent::Text { text, .. } | ReplyEvent::Refusal { text, .. } | ReplyEvent::Reasoning { text, .. } => {
            text.len()
        }
        ReplyEvent::ToolArguments { fragment, .. } => fragment.len(),
        ReplyEvent::Transcript(transcript) => transcript.text.len(),
        _ => 0,
    };
    size_of::<ReplyEvent>() + text
}

/// The reply, as a document.
fn reply_document(events: &[ReplyEvent]) -> Value {
    let heard = events.iter().find_map(|event| match event {
        ReplyEvent::Transcript(transcript) => Some(transcript.text.clone()),
        _ => None,
    });
    // A transcript is no choice of a chat, and `CollectedReply` would not hold it.
    if let Some(text) = heard {
        return json!({ "transcript": text });
    }
    let choices = CollectedReply::collect(events).choices.into_iter().map(|choice| {
        let parts = choice.parts.into_iter().filter_map(|part| match part.kind {
            PartKind::Text { text, .. } => Some(json!({ "text": text })),
            PartKind::Refusal(text) => Some(json!({ "refusal": text })),
            PartKind::Reasoning(reasoning) => Some(json!({ "reasoning": reasoning.text })),
            PartKind::ToolCall(call) => Some(json!({ "tool": call.name, "arguments": call.arguments })),
            _ => None,
        });
        Value::Array(parts.collect())
    });
    Value::Array(choices.collect())
}
