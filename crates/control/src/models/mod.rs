//! Which models there are: those of the configuration, those registered over the API, those that providers list.
//!
//! What is registered is kept as it was said; what was not said (a price, a context window) is filled in from the
//! built-in catalogue when the snapshot is made, so that a newer catalogue takes effect without a new registration.
//!
//! Every change is one transaction with its event and its entry in the audit log; other nodes see its revision.

mod discovery;
mod plan;
mod problems;
mod report;

pub use problems::Problem;
pub use report::{Conflict, Discovery, Failed};

use crate::prices::{PriceDirectory, UnregisteredPrices};
use crate::vendor_info::VendorInfo;
use arc_swap::ArcSwap;
use baton_engine::{Engine, PriceLookup, Snapshot};
use baton_model::entity::ReasoningStyle;
use baton_model::{Actor, Code, EventKind, Model, ModelId, ModelSource, ProviderId, PublicError, Timestamp};
use baton_store::{Change, NewAudit, NewEvent, Store, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The models' directory of one node.
pub struct ModelDirectory {
    store: Store,
    engine: Engine,
    configured: Vec<Model>,
    vendors: ArcSwap<VendorInfo>,
    prices: Arc<PriceDirectory>,
    /// Which models reason and which don't, as far as providers have said: by provider and its name for the model.
    reasons: ArcSwap<BTreeMap<(ProviderId, String), bool>>,
    /// One change at a time: each reads, writes and makes a new snapshot.
    change: tokio::sync::Mutex<()>,
}

impl ModelDirectory {
    /// The models of the configuration and of the database.
    pub fn new(store: Store, engine: Engine, configured: Vec<Model>, vendors: VendorInfo) -> Self {
        let vendors = ArcSwap::from_pointee(vendors);
        let prices = Arc::new(PriceDirectory::new(store.clone(), Arc::clone(engine.clock())));
        let (reasons, change) = (ArcSwap::default(), tokio::sync::Mutex::default());
        Self { store, engine, configured, vendors, prices, reasons, change }
    }

    /// What models cost; after a change of it, [`Self::reload`] puts it in force.
    pub fn prices(&self) -> &Arc<PriceDirectory> {
        &self.prices
    }

    /// Takes over what is known of other providers; [`Self::reload`] puts it in force.
    pub fn set_vendor_info(&self, vendors: VendorInfo) {
        self.vendors.store(Arc::new(vendors));
    }

    /// Makes a new snapshot of what there is.
    ///
    /// # Errors
    /// If the database can't be read; the snapshot in force stays.
    pub async fn reload(&self) -> Result<(), PublicError> {
        // First: each model is completed by the prices that are in force then.
        self.prices.refresh().await?;
        let stored = self.store.models().list().await?;
        // A configured model hides a stored one of the same name.
        let models: BTreeMap<ModelId, Arc<Model>> = stored
            .into_iter()
            .chain(self.configured.iter().cloned())
            .map(|model| (model.id.clone(), Arc::new(self.complete(model))))
            .collect();
        let prices: Arc<dyn PriceLookup> =
            Arc::new(UnregisteredPrices { book: self.prices.book(), vendors: self.vendors.load_full() });
        // Only these are replaced: the providers of the snapshot have their own owner.
        self.engine.registry().update(|snapshot| {
            snapshot.models.clone_from(&models);
            snapshot.prices = Some(Arc::clone(&prices));
        });
        Ok(())
    }

    /// Registers a model.
    ///
    /// # Errors
    /// `conflict` if its id is taken; `validation_error` if its provider or a fallback is not there.
    pub async fn register(&self, model: Model, by: &Actor) -> Result<Arc<Model>, PublicError> {
        let _one = self.change.lock().await;
        let snapshot = self.engine.registry().snapshot();
        if snapshot.models.contains_key(&model.id) {
            return Err(
                PublicError::new(Code::Conflict, format!("the model `{}` exists already", model.id)).at("model_id")
            );
        }
        check(&snapshot, None, &model)?;
        let change = self.store.change(by).await?;
        // The database decides about the name once more: another node may have registered it since the snapshot.
        change.models().insert(&model).await?;
        self.note_change(&change, "model.register", None, Some(&model)).await?;
        change.commit().await?;
        self.reload().await?;
        self.get(&model.id)
    }

    /// Changes a registered model: `alter` gets it as it was registered.
    ///
    /// # Errors
    /// `model_not_found`; `conflict` if it stands in the configuration or someone else changed it meanwhile;
    /// `precondition_failed` if it is not as it was at `seen`; `validation_error` as for registering.
    pub async fn update(
        &self,
        id: &ModelId,
        accepted: Option<&[Timestamp]>,
        by: &Actor,
        alter: impl FnOnce(&mut Model),
    ) -> Result<Arc<Model>, PublicError> {
        let _one = self.change.lock().await;
        let before = self.find_stored(id).await?;
        let was = before.updated_at;
        if accepted.is_some_and(|accepted| !accepted.contains(&was)) {
            return Err(PublicError::new(
                Code::PreconditionFailed,
                format!("the model `{id}` has been changed since that version; get it again and repeat the change"),
            )
            .at("if-match"));
        }
        let mut model = before.clone();
        alter(&mut model);
        // A discovered model that was changed by hand is the operator's from then on.
        model.source = ModelSource::Api;
        // The time is the version too, so it always moves.
        model.updated_at = self.engine.clock().now().max(Timestamp(was.0 + 1));
        check(&self.engine.registry().snapshot(), Some(&before), &model)?;
        let change = self.store.change(by).await?;
        // The lock holds on this node alone. Another node's change is noticed here, by the version.
        change.models().update(&model, was).await?;
        self.note_change(&change, "model.update", Some(&before), Some(&model)).await?;
        change.commit().await?;
        self.reload().await?;
        self.get(id)
    }

    /// Removes a registered model.
    ///
    /// # Errors
    /// `model_not_found`; `conflict` if it stands in the configuration, or while another falls back on it, unless
    /// `force`.
    pub async fn remove(&self, id: &ModelId, force: bool, by: &Actor) -> Result<(), PublicError> {
        let _one = self.change.lock().await;
        let before = self.find_stored(id).await?;
        let snapshot = self.engine.registry().snapshot();
        let users: Vec<&str> = snapshot
            .models
            .values()
            .filter(|model| model.id != *id && model.fallbacks.contains(id))
            .map(|model| model.id.as_str())
            .collect();
        if !users.is_empty() && !force {
            return Err(PublicError::new(
                Code::Conflict,
                format!(
                    "these models have the fallback `{id}`: {}; change them, or remove the model with ?force=true",
                    users.join(", ")
                ),
            ));
        }
        let change = self.store.change(by).await?;
        change.models().delete(id).await?;
        self.note_change(&change, "model.delete", Some(&before), None).await?;
        change.commit().await?;
        // One that is registered again under this name begins anew.
        self.engine.health().forget(id);
        // After the commit: a reply that is cached in between would outlive the model.
        self.engine.cache().purge(Some(&format!("model:{id}"))).await;
        self.reload().await
    }

    /// The model with what is known of it elsewhere.
    fn complete(&self, model: Model) -> Model {
        let mut model = self.prices.book().complete(model, &self.vendors.load());
        // Asked to reason, such a model answers with an error. A name without a tag means the latest.
        let reasons = self.reasons.load();
        let says = |name: String| reasons.get(&(model.provider.clone(), name)).copied();
        let says = says(model.upstream.clone()).or_else(|| says(format!("{}:latest", model.upstream)));
        if model.quirks.reasoning == ReasoningStyle::Unspecified && says == Some(false) {
            model.quirks.reasoning = ReasoningStyle::Unsupported;
        }
        model
    }

    /// Tells of a change to a model: others by an event, the audit log by an entry.
    async fn note_change(
        &self,
        change: &Change,
        action: &'static str,
        before: Option<&Model>,
        after: Option<&Model>,
    ) -> Result<(), PublicError> {
        let Some(model) = after.or(before) else { return Ok(()) };
        let kind = match (before, after) {
            (None, _) => EventKind::ModelRegistered,
            (Some(_), Some(_)) => EventKind::ModelUpdated,
            (Some(_), None) => EventKind::ModelDeleted,
        };
        let [before, after] = [before, after].map(|model| model.map(text));
        // Of a model that is gone, what it was.
        let data = after.clone().or_else(|| before.clone()).unwrap_or_default();
        let event = NewEvent { kind, subject: model.id.to_string(), data, traceparent: None };
        change.add_event(event).await?;
        let audit = NewAudit { action, kind: "model", subject: model.id.to_string(), before, after };
        Ok(change.audit(audit).await?)
    }

    async fn find_stored(&self, id: &ModelId) -> Result<Model, PublicError> {
        if self.configured.iter().any(|model| model.id == *id) {
            return Err(PublicError::new(
                Code::Conflict,
                format!("the model `{id}` is defined in the configuration file; change it there"),
            ));
        }
        self.store.models().get(id).await.map_err(|error| match error {
            StoreError::NotFound { .. } => PublicError::new(Code::ModelNotFound, format!("unknown model `{id}`")),
            other => other.into(),
        })
    }

    fn get(&self, id: &ModelId) -> Result<Arc<Model>, PublicError> {
        let snapshot = self.engine.registry().snapshot();
        snapshot
            .models
            .get(id)
            .cloned()
            .ok_or_else(|| PublicError::new(Code::ModelNotFound, format!("unknown model `{id}`")))
    }
}

/// What a registration refers to must be there. What it referred to before may be gone since: that must not keep other
/// fields from being changed.
fn check(snapshot: &Snapshot, before: Option<&Model>, model: &Model) -> Result<(), PublicError> {
    let kept = before.is_some_and(|before| before.provider == model.provider);
    if !kept && !snapshot.providers.contains_key(&model.provider) {
        let known: Vec<&str> = snapshot.providers.keys().map(ProviderId::as_str).collect();
        return Err(PublicError::new(
            Code::ValidationError,
            format!("provider: unknown provider `{}`; configured providers: {}", model.provider, known.join(", ")),
        )
        .at("provider"));
    }
    let before = before.map_or(&[][..], |before| &before.fallbacks);
    for fallback in model.fallbacks.iter().filter(|fallback| !before.contains(fallback)) {
        if *fallback == model.id || !snapshot.models.contains_key(fallback) {
            let problem = if *fallback == model.id { "a model can't be its own fallback" } else { "unknown model" };
            return Err(
                PublicError::new(Code::ValidationError, format!("fallbacks: `{fallback}`: {problem}")).at("fallbacks")
            );
        }
    }
    Ok(())
}

/// A model as others see it, a JSON object: for events and the audit log.
pub(crate) fn text(model: &Model) -> String {
    // Names that are text, and JSON that was read before: it always serialises.
    serde_json::to_string(model).unwrap_or_default()
}
