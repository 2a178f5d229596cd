//! The things that are registered: models, those who call them, and those who are told of events.

mod budget;
mod caller;
#[cfg(feature = "schema")]
mod defaults;
mod key;
mod limits;
mod model;
mod policy;
mod policy_scope;
mod price_override;
mod project;
mod project_member;
mod project_rules;
mod provider_object;
mod quirks;
mod rate_limit;
mod shorthand;
mod stored_response;
mod user;
mod webhook;

pub use budget::{Budget, BudgetRaise, WhenUnpriced};
pub use caller::{Actor, Caller, Role, Scope};
pub use key::ApiKey;
pub use limits::{Alphabet, Limits};
pub use model::{Model, ModelSource, ModelStatus};
pub use policy::{BudgetPeriod, FailMode, LimitWindow, PolicyMode};
pub use policy_scope::{PolicyScope, ScopeValues};
pub use price_override::PriceOverride;
pub use project::Project;
pub use project_member::{KeyCreation, KeyTemplate, OwnShare, ProjectMember};
pub use project_rules::ProjectRules;
pub use provider_object::{Owner, ProviderObject, ProviderObjectKind};
pub use quirks::{ChatApi, MaxTokensField, Quirks, ReasoningHistory, ReasoningStyle, SchemaSubset};
pub use rate_limit::{Measure, RateLimit};
pub use shorthand::{OwnBudget, OwnLimits, OwnPolicies};
pub use stored_response::StoredResponse;
pub use user::User;
pub use webhook::{Webhook, WebhookFormat};
