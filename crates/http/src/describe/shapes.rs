//! What the descriptions of all formats are made of.

use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

/// OpenAI's reference.
pub(super) const OPENAI_REFERENCE: &str = "https://platform.openai.com/docs/api-reference";

/// How a path's body is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyKind {
    Json,
    Form,
    Nothing,
}

/// The tag of OpenAI's API.
pub(super) const OPENAI: &str = "openai";

/// A free object: the vendor keeps its description true.
pub(super) fn object() -> Schema {
    Schema::Object(ObjectBuilder::new().schema_type(Type::Object).build())
}

pub(super) fn text() -> Schema {
    Schema::Object(ObjectBuilder::new().schema_type(Type::String).build())
}
