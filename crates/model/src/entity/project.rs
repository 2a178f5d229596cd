//! A project. To add a field: a line in the struct and one in [`Project::new`]. The API, events and the audit log have it
//! then, and the database keeps it in the column `more`.

use super::{KeyCreation, KeyTemplate, OwnBudget, OwnLimits, OwnShare, ProjectMember, ProjectRules, Role};
use crate::chat::Json;
use crate::clock::Timestamp;
use crate::id::{ModelId, ProviderId};
use crate::price::Factor;
use std::sync::Arc;

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema), schema(as = ProjectView))]
pub struct Project {
    /// Its id, as keys, tokens and requests name it: required to make one, fixed from then on.
    #[cfg_attr(feature = "schema", schema(example = "search"))]
    pub id: String,
    /// A name for people; by default the id.
    #[cfg_attr(feature = "schema", schema(example = "Search"))]
    pub name: String,
    /// Metadata to store with it, as it was given.
    #[cfg_attr(feature = "schema", serde(with = "crate::schema::json"), schema(value_type = Object))]
    pub metadata: Json,
    /// What its requests may cost in a period: `{amount, period}`; null: no budget of its own.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"), schema(value_type = Option<OwnBudget>))]
    pub budget: Option<OwnBudget>,
    /// How much its requests may take: any of `rpm` (requests a minute), `tpm` (tokens a minute) and `concurrency`.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"), schema(value_type = Option<OwnLimits>))]
    pub limits: Option<OwnLimits>,
    /// What each of its users has beside the user's own budget and limits: any of `budget` and `limits`.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"), schema(value_type = Option<OwnShare>))]
    pub each_user: Option<OwnShare>,
    /// What each of its keys has beside the key's own budget and limits: any of `budget` and `limits`.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"), schema(value_type = Option<OwnShare>))]
    pub each_key: Option<OwnShare>,
    /// The users who belong to it, and the role of each in it: `{user_id, role}`.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Vec::is_empty"), schema(value_type = Vec<ProjectMember>))]
    pub members: Vec<ProjectMember>,
    /// The models that its requests may use; null: all.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"), schema(value_type = Option<Vec<String>>))]
    pub models: Option<Arc<[ModelId]>>,
    /// The providers whose models its requests may use; null: all.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"), schema(value_type = Option<Vec<String>>))]
    pub providers: Option<Arc<[ProviderId]>>,
    /// Who may create keys for it: `admin`, `operator` (those of the project too) or `member` (each member for itself).
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "KeyCreation::is_default"), schema(value_type = String, example = "operator"))]
    pub key_creation: KeyCreation,
    /// What a new key of the project has where its creator gives nothing else: any of `models`, `addresses`, `strict`,
    /// `expires_in`, `budget` and `limits`. A member who creates a key for itself can't give anything else.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"), schema(value_type = Option<KeyTemplate>))]
    pub key_template: Option<KeyTemplate>,
    /// What the project is charged for its requests, as a multiple of their cost: 1.2 adds 20 percent, 0.9 takes ten
    /// percent off. At most 10, with at most four decimal places; null: 1. Budgets count costs.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"), schema(value_type = Option<f64>, example = 1.2))]
    pub charge_factor: Option<Factor>,
    /// When it was made.
    #[cfg_attr(feature = "schema", schema(value_type = String, read_only))]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[cfg_attr(feature = "schema", schema(value_type = String, read_only))]
    pub updated_at: Timestamp,
}

// === impl Project ===

impl Project {
    /// A project named like its id, made at the beginning of time.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            id,
            metadata: Json("{}".into()),
            budget: None,
            limits: None,
            each_user: None,
            each_key: None,
            members: Vec::new(),
            models: None,
            providers: None,
            key_creation: KeyCreation::default(),
            key_template: None,
            charge_factor: None,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    /// The role of a user in it; `None` if it is no member.
    pub fn role_of(&self, user: &str) -> Option<Role> {
        self.members.iter().find(|member| &*member.user_id == user).map(|member| member.role)
    }

    /// What it demands of each of its requests; `None`: nothing.
    pub fn rules(&self) -> Option<ProjectRules> {
        let Self { models, providers, charge_factor, .. } = self;
        let rules =
            ProjectRules { models: models.clone(), providers: providers.clone(), charge_factor: *charge_factor };
        (rules != ProjectRules::default()).then_some(rules)
    }
}

#[cfg(feature = "schema")]
impl crate::schema::RegisteredSchema for Project {}
