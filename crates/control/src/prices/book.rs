//! What is in force.

use crate::vendor_info::VendorInfo;
use baton_meter::catalogue::{self, Catalogue, Entry};
use baton_model::entity::PriceOverride;
use baton_model::{Capability, Model, Price, ProviderId};
use std::sync::Arc;

/// What models cost, from all that is known beside their registrations.
#[derive(Debug)]
pub struct PriceBook {
    catalogue: Arc<Catalogue>,
    kept: Option<Arc<Catalogue>>,
    kept_version: Option<String>,
    overrides: Vec<PriceOverride>,
}

impl Default for PriceBook {
    /// What is built in.
    fn default() -> Self {
        Self { catalogue: Catalogue::built_in(), kept: None, kept_version: None, overrides: Vec::new() }
    }
}

/// From where a price is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceOrigin {
    /// It is part of the program.
    BuiltIn,
    /// It was taken over from a list.
    Update,
    /// The operator has set it.
    Override,
}

impl PriceOrigin {
    /// The word in the API: `built_in`, `update` or `override`.
    pub fn name(self) -> &'static str {
        match self {
            Self::BuiltIn => "built_in",
            Self::Update => "update",
            Self::Override => "override",
        }
    }
}

/// A line of the list of prices.
#[derive(Debug, Clone)]
pub enum ListedPrice {
    /// A fact of the catalogue, and from where.
    Known(Box<Entry>, PriceOrigin),
    /// What the operator has set.
    Set(Box<PriceOverride>),
}

impl PriceBook {
    pub(super) fn new(
        kept_version: Option<String>,
        kept: Option<Arc<Catalogue>>,
        overrides: Vec<PriceOverride>,
    ) -> Self {
        let built_in = Catalogue::built_in();
        let catalogue = match &kept {
            Some(kept) => Arc::new(built_in.with_kept(kept)),
            None => built_in,
        };
        Self { catalogue, kept, kept_version, overrides }
    }

    pub(super) fn kept_version(&self) -> Option<String> {
        self.kept_version.clone()
    }

    pub(super) fn kept(&self) -> Option<Arc<Catalogue>> {
        self.kept.clone()
    }

    /// What is known of models, updates included.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// What the operator has set.
    pub fn overrides(&self) -> &[PriceOverride] {
        &self.overrides
    }

    /// Everything, what the operator has set first.
    pub fn list(&self) -> impl Iterator<Item = ListedPrice> + '_ {
        let set = self.overrides.iter().map(|price| ListedPrice::Set(Box::new(price.clone())));
        let known = self.catalogue.entries().iter().map(|entry| {
            let kept = self.kept.as_ref().and_then(|kept| kept.lookup(&entry.vendor, &entry.id));
            // One that the program knows better by now is built in again.
            let from = match kept {
                Some(kept) if kept.price == entry.price => PriceOrigin::Update,
                _ => PriceOrigin::BuiltIn,
            };
            ListedPrice::Known(Box::new(entry.clone()), from)
        });
        set.chain(known)
    }

    /// The model with what is known where its registration says nothing; it can chat if neither anybody nor its name says
    /// what it can do.
    pub fn complete(&self, mut model: Model, vendors: &VendorInfo) -> Model {
        // Only for the vendor itself: a compatible service may serve a model of the same name at another price.
        let vendor = vendors.names.get(&model.provider);
        let known = vendor.and_then(|vendor| self.catalogue.lookup(vendor, &model.upstream));
        if model.price.is_none() {
            model.price = self.price(&model.provider, &model.upstream, known, vendors);
        }
        let Some(known) = known else {
            if model.capabilities.is_empty() {
                let named = catalogue::capabilities_by_name(&model.upstream).filter(|known| !known.is_empty());
                model.capabilities = named.unwrap_or(&[Capability::Chat]).to_vec();
            }
            return model;
        };
        model.token_limit = model.token_limit.or(known.token_limit);
        model.max_tokens = model.max_tokens.or(known.max_tokens);
        model.tokenizer = model.tokenizer.or_else(|| known.tokenizer.clone());
        // What the operator says of the model wins over the catalogue.
        model.quirks = known.quirks.overlaid_by(&model.quirks);
        if model.capabilities.is_empty() {
            model.capabilities.clone_from(&known.capabilities);
        }
        model
    }

    /// What a provider's model costs that nobody registered.
    pub fn price_of(&self, provider: &ProviderId, upstream: &str, vendors: &VendorInfo) -> Option<Price> {
        let vendor = vendors.names.get(provider);
        let known = vendor.and_then(|vendor| self.catalogue.lookup(vendor, upstream));
        self.price(provider, upstream, known, vendors)
    }

    /// What a provider's model costs: as the operator has set it for the two, for the model, or for the provider; else what
    /// is known.
    fn price(
        &self,
        provider: &ProviderId,
        upstream: &str,
        known: Option<&Entry>,
        vendors: &VendorInfo,
    ) -> Option<Price> {
        let region = vendors.regions.get(provider);
        let listed = known.and_then(|known| known.price.clone());
        let listed = listed.map(|price| match region {
            Some(region) => price.in_region(region),
            None => price,
        });
        match self.set_for(provider, upstream, known) {
            None => listed,
            Some(PriceOverride { price: Some(price), .. }) => Some(price.clone()),
            Some(PriceOverride { factor: Some(factor), .. }) => listed.map(|price| price.scaled(*factor)),
            Some(_) => listed,
        }
    }

    /// The price that the operator has set, the most special one.
    fn set_for(&self, provider: &ProviderId, upstream: &str, known: Option<&Entry>) -> Option<&PriceOverride> {
        let rank = |price: &&PriceOverride| {
            let named = match &price.provider {
                Some(name) if !name.eq_ignore_ascii_case(provider.as_str()) => return None,
                named => named.is_some(),
            };
            let model = match &price.model {
                // By any of its names: what is set for `gpt-4o` holds for its snapshots.
                Some(name) => {
                    let same = |entry: &Entry| entry.id == *name || entry.aliases.contains(name);
                    if name != upstream && !known.is_some_and(same) {
                        return None;
                    }
                    true
                }
                None => false,
            };
            Some((model, named))
        };
        let ranked = self.overrides.iter().filter_map(|price| Some((rank(&price)?, price)));
        // The first of equals: they are in the order of their ids, so all nodes choose the same.
        ranked.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, price)| price)
    }
}

#[cfg(test)]
mod tests;
