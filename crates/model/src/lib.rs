//! The vocabulary: the values that every other crate speaks.
//!
//! Nothing here performs I/O, or knows a provider's wire format or a vendor. Only what is registered or recorded can be
//! written as JSON, by the feature `schema`. Each file holds one subject:
//!
//! - [`bounds`]: how much of everything is kept;
//! - [`body`]: the bytes a client sent, with one scan over their top level;
//! - [`chat`]: a conversation and what it asks for, in the union of what the formats can say;
//! - [`event`]: what comes back, as one stream of events;
//! - [`detail`]: how closely a reply is read;
//! - [`operation`]: everything a model can be asked to do, one variant a capability;
//! - [`usage`], [`money`], [`price`]: what was consumed, and what it cost;
//! - [`fault`]: whose fault an error is, whether to try again, and what the caller is told;
//! - [`event_kind`]: what happens that other services are told of;
//! - [`entity`]: the things that are registered: models, keys, projects, webhooks;
//! - `schema`: how what is registered or recorded is written as JSON;
//! - [`record`]: what is kept of a request; [`target`]: where an attempt goes;
//! - [`trace`]: which trace a request belongs to; [`serde_words`]: errors of serde, in words for callers;
//! - [`id`], [`dialect`], [`capability`], [`clock`]: names, formats, abilities, time.
//!
//! To add a capability: a variant in [`capability::Capability`] and in [`operation::Operation`]; the compiler leads
//! from there.

pub mod body;
pub mod bounds;
pub mod capability;
pub mod chat;
pub mod clock;
pub mod detail;
pub mod dialect;
pub mod entity;
pub mod event;
pub mod event_kind;
pub mod fault;
pub mod id;
pub mod money;
pub mod operation;
pub mod price;
pub mod record;
#[cfg(feature = "schema")]
pub mod schema;
pub mod serde_words;
pub mod target;
pub mod trace;
pub mod usage;
pub mod wire;

pub use body::{Body, BodyField, ShortWords};
pub use capability::Capability;
pub use chat::ChatRequest;
pub use clock::{Clock, SystemClock, Timestamp};
pub use detail::Detail;
pub use dialect::Dialect;
pub use entity::{Actor, ApiKey, Caller, Model, ModelSource, ModelStatus, Project, Quirks, Scope, User, Webhook};
pub use event::{FinishReason, ReplyEvent};
pub use event_kind::EventKind;
pub use fault::{Code, Fault, PublicError, Retry};
pub use id::{KeyId, ModelId, ProviderId, RequestId};
pub use money::Nanos;
pub use operation::Operation;
pub use price::{Cost, Price};
pub use target::Target;
pub use trace::{SpanId, TraceContext, TraceId};
pub use usage::{Amounts, ModelUsage, Usage, UsageClass, UsageOrigin};
pub use wire::Wire;
