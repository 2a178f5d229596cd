//! The start of a request: what the ledger says of it if its process is killed before its end.

use super::compact::CompactAttribution;
use super::fields::{maybe_factor, micros};
use crate::capability::Capability;
use crate::clock::Timestamp;
use crate::entity::Model;
use crate::id::{ModelId, ProviderId, RequestId};
use crate::money::Nanos;
use crate::price::{Cost, Factor};
use crate::record::{AttemptRecord, Attribution, CacheUse, Outcome, RequestRecord};
use crate::usage::UsageClass;
use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::ser::Serializer;
use std::borrow::Cow;
use std::fmt;

/// What is written of a request before it is sent to a provider for the first time.
// To add a field: as `compact` says.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RequestStart<'r> {
    // The first: it is looked for alone.
    id: RequestId,
    #[serde(with = "micros")]
    arrived: Timestamp,
    #[serde(borrow)]
    api: Cow<'r, str>,
    #[serde(deserialize_with = "crate::schema::record::asked")]
    capability: Capability,
    stream: bool,
    #[serde(borrow, serialize_with = "crate::schema::record::sentence")]
    requested: Cow<'r, str>,
    #[serde(serialize_with = "attribution", deserialize_with = "read_attribution")]
    attribution: Cow<'r, Attribution>,
    status: u16,
    cache: CacheUse,
    model: ModelId,
    provider: ProviderId,
    #[serde(borrow)]
    upstream: Cow<'r, str>,
    #[serde(with = "micros")]
    sent: Timestamp,
    #[serde(default)]
    reserved: Option<ReservedUsage>,
    #[serde(default, with = "maybe_factor")]
    charge_factor: Option<Factor>,
}

/// The most that an attempt may use, which was reserved of budgets and limits. After a crash it stands for what the attempt used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReservedUsage {
    /// Tokens read.
    pub input: u64,
    /// Tokens produced.
    pub output: u64,
    /// Nano-dollars; `None`: nobody knows the price.
    pub cost: Option<i64>,
}

impl<'r> RequestStart<'r> {
    /// Of a request that is sent to this model now, as the first.
    pub fn new(record: &'r RequestRecord, model: &'r Model, now: Timestamp, reserved: Option<ReservedUsage>) -> Self {
        // Every field is named, so that a new one is thought of here.
        let RequestRecord {
            id,
            arrived,
            api,
            capability,
            stream,
            requested,
            attribution,
            status,
            cache,
            charge_factor,
            // The model's, which is tried.
            served: _,
            provider: _,
            // There is nothing of these before the first attempt.
            finished: _,
            first_content: _,
            outcome: _,
            error: _,
            attempts: _,
        } = record;
        Self {
            id: id.clone(),
            arrived: *arrived,
            api: Cow::Borrowed(api),
            capability: *capability,
            stream: *stream,
            requested: Cow::Borrowed(requested),
            attribution: Cow::Borrowed(attribution),
            status: *status,
            cache: *cache,
            model: model.id.clone(),
            provider: model.provider.clone(),
            upstream: Cow::Borrowed(&model.upstream),
            sent: now,
            reserved,
            charge_factor: *charge_factor,
        }
    }

    /// The record of a request that was interrupted: its process ended before it did. What the provider billed for it is
    /// unknown. What was reserved of budgets and limits counts as an estimate, so that a crash forgives nothing; where nothing was, the
    /// record names no cost.
    pub fn into_interrupted(self) -> RequestRecord {
        let (model, provider) = (self.model.clone(), self.provider.clone());
        let mut attempt = AttemptRecord::interrupted(model, provider, self.upstream, self.sent);
        if let Some(ReservedUsage { input, output, cost }) = self.reserved {
            attempt.usage.set(UsageClass::Input, input);
            attempt.usage.set(UsageClass::Output, output);
            attempt.cost = cost.map_or(Cost::Unpriced, |cost| Cost::Known(Nanos(cost)));
            attempt.unpriced = attempt.unpriced.filter(|_| cost.is_none());
        }
        RequestRecord {
            id: self.id,
            arrived: self.arrived,
            finished: self.sent,
            first_content: None,
            api: self.api.into_owned(),
            capability: self.capability,
            stream: self.stream,
            requested: self.requested.into_owned(),
            served: Some(self.model),
            provider: Some(self.provider),
            attribution: self.attribution.into_owned(),
            outcome: Outcome::Interrupted,
            status: self.status,
            error: None,
            cache: self.cache,
            charge_factor: self.charge_factor,
            attempts: vec![attempt],
        }
    }
}

fn attribution<S: Serializer>(attribution: &Attribution, serializer: S) -> Result<S::Ok, S::Error> {
    CompactAttribution::serialize(attribution, serializer)
}

fn read_attribution<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'static, Attribution>, D::Error> {
    CompactAttribution::deserialize(deserializer).map(Cow::Owned)
}

/// The id of a start alone.
pub(super) struct StartId(pub(super) RequestId);

impl<'de> Deserialize<'de> for StartId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(StartIdVisitor)
    }
}

struct StartIdVisitor;

impl<'de> Visitor<'de> for StartIdVisitor {
    type Value = StartId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the start of a request")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<StartId, A::Error> {
        let id = fields.next_element()?.ok_or_else(|| serde::de::Error::invalid_length(0, &self))?;
        while fields.next_element::<IgnoredAny>()?.is_some() {}
        Ok(StartId(id))
    }
}
