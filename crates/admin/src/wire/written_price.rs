//! A price as a client writes it: dollars per million units by class, with the tiers that some vendors have. It may be said
//! more loosely than it is shown, and everything that is wrong is named.

use super::faults::Faults;
use baton_model::Price;
use baton_model::schema::read_price;

/// Reads a price; what is wrong with it is noted, with its path.
pub fn read(json: &str, faults: &mut Faults) -> Option<Price> {
    match read_price(json) {
        Ok(price) => {
            if price.rates.is_empty() {
                faults.add("price", "must contain at least one amount, such as input");
            }
            Some(price)
        }
        Err(found) => {
            for fault in found {
                let dot = if fault.path.is_empty() { "" } else { "." };
                faults.add(format!("price{dot}{}", fault.path), fault.problem);
            }
            None
        }
    }
}
