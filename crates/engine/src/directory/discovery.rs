//! Taking over what providers list.

use super::{Directory, told};
use baton_meter::catalogue;
use baton_model::chat::Json;
use baton_model::{
    Actor, Capability, Code, Model, ModelId, ModelSource, ModelStatus, ProviderId, PublicError, Quirks, Timestamp,
};
use baton_provider::{Discovered, Provider};
use std::collections::BTreeSet;
use std::sync::Arc;

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

impl Discovery {
    fn merge(&mut self, other: Self) {
        self.found.extend(other.found);
        self.added.extend(other.added);
        self.changed.extend(other.changed);
        self.gone.extend(other.gone);
        self.failed.extend(other.failed);
    }
}

/// How often a list is compared again because another node has changed the models meanwhile.
const ATTEMPTS: u32 = 3;

/// One model's change.
struct Step {
    before: Option<Model>,
    after: Option<Model>,
}

impl Directory {
    /// Asks one provider, or all, which models they have, and takes them over.
    ///
    /// # Errors
    /// `not_found` if there is no such provider; a provider that fails is in the report instead.
    pub async fn discover(&self, provider: Option<&str>, dry_run: bool, by: &Actor) -> Result<Discovery, PublicError> {
        let vendors = self.vendors.load_full();
        let snapshot = self.engine.registry().snapshot();
        let asked: Vec<(ProviderId, Arc<dyn Provider>)> = snapshot
            .providers
            .iter()
            .filter(|(id, _)| match provider {
                Some(name) => id.as_str().eq_ignore_ascii_case(name),
                None => !vendors.unlisted.contains(*id),
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
                Ok(listed) => self.adopt(id, &listed, dry_run, by, &mut report).await?,
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

    /// Makes a provider's list ours, and reports how it differed.
    async fn adopt(
        &self,
        provider: &ProviderId,
        listed: &[Discovered],
        dry_run: bool,
        by: &Actor,
        report: &mut Discovery,
    ) -> Result<(), PublicError> {
        for attempt in 1.. {
            let (steps, found) = self.compare(provider, listed).await?;
            let taken = if dry_run || steps.is_empty() { Ok(()) } else { self.take_over(steps, by).await };
            match taken {
                // Another node may have done the same between our reading and our writing.
                Err(error) if error.code == Code::Conflict && attempt < ATTEMPTS => {}
                taken => {
                    report.merge(found);
                    return taken;
                }
            }
        }
        Ok(())
    }

    /// What would have to change for the provider's list to be ours.
    async fn compare(
        &self,
        provider: &ProviderId,
        listed: &[Discovered],
    ) -> Result<(Vec<Step>, Discovery), PublicError> {
        let stored = self.store.models().list().await.map_err(told)?;
        let own = |model: &&Model| model.provider == *provider;
        let (mut present, mut steps, mut report) = (BTreeSet::new(), Vec::new(), Discovery::default());
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
            let model = self.discovered(provider, found.clone(), known, &stored);
            report.found.push(model.id.clone());
            // A list that names a model twice must not register it twice.
            if !present.insert(model.id.clone()) {
                continue;
            }
            match known {
                None => {
                    report.added.push(model.id.clone());
                    steps.push(Step { before: None, after: Some(model) });
                }
                Some(known) if differs(known, &model) => {
                    report.changed.push(model.id.clone());
                    steps.push(Step { before: Some(known.clone()), after: Some(model) });
                }
                Some(_) => {}
            }
        }
        for model in stored.iter().filter(own).filter(|model| model.source == ModelSource::Discovered) {
            if !present.contains(&model.id) {
                report.gone.push(model.id.clone());
                steps.push(Step { before: Some(model.clone()), after: None });
            }
        }
        Ok((steps, report))
    }

    /// Makes a provider's list ours, all of it or nothing.
    async fn take_over(&self, steps: Vec<Step>, by: &Actor) -> Result<(), PublicError> {
        let change = self.store.change(by).await.map_err(told)?;
        for Step { before, after } in &steps {
            match (before, after) {
                (None, Some(model)) => change.models().insert(model).await,
                (Some(known), Some(model)) => change.models().update(model, known.updated_at).await,
                (Some(known), None) => change.models().delete(&known.id).await,
                (None, None) => Ok(()),
            }
            .map_err(told)?;
            self.note(&change, "model.discover", before.as_ref(), after.as_ref()).await?;
        }
        change.commit().await.map(drop).map_err(told)
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
        let vendors = self.vendors.load();
        let known = vendors.names.get(provider).and_then(|vendor| catalogue::lookup(vendor, &found.upstream));
        known.map_or_else(|| vec![Capability::Chat], |entry| entry.capabilities)
    }
}

/// Whether the provider says something else of the model than before.
fn differs(known: &Model, listed: &Model) -> bool {
    known.capabilities != listed.capabilities
        || known.token_limit != listed.token_limit
        || known.max_tokens != listed.max_tokens
        || known.display_name != listed.display_name
}
