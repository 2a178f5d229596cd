//! What is known of providers beyond how to call them.

use baton_model::ProviderId;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of providers beyond how to call them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VendorInfo {
    /// For each provider that is a vendor itself (not merely compatible), its name in the catalogue.
    pub names: BTreeMap<ProviderId, String>,
    /// For each provider that serves from one region alone, its name in prices.
    pub regions: BTreeMap<ProviderId, String>,
    /// Providers whose lists are taken over only when they are asked for by name.
    pub unlisted: BTreeSet<ProviderId>,
}
