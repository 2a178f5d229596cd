//! What a path below `/api/models/` means.

use baton_engine::Snapshot;
use baton_engine::names::nearest_name;
use baton_model::entity::Role;
use baton_model::{Caller, Code, Model, ModelId, ModelStatus, PublicError};
use http::Uri;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::sync::Arc;

/// Where every model's address begins.
pub const PREFIX: &str = "/api/models/";

/// A model, or a view of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelPath {
    /// The model itself.
    Model(ModelId),
    /// How it fares.
    Health(ModelId),
    /// How it has done.
    Stats(ModelId),
}

/// What a path means. Its last segment is a view only where its slash is written raw (`a%2Fhealth` is a model), and where no
/// model has the whole as its id.
///
/// # Errors
/// If the path is not UTF-8 once decoded.
pub fn read(uri: &Uri, is_model: impl Fn(&ModelId) -> bool) -> Result<ModelPath, PublicError> {
    // The raw path is split before it is decoded. `a%2Fhealth` is the model `a/health`, and `a/health` is the health
    // of `a`.
    let rest = uri.path().strip_prefix(PREFIX).unwrap_or_default();
    let id = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8();
        decoded.map(ModelId::from).map_err(|_| {
            PublicError::new(Code::InvalidRequest, "the model's id in the path must be UTF-8").at("model_id")
        })
    };
    let whole = id(rest)?;
    if is_model(&whole) {
        return Ok(ModelPath::Model(whole));
    }
    match rest.rsplit_once('/') {
        Some((model, "health")) => id(model).map(ModelPath::Health),
        Some((model, "stats")) => id(model).map(ModelPath::Stats),
        _ => Ok(ModelPath::Model(whole)),
    }
}

/// Whether the caller sees the model: what it may use; of the inactive ones only those who may see everything know.
pub fn may_see(caller: &Caller, model: &Model) -> bool {
    caller.may_use(model) && (model.status != ModelStatus::Inactive || caller.role != Role::Caller)
}

/// The model as a caller sees it: without fallbacks that it may not use.
pub fn hide_fallbacks<'m>(snapshot: &Snapshot, caller: &Caller, model: &'m Model) -> Cow<'m, Model> {
    // One that is not registered (any more) is hidden from those whose credentials would not let them use it.
    let may_use = |fallback: &ModelId| match snapshot.models.get(fallback) {
        Some(model) => caller.may_use(model),
        None => caller.may_name(fallback),
    };
    if model.fallbacks.iter().all(may_use) {
        return Cow::Borrowed(model);
    }
    let mut shown = model.clone();
    shown.fallbacks.retain(may_use);
    Cow::Owned(shown)
}

/// The model of that id, if the caller sees it.
///
/// # Errors
/// `model_not_found`, with the nearest name that the caller sees.
pub fn find<'s>(snapshot: &'s Snapshot, caller: &Caller, id: &ModelId) -> Result<&'s Arc<Model>, PublicError> {
    snapshot.models.get(id).filter(|model| may_see(caller, model)).ok_or_else(|| {
        // The hint names only models that the caller sees. Otherwise a misspelled name would find out the others.
        let seen = snapshot.models.values().filter(|model| may_see(caller, model)).map(|model| model.id.as_str());
        let hint = match nearest_name(id.as_str(), seen) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "GET /api/models lists the models".to_owned(),
        };
        PublicError::new(Code::ModelNotFound, format!("unknown model `{id}`; {hint}")).at("model_id")
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn ids_hold_slashes_and_views_follow_them() {
        for (path, expected) in [
            ("/api/models/gpt-4o", ModelPath::Model("gpt-4o".into())),
            ("/api/models/hf.co/org/m:q4", ModelPath::Model("hf.co/org/m:q4".into())),
            ("/api/models/hf.co%2Forg%2Fm%3Aq4", ModelPath::Model("hf.co/org/m:q4".into())),
            ("/api/models/hf.co/org/m:q4/health", ModelPath::Health("hf.co/org/m:q4".into())),
            ("/api/models/org%2Fm/stats", ModelPath::Stats("org/m".into())),
            ("/api/models/a%2Fhealth", ModelPath::Model("a/health".into())),
            ("/api/models/health", ModelPath::Model("health".into())),
        ] {
            assert_eq!(read(&path.parse().unwrap(), |_| false).unwrap(), expected, "{path}");
        }
        let there = read(&"/api/models/a/health".parse().unwrap(), |id| id.as_str() == "a/health").unwrap();
        assert_eq!(there, ModelPath::Model("a/health".into()));
        assert!(read(&"/api/models/%ff".parse().unwrap(), |_| false).is_err());
    }
}
