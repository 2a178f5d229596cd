//! Which providers there are: those of the configuration, and those that the database keeps.

mod registered;
mod view;

pub use registered::{ProviderSecrets, StoredProviderSettings, sealed_row};
pub use view::RegistrationView;

use crate::faults::Faults;
use crate::models::ModelDirectory;
use crate::vendor_info::VendorInfo;
use baton_engine::Engine;
use baton_model::{Actor, Code, EventKind, Model, ModelId, ModelSource, ProviderId, PublicError, Timestamp};
use baton_provider_api::{Provider, Transport};
use baton_providers::build;
use baton_seal::Keyring;
use baton_store::{Change, NewAudit, NewEvent, RegisteredProvider, Store, StoreError};
use registered::{to_config, vendor};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The providers of the configuration.
#[derive(Default, Clone)]
pub struct ConfiguredProvider {
    /// By name.
    pub providers: BTreeMap<ProviderId, Arc<dyn Provider>>,
    /// What is known of them beyond how to call them.
    pub vendors: VendorInfo,
    /// The model for requests that name only the provider.
    pub default_models: BTreeMap<ProviderId, ModelId>,
}

/// The providers of one node.
pub struct ProviderDirectory {
    store: Store,
    engine: Engine,
    models: Arc<ModelDirectory>,
    keyring: Option<Keyring>,
    transport: Transport,
    configured: ConfiguredProvider,
    /// Those of the database as they were last built, or why they could not be.
    built: Mutex<BTreeMap<ProviderId, Built>>,
    /// One change or reload at a time.
    change: tokio::sync::Mutex<()>,
}

/// A provider of the database at one version.
#[derive(Clone)]
struct Built {
    version: Timestamp,
    provider: Result<Arc<dyn Provider>, String>,
}

impl ProviderDirectory {
    /// The providers; `keyring` opens what the database keeps encrypted. [`Self::reload`] puts them in force.
    pub fn new(
        store: Store,
        models: Arc<ModelDirectory>,
        engine: Engine,
        keyring: Option<Keyring>,
        configured: ConfiguredProvider,
    ) -> Self {
        let (built, change) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { store, engine, models, keyring, transport: Transport::default(), configured, built, change }
    }

    /// Takes over what the database says, of providers and of models. One that can't be built is left out, with a
    /// warning.
    ///
    /// # Errors
    /// If the database can't be read; what is in force stays.
    pub async fn reload(&self) -> Result<(), PublicError> {
        let _one = self.change.lock().await;
        self.take_over().await
    }

    /// Whether it stands in the configuration.
    pub fn is_configured(&self, name: &ProviderId) -> bool {
        self.configured.providers.contains_key(name)
    }

    /// What encrypts secrets.
    pub fn keyring(&self) -> Option<&Keyring> {
        self.keyring.as_ref()
    }

    /// Why a provider of the database is not in force; `None` if it is.
    pub fn fault(&self, name: &ProviderId) -> Option<String> {
        self.lock().get(name).and_then(|built| built.provider.as_ref().err().cloned())
    }

    /// The provider of that name that the database keeps.
    ///
    /// # Errors
    /// `conflict` if it stands in the configuration; `not_found`.
    pub async fn find_stored(&self, name: &ProviderId) -> Result<RegisteredProvider, PublicError> {
        if self.is_configured(name) {
            let message = format!("the provider `{name}` is defined in the configuration file; change it there");
            return Err(PublicError::new(Code::Conflict, message));
        }
        self.store.providers().get(name).await.map_err(|error| lookup_error(name, error))
    }

    /// Registers a provider.
    ///
    /// # Errors
    /// `conflict` if its name is taken; `validation_error` if it can't be built.
    pub async fn register(&self, by: &Actor, row: RegisteredProvider) -> Result<RegisteredProvider, PublicError> {
        let _one = self.change.lock().await;
        if self.is_configured(&row.name) {
            let message = format!("the provider `{}` is defined in the configuration file", row.name);
            return Err(PublicError::new(Code::Conflict, message).at("name"));
        }
        // Built before it is stored, so that the database never holds a provider that this version can't use.
        self.build(&row).map_err(field_error)?;
        let change = self.store.change(by).await?;
        change.providers().insert(&row).await?;
        self.note_change(&change, "provider.register", None, Some(&row)).await?;
        self.commit(change).await?;
        Ok(row)
    }

    /// Puts a changed provider in the place of `before`.
    ///
    /// # Errors
    /// `conflict` if someone else changed it meanwhile; `validation_error` if it can't be built.
    pub async fn update(
        &self,
        by: &Actor,
        before: &RegisteredProvider,
        mut after: RegisteredProvider,
    ) -> Result<RegisteredProvider, PublicError> {
        let _one = self.change.lock().await;
        // The time is the version too, so it always moves.
        after.updated_at = self.engine.clock().now().max(Timestamp(before.updated_at.0 + 1));
        self.build(&after).map_err(field_error)?;
        let change = self.store.change(by).await?;
        change.providers().update(&after, before.updated_at).await?;
        self.note_change(&change, "provider.update", Some(before), Some(&after)).await?;
        self.commit(change).await?;
        Ok(after)
    }

    /// Removes a provider; with `force` its models too.
    ///
    /// # Errors
    /// `not_found`; `conflict` if it stands in the configuration, or has models and `force` is not given.
    pub async fn remove(&self, by: &Actor, name: &ProviderId, force: bool) -> Result<(), PublicError> {
        let _one = self.change.lock().await;
        let row = self.find_stored(name).await?;
        let change = self.store.change(by).await?;
        let models = change.models().list().await?;
        let models: Vec<Model> = models.into_iter().filter(|model| model.provider == *name).collect();
        // What was only discovered goes with the provider; what somebody registered needs a word.
        let registered: Vec<&str> = models
            .iter()
            .filter(|model| model.source != ModelSource::Discovered)
            .map(|model| model.id.as_str())
            .collect();
        if !registered.is_empty() && !force {
            let names = registered.join(", ");
            let message =
                format!("these models use the provider `{name}`: {names}; remove them, or everything with ?force=true");
            return Err(PublicError::new(Code::Conflict, message));
        }
        // In the same transaction: a model without its provider must not be left behind by a crash.
        for model in &models {
            change.models().delete(&model.id).await?;
            self.note_model(&change, model).await?;
        }
        change.providers().delete(name).await?;
        self.note_change(&change, "provider.delete", Some(&row), None).await?;
        self.commit(change).await
    }

    /// Seals what an older version keeps in clear: queries. Without a key to seal with they stay, with a warning.
    ///
    /// # Errors
    /// If the database can't be read or written.
    pub async fn seal_queries(&self, by: &Actor) -> Result<(), PublicError> {
        let _one = self.change.lock().await;
        let rows = self.store.providers().list().await?;
        for row in rows.into_iter().filter(|row| StoredProviderSettings::read_row(row).query.is_some()) {
            if self.keyring.is_none() {
                let problem = "the query of a provider is stored unencrypted in the database: set BATON_SECRET_KEY";
                tracing::warn!(provider.id = %row.name, "{problem}");
                continue;
            }
            // What can't be opened can't be sealed anew either; `take_over` has logged why.
            let Ok(secrets) = ProviderSecrets::open(&row, self.keyring()) else { continue };
            let mut settings = StoredProviderSettings::read_row(&row);
            settings.note_secrets(&secrets);
            let sealed = RegisteredProvider {
                sealed_key: secrets.seal(&row.name, self.keyring())?,
                settings: settings.json(),
                updated_at: self.engine.clock().now().max(Timestamp(row.updated_at.0 + 1)),
                ..row.clone()
            };
            let change = self.store.change(by).await?;
            match change.providers().update(&sealed, row.updated_at).await {
                // Another node has started at the same time.
                Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => continue,
                updated => updated?,
            }
            let subject = row.name.to_string();
            let entry = NewAudit { action: "provider.reseal", kind: "provider", subject, before: None, after: None };
            change.audit(entry).await?;
            change.commit().await?;
        }
        self.take_over().await
    }

    async fn commit(&self, change: Change) -> Result<(), PublicError> {
        change.commit().await?;
        self.take_over().await
    }

    async fn take_over(&self) -> Result<(), PublicError> {
        let rows = self.store.providers().list().await?;
        let ConfiguredProvider { mut providers, mut vendors, mut default_models } = self.configured.clone();
        // Made anew, so that what was removed from the database is forgotten here as well.
        let mut built = BTreeMap::new();
        for row in rows.iter().filter(|row| !self.is_configured(&row.name)) {
            // An unchanged provider is not built again: that would close its connections.
            let made = self.unchanged(row).unwrap_or_else(|| self.build_told(row));
            if let Ok(provider) = &made.provider {
                let kept = StoredProviderSettings::read_row(row);
                providers.insert(row.name.clone(), Arc::clone(provider));
                if let Some(vendor) = vendor(row, &kept) {
                    let region = kept.region.clone().or(vendor.region);
                    vendors.names.insert(row.name.clone(), vendor.name);
                    vendors.regions.extend(region.map(|region| (row.name.clone(), region)));
                }
                vendors.unlisted.extend((kept.discover == Some(false)).then(|| row.name.clone()));
                default_models.extend(kept.default_model.map(|model| (row.name.clone(), ModelId::from(model))));
            }
            built.insert(row.name.clone(), made);
        }
        *self.lock() = built;
        // Requests under way keep the snapshot that they took, and with it a provider that was removed.
        self.engine.registry().update(|snapshot| {
            snapshot.providers.clone_from(&providers);
            snapshot.default_models.clone_from(&default_models);
        });
        // Before the reload, which fills models in from what is known of their vendors.
        self.models.set_vendor_info(vendors);
        self.models.reload().await
    }

    /// The provider of a row that has not changed, with its connections.
    fn unchanged(&self, row: &RegisteredProvider) -> Option<Built> {
        self.lock().get(&row.name).filter(|built| built.version == row.updated_at && built.provider.is_ok()).cloned()
    }

    fn build_told(&self, row: &RegisteredProvider) -> Built {
        let provider = self.build(row).map_err(|(field, problem)| format!("{field}: {problem}"));
        let known = self.lock().get(&row.name).and_then(|built| built.provider.as_ref().err().cloned());
        if let Err(fault) = &provider
            // Every reload tries again; a fault that is known already is not logged once more.
            && known.as_ref() != Some(fault)
        {
            tracing::warn!(provider.id = %row.name, error = fault, "a registered provider can't be used");
        }
        Built { version: row.updated_at, provider }
    }

    /// Makes a provider of a row; else the field that is wrong, and the problem.
    fn build(&self, row: &RegisteredProvider) -> Result<Arc<dyn Provider>, (String, String)> {
        let sealed = ProviderSecrets::open(row, self.keyring()).map_err(|problem| ("api_key".to_owned(), problem))?;
        let config = to_config(row, &StoredProviderSettings::read_row(row), &sealed);
        build(&config, &self.transport).map_err(|error| (error.field, error.problem))
    }

    /// Writes the audit log and the event.
    async fn note_change(
        &self,
        change: &Change,
        action: &'static str,
        before: Option<&RegisteredProvider>,
        after: Option<&RegisteredProvider>,
    ) -> Result<(), PublicError> {
        let kind = match (before, after) {
            (None, _) => EventKind::ProviderRegistered,
            (_, Some(_)) => EventKind::ProviderUpdated,
            (_, None) => EventKind::ProviderDeleted,
        };
        let subject = before.or(after).map(|row| row.name.to_string()).unwrap_or_default();
        let data = after.or(before).map(view::text).unwrap_or_default();
        change.add_event(NewEvent { kind, subject: subject.clone(), data, traceparent: None }).await?;
        let (before, after) = (before.map(view::text), after.map(view::text));
        Ok(change.audit(NewAudit { action, kind: "provider", subject, before, after }).await?)
    }

    async fn note_model(&self, change: &Change, model: &Model) -> Result<(), PublicError> {
        let (subject, data) = (model.id.to_string(), crate::models::text(model));
        let event =
            NewEvent { kind: EventKind::ModelDeleted, subject: subject.clone(), data: data.clone(), traceparent: None };
        change.add_event(event).await?;
        let entry = NewAudit { action: "model.delete", kind: "model", subject, before: Some(data), after: None };
        Ok(change.audit(entry).await?)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<ProviderId, Built>> {
        self.built.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn field_error((field, problem): (String, String)) -> PublicError {
    let mut faults = Faults::default();
    faults.add(field, problem);
    faults.check().err().unwrap_or_else(|| PublicError::new(Code::ValidationError, "the provider can't be built"))
}

fn lookup_error(name: &ProviderId, error: StoreError) -> PublicError {
    match error {
        StoreError::NotFound { .. } => PublicError::new(Code::NotFound, format!("unknown provider `{name}`")),
        other => other.into(),
    }
}
