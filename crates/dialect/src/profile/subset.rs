//! The parts of JSON schema that vendors take.

use baton_model::entity::SchemaSubset;

/// What a schema may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct SchemaRules {
    /// Whether an object that names its properties must be closed (`additionalProperties: false`).
    pub(super) closed: bool,
    /// Whether an object may hold keys that it does not name.
    pub(super) maps: bool,
    /// Whether all properties must be required.
    pub(super) all_required: bool,
    /// Whether a schema may refer to one that it stands in.
    pub(super) recursion: bool,
    /// How many levels of schemas there may be.
    pub(super) depth: usize,
    /// How many properties there may be in all.
    pub(super) properties: usize,
    keywords: Keywords,
    /// The formats of strings, where not all are known.
    pub(super) formats: Option<&'static [&'static str]>,
    /// The most that `minItems` may be.
    pub(super) min_items: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
enum Keywords {
    /// All but these.
    Except(&'static [&'static str]),
    /// These alone.
    Only(&'static [&'static str]),
}

/// OpenAI guide, structured outputs, "Supported schemas": of these the API says "is not permitted".
const OPENAI: SchemaRules = SchemaRules {
    closed: true,
    maps: false,
    all_required: true,
    recursion: true,
    depth: 10,
    properties: 5000,
    keywords: Keywords::Except(&[
        "minLength",
        "maxLength",
        "allOf",
        "not",
        "if",
        "then",
        "else",
        "dependentRequired",
        "dependentSchemas",
        "patternProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
        "unevaluatedProperties",
        "unevaluatedItems",
        "contains",
        "minContains",
        "maxContains",
        "uniqueItems",
        "prefixItems",
    ]),
    formats: Some(&["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"]),
    min_items: None,
};

/// Anthropic documentation, structured outputs, "JSON Schema limitations".
const ANTHROPIC: SchemaRules = SchemaRules {
    closed: true,
    maps: false,
    all_required: false,
    recursion: false,
    depth: usize::MAX,
    properties: usize::MAX,
    keywords: Keywords::Except(&[
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "maxItems",
        "uniqueItems",
        "contains",
        "minContains",
        "maxContains",
        "minProperties",
        "maxProperties",
        "patternProperties",
        "propertyNames",
        "not",
        "if",
        "then",
        "else",
        "dependentRequired",
        "dependentSchemas",
        "unevaluatedProperties",
        "unevaluatedItems",
    ]),
    formats: Some(&["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"]),
    min_items: Some(1),
};

/// Gemini API reference, `Schema`, and the guide to structured output.
const GEMINI: SchemaRules = SchemaRules {
    closed: false,
    maps: true,
    all_required: false,
    recursion: true,
    depth: usize::MAX,
    properties: usize::MAX,
    keywords: Keywords::Only(&[
        "type",
        "format",
        "title",
        "description",
        "nullable",
        "enum",
        "items",
        "prefixItems",
        "minItems",
        "maxItems",
        "properties",
        "required",
        "additionalProperties",
        "propertyOrdering",
        "minProperties",
        "maxProperties",
        "minLength",
        "maxLength",
        "pattern",
        "example",
        "anyOf",
        "default",
        "minimum",
        "maximum",
        "$ref",
        "$defs",
    ]),
    formats: Some(&["date-time", "date", "time", "duration", "enum", "int32", "int64", "float", "double"]),
    min_items: None,
};

/// The rules of a subset; `None` where everything goes.
pub(super) fn rules(subset: SchemaSubset) -> Option<&'static SchemaRules> {
    match subset {
        SchemaSubset::Unspecified | SchemaSubset::Any => None,
        SchemaSubset::OpenAi => Some(&OPENAI),
        SchemaSubset::Anthropic => Some(&ANTHROPIC),
        SchemaSubset::Gemini => Some(&GEMINI),
    }
}

impl SchemaRules {
    /// Whether a schema may have the member.
    pub(super) fn takes(&self, keyword: &str) -> bool {
        match self.keywords {
            Keywords::Except(refused) => !refused.contains(&keyword),
            Keywords::Only(taken) => taken.contains(&keyword),
        }
    }
}
