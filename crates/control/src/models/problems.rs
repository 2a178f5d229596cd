//! What is registered but can't be used, or only in part: for the log at the start. None of it keeps a node from starting.

use super::ModelDirectory;
use baton_model::{Model, ModelId, PublicError};

/// Something about a registered model that an operator should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The model.
    pub model: ModelId,
    /// What is wrong, and what follows.
    pub problem: String,
}

impl ModelDirectory {
    /// What is registered but can't be used. A configuration may name models that are discovered later, so this is asked
    /// once they are.
    ///
    /// # Errors
    /// If the database can't be read.
    pub async fn problems(&self) -> Result<Vec<Problem>, PublicError> {
        let stored = self.store.models().list().await?;
        let hidden = stored.iter().filter(|model| self.configured.iter().any(|configured| configured.id == model.id));
        let hidden = hidden.map(|model| {
            problem(
                model,
                "it is registered in the database too; the model of the configuration file is used".to_owned(),
            )
        });
        let snapshot = self.engine.registry().snapshot();
        let in_force = snapshot.models.values().flat_map(|model| {
            let provider = (!snapshot.providers.contains_key(&model.provider)).then(|| {
                problem(model, format!("unknown provider `{}`, so requests for it are refused", model.provider))
            });
            let missing = model.fallbacks.iter().filter(|fallback| !snapshot.models.contains_key(*fallback));
            let fallbacks = missing.map(|fallback| {
                problem(model, format!("its fallback `{fallback}` is not a registered model; it is skipped"))
            });
            provider.into_iter().chain(fallbacks).collect::<Vec<_>>()
        });
        Ok(hidden.chain(in_force).collect())
    }
}

fn problem(model: &Model, problem: String) -> Problem {
    Problem { model: model.id.clone(), problem }
}
