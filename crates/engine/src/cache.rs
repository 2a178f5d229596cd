//! Was this request made before, so that its reply is in the cache?
//!
//! A reply is kept as the provider's own bytes ([`Recording`]), so a kept one goes the same way up as a fresh one,
//! whichever API asks and whether it asks for a stream. The key covers who may read it, the model as it is registered
//! now, and every field of the request but `stream`.

use crate::call::{CachePolicy, Call};
use baton_kv::{Cache, Purged};
use baton_model::{Capability, Dialect, Model, ModelId, ModelSource, ProviderId, Timestamp};
use baton_provider_api::{Recording, ReplyForm};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// What is cached without being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheDefault {
    /// Nothing.
    Off,
    /// Embeddings, and requests that ask for determinism (temperature 0 or a seed).
    #[default]
    Deterministic,
    /// Every request.
    All,
}

/// Who may be given a cached reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheShare {
    /// Who asked for it first: the same key, project and user.
    #[default]
    Caller,
    /// Everyone whose requests are booked on the same project; without a project, as `caller`.
    Project,
}

/// How replies are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// Who may be given a cached reply.
    pub share: CacheShare,
    /// What is cached without being asked for.
    pub default: CacheDefault,
    /// How long a reply is kept.
    pub ttl: Duration,
    /// The largest reply that is cached, in bytes.
    pub max_reply_bytes: usize,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            share: CacheShare::default(),
            default: CacheDefault::default(),
            ttl: Duration::from_secs(3600),
            max_reply_bytes: 4 << 20,
        }
    }
}

/// The response cache.
pub struct ResponseCache {
    settings: CacheSettings,
    values: Arc<dyn Cache>,
}

/// What a call may do with the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachePlan {
    /// A cached reply of at most that age is welcome; `None`: none is.
    pub read: Option<Duration>,
    /// The reply is kept.
    pub keep: bool,
}

/// A cached reply.
#[derive(Debug, Clone)]
pub struct CachedReply {
    /// The model that gave it.
    pub model: ModelId,
    /// Its provider, which knows how to read it.
    pub provider: ProviderId,
    /// When it was given.
    pub at: Timestamp,
    /// What was reported as left out then.
    pub warnings: Vec<String>,
    /// The reply.
    pub recording: Recording,
}

impl ResponseCache {
    /// A cache that keeps its values there.
    pub fn new(settings: CacheSettings, values: Arc<dyn Cache>) -> Self {
        Self { settings, values }
    }

    /// What the call may do with the cache; `None`: nothing.
    pub fn plan(&self, call: &Call) -> Option<CachePlan> {
        // Forms hold files; their replies are neither looked up nor kept.
        call.content.body()?;
        let wanted = match self.settings.default {
            CacheDefault::Off => false,
            CacheDefault::Deterministic => call.options.deterministic || call.wire.capability == Capability::Embedding,
            CacheDefault::All => true,
        };
        match call.options.cache {
            CachePolicy::NoStore => None,
            CachePolicy::NoCache => Some(CachePlan { read: None, keep: true }),
            // A client that names an age asks for the cache, whatever the default says.
            CachePolicy::MaxAge(age) => Some(CachePlan { read: Some(age), keep: true }),
            CachePolicy::Default if wanted => Some(CachePlan { read: Some(self.settings.ttl), keep: true }),
            CachePolicy::Default => None,
        }
    }

    /// The key under which the reply to this call of this model is kept.
    pub fn key(&self, call: &Call, model: &Model) -> String {
        let mut hash = Sha256::new();
        let mut put = |name: &str, value: &[u8]| {
            // Lengths first, so that no two sequences of fields make the same bytes.
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name);
            hash.update((value.len() as u64).to_le_bytes());
            hash.update(value);
        };
        let (caller, attribution) = (&call.identity.caller, &call.identity.attribution);
        // The project is in every key, also of a caller's own replies: who books on another project pays there.
        let project = attribution.project.as_deref();
        put("project", project.unwrap_or("").as_bytes());
        if self.settings.share == CacheShare::Caller || project.is_none() {
            // Tokens may have no key, so the user tells them apart; a key may serve many users.
            put("key", attribution.key.as_ref().map_or("", |key| key.as_str()).as_bytes());
            put("user", attribution.user.as_deref().unwrap_or("").as_bytes());
        }
        // What a caller may use decides which fallback may serve it, and strictness whether anything may be dropped.
        put("role", caller.role.name().as_bytes());
        put("strict", &[u8::from(call.routing.strict)]);
        match &caller.models {
            None => put("models", b"all"),
            Some(models) => models.iter().for_each(|model| put("model", model.as_str().as_bytes())),
        }
        // Another list of fallbacks may lead to another model, and so to another reply.
        for fallback in call.routing.fallbacks.iter().flatten() {
            put("fallback", fallback.as_str().as_bytes());
        }
        put("dialect", call.wire.dialect.name().as_bytes());
        put("capability", call.wire.capability.name().as_bytes());
        put("asked", model.id.as_str().as_bytes());
        match model.source {
            // Every node has its own time for it, which means nothing: what was configured does.
            ModelSource::Config => put("configured", configured_fields(model).as_bytes()),
            ModelSource::Api | ModelSource::Discovered => put("version", &model.updated_at.0.to_le_bytes()),
        }
        // Query and headers reach the provider too, and change the reply: `anthropic-beta` is one of them.
        put("query", call.options.query.as_deref().unwrap_or("").as_bytes());
        for (name, value) in &call.options.headers {
            put(name, value.as_bytes());
        }
        // Values are compared as bytes. Another spelling of the same number is a miss, which costs a call and is
        // never wrong.
        if let Some(body) = call.content.body() {
            let mut fields: Vec<_> = body.fields.iter().filter(|field| field.name != "stream").collect();
            // Clients write the same fields in different orders.
            fields.sort_by(|a, b| a.name.cmp(&b.name));
            for field in fields {
                put(&field.name, body.bytes.get(field.value.clone()).unwrap_or_default());
            }
        }
        let digest: [u8; 32] = hash.finalize().into();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The cached reply, if there is one of at most that age.
    pub async fn lookup(&self, key: &str, age: Duration, now: Timestamp) -> Option<CachedReply> {
        let kept = read(&self.values.get(key).await?)?;
        (now.since(kept.at) <= age).then_some(kept)
    }

    /// Keeps a reply, unless it is too large.
    pub async fn store_reply(&self, key: String, kept: &CachedReply, call: &Call) {
        if kept.recording.body.len() > self.settings.max_reply_bytes {
            return;
        }
        // Tagged by the model that replied, not by the one asked for: a purge is about where the text came from.
        let mut tags = vec![format!("model:{}", kept.model)];
        tags.extend(call.identity.attribution.key.as_ref().map(|key| format!("key:{key}")));
        tags.extend(call.identity.attribution.project.as_ref().map(|project| format!("project:{project}")));
        self.values.set(key, write(kept), self.settings.ttl, tags).await;
    }

    /// Forgets every reply that has the tag (`model:ID`, `key:ID`, `project:ID`), or all.
    pub async fn purge(&self, tag: Option<&str>) -> Purged {
        self.values.purge(tag).await
    }

    /// The state of the Redis that keeps the replies; `None` without Redis.
    pub fn health(&self) -> Option<baton_kv::CacheHealth> {
        self.values.health()
    }

    /// How much is kept in this process.
    pub async fn size(&self) -> baton_kv::CacheSize {
        self.values.size().await
    }
}

/// What of a model's configuration goes into its replies.
fn configured_fields(model: &Model) -> String {
    let Model { provider, upstream, capabilities, max_tokens, token_limit, configuration, quirks, .. } = model;
    format!("{:?}", (provider, upstream, capabilities, max_tokens, token_limit, configuration, quirks))
}

/// The first line of a cached reply's bytes; the reply's own bytes follow.
#[derive(Serialize, Deserialize)]
struct Head {
    model: String,
    provider: String,
    at: i64,
    warnings: Vec<String>,
    dialect: String,
    capability: String,
    stream: bool,
    content_type: String,
    hide_usage: bool,
}

fn write(kept: &CachedReply) -> Bytes {
    let CachedReply { model, provider, at, warnings, recording } = kept;
    let head = Head {
        model: model.to_string(),
        provider: provider.to_string(),
        at: at.0,
        warnings: warnings.clone(),
        dialect: recording.dialect.name().into(),
        capability: recording.capability.name().into(),
        stream: recording.form == ReplyForm::Stream,
        content_type: recording.content_type.clone(),
        hide_usage: recording.hide_usage,
    };
    // A struct of strings and numbers always serialises.
    let mut bytes = serde_json::to_vec(&head).unwrap_or_default();
    bytes.push(b'\n');
    bytes.extend_from_slice(&recording.body);
    bytes.into()
}

fn read(bytes: &Bytes) -> Option<CachedReply> {
    // A newline can't occur inside the head: JSON escapes it.
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    // With Redis, other versions of Baton read and write the same entries.
    let head: Head = serde_json::from_slice(bytes.get(..end)?).ok()?;
    Some(CachedReply {
        model: head.model.into(),
        provider: head.provider.into(),
        at: Timestamp(head.at),
        warnings: head.warnings,
        recording: Recording {
            // A name that this version does not know makes the entry a miss, not an error.
            dialect: Dialect::lookup(&head.dialect)?,
            capability: Capability::lookup_requestable(&head.capability)?,
            form: if head.stream { ReplyForm::Stream } else { ReplyForm::Whole },
            content_type: head.content_type,
            hide_usage: head.hide_usage,
            body: bytes.slice(end + 1..),
        },
    })
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_cached_reply_reads_back() {
        let kept = CachedReply {
            model: "m".into(),
            provider: "p".into(),
            at: Timestamp(7),
            warnings: vec!["seed: not known".into()],
            recording: Recording {
                dialect: Dialect::Ollama,
                capability: Capability::Chat,
                form: ReplyForm::Stream,
                content_type: "application/x-ndjson".into(),
                hide_usage: false,
                body: Bytes::from_static(b"{}\n{}\n"),
            },
        };
        let read = read(&write(&kept)).expect("it was just written");
        assert_eq!(read.recording, kept.recording);
        assert_eq!((read.model, read.at, read.warnings), (kept.model, kept.at, kept.warnings));
    }
}
