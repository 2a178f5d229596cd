//! Requests inside of requests: the models that the entries of a batch name.

use baton_engine::{ModelSelector, Snapshot};
use baton_model::{Caller, Capability, Code, Model, ProviderId, PublicError};
use std::collections::HashMap;
use std::sync::Arc;

/// The models that a batch names, all of one provider, each one that the caller may use.
pub struct BatchModels<'s> {
    snapshot: &'s Snapshot,
    caller: &'s Caller,
    seen: HashMap<String, Arc<Model>>,
    provider: Option<ProviderId>,
}

impl<'s> BatchModels<'s> {
    /// None yet.
    pub fn new(snapshot: &'s Snapshot, caller: &'s Caller) -> Self {
        Self { snapshot, caller, seen: HashMap::new(), provider: None }
    }

    /// What the provider calls the model of that name; `place` is where it stands, for an error.
    ///
    /// # Errors
    /// If there is none of that name that the caller may use, or it is another provider's than those before.
    pub fn upstream(&mut self, name: &str, place: &str) -> Result<String, PublicError> {
        // A batch names the same model thousands of times.
        if let Some(model) = self.seen.get(name) {
            return Ok(model.upstream.clone());
        }
        // The same check as for a single request: a batch must not be a way around the models of a key.
        let selector = ModelSelector::Model(name.to_owned());
        let found = self.snapshot.find(self.caller, &selector, Capability::Chat).map_err(|error| PublicError {
            param: Some(place.to_owned()),
            message: format!("{place}: {}", error.message),
            ..error
        });
        let model = Arc::clone(found?);
        let first = self.provider.get_or_insert_with(|| model.provider.clone());
        if *first != model.provider {
            let message = format!(
                "{place}: all models of a batch must be at one provider, but `{name}` is at `{}` and the models before at `{first}`",
                model.provider
            );
            return Err(PublicError::new(Code::InvalidRequest, message).at(place));
        }
        self.seen.insert(name.to_owned(), Arc::clone(&model));
        Ok(model.upstream.clone())
    }

    /// The provider of them all; `None` if none was named.
    pub fn provider(&self) -> Option<&ProviderId> {
        self.provider.as_ref()
    }

    /// The only model, if there is only one.
    pub fn single_model(&self) -> Option<&Arc<Model>> {
        self.seen.values().next().filter(|_| self.seen.len() == 1)
    }
}
