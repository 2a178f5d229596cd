//! Who belongs to a project, who may create keys for it, and what such keys are like.

use super::{OwnBudget, OwnLimits, Role};
use crate::id::ModelId;
use std::sync::Arc;
use std::time::Duration;

/// A user who belongs to a project.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema),
    serde(deny_unknown_fields)
)]
pub struct ProjectMember {
    /// The user, as tokens and keys name it.
    #[cfg_attr(feature = "schema", schema(value_type = String, example = "anna"))]
    pub user_id: Arc<str>,
    /// What it may do in the project: `operator`, `viewer` or `caller`.
    #[cfg_attr(feature = "schema", schema(value_type = String, example = "operator"))]
    pub role: Role,
}

/// Who may create keys for a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum KeyCreation {
    /// Admins alone.
    #[default]
    Admin,
    /// The project's operators too, for anyone.
    Operator,
    /// Each member too, for itself.
    Member,
}

impl KeyCreation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Operator, Self::Member];

    /// The word in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Member => "member",
        }
    }

    /// That of the word.
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// Whether it is what holds where nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A budget and limits that each of several users or keys has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema),
    serde(deny_unknown_fields)
)]
pub struct OwnShare {
    /// What its requests may cost in a period: `{amount, period}`.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"), schema(value_type = Option<OwnBudget>))]
    pub budget: Option<OwnBudget>,
    /// How much its requests may take: any of `rpm`, `tpm` and `concurrency`.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"), schema(value_type = Option<OwnLimits>))]
    pub limits: Option<OwnLimits>,
}

/// What new keys of a project are like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema),
    serde(deny_unknown_fields, default)
)]
pub struct KeyTemplate {
    /// The models that it may use.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"), schema(value_type = Option<Vec<String>>))]
    pub models: Option<Arc<[ModelId]>>,
    /// The networks that it may be used from.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub addresses: Option<Vec<String>>,
    /// Whether its requests are refused if the model does not support a part of them.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub strict: Option<bool>,
    /// After which time it expires: `90d`, `12h`.
    #[cfg_attr(
        feature = "schema",
        serde(with = "crate::schema::duration", skip_serializing_if = "Option::is_none"),
        schema(value_type = Option<String>, example = "90d")
    )]
    pub expires_in: Option<Duration>,
    /// What its requests may cost in a period: `{amount, period}`.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"), schema(value_type = Option<OwnBudget>))]
    pub budget: Option<OwnBudget>,
    /// How much its requests may take: any of `rpm`, `tpm` and `concurrency`.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"), schema(value_type = Option<OwnLimits>))]
    pub limits: Option<OwnLimits>,
}
