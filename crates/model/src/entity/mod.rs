//! The things that are registered: models, and those who call them.

mod caller;
mod key;
mod limits;
mod model;
mod provider_object;
mod quirks;
mod stored_response;

pub use caller::{Actor, Caller, Role, Scope};
pub use key::ApiKey;
pub use limits::{Alphabet, Limits};
pub use model::{Model, ModelSource, ModelStatus};
pub use provider_object::{Owner, ProviderObject, ProviderObjectKind};
pub use quirks::{ChatApi, MaxTokensField, Quirks, ReasoningHistory, ReasoningStyle};
pub use stored_response::StoredResponse;
