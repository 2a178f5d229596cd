//! Which requests a budget or a limit is for.

use std::sync::Arc;

/// Which requests a policy is for: those that have what each field says. No field: all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema, schemars::JsonSchema),
    serde(deny_unknown_fields)
)]
pub struct PolicyScope {
    /// The project that requests are attributed to: a name, a list of names, or `"*"` for a counter for each.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"))]
    pub project: Option<ScopeValues>,
    /// The id of the key that they come with.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"))]
    pub key: Option<ScopeValues>,
    /// The user that they are attributed to.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"))]
    pub user: Option<ScopeValues>,
    /// The model that serves them.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"))]
    pub model: Option<ScopeValues>,
    /// The provider that serves them.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"))]
    pub provider: Option<ScopeValues>,
    /// A tag that they have.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"))]
    pub tag: Option<ScopeValues>,
    /// The run that they belong to (`x-baton-run`).
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"))]
    pub run: Option<ScopeValues>,
}

/// What a field of a scope says. Each value has a counter of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeValues {
    /// Any value: `"*"`.
    Any,
    /// One of these.
    Each(Vec<Arc<str>>),
}

impl ScopeValues {
    /// One value.
    pub fn one(value: impl Into<Arc<str>>) -> Self {
        Self::Each(vec![value.into()])
    }

    /// Whether a value is meant.
    pub fn contains(&self, value: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Each(values) => values.iter().any(|named| **named == *value),
        }
    }

    /// Whether it has a counter for each of several values.
    pub fn has_several(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Each(values) => values.len() > 1,
        }
    }
}

impl PolicyScope {
    /// The fields that say something, by their names, in the order of the struct.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &ScopeValues)> {
        let Self { project, key, user, model, provider, tag, run } = self;
        let fields = [
            ("project", project),
            ("key", key),
            ("user", user),
            ("model", model),
            ("provider", provider),
            ("tag", tag),
            ("run", run),
        ];
        fields.into_iter().filter_map(|(name, values)| Some((name, values.as_ref()?)))
    }

    /// Whether the model or provider that serves a request decides: then nothing can be said of it before it is routed.
    pub fn needs_target(&self) -> bool {
        self.model.is_some() || self.provider.is_some()
    }
}
