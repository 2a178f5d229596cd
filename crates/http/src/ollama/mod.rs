//! Paths of Ollama's API beside chats, completions and embeddings (Ollama API documentation, `docs/api.md`).
//!
//! Lists are made of the registry, so that its clients see the models of every vendor; what changes the models of a
//! server goes to the Ollama behind, for admins. Ollama's own command line is one of the clients.

pub mod embeddings;
pub mod lists;
pub mod load;
pub mod manage;
mod named;
pub mod pull;
pub mod show;

use baton_engine::Snapshot;
use baton_model::Model;
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// What is known of a model's file; of other vendors' models next to nothing.
#[derive(Serialize)]
struct Details<'m> {
    parent_model: &'static str,
    format: &'static str,
    family: &'m str,
    families: [&'m str; 1],
    parameter_size: &'static str,
    quantization_level: &'static str,
}

impl<'m> Details<'m> {
    fn of(model: &'m Model) -> Self {
        let family = model.provider.as_str();
        Self { parent_model: "", format: "", family, families: [family], parameter_size: "", quantization_level: "" }
    }
}

/// When a model was last changed.
fn modified(model: &Model) -> String {
    DateTime::from_timestamp(model.updated_at.seconds(), 0)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The name as this format's clients write names: with a tag.
fn tagged(model: &Model) -> String {
    let id = model.id.as_str();
    let last = id.rsplit('/').next().unwrap_or(id);
    // Only in the last part: `host:5000/org/model` has a port and no tag.
    if last.contains(':') { id.to_owned() } else { format!("{id}:latest") }
}

/// A digest for a model, as clients show and compare it. It is made of the name: other vendors say none, and a server's
/// own is the same for two names of one file, which clients would take for one model.
fn digest(model: &Model) -> String {
    Sha256::digest(tagged(model)).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether an Ollama has the model.
fn is_ollamas(snapshot: &Snapshot, model: &Model) -> bool {
    snapshot.providers.get(&model.provider).is_some_and(|provider| provider.kind() == "ollama")
}
