//! Which models there are: those of the configuration, those registered over the API, those that providers list.
//!
//! What is registered is kept as it was said; what was not said (a price, a context window) is filled in from the
//! built-in catalogue when the snapshot is made, so that a newer catalogue takes effect without a new registration.

use crate::engine::Engine;
use crate::registry::Snapshot;
use baton_meter::catalogue;
use baton_model::chat::Json;
use baton_model::{
    Capability, Code, Model, ModelId, ModelSource, ModelStatus, ProviderId, PublicError, Quirks, Timestamp,
};
use baton_provider::{Discovered, Provider};
use baton_store::{Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The models' directory of one node.
pub struct Directory {
    store: Store,
    engine: Engine,
    configured: Vec<Model>,
    vendors: BTreeMap<ProviderId, String>,
    /// Providers whose lists are taken over only when they are asked for by name.
    unlisted: BTreeSet<ProviderId>,
    /// One change at a time: each reads, writes and makes a new snapshot.
    change: tokio::sync::Mutex<()>,
}

/// What a discovery found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Every model that the providers list.
    pub found: Vec<ModelId>,
    /// Those that are new here.
    pub added: Vec<ModelId>,
    /// Those of which the provider says something else than before.
    pub changed: Vec<ModelId>,
    /// Those discovered before that are listed no more.
    pub gone: Vec<ModelId>,
    /// Providers that could not be asked, and why.
    pub failed: Vec<(ProviderId, String)>,
}

impl Directory {
    /// The directory; `vendors` names, for each provider that is a vendor itself (not merely compatible), its name in
    /// the catalogue; `unlisted` are asked for their models only by name.
    pub fn new(
        store: Store,
        engine: Engine,
        configured: Vec<Model>,
        vendors: BTreeMap<ProviderId, String>,
        unlisted: BTreeSet<ProviderId>,
    ) -> Self {
        Self { store, engine, configured, vendors, unlisted, change: tokio::sync::Mutex::default() }
    }

    /// Makes a new snapshot of what there is.
    ///
    /// # Errors
    /// If the database can't be read; the snapshot in force stays.
    pub async fn reload(&self) -> Result<(), PublicError> {
        let stored = self.store.models().list().await.map_err(told)?;
        // A configured model hides a stored one of the same name.
        let models: BTreeMap<ModelId, Arc<Model>> = stored
            .into_iter()
            .chain(self.configured.iter().cloned())
            .map(|model| (model.id.clone(), Arc::new(self.completed(model))))
            .collect();
        self.engine.registry().update(|snapshot| snapshot.models.clone_from(&models));
        Ok(())
    }

    /// Registers a model.
    ///
    /// # Errors
    /// `conflict` if its id is taken; `validation_error` if its provider or a fallback is not there.
    pub async fn register(&self, model: Model) -> Result<Arc<Model>, PublicError> {
        let _one = self.change.lock().await;
        let snapshot = self.engine.registry().snapshot();
        if snapshot.models.contains_key(&model.id) {
            return Err(
                PublicError::new(Code::Conflict, format!("the model `{}` exists already", model.id)).at("model_id")
            );
        }
        check(&snapshot, &model)?;
        self.store.models().insert(&model).await.map_err(told)?;
        self.reload().await?;
        self.get(&model.id)
    }

    /// Changes a registered model: `change` gets it as it was registered.
    ///
    /// # Errors
    /// `model_not_found`; `conflict` if it stands in the configuration or someone else changed it meanwhile;
    /// `precondition_failed` if it is not as it was at `seen`; `validation_error` as for registering.
    pub async fn update(
        &self,
        id: &ModelId,
        seen: Option<Timestamp>,
        change: impl FnOnce(&mut Model),
    ) -> Result<Arc<Model>, PublicError> {
        let _one = self.change.lock().await;
        let mut model = self.stored(id).await?;
        let was = model.updated_at;
        if seen.is_some_and(|seen| seen != was) {
            return Err(PublicError::new(
                Code::PreconditionFailed,
                format!("the model `{id}` has been changed since; get it again and repeat the change"),
            ));
        }
        change(&mut model);
        // A discovered model that was changed by hand is the operator's from then on.
        model.source = ModelSource::Api;
        // The time is the version too, so it always moves.
        model.updated_at = self.engine.clock().now().max(Timestamp(was.0 + 1));
        check(&self.engine.registry().snapshot(), &model)?;
        self.store.models().update(&model, was).await.map_err(told)?;
        self.reload().await?;
        self.get(id)
    }

    /// Removes a registered model.
    ///
    /// # Errors
    /// `model_not_found`; `conflict` if it stands in the configuration, or while another falls back on it, unless
    /// `force`.
    pub async fn remove(&self, id: &ModelId, force: bool) -> Result<(), PublicError> {
        let _one = self.change.lock().await;
        self.stored(id).await?;
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
                    "these models fall back on `{id}`: {}; change them, or remove it with ?force=true",
                    users.join(", ")
                ),
            ));
        }
        self.store.models().delete(id).await.map_err(told)?;
        self.engine.health().forget(id);
        self.engine.cache().purge(Some(&format!("model:{id}"))).await;
        self.reload().await
    }

    /// Asks one provider, or all, which models they have, and takes them over.
    ///
    /// # Errors
    /// `not_found` if there is no such provider; a provider that fails is in the report instead.
    pub async fn discover(&self, provider: Option<&str>, dry_run: bool) -> Result<Discovery, PublicError> {
        let snapshot = self.engine.registry().snapshot();
        let asked: Vec<(ProviderId, Arc<dyn Provider>)> = snapshot
            .providers
            .iter()
            .filter(|(id, _)| match provider {
                Some(name) => id.as_str().eq_ignore_ascii_case(name),
                None => !self.unlisted.contains(*id),
            })
            .map(|(id, provider)| (id.clone(), Arc::clone(provider)))
            .collect();
        if let (true, Some(name)) = (asked.is_empty(), provider) {
            return Err(PublicError::new(Code::NotFound, format!("there is no provider `{name}`")).at("provider"));
        }
        let answers = futures::future::join_all(asked.iter().map(|(_, provider)| provider.discover())).await;
        let _one = self.change.lock().await;
        let mut report = Discovery::default();
        for ((id, _), answer) in asked.iter().zip(answers) {
            match answer {
                Ok(listed) => self.take_over(id, listed, dry_run, &mut report).await?,
                Err(error) => {
                    tracing::warn!(provider.id = %id, %error, "a provider could not be asked for its models");
                    report.failed.push((id.clone(), error.to_string()));
                }
            }
        }
        if !dry_run {
            self.reload().await?;
        }
        Ok(report)
    }

    async fn take_over(
        &self,
        provider: &ProviderId,
        listed: Vec<Discovered>,
        dry_run: bool,
        report: &mut Discovery,
    ) -> Result<(), PublicError> {
        let stored = self.store.models().list().await.map_err(told)?;
        let own = |model: &&Model| model.provider == *provider;
        let mut present = BTreeSet::new();
        for found in listed {
            // The operator's own registration of it, under whatever name, stays as it is.
            let registered = self
                .configured
                .iter()
                .chain(&stored)
                .filter(own)
                .find(|model| model.upstream == found.upstream && model.source != ModelSource::Discovered);
            if let Some(registered) = registered {
                report.found.push(registered.id.clone());
                continue;
            }
            let known = stored.iter().filter(own).find(|model| model.upstream == found.upstream);
            let model = self.discovered(provider, found, known, &stored);
            present.insert(model.id.clone());
            report.found.push(model.id.clone());
            match known {
                None => {
                    report.added.push(model.id.clone());
                    if !dry_run {
                        self.store.models().insert(&model).await.map_err(told)?;
                    }
                }
                Some(known) if differs(known, &model) => {
                    report.changed.push(model.id.clone());
                    if !dry_run {
                        self.store.models().update(&model, known.updated_at).await.map_err(told)?;
                    }
                }
                Some(_) => {}
            }
        }
        for model in stored.iter().filter(own).filter(|model| model.source == ModelSource::Discovered) {
            if !present.contains(&model.id) {
                report.gone.push(model.id.clone());
                if !dry_run {
                    self.store.models().delete(&model.id).await.map_err(told)?;
                }
            }
        }
        Ok(())
    }

    /// The registration of a model that a provider lists. A name that is taken gets the provider's in front.
    fn discovered(&self, provider: &ProviderId, found: Discovered, known: Option<&Model>, stored: &[Model]) -> Model {
        let plain = ModelId::from(&found.upstream);
        let taken = self.configured.iter().chain(stored).any(|model| model.id == plain && model.provider != *provider);
        let id = match known {
            Some(known) => known.id.clone(),
            None if taken => ModelId::from(format!("{provider}/{plain}")),
            None => plain,
        };
        let now = self.engine.clock().now();
        Model {
            id,
            provider: provider.clone(),
            capabilities: self.capabilities(provider, &found),
            upstream: found.upstream,
            status: known.map_or(ModelStatus::Active, |known| known.status),
            display_name: found.display_name,
            description: None,
            max_tokens: found.max_tokens,
            token_limit: found.token_limit,
            price: None,
            fallbacks: Vec::new(),
            configuration: Vec::new(),
            metadata: Json("{}".into()),
            source: ModelSource::Discovered,
            created_at: known.map_or(now, |known| known.created_at),
            updated_at: known.map_or(now, |known| now.max(Timestamp(known.updated_at.0 + 1))),
            quirks: Quirks::default(),
            tokenizer: None,
        }
    }

    /// What a listed model can do: as the provider says, else the catalogue, else what nearly all of them can.
    fn capabilities(&self, provider: &ProviderId, found: &Discovered) -> Vec<Capability> {
        if !found.capabilities.is_empty() {
            return found.capabilities.clone();
        }
        let known = self.vendors.get(provider).and_then(|vendor| catalogue::lookup(vendor, &found.upstream));
        known.map_or_else(|| vec![Capability::Chat], |entry| entry.capabilities)
    }

    /// The model with what the catalogue knows where the registration says nothing; it can chat if nobody says what it
    /// can do.
    fn completed(&self, mut model: Model) -> Model {
        let vendor = self.vendors.get(&model.provider);
        let Some(known) = vendor.and_then(|vendor| catalogue::lookup(vendor, &model.upstream)) else {
            if model.capabilities.is_empty() {
                model.capabilities = vec![Capability::Chat];
            }
            return model;
        };
        model.price = model.price.or(known.price);
        model.token_limit = model.token_limit.or(known.token_limit);
        model.max_tokens = model.max_tokens.or(known.max_tokens);
        model.tokenizer = model.tokenizer.or(known.tokenizer);
        model.quirks = known.quirks.overlaid_by(&model.quirks);
        if model.capabilities.is_empty() {
            model.capabilities = known.capabilities;
        }
        model
    }

    /// Fallbacks that lead nowhere: the model that names one, and the name. A configuration may name models that are
    /// discovered later, so this is asked once they are.
    pub fn missing_fallbacks(&self) -> Vec<(ModelId, ModelId)> {
        let snapshot = self.engine.registry().snapshot();
        let named = snapshot
            .models
            .values()
            .flat_map(|model| model.fallbacks.iter().map(|name| (model.id.clone(), name.clone())));
        named.filter(|(_, name)| !snapshot.models.contains_key(name)).collect()
    }

    async fn stored(&self, id: &ModelId) -> Result<Model, PublicError> {
        if self.configured.iter().any(|model| model.id == *id) {
            return Err(PublicError::new(
                Code::Conflict,
                format!("the model `{id}` stands in the configuration file; change it there"),
            ));
        }
        self.store.models().get(id).await.map_err(|error| match error {
            StoreError::NotFound { .. } => PublicError::new(Code::ModelNotFound, format!("there is no model `{id}`")),
            other => told(other),
        })
    }

    fn get(&self, id: &ModelId) -> Result<Arc<Model>, PublicError> {
        let snapshot = self.engine.registry().snapshot();
        snapshot
            .models
            .get(id)
            .cloned()
            .ok_or_else(|| PublicError::new(Code::ModelNotFound, format!("there is no model `{id}`")))
    }
}

/// Whether the provider says something else of the model than before.
fn differs(known: &Model, listed: &Model) -> bool {
    known.capabilities != listed.capabilities
        || known.token_limit != listed.token_limit
        || known.max_tokens != listed.max_tokens
        || known.display_name != listed.display_name
}

/// What a registration refers to must be there.
fn check(snapshot: &Snapshot, model: &Model) -> Result<(), PublicError> {
    if !snapshot.providers.contains_key(&model.provider) {
        let known: Vec<&str> = snapshot.providers.keys().map(ProviderId::as_str).collect();
        return Err(PublicError::new(
            Code::ValidationError,
            format!("provider: there is no `{}`; configured are: {}", model.provider, known.join(", ")),
        )
        .at("provider"));
    }
    for fallback in &model.fallbacks {
        if *fallback == model.id || !snapshot.models.contains_key(fallback) {
            let problem =
                if *fallback == model.id { "a model can't fall back on itself" } else { "there is no such model" };
            return Err(
                PublicError::new(Code::ValidationError, format!("fallbacks: `{fallback}`: {problem}")).at("fallbacks")
            );
        }
    }
    Ok(())
}

/// What the caller is told of a database error; the log gets the rest.
pub fn told(error: StoreError) -> PublicError {
    match error {
        StoreError::NotFound { .. } => PublicError::new(Code::NotFound, error.to_string()),
        StoreError::Conflict { .. } => PublicError::new(Code::Conflict, error.to_string()),
        other => {
            tracing::error!(error = &other as &dyn std::error::Error, "the database failed");
            PublicError::new(Code::Overloaded, format!("{other}; try again, or see the log"))
        }
    }
}
