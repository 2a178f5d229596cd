//! What batches at providers used: recorded when somebody reads their results, which is when Baton learns of it.

use crate::shared::EngineContext;
use baton_meter::price::{self, Costed};
use baton_model::entity::Owner;
use baton_model::price::Factor;
use baton_model::record::{AttemptRecord, Attribution, CacheUse, Outcome, RequestRecord};
use baton_model::{Capability, Model, ModelId, ProviderId, RequestId, Timestamp, Usage};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The tier that a price has for batches, whatever the provider calls it in a reply of one.
const TIER: &str = "batch";
/// What stands in the records in place of the client API.
const API: &str = "batch";

/// A reply of a batch.
#[derive(Debug, Clone)]
pub struct BatchedReply {
    /// The provider's name of the batch.
    pub batch: String,
    /// The client's name of the request within it.
    pub entry: String,
    /// Who ran it.
    pub provider: ProviderId,
    /// The model that the batch was made for, if it is one alone.
    pub model: Option<ModelId>,
    /// The provider's name for the model that replied.
    pub upstream: String,
    /// What was asked.
    pub capability: Capability,
    /// What it used.
    pub usage: Usage,
    /// Whose batch it is.
    pub owner: Owner,
    /// What its project is charged, as a multiple of the cost.
    pub charge_factor: Option<Factor>,
    /// When the batch was made: it costs what was in force then.
    pub made: Timestamp,
}

impl EngineContext {
    /// Records a reply of a batch. Its record has the same id whenever and wherever it is read, so it is there once.
    pub(crate) async fn record_batched(&self, reply: BatchedReply) {
        let record = self.batched_record(reply);
        record.attempts.iter().for_each(|attempt| self.unpriced.note(attempt));
        if let Err(error) = self.ledger.append(&record).await {
            tracing::error!(request.id = %record.id, %error, "a record could not be written to the journal");
        }
    }

    fn batched_record(&self, reply: BatchedReply) -> RequestRecord {
        let model = self.batched_model(&reply);
        let mut usage = reply.usage;
        usage.service_tier = Some(TIER.to_owned());
        let price = model.as_ref().and_then(|model| model.price.as_ref());
        let snapshot = self.registry.snapshot();
        let price_of = |name: &str| snapshot.price(&reply.provider, name);
        let Costed { total: cost, unpriced, .. } = price::cost_with_others(&usage, price, reply.made, price_of);
        let id = model.map_or_else(|| ModelId::from(reply.upstream.as_str()), |model| model.id.clone());
        let attempt = AttemptRecord {
            model: id.clone(),
            provider: reply.provider.clone(),
            upstream: reply.upstream,
            upstream_request_id: None,
            started: reply.made,
            finished: reply.made,
            outcome: Outcome::Completed,
            error: None,
            origin: usage.reported_origin(),
            usage,
            cost,
            unpriced: unpriced.map(|reason| reason.to_string()),
        };
        RequestRecord {
            id: record_id(&reply.provider, &reply.batch, &reply.entry),
            arrived: reply.made,
            finished: reply.made,
            first_content: None,
            api: API.to_owned(),
            capability: reply.capability,
            stream: false,
            requested: id.to_string(),
            served: Some(id),
            provider: Some(reply.provider),
            attribution: Attribution {
                key: reply.owner.key,
                project: reply.owner.project.as_deref().map(str::to_owned),
                user: reply.owner.user.as_deref().map(str::to_owned),
                ..Attribution::default()
            },
            outcome: Outcome::Completed,
            status: 200,
            error: None,
            cache: CacheUse::Bypass,
            charge_factor: reply.charge_factor,
            attempts: vec![attempt],
        }
    }

    /// The registered model that replied: the batch's own, else one of the provider that has this name there, with a date
    /// or without.
    fn batched_model(&self, reply: &BatchedReply) -> Option<Arc<Model>> {
        let snapshot = self.registry.snapshot();
        let own = reply.model.as_ref().and_then(|id| snapshot.models.get(id));
        own.or_else(|| snapshot.find_upstream(&reply.provider, &reply.upstream)).cloned()
    }
}

fn record_id(provider: &ProviderId, batch: &str, entry: &str) -> RequestId {
    // Hashed, because clients name the entries, and a record's id has a bound.
    let mut hash = Sha256::new();
    for part in [provider.as_str(), batch, entry] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hex: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    RequestId::from(format!("batch-{hex}"))
}
