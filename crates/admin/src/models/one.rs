//! The wildcard below `/api/models/`: to the model, or to a view of it.

use super::address::{self, ModelPath};
use super::{get, health, remove, stats, update};
use crate::Admin;
use crate::wire::access::{Anyone, Operator, Viewer};
use crate::wire::fields::JsonFields;
use crate::wire::response::ApiResult;
use axum::extract::State;
use baton_auth::require;
use baton_model::entity::Role;
use baton_model::{Code, ModelId, PublicError};
use http::{HeaderMap, Uri};

/// `GET`.
pub async fn read(State(admin): State<Admin>, Anyone(caller): Anyone, uri: Uri) -> ApiResult {
    let snapshot = admin.web.engine.registry().snapshot();
    let sees = |id: &ModelId| snapshot.models.get(id).is_some_and(|model| address::may_see(&caller, model));
    match address::read(&uri, sees)? {
        ModelPath::Model(id) => get::get(&admin, &caller, &id),
        // One route serves three calls, so the extractor can only ask for the least role. The views ask for theirs
        // here.
        ModelPath::Health(id) => {
            require(&caller, Role::Viewer)?;
            health::health(&admin, &Viewer(caller), &id)
        }
        ModelPath::Stats(id) => {
            require(&caller, Role::Viewer)?;
            stats::stats(&admin, &Viewer(caller), &id, &uri).await
        }
    }
}

/// `PUT`.
pub async fn write(
    State(admin): State<Admin>,
    Operator(by): Operator,
    uri: Uri,
    headers: HeaderMap,
    fields: JsonFields,
) -> ApiResult {
    update::update(&admin, &by, &model(&admin, &uri)?, &headers, fields).await
}

/// `DELETE`.
pub async fn delete(State(admin): State<Admin>, Operator(by): Operator, uri: Uri) -> ApiResult {
    remove::remove(&admin, &by, &model(&admin, &uri)?, &uri).await
}

fn model(admin: &Admin, uri: &Uri) -> Result<ModelId, PublicError> {
    let snapshot = admin.web.engine.registry().snapshot();
    match address::read(uri, |id| snapshot.models.contains_key(id))? {
        ModelPath::Model(id) => Ok(id),
        // Somebody whose model is called `a/health` meant the model, hence the hint.
        ModelPath::Health(_) | ModelPath::Stats(_) => Err(PublicError::new(
            Code::MethodNotAllowed,
            format!("`{}` supports only GET; write the slash of a model's id as %2F", uri.path()),
        )),
    }
}
