//! Which models and providers there are: an immutable snapshot, swapped as a whole.

use crate::call::ModelSelector;
use crate::names::{nearest_name, split_vendor, without_date};
use arc_swap::ArcSwap;
use baton_model::{Caller, Capability, Code, Model, ModelId, ModelStatus, Price, ProviderId, PublicError};
use baton_provider_api::Provider;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// The models and providers in force. Readers take a snapshot and keep it for a whole request.
pub struct Registry {
    snapshot: ArcSwap<Snapshot>,
}

/// What models cost that nobody registered: a provider may have another of its models answer, and bills by that one.
pub trait PriceLookup: Send + Sync {
    /// What a provider's model costs, by the provider's name for it.
    fn price(&self, provider: &ProviderId, upstream: &str) -> Option<Price>;
}

/// Models and providers at one moment.
#[derive(Default, Clone)]
pub struct Snapshot {
    /// By name.
    pub models: BTreeMap<ModelId, Arc<Model>>,
    /// By name.
    pub providers: BTreeMap<ProviderId, Arc<dyn Provider>>,
    /// The model for requests without a model.
    pub default_model: Option<ModelId>,
    /// The model for requests that name only a provider; where it is not set, the only one that can serve them.
    pub default_models: BTreeMap<ProviderId, ModelId>,
    /// What models cost beside those that are registered.
    pub prices: Option<Arc<dyn PriceLookup>>,
}

impl Registry {
    /// A registry that holds this.
    pub fn new(snapshot: Snapshot) -> Self {
        Self { snapshot: ArcSwap::from_pointee(snapshot) }
    }

    /// What is in force now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Puts another snapshot in force; requests under way keep the one they took.
    pub fn replace(&self, snapshot: Snapshot) {
        self.snapshot.store(Arc::new(snapshot));
    }

    /// Changes the snapshot in force. `change` may run more than once, if others change it at the same time.
    pub fn update(&self, change: impl Fn(&mut Snapshot)) {
        // Compare and swap, because discovery and the API may change the registry at the same time.
        self.snapshot.rcu(|snapshot| {
            let mut next = Snapshot::clone(snapshot);
            change(&mut next);
            Arc::new(next)
        });
    }
}

impl Snapshot {
    /// The model that a request means. What its caller may not use is not there for it: it can't be told from what does
    /// not exist, or a key could find out which models there are.
    ///
    /// # Errors
    /// `model_not_found` if there is none, or it is inactive: the sentence names near misses.
    pub fn find(
        &self,
        caller: &Caller,
        wanted: &ModelSelector,
        capability: Capability,
    ) -> Result<&Arc<Model>, PublicError> {
        let found = match wanted {
            ModelSelector::Model(name) => self.find_by_name(caller, name),
            ModelSelector::Provider(name) => self.default_of(caller, name, capability)?,
            ModelSelector::Default => self.default_for(caller, capability),
        };
        match (found, wanted) {
            (Some(model), _) if model.status != ModelStatus::Inactive => Ok(model),
            // Inactive is told apart from unknown, or an operator would search for a spelling mistake.
            (Some(model), _) => Err(PublicError::new(
                Code::ModelNotFound,
                format!("model `{}` is inactive; an operator can set its status to ACTIVE", model.id),
            )
            .at("model")),
            (None, ModelSelector::Model(name)) => Err(self.not_found(caller, name)),
            (None, ModelSelector::Provider(name)) => Err(PublicError::new(
                Code::InvalidRequest,
                format!(
                    "`model` is required: no default model of the provider `{name}` for {capability} is configured \
                     (`default_model`)"
                ),
            )
            .at("model")),
            (None, ModelSelector::Default) => Err(PublicError::new(
                Code::InvalidRequest,
                format!("`model` is required: no default model for {capability} is configured"),
            )
            .at("model")),
        }
    }

    /// The registered model of a provider that has this name there, with the date of its version or without.
    pub fn find_upstream(&self, provider: &ProviderId, upstream: &str) -> Option<&Arc<Model>> {
        let of_provider = || self.models.values().filter(|model| model.provider == *provider);
        let named = |name: &str| of_provider().find(|model| model.upstream == name);
        named(upstream).or_else(|| named(without_date(upstream)?))
    }

    /// What a provider's model costs, registered or not.
    pub fn price(&self, provider: &ProviderId, upstream: &str) -> Option<Price> {
        // A registration's own price wins, here as for its own requests.
        match self.find_upstream(provider, upstream).and_then(|model| model.price.clone()) {
            Some(price) => Some(price),
            None => self.prices.as_ref()?.price(provider, upstream),
        }
    }

    /// The model of that name, or the one that can be meant by it and no other.
    fn find_by_name(&self, caller: &Caller, name: &str) -> Option<&Arc<Model>> {
        self.find_as_written(caller, name)
            .or_else(|| self.find_of_vendor(caller, name))
            .or_else(|| self.only_version_of(caller, name))
    }

    /// The model of that name. Ollama's clients mean `name:latest` by `name`, and the other way round.
    fn find_as_written(&self, caller: &Caller, name: &str) -> Option<&Arc<Model>> {
        let usable = |name: &str| self.models.get(name).filter(|model| caller.may_use(model));
        usable(name).or_else(|| match name.strip_suffix(":latest") {
            Some(short) => usable(short),
            None => usable(&format!("{name}:latest")),
        })
    }

    /// The model `gpt-4o` of the provider `openai` by `openai/gpt-4o`. Of another provider it is another model.
    fn find_of_vendor(&self, caller: &Caller, name: &str) -> Option<&Arc<Model>> {
        let (vendor, name) = split_vendor(name)?;
        let found = self.find_as_written(caller, name)?;
        found.provider.as_str().eq_ignore_ascii_case(vendor).then_some(found)
    }

    /// The model `claude-haiku-4-5-20251001` by `claude-haiku-4-5`, if it is the only version that there is. Not the other way
    /// round: who names a version wants no other.
    fn only_version_of(&self, caller: &Caller, name: &str) -> Option<&Arc<Model>> {
        let mut versions = self.versions_of(caller, name);
        versions.next().filter(|_| versions.next().is_none())
    }

    /// The models whose names are that name with a date.
    fn versions_of<'s>(&'s self, caller: &Caller, name: &str) -> impl Iterator<Item = &'s Arc<Model>> {
        // The names are sorted: only those that begin so are looked at.
        let from = (Bound::Included(name), Bound::Unbounded);
        let alike = self.models.range::<str, _>(from).take_while(move |(id, _)| id.as_str().starts_with(name));
        alike
            .filter(move |(id, model)| without_date(id.as_str()) == Some(name) && caller.may_use(model))
            .map(|(_, model)| model)
    }

    fn default_of(
        &self,
        caller: &Caller,
        name: &str,
        capability: Capability,
    ) -> Result<Option<&Arc<Model>>, PublicError> {
        let mut known = self.providers.keys().filter(|id| self.serves(caller, id));
        let provider = known.clone().find(|id| id.as_str().eq_ignore_ascii_case(name)).ok_or_else(|| {
            // Only the providers that the caller may use are named.
            let known: Vec<&str> = known.by_ref().map(ProviderId::as_str).collect();
            PublicError::new(
                Code::InvalidRequest,
                format!("unknown provider `{name}`; configured providers: {}", known.join(", ")),
            )
            .at("provider")
        })?;
        let set = self.default_models.get(provider).and_then(|id| self.models.get(id));
        Ok(set
            .filter(|model| model.capabilities.contains(&capability.listed_as()) && caller.may_use(model))
            // A provider's default may lack the capability. Then the choice must be plain, as without a provider.
            .or_else(|| {
                let offered = self.models_offering(capability).filter(|model| caller.may_use(model));
                let mut offered = offered.filter(|model| model.provider == *provider);
                offered.next().filter(|_| offered.next().is_none())
            }))
    }

    fn default_for(&self, caller: &Caller, capability: Capability) -> Option<&Arc<Model>> {
        let usable = |model: &&Arc<Model>| caller.may_use(model);
        let set = self.default_model.as_ref().and_then(|id| self.models.get(id)).filter(usable);
        set.filter(|model| model.capabilities.contains(&capability.listed_as())).or_else(|| {
            // Without a configured default the choice must be plain: the only model that can do it.
            let mut offered = self.models_offering(capability).filter(usable);
            offered.next().filter(|_| offered.next().is_none())
        })
    }

    /// Whether a provider has a model that the caller may use; one that may use all sees all providers.
    pub fn serves(&self, caller: &Caller, provider: &ProviderId) -> bool {
        let mut models = self.models.values();
        caller.may_use_all() || models.any(|model| model.provider == *provider && caller.may_use(model))
    }

    /// The active models that list that capability, or the one that stands for it.
    pub fn models_offering(&self, capability: Capability) -> impl Iterator<Item = &Arc<Model>> {
        let listed = capability.listed_as();
        self.models
            .values()
            .filter(move |model| model.status == ModelStatus::Active && model.capabilities.contains(&listed))
    }

    /// A model that somebody may mean by a name, but not surely: of another vendor, of another version.
    fn meant_by(&self, caller: &Caller, name: &str) -> Option<&str> {
        let bare = split_vendor(name).map_or(name, |(_, bare)| bare);
        let undated = without_date(bare).unwrap_or(bare);
        let found = [bare, undated].into_iter().find_map(|name| self.find_as_written(caller, name));
        // The last by its date is the newest.
        found.or_else(|| self.versions_of(caller, undated).last()).map(|model| model.id.as_str())
    }

    fn usable_names<'s>(&'s self, caller: &Caller) -> impl Iterator<Item = &'s str> {
        self.models.values().filter(move |model| caller.may_use(model)).map(|model| model.id.as_str())
    }

    fn not_found(&self, caller: &Caller, name: &str) -> PublicError {
        let near = self.meant_by(caller, name).or_else(|| nearest_name(name, self.usable_names(caller)));
        let hint = near
            .map_or_else(|| "GET /api/models lists the models".to_owned(), |near| format!("did you mean `{near}`?"));
        PublicError::new(Code::ModelNotFound, format!("unknown model `{name}`; {hint}")).at("model")
    }
}
