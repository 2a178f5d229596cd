//! `POST /api/keys/{id}/rotate`.

use super::create::{NewKeyView, reply_with_secret};
use super::creator;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Acting;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::phrases::brief;
use crate::wire::response::ApiResult;
use axum::extract::{Path, State};
use baton_auth::AuthError;
use baton_model::{Code, KeyId, PublicError};
use http::StatusCode;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Deserialize;
use std::time::Duration;
use utoipa::ToSchema;

/// How long the previous secret stays valid.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct RotateBody {
    /// How long the previous secret stays valid: `24h`, `30m`; by default `24h`; `0s` ends it at once.
    #[schema(example = "24h")]
    overlap: Option<String>,
}

const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);
const LONGEST: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Gives a key a new secret, shown only once. The previous secret is accepted for a while, so that its users can
/// switch; rotating again ends it at once.
#[utoipa::path(post, path = "/api/keys/{id}/rotate", tag = "keys", params(("id" = String, Path)),
    request_body = RotateBody, responses(
        (status = 200, description = "Rotated; `key` is shown only once", body = NewKeyView),
        (status = 404, description = "The key does not exist", body = ErrorBody),
        (status = 409, description = "The key is revoked", body = ErrorBody),
        (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
    )
)]
pub async fn rotate(
    State(admin): State<Admin>,
    Acting { caller, by }: Acting,
    Path(id): Path<String>,
    mut fields: JsonFields,
) -> ApiResult {
    let mut faults = Faults::default();
    let overlap = overlap(&mut fields, &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    let id = KeyId::from(id);
    creator::for_key(&admin, &caller, &id).await?;
    let rotated = admin.web.keys.rotate(&by, &id, overlap, &mut StdRng::from_os_rng()).await;
    let (key, secret) = rotated.map_err(|error| match error {
        AuthError::Revoked => PublicError::new(Code::Conflict, "the key is revoked; create another key"),
        other => other.into(),
    })?;
    reply_with_secret(StatusCode::OK, &key, &secret)
}

/// How long a secret that was replaced stays in force: the field `overlap`.
pub fn overlap(fields: &mut JsonFields, faults: &mut Faults) -> Duration {
    let expected = "a time such as 24h or 30m";
    // Where a value is wrong, the default is returned only so that the other fields are read too. The fault refuses
    // the call.
    let body = fields.read_body::<RotateBody>(faults).unwrap_or_default();
    let Some(text) = body.overlap else { return OVERLAP };
    match humantime::parse_duration(&text) {
        Ok(overlap) if overlap <= LONGEST => overlap,
        Ok(_) => {
            faults.add("overlap", "must be at most 90 days");
            OVERLAP
        }
        Err(_) => {
            faults.add("overlap", format!("must be {expected}, got `{}`", brief(&text)));
            OVERLAP
        }
    }
}
