//! Lengths, alphabets and numbers that a vendor's API allows: data, never code.

#[cfg(feature = "schema")]
use super::defaults::{is_default, or_default};

/// What a model, or all models of a provider, allow. Everything absent is the format's own rule; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema, schemars::JsonSchema),
    serde(deny_unknown_fields)
)]
pub struct Limits {
    /// The most characters of a tool's name. A longer one is sent shortened, and comes back as the client's.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub tool_name: Option<u32>,
    /// What a tool's name may be made of.
    #[cfg_attr(
        feature = "schema",
        serde(default, skip_serializing_if = "is_default", deserialize_with = "or_default"),
        schema(value_type = Option<Alphabet>),
        schemars(with = "Option<Alphabet>")
    )]
    pub tool_name_alphabet: Alphabet,
    /// The most characters of a call's id. A longer one is sent as a hash, in the call and in its result.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub call_id: Option<u32>,
    /// What a call's id may be made of.
    #[cfg_attr(
        feature = "schema",
        serde(default, skip_serializing_if = "is_default", deserialize_with = "or_default"),
        schema(value_type = Option<Alphabet>),
        schemars(with = "Option<Alphabet>")
    )]
    pub call_id_alphabet: Alphabet,
    /// The most texts to stop at; others are left out.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub stops: Option<u32>,
    /// The most characters of an end user's id. A longer one is sent as a hash.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub user: Option<u32>,
    /// Whether an end user's id may not be an e-mail address or a telephone number: these are sent as a hash.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub opaque_user: Option<bool>,
    /// Whether the schema of a tool must be that of an object and name its `properties`: what is missing is added.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub tool_properties: Option<bool>,
}

impl Limits {
    /// No limits at all.
    pub const NONE: Self = Self {
        tool_name: Some(0),
        tool_name_alphabet: Alphabet::Any,
        call_id: Some(0),
        call_id_alphabet: Alphabet::Any,
        stops: Some(0),
        user: Some(0),
        opaque_user: Some(false),
        tool_properties: Some(false),
    };

    /// These, where `specific` says nothing.
    #[must_use]
    pub fn overlaid_by(&self, specific: &Self) -> Self {
        Self {
            tool_name: specific.tool_name.or(self.tool_name),
            tool_name_alphabet: specific.tool_name_alphabet.or(self.tool_name_alphabet),
            call_id: specific.call_id.or(self.call_id),
            call_id_alphabet: specific.call_id_alphabet.or(self.call_id_alphabet),
            stops: specific.stops.or(self.stops),
            user: specific.user.or(self.user),
            opaque_user: specific.opaque_user.or(self.opaque_user),
            tool_properties: specific.tool_properties.or(self.tool_properties),
        }
    }
}

/// What a name may be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema, schemars::JsonSchema),
    serde(rename_all = "snake_case")
)]
pub enum Alphabet {
    /// Not said.
    #[default]
    #[cfg_attr(feature = "schema", serde(skip))]
    Unspecified,
    /// Anything.
    Any,
    /// ASCII letters and digits, `_` and `-`.
    Word,
    /// ASCII letters and digits.
    Alphanumeric,
}

impl Alphabet {
    fn or(self, other: Self) -> Self {
        if self == Self::Unspecified { other } else { self }
    }

    /// Whether the character is of it.
    pub fn has(self, c: char) -> bool {
        match self {
            Self::Unspecified | Self::Any => true,
            Self::Word => c.is_ascii_alphanumeric() || matches!(c, '_' | '-'),
            Self::Alphanumeric => c.is_ascii_alphanumeric(),
        }
    }
}
