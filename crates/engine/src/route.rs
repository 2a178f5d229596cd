//! Which models to try, in which order, and why others are not tried. Pure: a function of what is given.

use crate::call::Call;
use crate::registry::Snapshot;
use baton_model::{Caller, Capability, Code, Dialect, Model, ModelId, ModelStatus, PublicError, Wire};
use baton_provider_api::Provider;
use std::collections::HashSet;
use std::sync::Arc;

/// A model to try, and how.
#[derive(Clone)]
pub struct Candidate {
    /// The model.
    pub model: Arc<Model>,
    /// Its provider.
    pub provider: Arc<dyn Provider>,
    /// What it is asked: what the client asked, or chat where a completion goes to a model that only chats.
    pub serves: Capability,
    /// The format in which it is asked.
    pub dialect: Dialect,
}

impl Candidate {
    /// The format in which it is asked, and what.
    pub fn wire(&self) -> Wire {
        Wire::new(self.dialect, self.serves)
    }

    /// Whether a call is strict for it: refused where something of it would be dropped or changed. The client may ask for
    /// that; else the model says, else its provider.
    pub fn is_strict(&self, call: &Call) -> bool {
        // The client can ask for strictness but not lift it: an operator's setting stands.
        call.routing.strict || self.model.quirks.strict.or(self.provider.settings().strict) == Some(true)
    }
}

/// A model that is not tried, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedModel {
    /// Its name.
    pub model: ModelId,
    /// Why not.
    pub reason: String,
}

/// Why a model that is not there is not tried.
const UNKNOWN: &str = "unknown model";

/// The models in the order of attempts.
#[derive(Clone, Default)]
pub struct RoutePlan {
    /// To be tried, first to last.
    pub candidates: Vec<Candidate>,
    /// Not to be tried.
    pub skipped: Vec<SkippedModel>,
    /// What the client should know: fallbacks that it named and that are not tried.
    pub warnings: Vec<String>,
}

/// What a plan is made from, beside the snapshot.
pub struct RouteInput<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// What is asked.
    pub capability: Capability,
    /// The format in which it is asked.
    pub client: Dialect,
    /// Fallbacks in place of the model's own.
    pub fallbacks: Option<&'a [ModelId]>,
    /// Whether a model's circuit is open: it comes last, since its cooldown may be over when all others have failed.
    pub is_open: &'a dyn Fn(&Model) -> bool,
}

/// Orders the model and its fallbacks. The first is the one asked for; those whose circuit is open go to the end.
///
/// # Errors
/// If the model asked for can't do what is asked: the sentence names the models that can.
pub fn plan(snapshot: &Snapshot, first: &Arc<Model>, ask: &RouteInput<'_>) -> Result<RoutePlan, PublicError> {
    // Only the model that was asked for is an error; a fallback that can't serve is skipped.
    if serving(snapshot, first, ask).is_none() {
        return Err(unsupported_error(snapshot, first, ask));
    }
    let mut plan = RoutePlan::default();
    let mut open = Vec::new();
    let names = ask.fallbacks.unwrap_or(&first.fallbacks);
    // A set, since a client may name as many fallbacks as its request holds.
    let mut seen = HashSet::from([&first.id]);
    consider_model(snapshot, first, ask, &mut plan, &mut open);
    for name in names {
        if !seen.insert(name) {
            continue;
        }
        match snapshot.models.get(name) {
            Some(model) if ask.caller.may_use(model) => consider_model(snapshot, model, ask, &mut plan, &mut open),
            // What the caller may not use is not there for it. If the operator named it, the caller has not even asked.
            Some(_) if ask.fallbacks.is_none() => {}
            None if ask.fallbacks.is_none() && !ask.caller.may_name(name) => {}
            _ => plan.skipped.push(SkippedModel { model: name.clone(), reason: UNKNOWN.into() }),
        }
    }
    plan.candidates.append(&mut open);
    if ask.fallbacks.is_some() {
        let warnings = plan.skipped.iter().map(|SkippedModel { model, reason }| match reason.as_str() {
            UNKNOWN => format!("fallbacks: {UNKNOWN} `{model}`"),
            reason => format!("fallbacks: `{model}` is not tried, because {reason}"),
        });
        plan.warnings = warnings.collect();
    }
    Ok(plan)
}

fn consider_model(
    snapshot: &Snapshot,
    model: &Arc<Model>,
    ask: &RouteInput<'_>,
    plan: &mut RoutePlan,
    open: &mut Vec<Candidate>,
) {
    let reason = if model.status == ModelStatus::Inactive {
        "it is inactive".to_owned()
    } else if let Some(candidate) = serving(snapshot, model, ask) {
        // Sorted to the end and not left out: whether it may be tried is asked when its turn comes.
        if (ask.is_open)(model) {
            open.push(candidate)
        } else {
            plan.candidates.push(candidate)
        }
        return;
    } else {
        format!("it does not support {}", ask.capability)
    };
    plan.skipped.push(SkippedModel { model: model.id.clone(), reason });
}

/// How a model serves a capability; a completion goes through chat where the model only chats.
fn serving(snapshot: &Snapshot, model: &Arc<Model>, ask: &RouteInput<'_>) -> Option<Candidate> {
    let (capability, client) = (ask.capability, ask.client);
    let provider = snapshot.providers.get(&model.provider)?;
    let as_chat = (capability == Capability::Completion).then_some(Capability::Chat);
    // The capability itself comes first: chat takes neither several prompts, token ids, `suffix` nor `echo`.
    [Some(capability), as_chat].into_iter().flatten().find_map(|serves| {
        let completes = serves == Capability::Completion && provider.completes_text(client);
        // A provider that completes prompts with its chat models lists them with CHAT alone.
        let needed = if completes { Capability::Chat } else { serves.listed_as() };
        let listed = model.capabilities.contains(&needed) || model.capabilities.contains(&serves);
        let dialect = provider.dialect(serves, client, model).filter(|_| listed)?;
        Some(Candidate { model: Arc::clone(model), provider: Arc::clone(provider), serves, dialect })
    })
}

fn unsupported_error(snapshot: &Snapshot, model: &Model, ask: &RouteInput<'_>) -> PublicError {
    if !snapshot.providers.contains_key(&model.provider) {
        return PublicError::new(
            Code::ProviderNotAvailable,
            format!("the provider `{}` of the model `{}` is not configured", model.provider, model.id),
        );
    }
    let able: Vec<&str> = snapshot
        .models_offering(ask.capability)
        .filter(|other| ask.caller.may_use(other))
        .map(|other| other.id.as_str())
        // Enough for a sentence: there may be thousands.
        .take(10)
        .collect();
    let hint = if able.is_empty() {
        "no configured model does".to_owned()
    } else {
        format!("these models do: {}", able.join(", "))
    };
    PublicError::new(Code::InvalidRequest, format!("model `{}` does not support {}; {hint}", model.id, ask.capability))
        .at("model")
}
