//! The things that are registered: models, and those who call them.

mod caller;
mod holding;
mod kept_response;
mod key;
mod model;
mod quirks;

pub use caller::{Actor, Caller, Role};
pub use holding::{Holding, HoldingKind, Owner};
pub use kept_response::KeptResponse;
pub use key::ApiKey;
pub use model::{Model, ModelSource, ModelStatus};
pub use quirks::{ChatApi, MaxTokensField, Quirks, ReasoningStyle};
