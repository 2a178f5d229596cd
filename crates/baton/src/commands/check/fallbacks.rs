//! Models that are named as a fallback or a default, and are not there.

use super::finding::{Finding, ListedModels};
use crate::config::Config;
use baton_model::entity::Model;
use std::collections::BTreeSet;

/// Looks for them among the models that are configured, registered (`None`: the database can't be read) and listed by
/// providers (`None`: not all were asked). What is not found is a fault only where all could be looked at.
pub(super) fn check_fallbacks(
    config: &Config,
    registered: Option<Vec<Model>>,
    listed: Option<Vec<ListedModels>>,
) -> Vec<Finding> {
    let discovers = config.discovery.at_start || config.discovery.every.is_some();
    // A model may come from the file, the database or a provider's list. A name is surely wrong only if all of them
    // were read.
    let complete = registered.is_some() && (listed.is_some() || !discovers);
    let (registered, listed) = (registered.unwrap_or_default(), listed.unwrap_or_default());
    let mut there: BTreeSet<String> = config.models.iter().map(|section| section.model.id.to_string()).collect();
    there.extend(registered.iter().map(|model| model.id.to_string()));
    if discovers {
        let taken_over = |list: &&ListedModels| {
            config.providers.get(&list.provider).is_none_or(|section| section.discover != Some(false))
        };
        // Where a name is taken, the model is called by its provider's too.
        there.extend(listed.iter().filter(taken_over).flat_map(|ListedModels { provider, upstreams }| {
            upstreams.iter().flat_map(move |upstream| [upstream.clone(), format!("{provider}/{upstream}")])
        }));
    }
    let missing = list_named(config, &registered).into_iter().filter(|(_, name)| !there.contains(name));
    missing
        .map(|(place, name)| {
            if complete {
                let problem = "the model is not configured, registered or listed by a provider, so it is skipped";
                Finding::bad("models", format!("{place}: `{name}`: {problem}; correct the name, or register the model"))
            } else {
                let problem = "unknown model; not every provider, or not the database, could be queried";
                Finding::warning("models", format!("{place}: `{name}`: {problem}"))
            }
        })
        .collect()
}

/// Every name of a model that stands for another: where, and the name.
fn list_named(config: &Config, registered: &[Model]) -> Vec<(String, String)> {
    let mut named: Vec<(String, String)> =
        config.default_model.iter().map(|name| ("default_model".to_owned(), name.clone())).collect();
    for (name, section) in &config.providers {
        named.extend(
            section.default_model.iter().map(|model| (format!("providers.{name}.default_model"), model.clone())),
        );
    }
    for (index, section) in config.models.iter().enumerate() {
        let fallbacks = section.model.fallbacks.iter();
        named.extend(fallbacks.map(|name| (format!("models[{index}].fallbacks"), name.to_string())));
    }
    for model in registered {
        let place = format!("the fallbacks of the registered model `{}`", model.id);
        named.extend(model.fallbacks.iter().map(|name| (place.clone(), name.to_string())));
    }
    named
}
