//! Vendors that speak a known format, as data: address, key, and how they differ.
//!
//! To add one: an entry in [`ALL`], with a link to the vendor's reference in its comment.

pub mod document;
mod preset;
mod table;
mod vendor;

pub use preset::{AuthHeader, KeyRequirement, PathStyle, Preset};
pub use table::ALL;
pub use vendor::{CatalogueVendor, catalogue_vendor};

/// The vendor of that name, in any case.
pub fn lookup(name: &str) -> Option<&'static Preset> {
    ALL.iter().find(|preset| preset.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_make_sense() {
        for preset in ALL {
            assert_eq!(lookup(&preset.name.to_uppercase()), Some(preset), "{} is there twice", preset.name);
            assert!(!preset.title.is_empty() && !preset.capabilities.is_empty(), "{}", preset.name);
            let address = preset.base_url.map(baton_provider_api::transport::BaseUrl::parse);
            assert!(address.is_none_or(|address| address.is_ok()), "{}", preset.name);
            assert!(preset.key == KeyRequirement::Optional || preset.key_env.is_some(), "{}", preset.name);
        }
    }
}
