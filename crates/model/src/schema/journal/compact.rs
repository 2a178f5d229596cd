//! A request's start and its record in the journal: MessagePack, the fields of each struct as an array.
//!
//! Positions stand for names, so the order below is the format. **To add a field**: at the end of its list, with
//! `#[serde(default)]`, because the arrays of earlier versions end before it. None is taken out or moved, and what a
//! field means stays. The compiler asks for each field of [`RequestRecord`] here.
//!
//! Chosen by what each takes for a usual record, in bytes and in instructions to write and to read it: MessagePack 283,
//! 2,900 and 11,600; `postcard` 273, 2,900 and 10,200, which can't read what ends early; arrays of JSON 413, 4,900 and
//! 19,400; objects of JSON 757, 11,200 and 30,300.
//!
//! Texts are truncated as they are in JSON.

use crate::capability::Capability;
use crate::chat::Json;
use crate::clock::Timestamp;
use crate::id::{KeyId, ModelId, ProviderId, RequestId};
use crate::price::{Cost, Factor};
use crate::record::{AttemptError, AttemptRecord, Attribution, CacheUse, Outcome, RequestError, RequestRecord};
use crate::usage::{Amounts, ModelUsage, Usage, UsageOrigin};

use super::fields::{amounts, maybe_factor, maybe_json, maybe_micros, micros, nanos};

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(remote = "RequestRecord")]
pub(super) struct CompactRequest {
    id: RequestId,
    #[serde(with = "micros")]
    arrived: Timestamp,
    #[serde(with = "micros")]
    finished: Timestamp,
    #[serde(with = "maybe_micros")]
    first_content: Option<Timestamp>,
    api: String,
    #[serde(deserialize_with = "crate::schema::record::asked")]
    capability: Capability,
    stream: bool,
    #[serde(serialize_with = "crate::schema::record::sentence")]
    requested: String,
    served: Option<ModelId>,
    provider: Option<ProviderId>,
    #[serde(with = "CompactAttribution")]
    attribution: Attribution,
    outcome: Outcome,
    status: u16,
    error: Option<RequestError>,
    cache: CacheUse,
    #[serde(with = "attempts")]
    attempts: Vec<AttemptRecord>,
    #[serde(default, with = "maybe_factor")]
    charge_factor: Option<Factor>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(remote = "Attribution")]
pub(super) struct CompactAttribution {
    key: Option<KeyId>,
    project: Option<String>,
    user: Option<String>,
    task: Option<String>,
    tags: Vec<String>,
    #[serde(with = "maybe_json")]
    metadata: Option<Json>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(remote = "AttemptRecord")]
struct CompactAttempt {
    model: ModelId,
    provider: ProviderId,
    upstream: String,
    upstream_request_id: Option<String>,
    #[serde(with = "micros")]
    started: Timestamp,
    #[serde(with = "micros")]
    finished: Timestamp,
    outcome: Outcome,
    error: Option<AttemptError>,
    #[serde(with = "CompactUsage")]
    usage: Usage,
    origin: UsageOrigin,
    #[serde(with = "nanos")]
    cost: Cost,
    unpriced: Option<String>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(remote = "Usage")]
struct CompactUsage {
    #[serde(with = "amounts")]
    amounts: Amounts,
    #[serde(serialize_with = "crate::schema::record::word")]
    service_tier: Option<String>,
    #[serde(serialize_with = "crate::schema::record::word")]
    region: Option<String>,
    #[serde(with = "other_models")]
    other_models: Vec<ModelUsage>,
    #[serde(serialize_with = "crate::schema::record::word")]
    unaccounted: Option<String>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(remote = "ModelUsage")]
struct CompactModelUsage {
    #[serde(serialize_with = "crate::schema::record::sentence")]
    model: String,
    #[serde(with = "amounts")]
    amounts: Amounts,
}

/// A list of what has a compact form.
macro_rules! list {
    ($name:ident: $type:ty as $form:ty) => {
        mod $name {
            use super::*;
            use serde::de::{Deserialize, Deserializer};
            use serde::ser::{Serialize, Serializer};

            struct Written<'r>(&'r $type);

            struct Read($type);

            impl Serialize for Written<'_> {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    <$form>::serialize(self.0, serializer)
                }
            }

            impl<'de> Deserialize<'de> for Read {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    <$form>::deserialize(deserializer).map(Self)
                }
            }

            pub(super) fn serialize<S: Serializer>(list: &[$type], serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(list.iter().map(Written))
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<$type>, D::Error> {
                let list = Vec::<Read>::deserialize(deserializer)?;
                Ok(list.into_iter().map(|read| read.0).collect())
            }
        }
    };
}

list! { attempts: AttemptRecord as CompactAttempt }
list! { other_models: ModelUsage as CompactModelUsage }
