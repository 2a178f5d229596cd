//! What a body may say of a registered thing, made from the schema of the thing itself: what is read-only is left out.

use baton_model::schema::settable_names;
use serde::de::DeserializeOwned;
use utoipa::PartialSchema;
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::{Object, RefOr, Schema};

/// The schema of the fields that can be set, but for those that are `fixed`.
pub fn settable_fields<T: DeserializeOwned + PartialSchema>(fixed: &[&str], required: &[&str]) -> Object {
    let RefOr::T(Schema::Object(mut object)) = T::schema() else { return Object::default() };
    let names = settable_names::<T>();
    object.properties.retain(|name, _| names.contains(&name.as_str()) && !fixed.contains(&name.as_str()));
    object.required = required.iter().map(ToString::to_string).collect();
    object
}

/// The same, where null says as little as nothing at all.
pub fn nullable<T: DeserializeOwned + PartialSchema>() -> Object {
    let mut object = settable_fields::<T>(&[], &[]);
    for property in object.properties.values_mut() {
        if let RefOr::T(Schema::Object(property)) = property
            && let SchemaType::Type(only) = &property.schema_type
            // Null is no object: `metadata` and its like refuse it.
            && *only != Type::Object
        {
            property.schema_type = SchemaType::from_iter([only.clone(), Type::Null]);
        }
    }
    object
}

/// Describes a body that gives fields of a registered thing: under that name, with what it is, and the schema of its fields.
macro_rules! body {
    ($body:ident as $name:literal of $thing:ty: $about:literal, $schema:expr) => {
        #[doc = $about]
        pub struct $body;

        impl utoipa::PartialSchema for $body {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let mut body: utoipa::openapi::Object = $schema;
                body.description = Some($about.into());
                body.into()
            }
        }

        impl utoipa::ToSchema for $body {
            fn name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
                <$thing as utoipa::ToSchema>::schemas(schemas);
            }
        }
    };
}
pub(crate) use body;
