//! What all models of a vendor have in common.

use baton_model::Price;
use baton_model::Quirks;
use baton_model::price::ServiceTier;
use indexmap::IndexMap;

/// What all models of a vendor have in common.
#[derive(Debug, Clone, Default)]
pub(super) struct Vendor {
    /// How they differ from others of the format.
    pub quirks: Quirks,
    /// Other names of service tiers: OpenAI's `fast` is its `priority`, and Groq's `flex` costs what `default` does.
    pub tiers: IndexMap<String, String>,
}

impl Vendor {
    /// The price with the tiers' other names, in all of its periods.
    pub fn complete(&self, mut price: Price) -> Price {
        for (name, same) in &self.tiers {
            if price.service_tiers.iter().any(|tier| tier.name == *name) {
                continue;
            }
            let named = price.service_tiers.iter().find(|tier| tier.name == *same);
            match named {
                Some(tier) => price.service_tiers.push(ServiceTier { name: name.clone(), ..tier.clone() }),
                // A tier without rates costs what the list says.
                None if same == "default" => {
                    price.service_tiers.push(ServiceTier { name: name.clone(), ..ServiceTier::default() });
                }
                None => {}
            }
        }
        price.periods = price.periods.into_iter().map(|period| self.complete(period)).collect();
        price
    }
}
