//! A request's record as JSON: an event, an item of the API's list. The journal has a form of its own ([`super::journal`]).
//!
//! What follows from the rest (`latency_ms`, and the request's `tokens`, `cost`, `charge` and `estimated`) is written for readers and
//! passed over when a record is read back. No text in it is longer than is kept, and none breaks the line.

use crate::bounds;
use crate::capability::Capability;
use crate::price::Cost;
use crate::record::{AttemptRecord, RequestRecord};
use crate::usage::Amounts;
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// One request with each attempt.
#[derive(serde::Serialize, ToSchema)]
#[schema(as = RequestRecord)]
pub struct RecordView<'r> {
    #[serde(flatten, serialize_with = "own_fields")]
    #[schema(inline, value_type = RequestRecord)]
    record: &'r RequestRecord,
    /// From arrival to the last byte.
    latency_ms: u64,
    /// The usage of the attempt that succeeded, by class.
    #[serde(with = "super::usage")]
    #[schema(value_type = Object)]
    tokens: Amounts,
    /// What all attempts cost, in exact decimal dollars; null: unpriced.
    #[schema(value_type = Option<f64>)]
    cost: Cost,
    /// What its project is charged for that; null: unpriced.
    #[schema(value_type = Option<f64>)]
    charge: Cost,
    /// Whether any of its numbers is an estimate.
    estimated: bool,
    /// Each attempt, in order.
    // Behind what follows from them, which is what a reader looks for.
    #[schema(value_type = Vec<AttemptRecord>)]
    attempts: &'r [AttemptRecord],
}

impl<'r> RecordView<'r> {
    /// A record for its readers.
    pub fn new(record: &'r RequestRecord) -> Self {
        Self {
            record,
            latency_ms: u64::try_from(record.finished.since(record.arrived).as_millis()).unwrap_or(u64::MAX),
            tokens: record.usage().amounts,
            cost: record.cost(),
            charge: record.charge(),
            estimated: record.is_estimated(),
            attempts: &record.attempts,
        }
    }
}

/// The fields of the record alone, by the derived function: `remote = "Self"` makes one, and leaves the trait to us.
fn own_fields<S: Serializer>(record: &&RequestRecord, serializer: S) -> Result<S::Ok, S::Error> {
    RequestRecord::serialize(record, serializer)
}

impl Serialize for RequestRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Serialize::serialize(&RecordView::new(self), serializer)
    }
}

/// Reads the text twice: a struct that is flattened is read out of a buffer that no longer has the client's metadata as it
/// was written.
impl<'de> Deserialize<'de> for RequestRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        // The derived function, as above.
        let mut record =
            Self::deserialize(&mut serde_json::Deserializer::from_str(text.get())).map_err(D::Error::custom)?;
        record.attribution = serde_json::from_str(text.get()).map_err(D::Error::custom)?;
        Ok(record)
    }
}

/// A capability among all that a request may ask, which are more than models list.
pub(crate) fn asked<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Capability, D::Error> {
    super::words::read(deserializer, |name| {
        let unknown = || format!("no capability `{}`", bounds::truncate(name, 40));
        Capability::lookup_requestable(name).ok_or_else(unknown)
    })
}

/// As much of a client's or provider's text as is kept.
pub(crate) fn sentence<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&bounds::truncate(text, bounds::ERROR))
}

/// The same of a word of a provider's.
pub(crate) fn word<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    text.as_deref().map(|text| bounds::truncate(text, bounds::ID)).serialize(serializer)
}
