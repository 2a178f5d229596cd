//! Models and providers that budgets and limits of the configuration name, and that are not there.

use super::finding::Finding;
use crate::config::Config;
use baton_control::policies::KnownTargets;
use baton_model::Timestamp;

/// Looks for them among those that are configured and `registered` (`None`: the database can't be read), as a start does.
pub(super) fn check_policies(config: &Config, registered: Option<KnownTargets>) -> Vec<Finding> {
    let Some(mut known) = registered else { return Vec::new() };
    known.models.extend(config.models.iter().map(|section| section.model.id.to_string()));
    known.providers.extend(config.providers.keys().cloned());
    let unknown = config.policies(Timestamp(0)).unknown_targets(&known);
    unknown
        .into_iter()
        .map(|fault| {
            let advice = "correct the name, or configure or register it first";
            Finding::bad("budgets and limits", format!("{}: {}; {advice}", fault.field, fault.message))
        })
        .collect()
}
