//! The fields of a price that is set.

use crate::wire::changes::{FieldChanges, Ruled};
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::schema::{body, nullable};
use crate::wire::written_price;
use baton_model::entity::PriceOverride;

body!(PriceBody as "PriceOverride" of PriceOverride: "A price to set, or the fields of one to change", nullable::<PriceOverride>());

/// Reads the fields of a price but its id.
pub fn read(fields: &mut JsonFields, faults: &mut Faults) -> FieldChanges<PriceOverride> {
    FieldChanges::read(fields, &PriceOverride::new(""), &["price_id"], faults, |name, fields, faults| match name {
        "price" => Ruled::read(match fields.raw("price").map(str::to_owned) {
            None => None,
            Some(text) if text == "null" => Some(None),
            Some(text) => written_price::read(&text, faults).map(Some),
        }),
        _ => Ruled::BySchema,
    })
}

/// The id of a new price; one is made if none is given.
pub fn new_id(fields: &mut JsonFields, faults: &mut Faults) -> String {
    fields.text("price_id", faults).unwrap_or_else(|| format!("price_{}", uuid::Uuid::now_v7().simple()))
}
