//! What a body may say of a registered thing, made from the schema of the thing itself: what is read-only is left out.

use utoipa::PartialSchema;
use utoipa::openapi::{Object, RefOr, Schema};

/// The schema of the fields that can be set, but for those that are `fixed`.
pub fn settable_fields<T: PartialSchema>(fixed: &[&str], required: &[&str]) -> Object {
    let RefOr::T(Schema::Object(mut object)) = T::schema() else { return Object::default() };
    object.properties.retain(|name, property| !fixed.contains(&name.as_str()) && !is_read_only(property));
    object.required = required.iter().map(ToString::to_string).collect();
    object
}

fn is_read_only(property: &RefOr<Schema>) -> bool {
    matches!(property, RefOr::T(Schema::Object(object)) if object.read_only == Some(true))
}
