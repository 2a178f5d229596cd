//! A request to a simulated provider, and the reply that a vendor's module plans.

use crate::faults::SimFault;
use crate::journal::{BilledTokens, SimJournal};
use crate::options::SimOptions;
use crate::play::Script;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use serde_json::Value;

/// A request, as a vendor's module sees it.
pub(crate) struct SimRequest<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
    /// The body as JSON; null if it is none.
    pub(crate) json: &'a Value,
    pub(crate) options: &'a SimOptions,
    pub(crate) journal: &'a SimJournal,
    /// A number for ids.
    pub(crate) number: usize,
}

/// What a vendor's module decides.
pub(crate) enum SimPlan {
    /// One body.
    Whole { content_type: &'static str, body: Vec<u8>, billed: BilledTokens },
    /// A stream; what it costs before the first token.
    Stream { script: Script, billed: BilledTokens },
}

/// An error reply, before it has a vendor's shape.
#[derive(Debug, Clone)]
pub(crate) struct SimRefusal {
    pub(crate) status: u16,
    /// The vendor's word.
    pub(crate) kind: &'static str,
    pub(crate) message: String,
    pub(crate) code: Option<&'static str>,
    pub(crate) param: Option<String>,
}

impl SimRefusal {
    pub(crate) fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into(), code: None, param: None }
    }
}

impl SimRequest<'_> {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether the model exists here. Ollama's names have a tag; without one, `latest` is meant.
    pub(crate) fn has_model(&self, model: &str) -> bool {
        let is = |known: &String| known.strip_suffix(":latest").unwrap_or(known) == model || known == model;
        SimFault::lookup(model).is_some() || self.options.models.iter().any(is)
    }
}
