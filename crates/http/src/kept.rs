//! What providers keep for their callers, one at a time and in lists: only the owner comes to it.

use crate::Doors;
use crate::anthropic::models::Asked;
use crate::upstream::{self, Whole};
use baton_engine::holdings::{Made, Near};
use baton_model::entity::{Holding, HoldingKind};
use baton_model::{Caller, Code, ModelId, ProviderId, PublicError, Timestamp};
use baton_provider::Provider;
use bytes::Bytes;
use chrono::DateTime;
use futures::{StreamExt, TryStreamExt, stream};
use http::Method;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// How many of a list are asked for at once.
const AT_ONCE: usize = 8;
/// The most of a list: each is asked for.
const MOST: usize = 100;

/// Something kept, and the provider that keeps it.
pub struct Kept {
    /// What it is.
    pub holding: Holding,
    /// Who keeps it.
    pub provider: Arc<dyn Provider>,
}

/// The one of that name, if the caller may see it.
///
/// # Errors
/// `not_found`, or that its provider is gone.
pub async fn find(doors: &Doors, caller: &Caller, kind: HoldingKind, object: &str) -> Result<Kept, PublicError> {
    let holding = doors.holdings.get(caller, kind, object).await?;
    let provider = upstream::provider(&doors.engine.registry().snapshot(), &holding.provider)?;
    Ok(Kept { holding, provider })
}

/// Notes what an answer says was made; does nothing for an error.
///
/// # Errors
/// If it can't be noted: then nobody would come to it again.
pub async fn keep(
    doors: &Doors,
    caller: &Caller,
    kind: HoldingKind,
    provider: &ProviderId,
    model: Option<&ModelId>,
    answer: &Whole,
) -> Result<(), PublicError> {
    #[derive(Deserialize)]
    struct Object {
        id: String,
        #[serde(default)]
        expires_at: Value,
    }
    if !answer.is_good() {
        return Ok(());
    }
    let object: Object = serde_json::from_slice(&answer.body)
        .map_err(|_| PublicError::new(Code::ProviderError, format!("`{provider}` did not say what it has made")))?;
    // A batch is kept longer than its time to run, which is what vendors mean by this field there.
    let expires_at = moment(&object.expires_at).filter(|_| kind == HoldingKind::File);
    let made = Made { kind, object: &object.id, provider, model, expires_at };
    match doors.holdings.keep(caller, made).await {
        // The same was made before, as some services do with the same file: whose it is stays as it is.
        Err(error) if error.code == Code::Conflict => Ok(()),
        kept => kept.map(drop),
    }
}

/// Seconds since 1970 (OpenAI) or RFC 3339 (Anthropic).
fn moment(value: &Value) -> Option<Timestamp> {
    let seconds = match value {
        Value::String(text) => DateTime::parse_from_rfc3339(text).ok()?.timestamp(),
        other => other.as_i64()?,
    };
    seconds.checked_mul(1_000_000).map(Timestamp)
}

/// A page of what the caller may see, each as its provider shows it now, newest first; and whether there is more.
/// What a provider has no more is forgotten.
///
/// # Errors
/// If the place to begin at is not known, or a provider does not answer.
pub async fn list(
    doors: &Doors,
    caller: &Caller,
    kind: HoldingKind,
    asked: &Asked,
    path: impl Fn(&str) -> String + Sync,
    headers: &[(String, String)],
) -> Result<(Vec<Bytes>, bool), PublicError> {
    let limit = asked.limit.min(MOST);
    let from = match asked.after.as_deref().or(asked.before.as_deref()) {
        Some(object) => Some(doors.holdings.get(caller, kind, object).await?.id),
        None => None,
    };
    let near = match (&from, &asked.after) {
        (None, _) => Near::Newest,
        (Some(id), Some(_)) => Near::OlderThan(id),
        (Some(id), None) => Near::NewerThan(id),
    };
    let one_more = u64::try_from(limit + 1).unwrap_or(u64::MAX);
    let mut holdings = doors.holdings.list(caller, kind, near, one_more).await?;
    let more = holdings.len() > limit;
    match near {
        Near::NewerThan(_) => drop(holdings.drain(..holdings.len().saturating_sub(limit))),
        Near::Newest | Near::OlderThan(_) => holdings.truncate(limit),
    }
    let (doors, path) = (&doors, &path);
    let shown = stream::iter(holdings).map(|holding| async move { show(doors, &holding, path, headers).await });
    let shown: Vec<Option<Bytes>> = shown.buffered(AT_ONCE).try_collect().await?;
    Ok((shown.into_iter().flatten().collect(), more))
}

/// One as its provider shows it; `None` if that has it no more.
async fn show(
    doors: &Doors,
    holding: &Holding,
    path: &(impl Fn(&str) -> String + Sync),
    headers: &[(String, String)],
) -> Result<Option<Bytes>, PublicError> {
    // What a provider keeps that is gone is still there, only not to be had: the others are.
    let Ok(provider) = upstream::provider(&doors.engine.registry().snapshot(), &holding.provider) else {
        return Ok(None);
    };
    let path = path(&upstream::encoded(&holding.object));
    let answer = upstream::ask(provider.as_ref(), upstream::asking(Method::GET, &path, headers)).await?;
    match answer.status {
        200 => Ok(Some(answer.body)),
        404 => {
            doors.holdings.forget(holding).await?;
            Ok(None)
        }
        status => Err(PublicError::new(
            Code::ProviderError,
            format!("`{}` answered {status} for the {} `{}`", holding.provider, holding.kind.name(), holding.object),
        )),
    }
}
