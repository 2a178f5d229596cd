//! Fields of a registered thing that have no column.

use baton_model::schema::{NamedValue, RegisteredSchema, field_names, fields_without, merge_fields};

/// The fields that have none of these columns.
pub(crate) fn write<T: RegisteredSchema>(thing: &T, columns: &[&str]) -> String {
    fields_without(thing, columns).unwrap_or_else(|_| "{}".to_owned())
}

/// The thing with the fields that a row has beside its columns. What this version does not know is passed over.
pub(crate) fn read<T: RegisteredSchema>(thing: T, more: &str) -> Result<T, serde_json::Error> {
    // Nearly every row has nothing more, and keys and models are read in thousands.
    if more == "{}" {
        return Ok(thing);
    }
    let known = field_names::<T>();
    let fields = super::read_members(more)?.into_iter().filter(|(name, _)| known.contains(&name.as_str()));
    let fields: Vec<NamedValue> = fields.collect();
    merge_fields(&thing, &fields)
}
