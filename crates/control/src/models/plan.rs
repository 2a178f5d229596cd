//! What would have to change for a provider's list of models to be ours. Pure: a function of what is given.

use super::report::{Conflict, Discovery};
use crate::vendor_info::VendorInfo;
use baton_meter::catalogue;
use baton_model::entity::ReasoningStyle;
use baton_model::{Capability, Model, ModelId, ModelSource, ProviderId, Quirks, Timestamp, bounds};
use baton_provider_api::DiscoveredModel;
use std::collections::{BTreeMap, BTreeSet};

/// What a plan is made from, beside the provider's list.
pub(super) struct PlanInput<'a> {
    /// The models of the configuration.
    pub configured: &'a [Model],
    /// The models of the database.
    pub stored: &'a [Model],
    /// What is known of providers.
    pub vendors: &'a VendorInfo,
    /// The time at which the changes are made.
    pub now: Timestamp,
}

/// One model's change.
#[derive(Debug, Clone)]
pub(super) enum PlanStep {
    Add(Model),
    /// Before, and after.
    Change(Box<(Model, Model)>),
    Remove(Model),
}

/// The changes that make a provider's list ours, and what stands in the way of others.
#[derive(Debug, Clone, Default)]
pub(super) struct DiscoveryPlan {
    /// The names under which what the provider lists can be asked for.
    pub found: Vec<ModelId>,
    pub steps: Vec<PlanStep>,
    pub conflicts: Vec<Conflict>,
}

/// Compares a provider's list with what is registered.
pub(super) fn plan(ground: &PlanInput<'_>, provider: &ProviderId, listed: &[DiscoveredModel]) -> DiscoveryPlan {
    let mut names = BTreeSet::new();
    // A list that names a model twice must not register it twice.
    let mut distinct = listed.iter().filter(|found| {
        // Chats are all that could be asked of it otherwise, and it refuses these.
        names.insert(found.upstream.as_str()) && !capabilities(ground.vendors, provider, found).is_empty()
    });
    let listed: Vec<&DiscoveredModel> = distinct.by_ref().take(bounds::DISCOVERED).collect();
    // Not looked at further, and gone if they were registered: else a list in another order each time would add up.
    let beyond: Vec<&DiscoveredModel> = distinct.collect();
    let names = listed.iter().map(|found| found.upstream.as_str()).collect();
    let gone = find_gone(ground, provider, &names);
    let mut taken = find_taken(ground, provider, &gone);
    // What is gone comes first, because another model may take its name.
    let mut plan =
        DiscoveryPlan { steps: gone.into_iter().map(PlanStep::Remove).collect(), ..DiscoveryPlan::default() };
    for found in listed {
        match adopt_model(ground, provider, found, &taken) {
            Ok((id, step)) => {
                taken.insert(id.clone(), Some(found.upstream.clone()));
                plan.found.push(id);
                plan.steps.extend(step);
            }
            Err(problem) => plan.conflicts.push(conflict(provider, found, problem)),
        }
    }
    if let Some(first) = beyond.first() {
        let problem = format!("the list is too long: this is the first of {} models that are left out", beyond.len());
        plan.conflicts.push(conflict(provider, first, problem));
    }
    plan
}

fn conflict(provider: &ProviderId, found: &DiscoveredModel, problem: String) -> Conflict {
    let listed = bounds::truncate(&found.upstream, bounds::NAME).into_owned();
    Conflict { provider: provider.clone(), listed, problem }
}

/// The models that were discovered at the provider and that it does not list any more, or that an operator has
/// registered too since.
fn find_gone(ground: &PlanInput<'_>, provider: &ProviderId, listed: &BTreeSet<&str>) -> Vec<Model> {
    let discovered = ground.stored.iter().filter(|model| is_discovered(model, provider));
    let gone = discovered.filter(|model| {
        let upstream = model.upstream.as_str();
        !listed.contains(upstream) || find_registered(ground, provider, upstream).is_some()
    });
    gone.cloned().collect()
}

/// Every id that a new model can't have; with it, where the model is of the same provider, what that calls it.
type Taken = BTreeMap<ModelId, Option<String>>;

fn find_taken(ground: &PlanInput<'_>, provider: &ProviderId, gone: &[Model]) -> Taken {
    let stored = ground.stored.iter().filter(|model| gone.iter().all(|gone| gone.id != model.id));
    // The configuration comes last, because its model is in force where both have one.
    let models = stored.chain(ground.configured);
    models.map(|model| (model.id.clone(), (model.provider == *provider).then(|| model.upstream.clone()))).collect()
}

/// The id under which a listed model can be asked for, and the step that makes it so; else why it can't be.
fn adopt_model(
    ground: &PlanInput<'_>,
    provider: &ProviderId,
    found: &DiscoveredModel,
    taken: &Taken,
) -> Result<(ModelId, Option<PlanStep>), String> {
    // The operator's own registration of it, under whatever name, stays as it is.
    if let Some(registered) = find_registered(ground, provider, &found.upstream) {
        return Ok((registered.id.clone(), None));
    }
    let known = ground.stored.iter().find(|model| is_discovered(model, provider) && model.upstream == found.upstream);
    let Some(known) = known else {
        let id = free_id(provider, &found.upstream, taken)?;
        let model = new_model(ground, provider, found, id.clone());
        return Ok((id, Some(PlanStep::Add(model))));
    };
    // It was discovered before the configuration took the id. The row stays, and is offered again when the
    // configuration lets the id go.
    if ground.configured.iter().any(|model| model.id == known.id) {
        return Err(format!("the id `{}` is used by a model of the configuration file", known.id));
    }
    let model = Model {
        // An operator may have switched it off. A new list must not switch it on again.
        status: known.status,
        created_at: known.created_at,
        // The time is the version too, so it always moves.
        updated_at: ground.now.max(Timestamp(known.updated_at.0 + 1)),
        ..new_model(ground, provider, found, known.id.clone())
    };
    let step = differs(known, &model).then(|| PlanStep::Change(Box::new((known.clone(), model))));
    Ok((known.id.clone(), step))
}

/// What an operator has registered for what the provider calls so.
fn find_registered<'a>(ground: &PlanInput<'a>, provider: &ProviderId, upstream: &str) -> Option<&'a Model> {
    ground.configured.iter().chain(ground.stored).find(|model| {
        model.provider == *provider && model.upstream == upstream && model.source != ModelSource::Discovered
    })
}

fn is_discovered(model: &Model, provider: &ProviderId) -> bool {
    model.provider == *provider && model.source == ModelSource::Discovered
}

/// The id of a model that is new here: as the provider calls it; where another provider has a model of that id, or a
/// call of the API its name, the provider's name is put in front.
fn free_id(provider: &ProviderId, upstream: &str, taken: &Taken) -> Result<ModelId, String> {
    // Allowed here, because the provider's name is put in front; `parse` refuses it.
    let reserved = ModelId::RESERVED.contains(&upstream);
    let plain = if reserved { ModelId::from(upstream) } else { ModelId::parse(upstream).map_err(not_an_id)? };
    match taken.get(&plain) {
        None if !reserved => return Ok(plain),
        // Whoever gave this id to another model of the same provider meant it; the provider's name tells nothing apart.
        Some(Some(other)) => {
            return Err(format!("the id `{plain}` is used by the model that the provider calls `{other}`"));
        }
        _ => {}
    }
    let longer = ModelId::parse(&format!("{provider}/{plain}")).map_err(not_an_id)?;
    if taken.contains_key(&longer) {
        return Err(format!("the ids `{plain}` and `{longer}` are both in use"));
    }
    Ok(longer)
}

fn not_an_id(problem: String) -> String {
    format!("its name is not a valid model id: it {problem}")
}

/// The registration of a model that a provider lists.
fn new_model(ground: &PlanInput<'_>, provider: &ProviderId, found: &DiscoveredModel, id: ModelId) -> Model {
    // What a provider says is foreign data: a number or text that the database can't keep is as not said.
    let tokens = |tokens: Option<u64>| tokens.filter(|tokens| *tokens > 0 && i64::try_from(*tokens).is_ok());
    let display_name = found.display_name.as_deref().filter(|name| !name.chars().any(char::is_control));
    let display_name = display_name.map(|name| bounds::truncate(name, bounds::NAME).into_owned());
    Model {
        capabilities: capabilities(ground.vendors, provider, found),
        upstream: found.upstream.clone(),
        display_name,
        max_tokens: tokens(found.max_tokens),
        token_limit: tokens(found.token_limit),
        quirks: Quirks {
            // Asked to reason, such a model answers with an error.
            reasoning: match found.reasoning {
                Some(false) => ReasoningStyle::Unsupported,
                Some(true) | None => ReasoningStyle::Unspecified,
            },
            ..Quirks::default()
        },
        source: ModelSource::Discovered,
        created_at: ground.now,
        updated_at: ground.now,
        ..Model::new(id, provider.clone())
    }
}

/// What a listed model can do: as the provider says, else the catalogue, else its name, else what nearly all of them can.
/// Nothing if no API of Baton has it.
fn capabilities(vendors: &VendorInfo, provider: &ProviderId, found: &DiscoveredModel) -> Vec<Capability> {
    if !found.capabilities.is_empty() {
        return found.capabilities.clone();
    }
    let known = vendors.names.get(provider).and_then(|vendor| catalogue::lookup(vendor, &found.upstream));
    known.map_or_else(|| capabilities_by_name(&found.upstream), |entry| entry.capabilities)
}

fn capabilities_by_name(upstream: &str) -> Vec<Capability> {
    catalogue::capabilities_by_name(upstream).map_or_else(|| vec![Capability::Chat], <[Capability]>::to_vec)
}

/// Whether the provider says something else of the model than before.
fn differs(known: &Model, listed: &Model) -> bool {
    known.capabilities != listed.capabilities
        || known.token_limit != listed.token_limit
        || known.max_tokens != listed.max_tokens
        || known.display_name != listed.display_name
        || known.quirks.reasoning != listed.quirks.reasoning
}

// === impl Step ===

impl PlanStep {
    /// The model before, and after.
    pub fn models(&self) -> (Option<&Model>, Option<&Model>) {
        match self {
            Self::Add(model) => (None, Some(model)),
            Self::Change(models) => (Some(&models.0), Some(&models.1)),
            Self::Remove(model) => (Some(model), None),
        }
    }

    /// The provider, and what it calls the model.
    pub fn listed_model(&self) -> (ProviderId, String) {
        let model = match self {
            Self::Add(model) | Self::Remove(model) => model,
            Self::Change(models) => &models.1,
        };
        (model.provider.clone(), model.upstream.clone())
    }
}

// === impl Plan ===

impl DiscoveryPlan {
    /// What is to be said of it.
    pub fn report(&self) -> Discovery {
        let mut report = Discovery { found: self.found.clone(), ..Discovery::default() };
        report.conflicts.clone_from(&self.conflicts);
        for step in &self.steps {
            match step {
                PlanStep::Add(model) => report.added.push(model.id.clone()),
                PlanStep::Change(models) => report.changed.push(models.1.id.clone()),
                PlanStep::Remove(model) => report.gone.push(model.id.clone()),
            }
        }
        report
    }

    /// What the database holds once it is carried out.
    pub fn apply(&self, stored: &mut Vec<Model>) {
        for step in &self.steps {
            match step {
                PlanStep::Add(model) => stored.push(model.clone()),
                PlanStep::Change(models) => {
                    stored.retain(|model| model.id != models.1.id);
                    stored.push(models.1.clone());
                }
                PlanStep::Remove(gone) => stored.retain(|model| model.id != gone.id),
            }
        }
    }
}
