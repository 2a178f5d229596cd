//! The things that are registered: models, those who call them, and those who are told of events.

mod caller;
#[cfg(feature = "schema")]
mod defaults;
mod key;
mod limits;
mod model;
mod price_override;
mod project;
mod provider_object;
mod quirks;
mod stored_response;
mod webhook;

pub use caller::{Actor, Caller, Role, Scope};
pub use key::ApiKey;
pub use limits::{Alphabet, Limits};
pub use model::{Model, ModelSource, ModelStatus};
pub use price_override::PriceOverride;
pub use project::Project;
pub use provider_object::{Owner, ProviderObject, ProviderObjectKind};
pub use quirks::{ChatApi, MaxTokensField, Quirks, ReasoningHistory, ReasoningStyle, SchemaSubset};
pub use stored_response::StoredResponse;
pub use webhook::Webhook;
